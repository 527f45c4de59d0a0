"""How people write a day, a distance or a repetition: “next Friday”, “24.11.”, “in 2 hours”, “every Monday”.

A table of patterns. What is no weekly slot (“every other week”) or no certain day (“next week”) is read too: to be refused.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

from content.clock_words import ONE_TO_TWELVE, PART, Make, ahead, number, offset, rule, time, word
from content.phrases import MONTHS, After, Calendar, Every, Now, Number, Token, Vague, Weekday, refusal

FULL = "(?:mon|tues|wednes|thurs|fri|satur|sun)day"
SHORT = r"(?<!the )(?<!a )(?:mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)"
DAY = rf"(?:{FULL}|{SHORT})\b(?!'s)"
TO = r"-|to\b|through\b|thru\b"
AND = rf"\s*(?:,(?:\s*and\b)?|and\b|&|\+|/|{TO})\s*"
DAYS = rf"(?:{FULL}s\b|{DAY})(?:{AND}(?:{FULL}s\b|{DAY}))*"
"""Weekdays one after another: “Mondays and Thursdays”, “Mon-Fri”."""

MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)(?![a-z])\.?"
)
MONTH_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?(?![\w:])(?!\s*[ap]\.?m\b)"
YEAR = r"(?:\s*,?\s*(?P<year>20\d\d)\b(?!:))?"
NTH = r"(?P<day>\d{1,2})(?:st|nd|rd|th)\b"

AMOUNT = rf"(?:(?!0\d)\d{{1,4}}(?:\.\d)?\s*|(?:a couple of|half an?|an?|{ONE_TO_TWELVE})\s+)"
UNIT = r"(?:min(?:ute)?s?|m|hours?|hrs?|h|days?|d|weeks?|wks?|w|months?|years?)\b"
SPAN = rf"(?P<span>{AMOUNT}{UNIT}(?:\s*,?\s*(?:and\s+)?{AMOUNT}{UNIT})*(?:\s+and\s+a\s+half\b)?)"
WEEK_NUMBER = r"(?:week|cw|kw)\s*\d{1,2}"
EXACT = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(days=7)}

OURS = r"(?<!the )(?<!our )(?<!my )(?<!a )(?<!this )(?<!your )"
ALONE = (
    rf"(?=\s*(?:$|[,.;:!?)]|\d|{DAY}"
    r"|(?:at|on|around|please|noon|midnight|in the|except|but|until|till|from|starting)\b))"
)
"""What may stand around “daily” or “weekly” where it is a repetition, and not in “the daily digest”."""

HOLIDAYS = (
    r"christmas|xmas|easter|thanksgiving|halloween|new year|black friday|good friday|cyber monday|boxing day|valentine"
    r"|ramadan|hanukkah|diwali"
)
EVERY_DAY = tuple(range(7))
A_DATE = "Write the date, such as “24 Nov 9:00”."
A_WEEKLY = "To repeat, write “every Monday at 9:00”, “every other Friday at 17:00” or “monthly on the 1st at 9:00”."


def weekday(said: str) -> int:
    """0 for any way to write Monday."""
    return ("mon", "tue", "wed", "thu", "fri", "sat", "sun").index(said[:3].lower())


def weekdays(said: str) -> tuple[int, ...]:
    """The weekdays of a list, with a range such as “Mon-Fri” filled in."""
    found: list[int] = []
    for joint, name in re.findall(rf"({TO})?\s*({FULL}|{DAY})", said, re.IGNORECASE):
        last = weekday(name)
        first = found[-1] + 1 if joint else last
        found += [(first + step) % 7 for step in range((last - first) % 7 + 1)]
    return tuple(sorted(set(found)))


def _every(*days: int) -> Make:
    return lambda match: Every(match[0], days)


def _which(which: str) -> Make:
    return lambda match: Weekday(match[0], weekday(match["on"]), which)


def _vague(what: str, fix: str, *, unless_dated: bool = False) -> Make:
    return lambda match: Vague(match[0], what, fix, unless_dated)


def _century(year: str | None) -> int:
    return int(year or 0) + (2000 if year and len(year) == 2 else 0)


def _calendar(match: re.Match[str]) -> Calendar:
    found = match.groupdict()
    month = found.get("month") or "0"
    numbered = int(month) if month.isdigit() else MONTHS.index(month[:3].lower()) + 1
    return Calendar(match[0], int(found["day"]), numbered, _century(found.get("year")))


def _either(match: re.Match[str]) -> Token:
    """“11/24”: day and month, or month and day. Where both are possible nobody may guess."""
    first, second = int(match["first"]), int(match["second"])
    if first != second and max(first, second) <= 12:
        one, other = (f"{day} {MONTHS[month - 1].title()}" for day, month in ((first, second), (second, first)))
        raise refusal(match[0], f"it can be {one} or {other}: which one?", f"Write “{one} 9:00” or “{other} 9:00”.")
    day, month = (second, first) if second > 12 else (first, second)
    return Calendar(match[0], day, month, _century(match["year"]))


def _after(sign: int) -> Make:
    return lambda match: _added(match[0], match["span"].lower(), sign)


def _added(said: str, span: str, sign: int) -> After:
    """Adds up “2 hours and 15 minutes”: minutes and hours run on any clock, whole days and months on the calendar."""
    exact, days, months = timedelta(), 0, 0
    for many, unit in _steps(span):
        if unit in ("mon", "y"):
            if many % 1:
                raise refusal(said, "it has no certain length.", A_DATE)
            months += int(many) * (12 if unit == "y" else 1)
        elif unit in ("d", "w") and not many % 1:
            days += int(many) * (7 if unit == "w" else 1)
        else:
            exact += many * EXACT[unit]
    if months > 120:
        raise refusal(said, "it is further ahead than I plan.", A_DATE)
    return After(said, sign * exact, sign * days, sign * months)


def _steps(span: str) -> Iterator[tuple[float, str]]:
    """Each amount with its unit; “and a half” is half of the unit before it."""
    unit = ""
    for amount, name in re.findall(rf"({AMOUNT})({UNIT})", span):
        unit = "mon" if name.startswith("mon") else name[0]
        yield _amount(amount.strip()), unit
    if span.endswith("half"):
        yield 0.5, unit


def _amount(said: str) -> float:
    if said in ("a", "an"):
        return 1
    if said == "a couple of":
        return 2
    if said.startswith("half"):
        return 0.5
    return float(said) if said[0].isdigit() else number(said)


REPEATING_RULES = (
    rule(
        r"(?:every|each)\s+(?:other|second|third|fourth|2nd|3rd|4th|\d+|two|three|four|hour|minute|month|year|quarter"
        r"|fortnight|first|last)\b"
        rf"|{OURS}(?:bi-?weekly|fortnightly|monthly|hourly|yearly|annually|quarterly)\b{ALONE}"
        rf"|(?:first|second|third|fourth|1st|2nd|3rd|4th)\s+{DAY}|last\s+{DAY}\s+(?:of|in)\b"
        r"|(?:twice|\w+ times)\s+(?:a|per|each|every)\s+(?:day|week|month)\b|once\s+(?:a|per)\s+(?:month|year)\b",
        _vague("it is no weekly time.", A_WEEKLY),
    ),
    rule(rf"(?:every|each)\s*day\b(?!'s)|once\s+a\s+day\b|{OURS}(?:daily|everyday)\b{ALONE}", _every(*EVERY_DAY)),
    rule(rf"(?:every|each)(?=\s+(?:{PART})\b)", _every(*EVERY_DAY)),
    rule(
        r"(?:every|each)\s+(?:week|work|business\s|working\s)\s?days?\b|(?:on\s+)?(?:week|work)days\b",
        _every(*range(5)),
    ),
    rule(r"(?:every|each)\s+weekend\b|(?:on\s+|at\s+)?weekends\b", _every(5, 6)),
    rule(
        rf"(?:(?:every|each)\s+(?:single\s+)?|{OURS}weekly\s+(?:on\s+)?)(?P<on>{DAYS})",
        lambda match: Every(match[0], weekdays(match["on"])),
    ),
    rule(
        rf"(?:{DAY}{AND})*{FULL}s\b(?:{AND}(?:{FULL}s\b|{DAY}))*",
        lambda match: Every(match[0], weekdays(match[0])),
    ),
    rule(rf"(?:once\s+a|every|each)\s+week\b(?!')|{OURS}weekly\b{ALONE}", _every()),
)

DISTANCE_RULES = (
    rule(rf"in\s+(?:(?:about|around|roughly|exactly)\s+)?{SPAN}(?:'?\s+time\b)?(?:\s+from\s+now\b)?", _after(1)),
    rule(
        r"in\s+(?P<h>\d{1,3})\s?h\s?(?P<m>\d\d)\b",
        lambda match: After(match[0], timedelta(hours=int(match["h"]), minutes=int(match["m"]))),
    ),
    rule(rf"{SPAN}\s+from\s+now\b", _after(1)),
    rule(rf"{SPAN}\s+ago\b", _after(-1)),
    rule(
        rf"{AMOUNT}weeks?\s+(?:on\s+)?{DAY}|{DAY}\s+(?:week|fortnight)\b|(?:week|{DAY})\s+after\s+next\b"
        rf"|{WEEK_NUMBER},?\s+(?:on\s+)?{DAY}|{DAY},?\s+(?:of\s+|in\s+)?{WEEK_NUMBER}",
        _vague("it can be counted in two ways.", A_DATE),
    ),
    rule(
        rf"{SPAN}\s+(?:earlier|later|before|after)\b|(?:this|same)\s+time\s+(?:tomorrow|next|on|{DAY})"
        rf"|(?:tomorrow|{DAY}),?\s+(?:at\s+)?(?:the\s+)?same\s+time\b",
        _vague("it counts from a time that it does not name.", A_DATE),
    ),
    rule(r"(\d{1,2})h\b", lambda match: Number(match[0], int(match[1]))),
    rule(rf"{SPAN}(?!\s+(?:past|to)\b)", word),
    rule(
        r"(?:right|straight|just)\s+(?:now|away)\b|immediately\b|asap\b|at\s+once\b|now\b", lambda match: Now(match[0])
    ),
)

DAY_RULES = (
    rule(rf"(?:{HOLIDAYS})\b", _vague("it is a day I don't look up.", A_DATE, unless_dated=True)),
    rule(r"(?:the\s+)?day\s+after\s+tomorrow\b", ahead(2)),
    rule(r"(?:tomorrow|tmrw|tmr|tmw|2moro|2morrow)\b(?!'s)", ahead(1)),
    rule(r"today\b(?!'s)", ahead(0)),
    rule(r"yesterday\b(?!'s)", ahead(-1)),
    rule(rf"{DAY}\s*-\s*{DAY}", _vague("it is several days.", A_WEEKLY)),
    rule(rf"next\s+(?:week,?\s+(?:on\s+)?)?(?P<on>{DAY})", _which("next")),
    rule(rf"(?P<on>{DAY}),?\s+(?:of\s+)?next\s+week\b", _which("next")),
    rule(rf"last\s+(?P<on>{DAY})", _which("last")),
    rule(rf"(?P<on>{DAY})\s+last\s+week\b", _which("last")),
    rule(rf"(?:this\s+(?:coming\s+|week\s+(?:on\s+)?)?|coming\s+)(?P<on>{DAY})", _which("this")),
    rule(rf"(?P<on>{DAY}),?\s+(?:the\s+)?{NTH}(?!\s+(?:of\s+)?{MONTH})", _which(""), _calendar),
    rule(rf"(?P<on>{DAY})(?!-[a-z])", _which("")),
    rule(
        r"next\s+(?:week|month|year|quarter|weekend)\b(?!'s)",
        _vague("it is more than one day.", "Name the day, such as “Tuesday next week 9:00” or “24 Nov 9:00”."),
    ),
    rule(
        rf"(?:this\s+week|(?:this\s+|the\s+)?weekend)\b(?!'s)|(?:in|this|early|mid|late|during)[ -]{MONTH}(?!\s*\d)",
        _vague("it is more than one day.", A_DATE, unless_dated=True),
    ),
    rule(
        r"(?:before|after)\s+(?:lunch|work|hours)\b",
        _vague("it is no certain time.", "Write the time, such as “13:30”."),
    ),
    rule(r"24/7\b", word),
    rule(
        r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T ](?P<h>\d\d):(?P<m>\d\d)(?::\d\d(?:\.\d+)?)?"
        r"\s?(?:Z\b|[+-]\d\d:?\d\d\b)",
        _calendar,
        time,
        offset,
    ),
    rule(r"(?P<year>(?:19|20)\d\d)[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})(?:T(?=\d)|(?!\d))", _calendar),
    rule(r"(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.(?P<year>\s?20\d\d|\d\d)(?![\d:.])", _calendar),
    rule(r"(?P<day>0?[1-9]|[12]\d|3[01])\.\s?(?P<month>0?[1-9]|1[0-2])\.(?!\d)", _calendar),
    rule(rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?\s*(?:of\s+)?{MONTH}{YEAR}", _calendar),
    rule(rf"{MONTH}\s*(?:the\s+)?{MONTH_DAY}{YEAR}", _calendar),
    rule(r"(?P<first>\d{1,2})-(?P<second>\d{1,2})-(?P<year>20\d\d)\b", _either),
    rule(
        r"(?=[0-3]?\d/[0-3]?\d\b)(?=(?:0?\d|1[0-2])/|\d\d?/(?:0?\d|1[0-2])\b)"
        r"(?P<first>\d{1,2})/(?P<second>\d{1,2})(?:/(?P<year>20\d\d|\d\d))?(?![\d/])",
        _either,
    ),
    rule(rf"(?:on|to|for)\s+the\s+{NTH}(?=\s*(?:$|[,.;:!?)]|at\b|around\b|please\b|\d|noon\b))", _calendar),
    rule(NTH, _vague("it may be a date or not.", A_DATE, unless_dated=True)),
)
