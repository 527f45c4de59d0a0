"""Prints the figures beside what is expected of them, and writes them down."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.figures import Figure

AT_MOST = {
    "turn_cpu_ms_1": 15.0,
    "turn_cpu_ms_50": 15.0,
    "turn_cpu_ms_500": 15.0,
    "conversation_bytes_50": 64 * 1024.0,
    "conversation_bytes_500": 64 * 1024.0,
    "whole_turn_cpu_ms": 25.0,
    "first_answer_cpu_s": 1.0,
    "slack_inbox_p99_ms": 50.0,
    "telegram_inbox_p99_ms": 50.0,
    "fanout_extra_ms": 50.0,
    "due_1000_sqlite_p99_s": 5.0,
    **{f"due_1000_workers_{many}_p99_s": 2.0 for many in (1, 2, 4)},
}
AT_LEAST = {
    "slack_inbox_ratio": 0.5,
    "telegram_inbox_ratio": 0.5,
    **{f"due_{count}_workers_{many}_ratio": 0.5 for count in (1_000, 10_000) for many in (1, 2, 4)},
}
"""The expected figures; the others are for comparison."""


def rows(figures: Iterable[Figure]) -> list[tuple[str, ...]]:
    """The table's rows, its heading first."""
    head = ("figure", "median", "spread", "rounds", "expected", "", "what")
    return [head, *(_row(one) for one in figures)]


def _row(one: Figure) -> tuple[str, ...]:
    spread = f"{_number(one.low)} .. {_number(one.high)}" if one.rounds > 1 else ""
    return one.key, _number(one.value), spread, str(one.rounds), expected(one), verdict(one), one.what


def expected(one: Figure) -> str:
    """What a figure should be, or nothing where nothing is expected."""
    if one.key in AT_MOST:
        return f"<= {_number(AT_MOST[one.key])}"
    return f">= {_number(AT_LEAST[one.key])}" if one.key in AT_LEAST else ""


def verdict(one: Figure) -> str:
    """`ok`, `short`, or nothing where nothing is expected."""
    if not expected(one):
        return ""
    good = one.value <= AT_MOST[one.key] if one.key in AT_MOST else one.value >= AT_LEAST[one.key]
    return "ok" if good else "short"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def as_text(table: Sequence[Sequence[str]]) -> str:
    """The rows in columns, also a Markdown table."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in table
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def write(figures: Iterable[Figure], path: Path) -> None:
    """The medians as a flat JSON object."""
    path.write_text(json.dumps({one.key: round(one.value, 4) for one in figures}, indent=2) + "\n")
