"""`copydesk backup`: rows, pictures and videos of a desk in one file, while it runs. The sealing key is not in it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from app import archive, postgres_rows, sqlite_rows
from app.archive import BESIDE, MEDIA, POSTGRES_ROWS, SQLITE_ROWS, Manifest, Tell, Unreadable, Writing, size_words
from app.settings import Settings
from content.errors import Invalid
from content.sealing import fingerprint, keys_in
from content.times import SystemClock

_SAID = (
    ("post", "post", "posts"),
    ("account", "account", "accounts"),
    ("message", "message", "messages"),
    ("media", "picture or video", "pictures and videos"),
)
"""The tables that people are told the counts of."""


@dataclass(frozen=True)
class _Rows:
    """A moment of the rows, and what belongs to it."""

    path: Path
    name: str
    schema: str
    counts: Mapping[str, int]
    media: Mapping[str, str]


async def backup(settings: Settings, file: Path | None, tell: Tell, *, without_broken: bool = False) -> list[str]:
    """Write a backup; a file that is not named gets a name with the moment in it. Returns what to say, a line each.

    Raises:
        Invalid: it could not be made, and why; nothing of it is left.
    """
    settings.check()
    at = SystemClock().now()
    target = _target(file, at)
    keys = tuple(fingerprint(key) for key in keys_in(settings.data_dir / "sealing.key"))
    with (
        archive.writing(target, at, tell) as writing,
        TemporaryDirectory(dir=target.parent, prefix=".backup-") as beside,
    ):
        async with _rows(settings, Path(beside)) as rows:
            writing.add(rows.name, rows.path)
            _add_beside(writing, settings.data_dir, Path(beside))
            left_out = await _add_media(writing, settings.data_dir / MEDIA, rows.media, without_broken=without_broken)
            manifest = Manifest(
                rows="sqlite" if rows.name == SQLITE_ROWS else "postgresql",
                rows_schema=rows.schema,
                version=version("copydesk"),
                made_at=at,
                counts=rows.counts,
                keys=keys,
                left_out=tuple(left_out),
                members=tuple(writing.members),
            )
            writing.seal(manifest)
    size = size_words(target.stat().st_size)
    return [f"Backed up to {target.absolute()} ({size}).", *_contents(manifest), *_about_the_key(settings, keys)]


def _target(file: Path | None, at: datetime) -> Path:
    name = f"copydesk-{at:%Y%m%d-%H%M%S}Z.tar.gz"
    if file is None:
        return Path(name)
    return file / name if file.is_dir() else file


@asynccontextmanager
async def _rows(settings: Settings, room: Path) -> AsyncIterator[_Rows]:
    """One moment of the rows, in the folder `room`."""
    if not settings.database.startswith("sqlite"):
        async with postgres_rows.dumped(settings.database, room / POSTGRES_ROWS) as dump:
            yield _Rows(room / POSTGRES_ROWS, POSTGRES_ROWS, dump.schema, dump.counts, dump.media)
        return
    source, copy = sqlite_file(settings), room / SQLITE_ROWS
    if not source.exists():
        raise _nothing_there(settings)
    sqlite_rows.copy(source, copy)
    found = sqlite_rows.schema(copy)
    if not found:
        raise _nothing_there(settings)
    yield _Rows(copy, SQLITE_ROWS, found, sqlite_rows.counts(copy), sqlite_rows.media(copy))


def sqlite_file(settings: Settings) -> Path:
    """The file of a SQLite database."""
    return Path(settings.database.partition(":///")[2])


def _nothing_there(settings: Settings) -> Invalid:
    return Invalid(
        f"There is no desk in {settings.data_dir.absolute()} yet, so there is nothing to back up. Set COPYDESK_DATA_DIR to the "
        "folder of your desk, or start one there first."
    )


def _add_beside(writing: Writing, folder: Path, room: Path) -> None:
    for name in BESIDE:
        if (folder / name).is_file():
            sqlite_rows.copy(folder / name, room / name)
            writing.add(name, room / name)


async def _add_media(
    writing: Writing, folder: Path, names: Mapping[str, str], *, without_broken: bool
) -> Sequence[str]:
    """Each picture and video, by the moment of the rows; returns the names of those that were left out."""
    left_out = []
    for sha256, name in names.items():
        await asyncio.sleep(0)  # so that Ctrl-C is heard
        if without_broken and not _is_sound(folder / sha256, sha256):
            left_out.append(name)
            continue
        _add_one(writing, folder, sha256, name)
    return left_out


def _is_sound(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _add_one(writing: Writing, folder: Path, sha256: str, name: str) -> None:
    try:
        added = writing.add(f"{MEDIA}/{sha256}", folder / sha256)
        if added.sha256 != sha256:
            raise Unreadable("its bytes are not those that were kept")
        first_picture = folder / f"{sha256}.jpg"
        if first_picture.exists():
            writing.add(f"{MEDIA}/{first_picture.name}", first_picture)
    except Unreadable as broken:
        raise Invalid(
            f"The file of “{name}” ({folder / sha256}) cannot be backed up: {broken}. Nothing was kept. Put the file back from "
            "an earlier backup, or leave such files out with --without-broken; then their posts need new pictures."
        ) from broken


def check(settings: Settings, file: Path, tell: Tell) -> list[str]:
    """Go through a backup without restoring it; returns what to say, a line each.

    Raises:
        Invalid: it cannot be used, and why.
    """
    manifest = archive.read(file, tell)
    mine = {fingerprint(key) for key in keys_in(settings.data_dir / "sealing.key")}
    known = [key for key in manifest.keys if key in mine]
    if known:
        about = f"{settings.data_dir.absolute() / 'sealing.key'} is the key to it."
    else:
        about = (
            f"The key to it ({words_of(manifest.keys)}) is not in {settings.data_dir.absolute()}: see that you have it."
        )
    made = f"It was made on {manifest.made_at:%-d %B %Y, %H:%M} UTC by Copydesk {manifest.version}."
    return [f"{file} is whole: every checksum is right.", made, *_contents(manifest), about]


def _contents(manifest: Manifest) -> list[str]:
    counts = [(manifest.counts.get(table, 0), one, many) for table, one, many in _SAID]
    media = manifest.sized(f"{MEDIA}/")
    words = [f"{count} {one if count == 1 else many}" for count, one, many in counts]
    rows = f"In it: {', '.join(words[:-1])} and {words[-1]} ({size_words(media)})."
    beside = [one for one in BESIDE if any(member.name == one for member in manifest.members)]
    lines = [rows + (f" Also {' and '.join(beside)}." if beside else "")]
    if manifest.left_out:
        lines.append(f"Left out, since their files were gone or broken: {', '.join(manifest.left_out)}.")
    return lines


def words_of(keys: Sequence[str]) -> str:
    """Fingerprints in words."""
    return f"fingerprint {', then '.join(keys)}" if keys else "of which nothing is known"


def _about_the_key(settings: Settings, keys: Sequence[str]) -> list[str]:
    folder = settings.data_dir.absolute()
    posts = f"Not in it either: {folder / 'posts'}, where posts without an account were put, and the settings."
    if not keys:
        return [f"There is no {folder / 'sealing.key'}: the accounts must be connected again after a restore.", posts]
    key = (
        f"Not in it: the sealing key ({words_of(keys)}). Keep a copy of {folder / 'sealing.key'} elsewhere, apart from this file: "
        "without it the accounts must be connected again, and with both anybody can post as you."
    )
    return [key, posts]
