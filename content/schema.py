"""Bringing a database to the newest schema, and saying whether the models still match it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from alembic import autogenerate, command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from content.database import LOCK_ALONE, Base, Database


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without a file of its own."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    return settings


async def migrate(db: Database, to: str = "head") -> None:
    """Bring the schema to a revision: the newest by default, `base` for none at all."""

    def run(connection: Connection) -> None:
        if to == "base":
            command.downgrade(config(connection), to)
        else:
            command.upgrade(config(connection), to)

    async with db.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        async with _without_cascades(connection) if sqlite else nullcontext(), connection.begin():
            if not sqlite:
                await connection.execute(LOCK_ALONE)  # of several processes that start together one migrates
            await connection.run_sync(run)


async def upgrade(session: AsyncSession, found: str = "") -> None:
    """Bring a database to the newest schema in the caller's transaction; `found` is the one it has, where nothing in it says so.

    Not for a SQLite database with rows: see `_without_cascades`.
    """

    def run(connection: Connection) -> None:
        if found:
            command.stamp(config(connection), found)
        command.upgrade(config(connection), "head")

    await (await session.connection()).run_sync(run)


@asynccontextmanager
async def _without_cascades(connection: AsyncConnection) -> AsyncIterator[None]:
    """SQLite alters a table by copying and dropping it, and a drop would delete every row that refers to one of its rows."""
    raw: Any = (await connection.get_raw_connection()).driver_connection  # the pragma does nothing in a transaction
    await raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        await raw.execute("PRAGMA foreign_keys=ON")


async def is_current(db: Database) -> bool:
    """Whether the database has the newest schema."""

    def look(connection: Connection) -> bool:
        newest = ScriptDirectory.from_config(config()).get_current_head()
        return MigrationContext.configure(connection).get_current_revision() == newest

    async with db.engine.connect() as connection:
        return await connection.run_sync(look)


async def differences(db: Database) -> list[Any]:
    """What the models say and the migrated database does not; empty when they agree."""

    def compare(connection: Connection) -> list[Any]:
        return list(autogenerate.compare_metadata(MigrationContext.configure(connection), Base.metadata))

    async with db.engine.connect() as connection:
        return await connection.run_sync(compare)
