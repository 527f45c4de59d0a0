"""Requests of chats: handed as they are to whoever can verify and read them. The site knows no chat."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from content.receiving import RawRequest
from web.parts import parts_of
from web.signin import whose


async def receive(request: Request) -> Response:
    """What a chat delivers, or a person on their way to install the desk there."""
    receiver = parts_of(request).receivers.get(request.path_params["chat"])
    if receiver is None:
        raise HTTPException(404)
    answer = await receiver.receive(
        RawRequest(
            method=request.method,
            path=request.path_params["rest"],
            query=request.scope["query_string"].decode("latin-1"),
            headers=dict(request.headers),
            body=await request.body(),
            actor=await whose(request) if request.method == "GET" else None,
        )
    )
    return Response(answer.body, answer.status, dict(answer.headers))


route = Route("/hooks/{chat}/{rest:path}", receive, methods=["GET", "POST"])
"""Of Starlette's own kind and to be asked first: chats come a thousand times as often as people, and have no parameters to be read."""
