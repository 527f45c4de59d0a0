"""Words to a rule that repeats: “every other Friday 17:00”, “first Monday of the month 10:00, until 1 March”, or an RRULE.

How often is read here; the days, the time and the zone are read by `content/when.py`, which refuses what is not certain.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from dateutil.relativedelta import relativedelta

from content.clock_words import COUNTING
from content.day_words import AND, DAY, DAYS, FULL
from content.deadlines import deadline
from content.errors import Invalid, Problem
from content.recurrence import WALL, Recurrence, ending, recurrence
from content.rule_words import DAYS as CODES
from content.times import resolve_local, zone
from content.when import Slot, understand

LONGEST = 500
"""Characters that are read."""

_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_ORDINAL = "first|second|third|fourth|fifth|last|1st|2nd|3rd|4th|5th"
_PLACES = rf"(?P<places>(?:{_ORDINAL})(?:\s*(?:,|and|&)\s*(?:{_ORDINAL}))*)"
_NTH = r"(?:\d{1,2}(?:st|nd|rd|th)?|last(?:\s+day)?)"
_NTHS = rf"(?P<nths>{_NTH}(?:\s*(?:,|and|&)\s*(?:the\s+)?{_NTH})*)"
_STEP = rf"(?P<step>\d{{1,3}}|other|{'|'.join(_ORDINALS[1:])}|2nd|3rd|4th|5th|{'|'.join(COUNTING[1:])})"
_MONTHS = rf"(?:monthly|(?:every|each|once\s+a)\s+(?:{_STEP}\s+)?months?)"
_LATER_STEP = _MONTHS.replace("<step>", "<months>")

_RULE = re.compile(r"(?:\bRRULE:\s*|(?<![\w:]))(FREQ=[\w=;,+:-]+)", re.IGNORECASE)
_UNTIL = re.compile(
    r"[\s,;]*\b(?:until|till|up\s+to)\s+(?P<day>.+?)(?=$|[,;]|\s+(?:at|for|starting|beginning)\b)", re.IGNORECASE
)
_FOR = re.compile(
    rf"[\s,;]*\bfor\s+(?:the\s+next\s+)?(?P<many>\d{{1,3}}|an?|{'|'.join(COUNTING)})\s+(?P<unit>day|week|month|year)s?\b",
    re.IGNORECASE,
)
_TIMES = re.compile(
    rf"[\s,;]*(?:\bfor\s+)?\b(?P<many>\d{{1,4}}|{'|'.join(COUNTING)})\s+times\b(?!\s+(?:a|per|each)\b)", re.IGNORECASE
)
_FROM = re.compile(
    r"[\s,;]*\b(?:starting|beginning)\s+(?:on\s+|from\s+)?(?P<day>.+?)(?=$|[,;]|\s+(?:at|for|until|till)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Cadence:
    """How often, and the weekly words that stand in its place."""

    parts: Mapping[str, str]
    instead: str
    places: tuple[int, ...] = ()
    """Which of the month's weekdays."""


_Make = Callable[[re.Match[str]], _Cadence]


def _rule(pattern: str, make: _Make) -> tuple[re.Pattern[str], _Make]:
    return re.compile(pattern, re.IGNORECASE), make


def _placed(match: re.Match[str]) -> _Cadence:
    """“First and third Monday of the month”."""
    places = tuple(_place(one) for one in re.split(r"\s*(?:,|and|&)\s*", match["places"]))
    return _Cadence({"FREQ": "MONTHLY", **_interval(match)}, f"every {match['on']}", places)


def _place(said: str) -> int:
    word = said.strip().lower()
    if word == "last":
        return -1
    return int(word[0]) if word[0].isdigit() else _ORDINALS.index(word) + 1


def _on_days(match: re.Match[str]) -> _Cadence:
    """“Monthly on the 1st and the 15th”, “the last day of every month”."""
    days = [re.match(r"\d+|last", one.lower()) for one in re.split(r"\s*(?:,|and|&)\s*(?:the\s+)?", match["nths"])]
    numbers = ",".join("-1" if day[0] == "last" else day[0] for day in days if day)
    return _Cadence({"FREQ": "MONTHLY", **_interval(match), "BYMONTHDAY": numbers}, "every day")


def _weeks(match: re.Match[str]) -> _Cadence:
    on = match.groupdict().get("on")
    return _Cadence({"FREQ": "WEEKLY", **_interval(match)}, f"every {on}" if on else "every week")


def _fortnight(match: re.Match[str]) -> _Cadence:
    return _Cadence({"FREQ": "WEEKLY", "INTERVAL": "2"}, f"every {match['on']}" if match["on"] else "every week")


def _days(match: re.Match[str]) -> _Cadence:
    return _Cadence({"FREQ": "DAILY", **_interval(match)}, "every day")


def _interval(match: re.Match[str]) -> dict[str, str]:
    found = match.groupdict()
    step = found.get("step") or found.get("months")
    return {"INTERVAL": str(_number(step))} if step else {}


def _number(said: str) -> int:
    word = said.lower()
    if word in ("other", "a", "an"):
        return 2 if word == "other" else 1
    if word[0].isdigit():
        return int(re.sub(r"\D", "", word))
    return COUNTING.index(word) + 1 if word in COUNTING else _ORDINALS.index(word) + 1


_ON = rf"(?P<on>{FULL}|{DAY})"
_OF = r"(?:of|in)\s+(?:the|every|each|a)\s+month\b"
_CADENCES = (
    _rule(rf"\b(?:on\s+)?(?:the\s+|every\s+|each\s+)?{_PLACES}\s+{_ON}\s+{_OF}", _placed),
    _rule(rf"\b{_MONTHS},?\s+on\s+the\s+{_PLACES}\s+{_ON}", _placed),
    _rule(rf"\b(?:on\s+)?the\s+{_PLACES}\s+{_ON}\s+(?:of\s+)?{_MONTHS}\b", _placed),
    _rule(rf"\b(?:on\s+)?(?:the\s+|every\s+)?{_NTHS}\s+(?:day\s+)?{_OF}", _on_days),
    _rule(rf"\b{_MONTHS},?\s+on\s+the\s+{_NTHS}", _on_days),
    _rule(rf"\b(?:on\s+)?the\s+{_NTHS}\s+(?:of\s+)?{_LATER_STEP}\b", _on_days),
    _rule(rf"\b(?:every|each)\s+{_STEP}\s+weeks?\b(?:,?\s+(?:on\s+)?(?P<on>{DAYS}))?", _weeks),
    _rule(
        rf"\b(?:bi-?weekly|fortnightly|(?:every|each|once\s+a)\s+fortnight)\b(?:,?\s+(?:on\s+)?(?P<on>{DAYS}))?",
        _fortnight,
    ),
    _rule(rf"\b(?:every|each)\s+{_STEP}\s+(?P<on>{DAYS}(?:{AND}{DAYS})*)", _weeks),
    _rule(rf"\b(?:every|each)\s+{_STEP}\s+days?\b", _days),
)


def repeating(words: str, now: datetime, zone_name: str) -> Recurrence:
    """The rule that words mean, said at `now` by somebody in that zone. Echo it before anything is armed with it.

    Raises:
        Invalid: it is one moment, is not certain, or repeats more often than once an hour; it says what to write instead.
    """
    said = " ".join(words.split())
    if len(said) > LONGEST:
        raise _refused(said, f"it is longer than the {LONGEST} characters that I read.")
    if found := _RULE.search(said):
        return _of_rule(found, said, now, zone_name)
    after, rest = _start(said, now, zone_name)
    ends = {name: found for name, pattern in _ENDS.items() if (found := pattern.search(rest))}
    for found in ends.values():
        rest = rest.replace(found[0], " ", 1)
    if len(ends) > 1:
        raise _refused(said, "it has two ends.", "Name one, such as “until 1 March”.")
    rule = _endless(rest, after, now, zone_name)
    return next((_bounded(name, found, rule, now, zone_name) for name, found in ends.items()), rule)


def repeats(words: str) -> bool:
    """Whether words are about something that happens again and again, well said or not."""
    return _AGAIN.search(words) is not None or any(pattern.search(words) for pattern, _ in _CADENCES)


_AGAIN = re.compile(
    rf"\b(?:every|each|daily|weekly|weekdays|weekends|monthly|yearly|fortnightly|bi-?weekly|{FULL}s)\b|\bFREQ=",
    re.IGNORECASE,
)
_ENDS = {"until": _UNTIL, "for": _FOR, "times": _TIMES}


def _start(said: str, now: datetime, zone_name: str) -> tuple[datetime, str]:
    """From when on it repeats, and the words without that."""
    found = _FROM.search(said)
    if found is None:
        return now, said
    day = deadline(found["day"], now, zone_name).astimezone(zone(zone_name)).date()
    begins = resolve_local(datetime.combine(day, time()), zone_name).at - timedelta(seconds=1)
    return max(now, begins), said.replace(found[0], " ", 1)


def _endless(words: str, after: datetime, now: datetime, zone_name: str) -> Recurrence:
    hits = ((found, make) for pattern, make in _CADENCES if (found := pattern.search(words)))
    cadence = next(((make(found), found[0]) for found, make in hits), None)
    if cadence is None:
        slot = _slot(words, words, now, zone_name)
        return recurrence(_weekly(slot), after, _wall(slot, after), slot.zone, slot.note)
    how, said = cadence
    slot = _slot(words.replace(said, f" {how.instead} ", 1), words, now, zone_name)
    parts = dict(how.parts)
    if how.places:
        parts["BYDAY"] = ",".join(f"{place}{CODES[day]}" for place in how.places for day in slot.weekdays)
    elif parts["FREQ"] == "WEEKLY":
        parts |= {"BYDAY": _codes(slot)}
    return recurrence(parts, after, _wall(slot, after), slot.zone, slot.note)


def _slot(words: str, said: str, now: datetime, zone_name: str) -> Slot:
    slot = understand(words, now, zone_name)
    if not isinstance(slot, Slot):
        raise _refused(said, "it is one moment, and this repeats.")
    return slot


def _weekly(slot: Slot) -> dict[str, str]:
    if len(slot.weekdays) == 7:
        return {"FREQ": "DAILY"}
    return {"FREQ": "WEEKLY", "BYDAY": _codes(slot)}


def _codes(slot: Slot) -> str:
    return ",".join(CODES[day] for day in slot.weekdays)


def _wall(slot: Slot, after: datetime) -> datetime:
    """The slot's local time the day before, so that what is due today is not passed over."""
    day = after.astimezone(zone(slot.zone)).date() - timedelta(days=1)
    return datetime.combine(day, time(slot.hour, slot.minute))


def _bounded(name: str, found: re.Match[str], rule: Recurrence, now: datetime, zone_name: str) -> Recurrence:
    if name == "times":
        return ending(rule, COUNT=str(_number(found["many"])))
    if name == "for":
        until = rule.start + relativedelta(**{f"{found['unit'].lower()}s": _number(found["many"])})  # type: ignore[arg-type]
        return ending(rule, UNTIL=(until - timedelta(seconds=1)).strftime(WALL))
    until = deadline(found["day"], now, zone_name).astimezone(zone(rule.zone))
    return ending(rule, UNTIL=until.strftime(WALL))


def _of_rule(found: re.Match[str], said: str, now: datetime, zone_name: str) -> Recurrence:
    """A rule as iCalendar writes it; the words around it may say the time and the zone."""
    parts = dict(part.split("=", 1) for part in found[1].upper().strip(";").split(";") if "=" in part)
    rest = said.replace(found[0], " ", 1)
    slot = _slot(f"every day {rest}", said, now, zone_name)
    if "UNTIL" in parts:
        parts["UNTIL"] = _local(parts["UNTIL"], slot.zone)
    timed = "BYHOUR" in parts and slot.note.startswith("no time was given")
    return recurrence(parts, now, _wall(slot, now), slot.zone, "" if timed else slot.note)


def _local(until: str, zone_name: str) -> str:
    """An UNTIL as a local time: given in UTC, as one, or as a date, which ends with its day."""
    try:
        if len(until) == 8:
            return f"{datetime.strptime(until, '%Y%m%d'):%Y%m%d}T235959"  # noqa: DTZ007 - a date
        at = datetime.strptime(until.removesuffix("Z"), WALL)  # noqa: DTZ007 - made aware below
        return (at.replace(tzinfo=zone("UTC")).astimezone(zone(zone_name)) if until[-1] == "Z" else at).strftime(WALL)
    except ValueError as broken:
        raise _refused(f"UNTIL={until}", "it is no date.", "Write it like UNTIL=20270301.") from broken


def _refused(
    said: str, what: str, fix: str = "Say it like “every Monday 9:00” or “every other Friday 17:00”."
) -> Invalid:
    return Invalid("I could not read a repetition from that.", [Problem(f"“{said[:60]}”", what, fix)])
