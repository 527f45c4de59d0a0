"""Any message the desk could say, for hypothesis: every kind of card, from empty to ten times what a chat can show at once."""

import string
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from hypothesis import strategies as st

from bot.chat import Button, Card, Chart, Choice, Group, Preview, Row, Series, Table
from bot.native import Outgoing
from content.connecting import Field
from content.errors import Problem
from content.platform import Image, LinkCard, Numbers, RenderedPart, Span

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
def prose(draw: st.DrawFn, most: int = 400) -> str:
    """Words in paragraphs, of any length up to `most`; sometimes one word that never breaks."""
    word = draw(SHORT)
    size = draw(st.sampled_from([0, 1, 40, 280, most]))
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
    prose(),
    st.booleans(),
    some(st.tuples(NAMES, SHORT), 3),
)
BUTTONS = st.builds(
    Button,
    st.sampled_from(["approve", "edit", "post_now", "set_policy", "it_is_live"]),
    prose(120).map(lambda text: text.replace("\n", " ").strip() or "Go"),
    st.integers(0, 2**64 - 1).map(lambda number: f"post_{number:016x}"),
    st.integers(0, 99_999),
    st.sampled_from(["plain", "primary", "danger"]),
    some(FIELDS, 1),
)
_LINK = "https://example.org/a"


def _part(text: str) -> RenderedPart:
    """Words, and now and then an address that the platform makes clickable."""
    if len(text) % 2:
        text = f"{_LINK} {text}"
        return RenderedPart(text, len(text), (Span(0, len(_LINK), "link", _LINK),))
    return RenderedPart(text, len(text))


IMAGES = st.builds(
    Image, NAMES, st.just("0" * 64), st.just("image/png"), st.just(70), st.just(3), st.just(2), prose(1_100)
)
PARTS = st.builds(
    lambda text, images, card: replace(_part(text), images=images, card=card),
    prose(),
    some(IMAGES, 3),
    st.none() | st.builds(LinkCard, ADDRESSES, SHORT, prose()),
)
PROBLEMS = st.builds(Problem, SHORT, prose(300), prose(300))
NUMBERS = st.builds(Numbers, *[st.none() | st.integers(0, 10**9)] * 4)
PREVIEWS = st.builds(
    Preview,
    SHORT,
    SHORT,
    st.just("characters"),
    st.just(500),
    some(PARTS, 3),
    TONES,
    prose(),
    st.none() | MOMENTS,
    st.just("") | ADDRESSES,
    some(PROBLEMS, 2),
    st.none() | NUMBERS,
    some(BUTTONS, 2),
)
GROUPS = st.builds(
    Group, SHORT, some(st.builds(Row, prose(), prose(300), st.just("") | ADDRESSES, st.none() | MOMENTS, TONES), 3)
)


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    """Up to twice as many points and series as the strictest chat takes."""
    categories = draw(st.lists(SHORT, min_size=1, max_size=25, unique=True))
    values = st.lists(st.floats(-1e9, 1e9), min_size=len(categories), max_size=len(categories)).map(tuple)
    series = draw(st.lists(st.builds(Series, SHORT, values), min_size=1, max_size=8))
    kind: Literal["bar", "line"] = draw(st.sampled_from(["bar", "line"]))
    return Chart(draw(SHORT), kind, tuple(categories), tuple(series), draw(prose(1_100)))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Up to twice as wide and several times as long as a chat takes."""
    width = draw(st.integers(1, 25))
    cells = st.lists(SHORT, min_size=width, max_size=width).map(tuple)
    rows = draw(st.lists(cells, max_size=3))
    return Table(
        draw(SHORT),
        tuple(draw(st.lists(SHORT, min_size=width, max_size=width))),
        tuple(rows) * draw(st.sampled_from([1, 30])),
    )


CARDS = st.builds(
    Card,
    NAMES.map(lambda name: f"post:{name}"),
    prose().map(lambda text: text or "A card"),
    TONES,
    prose(),
    some(prose(), 3),
    some(PREVIEWS, 2),
    some(GROUPS, 2),
    some(BUTTONS, 4),
    st.none() | charts(),
    st.none() | tables(),
)
CHOICES = st.builds(Choice, prose(120).map(lambda text: text.replace("\n", " ").strip() or "Yes"), SHORT)
ORDINARY = st.builds(
    Outgoing,
    st.just("message_0123456789abcdef"),
    prose(),
    st.none() | CARDS,
    some(CHOICES, 3),
    st.just("Europe/Berlin"),
)
HUGE = (
    "text",
    "title",
    "status",
    "notes",
    "previews",
    "parts",
    "images",
    "groups",
    "rows",
    "buttons",
    "table",
    "choices",
)
"""What may be ten times as much as a chat shows at once; one of them in one message."""


@st.composite
def messages(draw: st.DrawFn) -> Outgoing:
    """An ordinary message, or one of which one thing is huge."""
    message = draw(ORDINARY)
    what = draw(st.sampled_from(["", *HUGE]))
    if not what:
        return message
    if what == "text":
        return replace(message, text=draw(prose(LONGEST)))
    if what == "choices":
        return replace(message, choices=draw(st.lists(CHOICES, min_size=30, max_size=30).map(tuple)))
    card = message.card or draw(CARDS)
    return replace(message, card=replace(card, **draw(_huge(what))))


@st.composite
def _huge(draw: st.DrawFn, what: str) -> dict[str, Any]:
    preview, row = draw(PREVIEWS), Row(draw(prose()), draw(prose()))
    if what in ("title", "status"):
        return {what: draw(prose(LONGEST)) or "A card"}
    if what == "notes":
        return {what: (draw(prose(LONGEST)), *draw(st.lists(prose(), min_size=30, max_size=30)))}
    if what == "parts":
        return {"previews": (replace(preview, parts=(draw(PARTS),) * 30 + (_part(draw(prose(LONGEST))),)),)}
    if what == "images":
        return {"previews": (replace(preview, parts=(replace(draw(PARTS), images=(draw(IMAGES),) * 40),)),)}
    if what == "rows":
        return {"groups": (Group(draw(SHORT), (row,) * 400 + (Row(draw(prose(LONGEST))),)),)}
    if what == "table":
        table = draw(tables())
        return {what: replace(table, rows=(table.rows * 1_000)[:1_000])}
    many = {"previews": PREVIEWS, "groups": GROUPS, "buttons": BUTTONS}[what]
    return {what: tuple(draw(st.lists(many, min_size=3, max_size=5))) * 20}


MESSAGES = messages()
