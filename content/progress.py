"""How far a goal is, in numbers and words, and what to do next: counted afresh from the rows each time."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from content.counts import engagement, followers, newest_counts
from content.models import Delivery, DeliveryState, Goal, Post, PostState
from content.times import distance, resolve_local, zone

COMING = (DeliveryState.WAITING, DeliveryState.SENDING, DeliveryState.PROCESSING)
"""States in which a delivery with a time goes out by itself."""


@dataclass(frozen=True)
class Standing:
    """Where a goal stands. `now` None: nothing was told yet; `on_track` None: nobody can say."""

    now: int | None
    start: int | None
    words: str
    next_step: str
    on_track: bool | None


async def standing(session: AsyncSession, goal: Goal, now: datetime, zone_name: str) -> Standing:
    """Where this goal stands at `now`, its weeks and days being those of the zone."""
    if goal.kind == "posts_per_week":
        return await _posts(session, goal, now, zone_name)
    if goal.kind == "followers":
        return await _followers(session, goal, now, zone_name)
    return await _engagement(session, goal, now, zone_name)


def week(now: datetime, zone_name: str) -> tuple[datetime, datetime]:
    """The week around `now`, from Monday 0:00 in the zone to before the next."""
    local = now.astimezone(zone(zone_name)).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    monday = local - timedelta(days=local.weekday())
    return resolve_local(monday, zone_name).at, resolve_local(monday + timedelta(days=7), zone_name).at


async def _posts(session: AsyncSession, goal: Goal, now: datetime, zone_name: str) -> Standing:
    start, end = week(now, zone_name)
    sent, ready, waiting = await _posts_of(session, goal, start, end)
    left = goal.target - sent
    togo = f", {left} to go by Sunday" if left > 0 else ": reached"
    until = f"; the goal runs until {_date(goal.deadline, now, zone_name)}" if goal.deadline else ""
    words = f"{sent} of {_count(goal.target, 'post')} this week (Mon to Sun, {zone_name}){togo}{until}"
    elapsed = (now - start) / (end - start)
    on_track = sent + ready >= min(goal.target, int(goal.target * elapsed))
    if _is_over(goal, now):
        return Standing(sent, 0, words, _OVER, left <= 0)
    return Standing(sent, 0, words, _posts_next(left, ready, waiting), on_track)


async def _posts_of(session: AsyncSession, goal: Goal, start: datetime, end: datetime) -> tuple[int, int, int]:
    """How many posts went out in the week, how many more will, and how many only wait for a yes."""
    out = and_(Delivery.state == DeliveryState.SENT, Delivery.sent_at >= start, Delivery.sent_at < end)
    due = and_(Delivery.state.in_(COMING), Delivery.due_at >= start, Delivery.due_at < end)
    rows = await session.execute(
        select(Delivery.post_id, Delivery.state, Delivery.approval_id, Post.state)
        .join(Post, Post.id == Delivery.post_id)
        .where(Delivery.workspace_id == goal.workspace_id, _on(goal), or_(out, due))
    )
    sent, ready, waiting = set[str](), set[str](), set[str]()
    for post_id, state, approval_id, post_state in rows:
        if state is DeliveryState.SENT:
            sent.add(post_id)
        elif approval_id and post_state is PostState.APPROVED:
            ready.add(post_id)
        else:
            waiting.add(post_id)
    return len(sent), len(ready - sent), len(waiting - ready - sent)


def _posts_next(left: int, ready: int, waiting: int) -> str:
    if left <= 0:
        return "Nothing more is needed this week."
    have = (
        f"{_count(ready, 'post')} {_be(ready)} scheduled and approved" if ready else "Nothing is scheduled and approved"
    )
    gap = left - ready
    if gap <= 0:
        return f"{have}: nothing to do but wait."
    to_approve = min(gap, waiting)
    steps = [f"approve {to_approve} that {_be(to_approve)} scheduled"] if to_approve else []
    if gap > to_approve:
        steps.append(f"draft {gap - to_approve}{' more' if ready or to_approve else ''}")
    return f"{have}; {' and '.join(steps)}."


async def _followers(session: AsyncSession, goal: Goal, now: datetime, zone_name: str) -> Standing:
    count = await followers(session, goal.workspace_id, goal.account_id)
    start = goal.start
    if start is None:
        start = await followers(session, goal.workspace_id, goal.account_id, since=goal.created_at)
    by = _by(goal, now, zone_name)
    if count is None:
        words = f"Not counted yet; wanted are {_count(goal.target, 'follower')}{by}"
        wait = "Connect an account that tells its followers, or wait: each is asked once a day."
        return Standing(None, start, words, wait, None)
    gained = count - (count if start is None else start)
    since = f"; {gained:+,} since it was set" if gained else ""
    words = f"{count:,} of {_count(goal.target, 'follower')}{_togo(goal.target - count, by)}{since}"
    return Standing(count, start, words, _followers_next(goal, count, gained, now), _pace(goal, start, count, now))


def _followers_next(goal: Goal, count: int, gained: int, now: datetime) -> str:
    left = goal.target - count
    if left <= 0:
        return _REACHED
    if _is_over(goal, now):
        return _OVER
    rate = gained / max((now - goal.created_at) / timedelta(days=1), 1.0)
    so_far = f"so far it is {rate:.1f} a day"
    if goal.deadline is not None:
        needed = left / max((goal.deadline - now) / timedelta(days=1), 1.0)
        more = " Post more often, or on one more account." if rate < needed else " Go on like this."
        return f"It takes {needed:.1f} new ones a day; {so_far}.{more}"
    if rate > 0:
        return f"At this pace ({rate:.1f} a day) it takes {_count(ceil(left / rate), 'more day')}."
    return "Name a deadline, and I can say what it takes a day. Post and answer replies to grow."


async def _engagement(session: AsyncSession, goal: Goal, now: datetime, zone_name: str) -> Standing:
    mine = (
        Delivery.workspace_id == goal.workspace_id,
        _on(goal),
        Delivery.state == DeliveryState.SENT,
        Delivery.sent_at >= goal.created_at,
    )
    posts = len(set((await session.scalars(select(Delivery.post_id).where(*mine))).all()))
    told = [one for one in map(engagement, (await newest_counts(session, *mine)).values()) if one is not None]
    count = sum(told) if told or not posts else None
    by = _by(goal, now, zone_name)
    on = f"on {_count(posts, 'post')} sent since {_date(goal.created_at, now, zone_name)}"
    if count is None:
        words = f"Not counted yet {on}; wanted are {goal.target:,} likes, replies and reposts{by}"
        return Standing(None, 0, words, "Wait: the first count comes an hour after a post went out.", None)
    words = f"{count:,} of {goal.target:,} likes, replies and reposts {on}{_togo(goal.target - count, by)}"
    return Standing(count, 0, words, _engagement_next(goal, count, posts, now), _pace(goal, 0, count, now))


def _engagement_next(goal: Goal, count: int, posts: int, now: datetime) -> str:
    left = goal.target - count
    if left <= 0:
        return _REACHED
    if _is_over(goal, now):
        return _OVER
    if not posts:
        return "Nothing went out since it was set: draft a first post."
    if not count:
        return "No reactions so far: look at your best posts, and draft one like them."
    return f"At {count / posts:.1f} a post so far, {_count(ceil(left * posts / count), 'more post')} would reach it."


_REACHED = "It is reached: set a higher one, or end it."
_OVER = "Its deadline has passed: set a new one, or end it."


def _on(goal: Goal) -> ColumnElement[bool]:
    return Delivery.account_id == goal.account_id if goal.account_id else true()


def _pace(goal: Goal, start: int | None, count: int, now: datetime) -> bool | None:
    """Whether it has come as far as the time that has gone; None without a deadline or a place to start from."""
    if count >= goal.target:
        return True
    if goal.deadline is None or start is None:
        return None
    elapsed = min((now - goal.created_at) / (goal.deadline - goal.created_at), 1.0)
    return count >= start + int((goal.target - start) * elapsed)


def _is_over(goal: Goal, now: datetime) -> bool:
    return goal.deadline is not None and goal.deadline < now


def _togo(left: int, by: str) -> str:
    return f", {left:,} to go{by}" if left > 0 else ": reached"


def _by(goal: Goal, now: datetime, zone_name: str) -> str:
    if goal.deadline is None:
        return ""
    return f" by {_date(goal.deadline, now, zone_name)} ({distance(goal.deadline, now)})"


def _date(at: datetime, now: datetime, zone_name: str) -> str:
    local = at.astimezone(zone(zone_name))
    return f"{local:%-d %B}" if local.year == now.astimezone(zone(zone_name)).year else f"{local:%-d %B %Y}"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def _be(number: int) -> str:
    return "is" if number == 1 else "are"
