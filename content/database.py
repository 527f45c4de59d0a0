"""The database: one engine, transactions that lock at once, and a clock that SQL can ask.

SQLite runs `BEGIN IMMEDIATE`, WAL and `synchronous=FULL`: the library's defaults lost 1,386 of 2,013 concurrent
updates in a trial, because two readers may both become writers. Leases compare against `database_now()`, never a
worker's clock.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Engine, MetaData, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import JSON, TypeDecorator

from content.times import Clock, instant
from content.turns import Turns

CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
_TEXT = "%Y-%m-%d %H:%M:%S.%f"  # how SQLAlchemy keeps a moment in SQLite; it compares in order


class Instant(TypeDecorator[datetime]):
    """An aware moment, kept in UTC; a naive one is refused at the door."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; SQLite keeps no zone."""
        if value is None:
            return None
        at = instant(value)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware again."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class database_now(FunctionElement[datetime]):  # noqa: N801 - reads as the SQL function it is
    """The database's present instant, in a statement."""

    type = Instant()
    inherit_cache = True
    name = "copydesk_now"


@compiles(database_now)
def _call_function(element: database_now, compiler: SQLCompiler, **_: Any) -> str:
    return "copydesk_now()"


@compiles(database_now, "postgresql")
def _ask_server(element: database_now, compiler: SQLCompiler, **_: Any) -> str:
    return "clock_timestamp()"


async def moment(session: AsyncSession) -> datetime:
    """The database's present instant, in a statement of its own."""
    return (await session.execute(select(database_now()))).scalar_one()


class Base(DeclarativeBase):
    """Every table's parent."""

    metadata = MetaData(naming_convention=CONVENTION)
    type_annotation_map = {datetime: Instant, dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012 - read by SQLAlchemy


def _set_up_sqlite(engine: Engine, clock: Clock) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the begin hook below says what to begin
        connection.create_function("copydesk_now", 0, lambda: clock.now().strftime(_TEXT))
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "busy_timeout=10000",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "invalidate")
    def on_invalidate(connection: DBAPIConnection, _: ConnectionPoolEntry, error: BaseException | None) -> None:
        if isinstance(error, asyncio.CancelledError):
            # a statement still in flight keeps the closed connection, and its lock on the file, alive
            connection.rollback()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("copydesk_reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def dialect_of(session: AsyncSession) -> str:
    """“sqlite” or “postgresql”."""
    return session.get_bind().dialect.name


def upserting(dialect: str, table: type[Base]) -> Any:
    """The dialect's own `INSERT`, which can say what happens to a row that is there already."""
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)


class Database:
    """Opens transactions: `writing` for a use case that changes something, `reading` for one that does not."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.engine = create_async_engine(url)
        if self.engine.dialect.name == "sqlite":
            _set_up_sqlite(self.engine.sync_engine, clock)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=True)
        self._readers = async_sessionmaker(
            self.engine.execution_options(copydesk_reading=True), expire_on_commit=False, autoflush=False
        )
        # SQLite has one writer at a time; waiting here is fair, waiting in the file's lock is not
        self._writer = Turns()
        self.wake: Callable[[], None] = lambda: None
        """Called after a commit that put a job, so that it need not wait for the next tick."""

    @asynccontextmanager
    async def writing(self, *, hurry: bool = False) -> AsyncIterator[AsyncSession]:
        """One transaction: committed at the end, rolled back on any error. No network inside. `hurry`: before those who wait."""
        async with self._writer.turn(hurry=hurry), self._sessions.begin() as session:
            yield session
        if session.info.get("jobs"):
            self.wake()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A consistent view that changes nothing and waits for nobody."""
        async with self._readers() as session:
            yield session

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()
