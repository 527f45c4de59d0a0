"""Stopping what is claimed while it is still got ready: an upload may take minutes, and nothing of it is public yet."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import outcomes
from content.approvals import arm
from content.models import Delivery
from content.times import Clock

_NOT_BEGUN = select(Delivery).where(outcomes.not_begun()).order_by(Delivery.id)


async def unclaim(session: AsyncSession, clock: Clock, post_id: str) -> None:
    """What of a post is claimed, and has not begun to leave, waits again, so that its people may stop, move or change it.

    Whoever gets it ready finds that it is not theirs any more before anything leaves.
    """
    rows = await session.scalars(_NOT_BEGUN.where(Delivery.post_id == post_id).with_for_update(of=Delivery))
    for delivery in rows.all():
        await outcomes.wait_again(session, clock, delivery, None)
        await arm(session, clock, delivery)
