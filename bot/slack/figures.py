"""Charts and tables in Slack's own form, each a message of its own, with what to send instead where Slack refuses that form.

slack-sdk 3.48 has no classes for them. Shapes: docs.slack.dev, data visualization block and data table block, and node-slack-sdk's
`DataTableBlock`, `RawNumberElement`, read 2026-11-26.
"""

import math
import re
from collections.abc import Iterator, Sequence

from bot.chat import Chart, Series, Table
from bot.slack import rich
from bot.slack.blocks import NOT_SAID, Drawn
from bot.slack.limits import (
    CHART_LABEL,
    CHART_POINTS,
    CHART_SERIES,
    CHART_TITLE,
    FILE_ALT,
    FILE_TITLE,
    TABLE_AIMED,
    TABLE_COLUMNS,
    TABLE_ROWS,
    WIDE,
    clipped,
    size,
)

PAGE = 10
"""Rows of a table shown at once."""
CAPTION = 150
_NUMBER = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?%?|-?\d+(\.\d+)?%?")


def chart_block(chart: Chart) -> Drawn | None:
    """The chart as Slack draws it, or None: it has more or less than Slack takes."""
    labels = _labels(chart.categories)
    names = _labels([series.name for series in chart.series])
    fits = 1 <= len(labels) <= CHART_POINTS and 1 <= len(names) <= CHART_SERIES
    if not fits or any(not _drawable(series, len(labels)) for series in chart.series):
        return None
    series = [
        {"name": name, "data": [{"label": at, "value": value} for at, value in zip(labels, one.values, strict=True)]}
        for name, one in zip(names, chart.series, strict=True)
    ]
    drawn = {"type": chart.kind, "series": series, "axis_config": {"categories": labels}}
    return {"type": "data_visualization", "title": clipped(chart.title, CHART_TITLE).strip() or "Chart", "chart": drawn}


def _drawable(series: Series, points: int) -> bool:
    return len(series.values) == points and all(math.isfinite(value) for value in series.values)


def _labels(words: Sequence[str]) -> list[str]:
    """The words, short enough and each another: Slack tells points apart by them."""
    labels: list[str] = []
    for word in words:
        label, again = clipped(word.strip() or NOT_SAID, CHART_LABEL), 1
        while label in labels:
            again += 1
            label = f"{clipped(word.strip() or NOT_SAID, CHART_LABEL - 5)} {again}"
        labels.append(label)
    return labels


def chart_file(chart: Chart) -> Drawn:
    """The chart as a picture that is drawn when it is sent, see `chart_of`."""
    kept = {
        "title": chart.title,
        "kind": chart.kind,
        "categories": list(chart.categories),
        "series": [{"name": one.name, "values": list(one.values)} for one in chart.series],
        "alt": chart.alt,
    }
    alt = clipped(chart.alt, FILE_ALT)
    return {"kind": "file", "chart": kept, "title": clipped(chart.title, FILE_TITLE).strip() or "Chart", "alt": alt}


def said_beside(chart: Chart) -> list[Drawn]:
    """The chart in words, as far as the drawn one does not hold its words whole."""
    words = [*chart.categories, *(series.name for series in chart.series)]
    if size(chart.alt) > FILE_ALT or size(chart.title) > CHART_TITLE or any(size(one) > CHART_LABEL for one in words):
        return rich.blocks([rich.section(rich.text(chart.title, "bold")), rich.section(chart.alt)])
    return []


def tables(table: Table) -> Iterator[tuple[Drawn, str]]:
    """The table as Slack draws it, in as many as it needs, each with its twin in a typewriter's letters.

    Nothing where it has no rows, or more columns or longer cells than Slack takes.
    """
    if not (1 <= len(table.headings) <= TABLE_COLUMNS) or any(len(row) != len(table.headings) for row in table.rows):
        return
    widths = _widths(table)
    chunks = _chunks(table, widths)
    numeric = [_is_numeric([row[column] for row in table.rows]) for column in range(len(table.headings))]
    for number, rows in enumerate(chunks, 1):
        drawn = [[_cell(cell, False) for cell in table.headings]]
        drawn += [[_cell(cell, numeric[column]) for column, cell in enumerate(row)] for row in rows]
        caption = clipped(table.caption.strip() or "Table", CAPTION)
        caption += f" ({number} of {len(chunks)})" if len(chunks) > 1 else ""
        twin = _typed(table.caption, (table.headings, *rows), widths)
        yield {"type": "data_table", "caption": caption, "rows": drawn, "page_size": PAGE}, twin


def _chunks(table: Table, widths: Sequence[int]) -> list[list[tuple[str, ...]]]:
    """Rows dealt out so that each lot fits a message; empty where one alone does not."""
    chunks: list[list[tuple[str, ...]]] = []
    room = 0
    around = size(table.caption) + _cost(table.headings, widths)
    for row in table.rows:
        cost = _cost(row, widths)
        if around + cost > TABLE_AIMED:
            return []
        if cost > room or len(chunks[-1]) >= TABLE_ROWS:
            chunks.append([])
            room = TABLE_AIMED - around
        chunks[-1].append(row)
        room -= cost
    return chunks


def _cost(row: Sequence[str], widths: Sequence[int]) -> int:
    """What a row takes at most, drawn or in a typewriter's letters."""
    return sum(max(size(cell), width) + 3 for cell, width in zip(row, widths, strict=True))


def _cell(words: str, number: bool) -> Drawn:
    if number and _NUMBER.fullmatch(words.strip()):
        return {"type": "raw_number", "value": float(words.strip().rstrip("%").replace(",", "")), "text": words.strip()}
    return {"type": "raw_text", "text": words if words.strip() else NOT_SAID}


def _is_numeric(cells: Sequence[str]) -> bool:
    """Whether a column is sorted by value: everything in it is a number, or nothing."""
    told = [cell.strip() for cell in cells if cell.strip()]
    return bool(told) and all(_NUMBER.fullmatch(cell) for cell in told)


def _widths(table: Table) -> list[int]:
    """How wide each column is made; 0 where the whole is too wide for a screen anyway."""
    columns = zip(table.headings, *table.rows, strict=True)
    widths = [max(len(_one_line(cell)) for cell in column) for column in columns]
    return widths if sum(widths) + 2 * len(widths) <= WIDE else [0 for _ in widths]


def _one_line(cell: str) -> str:
    return " ".join(cell.split())


def monospace(table: Table) -> str:
    """The table in a typewriter's letters, under its caption."""
    rows = (table.headings, *table.rows)
    if any(len(row) != len(table.headings) for row in table.rows):
        return "\n".join([table.caption, *(" · ".join(row) for row in rows)]).strip()
    return _typed(table.caption, rows, _widths(table))


def _typed(caption: str, rows: Sequence[Sequence[str]], widths: Sequence[int]) -> str:
    parting = "  " if any(widths) else " · "
    lines = [
        parting.join(_one_line(cell).ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([caption, *lines]).strip()
