"""A rule that repeats, in words: “every other Friday at 17:00 Europe/Berlin, until 1 March 2027”."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from content.phrases import WEEKDAYS
from content.sentences import listed

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
PLACES = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last", -2: "last but one"}
_PLAIN = frozenset(
    {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYHOUR", "BYMINUTE", "BYSECOND"}
)


def in_words(start: datetime, parts: Mapping[str, str], zone_name: str) -> str:
    """How often, at what time and in which zone, and until when."""
    hours = [int(hour) for hour in parts.get("BYHOUR", str(start.hour)).split(",")]
    minute = int(parts.get("BYMINUTE", start.minute))
    times = listed([f"{hour:02}:{minute:02}" for hour in hours])
    return f"{_how_often(start, parts)} at {times} {zone_name}{_end(parts, time(min(hours), minute))}"


def _how_often(start: datetime, parts: Mapping[str, str]) -> str:
    frequency, step = parts["FREQ"], int(parts.get("INTERVAL", "1"))
    if not parts.keys() <= _PLAIN or (frequency == "YEARLY" and parts.keys() & {"BYDAY", "BYMONTHDAY"}):
        rule = ";".join(f"{name}={value}" for name, value in parts.items() if name not in ("COUNT", "UNTIL"))
        return f"by the rule {rule}"
    return {"DAILY": _daily, "WEEKLY": _weekly, "MONTHLY": _monthly, "YEARLY": _yearly}[frequency](start, parts, step)


def _each(step: int, unit: str) -> str:
    if step == 1:
        return f"every {unit}"
    return f"every other {unit}" if step == 2 else f"every {step} {unit}s"


def _daily(_start: datetime, parts: Mapping[str, str], step: int) -> str:
    if "BYDAY" in parts and step == 1:
        return f"every {_weekdays(parts['BYDAY'].split(','))}"
    limits = [f"on {_weekdays(parts['BYDAY'].split(','))}"] if "BYDAY" in parts else []
    limits += [_month_days(parts)] if "BYMONTHDAY" in parts else []
    return " ".join([_each(step, "day"), *limits])


def _weekly(start: datetime, parts: Mapping[str, str], step: int) -> str:
    days = parts.get("BYDAY", DAYS[start.weekday()]).split(",")
    if step == 1:
        return f"every {_weekdays(days)}"
    if step == 2 and len(days) == 1:
        return f"every other {_weekdays(days)}"
    return f"every {step} weeks on {_weekdays(days)}"


def _weekdays(days: list[str]) -> str:
    if sorted(days) == sorted(DAYS):
        return "day"
    if sorted(days) == sorted(DAYS[:5]):
        return "weekday"
    return listed([WEEKDAYS[DAYS.index(day[-2:])] for day in sorted(days, key=lambda day: DAYS.index(day[-2:]))])


def _monthly(start: datetime, parts: Mapping[str, str], step: int) -> str:
    months = "every month" if step == 1 else f"every {step} months"
    if "BYDAY" not in parts:
        numbered = parts if "BYMONTHDAY" in parts else {"BYMONTHDAY": str(start.day)}
        return f"{months} {_month_days(numbered)}"
    days = [_placed(day) for day in parts["BYDAY"].split(",")]
    limit = f" that is {_month_days(parts).removeprefix('on ')}" if "BYMONTHDAY" in parts else ""
    return f"{months} on {listed(days)}{limit}"


def _placed(day: str) -> str:
    name = WEEKDAYS[DAYS.index(day[-2:])]
    return f"the {PLACES.get(int(day[:-2]), day[:-2] + '.')} {name}" if len(day) > 2 else f"every {name}"


def _month_days(parts: Mapping[str, str]) -> str:
    days = [int(day) for day in parts["BYMONTHDAY"].split(",")]
    return f"on {listed([ordinal(day) for day in days])}"


def ordinal(day: int) -> str:
    """A day of the month: “the 1st”, “the last day”."""
    if day < 0:
        return "the last day" if day == -1 else f"the last day but {-day - 1}"
    ending = "th" if 11 <= day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"the {day}{ending}"


def _yearly(start: datetime, _parts: Mapping[str, str], step: int) -> str:
    return f"{_each(step, 'year')} on {start:%-d %B}"


def _end(parts: Mapping[str, str], earliest: time) -> str:
    """Until which day, `earliest` of its times at least; on one that ends before that nothing happens any more."""
    if "UNTIL" in parts:
        until = datetime.strptime(parts["UNTIL"], "%Y%m%dT%H%M%S")  # noqa: DTZ007 - a wall time
        last = until if until.time() >= earliest else until - timedelta(days=1)
        return f", until {last:%-d %B %Y}"
    count = parts.get("COUNT", "")
    if not count:
        return ""
    return ", once" if count == "1" else f", {count} times"
