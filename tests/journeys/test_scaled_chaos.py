"""Two workers on one PostgreSQL and one Redis, each with a beat of its own, while people delete and engines die."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import redis as clients
from sqlalchemy import select

from app.serve import open_desk
from app.wiring import App, build
from content import firing, jobs
from content.approvals import arm
from content.errors import Conflict
from content.models import Delivery, DeliveryState, Message
from content.people import Actor
from content.views import PostView
from content.wording import Wording
from tests.journeys.desk import PATIENCE, settings_for
from tests.journeys.processes import Processes, processes
from tests.servers.postgres import Postgres
from tests.servers.redis import RedisServer, running_redis

SECOND = timedelta(seconds=1)
LEASES = jobs.LEASE + firing.LEASE
"""What was committed on a connection that was cut before it said so is taken over after these."""
CHANCE = random.Random(20261127)  # noqa: S311 - nothing secret


@dataclass
class Scaled:
    """The processes, and one more that plans and deletes: this one."""

    here: App
    owner: Actor
    running: Processes
    redis: RedisServer
    server: Postgres
    database: str

    async def planned(self, text: str) -> PostView:
        """An approved post whose time is not set yet, in the owner's conversation."""
        place = await self.here.webchat.open(self.owner)
        post = await self.here.desk.posts.draft(self.owner, [Wording((text,))], conversation_id=place.conversation_id)
        return await self.here.desk.approvals.approve(self.owner, post.id, post.revision, button="press")

    async def due(self, posts: Sequence[PostView], times: Sequence[datetime]) -> None:
        """These go out at these moments, to the fraction of a second, which words cannot say."""
        async with self.here.db.writing() as session:
            for post, at in zip(posts, times, strict=True):
                delivery = (await session.scalars(select(Delivery).where(Delivery.post_id == post.id))).one()
                delivery.due_at = at
                await arm(session, self.here.clock, delivery)

    async def ended(self, posts: Sequence[PostView]) -> Counter[DeliveryState]:
        """What became of them, as soon as none of them waits any more."""
        wanted = select(Delivery.state).where(Delivery.post_id.in_([one.id for one in posts]))
        async with asyncio.timeout(LEASES.total_seconds() + PATIENCE):
            while True:
                async with self.here.db.reading() as session:
                    states = Counter((await session.scalars(wanted)).all())
                if set(states) <= {DeliveryState.SENT, DeliveryState.CANCELLED, DeliveryState.FAILED}:
                    return states
                await asyncio.sleep(0.2)

    def public(self) -> Counter[str]:
        """What is in the folder that they publish into."""
        found = (self.running.folder / "posts").glob("2*/post.json")
        return Counter(json.loads(one.read_text())["text"] for one in found)

    async def told(self, posts: Sequence[PostView]) -> None:
        """The conversation says of each that it is published."""
        said: set[str] = set()
        async with asyncio.timeout(PATIENCE):
            while not {f"Published #{one.number}" for one in posts} <= said:
                async with self.here.db.reading() as session:
                    texts = (await session.scalars(select(Message.text))).all()
                said = {text.partition(":")[0] for text in texts}
                await asyncio.sleep(0.1)

    async def without_database(self, length: float) -> None:
        """As long as a server takes to start again: every connection is cut, and no new one is let in."""
        async with await psycopg.AsyncConnection.connect(self.server.dsn("postgres"), autocommit=True) as judge:
            await judge.execute(f"ALTER DATABASE {self.database} ALLOW_CONNECTIONS false")
            await judge.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [self.database]
            )
            await asyncio.sleep(length)
            await judge.execute(f"ALTER DATABASE {self.database} ALLOW_CONNECTIONS true")


@asynccontextmanager
async def scaled(folder: Path, postgres: Postgres, redis: RedisServer) -> AsyncIterator[Scaled]:
    name = await asyncio.to_thread(postgres.made)
    async with processes(folder, postgres.dsn(name), redis.url) as running:
        here = build(settings_for(folder, database_url=postgres.dsn(name)))
        await open_desk(here)
        await asyncio.gather(running.work(), running.work())
        yield Scaled(here, await here.people.open_desk("UTC"), running, redis, postgres, name)
        await here.close()
    await asyncio.to_thread(postgres.drop, name)


@pytest.fixture
async def desk(tmp_path: Path, postgres: Postgres) -> AsyncIterator[Scaled]:
    with running_redis() as redis:
        async with scaled(tmp_path, postgres, redis) as made:
            yield made


def words(number: int) -> str:
    """A text unlike the others."""
    return f"Number {number}: " + " ".join(f"{CHANCE.getrandbits(40):x}" for _ in range(6))


async def test_what_is_deleted_before_its_moment_is_never_published(desk: Scaled) -> None:
    """Planned by one process, sent by others, deleted by this one: one second before, and at moments around it."""
    texts = [words(number) for number in range(20)]
    posts = [await desk.planned(text) for text in texts]
    start = desk.here.clock.now() + 3 * SECOND
    times = [start + number * SECOND / 5 for number in range(20)]
    away = [-1.0] * 8 + [CHANCE.uniform(-0.6, 0.3) for _ in range(12)]
    await desk.due(posts, times)

    async def deleted(post: PostView, at: datetime) -> bool:
        await asyncio.sleep((at - desk.here.clock.now()).total_seconds())
        try:
            await desk.here.desk.posts.discard(desk.owner, post.id, post.revision)
        except Conflict:
            return False
        return True

    moments = [at + timedelta(seconds=by) for at, by in zip(times, away, strict=True)]
    gone = await asyncio.gather(*(deleted(post, at) for post, at in zip(posts, moments, strict=True)))
    states = await desk.ended(posts)
    assert all(gone[:8]), "there was a second"
    assert desk.public() == Counter(text for text, was in zip(texts, gone, strict=True) if not was)
    assert states[DeliveryState.CANCELLED] == sum(gone)


@pytest.mark.timeout(480)  # what a cut connection left behind is found out once its leases are over
async def test_every_post_ends_once_whatever_the_engines_do(desk: Scaled) -> None:
    """Redis forgets everything, dies and comes back; PostgreSQL cuts every connection and is away for a while."""
    texts = [words(number) for number in range(40)]
    posts = [await desk.planned(text) for text in texts]
    start = desk.here.clock.now() + SECOND
    await desk.due(posts, [start + number * SECOND / 5 for number in range(40)])
    await asyncio.sleep(2)
    with closing(clients.Redis(port=desk.redis.port)) as client:
        await asyncio.to_thread(client.flushall)
    await asyncio.sleep(1)
    await asyncio.to_thread(desk.redis.kill)
    await desk.without_database(1.5)
    await asyncio.to_thread(desk.redis.start)
    await desk.without_database(0.5)
    states = await desk.ended(posts)
    assert desk.public() == Counter(texts)
    assert states == {DeliveryState.SENT: 40}
    await desk.told(posts)
    assert set(await desk.running.stop()) == {0}, "the workers live"
