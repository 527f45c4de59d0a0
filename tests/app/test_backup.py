"""`copydesk backup`, as somebody types it: one whole file while the desk runs, or a sentence and nothing."""

import asyncio
import json
import os
import signal
import sqlite3
import stat
import sys
import tarfile
from contextlib import closing
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from content.models import Workspace
from content.sealing import fingerprint, keys_in
from tests.app.kept import PATIENCE, ROOT, fill, lies_in, opened, picture, started, typed

RED = sha256(picture("red")).hexdigest()


@pytest.fixture
async def desk(data: Path) -> Path:
    """A data folder with something of everything."""
    await fill(data)
    return data


def members(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        found = {one.name: tar.extractfile(one) for one in tar}
        return {name: file.read() for name, file in found.items() if file}


async def test_rows_pictures_and_what_lies_beside_are_in_one_file_and_the_key_is_not(desk: Path) -> None:
    with closing(sqlite3.connect(desk / "conversations.db")) as notes:
        notes.execute("CREATE TABLE checkpoints (words TEXT)")
    code, said = typed("backup", "desk.tar.gz", folder=desk)
    assert code == 0, said
    archive = desk.parent / "desk.tar.gz"
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    found = members(archive)
    assert list(found)[-1] == "manifest.json"
    manifest: dict[str, Any] = json.loads(found.pop("manifest.json"))
    assert found.keys() == {
        "copydesk.db",
        "conversations.db",
        *(f"media/{one.name}" for one in (desk / "media").iterdir()),
    }
    assert {one["name"]: (one["size"], one["sha256"]) for one in manifest["members"]} == {
        name: (len(data), sha256(data).hexdigest()) for name, data in found.items()
    }
    [key] = keys_in(desk / "sealing.key")
    assert manifest["keys"] == [fingerprint(key)]
    assert not any(key in data or b"canary-0001" in data for data in found.values())
    assert (manifest["format"], manifest["rows"], manifest["rows_schema"]) == (1, "sqlite", newest(desk))
    assert {table: manifest["counts"][table] for table in ("post", "media", "account")} == {
        "post": 2,
        "media": 2,
        "account": 2,
    }
    assert datetime.fromisoformat(manifest["made_at"]).utcoffset() is not None
    assert f"Backed up to {archive}" in said
    assert "In it: 2 posts, 2 accounts, 0 messages and 2 pictures and videos (0 kB). Also conversations.db." in said
    assert f"the sealing key (fingerprint {fingerprint(key)}). Keep a copy of {desk / 'sealing.key'} elsewhere" in said
    assert lies_in(desk.parent) == ["data", "desk.tar.gz"]


def newest(desk: Path) -> str:
    with closing(sqlite3.connect(desk / "copydesk.db")) as rows:
        return str(rows.execute("SELECT version_num FROM alembic_version").fetchone()[0])


async def test_it_needs_no_lock_and_takes_what_a_running_desk_has_committed(desk: Path) -> None:
    async with opened(desk) as (app, owner):
        async with app.db.writing() as session:
            (await session.get_one(Workspace, owner.workspace_id)).name = "Not committed yet"
            await session.flush()
            code, said = typed("backup", "while.tar.gz", folder=desk)
        assert code == 0, said
        assert b"Not committed yet" not in members(desk.parent / "while.tar.gz")["copydesk.db"]
        code, said = typed("backup", "--check", "while.tar.gz", folder=desk)
        assert (code, said.splitlines()[0]) == (0, "while.tar.gz is whole: every checksum is right.")
        assert said.splitlines()[-1] == f"{desk / 'sealing.key'} is the key to it."


async def test_without_a_name_it_is_called_after_its_moment_and_a_folder_may_be_named(
    desk: Path, tmp_path: Path
) -> None:
    (tmp_path / "kept").mkdir()
    assert typed("backup", "kept", folder=desk)[0] == 0
    [there] = (tmp_path / "kept").iterdir()
    assert datetime.strptime(there.name, "copydesk-%Y%m%d-%H%M%SZ.tar.gz").year >= 2026  # noqa: DTZ007 - its name says Z
    assert typed("backup", folder=desk)[0] == 0
    assert [one[:9] for one in lies_in(tmp_path)] == ["copydesk-", "data", "kept"]


@pytest.mark.parametrize("room", [100_000, 10_000])
async def test_a_full_disk_is_told_and_no_half_file_is_left(desk: Path, room: int) -> None:
    code, said = started("backup", "desk.tar.gz", folder=desk, room=room)
    assert code == 1
    assert "Make room there" in said
    assert "Traceback" not in said
    assert lies_in(desk.parent) == ["data"]


def _heeding_interrupts() -> None:
    """What runs in the background of a shell is started with them ignored, and hands that on."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


async def test_an_interrupted_backup_says_so_and_leaves_nothing(desk: Path) -> None:
    (desk / "media" / RED).unlink()
    os.mkfifo(desk / "media" / RED)  # it is never read to its end
    backing_up = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "backup", "desk.tar.gz"),
        cwd=desk.parent,
        env={"PYTHONPATH": str(ROOT), "PATH": os.defpath, "COPYDESK_DATA_DIR": str(desk)},
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=_heeding_interrupts,
    )
    async with asyncio.timeout(PATIENCE):
        while ".desk.tar.gz.part" not in lies_in(desk.parent):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        for _ in range(2):  # the first one waits for the file to end
            await asyncio.sleep(2)  # a second one before the first was heard would cut short what tidies up
            backing_up.send_signal(signal.SIGINT)
        _, said = await backing_up.communicate()
    assert (backing_up.returncode, said) == (130, b"Interrupted: nothing of it was kept.\n")
    assert lies_in(desk.parent) == ["data"]


@pytest.mark.parametrize("how", ["changed", "gone", "a folder"])
async def test_a_broken_picture_is_named_with_what_to_do_and_may_be_left_out(desk: Path, how: str) -> None:
    file = desk / "media" / RED
    data = file.read_bytes()
    file.unlink()
    if how == "changed":
        file.write_bytes(data[:-1] + b"!")
    if how == "a folder":
        file.mkdir()
    code, said = typed("backup", "desk.tar.gz", folder=desk)
    assert code == 1
    assert said.startswith(f"The file of “red.png” ({file}) cannot be backed up: ")
    assert "leave such files out with --without-broken" in said
    assert lies_in(desk.parent) == ["data"]
    code, said = typed("backup", "--without-broken", "desk.tar.gz", folder=desk)
    assert code == 0, said
    assert "Left out, since their files were gone or broken: red.png." in said
    found = members(desk.parent / "desk.tar.gz")
    assert f"media/{RED}" not in found
    assert json.loads(found["manifest.json"])["left_out"] == ["red.png"]


async def test_the_first_picture_of_a_video_comes_along(desk: Path) -> None:
    (desk / "media" / f"{RED}.jpg").write_bytes(b"its first picture")
    assert typed("backup", "desk.tar.gz", folder=desk)[0] == 0
    assert members(desk.parent / "desk.tar.gz")[f"media/{RED}.jpg"] == b"its first picture"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("backup", "there.tar.gz"), "There is a file there.tar.gz already, and I do not write over it."),
        (("backup", "nowhere/desk.tar.gz"), "nowhere: No such file or directory. Nothing of it was kept."),
        (("backup", "--check"), "Say which backup I shall check: copydesk backup --check FILE"),
        (("backup", "--check", "nothing.tar.gz"), "nothing.tar.gz. Say which backup you mean"),
        (("backup", "killed.tar.gz"), ".killed.tar.gz.part is there: another backup to the same name runs just now"),
    ],
)
async def test_what_cannot_be_done_is_said_in_a_sentence(desk: Path, arguments: tuple[str, ...], sentence: str) -> None:
    (desk.parent / "there.tar.gz").touch()
    (desk.parent / ".killed.tar.gz.part").touch()
    code, said = typed(*arguments, folder=desk)
    assert code == 1
    assert sentence in said
    assert len(said.splitlines()) == 1


def test_where_no_desk_is_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    code, said = typed("backup", folder=folder)
    assert (code, f"There is no desk in {folder} yet" in said) == (1, True)
    with closing(sqlite3.connect(folder / "copydesk.db")):
        pass
    assert "There is no desk in" in typed("backup", folder=folder)[1]
    assert lies_in(tmp_path) == ["empty"]


async def test_a_check_says_when_the_key_to_it_is_not_here(desk: Path, tmp_path: Path) -> None:
    assert typed("backup", "desk.tar.gz", folder=desk)[0] == 0
    [key] = keys_in(desk / "sealing.key")
    (desk / "sealing.key").unlink()
    code, said = typed("backup", "--check", "desk.tar.gz", folder=desk)
    assert code == 0
    assert f"The key to it (fingerprint {fingerprint(key)}) is not in {desk}: see that you have it." in said
    assert typed("backup", "keyless.tar.gz", folder=desk)[1].count("must be connected again after a restore") == 1
    assert "(of which nothing is known)" in typed("backup", "--check", "keyless.tar.gz", folder=desk)[1]


def test_the_words_of_help_name_both_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert "backup" in said
    assert "restore" in said
