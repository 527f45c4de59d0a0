"""What paid posts cost: said before a yes, counted by the month, and never above the budget by themselves."""

import asyncio
from datetime import timedelta

import pytest

from content.costs import Spending, dollars
from content.models import Attempt, DeliveryState
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def dear(desk: Desk, fake: FakePlatform) -> None:
    """Twenty cents a part."""
    fake.cost_mills = 200


@pytest.mark.parametrize(
    ("mills", "words"),
    [(0, "$0"), (15, "$0.015"), (200, "$0.20"), (1350, "$1.35"), (10_000, "$10"), (10_005, "$10.005")],
)
def test_amounts_are_said_as_people_write_them(mills: int, words: str) -> None:
    assert dollars(mills) == words


def test_a_month_is_told_with_its_limit_where_there_is_one() -> None:
    assert Spending(1350, 10_000).words == "$1.35 of this month's $10 are spent"
    assert Spending(0, None).words == "$0 are spent this month"
    assert not Spending(10**9, None).exceeded_by(10**9)


async def test_the_cost_is_known_before_anybody_approves(desk: Desk) -> None:
    post = await desk.draft("One", "Two")
    assert (post.cost_mills, post.spending) == (400, Spending(0, None))
    approved = await desk.now("Three")
    await desk.run()
    shown = await desk.view(approved)
    assert (shown.cost_mills, shown.spending) == (0, None)
    assert (await desk.view(post)).spending == Spending(200, None)


async def test_what_costs_nothing_is_not_spoken_of(desk: Desk, fake: FakePlatform) -> None:
    fake.cost_mills = 0
    assert (await desk.draft("One")).spending is None


async def test_posts_above_the_budget_ask_and_go_out_after_it_was_raised(desk: Desk, fake: FakePlatform) -> None:
    await desk.approvals.policy.set(desk.actor, budget_mills=300)
    await desk.now("One")
    await desk.run()
    post = await desk.now("Two")
    await desk.run()
    shown = await desk.delivery(post)
    assert (shown.state, shown.error_code, fake.texts) == (DeliveryState.ASKING, "budget", ["One"])
    assert "It would cost $0.20, and $0.20 of this month's $0.30 are spent. Raise the budget" in shown.error
    assert desk.news() == ["sent", "overdue"]
    rules = await desk.approvals.policy.set(desk.actor, budget_mills=-1)
    assert rules.budget_mills is None
    await desk.schedule.post_now(desk.actor, post.id, post.revision, button="press")
    await desk.run()
    assert fake.texts == ["One", "Two"]


async def test_a_new_month_begins_at_midnight_where_the_desk_is(desk: Desk, fake: FakePlatform) -> None:
    """It is November; in Berlin December begins an hour earlier than in UTC."""
    await desk.approvals.policy.set(desk.actor, budget_mills=200)
    await desk.now("One")
    await desk.run()
    desk.clock.set(desk.clock.now().replace(day=30, hour=22, minute=59))
    post = await desk.now("Two")
    await desk.run()
    assert (await desk.state(post)) is DeliveryState.ASKING
    desk.clock.move(timedelta(minutes=2))
    await desk.schedule.post_now(desk.actor, post.id, post.revision, button="press")
    await desk.run()
    assert fake.texts == ["One", "Two"]


async def test_what_may_have_gone_out_counts_and_what_did_not_does_not(desk: Desk, fake: FakePlatform) -> None:
    fake.script.extend([Do.LOSE_AFTER, Do.REFUSE])
    for text in ("One", "Two"):
        await desk.now(text)
        await desk.wait(HOUR)
    assert [one.cost_mills for one in await desk.rows(Attempt)] == [200, 200]
    assert (await desk.draft("Three")).spending == Spending(200, None)


async def test_a_thread_that_has_begun_is_finished_whatever_it_costs(desk: Desk, fake: FakePlatform) -> None:
    await desk.approvals.policy.set(desk.actor, budget_mills=400)
    fake.script.extend([Do.PUBLISH, Do.BE_DOWN])
    await desk.now("One", "Two")
    await desk.run()
    fake.cost_mills = 900
    await desk.wait(HOUR)
    assert fake.texts == ["One", "Two"]


async def test_two_accounts_at_once_do_not_spend_one_budget_twice(desk: Desk, fake: FakePlatform) -> None:
    """The second passes while the first uploads, so what decides is the moment before it leaves."""
    await desk.connect("fake", "bob")
    await desk.approvals.policy.set(desk.actor, budget_mills=200)
    fake.preparing.extend([Do.HANG_BEFORE, Do.HANG_BEFORE])
    post = await desk.now("One")
    running = asyncio.create_task(desk.run())
    await fake.reached.wait()
    fake.resume.set()
    await running
    states = sorted((one.state, one.error_code) for one in (await desk.view(post)).deliveries)
    assert states == [(DeliveryState.ASKING, "budget"), (DeliveryState.SENT, "")]
    assert len(fake.public) == 1


async def test_what_was_tried_twice_costs_once(build: Build, clock: FakeClock) -> None:
    safe = FakePlatform(clock, repeat_safe=HOUR)
    safe.cost_mills = 200
    desk = await build(safe)
    safe.script.append(Do.LOSE_AFTER)
    await desk.now("One")
    await desk.wait(HOUR)
    assert (len(await desk.rows(Attempt)), len(safe.public)) == (2, 1)
    assert (await desk.draft("Two")).spending == Spending(200, None)
