"""A card in words with their looks: what is meant, in the order in which it is read."""

import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import unquote

from bot.chat import Card, Group, Preview, Row, Table
from bot.films import kind_of, pictures_of
from bot.telegram.limits import size
from bot.telegram.styled import Writing
from bot.words import MOMENT, numbers_words
from content.platform import RenderedPart
from content.times import zone

LONG = 600
"""A quoted text longer than this opens when it is touched."""
_WIDE = 40
"""Characters of a table's line that a phone shows unbroken."""
_HOUR = re.compile(r"\d{2}:\d{2}")


def card_words(writing: Writing, card: Card, zone_name: str, *, with_chart: bool = False) -> None:
    """Write everything of a card but its pictures and its buttons; its chart only where it is not drawn."""
    writing.gap()
    _line(writing, card.title, "bold")
    _line(writing, card.status)
    for note in card.notes:
        _line(writing, note, "italic")
    for preview in card.previews:
        _preview(writing, preview, zone_name)
    for group in card.groups:
        _group(writing, group, zone_name)
    if card.table:
        _table(writing, card.table)
    if card.chart and with_chart:
        writing.gap()
        _line(writing, card.chart.title, "bold")
        _line(writing, card.chart.alt)


def _line(writing: Writing, words: str, kind: str = "") -> None:
    if words.strip():
        writing.gap(1)
        writing.add(words.strip(), kind)


def _preview(writing: Writing, preview: Preview, zone_name: str) -> None:
    writing.gap()
    writing.add(preview.label, "bold")
    writing.add(f" {preview.handle}")
    if len(preview.parts) == 1:
        writing.add(_measure(preview.parts[0], preview))
    writing.gap(1)
    status(writing, preview.status, preview.at, zone_name)
    for number, part in enumerate(preview.parts, 1):
        if len(preview.parts) > 1:
            _line(writing, f"Part {number} of {len(preview.parts)}{_measure(part, preview)}")
        _part(writing, part)
    for problem in preview.problems:
        writing.gap(1)
        writing.add(problem.where, "bold")
        writing.add(f": {problem.what} {problem.fix}")
    if preview.numbers:
        _line(writing, numbers_words(preview.numbers))
    if preview.url:
        writing.gap(1)
        linked(writing, f"See it on {preview.label}", preview.url)


def _measure(part: RenderedPart, preview: Preview) -> str:
    over = part.length - preview.limit
    return f" · {part.length:,}/{preview.limit:,} {preview.unit}" + (f", {over:,} too many" if over > 0 else "")


def status(writing: Writing, words: str, at: datetime | None, zone_name: str) -> None:
    """A status line; the moment it speaks of is shown in the reader's own zone."""
    found = MOMENT.search(words) if at else None
    if at is None or found is None:
        writing.add(words)
        if at:
            writing.add(" · " if words.strip() else "")
            writing.add(_moment(at, zone_name), "date_time", at=at, shape="wDt")
        return
    writing.add(words[: found.start()])
    writing.add(found[0], "date_time", at=at, shape="wDt")
    writing.add(words[found.end() :])


def _moment(at: datetime, zone_name: str) -> str:
    return f"{at.astimezone(zone(zone_name)):%a %-d %b %Y %H:%M} {zone_name}"


def _part(writing: Writing, part: RenderedPart) -> None:
    if part.text.strip():
        writing.gap(1)
        start = writing.length
        _clickable(writing, part)
        writing.mark(start, "expandable_blockquote" if size(part.text) > LONG else "blockquote")
    for image in pictures_of(part):
        writing.gap(1)
        writing.add(kind_of(image) + (f" {image.name}" if image.name else "") + ": ")
        writing.add(image.alt or "no description", "italic")
    if part.card:
        writing.gap(1)
        writing.add("Link preview: ")
        linked(writing, part.card.title or part.card.url, part.card.url)
        writing.add(f" · {part.card.description}" if part.card.description else "")


def _clickable(writing: Writing, part: RenderedPart) -> None:
    """A part's words with the links that the platform will make."""
    done = 0
    for span in sorted(part.spans, key=lambda one: one.start):
        if span.kind != "link" or span.start < done or span.end > len(part.text):
            continue
        writing.add(part.text[done : span.start])
        words = part.text[span.start : span.end]
        if span.target.startswith(("https://", "http://")):
            writing.add(words, "text_link", url=span.target)
        else:
            writing.add(words)
        done = span.end
    writing.add(part.text[done:])


def linked(writing: Writing, words: str, url: str) -> None:
    """Words that lead to an address; what no chat opens is written out."""
    if url.startswith(("https://", "http://")):
        writing.add(words, "text_link", url=url)
        return
    writing.add(f"{words}: ")
    writing.add(unquote(url.removeprefix("file://")), "code")


def _group(writing: Writing, group: Group, zone_name: str) -> None:
    writing.gap()
    _line(writing, group.heading, "bold")
    for row in group.rows:
        writing.gap(1)
        _row(writing, row, zone_name)


def _row(writing: Writing, row: Row, zone_name: str) -> None:
    writing.add("• ")
    title, hour = row.title, _HOUR.match(row.title)
    if row.at and hour:  # a calendar's hour, in the reader's own zone
        writing.add(hour[0], "date_time", at=row.at, shape="t")
        title = title[hour.end() :]
    if row.url:
        linked(writing, title.strip(), row.url) if not hour else _after_hour(writing, title, row.url)
    else:
        writing.add(title)
    if row.detail or (row.at and not hour):
        writing.add(" · ")
        status(writing, row.detail, None if hour else row.at, zone_name)


def _after_hour(writing: Writing, title: str, url: str) -> None:
    writing.add(title[: len(title) - len(title.lstrip())])
    linked(writing, title.strip(), url)


def _table(writing: Writing, table: Table) -> None:
    writing.gap()
    _line(writing, table.caption, "bold")
    lines = [table.headings, *table.rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(table.headings))]
    if sum(widths) + 2 * len(widths) <= _WIDE:
        writing.gap(1)
        writing.add("\n".join(_cells(line, widths) for line in lines), "pre")
        return
    if not table.rows:
        _line(writing, ", ".join(table.headings))
    for row in table.rows:  # too wide for a phone: a line of words each
        _line(writing, "• " + ", ".join(f"{name}: {cell}" for name, cell in zip(table.headings, row, strict=True)))


def _cells(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
