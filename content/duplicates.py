"""What a platform means that has exactly this post already: an earlier try of ours that went through, or another's post."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import ScalarSelect, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from content import outcomes
from content.errors import Duplicate
from content.models import Account, Attempt, Delivery, Outcome, Part
from content.platform import Published
from content.times import Clock

CLOCKS_APART = timedelta(minutes=1)
"""How far a platform's clock and ours may be from each other."""
_TWIN = "twin"
"""Where an attempt's handles keep what the platform named."""


async def is_ours(session: AsyncSession, attempt_id: str, there: Duplicate) -> bool:
    """Whether the post that is there can be an earlier try of this one.

    There was a try of the same content of which nobody knew what it came to; the post is no older than that try, and no
    other post of ours.
    """
    attempt = await session.get_one(Attempt, attempt_id)
    since = await session.scalar(
        select(func.min(Attempt.started_at)).where(
            Attempt.part_id == attempt.part_id,
            Attempt.id != attempt_id,
            Attempt.digest == attempt.digest,
            Attempt.doubted,
        )
    )
    if since is None or (there.posted_at is not None and there.posted_at < since - CLOCKS_APART):
        return False
    return not await is_taken(session, attempt.part_id, there.remote_id)


async def is_taken(session: AsyncSession, part_id: str, remote_id: str) -> bool:
    """Whether another part is that post, in any workspace that has the same account."""
    if not remote_id:
        return False
    mine = aliased(Account)
    return bool(
        await session.scalar(
            select(Part.id)
            .join(Delivery, Delivery.id == Part.delivery_id)
            .join(Account, Account.id == Delivery.account_id)
            .join(mine, and_(mine.platform == Account.platform, mine.remote_id == Account.remote_id))
            .where(mine.id == _account_of(part_id), Part.id != part_id, Part.remote_id == remote_id)
            .limit(1)
        )
    )


def _account_of(part_id: str) -> ScalarSelect[str]:
    of_part = select(Delivery.account_id).join(Part, Part.delivery_id == Delivery.id).where(Part.id == part_id)
    return of_part.scalar_subquery()


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
