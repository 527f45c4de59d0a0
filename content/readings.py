"""Reads a sentence into its facts about time: every phrase it knows, and what each number is by the words around it.

“Move post 3 to Friday 9” names one hour: the 3 belongs to the post. A number nobody can place is refused, not guessed.
"""

import re
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from itertools import pairwise

from content import places
from content.clock_words import CLOCK_RULES, Rule, rule, word
from content.day_words import A_DATE, DAY_RULES, DISTANCE_RULES, REPEATING_RULES
from content.errors import Invalid
from content.phrases import (
    WEEKDAYS,
    After,
    Ahead,
    Calendar,
    Clock,
    Day,
    Every,
    Midnight,
    Now,
    Number,
    Offset,
    Part,
    Place,
    Token,
    Weekday,
    Word,
    refusal,
)
from content.times import zone

Timely = Clock | Midnight | Part | Ahead | Weekday | Calendar | Every

LEADING = frozenset({"at", "around", "about", "circa", "roughly", "approximately"})
"""A number after one of these is an hour."""
LIMITS = frozenset({"before", "after", "until", "till", "by", "since", "from"})
"""A time after one of these bounds something and is not the moment itself."""
OPENING = frozenset({"to", "for", "it", "make", "please", "ok", "yes", "is", "be"})
"""A number after one of these is an hour if nothing else claims it."""
CLOSING = frozenset(
    {"at", "on", "in", "please", "sharp", "thanks", "ok", "instead", "then", "if", "and", "or", "to", "for"}
)
"""Words that may follow an hour; any other may be what the number counts."""
COUNTED = frozenset({"people", "percent", "new", "more", "other", "different", "of", "k", "million", "thousand"})
NOT_COUNTED = frozenset({"please", "thanks", "yes", "across", "this", "is", "as", "s"})
OWN_TIME = frozenset(
    {"local", "my", "our", "this", "that", "same", "next", "any", "the", "a", "some", "first", "in", "on"}
)
"""Words before “time” that name no foreign zone."""
DAY_NAMES = ("today", "tonight", "tomorrow", *(day.lower() for day in WEEKDAYS))

LONGEST = 1000
"""Characters that are read: more would keep others waiting."""

ECHO = re.compile(r"\((?:in [^()]*|[^()]* ago|now)\)")
"""The distance in an echoed time, “(in 18 h)”: it repeats what stands before it, rounded."""


def _iana(match: re.Match[str]) -> Token:
    said = match[0]
    known = places.canonical().get(said.lower())
    if known is None and said.partition("/")[0].title() in places.REGIONS:
        zone(said)
    return Word(said) if known is None else Place(said, known, sure=True)


def _place(match: re.Match[str]) -> Token:
    said = " ".join(match[0].replace("_", " ").split())
    if said.lower() in places.CAPITALS_ONLY and not said.isupper():
        return Word(said)
    if said.upper() in places.ABBREVIATIONS:
        return Place(said, places.ABBREVIATIONS[said.upper()], said.upper())
    return Place(said, places.names().get(said.lower(), ""))


@cache
def _rules() -> tuple[Rule, ...]:
    """Tried in this order wherever the reader stands: a phrase before the words in it, any word or mark at last."""
    return (
        *REPEATING_RULES,
        *DISTANCE_RULES,
        rule(r"[a-z]+(?:/[a-z0-9_+-]+)+", _iana),
        *DAY_RULES,
        (places.pattern(), (_place,)),
        *CLOCK_RULES,
        rule(r"[#$€£]\s?\d[\w.,]*|\d+(?:[.,]\d+)?\s?[%€$£]", word),
        rule(r"\d[\d.,:/-]*(?!\w)", lambda match: Number(match[0])),
        (re.compile(r"\w[\w'-]*"), (word,)),
        (re.compile(r"\s+|.", re.DOTALL), ()),
    )


def read(words: str) -> list[Token]:
    """The facts in a sentence, in its order.

    Raises:
        Invalid: a number, a zone or a day that cannot be read with certainty.
    """
    if len(words) > LONGEST:
        raise refusal(words, f"it is longer than the {LONGEST} characters in which I look for a time.")
    found: list[Token] = []
    raw = _scan(ECHO.sub(" ", places.plain(words)))
    for index, token in enumerate(raw):
        after = raw[index + 1] if index + 1 < len(raw) else None
        found.append(_settled(token, found, after))
    found = [_placed(found, index) for index in range(len(found))]
    _refuse_limits(found)
    _refuse_unknown_zones(found)
    _refuse_misspelt_days(found)
    return found


def _scan(text: str) -> list[Token]:
    found: list[Token] = []
    at = 0
    while at < len(text):
        match, makes = next((hit, makes) for pattern, makes in _rules() if (hit := pattern.match(text, at)))
        found += [make(match) for make in makes]
        at = match.end()
    return found


def _settled(token: Token, before: list[Token], after: Token | None) -> Token:
    """What a token that depends on its neighbours is: the ones `before` are settled, the one `after` is not."""
    last = before[-1] if before else None
    match token:
        case Number():
            return _number(token, before, after)
        case Part(bare=True) if not (isinstance(last, Timely) or (last is None and not isinstance(after, Word))):
            return Word(token.said)
        case Word() if token.said[0].isdigit() and token.said[-1].isalpha() and _in_time(last) and not _counts(after):
            raise refusal(token.said, "it is no time or date that I can read.")
        case Offset() if not (isinstance(last, Clock) or (token.said[:1].isalpha() and token.said.upper() != "Z")):
            return Word(token.said)
        case _:
            return token


def _in_time(last: Token | None) -> bool:
    """Whether an hour is what comes next."""
    return isinstance(last, Timely) or _is_word(last, LEADING)


def _number(token: Number, before: list[Token], after: Token | None) -> Token:
    """An hour or a date where one is expected and nothing is counted; else an ordinary number.

    Expected is one after “at” (`led`), after a day or a zone (`follows`), or where a phrase begins (`opens`). A number that
    comes `second`, after “9 or”, or as a `stray` before a full time, would be a second hour.
    """
    last = before[-1] if before else None
    follows = isinstance(last, Timely | Place)
    led = _is_word(last, LEADING | LIMITS)
    second = _is_word(last, {"or", "and"}) and len(before) > 1 and isinstance(before[-2], Clock | Midnight)
    dated = token.date is not None and _is_word(last, {"on"})
    opens = dated or last is None or _is_word(last, OPENING)
    if _counts(after) or not (follows or led or second or opens):
        return Word(token.said)
    stray = isinstance(after, Clock) and not token.date
    free = not (isinstance(after, Word | Number) or stray) or _is_word(after, CLOSING)
    if token.date and (dated or isinstance(after, Clock)):
        return Calendar(token.said, *token.date)
    if isinstance(last, Clock | Midnight) or second or (follows and not free) or (opens and stray):
        return _unplaced(token)
    if not free and (token.spelled or not led):
        return Word(token.said)
    return _hour_or_date(token)


def _unplaced(token: Number) -> Word:
    if token.spelled:
        return Word(token.said)
    raise refusal(
        token.said, "it may be an hour, and may be something else.", "Write the time once, such as “tomorrow 9:00”."
    )


def _hour_or_date(token: Number) -> Token:
    if token.hour >= 0 and token.date:
        day, month = token.date
        fix = f"Write “{token.hour}:{token.minute:02}” or “{day}.{month}.”."
        raise refusal(token.said, "it can be a time or a date: which one?", fix)
    if token.date:
        return Calendar(token.said, *token.date)
    if token.hour < 0:
        raise refusal(token.said, "it is no time or date that I can read.")
    return Clock(token.said, token.hour, token.minute, open=token.hour <= 12 and not token.said.startswith("0"))


def _is_word(token: Token | None, words: frozenset[str] | set[str]) -> bool:
    return isinstance(token, Word) and token.said.lower() in words


def _counts(after: Token | None) -> bool:
    """Whether the word after a number is what it counts: “3 posts”, “3 new posts”."""
    if not isinstance(after, Word):
        return False
    thing = after.said.lower()
    return thing in COUNTED or (thing.endswith("s") and thing not in NOT_COUNTED)


def _placed(found: list[Token], index: int) -> Token:
    """A place beside a time is its zone; one elsewhere is kept if it may have been meant so, else it is a word."""
    token = found[index]
    within = index > 0 and _is_word(found[index - 1], {"in"})
    start = index - 1 - within
    beside = start >= 0 and isinstance(found[start], Timely | After)
    if isinstance(token, Word) and within and beside and token.said[0].isupper():
        return Place(token.said, "")
    if not isinstance(token, Place) or token.sure:
        return token
    after = found[index + 1] if index + 1 < len(found) else None
    ends = not isinstance(after, Word) or _is_word(after, CLOSING)
    before = bool(token.abbreviation) and isinstance(after, Timely)
    if not (_is_word(after, {"time"}) or (beside and ends) or before):
        return token if within or token.abbreviation else Word(token.said)
    if not token.name:
        which = places.AMBIGUOUS[token.said.lower()]
        raise refusal(token.said, f"it can mean the time of {which}.", "Name the zone, such as “9:00 Europe/Berlin”.")
    return replace(token, sure=True)


def _refuse_limits(found: list[Token]) -> None:
    for limit, time in pairwise(found):
        if _is_word(limit, LIMITS) and isinstance(time, Timely):
            raise refusal(f"{limit.said} {time.said}", "it bounds a time, and I need the moment itself.")


def _refuse_unknown_zones(found: list[Token]) -> None:
    """“9:00 Narnia time” and “9:00 XYT” name a zone; that I don't know it is no reason to use another."""
    shouted = all(token.said.isupper() for token in found if isinstance(token, Word)) and len(found) > 2
    for index, token in enumerate(found[1:], 1):
        near = found[max(index - 3, 0) : index - 1]
        named = _is_word(token, {"time"}) and any(isinstance(one, Timely) or one.said[-1:].isdigit() for one in near)
        last = found[index - 1]
        if named and isinstance(last, Word) and last.said.lower() not in OWN_TIME:
            raise _unknown_zone(last.said)
        letters = isinstance(token, Word) and not shouted and re.fullmatch("[A-Z]{2,4}T", token.said)
        if letters and isinstance(last, Clock):
            raise _unknown_zone(token.said)


def _unknown_zone(said: str) -> Invalid:
    return refusal(said, "it is no time zone that I know.", "Name a large city, or a zone such as Europe/Berlin.")


def _refuse_misspelt_days(found: list[Token]) -> None:
    """“Tomorow at 9” must not become today."""
    if any(isinstance(token, Day | Every | After | Now) for token in found):
        return
    for token in found:
        close = get_close_matches(token.said.lower(), DAY_NAMES, 1, 0.84) if isinstance(token, Word) else []
        if close and "'" not in token.said:
            raise refusal(token.said, f"it is close to “{close[0]}”, but not it.", A_DATE)
