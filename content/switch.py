"""The switches of a whole workspace: hold everything, and only rehearse.

Whoever may approve can stop everything, since that can do no harm that lasts; to let it go again takes the right to change
settings. The row is looked at in the moment of firing and again before every request leaves.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import copies, daily, jobs
from content.approvals import arm
from content.audit import record
from content.database import Database
from content.models import MOVABLE, Delivery, DeliveryState, Member, Workspace
from content.pace import too_late
from content.people import Actor, called
from content.policy import SUBJECT
from content.times import Clock

CLOCKS_APART = timedelta(minutes=5)
"""What is due so soon may have been looked at while it was held, by the database's clock; it would wait for a day."""
CALENDARS = ("queue:open", "calendar:today", "calendar:this week", "calendar:next week", "calendar:this month")
"""Cards of many posts, which say that everything is held."""


@dataclass(frozen=True)
class Standing:
    """How the workspace's switches stand."""

    held: bool = False
    held_by: str = ""
    """Who holds everything; empty: the desk itself did, as after a restore."""
    held_at: datetime | None = None
    rehearsing: bool = False
    """Whether nothing is really sent."""
    forced: bool = False
    """Whether whoever runs the desk wants that, and no button ends it."""


AS_USUAL = Standing()


@dataclass(frozen=True)
class Released:
    """What became free to go, of what is due."""

    due: int
    """Posts on accounts that go out now, as far as nothing else keeps them back."""
    late: int
    """Those that are late and ask instead."""


class Switch:
    """Reads and turns them."""

    def __init__(self, db: Database, clock: Clock, *, dry: bool = False) -> None:
        """`dry`: whoever runs the desk lets it only rehearse, whatever a workspace wants."""
        self._db = db
        self._clock = clock
        self._dry = dry

    async def standing(self, workspace_id: str) -> Standing:
        """As it is now."""
        async with self._db.reading() as session:
            workspace = await session.get(Workspace, workspace_id)
            if workspace is None:
                return AS_USUAL
            rehearsing = self._dry or workspace.rehearsing
            if not workspace.held:
                return Standing(rehearsing=rehearsing, forced=self._dry)
            member = await session.get(Member, workspace.held_by) if workspace.held_by else None
            return Standing(True, called(member) if member else "", workspace.held_at, rehearsing, self._dry)

    async def hold(self, actor: Actor) -> None:
        """Let nothing go out from now on: not what is due, not what is being uploaded. A second hold changes nothing.

        Raises:
            NotAllowed: the actor may not approve.
        """
        actor.require("approve")
        async with self._db.writing() as session:
            workspace = await session.get_one(Workspace, actor.workspace_id, with_for_update=True)
            if not workspace.held:
                workspace.held, workspace.held_by, workspace.held_at = True, actor.member_id, self._clock.now()
                await daily.arm(session, self._clock, workspace.id)
                await self._changed(session, actor, "workspace.held")

    async def release(self, actor: Actor) -> Released:
        """Let posts go out at their times again; what is late asks, so that nothing goes out in a burst.

        Raises:
            NotAllowed: the actor may not change settings.
        """
        actor.require("manage")
        async with self._db.writing() as session:
            workspace = await session.get_one(Workspace, actor.workspace_id, with_for_update=True)
            workspace.held, workspace.held_by, workspace.held_at = False, None, None
            now = self._clock.now()
            rows = await session.scalars(
                select(Delivery).where(
                    Delivery.workspace_id == workspace.id,
                    Delivery.state == DeliveryState.WAITING,
                    Delivery.due_at <= now + CLOCKS_APART,
                )
            )
            waited = rows.all()
            for row in waited:
                await arm(session, self._clock, row)
            due_at = [row.due_at for row in waited if row.due_at is not None and row.due_at <= now]
            late = sum(too_late(workspace, each, now) for each in due_at)
            due = len(due_at) - late
            await self._changed(session, actor, "workspace.released")
            return Released(due, late)

    async def rehearse(self, actor: Actor, on: bool) -> None:
        """Let everything happen but the sending, or send for real again; what was rehearsed stays on hold.

        Raises:
            NotAllowed: the actor may not change settings.
        """
        actor.require("manage")
        async with self._db.writing() as session:
            workspace = await session.get_one(Workspace, actor.workspace_id, with_for_update=True)
            workspace.rehearsing = on
            await self._changed(session, actor, "workspace.rehearsing" if on else "workspace.in_earnest")

    async def _changed(self, session: AsyncSession, actor: Actor, verb: str) -> None:
        """Every card that says it is drawn anew: of what waits for a time, of all of it, of the settings."""
        planned = select(Delivery.post_id).where(
            Delivery.workspace_id == actor.workspace_id,
            Delivery.state.in_(MOVABLE),
            Delivery.due_at.is_not(None),
        )
        posts = (await session.scalars(planned.distinct())).all()
        now = self._clock.now()
        await jobs.put_many(session, "redraw", [SUBJECT, copies.SUBJECT, *CALENDARS, *posts], now=now)
        record(
            session,
            workspace_id=actor.workspace_id,
            verb=verb,
            subject=actor.workspace_id,
            at=now,
            member_id=actor.member_id,
        )
