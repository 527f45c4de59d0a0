"""Every message, at every size up to ten times what fits, on every chat: within its limits, with all its buttons, losing no text.

A chat is added to `CHATS` with what checks its limits; everything else is the same for all.
"""

import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from bot.chat import Card
from bot.native import Outgoing, Piece
from bot.slack import render as slack
from bot.telegram import render as telegram
from tests.bot.messages import MESSAGES
from tests.bot.slack.blockcheck import check_body as check_slack
from tests.bot.telegram.bodycheck import check_body as check_telegram

Render = Callable[[Outgoing], Sequence[Piece]]


@dataclass(frozen=True)
class Drawing:
    """How one chat draws, and what holds it to its limits."""

    render: Render
    plain: Render
    check: Callable[[Mapping[str, Any]], None]

    def __repr__(self) -> str:
        return self.render.__module__.split(".")[1]


CHATS = (Drawing(slack.render, slack.plain, check_slack), Drawing(telegram.render, telegram.plain, check_telegram))
BOTH_WAYS = [(chat, way) for chat in CHATS for way in ("render", "plain")]
WORDS = {"text", "title", "alt", "caption", "alt_text", "fallback", "label", "name"}
MANY = settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.generate),  # what fails here is large, and shrinking it would take minutes
    database=None,
)


def drawn(chat: Drawing, way: str, message: Outgoing) -> Sequence[Piece]:
    return chat.render(message) if way == "render" else chat.plain(message)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.parametrize(("chat", "way"), BOTH_WAYS)
@given(message=MESSAGES)
@MANY
def test_it_is_within_the_limits_with_every_button_and_loses_no_text(
    chat: Drawing, way: str, message: Outgoing
) -> None:
    pieces = drawn(chat, way, message)
    assert pieces
    for piece in pieces:
        chat.check(piece.body)
    whole = json.dumps([piece.body for piece in pieces])
    for key in keys(message):
        assert json.dumps(key) in whole
    shown = letters("".join(word for piece in pieces for word in said(piece.body)))
    for text in texts(message):
        assert letters(text) in shown, f"lost: {text[:200]!r}"
    assert [piece.digest for piece in drawn(chat, way, message)] == [piece.digest for piece in pieces]


def keys(message: Outgoing) -> list[str]:
    """What every button carries."""
    buttons = [
        *(message.card.buttons if message.card else ()),
        *(one for preview in (message.card.previews if message.card else ()) for one in preview.buttons),
    ]
    offered = [f"say:{message.id}:{number}" for number in range(len(message.choices))]
    return [*(button.key for button in buttons), *offered]


def texts(message: Outgoing) -> Iterator[str]:
    """What stands in a message, but for its light Markdown, whose marks are not shown."""
    if message.card:
        yield from _of_card(message.card)


def _of_card(card: Card) -> Iterator[str]:
    yield from (card.title, card.status, *card.notes)
    for preview in card.previews:
        yield from (preview.label, preview.handle, preview.status)
        yield from (part.text for part in preview.parts)
        for problem in preview.problems:
            yield from (problem.what, problem.fix)
    for group in card.groups:
        yield group.heading
        for row in group.rows:
            yield from (row.title, row.detail)
    if card.table:
        yield from card.table.headings
        yield from (cell for row in card.table.rows for cell in row)


def said(body: Any) -> Iterator[str]:
    """Every word a body shows, in order; a Slack message's own `text` only repeats its blocks."""
    if isinstance(body, Mapping):
        for name, value in body.items():
            if isinstance(value, str) and name in WORDS and not (name == "text" and "blocks" in body):
                yield value
            elif name != "instead":
                yield from said(value)
    elif isinstance(body, list | tuple):
        for one in body:
            yield from said(one)


def letters(text: str) -> str:
    """Only what nobody could take for layout or a mark."""
    return "".join(one for one in text if unicodedata.category(one)[0] in "LNM")
