"""What is too late to go out by itself, told and decided together: one list a conversation, however many posts there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import notices
from content.audit import record
from content.database import Database
from content.errors import Invalid, NotFound, WrongState
from content.models import Account, AuditEntry, Conversation, Delivery, DeliveryState, Member, Post, PostState
from content.pace import OVERDUE, TURN
from content.people import Actor, called
from content.platform import Platform
from content.schedule import Schedule
from content.times import Clock
from content.views import PostView, views
from content.when import Slot, understand

DROPPED = "late.dropped"
"""Of an audit entry about the first of them, with the numbers of all, and where a post is dropped if not everywhere."""
CODES = (OVERDUE, TURN)
"""Of questions that are told together."""
TOGETHER = timedelta(minutes=10)
"""Posts that are found late within it of each other are one piece of news."""
SHOWN = timedelta(days=1)
"""How long one that was decided stays in the list."""
LONGEST_APART = timedelta(days=7)
_NOTHING = "Nothing is late here any more. Look at the current card."


@dataclass(frozen=True)
class LateView:
    """The late posts of one conversation, or of one author's posts that belong to none."""

    where: str
    """The conversation's id, or the author's."""
    since: datetime
    """When the first of those that are one piece of news was found late."""
    newest: datetime
    """When the last was."""
    asking: tuple[PostView, ...]
    """What waits for somebody's word, in the order in which it was planned."""
    decided: tuple[PostView, ...]


@dataclass(frozen=True)
class Spread:
    """What new times for all came to."""

    posts: int
    first: str
    """The first time, in words."""
    unapproved: int
    """How many of them still need a yes."""


@dataclass(frozen=True)
class Dropped:
    """Late posts that somebody cancelled together."""

    by: str
    posts: tuple[tuple[int, tuple[str, ...]], ...]
    """Their numbers, and the platforms where they were dropped; none: everywhere."""
    conversation_id: str | None
    author_id: str


class Late:
    """Shows and decides them."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform], schedule: Schedule) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms
        self._schedule = schedule

    async def workspace_of(self, where: str) -> str:
        """Whose workspace a conversation is in, or an author.

        Raises:
            NotFound: there is neither any more.
        """
        async with self._db.reading() as session:
            for kind in (Conversation, Member):
                found: str | None = await session.scalar(select(kind.workspace_id).where(kind.id == where))
                if found is not None:
                    return found
        raise NotFound("This conversation does not exist any more. Look at the calendar for what is late.")

    async def list_of(self, post_id: str) -> str | None:
        """The `where` of the list that a post stands in; None: it was not late of late."""
        async with self._db.reading() as session:
            post = await session.scalar(
                select(Post)
                .join(Delivery, Delivery.post_id == Post.id)
                .where(Post.id == post_id, Delivery.late_at > self._clock.now() - 2 * SHOWN)
                .limit(1)
            )
            return None if post is None else post.conversation_id or post.author_id

    async def view(self, workspace_id: str, where: str) -> LateView | None:
        """What is late there, and what was decided within a day; None: nothing."""
        async with self._db.reading() as session:
            asks = _asks()
            recent = Delivery.late_at > self._clock.now() - SHOWN
            rows = await session.execute(
                select(Post, Delivery.late_at, asks)
                .join(Delivery, Delivery.post_id == Post.id)
                .where(_ever(workspace_id), _belongs(where), or_(asks, recent))
                .order_by(Delivery.due_at, Post.number)
            )
            found = rows.all()
            if not found:
                return None
            posts = {post.id: post for post, _, _ in found}
            asking = {post.id for post, _, asks_now in found if asks_now}
            seen = await views(session, self._platforms, list(posts.values()))
        moments = sorted((late_at for _, late_at, _ in found if late_at is not None), reverse=True)
        return LateView(
            where=where,
            since=_first_of(moments),
            newest=moments[0],
            asking=tuple(one for one in seen if one.id in asking),
            decided=tuple(one for one in seen if one.id not in asking),
        )

    async def spread(self, actor: Actor, where: str, words: str, apart: timedelta) -> Spread:
        """Give all that is late there new times, in their order: the first when the words say, then one after the other.

        Raises:
            Invalid: the words are no single moment, or the posts would be too far apart.
            WrongState: nothing is late there any more.
        """
        actor.require("draft")
        now = self._clock.now()
        first = understand(words, now, actor.zone)
        if isinstance(first, Slot):
            raise Invalid(f"“{words}” comes again and again. Name one moment for the first post.")
        if not timedelta(minutes=1) <= apart <= LONGEST_APART:
            raise Invalid("From one minute to seven days may lie between two posts. Nothing was changed.")
        async with self._db.writing() as session:
            posts = await self._asking(session, actor, where)
            moved = [
                await self._schedule.moved(session, actor, post.id, replace(first, at=first.at + number * apart), CODES)
                for number, post in enumerate(posts)
            ]
            unapproved = sum(one.state is not PostState.APPROVED for one in moved)
            return Spread(len(moved), first.echo(now), unapproved)

    async def drop(self, actor: Actor, where: str) -> int:
        """Cancel all that is late there; returns how many posts.

        Raises:
            WrongState: nothing is late there any more.
        """
        actor.require("draft")
        async with self._db.writing() as session:
            asking = {
                post: await self._drop(session, actor, post) for post in await self._asking(session, actor, where)
            }
            dropped = [(post, labels) for post, labels in asking.items() if labels is not None]
            if not dropped:
                raise WrongState(_NOTHING)
            posts = [(post.number, labels) for post, labels in dropped]
            entry = self._record(session, actor, DROPPED, dropped[0][0].id, posts=posts)
            await notices.dropped(session, self._clock, entry)
            return len(posts)

    async def _drop(self, session: AsyncSession, actor: Actor, post: Post) -> list[str] | None:
        """Cancel what is late of a post; returns the platforms, none where nothing else of it is left.

        None: somebody decided it at the same moment.
        """
        rows = await session.execute(
            select(Delivery, Account.platform, _asks())
            .join(Account, Account.id == Delivery.account_id)
            .where(Delivery.post_id == post.id, Delivery.state != DeliveryState.CANCELLED)
            .order_by(Delivery.id)
        )
        found = rows.all()
        late = [(delivery, platform) for delivery, platform, asks in found if asks]
        if not late:
            return None
        for delivery, _ in late:
            delivery.state = DeliveryState.CANCELLED
        self._record(session, actor, "post.cancelled", post.id)
        await notices.redraw(session, self._clock, post.id)
        labels = dict.fromkeys(self._platforms[platform].spec.label for _, platform in late)
        return [] if len(late) == len(found) else list(labels)

    def _record(self, session: AsyncSession, actor: Actor, verb: str, subject: str, **detail: Any) -> str:
        return record(
            session,
            workspace_id=actor.workspace_id,
            verb=verb,
            subject=subject,
            at=self._clock.now(),
            member_id=actor.member_id,
            **detail,
        )

    async def dropped(self, entry_id: str) -> Dropped:
        """Who dropped which posts, and where these belong."""
        async with self._db.reading() as session:
            row = await session.execute(
                select(AuditEntry, Member, Post)
                .join(Member, Member.id == AuditEntry.member_id)
                .join(Post, Post.id == AuditEntry.subject)
                .where(AuditEntry.id == entry_id)
            )
            entry, member, first = row.one()
            posts = tuple((number, tuple(labels)) for number, labels in entry.detail["posts"])
            return Dropped(called(member), posts, first.conversation_id, first.author_id)

    async def _asking(self, session: AsyncSession, actor: Actor, where: str) -> Sequence[Post]:
        rows = await session.scalars(
            select(Post)
            .join(Delivery, Delivery.post_id == Post.id)
            .where(_ever(actor.workspace_id), _belongs(where), _asks())
            .order_by(Delivery.due_at, Post.number)
        )
        posts = list({post.id: post for post in rows}.values())
        if not posts:
            raise WrongState(_NOTHING)
        return posts


def _asks() -> ColumnElement[bool]:
    return and_(Delivery.state == DeliveryState.ASKING, Delivery.error_code.in_(CODES), Delivery.late_at.is_not(None))


def _ever(workspace_id: str) -> ColumnElement[bool]:
    """Found late at some time: few are, and an index has them."""
    return and_(Delivery.workspace_id == workspace_id, Delivery.late_at.is_not(None))


def _belongs(where: str) -> ColumnElement[bool]:
    return or_(Post.conversation_id == where, and_(Post.conversation_id.is_(None), Post.author_id == where))


def _first_of(moments: Sequence[datetime]) -> datetime:
    """The first of the newest that follow each other closely; they come newest first."""
    first = moments[0]
    for earlier in moments:
        if first - earlier > TOGETHER:
            break
        first = earlier
    return first
