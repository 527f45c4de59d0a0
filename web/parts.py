"""What the site is built with. It knows no chat and no platform: `app/wiring.py` hands them in."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from fastapi import Request

from content.accounts import Accounts
from content.agenda import Agenda, Event
from content.consents import Consents
from content.media import MediaStore
from content.people import Actor, People
from content.receiving import Receiver
from content.subscriptions import Subscriptions
from content.times import Clock


class ServerSentEvent(Protocol):
    """One server-sent event; without a name it is a heartbeat."""

    @property
    def event(self) -> str:
        """Its kind."""

    @property
    def id(self) -> str:
        """Where to go on after a lost connection, or empty."""

    @property
    def data(self) -> str:
        """JSON on one line."""


class Answer(Protocol):
    """What a press came to."""

    @property
    def text(self) -> str:
        """In a sentence."""

    @property
    def tone(self) -> str:
        """`good` or `bad`."""

    @property
    def go_to(self) -> str:
        """An address to open now, or empty."""


class History(Protocol):
    """A stretch of the conversation."""

    @property
    def html(self) -> str:
        """Its messages, safe to put into a page."""

    @property
    def changes(self) -> int:
        """Follow it from here."""

    @property
    def earlier(self) -> int | None:
        """The position before which there is more, or None."""


class Week(Protocol):
    """One week of the calendar."""

    @property
    def title(self) -> str:
        """From when to when."""

    @property
    def html(self) -> str:
        """Its days, safe to put into a page."""


class Talk(Protocol):
    """The conversation behind the chat page; every method is for one member, the actor."""

    async def history(self, actor: Actor, before: int | None = None) -> History:
        """The newest messages, or the newest before a position."""

    async def say(self, actor: Actor, text: str, images: Sequence[str], reply_to: str, event_id: str) -> bool:
        """Keep what was typed and have it answered; False: this event was heard before."""

    async def press(self, actor: Actor, key: str, form: Mapping[str, str], callback_url: str) -> Answer:
        """A button was pressed; a platform's own login page sends the person back to `callback_url`."""

    async def week(self, actor: Actor, weeks_ahead: int) -> Week:
        """What goes out in one week; 0 is this one."""

    def follow(self, actor: Actor, after: int) -> AsyncIterator[ServerSentEvent]:
        """What is new or changed after that many changes, and on."""


@dataclass(frozen=True)
class Parts:
    """Everything the site needs."""

    people: People
    accounts: Accounts
    consents: Consents
    media: MediaStore
    agenda: Agenda
    subscriptions: Subscriptions
    clock: Clock
    as_ical: Callable[[Sequence[Event], datetime], bytes]
    """The events as one calendar file."""
    talk: Talk
    about: Callable[[], str]
    """One line about the model that answers, in light words; empty: nothing to say."""
    ailments: Callable[[], Awaitable[Sequence[str]]]
    """What keeps the desk from working, a sentence each; empty when it is well."""
    receivers: Mapping[str, Receiver] = field(default_factory=dict)
    """Who reads what chats deliver, by what follows `/hooks/`."""
    public_url: str = ""
    """Where others reach the desk, such as `https://desk.example`; empty: this machine only."""


def parts_of(request: Request) -> Parts:
    """The parts of the site that serves this request."""
    parts: Parts = request.app.state.parts
    return parts


def address_of(request: Request) -> str:
    """The desk's own address as the browser knows it, without a slash at the end."""
    return (parts_of(request).public_url or str(request.base_url)).rstrip("/")
