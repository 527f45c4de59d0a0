"""The day by which something is wanted: “31 March”, “by end of year”, “in 3 months”, as the last minute of that day."""

import re
from datetime import date, datetime, time, timedelta

from dateutil.relativedelta import relativedelta

from content.errors import Invalid, Problem
from content.phrases import MONTHS
from content.times import resolve_local, zone
from content.when import Slot, understand

_BY = re.compile(r"^(?:by|until|till)\s+", re.IGNORECASE)
_END = re.compile(
    r"(?:the\s+)?end\s+of\s+(?:(?:the|this)\s+)?"
    r"(?:(?P<span>week|month|quarter|year)|(?P<month>[a-z]{3,9})(?:\s+(?P<year>20\d\d))?)",
    re.IGNORECASE,
)


def deadline(words: str, now: datetime, zone_name: str) -> datetime:
    """The last minute of the day that words mean, said at `now` in that zone.

    Raises:
        Invalid: no day, one in the past, or a weekly slot.
    """
    bare = _BY.sub("", words.strip())
    day = _end(bare, now.astimezone(zone(zone_name)).date()) or _day(bare, now, zone_name)
    at = resolve_local(datetime.combine(day, time(23, 59)), zone_name).at
    if at <= now:
        raise _refusal(words, f"ended on {day:%-d %B %Y}.", "Name a day still to come.")
    return at


def _day(words: str, now: datetime, zone_name: str) -> date:
    moment = understand(words, now, zone_name)
    if isinstance(moment, Slot):
        raise _refusal(words, "is a weekly time, and a deadline is one day.", "Name the day, such as “31 March”.")
    return moment.at.astimezone(zone(zone_name)).date()


def _end(words: str, today: date) -> date | None:
    """The last day of the week, month, quarter, year or named month; None: the words say no such thing."""
    found = _END.fullmatch(words)
    if found is None:
        return None
    if found["month"]:
        return _end_of_named(found["month"].lower(), found["year"], today)
    if found["span"].lower() == "week":
        return today + timedelta(days=6 - today.weekday())
    last = {"month": today.month, "quarter": (today.month + 2) // 3 * 3, "year": 12}[found["span"].lower()]
    return _last_of(today.year, last)


def _end_of_named(name: str, year: str | None, today: date) -> date | None:
    """Without a year, the next such month to end."""
    if name[:3] not in MONTHS:
        return None
    month = MONTHS.index(name[:3]) + 1
    return _last_of(int(year) if year else today.year + (month < today.month), month)


def _last_of(year: int, month: int) -> date:
    return date(year, month, 1) + relativedelta(months=1, days=-1)


def _refusal(words: str, what: str, fix: str) -> Invalid:
    return Invalid("I could not use that deadline.", [Problem(f"“{words.strip()[:60]}”", what, fix)])
