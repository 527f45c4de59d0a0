"""The logins of connected accounts: sealed at rest, renewed in time, each exchanged once however many ask.

A platform may take a login back with its second use, so no two may renew one at once. The right to do it is a lease in the
account's row: a transaction that waited for the network would hold up everything else.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from content.audit import record
from content.connecting import Connects, Login
from content.database import Database, moment
from content.errors import NeedsReconnect, NotFound, RateLimited, Unavailable
from content.ids import new_id
from content.models import Account
from content.platform import Access, Platform
from content.sealing import Sealer
from content.times import Clock

REFRESH_BEFORE = timedelta(minutes=5)
RENEWAL_TAKES = timedelta(seconds=45)
"""A renewal that takes longer is given up, inside its lease."""
LEASE = timedelta(seconds=60)
PAUSE = 0.1
"""Seconds between looks at a renewal that another process makes."""

Sleep = Callable[[float], Awaitable[None]]


class Logins:
    """Opens logins and keeps them fresh."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        platforms: Mapping[str, Platform],
        sealer: Sealer,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms
        self._sealer = sealer
        self._sleep = sleep
        self._refreshing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def access(self, account_id: str) -> Access:
        """The account with its login opened, renewed first where it is about to run out.

        Raises:
            NotFound, NeedsReconnect, RateLimited, Unavailable: and nothing was changed.
        """
        return await self.access_of(await self._row(account_id))

    async def access_of(self, account: Account) -> Access:
        """The same for a row that was read just now."""
        access = self._opened(account)
        if account.state != "connected":
            raise self._must_reconnect(access)
        if access.expires_at is None or access.expires_at - self._clock.now() >= REFRESH_BEFORE:
            return access
        try:
            return await self.refresh(access)
        except (RateLimited, Unavailable):
            if access.expires_at > self._clock.now():
                return access  # what cannot be renewed just now is good until it ends
            raise

    async def refresh(self, stale: Access) -> Access:
        """A fresh login for an account, stored before it is used; many who ask at once, anywhere, share one exchange.

        Raises:
            NeedsReconnect: the platform will not renew it; the account is marked so.
            RateLimited, Unavailable: the platform cannot be asked; the old login is kept.
        """
        async with self._refreshing[stale.account_id]:
            mine = new_id("renewal")
            while (taken := await self._take(stale, mine)) is None:
                await self._sleep(PAUSE)
            if isinstance(taken, Access):
                return taken  # somebody else was faster
            try:
                await self._exchange(stale)
            finally:
                await self._give_back(stale.account_id, mine)
        return self._opened(await self._row(stale.account_id))

    async def _take(self, stale: Access, mine: str) -> Access | bool | None:
        """The fresh login where there is one already; True: we may renew it; None: somebody else does just now."""
        async with self._db.writing() as session:
            account = await session.get_one(Account, stale.account_id, with_for_update=True)
            kept = self._opened(account)
            if account.state != "connected":
                raise self._must_reconnect(kept)
            if kept.secrets != stale.secrets:
                return kept
            now = await moment(session)
            if account.renewing_until is not None and account.renewing_until > now:
                return None
            account.renewing, account.renewing_until = mine, now + LEASE
            return True

    async def _give_back(self, account_id: str, mine: str) -> None:
        async with self._db.writing() as session:
            ours = update(Account).where(Account.id == account_id, Account.renewing == mine)
            await session.execute(ours.values(renewing="", renewing_until=None))

    async def _exchange(self, stale: Access) -> None:
        platform = self._platforms[stale.platform]
        if not isinstance(platform, Connects):
            raise self._must_reconnect(stale)
        try:
            login = await asyncio.wait_for(platform.refresh(stale), RENEWAL_TAKES.total_seconds())
        except NeedsReconnect:
            if not await self._is_still(stale):
                return  # the person connected it anew meanwhile, which ended this login
            await self.lost_login(stale.account_id)
            raise
        except TimeoutError as late:
            raise Unavailable(
                f"{platform.spec.label} takes too long to renew the login of {stale.handle}. I try again later.",
                platform=stale.platform,
                account=stale.handle,
            ) from late
        await self._store_login(stale, login)

    async def _is_still(self, stale: Access) -> bool:
        return self._opened(await self._row(stale.account_id)).secrets == stale.secrets

    async def _store_login(self, stale: Access, login: Login) -> None:
        """Keep what came, unless the person connected the account anew meanwhile."""
        async with self._db.writing() as session:
            account = await session.get_one(Account, stale.account_id, with_for_update=True)
            if self._opened(account).secrets != stale.secrets:
                return
            account.sealed = self._sealer.seal(login.secrets)
            account.expires_at, account.ends_at = login.expires_at, login.ends_at or account.ends_at

    async def lost_login(self, account_id: str) -> None:
        """Mark an account whose login the platform refuses; what is due on it waits."""
        async with self._db.writing() as session:
            account = await session.get_one(Account, account_id)
            if account.state == "connected":
                account.state = "needs_reconnect"
                record(
                    session,
                    workspace_id=account.workspace_id,
                    verb="account.login_lost",
                    subject=account.id,
                    at=self._clock.now(),
                )

    async def _row(self, account_id: str, workspace_id: str | None = None) -> Account:
        async with self._db.reading() as session:
            return await account_row(session, account_id, workspace_id)

    def _opened(self, account: Account) -> Access:
        return Access(
            account.id,
            account.platform,
            account.remote_id,
            account.handle,
            account.server,
            account.facts,
            self._sealer.open(account.sealed),
            account.expires_at,
        )

    def _must_reconnect(self, access: Access) -> NeedsReconnect:
        label = self._platforms[access.platform].spec.label
        return NeedsReconnect(
            f"{label} no longer accepts the login of {access.handle}. Connect the account again; what is due on it waits.",
            platform=access.platform,
            account=access.account_id,
        )


async def account_row(session: AsyncSession, account_id: str, workspace_id: str | None = None) -> Account:
    """The account, if this workspace (None: any) has it.

    Raises:
        NotFound: it has not.
    """
    account = await session.get(Account, account_id)
    if account is None or workspace_id not in (None, account.workspace_id):
        raise NotFound("There is no such account here. See the connected accounts, or connect it.")
    return account
