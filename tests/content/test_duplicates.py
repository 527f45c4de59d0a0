"""A platform refuses a post because it has exactly this already: whose is it, and what is true then."""

import asyncio
from datetime import timedelta

import pytest

from content.errors import Duplicate
from content.models import Attempt, DeliveryState, Outcome, Part
from content.views import PostView
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform

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
