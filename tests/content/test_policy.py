"""A workspace's own rules, who may change them, and who lives by them."""

from datetime import timedelta

import pytest

from content.errors import Invalid, NotAllowed
from content.identities import Identities
from content.models import AuditEntry, Role
from content.policy import Policy
from tests.fakes.desk import Desk


@pytest.fixture
def policy(desk: Desk) -> Policy:
    return desk.approvals.policy


async def test_what_is_not_named_stays_as_it_was(desk: Desk, policy: Policy) -> None:
    before = await policy.view(desk.actor.workspace_id)
    assert (before.quorum, before.review_hours, before.self_approval, before.approval_survives_move) == (
        1,
        24,
        False,
        True,
    )
    after = await policy.set(desk.actor, quorum=2, approval_survives_move=False)
    assert (after.quorum, after.review_hours, after.self_approval, after.approval_survives_move) == (
        2,
        24,
        False,
        False,
    )


async def test_a_change_is_noted_with_who_made_it(desk: Desk, policy: Policy) -> None:
    await policy.set(desk.actor, review_hours=48)
    [noted] = [row for row in await desk.rows(AuditEntry) if row.verb == "workspace.policy_set"]
    assert (noted.member_id, noted.detail) == (desk.actor.member_id, {"review_hours": 48})
    await desk.run()
    assert ("redraw", "settings:all") in desk.told


@pytest.mark.parametrize("role", [Role.EDITOR, Role.APPROVER, Role.VIEWER, Role.GUEST])
async def test_only_owners_and_admins_change_rules(desk: Desk, policy: Policy, role: Role) -> None:
    with pytest.raises(NotAllowed):
        await policy.set(await desk.member(role), quorum=2)


@pytest.mark.parametrize(
    "wrong",
    [
        {"quorum": 0},
        {"quorum": 6},
        {"review_hours": 0},
        {"review_hours": 337},
        {"late_after_minutes": 4},
        {"late_after_minutes": 1441},
    ],
)
async def test_a_rule_nobody_could_live_by_is_refused(desk: Desk, policy: Policy, wrong: dict[str, int]) -> None:
    with pytest.raises(Invalid, match="so nothing was changed"):
        await policy.set(desk.actor, **wrong)  # type: ignore[arg-type]
    assert (await policy.view(desk.actor.workspace_id)).quorum == 1


async def test_members_are_shown_with_the_chats_that_know_them(desk: Desk, policy: Policy) -> None:
    jo = await desk.member(Role.APPROVER, "Jo")
    identities = Identities(desk.db, desk.clock)
    for chat, remote_id in (("one", "U1"), ("two", "7"), ("one", "U2")):
        await identities.attach(jo.member_id, chat, remote_id, "jo")
        desk.clock.move(timedelta(seconds=1))
    shown = {one.name: (one.role, one.chats) for one in (await policy.view(desk.actor.workspace_id)).members}
    assert shown == {"the owner": (Role.OWNER, ()), "Jo": (Role.APPROVER, ("one", "two"))}


async def test_whether_everything_is_on_hold_is_seen(desk: Desk, policy: Policy) -> None:
    await desk.guards.switch.hold(desk.actor)
    assert (await policy.view(desk.actor.workspace_id)).held
