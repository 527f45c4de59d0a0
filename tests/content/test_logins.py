"""Logins are renewed in time, once however many ask, and never lost by whoever asked."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from content.accounts import Accounts
from content.connecting import Login
from content.database import Database
from content.errors import NeedsReconnect, Unavailable
from content.logins import KEEPING_TAKES, LEASE, RENEWAL_TAKES
from content.models import Account, AuditEntry
from content.platform import Access
from content.together import PAUSES
from tests.content.test_accounts import HOUR, account, sharing
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform
from tests.servers.failing_database import AN_ENTRY, dying_connections, full_disk, locked_file, made_impatient


async def test_a_hundred_who_need_a_fresh_login_at_once_share_one_exchange(desk: Desk, fake: FakePlatform) -> None:
    fake.lasts = timedelta(minutes=4)
    await desk.connect("fake")
    fake.lasts = HOUR
    known = await account(desk)
    found = await asyncio.gather(*(desk.accounts.access(known) for _ in range(100)))
    assert fake.refreshes == 1
    assert {one.secrets["token"] for one in found} == {"2"}


async def test_a_login_that_lasts_is_not_renewed(desk: Desk, fake: FakePlatform) -> None:
    fake.lasts = HOUR
    await desk.connect("fake")
    await desk.accounts.access(await account(desk))
    assert fake.refreshes == 0


async def test_a_renewal_the_platform_refuses_loses_the_login(desk: Desk, fake: FakePlatform) -> None:
    access = await desk.accounts.access(await account(desk))
    fake.refreshing.append(Do.EXPIRE)
    with pytest.raises(NeedsReconnect):
        await desk.accounts.refresh(access)
    with pytest.raises(NeedsReconnect, match="Connect the account again"):
        await desk.accounts.access(access.account_id)
    assert await desk.accounts.lost_login(access)
    assert [row.verb for row in await desk.rows(AuditEntry)].count("account.login_lost") == 1


async def test_a_renewal_that_cannot_be_asked_for_keeps_the_old_login(desk: Desk, fake: FakePlatform) -> None:
    access = await desk.accounts.access(await account(desk))
    fake.refreshing.append(Do.BE_DOWN)
    with pytest.raises(Unavailable):
        await desk.accounts.refresh(access)
    assert (await desk.accounts.access(access.account_id)).secrets == {"token": "1"}


async def test_a_refusal_because_another_process_was_faster_is_no_loss(
    desk: Desk, fake: FakePlatform, db: Database
) -> None:
    """Refresh tokens that work once are refused to whoever comes second."""
    access = await desk.accounts.access(await account(desk))

    class Faster(FakePlatform):
        async def refresh(self, access: Access) -> Login:
            async with db.writing() as session:
                row = (await session.scalars(select(Account))).one()
                row.sealed = desk.sealer.seal({"token": "99"})
            raise NeedsReconnect("Used already.", platform="fake")

    slower = Accounts(db, desk.clock, {"fake": Faster(desk.clock)}, desk.sealer)
    assert (await slower.refresh(access)).secrets == {"token": "99"}
    assert (await slower.access(access.account_id)).secrets == {"token": "99"}


async def test_what_cannot_be_renewed_just_now_is_good_until_it_ends(desk: Desk, fake: FakePlatform) -> None:
    fake.lasts = timedelta(minutes=4)
    await desk.connect("fake")
    known = await account(desk)
    fake.refreshing.extend([Do.BE_DOWN, Do.LIMIT, Do.BE_DOWN])
    assert (await desk.accounts.access(known)).secrets == {"token": "1"}
    assert (await desk.accounts.access(known)).secrets == {"token": "1"}
    desk.clock.move(timedelta(minutes=5))
    with pytest.raises(Unavailable):
        await desk.accounts.access(known)
    assert (await desk.accounts.access(known)).secrets == {"token": "2"}


async def test_a_renewal_that_takes_too_long_keeps_the_old_login(desk: Desk) -> None:
    class Slow(FakePlatform):
        async def refresh(self, access: Access) -> Login:
            raise TimeoutError

    access = await desk.accounts.access(await account(desk))
    slow = Accounts(desk.db, desk.clock, {"fake": Slow(desk.clock)}, desk.sealer)
    with pytest.raises(Unavailable, match="too long to renew"):
        await slow.refresh(access)
    assert (await desk.accounts.refresh(access)).secrets == {"token": "2"}


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.on_postgresql)])
async def test_a_hundred_workers_of_several_processes_share_one_exchange(
    desk: Desk, fake: FakePlatform, database: str
) -> None:
    fake.lasts = timedelta(minutes=4)
    await desk.connect("fake")
    known = await account(desk)

    class Once(FakePlatform):
        """Its login works once: whoever brings it a second time loses everything."""

        seen: ClassVar[list[str]] = []

        async def refresh(self, access: Access) -> Login:
            self.seen.append(access.secrets["token"])
            await asyncio.sleep(0.2)
            return Login({"token": "2"}, desk.clock.now() + HOUR)

    databases = [
        Database(str(desk.db.engine.url), desk.clock) for _ in range(10 if desk.db.is_sqlite else 2)
    ]  # a server has a hundred connections
    try:
        workers = [
            Accounts(databases[number % len(databases)], desk.clock, {"fake": Once(desk.clock)}, desk.sealer)
            for number in range(100)
        ]
        found = await asyncio.gather(*(worker.access(known) for worker in workers))
    finally:
        for db in databases:
            await db.close()
    assert Once.seen == ["1"]
    assert {one.secrets["token"] for one in found} == {"2"}


async def test_a_worker_that_died_while_renewing_holds_nobody_up_for_long(desk: Desk, fake: FakePlatform) -> None:
    access = await desk.accounts.access(await account(desk))
    async with desk.db.writing() as session:
        row = (await session.scalars(select(Account))).one()
        row.renewing, row.renewing_until = "renewal_of_the_dead", desk.clock.now() + timedelta(seconds=60)
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        desk.clock.move(timedelta(seconds=20))

    patient = Accounts(desk.db, desk.clock, {"fake": fake}, desk.sealer, sleep)
    assert (await patient.refresh(access)).secrets == {"token": "2"}
    assert len(pauses) == 3


async def test_connecting_anew_during_a_renewal_wins(desk: Desk) -> None:
    access = await desk.accounts.access(await account(desk))

    class Overtaken(FakePlatform):
        async def refresh(self, access: Access) -> Login:
            async with desk.db.writing() as session:
                row = (await session.scalars(select(Account))).one()
                row.sealed, row.renewing = desk.sealer.seal({"token": "new"}), ""
            return Login({"token": "late"})

    slower = Accounts(desk.db, desk.clock, {"fake": Overtaken(desk.clock)}, desk.sealer)
    assert (await slower.refresh(access)).secrets == {"token": "new"}


async def test_a_login_that_was_lost_is_not_renewed_again(desk: Desk, fake: FakePlatform) -> None:
    access = await desk.accounts.access(await account(desk))
    await desk.accounts.lost_login(await desk.accounts.access(access.account_id))
    with pytest.raises(NeedsReconnect):
        await desk.accounts.refresh(access)
    assert fake.refreshes == 0


async def test_accounts_of_one_consent_are_renewed_by_one_exchange(desk: Desk, fake: FakePlatform) -> None:
    first, second = await sharing(desk, fake)
    stale = [await desk.accounts.access(one) for one in (first, second)]
    fresh = await asyncio.gather(*(desk.accounts.refresh(one) for one in stale * 10))
    assert fake.refreshes == 1
    assert {one.secrets["token"] for one in fresh} == {"2"}


async def test_a_renewal_is_finished_though_whoever_asked_is_gone(desk: Desk) -> None:
    access, going, may_end = await desk.accounts.access(await account(desk)), asyncio.Event(), asyncio.Event()

    class Slow(FakePlatform):
        async def refresh(self, access: Access) -> Login:
            going.set()
            await may_end.wait()
            return Login({"token": "2"})

    slow = Accounts(desk.db, desk.clock, {"fake": Slow(desk.clock)}, desk.sealer)
    asking = asyncio.create_task(slow.refresh(access))
    await going.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    may_end.set()
    await slow.finish_renewals()
    assert (await desk.accounts.access(access.account_id)).secrets == {"token": "2"}


async def test_what_comes_for_an_account_that_was_disconnected_is_ended(desk: Desk) -> None:
    access = await desk.accounts.access(await account(desk))

    class Overtaken(FakePlatform):
        async def refresh(self, access: Access) -> Login:
            await desk.accounts.disconnect(desk.actor, access.account_id)
            return Login({"token": "late"})

    overtaken = Overtaken(desk.clock)
    slower = Accounts(desk.db, desk.clock, {"fake": overtaken}, desk.sealer)
    with pytest.raises(NeedsReconnect):
        await slower.refresh(access)
    assert overtaken.revoked == ["late"]
    assert [one.state for one in await desk.rows(Account)] == ["disconnected"]


async def test_a_refusal_of_the_login_before_this_one_loses_nothing(desk: Desk, fake: FakePlatform) -> None:
    before = await desk.accounts.access(await account(desk))
    now = await desk.accounts.refresh(before)
    assert not await desk.accounts.lost_login(before)
    assert await desk.accounts.access(before.account_id) == now


async def test_a_renewal_that_tells_no_end_keeps_the_one_that_was_told(desk: Desk, fake: FakePlatform) -> None:
    fake.ends = timedelta(days=60)
    view = await desk.connect("fake")
    fake.ends = None
    await desk.accounts.refresh(await desk.accounts.access(view.id))
    assert (await desk.accounts.view(desk.actor.workspace_id, view.id)).ends_at == view.ends_at


# a database that refuses what came of an exchange

Trouble = Callable[[Database, Path], AbstractAsyncContextManager[None]]
FRESH = {"token": "2" * 20_000}
"""Too long for the page of the old one."""


def locked(_: Database, path: Path) -> AbstractAsyncContextManager[None]:
    return locked_file(path)


def full(db: Database, path: Path) -> AbstractAsyncContextManager[None]:
    return full_disk(db, path, AN_ENTRY)


def dying(db: Database, _: Path) -> AbstractAsyncContextManager[None]:
    address = db.engine.url.set(drivername="postgresql")
    return dying_connections(address.render_as_string(hide_password=False), "account")


class Troubled:
    """The database is in trouble from an exchange on, until as many tries to keep its login were refused as a test says."""

    def __init__(self, desk: Desk, path: Path, trouble: Trouble, refusals: int) -> None:
        self.desk, self.path, self.trouble, self.refusals = desk, path, trouble, refusals
        self.exchanged: list[str] = []
        self.pauses: list[float] = []
        self.refused = asyncio.Event()
        self.over = AsyncExitStack()

    def accounts(self) -> Accounts:
        troubled = self

        class Once(FakePlatform):
            async def refresh(self, access: Access) -> Login:
                troubled.exchanged.append(access.secrets["token"])
                await troubled.over.enter_async_context(troubled.trouble(troubled.desk.db, troubled.path))
                return Login(FRESH)

        return Accounts(self.desk.db, self.desk.clock, {"fake": Once(self.desk.clock)}, self.desk.sealer, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.refused.set()
        await asyncio.sleep(0)
        if len(self.pauses) == self.refusals:
            await self.over.aclose()


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(locked, marks=pytest.mark.on_sqlite),
        pytest.param(full, marks=pytest.mark.on_sqlite),
        pytest.param(dying, marks=pytest.mark.on_postgresql),
    ],
)
async def test_a_login_is_kept_though_the_database_refuses_it_at_first(
    desk: Desk, tmp_path: Path, trouble: Trouble
) -> None:
    """The platform takes the old one no second time."""
    access = await desk.accounts.access(await account(desk))
    if desk.db.is_sqlite:
        await made_impatient(desk.db)
    troubled = Troubled(desk, tmp_path / "copydesk.db", trouble, refusals=2)
    assert (await troubled.accounts().refresh(access)).secrets == FRESH
    assert (troubled.exchanged, troubled.pauses) == (["1"], list(PAUSES[:2]))
    assert (await desk.accounts.access(access.account_id)).secrets == FRESH


@pytest.mark.on_sqlite
async def test_stopping_the_desk_waits_until_a_refused_login_is_kept(desk: Desk, tmp_path: Path) -> None:
    access = await desk.accounts.access(await account(desk))
    await made_impatient(desk.db)
    troubled = Troubled(desk, tmp_path / "copydesk.db", locked, refusals=3)
    accounts = troubled.accounts()
    asking = asyncio.create_task(accounts.refresh(access))
    await asyncio.wait_for(troubled.refused.wait(), 5)
    asking.cancel()
    await accounts.finish_renewals()
    assert (await desk.accounts.access(access.account_id)).secrets == FRESH


@pytest.mark.on_sqlite
async def test_a_database_that_refuses_for_long_is_given_up_inside_the_lease(desk: Desk, tmp_path: Path) -> None:
    access = await desk.accounts.access(await account(desk))
    await made_impatient(desk.db)
    troubled = Troubled(desk, tmp_path / "copydesk.db", locked, refusals=len(PAUSES) + 1)
    async with troubled.over:
        with pytest.raises(OperationalError):
            await troubled.accounts().refresh(access)
    assert troubled.pauses == list(PAUSES)
    assert sum(PAUSES) < KEEPING_TAKES.total_seconds()
    assert RENEWAL_TAKES + KEEPING_TAKES < LEASE
