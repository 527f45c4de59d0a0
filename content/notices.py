"""Telling people: a job that shows a row in the conversation where it belongs, put in the transaction of the change."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs
from content.models import Delivery, Post
from content.times import Clock

News = Literal["failed", "unknown", "overdue", "reconnect", "cancelled", "rehearsed", "broke_off"]


def redrawn(post_id: str, now: datetime) -> jobs.Wanted:
    """Has every copy of the post's card, in every chat, show what is true then."""
    return jobs.Wanted("redraw", post_id, now, f"redraw:{post_id}")


GATHER = timedelta(seconds=5)
"""How long what is late waits for others that are, so that one message tells all."""


def told(news: News, delivery_id: str, now: datetime) -> jobs.Wanted:
    """Has the people concerned told what became of a delivery; its cards are another matter."""
    return jobs.Wanted("notify", f"{news}:{delivery_id}", now, f"notify:{delivery_id}")


def published(post_id: str, now: datetime) -> jobs.Wanted:
    """Has the people concerned told that a post is out, once for all its accounts that are done at about the same time."""
    return jobs.Wanted("notify", f"sent:{post_id}", now, f"notify:{post_id}")


def taken_down(post_id: str, now: datetime) -> jobs.Wanted:
    """Has the people concerned told that a post was taken down, once for all its accounts that were just now."""
    return jobs.Wanted("notify", f"removed:{post_id}", now + GATHER, f"notify:removed:{post_id}")


async def redraw(session: AsyncSession, clock: Clock, post_id: str) -> None:
    """Have `redrawn` done now."""
    await jobs.put_all(session, [redrawn(post_id, clock.now())], now=clock.now())


async def tell(session: AsyncSession, clock: Clock, news: News, delivery_id: str) -> None:
    """Have `told` done now."""
    await jobs.put_all(session, [told(news, delivery_id, clock.now())], now=clock.now())


async def called_off(session: AsyncSession, clock: Clock, post_id: str, deliveries: Iterable[Delivery]) -> None:
    """These of a post were cancelled just now: it is redrawn, and what had a time is told as every other end is."""
    await redraw(session, clock, post_id)
    planned = next((one.id for one in deliveries if one.due_at is not None), None)
    if planned is not None:
        await tell(session, clock, "cancelled", planned)


async def late(session: AsyncSession, clock: Clock, post: Post) -> None:
    """The post is too late to go out by itself: told with all others that are so at about the same time where it belongs."""
    where, now = post.conversation_id or post.author_id, clock.now()
    await jobs.put_all(session, [jobs.Wanted("late", where, now + GATHER)], now=now)


async def dropped(session: AsyncSession, clock: Clock, entry_id: str) -> None:
    """Several late posts were cancelled together, which the audit entry tells: said once for all of them where they belong."""
    now = clock.now()
    await jobs.put_all(session, [jobs.Wanted("late_dropped", entry_id, now)], now=now)
