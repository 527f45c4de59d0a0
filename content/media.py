"""Pictures and videos: checked when they come in, kept once under their SHA-256, without the place they were taken at."""

import asyncio
import hashlib
import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image as Pictures
from PIL import ImageOps
from sqlalchemy import select

from content.database import Database
from content.errors import Invalid, NotFound, Problem
from content.ids import new_id
from content.models import Media
from content.people import Actor
from content.platform import Image, Video
from content.times import Clock

LARGEST = 20_000_000
"""Bytes of a picture."""
LARGEST_VIDEO = 512_000_000
"""Bytes of a video: the most that any platform here takes."""
EXAMINING_TAKES = 300
"""Seconds after which looking at a video is given up."""
EXAMINED_AT_ONCE = 2
"""Videos looked at at the same time; each may take the memory that `content/video.py` allows."""
FORGOTTEN = 24 * 3600
"""Seconds after which what is on its way in was left behind by a process that ended."""
MOST_PIXELS = 80_000_000
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
"""Pillow's names for what we take; MPO is the JPEG of a phone that keeps a second picture behind the first."""
VIDEO_NAMES = (".mp4", ".mov", ".m4v")
"""How files are called that are refused as videos, and not as pictures, where they are none."""
_STILL = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"})
"""Brands of pictures that lie in the same kind of box as videos."""
_TELLS = frozenset({"exif", "xmp", "XML:com.adobe.xmp", "photoshop", "comment"})
_HARMLESS = frozenset({"icc_profile", "transparency", "duration", "loop", "background"})


@dataclass(frozen=True)
class Checked:
    """A picture that can be used."""

    data: bytes
    mime: str
    width: int
    height: int


class MediaStore:
    """Takes pictures in and gives their bytes out."""

    def __init__(self, db: Database, clock: Clock, folder: Path) -> None:
        self._db = db
        self._clock = clock
        self._folder = folder
        self._examining = asyncio.Semaphore(EXAMINED_AT_ONCE)

    async def add(self, actor: Actor, name: str, data: bytes) -> Image:
        """Keep a picture.

        Raises:
            Invalid: wrong type, too large or broken; the sentence names the file and the reason.
        """
        actor.require("draft")
        checked = await asyncio.to_thread(check, name, data)
        sha256 = hashlib.sha256(checked.data).hexdigest()
        await asyncio.to_thread(_write, self._folder / sha256, checked.data)
        async with self._db.writing() as session:
            row = Media(
                id=new_id("media"),
                workspace_id=actor.workspace_id,
                member_id=actor.member_id,
                sha256=sha256,
                mime=checked.mime,
                size=len(checked.data),
                width=checked.width,
                height=checked.height,
                name=Path(name).name[:200],
                created_at=self._clock.now(),
            )
            session.add(row)
            return _image(row)

    @contextmanager
    def room(self) -> Iterator[Path]:
        """Where a file may be put that is on its way in; gone afterwards."""
        path = self._folder / f"incoming.{new_id('part')}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        _sweep(path)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    async def take(self, actor: Actor, name: str, path: Path) -> Image | Video:
        """Keep the picture or video in this file.

        Raises:
            Invalid: wrong type, too large or broken; the sentence names the file and the reason.
        """
        actor.require("draft")
        start, size = await asyncio.to_thread(_beginning, path)
        if not is_video(start) and not name.lower().endswith(VIDEO_NAMES):
            return await self.add(actor, name, await asyncio.to_thread(_read_part, path, 0, LARGEST + 1))
        if size > LARGEST_VIDEO:
            raise _unusable_video(name, f"it has {size / 1e6:.0f} MB, {LARGEST_VIDEO / 1e6:.0f} MB are allowed.")
        with self.room() as clean, self.room() as poster:
            async with self._examining:
                found = await examined(path, clean, poster)
            if "refused" in found:
                raise _unusable_video(name, found["refused"])
            sha256 = await asyncio.to_thread(_digest, clean)
            size = clean.stat().st_size
            await asyncio.to_thread(_move, poster, self._folder / f"{sha256}.jpg")
            await asyncio.to_thread(_move, clean, self._folder / sha256)
        return await self._kept_video(actor, name, sha256, size, found)

    async def _kept_video(self, actor: Actor, name: str, sha256: str, size: int, found: dict[str, Any]) -> Video:
        async with self._db.writing() as session:
            row = Media(
                id=new_id("media"),
                workspace_id=actor.workspace_id,
                member_id=actor.member_id,
                sha256=sha256,
                mime="video/mp4",
                size=size,
                width=found["width"],
                height=found["height"],
                seconds=found["seconds"],
                codec=found["codec"],
                name=Path(name).name[:200],
                created_at=self._clock.now(),
            )
            session.add(row)
            return _video(row)

    async def read_range(self, media_id: str, start: int, end: int) -> bytes:
        """The bytes from `start` up to but not with `end`.

        Raises:
            NotFound: there is no such picture or video.
        """
        row = await self._row(media_id)
        return await self._from_disk(row, self._folder / row.sha256, start, end)

    async def shown(self, media_id: str) -> bytes:
        """A picture to show for it: itself, or a video's first picture.

        Raises:
            NotFound: there is none.
        """
        row = await self._row(media_id)
        return await self._from_disk(row, self._folder / (f"{row.sha256}.jpg" if row.seconds else row.sha256))

    async def path(self, workspace_id: str, media_id: str, *, poster: bool = False) -> tuple[Path, str]:
        """Where a file of this workspace lies, or a video's first picture, and its media type.

        Raises:
            NotFound: it is not there.
        """
        row = await self._row(media_id)
        found = self._folder / (f"{row.sha256}.jpg" if poster else row.sha256)
        if row.workspace_id != workspace_id or not await asyncio.to_thread(found.exists):
            raise NotFound("There is no such picture or video here. Send it again.")
        return found, "image/jpeg" if poster else row.mime

    async def files(self, workspace_id: str, ids: list[str]) -> list[Image | Video]:
        """The pictures and videos with these ids, in their order.

        Raises:
            NotFound: one of them is not in this workspace.
        """
        async with self._db.reading() as session:
            rows = await session.scalars(select(Media).where(Media.workspace_id == workspace_id, Media.id.in_(ids)))
            found = {row.id: _video(row) if row.seconds else _image(row) for row in rows}
        missing = [one for one in ids if one not in found]
        if missing:
            raise NotFound(f"There is no picture {missing[0]} here. Send it again.")
        return [found[one] for one in ids]

    async def read(self, media_id: str) -> bytes:
        """The bytes of a picture.

        Raises:
            NotFound: there is no such picture.
        """
        row = await self._row(media_id)
        return await self._from_disk(row, self._folder / row.sha256)

    async def _row(self, media_id: str) -> Media:
        async with self._db.reading() as session:
            row = await session.get(Media, media_id)
        if row is None:
            raise NotFound("This picture is gone. Send it again.")
        return row

    async def _from_disk(self, row: Media, path: Path, start: int = 0, end: int | None = None) -> bytes:
        try:
            return await asyncio.to_thread(_read_part, path, start, end)
        except OSError as lost:
            kind = "video" if row.seconds else "picture"
            raise NotFound(f"The file of the {kind} “{row.name}” is gone. Send it again.") from lost


def is_video(start: bytes) -> bool:
    """Whether a file that begins so is an MP4 or a QuickTime film, and no picture in the same kind of box."""
    kind, brand = start[4:8], start[8:12]
    return kind in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip") and brand not in _STILL


async def examined(source: Path, target: Path, poster: Path, patience: float = EXAMINING_TAKES) -> dict[str, Any]:
    """What `content/video.py` says of a video, in a process of its own, after `patience` seconds at the latest."""
    command = (sys.executable, "-m", "content.video", str(source), str(target), str(poster))
    here = Path(__file__).parent.parent
    process = await asyncio.create_subprocess_exec(
        *command, cwd=here, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), patience)
    except TimeoutError:
        said = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    found: dict[str, Any] = json.loads(said) if process.returncode == 0 else {"refused": "it cannot be read safely."}
    return found


def check(name: str, data: bytes) -> Checked:
    """A picture made safe: type and size checked, turned upright, stripped of where and when it was taken.

    Raises:
        Invalid: it cannot be used, and why.
    """
    if len(data) > LARGEST:
        raise _unusable(
            name, f"it has {len(data) / 1e6:.1f} MB, {LARGEST / 1e6:.0f} MB are allowed.", "Make it smaller."
        )
    try:
        with Pictures.open(io.BytesIO(data)) as picture:
            return _checked(name, data, picture)
    except (Pictures.DecompressionBombError, Pictures.DecompressionBombWarning) as bomb:
        raise _unusable(name, "it has far too many pixels.", "Make it smaller.") from bomb
    except Invalid:
        raise
    except Exception as broken:
        raise _unusable(name, "it is no picture I can read.", "Send a PNG, JPEG, GIF or WebP.") from broken


def _checked(name: str, data: bytes, picture: Pictures.Image) -> Checked:
    kind = picture.format or ""
    if kind not in TYPES:
        raise _unusable(name, f"{kind} pictures are not accepted.", "Send a PNG, JPEG, GIF or WebP.")
    if picture.width * picture.height > MOST_PIXELS:
        raise _unusable(name, f"it has {picture.width} × {picture.height} pixels.", "Make it smaller.")
    picture.load()
    if kind == "MPO" or (kind != "GIF" and _TELLS & picture.info.keys()):  # no camera writes GIF
        return _cleaned(picture, "JPEG" if kind == "MPO" else kind)
    return Checked(data, TYPES[kind], picture.width, picture.height)


def _cleaned(picture: Pictures.Image, kind: str) -> Checked:
    """The same picture written anew, with nothing but what is needed to see it."""
    moving = kind != "JPEG" and getattr(picture, "is_animated", False)
    clean = picture if moving else ImageOps.exif_transpose(picture)
    clean.info = {name: value for name, value in clean.info.items() if name in _HARMLESS}
    out = io.BytesIO()
    clean.save(out, kind, quality=92, save_all=moving, icc_profile=clean.info.get("icc_profile"))
    return Checked(out.getvalue(), TYPES[kind], clean.width, clean.height)


def _unusable(name: str, why: str, cure: str) -> Invalid:
    return Invalid("I cannot use this picture.", [Problem(Path(name).name or "picture", why, cure)])


def _unusable_video(name: str, why: str) -> Invalid:
    cure = "Send an MP4 with H.264 pictures and AAC sound."
    return Invalid("I cannot use this video.", [Problem(Path(name).name or "video", why, cure)])


def _video(row: Media) -> Video:
    return Video(row.id, row.sha256, row.mime, row.size, row.width, row.height, row.seconds, row.codec, "", row.name)


def _image(row: Media) -> Image:
    return Image(row.id, row.sha256, row.mime, row.size, row.width, row.height, "", row.name)


def _write(path: Path, data: bytes) -> None:
    """All or nothing, even when the power goes: a temporary name first."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{new_id('part')}")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _sweep(fresh: Path) -> None:
    """Remove what was left behind on its way in; the age is told by the disk's own clock, on which `fresh` is new."""
    now = fresh.stat().st_mtime
    for old in fresh.parent.glob("incoming.*"):
        with suppress(FileNotFoundError):  # another one may be done with it meanwhile
            if now - old.stat().st_mtime > FORGOTTEN:
                old.unlink()


def _beginning(path: Path) -> tuple[bytes, int]:
    return _read_part(path, 0, 12), path.stat().st_size


def _read_part(path: Path, start: int, end: int | None) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read() if end is None else file.read(end - start)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _move(draft: Path, target: Path) -> None:
    """All or nothing, even when the power goes."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(target)
