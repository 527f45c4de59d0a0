"""Small servers that take a post as Mastodon does, each after a time of its own. Run as `python -m benchmarks.slow_servers 0.1 0.2`.

They run in a process of their own, so that their work is not the desk's. Prints their ports, then serves until it is stopped.
"""

import asyncio
import json
import socket
import sys
from itertools import count

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def server(seconds: float) -> Starlette:
    """Answers every post after that many seconds."""
    ids = count(1)

    async def create(request: Request) -> JSONResponse:
        await asyncio.sleep(seconds)
        number = next(ids)
        return JSONResponse({"id": str(number), "url": f"https://slow.example/{number}"})

    async def numbers(_: Request) -> JSONResponse:
        return JSONResponse({"favourites_count": 0, "replies_count": 0, "reblogs_count": 0, "followers_count": 0})

    return Starlette(
        routes=[
            Route("/api/v1/statuses", create, methods=["POST"]),
            Route("/api/v1/{what:path}", numbers, methods=["GET"]),
        ]
    )


async def main(slowness: list[float]) -> None:
    """Serve all of them."""
    sockets = []
    for _ in slowness:
        free = socket.socket()
        free.bind(("127.0.0.1", 0))
        sockets.append(free)
    print(json.dumps([one.getsockname()[1] for one in sockets]), flush=True)
    serving = [
        uvicorn.Server(uvicorn.Config(server(seconds), log_level="error")).serve(sockets=[one])
        for seconds, one in zip(slowness, sockets, strict=True)
    ]
    await asyncio.gather(*serving)


if __name__ == "__main__":
    asyncio.run(main([float(one) for one in sys.argv[1:]]))
