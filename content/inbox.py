"""What chats deliver: committed with its job before it is acknowledged, unique by the chat's own event id, in order within a lane.

Arrivals share commits, before other writers: a chat waits three seconds for its acknowledgement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs
from content.database import Database, dialect_of, upserting
from content.errors import Collision, Unavailable
from content.ids import new_id
from content.models import Arrival
from content.times import Clock
from content.together import Together

KEPT = timedelta(days=7)
"""How long what was handled is remembered; no chat delivers again after so long."""
TIDY_EVERY = timedelta(days=1)
JOB = "arrive"


@dataclass(frozen=True)
class Delivered:
    """What a chat delivered, word for word."""

    chat: str
    event_id: str
    lane: str
    number: int
    """The order within the lane."""
    payload: Mapping[str, Any]
    twin: str = ""


@dataclass(frozen=True)
class Kept:
    """Something delivered that waits to be acted on."""

    id: str
    chat: str
    event_id: str
    payload: Mapping[str, Any]
    tries: int


class Inbox:
    """Takes in, and gives out lane by lane."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._keeping = Together(db, self._keep, hurry=True)

    async def take(self, delivered: Delivered) -> bool:
        """Returns once it is committed with the job that acts on it; False: it was taken before.

        Raises:
            Unavailable: it was not kept.
        """
        try:
            return await self._keeping.ask(delivered)
        except (SQLAlchemyError, Collision) as broken:
            raise Unavailable(
                "The desk's database could not keep what was sent. It is delivered again.", platform=delivered.chat
            ) from broken

    async def _keep(self, session: AsyncSession, batch: Sequence[Delivered]) -> list[bool]:
        """Which of them are new; a lane's job is put with its rows, or neither is."""
        now = self._clock.now()
        rows = [
            {
                "id": new_id("arrival"),
                "chat": one.chat,
                "event_id": one.event_id,
                "twin": one.twin or None,
                "lane": one.lane,
                "number": one.number,
                "payload": dict(one.payload),
                "received_at": now,
                "tries": 0,
                "error": "",
            }
            for one in batch
        ]
        inserted = await session.execute(
            upserting(dialect_of(session), Arrival)
            .on_conflict_do_nothing()
            .returning(Arrival.chat, Arrival.event_id, Arrival.lane),
            rows,
        )
        found = inserted.all()
        if found:
            await jobs.put_many(session, JOB, [row.lane for row in found], now=now)
        new = {(row.chat, row.event_id) for row in found}
        answers = []
        for one in batch:
            answers.append((one.chat, one.event_id) in new)
            new.discard((one.chat, one.event_id))  # the same event twice in one batch is new once
        return answers

    async def waiting_in(self, lane: str) -> list[Kept]:
        """What a lane holds that nobody has acted on, in the chat's order."""
        query = select(Arrival).where(Arrival.lane == lane, Arrival.handled_at.is_(None))
        async with self._db.reading() as session:
            rows = await session.scalars(query.order_by(Arrival.number, Arrival.received_at, Arrival.id))
            return [Kept(row.id, row.chat, row.event_id, row.payload, row.tries) for row in rows]

    async def handled(self, arrival_id: str, error: str = "") -> None:
        """It was acted on, or given up with an error; what it said is no longer kept, only that it came."""
        async with self._db.writing() as session:
            await session.execute(
                update(Arrival)
                .where(Arrival.id == arrival_id)
                .values(handled_at=self._clock.now(), error=error[:2000], payload={})
            )

    async def failed(self, arrival_id: str, error: str) -> None:
        """Acting on it failed; it is tried again."""
        async with self._db.writing() as session:
            await session.execute(
                update(Arrival).where(Arrival.id == arrival_id).values(tries=Arrival.tries + 1, error=error[:2000])
            )

    async def keep_tidy(self) -> None:
        """Have `tidy` run once a day from now on."""
        now = self._clock.now()
        async with self._db.writing() as session:
            await jobs.put(session, "tidy", "inbox", run_at=now, now=now)

    async def tidy(self, _subject: str) -> datetime:
        """Forget what was handled long ago; returns when to do it again. The handler of `tidy` jobs."""
        now = self._clock.now()
        async with self._db.writing() as session:
            await session.execute(delete(Arrival).where(Arrival.handled_at < now - KEPT))
        return now + TIDY_EVERY
