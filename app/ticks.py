"""Wakes the job runner: APScheduler every second or five, a timer at the moment of what is due before that.

Neither holds anything. Lose them, and nothing is lost.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, Protocol

from content.jobs import KEEP_EVERY, Jobs

log = logging.getLogger(__name__)


LOOK_EVERY = timedelta(seconds=1)
SWEEP_EVERY = timedelta(minutes=5)
"""How often it is looked for what no job looks after."""
LOOK_TAKES = timedelta(seconds=2)
"""A look that is under way at the end is waited for: it is a transaction and no more."""


class Scheduler(Protocol):
    """What we need of APScheduler's `AsyncIOScheduler`; `app/wiring.py` loads it late."""

    def add_job(self, func: Callable[[], Awaitable[None]], trigger: str, **how: Any) -> Any:
        """Have a function called again and again."""

    def start(self) -> None:
        """Begin."""

    def shutdown(self, wait: bool) -> None:
        """Call nothing any more."""


class Ticks:
    """Wakes the job runner every second, when a job comes due, and at once after a commit that put one."""

    def __init__(self, jobs: Jobs, sweep: Callable[[], Awaitable[object]]) -> None:
        """`sweep` looks for what no job looks after."""
        self._jobs = jobs
        self._sweep_once = sweep
        jobs.room = self.wake
        self._scheduler: Scheduler | None = None
        self._told = False
        self.busy = False
        """Whether it is looking just now."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._every = LOOK_EVERY
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, scheduler: Scheduler, every: timedelta = LOOK_EVERY, sweep_every: timedelta = SWEEP_EVERY) -> None:
        """Begin, with a look at once; needs the running loop."""
        self._loop = asyncio.get_running_loop()
        self._scheduler, self._every = scheduler, every
        scheduler.add_job(self._look, "interval", seconds=every.total_seconds(), coalesce=True, misfire_grace_time=None)
        keeping = KEEP_EVERY.total_seconds()
        scheduler.add_job(self._keep, "interval", seconds=keeping, coalesce=True, misfire_grace_time=None)
        sweeping = sweep_every.total_seconds()
        scheduler.add_job(self._sweep, "interval", seconds=sweeping, coalesce=True, misfire_grace_time=None)
        scheduler.start()
        self.wake()

    async def _look(self) -> None:
        """Not as a task of APScheduler's, which would cut it off at the end."""
        self.wake()

    async def _keep(self) -> None:
        try:
            await self._jobs.keep_leases()
        except Exception:
            log.exception("leases.not_kept")  # there are two more times before they run out

    async def _sweep(self) -> None:
        if self._loop is not None:
            self._begin(self._loop, self._swept())

    async def _swept(self) -> None:
        try:
            await self._sweep_once()
        except Exception:
            log.exception("sweep.failed")  # there is another one in a while

    def wake(self) -> None:
        """Look now; harmless before the start and after the end.

        One looks at a time: where a crowd of commits each began a look of its own, they took more jobs than there was room for.
        """
        self._told = True
        if not self.busy and self._loop is not None and not self._loop.is_closed():
            self.busy = True
            self._begin(self._loop, self._tick())

    def _begin(self, loop: asyncio.AbstractEventLoop, look: Coroutine[Any, Any, None]) -> None:
        task = loop.create_task(look)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tick(self) -> None:
        try:
            while self._told and self._loop is not None:
                self._told = False
                if await self._jobs.start_due():
                    self._told = True  # there may be more
                else:
                    await self._set_alarm()
        except Exception:
            log.exception("tick.failed")  # the next tick tries again
        finally:
            self.busy = False

    async def _set_alarm(self) -> None:
        """A job that comes due before the next look starts at its moment."""
        due_in = await self._jobs.due_in(self._every)
        if due_in is not None and self._loop is not None:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = self._loop.call_later(due_in.total_seconds(), self.wake)

    async def stop(self, within: timedelta) -> None:
        """No new jobs; those that run may finish within the time, and are cancelled after it."""
        self._loop = None
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None
        if self._tasks:  # a tick that is claiming still begins its jobs
            await asyncio.wait(self._tasks, timeout=max(within, LOOK_TAKES).total_seconds())
        running = [*self._tasks, *self._jobs.running]
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=within.total_seconds())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
