"""Where a chart's bars, lines and words stand on the page; drawn as SVG by `templates/figures.html`."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from bot.chat import Chart
from bot.scales import round_scale
from bot.words import shortly

WIDTH, HEIGHT = 640, 260
_LEFT, _TOP, _BOTTOM = 44, 16, 30


@dataclass(frozen=True)
class Bar:
    """One value: a bar, or a point of a line."""

    x: float
    y: float
    width: float
    height: float
    series: int
    words: str


@dataclass(frozen=True)
class Line:
    """A line of a chart, as SVG's `points`."""

    points: str
    series: int


@dataclass(frozen=True)
class Mark:
    """Words on an axis."""

    at: float
    words: str


@dataclass(frozen=True)
class Plot:
    """A chart with everything in its place; lengths in SVG units."""

    width: int
    height: int
    ground: float
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    ticks: tuple[Mark, ...]
    labels: tuple[Mark, ...]
    left: int = _LEFT


def plotted(chart: Chart) -> Plot:
    """The chart's places."""
    values = [value for series in chart.series for value in series.values if math.isfinite(value)]
    low, high, step = round_scale(values, 4)
    bottom = HEIGHT - _BOTTOM

    def y(value: float) -> float:
        return round(bottom - (value - low) / (high - low) * (bottom - _TOP), 1)

    slot = (WIDTH - _LEFT) / max(len(chart.categories), 1)
    ticks = tuple(Mark(y(low + n * step), shortly(low + n * step)) for n in range(round((high - low) / step) + 1))
    labels = tuple(Mark(round(_LEFT + slot * (n + 0.5), 1), words) for n, words in enumerate(chart.categories))
    bars = tuple(_bars(chart, slot, y))
    lines = () if chart.kind == "bar" else tuple(_line(bars, number) for number in range(len(chart.series)))
    return Plot(WIDTH, HEIGHT, y(max(0.0, low)), bars, lines, ticks, labels)


def _bars(chart: Chart, slot: float, y: Callable[[float], float]) -> list[Bar]:
    width = min(slot * 0.72 / max(len(chart.series), 1), 46)
    found = []
    for number, series in enumerate(chart.series):
        for place, value in enumerate(series.values):
            if not math.isfinite(value):
                continue
            x = _LEFT + slot * (place + 0.5) + (number - len(chart.series) / 2) * width
            top, ground = y(max(value, 0.0)), y(min(value, 0.0))
            if chart.kind == "line":
                x, top, ground = _LEFT + slot * (place + 0.5) - 3, y(value) - 3, y(value) + 3
            words = (
                f"{chart.categories[place]}, {series.name}: {shortly(value)}" if place < len(chart.categories) else ""
            )
            wide = 6.0 if chart.kind == "line" else round(width - 2, 1)
            found.append(Bar(round(x, 1), top, wide, round(ground - top, 1), number, words))
    return found


def _line(bars: tuple[Bar, ...], number: int) -> Line:
    return Line(" ".join(f"{bar.x + 3:.1f},{bar.y + 3:.1f}" for bar in bars if bar.series == number), number)
