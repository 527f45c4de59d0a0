"""Every platform with its server, connected: what the contract in `test_every_platform.py` works on."""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from starlette.types import ASGIApp

from content.connecting import Connected, Connects
from content.platform import Access, Content, Image, PartContent, Platform, Prepared, Published, Rendering, Resolves
from content.times import Clock
from integrations import Deps
from integrations.http import Http
from tests.fakes.clock import FakeClock
from tests.servers.bluesky import BlueskyServer
from tests.servers.folder import FolderServer
from tests.servers.linkedin import LinkedInServer
from tests.servers.mastodon import MastodonServer
from tests.servers.platform import PlatformServer, Post
from tests.servers.running import serving
from tests.servers.x import XServer

CALLBACK = "https://desk.example.org/connect/return"
STATE = "a-state"
KEY = "5f1c2f6e-0b1e-4f7a-9d67-3d5f5f0c8a11"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


class Bluesky:
    """The server of Bluesky's own tests, as the contract looks at it."""

    commit_route: ClassVar[str] = "POST /xrpc/com.atproto.repo.createRecord"
    logins: ClassVar[bool] = True
    clickable: ClassVar[str] = "Read https://example.org/a_(b)?c=1#d, ask @desk.test about #Čaj"
    kinds: ClassVar[frozenset[str]] = frozenset({"link", "mention", "tag"})

    def __init__(self, clock: Clock) -> None:
        self.url = ""
        self._server = BlueskyServer(clock)
        self.faults = self._server.faults

    @property
    def app(self) -> ASGIApp:
        return self._server.app

    def platform(self, deps: Deps) -> Platform:
        return self._server.platform(deps.http, deps.clock, self.url)

    def form(self, *, right: bool = True) -> Mapping[str, str]:
        given = self._server.form(self.url)
        return given if right else {**given, "app_password": "aaaa-aaaa-aaaa-aaaa"}

    async def walk(self, url: str, *, allow: bool = True) -> Mapping[str, str]:
        raise AssertionError("nobody is sent anywhere")

    def lose_login(self) -> None:
        self._server.end_sessions()
        self._server.desk.app_passwords.clear()

    def posts(self) -> Sequence[Post]:
        return [
            Post(post["remote_id"], post["text"], self._images(post["remote_id"]), post["reply_to"])
            for post in self._server.posts()
        ]

    def _images(self, uri: str) -> tuple[tuple[str, str], ...]:
        record = self._server.desk.records[uri.rpartition("/")[2]]["value"]
        images = record.get("embed", {}).get("images", [])
        return tuple((_digest_in(image["image"]["ref"]["$link"]), image["alt"]) for image in images)


def _digest_in(cid: str) -> str:
    """The SHA-256 that the server's content address is made of."""
    return base64.b32decode(cid.removeprefix("bafkrei").upper() + "====").hex()


SERVERS: Mapping[str, type[PlatformServer]] = {
    "bluesky": Bluesky,
    "folder": FolderServer,
    "linkedin": LinkedInServer,
    "mastodon": MastodonServer,
    "x": XServer,
}


@dataclass
class Desk:
    """One platform, connected to its server, and what a test needs to use it."""

    server: PlatformServer
    platform: Platform
    deps: Deps
    clock: FakeClock
    connected: Connected

    @property
    def access(self) -> Access:
        identity, login = self.connected.identity, self.connected.login
        return Access(
            "acc_1",
            self.platform.spec.name,
            identity.remote_id,
            identity.handle,
            identity.server,
            self.connected.facts,
            login.secrets,
            login.expires_at,
        )

    async def rendered(self, *parts: PartContent) -> Rendering:
        content = Content(parts)
        if isinstance(self.platform, Resolves):
            content = replace(content, resolved=await self.platform.resolve(content, self.access))
        return self.platform.render(content, self.access)

    async def prepared(self, *parts: PartContent) -> Prepared:
        rendering = await self.rendered(*parts)
        assert self.platform.problems(rendering) == []
        return await self.platform.prepare(rendering, self.access, Pictures(), {})

    async def committed(
        self, prepared: Prepared, part: int = 0, earlier: Sequence[Published] = (), key: str = KEY
    ) -> Published:
        published = await self.platform.commit(prepared, part, f"{key}-{part}", earlier)
        assert isinstance(published, Published)
        return published


class Pictures:
    async def read(self, media_id: str) -> bytes:
        return PICTURE

    async def read_range(self, media_id: str, start: int, end: int) -> bytes:
        return (await self.read(media_id))[start:end]


def picture(alt: str = "A lighthouse [at dawn], “calm”") -> Image:
    return Image("media_1", hashlib.sha256(PICTURE).hexdigest(), "image/png", len(PICTURE), 16, 16, alt, "light.png")


async def only_loopback(host: str, port: int) -> Sequence[str]:
    if host != "127.0.0.1":
        raise OSError("tests stay on this machine")
    return [host]


async def connect(server: PlatformServer, platform: Platform, *, right: bool = True) -> Connected:
    """The whole way a person goes; where `right` is False they type or answer something wrong on it."""
    assert isinstance(platform, Connects)
    outcome = await platform.start(server.form(right=right), CALLBACK, STATE)
    if isinstance(outcome, Connected):
        return outcome
    answer = await server.walk(outcome.url, allow=right)
    assert answer["state"] == STATE
    return (await platform.finish(outcome.keep, answer, CALLBACK))[0]


@asynccontextmanager
async def open_desk(name: str, folder: Path) -> AsyncIterator[Desk]:
    """The platform of that name with its server running, connected; `folder` is for what it keeps in files."""
    clock = FakeClock()
    server = SERVERS[name](clock)
    http = Http(clock=clock, allowed_private_hosts=["127.0.0.1"], resolve=only_loopback)
    async with serving(server.app) as server.url:
        deps = Deps(http, clock, folder)
        platform = server.platform(deps)
        yield Desk(server, platform, deps, clock, await connect(server, platform))
