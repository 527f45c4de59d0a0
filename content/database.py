"""The database: one engine, transactions that lock what they decide by, and a clock that SQL can ask.

SQLite runs `BEGIN IMMEDIATE`, WAL and `synchronous=FULL`: the library's defaults lost 1,386 of 2,013 concurrent
updates in a trial, because two readers may both become writers. PostgreSQL has many writers at a time, so there a writing
transaction locks the rows it reads. Leases compare against `database_now()`, never a worker's clock.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import DateTime, Engine, MetaData, Select, event, func, make_url, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import JSON, TypeDecorator

from content.errors import Busy, Collision
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

    shared: ClassVar[bool] = False
    """Whether many transactions at a time may read a row of this table and write by it, as all of a workspace read the workspace's."""


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


@contextmanager
def _collisions() -> Iterator[None]:
    """A transaction that lost against another one left nothing behind."""
    try:
        yield
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") not in _COLLISIONS:
            raise
        raise Collision(
            "Somebody did something here at the same moment, so nothing was changed. Do it again."
        ) from error


@contextmanager
def _connected() -> Iterator[None]:
    """Whoever gets no connection in time is told so as of any other collision: it is no bug of theirs."""
    try:
        yield
    except PoolTimeout as error:
        raise Busy("I am too busy just now, so nothing was changed. Do it again in a moment.") from error


_COLLISIONS = {"40001", "40P01", "23505", "25P03"}
"""Not serializable, a deadlock, a row that must be the only one, and a transaction that was idle for `SILENT_S`."""

ALONE = 20_261_126
"""The advisory lock of those who must not do the same thing at the same time, though there is no row yet to lock."""
LOCK_ALONE = select(func.pg_advisory_xact_lock(ALONE))
"""Takes it on PostgreSQL, until the end of the transaction."""


class _Writer(Session):
    """Locks the rows it reads; SQLite has one writer at a time, and skips this."""


@event.listens_for(_Writer, "do_orm_execute")
def _lock_what_is_read(state: ORMExecuteState) -> None:
    statement = state.statement
    if not isinstance(statement, Select) or statement._for_update_arg is not None:  # noqa: SLF001 - nothing public tells
        return
    if state.is_column_load or state.execution_options.get("copydesk_unlocked") or not state.session.info.get("locks"):
        return
    rows = [one["expr"] for one in statement.column_descriptions if one["expr"] is one.get("entity")]
    owned = [one for one in rows if one is not None and not one.shared]
    if owned:
        state.statement = statement.with_for_update(of=owned, key_share=True)
        state.update_execution_options(populate_existing=True)


SILENT_S = 30
"""Seconds after which one end of a connection gives the other up."""


def watched(options: str = "") -> dict[str, Any]:
    """How to connect to a PostgreSQL server, with further `options` for the session.

    A process that is paused inside a transaction, or whose machine is gone, keeps its locks for hours by a server's defaults,
    and nobody else claims anything meanwhile. A server that is gone would be waited for a quarter of an hour.
    """
    keepalive = {"keepalives_idle": SILENT_S // 3, "keepalives_interval": SILENT_S // 3, "keepalives_count": 2}
    server = {f"tcp_{name}": value for name, value in keepalive.items()}
    server |= {"tcp_user_timeout": SILENT_S * 1000, "idle_in_transaction_session_timeout": SILENT_S * 1000}
    return {
        "connect_timeout": SILENT_S // 3,
        **keepalive,
        "tcp_user_timeout": SILENT_S * 1000,
        "options": " ".join([*(f"-c {name}={value}" for name, value in server.items()), options]).strip(),
    }


MAY_BE_IDLE = text("SET LOCAL idle_in_transaction_session_timeout = 0")
"""For a transaction that files are moved in meanwhile."""


def _engine(url: str, clock: Clock) -> AsyncEngine:
    if url.startswith("postgresql"):
        given = watched(str(make_url(url).query.get("options", "")))
        return create_async_engine(url, pool_size=POOL, max_overflow=POOL, pool_pre_ping=True, connect_args=given)
    engine = create_async_engine(url)
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(engine.sync_engine, clock)
    return engine


POOL = 5
"""Connections that a process keeps open to a PostgreSQL server; in a crowd as many again. A server allows a hundred by default."""


class Database:
    """Opens transactions: `writing` for a use case that changes something, `reading` for one that does not."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.engine = _engine(url, clock)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._sessions = async_sessionmaker(
            self.engine,
            sync_session_class=_Writer,
            expire_on_commit=False,
            autoflush=True,
            info={"locks": not self.is_sqlite},
        )
        reading = {"copydesk_reading": True} if self.is_sqlite else _SNAPSHOT
        self._readers = async_sessionmaker(
            self.engine.execution_options(**reading), expire_on_commit=False, autoflush=False
        )
        # SQLite has one writer at a time; waiting here is fair, waiting in the file's lock is not
        self._writer = Turns()
        self.wake: Callable[[], None] = lambda: None
        """Called after a commit that put a job, so that it need not wait for the next tick."""

    @asynccontextmanager
    async def writing(self, *, hurry: bool = False, alone: bool = False) -> AsyncIterator[AsyncSession]:
        """One transaction: committed at the end, rolled back on any error. No network inside.

        `hurry`: before those who wait. `alone`: one after the other with all who say so, in every process.

        Raises:
            Collision: another transaction was in the way, or all connections are in use; nothing was done.
        """
        with _connected(), _collisions():
            async with self._turn(hurry), self._sessions.begin() as session:
                if alone and not self.is_sqlite:
                    await session.execute(LOCK_ALONE)
                yield session
        if session.info.get("jobs"):
            self.wake()

    def _turn(self, hurry: bool) -> AbstractAsyncContextManager[None]:
        return self._writer.turn(hurry=hurry) if self.is_sqlite else nullcontext()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A consistent view that changes nothing and waits for nobody.

        Raises:
            Busy: all connections are in use.
        """
        with _connected():
            async with self._readers() as session:
                yield session

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


_SNAPSHOT: Mapping[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
