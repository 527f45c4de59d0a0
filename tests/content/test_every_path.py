"""Every way by which a post can come to the moment of firing × every guard: nothing goes out, and it is said why."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from content.models import Account, DeliveryState, Job, JobState
from content.sweeping import Sweeping
from content.times import zone
from content.views import PostView
from tests.content.conftest import Build
from tests.content.test_series import Running
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform, FindingPlatform

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LOAF = "Rye or walnut? Tell us which loaf you want back on Saturday, and we bake it."
NEARLY = LOAF.replace("Saturday", "Sunday")

Path = Callable[[Desk, FindingPlatform], AsyncIterator[PostView]]
Guard = Callable[[Desk, FindingPlatform], Awaitable[object]]


# The paths: each stops one step before the moment of firing, and then takes it


async def at_its_time(desk: Desk, _fake: FindingPlatform) -> AsyncIterator[PostView]:
    yield await desk.planned(LOAF)
    await desk.wait(HOUR)


async def post_now(desk: Desk, _fake: FindingPlatform) -> AsyncIterator[PostView]:
    post = await desk.draft(LOAF)
    yield post
    await desk.schedule.post_now(desk.actor, post.id, 1, button="press")
    await desk.run()


async def approved_after_its_time(desk: Desk, _fake: FindingPlatform) -> AsyncIterator[PostView]:
    post = await desk.draft(LOAF)
    await desk.due(post, HOUR)
    await desk.wait(HOUR)
    yield post
    await desk.approve(post)
    await desk.run()


async def retry(desk: Desk, fake: FindingPlatform) -> AsyncIterator[PostView]:
    fake.script.append(Do.BE_DOWN)
    post = await desk.now(LOAF)
    await desk.run()
    yield post
    await desk.wait(5 * MINUTE)


async def try_again(desk: Desk, fake: FindingPlatform) -> AsyncIterator[PostView]:
    fake.script.append(Do.REFUSE)
    post = await desk.now(LOAF)
    await desk.run()
    yield post
    await desk.schedule.post_now(desk.actor, post.id, 1, button="press")
    await desk.run()


async def after_a_reconnect(desk: Desk, _fake: FindingPlatform) -> AsyncIterator[PostView]:
    post = await desk.planned(LOAF)
    await desk.accounts.lost_login(await desk.accounts.access(post.deliveries[0].account_id))
    await desk.wait(HOUR)
    yield post
    await desk.connect("fake")
    await desk.run()


async def after_a_release(desk: Desk, _fake: FindingPlatform) -> AsyncIterator[PostView]:
    post = await desk.planned(LOAF)
    await desk.schedule.hold(desk.actor, post.id)
    await desk.wait(HOUR)
    yield post
    await desk.schedule.release(desk.actor, post.id)
    await desk.run()


async def after_everything_was_held(desk: Desk, _fake: FindingPlatform) -> AsyncIterator[PostView]:
    post = await desk.planned(LOAF)
    await desk.guards.switch.hold(desk.actor)
    await desk.wait(HOUR)
    yield post
    await desk.guards.switch.release(desk.actor)
    await desk.run()


async def late_and_sent_now(desk: Desk, _fake: FindingPlatform) -> AsyncIterator[PostView]:
    post = await desk.planned(LOAF)
    desk.clock.move(2 * HOUR)
    await desk.run()
    yield post
    await desk.schedule.post_now(desk.actor, post.id, 1, button="press")
    await desk.run()


async def late_and_given_a_new_time(desk: Desk, _fake: FindingPlatform) -> AsyncIterator[PostView]:
    post = await desk.planned(LOAF)
    desk.clock.move(2 * HOUR)
    await desk.run()
    yield post
    await desk.due(post, HOUR)
    await desk.wait(HOUR)


async def its_turn(desk: Desk, fake: FindingPlatform) -> AsyncIterator[PostView]:
    since = desk.clock.now() - fake.public[-1].at
    await pace(desk, gap=round((since + 2 * HOUR) / MINUTE))
    post = await desk.now(LOAF)
    await desk.run()
    await pace(desk)
    yield post
    await desk.schedule.take_turn(desk.actor, (await desk.row(post)).id)
    await desk.wait(2 * HOUR)


async def anyway(desk: Desk, _fake: FindingPlatform) -> AsyncIterator[PostView]:
    await desk.guards.blackouts.add(desk.actor, "today", "Mourning")
    post = await desk.now(LOAF)
    await desk.run()
    yield post
    await desk.guards.objections.overrule(desk.actor, (await desk.row(post)).id, 1, button="press")
    await desk.run()


async def said_to_be_absent(desk: Desk, fake: FindingPlatform) -> AsyncIterator[PostView]:
    fake.readable = False
    fake.script.append(Do.LOSE_BEFORE)
    post = await desk.now(LOAF)
    await desk.wait(MINUTE)
    yield post
    await desk.tracing.settle(desk.actor, (await desk.row(post)).id, live=False)
    await desk.run()


async def proved_absent(desk: Desk, fake: FindingPlatform) -> AsyncIterator[PostView]:
    fake.script.append(Do.LOSE_BEFORE)
    post = await desk.now(LOAF)
    await desk.run()
    yield post
    await desk.wait(5 * MINUTE)


async def swept_up(desk: Desk, _fake: FindingPlatform) -> AsyncIterator[PostView]:
    post = await desk.planned(LOAF)
    async with desk.db.writing() as session:
        await session.execute(update(Job).values(state=JobState.DONE))
    desk.clock.move(HOUR)
    yield post
    await Sweeping(desk.db, desk.clock).sweep()
    await desk.run()


async def by_a_series(desk: Desk, _fake: FindingPlatform) -> AsyncIterator[PostView]:
    running, at = Running(desk), (desk.clock.now() + HOUR).astimezone(zone("Europe/Berlin"))
    series = await running.yes(await running.proposed(f"every day {at:%H:%M} for 2 weeks", LOAF))
    yield (await running.made(series))[0]
    await running.wait(HOUR)


PATHS: dict[str, Path] = {
    one.__name__: one
    for one in (
        at_its_time,
        post_now,
        approved_after_its_time,
        retry,
        try_again,
        after_a_reconnect,
        after_a_release,
        after_everything_was_held,
        late_and_sent_now,
        late_and_given_a_new_time,
        its_turn,
        anyway,
        said_to_be_absent,
        proved_absent,
        swept_up,
        by_a_series,
    )
}

# The guards, as somebody sets them in the last moment


async def pace(desk: Desk, gap: int | None = None, cap: int | None = None) -> None:
    [account] = await desk.rows(Account)
    await desk.guards.pace.set(desk.actor, account.id, gap_minutes=gap, daily_cap=cap)


async def quota(desk: Desk, _fake: FindingPlatform) -> None:
    async with desk.db.writing() as session:
        await session.execute(update(Account).values(quota_until=desk.clock.now() + 6 * HOUR))


async def late(desk: Desk, _fake: FindingPlatform) -> None:
    """Nothing ran for longer than a post may be late."""
    desk.clock.move(3 * HOUR)


GUARDS: dict[str, tuple[Guard, frozenset[str]]] = {
    "gap": (lambda desk, _: pace(desk, gap=24 * 60), frozenset({"gap", "turn"})),
    "cap": (lambda desk, _: pace(desk, cap=1), frozenset({"cap", "turn"})),
    "alike": (lambda desk, _: desk.approvals.policy.set(desk.actor, likeness_days=30), frozenset({"alike"})),
    "held": (lambda desk, _: desk.guards.switch.hold(desk.actor), frozenset()),
    "dry run": (lambda desk, _: desk.guards.switch.rehearse(desk.actor, on=True), frozenset({"rehearsed"})),
    "blackout": (lambda desk, _: desk.guards.blackouts.add(desk.actor, "today"), frozenset({"blackout"})),
    "quota": (quota, frozenset({"quota", "turn"})),
    "budget": (lambda desk, _: desk.approvals.policy.set(desk.actor, budget_mills=1), frozenset({"budget"})),
    "late": (late, frozenset({"overdue"})),
}
"""Each with the codes that its posts show; that everything is held stands on every card."""


async def lift(desk: Desk, post: PostView) -> None:
    """Everything as it was before the guard, and nothing left of the post."""
    await desk.schedule.cancel(desk.actor, post.id)
    series = Running(desk).series
    for one in await series.running(desk.actor.workspace_id):
        await series.end(desk.actor, one.id)
    await pace(desk)
    await desk.guards.switch.rehearse(desk.actor, on=False)
    await desk.guards.switch.release(desk.actor)
    for dark in (await desk.guards.view(desk.actor.workspace_id)).blackouts:
        await desk.guards.blackouts.end(desk.actor, dark.id)
    await desk.approvals.policy.set(desk.actor, likeness_days=0, budget_mills=-1)
    async with desk.db.writing() as session:
        await session.execute(update(Account).values(quota_until=None))


ANSWERED_NOW = {
    "post_now",
    "try_again",
    "late_and_sent_now",
    "late_and_given_a_new_time",
    "its_turn",
    "anyway",
    "said_to_be_absent",
}
"""Where a person's word is the post's new time, so that it cannot be late."""


def guards_of(path: str) -> list[str]:
    """Every guard that means something on this path."""
    senseless = {
        *(["late"] if path in ANSWERED_NOW else []),
        *(["held"] if path == "after_everything_was_held" else []),  # letting go ends it
        *(["blackout"] if path == "anyway" else []),  # overruling says yes to every blackout there is
    }
    return [one for one in GUARDS if one not in senseless]


@pytest.mark.parametrize("path", PATHS)
async def test_no_path_leads_past_a_guard(build: Build, clock: FakeClock, path: str) -> None:
    """One desk a path, for speed: every guard in turn, and in the end none, else the path would prove nothing."""
    fake = FindingPlatform(clock)
    desk = await build(fake)
    fake.cost_mills = 100
    await desk.approvals.policy.set(desk.actor, likeness_days=0)
    await desk.now(NEARLY)
    await desk.run()
    for guard in guards_of(path):
        steps = PATHS[path](desk, fake)
        post = await anext(steps)
        asked = len(fake.keys)
        set_guard, codes = GUARDS[guard]
        await set_guard(desk, fake)
        with pytest.raises(StopAsyncIteration):
            await anext(steps)
        assert (guard, len(fake.keys), fake.texts) == (guard, asked, [NEARLY])
        shown = await desk.delivery(post)
        assert (guard, shown.sent_at) == (guard, None)
        assert (guard, not codes or shown.error_code in codes) == (guard, True)
        assert shown.state in {DeliveryState.WAITING, DeliveryState.ASKING, DeliveryState.HELD}
        await lift(desk, post)
    async for _ in PATHS[path](desk, fake):
        pass
    assert fake.texts == [NEARLY, LOAF]


@pytest.mark.parametrize("guard", ["held", "dry run", "quota"])
@pytest.mark.parametrize("do", [Do.BE_DOWN, Do.LOSE_BEFORE])
async def test_a_thread_that_has_begun_and_a_repeat_stop_too(
    build: Build, clock: FakeClock, guard: str, do: Do
) -> None:
    fake = FakePlatform(clock, repeat_safe=HOUR)
    desk = await build(fake)
    fake.script.extend([Do.PUBLISH, do])
    post = await desk.now("One", "Two")
    await desk.run()
    asked = len(fake.keys)
    finding = FindingPlatform(clock)
    await GUARDS[guard][0](desk, finding)
    await desk.wait(3 * MINUTE)
    if (guard, do) == ("quota", Do.LOSE_BEFORE):
        assert fake.texts == ["One", "Two"], "the same request again, so that it is known what became of it"
    else:
        assert (len(fake.keys), fake.texts) == (asked, ["One"])
        assert (await desk.delivery(post)).sent_at is None
