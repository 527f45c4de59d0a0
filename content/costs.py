"""What platforms that charge for posts cost a workspace: this month's sum, and its limit. Amounts are in mills, 0.001 US dollars."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import outcomes
from content.models import Attempt, Delivery, Outcome, Workspace
from content.times import zone


@dataclass(frozen=True)
class Spending:
    """How a workspace stands in the present calendar month."""

    spent_mills: int
    """Posts that went out, and those that may have."""
    budget_mills: int | None
    """None: no limit."""

    def exceeded_by(self, cost_mills: int) -> bool:
        """Whether this would be more than the limit allows."""
        return self.budget_mills is not None and self.spent_mills + cost_mills > self.budget_mills

    @property
    def words(self) -> str:
        """“$1.35 of this month's $10 are spent”, or without a limit “$1.35 are spent this month”."""
        if self.budget_mills is None:
            return f"{dollars(self.spent_mills)} are spent this month"
        return f"{dollars(self.spent_mills)} of this month's {dollars(self.budget_mills)} are spent"


async def spending(session: AsyncSession, workspace: Workspace, now: datetime, but: str = "") -> Spending:
    """The present month's, which begins at midnight in the workspace's zone; leaving out the delivery `but`."""
    local = now.astimezone(zone(workspace.zone))
    begins = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    parts = (  # however often a part was tried, it costs once
        select(func.max(Attempt.cost_mills).label("cost"))
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(Delivery.workspace_id == workspace.id, Delivery.id != but, Attempt.started_at >= begins)
        .where(or_(Attempt.outcome == Outcome.SENT, outcomes.undecided()))
        .group_by(Attempt.part_id)
        .subquery()
    )
    spent = await session.scalar(select(func.sum(parts.c.cost)))
    return Spending(spent or 0, workspace.budget_mills)


def dollars(mills: int) -> str:
    """“$10”, “$0.20”, “$0.015”."""
    if mills % 1000 == 0:
        return f"${mills // 1000}"
    return f"${mills / 1000:.2f}" if mills % 10 == 0 else f"${mills / 1000:.3f}"
