"""Connected accounts: connecting them, keeping their logins sealed and fresh, and letting them go."""

import asyncio
import contextlib
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs
from content.audit import record
from content.connecting import Connected, Connects, Elsewhere, Field, Login
from content.database import Database
from content.errors import Invalid, NeedsReconnect, NotFound, PlatformError
from content.ids import new_id
from content.models import Account, ConnectAttempt, Delivery, DeliveryState
from content.people import Actor, token_hash
from content.platform import Access, Content, PartContent, Platform
from content.sealing import Sealer
from content.times import Clock
from content.views import public_access

ATTEMPT_LASTS = timedelta(minutes=10)
REFRESH_BEFORE = timedelta(minutes=5)


@dataclass(frozen=True)
class AccountView:
    """A connected account as people see it."""

    id: str
    platform: str
    label: str
    handle: str
    state: str
    limit: int
    unit: str


@dataclass(frozen=True)
class PlatformOffer:
    """A platform that can be connected, and what its form asks."""

    name: str
    label: str
    fields: tuple[Field, ...]


class Accounts:
    """Everything about connected accounts."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform], sealer: Sealer) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms
        self._sealer = sealer
        self._refreshing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def offers(self) -> list[PlatformOffer]:
        """The platforms that can be connected."""
        return [
            PlatformOffer(platform.spec.name, platform.spec.label, platform.form())
            for platform in self._platforms.values()
            if platform.spec.needs_account and isinstance(platform, Connects)
        ]

    async def connect_built_in(self, actor: Actor) -> None:
        """Connect what needs no account, so that a first post needs nothing else."""
        have = {account.platform for account in await self.connected(actor.workspace_id)}
        for platform in self._platforms.values():
            if not platform.spec.needs_account and platform.spec.name not in have:
                await self.begin(actor, platform.spec.name, {}, callback_url="")

    async def begin(
        self,
        actor: Actor,
        platform: str,
        given: Mapping[str, str],
        *,
        callback_url: str,
        conversation_id: str | None = None,
    ) -> AccountView | Elsewhere:
        """Connect with what the form gave: an account, or the address the person must go to.

        Raises:
            Invalid, PlatformError: what is wrong, in words.
        """
        actor.require("connect")
        connects = self._connects(platform)
        _refuse_gaps(connects, given)
        state = secrets.token_urlsafe(32)
        result = await connects.start(given, callback_url, state)
        async with self._db.writing() as session:
            if isinstance(result, Connected):
                return self._view(await self._keep(session, actor, platform, result))
            session.add(
                ConnectAttempt(
                    id=new_id("connect"),
                    workspace_id=actor.workspace_id,
                    member_id=actor.member_id,
                    conversation_id=conversation_id,
                    platform=platform,
                    state_hash=token_hash(state),
                    sealed=self._sealer.seal(result.keep),
                    expires_at=self._clock.now() + ATTEMPT_LASTS,
                )
            )
            return result

    async def finish(
        self, actor: Actor, state: str, answer: Mapping[str, str], *, callback_url: str
    ) -> tuple[AccountView, str | None]:
        """The person came back from the platform: the account, and the conversation where it was asked for.

        Raises:
            Invalid: the state is unknown, used, too old, or another member's: nothing was changed.
            PlatformError: the platform's own refusal, in words.
        """
        actor.require("connect")
        attempt = await self._use_attempt(actor, state)
        keep = self._sealer.open(attempt.sealed)
        [result] = await self._connects(attempt.platform).finish(keep, answer, callback_url)
        async with self._db.writing() as session:
            account = await self._keep(session, actor, attempt.platform, result)
            return self._view(account), attempt.conversation_id

    async def _use_attempt(self, actor: Actor, state: str) -> ConnectAttempt:
        async with self._db.writing() as session:
            now = self._clock.now()
            attempt = await session.scalar(select(ConnectAttempt).where(ConnectAttempt.state_hash == token_hash(state)))
            if attempt is None or attempt.member_id != actor.member_id:
                raise Invalid("This way back belongs to no login you began here: nothing was changed. Connect again.")
            if attempt.used_at is not None or attempt.expires_at < now:
                raise Invalid(
                    "This login was finished already or took over ten minutes: nothing was changed. Connect again."
                )
            attempt.used_at = now
            return attempt

    async def _keep(self, session: AsyncSession, actor: Actor, platform: str, result: Connected) -> Account:
        identity = result.identity
        account = await session.scalar(
            select(Account).where(
                Account.workspace_id == actor.workspace_id,
                Account.platform == platform,
                Account.remote_id == identity.remote_id,
            )
        )
        if account is None:
            account = Account(
                id=new_id("account"), workspace_id=actor.workspace_id, platform=platform, remote_id=identity.remote_id
            )
            session.add(account)
        account.handle, account.server = identity.handle, identity.server
        account.facts, account.sealed = dict(result.facts), self._sealer.seal(result.login.secrets)
        account.expires_at, account.state = result.login.expires_at, "connected"
        account.connected_by, account.connected_at = actor.member_id, self._clock.now()
        await session.flush()
        await self._wake_waiting(session, account)
        now = self._clock.now()
        await jobs.put(session, "redraw", "accounts:all", run_at=now, now=now)
        record(
            session,
            workspace_id=actor.workspace_id,
            verb="account.connected",
            subject=account.id,
            at=self._clock.now(),
            member_id=actor.member_id,
        )
        return account

    async def _wake_waiting(self, session: AsyncSession, account: Account) -> None:
        """What waited for this login is looked at again at once."""
        now = self._clock.now()
        waiting = await session.scalars(
            select(Delivery).where(
                Delivery.account_id == account.id,
                Delivery.state.in_([DeliveryState.WAITING, DeliveryState.UNKNOWN]),
                Delivery.error_code == NeedsReconnect.code,
            )
        )
        for delivery in waiting:
            delivery.error_code = delivery.error = ""
            await jobs.put(session, "publish", delivery.id, run_at=now, now=now, lane=f"account:{account.id}")

    async def connected(self, workspace_id: str) -> list[AccountView]:
        """The workspace's accounts, oldest first; disconnected ones are left out."""
        async with self._db.reading() as session:
            rows = await session.scalars(
                select(Account)
                .where(Account.workspace_id == workspace_id, Account.state != "disconnected")
                .order_by(Account.connected_at, Account.id)
            )
            return [self._view(row) for row in rows if row.platform in self._platforms]

    async def access(self, account_id: str) -> Access:
        """The account with its login opened, refreshed first where it is about to run out.

        Raises:
            NotFound, NeedsReconnect, Unavailable: and nothing was changed.
        """
        account = await self._row(account_id)
        access = self._opened(account)
        if account.state != "connected":
            raise _must_reconnect(access, self._platforms[access.platform].spec.label)
        if access.expires_at and access.expires_at - self._clock.now() < REFRESH_BEFORE:
            return await self.refresh(access)
        return access

    async def refresh(self, stale: Access) -> Access:
        """A fresh login for an account, stored before it is used; many who ask at once share one exchange.

        Raises:
            NeedsReconnect: the platform will not renew it; the account is marked so.
            Unavailable: the platform cannot be reached; the old login is kept.
        """
        async with self._refreshing[stale.account_id]:
            kept = await self._open(stale.account_id)
            if kept.secrets != stale.secrets:
                return kept  # somebody else was faster
            await self._exchange(stale)
        return await self._open(stale.account_id)

    async def _exchange(self, stale: Access) -> None:
        platform = self._platforms[stale.platform]
        if not isinstance(platform, Connects):
            raise _must_reconnect(stale, platform.spec.label)
        try:
            login = await platform.refresh(stale)
        except NeedsReconnect:
            if (await self._open(stale.account_id)).secrets != stale.secrets:
                return  # another process was faster, which is why this login is no longer renewed
            await self.lost_login(stale.account_id)
            raise
        await self._store_login(stale.account_id, login)

    async def _store_login(self, account_id: str, login: Login) -> None:
        async with self._db.writing() as session:
            account = await session.get_one(Account, account_id)
            account.sealed, account.expires_at = self._sealer.seal(login.secrets), login.expires_at

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

    async def disconnect(self, actor: Actor, account_id: str) -> AccountView:
        """Let an account go: revoked at the platform where that works, its login forgotten, its history kept."""
        actor.require("connect")
        row = await self._row(account_id, actor.workspace_id)
        access = self._opened(row)
        platform = self._platforms[access.platform]
        if isinstance(platform, Connects) and row.state != "disconnected":
            with contextlib.suppress(PlatformError):  # the login is forgotten here all the same, as was asked
                await platform.revoke(access)
        async with self._db.writing() as session:
            account = await session.get_one(Account, account_id)
            account.state, account.sealed, account.expires_at = "disconnected", self._sealer.seal({}), None
            record(
                session,
                workspace_id=actor.workspace_id,
                verb="account.disconnected",
                subject=account.id,
                at=self._clock.now(),
                member_id=actor.member_id,
            )
            return self._view(account)

    async def matching(self, workspace_id: str, names: Sequence[str]) -> list[AccountView]:
        """The accounts that these words name, by platform, label or handle; all of them for no words.

        Raises:
            Invalid: a word names no connected account; the sentence lists those there are.
        """
        accounts = await self.connected(workspace_id)
        if not names:
            return accounts
        found: dict[str, AccountView] = {}
        for name in names:
            hits = [account for account in accounts if _is_named(account, name)]
            if not hits:
                have = ", ".join(f"{account.label} ({account.handle})" for account in accounts) or "none yet"
                raise Invalid(
                    f"No connected account is called “{name}”. Connected: {have}. Connect it first, or name another."
                )
            found |= {account.id: account for account in hits}
        return list(found.values())

    async def _open(self, account_id: str) -> Access:
        return self._opened(await self._row(account_id))

    async def _row(self, account_id: str, workspace_id: str | None = None) -> Account:
        async with self._db.reading() as session:
            account = await session.get(Account, account_id)
        if account is None or workspace_id not in (None, account.workspace_id):
            raise NotFound("There is no such account here. See the connected accounts, or connect it.")
        return account

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

    def _connects(self, platform: str) -> Connects:
        found = self._platforms.get(platform)
        if not isinstance(found, Connects):
            known = ", ".join(offer.label for offer in self.offers())
            raise NotFound(f"“{platform}” cannot be connected here. These can: {known}.")
        return found

    def _view(self, account: Account) -> AccountView:
        platform = self._platforms[account.platform]
        limits = platform.render(Content((PartContent(""),)), public_access(account)).limits
        return AccountView(
            account.id,
            account.platform,
            platform.spec.label,
            account.handle,
            account.state,
            limits.text,
            limits.unit,
        )


def _refuse_gaps(connects: Connects, given: Mapping[str, str]) -> None:
    missing = [field.label for field in connects.form() if field.required and not given.get(field.name, "").strip()]
    if missing:
        raise Invalid(f"Please fill in: {', '.join(missing)}. Nothing was sent yet.")


def _is_named(account: AccountView, name: str) -> bool:
    wanted = name.strip().lstrip("@").casefold()
    return wanted in {account.platform.casefold(), account.label.casefold(), account.handle.casefold(), account.id}


def _must_reconnect(access: Access, label: str) -> NeedsReconnect:
    return NeedsReconnect(
        f"{label} no longer accepts the login of {access.handle}. Connect the account again; what is due on it waits.",
        platform=access.platform,
        account=access.account_id,
    )
