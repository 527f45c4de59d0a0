"""What the facts of a sentence mean on a calendar: on whose clock, at what time of day, on which date."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from content import places
from content.phrases import (
    WEEKDAYS,
    Ahead,
    Calendar,
    Clock,
    Day,
    Midnight,
    Offset,
    Part,
    Place,
    Token,
    Weekday,
    refusal,
)
from content.times import Resolved, resolve_local, zone

LONG_PAST = timedelta(days=30)
"""A date without a year that is further back than this is next year's."""


@dataclass(frozen=True)
class Where:
    """The clock a time is said on: a zone, or a fixed distance from UTC; `unused` are places that were named otherwise."""

    zone: str
    speaker: str
    abbreviation: str = ""
    offset: Offset | None = None
    unused: tuple[Place, ...] = ()

    def local(self, now: datetime) -> datetime:
        """The present instant on this clock, naive."""
        if self.offset:
            return (now.astimezone(UTC) + self.offset.east).replace(tzinfo=None)
        return now.astimezone(zone(self.zone)).replace(tzinfo=None)

    def resolve(self, wall: datetime) -> Resolved:
        """A naive time on this clock as an instant."""
        if self.offset:
            at = (wall - self.offset.east).replace(tzinfo=UTC)
            here = at.astimezone(zone(self.zone))
            same = here.replace(tzinfo=None) == wall
            return Resolved(at, "" if same else f"{wall:%H:%M} there is {here:%H:%M} in {self.zone}")
        return resolve_local(wall, self.zone)

    def notes(self, at: datetime) -> list[str]:
        """What to say about the choice of this clock, for something that happens at that instant."""
        here = at.astimezone(zone(self.zone))
        theirs = at.astimezone(zone(self.speaker))
        notes = []
        seasonal = places.seasons(self.zone, here.year)
        if self.abbreviation in seasonal and self.abbreviation != here.tzname():
            notes.append(f"{self.zone} is on {here.tzname()} then, not {self.abbreviation}; I used its wall time")
        if self.abbreviation == "GMT" and theirs.utcoffset() and "GMT" in places.seasons(self.speaker, here.year):
            notes.append(f"GMT is UTC; {self.speaker} is on {theirs.tzname()} then")
        return notes + [note for place in self.unused if (note := self._left_out(place, here))]

    def _left_out(self, place: Place, here: datetime) -> str:
        if not place.name:
            return f"“{place.said}” is no place whose time I know, so I used {self.zone}"
        if here.astimezone(zone(place.name)).utcoffset() == here.utcoffset():
            return ""
        return f"I used {self.zone}, not the time in {place.said}; say “9:00 {place.said} time” if you mean that"


def where(tokens: Sequence[Token], speaker: str, now: datetime) -> Where:
    """The clock that the words name, or the speaker's own.

    Raises:
        Invalid: two different ones.
    """
    named = [token for token in tokens if isinstance(token, Place)]
    sure = {_zone(place, speaker, now): place for place in named if place.sure}
    unused = tuple(place for place in named if not place.sure)
    offsets = {token.east: token for token in tokens if isinstance(token, Offset)}
    if len(sure) + len(offsets) > 1:
        raise refusal(_quote([*sure.values(), *offsets.values()]), "they are two different time zones.")
    for name, place in sure.items():
        return Where(name, speaker, place.abbreviation, unused=unused)
    for east, offset in offsets.items():
        return Where(speaker, speaker, offset=offset, unused=unused) if east else Where("UTC", speaker, unused=unused)
    return Where(speaker, speaker, unused=unused)


def _zone(place: Place, speaker: str, now: datetime) -> str:
    return places.abbreviated(place.abbreviation, speaker, now.year) if place.abbreviation else place.name


def _quote(tokens: Iterable[Token]) -> str:
    return "” and “".join(dict.fromkeys(token.said.strip() for token in tokens))


@dataclass(frozen=True)
class Told:
    """A time of day, and what was assumed to get it."""

    hour: int
    minute: int = 0
    note: str = ""
    midnight: bool = False


NINE = Told(9, note="no time was given, so I used 09:00")


def time_of_day(tokens: Sequence[Token]) -> Told | None:
    """The one time of day that the words give; None: they give none.

    Raises:
        Invalid: two different ones, or one that is not in the part of the day named beside it.
    """
    part = _part(tokens)
    clocks = [token for token in tokens if isinstance(token, Clock)]
    midnights = [token for token in tokens if isinstance(token, Midnight)]
    told = {(hour.hour, hour.minute): hour for hour in (_clock(clock, part) for clock in clocks)}
    if len(told) > 1 or (told and midnights):
        raise refusal(_quote([*clocks, *midnights]), "they are two different times.", "Write the one that you mean.")
    if midnights:
        return Told(0, midnight=True)
    if part and not told:
        return Told(part.hour, note=f"I read “{part.said}” as {part.hour:02}:00")
    return next(iter(told.values()), None)


def _part(tokens: Sequence[Token]) -> Part | None:
    parts = [token for token in tokens if isinstance(token, Part)]
    if len({(part.hour, part.first) for part in parts}) > 1:
        raise refusal(_quote(parts), "they are two different parts of the day.")
    return parts[0] if parts else None


def _clock(clock: Clock, part: Part | None) -> Told:
    """A clock time, put in its half of the day by the part named with it, or left on the 24-hour clock."""
    if part is None:
        as_read = f"{clock.hour:02}:{clock.minute:02}"
        evening = f"{clock.hour or 12}:{clock.minute:02}pm".replace(":00", "")
        unsure = clock.open and clock.hour < 8
        read = clock.said.removeprefix("at ").strip()
        note = f"I read {read} as {as_read}; say {evening} for the {'evening' if clock.hour > 4 else 'afternoon'}"
        return Told(clock.hour, clock.minute, note if unsure else "")
    halves = {clock.hour, clock.hour + 12} if clock.open and clock.hour < 12 else {clock.hour}
    fitting = [hour for hour in halves if part.first <= hour <= part.last]
    if not fitting:
        raise refusal(
            _quote([clock, part]), "they do not go together.", "Write the date and the time, such as “24 Nov 9:00”."
        )
    return Told(fitting[0], clock.minute)


@dataclass(frozen=True)
class Named:
    """A date that was named, and what was assumed to get it. `weekly`: if it is over, the same day next week is meant."""

    day: date
    note: str = ""
    weekly: bool = False


def named_day(tokens: Sequence[Token], today: date) -> Named | None:
    """The one date that the words name; None: they name none.

    Raises:
        Invalid: two different days, a date that does not exist, a weekday that is not that of the date.
    """
    days = [token for token in tokens if isinstance(token, Day)]
    dated = [_dated(token, today) for token in days if not isinstance(token, Weekday)]
    weekdays = {(token.day, token.which): token for token in days if isinstance(token, Weekday)}
    if len({named.day for named in dated}) > 1 or (not dated and len(weekdays) > 1):
        raise refusal(_quote(days), "they are two different days.", "Write the one that you mean.")
    if not dated:
        return next((_weekday(token, today) for token in weekdays.values()), None)
    for token in weekdays.values():
        if token.day != dated[0].day.weekday():
            right = f"{dated[0].day:%-d %B %Y} is a {WEEKDAYS[dated[0].day.weekday()]}"
            raise refusal(_quote(days), f"they do not go together: {right}.", "Write the one that you mean.")
    return dated[0]


def _dated(token: Ahead | Calendar, today: date) -> Named:
    if isinstance(token, Ahead):
        return Named(today + timedelta(days=token.days))
    month = token.month or (today.month if token.day >= today.day else today.month % 12 + 1)
    year = token.year or today.year + (not token.month and month < today.month)
    try:
        day = date(year, month, token.day)
        if token.year or day >= today - LONG_PAST:
            return Named(day)
        return Named(day.replace(year=year + 1), f"{day:%-d %B} is past, so I used next year's")
    except ValueError as impossible:
        raise refusal(token.said, "it is no date that exists.", "Write one such as “24 Nov 9:00”.") from impossible


def _weekday(token: Weekday, today: date) -> Named:
    """The date of a weekday: the first from today on, or by its “next”, “this” or “last”."""
    coming = today + timedelta(days=(token.day - today.weekday()) % 7)
    if token.which == "last":
        return Named(today - timedelta(days=(today.weekday() - token.day - 1) % 7 + 1))
    if token.which == "next":
        chosen = today + timedelta(days=7 - today.weekday() + token.day)
        other = f", not {coming:%-d %B}" if today < coming < chosen else ""
        return Named(chosen, f"by “{token.said}” I mean {chosen:%-d %B}{other}")
    return Named(coming, f"I read “{token.said}” as today" if coming == today else "", weekly=not token.which)
