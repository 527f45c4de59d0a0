"""A desk of several workers with an account on each of some servers, which are as bad as a test likes.

The program is wired as in the product, several times over where a test wants several workers; only the platforms' servers,
the clock and what looks for due jobs are the test's own.
"""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image as Picture
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from app.wiring import App, build
from content.errors import Collision
from content.models import Account, Delivery, DeliveryState
from content.people import Actor
from content.views import PostView
from content.wording import Wording
from integrations import Deps
from integrations.http import Http
from tests.fakes.clock import FakeClock
from tests.integrations.every_desk import connect
from tests.journeys.desk import settings_for, words_of
from tests.servers.linkedin import SELF_SERVE, LinkedInServer
from tests.servers.mastodon import MastodonServer
from tests.servers.platform import PlatformServer
from tests.servers.postgres import Postgres, tell_time
from tests.servers.running import serving

KEYED, KEYLESS = "mastodon", "linkedin"
IMPATIENT = timedelta(milliseconds=300)
"""How long a commit waits for its answer where a test makes it wait."""


@dataclass
class Scene:
    """One desk, its two servers, and what a test does to them."""

    servers: dict[str, PlatformServer]
    clock: FakeClock
    folder: Path
    database_url: str
    closing: AsyncExitStack
    serving: AsyncExitStack
    apps: list[App] = field(default_factory=list)
    owner: Actor = field(init=False)
    post: PostView = field(init=False)

    @property
    def app(self) -> App:
        """The first worker."""
        return self.apps[0]

    def worker(self) -> App:
        """One more process on the same rows, as far as rows can tell."""
        made = build(
            settings_for(self.folder, database_url=self.database_url, allowed_private_hosts="127.0.0.1"), self.clock
        )
        if self.database_url:
            tell_time(made.db, self.clock)
        made.handlers["learn"] = _nothing
        self.apps.append(made)
        self.closing.push_async_callback(made.close)
        for name in self.servers:
            self.reach(made, name, made.http)
        return made

    def reach(self, app: App, name: str, http: Http) -> None:
        """Have a platform's requests leave by this client."""
        platform = self.servers[name].platform(Deps(http, self.clock, self.folder / "posts"))
        app.platforms[name] = platform  # type: ignore[index]

    def hurry(self) -> None:
        """From now on the first worker waits for answers as if it had no patience."""
        hasty = Http(clock=self.clock, allowed_private_hosts=["127.0.0.1"], timeout=IMPATIENT)
        for name in self.servers:
            self.reach(self.app, name, hasty)

    def calm(self) -> None:
        """Enough of that."""
        for name in self.servers:
            self.reach(self.app, name, self.app.http)

    async def open(self) -> None:
        """Both accounts are connected, as after their consent pages."""
        app = self.worker()
        self.owner = await app.people.open_desk("UTC")
        for name, server in self.servers.items():
            connected = await connect(server, app.platforms[name])
            async with app.db.writing() as session:
                await app.desk.accounts.bind(session, self.owner, name, connected)

    async def draft(self, text: str = "Exactly once", *, picture: bool = False) -> None:
        """A post on both accounts, in the owner's conversation."""
        place = await self.app.webchat.open(self.owner)
        files = [await self.app.desk.media.add(self.owner, "red.png", _picture())] if picture else []
        self.post = await self.app.desk.posts.draft(
            self.owner, [Wording((text,))], media=files, conversation_id=place.conversation_id
        )

    async def press_post_now(self) -> None:
        """The owner's press on the card."""
        await self.app.desk.schedule.post_now(self.owner, self.post.id, self.post.revision, button="press")

    async def work(self, app: App | None = None) -> None:
        """What is due now is done; a database that refuses is looked at again at the next tick, as ticks do."""
        jobs = (app or self.app).jobs
        with contextlib.suppress(DBAPIError, Collision):
            while await jobs.start_due() or jobs.running:
                await asyncio.gather(*jobs.running, return_exceptions=True)

    async def wait(self, by: timedelta) -> None:
        """Let time pass, running every job at its moment."""
        until = self.clock.now() + by
        await self.work()
        while (soonest := await self.app.jobs.next_at()) is not None and soonest <= until:
            self.clock.set(max(soonest, self.clock.now()))
            await self.work()
        self.clock.set(max(until, self.clock.now()))

    @asynccontextmanager
    async def at_the_gates(self, routes: Mapping[str, str], fault: str) -> AsyncIterator[AsyncExitStack]:
        """Both servers have such a request of the first worker in hand while the block runs, and then let it through.

        What is entered meanwhile is left a little later, when the worker has met with it.
        """
        for name, server in self.servers.items():
            server.faults.add(routes[name], fault)
        working = asyncio.create_task(self.work())
        await self.until(lambda: all(server.faults.at_gate.is_set() for server in self.servers.values()))
        async with AsyncExitStack() as trouble:
            yield trouble
            for server in self.servers.values():
                server.faults.gate.set()
            await asyncio.sleep(0.3)
        await working

    async def go_down(self) -> None:
        """Nobody listens where the servers were."""
        await self.serving.aclose()

    async def come_up(self) -> None:
        """They are there again, at the same addresses."""
        for server in self.servers.values():
            await self.serving.enter_async_context(serving(server.app, port=int(server.url.rpartition(":")[2])))

    async def until(self, happened: Callable[[], bool]) -> None:
        """Until something is so that other tasks bring about."""
        async with asyncio.timeout(20):
            while not happened():  # noqa: ASYNC110 - nobody would set an event
                await asyncio.sleep(0.005)

    async def thread(self) -> str:
        """What the owner reads in the conversation, cards and all."""
        return words_of((await self.app.webchat.history(self.owner)).html)

    async def deliveries(self) -> dict[str, Delivery]:
        """The post's deliveries by platform."""
        async with self.app.db.reading() as session:
            rows = await session.execute(
                select(Account.platform, Delivery)
                .join(Account, Account.id == Delivery.account_id)
                .where(Delivery.post_id == self.post.id)
            )
            return {row.platform: row.Delivery for row in rows}

    async def answer_truthfully(self) -> None:
        """A person looks at each profile that is asked about, and says what is there."""
        for name, one in (await self.deliveries()).items():
            if one.state is DeliveryState.UNKNOWN:
                await self.app.tracing.settle(self.owner, one.id, live=bool(self.texts(name)))

    def texts(self, name: str) -> list[str]:
        """What is public on a server."""
        return [one.text for one in self.servers[name].posts()]


def _picture() -> bytes:
    kept = BytesIO()
    Picture.new("RGB", (40, 20), "red").save(kept, "PNG")
    return kept.getvalue()


async def _nothing(_subject: str) -> datetime | None:
    """Memory needs the model; it has no part in this."""
    return None


async def _database(folder: Path, empty: Path | Postgres, closing: AsyncExitStack) -> str:
    """Its address; nothing where it is a file in the data folder."""
    if isinstance(empty, Path):
        await asyncio.to_thread(shutil.copy, empty, folder / "copydesk.db")
        return ""
    server: Postgres = empty
    name = await asyncio.to_thread(server.made)
    closing.push_async_callback(asyncio.to_thread, server.drop, name)
    return server.dsn(name)


def keyed_and_keyless(clock: FakeClock) -> dict[str, PlatformServer]:
    """A server with idempotency keys and one without, neither of which tells what is there."""
    keyed, keyless = MastodonServer(clock), LinkedInServer(clock)
    keyed.instead["/api/v1/accounts/1/statuses"] = []  # its list does not show the post: the key alone must do
    keyless.scopes = SELF_SERVE  # so nothing can be read back
    return {KEYED: keyed, KEYLESS: keyless}


@asynccontextmanager
async def scene(
    folder: Path,
    empty: Path | Postgres,
    servers: Callable[[FakeClock], dict[str, PlatformServer]] = keyed_and_keyless,
) -> AsyncIterator[Scene]:
    """The desk on a database of its own, copied from an empty one, while the block runs."""
    clock = FakeClock()
    async with AsyncExitStack() as closing:
        url = await _database(folder, empty, closing)
        there = await closing.enter_async_context(AsyncExitStack())
        made = Scene(servers(clock), clock, folder, url, closing, there)
        for server in made.servers.values():
            server.url = await there.enter_async_context(serving(server.app))
        await made.open()
        yield made
