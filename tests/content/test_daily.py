"""“Did everything go out?” is asked for by whatever kept a post from going out, and answered from the rows at six in the evening."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from content.daily import Daily, DayView, Missed
from content.errors import Unavailable
from content.models import Delivery, DeliveryState, Job
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform

HOUR = timedelta(hours=1)
TODAY = date(2026, 11, 23)
EVENING = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
"""Six o'clock in Berlin."""


@pytest.fixture
def daily(desk: Desk) -> Daily:
    return Daily(desk.db, desk.clock, desk.platforms)


async def armed(desk: Desk) -> dict[str, datetime]:
    return {job.subject: job.run_at for job in await desk.rows(Job) if job.kind == "daily"}


async def seen(desk: Desk, daily: Daily, day: date = TODAY) -> DayView:
    return await daily.view(desk.actor.workspace_id, day)


async def test_where_everything_goes_out_nobody_asks(desk: Desk, daily: Daily) -> None:
    await desk.planned("Tea")
    await desk.wait(2 * HOUR)
    assert await armed(desk) == {}
    assert await seen(desk, daily) == DayView(1, (), held=False)


async def test_what_is_refused_is_said_at_six_by_the_owners_clock(desk: Desk, daily: Daily, fake: FakePlatform) -> None:
    await desk.planned("Tea")
    await desk.planned("Coffee")
    fake.script.append(Do.REFUSE)
    await desk.wait(2 * HOUR)
    assert await armed(desk) == {f"{desk.actor.workspace_id}:2026-11-23": EVENING}
    view = await seen(desk, daily)
    assert (view.went_out, [(one.label, one.why) for one in view.missed]) == (1, [("Fake", "refused")])
    await desk.wait(12 * HOUR)
    assert desk.told[-1] == ("daily", f"{desk.actor.workspace_id}:2026-11-23")


async def test_what_happens_after_six_is_told_the_next_day(desk: Desk, fake: FakePlatform) -> None:
    desk.clock.set(EVENING)
    fake.script.append(Do.REFUSE)
    await desk.now("Tea")
    await desk.run()
    assert await armed(desk) == {f"{desk.actor.workspace_id}:2026-11-24": EVENING + 24 * HOUR}


async def test_where_the_date_is_another_one_already(desk: Desk, fake: FakePlatform) -> None:
    await desk.people.live_in(desk.actor, "Pacific/Kiritimati")  # fourteen hours ahead
    desk.clock.set(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    fake.script.append(Do.REFUSE)
    await desk.now("Tea")
    await desk.run()
    assert await armed(desk) == {f"{desk.actor.workspace_id}:2026-11-24": datetime(2026, 11, 24, 4, 0, tzinfo=UTC)}


async def test_every_reason_has_its_words(desk: Desk, daily: Daily, fake: FakePlatform) -> None:
    desk.clock.set(EVENING - 9 * HOUR)
    for text, hours in (("late", 1), ("held", 2), ("lost", 6), ("no login", 7)):
        await desk.planned(text, hours=hours)
    await desk.draft("never planned")
    await desk.schedule.hold(desk.actor, (await desk.posts.numbered(desk.actor.workspace_id, 2)).id)
    desk.clock.move(4 * HOUR)
    await desk.run()
    fake.script.append(Do.LOSE_AFTER)
    await desk.wait(2 * HOUR + timedelta(minutes=30))
    account = (await desk.accounts.connected(desk.actor.workspace_id))[0]
    await desk.accounts.lost_login(await desk.accounts.access(account.id))
    await desk.wait(2 * HOUR)
    assert (await seen(desk, daily)).missed == (
        Missed(1, "Fake", "waits for your word"),
        Missed(2, "Fake", "on hold"),
        Missed(3, "Fake", "may be out"),
        Missed(4, "Fake", "waits for a login"),
    )


async def test_what_went_wrong_for_good_otherwise_failed(desk: Desk, daily: Daily, fake: FakePlatform) -> None:
    fake.script.append(Do.REFUSE)
    post = await desk.now("Tea")
    await desk.run()
    async with desk.db.writing() as session:  # as after eight tries at a platform that is down
        await session.execute(update(Delivery).values(error_code=Unavailable.code))
    assert await desk.state(post) is DeliveryState.FAILED
    assert (await seen(desk, daily)).missed == (Missed(1, "Fake", "failed"),)


async def test_a_hold_asks_for_the_day_for_which_it_was_planned(desk: Desk) -> None:
    post = await desk.planned("Tea", hours=30)
    await desk.schedule.hold(desk.actor, post.id)
    assert await armed(desk) == {f"{desk.actor.workspace_id}:2026-11-24": EVENING + 24 * HOUR}
    draft = await desk.draft("Coffee")
    await desk.schedule.hold(desk.actor, draft.id)
    assert len(await armed(desk)) == 1


async def test_while_everything_is_held_each_day_is_looked_back_at(desk: Desk, daily: Daily) -> None:
    await desk.planned("Tea")
    await desk.guards.switch.hold(desk.actor)
    await desk.wait(2 * HOUR)
    assert await seen(desk, daily) == DayView(0, (Missed(1, "Fake", "still waits"),), held=True)
    desk.clock.set(EVENING)
    await daily.again(desk.actor.workspace_id)
    assert sorted(await armed(desk)) == [f"{desk.actor.workspace_id}:2026-11-{day}" for day in (23, 24)]


async def test_what_only_waits_its_turn_is_no_news(desk: Desk, daily: Daily, fake: FakePlatform) -> None:
    desk.clock.set(EVENING - timedelta(minutes=10))
    fake.script.append(Do.BE_DOWN)
    await desk.now("Tea")
    await desk.run()
    assert (await seen(desk, daily)).missed == ()


async def test_what_an_outage_kept_back_is_told_on_the_day_it_was_found(desk: Desk, daily: Daily) -> None:
    await desk.planned("Tea")
    desk.clock.move(50 * HOUR)
    await desk.run()
    assert (await seen(desk, daily)).missed == (Missed(1, "Fake", "waits for your word"),)
    assert (await seen(desk, daily, date(2026, 11, 25))).missed == (Missed(1, "Fake", "waits for your word"),)
    assert list(await armed(desk)) == [f"{desk.actor.workspace_id}:2026-11-25"]


async def test_the_day_on_which_the_clocks_go_back_has_25_hours(desk: Desk, daily: Daily, fake: FakePlatform) -> None:
    await desk.people.live_in(desk.actor, "Europe/Berlin")
    desk.clock.set(datetime(2027, 10, 30, 16, 30, tzinfo=UTC))  # half past six, the evening before
    fake.script.append(Do.REFUSE)
    await desk.now("Tea")
    await desk.run()
    await desk.now("Coffee")
    await desk.run()
    [subject] = await armed(desk)
    assert subject.endswith(":2027-10-31")
    view = await seen(desk, daily, date(2027, 10, 31))
    assert (view.went_out, [one.number for one in view.missed]) == (1, [1])


async def test_what_waited_its_turn_at_six_and_is_refused_after_it_is_told_the_next_day_and_once(
    desk: Desk, daily: Daily, fake: FakePlatform
) -> None:
    await desk.guards.pace.set(
        desk.actor, (await desk.accounts.connected(desk.actor.workspace_id))[0].id, gap_minutes=20, daily_cap=None
    )
    desk.clock.set(EVENING - HOUR / 4)
    await desk.now("Tea")
    await desk.run()
    second = await desk.planned("Coffee", hours=0.1)
    await desk.wait(HOUR / 5)
    fake.script.append(Do.REFUSE)
    await desk.wait(HOUR)
    assert await desk.state(second) is DeliveryState.FAILED
    assert list(await armed(desk)) == [f"{desk.actor.workspace_id}:2026-11-24"]
    told = [[one.number for one in (await seen(desk, daily, date(2026, 11, day))).missed] for day in (24, 25)]
    assert told == [[2], []]
