"""Plans: what the desk does again and again by itself: by a rule it starts a turn, with an instruction, in the same place.

A plan's row is its only timer. The job looks with `due`, starts the turn, and closes the occurrence with `ran`; a crash
between the two finds the same occurrence again, under the same key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs, notices
from content.audit import record
from content.database import Database
from content.errors import Invalid, NotFound
from content.ids import new_id
from content.models import Conversation, Plan
from content.people import Actor
from content.recurrence import Recurrence
from content.repeating import repeating
from content.times import Clock, distance, resolve_local, said

LATE = timedelta(hours=2)
"""An occurrence older than this is skipped: nobody expects Monday's post on Monday night."""
LONGEST = 2_000
"""Characters of an instruction."""
SUBJECT = "plans:all"
"""What shows them, and series too."""
MOST = 20
"""Plans of a workspace at a time."""


@dataclass(frozen=True)
class PlanView:
    """A plan as people see it."""

    id: str
    conversation_id: str
    when: str
    """The rule in words, with its zone and what was assumed."""
    instruction: str
    next_at: datetime
    next_words: str


@dataclass(frozen=True)
class PlanRun:
    """An occurrence whose time has come: what to say, where, and as which member."""

    plan_id: str
    key: str
    """The same for the same occurrence, however often it is looked at: one turn a key."""
    workspace_id: str
    conversation_id: str
    member_id: str
    instruction: str
    """Empty where the occurrence is skipped."""
    skipped: str
    """Why it is skipped, for the people in the conversation; empty: it is not."""


class Plans:
    """What repeats."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def add(self, actor: Actor, conversation_id: str, when_words: str, instruction: str) -> PlanView:
        """Do something again and again, told in words such as “every Monday 9:00” or as an RRULE, in this conversation.

        Raises:
            Invalid: nothing that repeats, no instruction, far too long a one, or 20 plans already.
            NotFound: this workspace has no such conversation.
        """
        actor.require("draft")
        now = self._clock.now()
        rule = repeating(when_words, now, actor.zone)
        wanted = _instruction(instruction)
        async with self._db.writing() as session:
            await _require_conversation(session, actor, conversation_id)
            if len(await _open(session, actor.workspace_id)) >= MOST:
                raise Invalid(f"There are {MOST} plans already, so this one was not kept. End one first.")
            plan = Plan(
                id=new_id("plan"),
                workspace_id=actor.workspace_id,
                member_id=actor.member_id,
                conversation_id=conversation_id,
                rule=rule.text,
                zone=rule.zone,
                instruction=wanted,
                next_at=resolve_local(rule.start, rule.zone).at,
                created_at=now,
            )
            session.add(plan)
            await session.flush()
            await jobs.put(session, "plan", plan.id, run_at=plan.next_at, now=now)
            self._record(session, plan, "plan.added", actor.member_id)
            await notices.redraw(session, self._clock, SUBJECT)
            return self._view(plan, rule)

    async def due(self, plan_id: str) -> PlanRun | None:
        """The occurrence whose time has come, or None: not yet, or the plan was ended. Changes nothing.

        Of several that were missed only the last counts, and it is skipped, with the reason, if it is over 2 h old.
        """
        async with self._db.reading() as session:
            plan = await session.get(Plan, plan_id)
        now = self._clock.now()
        if plan is None or plan.ended_at is not None or plan.next_at > now:
            return None
        at = _latest(plan, now)
        late = now - at > LATE
        return PlanRun(
            plan.id,
            f"{plan.id}:{at.isoformat()}",
            plan.workspace_id,
            plan.conversation_id,
            plan.member_id,
            "" if late else plan.instruction,
            self._skipped(plan, at) if late else "",
        )

    async def ran(self, plan_id: str) -> datetime | None:
        """Close the occurrence that `due` told of; returns when to look again, or None where the plan has ended.

        Safe to repeat: what is not due any more is not moved on twice.
        """
        async with self._db.writing() as session:
            plan = await session.get(Plan, plan_id)
            if plan is None or plan.ended_at is not None:
                return None
            now = self._clock.now()
            if plan.next_at <= now:
                following = _rule(plan).next_after(now)
                self._record(session, plan, "plan.ran", None)
                if following is None:
                    plan.ended_at = now
                    self._record(session, plan, "plan.ended", None)
                    return None
                plan.next_at = following.at
            return plan.next_at

    async def end(self, actor: Actor, plan_id: str) -> PlanView:
        """Do it no longer.

        Raises:
            NotFound: this workspace has no such plan, or it was ended before.
        """
        actor.require("draft")
        async with self._db.writing() as session:
            plan = await session.get(Plan, plan_id)
            if plan is None or plan.workspace_id != actor.workspace_id or plan.ended_at is not None:
                raise NotFound("There is no such plan here. Look at the plans for the ones there are.")
            plan.ended_at = self._clock.now()
            self._record(session, plan, "plan.ended", actor.member_id)
            await notices.redraw(session, self._clock, SUBJECT)
            return self._view(plan, _rule(plan))

    async def list(self, workspace_id: str) -> Sequence[PlanView]:
        """The plans that were not ended, the next one due first."""
        async with self._db.reading() as session:
            return [self._view(plan, _rule(plan)) for plan in await _open(session, workspace_id)]

    def _view(self, plan: Plan, rule: Recurrence) -> PlanView:
        when = said(plan.next_at, plan.zone, self._clock.now())
        return PlanView(plan.id, plan.conversation_id, rule.echo(), plan.instruction, plan.next_at, when)

    def _skipped(self, plan: Plan, at: datetime) -> str:
        now = self._clock.now()
        following = _rule(plan).next_after(now)
        then = f"it is next due {said(following.at, plan.zone, now)}" if following else "it was the last one"
        return (
            f"I missed a plan: “{plan.instruction[:80]}” was due {distance(at, now)}, and I was not running or something "
            f"broke. I skipped it; {then}. Ask me now if you want it today."
        )

    def _record(self, session: AsyncSession, plan: Plan, verb: str, member_id: str | None) -> None:
        record(
            session,
            workspace_id=plan.workspace_id,
            verb=verb,
            subject=plan.id,
            at=self._clock.now(),
            member_id=member_id,
        )


def _instruction(given: str) -> str:
    wanted = given.strip()
    if not wanted:
        raise Invalid("The plan has no instruction, so it was not kept. Say what to do then, such as “draft a tip”.")
    if len(wanted) > LONGEST:
        raise Invalid(f"The instruction has {len(wanted):,} characters; {LONGEST:,} fit. Shorten it.")
    return wanted


def _rule(plan: Plan) -> Recurrence:
    return Recurrence(plan.rule, plan.zone)


def _latest(plan: Plan, now: datetime) -> datetime:
    """The last occurrence that is not in the future."""
    return max(
        (one.at for one in _rule(plan).between(plan.next_at, now + timedelta(microseconds=1))), default=plan.next_at
    )


async def _open(session: AsyncSession, workspace_id: str) -> Sequence[Plan]:
    rows = await session.scalars(
        select(Plan).where(Plan.workspace_id == workspace_id, Plan.ended_at.is_(None)).order_by(Plan.next_at, Plan.id)
    )
    return rows.all()


async def _require_conversation(session: AsyncSession, actor: Actor, conversation_id: str) -> None:
    place = await session.get(Conversation, conversation_id)
    if place is None or place.workspace_id != actor.workspace_id:
        raise NotFound("There is no such conversation here. Ask for the plan in the conversation it belongs to.")
