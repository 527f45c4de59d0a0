"""Runs an ASGI app on a loopback port inside the test's own event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp


@asynccontextmanager
async def serving(app: ASGIApp, *, sockets: bool = False, port: int = 0) -> AsyncIterator[str]:
    """The base address, such as `http://127.0.0.1:34567`, of `app` while the block runs; with web sockets if it has such.

    `port`: there, and not at any that is free.
    """
    with socket.create_server(("127.0.0.1", port)) as listener:
        ws = "websockets-sansio" if sockets else "none"
        server = _Server(uvicorn.Config(app, http="h11", ws=ws, log_config=None, access_log=False))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await asyncio.wait({running, asyncio.create_task(server.up.wait())}, return_when=asyncio.FIRST_COMPLETED)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.up.set()
            server.down.set()
            await running


class _Server(uvicorn.Server):
    """Starts and stops at once (uvicorn's own loop looks ten times a second), and leaves signals to the test process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        self.down = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        self.up.set()
        await self.down.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.lifespan.shutdown()
        await asyncio.sleep(0)  # closed connections are taken down in the loop's next round

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def free_port() -> int:
    """A port on which nobody listens just now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
