"""The port that a chat implements, and what goes through it.

A card says what is meant; each chat draws it in its richest native form. A button carries `verb:id:revision`, never
content: a press is a request to verify, see `bot/actions.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from content.connecting import Field
from content.errors import Problem
from content.people import Actor
from content.platform import Numbers, RenderedPart
from content.transcript import Line

Tone = Literal["plain", "asking", "waiting", "good", "bad"]


@dataclass(frozen=True)
class Place:
    """Where something is said: a row of `conversation`, with the chat's own address of it."""

    conversation_id: str
    workspace_id: str
    chat: str
    address: str


@dataclass(frozen=True)
class Button:
    """Something a person may press. `id` and `revision` say on what; the label says what happens."""

    verb: str
    label: str
    id: str
    revision: int = 0
    style: Literal["plain", "primary", "danger"] = "plain"
    form: tuple[Field, ...] = ()
    """Asked before the press counts, such as a time."""
    url: str = ""
    """An address it opens instead of being pressed."""

    @property
    def key(self) -> str:
        """What the button carries: `verb:id:revision`."""
        return f"{self.verb}:{self.id}:{self.revision}"


@dataclass(frozen=True)
class Preview:
    """A post on one account as the platform will show it, and how it stands there."""

    label: str
    handle: str
    unit: str
    limit: int
    parts: tuple[RenderedPart, ...]
    tone: Tone
    status: str
    """One line: when it goes out, where it is, what went wrong."""
    at: datetime | None = None
    """The instant the status speaks of, for chats that show it in the reader's zone."""
    url: str = ""
    problems: tuple[Problem, ...] = ()
    numbers: Numbers | None = None
    buttons: tuple[Button, ...] = ()
    """About this account only: “It is live”."""


@dataclass(frozen=True)
class Row:
    """One line of a list: of a calendar, of goals, of headlines."""

    title: str
    detail: str = ""
    url: str = ""
    at: datetime | None = None
    tone: Tone = "plain"


@dataclass(frozen=True)
class Group:
    """Rows under one heading, such as a day."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Table:
    """Rows of words and numbers under headings; every row has as many cells as there are headings."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Series:
    """One line or one row of bars of a chart; a value a category, in their order."""

    name: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Chart:
    """Numbers as a picture. `alt` says the same in words, for those who cannot see it."""

    title: str
    kind: Literal["bar", "line"]
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    alt: str


def chart_of(kept: Mapping[str, Any]) -> Chart:
    """A chart as it was kept in a piece of JSON, by `dataclasses.asdict` or in the same form."""
    series = tuple(Series(one["name"], tuple(one["values"])) for one in kept["series"])
    return Chart(kept["title"], kept["kind"], tuple(kept["categories"]), series, kept["alt"])


@dataclass(frozen=True)
class Card:
    """One thing, drawn from its row at the moment it is shown."""

    subject: str
    """`kind:id` of the row, by which every copy is found again."""
    title: str
    tone: Tone = "plain"
    status: str = ""
    notes: tuple[str, ...] = ()
    previews: tuple[Preview, ...] = ()
    groups: tuple[Group, ...] = ()
    buttons: tuple[Button, ...] = ()
    chart: Chart | None = None
    table: Table | None = None


@dataclass(frozen=True)
class Choice:
    """An answer offered: pressing it says `say`."""

    label: str
    say: str


@dataclass(frozen=True)
class OutMessage:
    """What the desk says."""

    text: str = ""
    card: Card | None = None
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Step:
    """One thing the desk is doing or has done in this turn: “writing 2 of 3”."""

    words: str
    done: bool = False


@dataclass(frozen=True)
class Progress:
    """How far a turn is; gone when the answer stands."""

    steps: Sequence[Step] = ()
    text: str = ""
    """What the model has said so far."""


@dataclass(frozen=True)
class Incoming:
    """Something a member said."""

    event_id: str
    place: Place
    actor: Actor
    text: str
    images: tuple[str, ...] = ()
    """Ids of pictures that came with it."""
    reply_to: str = ""
    """The subject of the card it answers."""


@dataclass(frozen=True)
class Action:
    """A press of a button, not yet believed."""

    place: Place
    actor: Actor
    verb: str
    id: str
    revision: int
    form: Mapping[str, str] = field(default_factory=dict)
    callback_url: str = ""
    """Where a platform's own login page sends the person back to."""


@dataclass(frozen=True)
class Answer:
    """What a press came to, in a sentence; `tone` good or bad."""

    text: str
    tone: Tone = "good"
    go_to: str = ""
    """An address the person must open now, such as a platform's login page."""
    subject: str = ""
    """The card that helps now, such as `accounts:all`, for chats that can show it where the press was made."""
    on_card: bool = True
    """The card leads to `go_to` too: where it is shown the address need not be told. Else it is for who pressed alone."""


class Chat(Protocol):
    """One chat: Slack, Telegram, our own page."""

    @property
    def name(self) -> str:
        """The chat's slug, as in `Place.chat`."""

    async def post(self, place: Place, message: OutMessage, key: str = "") -> str:
        """Say something new; returns the message's reference within the chat.

        Where the chat can tell, a second post with the same `key` is the same message.
        """

    async def edit(self, place: Place, ref: str, message: OutMessage) -> None:
        """Replace what a message shows."""

    async def note(self, place: Place, member_id: str, text: str) -> None:
        """Tell one person something, unseen by others."""

    async def progress(self, place: Place, progress: Progress | None) -> None:
        """Show how far the turn is; None: it is over. May be called often; the chat shows what it can keep up with."""


def line(message: OutMessage, key: str = "") -> Line:
    """What is kept of a message: its words, what its card shows, its choices. The card itself is drawn anew each time."""
    choices = [{"label": choice.label, "say": choice.say} for choice in message.choices]
    subject = message.card.subject if message.card else None
    return Line(message.text, subject, {"choices": choices} if choices else {}, key)
