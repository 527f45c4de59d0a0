"""Dry runs: everything happens but the sending, and nothing that was rehearsed is taken for sent."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from content.errors import NotAllowed
from content.guards import Guards
from content.models import Attempt, AuditEntry, DeliveryState, Part, Role
from content.publishing import Publishing
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform

HOUR = timedelta(hours=1)


async def rehearsing(desk: Desk, on: bool = True) -> None:
    await desk.guards.switch.rehearse(desk.actor, on)


async def test_a_rehearsed_post_is_on_hold_and_says_what_would_have_happened(desk: Desk, fake: FakePlatform) -> None:
    await rehearsing(desk)
    post = await desk.planned("Hello")
    await desk.wait(HOUR)
    shown = await desk.delivery(post)
    assert (shown.state, shown.error_code) == (DeliveryState.HELD, "rehearsed")
    assert shown.error == "Rehearsed Mon 23 Nov 09:00, nothing was sent. It would have gone out as shown."
    assert (fake.keys, fake.handed, await desk.rows(Attempt), await desk.rows(Part)) == ([], [], [], [])
    assert (shown.sent_at, shown.url, desk.news()) == (None, "", ["rehearsed"])
    assert "delivery.rehearsed" in [row.verb for row in await desk.rows(AuditEntry)]


async def test_what_the_platform_would_refuse_is_said(desk: Desk, fake: FakePlatform) -> None:
    await rehearsing(desk)
    post = await desk.now("Hello")
    fake._spec = replace(fake.spec, limits=replace(fake.spec.limits, text=3))
    await desk.run()
    error = (await desk.delivery(post)).error
    assert "nothing was sent. Fake would refuse it." in error
    assert "3" in error


async def test_the_guards_are_rehearsed_too(desk: Desk, fake: FakePlatform) -> None:
    await rehearsing(desk)
    await desk.guards.blackouts.add(desk.actor, "today")
    post = await desk.now("Hello")
    await desk.run()
    assert (await desk.delivery(post)).error_code == "blackout"
    await desk.guards.objections.overrule(desk.actor, (await desk.row(post)).id, 1, button="press")
    await desk.run()
    assert ((await desk.delivery(post)).error_code, fake.keys) == ("rehearsed", [])


async def test_a_rehearsed_post_is_sent_for_real_by_a_press_and_not_by_itself(desk: Desk, fake: FakePlatform) -> None:
    await rehearsing(desk)
    post = await desk.now("Hello")
    await desk.run()
    await desk.schedule.post_now(desk.actor, post.id, 1, button="press")
    await desk.run()
    assert (await desk.state(post), fake.keys) == (DeliveryState.HELD, []), "it is still a dry run"
    await rehearsing(desk, on=False)
    await desk.wait(HOUR)
    assert (await desk.state(post), fake.keys) == (DeliveryState.HELD, [])
    await desk.schedule.post_now(desk.actor, post.id, 1, button="press")
    await desk.run()
    assert (await desk.state(post), fake.texts) == (DeliveryState.SENT, ["Hello"])


async def test_a_dry_run_that_begins_during_an_upload_stops_the_request(desk: Desk, fake: FakePlatform) -> None:
    fake.preparing.append(Do.HANG_BEFORE)
    post = await desk.now("Hello")
    running = asyncio.create_task(desk.run())
    await fake.reached.wait()
    await rehearsing(desk)
    fake.resume.set()
    await running
    await desk.wait(timedelta(minutes=1))
    assert (fake.keys, (await desk.delivery(post)).error_code) == ([], "rehearsed")


async def test_what_may_be_out_is_not_repeated_in_a_dry_run(build: Build, clock: FakeClock) -> None:
    repeating = FakePlatform(clock, repeat_safe=HOUR)
    desk = await build(repeating)
    repeating.script.append(Do.LOSE_BEFORE)
    post = await desk.now("Hello")
    await desk.run()
    await rehearsing(desk)
    await desk.wait(timedelta(minutes=3))
    assert (await desk.state(post), len(repeating.keys)) == (DeliveryState.UNKNOWN, 1)
    await rehearsing(desk, on=False)
    await desk.wait(timedelta(minutes=1))
    assert repeating.texts == ["Hello"]


async def test_whoever_runs_the_desk_lets_it_only_rehearse(desk: Desk, fake: FakePlatform) -> None:
    dry = Publishing(desk.db, desk.clock, desk.platforms, desk.accounts, desk.media, desk.tracing, dry=True)
    post = await desk.now("Hello")
    await dry.publish((await desk.row(post)).id)
    assert ((await desk.delivery(post)).error_code, fake.keys) == ("rehearsed", [])
    guards = Guards(desk.db, desk.clock, desk.platforms, dry=True)
    standing = (await guards.view(desk.actor.workspace_id)).standing
    assert (standing.rehearsing, standing.forced) == (True, True)


async def test_a_dry_run_is_begun_and_ended_by_those_who_may(desk: Desk) -> None:
    with pytest.raises(NotAllowed):
        await desk.guards.switch.rehearse(await desk.member(Role.APPROVER), on=True)
    await rehearsing(desk)
    await desk.guards.switch.hold(desk.actor)
    standing = await desk.guards.switch.standing(desk.actor.workspace_id)
    assert (standing.rehearsing, standing.forced, standing.held) == (True, False, True)


async def test_a_rehearsed_post_that_gets_a_new_time_goes_out_then(desk: Desk, fake: FakePlatform) -> None:
    await rehearsing(desk)
    post = await desk.now("Hello")
    await desk.run()
    await rehearsing(desk, on=False)
    await desk.due(post, HOUR)
    assert await desk.state(post) == DeliveryState.WAITING
    await desk.wait(HOUR)
    assert fake.texts == ["Hello"]


@pytest.mark.parametrize("released", [True, False])
async def test_a_rehearsed_post_that_a_person_holds_stays_held_with_a_new_time(
    desk: Desk, fake: FakePlatform, released: bool
) -> None:
    await rehearsing(desk)
    post = await desk.now("Hello")
    await desk.run()
    await rehearsing(desk, on=False)
    if released:
        await desk.schedule.release(desk.actor, post.id)
        assert (await desk.delivery(post)).error == ""
    await desk.schedule.hold(desk.actor, post.id)
    await desk.due(post, HOUR)
    await desk.wait(2 * HOUR)
    assert (await desk.state(post), fake.keys) == (DeliveryState.HELD, [])
