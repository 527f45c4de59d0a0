"""The desk's light Markdown as data, for every chat to draw in its own form.

Paragraphs, lists, **bold**, *italic*, `code`, ```fences``` and [links](https://…). What is not one of these is plain text, and an
address that is not http(s) never becomes a link.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal
from urllib.parse import unquote

from content.platform import Numbers

_BULLET = re.compile(r"\s*[-*•]\s+")
_NUMBER = re.compile(r"\s*\d{1,3}[.)]\s+")
_FENCE = "```"

_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\[(?P<label>[^\]\n]{1,300})\]\((?P<target>https?://[^\s()<>]{1,2000})\)"
    r"|(?P<address>https?://[^\s<>\"“”]{1,2000})"
    r"|file://(?P<file>/[^\s<>\"“”]{1,2000})"
    r"|\*\*(?P<bold>[^*\n]+)\*\*"
    r"|(?<![\w*])\*(?P<italic>[^*\s][^*\n]*)\*(?![\w*])"
    r"|(?<!\w)_(?P<slanted>[^_\s][^_\n]*)_(?!\w)"
)
_TRAILING = ".,;:!?)]}'’»…"

Style = Literal["", "bold", "italic", "code"]


@dataclass(frozen=True)
class Run:
    """A stretch of one line that looks the same."""

    text: str
    style: Style = ""
    url: str = ""
    """Where it leads, http(s) only; empty: nowhere."""


@dataclass(frozen=True)
class Block:
    """A paragraph, a list, or code."""

    kind: Literal["lines", "bullets", "numbers", "code"]
    lines: tuple[tuple[Run, ...], ...]
    """Without their bullets and numbers."""
    start: int = 1
    """The first number of a numbered list."""


def parsed(text: str) -> list[Block]:
    """The text as blocks."""
    pieces = text.replace("\r\n", "\n").split(_FENCE)
    blocks: list[Block] = []
    for number, piece in enumerate(pieces):
        if number % 2 and number < len(pieces) - 1:
            blocks.append(_code(piece))
        else:
            blocks += _blocks(piece if number % 2 == 0 else _FENCE + piece)
    return blocks


def _code(piece: str) -> Block:
    first, newline, rest = piece.partition("\n")
    inner = (rest if newline and not first.strip(" +#-").count(" ") else piece).strip("\n")
    return Block("code", tuple((Run(line, "code"),) for line in inner.split("\n")))


def _blocks(text: str) -> Iterator[Block]:
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        for kind, run in groupby(lines, _kind):
            yield _block(kind, list(run))


def _kind(line: str) -> Literal["lines", "bullets", "numbers"]:
    if _BULLET.match(line):
        return "bullets"
    return "numbers" if _NUMBER.match(line) else "lines"


def _block(kind: Literal["lines", "bullets", "numbers"], lines: list[str]) -> Block:
    if kind == "lines":
        return Block(kind, tuple(tuple(inline(line.strip())) for line in lines))
    mark = _BULLET if kind == "bullets" else _NUMBER
    start = int(re.findall(r"\d+", lines[0])[0]) if kind == "numbers" else 1
    return Block(kind, tuple(tuple(inline(mark.sub("", line, count=1))) for line in lines), start)


def inline(text: str) -> Iterator[Run]:
    """One line's emphasis, code and links."""
    at = 0
    for found in _INLINE.finditer(text):
        if found.start() > at:
            yield Run(text[at : found.start()])
        yield from _runs(found)
        at = found.end()
    if at < len(text):
        yield Run(text[at:])


def _runs(found: re.Match[str]) -> Iterator[Run]:
    kind, inner = found.lastgroup or "", found[found.lastgroup or 0]
    if kind == "target":
        yield Run(found["label"], "", inner)
    elif kind == "address":
        address = inner.rstrip(_TRAILING)
        yield Run(address, "", address)
        if len(address) < len(inner):
            yield Run(inner[len(address) :])
    elif kind in ("code", "file"):  # no chat may open a file; its path is what helps
        yield Run(unquote(inner) if kind == "file" else inner, "code")
    else:
        style: Style = "bold" if kind == "bold" else "italic"
        yield from (replace(run, style=run.style or style) for run in inline(inner))


MOMENT = re.compile(r"[A-Z][a-z]{2} \d{1,2} [A-Z][a-z]{2}(?: \d{4})? \d{2}:\d{2} \S+")
"""A moment as `content.times.said` writes it; a chat that shows it in the reader's own zone puts that in its place."""


def numbers_words(numbers: Numbers) -> str:
    """What was counted, in words; what was not told is left out."""
    told = [
        (numbers.likes, "like", "likes"),
        (numbers.replies, "reply", "replies"),
        (numbers.reposts, "repost", "reposts"),
        (numbers.views, "view", "views"),
    ]
    return " · ".join(f"{count:,} {one if count == 1 else many}" for count, one, many in told if count is not None)


def shortly(value: float) -> str:
    """A number as short as it can be said: 950, 1.2k, 3M."""
    for size, mark in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if mark == 'k' else size):.1f}".rstrip("0").rstrip(".") + mark
    return f"{round(value, 2):,g}" if not float(value).is_integer() else f"{value:,.0f}"
