"""A platform that takes 5 to 50 ms, in both kinds: `/api/v1/statuses` keeps idempotency keys, `/rest/posts` knows none.

Run as `python -m benchmarks.torture_server`: prints its port, then serves. It is a process of its own, so that it outlives every kill.
`/kept` tells what is public: platform, whose, text, and when it was taken.
"""

import asyncio
import json
import random
import socket
import time
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

LEAST_S, MOST_S = 0.005, 0.05


class Server:
    """What is public."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, str, float]] = []
        self._keys: dict[tuple[str, str], int] = {}

    async def keyed(self, request: Request) -> Response:
        """As Mastodon does: a key that is known makes nothing new."""
        body = await request.json() if "json" in request.headers.get("content-type", "") else dict(await request.form())
        whose, key = request.headers["authorization"], request.headers["idempotency-key"]
        number = await self._taken("keyed", whose, str(body["status"]), (whose, key))
        return JSONResponse({"id": str(number), "url": f"https://keyed.example/{number}"})

    async def blind(self, request: Request) -> Response:
        """As LinkedIn does for a member: no key, and nobody can look it up."""
        body = await request.json()
        number = await self._taken("blind", body["author"], body["commentary"], None)
        return Response(status_code=201, headers={"x-restli-id": f"urn:li:share:{number}"})

    async def _taken(self, platform: str, whose: str, text: str, key: tuple[str, str] | None) -> int:
        """Some time before it is public, and some after; a client that is gone by then changes nothing."""
        takes, share = random.uniform(LEAST_S, MOST_S), random.random()  # noqa: S311 - no secret
        await asyncio.sleep(takes * share)
        number = self._keys.get(key) if key else None
        if number is None:
            self.kept.append((platform, whose, text, time.time()))  # noqa: TID251 - another program than the desk
            number = len(self.kept)
            if key:
                self._keys[key] = number
        await asyncio.sleep(takes * (1 - share))
        return number

    async def told(self, _: Request) -> Response:
        """Everything that is public."""
        return JSONResponse(self.kept)

    async def nothing(self, _: Request) -> Response:
        """What else is asked of a platform is not of interest here."""
        return JSONResponse({})

    def app(self) -> Starlette:
        """Its addresses."""
        return Starlette(
            routes=[
                Route("/api/v1/statuses", self.keyed, methods=["POST"]),
                Route("/rest/posts", self.blind, methods=["POST"]),
                Route("/kept", self.told),
                Route("/{what:path}", self.nothing, methods=["GET", "POST"]),
            ]
        )


def main() -> None:
    """Serve until it is stopped."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        print(json.dumps(free.getsockname()[1]), flush=True)
        options: Any = {"log_level": "critical", "timeout_graceful_shutdown": 1}
        asyncio.run(uvicorn.Server(uvicorn.Config(Server().app(), **options)).serve(sockets=[free]))


if __name__ == "__main__":
    main()
