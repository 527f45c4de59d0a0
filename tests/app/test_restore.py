"""`copydesk restore`: everything comes back, held; what does not fit is refused, and then nothing is in place."""

import asyncio
import json
import random
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.archive import Manifest
from app.backup import backup
from app.serve import alone
from content.database import Database
from content.schema import is_current, migrate
from content.sealing import fingerprint, keys_in
from content.times import SystemClock
from tests.app.kept import ROOT, fill, lies_in, opened, picture, started, typed
from tests.app.test_archive import forged, member
from tests.journeys.desk import settings_for

RED = sha256(picture("red")).hexdigest()
KILLS = 25


@pytest.fixture
async def desk(data: Path) -> Path:
    """A data folder with something of everything."""
    await fill(data)
    with closing(sqlite3.connect(data / "conversations.db")) as notes:
        notes.execute("CREATE TABLE checkpoints (words TEXT)")
    return data


@pytest.fixture
async def archive(desk: Path, tmp_path: Path) -> Path:
    """A backup of that."""
    await backup(settings_for(desk), tmp_path / "desk.tar.gz", print)
    return tmp_path / "desk.tar.gz"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where it is restored: an empty folder."""
    folder = tmp_path / "elsewhere" / "desk"
    folder.mkdir(parents=True)
    return folder


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "copydesk.db")) as found:
        return found.execute(query).fetchall()


async def test_everything_comes_back_and_is_held_and_the_right_key_opens_the_logins(
    desk: Path, archive: Path, place: Path
) -> None:
    shutil.copy(desk / "sealing.key", place)
    code, said = typed("restore", archive, folder=place)
    assert code == 0, said
    assert lies_in(place) == ["conversations.db", "copydesk.db", "copydesk.lock", "media", "sealing.key"]
    assert (place / "media" / RED).read_bytes() == picture("red")
    assert stat.S_IMODE((place / "copydesk.db").stat().st_mode) == 0o600
    assert rows(place, "SELECT held FROM workspace") == [(1,)]
    assert rows(place, "SELECT count(*) FROM audit_entry WHERE verb = 'workspace.restored'") == [(1,)]
    for table in ("post", "revision", "variant", "media", "account", "delivery"):
        assert rows(place, f"SELECT id FROM {table} ORDER BY id") == rows(desk, f"SELECT id FROM {table} ORDER BY id")  # noqa: S608
    assert rows(place, "SELECT DISTINCT state FROM account") == [("connected",)]
    assert "must be connected again" not in said
    lines = said.splitlines()
    assert lines[0].startswith(f"Restored into {place} what was backed up on ")
    assert lines[-1].startswith("Everybody must sign in anew. Everything is held: “copydesk serve” starts the desk")
    async with opened(place) as (app, owner):
        [first, second] = sorted(await app.desk.posts.open_posts(owner.workspace_id, 5), key=lambda one: one.number)
        assert [first.words, second.words] == ["Rye or walnut?", "Which loaf?"]


@pytest.mark.parametrize("another", [True, False])
async def test_without_the_key_it_is_restored_all_the_same_and_says_what_must_be_connected_again(
    desk: Path, archive: Path, place: Path, another: bool
) -> None:
    if another:
        (place / "sealing.key").write_bytes(Fernet.generate_key())
    code, said = typed("restore", archive, folder=place)
    assert code == 0, said
    assert "These accounts must be connected again, since no key here opens their logins: Mastodon anna." in said
    [key] = keys_in(desk / "sealing.key")
    there = f"{place / 'sealing.key'} {'is another key' if another else 'was not there, so I made a new one'}"
    assert f"sealed with the key of fingerprint {fingerprint(key)}; {there}" in said
    states = "SELECT platform, state FROM account ORDER BY platform"
    async with opened(place) as (app, owner):
        assert rows(place, states) == [("folder", "connected"), ("mastodon", "needs_reconnect")]
        folder = next(one for one in await app.desk.accounts.connected(owner.workspace_id) if one.platform == "folder")
        assert (await app.desk.accounts.access(folder.id)).secrets == {}


async def test_a_key_among_others_opens_what_it_sealed(desk: Path, archive: Path, place: Path) -> None:
    (place / "sealing.key").write_bytes(Fernet.generate_key() + b"\n" + (desk / "sealing.key").read_bytes())
    assert "must be connected again" not in typed("restore", archive, folder=place)[1]


async def test_the_backup_may_lie_in_the_empty_folder_and_what_a_killed_restore_left_is_removed(
    archive: Path, place: Path
) -> None:
    shutil.copy(archive, place / "desk.tar.gz")
    (place / ".restoring-1").mkdir()
    (place / ".restoring-1" / "copydesk.db").touch()
    assert typed("restore", place / "desk.tar.gz", folder=place)[0] == 0
    assert lies_in(place) == ["conversations.db", "copydesk.db", "copydesk.lock", "desk.tar.gz", "media", "sealing.key"]


async def test_a_folder_that_is_not_empty_is_left_as_it_is(archive: Path, place: Path) -> None:
    (place / "media").mkdir()
    (place / "notes.txt").write_text("mine")
    code, said = typed("restore", archive, folder=place)
    assert code == 1
    assert said.startswith(f"{place} is not empty (there is media, notes.txt), and I write over nothing.")
    assert lies_in(place) == ["copydesk.lock", "media", "notes.txt"]


async def test_a_running_desk_is_not_restored_into(archive: Path, desk: Path, place: Path) -> None:
    with alone(place):
        assert "Another Copydesk runs on" in typed("restore", archive, folder=place)[1]
    code, said = typed("restore", archive, folder=desk)
    assert (code, "is not empty (there is conversations.db, copydesk.db" in said) == (1, True)


async def test_a_database_file_elsewhere_is_restored_to_where_it_is_set_and_never_over_another(
    archive: Path, place: Path, tmp_path: Path
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'rows.db'}"
    assert typed("restore", archive, folder=place, database_url=url)[0] == 0
    assert lies_in(place) == ["conversations.db", "copydesk.lock", "media", "sealing.key"]
    with closing(sqlite3.connect(tmp_path / "rows.db")) as there:
        assert there.execute("SELECT held FROM workspace").fetchall() == [(1,)]
    other = tmp_path / "other" / "desk"
    assert "rows.db is there, and I write over nothing" in typed("restore", archive, folder=other, database_url=url)[1]
    code, said = typed("backup", tmp_path / "again.tar.gz", folder=place, database_url=url)
    assert (code, "In it: 2 posts" in said) == (0, True)


def forged_manifest(**changed: object) -> tuple[str, bytes]:
    told = {
        "rows": "sqlite",
        "rows_schema": "0001",
        "version": "9.9.9",
        "made_at": "2026-11-26T12:00:00Z",
        "counts": {},
        "keys": (),
        "members": (member("copydesk.db", b""),),
    }
    return "manifest.json", Manifest.model_validate(told | changed).model_dump_json().encode()


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        (
            [("copydesk.db", b""), forged_manifest(rows_schema="9999")],
            "This backup was made by a newer Copydesk, 9.9.9 (its schema is 9999",
        ),
        (
            [("database.dump", b""), forged_manifest(rows="postgresql", members=(member("database.dump", b""),))],
            "The rows of this backup are a dump of PostgreSQL, and need one again.",
        ),
        (
            [("copydesk.db", b"no database"), forged_manifest(members=(member("copydesk.db", b"no database"),))],
            "cannot be opened",
        ),
        (
            [("copydesk.db", b""), forged_manifest()],
            "The rows of this backup are not of the schema that it says. Take an earlier backup.",
        ),
        ([("../copydesk.db", b"")], "it holds “../copydesk.db”, as no backup of mine does"),
        ([("copydesk.db", b"")], "it has no manifest, so it is cut off"),
    ],
)
def test_a_backup_of_no_use_here_is_told_and_nothing_is_put_in_place(
    place: Path, tmp_path: Path, entries: Sequence[tuple[str, bytes]], sentence: str
) -> None:
    code, said = typed("restore", forged(tmp_path, entries), folder=place)
    assert code == 1
    assert sentence in said
    assert "Traceback" not in said
    assert lies_in(place) == ["copydesk.lock"]


async def test_a_full_disk_is_told_and_nothing_is_put_in_place(archive: Path, place: Path) -> None:
    code, said = started("restore", archive, folder=place, room=100_000)
    assert code == 1
    assert f"could not be read and laid into {place}: File too large. Nothing was changed." in said
    assert lies_in(place) == ["copydesk.lock"]


async def test_what_an_earlier_version_backed_up_is_brought_to_the_newest_schema(tmp_path: Path, place: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    db = Database(f"sqlite+aiosqlite:///{old / 'copydesk.db'}", SystemClock())
    await migrate(db, "0001")
    await db.close()
    with closing(sqlite3.connect(old / "copydesk.db")) as there:
        there.execute(
            "INSERT INTO workspace (id, name, zone, late_after_minutes, approval_survives_move, self_approval, held, "
            "next_post_number, created_at) VALUES ('workspace_1', 'Old', 'UTC', 30, 1, 0, 0, 1, '2026-01-01 00:00:00.000000')"
        )
        there.commit()
    code, said = typed("backup", tmp_path / "old.tar.gz", folder=old)
    assert code == 0, said
    code, said = typed("restore", tmp_path / "old.tar.gz", folder=place)
    assert code == 0, said
    assert rows(place, "SELECT id, name, held FROM workspace") == [("workspace_1", "Old", 1)]
    db = Database(f"sqlite+aiosqlite:///{place / 'copydesk.db'}", SystemClock())
    assert await is_current(db)
    await db.close()


async def test_what_was_left_out_of_the_backup_is_named_again(desk: Path, tmp_path: Path, place: Path) -> None:
    (desk / "media" / RED).unlink()
    await backup(settings_for(desk), tmp_path / "without.tar.gz", print, without_broken=True)
    said = typed("restore", tmp_path / "without.tar.gz", folder=place)[1]
    assert "Not in the backup, since their files were gone or broken: red.png." in said


async def test_a_name_that_would_steer_a_terminal_does_not(desk: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(desk / "copydesk.db")) as there:
        there.execute("UPDATE media SET name = 'red\x1b[2J.png' WHERE sha256 = ?", (RED,))
        there.commit()
    (desk / "media" / RED).unlink()
    assert "red?[2J.png" in typed("backup", "--without-broken", tmp_path / "named.tar.gz", folder=desk)[1]


RESTORER = """
import asyncio, json, os, signal, sys, time
from pathlib import Path
import app.restore
from tests.journeys.desk import settings_for

archive, base, waits = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
for number, wait in enumerate(waits):
    child = os.fork()
    if child == 0:
        asyncio.run(app.restore.restore(settings_for(base / str(number)), archive, print))
        os._exit(0)
    time.sleep(wait)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


async def test_killed_at_any_moment_it_leaves_no_rows_that_are_not_held(archive: Path, tmp_path: Path) -> None:
    chance = random.Random(20261126)  # noqa: S311 - to be repeatable, not secret
    waits = [chance.uniform(0.01, 0.5) for _ in range(KILLS)]
    done = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        RESTORER,
        str(archive),
        str(tmp_path),
        json.dumps(waits),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    assert await done.wait() == 0
    finished = [number for number in range(KILLS) if (tmp_path / str(number) / "copydesk.db").exists()]
    for number in finished:
        assert rows(tmp_path / str(number), "SELECT held FROM workspace") == [(1,)]
        assert (tmp_path / str(number) / "media" / RED).exists()
    assert 0 < len(finished) < KILLS, "all were killed too early, or too late, to prove anything"
