"""What people see of somebody's way through a platform's own page, and how the logins it reached are kept meanwhile."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from content.connecting import Connected, Identity, Login
from content.models import ConnectStep

NOBODY_CAME = "Nobody came back within ten minutes, so nothing was connected."


@dataclass(frozen=True)
class Choice:
    """An account that a login reaches."""

    remote_id: str
    handle: str
    name: str
    kind: str
    here: bool
    """It is connected here already: the new login is kept for it, whatever is chosen."""


@dataclass(frozen=True)
class ConsentView:
    """How far somebody is on the way through a platform's own page."""

    id: str
    platform: str
    label: str
    step: ConnectStep
    expired: bool
    words: str
    """What it came to, as a sentence; empty while it is under way."""
    asks: tuple[str, ...]
    """What is allowed by it, in words that follow “to”."""
    member_id: str
    member: str
    workspace: str
    expires_at: datetime
    conversation_id: str | None
    private: bool
    """Whether it was begun where only the member reads."""
    ticket: str = ""
    """What opens the way, for the member alone; empty once it is walked."""
    choices: tuple[Choice, ...] = ()
    scopes: tuple[str, ...] = ()
    """What the platform says it allowed, by its own names."""

    @property
    def open(self) -> bool:
        """Whether it can still be begun with."""
        return self.step in (ConnectStep.BEGUN, ConnectStep.AWAY) and not self.expired


@dataclass(frozen=True)
class Departure:
    """Where a browser sets out to, and the secret it must bring back."""

    attempt_id: str
    url: str
    browser: str


def choice_of(identity: Identity, here: Collection[str]) -> Choice:
    """The account, as it is offered; `here` are the remote ids of those connected already."""
    name = "" if identity.name.casefold() == identity.handle.casefold() else identity.name
    return Choice(identity.remote_id, identity.handle, name, identity.kind, identity.remote_id in here)


def kept_login(one: Connected) -> dict[str, Any]:
    """A login as a JSON object, to be sealed."""
    login = {"secrets": dict(one.login.secrets)}
    times = {
        name: moment.isoformat() if moment else None
        for name, moment in (("expires_at", one.login.expires_at), ("ends_at", one.login.ends_at))
    }
    return {"identity": asdict(one.identity), "login": login | times, "facts": dict(one.facts), "scopes": one.scopes}


def read_login(stored: Mapping[str, Any]) -> Connected:
    """The login that `kept_login` made this object from."""
    login = stored["login"]
    expires_at, ends_at = (
        datetime.fromisoformat(login[name]) if login[name] else None for name in ("expires_at", "ends_at")
    )
    return Connected(
        Identity(**stored["identity"]),
        Login(login["secrets"], expires_at, ends_at),
        stored["facts"],
        tuple(stored["scopes"]),
    )
