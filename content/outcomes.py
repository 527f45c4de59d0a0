"""What an attempt came to, written to the rows: one function an outcome, each inside its caller's transaction."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs, notices
from content.audit import record
from content.errors import OutcomeUnknown, PlatformError, RateLimited, Unavailable
from content.models import Attempt, Delivery, DeliveryState, Outcome, Part
from content.platform import Published
from content.times import Clock

QUIET = timedelta(seconds=10)
"""How long to let a platform finish a request it may have taken, before asking it; doubled with every try."""
FIRST_COUNT = timedelta(hours=1)


def of(error: PlatformError) -> Outcome:
    """Which of the three kinds of failure an error is."""
    if isinstance(error, OutcomeUnknown):
        return Outcome.UNKNOWN
    return Outcome.NOTHING if isinstance(error, RateLimited | Unavailable) else Outcome.REFUSED


def undecided() -> ColumnElement[bool]:
    """The attempts that may have made something public, for all we know."""
    return or_(Attempt.outcome.is_(None), Attempt.outcome == Outcome.UNKNOWN)


async def in_doubt(session: AsyncSession, delivery: Delivery) -> bool:
    """Whether an earlier try may have made public what the delivery would send."""
    found = select(Attempt.id).where(Attempt.delivery_id == delivery.id, undecided()).limit(1)
    return await session.scalar(found) is not None


async def decide(session: AsyncSession, clock: Clock, part_id: str, outcome: Outcome) -> None:
    """What became of a part is certain now, so it is for every try of it."""
    await session.execute(
        update(Attempt)
        .where(Attempt.part_id == part_id, undecided())
        .values(outcome=outcome, ended_at=func.coalesce(Attempt.ended_at, clock.now()))
    )


async def close(session: AsyncSession, clock: Clock, attempt_id: str, outcome: Outcome, error: str = "") -> None:
    """End an attempt; this is written even where the delivery is no longer ours."""
    attempt = await session.get_one(Attempt, attempt_id)
    attempt.outcome, attempt.ended_at, attempt.error = outcome, clock.now(), error[:2000]


async def part_sent(
    session: AsyncSession, clock: Clock, delivery: Delivery, position: int, count: int, result: Published
) -> None:
    """A part is public; with the last one the delivery is sent, and its numbers will be counted."""
    part = (await session.scalars(select(Part).where(Part.delivery_id == delivery.id, Part.position == position))).one()
    part.remote_id, part.url, part.facts = result.remote_id, result.url, dict(result.facts)
    part.sent_at = clock.now()
    await decide(session, clock, part.id, Outcome.SENT)
    delivery.url = delivery.url or result.url
    if position == count - 1:
        await completed(session, clock, delivery)


async def completed(session: AsyncSession, clock: Clock, delivery: Delivery) -> None:
    """Every part is public."""
    now = clock.now()
    delivery.state, delivery.sent_at, delivery.lease_until = DeliveryState.SENT, now, None
    delivery.error_code = delivery.error = ""
    _note(session, clock, delivery, "delivery.sent")
    await jobs.put(session, "collect", delivery.id, run_at=now + FIRST_COUNT, now=now)
    await jobs.put(session, "learn", delivery.post_id, run_at=now, now=now)
    await notices.tell(session, clock, "sent", delivery.id)
    await notices.redraw(session, clock, delivery.post_id)


async def unknown(session: AsyncSession, clock: Clock, delivery: Delivery, error: PlatformError) -> datetime:
    """Nobody knows; returns when to ask the platform."""
    delivery.state, delivery.lease_until = DeliveryState.UNKNOWN, None
    delivery.error_code, delivery.error = error.code, error.message
    _note(session, clock, delivery, "delivery.unknown")
    await notices.redraw(session, clock, delivery.post_id)
    return clock.now() + QUIET * (1 << min(delivery.tries - 1, 6))


async def wait_again(session: AsyncSession, clock: Clock, delivery: Delivery, error: PlatformError | None) -> None:
    """This try certainly did nothing: it waits, with the reason on its card; an earlier one in doubt keeps it unknown."""
    doubt = await in_doubt(session, delivery)
    delivery.state, delivery.lease_until = DeliveryState.UNKNOWN if doubt else DeliveryState.WAITING, None
    delivery.error_code, delivery.error = (error.code, error.message) if error else ("", "")
    _note(session, clock, delivery, "delivery.waiting")
    await notices.redraw(session, clock, delivery.post_id)


async def failed(session: AsyncSession, clock: Clock, delivery: Delivery, error: PlatformError, label: str) -> None:
    """Refused, or tried often enough: a person must change something. With an earlier try in doubt, they look first."""
    if await in_doubt(session, delivery):
        await ask_person(session, clock, delivery, label)
        return
    delivery.state, delivery.lease_until = DeliveryState.FAILED, None
    delivery.error_code, delivery.error = error.code, error.message
    _note(session, clock, delivery, "delivery.failed")
    await notices.tell(session, clock, "failed", delivery.id)
    await notices.redraw(session, clock, delivery.post_id)


async def ask_person(session: AsyncSession, clock: Clock, delivery: Delivery, label: str) -> None:
    """Nobody but a person can find out whether it is there, on the platform called `label`."""
    delivery.state, delivery.lease_until = DeliveryState.UNKNOWN, None
    delivery.error_code = OutcomeUnknown.code
    delivery.error = (
        f"I sent it to {label} and got no answer, and {label} cannot tell me whether it is there. "
        "I will not send it again by myself: have a look, then say which it is."
    )
    _note(session, clock, delivery, "delivery.asked")
    await notices.tell(session, clock, "unknown", delivery.id)
    await notices.redraw(session, clock, delivery.post_id)


def _note(session: AsyncSession, clock: Clock, delivery: Delivery, verb: str) -> None:
    record(
        session,
        workspace_id=delivery.workspace_id,
        verb=verb,
        subject=delivery.id,
        at=clock.now(),
        fence=delivery.fence,
    )
