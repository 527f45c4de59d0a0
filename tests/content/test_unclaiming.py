"""Whoever stops, moves or changes a post while it is still uploaded stops it: nothing of it is public before it is armed."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from content.database import Database
from content.errors import Conflict, WrongState
from content.models import DeliveryState
from content.platform import Access, Json, MediaBytes, Pending, Prepared, Published, Rendering
from content.views import PostView
from tests.content.conftest import Build
from tests.content.test_firing import DEEDS
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk, wired
from tests.fakes.mortal import killed_during
from tests.fakes.platform import Do, FakePlatform
from tests.servers.postgres import tell_time

HOUR = timedelta(hours=1)
STOPPING = ("edit", "delete", "hold", "cancel", "move", "switch")
CHANCE = random.Random(20261127)  # noqa: S311 - nothing secret
both = pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.on_postgresql)])


@asynccontextmanager
async def uploading(desk: Desk, fake: FakePlatform) -> AsyncIterator[None]:
    """Its moment has come, and its pictures are on their way up while the block runs."""
    desk.clock.move(HOUR)
    fake.preparing.append(Do.HANG_BEFORE)
    working = asyncio.create_task(desk.run())
    await asyncio.wait_for(fake.reached.wait(), 10)
    yield
    fake.resume.set()
    await working


@both
@pytest.mark.parametrize("deed", STOPPING)
async def test_what_is_stopped_while_it_is_uploaded_never_leaves(
    desk: Desk, fake: FakePlatform, db: Database, deed: str, database: str
) -> None:
    post = await desk.planned("Hello")
    async with uploading(desk, fake):
        await DEEDS[deed](desk, post)
        assert await desk.state(post) is not DeliveryState.SENDING or deed == "switch"
    await desk.wait(timedelta(minutes=20))
    assert fake.keys == []


async def test_what_is_disconnected_while_it_is_uploaded_waits_for_a_login(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello")
    async with uploading(desk, fake):
        await desk.accounts.disconnect(desk.actor, post.deliveries[0].account_id)
    shown = await desk.delivery(post)
    assert (fake.keys, shown.state, shown.error_code) == ([], DeliveryState.WAITING, "needs_reconnect")
    assert desk.news() == ["reconnect"]
    await desk.connect("fake")
    await desk.run()
    assert fake.texts == ["Hello"]


async def test_a_thread_goes_no_further_on_an_account_that_was_disconnected(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello", "World")
    desk.clock.move(HOUR)
    fake.script.append(Do.HANG_BEFORE)
    working = asyncio.create_task(desk.run())
    await asyncio.wait_for(fake.reached.wait(), 10)
    await desk.accounts.disconnect(desk.actor, post.deliveries[0].account_id)
    fake.resume.set()
    await working
    assert (fake.texts, (await desk.delivery(post)).error_code) == (["Hello"], "needs_reconnect")


async def test_what_is_blacked_out_while_it_is_uploaded_asks_and_may_be_overruled(
    desk: Desk, fake: FakePlatform
) -> None:
    post = await desk.planned("Hello")
    async with uploading(desk, fake):
        await desk.guards.blackouts.add(desk.actor, "today", "Mourning")
    shown = await desk.delivery(post)
    assert (fake.keys, shown.state, shown.error_code) == ([], DeliveryState.ASKING, "blackout")
    await desk.guards.objections.overrule(desk.actor, shown.id, 1, button="press")
    await desk.run()
    assert fake.texts == ["Hello"]


async def test_what_became_too_late_while_it_was_uploaded_asks(desk: Desk, fake: FakePlatform) -> None:
    """A long film on a slow line, or a laptop that was closed meanwhile."""
    post = await desk.planned("Hello")
    async with uploading(desk, fake):
        desk.clock.move(timedelta(minutes=31))
    shown = await desk.delivery(post)
    assert (fake.keys, shown.state, shown.error_code) == ([], DeliveryState.ASKING, "overdue")


async def test_what_was_moved_while_it_was_uploaded_goes_out_once_at_its_new_time(
    desk: Desk, fake: FakePlatform
) -> None:
    post = await desk.planned("Hello")
    async with uploading(desk, fake):
        await DEEDS["move"](desk, post)
    await desk.wait(HOUR * 2 - timedelta(seconds=1))
    assert fake.keys == []
    await desk.wait(timedelta(minutes=1))
    assert (fake.texts, await desk.state(post)) == (["Hello"], DeliveryState.SENT)


async def test_what_was_held_while_it_was_uploaded_goes_out_once_when_it_is_released(
    desk: Desk, fake: FakePlatform
) -> None:
    post = await desk.planned("Hello")
    async with uploading(desk, fake):
        await desk.schedule.hold(desk.actor, post.id)
        await desk.schedule.release(desk.actor, post.id)
    await desk.run()
    assert (fake.texts, await desk.state(post)) == (["Hello"], DeliveryState.SENT)


async def test_what_was_changed_while_it_was_uploaded_asks_for_a_yes(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello")
    async with uploading(desk, fake):
        await DEEDS["edit"](desk, post)
    await desk.run()
    assert (await desk.delivery(post)).error_code == "not_approved"
    assert desk.news() == ["overdue"]


async def test_what_is_leaving_is_stopped_no_more(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello", "World")
    desk.clock.move(HOUR)
    fake.script.extend([Do.HANG_BEFORE, Do.HANG_BEFORE])
    working = asyncio.create_task(desk.run())
    for _ in range(2):  # the first part is about to leave; then the second, and the first is out
        await asyncio.wait_for(fake.reached.wait(), 10)
        fake.reached.clear()
        await refused(desk, post)
        fake.resume.set()
        fake.resume.clear()
    await working
    assert fake.texts == ["Hello", "World"]


async def refused(desk: Desk, post: PostView) -> None:
    for deed in ("edit", "delete", "hold", "cancel", "move"):
        with pytest.raises(WrongState):
            await DEEDS[deed](desk, post)


async def test_what_a_dead_worker_had_claimed_can_be_deleted_at_once(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello")
    desk.clock.move(HOUR)
    fake.preparing.append(Do.HANG_BEFORE)
    await killed_during(desk.run(), fake.reached)
    await DEEDS["delete"](desk, post)
    await desk.wait(HOUR)
    assert (fake.keys, await desk.state(post)) == ([], DeliveryState.CANCELLED)


class Uploading(FakePlatform):
    """Getting a post ready takes it a moment, and so does the commit."""

    async def prepare(self, rendering: Rendering, access: Access, media: MediaBytes, handles: Json) -> Prepared:
        await asyncio.sleep(CHANCE.uniform(0, 0.05))
        return await super().prepare(rendering, access, media, handles)

    async def commit(
        self, prepared: Prepared, part: int, key: str, earlier: Sequence[Published]
    ) -> Published | Pending:
        await asyncio.sleep(CHANCE.uniform(0, 0.05))
        return await super().commit(prepared, part, key, earlier)


@both
async def test_a_delete_that_was_acknowledged_holds_whatever_the_moment(
    build: Build, db: Database, clock: FakeClock, tmp_path: Path, database: str
) -> None:
    """Twenty posts fall due at once in one process and are deleted in another, each at a moment of its own."""
    fake = Uploading(clock)
    desk = await build(fake)
    posts = [await desk.planned(f"Number {number}") for number in range(20)]
    other_db = Database(str(db.engine.url), clock)
    if not db.is_sqlite:
        tell_time(other_db, clock)
    other = wired(other_db, clock, tmp_path, desk.platforms, desk.sealer, desk.actor)

    async def deleted(post: PostView) -> bool:
        await asyncio.sleep(CHANCE.uniform(0, 0.8))
        try:
            await other.posts.discard(desk.actor, post.id, post.revision)
        except Conflict:
            return False
        return True

    clock.move(HOUR)
    _, *answers = await asyncio.gather(desk.run(), *map(deleted, posts))
    await desk.wait(HOUR)
    gone = {f"Number {number}" for number, was in enumerate(answers) if was}
    assert gone.isdisjoint(fake.texts)
    assert sorted([*gone, *fake.texts]) == sorted(f"Number {number}" for number in range(20))
    await other_db.close()
