"""The port by which the site hands requests of chats to whoever can read them, without knowing any chat."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from content.people import Actor


@dataclass(frozen=True)
class RawRequest:
    """A request as it came in, not yet believed."""

    method: str
    path: str
    """Below the receiver's own, such as `events`."""
    query: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    actor: Actor | None = None
    """The member whose browser this is, where it is one."""


@dataclass(frozen=True)
class RawAnswer:
    """What to answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Receiver(Protocol):
    """Verifies a raw request, keeps what it brings, and answers it."""

    async def receive(self, request: RawRequest) -> RawAnswer:
        """Nothing is acknowledged before it is committed; what does not verify changes nothing."""
