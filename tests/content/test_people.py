from datetime import timedelta
from typing import get_args

import pytest

from content.database import Database
from content.errors import NotAllowed, NotFound
from content.models import AuditEntry, Role
from content.people import Actor, People, Right
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk

ALLOWED = {
    Role.OWNER: {"read", "draft", "approve", "connect", "manage"},
    Role.ADMIN: {"read", "draft", "approve", "connect", "manage"},
    Role.EDITOR: {"read", "draft"},
    Role.APPROVER: {"read", "approve"},
    Role.VIEWER: {"read"},
    Role.GUEST: set(),
}


@pytest.fixture
def people(db: Database, clock: FakeClock) -> People:
    return People(db, clock)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("right", get_args(Right))
def test_each_role_may_do_what_the_table_says(role: Role, right: Right) -> None:
    actor = Actor("workspace_1", "member_1", "Ann", role, "UTC")
    assert actor.may(right) == (right in ALLOWED[role])
    if right in ALLOWED[role]:
        actor.require(right)
    else:
        with pytest.raises(NotAllowed, match=f"your role here is {role.value}"):
            actor.require(right)


async def test_the_first_run_opens_one_desk_and_later_runs_find_it(people: People) -> None:
    first = await people.open_desk("Europe/Berlin")
    assert (first.role, first.zone) == (Role.OWNER, "Europe/Berlin")
    assert await people.open_desk("UTC") == first


async def test_an_owner_adds_members_and_an_editor_does_not(desk: Desk) -> None:
    editor = await desk.member(Role.EDITOR, "Eve")
    assert (editor.name, editor.workspace_id, editor.zone) == ("Eve", desk.actor.workspace_id, "Europe/Berlin")
    assert await desk.people.actor(editor.member_id) == editor
    with pytest.raises(NotAllowed):
        await desk.people.add_member(editor, "Mallory", Role.OWNER)
    noted = [row for row in await desk.rows(AuditEntry) if row.verb == "member.added"]
    assert [(row.member_id, row.detail) for row in noted] == [(desk.actor.member_id, {"role": "editor"})]


async def test_a_member_who_is_gone_is_not_found(people: People) -> None:
    with pytest.raises(NotFound):
        await people.actor("member_0")


async def test_a_sign_in_address_works_once(desk: Desk) -> None:
    token = await desk.people.invite(desk.actor.member_id)
    secret = await desk.people.sign_in(token)
    assert await desk.people.whose(secret) == desk.actor
    with pytest.raises(NotAllowed):
        await desk.people.sign_in(token)


async def test_a_sign_in_address_grows_old_and_an_invented_one_never_works(desk: Desk) -> None:
    token = await desk.people.invite(desk.actor.member_id)
    desk.clock.move(timedelta(hours=1, seconds=1))
    for wrong in (token, "invented"):
        with pytest.raises(NotAllowed, match="copydesk login"):
            await desk.people.sign_in(wrong)


async def test_a_browser_session_ends_after_thirty_days(desk: Desk) -> None:
    secret = await desk.people.sign_in(await desk.people.invite(desk.actor.member_id))
    desk.clock.move(timedelta(days=30) - timedelta(seconds=1))
    assert await desk.people.whose(secret) is not None
    desk.clock.move(timedelta(seconds=1))
    assert await desk.people.whose(secret) is None
    assert await desk.people.whose("invented") is None


async def test_an_author_may_approve_only_where_nobody_else_can(build: Build, desk: Desk) -> None:
    assert (await desk.approve(await desk.draft())).state.value == "approved"
    await desk.member(Role.EDITOR)
    assert (await desk.approve(await desk.draft())).state.value == "approved"
    await desk.member(Role.APPROVER)
    with pytest.raises(NotAllowed, match="somebody else must approve"):
        await desk.approve(await desk.draft())
