"""What repeats: an iCalendar rule (RFC 5545, RRULE) on local wall time, made instants by the house's rule for gaps.

The rule runs on the calendar of its zone and knows no UTC, so 09:00 stays 09:00 through every change of the clocks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from dateutil.rrule import rrulestr

from content.rule_limits import check, joined, refused
from content.rule_words import in_words
from content.times import instant, resolve_local, zone
from content.when import Moment

WALL = "%Y%m%dT%H%M%S"


@dataclass(frozen=True)
class Recurrence:
    """A rule, the local time it starts at (itself an occurrence), and its IANA zone; `note` says what was assumed.

    `text` is how it is kept: `DTSTART:20261130T090000`, a line break, `RRULE:FREQ=WEEKLY;BYDAY=MO`. Both are local times,
    `UNTIL` too.
    """

    text: str
    zone: str
    note: str = field(default="", compare=False)

    @cached_property
    def start(self) -> datetime:
        """The first occurrence's wall time, naive."""
        return datetime.strptime(self.text.partition("\n")[0].removeprefix("DTSTART:"), WALL)  # noqa: DTZ007

    @cached_property
    def parts(self) -> Mapping[str, str]:
        """The rule's parts, such as FREQ and BYDAY."""
        return dict(part.split("=") for part in self.text.partition("RRULE:")[2].split(";"))

    def next_after(self, moment: datetime) -> Moment | None:
        """The first occurrence strictly after a moment, or None: it has ended.

        A time that does not exist that day moves forward by the gap; one that comes twice counts once, the first.
        """
        return next(self._from(instant(moment)), None)

    def between(self, start: datetime, end: datetime) -> Iterator[Moment]:
        """The occurrences from `start` to before `end`, in order."""
        for one in self._from(instant(start) - timedelta(microseconds=1)):
            if one.at >= end:
                return
            yield one

    def _from(self, moment: datetime) -> Iterator[Moment]:
        last = moment
        since = moment.astimezone(zone(self.zone)).replace(tzinfo=None) - timedelta(days=1)  # a gap may cross midnight
        for wall in _walls(self.start, self.parts, since):
            found = resolve_local(wall, self.zone)
            if found.at > last:
                last = found.at
                yield Moment(found.at, self.zone, found.note)

    def echo(self) -> str:
        """The rule in words: “every Monday and Thursday at 09:00 Europe/Lisbon”, then the note."""
        return f"{in_words(self.start, self.parts, self.zone)}{': ' if self.note else ''}{self.note}"


def _walls(start: datetime, parts: Mapping[str, str], since: datetime) -> Iterator[datetime]:
    """The rule's local times from `since` on."""
    found: Iterator[datetime] = rrulestr(joined(parts), dtstart=start).xafter(since, inc=True)
    return found


def recurrence(parts: Mapping[str, str], after: datetime, wall: datetime, zone_name: str, note: str = "") -> Recurrence:
    """A rule that begins with its first occurrence after the moment `after`, looked for from the local time `wall` on.

    Where it repeats every so many weeks, they are counted from that first one.

    Raises:
        Invalid: it is none that I keep, or it never happens.
    """
    check(parts)
    zone(zone_name)
    endless = {name: value for name, value in parts.items() if name not in ("COUNT", "INTERVAL")}
    first = Recurrence(_text(wall, endless), zone_name).next_after(after)
    if first is None:
        raise refused(joined(parts), "it never happens after now.", "Look at its UNTIL and its days.")
    here = first.at.astimezone(zone(zone_name)).replace(tzinfo=None)
    start = next(one for one in _walls(wall, endless, here - timedelta(days=1)) if _is(one, first, zone_name))
    return Recurrence(_text(start, parts), zone_name, note)


def ending(rule: Recurrence, **end: str) -> Recurrence:
    """The same rule with an end: `UNTIL`, a local time, or `COUNT`.

    Raises:
        Invalid: the end is before the first occurrence, or too far.
    """
    parts = {**rule.parts, **end}
    check(parts)
    if parts.get("UNTIL", "9") < rule.start.strftime(WALL):
        raise refused(joined(parts), f"it ends before it begins, on {rule.start:%-d %B %Y}.", "Name a later end.")
    return Recurrence(_text(rule.start, parts), rule.zone, rule.note)


def _is(wall: datetime, moment: Moment, zone_name: str) -> bool:
    return resolve_local(wall, zone_name).at == moment.at


def _text(start: datetime, parts: Mapping[str, str]) -> str:
    return f"DTSTART:{start.strftime(WALL)}\nRRULE:{joined(parts)}"
