"""Moves every row of one database into another, empty one, whichever each is: from one machine to the scaled set-up."""

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from content.database import Base, Database

_AT_ONCE = 500
"""Rows of one statement."""


async def move(source: Database, target: AsyncSession) -> None:
    """Every row of every table, those first that others refer to; both are on the newest schema."""
    async with source.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            result = await connection.stream(select(table))
            async for rows in result.mappings().partitions(_AT_ONCE):
                await target.execute(insert(table), [dict(row) for row in rows])
