"""Telling people: a job that shows a row in the conversation where it belongs, put in the transaction of the change."""

from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs
from content.times import Clock

News = Literal["sent", "failed", "unknown", "overdue", "reconnect", "review", "progress"]


async def redraw(session: AsyncSession, clock: Clock, post_id: str) -> None:
    """Have every copy of the post's card, in every chat, show what is true now."""
    now = clock.now()
    await jobs.put(session, "redraw", post_id, run_at=now, now=now, lane=f"redraw:{post_id}")


async def tell(session: AsyncSession, clock: Clock, news: News, delivery_id: str) -> None:
    """Have the people concerned told what became of a delivery, and its cards redrawn by the caller."""
    now = clock.now()
    await jobs.put(session, "notify", f"{news}:{delivery_id}", run_at=now, now=now, lane=f"notify:{delivery_id}")
