"""The waker: it looks every second and when it is told to, survives a bad look, and ends in time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from app.ticks import LOOK_EVERY, Ticks
from content import jobs
from content.database import Database
from content.jobs import Jobs
from tests.fakes.clock import FakeClock


class Work:
    """A handler whose jobs last as long as a test wants."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []
        self.may_end = asyncio.Event()
        self.began = asyncio.Event()
        self.swept = asyncio.Event()
        self.sweeps_break = 0

    async def sweep(self) -> None:
        if self.sweeps_break:
            self.sweeps_break -= 1
            raise RuntimeError("a bug")
        self.swept.set()

    async def do(self, subject: str) -> datetime | None:
        self.begun.append(subject)
        self.began.set()
        await self.may_end.wait()
        self.done.append(subject)
        return None


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
async def ticks(db: Database, clock: FakeClock, work: Work) -> AsyncIterator[Ticks]:
    made = Ticks(Jobs(db, clock, {"work": work.do}), work.sweep)
    db.wake = made.wake
    yield made
    await made.stop(timedelta(0))


async def put(db: Database, clock: FakeClock, subject: str, away: timedelta = timedelta(0)) -> None:
    async with db.writing() as session:
        await jobs.put(session, "work", subject, run_at=clock.now() + away, now=clock.now())


async def within(seconds: float, event: asyncio.Event) -> None:
    async with asyncio.timeout(seconds):
        await event.wait()


async def test_it_looks_at_once_after_a_commit_that_put_a_job(
    db: Database, clock: FakeClock, work: Work, ticks: Ticks
) -> None:
    ticks.start(AsyncIOScheduler(timezone="UTC"))
    await put(db, clock, "one")
    await within(0.9, work.began)
    work.may_end.set()


async def test_it_looks_every_second_by_itself(db: Database, clock: FakeClock, work: Work, ticks: Ticks) -> None:
    await put(db, clock, "before the start")
    assert work.begun == []
    ticks.start(AsyncIOScheduler(timezone="UTC"))
    await within(5, work.began)
    work.may_end.set()


async def test_a_job_that_comes_due_between_two_looks_begins_at_its_moment(
    db: Database, clock: FakeClock, work: Work, ticks: Ticks
) -> None:
    soon = timedelta(seconds=0.3)
    ticks.start(AsyncIOScheduler(timezone="UTC"), every=timedelta(hours=1))
    for away in (2 * LOOK_EVERY, soon):  # each is a commit, and so a look
        await put(db, clock, f"in {away}", away)
    await asyncio.sleep(0.1)
    clock.move(soon)
    assert work.begun == []
    await within(2, work.began)
    assert work.begun == [f"in {soon}"]
    work.may_end.set()


async def test_a_look_that_breaks_is_logged_and_the_next_one_works(
    db: Database, clock: FakeClock, work: Work, ticks: Ticks, caplog: pytest.LogCaptureFixture
) -> None:
    await put(db, clock, "one")
    async with db.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE job RENAME TO gone")
    ticks.start(AsyncIOScheduler(timezone="UTC"))
    ticks.wake()
    async with asyncio.timeout(5):
        while "tick.failed" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    async with db.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE gone RENAME TO job")
    await within(5, work.began)
    work.may_end.set()


async def test_a_job_that_ends_in_time_is_waited_for(db: Database, clock: FakeClock, work: Work, ticks: Ticks) -> None:
    ticks.start(AsyncIOScheduler(timezone="UTC"))
    await put(db, clock, "one")
    await within(5, work.began)
    asyncio.get_running_loop().call_later(0.1, work.may_end.set)
    await ticks.stop(timedelta(seconds=5))
    assert work.done == ["one"]


async def test_a_job_that_does_not_is_cut_off_and_picked_up_again(
    db: Database, clock: FakeClock, work: Work, ticks: Ticks
) -> None:
    ticks.start(AsyncIOScheduler(timezone="UTC"))
    await put(db, clock, "one")
    await within(5, work.began)
    before = asyncio.get_running_loop().time()
    await ticks.stop(timedelta(seconds=0.1))
    assert asyncio.get_running_loop().time() - before < 2
    assert work.done == []

    work.may_end.set()
    after = Jobs(db, clock, {"work": work.do})
    assert await after.run_due() == 0
    assert await after.take_over() == 1
    assert await after.run_due() == 1
    assert (work.begun, work.done) == (["one", "one"], ["one"])


async def test_after_the_end_nothing_is_woken(db: Database, clock: FakeClock, work: Work, ticks: Ticks) -> None:
    ticks.start(AsyncIOScheduler(timezone="UTC"))
    await ticks.stop(timedelta(seconds=1))
    await put(db, clock, "one")
    await asyncio.sleep(0.05)
    assert (work.begun, ticks.busy) == ([], False)


async def test_it_sweeps_again_and_again_also_after_a_sweep_that_broke(work: Work, ticks: Ticks) -> None:
    work.sweeps_break = 2
    ticks.start(AsyncIOScheduler(timezone="UTC"), sweep_every=timedelta(milliseconds=20))
    await within(5, work.swept)
    assert work.sweeps_break == 0
    await ticks.stop(timedelta(seconds=1))
    await ticks._sweep()
    assert not ticks.busy
