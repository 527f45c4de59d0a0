"""A workspace's own rules: how many must say yes, whose yes counts, how long that may take; and who is in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import notices
from content.audit import record
from content.database import Database
from content.errors import Invalid
from content.models import Identity, Member, Role, Workspace
from content.people import Actor, called
from content.times import Clock

MOST_YESES = 5
LONGEST_HOURS = 14 * 24
LATEST_MINUTES = 24 * 60
"""Later than that nothing goes out by itself, whoever wants it: after a long outage it would all be stale."""
LONGEST_DAYS = 365
SUBJECT = "settings:all"
"""The card that shows the rules."""


@dataclass(frozen=True)
class MemberView:
    """Somebody of the workspace, and the chats that know them."""

    member_id: str
    name: str
    role: Role
    chats: tuple[str, ...]


@dataclass(frozen=True)
class PolicyView:
    """The rules as they are, and who lives by them."""

    workspace_name: str
    quorum: int
    review_hours: int
    self_approval: bool
    approval_survives_move: bool
    held: bool
    budget_mills: int | None
    """Most that paid posts may cost in a month, in thousandths of a US dollar; None: no limit."""
    members: tuple[MemberView, ...]
    late_after_minutes: int = 30
    """By how much a post may be late and still go out by itself."""
    likeness_days: int = 30
    """Days within which nearly the same is asked about; 0: never."""


class Policy:
    """Shows and changes the rules."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def view(self, workspace_id: str) -> PolicyView:
        """The rules as they are now."""
        async with self._db.reading() as session:
            workspace = await session.get_one(Workspace, workspace_id)
            return PolicyView(
                workspace_name=workspace.name,
                quorum=workspace.quorum,
                review_hours=workspace.review_hours,
                self_approval=workspace.self_approval,
                approval_survives_move=workspace.approval_survives_move,
                held=workspace.held,
                budget_mills=workspace.budget_mills,
                late_after_minutes=workspace.late_after_minutes,
                likeness_days=workspace.likeness_days,
                members=await _members(session, workspace_id),
            )

    async def set(
        self,
        actor: Actor,
        *,
        quorum: int | None = None,
        review_hours: int | None = None,
        self_approval: bool | None = None,
        approval_survives_move: bool | None = None,
        budget_mills: int | None = None,
        late_after_minutes: int | None = None,
        likeness_days: int | None = None,
    ) -> PolicyView:
        """Change the rules that are given; what is approved already stays so. `budget_mills` below 0: no limit.

        Raises:
            NotAllowed: the actor may not change settings.
            Invalid: a number outside of what makes sense.
        """
        actor.require("manage")
        _require_between(quorum, MOST_YESES, "people must say yes")
        _require_between(review_hours, LONGEST_HOURS, "hours for an answer")
        _require_between(late_after_minutes, LATEST_MINUTES, "minutes late", least=5)
        _require_between(likeness_days, LONGEST_DAYS, "days that posts are compared with", least=0)
        wanted = {
            "quorum": quorum,
            "review_hours": review_hours,
            "self_approval": self_approval,
            "approval_survives_move": approval_survives_move,
            "budget_mills": budget_mills,
            "late_after_minutes": late_after_minutes,
            "likeness_days": likeness_days,
        }
        async with self._db.writing() as session:
            workspace = await session.get_one(Workspace, actor.workspace_id)
            changed = {name: value for name, value in wanted.items() if value is not None}
            for name, value in changed.items():
                setattr(workspace, name, value)
            if budget_mills is not None and budget_mills < 0:
                workspace.budget_mills = None
            record(
                session,
                workspace_id=workspace.id,
                verb="workspace.policy_set",
                subject=workspace.id,
                at=self._clock.now(),
                member_id=actor.member_id,
                **changed,
            )
            await notices.redraw(session, self._clock, SUBJECT)
        return await self.view(actor.workspace_id)


def _require_between(value: int | None, most: int, what: str, least: int = 1) -> None:
    if value is not None and not least <= value <= most:
        raise Invalid(
            f"“{value} {what}” is not possible, so nothing was changed. Choose a number from {least} to {most}."
        )


async def _members(session: AsyncSession, workspace_id: str) -> tuple[MemberView, ...]:
    members: Sequence[Member] = (
        await session.scalars(
            select(Member).where(Member.workspace_id == workspace_id).order_by(Member.created_at, Member.id)
        )
    ).all()
    linked = await session.execute(
        select(Identity.member_id, Identity.chat)
        .where(Identity.member_id.in_([one.id for one in members]))
        .order_by(Identity.linked_at, Identity.id)
    )
    chats: dict[str, list[str]] = {one.id: [] for one in members}
    for member_id, chat in linked.all():
        chats[member_id].append(chat)
    return tuple(MemberView(one.id, called(one), one.role, tuple(dict.fromkeys(chats[one.id]))) for one in members)
