"""How much room a SQLite file takes on disk."""

import sqlite3
from contextlib import closing
from pathlib import Path


def bytes_of(database: Path) -> int:
    """Bytes of a database with its write-ahead log folded in: of the file itself, free pages and all."""
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.stat().st_size
