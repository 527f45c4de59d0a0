"""The one file that a backup is: a compressed tar of known members, the manifest last, so that a cut one is told at once.

It is written beside its name and takes it only when it is complete and on the disk. It is read in one pass, every member
against its SHA-256, and nothing in it can say where it is put.
"""

import gzip
import hashlib
import io
import os
import re
import tarfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Literal

from pydantic import BaseModel, ValidationError

from content.errors import Invalid

FORMAT = 1
SQLITE_ROWS, POSTGRES_ROWS = "copydesk.db", "database.dump"
BESIDE = ("conversations.db", "slack.db")
"""Small databases of their own beside the rows: the model's notes, and a chat's installations."""
MEDIA = "media"
_MANIFEST = "manifest.json"
_KNOWN = re.compile(
    rf"{'|'.join(re.escape(one) for one in (SQLITE_ROWS, POSTGRES_ROWS, *BESIDE))}|{MEDIA}/[0-9a-f]{{64}}(?:\.jpg)?"
)
_CHUNK = 1 << 20
_LEVEL = 1
"""How hard rows are compressed: to a fifth, in little time."""
_LARGEST_MANIFEST = 200_000_000
_SOMETIMES = 2.0
"""Seconds between two words about how far it is."""

Tell = Callable[[str], None]


class Member(BaseModel):
    """One file in the archive; `size` in bytes."""

    name: str
    size: int
    sha256: str


class Manifest(BaseModel):
    """What is in the archive, and what it was made of."""

    format: int = FORMAT
    rows: Literal["sqlite", "postgresql"]
    rows_schema: str
    version: str
    """Of Copydesk."""
    made_at: datetime
    counts: Mapping[str, int]
    """Rows by table."""
    keys: tuple[str, ...]
    """Fingerprints of the sealing keys, newest first; the keys are not in it."""
    left_out: tuple[str, ...] = ()
    """Pictures and videos whose files were gone or broken."""
    members: tuple[Member, ...]

    def sized(self, prefix: str) -> int:
        """Bytes of the members whose names begin so."""
        return sum(one.size for one in self.members if one.name.startswith(prefix))


class Progress:
    """Says now and then how far it is."""

    def __init__(self, tell: Tell, doing: str, every: float = _SOMETIMES) -> None:
        """`every` so many seconds at most."""
        self._tell = tell
        self._doing = doing
        self._every = every
        self._bytes = 0
        self._next = time.monotonic() + every

    def add(self, count: int) -> None:
        """So many bytes more."""
        self._bytes += count
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._every
            self._tell(f"{self._doing}: {size_words(self._bytes)} …")


class Unreadable(Exception):
    """A file that was to be put in cannot be read, or became shorter meanwhile."""


class _Reading(io.RawIOBase):
    """A file whose bytes are counted and hashed as they are read."""

    def __init__(self, source: IO[bytes], progress: Progress) -> None:
        self._source = source
        self._progress = progress
        self.sha256 = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most so many."""
        data = self._source.read(size)
        self.sha256.update(data)
        self.size += len(data)
        self._progress.add(len(data))
        return data


class _Promised(_Reading):
    """The same of a file that has been promised with a size, so that it cannot end before."""

    def __init__(self, source: IO[bytes], progress: Progress) -> None:
        super().__init__(source, progress)
        self.promised = os.fstat(source.fileno()).st_size

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most so many.

        Raises:
            Unreadable: there are none, though there should be.
        """
        try:
            data = super().read(size)
        except OSError as broken:
            raise Unreadable(broken.strerror or str(broken)) from broken
        if len(data) < size:
            raise Unreadable("it became shorter meanwhile")
        return data


class _Stretches(io.RawIOBase):
    """A compressed file of several stretches, which is one to whoever reads it: what cannot shrink is only stored, ten times faster."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._now: tuple[int, gzip.GzipFile] | None = None

    def stretch(self, level: int) -> None:
        """From here on compressed at this level; 0 only stores."""
        if self._now is None or self._now[0] != level:
            self.close()
            self._now = level, gzip.GzipFile("", "wb", level, self._file)

    def write(self, data: Any, /) -> int:
        """The next bytes."""
        return self._now[1].write(data) if self._now else 0

    def tell(self) -> int:
        """What tarfile asks once, before it writes."""
        return 0

    def close(self) -> None:
        """The end of a stretch."""
        if self._now is not None:
            self._now[1].close()
            self._now = None


class Writing:
    """An archive that is being written; see `writing`."""

    def __init__(self, tar: tarfile.TarFile, stretches: _Stretches, at: datetime, progress: Progress) -> None:
        self._tar = tar
        self._stretches = stretches
        self._at = at
        self._progress = progress
        self.members: list[Member] = []

    def add(self, name: str, path: Path) -> Member:
        """Put a file in; returns what was read of it, to be compared with what it should be.

        Raises:
            Unreadable: it is gone, or cannot be read; the archive is of no use any more.
        """
        try:
            source = path.open("rb")
        except OSError as broken:
            raise Unreadable(broken.strerror or str(broken)) from broken
        self._stretches.stretch(0 if name.startswith(f"{MEDIA}/") else _LEVEL)
        with source:
            reading = _Promised(source, self._progress)
            self._tar.addfile(self._entry(name, reading.promised), reading)
        member = Member(name=name, size=reading.size, sha256=reading.sha256.hexdigest())
        self.members.append(member)
        return member

    def seal(self, manifest: Manifest) -> None:
        """The last of it: what came before is complete."""
        self._stretches.stretch(_LEVEL)
        data = manifest.model_dump_json(indent=1).encode()
        self._tar.addfile(self._entry(_MANIFEST, len(data)), io.BytesIO(data))

    def _entry(self, name: str, size: int) -> tarfile.TarInfo:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = size, 0o600, int(self._at.timestamp())
        return entry


@contextmanager
def writing(target: Path, at: datetime, tell: Tell) -> Iterator[Writing]:
    """Write an archive that only its owner may read; where the block breaks nothing is left of it.

    Raises:
        Invalid: there is a file of that name, or it cannot be written, and why.
    """
    if target.exists():
        raise Invalid(f"There is a file {target} already, and I do not write over it. Name another, or move it away.")
    draft = target.with_name(f".{target.name}.part")
    with _explained(target.parent):
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                stretches = _Stretches(file)
                stretches.stretch(_LEVEL)
                with tarfile.open(fileobj=stretches, mode="w:") as tar:
                    yield Writing(tar, stretches, at, Progress(tell, "Backing up"))
                stretches.close()
                file.flush()
                os.fsync(file.fileno())
            draft.rename(target)
            sync(target.parent)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as left:
        raise Invalid(
            f"{left.filename} is there: another backup to the same name runs just now, or was killed. Wait for it, or remove "
            "that file."
        ) from left
    except OSError as broken:
        raise Invalid(
            f"The backup could not be written to {folder.absolute()}: {broken.strerror or broken}. Nothing of it was kept. "
            "Make room there, or name another place."
        ) from broken


def sync(path: Path) -> None:
    """Have a file, or what was renamed in a folder, on the disk also after a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class _Damage(Exception):
    """What is wrong with an archive, in half a sentence."""


def read(file: Path, tell: Tell, into: Path | None = None) -> Manifest:
    """Go through a whole archive, every byte against its checksum; its members are laid into the folder `into`, if one is named.

    Raises:
        Invalid: it is no whole and unchanged backup that this version can read, and why.
    """
    if not file.is_file():
        raise Invalid(f"There is no file {file.absolute()}. Say which backup you mean, with its path.")
    try:
        with gzip.open(file) as plain, tarfile.open(fileobj=plain, mode="r:") as tar:
            manifest = _read(tar, Progress(tell, "Reading" if into is None else "Restoring"), into)
            while plain.read(_CHUNK):  # up to the end, where the compression's own checksum is
                pass
    except _Damage as damage:
        raise _unusable(file, str(damage)) from damage
    except EOFError as cut:
        raise _unusable(file, "it is cut off before its end") from cut
    except (gzip.BadGzipFile, zlib.error, tarfile.TarError) as wrong:
        raise _unusable(file, f"it is damaged, or something else ({wrong})") from wrong
    except OSError as broken:
        raise Invalid(
            f"{file} could not be read{'' if into is None else f' and laid into {into.parent.absolute()}'}: "
            f"{broken.strerror or broken}. Nothing was changed. See to that and try again."
        ) from broken
    return manifest


def _unusable(file: Path, what: str) -> Invalid:
    return Invalid(
        f"{file} cannot be used as a backup: {what}. Nothing was changed. Take another copy of it, or an earlier backup."
    )


def _read(tar: tarfile.TarFile, progress: Progress, into: Path | None) -> Manifest:
    found: dict[str, Member] = {}
    for entry in tar:
        source = tar.extractfile(entry) if entry.type in tarfile.REGULAR_TYPES and entry.sparse is None else None
        if source is not None and entry.name == _MANIFEST:
            return _same(_manifest(source.read(_LARGEST_MANIFEST)), found)
        if source is None or not _KNOWN.fullmatch(entry.name) or entry.name in found:
            raise _Damage(f"it holds “{_shown(entry.name)}”, as no backup of mine does")
        found[entry.name] = _taken(entry.name, source, into, progress)
    raise _Damage("it has no manifest, so it is cut off, or something else")


def _shown(name: str) -> str:
    """A name that strangers may have chosen, fit for a terminal."""
    return "".join(one if one.isprintable() else "?" for one in name[:80])


def _taken(name: str, source: IO[bytes], into: Path | None, progress: Progress) -> Member:
    reading = _Reading(source, progress)
    if into is None:
        while reading.read(_CHUNK):
            pass
    else:
        target = into / name
        target.parent.mkdir(exist_ok=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            while data := reading.read(_CHUNK):
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
    return Member(name=name, size=reading.size, sha256=reading.sha256.hexdigest())


def _manifest(data: bytes) -> Manifest:
    """A manifest of a later format is told before it is read, since it may look different."""
    try:
        told = _Format.model_validate_json(data)
        if told.format > FORMAT:
            raise _Damage(f"a newer Copydesk made it (its format is {told.format}, this one knows {FORMAT})")
        return Manifest.model_validate_json(data)
    except ValidationError as wrong:
        raise _Damage("its manifest cannot be read") from wrong


class _Format(BaseModel):
    format: int


def _same(manifest: Manifest, found: Mapping[str, Member]) -> Manifest:
    wanted = {one.name: one for one in manifest.members}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name) or not _is_called_right(found[name]):
            raise _Damage(f"“{_shown(name)}” in it is not what was backed up")
    rows = SQLITE_ROWS if manifest.rows == "sqlite" else POSTGRES_ROWS
    if rows not in found:
        raise _Damage("the rows are not in it")
    return manifest


def _is_called_right(member: Member) -> bool:
    """A picture or a video is called after its bytes."""
    folder, _, name = member.name.partition("/")
    return folder != MEDIA or "." in name or name == member.sha256


def size_words(count: int) -> str:
    """Bytes as people say them."""
    return f"{count / 1e6:,.1f} MB" if count >= 100_000 else f"{count / 1e3:,.0f} kB"
