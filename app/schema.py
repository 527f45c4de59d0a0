"""Which schema a database has, told without loading Alembic, which takes 0.1 s of CPU that most starts need not spend."""

from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError

import content
from content.database import Database
from content.errors import Invalid

_VERSIONS = Path(content.__file__).parent / "migrations" / "versions"


def newest() -> str:
    """The newest revision; the migrations' files are named after their revisions, in order."""
    return max(path.stem for path in _VERSIONS.glob("[0-9]*.py")).partition("_")[0]


async def version(db: Database) -> str:
    """The revision a database is at; empty: none yet.

    Raises:
        Invalid: it cannot be opened, or is no database.
    """
    try:
        async with db.reading() as session:
            connection = await session.connection()
            if not await connection.run_sync(lambda sync: inspect(sync).has_table("alembic_version")):
                return ""
            return str(await session.scalar(text("SELECT version_num FROM alembic_version")) or "")
    except SQLAlchemyError as broken:
        raise Invalid(
            f"The database cannot be opened ({type(broken).__name__}: {str(broken.__cause__ or '').strip()[:200]}). See "
            "that COPYDESK_DATABASE_URL, or copydesk.db in the data folder, is a database this user may write to."
        ) from broken
