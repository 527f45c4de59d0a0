"""How much of a question's words a text has: rare words count more, endings and little words do not count."""

import math
import re
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_LITTLE = frozenset(
    _WORD.findall(
        "a about all an and any are as at be been but by can could did do does for from had has have he her "
        "his how i if in into is it its just me my no not of on or our she should so than that the their them "
        "then there these they this to up us was we were what when where which who why will with would you "
        "your"
    )
)
_ENDINGS = ("'s", "’s", "ings", "ing", "ies", "ed", "es", "s", "e", "y")


def terms(text: str) -> frozenset[str]:
    """The words that carry meaning, without case and without an English ending; all words where none does."""
    said = [word.casefold() for word in _WORD.findall(text)]
    return frozenset(map(_stem, [word for word in said if word not in _LITTLE] or said))


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def overlap(query: str, texts: Sequence[str]) -> list[float]:
    """The share of the query's terms that each text has, from 0 to 1, each term weighted by how rare it is here."""
    wanted = terms(query)
    have = [_shared(wanted, text) for text in texts]
    weights = {term: math.log(1 + len(texts) / (1 + sum(term in one for one in have))) for term in wanted}
    whole = sum(weights.values())
    return [sum(weights[term] for term in one) / whole if whole else 0.0 for one in have]


def _shared(wanted: frozenset[str], text: str) -> frozenset[str]:
    """The terms that a text has; one in which none stands as letters need not be taken apart."""
    folded = text.casefold()
    return wanted & terms(text) if any(term in folded for term in wanted) else frozenset()
