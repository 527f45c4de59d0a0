"""What `tests/integrations/test_every_platform.py` needs to know of a platform's server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from starlette.types import ASGIApp

from content.platform import Platform
from content.times import Clock
from integrations import Deps
from tests.servers.faults import Faults


@dataclass(frozen=True)
class Post:
    """A public post as a stranger sees it."""

    remote_id: str
    text: str
    images: tuple[tuple[str, str], ...] = ()
    """SHA-256 of the bytes and description of each."""
    reply_to: str | None = None


class PlatformServer(Protocol):
    """A platform's other side. It is served at `url`, and counts time by the clock it is built with."""

    commit_route: ClassVar[str]
    """The request that makes a part public, as `Faults.add` takes it; empty where there is none to break."""
    logins: ClassVar[bool]
    """Whether a login can be wrong or lost."""
    clickable: ClassVar[str]
    """A text with one of each thing that becomes a span."""
    kinds: ClassVar[frozenset[str]]
    """Those kinds of spans."""

    url: str
    faults: Faults

    def __init__(self, clock: Clock) -> None: ...

    @property
    def app(self) -> ASGIApp:
        """What answers at `url`."""

    def platform(self, deps: Deps) -> Platform:
        """The platform, with this server behind it."""

    def form(self, *, right: bool = True) -> Mapping[str, str]:
        """What a person with a right or a wrong login types into the connect form."""

    async def walk(self, url: str, *, allow: bool = True) -> Mapping[str, str]:
        """Go where `start` sent the person, say yes or no there, and return the query they come back with."""

    def lose_login(self) -> None:
        """End every login from this side."""

    def posts(self) -> Sequence[Post]:
        """What is public, oldest first."""
