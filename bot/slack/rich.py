"""Running text as `rich_text` blocks.

Every word that people or the model wrote is a literal element, which Slack neither reads as markup nor as a call to anybody.
Shapes: docs.slack.dev, rich text block and its elements, date element, read 2026-11-26.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from urllib.parse import unquote

from bot.slack.blocks import INSTANT, Drawn, local
from bot.slack.limits import LINK_AIMED, RICH_AIMED, fitting, size
from bot.words import Block, Run, parsed
from content.platform import RenderedPart

Kind = Literal["section", "quote", "code", "bullet", "number"]
_BORDERS = ("\n\n", "\n", " ")


@dataclass(frozen=True)
class Bit:
    """A paragraph, a quoted paragraph, code, or one item of a list."""

    kind: Kind
    elements: tuple[Drawn, ...]
    number: int = 0
    """Of an item of a numbered list."""
    gap: str = "\n"
    """What parts it from a paragraph just before it."""


def text(words: str, style: str = "") -> Drawn:
    """A literal stretch; `style`: bold, italic, code or none."""
    return {"type": "text", "text": words, "style": {style: True}} if style else {"type": "text", "text": words}


def link(words: str, url: str, style: str = "") -> Drawn:
    """Words that lead somewhere; an address that is not http(s) stands as it is, to be copied."""
    if not url.startswith(("https://", "http://")):
        return text(unquote(url.removeprefix("file://")), "code")
    if size(words) + size(url) > LINK_AIMED:
        return text(f"{words} ({url})", style)
    drawn: Drawn = {"type": "link", "url": url, "text": words or url}
    return {**drawn, "style": {style: True}} if style else drawn


def date(at: datetime, zone_name: str) -> Drawn:
    """An instant, shown in each reader's own zone."""
    return {"type": "date", "timestamp": int(at.timestamp()), "format": INSTANT, "fallback": local(at, zone_name)}


def section(*elements: Drawn | str) -> Bit:
    """A paragraph."""
    return Bit("section", _elements(elements))


def bullet(*elements: Drawn | str) -> Bit:
    """An item of a list."""
    return Bit("bullet", _elements(elements))


def code(words: str) -> Bit:
    """Lines in a typewriter's letters."""
    return Bit("code", (text(words),))


def _elements(given: Iterable[Drawn | str]) -> tuple[Drawn, ...]:
    return tuple(text(one) if isinstance(one, str) else one for one in given if one)


def written(markdown: str) -> list[Bit]:
    """The desk's light Markdown."""
    return [bit for block in parsed(markdown) for bit in _of_block(block)]


def _of_block(block: Block) -> Iterator[Bit]:
    if block.kind == "code":
        yield replace(code("\n".join(run.text for line in block.lines for run in line)), gap="\n\n")
    elif block.kind == "lines":
        yield Bit("section", tuple(_joined(block.lines)), gap="\n\n")
    else:
        kind: Kind = "bullet" if block.kind == "bullets" else "number"
        for number, line in enumerate(block.lines, block.start):
            yield Bit(kind, tuple(_run(run) for run in line), number)


def _joined(lines: Sequence[Sequence[Run]]) -> Iterator[Drawn]:
    for position, line in enumerate(lines):
        if position:
            yield text("\n")
        yield from (_run(run) for run in line)


def _run(run: Run) -> Drawn:
    return link(run.text, run.url, run.style) if run.url else text(run.text, run.style)


def quoted(part: RenderedPart) -> Bit:
    """A part's text as it will go out, with what the platform will make clickable."""
    elements: list[Drawn] = []
    at = 0
    for span in sorted(part.spans, key=lambda one: one.start):
        words = part.text[span.start : span.end]
        if span.kind != "link" or span.start < at or not words or not span.target.startswith(("https://", "http://")):
            continue  # the text itself matters more
        elements += [text(part.text[at : span.start]), link(words, span.target)]
        at = span.end
    return Bit("quote", (*elements, text(part.text[at:])))


def blocks(bits: Iterable[Bit]) -> list[Drawn]:
    """As few `rich_text` blocks as hold it, cut at paragraphs, else at lines, else at words."""
    pages: list[_Page] = [_Page()]
    for bit in bits:
        for piece in _pieces(bit):
            if pages[-1].size + _size(piece) > RICH_AIMED and pages[-1].bits:
                pages.append(_Page())
            pages[-1].add(piece)
    return [page.drawn() for page in pages if page.bits]


@dataclass
class _Page:
    bits: list[Bit] = field(default_factory=list)
    size: int = 0

    def add(self, bit: Bit) -> None:
        self.bits.append(bit)
        self.size += _size(bit)

    def drawn(self) -> Drawn:
        elements: list[Drawn] = []
        before: Bit | None = None
        for bit in self.bits:
            if before is None or not _goes_on(elements[-1], before, bit):
                elements.append(_opened(bit))
            before = bit
        return {"type": "rich_text", "elements": [_merged(element) for element in elements]}


def _goes_on(last: Drawn, before: Bit, bit: Bit) -> bool:
    """Whether the bit was added to the element that is open."""
    if bit.kind == "section" and before.kind == "section":
        last["elements"] += [text(bit.gap), *bit.elements]
    elif bit.kind == "bullet" == before.kind or (
        bit.kind == "number" == before.kind and bit.number == before.number + 1
    ):
        last["elements"].append(_leaf("rich_text_section", bit))
    else:
        return False
    return True


def _opened(bit: Bit) -> Drawn:
    if bit.kind in ("section", "quote"):
        return _leaf(f"rich_text_{bit.kind}", bit)
    if bit.kind == "code":
        return _leaf("rich_text_preformatted", bit)
    drawn: Drawn = {"type": "rich_text_list", "style": "bullet" if bit.kind == "bullet" else "ordered"}
    if bit.kind == "number" and bit.number > 1:
        drawn["offset"] = bit.number - 1
    return {**drawn, "elements": [_leaf("rich_text_section", bit)]}


def _leaf(kind: str, bit: Bit) -> Drawn:
    return {"type": kind, "elements": list(bit.elements)}


def _merged(part: Drawn) -> Drawn:
    """The same with as few stretches of text as say it."""
    elements: list[Drawn] = []
    for element in part["elements"]:
        if "elements" in element:
            elements.append(_merged(element))
        elif elements and elements[-1]["type"] == "text" == element["type"] and _style(elements[-1]) == _style(element):
            elements[-1] = {**element, "text": elements[-1]["text"] + element["text"]}
        else:
            elements.append(element)
    return {**part, "elements": elements}


def _style(element: Drawn) -> object:
    return element.get("style")


def _size(bit: Bit) -> int:
    return sum(_weight(element) for element in bit.elements) + len(bit.gap)


def _weight(element: Drawn) -> int:
    return sum(size(element.get(key, "")) for key in ("text", "url", "format", "fallback"))


def _pieces(bit: Bit) -> Iterator[Bit]:
    """The bit, cut so that each piece fits a block; what goes on from an item of a list is a paragraph."""
    kind = bit.kind
    for page in _cut(bit.elements):
        elements = tuple(element for element in page if element.get("text", "x"))
        if any(element.get("text", "x").strip() for element in elements):
            yield replace(bit, elements=elements, kind=kind)
            kind = "section" if kind in ("bullet", "number") else kind


def cut(words: str) -> list[str]:
    """Plain words, cut so that each piece fits a text object."""
    pages = ("".join(element["text"] for element in page) for page in _cut([text(words)]))
    return [page for page in pages if page.strip()]


def _cut(elements: Iterable[Drawn]) -> Iterator[list[Drawn]]:
    most = RICH_AIMED - len("\n\n")
    page: list[Drawn] = []
    room = most
    for element in elements:
        rest = element
        while _weight(rest) > room:
            here, rest = _halved(rest, room, whole=not page)
            yield [*page, *here]
            page, room = [], most
        page.append(rest)
        room -= _weight(rest)
    yield page


def _halved(element: Drawn, room: int, whole: bool) -> tuple[list[Drawn], Drawn]:
    """What of a stretch of text still fits, and the rest. `whole`: nothing stands before it, so something must go."""
    words = element.get("text", "")
    if element["type"] != "text":
        return [], element
    end, border = _border(words[: fitting(words, room)])
    if not border and not whole:
        return [], {**element, "text": words.lstrip(" ")}
    end = end if border else fitting(words, room)
    rest = words[end:].lstrip("\n") if "\n" in border else words[end:].removeprefix(border)
    return [{**element, "text": words[:end].rstrip()}], {**element, "text": rest}


def _border(words: str) -> tuple[int, str]:
    """Where the last paragraph, line or word ends, and with what, if that leaves not too little; else no border."""
    for border in _BORDERS:
        end = words.rfind(border)
        if end > len(words) // 3:
            return end, border
    return 0, ""
