"""A platform refuses a post because it has exactly this already: whose is it, and what is true then."""

import asyncio
from datetime import timedelta

import pytest

from content.errors import Duplicate
from content.ids import new_id
from content.models import Account, Attempt, Delivery, DeliveryState, Outcome, Part, Workspace
from content.views import PostView
from content.wording import Wording
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform, FindingPlatform, PublicPost

DAY = timedelta(days=1)


async def sent_twice(desk: Desk, fake: FakePlatform, then: Do, *texts: str) -> PostView:
    """The answer to a first try is lost, a person says that it is not there, and the second try is refused."""
    fake.script.extend([Do.LOSE_AFTER, then])
    post = await desk.now(*(texts or ("Good morning",)))
    await desk.wait(DAY)
    shown = await desk.delivery(post)
    assert shown.state is DeliveryState.UNKNOWN
    await desk.tracing.settle(desk.actor, shown.id, live=False)
    await desk.run()
    return post


async def test_a_first_try_that_is_refused_as_a_double_did_nothing(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.KNOW_AND_SEE)
    post = await desk.now()
    await desk.run()
    shown = await desk.delivery(post)
    assert (shown.state, shown.error) == (DeliveryState.FAILED, "It has exactly this already. Change the words.")
    assert shown.error_code == Duplicate.code
    assert desk.news() == ["failed"]


async def test_an_earlier_try_of_ours_that_is_there_is_the_post(desk: Desk, fake: FakePlatform) -> None:
    post = await sent_twice(desk, fake, Do.KNOW_AND_SEE)
    shown = await desk.delivery(post)
    assert (shown.state, shown.url) == (DeliveryState.SENT, "https://fake.example/remote-1")
    assert [one.remote_id for one in await desk.rows(Part)] == ["remote-1"]
    assert len(fake.public) == 1


async def test_a_thread_goes_on_after_the_part_that_was_there(desk: Desk, fake: FakePlatform) -> None:
    post = await sent_twice(desk, fake, Do.KNOW_AND_SEE, "One", "Two")
    assert (await desk.state(post)) is DeliveryState.SENT
    assert [(one.text, one.reply_to) for one in fake.public] == [("One", ""), ("Two", "remote-1")]


@pytest.mark.parametrize(("then", "where"), [(Do.KNOW, "https://fake.example/remote-1"), (Do.KNOW_VAGUELY, "")])
async def test_what_nobody_can_look_up_a_person_is_asked_about(
    desk: Desk, fake: FakePlatform, then: Do, where: str
) -> None:
    post = await sent_twice(desk, fake, then)
    shown = await desk.delivery(post)
    assert shown.state is DeliveryState.UNKNOWN
    assert "an earlier try seems to have gone through" in shown.error
    assert where in shown.error
    assert desk.news() == ["unknown", "unknown"]
    await desk.tracing.settle(desk.actor, shown.id, live=True)
    shown = await desk.delivery(post)
    assert (shown.state, shown.url) == (DeliveryState.SENT, where)


async def test_a_thread_goes_on_after_the_part_that_a_person_saw(desk: Desk, fake: FakePlatform) -> None:
    post = await sent_twice(desk, fake, Do.KNOW, "One", "Two")
    await desk.tracing.settle(desk.actor, (await desk.delivery(post)).id, live=True)
    await desk.run()
    assert [(one.text, one.reply_to) for one in fake.public] == [("One", ""), ("Two", "remote-1")]
    assert (await desk.state(post)) is DeliveryState.SENT


async def test_another_post_of_ours_is_not_taken_for_this_one(desk: Desk, fake: FakePlatform) -> None:
    first = await desk.now("Good morning")
    await desk.run()
    fake.script.extend([Do.LOSE_BEFORE, Do.KNOW_AND_SEE])
    post = await desk.now("Good morning")
    await desk.wait(DAY)
    await desk.tracing.settle(desk.actor, (await desk.delivery(post)).id, live=False)
    await desk.run()
    assert (await desk.state(first)) is DeliveryState.SENT
    assert (await desk.delivery(post)).state is DeliveryState.FAILED
    assert [one.outcome for one in await desk.rows(Attempt)].count(Outcome.SENT) == 1


async def test_a_refusal_that_comes_when_somebody_else_has_the_delivery_changes_nothing(
    desk: Desk, fake: FakePlatform
) -> None:
    fake.script.append(Do.HANG_BEFORE)
    fake.then = Do.KNOW_AND_SEE
    post = await desk.now()
    running = asyncio.create_task(desk.run())
    await fake.reached.wait()
    async with desk.db.writing() as session:
        row = await desk.row(post)
        (await session.get_one(type(row), row.id)).fence += 1
    fake.resume.set()
    await running
    assert (await desk.rows(Attempt))[0].outcome is Outcome.REFUSED


async def test_a_try_that_certainly_did_nothing_does_not_make_a_strangers_post_ours(
    desk: Desk, fake: FakePlatform
) -> None:
    fake.script.extend([Do.LIMIT, Do.KNOW_AND_SEE])
    post = await desk.now()
    await desk.wait(DAY)
    assert (await desk.state(post)) is DeliveryState.FAILED
    assert [one.remote_id for one in await desk.rows(Part)] == [None]


async def test_a_post_that_is_older_than_our_first_try_is_not_ours(desk: Desk, fake: FakePlatform) -> None:
    by_hand = PublicPost("by-hand-1", "", "Good morning", "", (), "", desk.clock.now() - timedelta(hours=1))
    fake.public.append(by_hand)
    fake.script.extend([Do.LOSE_BEFORE, Do.KNOW_AND_SEE])
    post = await desk.now("Good morning")
    await desk.wait(DAY)
    await desk.tracing.settle(desk.actor, (await desk.delivery(post)).id, live=False)
    await desk.run()
    assert (await desk.state(post)) is DeliveryState.FAILED


async def test_an_earlier_try_of_other_words_is_no_try_of_these(desk: Desk, fake: FakePlatform) -> None:
    post = await sent_twice(desk, fake, Do.REFUSE)
    assert (await desk.state(post)) is DeliveryState.FAILED
    fake.script.append(Do.KNOW_AND_SEE)
    edited = await desk.posts.revise(desk.actor, post.id, [Wording(("Good evening",))], change="again")
    await desk.schedule.post_now(desk.actor, post.id, edited.revision, button="again")
    await desk.run()
    assert (await desk.state(post)) is DeliveryState.FAILED


async def test_another_workspaces_post_on_the_same_account_is_not_taken_for_this_one(
    desk: Desk, fake: FakePlatform
) -> None:
    theirs = await desk.now("Good morning")
    await desk.run()
    await moved_elsewhere(desk, theirs)
    fake.script.extend([Do.LOSE_BEFORE, Do.KNOW_AND_SEE])
    post = await desk.now("Good morning")
    await desk.wait(DAY)
    await desk.tracing.settle(desk.actor, (await desk.delivery(post)).id, live=False)
    await desk.run()
    assert (await desk.state(post)) is DeliveryState.FAILED


async def moved_elsewhere(desk: Desk, post: PostView) -> None:
    """Have the post's delivery belong to another workspace that is connected to the same account."""
    async with desk.db.writing() as session:
        delivery = await session.get_one(Delivery, (await desk.row(post)).id)
        here = await session.get_one(Account, delivery.account_id)
        workspace = Workspace(id=new_id("workspace"), name="Theirs", zone="UTC", created_at=desk.clock.now())
        session.add(workspace)
        await session.flush()
        told = ("platform", "remote_id", "handle", "server", "facts", "sealed", "connected_by", "connected_at")
        there = Account(id=new_id("account"), workspace_id=workspace.id, **{one: getattr(here, one) for one in told})
        session.add(there)
        await session.flush()
        delivery.account_id = there.id


async def test_a_found_post_that_is_anothers_proves_nothing(build: Build, clock: FakeClock) -> None:
    finding = FindingPlatform(clock)
    desk = await build(finding)
    first = await desk.now("Good morning")
    await desk.run()
    finding.script.append(Do.LOSE_BEFORE)
    finding.confused = True
    post = await desk.now("Good morning")
    await desk.wait(DAY)
    assert (await desk.state(first), await desk.state(post)) == (DeliveryState.SENT, DeliveryState.UNKNOWN)
    assert desk.news() == ["sent", "unknown"]
