"""What every test can ask for: a clock that stands still, and a migrated database in a folder of its own."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from content.database import Database
from content.schema import migrate
from content.times import SystemClock
from tests.fakes.clock import FakeClock


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


@pytest.fixture
async def db(clock: FakeClock, tmp_path: Path, migrated_file: Path) -> AsyncIterator[Database]:
    path = tmp_path / "copydesk.db"
    shutil.copy(migrated_file, path)
    database = Database(f"sqlite+aiosqlite:///{path}", clock)
    event.listen(database.engine.sync_engine, "connect", _without_syncing)
    yield database
    await database.close()
