"""Turns: who may write next."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager


class Turns:
    """One at a time, in order, but for those in a hurry, who go first: a chat waits three seconds for its acknowledgement."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: tuple[deque[asyncio.Future[None]], ...] = (deque(), deque())

    @asynccontextmanager
    async def turn(self, *, hurry: bool = False) -> AsyncIterator[None]:
        """Nobody else has a turn while the block runs."""
        if self._taken:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting[0 if hurry else 1].append(mine)
            try:
                await mine
            except asyncio.CancelledError:
                if not mine.cancelled():  # it was given just now
                    self._pass_on()
                raise
        self._taken = True
        try:
            yield
        finally:
            self._pass_on()

    def _pass_on(self) -> None:
        found = next((one for queue in self._waiting for one in _left(queue)), None)
        if found is None:
            self._taken = False
        else:
            found.set_result(None)


def _left(queue: deque[asyncio.Future[None]]) -> Iterator[asyncio.Future[None]]:
    """Those who still wait, taken off the queue; who was cancelled waits no more."""
    while queue:
        one = queue.popleft()
        if not one.done():
            yield one
