"""What goes out, and that nothing goes out twice: always through the job runner, as in the product."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from content.attempts import Attempts
from content.errors import Busy, StaleRevision
from content.firing import LEASE, Claim, Later
from content.models import Account, Attempt, Delivery, DeliveryState, Outcome, Part, Workspace
from content.platform import Access, Json
from content.publishing import ARMS_WITHIN, BURNS, COMMIT_TAKES, Publishing
from content.wording import Wording
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import (
    BarePlatform,
    Do,
    FakePlatform,
    FindingPlatform,
    FollowingPlatform,
)

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


async def killed(desk: Desk, platform: BarePlatform) -> None:
    """Start the runner, and end it where the platform hangs, as a power cut would."""
    running = asyncio.create_task(desk.run())
    await platform.reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    platform.resume.set()


# The straight way


async def test_an_approved_post_goes_out_once_at_its_time(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello")
    await desk.wait(HOUR - SECOND)
    assert fake.public == []
    await desk.wait(SECOND)
    await desk.wait(HOUR * 5)
    assert fake.texts == ["Hello"]
    shown = await desk.delivery(post)
    assert (shown.state, shown.url, shown.parts_sent) == (DeliveryState.SENT, "https://fake.example/remote-1", 1)
    assert shown.sent_at == fake.public[0].at
    assert desk.news() == ["sent"]
    assert ("learn", post.id) in desk.told
    assert ("collect", shown.id) in desk.told


async def test_post_now_approves_and_sends(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.now("At once")
    await desk.run()
    assert fake.texts == ["At once"]
    assert (await desk.delivery(post)).approved_by == "You"


async def test_a_thread_goes_out_in_order_each_part_replying_to_the_one_before(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.now("One", "Two", "Three")
    await desk.run()
    assert [(one.text, one.reply_to) for one in fake.public] == [
        ("One", ""),
        ("Two", "remote-1"),
        ("Three", "remote-2"),
    ]
    assert (await desk.delivery(post)).parts_sent == 3
    assert len({one.key for one in await desk.rows(Part)}) == 3


async def test_one_post_on_two_platforms_goes_out_on_each(build: Build, clock: FakeClock) -> None:
    first, second = FakePlatform(clock, "first"), FakePlatform(clock, "second")
    desk = await build(first, second)
    first.script.append(Do.REFUSE)
    post = await desk.now("Both")
    await desk.run()
    states = {one.rendering.platform: one.state for one in (await desk.view(post)).deliveries}
    assert states == {"first": DeliveryState.FAILED, "second": DeliveryState.SENT}
    assert (first.texts, second.texts) == ([], ["Both"])


# The three kinds of failure


async def test_what_is_refused_fails_once_and_says_why(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.REFUSE)
    post = await desk.now()
    await desk.wait(HOUR)
    shown = await desk.delivery(post)
    assert (shown.state, shown.error_code) == (DeliveryState.FAILED, "rejected")
    assert shown.error == "It says no. Change the words."
    assert len(fake.keys) == 1
    assert desk.news() == ["failed"]


async def test_an_address_we_do_not_go_to_is_a_refusal(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.NEVER_GO)
    post = await desk.now()
    await desk.wait(HOUR)
    assert await desk.state(post) is DeliveryState.FAILED
    assert [one.outcome for one in await desk.rows(Attempt)] == [Outcome.REFUSED]


async def test_a_limit_is_waited_for_exactly(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.LIMIT)
    post = await desk.now()
    await desk.wait(timedelta(minutes=7) - SECOND)
    shown = await desk.delivery(post)
    assert (shown.state, shown.error_code, fake.public) == (DeliveryState.WAITING, "quota", [])
    await desk.wait(SECOND)
    assert len(fake.public) == 1
    assert [one.outcome for one in await desk.rows(Attempt)].count(Outcome.NOTHING) == 1


@pytest.mark.parametrize("limit", [timedelta(0), -timedelta(minutes=2)], ids=["says 0", "its clock is behind"])
async def test_a_limit_that_is_over_already_is_tried_again_with_growing_pauses(
    desk: Desk, fake: FakePlatform, limit: timedelta
) -> None:
    fake.limit_for = limit
    fake.script.extend([Do.LIMIT] * 100)
    post = await desk.now()
    began = desk.clock.now()
    await desk.wait(HOUR)
    tried = [(one.started_at - began) / timedelta(minutes=1) for one in await desk.rows(Attempt)]
    assert sorted(tried) == [0, 0.5, 1.5, 3.5, 7.5, 15.5]
    assert (await desk.state(post), fake.public) == (DeliveryState.ASKING, [])


async def test_a_platform_that_is_down_is_tried_again_after_a_while(desk: Desk, fake: FakePlatform) -> None:
    fake.script.extend([Do.BE_DOWN, Do.BE_DOWN])
    await desk.now()
    await desk.wait(timedelta(seconds=29))
    assert len(fake.keys) == 1
    await desk.wait(SECOND)
    assert len(fake.keys) == 2
    await desk.wait(timedelta(minutes=1))
    assert len(fake.public) == 1
    assert len(set(fake.keys)) == 1


async def test_a_platform_that_stays_down_asks_when_the_post_is_stale(desk: Desk, fake: FakePlatform) -> None:
    fake.script.extend([Do.BE_DOWN] * 20)
    post = await desk.now()
    await desk.wait(HOUR * 3)
    shown = await desk.delivery(post)
    assert (shown.state, shown.error_code) == (DeliveryState.ASKING, "overdue")
    assert fake.public == []


async def test_trying_ends_after_eight_times(desk: Desk, fake: FakePlatform) -> None:
    fake.script.extend([Do.PUBLISH, *[Do.BE_DOWN] * 20])
    post = await desk.now("One", "Two")
    await desk.wait(HOUR * 6)
    shown = await desk.delivery(post)
    assert (shown.state, shown.error_code) == (DeliveryState.FAILED, "unavailable")
    assert len(fake.keys) == 1 + 8
    again = await desk.schedule.post_now(desk.actor, post.id, 1, button="press")
    fake.script.clear()
    await desk.run()
    assert fake.texts == ["One", "Two"]
    assert await desk.state(again) is DeliveryState.SENT


async def test_a_lost_answer_is_never_repeated_blindly(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.LOSE_AFTER)
    post = await desk.now()
    await desk.run()
    assert await desk.state(post) is DeliveryState.UNKNOWN
    await desk.wait(HOUR * 48)
    assert len(fake.keys) == 1
    shown = await desk.delivery(post)
    assert (shown.state, shown.error_code) == (DeliveryState.UNKNOWN, "outcome_unknown")
    assert "have a look" in shown.error
    assert desk.news() == ["unknown"]


async def test_a_bug_while_sending_counts_as_unknown(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.BREAK_AFTER)
    post = await desk.now()
    await desk.wait(HOUR)
    assert await desk.state(post) is DeliveryState.UNKNOWN
    assert len(fake.keys) == 1


async def test_a_commit_that_takes_too_long_counts_as_unknown(
    desk: Desk, fake: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("content.publishing.COMMIT_TAKES", timedelta(milliseconds=20))
    fake.script.append(Do.HANG_AFTER)
    post = await desk.now()
    await desk.run()
    assert await desk.state(post) is DeliveryState.UNKNOWN
    assert "took too long" in (await desk.delivery(post)).error


async def test_after_a_refusal_an_edit_and_a_new_yes_send_it_under_a_new_key(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.REFUSE)
    post = await desk.now("Wrong")
    await desk.run()
    better = await desk.posts.revise(desk.actor, post.id, [_words("Right")], change="mended")
    await desk.schedule.post_now(desk.actor, better.id, better.revision, button="press")
    await desk.run()
    assert fake.texts == ["Right"]
    assert len(set(fake.keys)) == 2
    assert fake.handed == [{}, {}], "uploads of another wording are of no use"


async def test_a_second_try_of_the_same_wording_gets_what_the_first_uploaded(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.BE_DOWN)
    await desk.now()
    await desk.wait(HOUR)
    assert fake.handed == [{}, {"upload": "upload 1"}]


# Before anything leaves


@pytest.mark.parametrize("trouble", [Do.BE_DOWN, Do.LOSE_BEFORE])
async def test_trouble_while_preparing_is_tried_again(desk: Desk, fake: FakePlatform, trouble: Do) -> None:
    fake.preparing.append(trouble)
    await desk.now()
    await desk.run()
    assert fake.keys == []
    await desk.wait(HOUR)
    assert len(fake.public) == 1


@pytest.mark.parametrize("trouble", [Do.REFUSE, Do.LACK_PICTURE, Do.NEVER_GO])
async def test_what_cannot_be_prepared_fails(desk: Desk, fake: FakePlatform, trouble: Do) -> None:
    fake.preparing.append(trouble)
    post = await desk.now()
    await desk.wait(HOUR)
    assert await desk.state(post) is DeliveryState.FAILED
    assert (fake.keys, desk.news()) == ([], ["failed"])


async def test_a_bug_while_preparing_is_tried_again_until_it_is_stale(desk: Desk, fake: FakePlatform) -> None:
    async with desk.db.writing() as session:
        await session.execute(update(Workspace).values(late_after_minutes=3))
    fake.preparing.extend([Do.BREAK_BEFORE] * 50)
    post = await desk.now()
    await desk.wait(timedelta(minutes=10))
    assert await desk.state(post) is DeliveryState.ASKING
    assert fake.keys == []


async def test_the_kill_switch_stops_a_post_that_is_being_prepared(desk: Desk, fake: FakePlatform) -> None:
    fake.preparing.append(Do.HANG_BEFORE)
    post = await desk.now()
    running = asyncio.create_task(desk.run())
    await fake.reached.wait()
    await desk.guards.switch.hold(desk.actor)
    fake.resume.set()
    await running
    assert (await desk.state(post), fake.public) == (DeliveryState.WAITING, [])
    await desk.guards.switch.release(desk.actor)
    await desk.run()
    assert len(fake.public) == 1


# Logins


async def test_an_expired_login_is_renewed_once_and_the_post_goes_out(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.EXPIRE)
    await desk.now()
    await desk.run()
    assert (len(fake.public), fake.refreshes) == (1, 1)


async def test_a_login_refused_again_after_its_renewal_asks_the_person(desk: Desk, fake: FakePlatform) -> None:
    fake.script.extend([Do.EXPIRE, Do.EXPIRE])
    post = await desk.now()
    await desk.run()
    shown = await desk.delivery(post)
    assert (shown.state, shown.error_code, fake.refreshes) == (DeliveryState.WAITING, "needs_reconnect", 1)
    await desk.wait(HOUR * 24)
    assert desk.news() == ["reconnect"], "told once"
    assert [one.state for one in await desk.accounts.connected(desk.actor.workspace_id)] == ["needs_reconnect"]


async def test_connecting_again_wakes_what_waited(desk: Desk, fake: FakePlatform) -> None:
    fake.script.extend([Do.EXPIRE, Do.EXPIRE])
    await desk.now("Waited")
    await desk.run()
    await desk.wait(timedelta(minutes=3))
    await desk.connect("fake")
    await desk.run()
    assert fake.texts == ["Waited"]


async def test_what_waited_for_days_asks_instead_of_going_out_in_a_burst(desk: Desk, fake: FakePlatform) -> None:
    fake.script.extend([Do.EXPIRE, Do.EXPIRE])
    posts = [await desk.now(f"Post {number}") for number in range(5)]
    await desk.run()
    await desk.wait(HOUR * 48)
    await desk.connect("fake")
    await desk.wait(HOUR)
    assert fake.public == []
    assert [await desk.state(post) for post in posts] == [DeliveryState.ASKING] * 5


async def test_a_login_that_will_not_be_renewed_asks_at_once(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.EXPIRE)
    fake.refreshing.append(Do.EXPIRE)
    post = await desk.now()
    await desk.run()
    assert (await desk.delivery(post)).error_code == "needs_reconnect"
    assert desk.news() == ["reconnect"]


async def test_a_renewal_that_cannot_be_asked_for_is_tried_again(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.EXPIRE)
    fake.refreshing.append(Do.BE_DOWN)
    await desk.now()
    await desk.run()
    assert fake.public == []
    await desk.wait(HOUR)
    assert len(fake.public) == 1


async def test_connecting_again_while_the_old_login_is_refused_is_not_undone(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.HANG_BEFORE)
    fake.then = Do.EXPIRE
    fake.first = 5
    post = await desk.now()
    running = asyncio.create_task(desk.run())
    await fake.reached.wait()
    await desk.connect("fake")
    fake.resume.set()
    await running
    assert [one.state for one in await desk.accounts.connected(desk.actor.workspace_id)] == ["connected"]
    assert (await desk.state(post), fake.refreshes) == (DeliveryState.SENT, 0)


async def test_a_login_refused_after_long_uploads_is_renewed_once_all_the_same(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.EXPIRE)
    fake.preparing.extend([Do.PUBLISH, Do.HANG_BEFORE])
    fake.then = Do.EXPIRE
    post = await desk.now()
    running = asyncio.create_task(desk.run())
    await fake.reached.wait()
    desk.clock.move(timedelta(minutes=3))
    fake.resume.set()
    await running
    assert (await desk.delivery(post)).error_code == "needs_reconnect"
    assert fake.refreshes == 1


async def test_a_platform_without_logins_that_refuses_one_asks(build: Build, clock: FakeClock) -> None:
    bare = BarePlatform(clock)
    desk = await build(bare)
    await desk.connect_bare("fake")
    bare.preparing.append(Do.EXPIRE)
    post = await desk.now()
    await desk.run()
    assert (await desk.delivery(post)).error_code == "needs_reconnect"
    assert bare.public == []


# Workers that die


async def test_a_crash_after_the_claim_sends_it_once_later(desk: Desk, fake: FakePlatform) -> None:
    fake.preparing.append(Do.HANG_BEFORE)
    post = await desk.now()
    await killed(desk, fake)
    assert await desk.state(post) is DeliveryState.SENDING
    await desk.wait(timedelta(minutes=10))
    assert len(fake.public) == 1
    assert await desk.state(post) is DeliveryState.SENT


@pytest.mark.parametrize(("moment", "out"), [(Do.HANG_BEFORE, 0), (Do.HANG_AFTER, 1)])
async def test_a_crash_around_the_commit_asks_where_nobody_can_tell(
    desk: Desk, fake: FakePlatform, moment: Do, out: int
) -> None:
    fake.script.append(moment)
    post = await desk.now()
    await killed(desk, fake)
    await desk.wait(HOUR * 24)
    assert len(fake.public) == out
    assert await desk.state(post) is DeliveryState.UNKNOWN
    assert desk.news() == ["unknown"]


@pytest.mark.parametrize("moment", [Do.HANG_BEFORE, Do.HANG_AFTER])
async def test_a_crash_around_the_commit_is_found_out_where_the_platform_can_tell(
    build: Build, clock: FakeClock, moment: Do
) -> None:
    finding = FindingPlatform(clock)
    desk = await build(finding)
    finding.script.append(moment)
    post = await desk.now("Once")
    await killed(desk, finding)
    await desk.wait(HOUR)
    assert finding.texts == ["Once"]
    assert await desk.state(post) is DeliveryState.SENT


@pytest.mark.parametrize("moment", [Do.HANG_BEFORE, Do.HANG_AFTER])
async def test_a_crash_around_the_commit_is_repeated_with_its_key_where_that_is_safe(
    build: Build, clock: FakeClock, moment: Do
) -> None:
    safe = FakePlatform(clock, repeat_safe=HOUR)
    desk = await build(safe)
    safe.script.append(moment)
    post = await desk.now("Once")
    await killed(desk, safe)
    await desk.wait(HOUR)
    assert safe.texts == ["Once"]
    assert len(set(safe.keys)) == 1
    assert await desk.state(post) is DeliveryState.SENT


async def test_a_crash_in_the_middle_of_a_thread_resumes_at_the_first_missing_part(
    build: Build, clock: FakeClock
) -> None:
    finding = FindingPlatform(clock)
    desk = await build(finding)
    finding.script.extend([Do.PUBLISH, Do.HANG_AFTER])
    await desk.now("One", "Two", "Three")
    await killed(desk, finding)
    await desk.wait(HOUR)
    assert [(one.text, one.reply_to) for one in finding.public] == [
        ("One", ""),
        ("Two", "remote-1"),
        ("Three", "remote-2"),
    ]


async def test_a_thread_that_has_begun_is_finished_however_late(desk: Desk, fake: FakePlatform) -> None:
    fake.script.extend([Do.PUBLISH, *[Do.LIMIT] * 6])
    await desk.now("One", "Two")
    await desk.wait(HOUR)
    assert fake.texts == ["One", "Two"]


async def test_a_second_runner_leaves_alone_what_is_on_its_way(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.HANG_AFTER)
    post = await desk.now()
    slow = asyncio.create_task(desk.run())
    await fake.reached.wait()
    assert await desk.publishing.publish((await desk.delivery(post)).id) == desk.clock.now() + timedelta(minutes=2)
    fake.resume.set()
    await slow
    assert len(fake.public) == 1


# Workers that come back from the dead


async def test_a_worker_paused_just_before_it_sends_sends_nothing(
    desk: Desk, fake: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others asked what became of it meanwhile, a person said that it is not there, and it went out."""
    arm, paused, go_on, seconds = Attempts.arm, asyncio.Event(), asyncio.Event(), [0.0]

    async def arm_and_pause(attempts: Attempts, mine: Claim, position: int, handles: Json) -> str | Later:
        armed = await arm(attempts, mine, position, handles)
        paused.set()
        await go_on.wait()
        return armed

    monkeypatch.setattr("content.publishing.monotonic", lambda: seconds[0])
    monkeypatch.setattr(Attempts, "arm", arm_and_pause)
    post = await desk.now()
    slow = asyncio.create_task(desk.run())
    await paused.wait()
    monkeypatch.setattr(Attempts, "arm", arm)
    await desk.wait(timedelta(minutes=6))
    assert desk.news() == ["unknown"]
    await desk.tracing.settle(desk.actor, (await desk.delivery(post)).id, live=False)
    await desk.wait(timedelta(minutes=6))
    assert len(fake.public) == 1
    seconds[0] = 31
    go_on.set()
    await slow
    await desk.wait(HOUR)
    assert (len(fake.keys), await desk.state(post)) == (1, DeliveryState.SENT)


async def test_what_was_slow_to_be_written_down_is_tried_again(
    desk: Desk, fake: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter([0.0, 31.0])
    monkeypatch.setattr("content.publishing.monotonic", lambda: next(moments, 31.0))
    post = await desk.now()
    await desk.run()
    waits = await desk.delivery(post)
    assert (waits.state, fake.keys) == (DeliveryState.WAITING, [])
    assert waits.error == "The desk was stopped for a while just before it could send this to Fake. I try again."
    await desk.wait(HOUR)
    assert len(fake.public) == 1


def test_the_fuse_burns_longer_than_a_commit_and_over_before_the_lease() -> None:
    assert COMMIT_TAKES < BURNS < LEASE - ARMS_WITHIN


async def late(desk: Desk, platform: BarePlatform, do: Do, *texts: str, then: Do = Do.PUBLISH) -> asyncio.Task[int]:
    """A runner that hangs in its commit until all its leases are over and another has looked at the delivery."""
    platform.script.append(do)
    platform.then = then
    await desk.now(*texts)
    slow = asyncio.create_task(desk.run())
    await platform.reached.wait()
    await desk.wait(timedelta(minutes=6))
    return slow


async def come_back(desk: Desk, platform: BarePlatform, slow: asyncio.Task[int]) -> None:
    platform.resume.set()
    await slow
    await desk.wait(HOUR)


async def test_good_news_that_come_late_are_believed(desk: Desk, fake: FakePlatform) -> None:
    slow = await late(desk, fake, Do.HANG_AFTER)
    assert desk.news() == ["unknown"]
    await come_back(desk, fake, slow)
    assert len(fake.public) == 1
    assert desk.news() == ["unknown", "sent"]


async def test_late_good_news_about_a_part_let_the_thread_go_on(desk: Desk, fake: FakePlatform) -> None:
    slow = await late(desk, fake, Do.HANG_AFTER, "One", "Two")
    await come_back(desk, fake, slow)
    assert fake.texts == ["One", "Two"]


async def test_late_news_that_nothing_happened_let_it_go_out(desk: Desk, fake: FakePlatform) -> None:
    slow = await late(desk, fake, Do.HANG_BEFORE, then=Do.BE_DOWN)
    await come_back(desk, fake, slow)
    assert len(fake.public) == 1
    assert desk.news() == ["unknown", "sent"]


async def test_late_news_that_nobody_knows_change_nothing(desk: Desk, fake: FakePlatform) -> None:
    slow = await late(desk, fake, Do.HANG_BEFORE, then=Do.LOSE_BEFORE)
    await come_back(desk, fake, slow)
    assert [one.state for one in await desk.rows(Delivery)] == [DeliveryState.UNKNOWN]
    assert len(fake.keys) == 1


async def test_late_news_that_the_platform_works_on_it_keep_the_handles(build: Build, clock: FakeClock) -> None:
    slow_platform = FollowingPlatform(clock)
    desk = await build(slow_platform)
    slow = await late(desk, slow_platform, Do.HANG_BEFORE, then=Do.PEND)
    await come_back(desk, slow_platform, slow)
    assert "pending" in (await desk.rows(Attempt))[0].handles
    assert len(slow_platform.public) == 0


async def test_a_database_that_is_too_busy_to_look_a_login_up_refuses_no_post(
    desk: Desk, fake: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    access, busy = desk.accounts.access_of, [Busy("I am too busy just now.")]

    async def once_busy(account: Account) -> Access:
        if busy:
            raise busy.pop()
        return await access(account)

    monkeypatch.setattr(desk.accounts, "access_of", once_busy)
    post = await desk.now()
    await desk.run()
    assert await desk.state(post) is DeliveryState.WAITING
    await desk.wait(timedelta(minutes=1))
    assert len(fake.public) == 1


@pytest.mark.parametrize("then", [Do.PUBLISH, Do.BE_DOWN, Do.EXPIRE])
async def test_a_worker_too_slow_in_preparing_leaves_it_to_the_next(desk: Desk, fake: FakePlatform, then: Do) -> None:
    fake.preparing.append(Do.HANG_BEFORE)
    fake.then = then
    post = await desk.now()
    slow = asyncio.create_task(desk.run())
    await fake.reached.wait()
    await desk.wait(timedelta(minutes=12))
    assert len(fake.public) == 1
    await come_back(desk, fake, slow)
    assert len(fake.public) == 1
    assert await desk.state(post) is DeliveryState.SENT


async def test_a_press_on_an_old_card_sends_nothing(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.draft("One")
    better = await desk.posts.revise(desk.actor, post.id, [_words("Two")], change="other")
    await desk.approve(better)
    with pytest.raises(StaleRevision):
        await desk.schedule.post_now(desk.actor, post.id, post.revision, button="press")
    await desk.wait(HOUR)
    assert fake.public == []


# Work that the platform finishes by itself


async def test_what_the_platform_works_on_is_followed_until_it_is_public(build: Build, clock: FakeClock) -> None:
    slow = FollowingPlatform(clock)
    desk = await build(slow)
    slow.script.append(Do.PEND)
    slow.working.extend([Do.PEND, Do.BE_DOWN, Do.BREAK_BEFORE, Do.PEND])
    post = await desk.now()
    await desk.run()
    assert await desk.state(post) is DeliveryState.PROCESSING
    await desk.wait(HOUR)
    assert await desk.state(post) is DeliveryState.SENT
    assert len(slow.public) == 1


def _words(text: str) -> Wording:
    return Wording((text,))


async def test_a_long_preparation_keeps_its_lease(desk: Desk, fake: FakePlatform) -> None:
    """Uploading a video takes longer than a lease; without this it would begin anew again and again."""
    ticks: asyncio.Queue[None] = asyncio.Queue()

    async def sleep(seconds: float) -> None:
        assert seconds == 40
        await ticks.get()

    patient = Publishing(desk.db, desk.clock, desk.platforms, desk.accounts, desk.media, desk.tracing, sleep)
    fake.preparing.append(Do.HANG_BEFORE)
    post = await desk.now("A film")
    row = await desk.row(post)
    running = asyncio.create_task(patient.publish(row.id))
    await fake.reached.wait()
    began = (await desk.row(post)).lease_until
    for _ in range(5):
        desk.clock.move(timedelta(seconds=40))
        await ticks.put(None)
        await asyncio.sleep(0.05)
    lease = (await desk.row(post)).lease_until
    assert began is not None
    assert lease is not None
    assert lease - began == timedelta(seconds=200)
    fake.resume.set()
    await running
    assert fake.texts == ["A film"]


async def test_a_lease_that_went_to_somebody_else_is_not_renewed(desk: Desk, fake: FakePlatform) -> None:
    ticks: asyncio.Queue[None] = asyncio.Queue()

    async def sleep(seconds: float) -> None:
        await ticks.get()

    patient = Publishing(desk.db, desk.clock, desk.platforms, desk.accounts, desk.media, desk.tracing, sleep)
    fake.preparing.append(Do.HANG_BEFORE)
    post = await desk.now("A film")
    running = asyncio.create_task(patient.publish((await desk.row(post)).id))
    await fake.reached.wait()
    async with desk.db.writing() as session:
        await session.execute(update(Delivery).values(fence=99))
    before = (await desk.row(post)).lease_until
    desk.clock.move(timedelta(seconds=40))
    await ticks.put(None)
    await asyncio.sleep(0.05)
    assert (await desk.row(post)).lease_until == before
    fake.resume.set()
    await running
    assert fake.texts == []
