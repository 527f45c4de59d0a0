"""Taking a post down again, where a platform allows it: every public part, the last one first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs, notices
from content.accounts import Accounts
from content.audit import record
from content.database import Database
from content.errors import WrongState
from content.firing import published
from content.models import Account, Delivery, DeliveryState, Part, Post
from content.people import Actor
from content.platform import Platform, Published, Removes
from content.times import Clock
from content.views import AT_REST, post_row


@dataclass(frozen=True)
class _Public:
    """What is public of a delivery."""

    delivery: Delivery
    account: Account
    parts: tuple[Published, ...]
    """Those that the platform can be told to remove."""
    lost: int
    """The number of the one whose address nobody knows, since only a person saw it, and nothing could follow it; 0: none."""

    @property
    def left(self) -> str:
        """What stays public all the same; empty: nothing."""
        return f"Part {self.lost} is still out, and I do not know its address: remove it there." if self.lost else ""


class Removal:
    """Removes what is public; what was sent stays `sent`, since it was, and says when it was removed.

    Of a thread that broke off, the parts that are out are removed, and the rest is cancelled.
    """

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform], accounts: Accounts) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms
        self._accounts = accounts

    async def remove(self, actor: Actor, post_id: str) -> list[str]:
        """Take a post down on every account where it is out, or part of it; returns the accounts, as people know them.

        Safe to repeat: what is gone already is no error.

        Raises:
            WrongState: it is out nowhere, or only where nothing can be removed, or where more of it may still go out.
            PlatformError: a platform did not; what was removed before stays removed.
        """
        actor.require("approve")
        removed = []
        for one in await self._begin(actor, post_id):
            platform = self._platforms[one.account.platform]
            assert isinstance(platform, Removes)  # noqa: S101 - `_public` has looked
            access = await self._accounts.access(one.account.id)
            for part in reversed(one.parts):
                await platform.remove(part, access)
            await self._note(actor, one)
            where = f"{platform.spec.label} {one.account.handle}"
            removed.append(f"{where} ({one.left.rstrip('.')})" if one.left else where)
        return removed

    async def _begin(self, actor: Actor, post_id: str) -> list[_Public]:
        """What is to be removed; what failed is cancelled before, so that no second try answers to what is just going."""
        async with self._db.writing() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            public = await self._public(session, post)
            found = [one for one in public if one.delivery.state in AT_REST]
            if not found and public:
                raise WrongState(
                    f"More of #{post.number} may still go out. Cancel the rest first, or say what became of it; then I can "
                    "take down what is out."
                )
            if not found:
                raise WrongState(f"#{post.number} is out nowhere where I could remove it. Look at the post itself.")
            await self._cancel(session, actor, post, found)
            return found

    async def _public(self, session: AsyncSession, post: Post) -> list[_Public]:
        rows = await session.execute(
            select(Delivery, Account)
            .join(Account, Account.id == Delivery.account_id)
            .where(Delivery.post_id == post.id, Delivery.removed_at.is_(None))
            .order_by(Delivery.id)
        )
        found = []
        for delivery, account in rows.all():
            if isinstance(self._platforms[account.platform], Removes):
                rows_of = select(Part).where(Part.delivery_id == delivery.id).order_by(Part.position)
                parts = [published(part) for part in await session.scalars(rows_of)]
                known = tuple(one for one in parts if one is not None and one.remote_id)
                lost = next((number for number, one in enumerate(parts, 1) if one is not None and not one.remote_id), 0)
                found += [_Public(delivery, account, known, lost)] if known else []
        return found

    async def _cancel(self, session: AsyncSession, actor: Actor, post: Post, found: Sequence[_Public]) -> None:
        broken = [one.delivery for one in found if one.delivery.state is DeliveryState.FAILED]
        if not broken:
            return
        for delivery in broken:
            delivery.state = DeliveryState.CANCELLED
        record(
            session,
            workspace_id=actor.workspace_id,
            verb="post.cancelled",
            subject=post.id,
            at=self._clock.now(),
            member_id=actor.member_id,
        )
        await notices.redraw(session, self._clock, post.id)
        later = notices.told("cancelled", broken[0].id, self._clock.now() + notices.GATHER)  # unless it is down by then
        await jobs.put_all(session, [later], now=self._clock.now())

    async def _note(self, actor: Actor, public: _Public) -> None:
        async with self._db.writing() as session:
            delivery = await session.get_one(Delivery, public.delivery.id)
            delivery.removed_at = self._clock.now()
            delivery.error_code, delivery.error = "", public.left
            record(
                session,
                workspace_id=actor.workspace_id,
                verb="delivery.removed",
                subject=delivery.id,
                at=self._clock.now(),
                member_id=actor.member_id,
            )
            now = self._clock.now()
            news = [notices.redrawn(delivery.post_id, now), notices.taken_down(delivery.post_id, now)]
            await jobs.put_all(session, news, now=now)
