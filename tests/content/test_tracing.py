"""Finding out what became of a commit whose answer was lost: always through the job runner, as in the product."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from content.errors import Conflict, NotAllowed, NotFound
from content.models import Approval, Attempt, AuditEntry, Delivery, DeliveryState, Outcome, Role
from content.platform import Absent, Access, Pending, Prepared, Published
from content.views import PostView
from content.wording import Wording
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import BarePlatform, Do, FakePlatform, FindingPlatform, FollowingPlatform

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


async def lost(desk: Desk, platform: BarePlatform, *texts: str, do: Do = Do.LOSE_AFTER) -> PostView:
    """A post whose first answer is lost, at the moment it was sent."""
    platform.script.append(do)
    post = await desk.now(*texts)
    await desk.run()
    assert await desk.state(post) is DeliveryState.UNKNOWN
    return post


async def settle(desk: Desk, post: PostView, *, live: bool) -> str:
    return await desk.tracing.settle(desk.actor, (await desk.row(post)).id, live=live)


@pytest.fixture
def finding(clock: FakeClock) -> FindingPlatform:
    return FindingPlatform(clock)


@pytest.fixture
async def asking(build: Build, finding: FindingPlatform) -> Desk:
    """A desk on a platform that can be asked."""
    return await build(finding)


@pytest.fixture
def safe(clock: FakeClock) -> FakePlatform:
    return FakePlatform(clock, repeat_safe=HOUR)


@pytest.fixture
async def repeating(build: Build, safe: FakePlatform) -> Desk:
    """A desk on a platform where the same key makes no second post for an hour."""
    return await build(safe)


# Platforms that can be asked


@pytest.mark.parametrize("do", [Do.LOSE_AFTER, Do.LOSE_BEFORE, Do.BREAK_AFTER, Do.BREAK_BEFORE])
async def test_the_platform_is_asked_and_the_post_is_out_once(asking: Desk, finding: FindingPlatform, do: Do) -> None:
    post = await lost(asking, finding, "Once", do=do)
    assert finding.asked == 0, "it gets a moment first"
    await asking.wait(MINUTE)
    assert (finding.asked, finding.texts, await asking.state(post)) == (1, ["Once"], DeliveryState.SENT)
    assert (await asking.delivery(post)).url == "https://fake.example/remote-1"
    assert {one.outcome for one in await asking.rows(Attempt)} <= {Outcome.SENT, Outcome.NOTHING}


async def test_what_was_found_in_the_middle_of_a_thread_lets_it_go_on(asking: Desk, finding: FindingPlatform) -> None:
    finding.script.append(Do.PUBLISH)
    await lost(asking, finding, "One", "Two", "Three")
    await asking.wait(MINUTE)
    assert [one.reply_to for one in finding.public] == ["", "remote-1", "remote-2"]


@pytest.mark.parametrize("answer", [Do.REFUSE, Do.BE_DOWN, Do.BREAK_BEFORE])
async def test_a_platform_that_cannot_tell_is_asked_again_then_a_person_is(
    asking: Desk, finding: FindingPlatform, answer: Do
) -> None:
    finding.answers.extend([answer] * 50)
    post = await lost(asking, finding)
    await asking.wait(HOUR * 5)
    assert 2 < finding.asked < 25
    assert (await asking.state(post), asking.news(), len(finding.keys)) == (DeliveryState.UNKNOWN, ["unknown"], 1)


async def test_a_person_who_was_faster_than_the_platform_is_believed(asking: Desk, finding: FindingPlatform) -> None:
    finding.answers.append(Do.HANG_BEFORE)
    post = await lost(asking, finding, do=Do.LOSE_BEFORE)
    asking.clock.move(MINUTE)
    slow = asyncio.create_task(asking.run())
    await finding.reached.wait()
    await settle(asking, post, live=True)
    finding.resume.set()
    await slow
    await asking.wait(HOUR)
    assert (await asking.state(post), len(finding.keys)) == (DeliveryState.SENT, 1)


async def test_a_post_cannot_be_touched_while_nobody_knows(asking: Desk, finding: FindingPlatform) -> None:
    finding.answers.extend([Do.REFUSE] * 50)
    post = await lost(asking, finding)
    deeds = (
        asking.posts.revise(asking.actor, post.id, [Wording(("Changed",))], change=""),
        asking.posts.discard(asking.actor, post.id, 1),
        asking.posts.undo(asking.actor, post.id, 1),
        asking.schedule.cancel(asking.actor, post.id),
        asking.schedule.hold(asking.actor, post.id),
        asking.due(post, HOUR),
        asking.schedule.post_now(asking.actor, post.id, 1, button="x"),
    )
    for deed in deeds:
        with pytest.raises(Conflict):
            await deed


# Platforms where the same key makes no second post


@pytest.mark.parametrize("do", [Do.LOSE_AFTER, Do.LOSE_BEFORE])
async def test_where_it_is_safe_the_same_commit_is_repeated(repeating: Desk, safe: FakePlatform, do: Do) -> None:
    post = await lost(repeating, safe, "Once", do=do)
    await repeating.wait(MINUTE)
    assert (safe.texts, len(set(safe.keys)), await repeating.state(post)) == (["Once"], 1, DeliveryState.SENT)


async def test_repeating_ends_before_the_key_is_forgotten_and_then_a_person_is_asked(
    repeating: Desk, safe: FakePlatform
) -> None:
    safe.script.extend([Do.LOSE_AFTER] * 100)
    post = await lost(repeating, safe, "Once")
    await repeating.wait(HOUR * 5)
    assert 5 < len(safe.keys) < 20
    assert (safe.texts, await repeating.state(post)) == (["Once"], DeliveryState.UNKNOWN)
    assert repeating.news() == ["unknown"]


async def test_nothing_is_repeated_by_a_clock_that_was_set_back(repeating: Desk, safe: FakePlatform) -> None:
    """How long ago the first try was cannot be told any more, so neither can whether its key is still known."""
    safe.script.append(Do.LOSE_AFTER)
    post = await repeating.now()
    await repeating.run()
    repeating.clock.move(-timedelta(hours=2))
    await repeating.publishing.publish((await repeating.delivery(post)).id)
    assert await repeating.state(post) is DeliveryState.UNKNOWN
    await repeating.run()
    assert repeating.news() == ["unknown"]
    assert len(safe.keys) == 1


async def test_a_limit_that_outlasts_the_key_does_not_make_a_second_post(repeating: Desk, safe: FakePlatform) -> None:
    """Nothing happened in the repetition; the first try is still in doubt, and its key will have been forgotten."""
    post = await lost(repeating, safe, "Once")
    safe.script.extend([Do.LIMIT] * 12)
    await repeating.wait(HOUR * 5)
    assert (safe.texts, await repeating.state(post)) == (["Once"], DeliveryState.UNKNOWN)
    assert repeating.news() == ["unknown"]


async def test_a_repetition_that_is_refused_asks_a_person(repeating: Desk, safe: FakePlatform) -> None:
    post = await lost(repeating, safe)
    safe.script.append(Do.REFUSE)
    await repeating.wait(HOUR)
    assert (await repeating.state(post), repeating.news(), len(safe.public)) == (DeliveryState.UNKNOWN, ["unknown"], 1)


async def test_a_repetition_whose_login_is_refused_waits_for_the_account(repeating: Desk, safe: FakePlatform) -> None:
    post = await lost(repeating, safe, do=Do.LOSE_BEFORE)
    safe.script.extend([Do.EXPIRE, Do.EXPIRE])
    await repeating.wait(MINUTE * 5)
    shown = await repeating.delivery(post)
    assert (shown.state, shown.error_code, safe.public) == (DeliveryState.UNKNOWN, "needs_reconnect", [])
    await repeating.connect("fake")
    await repeating.wait(MINUTE)
    assert len(safe.public) == 1


async def test_a_repetition_waits_while_everything_is_held(repeating: Desk, safe: FakePlatform) -> None:
    await lost(repeating, safe, do=Do.LOSE_BEFORE)
    await repeating.guards.switch.hold(repeating.actor)
    await repeating.wait(MINUTE * 5)
    assert safe.public == []
    await repeating.guards.switch.release(repeating.actor)
    await repeating.wait(MINUTE * 2)
    assert len(safe.public) == 1


async def test_nothing_is_repeated_on_an_approval_that_was_taken_back(repeating: Desk, safe: FakePlatform) -> None:
    post = await lost(repeating, safe)
    async with repeating.db.writing() as session:
        await session.execute(update(Approval).values(revoked_at=repeating.clock.now()))
    await repeating.wait(HOUR)
    assert (await repeating.state(post), len(safe.keys), repeating.news()) == (DeliveryState.UNKNOWN, 1, ["unknown"])


async def test_nothing_is_repeated_that_a_person_settled_meanwhile(build: Build, clock: FakeClock) -> None:
    both = FindingPlatform(clock, repeat_safe=HOUR)
    desk = await build(both)
    both.answers.append(Do.HANG_BEFORE)
    both.then = Do.REFUSE
    post = await lost(desk, both, do=Do.LOSE_BEFORE)
    clock.move(MINUTE)
    slow = asyncio.create_task(desk.run())
    await both.reached.wait()
    await settle(desk, post, live=True)
    both.resume.set()
    await slow
    await desk.wait(HOUR)
    assert (await desk.state(post), len(both.keys)) == (DeliveryState.SENT, 1)


# A person's word


async def test_a_person_says_that_it_is_live(desk: Desk, fake: FakePlatform) -> None:
    post = await lost(desk, fake)
    await desk.wait(MINUTE)
    assert await settle(desk, post, live=True) == post.id
    await desk.wait(HOUR)
    assert (await desk.state(post), len(fake.keys), desk.news()) == (DeliveryState.SENT, 1, ["unknown", "sent"])
    with pytest.raises(Conflict, match="settled already: it is sent"):
        await settle(desk, post, live=False)
    noted = [row for row in await desk.rows(AuditEntry) if row.verb == "delivery.settled"]
    assert [(row.member_id, row.detail["live"]) for row in noted] == [(desk.actor.member_id, True)]


async def test_a_person_says_that_it_is_not_live(desk: Desk, fake: FakePlatform) -> None:
    post = await lost(desk, fake, do=Do.LOSE_BEFORE)
    await desk.wait(HOUR * 9)
    await settle(desk, post, live=False)
    await desk.wait(MINUTE)
    assert (await desk.state(post), len(fake.public), len(set(fake.keys))) == (DeliveryState.SENT, 1, 1)


async def test_after_a_persons_no_a_refusal_is_a_refusal(desk: Desk, fake: FakePlatform) -> None:
    post = await lost(desk, fake, do=Do.LOSE_BEFORE)
    await settle(desk, post, live=False)
    fake.script.append(Do.REFUSE)
    await desk.wait(MINUTE)
    assert await desk.state(post) is DeliveryState.FAILED


async def test_the_rest_of_a_thread_cannot_follow_a_part_whose_address_nobody_knows(
    desk: Desk, fake: FakePlatform
) -> None:
    post = await lost(desk, fake, "One", "Two")
    await settle(desk, post, live=True)
    await desk.wait(HOUR)
    shown = await desk.delivery(post)
    assert (shown.state, shown.parts_sent, fake.texts) == (DeliveryState.CANCELLED, 1, ["One"])
    assert "Post the rest by hand" in shown.error
    assert desk.news()[-1] == "failed"


async def test_only_approvers_of_the_workspace_settle(desk: Desk, fake: FakePlatform) -> None:
    post = await lost(desk, fake)
    known = (await desk.row(post)).id
    with pytest.raises(NotAllowed):
        await desk.tracing.settle(await desk.member(Role.EDITOR), known, live=True)
    for actor, delivery in ((replace(desk.actor, workspace_id="workspace_0"), known), (desk.actor, "delivery_0")):
        with pytest.raises(NotFound):
            await desk.tracing.settle(actor, delivery, live=True)


# Platforms that work on what they took


@pytest.fixture
def working(clock: FakeClock) -> FollowingPlatform:
    return FollowingPlatform(clock)


async def taken(desk: Desk, platform: BarePlatform, *texts: str) -> PostView:
    """A post that the platform took and still works on."""
    platform.script.append(Do.PEND)
    post = await desk.now(*texts)
    await desk.run()
    assert await desk.state(post) is DeliveryState.PROCESSING
    return post


async def test_a_part_the_platform_finished_lets_the_thread_go_on(build: Build, working: FollowingPlatform) -> None:
    desk = await build(working)
    post = await taken(desk, working, "One", "Two")
    await desk.wait(MINUTE)
    assert (await desk.state(post), len(working.public)) == (DeliveryState.SENT, 2)


async def test_what_the_platform_refuses_after_working_on_it_fails(build: Build, working: FollowingPlatform) -> None:
    desk = await build(working)
    working.working.append(Do.REFUSE)
    post = await taken(desk, working)
    await desk.wait(HOUR)
    assert (await desk.state(post), desk.news(), len(working.keys)) == (DeliveryState.FAILED, ["failed"], 1)


async def test_what_is_never_finished_becomes_a_question(build: Build, working: FollowingPlatform) -> None:
    desk = await build(working)
    working.working.extend([Do.PEND] * 500)
    post = await taken(desk, working)
    await desk.wait(MINUTE * 29)
    assert await desk.state(post) is DeliveryState.PROCESSING
    await desk.wait(MINUTE * 5)
    assert (await desk.state(post), desk.news()) == (DeliveryState.UNKNOWN, ["unknown"])


async def test_two_workers_that_give_up_waiting_at_once_ask_one_question(
    build: Build, working: FollowingPlatform
) -> None:
    desk = await build(working)
    working.working.extend([Do.PEND] * 500)
    post = await taken(desk, working)
    desk.clock.move(MINUTE * 31)
    known = (await desk.row(post)).id
    await asyncio.gather(desk.publishing.publish(known), desk.publishing.publish(known))
    assert [row.verb for row in await desk.rows(AuditEntry)].count("delivery.unknown") == 1


async def test_a_pending_part_that_nobody_can_follow_becomes_a_question(desk: Desk, fake: FakePlatform) -> None:
    post = await taken(desk, fake)
    await desk.wait(MINUTE)
    assert (await desk.state(post), desk.news()) == (DeliveryState.UNKNOWN, ["unknown"])


# Somebody else was faster

Meanwhile = Callable[[], Awaitable[None]]


class Overtaken(FindingPlatform, FollowingPlatform):
    """While it is asked, another runner takes the delivery on."""

    meanwhile: Meanwhile
    answer: Published | Absent | None = None

    async def find(
        self, prepared: Prepared, part: int, key: str, since: datetime, earlier: Sequence[Published]
    ) -> Published | Absent | None:
        await self.meanwhile()
        return self.answer

    async def follow(self, pending: Pending, access: Access) -> Published | Pending:
        await self.meanwhile()
        if self.working:
            self._fail(self.working.popleft())
        return Published("found")


async def overtaken(build: Build, clock: FakeClock) -> tuple[Desk, Overtaken]:
    platform = Overtaken(clock)
    desk = await build(platform)

    async def meanwhile() -> None:
        async with desk.db.writing() as session:
            await session.execute(update(Delivery).values(fence=Delivery.fence + 1))

    platform.meanwhile = meanwhile
    return desk, platform


@pytest.mark.parametrize("answer", [Published("found"), Absent()])
async def test_an_answer_about_what_another_has_taken_on_is_dropped(
    build: Build, clock: FakeClock, answer: Published | Absent
) -> None:
    desk, platform = await overtaken(build, clock)
    platform.answer = answer
    post = await lost(desk, platform)
    await desk.wait(MINUTE)
    assert (await desk.state(post), desk.news()) == (DeliveryState.UNKNOWN, [])


async def test_nobody_is_asked_about_what_another_has_taken_on(build: Build, clock: FakeClock) -> None:
    desk, platform = await overtaken(build, clock)
    post = await lost(desk, platform)
    clock.move(HOUR)
    await desk.run()
    assert (await desk.state(post), desk.news()) == (DeliveryState.UNKNOWN, [])


@pytest.mark.parametrize("working", [[], [Do.REFUSE]])
async def test_news_of_work_that_another_has_taken_on_is_dropped(
    build: Build, clock: FakeClock, working: list[Do]
) -> None:
    desk, platform = await overtaken(build, clock)
    platform.working.extend(working)
    post = await taken(desk, platform)
    await desk.wait(MINUTE)
    assert (await desk.state(post), desk.news()) == (DeliveryState.PROCESSING, [])


async def test_an_account_that_cannot_be_read_is_asked_about_at_once(build: Build, clock: FakeClock) -> None:
    platform = FindingPlatform(clock)
    desk = await build(platform)
    platform.readable = False
    platform.script.append(Do.LOSE_AFTER)
    post = await desk.now()
    await desk.wait(timedelta(seconds=30))
    assert desk.news() == ["unknown"]
    assert platform.asked == 0
    assert "got no answer" in (await desk.delivery(post)).error
