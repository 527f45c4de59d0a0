from datetime import timedelta

import pytest
from sqlalchemy import update

from content.errors import Conflict, Invalid, NotAllowed, StaleRevision
from content.models import Approval, AuditEntry, DeliveryState, PostState, Role, Workspace
from content.wording import Wording
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform

HOUR = timedelta(hours=1)


async def verbs(desk: Desk) -> list[str]:
    return [row.verb for row in await desk.rows(AuditEntry)]


async def test_asking_for_approval_decides_nothing(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.draft("Hello")
    await desk.due(post, HOUR)
    assert (await desk.approvals.request(desk.actor, post.id)).state is PostState.IN_REVIEW
    await desk.wait(HOUR)
    assert (await desk.state(post), fake.public) == (DeliveryState.ASKING, [])
    assert "post.submitted" in await verbs(desk)


async def test_what_a_platform_would_refuse_is_refused_with_every_problem(build: Build, clock: FakeClock) -> None:
    desk = await build(FakePlatform(clock, "first"), FakePlatform(clock, "second"))
    post = await desk.draft("")
    for refused in (desk.approvals.request(desk.actor, post.id), desk.approve(post)):
        with pytest.raises(Invalid, match="#1 cannot go out as it is") as found:
            await refused
        assert [problem.where for problem in found.value.problems] == ["First", "Second"]


async def test_a_second_yes_says_who_gave_the_first_and_when(desk: Desk) -> None:
    post = await desk.approve(await desk.draft("Hello"))
    desk.clock.move(timedelta(minutes=5))
    for second in (
        desk.approve(post),
        desk.approvals.request(desk.actor, post.id),
        desk.approvals.request_changes(desk.actor, post.id, 1, "no"),
    ):
        with pytest.raises(Conflict, match=r"by You on Mon 23 Nov 09:00 Europe/Berlin \(5 min ago\)"):
            await second
    assert len(await desk.rows(Approval)) == 1


async def test_a_yes_to_an_old_version_approves_nothing(desk: Desk) -> None:
    post = await desk.draft("One")
    await desk.posts.revise(desk.actor, post.id, [Wording(("Two",))], change="")
    for stale in (desk.approve(post), desk.approvals.request_changes(desk.actor, post.id, 1, "no")):
        with pytest.raises(StaleRevision, match="version 2 is current"):
            await stale
    assert await desk.rows(Approval) == []


async def test_a_post_sent_back_is_a_draft_again_with_the_reason_noted(desk: Desk) -> None:
    post = await desk.draft("Hello")
    await desk.approvals.request(desk.actor, post.id)
    back = await desk.approvals.request_changes(desk.actor, post.id, 1, "warmer, please")
    assert back.state is PostState.DRAFT
    noted = [row for row in await desk.rows(AuditEntry) if row.verb == "post.changes_requested"]
    assert [(row.detail["note"], row.detail["revision"]) for row in noted] == [("warmer, please", 1)]


@pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER])
async def test_only_approvers_decide(desk: Desk, role: Role) -> None:
    post = await desk.draft("Hello")
    actor = await desk.member(role)
    for refused in (
        desk.approve(post, actor),
        desk.approvals.request_changes(actor, post.id, 1, "no"),
        desk.schedule.post_now(actor, post.id, 1, button="press"),
    ):
        with pytest.raises(NotAllowed):
            await refused


async def test_a_viewer_cannot_even_ask(desk: Desk) -> None:
    post = await desk.draft("Hello")
    with pytest.raises(NotAllowed):
        await desk.approvals.request(await desk.member(Role.VIEWER), post.id)


async def test_with_another_approver_the_author_does_not_decide_alone(desk: Desk, fake: FakePlatform) -> None:
    approver = await desk.member(Role.APPROVER, "Ann")
    post = await desk.draft("Hello")
    for own in (desk.approve(post), desk.schedule.post_now(desk.actor, post.id, 1, button="press")):
        with pytest.raises(NotAllowed, match="You wrote #1"):
            await own
    assert (await desk.approve(post, approver)).deliveries[0].approved_by == "Ann"
    await desk.schedule.post_now(desk.actor, post.id, 1, button="press")
    await desk.run()
    assert fake.texts == ["Hello"]


async def test_a_workspace_may_let_authors_decide(desk: Desk) -> None:
    await desk.member(Role.APPROVER)
    async with desk.db.writing() as session:
        await session.execute(update(Workspace).values(self_approval=True))
    assert (await desk.approve(await desk.draft("Hello"))).state is PostState.APPROVED


async def test_a_yes_is_bound_to_what_each_account_gets(build: Build, clock: FakeClock) -> None:
    desk = await build(FakePlatform(clock, "first"), FakePlatform(clock, "second"))
    post = await desk.approve(await desk.draft("Hello"))
    given = await desk.rows(Approval)
    assert {row.delivery_id for row in given} == {one.id for one in post.deliveries}
    assert len({row.digest for row in given}) == 2
    assert {row.button for row in given} == {"press"}


async def test_a_new_yes_leaves_alone_what_is_on_its_way(build: Build, clock: FakeClock) -> None:
    first, second = FakePlatform(clock, "first"), FakePlatform(clock, "second")
    desk = await build(first, second)
    first.script.append(Do.LOSE_AFTER)
    second.script.append(Do.REFUSE)
    post = await desk.now("Hello")
    await desk.run()
    edited = await desk.posts.revise(desk.actor, post.id, [Wording(("Better",), ("second",))], change="")
    await desk.schedule.post_now(desk.actor, post.id, edited.revision, button="press")
    await desk.run()
    states = {one.rendering.platform: one.state for one in (await desk.view(post)).deliveries}
    assert states == {"first": DeliveryState.UNKNOWN, "second": DeliveryState.SENT}
    assert (first.texts, second.texts) == (["Hello"], ["Better"])
    assert len(await desk.rows(Approval)) == 3


async def test_a_second_decision_on_a_post_without_deliveries_left_names_nobody(desk: Desk) -> None:
    post = await desk.draft("Hello")
    await desk.schedule.cancel(desk.actor, post.id)
    await desk.approve(post)
    with pytest.raises(Conflict, match="already approved, by the desk"):
        await desk.approve(post)


async def test_a_yes_that_comes_after_the_time_sends_it(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.draft("Hello")
    await desk.due(post, HOUR)
    await desk.wait(HOUR)
    assert (await desk.delivery(post)).error_code == "not_approved"
    desk.clock.move(timedelta(minutes=5))
    approved = await desk.approve(post)
    assert (approved.deliveries[0].state, approved.deliveries[0].error) == (DeliveryState.WAITING, "")
    await desk.run()
    assert (fake.texts, await desk.state(post)) == (["Hello"], DeliveryState.SENT)


async def test_a_yes_that_comes_too_late_still_asks_and_says_why(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.draft("Hello")
    await desk.due(post, HOUR)
    await desk.wait(HOUR * 3)
    shown = (await desk.approve(post)).deliveries[0]
    assert (shown.state, shown.error_code) == (DeliveryState.ASKING, "overdue")
    assert shown.error == "Its time passed before this wording was approved."
    await desk.wait(HOUR)
    assert fake.public == []
    await desk.schedule.post_now(desk.actor, post.id, 1, button="press")
    await desk.run()
    assert fake.texts == ["Hello"]


async def test_a_new_wording_that_is_like_nothing_goes_out_with_its_yes(desk: Desk, fake: FakePlatform) -> None:
    loaf = "Rye or walnut? Tell us which loaf you want back on Saturday, and we bake it."
    await desk.now(loaf)
    await desk.run()
    again = await desk.now(loaf.replace("Saturday", "Sunday"))
    await desk.wait(HOUR / 12)
    assert (await desk.delivery(again)).error_code == "alike"
    revised = await desk.posts.revise(desk.actor, again.id, [Wording(("We open at seven from Monday on.",))], change="")
    assert await desk.state(again) is DeliveryState.ASKING
    await desk.approve(revised)
    await desk.run()
    assert fake.texts == [loaf, "We open at seven from Monday on."]
