"""The whole program, wired as in the product, for journeys: its site is served, its jobs run, a person sits before it.

The person sees only what a browser would: pages, the event stream, buttons by the keys that stand in the HTML.
"""

import asyncio
import html
import json
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from app.chats import Chats
from app.serve import open_desk
from app.settings import Settings
from app.wiring import App, build, think, tick
from content.people import Actor
from tests.fakes.clock import FakeClock
from tests.servers.bluesky import BlueskyServer
from tests.servers.mastodon import MastodonServer
from tests.servers.running import serving

PATIENCE = 60
"""Real seconds that anything may take before a journey fails."""


@dataclass(frozen=True)
class Shown:
    """One message as the page shows it."""

    ref: str
    html: str
    mine: bool
    """Whether the person said it."""

    @property
    def text(self) -> str:
        """Its words, without markup."""
        return words_of(self.html.partition('<div class="body">')[2].partition('<time class="sent-at"')[0])

    @property
    def buttons(self) -> Mapping[str, str]:
        """Label to key of every button."""
        found = re.findall(r'data-key="([^"]+)"[^>]*>\s*([^<]+?)\s*<', self.html)
        return {html.unescape(label): html.unescape(key) for key, label in found}

    @property
    def is_card(self) -> bool:
        """Whether it shows a row."""
        return 'class="card' in self.html


def words_of(markup: str) -> str:
    """The text of HTML, with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def messages_in(page: str) -> list[Shown]:
    """The messages of a page or of a stretch of history, oldest first."""
    found = re.findall(r'<article class="message ([^"]*)"\s+id="message-([^"]+)"(.*?)</article>', page, re.DOTALL)
    return [Shown(ref, inner, "from-member" in kind) for kind, ref, inner in found]


@dataclass
class Person:
    """A browser without its window: signed in, pressing what it was shown."""

    browser: httpx.AsyncClient
    said: int = 0
    name: str = field(default_factory=lambda: secrets.token_hex(4))
    """Its messages are numbered under this name: the same name and number is the same message."""

    async def say(self, text: str, images: Sequence[str] = (), reply_to: str = "") -> httpx.Response:
        """Type something and send it."""
        self.said += 1
        event_id = f"{self.name} {self.said}"
        typed = {"text": text, "images": list(images), "reply_to": reply_to, "event_id": event_id}
        return await self.browser.post("/chat/messages", json=typed)

    async def press(self, key: str, **form: str) -> dict[str, Any]:
        """Press a button, with what its form was filled in with; what the desk answered."""
        answer = await self.browser.post("/chat/press", json={"key": key, "form": form})
        told: dict[str, Any] = answer.json()
        return told

    async def attach(self, name: str, data: bytes) -> httpx.Response:
        """Put a picture into the composer."""
        return await self.browser.post("/media", files={"file": (name, data)})

    async def messages(self) -> list[Shown]:
        """The conversation as a reload shows it."""
        page = await self.browser.get("/")
        assert page.status_code == 200, page.text
        return messages_in(page.text)

    async def cards(self) -> list[Shown]:
        """The cards of posts in the conversation, oldest first."""
        return [one for one in await self.messages() if one.is_card and 'data-subject="post:' in one.html]

    async def card(self) -> Shown:
        """The newest post's card."""
        return (await self.cards())[-1]

    async def answers(self) -> list[str]:
        """What the desk said in words, oldest first."""
        return [one.text for one in await self.messages() if not one.mine and not one.is_card]

    async def connect(self, platform: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Fill in a platform's form on the page “Accounts”."""
        answer = await self.browser.post(f"/connect/{platform}", json={"form": dict(form)})
        return {"status": answer.status_code, **answer.json()}

    @asynccontextmanager
    async def reading_along(self) -> AsyncIterator[list[tuple[str, Any]]]:
        """What the open page is told while the block runs, as it happens: kind and content of every event."""
        told: list[tuple[str, Any]] = []
        begun = asyncio.Event()

        async def read() -> None:
            async for event in self._events():
                told.append(event)
                begun.set()

        reading = asyncio.create_task(read())
        try:
            await asyncio.wait_for(begun.wait(), PATIENCE)
            yield told
            await asyncio.sleep(0.25)  # the page is told of progress at most five times a second
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _events(self, after: int = 0) -> AsyncIterator[tuple[str, Any]]:
        name = ""
        async with self.browser.stream("GET", f"/chat/events?after={after}", timeout=PATIENCE) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    yield name, json.loads(line.removeprefix("data: "))


@dataclass
class RunningDesk:
    """The program, its clock, and the person before it."""

    app: App
    clock: FakeClock
    url: str
    token: str
    person: Person
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        """Where the folder platform publishes."""
        return self.app.settings.data_dir / "posts"

    def published(self) -> list[str]:
        """The texts in the folder, oldest first."""
        sets = [path for path in self.folder.rglob("post.json") if path.relative_to(self.folder).parts[0][0] != "."]
        told = [json.loads(path.read_text()) for path in sets]
        return [one["text"] for one in sorted(told, key=lambda one: str(one["published_at"]))]

    async def owner(self) -> Actor:
        """The member whom the person is."""
        return await self.app.people.open_desk("UTC")

    async def settled(self) -> None:
        """Until nothing is due any more at the present instant, and nothing runs."""
        async with asyncio.timeout(PATIENCE):
            while True:
                soonest = await self.app.jobs.next_at()
                if not self.app.jobs.running and (soonest is None or soonest > self.clock.now()):
                    return
                if not self.app.ticks.busy:
                    self.app.ticks.wake()
                await asyncio.sleep(0.002)

    async def ask(self, text: str, images: Sequence[str] = (), reply_to: str = "") -> list[Shown]:
        """Say something and wait for the answer; the messages that came with it."""
        before = {one.ref for one in await self.person.messages()}
        sent = await self.person.say(text, images, reply_to)
        assert sent.status_code == 200, sent.text
        await self.settled()
        return [one for one in await self.person.messages() if one.ref not in before and not one.mine]

    async def edit(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """Fill in the newest card's form for changing texts, by field, and save it."""
        told = await self.person.press((await self.person.card()).buttons["Edit"], **texts)
        await self.settled()
        return told

    async def press(self, label: str, card: Shown | None = None, **form: str) -> dict[str, Any]:
        """Press a button by its label on a card (the newest), and let everything happen that comes of it."""
        shown = card or await self.person.card()
        told = await self.person.press(shown.buttons[label], **form)
        await self.settled()
        return told

    async def wait(self, by: timedelta) -> None:
        """Let time pass, every job running at its moment."""
        until = self.clock.now() + by
        await self.settled()
        while (soonest := await self.app.jobs.next_at()) is not None and soonest <= until:
            self.clock.set(max(soonest, self.clock.now()))
            await self.settled()
        self.clock.set(until)
        await self.settled()


def settings_for(folder: Path, **given: Any) -> Settings:
    """Settings that see no environment and no `.env`."""
    quiet = {"data_dir": folder, "zone": "Europe/Berlin", "allowed_private_hosts": "127.0.0.1,localhost"}
    return Settings(_env_file=None, **{**quiet, **given})


@asynccontextmanager
async def running(
    folder: Path, clock: FakeClock | None = None, *, thinking: bool = True, **given: Any
) -> AsyncIterator[RunningDesk]:
    """The program on a data folder while the block runs, as `copydesk serve` starts and stops it."""
    clock = clock or FakeClock()
    app = build(settings_for(folder, **given), clock)
    chats = Chats(app)
    try:
        token = await open_desk(app)
        await app.jobs.take_over()
        await app.sweeping.sweep()
        if thinking:
            await think(app)
        tick(app)
        async with serving(app.site) as url, httpx.AsyncClient(base_url=url, follow_redirects=True) as browser:
            await browser.get(f"/?token={token}")
            app.port = int(url.rpartition(":")[2])
            await chats.open()
            yield RunningDesk(app, clock, url, token, Person(browser))
            await app.webchat.close()
    finally:
        await chats.hang_up()
        await app.ticks.stop(timedelta(seconds=2))
        await app.close()


@asynccontextmanager
async def mastodon(desk: RunningDesk) -> AsyncIterator[MastodonServer]:
    """A Mastodon server on which the desk's person has connected an account, through the forms, as a browser would."""
    server = MastodonServer(desk.clock)
    async with serving(server.app) as server.url:
        await connect_mastodon(desk, server)
        yield server


async def connect_mastodon(desk: RunningDesk, server: MastodonServer) -> None:
    """The way to the server's consent page and back."""
    begun = await desk.person.connect("mastodon", server.form())
    assert begun["status"] == 200, begun
    done = await walk(desk.person.browser, begun["go_to"], server.walk)
    assert "Connected:" in done, done


async def walk(browser: httpx.AsyncClient, way_in: str, consent: Callable[[str], Awaitable[Mapping[str, str]]]) -> str:
    """From the desk's page through the platform's and back, taking every account that is offered; what is shown then."""
    assert "Go on to" in (await browser.get(way_in)).text
    away = (await browser.post(way_in, json={"form": {}})).json()["go_to"]
    back = await browser.get("/connect/back", params=dict(await consent(away)))
    found = dict.fromkeys(re.findall(r'type="checkbox" name="([^"]+)"', back.text), "yes")
    if found:
        await browser.post(f"{back.url.path}/choose", json={"form": {html.unescape(one): "yes" for one in found}})
    return (await browser.get(back.url.path)).text


@asynccontextmanager
async def bluesky(desk: RunningDesk) -> AsyncIterator[BlueskyServer]:
    """A Bluesky server on which the desk's person has connected an account with an app password."""
    server = BlueskyServer(desk.clock)
    async with serving(server.app) as url:
        connected = await desk.person.connect("bluesky", server.form(url))
        assert connected["status"] == 200, connected
        yield server
