"""A database whose process can be killed between any two transactions."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from content.database import Database
from content.times import Clock


class MortalDatabase(Database):
    """After as many steps as `left` says, whoever uses it waits for ever: a step is to begin a transaction, or to have committed it."""

    def __init__(self, url: str, clock: Clock) -> None:
        super().__init__(url, clock)
        self.left: int | None = None
        self.died = asyncio.Event()

    @asynccontextmanager
    async def writing(self, *, hurry: bool = False, alone: bool = False) -> AsyncIterator[AsyncSession]:
        """As ever, while it lives."""
        await self._step()
        async with super().writing(hurry=hurry, alone=alone) as session:
            yield session
        await self._step()

    async def _step(self) -> None:
        if self.left is None:
            return
        if self.left == 0:
            self.died.set()
            await asyncio.Event().wait()
        self.left -= 1


async def killed_during(work: Coroutine[Any, Any, Any], *deaths: asyncio.Event) -> None:
    """Do it until it is done or one of these happens, then nothing of the process is left: no task goes on, none is told."""
    watched = [asyncio.ensure_future(one) for one in (work, *(death.wait() for death in deaths))]
    await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
