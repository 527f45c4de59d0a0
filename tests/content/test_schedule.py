from datetime import timedelta

import pytest
from sqlalchemy import update

from content.errors import Invalid, NotAllowed, WrongState
from content.models import Approval, AuditEntry, DeliveryState, PostState, Role, Workspace
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


async def test_a_time_in_words_is_echoed_resolved_and_kept_with_its_zone(desk: Desk) -> None:
    post = await desk.draft("Hello")
    set_ = await desk.schedule.set(desk.actor, post.id, "tomorrow 9:00")
    assert set_.echo.startswith("Tue 24 Nov 09:00 Europe/Berlin (in 24 h)")
    shown = set_.post.deliveries[0]
    assert (shown.due_at, shown.zone) == (desk.clock.now() + DAY, "Europe/Berlin")
    noted = [row.detail for row in await desk.rows(AuditEntry) if row.verb == "post.scheduled"]
    assert noted == [{"due": "2026-11-24T08:00:00+00:00", "zone": "Europe/Berlin"}]


async def test_a_weekly_slot_is_no_time_for_one_post(desk: Desk) -> None:
    post = await desk.draft("Hello")
    with pytest.raises(Invalid, match="weekly slot"):
        await desk.schedule.set(desk.actor, post.id, "every Monday at 9")
    assert (await desk.view(post)).due_at is None


async def test_only_who_may_draft_sets_times_and_only_managers_pull_the_switch(desk: Desk) -> None:
    post = await desk.draft("Hello")
    viewer, editor = await desk.member(Role.VIEWER), await desk.member(Role.EDITOR)
    for refused in (
        desk.schedule.set(viewer, post.id, "tomorrow 9:00"),
        desk.schedule.hold(viewer, post.id),
        desk.schedule.release(viewer, post.id),
        desk.schedule.cancel(viewer, post.id),
        desk.guards.switch.hold(editor),
    ):
        with pytest.raises(NotAllowed):
            await refused


async def test_moving_keeps_the_approval_by_default(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello")
    moved = await desk.due(post, HOUR * 3)
    assert (moved.state, moved.deliveries[0].approved_by) == (PostState.APPROVED, "You")
    await desk.wait(HOUR * 2)
    assert fake.public == []
    await desk.wait(HOUR)
    assert fake.texts == ["Hello"]


async def test_moving_drops_the_approval_where_the_workspace_says_so(desk: Desk, fake: FakePlatform) -> None:
    async with desk.db.writing() as session:
        await session.execute(update(Workspace).values(approval_survives_move=False))
    post = await desk.planned("Hello")
    moved = await desk.due(post, HOUR * 3)
    assert (moved.state, moved.deliveries[0].approved_by) == (PostState.DRAFT, "")
    assert [row.revoked_why for row in await desk.rows(Approval)] == ["the time was moved"]
    await desk.wait(HOUR * 3)
    assert (await desk.state(post), fake.public) == (DeliveryState.ASKING, [])


async def test_a_held_post_waits_for_its_release(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello")
    assert (await desk.schedule.hold(desk.actor, post.id)).deliveries[0].state is DeliveryState.HELD
    await desk.due(post, HOUR)
    await desk.wait(HOUR + timedelta(minutes=10))
    assert (await desk.state(post), fake.public) == (DeliveryState.HELD, [])
    await desk.schedule.release(desk.actor, post.id)
    await desk.run()
    assert fake.texts == ["Hello"]


async def test_a_post_released_too_late_asks_first(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello")
    await desk.schedule.hold(desk.actor, post.id)
    await desk.wait(HOUR * 5)
    await desk.schedule.release(desk.actor, post.id)
    await desk.run()
    assert (await desk.state(post), fake.public) == (DeliveryState.ASKING, [])


async def test_what_has_no_time_can_be_held_and_released(desk: Desk) -> None:
    post = await desk.draft("Hello")
    await desk.schedule.hold(desk.actor, post.id)
    assert (await desk.schedule.release(desk.actor, post.id)).deliveries[0].state is DeliveryState.WAITING
    with pytest.raises(WrongState, match="Nothing of #1 is held"):
        await desk.schedule.release(desk.actor, post.id)


async def test_a_refused_post_cannot_be_held_but_cancelled_or_tried_again(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.REFUSE)
    post = await desk.now("Hello")
    await desk.run()
    with pytest.raises(WrongState, match="it was refused"):
        await desk.schedule.hold(desk.actor, post.id)
    await desk.due(post, HOUR)
    await desk.wait(HOUR)
    assert fake.texts == ["Hello"]


async def test_a_cancelled_post_never_goes_out(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello")
    await desk.schedule.cancel(desk.actor, post.id)
    await desk.wait(HOUR * 2)
    assert (await desk.state(post), fake.public) == (DeliveryState.CANCELLED, [])
    for refused in (
        desk.due(post, HOUR),
        desk.schedule.cancel(desk.actor, post.id),
        desk.schedule.post_now(desk.actor, post.id, 1, button="x"),
    ):
        with pytest.raises(WrongState, match="cancelled, on every account"):
            await refused


async def test_a_second_press_of_post_now_sends_nothing_more(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.now("Hello")
    await desk.schedule.post_now(desk.actor, post.id, 1, button="press")
    await desk.run()
    with pytest.raises(WrongState, match="already out"):
        await desk.schedule.post_now(desk.actor, post.id, 1, button="press")
    await desk.run()
    assert fake.texts == ["Hello"]


async def test_the_switch_holds_everything_and_letting_go_sends_what_is_not_stale(
    desk: Desk, fake: FakePlatform
) -> None:
    async with desk.db.writing() as session:
        await session.execute(update(Workspace).values(late_after_minutes=3))
    stale, fresh = await desk.planned("Stale", hours=1), await desk.planned("Fresh", hours=1.05)
    await desk.guards.switch.hold(desk.actor)
    await desk.wait(HOUR + timedelta(minutes=4))
    assert fake.public == []
    assert await desk.state(fresh) is DeliveryState.WAITING
    await desk.guards.switch.release(desk.actor)
    await desk.run()
    assert fake.texts == ["Fresh"]
    assert await desk.state(stale) is DeliveryState.ASKING
    verbs = [row.verb for row in await desk.rows(AuditEntry)]
    assert ("workspace.held" in verbs, "workspace.released" in verbs) == (True, True)


async def test_the_calendar_shows_what_goes_and_went_out_in_order(desk: Desk) -> None:
    await desk.planned("Second", hours=2)
    await desk.planned("First", hours=1)
    gone = await desk.planned("Never", hours=1)
    await desk.schedule.cancel(desk.actor, gone.id)
    await desk.planned("Later", hours=48)
    await desk.draft("Some day")
    now = desk.clock.now()
    await desk.wait(HOUR)
    shown = await desk.schedule.calendar(desk.actor.workspace_id, now, now + DAY)
    assert [(one.words, one.state.value, one.approved, one.number) for one in shown] == [
        ("First", "sent", True, 2),
        ("Second", "waiting", True, 1),
    ]
    assert (shown[0].label, shown[0].handle, shown[0].url) == ("Fake", "ann", "https://fake.example/remote-1")
    assert [one.words for one in await desk.schedule.calendar(desk.actor.workspace_id, now + DAY, now + DAY * 3)] == [
        "Later"
    ]
