"""Dry runs: a post goes all the way to the moment of firing, and ends there on hold, visibly.

No state of its own stands for that: the post did not go out and will not by itself, which is what *held* means; `rehearsed`
says why. So nothing that counts, reports or learns from what was sent can take it for that, and a person's press sends it for real.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from content import notices
from content.audit import record
from content.facts import Facts
from content.models import DeliveryState
from content.times import Clock, zone

REHEARSED = "rehearsed"
"""The code of what was rehearsed."""


async def rehearse(session: AsyncSession, clock: Clock, facts: Facts) -> None:
    """End a delivery that would be sent now; what its platform would refuse without being asked is said."""
    delivery = facts.delivery
    delivery.state, delivery.lease_until = DeliveryState.HELD, None
    delivery.error_code, delivery.error = REHEARSED, _words(facts)
    record(
        session,
        workspace_id=delivery.workspace_id,
        verb="delivery.rehearsed",
        subject=delivery.id,
        at=clock.now(),
        digest=facts.digest,
    )
    await notices.tell(session, clock, "rehearsed", delivery.id)
    await notices.redraw(session, clock, delivery.post_id)


def _words(facts: Facts) -> str:
    at = facts.now.astimezone(zone(facts.delivery.zone or facts.workspace.zone))
    problems = facts.platform.problems(facts.rendering)
    came_to = (
        f"{facts.rendering.label} would refuse it. {problems[0]}" if problems else "It would have gone out as shown."
    )
    return f"Rehearsed {at:%a %-d %b %H:%M}, nothing was sent. {came_to}"
