"""Real trouble with a database under the program's feet: a lock that somebody else holds, a connection that dies, a full disk."""

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from content.database import Database

PATIENCE = 20
"""Seconds."""
ROOMY = 1_000_000
"""Pages."""


async def made_impatient(db: Database) -> None:
    """From now on SQLite waits 50 ms for a lock, so that tests need not wait for ten seconds."""

    @event.listens_for(db.engine.sync_engine, "connect")
    def on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=50")
        cursor.close()

    await db.engine.dispose()


@asynccontextmanager
async def locked_file(path: Path) -> AsyncIterator[None]:
    """Somebody else writes to the file, for as long as the block runs."""
    with closing(_opened(path)) as other:
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")  # whoever writes now needs the loop to come to an end
        yield
        other.execute("ROLLBACK")


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=PATIENCE)


AN_ATTEMPT = """INSERT INTO attempt (id, delivery_id, part_id, fence, digest, handles, started_at, outcome, error, cost_mills, doubted)
    VALUES ('filler ' || :number, '', '', 0, '', '{}', '2020-01-01 00:00:00.000000', 'nothing', '', 0, 0)"""
AN_ENTRY = """INSERT INTO audit_entry (id, workspace_id, verb, subject, detail, at)
    VALUES ('filler ' || :number, '', '', '', '{}', '2020-01-01 00:00:00.000000')"""


@asynccontextmanager
async def full_disk(db: Database, path: Path, one_more: str) -> AsyncIterator[None]:
    """There is no room for one more row of a kind, nor for one more page, while the block runs: SQLite's own SQLITE_FULL."""
    room = [ROOMY]

    @event.listens_for(db.engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={room[0]}")

    with closing(_opened(path)) as other:
        room[0] = await asyncio.to_thread(_filled, other, one_more)
        yield
    room[0] = ROOMY


def _filled(other: sqlite3.Connection, one_more: str) -> int:
    """The number of pages; none that could take such a row has room for it."""
    [pages] = other.execute("PRAGMA page_count").fetchone()
    other.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        other.executemany(one_more, ({"number": number} for number in itertools.count()))
    return int(pages)


@asynccontextmanager
async def dying_connections(dsn: str, table: str = "delivery") -> AsyncIterator[None]:
    """While the block runs, the server ends every connection that waits for a row of a table, as an operator or a failover does."""
    async with (
        await psycopg.AsyncConnection.connect(dsn) as other,
        await psycopg.AsyncConnection.connect(dsn, autocommit=True) as judge,
    ):
        await other.execute(sql.SQL("SELECT id FROM {} FOR UPDATE").format(sql.Identifier(table)))
        killing = asyncio.create_task(_kill_who_waits(judge))
        try:
            yield
            await other.rollback()
        finally:
            killing.cancel()


async def _kill_who_waits(judge: psycopg.AsyncConnection) -> None:
    while True:
        await judge.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        await asyncio.sleep(0.02)
