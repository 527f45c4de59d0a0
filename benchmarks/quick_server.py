"""A platform that answers at once, with as little work as a server can have. Run as `python -m benchmarks.quick_server`.

It takes a status as Mastodon does. Prints its port, then serves; `GET /kept` tells who posted when, in Unix seconds.
"""

import asyncio
import json
import time


class Taking(asyncio.Protocol):
    """One connection: requests one after the other, each with a length."""

    kept: list[tuple[str, float]] = []  # noqa: RUF012 - all connections fill the same one

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is here."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            whole = end + 4 + _number_after(head, b"content-length:")
            if len(self._buffer) < whole:
                return
            self._answer(self._buffer[:end])
            self._buffer = self._buffer[whole:]

    def _answer(self, head: bytes) -> None:
        assert self._transport is not None  # noqa: S101 - it is connected
        body = json.dumps(self.kept if head.startswith(b"GET /kept") else self._take(head)).encode()
        start = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        self._transport.write(start + body)

    def _take(self, head: bytes) -> dict[str, str]:
        if not head.startswith(b"POST"):
            return {}
        whose = head.lower().partition(b"authorization: bearer ")[2].partition(b"\r\n")[0].decode()
        self.kept.append((whose, time.time()))  # noqa: TID251 - another program than the desk
        return {"id": str(len(self.kept)), "url": f"https://quick.example/{len(self.kept)}"}


def _number_after(head: bytes, name: bytes) -> int:
    found = head.partition(name)[2].partition(b"\r\n")[0]
    return int(found or 0)


async def main() -> None:
    """Serve until it is stopped."""
    server = await asyncio.get_running_loop().create_server(Taking, "127.0.0.1", 0)
    print(json.dumps(server.sockets[0].getsockname()[1]), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
