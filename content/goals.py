"""Goals: so many posts a week, followers, or reactions by a day; and how far each is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content.audit import record
from content.counts import followers
from content.database import Database
from content.deadlines import deadline
from content.errors import Invalid, NotFound, Problem
from content.ids import new_id
from content.models import Account, Goal, Member, Workspace
from content.people import Actor
from content.progress import standing
from content.times import Clock

KINDS = ("posts_per_week", "followers", "engagement")
"""What can be aimed at; engagement is likes, replies and reposts together, on posts sent since the goal was set."""
HIGHEST = 1_000_000_000


@dataclass(frozen=True)
class GoalView:
    """A goal and where it stands."""

    id: str
    kind: str
    target: int
    now: int | None
    """None: not told by any platform yet."""
    start: int | None
    deadline: datetime | None
    account: str
    """The handle of the one account it is about; empty: all of them together."""
    words: str
    """Where it stands, in one sentence with numbers."""
    next_step: str
    """What to do about it now."""
    on_track: bool | None
    """None: nobody can say, for want of a deadline or of numbers."""


class Goals:
    """What a workspace wants to reach. There is one goal of a kind for an account, and one for all together."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def set(
        self, actor: Actor, kind: str, target: int, deadline_words: str = "", account_id: str | None = None
    ) -> GoalView:
        """Aim at a number, by a day if words name one; an earlier goal of the same kind and account ends.

        Raises:
            Invalid: an unknown kind, a target that is none, or a deadline that is past or no day.
            NotFound: this workspace has no such account.
        """
        actor.require("draft")
        _refuse(kind, target)
        now = self._clock.now()
        by = deadline(deadline_words, now, actor.zone) if deadline_words.strip() else None
        async with self._db.writing() as session:
            await _require_account(session, actor.workspace_id, account_id)
            for earlier in await _open(session, actor.workspace_id):
                if (earlier.kind, earlier.account_id) == (kind, account_id):
                    earlier.ended_at = now
            goal = Goal(
                id=new_id("goal"),
                workspace_id=actor.workspace_id,
                member_id=actor.member_id,
                account_id=account_id,
                kind=kind,
                target=target,
                start=await followers(session, actor.workspace_id, account_id) if kind == "followers" else 0,
                deadline=by,
                created_at=now,
            )
            session.add(goal)
            await session.flush()
            self._record(session, actor, "goal.set", goal)
            return await self._view(session, goal)

    async def progress(self, workspace_id: str) -> list[GoalView]:
        """The goals that were not ended, oldest first, each counted afresh."""
        async with self._db.reading() as session:
            return [await self._view(session, goal) for goal in await _open(session, workspace_id)]

    async def end(self, actor: Actor, goal_id: str) -> GoalView:
        """Aim at it no longer; returns where it stood.

        Raises:
            NotFound: this workspace has no such goal, or it was ended before.
        """
        actor.require("draft")
        async with self._db.writing() as session:
            goal = await session.get(Goal, goal_id)
            if goal is None or goal.workspace_id != actor.workspace_id or goal.ended_at is not None:
                raise NotFound("There is no such goal here. Check the goals for the ones there are.")
            goal.ended_at = self._clock.now()
            self._record(session, actor, "goal.ended", goal)
            return await self._view(session, goal)

    async def _view(self, session: AsyncSession, goal: Goal) -> GoalView:
        found = await standing(session, goal, self._clock.now(), await _zone_of(session, goal))
        account = await session.get_one(Account, goal.account_id) if goal.account_id else None
        return GoalView(
            goal.id,
            goal.kind,
            goal.target,
            found.now,
            found.start,
            goal.deadline,
            account.handle if account else "",
            f"{found.words}.",
            found.next_step,
            found.on_track,
        )

    def _record(self, session: AsyncSession, actor: Actor, verb: str, goal: Goal) -> None:
        record(
            session,
            workspace_id=goal.workspace_id,
            verb=verb,
            subject=goal.id,
            at=self._clock.now(),
            member_id=actor.member_id,
            kind=goal.kind,
            target=goal.target,
        )


async def _open(session: AsyncSession, workspace_id: str) -> list[Goal]:
    rows = await session.scalars(
        select(Goal)
        .where(Goal.workspace_id == workspace_id, Goal.ended_at.is_(None))
        .order_by(Goal.created_at, Goal.id)
    )
    return list(rows.all())


async def _require_account(session: AsyncSession, workspace_id: str, account_id: str | None) -> None:
    if account_id is None:
        return
    account = await session.get(Account, account_id)
    if account is None or account.workspace_id != workspace_id:
        raise NotFound("There is no such account here. See the connected accounts, or set the goal for all of them.")


async def _zone_of(session: AsyncSession, goal: Goal) -> str:
    """The zone of the member who set it: their week and their days are meant."""
    member = await session.get_one(Member, goal.member_id)
    return member.zone or (await session.get_one(Workspace, goal.workspace_id)).zone


def _refuse(kind: str, target: int) -> None:
    problems = []
    if kind not in KINDS:
        problems.append(Problem("kind", f"I don't count “{kind[:40]}”.", f"Choose one of: {', '.join(KINDS)}."))
    if not 0 < target <= HIGHEST:
        problems.append(Problem("target", f"{target:,} is nothing to reach.", "Name a whole number from 1 up."))
    if problems:
        raise Invalid("The goal was not set.", problems)
