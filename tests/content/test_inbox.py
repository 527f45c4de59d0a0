"""What chats deliver is kept once, with its job, in order, and is given out lane by lane."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, func, select, text

from content.database import Database
from content.errors import Unavailable
from content.inbox import KEPT, TIDY_EVERY, Delivered, Inbox
from content.jobs import Jobs
from content.models import Arrival, Job
from content.together import MOST_AT_ONCE
from tests.fakes.clock import FakeClock


def delivered(number: int, lane: str = "room", event_id: str = "", twin: str = "") -> Delivered:
    return Delivered("chat", event_id or f"event {number}", lane, number, {"text": f"said {number}"}, twin)


@pytest.fixture
def inbox(db: Database, clock: FakeClock) -> Inbox:
    return Inbox(db, clock)


async def count(db: Database, table: type) -> int:
    async with db.reading() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_what_is_delivered_is_kept_with_its_job(inbox: Inbox, db: Database, clock: FakeClock) -> None:
    assert await inbox.take(delivered(1))
    lanes: list[str] = []

    async def arrive(lane: str) -> None:
        lanes.append(lane)

    assert await Jobs(db, clock, {"arrive": arrive}).run_due() == 1
    assert lanes == ["room"]
    assert [one.payload for one in await inbox.waiting_in("room")] == [{"text": "said 1"}]


async def test_the_same_event_is_kept_once(inbox: Inbox, db: Database) -> None:
    assert await inbox.take(delivered(1))
    assert not await inbox.take(delivered(1))
    assert await asyncio.gather(*(inbox.take(delivered(2)) for _ in range(4))) == [True, False, False, False]
    assert await count(db, Arrival) == 2


async def test_one_thing_told_under_two_event_ids_is_kept_once(inbox: Inbox) -> None:
    first = inbox.take(delivered(1, event_id="mention", twin="C1:1.0"))
    second = inbox.take(delivered(1, event_id="message", twin="C1:1.0"))
    assert sorted(await asyncio.gather(first, second)) == [False, True]
    assert not await inbox.take(delivered(1, event_id="again", twin="C1:1.0"))
    assert len(await inbox.waiting_in("room")) == 1


async def test_those_who_come_together_share_a_commit(inbox: Inbox, db: Database) -> None:
    commits: list[int] = []
    event.listen(db.engine.sync_engine, "commit", lambda _: commits.append(1))
    taken = await asyncio.gather(*(inbox.take(delivered(number, f"room {number % 7}")) for number in range(300)))
    assert all(taken)
    assert len(commits) <= 2 + 300 // MOST_AT_ONCE
    assert await count(db, Job) == 7


async def test_a_lane_is_given_out_in_the_chats_own_order(inbox: Inbox) -> None:
    for number in (3, 1, 2):
        await inbox.take(delivered(number))
    assert [one.event_id for one in await inbox.waiting_in("room")] == ["event 1", "event 2", "event 3"]


async def test_what_was_acted_on_is_not_given_out_again_and_its_words_are_forgotten(inbox: Inbox, db: Database) -> None:
    await inbox.take(delivered(1))
    [kept] = await inbox.waiting_in("room")
    await inbox.failed(kept.id, "it broke")
    [again] = await inbox.waiting_in("room")
    assert again.tries == 1
    await inbox.handled(again.id, "given up")
    assert await inbox.waiting_in("room") == []
    assert not await inbox.take(delivered(1))
    async with db.reading() as session:
        row = await session.get_one(Arrival, kept.id)
    assert (row.payload, row.error) == ({}, "given up")


async def test_a_new_arrival_wakes_a_lane_that_waits_for_later(inbox: Inbox, db: Database, clock: FakeClock) -> None:
    await inbox.take(delivered(1))

    async def later(_lane: str) -> object:
        return clock.now() + timedelta(hours=1)

    runner = Jobs(db, clock, {"arrive": later})  # type: ignore[dict-item]
    await runner.run_due()
    assert await runner.run_due() == 0
    await inbox.take(delivered(2))
    assert await runner.run_due() == 1


async def test_long_handled_arrivals_are_forgotten(inbox: Inbox, db: Database, clock: FakeClock) -> None:
    await inbox.take(delivered(1))
    await inbox.take(delivered(2))
    await inbox.handled((await inbox.waiting_in("room"))[0].id)
    clock.move(KEPT + timedelta(seconds=1))
    await inbox.keep_tidy()
    assert await Jobs(db, clock, {"tidy": inbox.tidy, "arrive": _nothing}).run_due()
    assert await count(db, Arrival) == 1
    assert [one.event_id for one in await inbox.waiting_in("room")] == ["event 2"]
    assert await Jobs(db, clock, {}).next_at() == clock.now() + TIDY_EVERY


async def _nothing(_lane: str) -> datetime | None:
    return None


async def test_what_cannot_be_kept_is_not_acknowledged(inbox: Inbox, db: Database) -> None:
    async with db.writing() as session:
        await session.execute(text("ALTER TABLE arrival RENAME TO elsewhere"))
    gone = asyncio.create_task(inbox.take(delivered(2)))
    with pytest.raises(Unavailable, match="delivered again"):
        await inbox.take(delivered(1))
    with pytest.raises(Unavailable):
        await gone
    async with db.writing() as session:
        await session.execute(text("ALTER TABLE elsewhere RENAME TO arrival"))
    assert await inbox.take(delivered(1))


async def test_a_bearer_that_left_spoils_nobodys_commit(inbox: Inbox) -> None:
    gone = asyncio.create_task(inbox.take(delivered(1)))
    stays = asyncio.create_task(inbox.take(delivered(2)))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays
    assert len(await inbox.waiting_in("room")) == 2


async def test_a_bearer_that_left_a_broken_commit_is_left_alone(inbox: Inbox, db: Database) -> None:
    async with db.writing() as session:
        await session.execute(text("ALTER TABLE arrival RENAME TO elsewhere"))
    gone = asyncio.create_task(inbox.take(delivered(1)))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(Unavailable):
        await inbox.take(delivered(2))
