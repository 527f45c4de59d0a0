"""One moment of a database, while another process writes it as fast as it can."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app import sqlite_rows
from content.errors import Invalid

COPIES = 12
HAMMER = """
import os, sqlite3, sys, time
parent = os.getppid()
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
db.execute("PRAGMA journal_mode=WAL")
db.execute("PRAGMA synchronous=OFF")
db.execute("CREATE TABLE said (n INTEGER PRIMARY KEY, words TEXT)")
db.execute("CREATE TABLE heard (n INTEGER PRIMARY KEY, words TEXT)")
print("writing", flush=True)
n = 0
while os.getppid() == parent:  # a test that was cut off must not leave it filling the disk
    n += 1
    time.sleep(0.0005)
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO said VALUES (?, ?)", (n, "x" * (n % 3000)))
    db.execute("INSERT INTO heard VALUES (?, ?)", (n, "y" * (n % 3000)))
    db.execute("UPDATE said SET words = ? WHERE n = ?", ("z" * (n % 5000), n // 2 + 1))
    db.execute("COMMIT")
"""


@pytest.fixture
def hammered(tmp_path: Path) -> Iterator[Path]:
    """A database that another process writes: what is said is heard, in the same transaction."""
    path = tmp_path / "live.db"
    with subprocess.Popen([sys.executable, "-c", HAMMER, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        yield path
        writer.kill()


def committed(path: Path) -> int:
    with closing(sqlite3.connect(path, timeout=30)) as live:
        return int(live.execute("SELECT count(*) FROM heard").fetchone()[0])


def wrong_with(copy: Path, at_least: int) -> str:
    """What makes a copy useless, or nothing: pages of several moments, or what was committed before it is missing."""
    try:
        with closing(sqlite3.connect(copy)) as still:
            said, heard = (still.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("said", "heard"))  # noqa: S608
            health = still.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as broken:
        return str(broken)
    if health != "ok":
        return str(health)
    return "" if said == heard >= at_least else f"{said} said, {heard} heard, {at_least} were committed before"


def test_every_copy_is_whole_and_has_what_was_committed_and_a_plain_copy_of_the_file_is_not(
    hammered: Path, tmp_path: Path
) -> None:
    ours, plain = [], []
    for number in range(COPIES):
        before, copy = committed(hammered), tmp_path / f"ours {number}.db"
        sqlite_rows.copy(hammered, copy)
        ours.append(wrong_with(copy, before))
        before, copy = committed(hammered), tmp_path / f"plain {number}.db"
        shutil.copy(hammered, copy)
        plain.append(wrong_with(copy, before))
    assert ours == [""] * COPIES
    assert any(plain), "the writer was too slow to prove anything"
    print(f"{sum(map(bool, plain))} of {COPIES} plain copies were of no use, none of ours")  # noqa: T201


def test_a_copy_is_one_file(hammered: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    sqlite_rows.copy(hammered, folder / "copy.db")
    assert [one.name for one in folder.iterdir()] == ["copy.db"]
    assert sqlite_rows.schema(folder / "copy.db") == ""
    assert sqlite_rows.counts(folder / "copy.db").keys() == {"said", "heard"}


def test_a_damaged_database_is_told_and_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "damaged.db"
    with closing(sqlite3.connect(path)) as fresh:
        fresh.execute("CREATE TABLE said (n INTEGER PRIMARY KEY, words TEXT)")
        fresh.executemany("INSERT INTO said (words) VALUES (?)", [("x" * 900,)] * 100)
        fresh.commit()
    data = bytearray(path.read_bytes())
    data[8192:8292] = b"\xff" * 100  # the head of a page
    path.write_bytes(data)
    with pytest.raises(Invalid, match=r"damaged\.db (is damaged|could not be copied)"):
        sqlite_rows.copy(path, tmp_path / "copy.db")


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "no.db").write_bytes(b"no database" * 1000)
    with pytest.raises(Invalid, match=r"no\.db could not be copied to .*: file is not a database"):
        sqlite_rows.copy(tmp_path / "no.db", tmp_path / "copy.db")
