"""Rows out of a PostgreSQL database and back, by its own `pg_dump` and `pg_restore`. Passwords are handed over in a file.

What tells a desk which schema a database has (`alembic_version`) is not in the dump: it is written last, together with what
makes a restored copy safe, so that no desk starts on one before.
"""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from content.database import MAY_BE_IDLE
from content.errors import Invalid

_VERSIONS = "alembic_version"
_FAMILY = Path("/usr/lib/postgresql")
"""Where Debian keeps the programs of several versions side by side."""


@dataclass(frozen=True)
class Dump:
    """What a dump holds, as of its moment."""

    schema: str
    counts: Mapping[str, int]
    media: Mapping[str, str]
    """The names of pictures and videos, by SHA-256."""


@asynccontextmanager
async def dumped(url: str, target: Path) -> AsyncIterator[Dump]:
    """One moment of the database, in a file.

    Raises:
        Invalid: it cannot be reached, holds no desk, or there is no program that can dump it.
    """
    async with _connected(url) as connection:
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        await connection.execute(MAY_BE_IDLE)
        snapshot = await connection.scalar(text("SELECT pg_export_snapshot()"))
        counts = await _counts(connection)
        if _VERSIONS not in counts:
            raise Invalid(
                "There is no desk in the database of COPYDESK_DATABASE_URL yet, so there is nothing to back up."
            )
        found = await connection.scalar(text(f"SELECT version_num FROM {_VERSIONS}"))  # noqa: S608
        media = await connection.execute(text("SELECT sha256, min(name) FROM media GROUP BY sha256 ORDER BY sha256"))
        dump = Dump(str(found), counts, dict(media.tuples().all()))
        program = await _program("pg_dump", connection)
        with _address(url) as address:
            await _run(
                program, "--format=custom", "--no-owner", "--no-privileges", f"--exclude-table={_VERSIONS}",
                f"--snapshot={snapshot}", f"--file={target}", f"--dbname={address}",
            )  # fmt: skip
    yield dump


async def load(url: str, file: Path) -> None:
    """Put a dump into an empty database, all or nothing.

    Raises:
        Invalid: it cannot be reached, or there is no program that can do it.
    """
    async with _connected(url) as connection:
        program = await _program("pg_restore", connection)
    with _address(url) as address:
        await _run(
            program, "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error",
            f"--dbname={address}", str(file),
        )  # fmt: skip


async def require_empty(url: str) -> None:
    """Refuse a database that has tables.

    Raises:
        Invalid: it has some, or cannot be reached.
    """
    async with _connected(url) as connection:
        found = await connection.scalars(
            text(
                "SELECT table_name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', "
                "'information_schema') ORDER BY table_name LIMIT 3"
            )
        )
        tables = ", ".join(found)
    if tables:
        raise Invalid(
            f"The database of COPYDESK_DATABASE_URL is not empty (it has {tables}), and I write over nothing. Make a new one with "
            "“createdb”, and name it there."
        )


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as broken:
        raise Invalid(
            f"The database of COPYDESK_DATABASE_URL does not answer as it should: {str(broken.__cause__ or broken).strip()[:300]}. "
            "Nothing was changed. See that it runs, and that the address is right."
        ) from broken
    finally:
        await engine.dispose()


async def _counts(connection: AsyncConnection) -> Mapping[str, int]:
    def names(sync: Connection) -> list[str]:
        return sorted(inspect(sync).get_table_names())

    tables = await connection.run_sync(names)
    quote = connection.dialect.identifier_preparer.quote
    return {one: await connection.scalar(text(f"SELECT count(*) FROM {quote(one)}")) or 0 for one in tables}  # noqa: S608


async def _program(name: str, connection: AsyncConnection) -> str:
    """The newest of these programs, if it is new enough for the server.

    Raises:
        Invalid: it is not, or there is none.
    """
    server = int(await connection.scalar(text("SHOW server_version_num")) or 0) // 10000
    found = {await _version(one): one for one in _installed(name)}
    newest = max(found, default=0)
    if newest >= server:
        return found[newest]
    what = f"The {name} here is of version {newest}, and" if found else f"{name} is not installed here, and"
    raise Invalid(
        f"{what} the server is PostgreSQL {server}. Nothing was changed. Install the client programs of PostgreSQL {server} or newer "
        f"(on Debian the package postgresql-client-{server}), or put them first on the PATH."
    )


def _installed(name: str) -> list[str]:
    first = shutil.which(name)
    return [*map(str, _FAMILY.glob(f"*/bin/{name}")), *([first] if first else [])]


async def _version(program: str) -> int:
    process = await asyncio.create_subprocess_exec(program, "--version", stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    found = re.search(rb"(\d+)", said.partition(b")")[2])
    return int(found[1]) if found else 0


@contextmanager
def _address(url: str) -> Iterator[str]:
    """The database's address for PostgreSQL's own programs; its password in a file, since anybody can read command lines."""
    told = make_url(url)
    bare = URL.create("postgresql", told.username, None, told.host, told.port, told.database, told.query)
    with TemporaryDirectory() as folder:
        if told.password:
            passwords = Path(folder) / "pgpass"
            escaped = str(told.password).replace("\\", "\\\\").replace(":", "\\:")
            with os.fdopen(os.open(passwords, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(f"*:*:*:*:{escaped}\n")
            bare = bare.update_query_dict({"passfile": str(passwords)})
        yield bare.render_as_string(hide_password=False)


async def _run(program: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        why = " ".join(said.decode(errors="replace").split())[-400:]
        raise Invalid(f"{Path(program).name} could not do it: {why}. Nothing was changed. See to that and try again.")
