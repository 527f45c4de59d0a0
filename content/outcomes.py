"""What an attempt came to, written to the rows: one function an outcome, each inside its caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from content import daily, jobs, notices
from content.audit import record
from content.errors import OutcomeUnknown, PlatformError, RateLimited, Unavailable
from content.models import Attempt, Delivery, DeliveryState, Outcome, Part
from content.platform import Published
from content.times import Clock

QUIET = timedelta(seconds=10)
"""How long to let a platform finish a request it may have taken, before asking it; doubled with every try."""
ASKED = "delivery.asked"
"""Of an audit entry with the delivery's fence: a person was asked what became of that try."""
FIRST_COUNT = timedelta(hours=1)


def of(error: PlatformError) -> Outcome:
    """Which of the three kinds of failure an error is."""
    if isinstance(error, OutcomeUnknown):
        return Outcome.UNKNOWN
    return Outcome.NOTHING if isinstance(error, RateLimited | Unavailable) else Outcome.REFUSED


def undecided() -> ColumnElement[bool]:
    """The attempts that may have made something public, for all we know."""
    return or_(Attempt.outcome.is_(None), Attempt.outcome == Outcome.UNKNOWN)


def not_begun() -> ColumnElement[bool]:
    """The deliveries that are claimed, and of which nothing is public, or may be, or is just leaving."""
    public = exists().where(Part.delivery_id == Delivery.id, Part.sent_at.is_not(None))
    leaving = exists().where(Attempt.delivery_id == Delivery.id, undecided())
    return and_(Delivery.state == DeliveryState.SENDING, ~or_(public, leaving))


async def begun(session: AsyncSession, delivery: Delivery) -> bool:
    """Whether some part of it is public."""
    found = select(Part.id).where(Part.delivery_id == delivery.id, Part.sent_at.is_not(None)).limit(1)
    return await session.scalar(found) is not None


async def in_doubt(session: AsyncSession, delivery: Delivery) -> bool:
    """Whether an earlier try may have made public what the delivery would send."""
    found = select(Attempt.id).where(Attempt.delivery_id == delivery.id, undecided()).limit(1)
    return await session.scalar(found) is not None


async def decide(
    session: AsyncSession, clock: Clock, part_ids: Sequence[str], outcome: Outcome, attempt_ids: Sequence[str] = ()
) -> None:
    """What became of these parts is certain now, so it is for every try of them; for these attempts whatever was thought."""
    await session.execute(
        update(Attempt)
        .where(or_(and_(Attempt.part_id.in_(part_ids), undecided()), Attempt.id.in_(attempt_ids)))
        .values(outcome=outcome, ended_at=func.coalesce(Attempt.ended_at, clock.now()))
    )


async def close(session: AsyncSession, clock: Clock, attempt_id: str, outcome: Outcome, error: str = "") -> None:
    """End an attempt; this is written even where the delivery is no longer ours."""
    attempt = await session.get_one(Attempt, attempt_id)
    attempt.outcome, attempt.ended_at, attempt.error = outcome, clock.now(), error[:2000]
    attempt.doubted = attempt.doubted or outcome is Outcome.UNKNOWN


_AT = select(Part).where(tuple_(Part.delivery_id, Part.position).in_(bindparam("places", expanding=True)))


@dataclass(frozen=True)
class PartSent:
    """A part that is public now, of a delivery with `count` of them."""

    delivery: Delivery
    position: int
    count: int
    result: Published

    @property
    def last(self) -> bool:
        """Whether the delivery is complete with it."""
        return self.position == self.count - 1


async def part_sent(
    session: AsyncSession, clock: Clock, delivery: Delivery, position: int, count: int, result: Published
) -> None:
    """A part is public; with the last one the delivery is sent, and its numbers will be counted."""
    await parts_sent(session, clock, [PartSent(delivery, position, count, result)])


async def parts_sent(
    session: AsyncSession, clock: Clock, sent: Sequence[PartSent], attempt_ids: Sequence[str] = ()
) -> None:
    """The same for parts of several deliveries at once, by these attempts whatever was thought of them."""
    places = [(one.delivery.id, one.position) for one in sent]
    rows = await session.scalars(_AT, {"places": places})
    parts = {(row.delivery_id, row.position): row for row in rows}
    await decide(session, clock, [part.id for part in parts.values()], Outcome.SENT, attempt_ids)
    await completed(session, clock, [one.delivery for one in sent if one.last])
    for one in sent:
        part, result = parts[one.delivery.id, one.position], one.result
        part.remote_id, part.url, part.facts = result.remote_id, result.url, dict(result.facts)
        part.sent_at = clock.now()
        one.delivery.url = one.delivery.url or result.url


async def completed(session: AsyncSession, clock: Clock, deliveries: Sequence[Delivery]) -> None:
    """Every part of these is public."""
    now = clock.now()
    wanted = []
    for one in deliveries:
        wanted += [
            jobs.Wanted("collect", one.id, now + FIRST_COUNT),
            jobs.Wanted("learn", one.post_id, now),
            notices.published(one.post_id, now),
            notices.redrawn(one.post_id, now),
        ]
    await jobs.put_all(session, wanted, now=now)
    for one in deliveries:
        one.state, one.sent_at, one.lease_until = DeliveryState.SENT, now, None
        one.error_code = one.error = ""
        _note(session, clock, one, "delivery.sent")


async def unknown(session: AsyncSession, clock: Clock, delivery: Delivery, error: PlatformError) -> datetime:
    """Nobody knows; returns when to ask the platform."""
    delivery.state, delivery.lease_until = DeliveryState.UNKNOWN, None
    delivery.error_code, delivery.error = error.code, error.message
    _note(session, clock, delivery, "delivery.unknown")
    await notices.redraw(session, clock, delivery.post_id)
    return clock.now() + QUIET * (1 << min(delivery.tries - 1, 6))


async def processing(session: AsyncSession, clock: Clock, delivery: Delivery) -> None:
    """The platform took it and still works on it."""
    delivery.state, delivery.lease_until = DeliveryState.PROCESSING, None
    _note(session, clock, delivery, "delivery.processing")
    await notices.redraw(session, clock, delivery.post_id)


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
    await daily.arm(session, clock, delivery.workspace_id)
    await notices.redraw(session, clock, delivery.post_id)


async def ask_person(session: AsyncSession, clock: Clock, delivery: Delivery, label: str) -> None:
    """Nobody but a person can find out whether it is there, on the platform called `label`."""
    delivery.state, delivery.lease_until = DeliveryState.UNKNOWN, None
    delivery.error_code = OutcomeUnknown.code
    delivery.error = (
        f"I sent it to {label} and got no answer, and {label} cannot tell me whether it is there. "
        "I will not send it again by myself: have a look, then say which it is."
    )
    _note(session, clock, delivery, ASKED)
    await notices.tell(session, clock, "unknown", delivery.id)
    await daily.arm(session, clock, delivery.workspace_id)
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
