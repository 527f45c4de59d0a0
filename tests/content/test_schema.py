from pathlib import Path

from sqlalchemy import inspect

from content.database import Base, Database
from content.schema import differences, is_current, migrate
from tests.fakes.clock import FakeClock


async def test_the_migrated_database_matches_the_models(db: Database) -> None:
    assert await differences(db) == []


async def test_migrating_goes_up_and_down_again(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", FakeClock())
    assert not await is_current(db)
    await migrate(db)
    assert await is_current(db)
    await migrate(db, "base")
    async with db.engine.connect() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    assert set(tables) - {"alembic_version"} == set()
    assert len(Base.metadata.tables) > 20
    await db.close()
