"""Nothing stays on its way: what no job looks after is found, whatever became of its job, and ends."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, update

from content.database import Database
from content.jobs import Jobs
from content.models import AuditEntry, Delivery, DeliveryState, Job
from content.sweeping import Sweeping
from content.views import PostView
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform, FollowingPlatform

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def sweeping(db: Database, clock: FakeClock) -> Sweeping:
    return Sweeping(db, clock)


async def ids(desk: Desk, *posts: PostView) -> list[str]:
    return [(await desk.row(one)).id for one in posts]


async def lose_jobs(desk: Desk) -> None:
    async with desk.db.writing() as session:
        await session.execute(delete(Job))


async def break_jobs(desk: Desk) -> None:
    """Every job that sends breaks until nobody tries any more."""

    async def broken(_delivery_id: str) -> None:
        raise RuntimeError("a bug")

    jobs = Jobs(desk.db, desk.clock, {"publish": broken, "redraw": _nothing, "notify": _nothing})
    for _ in range(10):
        await jobs.run_all()
        desk.clock.move(HOUR)


async def _nothing(_subject: str) -> None:
    return None


async def test_it_finds_only_what_no_job_looks_after(desk: Desk, fake: FakePlatform, sweeping: Sweeping) -> None:
    sent = await desk.now("Sent")
    await desk.run()
    fake.script.append(Do.LOSE_AFTER)
    asked = await desk.now("Asked")
    await desk.wait(MINUTE)
    due = await desk.now("Due")
    await desk.draft("A draft")
    later = await desk.planned("Later")
    assert await sweeping.sweep() == []
    await lose_jobs(desk)
    assert await sweeping.sweep() == await ids(desk, due)
    assert await sweeping.sweep() == []
    await desk.run()
    assert [await desk.state(one) for one in (sent, asked, due, later)] == ["sent", "unknown", "sent", "waiting"]
    swept = [(row.subject, row.detail) for row in await desk.rows(AuditEntry) if row.verb == "delivery.swept"]
    assert swept == [((await desk.row(due)).id, {"state": "waiting"})]


async def test_what_a_dead_worker_was_sending_is_looked_up_once_its_lease_is_over(
    desk: Desk, fake: FakePlatform, sweeping: Sweeping
) -> None:
    fake.script.append(Do.HANG_AFTER)
    post = await desk.now()
    running = asyncio.create_task(desk.run())
    await fake.reached.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await lose_jobs(desk)
    assert await sweeping.sweep() == []
    desk.clock.move(3 * MINUTE)
    assert await sweeping.sweep() == await ids(desk, post)
    await desk.wait(HOUR)
    assert (await desk.state(post), len(fake.public)) == (DeliveryState.UNKNOWN, 1)
    assert desk.news() == ["unknown"]
    await lose_jobs(desk)
    assert await sweeping.sweep() == []  # a person was asked


async def test_a_job_that_runs_looks_after_its_delivery(desk: Desk, fake: FakePlatform, sweeping: Sweeping) -> None:
    fake.preparing.append(Do.HANG_BEFORE)
    post = await desk.now()
    running = asyncio.create_task(desk.run())
    await fake.reached.wait()
    desk.clock.move(3 * MINUTE)
    assert await sweeping.sweep() == []
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await desk.state(post) is DeliveryState.SENDING


async def test_what_a_platform_works_on_is_followed_again(build: Build, clock: FakeClock, sweeping: Sweeping) -> None:
    platform = FollowingPlatform(clock)
    desk = await build(platform)
    platform.script.append(Do.PEND)
    post = await desk.now()
    await desk.run()
    await lose_jobs(desk)
    assert await sweeping.sweep() == await ids(desk, post)
    await desk.wait(MINUTE)
    assert await desk.state(post) is DeliveryState.SENT


async def test_what_nobody_was_asked_about_is_looked_up_again(
    desk: Desk, fake: FakePlatform, sweeping: Sweeping
) -> None:
    fake.script.append(Do.LOSE_AFTER)
    post = await desk.now()
    await desk.jobs.run_due()
    assert await desk.state(post) is DeliveryState.UNKNOWN
    await lose_jobs(desk)
    assert await sweeping.sweep() == await ids(desk, post)
    await desk.wait(HOUR)
    assert desk.news() == ["unknown"]


async def test_what_waits_for_a_login_is_left_until_there_is_one(desk: Desk, sweeping: Sweeping) -> None:
    post = await desk.now()
    account = post.deliveries[0].account_id
    await desk.accounts.lost_login(await desk.accounts.access(account))
    await desk.run()
    assert desk.news() == ["reconnect"]
    assert await sweeping.sweep() == []
    await desk.connect("fake")
    await lose_jobs(desk)  # as if it was not woken
    async with desk.db.writing() as session:
        await session.execute(update(Delivery).values(error_code="needs_reconnect"))
    assert await sweeping.sweep() == await ids(desk, post)
    await desk.run()
    assert await desk.state(post) is DeliveryState.SENT


async def test_what_breaks_again_and_again_fails_with_words(desk: Desk, fake: FakePlatform, sweeping: Sweeping) -> None:
    post = await desk.now()
    await break_jobs(desk)
    assert await sweeping.sweep() == await ids(desk, post)
    assert await desk.state(post) is DeliveryState.WAITING
    await break_jobs(desk)
    assert await sweeping.sweep() == await ids(desk, post)
    delivery = await desk.delivery(post)
    assert delivery.state is DeliveryState.FAILED
    assert delivery.error.startswith("Something broke here each time I wanted to send it, so it was not published.")
    await desk.run()
    assert (desk.news(), fake.public) == (["failed"], [])
    assert await sweeping.sweep() == []
    await desk.schedule.post_now(desk.actor, post.id, 1, button="press")
    await desk.run()
    assert await desk.state(post) is DeliveryState.SENT


async def test_what_breaks_after_it_may_have_gone_out_is_asked_about(
    desk: Desk, fake: FakePlatform, sweeping: Sweeping
) -> None:
    fake.script.append(Do.LOSE_AFTER)
    post = await desk.now()
    await desk.jobs.run_due()
    for _ in range(2):
        await break_jobs(desk)
        assert await sweeping.sweep() == await ids(desk, post)
    assert await desk.state(post) is DeliveryState.UNKNOWN
    await desk.run()
    assert (desk.news()[-1], len(fake.public)) == ("unknown", 1)
    assert await sweeping.sweep() == []


async def test_several_processes_may_sweep_at_once(desk: Desk, sweeping: Sweeping) -> None:
    post = await desk.now()
    await lose_jobs(desk)
    await asyncio.gather(*(sweeping.sweep() for _ in range(8)))
    assert [job.subject for job in await desk.rows(Job) if job.kind == "publish"] == await ids(desk, post)


@pytest.mark.on_sqlite
async def test_it_reads_indexes_and_no_table_from_end_to_end(desk: Desk, sweeping: Sweeping) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(desk.db.engine.sync_engine, "before_cursor_execute", note)
    assert await sweeping.sweep() == []
    event.remove(desk.db.engine.sync_engine, "before_cursor_execute", note)
    statement, parameters = next(one for one in asked if "FROM delivery" in one[0])
    async with desk.db.engine.connect() as connection:
        plan = [
            str(row.detail) for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    assert any("ix_delivery_live" in step for step in plan), plan
    assert any("uq_job_ready" in step for step in plan), plan
    assert any("_job_lane" in step for step in plan), plan
    assert not [step for step in plan if step.startswith("SCAN")], plan
