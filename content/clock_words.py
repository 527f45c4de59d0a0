"""How people write a time of day: “9:00”, “5 pm”, “half past nine”, “noon”, “this evening”. A table of patterns."""

import re
from collections.abc import Callable
from datetime import timedelta

from content.phrases import Ahead, Clock, Midnight, Number, Offset, Part, Token, Vague, Word, refusal

Make = Callable[[re.Match[str]], Token]
Rule = tuple[re.Pattern[str], tuple[Make, ...]]

COUNTING = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
MINUTES = {"five": 5, "ten": 10, "fifteen": 15, "twenty": 20, "twenty-five": 25, "thirty": 30, "forty-five": 45}
PARTS = {"morning": (9, 0, 11), "afternoon": (15, 12, 18), "evening": (19, 16, 23), "night": (20, 16, 23)}
"""The usual hour of each part of the day, and the first and the last hour that belong to it."""

ONE_TO_TWELVE = "|".join(COUNTING)
MINUTE = "|".join(sorted(MINUTES, key=len, reverse=True)).replace("-", "[- ]")
PART = "|".join(PARTS)
HALF = r"\s*(?P<half>[ap])\.?\s?m\b\.?"
SPAN_SURE = r"\d{1,2}(?:[:.]\d\d\s*(?:[ap]\.?m\b)?|\s*[ap]\.?m\b)"
SPAN_END = rf"(?:{SPAN_SURE}|\d{{1,2}}\b)"
HOUR_WORD = rf"(?P<h>\d{{1,2}}|{ONE_TO_TWELVE})"


def rule(pattern: str, *makes: Make) -> Rule:
    """A pattern, in any case and with ASCII digits, and what is read from it: one token by each of `makes`."""
    return re.compile(pattern, re.IGNORECASE | re.ASCII), makes


def word(match: re.Match[str]) -> Word:
    """An ordinary word."""
    return Word(match[0])


def number(said: str) -> int:
    """A whole number in digits or, to twelve, in words."""
    return int(said) if said.isdigit() else COUNTING.index(said.lower()) + 1


def ahead(days: int) -> Make:
    """Reads a day counted from today."""
    return lambda match: Ahead(match[0], days)


def time(match: re.Match[str]) -> Clock:
    """A time written out in full, from the groups `h`, `m` (digits or words) and `half` (a for am, p for pm)."""
    groups = match.groupdict()
    written = (groups.get("m") or "0").lower().replace(" ", "-")
    minute = int(written) if written.isdigit() else MINUTES[written]
    return _halved(match[0], number(groups["h"]), minute, groups.get("half"), leading_zero=groups["h"][0] == "0")


def _halved(said: str, hour: int, minute: int, half: str | None, *, leading_zero: bool) -> Clock:
    if half is None:
        return Clock(said, hour, minute, open=hour <= 12 and not leading_zero)
    if hour > 12 and half in "pP":
        return Clock(said, hour, minute)
    if not 1 <= hour <= 12:
        raise refusal(said, "it is no time of day: with am or pm the hours run from 1 to 12.")
    return Clock(said, hour % 12 + (12 if half in "pP" else 0), minute)


def _beside(match: re.Match[str]) -> Clock:
    """“Half past nine”, “quarter to 6 pm”, “20 past 8”."""
    away = match["away"].lower().replace(" ", "-")
    minutes = {"half": 30, "quarter": 15, **MINUTES}.get(away) or int(away)
    full = _halved(match[0], number(match["h"]), 0, match["half"], leading_zero=False)
    total = full.hour * 60 + (minutes if match["side"].lower() in ("past", "after") else -minutes)
    return Clock(match[0], total // 60 % 24, total % 60, full.open)


def _part(match: re.Match[str]) -> Part:
    name = match["part"].lower()
    bare = name == match[0].lower()
    return Part(match[0], *PARTS[name], bare=bare)


def _dotted(match: re.Match[str]) -> Number:
    """“9.10”, which may be a time and may be a date."""
    first, second = int(match[1]), int(match[2])
    timely = len(match[2]) == 2 and first < 24 and second < 60
    date = (first, second) if 1 <= first <= 31 and 1 <= second <= 12 else None
    return Number(match[0], first if timely else -1, second if timely else 0, date)


def offset(match: re.Match[str]) -> Offset:
    """The distance from UTC at the end of what was matched; “Z” is none."""
    found = re.search(r"([+-])(\d{1,2}):?(\d\d)?$", match[0])
    if not found:
        return Offset(match[0], timedelta())
    away = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
    if away > timedelta(hours=14):
        raise refusal(match[0], "it is no distance from UTC: they go to 14 hours.")
    return Offset(match[0], -away if found[1] == "-" else away)


CLOCK_RULES = (
    rule(rf"good (?:{PART})\b", word),
    rule(
        rf"half\s+(?:{ONE_TO_TWELVE}|\d{{1,2}})\b(?!\s+(?!am|pm|o'?clock)[a-z])",
        lambda m: Vague(
            m[0], "it is 30 minutes past to some and 30 minutes to for others.", "Write it in digits: “9:30”."
        ),
    ),
    rule(
        rf"(?:{SPAN_END}\s*-\s*{SPAN_SURE}|{SPAN_SURE}\s*-\s*{SPAN_END}|between\s+{SPAN_END}\s+and\s+{SPAN_END})"
        r"(?![\w:-]|\s+(?!today|tomorrow)[a-z]+s\b)",
        lambda m: Vague(m[0], "it is a span of time, and I need one moment."),
    ),
    rule(
        rf"(?:a\s+)?(?P<away>half(?=\s+past)|quarter|{MINUTE}|\d{{1,2}}(?=(?:\s+min\w*)?\s+past))(?:\s+min\w*)?"
        rf"\s+(?P<side>past|after|to|before)\s+{HOUR_WORD}\b(?!:)(?:\s*o'?\s?clock\b)?(?:{HALF})?",
        _beside,
    ),
    rule(rf"(?:at\s+|@\s*)?(?P<h>\d{{1,2}})(?:[:.h](?P<m>\d\d)(?::\d\d)?)?{HALF}", time),
    rule(rf"(?P<h>{ONE_TO_TWELVE})(?:\s+(?P<m>{MINUTE}))?{HALF}", time),
    rule(rf"(?P<h>{ONE_TO_TWELVE})\s+(?P<m>{MINUTE})\b(?!-)", time),
    rule(r"(?P<h>\d{1,2})[:h](?P<m>\d\d)(?::\d\d(?:\.\d+)?)?(?!\d)(?:\s*(?:h|hrs|uhr)\b)?", time),
    rule(r"(?:at\s+|@\s*)(?P<h>\d{1,2})\.(?P<m>\d\d)(?!\d|\.\d)(?:\s*(?:h|hrs|uhr)\b)?", time),
    rule(r"(?P<h>\d{1,2})\.(?P<m>\d\d)\s*(?:h|hrs|uhr)\b", time),
    rule(rf"{HOUR_WORD}\s*(?:o'?\s?clock|uhr)\b", time),
    rule(r"(?:at\s+|@\s*)(?P<h>\d{1,2})\s?h\b", time),
    rule(r"at\s+(?P<h>\d\d)(?P<m>\d\d)(?:\s*(?:h|hrs|hours))?\b(?!\s+[a-z]+s\b|[.,:/-]\d)", time),
    rule(r"(?P<h>0\d)(?P<m>\d\d)\s*(?:h|hrs|hours)\b", time),
    rule(r"(?:12\s+|twelve\s+)?midnight\b", lambda m: Midnight(m[0])),
    rule(r"(?:(?:12|twelve|high)\s+)?(?:noon|midday)\b", lambda m: Clock(m[0], 12, 0)),
    rule(r"first thing(?:\s+in\s+the\s+morning)?\b", lambda m: Part(m[0], 9, 0, 11)),
    rule(r"(?:end of (?:the )?(?:business |work ?)?day|close of business|eod|cob)\b", lambda m: Part(m[0], 17, 12, 23)),
    rule(r"(?:at |over )?lunch ?time\b|(?:at|over) lunch\b", lambda m: Part(m[0], 12, 11, 14)),
    rule(r"tonight\b(?!'s)", ahead(0), lambda m: Part(m[0], *PARTS["night"])),
    rule(r"last night\b", ahead(-1), lambda m: Part(m[0], *PARTS["night"])),
    rule(rf"(?:early|late|mid)[ -](?P<part>{PART})\b", _part),
    rule(rf"this (?P<part>{PART})\b(?!'s)", ahead(0), _part),
    rule(rf"(?:in the|during the|at) (?P<part>{PART})\b", _part),
    rule(rf"(?P<part>{PART})\b(?!'s)", _part),
    rule(r"(?:UTC|GMT)\s?[+-]\d{1,2}(?::?\d\d)?(?!\d)", offset),
    rule(r"[+-]\d\d:?\d\d(?!\d)", offset),
    rule(r"Z\b", lambda m: Offset(m[0], timedelta())),
    rule(r"(\d{1,2})\.(\d{1,2})(?![\d%]|\.\d)", _dotted),
    rule(r"(\d{1,2})(?:ish\b)?(?![\w%$€]|[.,:/-]\d)", lambda m: Number(m[0], int(m[1]))),
    rule(rf"(?:{ONE_TO_TWELVE})\b(?!-)", lambda m: Number(m[0], number(m[0]), spelled=True)),
)
"""In the order they are tried; the first that fits where the reader stands is taken."""
