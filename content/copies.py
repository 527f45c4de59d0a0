"""A desk that was restored from a copy: nothing leaves it by itself, and its people are told what it is.

The desk it was copied from went on. What waits here may be out by now, what was on its way is, or is not, and who was let in
then may have been put out since.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs, notices, outcomes
from content.audit import record
from content.database import Database, database_now
from content.errors import NotAllowed, OutcomeUnknown
from content.ids import new_id
from content.models import (
    IN_FLIGHT,
    Account,
    Attempt,
    AuditEntry,
    Carry,
    ConnectAttempt,
    ConnectStep,
    Delivery,
    DeliveryState,
    Invitation,
    Job,
    JobState,
    Message,
    OpenForm,
    Outcome,
    Part,
    Post,
    SignIn,
    WebSession,
    Workspace,
)
from content.platform import Platform
from content.sealing import Sealer
from content.times import Clock
from content.views import PostView, views

SUBJECT = "copy:all"
"""The card that says what this desk is a copy of."""
MOST_LISTED = 20
"""Posts on that card."""
_RESTORED, _RELEASED = "workspace.restored", "workspace.released"
_OPEN = (DeliveryState.WAITING, DeliveryState.ASKING, DeliveryState.UNKNOWN)
_ON_THE_WAY = (ConnectStep.BEGUN, ConnectStep.AWAY, ConnectStep.BACK, ConnectStep.CHOOSING)
_WAS_SENDING = (
    "It was on its way when this copy of the desk was made, so I cannot tell whether it went out. I will not send it again "
    "by myself: have a look, then say which it is."
)
_CAME_DUE = (
    "This is a copy of the desk, and the post may be out since it was made. Have a look first: then give it a new time, or "
    "delete it."
)


@dataclass(frozen=True)
class Copy:
    """What is known of a copy when it is restored."""

    made_at: datetime
    sealer: Sealer
    """Opens what the keys in place open."""
    built_in: Collection[str] = ()
    """Platforms that need no login, so that none can be lost."""


@dataclass(frozen=True)
class Settled:
    """What restoring a copy came to."""

    unknown: int
    """Deliveries that were on their way; a person is asked about each."""
    late: int
    """Deliveries that came due since; they ask too."""
    reconnect: tuple[tuple[str, str], ...]
    """Platform and handle of the accounts whose login no key opens."""


async def settle(session: AsyncSession, clock: Clock, copy: Copy) -> Settled:
    """Make a restored copy safe to start, in the transaction in which it comes to be."""
    now = clock.now()
    workspaces = (await session.scalars(select(Workspace).order_by(Workspace.created_at))).all()
    for workspace in workspaces:
        workspace.held = True
    unknown = await _ask_what_became(session, clock)
    late = await _ask_before_late(session, clock)
    await _free(session)
    await _end_ways_in(session, now, copy.sealer.seal({}))
    lost = await _lose_logins(session, clock, copy)
    for workspace in workspaces:
        made_at = copy.made_at.isoformat()
        record(session, workspace_id=workspace.id, verb=_RESTORED, subject=workspace.id, at=now, made_at=made_at)
        await jobs.put(session, "restored", workspace.id, run_at=now, now=now)
    return Settled(len(unknown), len(late), tuple((one.platform, one.handle) for one in lost))


async def _ask_what_became(session: AsyncSession, clock: Clock) -> Sequence[Delivery]:
    """Nobody but a person can say: the platforms are asked by the desk that was copied, if it still runs."""
    found = (await session.scalars(select(Delivery).where(Delivery.state.in_(IN_FLIGHT)))).all()
    await session.execute(
        update(Job)
        .where(Job.kind == jobs.PUBLISH, Job.subject.in_([one.id for one in found]), Job.state != JobState.DEAD)
        .values(state=JobState.DONE, lease_until=None)
    )
    for one in found:
        await _doubt(session, clock, one)
        one.state, one.lease_until = DeliveryState.UNKNOWN, None
        one.error_code, one.error = OutcomeUnknown.code, _WAS_SENDING
        _note(session, clock, one, outcomes.ASKED)
        await notices.tell(session, clock, "unknown", one.id)
        await notices.redraw(session, clock, one.post_id)
    return found


async def _doubt(session: AsyncSession, clock: Clock, delivery: Delivery) -> None:
    """Its last attempt may have made something public; one that was claimed only is taken for one that left."""
    found = await session.scalars(
        select(Attempt).where(Attempt.delivery_id == delivery.id, outcomes.undecided()).order_by(Attempt.started_at)
    )
    attempts = found.all()
    for attempt in attempts:
        await outcomes.close(
            session, clock, attempt.id, Outcome.UNKNOWN, attempt.error or "the desk was copied meanwhile"
        )
    if attempts:
        return
    part = (
        select(Part).where(Part.delivery_id == delivery.id).order_by(Part.sent_at.is_not(None), Part.position).limit(1)
    )
    session.add(
        Attempt(
            id=new_id("attempt"),
            delivery_id=delivery.id,
            part_id=(await session.scalars(part)).one().id,
            fence=delivery.fence,
            digest=delivery.digest,
            handles={},
            started_at=clock.now(),
            ended_at=clock.now(),
            outcome=Outcome.UNKNOWN,
            doubted=True,
            error="the desk was copied before anything was written down",
        )
    )


async def _ask_before_late(session: AsyncSession, clock: Clock) -> Sequence[Delivery]:
    """What the desk that was copied has sent since is not sent again, however little late it would be."""
    waiting = Delivery.state == DeliveryState.WAITING
    found = (await session.scalars(select(Delivery).where(waiting, Delivery.due_at <= clock.now()))).all()
    for one in found:
        one.state, one.lease_until = DeliveryState.ASKING, None
        one.error_code, one.error = "copied", _CAME_DUE
        _note(session, clock, one, "delivery.asking")
        await notices.redraw(session, clock, one.post_id)
    return found


def _note(session: AsyncSession, clock: Clock, delivery: Delivery, verb: str) -> None:
    workspace, now = delivery.workspace_id, clock.now()
    fence = delivery.fence
    record(session, workspace_id=workspace, verb=verb, subject=delivery.id, at=now, fence=fence, why="copied")


async def _free(session: AsyncSession) -> None:
    """What was running is free; what was about to be said in a chat may stand there already."""
    await session.execute(update(Job).where(Job.state == JobState.RUNNING).values(lease_until=database_now()))
    await session.execute(update(Account).values(renewing="", renewing_until=None))
    await session.execute(update(Message).where(Message.carry == Carry.DUE).values(carry=Carry.SENDING))


async def _end_ways_in(session: AsyncSession, now: datetime, nothing: bytes) -> None:
    """Whoever was let in by then comes in anew: the copy may have been in other hands. `nothing` is nothing, sealed."""
    await session.execute(delete(WebSession))
    await session.execute(delete(SignIn))
    await session.execute(update(Invitation).where(Invitation.used_at.is_(None)).values(expires_at=now))
    await session.execute(update(OpenForm).where(OpenForm.ended_at.is_(None)).values(ended_at=now, sealed=nothing))
    await session.execute(
        update(ConnectAttempt)
        .where(ConnectAttempt.step.in_(_ON_THE_WAY))
        .values(
            step=ConnectStep.CANCELLED,
            words="The desk was restored from a copy meanwhile. Connect again.",
            sealed=nothing,
        )
    )


async def _lose_logins(session: AsyncSession, clock: Clock, copy: Copy) -> Sequence[Account]:
    """What no key in place opens must be connected again; the sealed login stays, in case the key is found."""
    rows = await session.scalars(select(Account).where(Account.state == "connected").order_by(Account.connected_at))
    closed = [one for one in rows.all() if not _opens(copy.sealer, one)]
    for one in closed:
        if one.platform in copy.built_in:
            one.sealed = copy.sealer.seal({})
            continue
        one.state = "needs_reconnect"
        why, now = "restored without the key it was sealed with", clock.now()
        record(session, workspace_id=one.workspace_id, verb="account.login_lost", subject=one.id, at=now, why=why)
    return [one for one in closed if one.platform not in copy.built_in]


def _opens(sealer: Sealer, account: Account) -> bool:
    try:
        sealer.open(account.sealed)
    except NotAllowed:
        return False
    return True


@dataclass(frozen=True)
class CopyView:
    """A desk that is a copy, and what is to be decided before it may go on."""

    made_at: datetime
    restored_at: datetime
    held: bool
    due: tuple[PostView, ...]
    """Posts whose time came, or that were on their way, and about which nothing is decided; the earliest first."""
    more: int
    """How many such posts there are besides."""
    reconnect: tuple[str, ...]
    """Accounts that must be connected again, in words."""


class Copies:
    """Tells whether a workspace is a restored copy."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform]) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms

    async def view(self, workspace_id: str) -> CopyView | None:
        """What it is a copy of; None: it was never restored."""
        async with self._db.reading() as session:
            restored = await _newest(session, workspace_id, _RESTORED)
            if restored is None:
                return None
            workspace = await session.get_one(Workspace, workspace_id)
            released = await _newest(session, workspace_id, _RELEASED)
            until = self._clock.now() if workspace.held or released is None else released.at
            due, count = await self._due(session, workspace_id, until)
            return CopyView(
                made_at=datetime.fromisoformat(restored.detail["made_at"]),
                restored_at=restored.at,
                held=workspace.held,
                due=due,
                more=count - len(due),
                reconnect=await self._to_connect(session, workspace_id),
            )

    async def _due(self, session: AsyncSession, workspace_id: str, until: datetime) -> tuple[tuple[PostView, ...], int]:
        first = func.min(Delivery.due_at)
        found = await session.execute(
            select(Delivery.post_id, first)
            .where(Delivery.workspace_id == workspace_id, Delivery.state.in_(_OPEN), Delivery.due_at <= until)
            .group_by(Delivery.post_id)
            .order_by(first, Delivery.post_id)
        )
        ids = [post_id for post_id, _ in found.all()]
        rows = await session.scalars(select(Post).where(Post.id.in_(ids[:MOST_LISTED])))
        posts = sorted(rows.all(), key=lambda one: ids.index(one.id))
        return tuple(await views(session, self._platforms, posts)) if posts else (), len(ids)

    async def _to_connect(self, session: AsyncSession, workspace_id: str) -> tuple[str, ...]:
        rows = await session.scalars(
            select(Account)
            .where(Account.workspace_id == workspace_id, Account.state == "needs_reconnect")
            .order_by(Account.connected_at)
        )
        known = [one for one in rows.all() if one.platform in self._platforms]
        return tuple(f"{self._platforms[one.platform].spec.label} {one.handle}" for one in known)


async def _newest(session: AsyncSession, workspace_id: str, verb: str) -> AuditEntry | None:
    entries = select(AuditEntry).where(AuditEntry.workspace_id == workspace_id, AuditEntry.verb == verb)
    found: AuditEntry | None = await session.scalar(entries.order_by(AuditEntry.at.desc()).limit(1))
    return found
