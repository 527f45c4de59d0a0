"""Words with their looks, as Telegram takes them: plain text and a list of entities. Nothing in a text can become markup.

A stretch that Telegram itself would read as a mention (`@somebody`) is set as code, so that a draft or the model pings nobody.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.telegram.limits import ENTITIES, fitting, size
from bot.words import Block, Run, parsed

Entity = dict[str, Any]
"""An entity in the Bot API's own words."""

_MENTION = re.compile(r"@[A-Za-z][A-Za-z0-9_]{2,31}")
_BORDERS = ("\n\n", "\n", " ")
_NO_OTHERS = frozenset({"code", "pre", "text_link", "date_time"})
"""Looks that cannot hold a code within them."""


@dataclass(frozen=True)
class Mark:
    """How a stretch looks; offsets count characters, end exclusive."""

    start: int
    end: int
    kind: str
    url: str = ""
    at: datetime | None = None
    shape: str = ""
    """How a moment is written: `wDt`, see https://core.telegram.org/bots/api#date-time-entity-formatting."""


@dataclass(frozen=True)
class Text:
    """Words and how they look."""

    words: str
    marks: tuple[Mark, ...] = ()

    def entities(self) -> list[Entity]:
        """The marks in the Bot API's form, in UTF-16 units; the outer before the inner."""
        ordered = sorted(self.marks, key=lambda mark: (mark.start, -mark.end))
        return [entity for mark in ordered if (entity := _entity(self.words, mark))["length"] > 0]


def _entity(words: str, mark: Mark) -> Entity:
    entity: Entity = {"type": mark.kind, "offset": size(words[: mark.start])}
    entity["length"] = size(words[mark.start : mark.end])
    if mark.url:
        entity["url"] = mark.url
    if mark.at is not None:
        entity |= {"unix_time": int(mark.at.timestamp()), "date_time_format": mark.shape}
    return entity


class Writing:
    """A text that grows."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._marks: list[Mark] = []
        self.length = 0

    def add(self, words: str, kind: str = "", *, url: str = "", at: datetime | None = None, shape: str = "") -> None:
        """Words that look like this; a mention within them is set as code."""
        if kind in _NO_OTHERS:
            self._stretch(words, kind, url, at, shape)
            return
        done = 0
        for found in _MENTION.finditer(words):
            self._stretch(words[done : found.start()], kind)
            self._stretch(found[0], "code")
            done = found.end()
        self._stretch(words[done:], kind)

    def _stretch(self, words: str, kind: str, url: str = "", at: datetime | None = None, shape: str = "") -> None:
        if kind and words.strip():
            self._marks.append(Mark(self.length, self.length + len(words), kind, url, at, shape))
        self._words.append(words)
        self.length += len(words)

    def mark(self, start: int, kind: str) -> None:
        """Everything since `start` looks like this too."""
        if start < self.length:
            self._marks.append(Mark(start, self.length, kind))

    def gap(self, newlines: int = 2) -> None:
        """At least so many line ends here, unless nothing was written yet."""
        there = "".join(self._words[-3:])
        if there.strip() or self.length > len(there):
            missing = newlines - (len(there) - len(there.rstrip("\n")))
            self._stretch("\n" * max(missing, 0), "")

    def text(self) -> Text:
        """What was written."""
        return Text("".join(self._words), tuple(self._marks))


def quiet(words: str) -> str:
    """The words where no look can be given to them, so that they mention nobody all the same."""
    return _MENTION.sub(lambda found: f"@\u2060{found[0][1:]}", words)


def bare(text: Text) -> Text:
    """The same without looks: what led somewhere says where."""
    words = text.words
    for mark in sorted(text.marks, key=lambda one: one.end, reverse=True):
        if mark.url and mark.url != text.words[mark.start : mark.end]:
            words = f"{words[: mark.end]} ({mark.url}){words[mark.end :]}"
    return Text(quiet(words))


def say(writing: Writing, markdown: str) -> None:
    """Write the desk's light Markdown."""
    for block in parsed(markdown):
        writing.gap()
        if block.kind == "code":
            writing.add("\n".join("".join(run.text for run in line) for line in block.lines), "pre")
        else:
            _lines(writing, block)


def _lines(writing: Writing, block: Block) -> None:
    for number, line in enumerate(block.lines):
        writing.gap(1)
        if block.kind != "lines":
            writing.add("• " if block.kind == "bullets" else f"{block.start + number}. ")
        for run in line:
            add_run(writing, run)


def add_run(writing: Writing, run: Run) -> None:
    """One stretch of a line."""
    if run.url:
        start = writing.length
        writing.add(run.text, "text_link", url=run.url)
        if run.style in ("bold", "italic"):
            writing.mark(start, run.style)
    else:
        writing.add(run.text, run.style)


def pages(text: Text, most: int) -> list[Text]:
    """The text in stretches that Telegram takes, cut between paragraphs, else lines, words, characters; never empty ones."""
    found = [trimmed(_within(text, start, end)) for start, end in _cuts(text, most)]
    return [page for page in found if page.words]


def _cuts(text: Text, most: int) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text.words):
        end = _end(text, start, most)
        yield start, end
        start = end


def _end(text: Text, start: int, most: int) -> int:
    furthest = fitting(text.words, most, start)
    furthest = _with_few_marks(text.marks, start, furthest)
    if furthest == len(text.words):
        return furthest
    least = start + (furthest - start) // 3  # a border before this would leave a page mostly empty
    for border in _BORDERS:
        at = text.words.rfind(border, least, furthest)
        if at > start:
            return at + len(border)
    return furthest


def _with_few_marks(marks: Sequence[Mark], start: int, end: int) -> int:
    """An end before the first mark that would be one too many."""
    within = sorted(max(mark.start, start) for mark in marks if mark.start < end and mark.end > start)
    return max(within[ENTITIES], start + 1) if len(within) > ENTITIES else end


def _within(text: Text, start: int, end: int) -> Text:
    marks = [
        replace(mark, start=max(mark.start, start) - start, end=min(mark.end, end) - start)
        for mark in text.marks
        if mark.start < end and mark.end > start
    ]
    return Text(text.words[start:end], tuple(marks))


def trimmed(text: Text) -> Text:
    """Without white space at its ends, and with the marks that still cover something."""
    words = text.words.strip()
    lost = len(text.words) - len(text.words.lstrip())
    moved = (
        replace(mark, start=max(mark.start - lost, 0), end=min(mark.end - lost, len(words))) for mark in text.marks
    )
    kept = [mark for mark in moved if mark.start < mark.end and words[mark.start : mark.end].strip()]
    return Text(words, tuple(kept[:ENTITIES]))
