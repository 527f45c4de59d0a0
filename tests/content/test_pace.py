"""How close together and how often an account posts, at the moment of firing: always through the job runner."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from content import jobs
from content.errors import Conflict, Invalid, NotAllowed, NotFound
from content.models import Account, AuditEntry, DeliveryState, Job, PostState, Role, Workspace
from content.pace import minutes_words
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


async def paced(desk: Desk, gap: int | None = None, cap: int | None = None) -> None:
    [account] = await desk.rows(Account)
    await desk.guards.pace.set(desk.actor, account.id, gap_minutes=gap, daily_cap=cap)


async def patient(desk: Desk, minutes: int = 60 * 48) -> None:
    async with desk.db.writing() as session:
        await session.execute(update(Workspace).values(late_after_minutes=minutes))


async def test_a_workspace_keeps_posts_further_apart_than_the_platform_asks(desk: Desk, fake: FakePlatform) -> None:
    await paced(desk, gap=20)
    first, second = await desk.planned("First"), await desk.planned("Second", hours=61 / 60)
    await desk.wait(HOUR + 2 * MINUTE)
    shown = await desk.delivery(second)
    assert (await desk.state(first), shown.state, shown.error_code) == (
        DeliveryState.SENT,
        DeliveryState.WAITING,
        "gap",
    )
    assert shown.error == "ann keeps 20 min between posts: #1 was last."
    assert shown.turn_at == fake.public[0].at + 20 * MINUTE
    await desk.wait(18 * MINUTE)
    assert fake.texts == ["First", "Second"]
    assert fake.public[1].at - fake.public[0].at == 20 * MINUTE
    assert (await desk.delivery(second)).turn_at is None


async def test_the_card_is_redrawn_once_for_a_wait_however_often_it_is_looked_at(desk: Desk) -> None:
    await paced(desk, gap=20)
    await desk.now("First")
    await desk.run()
    second = await desk.now("Second")
    await desk.run()
    desk.told.clear()
    desk.clock.move(MINUTE)
    async with desk.db.writing() as session:
        now = desk.clock.now()
        await jobs.put(session, "publish", (await desk.row(second)).id, run_at=now, now=now)
    await desk.run()
    assert desk.told == []


async def test_a_gap_never_undercuts_the_platforms_own(build: Build, clock: FakeClock) -> None:
    spaced = FakePlatform(clock, spacing=timedelta(minutes=9), daily_cap=3)
    desk = await build(spaced)
    await paced(desk, gap=5, cap=900)
    [pace] = (await desk.guards.view(desk.actor.workspace_id)).paces
    assert (pace.gap, pace.cap, pace.words) == (9 * MINUTE, 3, "at least 9 min apart, at most 3 in 24 hours")
    await desk.now("First")
    await desk.run()
    await desk.now("Second")
    await desk.wait(HOUR)
    assert spaced.public[1].at - spaced.public[0].at == 9 * MINUTE


async def test_a_workspace_posts_fewer_a_day_than_the_platform_takes(desk: Desk, fake: FakePlatform) -> None:
    await paced(desk, cap=1)
    await patient(desk)
    await desk.now("First")
    await desk.run()
    second = await desk.now("Second")
    await desk.run()
    shown = await desk.delivery(second)
    assert (shown.error_code, shown.error) == ("cap", "ann posts once in 24 hours at most.")
    await desk.wait(25 * HOUR)
    assert fake.public[1].at - fake.public[0].at == 24 * HOUR


async def test_what_would_get_its_turn_too_late_asks_at_once(desk: Desk, fake: FakePlatform) -> None:
    await paced(desk, gap=120)
    await desk.now("First")
    await desk.run()
    second = await desk.now("Second")
    await desk.run()
    shown = await desk.delivery(second)
    assert (shown.state, shown.error_code) == (DeliveryState.ASKING, "turn")
    assert shown.error == (
        "ann keeps 2 h between posts: #1 was last. Its turn comes too late for it to go out by itself."
    )
    await desk.wait(MINUTE)
    assert desk.told[-1] == ("late", desk.actor.member_id)
    await desk.schedule.take_turn(desk.actor, shown.id)
    await desk.wait(2 * HOUR - 2 * MINUTE)
    assert fake.texts == ["First"]
    await desk.wait(MINUTE)
    assert fake.texts == ["First", "Second"]


async def test_a_turn_that_is_past_by_the_time_somebody_answers_is_now(desk: Desk, fake: FakePlatform) -> None:
    await paced(desk, gap=120)
    await desk.now("First")
    await desk.run()
    second = await desk.now("Second")
    await desk.run()
    await desk.wait(5 * HOUR)
    await desk.schedule.take_turn(desk.actor, (await desk.row(second)).id)
    await desk.run()
    assert fake.texts == ["First", "Second"]


async def test_a_turn_is_taken_once_and_only_where_it_was_asked(desk: Desk) -> None:
    await paced(desk, gap=120)
    await desk.now("First")
    await desk.run()
    second = await desk.now("Second")
    await desk.run()
    mine = (await desk.row(second)).id
    with pytest.raises(NotAllowed):
        await desk.schedule.take_turn(await desk.member(Role.VIEWER), mine)
    with pytest.raises(NotFound):
        await desk.schedule.take_turn(replace(desk.actor, workspace_id="workspace_other"), mine)
    with pytest.raises(NotFound):
        await desk.schedule.take_turn(desk.actor, "delivery_none")
    await desk.schedule.take_turn(desk.actor, mine)
    with pytest.raises(Conflict, match="does not ask about its turn any more"):
        await desk.schedule.take_turn(desk.actor, mine)


async def test_a_quota_that_is_used_up_keeps_the_accounts_other_posts_from_being_refused(
    desk: Desk, fake: FakePlatform
) -> None:
    fake.script.append(Do.LIMIT)
    first = await desk.now("First")
    await desk.run()
    waits = await desk.delivery(first)
    assert (waits.error_code, waits.error) == ("quota", "Fake takes no more from ann for now.")
    assert waits.turn_at == desk.clock.now() + 7 * MINUTE
    second = await desk.now("Second")
    await desk.run()
    shown = await desk.delivery(second)
    assert (len(fake.keys), shown.error_code) == (1, "quota")
    assert shown.error == "Fake takes no more from ann for now."
    assert shown.turn_at == desk.clock.now() + 7 * MINUTE
    [pace] = (await desk.guards.view(desk.actor.workspace_id)).paces
    assert pace.quota_until == shown.turn_at
    await desk.wait(7 * MINUTE)
    assert {await desk.state(first), await desk.state(second)} == {DeliveryState.SENT}
    assert (await desk.guards.view(desk.actor.workspace_id)).paces[0].quota_until is None


async def test_a_thread_that_has_begun_waits_for_the_quota_and_then_goes_on(desk: Desk, fake: FakePlatform) -> None:
    fake.script.extend([Do.PUBLISH, Do.LIMIT])
    post = await desk.now("One", "Two")
    await desk.run()
    await desk.schedule.post_now(desk.actor, post.id, 1, button="press")
    await desk.run()
    assert (fake.texts, (await desk.delivery(post)).error_code) == (["One"], "quota")
    await desk.wait(7 * MINUTE)
    assert fake.texts == ["One", "Two"]


async def test_what_is_refused_until_it_would_be_too_late_asks_at_once(desk: Desk, fake: FakePlatform) -> None:
    fake.limit_for = 20 * HOUR
    fake.script.append(Do.LIMIT)
    post = await desk.now("First")
    await desk.run()
    shown = await desk.delivery(post)
    assert (shown.state, shown.error_code) == (DeliveryState.ASKING, "turn")
    assert shown.error == "Fake takes no more from ann for now. Its turn comes too late for it to go out by itself."
    await desk.wait(MINUTE)
    assert [kind for kind, _ in desk.told if kind == "late"] == ["late"]
    await desk.schedule.take_turn(desk.actor, shown.id)
    await desk.wait(20 * HOUR)
    assert fake.texts == ["First"]


async def test_a_thread_that_breaks_off_for_long_says_so_and_goes_on(desk: Desk, fake: FakePlatform) -> None:
    fake.limit_for = 20 * HOUR
    fake.script.extend([Do.PUBLISH, Do.LIMIT])
    post = await desk.now("One", "Two")
    await desk.run()
    assert ((await desk.delivery(post)).state, desk.news()) == (DeliveryState.WAITING, ["broke_off"])
    assert [job.kind for job in await desk.rows(Job) if job.kind == "daily"] == ["daily"]
    await desk.wait(20 * HOUR)
    assert (fake.texts, desk.news()) == (["One", "Two"], ["broke_off", "sent"])


async def test_the_pace_is_set_by_those_who_may_within_reason(desk: Desk) -> None:
    await paced(desk, gap=30, cap=10)
    [account] = await desk.rows(Account)
    assert (account.gap_minutes, account.daily_cap) == (30, 10)
    [noted] = [row for row in await desk.rows(AuditEntry) if row.verb == "account.paced"]
    assert noted.detail == {"gap_minutes": 30, "daily_cap": 10}
    for gap, cap in ((0, 1), (1441, 1), (1, 0), (1, 1001)):
        with pytest.raises(Invalid, match="so nothing was changed"):
            await paced(desk, gap, cap)
    with pytest.raises(NotAllowed):
        await desk.guards.pace.set(await desk.member(Role.EDITOR), account.id, gap_minutes=1, daily_cap=1)
    for actor, name in ((desk.actor, "account_none"), (replace(desk.actor, workspace_id="other"), account.id)):
        with pytest.raises(NotFound):
            await desk.guards.pace.set(actor, name, gap_minutes=1, daily_cap=1)
    await paced(desk)
    assert [one.words for one in (await desk.guards.view(desk.actor.workspace_id)).paces] == [
        "at most 1000 in 24 hours"
    ]


@pytest.mark.parametrize(
    ("span", "words"), [(45, "45 s"), (60, "1 min"), (1800, "30 min"), (7200, "2 h"), (5400, "1 h 30 min")]
)
def test_a_gap_is_said_in_few_words(span: int, words: str) -> None:
    assert minutes_words(timedelta(seconds=span)) == words


async def test_a_turn_is_another_time_so_where_a_yes_is_to_the_time_too_it_needs_a_new_one(
    desk: Desk, fake: FakePlatform
) -> None:
    await paced(desk, gap=120)
    await desk.approvals.policy.set(desk.actor, approval_survives_move=False)
    await desk.now("First")
    await desk.run()
    second = await desk.now("Second")
    await desk.run()
    moved = await desk.schedule.take_turn(desk.actor, (await desk.row(second)).id)
    assert moved.state is PostState.DRAFT
    await desk.wait(3 * HOUR)
    assert ((await desk.delivery(second)).error_code, fake.texts) == ("not_approved", ["First"])
