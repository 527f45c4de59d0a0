from datetime import timedelta

import pytest

from content.errors import NotAllowed, Unavailable, WrongState
from content.models import AuditEntry, DeliveryState, Role
from content.removal import Removal
from content.views import PostView
from tests.content.conftest import Build
from tests.content.life_rules import EVER, read_rows
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform
from tests.fakes.reports import RemovingPlatform


def removal(desk: Desk) -> Removal:
    return Removal(desk.db, desk.clock, desk.platforms, desk.accounts)


async def test_a_thread_is_taken_down_from_its_end_and_its_card_says_when(build: Build, clock: FakeClock) -> None:
    platform = RemovingPlatform(clock)
    desk = await build(platform)
    post = await desk.now("one", "two")
    await desk.run()
    before = await desk.delivery(post)
    assert before.removable
    assert not before.countable
    assert await removal(desk).remove(desk.actor, post.id) == ["Fake ann"]
    assert len(platform.removed) == 2
    after = await desk.delivery(post)
    assert (after.state, after.removed_at, after.removable) == ("sent", clock.now(), False)
    assert "delivery.removed" in [entry.verb for entry in await desk.rows(AuditEntry)]


async def test_what_is_down_already_or_not_out_is_refused(build: Build, clock: FakeClock) -> None:
    desk = await build(RemovingPlatform(clock))
    draft = await desk.draft("not out")
    with pytest.raises(WrongState, match="nowhere"):
        await removal(desk).remove(desk.actor, draft.id)
    post = await desk.now("out")
    await desk.run()
    await removal(desk).remove(desk.actor, post.id)
    with pytest.raises(WrongState, match="nowhere"):
        await removal(desk).remove(desk.actor, post.id)


async def test_a_platform_without_removal_is_left_alone(build: Build, clock: FakeClock) -> None:
    removing, other = RemovingPlatform(clock), FakePlatform(clock, "other")
    desk = await build(removing, other)
    post = await desk.now("out on both")
    await desk.wait(timedelta(minutes=1))
    assert await removal(desk).remove(desk.actor, post.id) == ["Fake ann"]
    assert [one.removable for one in (await desk.view(post)).deliveries] == [False, False]


async def test_a_platform_that_is_away_keeps_the_post_as_it_was(build: Build, clock: FakeClock) -> None:
    platform = RemovingPlatform(clock)
    desk = await build(platform)
    post = await desk.now("out")
    await desk.run()
    platform.down = True
    with pytest.raises(Unavailable):
        await removal(desk).remove(desk.actor, post.id)
    assert (await desk.delivery(post)).removable


async def test_only_who_may_approve_may_take_down(build: Build, clock: FakeClock) -> None:
    desk = await build(RemovingPlatform(clock))
    post = await desk.now("out")
    await desk.run()
    with pytest.raises(NotAllowed):
        await removal(desk).remove(await desk.member(Role.EDITOR), post.id)


# a thread that broke off


async def broken_off(desk: Desk, *did: Do) -> PostView:
    """A thread of three, of which the platform did so much."""
    platform = desk.platforms["fake"]
    assert isinstance(platform, FakePlatform)
    platform.script.extend(did)
    post = await desk.now("one", "two", "three")
    await desk.run()
    return post


async def test_what_is_out_of_a_refused_thread_is_taken_down_and_never_continued(
    build: Build, clock: FakeClock
) -> None:
    platform = RemovingPlatform(clock)
    desk = await build(platform)
    post = await broken_off(desk, Do.PUBLISH, Do.PUBLISH, Do.REFUSE)
    before = await desk.delivery(post)
    assert (before.state, before.parts_out, before.removable) == (DeliveryState.FAILED, 2, True)
    out = [one.remote_id for one in platform.public]
    assert await removal(desk).remove(desk.actor, post.id) == ["Fake ann"]
    assert platform.removed == out[::-1]
    after = await desk.delivery(post)
    assert (after.state, after.removed_at, after.removable) == (DeliveryState.CANCELLED, clock.now(), False)
    assert (after.parts_sent, after.parts_out, after.error) == (2, 0, "")
    rows = await read_rows(desk.db, post.id)
    assert [wrong for rule in EVER for wrong in rule(rows)] == []
    with pytest.raises(WrongState):
        await desk.schedule.post_now(desk.actor, post.id, post.revision, button="press")


async def test_what_may_still_go_on_is_cancelled_first(build: Build, clock: FakeClock) -> None:
    platform = RemovingPlatform(clock)
    desk = await build(platform)
    post = await broken_off(desk, Do.PUBLISH, Do.LIMIT)
    assert not (await desk.delivery(post)).removable
    with pytest.raises(WrongState, match="Cancel the rest first"):
        await removal(desk).remove(desk.actor, post.id)
    await desk.schedule.cancel(desk.actor, post.id)
    assert (await desk.delivery(post)).removable
    assert await removal(desk).remove(desk.actor, post.id) == ["Fake ann"]
    assert len(platform.removed) == 1


async def test_a_platform_that_is_away_can_be_asked_again_for_what_broke_off(build: Build, clock: FakeClock) -> None:
    platform = RemovingPlatform(clock)
    desk = await build(platform)
    post = await broken_off(desk, Do.PUBLISH, Do.REFUSE)
    platform.down = True
    with pytest.raises(Unavailable):
        await removal(desk).remove(desk.actor, post.id)
    left = await desk.delivery(post)
    assert (left.state, left.parts_out, left.removable) == (DeliveryState.CANCELLED, 1, True)
    platform.down = False
    assert await removal(desk).remove(desk.actor, post.id) == ["Fake ann"]


async def test_a_part_that_only_a_person_saw_is_named_since_it_stays(build: Build, clock: FakeClock) -> None:
    platform = RemovingPlatform(clock)
    desk = await build(platform)
    post = await broken_off(desk, Do.PUBLISH, Do.LOSE_AFTER)
    await desk.tracing.settle(desk.actor, (await desk.delivery(post)).id, live=True)
    first, _ = platform.public
    [words] = await removal(desk).remove(desk.actor, post.id)
    assert words == "Fake ann (Part 2 is still out, and I do not know its address: remove it there)"
    assert platform.removed == [first.remote_id]
    after = await desk.delivery(post)
    assert (after.state, after.removable) == (DeliveryState.CANCELLED, False)
    assert after.error.startswith("Part 2 is still out")


async def test_what_only_a_person_saw_is_not_said_to_be_taken_down(build: Build, clock: FakeClock) -> None:
    platform = RemovingPlatform(clock)
    desk = await build(platform)
    platform.script.append(Do.LOSE_AFTER)
    post = await desk.now("out")
    await desk.run()
    await desk.tracing.settle(desk.actor, (await desk.delivery(post)).id, live=True)
    one = await desk.delivery(post)
    assert (one.state, one.removable) == (DeliveryState.SENT, False)
    with pytest.raises(WrongState, match="nowhere"):
        await removal(desk).remove(desk.actor, post.id)


async def test_what_failed_and_is_out_nowhere_may_still_be_tried_again(build: Build, clock: FakeClock) -> None:
    removing, other = RemovingPlatform(clock), RemovingPlatform(clock, "other")
    desk = await build(removing, other)
    other.script.append(Do.REFUSE)
    post = await broken_off(desk, Do.PUBLISH, Do.REFUSE)
    await desk.wait(timedelta(minutes=1))
    assert await removal(desk).remove(desk.actor, post.id) == ["Fake ann"]
    states = [one.state for one in (await desk.view(post)).deliveries]
    assert states == [DeliveryState.CANCELLED, DeliveryState.FAILED]
