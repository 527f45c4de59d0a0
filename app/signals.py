"""What the processes of a desk tell each other in passing, by Redis: somebody look again, this far is a turn, stop it.

Nothing is kept: whoever misses a word looks at the rows a moment later by themselves.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.chat import Progress, Step
from bot.stopping import Stops
from bot.webchat.chat import WebChat
from content.ids import new_id
from content.transcript import Transcript

log = logging.getLogger(__name__)

CHANNEL = "copydesk"
AGAIN_SECONDS = 1.0
"""How long until Redis is asked again, after it could not be reached."""
BREATH_SECONDS = 0.02
"""Words about one thing within it are told as one, the last."""


class Signals:
    """Tells what happens here, and hears what happens elsewhere."""

    def __init__(
        self, address: str, transcript: Transcript, webchat: WebChat, stops: Stops, wake: Callable[[], None]
    ) -> None:
        self._redis = Redis.from_url(address, socket_timeout=5, socket_connect_timeout=5)
        self._me = new_id("process")
        self._pending: dict[tuple[str, str], dict[str, Any]] = {}
        self._some = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._transcript, self._webchat, self._stops, self._wake = transcript, webchat, stops, wake

    def open(self) -> None:
        """Begin; needs the running loop."""
        self._transcript.tell = lambda where: self._tell("ring", where)
        self._webchat.tell = lambda where, progress: self._tell("progress", where, _written(progress))
        self._stops.tell = lambda word, where: self._tell("turn", where, {"word": word})
        self._tasks = [asyncio.create_task(self._speak()), asyncio.create_task(self._listen())]

    def look(self) -> None:
        """There is something to do: have a worker look."""
        self._tell("look", "")

    def _tell(self, what: str, where: str, more: dict[str, Any] | None = None) -> None:
        self._pending[what, where] = {"from": self._me, "what": what, "where": where, **(more or {})}
        self._some.set()

    async def _speak(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            words, self._pending = list(self._pending.values()), {}
            try:
                for word in words:
                    await self._say(word)
            except (RedisError, OSError) as gone:
                log.warning("signals.not_told", extra={"why": str(gone)[:200]})
                await asyncio.sleep(AGAIN_SECONDS)
            await asyncio.sleep(BREATH_SECONDS)

    async def _say(self, word: dict[str, Any]) -> None:
        if word["what"] == "look":
            await asyncio.to_thread(self._wake)
        else:
            await self._redis.publish(CHANNEL, json.dumps(word))

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as heard:
                    await heard.subscribe(CHANNEL)
                    while True:
                        message = await heard.get_message(ignore_subscribe_messages=True, timeout=1)
                        if message is not None:
                            self._hear(json.loads(message["data"]))
            except (RedisError, OSError) as gone:
                log.warning("signals.not_heard", extra={"why": str(gone)[:200]})
                await asyncio.sleep(AGAIN_SECONDS)

    def _hear(self, word: dict[str, Any]) -> None:
        if word["from"] == self._me:
            return
        where = word["where"]
        if word["what"] == "ring":
            self._transcript.hear(where)
        elif word["what"] == "progress":
            self._webchat.hear(where, _read(word))
        elif word["what"] == "turn":
            self._stops.hear(word["word"], where)

    async def close(self) -> None:
        """Tell and hear nothing more."""
        left = set(self._tasks)
        while left:  # again and again: Python 3.11 forgets a cancellation that comes just when redis-py has sent a word
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=0.1)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(RedisError, OSError):
            await self._redis.aclose()


def _written(progress: Progress | None) -> dict[str, Any]:
    return {"progress": None if progress is None else asdict(progress)}


def _read(word: dict[str, Any]) -> Progress | None:
    told = word["progress"]
    return None if told is None else Progress([Step(**step) for step in told["steps"]], told["text"])
