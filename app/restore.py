"""`copydesk restore`: a backup into an empty place. What comes of it is held until a person lets it go.

Everything is verified, migrated and made safe aside; what a desk would start on (`copydesk.db`, or the schema's version in
PostgreSQL) comes last.
"""

import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.exc import SQLAlchemyError

from app import archive, moving, postgres_rows
from app.archive import BESIDE, MEDIA, POSTGRES_ROWS, SQLITE_ROWS, Manifest, Tell
from app.backup import sqlite_file, words_of
from app.schema import newest, version
from app.serve import alone
from app.settings import Settings
from content.copies import Copy, Settled, settle
from content.database import MAY_BE_IDLE, Database
from content.errors import Invalid
from content.schema import migrate, upgrade
from content.sealing import Sealer, fingerprint, keys_in, keys_of
from content.times import SystemClock
from integrations import SPECS

_KEY = "sealing.key"
_MAY_BE_THERE = {_KEY, "copydesk.lock", "lost+found"}
_ROOM = ".restoring-"


async def restore(settings: Settings, file: Path, tell: Tell) -> list[str]:
    """Put a backup in place; returns what to say, a line each.

    Raises:
        Invalid: the place is not empty, or the backup is of no use there; no desk can start on what is left.
    """
    settings.check()
    with alone(settings.data_dir):
        await _require_empty(settings, file)
        keys = keys_in(settings.data_dir / _KEY)
        with TemporaryDirectory(dir=settings.data_dir, prefix=_ROOM) as room:
            manifest = archive.read(file, tell, Path(room))
            _require_fitting(settings, manifest)
            try:
                settled = await _restored(settings, Path(room), manifest, keys)
            except (OSError, sqlite3.Error, SQLAlchemyError) as broken:
                raise Invalid(
                    f"The rows could not be put in place: {str(broken.__cause__ or broken)[:300]}. No desk can start on what is there. "
                    "See to that, empty the place again, and restore anew."
                ) from broken
    return _told(settings, manifest, settled, [fingerprint(key) for key in keys])


async def _restored(settings: Settings, room: Path, manifest: Manifest, keys: Sequence[bytes]) -> Settled:
    built_in = {name for name, spec in SPECS.items() if not spec.needs_account}
    copy = Copy(manifest.made_at, Sealer(keys or keys_of(room / _KEY)), built_in)
    if _in_postgres(settings):
        async with _into_postgres(settings, room, manifest, copy) as settled:
            _put_in_place(room, settings.data_dir)
        return settled
    async with _aside(room, manifest) as db, db.writing() as session:
        settled = await settle(session, SystemClock(), copy)
    with closing(sqlite3.connect(room / SQLITE_ROWS)) as rows:
        rows.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing left beside it
    _put_in_place(room, settings.data_dir)
    _move(room / SQLITE_ROWS, sqlite_file(settings))
    return settled


def _in_postgres(settings: Settings) -> bool:
    return not settings.database.startswith("sqlite")


async def _require_empty(settings: Settings, file: Path) -> None:
    found = _in_the_way(settings.data_dir, file)
    if found:
        raise Invalid(
            f"{settings.data_dir.absolute()} is not empty (there is {', '.join(found[:5])}), and I write over nothing. Set "
            f"COPYDESK_DATA_DIR to a new folder, or move everything but {_KEY} out of this one."
        )
    if _in_postgres(settings):
        await postgres_rows.require_empty(settings.database)
    elif sqlite_file(settings).exists():
        raise Invalid(
            f"{sqlite_file(settings)} is there, and I write over nothing. Move it, or set COPYDESK_DATABASE_URL anew."
        )


def _in_the_way(folder: Path, file: Path) -> list[str]:
    """What is in the folder but the sealing key and the backup itself; what a restore left that was killed is removed."""
    for left in folder.glob(f"{_ROOM}*"):
        shutil.rmtree(left)
    there = sorted(folder.iterdir())
    return [one.name for one in there if one.name not in _MAY_BE_THERE and one.resolve() != file.resolve()]


def _require_fitting(settings: Settings, manifest: Manifest) -> None:
    if manifest.rows_schema > newest():
        raise Invalid(
            f"This backup was made by a newer Copydesk, {manifest.version} (its schema is {manifest.rows_schema}, this one knows "
            f"{newest()}). Nothing was changed. Install that version or a newer one, and restore with it."
        )
    if manifest.rows == "postgresql" and not _in_postgres(settings):
        raise Invalid(
            "The rows of this backup are a dump of PostgreSQL, and need one again. Nothing was changed. Set COPYDESK_DATABASE_URL to an "
            "empty database there."
        )


@asynccontextmanager
async def _into_postgres(settings: Settings, room: Path, manifest: Manifest, copy: Copy) -> AsyncIterator[Settled]:
    """The transaction ends when everything else is in place; before that no desk starts on the database."""
    clock = SystemClock()
    db = Database(settings.database, clock)
    try:
        if manifest.rows == "postgresql":
            await postgres_rows.load(settings.database, room / POSTGRES_ROWS)
        async with db.writing() as session:
            await session.execute(MAY_BE_IDLE)
            await upgrade(session, manifest.rows_schema if manifest.rows == "postgresql" else "")
            if manifest.rows == "sqlite":
                async with _aside(room, manifest) as source:
                    await moving.move(source, session)
            yield await settle(session, clock, copy)
    finally:
        await db.close()


@asynccontextmanager
async def _aside(room: Path, manifest: Manifest) -> AsyncIterator[Database]:
    """The rows of the backup, brought to the newest schema where they lie."""
    db = Database(f"sqlite+aiosqlite:///{room / SQLITE_ROWS}", SystemClock())
    try:
        if await version(db) != manifest.rows_schema:
            raise Invalid("The rows of this backup are not of the schema that it says. Take an earlier backup.")
        if manifest.rows_schema != newest():
            await migrate(db)
        yield db
    finally:
        await db.close()


def _put_in_place(room: Path, folder: Path) -> None:
    for name in (_KEY, MEDIA, *BESIDE):
        if (room / name).exists():
            _move(room / name, folder / name)


def _move(source: Path, target: Path) -> None:
    draft = target.with_name(f".{target.name}.part")
    shutil.move(source, draft)  # it copies where that is another file system
    archive.sync(draft)
    draft.rename(target)
    archive.sync(target.parent)


def _told(settings: Settings, manifest: Manifest, settled: Settled, keys: Sequence[str]) -> list[str]:
    made = f"{manifest.made_at:%-d %B %Y, %H:%M} UTC"
    lines = [f"Restored into {settings.data_dir.absolute()} what was backed up on {made}."]
    if settled.unknown:
        lines.append(
            f"On their way then, so that nobody knows whether they went out: {settled.unknown}. The desk asks about each."
        )
    if settled.late:
        lines.append(f"Due since then, so that they may be out: {settled.late}. They wait for your word.")
    lines += _about_logins(settings, manifest, settled, keys)
    if manifest.left_out:
        lines.append(f"Not in the backup, since their files were gone or broken: {', '.join(manifest.left_out)}.")
    last = (
        "Everybody must sign in anew. Everything is held: “copydesk serve” starts the desk, and nothing goes out until you let it "
        "there. See first that the desk it was copied from does not run any more."
    )
    return [*lines, last]


def _about_logins(settings: Settings, manifest: Manifest, settled: Settled, keys: Sequence[str]) -> Iterator[str]:
    if not settled.reconnect:
        return
    path = settings.data_dir.absolute() / _KEY
    there = f"{path} is another key ({words_of(keys)})" if keys else f"{path} was not there, so I made a new one"
    accounts = ", ".join(
        f"{SPECS[platform].label if platform in SPECS else platform} {handle}" for platform, handle in settled.reconnect
    )
    yield f"These accounts must be connected again, since no key here opens their logins: {accounts}."
    yield (
        f"The backup was sealed with the key of {words_of(manifest.keys)}; {there}. If you have the right one: empty the folder, put "
        "that key there, and restore again."
    )
