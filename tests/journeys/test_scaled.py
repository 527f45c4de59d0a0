"""One desk in several processes: two serve pages, two work, on one PostgreSQL and one Redis. It behaves as one."""

import asyncio
import json
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.journeys.desk import Person
from tests.journeys.processes import Processes, processes, shown, signed_in
from tests.servers.postgres import Postgres
from tests.servers.redis import RedisServer, running_redis


@pytest.fixture
def redis() -> object:
    with running_redis() as server:
        yield server


@pytest.fixture
async def desk(tmp_path: Path, postgres: Postgres, redis: RedisServer) -> AsyncIterator[Processes]:
    name = await asyncio.to_thread(postgres.made)
    await asyncio.to_thread((tmp_path / "data").mkdir)
    async with processes(tmp_path / "data", postgres.dsn(name), redis.url) as made:
        yield made
    await asyncio.to_thread(postgres.drop, name)


async def publish(talker: Person, presser: Person, text: str) -> None:
    """Ask for a post on one page, press its button on another, and see on both that it is out."""
    (await talker.say(f"Draft a post: {text}")).raise_for_status()
    card = await shown(presser, text)
    assert (await presser.press(card.buttons["Post now"]))["tone"] == "good"
    number = card.text.partition("#")[2].split()[0]
    await shown(talker, f"Published #{number}")
    await shown(presser, f"Published #{number}")


async def test_pages_and_workers_are_one_desk_whoever_of_them_dies(desk: Processes, redis: RedisServer) -> None:
    (first, here), (_, there) = await asyncio.gather(desk.serve(), desk.serve())
    worker, _ = await asyncio.gather(desk.work(), desk.work())
    async with signed_in(here) as talker, signed_in(there) as presser:
        await publish(talker, presser, "The first.")
        worker.kill()
        await publish(talker, presser, "The second.")
        redis.kill()
        await publish(talker, presser, "The third.")
        redis.start()
        await publish(talker, presser, "The fourth.")
        first.send_signal(signal.SIGKILL)
        await publish(presser, presser, "The fifth.")
    assert set(await desk.stop()) == {0}
    assert not [*desk.folder.glob("celerybeat*")]
    out = Counter(json.loads(one.read_text())["text"] for one in (desk.folder / "posts").glob("2*/post.json"))
    assert out == Counter(["The first.", "The second.", "The third.", "The fourth.", "The fifth."])
