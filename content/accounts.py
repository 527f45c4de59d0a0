"""Connected accounts: which there are, binding them, and letting them go. How one is asked for: `content/consents.py`."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs
from content.audit import record
from content.connecting import Connected, Connects, Field
from content.errors import Invalid, NeedsReconnect, NotAllowed, NotFound, PlatformError
from content.ids import new_id
from content.logins import ANNOUNCED, NO_ACCOUNT, Logins, announce_end, next_announcement
from content.models import MOVABLE, Account, Delivery, DeliveryState
from content.people import Actor
from content.platform import Access, Content, PartContent
from content.views import public_access


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
    name: str = ""
    """What it is called there."""
    kind: str = ""
    """“page” and the like; empty: a person's own."""
    ends_at: datetime | None = None
    """When its person must log in again; None: not known, or never."""
    login_id: str = ""
    """The consent it came by: another each time it is connected."""

    @property
    def words(self) -> str:
        """“X acme (Acme Inc.)”, to name it in a sentence."""
        named = f" ({self.name})" if self.name and self.name.casefold() != self.handle.casefold() else ""
        return f"{self.label} {self.handle}{named}"


@dataclass(frozen=True)
class PlatformOffer:
    """A platform that can be connected, and what its form asks."""

    name: str
    label: str
    fields: tuple[Field, ...]
    setup: tuple[str, ...] = ()
    """What whoever runs the desk must do first; empty: nothing."""


@dataclass(frozen=True)
class Ending:
    """A login on its way to its end, or there."""

    accounts: tuple[AccountView, ...]
    """All that came with it."""
    member_id: str
    """Who connected them."""
    at: datetime
    days_left: int
    """0: it has ended."""


class Accounts(Logins):
    """Everything about connected accounts; how their logins are kept is in `content/logins.py`."""

    def offers(self, callback_url: str = "") -> list[PlatformOffer]:
        """The platforms that can be connected, with what is missing to do so; they send people back to `callback_url`."""
        return [
            PlatformOffer(platform.spec.name, platform.spec.label, platform.form(), tuple(platform.setup(callback_url)))
            for platform in self._platforms.values()
            if platform.spec.needs_account and isinstance(platform, Connects)
        ]

    def offer(self, platform: str) -> PlatformOffer:
        """The offer of one platform.

        Raises:
            NotFound: it cannot be connected here.
        """
        connects = self.connects(platform)
        return PlatformOffer(platform, self._platforms[platform].spec.label, connects.form())

    async def connect_built_in(self, actor: Actor) -> None:
        """Connect what needs no account, so that a first post needs nothing else."""
        have = {account.platform for account in await self.connected(actor.workspace_id)}
        for platform in self._platforms.values():
            if not platform.spec.needs_account and platform.spec.name not in have:
                result = await self.connects(platform.spec.name).start({}, "", "")
                if isinstance(result, Connected):
                    async with self._db.writing(alone=True) as session:
                        await self.bind(session, actor, platform.spec.name, result)

    async def bind(
        self, session: AsyncSession, actor: Actor, platform: str, result: Connected, login_id: str = ""
    ) -> AccountView:
        """Keep an account whose login works, in the caller's transaction; one that was here before keeps its queue.

        Accounts that share a login are bound with the same `login_id`.
        """
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
                id=new_id("account"),
                workspace_id=actor.workspace_id,
                platform=platform,
                remote_id=identity.remote_id,
                connected_at=self._clock.now(),
            )
            session.add(account)
        account.handle, account.server = identity.handle, identity.server
        account.name, account.kind = identity.name[:200], identity.kind
        account.facts, account.sealed = dict(result.facts), self._sealer.seal(result.login.secrets)
        account.expires_at, account.ends_at = result.login.expires_at, result.login.ends_at
        account.login_id = login_id or new_id("login")
        account.state, account.connected_by = "connected", actor.member_id
        await session.flush()
        await self._wake_waiting(session, account)
        await self._announce(session, account)
        record(
            session,
            workspace_id=actor.workspace_id,
            verb="account.connected",
            subject=account.id,
            at=self._clock.now(),
            member_id=actor.member_id,
        )
        return self._view(account)

    async def _announce(self, session: AsyncSession, account: Account) -> None:
        """Have the cards redrawn, and the end of the login told in time."""
        now = self._clock.now()
        await jobs.put(session, "redraw", "accounts:all", run_at=now, now=now)
        await announce_end(session, account, now)

    async def _wake_waiting(self, session: AsyncSession, account: Account) -> None:
        """What waited for this login is looked at again at once."""
        now = self._clock.now()
        due = and_(Delivery.state == DeliveryState.WAITING, Delivery.due_at <= now)
        waiting = await session.scalars(
            select(Delivery).where(
                Delivery.account_id == account.id,
                Delivery.state.in_([DeliveryState.WAITING, DeliveryState.UNKNOWN]),
                or_(Delivery.error_code == NeedsReconnect.code, Delivery.refused_login_at.is_not(None), due),
            )
        )
        for delivery in waiting:
            delivery.refused_login_at = None
            edited = delivery.state is DeliveryState.WAITING and not delivery.error_code  # which took the reason away
            if edited or delivery.error_code == NeedsReconnect.code:
                delivery.error_code = delivery.error = ""
                first = min(delivery.due_at or now, now)  # what was planned first goes first
                await jobs.put(
                    session, jobs.PUBLISH, delivery.id, run_at=first, now=now, lane=jobs.ACCOUNT_LANE + account.id
                )

    async def connected(self, workspace_id: str) -> list[AccountView]:
        """The workspace's accounts, oldest first; disconnected ones are left out."""
        async with self._db.reading() as session:
            rows = await session.scalars(
                select(Account)
                .where(Account.workspace_id == workspace_id, Account.state != "disconnected")
                .order_by(Account.connected_at, Account.id)
            )
            return [self._view(row) for row in rows if row.platform in self._platforms]

    async def view(self, workspace_id: str, account_id: str) -> AccountView:
        """The account as it is now.

        Raises:
            NotFound: it is not of this workspace.
        """
        return self._view(await self._row(account_id, workspace_id))

    async def ending(self, account_id: str) -> tuple[Ending | None, datetime | None]:
        """What is to be told of a login that ends, now; and when to look again. A login that has ended is marked so."""
        account, now = await self._row(account_id), self._clock.now()
        if account.ends_at is None or account.state != "connected":
            return None, None
        left = account.ends_at - now
        if left <= timedelta(0):
            await self.lost_login(self._opened(account))
        shared = await self._came_with(account)
        told = Ending(shared, account.connected_by, account.ends_at, max(0, -(-left // timedelta(days=1))))
        return (told if left <= ANNOUNCED[0] else None), next_announcement(account.ends_at, now)

    async def _came_with(self, account: Account) -> tuple[AccountView, ...]:
        """The account, and those that came by the same consent as a page does, which end with it."""
        its = and_(Account.login_id == account.login_id, Account.login_id != "", Account.ends_at == account.ends_at)
        async with self._db.reading() as session:
            rows = await session.scalars(
                select(Account).where(or_(Account.id == account.id, its)).order_by(Account.platform, Account.handle)
            )
            return tuple(self._view(one) for one in rows)

    async def disconnect(self, actor: Actor, account_id: str) -> AccountView:
        """Let an account go: its login forgotten, then revoked at the platform where that ends no other's; its history kept."""
        actor.require("connect")
        async with self._db.writing() as session:
            account = await session.get(Account, account_id, with_for_update=True)
            if account is None or account.workspace_id != actor.workspace_id:
                raise NotFound(NO_ACCOUNT)
            access = self._openable(account)
            ends = account.state != "disconnected" and not await self._login_is_needed(session, account)
            account.state, account.sealed = "disconnected", self._sealer.seal({})
            account.expires_at = account.ends_at = None
            record(
                session,
                workspace_id=actor.workspace_id,
                verb="account.disconnected",
                subject=account.id,
                at=self._clock.now(),
                member_id=actor.member_id,
            )
            view = self._view(account)
        platform = self._platforms[view.platform]
        if ends and access is not None and isinstance(platform, Connects):
            with contextlib.suppress(PlatformError):  # it is forgotten here all the same, as was asked
                await platform.revoke(access)
        return view

    async def planned_on(self, account_id: str) -> int:
        """How many posts have a time to go out on an account."""
        planned = and_(Delivery.account_id == account_id, Delivery.state.in_(MOVABLE), Delivery.due_at.is_not(None))
        async with self._db.reading() as session:
            return await session.scalar(select(func.count()).select_from(Delivery).where(planned)) or 0

    def _openable(self, account: Account) -> Access | None:
        """None: its login was sealed with a key that the desk no longer has, so it can only be forgotten."""
        try:
            return self._opened(account)
        except NotAllowed:
            return None

    async def _login_is_needed(self, session: AsyncSession, account: Account) -> bool:
        """Whether another account came by the same consent, as a page does, or is the same one in another workspace.

        To revoke a login ends what the person allowed, and so other logins with it.
        """
        others = select(Account.id).where(
            Account.platform == account.platform,
            Account.id != account.id,
            Account.state != "disconnected",
            or_(
                Account.remote_id == account.remote_id,
                and_(Account.login_id == account.login_id, Account.login_id != ""),
            ),
        )
        return await session.scalar(others.limit(1)) is not None

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

    def connects(self, platform: str) -> Connects:
        """The platform of that name.

        Raises:
            NotFound: it cannot be connected here.
        """
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
            account.name,
            account.kind,
            account.ends_at,
            account.login_id,
        )


def _is_named(account: AccountView, name: str) -> bool:
    wanted = name.strip().lstrip("@").casefold()
    return wanted in {account.platform.casefold(), account.label.casefold(), account.handle.casefold(), account.id}
