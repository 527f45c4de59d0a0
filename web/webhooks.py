"""Requests of chats: handed as they are to whoever can verify and read them. The site knows no chat."""

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from content.receiving import RawRequest
from web.parts import parts_of
from web.signin import whose

router = APIRouter()


@router.api_route("/hooks/{chat}/{rest:path}", methods=["GET", "POST"])
async def receive(request: Request, chat: str, rest: str) -> Response:
    """What a chat delivers, or a person on their way to install the desk there."""
    receiver = parts_of(request).receivers.get(chat)
    if receiver is None:
        raise HTTPException(404)
    answer = await receiver.receive(
        RawRequest(
            method=request.method,
            path=rest,
            query=request.url.query,
            headers=dict(request.headers),
            body=await request.body(),
            actor=await whose(request) if request.method == "GET" else None,
        )
    )
    return Response(answer.body, answer.status, dict(answer.headers))
