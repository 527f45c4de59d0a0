"""A person in several chats is one member, linked by a one-time word and a button; teams belong to a workspace."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from content.database import Database
from content.errors import Conflict, Invalid, NotAllowed
from content.identities import INVITATION_LASTS, LINK_LASTS, SEEN_EVERY, Claim, Identities
from content.models import AuditEntry, Home, Identity, Invitation, Role
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk


@pytest.fixture
def identities(db: Database, clock: FakeClock) -> Identities:
    return Identities(db, clock)


@pytest.fixture
async def desk(build: Build) -> Desk:
    return await build()


async def audit(desk: Desk) -> list[str]:
    return [row.verb for row in await desk.rows(AuditEntry)]


async def test_a_word_brought_and_confirmed_makes_two_chats_one_member(identities: Identities, desk: Desk) -> None:
    word = await identities.invite(desk.actor, role=None)
    claim = await identities.claim(word, "slack", "T1:U1", "Ann in Slack")
    assert (claim.workspace_name, claim.member_name, claim.role) == ("My desk", "You", "")
    assert await identities.who("slack", "T1:U1") is None
    linked = await identities.accept(claim.invitation_id, "slack", "T1:U1")
    assert linked.member_id == desk.actor.member_id
    assert await identities.who("slack", "T1:U1") == linked
    assert linked.name == "Ann in Slack"  # whoever opened the desk was never asked for a name
    assert await identities.remote(desk.actor.member_id, "slack") == "T1:U1"
    assert [(one.chat, one.remote_id, one.name) for one in await identities.of(desk.actor.member_id)] == [
        ("slack", "T1:U1", "Ann in Slack")
    ]
    assert (await audit(desk))[-2:] == ["invitation.made", "identity.linked"]


async def test_only_the_hash_of_a_word_is_kept(identities: Identities, desk: Desk) -> None:
    word = await identities.invite(desk.actor, role=None)
    [row] = await desk.rows(Invitation)
    assert word not in str(vars(row))


async def test_an_invitation_makes_a_new_member_of_its_role(identities: Identities, desk: Desk) -> None:
    word = await identities.invite(desk.actor, role=Role.APPROVER, name="Jo")
    claim = await identities.claim(word, "telegram", "7", "jo_jo")
    assert claim == Claim(claim.invitation_id, "My desk", "", "approver")
    jo = await identities.accept(claim.invitation_id, "telegram", "7")
    assert (jo.name, jo.role, jo.workspace_id) == ("Jo", Role.APPROVER, desk.actor.workspace_id)
    assert "member.added" in await audit(desk)


async def test_an_invited_member_without_a_name_is_called_as_their_chat_calls_them(
    identities: Identities, desk: Desk
) -> None:
    word = await identities.invite(desk.actor, role=Role.VIEWER)
    claim = await identities.claim(word, "telegram", "7", "jo_jo")
    assert (await identities.accept(claim.invitation_id, "telegram", "7")).name == "jo_jo"


async def test_only_who_manages_may_invite_and_nobody_becomes_owner(identities: Identities, desk: Desk) -> None:
    editor = await desk.member(Role.EDITOR)
    with pytest.raises(NotAllowed):
        await identities.invite(editor, role=Role.VIEWER)
    with pytest.raises(Invalid, match="one owner"):
        await identities.invite(desk.actor, role=Role.OWNER)
    assert await identities.invite(editor, role=None)


async def test_a_word_works_once(identities: Identities, desk: Desk) -> None:
    word = await identities.invite(desk.actor, role=None)
    claim = await identities.claim(word, "slack", "T1:U1", "Ann")
    await identities.accept(claim.invitation_id, "slack", "T1:U1")
    with pytest.raises(NotAllowed, match="used already"):
        await identities.claim(word, "slack", "T1:U2", "Mallory")
    with pytest.raises(NotAllowed):
        await identities.accept(claim.invitation_id, "slack", "T1:U1")


@pytest.mark.parametrize(("role", "lasts"), [(None, LINK_LASTS), (Role.VIEWER, INVITATION_LASTS)])
async def test_a_word_grows_old(
    identities: Identities, desk: Desk, clock: FakeClock, role: Role | None, lasts: timedelta
) -> None:
    word = await identities.invite(desk.actor, role=role)
    clock.set(clock.now() + lasts)
    await identities.claim(word, "slack", "T1:U1", "Ann")
    clock.set(clock.now() + timedelta(seconds=1))
    with pytest.raises(NotAllowed, match="too old"):
        await identities.claim(word, "slack", "T1:U1", "Ann")


async def test_an_unknown_word_is_refused(identities: Identities) -> None:
    with pytest.raises(NotAllowed, match="never given out"):
        await identities.claim("x" * 43, "slack", "T1:U1", "Ann")
    with pytest.raises(NotAllowed):
        await identities.accept("invitation_none", "slack", "T1:U1")


async def test_only_who_brought_the_word_last_may_confirm_it(identities: Identities, desk: Desk) -> None:
    word = await identities.invite(desk.actor, role=None)
    claim = await identities.claim(word, "slack", "T1:U1", "Ann")
    with pytest.raises(NotAllowed, match="Somebody else"):
        await identities.accept(claim.invitation_id, "slack", "T1:U2")
    with pytest.raises(NotAllowed, match="Somebody else"):
        await identities.refuse(claim.invitation_id, "telegram", "T1:U1")
    assert await identities.who("slack", "T1:U2") is None


async def test_a_refused_word_is_void(identities: Identities, desk: Desk) -> None:
    word = await identities.invite(desk.actor, role=None)
    claim = await identities.claim(word, "slack", "T1:U1", "Mallory")
    await identities.refuse(claim.invitation_id, "slack", "T1:U1")
    with pytest.raises(NotAllowed):
        await identities.accept(claim.invitation_id, "slack", "T1:U1")
    assert "invitation.refused" in await audit(desk)


async def test_who_is_known_already_cannot_become_somebody_else(identities: Identities, desk: Desk) -> None:
    await identities.attach(desk.actor.member_id, "slack", "T1:U1", "Ann")
    word = await identities.invite(desk.actor, role=Role.VIEWER)
    claim = await identities.claim(word, "slack", "T1:U1", "Ann")
    with pytest.raises(Conflict, match="/unlink"):
        await identities.accept(claim.invitation_id, "slack", "T1:U1")


async def test_attaching_twice_changes_nothing_and_unlinking_ends_it(identities: Identities, desk: Desk) -> None:
    editor = await desk.member(Role.EDITOR)
    await identities.attach(desk.actor.member_id, "slack", "T1:U1", "Ann")
    await identities.attach(editor.member_id, "slack", "T1:U1", "Eve")
    found = await identities.who("slack", "T1:U1")
    assert found is not None
    assert (found.member_id, found.name) == (desk.actor.member_id, "Ann")
    assert await identities.unlink("slack", "T1:U1")
    assert not await identities.unlink("slack", "T1:U1")
    assert await identities.who("slack", "T1:U1") is None
    assert await identities.remote(desk.actor.member_id, "slack") is None
    assert "identity.unlinked" in await audit(desk)


async def test_where_somebody_was_seen_last_comes_first(identities: Identities, desk: Desk, clock: FakeClock) -> None:
    await identities.attach(desk.actor.member_id, "slack", "T1:U1", "Ann")
    clock.set(clock.now() + SEEN_EVERY)
    await identities.attach(desk.actor.member_id, "telegram", "7", "ann")
    assert [one.chat for one in await identities.of(desk.actor.member_id)] == ["telegram", "slack"]
    clock.set(clock.now() + SEEN_EVERY)
    await identities.seen("slack", "T1:U1")
    assert [one.chat for one in await identities.of(desk.actor.member_id)] == ["slack", "telegram"]


async def test_that_somebody_was_seen_is_written_once_a_minute(
    identities: Identities, desk: Desk, clock: FakeClock
) -> None:
    await identities.attach(desk.actor.member_id, "slack", "T1:U1", "Ann")
    first = clock.now()
    clock.set(first + SEEN_EVERY)
    await identities.seen("slack", "T1:U1")
    assert [row.seen_at for row in await desk.rows(Identity)] == [first]


async def test_a_stranger_counts_as_told_after_the_first_time(identities: Identities) -> None:
    assert await identities.first_time("telegram", "9")
    assert not await identities.first_time("telegram", "9")
    assert await identities.first_time("slack", "9")
    await identities.not_told("telegram", "9")
    assert await identities.first_time("telegram", "9")
    assert not await identities.first_time("slack", "9")


async def test_a_team_belongs_to_a_workspace_until_the_desk_is_put_out(identities: Identities, desk: Desk) -> None:
    assert await identities.home("slack", "T1") is None
    await identities.move_in(desk.actor.workspace_id, "slack", "T1", "Acme")
    assert await identities.home("slack", "T1") == desk.actor.workspace_id
    await identities.move_out("slack", "T1")
    await identities.move_out("slack", "T1")
    await identities.move_out("slack", "T9")
    assert await identities.home("slack", "T1") is None
    await identities.move_in(desk.actor.workspace_id, "slack", "T1", "Acme Ltd")
    assert await identities.home("slack", "T1") == desk.actor.workspace_id
    [home] = await desk.rows(Home)
    assert home.name == "Acme Ltd"
    assert [verb for verb in await audit(desk) if verb.startswith("home")] == [
        "home.moved_in",
        "home.left",
        "home.moved_in",
    ]


async def test_a_team_is_not_taken_over_by_another_workspace(identities: Identities, desk: Desk, db: Database) -> None:
    await identities.move_in(desk.actor.workspace_id, "slack", "T1", "Acme")
    with pytest.raises(Conflict, match="Another desk lives in Acme"):
        await identities.move_in("workspace_2", "slack", "T1", "Acme")
    assert await identities.home("slack", "T1") == desk.actor.workspace_id


async def test_the_audit_trail_names_the_chat(identities: Identities, desk: Desk, db: Database) -> None:
    await identities.attach(desk.actor.member_id, "slack", "T1:U1", "Ann")
    async with db.reading() as session:
        row = await session.scalar(select(AuditEntry).where(AuditEntry.verb == "identity.linked"))
    assert row is not None
    assert row.detail == {"chat": "slack"}
