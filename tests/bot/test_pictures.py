"""Charts as pictures: the same bytes each time, whatever the numbers are."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from PIL import Image

from bot.chat import Chart, Series
from bot.pictures import BACKGROUND, COLOURS, HEIGHT, WIDTH, chart_png
from tests.bot.messages import charts

WEEKS = ("5 Oct", "12 Oct", "19 Oct")


def opened(chart: Chart) -> Image.Image:
    return Image.open(BytesIO(chart_png(chart))).convert("RGB")


def colours(picture: Image.Image) -> set[tuple[int, int, int]]:
    found = picture.getcolors(1 << 20)
    assert found
    return {colour for count, colour in found if count > 500 and isinstance(colour, tuple)}  # type: ignore[misc]


def close(colour: tuple[int, int, int], hexed: str) -> bool:
    wanted = tuple(int(hexed[at : at + 2], 16) for at in (1, 3, 5))
    return all(abs(a - b) < 12 for a, b in zip(colour, wanted, strict=True))


def test_it_is_a_png_of_a_size_that_a_phone_shows_well_and_always_the_same() -> None:
    chart = Chart("Posts", "bar", WEEKS, (Series("Posts", (3, 4, 2)),), "3, 4 and 2 posts.")
    assert opened(chart).size == (WIDTH, HEIGHT)
    assert chart_png(chart) == chart_png(chart)
    assert len(chart_png(chart)) < 100_000


def test_every_series_has_a_colour_of_its_own() -> None:
    two = (Series("Posts", (3, 4, 2)), Series("Reactions", (9, 1, 5)))
    seen = colours(opened(Chart("Both", "bar", WEEKS, two, "")))
    for hexed in (BACKGROUND, *COLOURS[:2]):
        assert any(close(one, hexed) for one in seen), hexed
    assert not any(close(one, COLOURS[2]) for one in seen)


def test_a_larger_value_has_a_taller_bar() -> None:
    picture = opened(Chart("Posts", "bar", ("a", "b"), (Series("Posts", (1, 4)),), ""))
    heights = [
        sum(close(picture.getpixel((x, y)), COLOURS[0]) for y in range(HEIGHT))  # type: ignore[arg-type]
        for x in (130 + 273, 130 + 273 + 547)
    ]
    assert 3.5 < heights[1] / heights[0] < 4.5


@pytest.mark.parametrize("kind", ["bar", "line"])
@pytest.mark.parametrize("values", [(), (0.0,), (-3.0, 0.0), (1e15, 2.0), (0.001, 0.002), (float("nan"), 1.0)])
def test_odd_numbers_are_drawn_too(kind: str, values: tuple[float, ...]) -> None:
    categories = tuple(str(number) for number in range(len(values)))
    chart = Chart("Odd 日本 👍", "bar" if kind == "bar" else "line", categories, (Series("x", values),), "")
    assert opened(chart).size == (WIDTH, HEIGHT)


@given(charts())
@settings(max_examples=10, deadline=None)
def test_any_chart_becomes_a_picture(chart: Chart) -> None:
    assert opened(chart).size == (WIDTH, HEIGHT)
