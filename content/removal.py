"""Taking a post down again, where a platform allows it: every public part, the last one first."""

from collections.abc import Mapping

from sqlalchemy import select

from content import notices
from content.accounts import Accounts
from content.audit import record
from content.database import Database
from content.errors import WrongState
from content.firing import published
from content.models import Account, Delivery, DeliveryState, Part
from content.people import Actor
from content.platform import Platform, Published, Removes
from content.times import Clock
from content.views import post_row


class Removal:
    """Removes what is public; the delivery stays `sent`, since it was, and says when it was removed."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform], accounts: Accounts) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms
        self._accounts = accounts

    async def remove(self, actor: Actor, post_id: str) -> list[str]:
        """Take a post down on every account where it is out; returns the accounts, as people know them.

        Safe to repeat: what is gone already is no error.

        Raises:
            WrongState: it is out nowhere, or only where nothing can be removed.
            PlatformError: a platform did not; what was removed before stays removed.
        """
        actor.require("approve")
        found = await self._public(actor, post_id)
        removed = []
        for delivery_id, account, parts in found:
            platform = self._platforms[account.platform]
            assert isinstance(platform, Removes)  # noqa: S101 - `_public` has looked
            access = await self._accounts.access(account.id)
            for part in reversed(parts):
                await platform.remove(part, access)
            await self._note(actor, delivery_id)
            removed.append(f"{platform.spec.label} {account.handle}")
        return removed

    async def _public(self, actor: Actor, post_id: str) -> list[tuple[str, Account, list[Published]]]:
        async with self._db.reading() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            rows = await session.execute(
                select(Delivery, Account)
                .join(Account, Account.id == Delivery.account_id)
                .where(Delivery.post_id == post.id, Delivery.state == DeliveryState.SENT, Delivery.removed_at.is_(None))
                .order_by(Delivery.id)
            )
            found = []
            for delivery, account in rows.all():
                if isinstance(self._platforms[account.platform], Removes):
                    parts = await session.scalars(
                        select(Part).where(Part.delivery_id == delivery.id).order_by(Part.position)
                    )
                    public = [one for one in map(published, parts) if one is not None and one.remote_id]
                    found.append((delivery.id, account, public))
            if not found:
                raise WrongState(f"#{post.number} is out nowhere where I could remove it. Look at the post itself.")
            return found

    async def _note(self, actor: Actor, delivery_id: str) -> None:
        async with self._db.writing() as session:
            delivery = await session.get_one(Delivery, delivery_id)
            delivery.removed_at = self._clock.now()
            record(
                session,
                workspace_id=actor.workspace_id,
                verb="delivery.removed",
                subject=delivery.id,
                at=self._clock.now(),
                member_id=actor.member_id,
            )
            await notices.redraw(session, self._clock, delivery.post_id)
