"""Charts as pictures, for chats that draw none themselves: in our page's colours, readable on a phone, the same bytes each time."""

import math
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

from bot.chat import Chart
from bot.scales import round_scale
from bot.words import shortly

WIDTH, HEIGHT = 1280, 800
"""Pixels of the picture."""
_FINE = 2
"""It is drawn so many times larger and then scaled down, which makes edges smooth."""
BACKGROUND, INK, MUTED, LINE = "#ffffff", "#1f1c18", "#625b51", "#e3ded5"
COLOURS = ("#0f6b5c", "#c9822b", "#2a5383", "#a02a1f", "#7a5ca8", "#8a8378")
_TITLE, _LABEL, _VALUE = 40, 26, 24
_MARGIN, _LEFT, _RIGHT = 56, 130, 56
_MOST_VALUES = 24
"""With more points than this, the values are not written beside them."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class _Scale:
    """Where values stand between the floor and the ceiling of the plot."""

    low: float
    high: float
    step: float
    top: float
    bottom: float

    def y(self, value: float) -> float:
        return self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - self.top)

    def ticks(self) -> list[float]:
        count = round((self.high - self.low) / self.step)
        return [self.low + number * self.step for number in range(count + 1)]


def chart_png(chart: Chart) -> bytes:
    """The chart as a PNG of `WIDTH` x `HEIGHT` pixels."""
    image = Image.new("RGB", (WIDTH * _FINE, HEIGHT * _FINE), BACKGROUND)
    _Drawing(chart, ImageDraw.Draw(image)).draw()
    out = BytesIO()
    image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).quantize(128).save(out, "PNG", optimize=True)
    return out.getvalue()


class _Drawing:
    """Draws one chart; every length is in pixels of the finished picture."""

    def __init__(self, chart: Chart, pen: ImageDraw.ImageDraw) -> None:
        self._chart = chart
        self._pen = pen
        self._fonts: dict[int, FreeTypeFont | ImageFont.ImageFont] = {}
        values = [value for series in chart.series for value in series.values if math.isfinite(value)]
        top = _MARGIN + _TITLE * 1.9 + (_LABEL * 2 if len(chart.series) > 1 else 0)
        self._scale = _Scale(*round_scale(values, 5), top, HEIGHT - _MARGIN - _LABEL * 1.6)

    def draw(self) -> None:
        self._text((_MARGIN, _MARGIN), self._fitted(self._chart.title, _TITLE, WIDTH - 2 * _MARGIN), _TITLE, INK)
        if len(self._chart.series) > 1:
            self._legend()
        self._grid()
        if self._chart.kind == "bar":
            self._bars()
        else:
            self._lines()
        self._categories()

    def _legend(self) -> None:
        x, y = float(_MARGIN), _MARGIN + _TITLE * 1.6
        room = (WIDTH - 2 * _MARGIN) / len(self._chart.series) - _LABEL * 2
        for number, series in enumerate(self._chart.series):
            self._box((x, y + 6, x + _LABEL * 0.8, y + 6 + _LABEL * 0.8), _colour(number), 5)
            name = self._fitted(series.name, _LABEL, room)
            self._text((x + _LABEL * 1.2, y), name, _LABEL, INK)
            x += _LABEL * 2.4 + self._width(name, _LABEL)

    def _grid(self) -> None:
        for value in self._scale.ticks():
            y = self._scale.y(value)
            firm = value == 0
            self._line([(_LEFT, y), (WIDTH - _RIGHT, y)], MUTED if firm else LINE, 2)
            self._text((_LEFT - 16, y), shortly(value), _VALUE, MUTED, "rm")

    @property
    def _slot(self) -> float:
        return (WIDTH - _LEFT - _RIGHT) / max(len(self._chart.categories), 1)

    def _bars(self) -> None:
        many = len(self._chart.series)
        room = self._slot * 0.72
        width = min(room / many, 110)
        for number, series in enumerate(self._chart.series):
            for place, value in enumerate(series.values):
                if not math.isfinite(value):
                    continue
                x = _LEFT + self._slot * (place + 0.5) + (number - many / 2) * width
                y, ground = self._scale.y(value), self._scale.y(max(0.0, self._scale.low))
                box = (x + 2, min(y, ground), x + width - 2, max(y, ground))
                self._box(box, _colour(number), min(8, width / 4))
                self._value(x + width / 2, min(y, ground), value, width)

    def _lines(self) -> None:
        for number, series in enumerate(self._chart.series):
            points = [
                (_LEFT + self._slot * (place + 0.5), self._scale.y(value))
                for place, value in enumerate(series.values)
                if math.isfinite(value)
            ]
            if len(points) > 1:
                self._line(points, _colour(number), 5)
            for x, y in points:
                self._box((x - 7, y - 7, x + 7, y + 7), _colour(number), 7)
        if len(self._chart.series) == 1:
            for place, value in enumerate(self._chart.series[0].values):
                if math.isfinite(value):
                    x = _LEFT + self._slot * (place + 0.5)
                    self._value(x, self._scale.y(value) - 8, value, self._slot)

    def _value(self, x: float, y: float, value: float, room: float) -> None:
        points = sum(len(series.values) for series in self._chart.series)
        words = shortly(value)
        if points <= _MOST_VALUES and self._width(words, _VALUE) <= max(room, 46) + 12:
            self._text((x, y - 6), words, _VALUE, INK, "mb")

    def _categories(self) -> None:
        widest = max((self._width(one, _LABEL) for one in self._chart.categories), default=0)
        every = max(
            1, math.ceil(min(widest, 170) / max(self._slot - 10, 1))
        )  # where they stand too close, some are left out
        for place, words in enumerate(self._chart.categories):
            if place % every == 0:
                fitted = self._fitted(words, _LABEL, max(self._slot * every - 10, 30))
                self._text((_LEFT + self._slot * (place + 0.5), self._scale.bottom + 14), fitted, _LABEL, MUTED, "ma")

    # strokes

    def _font(self, size: int) -> FreeTypeFont | ImageFont.ImageFont:
        if size not in self._fonts:
            self._fonts[size] = ImageFont.load_default(size * _FINE)
        return self._fonts[size]

    def _width(self, words: str, size: int) -> float:
        return self._font(size).getlength(words) / _FINE

    def _fitted(self, words: str, size: int, room: float) -> str:
        words = " ".join(words.split())
        if self._width(words, size) <= room:
            return words
        while words and self._width(f"{words}…", size) > room:
            words = words[:-1]
        return f"{words.rstrip()}…"

    def _text(self, at: tuple[float, float], words: str, size: int, colour: str, anchor: str = "la") -> None:
        self._pen.text((at[0] * _FINE, at[1] * _FINE), words, colour, self._font(size), anchor)

    def _line(self, points: list[tuple[float, float]], colour: str, width: int) -> None:
        self._pen.line([(x * _FINE, y * _FINE) for x, y in points], colour, width * _FINE, joint="curve")

    def _box(self, box: Box, colour: str, radius: float) -> None:
        left, top, right, bottom = (one * _FINE for one in box)
        self._pen.rounded_rectangle(
            (left, top, right, max(bottom, top + 2)), min(radius * _FINE, (bottom - top) / 2), colour
        )


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
