"""One desk in several processes: what a process needs beside its own parts, all of it by Redis."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

from app.celery import make_celery, wake, working
from app.signals import Signals
from app.wiring import App


class Shared:
    """A process among others."""

    def __init__(self, app: App) -> None:
        redis_url = app.settings.redis_url.get_secret_value()
        self._celery = make_celery(redis_url)
        self._signals = Signals(redis_url, app.transcript, app.webchat, app.stops, lambda: wake(self._celery))
        self._signals.open()
        app.db.wake = self._signals.look

    def woken(self, look: Callable[[], None]) -> AbstractContextManager[None]:
        """While the block runs, `look` is called when there may be something to do."""
        loop = asyncio.get_running_loop()

        def told() -> None:
            loop.call_soon_threadsafe(look)

        return working(self._celery, told)

    async def close(self) -> None:
        """Tell and hear nothing more."""
        await self._signals.close()
        self._celery.close()
