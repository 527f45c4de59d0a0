"""An account on the small Bluesky of `tests/servers/bluesky.py`, connected: what its tests begin with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from content.connecting import Connected
from content.platform import Absent, Access, Content, Image, PartContent, Prepared, Published
from integrations.bluesky import Bluesky
from integrations.http import Http
from tests.fakes.clock import FakeClock
from tests.servers.bluesky import BlueskyServer
from tests.servers.running import serving


class Pictures:
    """Media that counts how often it is read."""

    def __init__(self, content: bytes = b"png") -> None:
        self.content = content
        self.reads = 0

    async def read(self, media_id: str) -> bytes:
        self.reads += 1
        return self.content

    async def read_range(self, media_id: str, start: int, end: int) -> bytes:
        return (await self.read(media_id))[start:end]


@dataclass
class Desk:
    """A platform, its server, and an account that is connected."""

    server: BlueskyServer
    base_url: str
    clock: FakeClock
    http: Http
    platform: Bluesky
    access: Access
    media: Pictures = field(default_factory=Pictures)

    async def prepared(self, *texts: str, images: tuple[Image, ...] = (), **given: Any) -> Prepared:
        parts = tuple(PartContent(text, images if number == 0 else ()) for number, text in enumerate(texts))
        rendering = self.platform.render(Content(parts, **given), self.access)
        return await self.platform.prepare(rendering, self.access, self.media, {})

    async def commit(self, prepared: Prepared, part: int = 0, earlier: tuple[Published, ...] = ()) -> Published:
        return await self.platform.commit(prepared, part, "key", earlier)

    async def find(self, prepared: Prepared) -> Published | Absent | None:
        return await self.platform.find(prepared, 0, "key", self.clock.now(), ())


def access_of(connected: object) -> Access:
    """The account as it is kept after it was connected."""
    assert isinstance(connected, Connected)
    who, login = connected.identity, connected.login
    return Access("account_1", "bluesky", who.remote_id, who.handle, who.server, {}, login.secrets, login.expires_at)


@asynccontextmanager
async def connected_desk() -> AsyncIterator[Desk]:
    """A desk while the block runs."""
    clock = FakeClock()
    server = BlueskyServer(clock)
    http = Http(clock=clock, allowed_private_hosts=["localhost", "127.0.0.1"])
    async with serving(server.app) as base_url:
        platform = server.platform(http, clock, base_url)
        access = access_of(await platform.start(server.form(base_url), "", ""))
        yield Desk(server, base_url, clock, http, platform, access)
