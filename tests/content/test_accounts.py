from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from content.accounts import Accounts
from content.errors import Invalid, NeedsReconnect, NotAllowed, NotFound
from content.ids import new_id
from content.models import Account, Delivery, DeliveryState, Role, Workspace
from content.people import Actor
from content.platform import Access
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import BarePlatform, Do, FakePlatform

HOUR = timedelta(hours=1)


async def account(desk: Desk) -> str:
    return (await desk.accounts.connected(desk.actor.workspace_id))[0].id


async def sharing(desk: Desk, fake: FakePlatform) -> tuple[str, str]:
    """A person's account and their page's, by one login."""
    async with desk.db.writing() as session:
        result = await fake.check(await desk.accounts.access(await account(desk)))
        page = replace(result, identity=replace(result.identity, remote_id="page", handle="page"))
        bound = [await desk.accounts.bind(session, desk.actor, "fake", one, "login_1") for one in (result, page)]
    return bound[0].id, bound[1].id


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
    await desk.accounts.lost_login(await desk.accounts.access(first))
    assert (await desk.connect("fake")).id == first
    assert [one.state for one in await desk.accounts.connected(desk.actor.workspace_id)] == ["connected"]


async def test_only_who_may_connect_disconnects(desk: Desk) -> None:
    editor = await desk.member(Role.EDITOR)
    with pytest.raises(NotAllowed):
        await desk.accounts.disconnect(editor, await account(desk))


async def test_a_login_shared_with_another_account_is_not_ended_there(desk: Desk, fake: FakePlatform) -> None:
    first, second = await sharing(desk, fake)
    await desk.accounts.disconnect(desk.actor, first)
    assert fake.revoked == []
    await desk.accounts.disconnect(desk.actor, second)
    assert fake.revoked == ["1"]


async def test_the_same_account_in_another_workspace_keeps_its_login(desk: Desk, fake: FakePlatform) -> None:
    known = await account(desk)
    async with desk.db.writing() as session:
        here = await session.get_one(Account, known)
        workspace = Workspace(id=new_id("workspace"), name="Theirs", zone="UTC", created_at=desk.clock.now())
        session.add(workspace)
        await session.flush()
        told = ("platform", "remote_id", "handle", "server", "facts", "sealed", "connected_by", "connected_at")
        copied = {one: getattr(here, one) for one in told}
        session.add(Account(id=new_id("account"), workspace_id=workspace.id, **copied))
    await desk.accounts.disconnect(desk.actor, known)
    assert fake.revoked == []


async def test_connecting_anew_while_the_old_login_is_ended_wins(desk: Desk) -> None:
    known = await account(desk)

    class Slow(FakePlatform):
        async def revoke(self, access: Access) -> None:
            await desk.connect("fake")

    slower = Accounts(desk.db, desk.clock, {"fake": Slow(desk.clock)}, desk.sealer)
    await slower.disconnect(desk.actor, known)
    assert (await desk.accounts.access(known)).secrets == {"token": "1"}


async def test_disconnecting_twice_ends_the_login_once(desk: Desk, fake: FakePlatform) -> None:
    known = await account(desk)
    await desk.accounts.disconnect(desk.actor, known)
    await desk.accounts.disconnect(desk.actor, known)
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
        told.append(
            (ending.days_left, [one.handle for one in ending.accounts], ending.member_id == desk.actor.member_id)
        )
    assert told == [(days, ["ann"], True) for days in (14, 7, 1, 0)]
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


async def test_a_login_sealed_with_another_key_can_be_let_go(desk: Desk, fake: FakePlatform) -> None:
    known = await account(desk)
    async with desk.db.writing() as session:
        (await session.get_one(Account, known)).sealed = b"sealed elsewhere"
    assert (await desk.accounts.disconnect(desk.actor, known)).state == "disconnected"
    assert fake.revoked == []


async def test_a_new_login_may_be_refused_once_again(desk: Desk) -> None:
    """A platform's one refusal is forgotten with the login it was about, whatever the post waits for."""
    post = await desk.planned("One")
    async with desk.db.writing() as session:
        row = await session.get_one(Delivery, (await desk.row(post)).id)
        row.refused_login_at, row.error_code = desk.clock.now(), "unavailable"
    await desk.connect("fake")
    row = await desk.row(post)
    assert (row.refused_login_at, row.error_code) == (None, "unavailable")
