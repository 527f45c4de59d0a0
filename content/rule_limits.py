"""Which repeating rules are kept: at most once an hour, and only shapes that certainly happen again.

A rule that never happens, such as 31 February, is looked for until the year 9999; nobody may hold up the desk like that.
"""

from collections.abc import Mapping
from datetime import datetime

from dateutil.rrule import rrulestr

from content.errors import Invalid, Problem

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
RANGES = {
    "INTERVAL": (1, 366),
    "COUNT": (1, 1_000),
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (1, 31),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
    "BYSECOND": (0, 0),
    "BYSETPOS": (1, 4),
}
"""What each number may be."""
SIGNED = ("BYMONTHDAY", "BYSETPOS")
"""These count from the end of the month too."""
SINGLE = ("INTERVAL", "COUNT", "BYMINUTE", "BYSECOND")
KEYS = frozenset({"FREQ", "UNTIL", "WKST", "BYDAY", *RANGES})
LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def joined(parts: Mapping[str, str]) -> str:
    """The rule as iCalendar writes it."""
    return ";".join(f"{name}={value}" for name, value in parts.items())


def refused(said: str, what: str, fix: str) -> Invalid:
    """The error for a rule that is not kept."""
    return Invalid("I could not use that repetition.", [Problem(f"“{said[:80]}”", what, fix)])


def check(parts: Mapping[str, str]) -> None:
    """See that it is a rule, runs at most once an hour, and happens again and again.

    Raises:
        Invalid: which part is wrong, and what to write instead.
    """
    said = joined(parts)
    unknown = sorted(parts.keys() - KEYS)
    if unknown:
        raise refused(said, f"it has {unknown[0]}, which I don't keep.", f"Use {', '.join(sorted(KEYS))}.")
    if parts.get("FREQ") not in FREQUENCIES:
        raise refused(said, "its FREQ is none that I keep.", f"Use one of {', '.join(FREQUENCIES)}.")
    if "COUNT" in parts and "UNTIL" in parts:
        raise refused(said, "it has both COUNT and UNTIL.", "Keep one of them.")
    for name in RANGES.keys() & parts.keys():
        _check_numbers(said, name, parts[name])
    try:
        rrulestr(said, dtstart=datetime(2026, 1, 1))  # noqa: DTZ001 - a wall time
    except (ValueError, TypeError, KeyError) as broken:
        raise refused(said, "it is no rule that I can read.", "Write it like “FREQ=WEEKLY;BYDAY=MO”.") from broken
    _check_days(said, parts)


def _check_numbers(said: str, name: str, value: str) -> None:
    least, most = RANGES[name]
    numbers = value.split(",")
    if len(numbers) > 1 and name in SINGLE:
        raise refused(said, f"it has more than one {name}.", "Name one; I repeat at most once an hour.")
    for number in numbers:
        digits = number.lstrip("+-") if name in SIGNED else number
        if not (digits.isascii() and digits.isdigit() and least <= int(digits[:6]) <= most):
            raise refused(said, f"its {name} is not from {least} to {most:,}.", "Choose another.")


def _check_days(said: str, parts: Mapping[str, str]) -> None:
    days = parts.get("BYDAY", "").split(",")
    numbered = [day for day in days if len(day) > 2]
    monthly = parts["FREQ"] == "MONTHLY" and "BYMONTHDAY" not in parts
    if numbered and not (monthly and all(1 <= abs(int(day[:-2])) <= 5 for day in numbered)):
        raise refused(said, "a numbered weekday is one of a month.", "Write it like “FREQ=MONTHLY;BYDAY=1MO”.")
    if "BYSETPOS" in parts and not (monthly and "BYDAY" in parts and not numbered):
        raise refused(said, "BYSETPOS chooses among a month's weekdays.", "Use it with FREQ=MONTHLY and BYDAY.")
    if not _is_date(parts):
        raise refused(said, "there is no such date.", "Choose a day that the month has.")


def _is_date(parts: Mapping[str, str]) -> bool:
    if "BYMONTHDAY" not in parts:
        return True
    months = [int(month) for month in parts.get("BYMONTH", "1").split(",")]
    shortest = min(abs(int(day)) for day in parts["BYMONTHDAY"].split(","))
    return any(LONGEST_MONTHS[month - 1] >= shortest for month in months)
