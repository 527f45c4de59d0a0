"""What a platform means that has exactly this post already: an earlier try of ours that went through, or another's post."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import outcomes
from content.errors import Duplicate
from content.models import Attempt, Delivery, Outcome, Part
from content.platform import Published
from content.times import Clock

_TWIN = "twin"
"""Where an attempt's handles keep what the platform named."""


async def is_ours(session: AsyncSession, attempt_id: str, there: Duplicate) -> bool:
    """Whether the post that is there can be an earlier try of this one: there was a try, and no other post of ours is it."""
    attempt = await session.get_one(Attempt, attempt_id)
    earlier = select(Attempt.id).where(Attempt.part_id == attempt.part_id, Attempt.id != attempt_id)
    if await session.scalar(earlier.limit(1)) is None:
        return False
    delivery = await session.get_one(Delivery, attempt.delivery_id)
    another = (
        select(Part.id)
        .join(Delivery, Delivery.id == Part.delivery_id)
        .where(Delivery.account_id == delivery.account_id, Part.id != attempt.part_id)
        .where(Part.remote_id == there.remote_id, Part.remote_id != "")
    )
    return await session.scalar(another.limit(1)) is None


async def ask(
    session: AsyncSession, clock: Clock, delivery: Delivery, attempt_id: str, there: Duplicate, label: str
) -> None:
    """Nobody could look whether it is public: a person does, and what the platform named is kept for their answer."""
    await outcomes.close(session, clock, attempt_id, Outcome.UNKNOWN, there.message)
    if there.remote_id:
        attempt = await session.get_one(Attempt, attempt_id)
        attempt.handles = dict(attempt.handles) | {_TWIN: {"remote_id": there.remote_id, "url": there.url}}
    await outcomes.ask_person(session, clock, delivery, label)
    where = f" It should be at {there.url}." if there.url else ""
    delivery.error = (
        f"{label} says that it has exactly this post already, so an earlier try seems to have gone through.{where} I cannot "
        "look myself: have a look, then say which it is."
    )


def twin_in(handles: Mapping[str, object]) -> Published | None:
    """The post that a platform named, or None."""
    twin = handles.get(_TWIN)
    return Published(str(twin["remote_id"]), str(twin["url"])) if isinstance(twin, dict) else None
