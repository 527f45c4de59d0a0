"""Group commit: those who ask while a commit is under way share the next one, and are answered when it is done.

A disk syncs some hundred times a second, and what many ask at once is read with as many statements as what one asks.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from content.database import Database
from content.errors import Collision

Ask = TypeVar("Ask")
Answer = TypeVar("Answer")
Work = Callable[[AsyncSession, Sequence[Ask]], Awaitable[Sequence[Answer]]]
"""Does what all of them ask in one transaction; one answer each, in their order."""

COLLIDED = (0.02, 0.1, 0.4, 1.0)
"""Seconds, at most, before what collided is tried again: two that met shall not meet again."""
MOST_AT_ONCE = 200
"""Asks of one commit."""
PAUSES = (0.2, 0.5, 1.0, 3.0, 10.0, 20.0)
"""Seconds between tries of what must not be forgotten; together shorter than any lease."""


async def insisting(
    write: Callable[[], Awaitable[Answer]],
    pauses: Sequence[float] = PAUSES,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Answer:
    """Do it, and again for a while where the database is locked, full or gone: for what is known here only.

    It may be done twice, where the connection broke as it was committed.
    """
    for pause in pauses:
        try:
            return await write()
        except (OperationalError, Collision):
            await sleep(pause)
    return await write()


class Together(Generic[Ask, Answer]):
    """Does one kind of work in common transactions. Whoever asks waits for their own commit.

    Where a transaction of several breaks, each is done alone, so that one that cannot be done spoils no other. An ask
    whose asker was cancelled is done all the same.
    """

    def __init__(self, db: Database, work: Work[Ask, Answer], *, most: int = MOST_AT_ONCE, hurry: bool = False) -> None:
        self._db = db
        self._work = work
        self._most = most
        self._hurry = hurry
        self._waiting: list[tuple[Ask, asyncio.Future[Answer]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def ask(self, one: Ask) -> Answer:
        """Returns once it is committed; raises what the work raised, or what the database did.

        A collision did nothing, and is tried again a few times: between workers that do the same to a crowd there are many.
        """
        for pause in COLLIDED:
            try:
                return await self._ask(one)
            except Collision:
                await asyncio.sleep(pause * random.random())  # noqa: S311 - no secret
        return await self._ask(one)

    async def _ask(self, one: Ask) -> Answer:
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, done))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_waiting())
        return await done

    async def insist(self, one: Ask, pauses: Sequence[float] = PAUSES) -> Answer:
        """As `ask`, and again as `insisting` does."""
        return await insisting(lambda: self.ask(one), pauses)

    async def _commit_waiting(self) -> None:
        try:
            while self._waiting:
                await self._commit()
        finally:
            self._committing = None

    async def _commit(self, alone: tuple[Ask, asyncio.Future[Answer]] | None = None) -> None:
        batch = [] if alone is None else [alone]
        try:
            async with self._db.writing(hurry=self._hurry) as session:
                batch = batch or self._next()  # only now, so that those who came while others wrote come along
                answers = await self._work(session, [one for one, _ in batch])
        except Exception as broken:  # noqa: BLE001 - it belongs to those who asked
            await self._broken(batch or self._next(), broken)
            return
        for (_, done), answer in zip(batch, answers, strict=True):
            if not done.done():
                done.set_result(answer)

    async def _broken(self, batch: Sequence[tuple[Ask, asyncio.Future[Answer]]], broken: Exception) -> None:
        """A database that is locked, full or gone would refuse each of them too."""
        if len(batch) > 1 and not isinstance(broken, OperationalError):
            for one in batch:
                await self._commit(one)
            return
        for _, done in batch:
            if not done.done():
                done.set_exception(broken)

    def _next(self) -> list[tuple[Ask, asyncio.Future[Answer]]]:
        batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        return batch
