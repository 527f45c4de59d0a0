"""What became of posts: numbers asked of the platforms at set times, kept as told, and the best of them found again."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import contents, notices
from content.accounts import Accounts
from content.counts import added, engagement, followers, newest_counts
from content.database import Database
from content.errors import PlatformError, RateLimited, Unavailable, WrongState
from content.firing import published
from content.ids import new_id
from content.models import Account, Delivery, DeliveryState, Followers, Part, Post, Result
from content.people import Actor
from content.platform import Access, Numbers, Platform, Published, Reports
from content.times import Clock
from content.views import post_row, variants_of

log = logging.getLogger(__name__)

COUNT_AFTER = (timedelta(hours=1), timedelta(hours=24), timedelta(hours=72), timedelta(days=7), timedelta(days=28))
"""When a delivery is counted, from the moment it was sent."""
PATIENCE = timedelta(minutes=30)
"""How long a count is tried again while the platform is down, before it is left to the next of these times."""


@dataclass(frozen=True)
class Counted:
    """One account's answer to “how is it doing?”."""

    label: str
    handle: str
    numbers: Numbers | None
    missed: str
    """Why there are no numbers, as a sentence; empty: there are."""


@dataclass(frozen=True)
class BestPost:
    """A post on one account that drew many reactions."""

    words: str
    label: str
    numbers: Numbers
    sent_at: datetime
    post_id: str
    number: int
    handle: str
    url: str


@dataclass(frozen=True)
class AccountSummary:
    """What happened on one account since a day."""

    label: str
    handle: str
    sent: int
    numbers: Numbers
    """Of the posts sent since that day; a number that no post told is None."""
    followers: int | None
    followers_then: int | None
    """The first count since that day."""


@dataclass(frozen=True)
class Summary:
    """What happened since a day."""

    posts: int
    """Posts that went out, however many accounts each went to."""
    failed: int
    """Deliveries that failed for good and wait for a person."""
    numbers: Numbers
    accounts: tuple[AccountSummary, ...]
    best: tuple[BestPost, ...]


@dataclass(frozen=True)
class _Sent:
    """A delivery that is out, with what asking for its numbers needs."""

    delivery_id: str
    post_id: str
    account_id: str
    handle: str
    label: str
    reports: Reports
    parts: tuple[Published, ...]
    sent_at: datetime


class Results:
    """Counting, by the clock or by a button, and reading what was counted."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform], accounts: Accounts) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms
        self._accounts = accounts

    async def collect(self, delivery_id: str) -> datetime | None:
        """The handler of `collect` jobs: count a delivery and, once a day, its account's followers.

        Returns when to count again, or None after the last time, or where the platform tells no numbers.

        Raises:
            RateLimited, Unavailable: the job runs again soon.
        """
        async with self._db.reading() as session:
            row = await session.get(Delivery, delivery_id)
            sent = await self._sent(session, row) if row else None
        if sent is None:
            return None
        try:
            await self._count(sent)
        except PlatformError as error:
            if isinstance(error, RateLimited | Unavailable) and not self._is_late(sent):
                raise
            log.info("delivery.not_counted", extra={"delivery": delivery_id, "why": error.code})
        return self._next_count(sent)

    def _is_late(self, sent: _Sent) -> bool:
        """Whether this count was due so long ago that it is left to the next one."""
        now = self._clock.now()
        due = max((sent.sent_at + after for after in COUNT_AFTER if sent.sent_at + after <= now), default=now)
        return now - due > PATIENCE

    def _next_count(self, sent: _Sent) -> datetime | None:
        now = self._clock.now()
        return min((sent.sent_at + after for after in COUNT_AFTER if sent.sent_at + after > now), default=None)

    async def count_now(self, actor: Actor, post_id: str) -> list[Counted]:
        """Ask for a post's numbers on every account where it is out; one that fails says why and hides no other.

        Raises:
            NotFound: this workspace has no such post.
            WrongState: it is not out on any account that tells numbers.
        """
        actor.require("read")
        async with self._db.reading() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            rows = await session.scalars(select(Delivery).where(Delivery.post_id == post.id).order_by(Delivery.id))
            found = [await self._sent(session, row) for row in rows.all()]
        sent = [one for one in found if one is not None]
        if not sent:
            raise WrongState(
                f"#{post.number} is not out on any account that tells numbers. Ask again when it is published."
            )
        return [await self._counted(one) for one in sent]

    async def _counted(self, sent: _Sent) -> Counted:
        try:
            numbers = await self._count(sent)
        except PlatformError as error:
            return Counted(sent.label, sent.handle, None, error.message)
        gone = "" if numbers else f"{sent.label} no longer shows this post. Look there whether it was removed."
        return Counted(sent.label, sent.handle, numbers, gone)

    async def count_followers(self, workspace_id: str) -> None:
        """Ask every connected account for its followers, once a day each; one that cannot tell is left out."""
        for account in await self._accounts.connected(workspace_id):
            platform = self._platforms[account.platform]
            if isinstance(platform, Reports):
                try:
                    await self._count_followers(platform, await self._accounts.access(account.id))
                except PlatformError as error:
                    log.info("followers.not_counted", extra={"account": account.id, "why": error.code})

    async def _sent(self, session: AsyncSession, delivery: Delivery) -> _Sent | None:
        """The delivery, if it is out on an account that is connected and whose platform tells numbers."""
        account = await session.get_one(Account, delivery.account_id)
        platform = self._platforms.get(account.platform)
        if platform is None or not isinstance(platform, Reports):
            return None
        if account.state == "disconnected" or delivery.state is not DeliveryState.SENT or delivery.sent_at is None:
            return None
        rows = await session.scalars(select(Part).where(Part.delivery_id == delivery.id).order_by(Part.position))
        return _Sent(
            delivery.id,
            delivery.post_id,
            account.id,
            account.handle,
            platform.spec.label,
            platform,
            tuple(part for part in map(published, rows.all()) if part is not None),
            delivery.sent_at,
        )

    async def _count(self, sent: _Sent) -> Numbers | None:
        """Ask, and keep what was told; None: the platform no longer shows it."""
        access = await self._accounts.access(sent.account_id)
        told = await sent.reports.numbers(sent.parts, access)
        numbers = added(told.values()) if told else None
        if numbers is not None:
            await self._keep(sent, numbers)
        try:
            await self._count_followers(sent.reports, access)
        except PlatformError as error:  # the post's own numbers are in; tomorrow's count will do
            log.info("followers.not_counted", extra={"account": sent.account_id, "why": error.code})
        return numbers

    async def _keep(self, sent: _Sent, numbers: Numbers) -> None:
        async with self._db.writing() as session:
            session.add(
                Result(
                    id=new_id("result"),
                    delivery_id=sent.delivery_id,
                    taken_at=self._clock.now(),
                    likes=numbers.likes,
                    replies=numbers.replies,
                    reposts=numbers.reposts,
                    views=numbers.views,
                )
            )
            await notices.redraw(session, self._clock, sent.post_id)

    async def _count_followers(self, reports: Reports, access: Access) -> None:
        now = self._clock.now()
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        today = select(Followers.id).where(Followers.account_id == access.account_id, Followers.taken_at >= midnight)
        async with self._db.reading() as session:
            if await session.scalar(today.limit(1)):
                return
        count = await reports.followers(access)
        if count is None:
            return
        async with self._db.writing() as session:
            session.add(
                Followers(id=new_id("followers"), account_id=access.account_id, taken_at=self._clock.now(), count=count)
            )

    async def best_posts(self, workspace_id: str, limit: int = 5, since: datetime | None = None) -> list[BestPost]:
        """What drew most likes, replies and reposts, best first; what none of them was told of is left out."""
        async with self._db.reading() as session:
            return await self._best(session, workspace_id, limit, since)

    async def _best(
        self, session: AsyncSession, workspace_id: str, limit: int, since: datetime | None
    ) -> list[BestPost]:
        rows = await session.execute(
            select(Delivery, Post, Account)
            .join(Post, Post.id == Delivery.post_id)
            .join(Account, Account.id == Delivery.account_id)
            .where(Delivery.workspace_id == workspace_id, Delivery.state == DeliveryState.SENT)
        )
        counts = await newest_counts(session, Delivery.workspace_id == workspace_id)
        ranked = [
            (score, delivery.sent_at, delivery, post, account)
            for delivery, post, account in rows.all()
            if delivery.sent_at and (since is None or delivery.sent_at >= since)
            if (score := engagement(counts.get(delivery.id, Numbers()))) is not None
        ]
        ranked.sort(key=lambda one: (one[0], one[1]), reverse=True)
        return [
            BestPost(
                await _words(session, post, account),
                self._label(account),
                counts[delivery.id],
                sent_at,
                post.id,
                post.number,
                account.handle,
                delivery.url,
            )
            for _, sent_at, delivery, post, account in ranked[:limit]
        ]

    async def summary(self, workspace_id: str, since: datetime) -> Summary:
        """What went out since then and how it did, for a report: by account, all together, and the best three."""
        async with self._db.reading() as session:
            rows = await session.execute(
                select(Delivery, Account)
                .join(Account, Account.id == Delivery.account_id)
                .where(Delivery.workspace_id == workspace_id, Delivery.sent_at >= since)
                .order_by(Account.connected_at, Account.id)
            )
            sent = [(delivery, account) for delivery, account in rows.all()]
            failed = await session.scalars(
                select(Delivery.id).where(Delivery.workspace_id == workspace_id, Delivery.state == DeliveryState.FAILED)
            )
            counts = await newest_counts(session, Delivery.workspace_id == workspace_id, Delivery.sent_at >= since)
            accounts = {account.id: account for _, account in sent}
            return Summary(
                posts=len({delivery.post_id for delivery, _ in sent}),
                failed=len(failed.all()),
                numbers=added(counts.values()),
                accounts=tuple(
                    [
                        await self._on_account(
                            session, account, [one for one, on in sent if on is account], counts, since
                        )
                        for account in accounts.values()
                    ]
                ),
                best=tuple(await self._best(session, workspace_id, 3, since)),
            )

    async def _on_account(
        self,
        session: AsyncSession,
        account: Account,
        sent: Sequence[Delivery],
        counts: Mapping[str, Numbers],
        since: datetime,
    ) -> AccountSummary:
        return AccountSummary(
            self._label(account),
            account.handle,
            len(sent),
            added(counts[one.id] for one in sent if one.id in counts),
            await followers(session, account.workspace_id, account.id),
            await followers(session, account.workspace_id, account.id, since=since),
        )

    def _label(self, account: Account) -> str:
        platform = self._platforms.get(account.platform)
        return platform.spec.label if platform else account.platform


async def _words(session: AsyncSession, post: Post, account: Account) -> str:
    """The first words of what that account got, to tell posts apart."""
    content = contents.read((await variants_of(session, post))[account.id].content)
    line = " ".join(" ".join(part.text for part in content.parts).split()) or post.brief
    return line if len(line) <= 80 else line[:79].rstrip() + "…"
