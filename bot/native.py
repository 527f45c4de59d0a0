"""The port of a chat that keeps messages of its own, such as Slack and Telegram: what goes there, and what comes from there.

Our own rows come first. What the desk says is a row that `bot/carrier.py` carries there and keeps true; what a chat
delivers is an `Arrival`, committed before it is acknowledged, which `bot/arrivals.py` reads and acts on. An adapter holds nothing
that a restart may not lose.

Addresses (`address`) and references (`ref`) are the adapter's own words: made by it, kept in rows, never read by others.
A `ref` is unique within the chat. Whatever the chat answers becomes one of the errors of `content/errors.py`:
`RateLimited` and `Unavailable`: nothing happened, later; `Rejected`: this piece will never be taken; `NotFound`: the
place or the message is gone, or the desk was put out; `OutcomeUnknown`: it may have arrived.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from bot.chat import Answer, Card, Choice, Progress
from content.checkup import Finding
from content.connecting import Field
from content.errors import Rejected

UNSURE = "maybe:"
"""Begins the key of a message that may have arrived already: a chat that can look for it does so first."""


class SendAnew(Rejected):
    """What stands in the chat cannot be turned into this by an edit, such as words into a picture."""


# what goes there


@dataclass(frozen=True)
class Outgoing:
    """A message of ours as a chat shall show it now."""

    id: str
    """The message's row: its choice number `n` is pressed as `say:{id}:{n}`, counted from 0."""
    text: str = ""
    """Light Markdown, see `bot/words.py`."""
    card: Card | None = None
    choices: tuple[Choice, ...] = ()
    zone: str = "UTC"
    """IANA zone to name times in, where the chat cannot show the reader's own."""


@dataclass(frozen=True)
class Piece:
    """One message of the chat, ready to be sent; a message of ours becomes one or several."""

    body: Mapping[str, Any]
    """The adapter's own; JSON, but for bytes."""
    digest: str
    """SHA-256 in hex over everything it shows, so that nothing is edited into what it is already."""


@dataclass(frozen=True)
class Form:
    """What a button asks before it counts."""

    key: str
    """The pressed button's `verb:id:revision`."""
    title: str
    submit: str
    fields: tuple[Field, ...]
    """`hint` holds the present text where `long` is asked for, as `bot/cards.py` makes them."""


# what comes from there


@dataclass(frozen=True)
class Arriving:
    """What a chat delivered, word for word, on its way into the inbox."""

    event_id: str
    """The chat's own: the same event delivered twice counts once."""
    lane: str
    """Handled one after the other within a lane; at most 180 characters."""
    number: int
    """The chat's own order within the lane."""
    payload: Mapping[str, Any]
    twin: str = ""
    """A second name of the same thing, where a chat tells it under two event ids."""


class Intake(Protocol):
    """Where adapters put what arrives, see `bot/arrivals.py`."""

    async def take(self, chat: str, arriving: Arriving) -> bool:
        """Returns once it and its job are committed; False: it was taken before, which is fine.

        Raises:
            Unavailable: it could not be kept. Do not acknowledge it: the chat shall deliver it again.
        """

    async def answer(self, chat: str, event_id: str, within: timedelta) -> Answer | None:
        """What a press with this event id came to, or None when that takes longer. To be asked after `take`."""


@dataclass(frozen=True)
class Sender:
    """Somebody in a chat."""

    remote_id: str
    """The chat's unchangeable id of this person, never a name that somebody else may take."""
    name: str
    home: str = ""
    """The chat's id of the team they belong to, where it has such."""


@dataclass(frozen=True)
class Picture:
    """A picture or video that came with a message; `handle` is what `Native.fetch` needs."""

    name: str
    handle: str


@dataclass(frozen=True)
class Heard:
    """Somebody said something, or gave a command (then the text begins with `/`)."""

    sender: Sender
    address: str
    private: bool
    """Whether only this person and the desk read along."""
    addressed: bool
    """Whether it was said to the desk: in private, by mention, as a reply to it, as a command."""
    text: str
    """Plain, without the mention of the desk."""
    pictures: tuple[Picture, ...] = ()
    reply_ref: str = ""
    """The `ref` of the message it answers, or empty."""
    ref: str = ""
    """The `ref` of this very message."""
    mentions: tuple[Sender, ...] = ()
    """People named in it, other than the desk, where the chat tells who is meant."""


@dataclass(frozen=True)
class Pressed:
    """A button of ours was pressed, or its form filled in. Nothing of it is believed yet."""

    sender: Sender
    address: str
    """Where the button stands."""
    private: bool
    key: str
    """`verb:id:revision`, or `say:{message id}:{number}`."""
    ref: str = ""
    """The message the button stands in, where there is one."""
    form: Mapping[str, str] | None = None
    """What was filled in; None: only the button was pressed."""
    handle: Mapping[str, Any] = field(default_factory=dict)
    """What `answered` and `open_form` need to get back to the person."""


@dataclass(frozen=True)
class StopWanted:
    """The chat's own stop button was pressed."""

    sender: Sender
    address: str


@dataclass(frozen=True)
class Opened:
    """Somebody opened the desk's own pages in the chat."""

    sender: Sender
    page: str
    """`home`: the overview; `messages`: an empty private conversation."""
    address: str = ""


@dataclass(frozen=True)
class Arrived:
    """The desk was let into a room; `by` let it in."""

    sender: Sender
    address: str
    title: str


@dataclass(frozen=True)
class Gone:
    """The desk was put out: of one place (`address`), or of a whole team (`home`)."""

    home: str = ""
    address: str = ""


Happening = Heard | Pressed | StopWanted | Opened | Arrived | Gone


class Native(Protocol):
    """A chat that keeps messages of its own."""

    @property
    def name(self) -> str:
        """The chat's slug, as in `Place.chat`."""

    @property
    def label(self) -> str:
        """What people call it."""

    @property
    def breath(self) -> timedelta:
        """Least time between two pictures of a turn's progress in one place."""

    def render(self, message: Outgoing) -> Sequence[Piece]:
        """The message in this chat's own form, within all its limits; pure. Nothing is left out without saying so."""

    def plain(self, message: Outgoing) -> Sequence[Piece]:
        """The same with nothing a chat could refuse: words only, and the buttons; pure."""

    async def send(self, address: str, piece: Piece, key: str) -> str:
        """Say something new there; returns its `ref`. Where the chat can tell, a second send with one `key` is the same message."""

    async def edit(self, ref: str, piece: Piece) -> None:
        """Make a message show this. That it shows it already is no error.

        Raises:
            SendAnew: it cannot become this; it is to be removed, and this to be sent.
        """

    async def remove(self, ref: str) -> None:
        """Take a message of ours away; that it is gone already is no error."""

    async def note(self, address: str, remote_id: str, text: str) -> None:
        """Tell one person something, unseen by others."""

    async def progress(self, address: str, progress: Progress | None, ref: str) -> str:
        """Show how far a turn is, in the message `ref` if there is one; None: it is over, and nothing of it may be left standing.

        Returns the `ref` of the message that shows it now, or empty. Never raises: progress is not worth a turn.
        """

    async def private(self, remote_id: str) -> str:
        """The address of the private conversation with this person."""

    async def called(self, person: Sender) -> str:
        """What people call somebody there; where the chat does not say, what is known already. Never raises."""

    def way_in(self, token: str) -> str:
        """How somebody brings a one-time word to the desk here, in a sentence with a link or what to type."""

    def meaning(self, payload: Mapping[str, Any]) -> Happening | None:
        """What a delivered payload means; None: nothing to us. Pure."""

    async def fetch(self, handle: str, to: Path) -> None:
        """Write what came into a file; of what is larger than `content.media.LARGEST_VIDEO` a little more than that.

        Raises:
            Unavailable, NotFound, Rejected: it could not be had.
        """

    async def answered(self, press: Pressed, answer: Answer) -> None:
        """Tell the person who pressed what it came to, unseen by others. Never raises."""

    async def open_form(self, press: Pressed, form: Form) -> bool:
        """Ask for what a button needs in a form; False: this chat has none, ask step by step."""

    async def ask(self, address: str, person: Sender, text: str, reply_to: str = "") -> str:
        """Ask one person for one answer in words; returns the question's `ref`."""


@runtime_checkable
class Leaves(Protocol):
    """A chat in which the desk is installed team by team."""

    async def left(self, home: str) -> None:
        """The desk was put out of this team: forget its tokens."""


@runtime_checkable
class HasHome(Protocol):
    """A chat with a page of our own a person."""

    async def show_home(self, remote_id: str, cards: Sequence[Card], zone: str) -> None:
        """Draw the page anew."""

    async def suggest(self, address: str, choices: Sequence[Choice]) -> None:
        """Offer first words in an empty conversation. Never raises."""


class Examines(Protocol):
    """A chat that can look at its own set-up."""

    async def examine(self) -> Sequence[Finding]:
        """Token, rights, events, webhook, clock: what is right, what is wrong, how to mend it. Never raises."""


class Connection(Protocol):
    """A chat's own way of bringing what arrives: a long poll, a socket, or a webhook to be announced."""

    async def run(self) -> None:
        """Bring what arrives into the intake until cancelled. Troubles on the way are waited out, not raised."""
