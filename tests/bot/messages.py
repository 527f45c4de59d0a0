"""Any message the desk could say, for hypothesis: every kind of card, from empty to ten times what a chat can show at once."""

import string
from datetime import UTC, datetime
from typing import TypeVar

from hypothesis import strategies as st

from bot.chat import Button, Card, Chart, Choice, Group, Preview, Row, Series, Table
from bot.native import Outgoing
from content.errors import Problem
from content.platform import Field, Image, LinkCard, Numbers, RenderedPart, Span

T = TypeVar("T")

LONGEST = 40_000
"""Characters of one text: ten times what Telegram takes in a message."""
LETTERS = st.sampled_from(
    [*string.ascii_letters, *"äßçñœ", *"日本語", *"عربى", "👩‍👩‍👧‍👦", "🇩🇪", "e\u0301", "<", "&", ">", "*", "_", "`"]
)
SHORT = st.lists(LETTERS, min_size=1, max_size=12).map("".join)
NAMES = st.integers(0, 9_999).map(lambda number: f"post_{number:04x}")
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
TONES = st.sampled_from(["plain", "asking", "waiting", "good", "bad"])
ADDRESSES = SHORT.map(lambda word: f"https://example.org/{word.encode().hex()}")


@st.composite
def prose(draw: st.DrawFn, most: int = LONGEST) -> str:
    """Words in paragraphs, of any length up to `most`; sometimes one word that never breaks."""
    word = draw(SHORT)
    size = draw(st.sampled_from([0, 1, 40, 280, 1_000, 3_001, 4_097, most]))
    shape = draw(st.sampled_from(["words", "lines", "paragraphs", "solid"]))
    between = {"words": " ", "lines": "\n", "paragraphs": "\n\n", "solid": ""}[shape]
    text = between.join([word] * (size // (len(word) + len(between)) + 1))
    return text[: min(size, most)]


def some(one: st.SearchStrategy[T], most: int) -> st.SearchStrategy[tuple[T, ...]]:
    """None, one, or up to `most` of them."""
    return st.one_of(st.just(()), st.lists(one, min_size=1, max_size=1), st.lists(one, max_size=most)).map(tuple)


FIELDS = st.builds(
    Field,
    NAMES,
    SHORT,
    st.sampled_from(["text", "url", "password", "long"]),
    prose(4_000),
    st.booleans(),
    some(st.tuples(NAMES, SHORT), 120),
)
BUTTONS = st.builds(
    Button,
    st.sampled_from(["approve", "edit", "post_now", "set_policy", "it_is_live"]),
    prose(120).map(lambda text: text.replace("\n", " ").strip() or "Go"),
    st.integers(0, 2**64 - 1).map(lambda number: f"post_{number:016x}"),
    st.integers(0, 99_999),
    st.sampled_from(["plain", "primary", "danger"]),
    some(FIELDS, 3),
)
IMAGES = st.builds(
    Image, NAMES, st.just("0" * 64), st.just("image/png"), st.just(70), st.just(3), st.just(2), prose(2_000)
)
PARTS = st.builds(
    lambda text, images, card: RenderedPart(
        text,
        len(text),
        (Span(0, min(4, len(text)), "link", "https://example.org/"),) if len(text) > 3 else (),
        images,
        card,
    ),
    prose(),
    some(IMAGES, 12),
    st.none() | st.builds(LinkCard, ADDRESSES, SHORT, prose(500)),
)
PROBLEMS = st.builds(Problem, SHORT, prose(300), prose(300))
NUMBERS = st.builds(Numbers, *[st.none() | st.integers(0, 10**9)] * 4)
PREVIEWS = st.builds(
    Preview,
    SHORT,
    SHORT,
    st.just("characters"),
    st.just(500),
    some(PARTS, 10),
    TONES,
    prose(500),
    st.none() | MOMENTS,
    st.just("") | ADDRESSES,
    some(PROBLEMS, 4),
    st.none() | NUMBERS,
    some(BUTTONS, 3),
)
GROUPS = st.builds(
    Group, SHORT, some(st.builds(Row, prose(500), prose(300), st.just("") | ADDRESSES, st.none() | MOMENTS, TONES), 40)
)


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    """Up to twice as many points and series as the strictest chat takes."""
    categories = draw(st.lists(SHORT, min_size=1, max_size=40, unique=True))
    values = st.lists(st.floats(-1e9, 1e9), min_size=len(categories), max_size=len(categories)).map(tuple)
    series = draw(st.lists(st.builds(Series, SHORT, values), min_size=1, max_size=12))
    kind = draw(st.sampled_from(["bar", "line"]))
    return Chart(draw(SHORT), kind, tuple(categories), tuple(series), draw(prose(2_000)))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Up to twice as wide and several times as long as a chat takes."""
    width = draw(st.integers(1, 30))
    cells = st.lists(prose(200), min_size=width, max_size=width).map(tuple)
    rows = draw(st.lists(cells, max_size=5))
    return Table(
        draw(SHORT),
        tuple(draw(st.lists(SHORT, min_size=width, max_size=width))),
        tuple(rows) * draw(st.sampled_from([1, 30])),
    )


CARDS = st.builds(
    Card,
    NAMES.map(lambda name: f"post:{name}"),
    prose(400).map(lambda text: text or "A card"),
    TONES,
    prose(2_000),
    some(prose(1_000), 6),
    some(PREVIEWS, 10),
    some(GROUPS, 8),
    some(BUTTONS, 40),
    st.none() | charts(),
    st.none() | tables(),
)
CHOICES = st.builds(Choice, prose(120).map(lambda text: text.replace("\n", " ").strip() or "Yes"), SHORT)
MESSAGES = st.builds(
    Outgoing,
    st.just("message_0123456789abcdef"),
    prose(),
    st.none() | CARDS,
    some(CHOICES, 8),
    st.just("Europe/Berlin"),
)
