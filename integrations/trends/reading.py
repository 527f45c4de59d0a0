"""Texts and addresses from strangers, made fit to stand in a headline: plain, short, and about what was asked."""

import html
import re
from datetime import UTC, datetime
from typing import Any

import httpx

LONGEST = 300
"""Most characters of a headline's title or summary."""
LONGEST_ADDRESS = 2000

_UNSEEN = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_JOINERS = "\u200c\u200d"  # not printable, but several scripts and many emoji need them


def plain(text: object) -> str:
    """What a reader would see of a text or a piece of HTML: no tags, no control or direction characters, 300 at most."""
    if not isinstance(text, str):
        return ""
    shown = html.unescape(_without_tags(text[: LONGEST * 100]))
    seen = "".join(c for c in _without_tags(shown) if c.isprintable() or c.isspace() or c in _JOINERS)
    clean = " ".join(seen.split())
    return clean if len(clean) <= LONGEST else clean[: LONGEST - 1].rstrip() + "…"


def _without_tags(text: str) -> str:
    return _TAG.sub(" ", _UNSEEN.sub(" ", text))


def web_address(given: object, otherwise: str) -> str:
    """An address a person may follow; relative ones start from `otherwise`, which also stands in for unusable ones."""
    if not isinstance(given, str) or not given.strip() or len(given) > LONGEST_ADDRESS:
        return otherwise
    try:
        found = httpx.URL(otherwise).join(given.strip())
    except (httpx.InvalidURL, UnicodeError):
        return otherwise
    usable = found.scheme in {"http", "https"} and found.host and not found.userinfo
    return str(found) if usable else otherwise


def is_about(topic: str, *texts: str) -> bool:
    """Whether each word of the topic begins a word of the texts; an empty topic is about everything."""
    said = " ".join(texts).casefold()
    return all(re.search(rf"(?<!\w){re.escape(word)}", said) for word in topic.casefold().split())


def instant_of(seconds: object) -> datetime | None:
    """The moment that many seconds after 1970, or None where that is no moment."""
    if not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def amount(number: object) -> float:
    """A count as a source gives it; 0 where it gives none."""
    return float(number) if isinstance(number, int | float) else 0.0


def members(value: object, name: str) -> list[dict[str, Any]]:
    """The objects in the list that `value` keeps under `name`, leaving out all else, such as nulls."""
    found = value.get(name) if isinstance(value, dict) else None
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []
