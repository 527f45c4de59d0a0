"""The kill switch: who turns it, how late it still works, and what letting go comes to."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from content.errors import NotAllowed
from content.models import AuditEntry, Delivery, DeliveryState, Job, Role, Workspace
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform

HOUR = timedelta(hours=1)


async def test_everything_is_held_by_whoever_may_approve_and_let_go_by_whoever_may_manage(desk: Desk) -> None:
    approver, editor = await desk.member(Role.APPROVER, "Jo"), await desk.member(Role.EDITOR)
    with pytest.raises(NotAllowed):
        await desk.guards.switch.hold(editor)
    await desk.guards.switch.hold(approver)
    desk.clock.move(HOUR)
    await desk.guards.switch.hold(desk.actor)
    standing = await desk.guards.switch.standing(desk.actor.workspace_id)
    assert (standing.held, standing.held_by, standing.held_at) == (True, "Jo", desk.clock.now() - HOUR)
    with pytest.raises(NotAllowed):
        await desk.guards.switch.release(approver)
    await desk.guards.switch.release(desk.actor)
    assert not (await desk.guards.switch.standing(desk.actor.workspace_id)).held
    verbs = [row.verb for row in await desk.rows(AuditEntry) if row.verb.startswith("workspace.")]
    assert verbs == ["workspace.opened", "workspace.held", "workspace.released"]


async def test_a_desk_that_was_held_by_itself_names_nobody(desk: Desk) -> None:
    async with desk.db.writing() as session:
        await session.execute(update(Workspace).values(held=True))
    standing = await desk.guards.switch.standing(desk.actor.workspace_id)
    assert (standing.held, standing.held_by, standing.held_at) == (True, "", None)


async def test_letting_go_tells_what_is_due_and_what_is_late_asks(desk: Desk, fake: FakePlatform) -> None:
    await desk.planned("Long ago", hours=0.2)
    await desk.planned("Just now", hours=1)
    await desk.planned("Later", hours=3)
    await desk.guards.switch.hold(desk.actor)
    await desk.wait(HOUR)
    assert fake.keys == []
    released = await desk.guards.switch.release(desk.actor)
    assert (released.due, released.late) == (1, 1)
    await desk.run()
    assert fake.texts == ["Just now"]
    assert DeliveryState.ASKING in [row.state for row in await desk.rows(Delivery)]
    await desk.wait(2 * HOUR)
    assert fake.texts == ["Just now", "Later"]


async def test_what_is_due_in_a_moment_is_neither_counted_nor_forgotten(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello")
    await desk.guards.switch.hold(desk.actor)
    desk.clock.move(HOUR - timedelta(minutes=1))
    async with desk.db.writing() as session:  # as after a look by a clock that is ahead
        job = update(Job).where(Job.kind == "publish").values(run_at=desk.clock.now() + 24 * HOUR)
        await session.execute(job)
    released = await desk.guards.switch.release(desk.actor)
    assert (released.due, released.late) == (0, 0)
    await desk.wait(timedelta(minutes=1))
    assert (await desk.state(post), fake.texts) == (DeliveryState.SENT, ["Hello"])


async def test_it_works_up_to_the_moment_before_the_request_leaves(desk: Desk, fake: FakePlatform) -> None:
    fake.preparing.append(Do.HANG_BEFORE)
    post = await desk.now("Hello")
    running = asyncio.create_task(desk.run())
    await fake.reached.wait()
    await desk.guards.switch.hold(desk.actor)
    fake.resume.set()
    await running
    assert (fake.keys, await desk.state(post)) == ([], DeliveryState.WAITING)
    await desk.guards.switch.release(desk.actor)
    await desk.wait(timedelta(minutes=1))
    assert fake.texts == ["Hello"]


async def test_every_card_that_says_it_is_drawn_anew(desk: Desk) -> None:
    planned, _draft = await desk.planned("Hello"), await desk.draft("Other")
    await desk.run()
    desk.told.clear()
    await desk.guards.switch.hold(desk.actor)
    await desk.run()
    assert {subject for kind, subject in desk.told if kind == "redraw"} == {
        planned.id,
        "settings:all",
        "copy:all",
        "queue:open",
        "calendar:today",
        "calendar:this week",
        "calendar:next week",
        "calendar:this month",
    }


async def test_how_late_a_post_may_be_is_set(desk: Desk, fake: FakePlatform) -> None:
    await desk.approvals.policy.set(desk.actor, late_after_minutes=120)
    await desk.planned("Hello")
    desk.clock.move(HOUR * 3)
    await desk.run()
    assert fake.texts == ["Hello"]
    await desk.approvals.policy.set(desk.actor, late_after_minutes=5)
    other = await desk.planned("Other")
    desk.clock.move(HOUR + timedelta(minutes=6))
    await desk.run()
    assert (await desk.delivery(other)).error_code == "overdue"
