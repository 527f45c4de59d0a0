"""The yeses to a series: for exactly one wording, as many as a post needs from those who see series.

Where the wording changes they are gone, nothing more is made of the series, and what waits is called off.
"""

from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs, notices, outcomes, plans
from content.deciding import Decider, Deciding
from content.errors import Conflict
from content.ids import new_id
from content.models import MOVABLE, Delivery, DeliveryState, Member, Post, Series, SeriesYes
from content.people import called
from content.times import Clock


async def said(session: AsyncSession, series_id: str) -> tuple[Decider, ...]:
    """Who said yes to it as it is now, first to last."""
    given = (
        select(Member)
        .join(SeriesYes, SeriesYes.member_id == Member.id)
        .where(SeriesYes.series_id == series_id)
        .order_by(SeriesYes.said_at, SeriesYes.id)
    )
    return tuple(Decider(one.id, called(one)) for one in await session.scalars(given))


async def say(session: AsyncSession, series: Series, member_id: str, now: datetime, deciding: Deciding) -> bool:
    """One yes. Returns whether enough said it to the series now; `deciding` is of its post. A second time it starts what is enough by now.

    Raises:
        Conflict: this member said yes already, and it is not enough.
    """
    yeses = {one.member_id for one in await said(session, series.id)}
    enough = sum(map(deciding.counts, yeses | {member_id})) >= deciding.series_quorum
    if member_id not in yeses:
        session.add(SeriesYes(id=new_id("yes"), series_id=series.id, member_id=member_id, said_at=now))
    elif not enough:
        raise Conflict("You said yes to this series already. It still waits for somebody else's.")
    return enough


async def ask(session: AsyncSession, series: Series, deciding: Deciding, now: datetime) -> None:
    """Have everybody whose yes counts and who did not say it yet asked for it, each in private."""
    await session.flush()
    for one in deciding.others(await said(session, series.id)):
        await tell(session, series, "asked", now, one.member_id)


async def void(session: AsyncSession, clock: Clock, post: Post) -> None:
    """The yes to a post no longer counts; nor does one to the series of it."""
    row = await session.scalar(select(Series).where(Series.post_id == post.id, Series.ended_at.is_(None)))
    if row is None:
        return
    await session.execute(delete(SeriesYes).where(SeriesYes.series_id == row.id))
    if row.approved_at is None:
        await notices.redraw(session, clock, f"series:{row.id}")
        return
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
