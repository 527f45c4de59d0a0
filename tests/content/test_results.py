from datetime import timedelta

import pytest
from sqlalchemy import select, update

from content.database import Database
from content.errors import NeedsReconnect, NotFound, PlatformError, RateLimited, Rejected, Unavailable, WrongState
from content.jobs import Jobs, put
from content.models import Account, Delivery, DeliveryState, Followers, Job, JobState, Result
from content.platform import Numbers
from content.results import COUNT_AFTER, Results
from tests.content.planted import Desk, plant_desk
from tests.fakes.clock import FakeClock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DOWN = Unavailable("Telling is out of order. Try again later.", platform="telling")


@pytest.fixture
async def desk(db: Database, clock: FakeClock) -> Desk:
    return await plant_desk(db, clock)


@pytest.fixture
def results(desk: Desk) -> Results:
    return Results(desk.db, desk.clock, desk.platforms, desk.accounts)


async def rows(desk: Desk) -> list[Result]:
    async with desk.db.reading() as session:
        return list((await session.scalars(select(Result).order_by(Result.taken_at))).all())


async def crowd(desk: Desk) -> list[int]:
    async with desk.db.reading() as session:
        return list((await session.scalars(select(Followers.count).order_by(Followers.taken_at))).all())


async def disconnect(desk: Desk, account_id: str) -> None:
    async with desk.db.writing() as session:
        await session.execute(update(Account).where(Account.id == account_id).values(state="disconnected"))


async def ignored(subject: str) -> None:
    """Redrawing a card is another's job."""


# collecting


async def test_the_parts_of_a_thread_are_added_up_and_what_is_not_told_stays_unknown(
    desk: Desk, results: Results
) -> None:
    delivery = await desk.sent("Thread", await desk.account(), parts=("1", "2"))
    desk.telling.posts = {"1": Numbers(likes=3, replies=0), "2": Numbers(likes=4)}
    await results.collect(delivery)
    (row,) = await rows(desk)
    assert (row.likes, row.replies, row.reposts, row.views) == (7, 0, None, None)


async def test_it_counts_again_after_1_h_24_h_72_h_7_d_and_28_d(desk: Desk, results: Results, clock: FakeClock) -> None:
    sent_at = clock.now()
    delivery = await desk.sent("Once", await desk.account(), parts=("1",))
    desk.telling.posts = {"1": Numbers(likes=1)}
    async with desk.db.writing() as session:
        await put(session, "collect", delivery, run_at=sent_at + HOUR, now=sent_at)
    jobs = Jobs(desk.db, clock, {"collect": results.collect, "redraw": ignored})
    for after in COUNT_AFTER:
        clock.set(sent_at + after - timedelta(seconds=1))
        await jobs.run_all()
        counts = len(await rows(desk))
        clock.set(sent_at + after)
        await jobs.run_all()
        assert len(await rows(desk)) == counts + 1
    assert [row.taken_at - sent_at for row in await rows(desk)] == list(COUNT_AFTER)
    async with desk.db.reading() as session:
        assert await session.scalar(select(Job.state).where(Job.kind == "collect")) is JobState.DONE


async def test_a_count_redraws_the_card(desk: Desk, results: Results) -> None:
    delivery = await desk.sent("Once", await desk.account(), parts=("1",))
    desk.telling.posts = {"1": Numbers(likes=1)}
    await results.collect(delivery)
    async with desk.db.reading() as session:
        post = await session.scalar(select(Delivery.post_id))
        assert await session.scalar(select(Job.subject).where(Job.kind == "redraw")) == post


async def test_what_the_platform_no_longer_shows_is_not_counted_as_nothing(desk: Desk, results: Results) -> None:
    delivery = await desk.sent("Gone", await desk.account(), parts=("1",))
    assert await results.collect(delivery) == desk.clock.now() + HOUR
    assert await rows(desk) == []


async def test_nothing_is_counted_where_nothing_can_be(desk: Desk, results: Results) -> None:
    account, silent = await desk.account(), await desk.account("sil", platform="silent")
    left = await desk.account("left", platform="gone since the last release")
    waiting = await desk.delivery(await desk.post("Later", on=[account]), account, DeliveryState.WAITING)
    odd = await desk.delivery(await desk.post("Odd", on=[account]), account, DeliveryState.SENT)
    for delivery in (waiting, odd, await desk.sent("a", silent), await desk.sent("b", left), "delivery_unknown"):
        assert await results.collect(delivery) is None
    last = await desk.sent("c", account)
    await disconnect(desk, account)
    assert await results.collect(last) is None
    assert desk.telling.asked == 0


async def test_a_platform_that_is_down_is_asked_again_soon_and_then_at_the_next_time(
    desk: Desk, results: Results, clock: FakeClock
) -> None:
    sent_at = clock.now()
    delivery = await desk.sent("Once", await desk.account(), parts=("1",))
    clock.set(sent_at + HOUR)
    for trouble in (DOWN, RateLimited("Wait.", platform="telling", until=clock.now() + HOUR)):
        desk.telling.trouble = trouble
        with pytest.raises(PlatformError):
            await results.collect(delivery)
    clock.move(timedelta(minutes=31))
    assert await results.collect(delivery) == sent_at + DAY


async def test_a_refused_login_waits_for_the_next_time(desk: Desk, results: Results, clock: FakeClock) -> None:
    delivery = await desk.sent("Once", await desk.account(), parts=("1",))
    desk.telling.trouble = NeedsReconnect("Connect it again.", platform="telling")
    assert await results.collect(delivery) == clock.now() + HOUR


# followers


async def test_followers_are_counted_once_a_day(desk: Desk, results: Results, clock: FakeClock) -> None:
    delivery = await desk.sent("Once", await desk.account(), parts=("1",))
    desk.telling.crowd = 10
    for _ in range(2):
        await results.collect(delivery)
    clock.move(DAY)
    desk.telling.crowd = 12
    await results.collect(delivery)
    assert await crowd(desk) == [10, 12]
    assert desk.telling.crowd_asked == 2


async def test_followers_that_are_not_told_are_no_zero(desk: Desk, results: Results) -> None:
    await results.collect(await desk.sent("Once", await desk.account()))
    assert await crowd(desk) == []


async def test_a_failed_follower_count_does_not_undo_the_posts(desk: Desk, results: Results) -> None:
    delivery = await desk.sent("Once", await desk.account(), parts=("1",))
    desk.telling.posts, desk.telling.crowd_trouble = {"1": Numbers(likes=1)}, DOWN
    await results.collect(delivery)
    assert len(await rows(desk)) == 1


async def test_every_connected_account_can_be_asked_for_followers(desk: Desk, results: Results) -> None:
    await desk.account("anna")
    await desk.account("berta")
    await desk.account("sil", platform="silent")
    await disconnect(desk, await desk.account("left"))
    desk.telling.crowd_trouble = DOWN
    await results.count_followers(desk.workspace_id)
    assert await crowd(desk) == []
    desk.telling.crowd_trouble, desk.telling.crowd = None, 5
    await results.count_followers(desk.workspace_id)
    assert await crowd(desk) == [5, 5]


# by a button


async def test_a_button_counts_every_account_and_says_what_it_missed(desk: Desk, results: Results) -> None:
    anna, berta = await desk.account("anna"), await desk.account("berta")
    post = await desk.post("Both", on=[anna, berta])
    for account, remote in ((anna, "1"), (berta, "2")):
        await desk.delivery(post, account, DeliveryState.SENT, sent_at=desk.clock.now(), parts=(remote,))
    desk.telling.posts = {"1": Numbers(likes=5)}
    counted = {one.handle: one for one in await results.count_now(await desk.viewer(), post)}
    assert (counted["anna"].label, counted["anna"].numbers, counted["anna"].missed) == ("Telling", Numbers(likes=5), "")
    assert counted["berta"].numbers is None
    assert counted["berta"].missed.startswith("Telling no longer shows this post.")
    desk.telling.trouble = Rejected("Telling refused this. Look there.", platform="telling")
    assert {one.missed for one in await results.count_now(desk.actor, post)} == {"Telling refused this. Look there."}


async def test_a_button_on_what_is_not_out_says_so(desk: Desk, results: Results) -> None:
    account = await desk.account()
    post = await desk.post("Later", on=[account])
    await desk.delivery(post, account, DeliveryState.WAITING)
    with pytest.raises(WrongState, match="not out"):
        await results.count_now(desk.actor, post)
    stranger = await plant_desk(desk.db, desk.clock)
    with pytest.raises(NotFound):
        await results.count_now(stranger.actor, post)


# reading


async def test_the_best_posts_come_first_and_the_uncounted_not_at_all(
    desk: Desk, results: Results, clock: FakeClock
) -> None:
    account = await desk.account()
    for text, numbers in (
        ("Small", Numbers(likes=1)),
        ("Big " + "word " * 40, Numbers(likes=2, replies=3, reposts=4)),
        ("Only views", Numbers(views=10_000)),
        ("None liked it", Numbers(likes=0)),
    ):
        delivery = await desk.sent(text, account)
        await desk.counted(delivery, Numbers(likes=500))
        clock.move(HOUR)
        await desk.counted(delivery, numbers)
    await desk.sent("Never counted", account)
    stranger = await plant_desk(desk.db, desk.clock)
    await desk.counted(await stranger.sent("Foreign", await stranger.account()), Numbers(likes=9_999))
    best = await results.best_posts(desk.workspace_id)
    assert [one.words[:4] for one in best] == ["Big ", "Smal", "None"]
    assert best[0].words.endswith("…")
    assert len(best[0].words) <= 80
    assert (best[0].label, best[0].handle) == ("Telling", "anna")
    assert best[0].numbers == Numbers(likes=2, replies=3, reposts=4)
    assert [one.words for one in await results.best_posts(desk.workspace_id, 1, since=best[1].sent_at + 2 * HOUR)] == [
        "None liked it"
    ]


async def test_a_summary_tells_what_went_out_and_how_it_did(desk: Desk, results: Results, clock: FakeClock) -> None:
    anna = await desk.account("anna")
    await desk.counted(await desk.sent("Before", anna), Numbers(likes=100))
    clock.move(2 * DAY)
    old = await desk.account("old", platform="gone since the last release")
    since = clock.now() - HOUR
    both = await desk.post("", on=[anna, old], brief="A picture of a cat")
    first = await desk.delivery(both, anna, DeliveryState.SENT, sent_at=clock.now())
    await desk.delivery(both, old, DeliveryState.SENT, sent_at=clock.now())
    await desk.counted(first, Numbers(likes=3, views=50))
    failed = await desk.post("Refused", on=[anna])
    await desk.delivery(failed, anna, DeliveryState.FAILED)
    desk.telling.crowd = 10
    await results.count_followers(desk.workspace_id)
    clock.move(DAY)
    desk.telling.crowd = 15
    await results.count_followers(desk.workspace_id)
    report = await results.summary(desk.workspace_id, since)
    assert (report.posts, report.failed, report.numbers) == (1, 1, Numbers(likes=3, views=50))
    on_anna, on_old = report.accounts
    assert (on_anna.label, on_anna.sent, on_anna.numbers) == ("Telling", 1, Numbers(likes=3, views=50))
    assert (on_anna.followers, on_anna.followers_then) == (15, 10)
    assert (on_old.label, on_old.numbers, on_old.followers) == ("gone since the last release", Numbers(), None)
    assert [one.words for one in report.best] == ["A picture of a cat"]


async def test_a_summary_of_a_quiet_week_invents_nothing(desk: Desk, results: Results) -> None:
    report = await results.summary(desk.workspace_id, desk.clock.now())
    assert (report.posts, report.failed, report.numbers) == (0, 0, Numbers())
    assert (report.accounts, report.best) == ((), ())
