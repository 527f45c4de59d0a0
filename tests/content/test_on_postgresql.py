"""What only a server has: many writers at a time. The other tests of `content` run there too, with `--on-postgresql`."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from content.database import Database
from content.errors import Collision, WrongState
from content.ids import new_id
from content.jobs import Again, Jobs, after
from content.models import DeliveryState, Job, JobState, Member, Post, Role, Workspace
from content.people import People
from content.schema import is_current, migrate
from content.times import SystemClock
from content.transcript import Transcript
from tests.content.test_schema import keeps_its_zone
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import FakePlatform
from tests.servers.postgres import Postgres, tell_time

pytestmark = pytest.mark.on_postgresql


@pytest.fixture
async def other(db: Database, clock: FakeClock) -> AsyncIterator[Database]:
    """The same database as another process has it."""
    opened = Database(str(db.engine.url), clock)
    tell_time(opened, clock)
    yield opened
    await opened.close()


async def test_what_a_writer_read_stays_as_it_is_until_it_is_done(desk: Desk, other: Database) -> None:
    post = await desk.draft("One")

    async def bump(db: Database) -> None:
        async with db.writing() as session:
            row = await session.get_one(Post, post.id)
            await asyncio.sleep(0)
            row.revision += 1

    await asyncio.gather(*(bump(one) for _ in range(20) for one in (desk.db, other)))
    async with other.reading() as session:
        assert (await session.get_one(Post, post.id)).revision == 41


async def test_readers_see_one_moment_and_change_nothing(desk: Desk, other: Database) -> None:
    post = await desk.draft("One")
    async with other.reading() as session:
        before = (await session.get_one(Post, post.id)).brief
        async with desk.db.writing() as writer:
            (await writer.get_one(Post, post.id)).brief = "Another"
        session.expire_all()
        assert (await session.get_one(Post, post.id)).brief == before
    with pytest.raises(DBAPIError, match="read-only"):
        async with other.reading() as session:
            await session.execute(text("DELETE FROM post"))


async def test_what_cannot_be_done_at_the_same_moment_says_so_and_changes_nothing(
    desk: Desk, other: Database, clock: FakeClock
) -> None:
    first, second = await desk.draft("One"), await desk.draft("Two")

    async def both(db: Database, *order: str) -> None:
        async with db.writing() as session:
            for known in order:
                (await session.get_one(Post, known)).brief = "changed"
                await session.flush()
                await asyncio.sleep(0.2)

    ended = await asyncio.gather(
        both(desk.db, first.id, second.id), both(other, second.id, first.id), return_exceptions=True
    )
    assert [type(one) for one in ended if one is not None] == [Collision]
    assert after(Collision("x"), 1, clock.now()) == Again(clock.now())
    async with other.reading() as session:
        workspace = await session.get_one(Workspace, desk.actor.workspace_id)
    with pytest.raises(Collision, match="Do it again"):
        async with other.writing() as session:
            session.add(Workspace(id=workspace.id, name="x", zone="UTC", created_at=clock.now()))
    with pytest.raises(DBAPIError, match="foreign key"):
        async with other.writing() as session:
            session.add(Member(id="m", workspace_id="gone", name="x", role=Role.OWNER, created_at=clock.now()))


async def test_whatever_is_made_on_first_sight_is_made_once(db: Database, other: Database, clock: FakeClock) -> None:
    owners = await asyncio.gather(*(People(one, clock).open_desk("UTC") for _ in range(4) for one in (db, other)))
    assert len({one.member_id for one in owners}) == 1
    where = owners[0].workspace_id
    places = await asyncio.gather(
        *(Transcript(one, clock).open(where, "web", "room") for _ in range(4) for one in (db, other))
    )
    assert len(set(places)) == 1


async def test_each_number_is_given_to_one_post(desk: Desk) -> None:
    await asyncio.gather(*(desk.draft("One") for _ in range(12)))
    assert sorted(one.number for one in await desk.rows(Post)) == list(range(1, 13))


async def test_jobs_of_a_lane_are_claimed_one_at_a_time_by_several_processes(
    db: Database, other: Database, clock: FakeClock
) -> None:
    running: Counter[str] = Counter()
    done: list[str] = []

    async def handle(subject: str) -> None:
        lane = subject[:1]
        running[lane] += 1
        assert running[lane] == 1
        await asyncio.sleep(0.001)
        running[lane] -= 1
        done.append(subject)

    async with db.writing() as session:
        for number in range(60):
            at = clock.now() + timedelta(milliseconds=number)
            subject = f"{number % 6}/{number:02}"
            session.add(
                Job(
                    id=new_id("job"), kind="learn", subject=subject, lane=subject[:1],
                    state=JobState.READY, run_at=at, created_at=at,
                )
            )  # fmt: skip
    clock.move(timedelta(seconds=1))
    runners = [Jobs(db if number % 2 else other, clock, {"learn": handle}) for number in range(4)]

    async def drain(runner: Jobs) -> None:
        while len(done) < 60:
            await runner.run_due(limit=7)

    await asyncio.gather(*(drain(one) for one in runners))
    assert max(Counter(done).values()) == 1
    assert all(
        [one for one in done if one[0] == lane] == sorted(one for one in done if one[0] == lane) for lane in "012345"
    )


async def test_of_a_cancel_and_a_claim_at_the_same_moment_one_wins(desk: Desk, fake: FakePlatform) -> None:
    """Whatever the order, nothing is both cancelled and public."""
    posts = [await desk.planned(f"Number {number}") for number in range(12)]
    desk.clock.move(timedelta(hours=1))
    ended = await asyncio.gather(
        desk.run(), *(desk.schedule.cancel(desk.actor, post.id) for post in posts), return_exceptions=True
    )
    assert all(not isinstance(one, BaseException) or isinstance(one, WrongState | Collision) for one in ended)
    await desk.run()
    public = {one.text for one in fake.public}
    states = [await desk.state(post) for post in posts]
    sent = {f"Number {number}" for number, state in enumerate(states) if state is DeliveryState.SENT}
    assert sent == public
    assert set(states) <= {DeliveryState.SENT, DeliveryState.CANCELLED}


async def test_processes_that_start_together_migrate_once(postgres: Postgres) -> None:
    name = await asyncio.to_thread(postgres.bare)
    opened = [Database(postgres.address(name), SystemClock()) for _ in range(3)]
    await asyncio.gather(*(migrate(one) for one in opened))
    assert await is_current(opened[0])
    for one in opened:
        await one.close()
    await asyncio.to_thread(postgres.drop, name)


async def test_a_blackout_keeps_the_days_it_was_made_for(postgres: Postgres) -> None:
    name = await asyncio.to_thread(postgres.bare)
    await keeps_its_zone(Database(postgres.address(name), SystemClock()))
    await asyncio.to_thread(postgres.drop, name)


async def test_both_ends_of_a_connection_give_up_one_that_says_nothing(db: Database) -> None:
    options = "-c%20work_mem%3D8MB"
    own = Database(f"{db.engine.url.render_as_string(hide_password=False)}&options={options}", SystemClock())
    for opened in (own.writing, own.reading):
        async with opened() as session:
            idle = (await session.execute(text("SHOW idle_in_transaction_session_timeout"))).scalar_one()
            assert idle == "30s"
            assert (await session.execute(text("SHOW work_mem"))).scalar_one() == "8MB"
            raw = await (await session.connection()).get_raw_connection()
            asked = raw.driver_connection.info.get_parameters()  # type: ignore[union-attr]
            assert asked["tcp_user_timeout"] == "30000"
            assert (asked["keepalives_idle"], asked["keepalives_interval"], asked["keepalives_count"]) == (
                "10",
                "10",
                "2",
            )
            assert "-c tcp_keepalives_idle=10" in asked["options"], "a local socket shows nothing of it"
    await own.close()


async def test_who_is_paused_inside_a_transaction_holds_nobody_up(db: Database, other: Database) -> None:
    """As a machine that is moved, or gone: it has the lock of those who claim, and says nothing any more."""
    locked, taken = asyncio.Event(), asyncio.Event()

    async def paused() -> None:
        async with db.writing(alone=True) as session:
            await session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '300ms'"))
            session.add(Workspace(id=new_id("workspace"), name="never", zone="UTC", created_at=SystemClock().now()))
            await session.flush()
            locked.set()
            await taken.wait()

    stuck = asyncio.create_task(paused())
    await locked.wait()
    async with asyncio.timeout(5), other.writing(alone=True) as session:
        assert (await session.scalars(select(Workspace.id).where(Workspace.name == "never"))).all() == []
    taken.set()
    with pytest.raises(Collision):
        await stuck
    async with db.reading() as session:
        assert (await session.scalars(select(Workspace.id).where(Workspace.name == "never"))).all() == []
