"""Things to do later: rows, claimed one at a time a lane, run by handlers, and never lost.

A job is inserted in the transaction of the change that needs it. It is claimed in one statement that repeats the “still
free” condition. What to do after an error is the pure function `after`. APScheduler and Celery only wake
`app/ticks.py`, which calls `start_due`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import and_, bindparam, case, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from content import rooms
from content.claiming import CLAIM
from content.database import Database, Instant, database_now, dialect_of, moment, upserting
from content.errors import Busy, Collision, ContentError, OutcomeUnknown, RateLimited, Unavailable
from content.ids import new_id
from content.models import Delivery, DeliveryState, Job, JobState
from content.rooms import Rooms
from content.times import Clock
from content.together import Together

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=1)
"""How long after the last sign of life of its process a job is taken over."""
KEEP_EVERY = LEASE / 3
TRIES = 8
PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)
"""After the first failed run, and after many."""
DOUBLED = 7
"""So often the pause is doubled, until it is longer than the longest: what a platform puts off is tried without end."""
BUSY_PAUSE = timedelta(seconds=10)
ACCOUNT_LANE = "account:"
"""And an account's id: of its posts one at a time is sent."""
BATCH = 100
"""Jobs claimed in one transaction."""
PUBLISH = rooms.PUBLISH
PATIENCE = timedelta(seconds=30)
"""What is done afterwards lets a crowd of posts go first for so long: with a stream of them it would wait for ever."""


@dataclass(frozen=True)
class Again:
    """Run it again at `at`."""

    at: datetime


@dataclass(frozen=True)
class GiveUp:
    """It will never work; `why` is kept with the job."""

    why: str


@dataclass(frozen=True)
class AskPerson:
    """Only a person can decide; the handler's own rows say what to ask."""

    why: str


def after(error: Exception, tries: int, now: datetime) -> Again | GiveUp | AskPerson:
    """What to do after a failed run. `tries` counts from 1; runs that were cut off do not count.

    Waits 30 s, 1, 2, 4 … min, at most 1 h. A platform's own time is kept exactly, unless it is nearer than the first of these:
    some say 0 each time, or a moment that is over by our clock, and whoever comes back at once for ever is shut out.
    """
    if isinstance(error, OutcomeUnknown):
        return AskPerson(error.message)
    if isinstance(error, Busy):
        return Again(now + BUSY_PAUSE)
    if isinstance(error, Collision) and tries < TRIES:
        return Again(now)
    if isinstance(error, RateLimited):
        return Again(error.until if error.until - now >= PAUSE else now + _pause(tries))
    if isinstance(error, ContentError) and not isinstance(error, Unavailable):
        return GiveUp(error.message)
    if tries >= TRIES:
        return GiveUp(str(error) or type(error).__name__)
    return Again(now + _pause(tries))


def _pause(tries: int) -> timedelta:
    return min(PAUSE * (1 << min(tries - 1, DOUBLED)), LONGEST_PAUSE)


Handler = Callable[[str], Awaitable[datetime | None]]
"""Does the work for one subject. A returned instant means: run again then."""


@dataclass(frozen=True)
class Wanted:
    """Something to be done at a time. Of a lane one at a time is done; by default a subject is its own."""

    kind: str
    subject: str
    run_at: datetime
    lane: str = ""


async def put(
    session: AsyncSession, kind: str, subject: str, *, run_at: datetime, now: datetime, lane: str = ""
) -> None:
    """Have this done at `run_at`: a job of this kind and subject that is not running yet is moved instead of doubled."""
    await put_all(session, [Wanted(kind, subject, run_at, lane)], now=now)


async def put_all(session: AsyncSession, wanted: Collection[Wanted], *, now: datetime) -> None:
    """Have each of these done at its time, in one statement; one that is not running yet is moved there."""
    await _upsert(session, wanted, now, keep_place=False)


async def put_many(session: AsyncSession, kind: str, subjects: Collection[str], *, now: datetime) -> None:
    """Have each of these done now, in one statement; one that is due already keeps its place in the queue."""
    await _upsert(session, [Wanted(kind, one, now) for one in subjects], now, keep_place=True)


async def _upsert(session: AsyncSession, wanted: Collection[Wanted], now: datetime, *, keep_place: bool) -> None:
    if not wanted:
        return
    session.info["jobs"] = True
    rows = {
        (one.kind, one.subject): {
            "id": new_id("job"),
            "kind": one.kind,
            "subject": one.subject,
            "lane": one.lane or f"{one.kind}:{one.subject}",
            "run_at": one.run_at,
            "state": JobState.READY,
            "tries": 0,
            "fence": 0,
            "error": "",
            "created_at": now,
        }
        for one in wanted
    }
    in_order = [rows[key] for key in sorted(rows)]  # the same for all, so that no two wait for each other's rows
    await session.execute(_putting(dialect_of(session), keep_place=keep_place), in_order)


@cache
def _putting(dialect: str, *, keep_place: bool) -> Any:
    """The statement, built once."""
    kept = upserting(dialect, Job)
    at = kept.excluded.run_at
    return kept.on_conflict_do_update(
        index_elements=[Job.kind, Job.subject],
        index_where=text("state = 'ready'"),
        set_={"run_at": case((Job.run_at > at, at), else_=Job.run_at) if keep_place else at, "tries": 0},
    )


@dataclass(frozen=True)
class _Ended:
    """What a run came to."""

    job_id: str
    fence: int
    state: JobState
    run_at: datetime | None = None
    error: str = ""

    @property
    def again(self) -> bool:
        """Whether it shall run again."""
        return self.state is JobState.READY

    @property
    def row(self) -> dict[str, Any]:
        """What `_FINISH` asks for."""
        return {"job": self.job_id, "held": self.fence, "ends": self.state, "why": self.error[:2000]}

    def write(self, job: Job, *, replaced: bool) -> None:
        """What shall run again, into its row; one that was asked for again meanwhile is replaced by that."""
        job.state = JobState.DONE if replaced else JobState.READY
        if not self.error:
            job.tries = 0
        job.lease_until = None
        job.error = self.error[:2000]
        job.run_at = self.run_at or job.run_at


class Jobs:
    """Claims due jobs and runs their handlers."""

    def __init__(self, db: Database, clock: Clock, handlers: Mapping[str, Handler]) -> None:
        self._db = db
        self._clock = clock
        self._handlers = handlers
        self._finishing = Together(db, self._finish_all)
        self.running: set[asyncio.Task[None]] = set()
        self._held: set[tuple[str, int]] = set()
        """The jobs that run here, each with its fence."""
        self._rooms = Rooms()
        self._looked: datetime | None = None
        """The moment for which the last claim looked."""
        self.room: Callable[[], None] = lambda: None
        """Called when a job ends and another may begin that might not before."""

    async def run_due(self, limit: int = 20) -> int:
        """Run what is due now, side by side, until it is done; returns how many jobs ran."""
        claimed = await self._claim(limit)
        await asyncio.gather(*(self._run(*job) for job in claimed))
        return len(claimed)

    async def start_due(self, limit: int = BATCH) -> int:
        """Begin what is due now without waiting for it, so that a long job keeps no other from starting."""
        claimed = [] if self._rooms.full else await self._claim(limit)
        for job in claimed:
            task = asyncio.create_task(self._run(*job))
            self.running.add(task)
            task.add_done_callback(self.running.discard)
        return len(claimed)

    async def run_all(self, rounds: int = 50) -> int:
        """Run what is due and what that makes due, until nothing is; returns how many jobs ran."""
        total = 0
        for _ in range(rounds):
            ran = await self.run_due()
            total += ran
            if ran == 0:
                break
        return total

    async def next_at(self) -> datetime | None:
        """When the next job is due, or may be taken from a worker that stopped; None: there is nothing to do."""
        at = case((Job.state == JobState.RUNNING, Job.lease_until), else_=Job.run_at)
        async with self._db.reading() as session:
            query = select(func.min(at)).where(Job.state.in_([JobState.READY, JobState.RUNNING]))
            soonest: datetime | None = await session.scalar(query)
            return soonest

    async def due_in(self, most: timedelta) -> timedelta | None:
        """How long until the next job comes due that the last claim did not see; None: longer than `most`, or there is no room for it."""
        if self._rooms.full:
            return None
        async with self._db.reading() as session:
            now = await moment(session)
            unseen = and_(Job.state == JobState.READY, Job.run_at > (self._looked or now), Job.run_at <= now + most)
            soonest: datetime | None = await session.scalar(select(func.min(Job.run_at)).where(unseen))
            return None if soonest is None else max(soonest - now, timedelta(0))

    async def take_over(self) -> int:
        """Free the jobs that an earlier process left running, and what it was sending, so that it is looked up at once.

        Only for a process that knows it is alone. Returns how many jobs there were.
        """
        async with self._db.writing() as session:
            sending = Delivery.state == DeliveryState.SENDING
            await session.execute(update(Delivery).where(sending).values(lease_until=database_now()))
            freed = await session.execute(
                update(Job).where(Job.state == JobState.RUNNING).values(lease_until=database_now()).returning(Job.id)
            )
            return len(freed.all())

    async def _claim(self, limit: int) -> list[tuple[str, str, str, int, int]]:
        async with self._db.writing(alone=True) as session:  # else two could take two of one lane
            now = await moment(session)
            patient = now - PATIENCE if self._rooms.crowded else now
            times = {"now": now, "patient": patient, "until": now + LEASE}
            self._looked = now
            claimed = await session.execute(CLAIM, {**times, **self._rooms.left(), "most": limit})
            return [(job, kind, subject, tries, fence) for job, kind, subject, tries, fence in claimed]

    async def keep_leases(self) -> None:
        """Say that what runs here still runs. To be called every `KEEP_EVERY`."""
        held = sorted(self._held)  # in one order with those that end; some may end before it is their turn
        if not held:
            return
        async with self._db.writing(hurry=True) as session:  # in a crowd it would wait for longer than a lease lasts
            until = await moment(session) + LEASE
            kept = [{"job": job, "held": fence, "until": until} for job, fence in held]
            await (await session.connection()).execute(_KEEP, kept)

    async def _run(self, job_id: str, kind: str, subject: str, tries: int, fence: int) -> None:
        self._held.add((job_id, fence))
        self._rooms.enter(kind)
        try:
            await self._do(job_id, kind, subject, tries, fence)
        finally:
            self._held.remove((job_id, fence))
            if self._rooms.leave(kind):
                self.room()

    async def _do(self, job_id: str, kind: str, subject: str, tries: int, fence: int) -> None:
        try:
            again = await self._handlers[kind](subject)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises must end in its job's row
            await self._record_failure(job_id, kind, subject, tries, fence, error)
            return
        state = JobState.DONE if again is None else JobState.READY
        await self._finishing.insist(_Ended(job_id, fence, state, again))

    async def _record_failure(
        self, job_id: str, kind: str, subject: str, tries: int, fence: int, error: Exception
    ) -> None:
        verdict = after(error, tries, self._clock.now())
        known = isinstance(error, ContentError)
        log.log(
            logging.INFO if known else logging.ERROR,
            "job.failed",
            extra={"job": job_id, "kind": kind, "subject": subject, "tries": tries, "verdict": type(verdict).__name__},
            exc_info=None if known else error,
        )
        if isinstance(verdict, Again):
            await self._finishing.insist(_Ended(job_id, fence, JobState.READY, verdict.at, str(error)))
        else:
            await self._finishing.insist(_Ended(job_id, fence, JobState.DEAD, None, verdict.why))

    async def _finish_all(self, session: AsyncSession, ended: Sequence[_Ended]) -> list[None]:
        """Where a job's fence moved on, its lease ran out and another worker has it: nothing is written."""
        over = [one for one in ended if not one.again]
        if over:
            in_order = sorted(over, key=lambda one: one.job_id)
            await (await session.connection()).execute(_FINISH, [one.row for one in in_order])
        again = {one.job_id: one for one in ended if one.again}
        if not again:
            return [None] * len(ended)
        rows = await session.scalars(select(Job).where(Job.id.in_(again)))
        found = [job for job in rows if job.fence == again[job.id].fence]
        newer = await self._ready(session, [job.subject for job in found])
        for job in found:
            again[job.id].write(job, replaced=(job.kind, job.subject) in newer)
        return [None] * len(ended)

    async def _ready(self, session: AsyncSession, subjects: Collection[str]) -> set[tuple[str, str]]:
        """Kinds and subjects of what was asked for again while it ran."""
        rows = await session.execute(
            select(Job.kind, Job.subject).where(Job.subject.in_(subjects), Job.state == JobState.READY)
        )
        return {(kind, subject) for kind, subject in rows}


_KEEP = (
    update(Job)
    .where(Job.id == bindparam("job"), Job.fence == bindparam("held"), Job.state == JobState.RUNNING)
    .values(lease_until=bindparam("until", type_=Instant()))
)

_FINISH = (
    update(Job)
    .where(Job.id == bindparam("job"), Job.fence == bindparam("held"))
    .values(state=bindparam("ends", type_=Job.state.type), lease_until=None, error=bindparam("why"))
)
