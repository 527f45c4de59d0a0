"""Pictures: checked when they come in, kept once under their SHA-256, without the place they were taken at."""

import asyncio
import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image as Pictures
from PIL import ImageOps
from sqlalchemy import select

from content.database import Database
from content.errors import Invalid, NotFound, Problem
from content.ids import new_id
from content.models import Media
from content.people import Actor
from content.platform import Image
from content.times import Clock

LARGEST = 20_000_000
MOST_PIXELS = 80_000_000
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
"""Pillow's names for what we take; MPO is the JPEG of a phone that keeps a second picture behind the first."""
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

    async def read_range(self, media_id: str, start: int, end: int) -> bytes:
        """The bytes from `start` up to but not with `end`.

        Raises:
            NotFound: there is no such picture or video.
        """
        return (await self.read(media_id))[start:end]

    async def images(self, workspace_id: str, ids: list[str]) -> list[Image]:
        """The pictures with these ids, in their order.

        Raises:
            NotFound: one of them is not in this workspace.
        """
        async with self._db.reading() as session:
            rows = await session.scalars(select(Media).where(Media.workspace_id == workspace_id, Media.id.in_(ids)))
            found = {row.id: _image(row) for row in rows}
        missing = [one for one in ids if one not in found]
        if missing:
            raise NotFound(f"There is no picture {missing[0]} here. Send it again.")
        return [found[one] for one in ids]

    async def read(self, media_id: str) -> bytes:
        """The bytes of a picture.

        Raises:
            NotFound: there is no such picture.
        """
        async with self._db.reading() as session:
            row = await session.get(Media, media_id)
        if row is None:
            raise NotFound("This picture is gone. Send it again.")
        try:
            return await asyncio.to_thread((self._folder / row.sha256).read_bytes)
        except OSError as lost:
            raise NotFound(f"The file of the picture “{row.name}” is gone. Send it again.") from lost


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
