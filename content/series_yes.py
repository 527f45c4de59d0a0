"""The yes to a series: for exactly one wording. Where that changes, nothing more is made of it, and what waits is called off."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs, notices, outcomes, plans
from content.models import MOVABLE, Delivery, DeliveryState, Post, Series
from content.times import Clock


async def void(session: AsyncSession, clock: Clock, post: Post) -> None:
    """The yes to a post no longer counts; nor does one to the series of it."""
    row = await session.scalar(
        select(Series).where(Series.post_id == post.id, Series.ended_at.is_(None), Series.approved_at.is_not(None))
    )
    if row is not None:
        row.approved_at = row.approved_by = None
        await call_off(session, clock, row)
        await tell(session, row, "void", clock.now())


async def call_off(session: AsyncSession, clock: Clock, series: Series) -> None:
    """What the series made and is not out yet never goes out."""
    of_it = select(Delivery).join(Post, Post.id == Delivery.post_id).where(Post.series_id == series.id)
    not_out = or_(Delivery.state.in_(MOVABLE), outcomes.not_begun())
    found = (await session.scalars(of_it.where(not_out).with_for_update(of=Delivery))).all()
    for delivery in found:
        delivery.state, delivery.lease_until = DeliveryState.CANCELLED, None
        await notices.redraw(session, clock, delivery.post_id)
    series.made -= len({delivery.post_id for delivery in found})
    await notices.redraw(session, clock, f"series:{series.id}")
    await notices.redraw(session, clock, plans.SUBJECT)


async def tell(session: AsyncSession, series: Series, news: str, now: datetime, about: str = "") -> None:
    """Have a line said where the series belongs; the same news at the same moment is said once."""
    subject = f"{series.id}|{news}|{now.isoformat()}|{about[:100]}"
    await jobs.put(session, "series_news", subject, run_at=now, now=now, lane=f"series_news:{series.id}")
