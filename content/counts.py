"""Reading what was counted: a post's likes, replies and reposts, and followers. What was not told is None, never 0."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from content.models import Account, Delivery, Followers, Result
from content.platform import Numbers


def engagement(numbers: Numbers) -> int | None:
    """Likes, replies and reposts together, of those that were told; None where none was."""
    return _sum((numbers.likes, numbers.replies, numbers.reposts))


def added(several: Iterable[Numbers]) -> Numbers:
    """The sums, each of those that were told."""
    rows = list(several)
    return Numbers(
        _sum(row.likes for row in rows),
        _sum(row.replies for row in rows),
        _sum(row.reposts for row in rows),
        _sum(row.views for row in rows),
    )


def _sum(numbers: Iterable[int | None]) -> int | None:
    told = [number for number in numbers if number is not None]
    return sum(told) if told else None


async def newest_counts(session: AsyncSession, *which: ColumnElement[bool]) -> dict[str, Numbers]:
    """The newest numbers by delivery id, of the deliveries that meet these conditions and were counted at all."""
    rows = await session.scalars(
        select(Result)
        .join(Delivery, Delivery.id == Result.delivery_id)
        .where(*which)
        .order_by(Result.taken_at, Result.id)
    )
    return {row.delivery_id: Numbers(row.likes, row.replies, row.reposts, row.views) for row in rows}


async def followers(
    session: AsyncSession, workspace_id: str, account_id: str | None = None, since: datetime | None = None
) -> int | None:
    """The newest follower counts added up over the connected accounts, or on one; None where none was told.

    With `since`, the first counts from then on instead: where an account stood at that time.
    """
    query = (
        select(Followers)
        .join(Account, Account.id == Followers.account_id)
        .where(Account.workspace_id == workspace_id, Account.state != "disconnected")
    )
    if account_id is not None:
        query = query.where(Followers.account_id == account_id)
    if since is None:
        query = query.order_by(Followers.taken_at, Followers.id)
    else:
        query = query.where(Followers.taken_at >= since).order_by(Followers.taken_at.desc(), Followers.id)
    by_account = {row.account_id: row.count for row in await session.scalars(query)}
    return _sum(by_account.values())
