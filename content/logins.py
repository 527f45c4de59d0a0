"""The logins of connected accounts: sealed at rest, renewed in time, each exchanged once however many ask.

A platform may take a login back with its second use, so no two may renew one at once. The right to do it is a lease in the
account's row: a transaction that waited for the network would hold up everything else.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs, logged_out
from content.audit import record
from content.connecting import Connects, Login
from content.database import Database, moment
from content.errors import NeedsReconnect, NotFound, PlatformError, RateLimited, Unavailable
from content.ids import new_id
from content.models import Account
from content.platform import Access, Platform
from content.sealing import Sealer
from content.times import Clock
from content.together import insisting

REFRESH_BEFORE = timedelta(minutes=5)
RENEWAL_TAKES = timedelta(seconds=45)
"""An exchange that takes longer is given up."""
KEEPING_TAKES = timedelta(seconds=40)
"""So long the database may refuse what came of it: all pauses of `insisting`, and its tries."""
LEASE = timedelta(seconds=90)
"""How long one has the right to renew: longer than both together."""
ANNOUNCED = (timedelta(days=14), timedelta(days=7), timedelta(days=1), timedelta(0))
"""How long before its end a login that only its person can renew is spoken of; the last time it has ended."""
SAME_END = timedelta(hours=1)
"""Ends that are no further apart are the same, told anew by a platform that counts in seconds."""
NO_ACCOUNT = "There is no such account here. See the connected accounts, or connect it."
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
        self.renewals: set[asyncio.Task[Access]] = set()
        """Those under way."""

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

        Whoever asked may go: what the platform has taken back is of no more use, so the exchange is always finished.

        Raises:
            NeedsReconnect: the platform will not renew it, and the account is marked so; or it was disconnected.
            RateLimited, Unavailable: the platform cannot be asked; the old login is kept.
        """
        renewal = asyncio.create_task(self._refreshed(stale))
        self.renewals.add(renewal)
        renewal.add_done_callback(self._over)
        return await asyncio.shield(renewal)

    async def finish_renewals(self) -> None:
        """Let those under way end, when the desk is stopped: half a minute is better than a login lost.

        It is as much again where the database refuses what came.
        """
        if self.renewals:
            await asyncio.wait(self.renewals)

    def _over(self, renewal: asyncio.Task[Access]) -> None:
        self.renewals.discard(renewal)
        with contextlib.suppress(asyncio.CancelledError):
            renewal.exception()  # whoever asked has heard of it, or went

    async def _refreshed(self, stale: Access) -> Access:
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
        account = await self._row(stale.account_id)
        access = self._opened(account)
        if account.state != "connected":
            raise self._must_reconnect(access)
        return access

    async def _take(self, stale: Access, mine: str) -> Access | bool | None:
        """The fresh login where there is one already; True: we may renew it; None: somebody else does just now."""
        async with self._db.writing() as session:
            sharing = await _sharing(session, stale.account_id)
            account = sharing[stale.account_id]
            kept = self._opened(account)
            if account.state != "connected":
                raise self._must_reconnect(kept)
            if kept.secrets != stale.secrets:
                return kept
            now = await moment(session)
            if any(one.renewing_until is not None and one.renewing_until > now for one in sharing.values()):
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
            if await self.lost_login(stale):
                raise
            return  # the person connected it anew meanwhile, which ended this login
        except TimeoutError as late:
            raise Unavailable(
                f"{platform.spec.label} takes too long to renew the login of {stale.handle}. I try again later.",
                platform=stale.platform,
                account=stale.handle,
            ) from late
        if not await self._keep(stale, login):
            with contextlib.suppress(PlatformError):  # nobody would ever use it, or end it
                await platform.revoke(replace(stale, secrets=login.secrets))

    async def _keep(self, stale: Access, login: Login) -> bool:
        """As `_store_login`, though the database be locked or gone for a while: the platform takes the old login no second time."""
        async with asyncio.timeout(KEEPING_TAKES.total_seconds()):
            return await insisting(lambda: self._store_login(stale, login), sleep=self._sleep)

    async def _store_login(self, stale: Access, login: Login) -> bool:
        """Keep what came for every account that it reaches, unless the person connected it anew meanwhile; False: it has no account now."""
        async with self._db.writing(hurry=True) as session:
            sharing = await _sharing(session, stale.account_id)
            kept = {one.id: self._opened(one).secrets for one in sharing.values()}
            for account in sharing.values():
                if kept[account.id] == stale.secrets and account.state != "disconnected":
                    account.sealed = self._sealer.seal(login.secrets)
                    account.expires_at = login.expires_at
                    await self._new_end(session, account, login.ends_at or account.ends_at)
            return any(secrets for secrets in kept.values())

    async def _new_end(self, session: AsyncSession, account: Account, ends_at: datetime | None) -> None:
        """Where a renewal moved the end of a login, or told it for the first time, it is announced anew."""
        before, account.ends_at = account.ends_at, ends_at
        if ends_at is not None and (before is None or abs(ends_at - before) > SAME_END):
            await announce_end(session, account, self._clock.now())

    async def lost_login(self, refused: Access) -> bool:
        """Mark an account whose login the platform refuses, so that what is due on it waits; False: it has another by now.

        What is planned on it next asks to connect it again.
        """
        async with self._db.writing() as session:
            account = await session.get_one(Account, refused.account_id, with_for_update=True)
            if self._opened(account).secrets != refused.secrets:
                return False
            if account.state == "connected":
                account.state = "needs_reconnect"
                record(
                    session,
                    workspace_id=account.workspace_id,
                    verb="account.login_lost",
                    subject=account.id,
                    at=self._clock.now(),
                )
                await logged_out.ask_ahead(session, self._clock, account)
            return True

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


def next_announcement(ends_at: datetime | None, now: datetime) -> datetime | None:
    """When the end of a login is spoken of next."""
    if ends_at is None:
        return None
    return next((ends_at - before for before in ANNOUNCED if ends_at - before > now), None)


async def announce_end(session: AsyncSession, account: Account, now: datetime) -> None:
    """Have the end of the login told in time."""
    at = next_announcement(account.ends_at, now)
    if at is not None:
        await jobs.put(session, "ending", account.id, run_at=at, now=now)


async def _sharing(session: AsyncSession, account_id: str) -> dict[str, Account]:
    """The account and those that came by the same consent, by id; locked in one order for all."""
    its = select(Account.login_id).where(Account.id == account_id).scalar_subquery()
    rows = await session.scalars(
        select(Account)
        .where(or_(Account.id == account_id, and_(Account.login_id == its, Account.login_id != "")))
        .order_by(Account.id)
        .with_for_update()
    )
    return {row.id: row for row in rows}


async def account_row(
    session: AsyncSession, account_id: str, workspace_id: str | None = None, *, lock: bool = False
) -> Account:
    """The account, if this workspace (None: any) has it; with `lock` one transaction at a time has it so.

    Raises:
        NotFound: it has not.
    """
    account = await session.get(Account, account_id, with_for_update={"key_share": True} if lock else None)
    if account is None or workspace_id not in (None, account.workspace_id):
        raise NotFound(NO_ACCOUNT)
    return account
