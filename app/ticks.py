"""APScheduler as a waker: it calls the job runner every second and holds nothing. Lose it, and nothing is lost."""

import asyncio
import logging
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from content.jobs import Jobs

log = logging.getLogger(__name__)


class Ticks:
    """Wakes the job runner every second, and at once after a commit that put a job."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin; needs the running loop."""
        self._loop = asyncio.get_running_loop()
        self._scheduler.add_job(
            self._tick, "interval", seconds=1, max_instances=1, coalesce=True, misfire_grace_time=None
        )
        self._scheduler.start()

    def wake(self) -> None:
        """Look now; harmless before the start and after the end."""
        if self._loop is not None and not self._loop.is_closed():
            task = self._loop.create_task(self._tick())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _tick(self) -> None:
        try:
            await self._jobs.start_due()
        except Exception:
            log.exception("tick.failed")  # the next tick tries again

    async def stop(self, within: timedelta) -> None:
        """No new jobs; those that run may finish within the time, and are cancelled after it."""
        self._loop = None
        self._scheduler.shutdown(wait=False)
        running = [*self._tasks, *self._jobs.running]
        if not running:
            return
        _, late = await asyncio.wait(running, timeout=within.total_seconds())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
