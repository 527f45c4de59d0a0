"""What every test can ask for: a clock that stands still, and a migrated database in a folder of its own."""

import asyncio
import gc
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from content.database import Database
from content.schema import migrate
from content.times import SystemClock
from tests.fakes.clock import FakeClock
from tests.servers.postgres import Postgres, running_postgres

ON_POSTGRESQL = "--on-postgresql"
LONG = "--long"


def pytest_addoption(parser: pytest.Parser) -> None:
    """One run shows that the rules hold on the other database too."""
    parser.addoption(ON_POSTGRESQL, action="store_true", help="give each test a PostgreSQL database instead of SQLite")
    parser.addoption(LONG, action="store_true", help="live many more lives of a post, other ones every time")


@pytest.fixture(scope="module", autouse=True)
def _what_stays() -> Iterator[None]:
    """What a module leaves in caches is not looked through for garbage by all that follow: the last ones took ten times as long."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database built by the migrations, once; tests copy it."""
    path = tmp_path_factory.mktemp("schema") / "empty.db"

    async def build() -> None:
        db = Database(f"sqlite+aiosqlite:///{path}", SystemClock())
        await migrate(db)
        await db.close()

    asyncio.run(build())
    return path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def _without_syncing(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """No test pulls the plug; waiting for the disk would make the suite several times slower."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


@pytest.fixture(scope="session")
def postgres(testrun_uid: str) -> Iterator[Postgres]:
    """A PostgreSQL server that all workers of this run share."""
    with running_postgres(Path(tempfile.gettempdir()) / f"copydesk-postgres-{testrun_uid}") as server:
        yield server


@pytest.fixture
def empty(request: pytest.FixtureRequest) -> Path | Postgres:
    """Where a migrated database is copied from: a file, or a server with `--on-postgresql` or where a test's mark says so."""
    elsewhere = request.config.getoption(ON_POSTGRESQL) and not request.node.get_closest_marker("on_sqlite")
    on_server = elsewhere or request.node.get_closest_marker("on_postgresql")
    found: Path | Postgres = request.getfixturevalue("postgres" if on_server else "migrated_file")
    return found


@pytest.fixture
async def db(empty: Path | Postgres, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated database of the test's own."""
    if isinstance(empty, Postgres):
        server: Postgres = empty
        async with server.database(clock) as database:
            yield database
        return
    path = tmp_path / "copydesk.db"
    shutil.copy(empty, path)
    database = Database(f"sqlite+aiosqlite:///{path}", clock)
    event.listen(database.engine.sync_engine, "connect", _without_syncing)
    yield database
    await database.close()
