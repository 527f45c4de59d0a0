"""The desk's light Markdown as safe HTML.

Paragraphs, lists, **bold**, *italic*, `code` and [links](https://…). Everything is escaped first, so that a text can
never become markup that is not one of these; an address that is not http(s) stays plain text.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from urllib.parse import unquote

from markupsafe import Markup, escape

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
_TAGS = {
    "code": Markup("<code>{}</code>"),
    "bold": Markup("<strong>{}</strong>"),
    "italic": Markup("<em>{}</em>"),
    "slanted": Markup("<em>{}</em>"),
}
_TRAILING = ".,;:!?)]}'’»…"


def marked_up(text: str) -> Markup:
    """The text as HTML blocks."""
    pieces = text.replace("\r\n", "\n").split(_FENCE)
    blocks: list[Markup] = []
    for number, piece in enumerate(pieces):
        if number % 2 and number < len(pieces) - 1:
            blocks.append(Markup("<pre><code>{}</code></pre>").format(_without_language(piece)))
        else:
            blocks += _blocks(piece if number % 2 == 0 else _FENCE + piece)
    return Markup("\n").join(blocks)


def _without_language(piece: str) -> str:
    first, newline, rest = piece.partition("\n")
    return (rest if newline and not first.strip(" +#-").count(" ") else piece).strip("\n")


def _blocks(text: str) -> Iterator[Markup]:
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [line for line in paragraph.split("\n") if line.strip()]
        for kind, run in groupby(lines, _kind):
            yield _BLOCKS[kind](list(run))


def _kind(line: str) -> str:
    if _BULLET.match(line):
        return "bullets"
    return "numbers" if _NUMBER.match(line) else "lines"


def _paragraph(lines: list[str]) -> Markup:
    return Markup('<p dir="auto">{}</p>').format(Markup("<br>").join(inline(line.strip()) for line in lines))


def _bullets(lines: list[str]) -> Markup:
    return Markup("<ul>{}</ul>").format(_items(lines, _BULLET))


def _numbers(lines: list[str]) -> Markup:
    start = int(re.findall(r"\d+", lines[0])[0])
    return Markup('<ol start="{}">{}</ol>').format(start, _items(lines, _NUMBER))


def _items(lines: list[str], mark: re.Pattern[str]) -> Markup:
    items = [Markup('<li dir="auto">{}</li>').format(inline(mark.sub("", line, count=1))) for line in lines]
    return Markup("").join(items)


_BLOCKS = {"bullets": _bullets, "numbers": _numbers, "lines": _paragraph}


def inline(text: str) -> Markup:
    """One line's emphasis, code and links."""
    out: list[Markup] = []
    at = 0
    for found in _INLINE.finditer(text):
        out.append(escape(text[at : found.start()]))
        out.append(_piece(found))
        at = found.end()
    out.append(escape(text[at:]))
    return Markup("").join(out)


def _piece(found: re.Match[str]) -> Markup:
    kind, inner = found.lastgroup or "", found[found.lastgroup or 0]
    if kind == "target":
        return link(inner, found["label"])
    if kind == "address":
        address = inner.rstrip(_TRAILING)
        return link(address, address) + escape(inner[len(address) :])
    if kind == "file":  # no page may open it; its path is what helps
        return _TAGS["code"].format(unquote(inner))
    return _TAGS[kind].format(inner if kind == "code" else inline(inner))


def link(address: str, label: str) -> Markup:
    """A link that opens apart from the desk; an address that is not http(s) stays plain text."""
    if not address.startswith(("https://", "http://")):
        return escape(label)
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>').format(address, label)
