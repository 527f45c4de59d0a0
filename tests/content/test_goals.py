from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from content.database import Database
from content.deadlines import deadline
from content.errors import Invalid, NotAllowed, NotFound
from content.goals import Goals, GoalView
from content.ids import new_id
from content.models import DeliveryState, Followers, PostState
from content.platform import Numbers
from content.progress import week
from tests.content.planted import ZONE, Desk, plant_desk
from tests.fakes.clock import FakeClock

# the clock stands at Monday 23 November 2026, 09:00 in Berlin
DAY = timedelta(days=1)


@pytest.fixture
async def desk(db: Database, clock: FakeClock) -> Desk:
    return await plant_desk(db, clock)


@pytest.fixture
def goals(desk: Desk) -> Goals:
    return Goals(desk.db, desk.clock)


async def only(desk: Desk, goals: Goals) -> GoalView:
    (goal,) = await goals.progress(desk.workspace_id)
    return goal


async def follow(desk: Desk, account_id: str, count: int) -> None:
    async with desk.db.writing() as session:
        session.add(Followers(id=new_id("followers"), account_id=account_id, taken_at=desk.clock.now(), count=count))


# deadlines


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("31 December", "2026-12-31"),
        ("by Friday", "2026-11-27"),
        ("until in 2 weeks", "2026-12-07"),
        ("in 3 months", "2027-02-23"),
        ("by end of year", "2026-12-31"),
        ("by the end of the year", "2026-12-31"),
        ("End of this month", "2026-11-30"),
        ("end of week", "2026-11-29"),
        ("end of the quarter", "2026-12-31"),
        ("end of March", "2027-03-31"),
        ("end of Nov", "2026-11-30"),
        ("end of February 2028", "2028-02-29"),
    ],
)
def test_a_deadline_is_the_last_minute_of_a_day(words: str, day: str) -> None:
    at = deadline(words, FakeClock().now(), ZONE)
    assert f"{at.astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M}" == f"{day} 23:59"


@pytest.mark.parametrize(
    "words", ["yesterday", "end of March 2026", "every Monday 9:00", "whenever", "end of days", "before Friday"]
)
def test_what_is_past_or_no_day_is_no_deadline(words: str) -> None:
    with pytest.raises(Invalid):
        deadline(words, FakeClock().now(), ZONE)


# setting and ending


async def test_a_goal_says_where_it_stands_at_once(desk: Desk, goals: Goals) -> None:
    goal = await goals.set(desk.actor, "posts_per_week", 5, "by end of year")
    assert (goal.kind, goal.target, goal.now, goal.start, goal.account) == ("posts_per_week", 5, 0, 0, "")
    assert goal.deadline == datetime(2026, 12, 31, 22, 59, tzinfo=UTC)
    assert goal.words == (
        "0 of 5 posts this week (Mon to Sun, Europe/Berlin), 5 to go by Sunday; the goal runs until 31 December."
    )
    assert [goal] == await goals.progress(desk.workspace_id)


@pytest.mark.parametrize(
    ("kind", "target", "words"),
    [("posts_per_week", 0, ""), ("followers", -3, ""), ("likes", 5, ""), ("followers", 10, "yesterday")],
)
async def test_a_goal_that_makes_no_sense_is_refused(
    desk: Desk, goals: Goals, kind: str, target: int, words: str
) -> None:
    with pytest.raises(Invalid):
        await goals.set(desk.actor, kind, target, words)
    assert await goals.progress(desk.workspace_id) == []


async def test_a_goal_is_about_an_account_of_its_workspace(desk: Desk, goals: Goals) -> None:
    other = await plant_desk(desk.db, desk.clock)
    for account in (await other.account(), "account_unknown"):
        with pytest.raises(NotFound):
            await goals.set(desk.actor, "followers", 100, account_id=account)
    assert (await goals.set(desk.actor, "followers", 100, account_id=await desk.account("anna"))).account == "anna"


async def test_a_new_goal_of_a_kind_takes_the_place_of_the_old(desk: Desk, goals: Goals) -> None:
    account = await desk.account()
    await goals.set(desk.actor, "posts_per_week", 3)
    kept = await goals.set(desk.actor, "posts_per_week", 2, account_id=account)
    newer = await goals.set(desk.actor, "posts_per_week", 5)
    assert {one.id for one in await goals.progress(desk.workspace_id)} == {kept.id, newer.id}


async def test_a_goal_is_ended_once_and_only_at_home(desk: Desk, goals: Goals) -> None:
    goal = await goals.set(desk.actor, "posts_per_week", 3)
    stranger = await plant_desk(desk.db, desk.clock)
    with pytest.raises(NotFound):
        await goals.end(stranger.actor, goal.id)
    assert (await goals.end(desk.actor, goal.id)).id == goal.id
    for gone in (goal.id, "goal_unknown"):
        with pytest.raises(NotFound):
            await goals.end(desk.actor, gone)
    assert await goals.progress(desk.workspace_id) == []


async def test_who_only_looks_sets_no_goal(desk: Desk, goals: Goals) -> None:
    viewer = await desk.viewer()
    with pytest.raises(NotAllowed):
        await goals.set(viewer, "followers", 10)
    with pytest.raises(NotAllowed):
        await goals.end(viewer, "goal_x")


# posts a week


def test_the_week_runs_from_monday_to_sunday_in_the_zone() -> None:
    sunday_late = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)  # Monday 00:30 in Berlin
    assert week(sunday_late, ZONE)[0] == datetime(2026, 11, 29, 23, 0, tzinfo=UTC)
    assert week(sunday_late, "UTC") == (datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC))


async def test_a_post_counts_once_however_many_accounts(desk: Desk, goals: Goals, clock: FakeClock) -> None:
    anna, berta = await desk.account("anna"), await desk.account("berta")
    await goals.set(desk.actor, "posts_per_week", 5)
    await goals.set(desk.actor, "posts_per_week", 2, account_id=berta)
    clock.move(2 * DAY)
    both = await desk.post("On both", on=[anna, berta])
    await desk.delivery(both, anna, DeliveryState.SENT, sent_at=clock.now())
    await desk.delivery(both, berta, DeliveryState.WAITING, due_at=clock.now() + DAY)
    await desk.sent("Last week", anna, clock.now() - 7 * DAY)
    everywhere, on_berta = sorted(await goals.progress(desk.workspace_id), key=lambda goal: goal.account)
    assert everywhere.words.startswith("1 of 5 posts this week (Mon to Sun, Europe/Berlin), 4 to go by Sunday")
    assert everywhere.next_step == "Nothing is scheduled and approved; draft 4."
    assert (on_berta.now, on_berta.next_step) == (0, "1 post is scheduled and approved; draft 1 more.")


async def test_what_is_scheduled_counts_by_whether_it_is_approved(desk: Desk, goals: Goals, clock: FakeClock) -> None:
    account = await desk.account()
    await goals.set(desk.actor, "posts_per_week", 5)
    for state, due in ((DeliveryState.WAITING, DAY), (DeliveryState.WAITING, 2 * DAY), (DeliveryState.HELD, DAY)):
        post = await desk.post("Approved", on=[account])
        await desk.delivery(post, account, state, due_at=clock.now() + due)
    draft = await desk.post("Not yet", on=[account], state=PostState.DRAFT)
    await desk.delivery(draft, account, DeliveryState.WAITING, due_at=clock.now() + DAY, approved=False)
    next_week = await desk.post("Next week", on=[account])
    await desk.delivery(next_week, account, DeliveryState.WAITING, due_at=clock.now() + 8 * DAY)
    goal = await only(desk, goals)
    assert goal.next_step == "2 posts are scheduled and approved; approve 1 that is scheduled and draft 2 more."
    assert goal.on_track


@pytest.mark.parametrize(
    ("target", "step"),
    [
        (1, "Nothing more is needed this week."),
        (2, "1 post is scheduled and approved: nothing to do but wait."),
        (3, "1 post is scheduled and approved; approve 1 that is scheduled."),
        (4, "1 post is scheduled and approved; approve 2 that are scheduled."),
    ],
)
async def test_the_next_step_names_the_gap(desk: Desk, goals: Goals, clock: FakeClock, target: int, step: str) -> None:
    account = await desk.account()
    await goals.set(desk.actor, "posts_per_week", target)
    await desk.sent("Out", account)
    ready = await desk.post("Ready", on=[account])
    await desk.delivery(ready, account, DeliveryState.WAITING, due_at=clock.now() + DAY)
    for _ in range(2):
        waiting = await desk.post("Waiting", on=[account], state=PostState.IN_REVIEW)
        await desk.delivery(waiting, account, DeliveryState.WAITING, due_at=clock.now() + DAY, approved=False)
    assert (await only(desk, goals)).next_step == step


async def test_on_track_is_measured_against_the_week_that_has_gone(desk: Desk, goals: Goals, clock: FakeClock) -> None:
    goal = await goals.set(desk.actor, "posts_per_week", 1)
    assert goal.on_track  # it is Monday morning
    clock.move(6.5 * DAY)
    assert (await only(desk, goals)).on_track
    await goals.set(desk.actor, "posts_per_week", 3)
    assert not (await only(desk, goals)).on_track


async def test_after_its_deadline_a_weekly_goal_asks_for_a_new_one(desk: Desk, goals: Goals, clock: FakeClock) -> None:
    await goals.set(desk.actor, "posts_per_week", 1, "in 2 weeks")
    clock.move(30 * DAY)
    goal = await only(desk, goals)
    assert (goal.on_track, goal.next_step) == (False, "Its deadline has passed: set a new one, or end it.")
    await desk.sent("Late", await desk.account())
    goal = await only(desk, goals)
    assert goal.on_track
    assert ": reached" in goal.words


# followers


async def test_followers_are_added_up_over_the_accounts(desk: Desk, goals: Goals, clock: FakeClock) -> None:
    anna, berta, _ = await desk.account("anna"), await desk.account("berta"), await desk.account("silent one")
    await follow(desk, anna, 100)
    await follow(desk, berta, 50)
    goal = await goals.set(desk.actor, "followers", 300, "in 15 days")
    assert (goal.start, goal.now, goal.on_track) == (150, 150, True)
    assert goal.words == "150 of 300 followers, 150 to go by 8 December (in 16 days)."
    clock.move(10 * DAY)
    await follow(desk, anna, 140)
    goal = await only(desk, goals)
    assert goal.words == "190 of 300 followers, 110 to go by 8 December (in 6 days); +40 since it was set."
    assert goal.on_track is False
    assert goal.next_step.startswith("It takes 19.6 new ones a day; so far it is 4.0 a day. Post more")
    await follow(desk, berta, 1_000)
    goal = await only(desk, goals)
    assert (goal.on_track, goal.next_step) == (True, "It is reached: set a higher one, or end it.")
    assert goal.words == "1,140 of 300 followers: reached; +990 since it was set."


async def test_a_pace_that_suffices_is_told_to_go_on(desk: Desk, goals: Goals, clock: FakeClock) -> None:
    account = await desk.account()
    await follow(desk, account, 100)
    await goals.set(desk.actor, "followers", 200, "in 20 days")
    clock.move(10 * DAY)
    await follow(desk, account, 190)
    goal = await only(desk, goals)
    assert goal.next_step.endswith("Go on like this.")
    assert goal.on_track
    clock.move(11 * DAY)
    goal = await only(desk, goals)
    assert goal.next_step == "Its deadline has passed: set a new one, or end it."
    assert goal.on_track is False


async def test_a_goal_set_before_the_first_count_starts_there(desk: Desk, goals: Goals, clock: FakeClock) -> None:
    account = await desk.account()
    goal = await goals.set(desk.actor, "followers", 1_000, "by end of year", account_id=account)
    assert (goal.now, goal.start, goal.on_track) == (None, None, None)
    assert goal.words == "Not counted yet; wanted are 1,000 followers by 31 December (in 39 days)."
    assert goal.next_step.startswith("Connect an account")
    await follow(desk, account, 400)
    clock.move(DAY)
    await follow(desk, account, 420)
    goal = await only(desk, goals)
    assert (goal.now, goal.start, goal.on_track) == (420, 400, True)


async def test_without_a_deadline_the_pace_says_how_long(desk: Desk, goals: Goals, clock: FakeClock) -> None:
    account = await desk.account()
    await follow(desk, account, 100)
    goal = await goals.set(desk.actor, "followers", 200)
    assert (goal.on_track, goal.next_step.split(",")[0]) == (None, "Name a deadline")
    clock.move(10 * DAY)
    await follow(desk, account, 150)
    assert (await only(desk, goals)).next_step == "At this pace (5.0 a day) it takes 10 more days."


# engagement


async def test_reactions_count_on_posts_sent_since_the_goal_was_set(desk: Desk, goals: Goals, clock: FakeClock) -> None:
    account = await desk.account()
    await desk.counted(await desk.sent("Before", account, clock.now() - DAY), Numbers(likes=900))
    goal = await goals.set(desk.actor, "engagement", 100, "15 January")
    assert goal.words == (
        "0 of 100 likes, replies and reposts on 0 posts sent since 23 November, 100 to go by 15 January 2027 (in 54 days)."
    )
    assert goal.next_step == "Nothing went out since it was set: draft a first post."
    first = await desk.sent("First", account)
    goal = await only(desk, goals)
    assert (goal.now, goal.on_track) == (None, None)
    assert goal.words.startswith("Not counted yet on 1 post sent since 23 November; wanted are 100 likes")
    await desk.counted(first, Numbers(likes=0))
    assert (await only(desk, goals)).next_step.startswith("No reactions so far")
    clock.move(DAY)
    await desk.counted(first, Numbers(likes=10, replies=2, views=1_000))
    second = await desk.sent("Second", account)
    await desk.counted(second, Numbers(views=5))  # told, but no reaction among it
    goal = await only(desk, goals)
    assert (goal.now, goal.start, goal.on_track) == (12, 0, True)
    assert goal.next_step == "At 6.0 a post so far, 15 more posts would reach it."
    clock.move(DAY)
    await desk.counted(second, Numbers(reposts=88))
    goal = await only(desk, goals)
    assert goal.next_step == "It is reached: set a higher one, or end it."
    assert goal.words.endswith(": reached.")


async def test_after_its_deadline_a_goal_for_reactions_is_over(desk: Desk, goals: Goals, clock: FakeClock) -> None:
    await goals.set(desk.actor, "engagement", 100, "tomorrow")
    clock.move(5 * DAY)
    goal = await only(desk, goals)
    assert (goal.on_track, goal.next_step) == (False, "Its deadline has passed: set a new one, or end it.")
    assert goal.words.endswith("100 to go by 24 November (3 days ago).")
