"""The sweep: whatever is due or under way and has no job to look after it is given one again, or ends with words.

So is what repeats: a plan or a series whose job is gone would otherwise stand in the calendar and never happen again. Where
its job broke each time, people are told, and it is tried again a day later.

It finds nothing where all is well. It exists because every other way to lose a job, such as a bug, a restored table or a
person with a database shell, would leave a post in `sending` for ever.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, exists, not_, or_, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from content import jobs, outcomes
from content.approvals import arm
from content.audit import record
from content.database import Database, moment
from content.errors import NeedsReconnect, Rejected
from content.models import LIVE, Account, AuditEntry, Delivery, DeliveryState, Job, JobState, Plan, Post, Series
from content.series import state_of
from content.times import Clock

log = logging.getLogger(__name__)

BROKEN_AFTER = 2
"""Jobs that may break on one delivery, eight tries each, before its people are told that it will not work."""
MOST = 500
"""Deliveries looked at in one sweep."""
BROKEN_RESTS = timedelta(days=1)
"""How long a plan or a series whose job broke is left alone: it repeats, and so would the fault."""
BROKE = "broke"
"""The job that tells of it. Its subject: the kind of job that broke, what it was about, and its own id, with colons."""


@dataclass(frozen=True)
class Broke:
    """A plan or a series whose job broke each time it was tried."""

    id: str
    conversation_id: str | None
    member_id: str
    """Who asked for it."""
    what: str
    """“the plan “draft a tip””, “the series of #4”."""


class Sweeping:
    """Harmless at any time, in any number of processes."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def sweep(self) -> list[str]:
        """Look once; returns the ids of the deliveries that nothing looked after, in the order of their times."""
        async with self._db.reading() as session:  # so that it costs nobody a lock where all is well
            now = await moment(session)
            lost = (await session.scalars(_abandoned(now))).all()
            repeating = {kind: (await session.scalars(query)).all() for kind, query in _repeating(now).items()}
        for kind, subjects in repeating.items():
            if subjects:
                await self._put(kind, subjects)
        if not lost:
            return []
        async with self._db.writing() as session:
            still = _abandoned(await moment(session)).where(Delivery.id.in_([one.id for one in lost]))
            found = (await session.scalars(still.with_for_update(of=Delivery, skip_locked=True))).all()
            for delivery in found:
                await self._look_after(session, delivery)
            return [one.id for one in found]

    async def broke(self, subject: str) -> Broke | None:
        """What a job of the kind `BROKE` is to tell of; None: it was ended or stopped since."""
        kind, row_id, _ = subject.split(":")
        async with self._db.reading() as session:
            if kind == "plan":
                plan = await session.get_one(Plan, row_id)
                what = f"the plan “{plan.instruction[:80]}”"
                return None if plan.ended_at else Broke(row_id, plan.conversation_id, plan.member_id, what)
            series = await session.get_one(Series, row_id)
            post = await session.get_one(Post, series.post_id)
            what = f"the series of #{post.number}"
            goes_on = state_of(series) == "running"
            return Broke(row_id, series.conversation_id, series.member_id, what) if goes_on else None

    async def _put(self, kind: str, subjects: Sequence[str]) -> None:
        """A job for each, which looks at the row, and so does nothing where somebody was faster."""
        log.warning("%s.swept", kind, extra={"subjects": list(subjects)})
        async with self._db.writing() as session:
            await jobs.put_many(session, kind, subjects, now=self._clock.now())

    async def _look_after(self, session: AsyncSession, delivery: Delivery) -> None:
        """A job again; where job after job broke, the next person who reads of it knows more than the next job."""
        broken, was, now = await _broken(session, delivery), delivery.state, self._clock.now()
        if broken < BROKEN_AFTER:
            verb = "delivery.swept"
            await arm(session, self._clock, delivery)
        else:
            verb = "delivery.given_up"
            await self._end(session, delivery)
        extra = {"delivery": delivery.id, "state": was.value, "broken": broken}
        log.warning(verb, extra=extra)
        workspace = delivery.workspace_id
        record(session, workspace_id=workspace, verb=verb, subject=delivery.id, at=now, state=was.value)

    async def _end(self, session: AsyncSession, delivery: Delivery) -> None:
        """In doubt it is asked about; else it certainly did nothing."""
        why = Rejected(
            "Something broke here each time I wanted to send it, so it was not published. The log says what: look for "
            f"{delivery.id}. Then press Try again now.",
            platform="",
            account=delivery.account_id,
        )
        await outcomes.failed(session, self._clock, delivery, why, "the platform")


def _abandoned(now: datetime) -> Select[Delivery]:
    """Due or under way, and no job will look at it.

    What waits for a login is woken by that, and what a person was asked about by their answer. States stand in it word for
    word, since else no partial index would serve.
    """
    ready = exists().where(Job.kind == jobs.PUBLISH, Job.subject == Delivery.id, text("job.state = 'ready'"))
    running = exists().where(
        Job.lane == jobs.ACCOUNT_LANE + Delivery.account_id, Job.subject == Delivery.id, text("job.state = 'running'")
    )
    no_login = and_(Delivery.error_code == NeedsReconnect.code, Account.state != "connected")
    asked = exists().where(
        Delivery.state == DeliveryState.UNKNOWN,
        AuditEntry.subject == Delivery.id,
        AuditEntry.verb == outcomes.ASKED,
        AuditEntry.detail["fence"].as_integer() == Delivery.fence,
    )
    return (
        select(Delivery)
        .join(Account, Account.id == Delivery.account_id)
        .where(text(LIVE), Delivery.due_at <= now)
        .where(or_(Delivery.lease_until.is_(None), Delivery.lease_until <= now))
        .where(not_(or_(ready, running, no_login, asked)))
        .order_by(Delivery.due_at, Delivery.id)
        .limit(MOST)
    )


def _repeating(now: datetime) -> dict[str, Select[str] | CompoundSelect[str]]:
    """By kind of job whom it is to be about: what repeats, is due and has none; and what nobody was told of that broke."""
    running = and_(Series.ended_at.is_(None), Series.approved_at.is_not(None), Series.paused_at.is_(None))
    of_plan, of_series = "plan:" + Plan.id, "series:" + Series.id
    plans = select(Plan.id).where(Plan.ended_at.is_(None), Plan.next_at <= now)
    series = select(Series.id).where(running, Series.made_until <= now)
    return {
        "plan": plans.where(_no_job(of_plan, now)),
        "series": series.where(_no_job(of_series, now)),
        BROKE: union_all(_untold(plans, of_plan, now), _untold(series, of_series, now)),
    }


def _no_job(lane: ColumnElement[str], now: datetime) -> ColumnElement[bool]:
    coming = Job.state.in_([JobState.READY, JobState.RUNNING])
    return ~exists().where(Job.lane == lane, or_(coming, _broke(now)))


def _broke(now: datetime) -> ColumnElement[bool]:
    return and_(Job.state == JobState.DEAD, Job.run_at > now - BROKEN_RESTS)


def _untold(what: Select[str], lane: ColumnElement[str], now: datetime) -> Select[str]:
    """The subjects of the jobs that are to tell of these."""
    telling, subject = aliased(Job), lane + ":" + Job.id
    told = exists().where(telling.lane == BROKE + ":" + subject)
    return what.with_only_columns(subject).join(Job, Job.lane == lane).where(_broke(now), ~told)


async def _broken(session: AsyncSession, delivery: Delivery) -> int:
    """How many of its jobs gave up since it was due."""
    found = await session.scalars(
        select(Job.id)
        .where(Job.state == JobState.DEAD, Job.run_at >= delivery.due_at)
        .where(Job.kind == jobs.PUBLISH, Job.subject == delivery.id)
    )
    return len(found.all())
