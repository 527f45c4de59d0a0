"""Rows out of a SQLite database while others write it: one moment of it, whole, by SQLite's own online backup.

A copy of the file would be neither: what was committed last stands in another file, and pages change while they are read.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from content.errors import Invalid


def copy(source: Path, target: Path) -> None:
    """Copy one moment of a database into a new file that needs no other beside it.

    Raises:
        Invalid: it is damaged, or there is no room.
    """
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as live:
            live.execute("PRAGMA busy_timeout=10000")
            with closing(sqlite3.connect(target)) as still:
                live.backup(still)  # in one step: of several, each write of others begins anew
                _check(source, still)
                still.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as broken:
        raise Invalid(
            f"{source} could not be copied to {target.parent}: {broken}. Nothing of the backup was kept. Make room there, or, if "
            "the database is damaged, restore an earlier backup."
        ) from broken


def _check(source: Path, still: sqlite3.Connection) -> None:
    wrong = [words for (words,) in still.execute("PRAGMA quick_check(3)") if words != "ok"]
    if wrong:
        raise Invalid(
            f"{source} is damaged ({'; '.join(wrong)[:300]}), so a backup of it would be too, and none was kept. Restore an "
            "earlier backup, and look at the disk."
        )


def counts(path: Path) -> Mapping[str, int]:
    """Rows by table."""
    with closing(sqlite3.connect(path)) as rows:
        tables = rows.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        ).fetchall()
        return {name: rows.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in sorted(tables)}  # noqa: S608


def schema(path: Path) -> str:
    """The schema it is at; empty: it is no desk's."""
    with closing(sqlite3.connect(path)) as rows:
        if not rows.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return ""
        found = rows.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(found[0]) if found else ""


def media(path: Path) -> Mapping[str, str]:
    """The names of its pictures and videos, by SHA-256."""
    with closing(sqlite3.connect(path)) as rows:
        return dict(rows.execute("SELECT sha256, min(name) FROM media GROUP BY sha256 ORDER BY sha256").fetchall())
