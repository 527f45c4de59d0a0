"""Changes to a text that need no language model: replace, remove, add, shorten. Anything else is left to a person or a model."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.guided.slots import feed_address


@dataclass(frozen=True)
class Edited:
    """New parts, and in a few words what changed."""

    parts: tuple[str, ...]
    change: str


_Q = r"[\"“”„«»']?"
_REPLACE = (
    re.compile(
        rf"\b(?:replace|change|swap|turn)\s+{_Q}(?P<old>.+?){_Q}\s+(?:with|to|for|by|into)\s+{_Q}(?P<new>.+?){_Q}(?:\s+(?:in|on|of) .*)?$",
        re.IGNORECASE,
    ),
    re.compile(rf"\buse\s+{_Q}(?P<new>.+?){_Q}\s+instead of\s+{_Q}(?P<old>.+?){_Q}(?:\s+in .*)?$", re.IGNORECASE),
    re.compile(
        rf"\b(?:it's|it is|it should (?:be|say|read)|should be|make it)\s+{_Q}(?P<new>.+?){_Q},?\s+not\s+{_Q}(?P<old>.+?){_Q}$",
        re.IGNORECASE,
    ),
    re.compile(rf"\bsay\s+{_Q}(?P<new>.+?){_Q}\s+instead of\s+{_Q}(?P<old>.+?){_Q}$", re.IGNORECASE),
)
_REMOVE = r"\b(?:no|remove|drop|delete|without|take out|cut|lose|fewer|less|too many)\b.*\b"
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d\u20e3]+")
_PLACES = {"first": 0, "opening": 0, "second": 1, "third": 2, "last": -1, "final": -1, "closing": -1}
_ADD = re.compile(r"\b(?:add|append|include|end with|put in)\b", re.IGNORECASE)


def edited(parts: Sequence[str], asked: str) -> Edited | None:
    """The parts as asked, or None where it takes more than rules, or nothing would change."""
    for edit in (_replace, _strip_marks, _drop_sentence, _add, _shorten):
        done = edit(tuple(parts), asked[:1_000].strip().rstrip("."))
        if done and done.parts != tuple(parts) and all(part.strip() for part in done.parts):
            return done
    return None


def _replace(parts: tuple[str, ...], asked: str) -> Edited | None:
    for pattern in _REPLACE:
        found = pattern.search(asked)
        if found and any(found["old"] in part for part in parts):
            old, new = found["old"], found["new"]
            return Edited(tuple(part.replace(old, new) for part in parts), f"“{old}” became “{new}”")
    return None


def _strip_marks(parts: tuple[str, ...], asked: str) -> Edited | None:
    marks: tuple[tuple[str, str, Callable[[str], str]], ...] = (
        (r"emojis?\b", "without emoji", lambda text: _EMOJI.sub("", text)),
        (r"hash ?tags?\b", "without hashtags", lambda text: re.sub(r"(?<!\w)#\w+", "", text)),
        (r"links?\b", "without links", lambda text: re.sub(r"https?://\S+", "", text)),
        (r"exclamation", "without exclamation marks", lambda text: re.sub(r"!+", ".", text)),
    )
    for what, change, strip in marks:
        if re.search(_REMOVE + what, asked, re.IGNORECASE):
            return Edited(tuple(_tidy(strip(part)) for part in parts), change)
    return None


def _drop_sentence(parts: tuple[str, ...], asked: str) -> Edited | None:
    found = re.search(rf"{_REMOVE}({'|'.join(_PLACES)}) (?:sentence|line)\b", asked, re.IGNORECASE)
    if not found:
        return None
    place = _PLACES[found[1].lower()]
    part = parts[-1] if place < 0 else parts[0]
    sentences = _SENTENCE.split(part)
    if not -len(sentences) <= place < len(sentences) or len(sentences) < 2:
        return None
    part = _without(part, sentences[place])
    return Edited((*parts[:-1], part) if place < 0 else (part, *parts[1:]), f"without the {found[1].lower()} sentence")


def _without(text: str, sentence: str) -> str:
    start = text.rindex(sentence) if text.rstrip().endswith(sentence) else text.index(sentence)
    return _tidy(text[:start].rstrip(" ") + " " + text[start + len(sentence) :].lstrip(" "))


def _add(parts: tuple[str, ...], asked: str) -> Edited | None:
    if not _ADD.search(asked):
        return None
    quoted = re.search(r"[\"“„«](.{2,}?)[\"”“»]", asked)
    tags = re.findall(r"(?<!\w)#[^\W\d]\w*", asked)
    more = quoted[1] if quoted else feed_address(asked) or " ".join(tags)
    return Edited((*parts[:-1], f"{parts[-1]} {more}"), f"added “{more}”") if more else None


def _shorten(parts: tuple[str, ...], asked: str) -> Edited | None:
    """Keeps whole sentences up to about half the length: it leaves out, it rewords nothing."""
    if not re.search(
        r"\b(?:shorten|shorter|trim|too long|cut (?:it|that|this)?\s*(?:down|in half|by half)|half as long)\b",
        asked,
        re.IGNORECASE,
    ):
        return None
    return Edited(tuple(_half(part) for part in parts), "shortened by leaving out sentences at the end")


def _half(text: str) -> str:
    kept = ""
    for sentence in _SENTENCE.split(text):
        longer = f"{kept} {sentence}".strip()
        if kept and len(longer) > len(text) * 0.6:
            break
        kept = longer
    return kept


def _tidy(text: str) -> str:
    text = re.sub(r"[ \t]{2,}", " ", text)
    return re.sub(r"[ \t]+([.,!?;:]|\n|$)", r"\1", text).strip()
