"""The part of the platform port that is about accounts: logging in, coming back from a platform's own page, letting go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from content.errors import Invalid
from content.platform import Access, Json


@dataclass(frozen=True)
class Field:
    """One question of a form."""

    name: str
    label: str
    kind: Literal["text", "password", "url", "long"] = "text"
    hint: str = ""  # an example; of a `long` field the text that stands there now
    required: bool = True
    options: tuple[tuple[str, str], ...] = ()  # what can be chosen, value and label; empty: anything


@dataclass(frozen=True)
class Identity:
    """Who an account is on its platform."""

    remote_id: str
    handle: str
    """As people write it, without the leading @."""
    name: str = ""
    server: str = ""
    kind: str = ""
    """What it is where a login reaches several, such as “page”; empty: a person's own account."""


@dataclass(frozen=True)
class Login:
    """What is sealed and kept for an account."""

    secrets: Mapping[str, str] = field(repr=False)
    expires_at: datetime | None = None
    """When it must be renewed, which `refresh` does; None: never."""
    ends_at: datetime | None = None
    """After this nothing renews it but the person, who is told in time; None: not known, or never."""


@dataclass(frozen=True)
class Connected:
    """A login that works, checked at once."""

    identity: Identity
    login: Login
    facts: Json = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    """What was allowed, by the platform's own names."""


@dataclass(frozen=True)
class Elsewhere:
    """The person must go to `url` and come back; `keep` is sealed until then and handed to `finish`."""

    url: str
    keep: Mapping[str, str] = field(repr=False)
    asks: tuple[str, ...] = ()
    """What the person is about to allow, in words that follow “to”: “post for you”."""


@runtime_checkable
class Connects(Protocol):
    """A platform with accounts to connect."""

    def setup(self, callback_url: str) -> Sequence[str]:
        """What whoever runs the desk must do before anybody can connect, step by step; empty: nothing is missing."""

    def form(self) -> tuple[Field, ...]:
        """What to ask the person."""

    async def start(self, given: Mapping[str, str], callback_url: str, state: str) -> Connected | Elsewhere:
        """Log in with what the form gave, or say where the person must go.

        Raises:
            Invalid: what was given cannot work, per field.
            Rejected, NeedsReconnect, RateLimited, Unavailable: the platform said no, and why.
        """

    async def finish(
        self, keep: Mapping[str, str], answer: Mapping[str, str], callback_url: str
    ) -> Sequence[Connected]:
        """The person came back with the query parameters `answer`: every account that the login reaches, theirs first.

        Raises:
            Rejected: they said no, or the platform did, in its own words.
            RateLimited, Unavailable: no login came; they start again.
        """

    async def check(self, access: Access) -> Connected:
        """Ask the platform who we are: fresh identity and facts, the same or a renewed login."""

    async def refresh(self, access: Access) -> Login:
        """A new login from the old one; the old one may be dead afterwards, so store it before use.

        Raises:
            NeedsReconnect: only the person can mend it.
            RateLimited, Unavailable: the old one may still be good.
        """

    async def revoke(self, access: Access) -> None:
        """End the login at the platform; it is no error when it is gone already."""


def require_set_up(label: str, connects: Connects, callback_url: str) -> None:
    """Refuse what whoever runs the desk has not made possible.

    Raises:
        Invalid: with the steps that are missing.
    """
    steps = connects.setup(callback_url)
    if steps:
        listed = " ".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
        raise Invalid(f"{label} is not set up on this desk yet. Whoever runs it does this once: {listed}")


def require_filled(connects: Connects, given: Mapping[str, str]) -> None:
    """Refuse a form with gaps.

    Raises:
        Invalid: with the fields that are missing.
    """
    missing = [field.label for field in connects.form() if field.required and not given.get(field.name, "").strip()]
    if missing:
        raise Invalid(f"Please fill in: {', '.join(missing)}. Nothing was sent yet.")
