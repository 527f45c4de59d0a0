"""Pictures and videos: taken in from the composer, shown to the members of their workspace only."""

import asyncio
import shutil
from pathlib import Path
from typing import BinaryIO

from fastapi import APIRouter, Request, UploadFile
from starlette.responses import FileResponse, JSONResponse, Response

from web.parts import parts_of
from web.signin import Member

router = APIRouter()
_KEPT = {"Cache-Control": "private, max-age=31536000, immutable"}


@router.post("/media")
async def take(request: Request, actor: Member, file: UploadFile) -> JSONResponse:
    """Keep a picture or video; the answer says by which id a message or a post can use it."""
    media = parts_of(request).media
    with media.room() as path:
        await asyncio.to_thread(_copy, file.file, path)
        kept = await media.take(actor, file.filename or "file", path)
    told = {"id": kept.media_id, "name": kept.name, "width": kept.width, "height": kept.height}
    return JSONResponse(told | {"seconds": getattr(kept, "seconds", 0)})


@router.get("/media/{media_id}")
async def show(request: Request, actor: Member, media_id: str) -> Response:
    """A file, or the stretch of it that a player asks for; it never changes."""
    path, kind = await parts_of(request).media.path(actor.workspace_id, media_id)
    return FileResponse(path, media_type=kind, headers=_KEPT)


@router.get("/media/{media_id}/poster")
async def poster(request: Request, actor: Member, media_id: str) -> Response:
    """The first picture of a video."""
    path, kind = await parts_of(request).media.path(actor.workspace_id, media_id, poster=True)
    return FileResponse(path, media_type=kind, headers=_KEPT)


def _copy(source: BinaryIO, target: Path) -> None:
    with target.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
