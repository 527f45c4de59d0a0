import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from sqlalchemy import select

from content.accounts import Accounts
from content.connecting import Login
from content.database import Database
from content.errors import Invalid, NeedsReconnect, NotAllowed, NotFound, Unavailable
from content.models import Account, AuditEntry, DeliveryState, Role
from content.people import Actor
from content.platform import Access
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import BarePlatform, Do, FakePlatform

HOUR = timedelta(hours=1)


async def account(desk: Desk) -> str:
    return (await desk.accounts.connected(desk.actor.workspace_id))[0].id


async def test_a_connected_account_keeps_its_login_sealed(desk: Desk) -> None:
    row = (await desk.rows(Account))[0]
    assert (row.handle, row.server, row.facts, row.state) == (
        "ann",
        "https://fake.example",
        {"lang": "en"},
        "connected",
    )
    assert b"token" not in row.sealed
    access = await desk.accounts.access(row.id)
    assert (access.handle, access.secrets) == ("ann", {"token": "1"})


async def test_the_form_says_what_is_missing_before_anything_is_sent(desk: Desk) -> None:
    with pytest.raises(Invalid, match="Please fill in: Your name there"):
        await desk.consents.begin(desk.actor, "fake", {"user": "  "}, callback_url="")


async def test_offers_are_the_platforms_with_accounts_to_connect(build: Build, clock: FakeClock) -> None:
    desk = await build(
        FakePlatform(clock), FakePlatform(clock, "folderish", needs_account=False), BarePlatform(clock, "bare")
    )
    assert [(one.name, one.label, one.fields[0].name) for one in desk.accounts.offers()] == [("fake", "Fake", "user")]
    for unknown in ("bare", "myspace"):
        with pytest.raises(NotFound, match="These can: Fake"):
            await desk.consents.begin(desk.actor, unknown, {}, callback_url="")


async def test_what_needs_no_account_is_connected_once_by_itself(desk: Desk, clock: FakeClock) -> None:
    built_in = FakePlatform(clock, "folderish", needs_account=False)
    accounts = Accounts(desk.db, clock, {**desk.platforms, "folderish": built_in}, desk.sealer)
    await accounts.connect_built_in(desk.actor)
    await accounts.connect_built_in(desk.actor)
    assert [one.platform for one in await accounts.connected(desk.actor.workspace_id)] == ["fake", "folderish"]
    built_in.elsewhere = True
    await accounts.disconnect(desk.actor, (await accounts.connected(desk.actor.workspace_id))[1].id)
    await accounts.connect_built_in(desk.actor)
    assert [one.platform for one in await accounts.connected(desk.actor.workspace_id)] == ["fake"]


async def test_connecting_the_same_account_again_renews_it(desk: Desk) -> None:
    first = await account(desk)
    await desk.accounts.lost_login(first)
    assert (await desk.connect("fake")).id == first
    assert [one.state for one in await desk.accounts.connected(desk.actor.workspace_id)] == ["connected"]


async def test_only_who_may_connect_disconnects(desk: Desk) -> None:
    editor = await desk.member(Role.EDITOR)
    with pytest.raises(NotAllowed):
        await desk.accounts.disconnect(editor, await account(desk))


async def test_fifty_who_need_a_fresh_login_at_once_share_one_exchange(desk: Desk, fake: FakePlatform) -> None:
    fake.lasts = timedelta(minutes=4)
    await desk.connect("fake")
    fake.lasts = HOUR
    known = await account(desk)
    found = await asyncio.gather(*(desk.accounts.access(known) for _ in range(50)))
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
    await desk.accounts.lost_login(access.account_id)
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


async def test_fifty_workers_of_several_processes_share_one_exchange(
    desk: Desk, fake: FakePlatform, tmp_path: Path
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

    databases = [Database(str(desk.db.engine.url), desk.clock) for _ in range(10)]
    try:
        workers = [
            Accounts(db, desk.clock, {"fake": Once(desk.clock)}, desk.sealer) for db in databases for _ in range(5)
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
    await desk.accounts.lost_login(access.account_id)
    with pytest.raises(NeedsReconnect):
        await desk.accounts.refresh(access)
    assert fake.refreshes == 0


async def test_a_login_shared_with_another_account_is_not_ended_there(desk: Desk, fake: FakePlatform) -> None:
    await desk.connect("fake", "page")
    first, second = await desk.accounts.connected(desk.actor.workspace_id)
    await desk.accounts.disconnect(desk.actor, first.id)
    assert fake.revoked == []
    await desk.accounts.disconnect(desk.actor, second.id)
    assert fake.revoked == ["1"]


async def test_the_end_of_a_login_is_told_in_time_and_then_it_is_lost(desk: Desk, fake: FakePlatform) -> None:
    fake.ends = timedelta(days=60)
    view = await desk.connect("fake")
    assert view.ends_at == desk.clock.now() + timedelta(days=60)
    assert await desk.accounts.ending(view.id) == (None, view.ends_at - timedelta(days=14))
    told = []
    for _ in range(4):
        _, at = await desk.accounts.ending(view.id)
        assert at is not None
        desk.clock.set(at)
        ending, _ = await desk.accounts.ending(view.id)
        assert ending is not None
        told.append((ending.days_left, ending.account.handle, ending.member_id == desk.actor.member_id))
    assert told == [(14, "ann", True), (7, "ann", True), (1, "ann", True), (0, "ann", True)]
    assert await desk.accounts.ending(view.id) == (None, None)
    assert [one.state for one in await desk.accounts.connected(desk.actor.workspace_id)] == ["needs_reconnect"]
    await desk.accounts.disconnect(desk.actor, view.id)
    assert (await desk.accounts.view(desk.actor.workspace_id, view.id)).ends_at is None


async def test_an_account_is_named_with_what_it_is_called(desk: Desk) -> None:
    row = (await desk.rows(Account))[0]
    async with desk.db.writing() as session:
        (await session.get_one(Account, row.id)).name = "Ann of Green Gables"
    assert (await desk.accounts.view(desk.actor.workspace_id, row.id)).words == "Fake ann (Ann of Green Gables)"


async def test_a_platform_that_knows_no_logins_cannot_renew_one(build: Build, clock: FakeClock) -> None:
    desk = await build(BarePlatform(clock))
    access = await desk.accounts.access(await desk.connect_bare("fake"))
    with pytest.raises(NeedsReconnect):
        await desk.accounts.refresh(access)


@pytest.mark.parametrize("trouble", [[], [Do.BE_DOWN]])
async def test_a_disconnected_account_forgets_its_login_whatever_the_platform_says(
    desk: Desk, fake: FakePlatform, trouble: list[Do]
) -> None:
    known = await account(desk)
    fake.revoking.extend(trouble)
    view = await desk.accounts.disconnect(desk.actor, known)
    assert view.state == "disconnected"
    assert fake.revoked == ([] if trouble else ["1"])
    assert await desk.accounts.connected(desk.actor.workspace_id) == []
    with pytest.raises(NeedsReconnect):
        await desk.accounts.access(known)
    assert desk.sealer.open((await desk.rows(Account))[0].sealed) == {}
    assert (await desk.accounts.disconnect(desk.actor, known)).state == "disconnected"


async def test_disconnecting_works_without_logins_and_not_across_workspaces(build: Build, clock: FakeClock) -> None:
    desk = await build(BarePlatform(clock))
    known = await desk.connect_bare("fake")
    assert (await desk.accounts.disconnect(desk.actor, known)).state == "disconnected"
    for unknown in ("account_0", known):
        stranger = desk.actor if unknown != known else _of_another_workspace(desk)
        with pytest.raises(NotFound):
            await desk.accounts.disconnect(stranger, unknown)


def _of_another_workspace(desk: Desk) -> Actor:
    return replace(desk.actor, workspace_id="workspace_0")


async def test_accounts_are_named_by_platform_label_or_handle(build: Build, clock: FakeClock) -> None:
    desk = await build(FakePlatform(clock, "first"), FakePlatform(clock, "second"))
    await desk.connect("second", "Bob")
    workspace = desk.actor.workspace_id

    async def named(*names: str) -> list[tuple[str, str]]:
        return sorted((one.platform, one.handle) for one in await desk.accounts.matching(workspace, names))

    assert await named("First") == [("first", "ann")]
    assert await named("@bob", "bob") == [("second", "Bob")]
    assert await named("second", "first") == [("first", "ann"), ("second", "Bob"), ("second", "ann")]
    assert len(await named()) == 3
    with pytest.raises(Invalid, match=r"Connected: First \(ann\)"):
        await named("myspace")


async def test_naming_an_account_where_there_is_none_says_so(build: Build, clock: FakeClock) -> None:
    desk = await build(BarePlatform(clock))
    with pytest.raises(Invalid, match="Connected: none yet"):
        await desk.accounts.matching(desk.actor.workspace_id, ["fake"])


async def test_an_instances_own_limit_is_shown(desk: Desk) -> None:
    async with desk.db.writing() as session:
        (await session.scalars(select(Account))).one().facts = {"text_limit": 500}
    assert [(one.limit, one.unit) for one in await desk.accounts.connected(desk.actor.workspace_id)] == [
        (500, "characters")
    ]


async def test_what_is_due_on_a_disconnected_account_waits_and_says_so(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello")
    await desk.accounts.disconnect(desk.actor, await account(desk))
    await desk.wait(HOUR)
    shown = await desk.delivery(post)
    assert (shown.state, shown.error_code, fake.public) == (DeliveryState.WAITING, "needs_reconnect", [])


async def test_a_login_sealed_with_another_key_fails_the_post_and_says_what_to_do(
    desk: Desk, fake: FakePlatform
) -> None:
    async with desk.db.writing() as session:
        (await session.scalars(select(Account))).one().sealed = b"sealed elsewhere"
    post = await desk.now()
    await desk.wait(HOUR)
    shown = await desk.delivery(post)
    assert (shown.state, fake.keys) == (DeliveryState.FAILED, [])
    assert "Put the old sealing key back" in shown.error
