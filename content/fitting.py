"""Fitting a text to an account: what is too long for one part becomes a thread, cut where a reader would pause."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from content.platform import Access, Content, PartContent, Platform

_BORDERS = (r"\n\s*\n", r"\n", r"(?<=[.!?…])\s+", r"\s+")
"""Paragraph, line, sentence, word: the coarsest border that fits is used."""


def fit(platform: Platform, access: Access, content: Content) -> Content:
    """The same content with every part within the account's limit; images stay with the first piece of their part."""
    parts: list[PartContent] = []
    for part in content.parts:
        pieces = split(part.text, lambda text: _fits(platform, access, content, text))
        parts.append(replace(part, text=pieces[0]))
        parts += [PartContent(piece) for piece in pieces[1:]]
    return replace(content, parts=tuple(parts))


def split(text: str, fits: Callable[[str], bool]) -> list[str]:
    """The text in pieces that each fit, in order, nothing lost but the white space at the cuts; at least one piece."""
    text = text.strip()
    if fits(text):
        return [text]
    return _gather(_units(text, fits, _BORDERS), fits)


def _fits(platform: Platform, access: Access, content: Content, text: str) -> bool:
    rendering = platform.render(replace(content, parts=(PartContent(text),)), access)
    part, limits = rendering.parts[0], rendering.limits
    within_bytes = limits.text_bytes is None or len(part.text.encode()) <= limits.text_bytes
    return part.length <= limits.text and within_bytes


def _units(text: str, fits: Callable[[str], bool], borders: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    """Pieces that fit, each with the white space that stood before it; a border finer than the last is tried on demand."""
    if not borders:
        yield from _halves(text, fits)
        return
    before = ""
    for piece in re.split(f"({borders[0]})", text):
        if not piece.strip():
            before = piece
        elif fits(piece):
            yield before, piece
        else:
            for number, (gap, smaller) in enumerate(_units(piece, fits, borders[1:])):
                yield (before if number == 0 else gap), smaller


def _halves(word: str, fits: Callable[[str], bool]) -> Iterable[tuple[str, str]]:
    """A single word too long for one part is cut wherever it must be."""
    while word:
        size = len(word)
        while size > 1 and not fits(word[:size]):
            size //= 2
        yield "", word[:size]
        word = word[size:]


def _gather(units: Iterable[tuple[str, str]], fits: Callable[[str], bool]) -> list[str]:
    pieces: list[str] = []
    for before, unit in units:
        joined = pieces[-1] + before + unit if pieces else ""
        if joined and before and fits(joined):
            pieces[-1] = joined
        else:
            pieces.append(unit)
    return pieces
