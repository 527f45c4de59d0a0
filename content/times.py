"""Instants, zones and the clock everything asks.

An instant is an aware `datetime` in UTC. A person's intent is a local time with an IANA zone; it becomes one here.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from content.errors import Invalid, Problem


class Clock(Protocol):
    """Tells the present instant; tests hand in one they can move."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place that reads the machine's clock


def instant(moment: datetime) -> datetime:
    """The same moment in UTC; refuses a naive one, which would mean a different moment on every machine."""
    if moment.tzinfo is None:
        msg = f"a moment without a zone is not an instant: {moment!r}"
        raise ValueError(msg)
    return moment.astimezone(UTC)


def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name.

    Raises:
        Invalid: no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as unknown:
        raise Invalid(
            f"I don't know the time zone “{name}”.",
            [Problem("time zone", "it is not an IANA name.", "Use a name such as Europe/Berlin.")],
        ) from unknown


@dataclass(frozen=True)
class Resolved:
    """A local time made an instant; `note` says in words what daylight saving did to it, or is empty."""

    at: datetime
    note: str = ""


def resolve_local(wall: datetime, zone_name: str) -> Resolved:
    """A naive local `wall` time in a zone, as an instant.

    A time that does not exist moves forward by the gap; one that exists twice means the first.
    """
    where = zone(zone_name)
    first = wall.replace(tzinfo=where, fold=0)
    at = first.astimezone(UTC)
    back = at.astimezone(where).replace(tzinfo=None)
    if back != wall:
        said = f"{wall:%H:%M} does not exist on {wall:%-d %B} in {zone_name}, so I used {back:%H:%M}"
        return Resolved(at, said)
    if first.utcoffset() != wall.replace(tzinfo=where, fold=1).utcoffset():
        return Resolved(at, f"{wall:%H:%M} comes twice on {wall:%-d %B} in {zone_name}; I mean the first")
    return Resolved(at)


def distance(at: datetime, now: datetime) -> str:
    """How far away an instant is, in words: “in 18 h”, “in 3 days”, “5 min ago”, “now”."""
    away = abs(at - now)
    words = _span(away)
    if not words:
        return "now"
    return f"in {words}" if at > now else f"{words} ago"


def _span(away: timedelta) -> str:
    minutes = round(away.total_seconds() / 60)
    if minutes == 0:
        return ""
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 12 and rest:
        return f"{hours} h {rest} min"
    if hours < 36:
        return f"{round(minutes / 60)} h"
    return f"{round(minutes / 1440)} days"


def said(at: datetime, zone_name: str, now: datetime) -> str:
    """An instant as people read it: “Tue 24 Nov 09:00 Europe/Berlin (in 18 h)”, with the year if it is another."""
    local = at.astimezone(zone(zone_name))
    year = f" {local:%Y}" if local.year != now.astimezone(zone(zone_name)).year else ""
    return f"{local:%a %-d %b}{year} {local:%H:%M} {zone_name} ({distance(at, now)})"
