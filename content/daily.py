"""“Did everything go out?” Once a day, and only where something did not: armed by whatever kept a post from going out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs
from content.database import Database
from content.errors import NeedsReconnect, Rejected
from content.models import Account, AuditEntry, Delivery, DeliveryState, Job, JobState, Member, Post, Role, Workspace
from content.platform import Platform
from content.times import Clock, resolve_local

AT = time(18)
"""When it is said, by the owner's clock."""
DAY = timedelta(days=1)
_WORDS = {
    DeliveryState.FAILED: "failed",
    DeliveryState.UNKNOWN: "may be out",
    DeliveryState.ASKING: "waits for your word",
    DeliveryState.HELD: "on hold",
}


@dataclass(frozen=True)
class Missed:
    """A post that was to go out on a platform, and is not out."""

    number: int
    label: str
    why: str
    """“refused”, “waits for a login” …"""


@dataclass(frozen=True)
class DayView:
    """What came of the posts of a day."""

    went_out: int
    missed: tuple[Missed, ...]
    """In the order in which they were planned."""
    held: bool
    """Whether everything is on hold, so that tomorrow's will not go out either."""
    settled: bool = True
    """Whether each was looked at; after an outage that takes a moment, and what is late is told first."""


async def arm(session: AsyncSession, clock: Clock, workspace_id: str, at: datetime | None = None) -> None:
    """Something did not go out, or will not at `at`: it is said at the end of that day. Safe to repeat."""
    now = clock.now()
    zone = await _zone(session, workspace_id)
    day, moment = _end_of_day(max(at or now, now), zone)
    subject = f"{workspace_id}:{day.isoformat()}"
    known = select(Job.id).where(Job.kind == "daily", Job.subject == subject, text("job.state = 'ready'"))
    if await session.scalar(known) is None:  # else every post that fails would wait for the others at this one row
        await jobs.put(session, "daily", subject, run_at=moment, now=now)


def _end_of_day(at: datetime, zone: str) -> tuple[date, datetime]:
    """The first end of a day after an instant: its date there, and when it is."""
    day = at.date() - DAY  # it may be another date there
    while (end := resolve_local(datetime.combine(day, AT), zone).at) <= at:
        day += DAY
    return day, end


async def _zone(session: AsyncSession, workspace_id: str) -> str:
    """The owner's."""
    found = await session.execute(
        select(Member.zone, Workspace.zone)
        .join(Workspace, Workspace.id == Member.workspace_id)
        .where(Workspace.id == workspace_id, Member.role == Role.OWNER)
        .order_by(Member.created_at)
        .limit(1)
    )
    own, everybodys = found.one()
    return own or everybodys


class Daily:
    """Looks back at a day."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform]) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms

    async def view(self, workspace_id: str, day: date) -> DayView:
        """What came of the day that ended on `day` at six in the evening, as it is now."""
        async with self._db.reading() as session:
            zone = await _zone(session, workspace_id)
            start, end = (resolve_local(datetime.combine(one, AT), zone).at for one in (day - DAY, day))
            workspace = await session.get_one(Workspace, workspace_id)
            went_out = await session.scalar(
                select(func.count())
                .select_from(Delivery)
                .where(Delivery.workspace_id == workspace_id, Delivery.sent_at > start, Delivery.sent_at <= end)
            )
            rows = await session.execute(
                select(Delivery, Post.number, Account.platform)
                .join(Post, Post.id == Delivery.post_id)
                .join(Account, Account.id == Delivery.account_id)
                .where(Delivery.workspace_id == workspace_id, _missed(start, end, workspace))
                .order_by(Delivery.due_at, Post.number, Account.connected_at)
            )
            found = rows.all()
            missed = tuple(
                Missed(number, self._platforms[platform].spec.label, _why(row)) for row, number, platform in found
            )
            unseen = await session.scalar(_looked_at_soon([row.id for row, _, _ in found], self._clock.now()))
            return DayView(went_out or 0, missed, workspace.held, settled=unseen is None)

    async def again(self, workspace_id: str) -> None:
        """While everything is on hold, the next day is looked back at too."""
        async with self._db.writing() as session:
            await arm(session, self._clock, workspace_id)


def _looked_at_soon(deliveries: Sequence[str], now: datetime) -> Select[str]:
    due = and_(Job.kind == jobs.PUBLISH, Job.subject.in_(deliveries), Job.run_at <= now)
    return select(Job.id).where(due, Job.state.in_([JobState.READY, JobState.RUNNING])).limit(1)


def _missed(start: datetime, end: datetime, workspace: Workspace) -> ColumnElement[bool]:
    """Was to go out since the evening before, or was found late or stopped since, and is not; what waits its turn does not count."""
    that_day = or_(
        and_(Delivery.due_at > start, Delivery.due_at <= end),
        and_(Delivery.late_at > start, Delivery.late_at <= end, Delivery.due_at <= end),
    )
    grace = timedelta(minutes=workspace.late_after_minutes)
    that_day = or_(that_day, and_(Delivery.due_at > start - grace, Delivery.due_at <= start, _stopped(start, end)))
    limit = end - grace
    soon = and_(
        Delivery.state == DeliveryState.WAITING, Delivery.error_code != NeedsReconnect.code, Delivery.due_at > limit
    )
    stuck = Delivery.state.in_([DeliveryState.WAITING, *_WORDS])
    return and_(that_day, stuck, not_(soon))


def _stopped(start: datetime, end: datetime) -> ColumnElement[bool]:
    """Stopped within them: the evening before it only waited its turn."""
    return exists().where(
        AuditEntry.subject == Delivery.id,
        AuditEntry.verb.in_(["delivery.failed", "delivery.asking", "delivery.asked"]),
        AuditEntry.at > start,
        AuditEntry.at <= end,
    )


def _why(delivery: Delivery) -> str:
    if delivery.state is DeliveryState.FAILED and delivery.error_code == Rejected.code:
        return "refused"
    if delivery.state is DeliveryState.WAITING:
        return "waits for a login" if delivery.error_code == NeedsReconnect.code else "still waits"
    return _WORDS[delivery.state]
