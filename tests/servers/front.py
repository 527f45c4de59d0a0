"""A front before a server that other people wrote, so that faults can be put between it and us."""

from collections.abc import Mapping

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

_OWN_OF_A_CONNECTION = {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "accept-encoding"}
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def front(upstream: str) -> ASGIApp:
    """Hands every request to `upstream`, such as `http://localhost:2583`, and its answer back unchanged."""

    async def pass_on(request: Request) -> Response:
        async with httpx.AsyncClient(base_url=upstream) as client:
            answer = await client.request(
                request.method,
                httpx.URL(path=request.url.path, query=request.url.query.encode()),
                content=await request.body(),
                headers=_passed(request.headers),
            )
        headers = {name: value for name, value in _passed(answer.headers).items() if name != "content-encoding"}
        return Response(answer.content, answer.status_code, headers)

    return Starlette(routes=[Route("/{path:path}", pass_on, methods=METHODS)])


def _passed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _OWN_OF_A_CONNECTION}
