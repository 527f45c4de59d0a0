"""The desk's light Markdown as safe HTML.

What is markup and what is text is said by `bot/words.py`; here everything is escaped, so that a text can never become
markup that is not one of these.
"""

from collections.abc import Iterable

from markupsafe import Markup, escape

from bot.words import Block, Run, parsed
from bot.words import inline as runs_of

_TAGS = {
    "code": Markup("<code>{}</code>"),
    "bold": Markup("<strong>{}</strong>"),
    "italic": Markup("<em>{}</em>"),
}


def marked_up(text: str) -> Markup:
    """The text as HTML blocks."""
    return Markup("\n").join(_html(block) for block in parsed(text))


def _html(block: Block) -> Markup:
    if block.kind == "code":
        return Markup("<pre><code>{}</code></pre>").format("\n".join(run.text for line in block.lines for run in line))
    if block.kind == "lines":
        return Markup('<p dir="auto">{}</p>').format(Markup("<br>").join(_line(line) for line in block.lines))
    items = Markup("").join(Markup('<li dir="auto">{}</li>').format(_line(line)) for line in block.lines)
    if block.kind == "bullets":
        return Markup("<ul>{}</ul>").format(items)
    return Markup('<ol start="{}">{}</ol>').format(block.start, items)


def inline(text: str) -> Markup:
    """One line's emphasis, code and links."""
    return _line(runs_of(text))


def _line(runs: Iterable[Run]) -> Markup:
    return Markup("").join(_piece(run) for run in runs)


def _piece(run: Run) -> Markup:
    inner = link(run.url, run.text) if run.url else escape(run.text)
    return _TAGS[run.style].format(inner) if run.style else inner


def link(address: str, label: str) -> Markup:
    """A link that opens apart from the desk; an address that is not http(s) stays plain text."""
    if not address.startswith(("https://", "http://")):
        return escape(label)
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>').format(address, label)
