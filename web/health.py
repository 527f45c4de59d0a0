"""Whether the desk is well, for whoever watches over it."""

import logging

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from web.parts import parts_of

log = logging.getLogger(__name__)
router = APIRouter()


@router.get("/health")
async def health(request: Request) -> JSONResponse:
    """200 when it is well, 503 when not; what ails it is in the log, not told to strangers."""
    ailments = await parts_of(request).ailments()
    if ailments:
        log.warning("desk.ailing", extra={"ailments": list(ailments)})
        return JSONResponse({"status": "ailing"}, 503)
    return JSONResponse({"status": "ok"})
