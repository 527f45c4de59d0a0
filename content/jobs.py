"""Things to do later: rows, claimed one at a time a lane, run by handlers, and never lost.

A job is inserted in the transaction of the change that needs it. It is claimed in one statement that repeats the “still
free” condition. What to do after an error is the pure function `after`. APScheduler and Celery only call `run_due`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from content.database import Database, database_now, upserting
from content.errors import ContentError, OutcomeUnknown, RateLimited, Unavailable
from content.ids import new_id
from content.models import Job, JobState
from content.times import Clock

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
TRIES = 8


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
    """What to do after a failed run. `tries` counts from 1.

    Waits 30 s, 1, 2, 4 … min, at most 1 h; a platform's own time is kept.
    """
    if isinstance(error, OutcomeUnknown):
        return AskPerson(error.message)
    if isinstance(error, RateLimited):
        return Again(max(error.until, now + timedelta(seconds=1)))
    if isinstance(error, ContentError) and not isinstance(error, Unavailable):
        return GiveUp(error.message)
    if tries >= TRIES:
        return GiveUp(str(error) or type(error).__name__)
    return Again(now + min(timedelta(seconds=30) * 2 ** (tries - 1), timedelta(hours=1)))


Handler = Callable[[str], Awaitable[datetime | None]]
"""Does the work for one subject. A returned instant means: run again then."""


async def put(
    session: AsyncSession, kind: str, subject: str, *, run_at: datetime, now: datetime, lane: str = ""
) -> None:
    """Have this done at `run_at`: a job of this kind and subject that is not running yet is moved instead of doubled."""
    session.info["jobs"] = True
    moved = await session.execute(
        update(Job)
        .where(Job.kind == kind, Job.subject == subject, Job.state == JobState.READY)
        .values(run_at=run_at, tries=0)
        .returning(Job.id)
    )
    if moved.first() is None:
        session.add(
            Job(
                id=new_id("job"),
                kind=kind,
                subject=subject,
                lane=lane or f"{kind}:{subject}",
                run_at=run_at,
                created_at=now,
            )
        )
        await session.flush()


async def put_many(session: AsyncSession, kind: str, subjects: Collection[str], *, now: datetime) -> None:
    """Have each of these done now, in one statement; a lane is `kind:subject`, and one that is ready already stays one."""
    session.info["jobs"] = True
    kept = upserting(session, Job)
    sooner = case((Job.run_at > kept.excluded.run_at, kept.excluded.run_at), else_=Job.run_at)
    await session.execute(
        kept.on_conflict_do_update(
            index_elements=[Job.kind, Job.subject],
            index_where=text("state = 'ready'"),
            set_={"run_at": sooner, "tries": 0},
        ),
        [
            {
                "id": new_id("job"),
                "kind": kind,
                "subject": one,
                "lane": f"{kind}:{one}",
                "run_at": now,
                "state": JobState.READY,
                "tries": 0,
                "fence": 0,
                "error": "",
                "created_at": now,
            }
            for one in dict.fromkeys(subjects)
        ],
    )


class Jobs:
    """Claims due jobs and runs their handlers."""

    def __init__(self, db: Database, clock: Clock, handlers: Mapping[str, Handler]) -> None:
        self._db = db
        self._clock = clock
        self._handlers = handlers
        self.running: set[asyncio.Task[None]] = set()

    async def run_due(self, limit: int = 20) -> int:
        """Run what is due now, side by side, until it is done; returns how many jobs ran."""
        claimed = await self._claim(limit)
        await asyncio.gather(*(self._run(*job) for job in claimed))
        return len(claimed)

    async def start_due(self, limit: int = 20) -> int:
        """Begin what is due now without waiting for it, so that a long job keeps no other from starting."""
        claimed = await self._claim(limit)
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

    async def take_over(self) -> int:
        """Free what an earlier process left running. Only for a process that knows it is alone; returns how many."""
        async with self._db.writing() as session:
            freed = await session.execute(
                update(Job).where(Job.state == JobState.RUNNING).values(lease_until=database_now()).returning(Job.id)
            )
            return len(freed.all())

    async def _claim(self, limit: int) -> list[tuple[str, str, str, int, int]]:
        async with self._db.writing() as session:
            now = (await session.execute(select(database_now()))).scalar_one()
            claimed = await session.execute(
                update(Job)
                .where(Job.id.in_(_free(limit, now)), _claimable(Job, now))
                .values(state=JobState.RUNNING, lease_until=now + LEASE, tries=Job.tries + 1, fence=Job.fence + 1)
                .returning(Job.id, Job.kind, Job.subject, Job.tries, Job.fence)
            )
            return [(job, kind, subject, tries, fence) for job, kind, subject, tries, fence in claimed]

    async def _run(self, job_id: str, kind: str, subject: str, tries: int, fence: int) -> None:
        try:
            again = await self._handlers[kind](subject)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises must end in its job's row
            await self._record_failure(job_id, kind, subject, tries, fence, error)
            return
        state = JobState.DONE if again is None else JobState.READY
        await self._finish(job_id, fence, state, again, "")

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
            await self._finish(job_id, fence, JobState.READY, verdict.at, str(error))
        else:
            await self._finish(job_id, fence, JobState.DEAD, None, verdict.why)

    async def _finish(self, job_id: str, fence: int, state: JobState, run_at: datetime | None, error: str) -> None:
        async with self._db.writing() as session:
            mine = await session.get(Job, job_id)
            if mine is None or mine.fence != fence:
                return  # its lease ran out and another worker has it
            newer = await session.scalar(
                select(Job.id).where(Job.kind == mine.kind, Job.subject == mine.subject, Job.state == JobState.READY)
            )
            mine.state = JobState.DONE if newer and state is JobState.READY else state
            if state is JobState.READY and not error:
                mine.tries = 0
            mine.lease_until = None
            mine.error = error[:2000]
            mine.run_at = run_at or mine.run_at


def _claimable(job: Any, now: datetime) -> Any:
    abandoned = and_(job.state == JobState.RUNNING, job.lease_until <= now)
    return or_(and_(job.state == JobState.READY, job.run_at <= now), abandoned)


def _free(limit: int, now: datetime) -> Any:
    """Ids of the first claimable job of every lane in which nothing runs; one left running goes before the others."""
    job, other = aliased(Job), aliased(Job)
    busy = select(other.id).where(other.lane == job.lane, other.state == JobState.RUNNING, other.id != job.id)
    earlier = select(other.id).where(
        job.state == JobState.READY,
        other.lane == job.lane,
        _claimable(other, now),
        or_(other.run_at < job.run_at, and_(other.run_at == job.run_at, other.id < job.id)),
    )
    return (
        select(job.id)
        .where(_claimable(job, now), ~busy.exists(), ~earlier.exists())
        .order_by(job.run_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
