import asyncio
import contextlib
import gc
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.pool import QueuePool

from content import jobs
from content.database import Database, Instant, database_now
from content.errors import Busy
from content.models import Member, Role, Workspace
from tests.fakes.clock import FakeClock

SQLITE, POSTGRES = SQLiteDialect_aiosqlite(), PGDialect()  # type: ignore[no-untyped-call]
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Nowhere(SQLiteDialect_aiosqlite):
    """A database that does not call itself SQLite, without a server."""

    name = "nowhere"
    supports_statement_cache = True


@pytest.fixture
async def other(db: Database, clock: FakeClock) -> AsyncIterator[Database]:
    """A second process's view of the same file, set up as in the product."""
    second = Database(str(db.engine.url), clock)
    yield second
    await second.close()


async def workspace(db: Database) -> str:
    async with db.writing() as session:
        session.add(Workspace(id="workspace_1", name="x", zone="UTC", created_at=NOON))
    return "workspace_1"


@pytest.mark.on_sqlite
async def test_sqlite_is_set_up_to_keep_every_commit(other: Database) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10000}
    for opened in (other.writing, other.reading):
        async with opened() as session:
            found = {name: (await session.execute(text(f"PRAGMA {name}"))).scalar_one() for name in wanted}
        assert found == wanted


@pytest.mark.on_sqlite
async def test_a_writer_locks_the_file_before_it_reads_and_readers_go_on(db: Database, other: Database) -> None:
    path = str(db.engine.url.database)
    async with db.writing() as session:
        await session.execute(select(Workspace))
        assert not await asyncio.to_thread(_can_write, path)
        async with other.reading() as reader:
            assert (await reader.scalars(select(Workspace))).all() == []
    async with db.reading() as session:
        await session.execute(select(Workspace))
        assert await asyncio.to_thread(_can_write, path)


def _can_write(path: str) -> bool:
    """Whether a connection of another process could write now."""
    with contextlib.closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True


async def test_a_failed_use_case_leaves_nothing_behind(db: Database) -> None:
    async def fail() -> None:
        async with db.writing() as session:
            session.add(Workspace(id="workspace_1", name="x", zone="UTC", created_at=NOON))
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with db.reading() as session:
        assert (await session.scalars(select(Workspace))).all() == []


async def test_foreign_keys_are_enforced(db: Database) -> None:
    with pytest.raises(IntegrityError):
        async with db.writing() as session:
            session.add(Member(id="m", workspace_id="nowhere", name="x", role=Role.OWNER, created_at=NOON))


async def test_concurrent_read_modify_writes_lose_nothing(db: Database, other: Database) -> None:
    known = await workspace(db)

    async def bump(database: Database) -> None:
        async with database.writing() as session:
            row = await session.get_one(Workspace, known, with_for_update=True)  # a table whose rows many share
            await asyncio.sleep(0)
            row.next_post_number += 1

    await asyncio.gather(*(bump(one) for _ in range(100) for one in (db, other)))
    async with db.reading() as session:
        assert (await session.get_one(Workspace, known)).next_post_number == 201


async def test_a_cancelled_writer_frees_the_file_at_once(db: Database, other: Database) -> None:
    """A request that is given up on in the middle of a statement once kept the file locked until garbage was collected."""
    known = await workspace(db)

    async def bump(database: Database) -> None:
        async with database.writing() as session:
            (await session.get_one(Workspace, known)).next_post_number += 1

    gc.disable()
    try:
        for number in range(40):
            given_up = asyncio.create_task(bump(db))
            await asyncio.sleep(0.0002 * number)
            given_up.cancel()
            await asyncio.gather(given_up, return_exceptions=True)
            await asyncio.wait_for(bump(other), 5)
    finally:
        gc.enable()


async def test_a_connection_thrown_away_for_another_reason_is_replaced(db: Database) -> None:
    async with db.engine.connect() as connection:
        await connection.invalidate()
    await workspace(db)


async def test_a_commit_that_put_a_job_wakes_the_runner_and_no_other_does(db: Database) -> None:
    woken: list[bool] = []
    db.wake = lambda: woken.append(True)

    async def put(*, fail: bool) -> None:
        async with db.writing() as session:
            await jobs.put(session, "learn", "post_1", run_at=NOON, now=NOON)
            if fail:
                raise RuntimeError

    await workspace(db)
    with pytest.raises(RuntimeError):
        await put(fail=True)
    assert woken == []
    await put(fail=False)
    assert woken == [True]


async def test_the_database_tells_the_clocks_time(db: Database, clock: FakeClock) -> None:
    clock.move(timedelta(microseconds=5))
    async with db.reading() as session:
        assert (await session.execute(select(database_now()))).scalar_one() == clock.now()


async def test_a_naive_moment_does_not_get_in(db: Database) -> None:
    with pytest.raises(StatementError, match="without a zone"):
        async with db.writing() as session:
            session.add(Workspace(id="w", name="x", zone="UTC", created_at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_moments_are_utc_in_every_database() -> None:
    kind = Instant()
    here = NOON.astimezone(tz=None)
    assert kind.process_bind_param(here, SQLITE) == NOON.replace(tzinfo=None)
    assert kind.process_bind_param(here, POSTGRES) == NOON
    assert kind.process_bind_param(None, SQLITE) is None
    assert kind.process_result_value(NOON.replace(tzinfo=None), SQLITE) == NOON
    assert kind.process_result_value(here, POSTGRES) == NOON
    assert kind.process_result_value(None, SQLITE) is None


def test_a_server_is_asked_for_its_own_time() -> None:
    assert str(select(database_now()).compile(dialect=POSTGRES)) == "SELECT clock_timestamp() AS copydesk_now_1"


async def test_another_database_than_sqlite_gets_no_sqlite_settings() -> None:
    registry.register("nowhere", __name__, Nowhere.__name__)
    db = Database("nowhere://", FakeClock())
    async with db.engine.connect() as connection:
        assert (await connection.execute(text("PRAGMA foreign_keys"))).scalar_one() == 0
    await db.close()


async def test_whoever_gets_no_connection_in_time_is_told_to_come_again(db: Database) -> None:
    """It is no bug of theirs: what they asked is done again later, and what is known here only is not lost."""
    pool = db.engine.sync_engine.pool
    assert isinstance(pool, QueuePool)
    pool._timeout = 0.05
    async with contextlib.AsyncExitStack() as taken:
        for _ in range(pool.size() + pool._max_overflow):
            await taken.enter_async_context(db.engine.connect())
        for opened in (db.reading, db.writing):
            with pytest.raises(Busy, match="Do it again in a moment"):
                await one(opened())
    assert await one(db.reading()) == 1


async def one(opening: contextlib.AbstractAsyncContextManager[AsyncSession]) -> int | None:
    async with opening as session:
        return await session.scalar(select(1))
