"""Posting slots and the queue: what is free, who gets it, and what gives it back."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from content.agenda import Agenda
from content.database import Database
from content.errors import Collision, Invalid, NotAllowed, NotFound
from content.models import DeliveryState, Role
from content.schedule import Schedule
from content.slots import MOST, Slots
from content.views import PostView
from tests.content.conftest import Build
from tests.content.test_series import Running
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import FakePlatform
from tests.servers.postgres import tell_time

# the clock stands at Monday 23 November 2026, 09:00 in Berlin

TUESDAY, THURSDAY = datetime(2026, 11, 24, 8, 0, tzinfo=UTC), datetime(2026, 11, 26, 8, 0, tzinfo=UTC)
WEEK = timedelta(weeks=1)


@pytest.fixture
def slots(desk: Desk) -> Slots:
    return Slots(desk.db, desk.clock, desk.platforms)


async def account(desk: Desk) -> str:
    return (await desk.accounts.connected(desk.actor.workspace_id))[0].id


async def twice_a_week(desk: Desk, slots: Slots) -> None:
    await slots.add(desk.actor, await account(desk), "Tue and Thu 09:00")


async def queued(desk: Desk, text: str) -> PostView:
    return (await desk.schedule.queue(desk.actor, (await desk.draft(text)).id)).post


async def test_slots_are_said_together_and_added_once(desk: Desk, slots: Slots) -> None:
    words = await slots.add(desk.actor, await account(desk), "every Tuesday and Thursday at 09:00 Lisbon time")
    assert words == "every Tuesday and Thursday at 09:00 Europe/Lisbon"
    await slots.add(desk.actor, await account(desk), "Tue, Wed 09:00 Lisbon time")
    await slots.add(desk.actor, await account(desk), "daily 18:00")
    [one] = await slots.list(desk.actor.workspace_id)
    assert one.times == (
        "every Tuesday, Wednesday and Thursday at 09:00 Europe/Lisbon",
        "every day at 18:00 Europe/Berlin",
    )
    assert [slot.words for slot in one.slots][:2] == ["Monday 18:00 Europe/Berlin", "Tuesday 09:00 Europe/Lisbon"]
    assert (one.words, one.waiting, one.last) == ("Fake ann", 0, "")
    assert one.next_free == "Mon 23 Nov 18:00 Europe/Berlin (in 9 h)"


async def test_the_queue_takes_the_next_free_slot(desk: Desk, slots: Slots) -> None:
    await twice_a_week(desk, slots)
    first, second, third = [await queued(desk, text) for text in ("One", "Two", "Three")]
    assert [one.due_at for one in (first, second, third)] == [TUESDAY, THURSDAY, TUESDAY + WEEK]
    again = await desk.schedule.queue(desk.actor, second.id)
    assert again.post.due_at == THURSDAY  # asked twice, it stays
    assert again.echo == "Thu 26 Nov 09:00 Europe/Berlin (in 3 days)"
    [one] = await slots.list(desk.actor.workspace_id)
    assert (one.waiting, one.last) == (3, "Tue 1 Dec 09:00 Europe/Berlin (in 8 days)")
    assert one.next_free.startswith("Thu 3 Dec 09:00")


@pytest.mark.parametrize("words", ["queue", "put it in the queue", "next free slot", "the next slot"])
async def test_words_mean_the_queue(desk: Desk, slots: Slots, words: str) -> None:
    await twice_a_week(desk, slots)
    assert (await desk.schedule.set(desk.actor, (await desk.draft()).id, words)).post.due_at == TUESDAY


async def test_what_is_moved_cancelled_or_deleted_gives_its_slot_back(desk: Desk, slots: Slots) -> None:
    await twice_a_week(desk, slots)
    one, two, three = [await queued(desk, text) for text in ("One", "Two", "Three")]
    await desk.schedule.set(desk.actor, one.id, "Wednesday 12:00")
    await desk.schedule.cancel(desk.actor, two.id)
    await desk.posts.discard(desk.actor, three.id, three.revision)
    times = [(await queued(desk, text)).due_at for text in ("Four", "Five", "Six")]
    assert times == [TUESDAY, THURSDAY, TUESDAY + WEEK]


async def test_what_is_held_keeps_its_slot(desk: Desk, slots: Slots) -> None:
    await twice_a_week(desk, slots)
    one = await queued(desk, "One")
    await desk.schedule.hold(desk.actor, one.id)
    assert (await queued(desk, "Two")).due_at == THURSDAY
    held = await desk.schedule.queue(desk.actor, one.id)
    assert (held.post.due_at, held.post.deliveries[0].state) == (TUESDAY, DeliveryState.HELD)


async def test_a_slot_that_is_taken_away_leaves_its_posts_their_time(desk: Desk, slots: Slots) -> None:
    await twice_a_week(desk, slots)
    post = await queued(desk, "One")
    [one] = await slots.list(desk.actor.workspace_id)
    for slot in one.slots:
        await slots.remove(desk.actor, slot.id)
    assert (await desk.view(post)).due_at == TUESDAY
    [left] = await slots.list(desk.actor.workspace_id)
    assert (left.times, left.next_free, left.waiting) == ((), "", 1)
    with pytest.raises(Invalid, match="/slots"):
        await queued(desk, "Two")


DAY = timedelta(days=1)
TOMORROW = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)


async def free_days(desk: Desk) -> list[datetime]:
    """The free slots that the calendar outside shows."""
    return [
        one.at for one in await Agenda(desk.db, desk.clock, desk.platforms).events(desk.actor) if one.kind == "slot"
    ]


async def test_days_that_are_blacked_out_have_no_free_slots(desk: Desk, slots: Slots) -> None:
    desk.clock.move(timedelta(hours=10))  # today's slot is over
    await slots.add(desk.actor, await account(desk), "daily 18:00")
    await desk.guards.blackouts.add(desk.actor, "tomorrow to 26 November", "Mourning")
    [one] = await slots.list(desk.actor.workspace_id)
    assert one.next_free.startswith("Fri 27 Nov 18:00")
    assert (await free_days(desk))[0] == TOMORROW + 3 * DAY
    first = await queued(desk, "One")
    assert [first.due_at, (await queued(desk, "Two")).due_at] == [TOMORROW + 3 * DAY, TOMORROW + 4 * DAY]
    assert first.deliveries[0].cautions == ()
    [dark] = (await desk.guards.view(desk.actor.workspace_id)).blackouts
    await desk.guards.blackouts.end(desk.actor, dark.id)
    assert (await free_days(desk))[:4] == [TOMORROW, TOMORROW + DAY, TOMORROW + 2 * DAY, TOMORROW + 5 * DAY]
    [one] = await slots.list(desk.actor.workspace_id)
    assert one.next_free.startswith("Tue 24 Nov 18:00")
    assert (await queued(desk, "Three")).due_at == TOMORROW


async def test_a_blackout_as_long_as_can_be_is_walked_past(desk: Desk, slots: Slots) -> None:
    await slots.add(desk.actor, await account(desk), "daily 18:00")
    await desk.guards.blackouts.add(desk.actor, "2026-11-23 to 2027-11-23")
    assert (await queued(desk, "One")).due_at == TOMORROW + 365 * DAY
    assert await free_days(desk) == []


async def test_the_day_of_a_slot_is_that_of_who_blacked_it_out(desk: Desk, slots: Slots) -> None:
    await slots.add(desk.actor, await account(desk), "daily 18:00")  # 17:00 in UTC: the next morning in Auckland
    await desk.guards.blackouts.add(replace(desk.actor, zone="Pacific/Auckland"), "25 November")
    today = TOMORROW - DAY
    assert [(await queued(desk, text)).due_at for text in ("One", "Two")] == [today, TOMORROW + DAY]


async def test_a_blackout_of_one_account_leaves_the_others_their_slots(build: Build, clock: FakeClock) -> None:
    desk = await build(*(FakePlatform(clock, name) for name in ("one", "two", "three")))
    slots = Slots(desk.db, clock, desk.platforms)
    one, two, three = [each.id for each in await desk.accounts.connected(desk.actor.workspace_id)]
    for each in (one, two):
        await slots.add(desk.actor, each, "daily 18:00")
    for each, days in ((one, "today"), (three, "today to tomorrow")):
        await desk.guards.blackouts.add(desk.actor, days, "", each)
    shown = [each.next_free[:16] for each in await slots.list(desk.actor.workspace_id)]
    assert shown == ["Tue 24 Nov 18:00", "Mon 23 Nov 18:00", ""]
    assert (await free_days(desk))[:3] == [TOMORROW - DAY, TOMORROW, TOMORROW]
    planned = await desk.schedule.queue(desk.actor, (await desk.draft("Hello")).id)
    times = {each.account_id: each.due_at for each in planned.post.deliveries}
    # the third has no slots, and goes with the first of the others on a day that is its own
    assert times == {one: TOMORROW, two: TOMORROW - DAY, three: TOMORROW + DAY}


async def test_each_account_has_its_own_queue_and_one_without_goes_with_the_first(
    build: Build, clock: FakeClock
) -> None:
    desk = await build(*(FakePlatform(clock, name) for name in ("one", "two", "three")))
    slots = Slots(desk.db, clock, desk.platforms)
    one, two, three = [each.id for each in await desk.accounts.connected(desk.actor.workspace_id)]
    await slots.add(desk.actor, one, "Tue 09:00")
    await slots.add(desk.actor, two, "Thu 09:00")
    planned = await desk.schedule.queue(desk.actor, (await desk.draft("Hello")).id)
    times = {each.account_id: each.due_at for each in planned.post.deliveries}
    assert times == {one: TUESDAY, two: THURSDAY, three: TUESDAY}
    assert "One Tue 24 Nov 09:00 Europe/Berlin (in 24 h); Two Thu 26 Nov" in planned.echo


async def test_only_who_may_manage_changes_slots_and_only_their_own(desk: Desk, slots: Slots) -> None:
    editor = await desk.member(Role.EDITOR)
    with pytest.raises(NotAllowed):
        await slots.add(editor, await account(desk), "Tue 9:00")
    with pytest.raises(NotAllowed):
        await slots.remove(editor, "slot_x")
    with pytest.raises(NotFound):
        await slots.add(desk.actor, "account_x", "Tue 9:00")
    with pytest.raises(NotFound):
        await slots.remove(desk.actor, "slot_x")


async def test_a_slot_is_a_weekly_time_and_there_is_an_end_to_them(desk: Desk, slots: Slots) -> None:
    with pytest.raises(Invalid, match="one moment, and a slot is a weekly time"):
        await slots.add(desk.actor, await account(desk), "tomorrow 9:00")
    for hour in range(MOST // 7):
        await slots.add(desk.actor, await account(desk), f"daily {hour + 10}:00")
    with pytest.raises(Invalid, match="at most"):
        await slots.add(desk.actor, await account(desk), "daily 21:30")


@pytest.fixture
async def replica(desk: Desk) -> AsyncIterator[Schedule]:
    """The same schedule as another process has it, where the database is a server."""
    if desk.db.is_sqlite:
        yield desk.schedule
        return
    opened = Database(str(desk.db.engine.url), desk.clock)
    tell_time(opened, desk.clock)
    yield Schedule(opened, desk.clock, desk.platforms)
    await opened.close()


async def test_many_who_press_at_once_never_get_the_same_slot(desk: Desk, slots: Slots, replica: Schedule) -> None:
    await slots.add(desk.actor, await account(desk), "daily 18:00")
    posts = [await desk.draft(f"Post {number}") for number in range(12)]

    async def press(schedule: Schedule, post: PostView) -> datetime | None:
        while True:
            try:
                return (await schedule.queue(desk.actor, post.id)).post.due_at
            except Collision:
                continue

    pairs = [(desk.schedule if number % 2 else replica, post) for number, post in enumerate(posts)]
    times = await asyncio.gather(*(press(schedule, post) for schedule, post in pairs))
    first = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    assert sorted(time for time in times if time) == [first + timedelta(days=day) for day in range(12)]


async def test_a_slot_that_a_series_will_fill_is_not_free(desk: Desk, slots: Slots) -> None:
    await twice_a_week(desk, slots)
    running = Running(desk)
    series = await running.approved("every Thursday 09:00, 3 times")
    assert [(await queued(desk, text)).due_at for text in ("A", "B")] == [TUESDAY, TUESDAY + WEEK]
    [shown] = await slots.list(desk.actor.workspace_id)
    assert shown.next_free.startswith("Tue 8 Dec 09:00")
    assert shown.waiting == 3
    free = {
        one.at for one in await Agenda(desk.db, desk.clock, desk.platforms).events(desk.actor) if one.kind == "slot"
    }
    assert TUESDAY + 2 * WEEK in free
    assert free.isdisjoint({THURSDAY, THURSDAY + WEEK, THURSDAY + 2 * WEEK})
    await running.series.pause(desk.actor, series.id)
    assert (await queued(desk, "C")).due_at == THURSDAY
