"""Pictures: taken in from the composer, shown to the members of their workspace only."""

from fastapi import APIRouter, Request, UploadFile
from starlette.responses import JSONResponse, Response

from content.media import LARGEST
from web.parts import parts_of
from web.signin import Member

router = APIRouter()


@router.post("/media")
async def take(request: Request, actor: Member, file: UploadFile) -> JSONResponse:
    """Keep a picture; the answer says by which id a message or a post can use it."""
    data = await file.read(LARGEST + 1)  # one byte too many is enough to be refused in words
    image = await parts_of(request).media.add(actor, file.filename or "picture", data)
    return JSONResponse({"id": image.media_id, "name": image.name, "width": image.width, "height": image.height})


@router.get("/media/{media_id}")
async def show(request: Request, actor: Member, media_id: str) -> Response:
    """A picture's bytes; they never change."""
    media = parts_of(request).media
    [image] = await media.images(actor.workspace_id, [media_id])
    headers = {"Cache-Control": "private, max-age=31536000, immutable"}
    return Response(await media.read(media_id), media_type=image.mime, headers=headers)
