"""A negation never acts: “don't publish it” must not publish, whatever the router thinks it heard."""

import re

_NOT = (
    r"(?:(?:(?:do|does|did|must|should|will|can)?\s*not|\w+ ?n't|(?:do|does|did|ca|should|wo|must|is|are)nt|cannot|never|nor"
    r"|neither|nobody|stop|refuse|avoid|without|hardly|forbid(?:den)?))"
)
_NO = rf"(?:{_NOT}|no(?!\.?\s*\d)|none|nothing)"
_DETERMINERS = ("the", "this", "that", "my", "our", "your", "a", "any", "in", "of", "on", "for")
_VERB = "".join(rf"(?<!\b{word}\s)" for word in _DETERMINERS)
"""“Post”, “draft” and “schedule” are things after one of these, else orders."""
_ACTS = (
    rf"{_VERB}(?:(?:re|un)?(?:publish|schedul|submit|send|sent|shar|releas|approv|ship|writ|draft|creat|research|edit|chang"
    r"|delet|cancel|hold|mov)\w*|(?:re)?post(?:ing|ed)?(?!\s?#?\d)|go(?:ing|es)? (?:out|live|online)"
    r"|put (?:it|that|this|them) (?:out|live|online|up|on)|make (?:it|that|this) (?:live|public)|push)"
)
_NEGATION = re.compile(rf"\b{_NO}(?!\w)", re.IGNORECASE)
_REFUSAL = re.compile(rf"\b{_NOT}\s+(?:[\w']+\s+){{0,3}}?{_ACTS}\b", re.IGNORECASE)
_ORDER = re.compile(
    r"^(?:please\s+)?(?:(?:remember|note|forget|recall|research|plan|change post \d+|set a goal|post these words)\b"
    r"|(?:don't|do not|never) forget\b|.*?\b(?:draft|write|post|thread|posts)\s+(?:about|on|that|saying)\b)",
    re.IGNORECASE | re.DOTALL,
)


def _read(say: str) -> str:
    return " ".join(say.replace("’", "'").replace("`", "'").split())


def negated(say: str) -> bool:
    """Whether a sentence says no to anything; then nothing leaves the house because of it."""
    return _NEGATION.search(_read(say)) is not None


def refused(say: str) -> bool:
    """Whether a sentence forbids something the desk does, as in “do not schedule it”, rather than asks for it.

    What follows a plain order is material: “draft a post about why we don't publish on Sundays” forbids nothing.
    """
    text = _read(say)
    order = _ORDER.match(text)
    return _REFUSAL.search(order[0] if order else text) is not None
