"""Posts that repeat: one yes for all of it, real approvals for each, one made ahead, nothing made up for."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from content.errors import Conflict, Invalid, NotAllowed, NotFound, StaleRevision, WrongState
from content.jobs import Handler, Jobs
from content.models import Account, Approval, Delivery, DeliveryState, Job, JobState, Post, PostState, Role, Workspace
from content.people import Actor
from content.repeating import repeats
from content.series import MOST_OPEN, SeriesOfPosts, SeriesView
from content.sweeping import Sweeping
from content.views import PostView
from content.wording import Wording
from tests.fakes.desk import QUIET_KINDS, Desk
from tests.fakes.platform import Do, FakePlatform

# the clock stands at Monday 23 November 2026, 09:00 in Berlin

FRIDAY = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)
WEEK = timedelta(weeks=1)


class Running:
    """A desk with its series, and the jobs of both."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.series = SeriesOfPosts(desk.db, desk.clock, desk.platforms)
        self.told: list[str] = []

        async def quiet(_subject: str) -> None:
            return None

        async def tell(subject: str) -> None:
            self.told.append(subject.split("|")[1])

        handlers: dict[str, Handler] = dict.fromkeys(QUIET_KINDS, quiet)
        handlers |= {"publish": desk.publishing.publish, "series": self.series.step, "series_news": tell}
        self.jobs = Jobs(desk.db, desk.clock, handlers)

    async def wait(self, by: timedelta) -> None:
        until = self.desk.clock.now() + by
        while (soonest := await self.jobs.next_at()) is not None and soonest <= until:
            self.desk.clock.set(max(soonest, self.desk.clock.now()))
            await self.jobs.run_due()
        self.desk.clock.set(until)

    async def proposed(self, words: str = "every Friday 17:00 for 8 weeks", text: str = "Cake day") -> SeriesView:
        return await self.series.propose(self.desk.actor, (await self.desk.draft(text)).id, words)

    async def approved(self, words: str = "every Friday 17:00 for 8 weeks") -> SeriesView:
        return await self.yes(await self.proposed(words))

    async def yes(self, series: SeriesView) -> SeriesView:
        return await self.series.approve(self.desk.actor, series.id, series.post.revision, button="web:approve_series")

    async def made(self, series: SeriesView) -> list[PostView]:
        async with self.desk.db.reading() as session:
            rows = await session.scalars(select(Post.id).where(Post.series_id == series.id).order_by(Post.number))
            ids = rows.all()
        return [await self.desk.posts.view(series.workspace_id, one) for one in ids]


@pytest.fixture
def running(desk: Desk) -> Running:
    return Running(desk)


async def test_nothing_is_made_before_a_person_says_yes(running: Running, fake: FakePlatform) -> None:
    series = await running.proposed()
    assert (series.state, series.count, series.made) == ("proposed", 8, 0)
    assert series.when == "every Friday at 17:00 Europe/Berlin, until 21 January 2027"
    assert series.last_words == "Fri 15 Jan 2027 17:00 Europe/Berlin (in 53 days)"
    await running.wait(3 * WEEK)
    assert (await running.made(series), fake.public) == ([], [])


async def test_each_occurrence_is_a_post_with_an_approval_of_its_own(running: Running, fake: FakePlatform) -> None:
    series = await running.approved()
    assert (series.state, series.made, series.ahead) == ("running", 1, FRIDAY)
    [first] = await running.made(series)
    assert (first.number, first.state, first.due_at) == (2, PostState.APPROVED, FRIDAY)
    await running.wait(FRIDAY + timedelta(minutes=1) - running.desk.clock.now())
    assert [one.text for one in fake.public] == ["Cake day"]
    [first, second] = await running.made(series)
    assert (first.deliveries[0].state, second.due_at) == (DeliveryState.SENT, FRIDAY + WEEK)
    approvals = await running.desk.rows(Approval)
    deliveries = {one.id: one for one in await running.desk.rows(Delivery)}
    bound = [one for one in approvals if deliveries[one.delivery_id].post_id != series.post.id]
    assert {one.button for one in bound} == {"web:approve_series"}
    assert {one.member_id for one in bound} == {running.desk.actor.member_id}
    assert len({one.delivery_id for one in bound}) == len(bound) == 2


async def test_it_ends_by_itself_with_its_last_time(running: Running, fake: FakePlatform) -> None:
    series = await running.approved("every Friday 17:00, 3 times")
    await running.wait(5 * WEEK)
    assert len(fake.public) == 3
    ended = await running.series.view(series.workspace_id, series.id)
    assert (ended.state, ended.made, ended.ahead) == ("ended", 3, None)
    assert running.told == ["done"]
    assert await running.series.running(series.workspace_id) == []


async def test_an_edit_voids_it_and_calls_off_what_waits(running: Running, fake: FakePlatform) -> None:
    desk = running.desk
    series = await running.approved()
    edited = await desk.posts.revise(desk.actor, series.post.id, [Wording(("Pie day",))], change="pie")
    now = await running.series.view(series.workspace_id, series.id)
    assert now.state == "proposed"
    [first] = await running.made(series)
    assert first.deliveries[0].state is DeliveryState.CANCELLED
    await running.wait(2 * WEEK)
    assert (fake.public, running.told) == ([], ["void"])
    with pytest.raises(StaleRevision):
        await running.yes(series)
    again = await running.series.approve(desk.actor, series.id, edited.revision, button="press")
    assert again.state == "running"
    await running.wait(WEEK)
    assert [one.text for one in fake.public] == ["Pie day"]


async def test_after_downtime_what_was_missed_is_skipped_and_said_once(running: Running, fake: FakePlatform) -> None:
    series = await running.approved("every day 17:00, 20 times")
    running.desk.clock.move(timedelta(days=9, hours=1))  # the machine slept
    await running.jobs.run_all()
    await running.jobs.run_all()
    assert (fake.public, running.told) == ([], ["missed"])
    first, following = await running.made(series)
    assert first.deliveries[0].state is DeliveryState.ASKING
    assert following.due_at == datetime(2026, 12, 2, 16, 0, tzinfo=UTC)


async def test_paused_it_makes_nothing_and_resumed_it_goes_on_by_the_same_yes(
    running: Running, fake: FakePlatform
) -> None:
    desk = running.desk
    series = await running.approved()
    assert (await running.series.pause(desk.actor, series.id)).state == "paused"
    with pytest.raises(WrongState):
        await running.series.pause(desk.actor, series.id)
    await running.wait(2 * WEEK)
    assert (fake.public, running.told) == ([], ["paused"])
    assert (await running.series.resume(desk.actor, series.id)).state == "running"
    with pytest.raises(WrongState):
        await running.series.resume(desk.actor, series.id)
    await running.wait(WEEK)
    assert (len(fake.public), running.told) == (1, ["paused"])  # what passed meanwhile is no miss


async def test_ended_it_is_over(running: Running, fake: FakePlatform) -> None:
    desk = running.desk
    series = await running.approved()
    assert (await running.series.end(desk.actor, series.id)).state == "ended"
    await running.wait(2 * WEEK)
    assert (fake.public, running.told) == ([], ["ended"])
    for change in (running.series.pause, running.series.resume, running.series.end):
        with pytest.raises(NotFound):
            await change(desk.actor, series.id)
    assert await running.series.step(series.id) is None
    assert await running.series.step("series_x") is None


async def test_its_job_asked_too_early_changes_nothing(running: Running) -> None:
    series = await running.approved()
    assert [await running.series.step(series.id) for _ in range(2)] == [FRIDAY, FRIDAY]
    assert len(await running.made(series)) == 1


async def test_where_two_must_say_yes_the_second_starts_it(running: Running) -> None:
    desk = running.desk
    jo = await desk.member(Role.APPROVER, "Jo")
    async with desk.db.writing() as session:
        await session.execute(update(Workspace).values(quorum=2, self_approval=True))
    series = await running.yes(await running.proposed())
    assert (series.state, len(series.post.deciding.said_yes)) == ("proposed", 1)
    second = await running.series.approve(jo, series.id, series.post.revision, button="press")
    assert second.state == "running"


async def test_a_post_that_is_approved_still_needs_the_yes_to_its_series(running: Running) -> None:
    desk = running.desk
    author = await desk.member(Role.ADMIN, "Jo")
    post = await desk.draft("Cake day", actor=author)
    await desk.approve(post)
    series = await running.series.propose(author, post.id, "every Friday 17:00")
    assert series.state == "proposed"
    with pytest.raises(NotAllowed, match="somebody else"):
        await running.series.approve(author, series.id, 1, button="press")
    with pytest.raises(StaleRevision):
        await running.series.approve(desk.actor, series.id, 2, button="press")
    assert (await running.series.approve(desk.actor, series.id, 1, button="press")).state == "running"
    with pytest.raises(Conflict, match="approved already"):
        await running.series.approve(desk.actor, series.id, 1, button="press")
    with pytest.raises(Conflict, match="repeats already"):
        await running.series.propose(desk.actor, post.id, "every Monday 9:00")


async def quorum_of_two(desk: Desk) -> tuple[Actor, Actor]:
    async with desk.db.writing() as session:
        await session.execute(update(Workspace).values(quorum=2, self_approval=True))
    return await desk.member(Role.APPROVER, "Jo"), await desk.member(Role.APPROVER, "Kim")


async def test_two_yeses_to_a_post_are_none_to_its_series(running: Running) -> None:
    jo, kim = await quorum_of_two(running.desk)
    post = await running.desk.draft("Cake day")
    for one in (running.desk.actor, jo):
        await running.desk.approvals.approve(one, post.id, 1, button="press")
    series = await running.series.propose(running.desk.actor, post.id, "every Friday 17:00")
    series = await running.series.approve(jo, series.id, 1, button="press")
    assert (series.state, [one.name for one in series.said_yes]) == ("proposed", ["Jo"])
    with pytest.raises(Conflict, match="still waits for somebody else's"):
        await running.series.approve(jo, series.id, 1, button="press")
    assert (await running.series.approve(kim, series.id, 1, button="press")).state == "running"


async def test_who_said_yes_to_the_post_says_it_to_the_series_too(running: Running) -> None:
    jo, _ = await quorum_of_two(running.desk)
    series = await running.proposed()
    await running.desk.approvals.approve(jo, series.post.id, 1, button="press")
    series = await running.series.approve(jo, series.id, 1, button="press")
    assert (series.state, len(series.said_yes), len(series.post.deciding.said_yes)) == ("proposed", 1, 1)
    assert (await running.yes(series)).state == "running", "it is the second yes to both"


async def test_a_yes_that_became_enough_starts_it_when_it_is_said_again(running: Running) -> None:
    jo, _ = await quorum_of_two(running.desk)
    series = await running.series.approve(jo, (await running.proposed()).id, 1, button="press")
    assert {one.name for one in series.wanted} == {"the owner", "Kim"}
    async with running.desk.db.writing() as session:
        await session.execute(update(Workspace).values(quorum=1))
    await running.desk.approve(series.post)
    assert (await running.series.approve(jo, series.id, 1, button="press")).state == "running"


async def test_an_edit_takes_back_a_yes_to_a_series_that_waits_for_more(running: Running) -> None:
    jo, _ = await quorum_of_two(running.desk)
    series = await running.series.approve(jo, (await running.proposed()).id, 1, button="press")
    await running.jobs.run_all()
    await running.desk.posts.revise(running.desk.actor, series.post.id, [Wording(("Pie day",))], change="pie")
    assert f"series:{series.id}" in {one.subject for one in await running.desk.rows(Job) if one.state is JobState.READY}
    series = await running.series.view(running.desk.actor.workspace_id, series.id)
    assert series.said_yes == ()
    series = await running.yes(series)
    assert (series.state, len(series.said_yes)) == ("proposed", 1)
    assert (await running.series.approve(jo, series.id, 2, button="press")).state == "running"


async def test_who_may_not_says_no_yes_and_proposes_nothing(running: Running) -> None:
    series = await running.proposed()
    editor, viewer = await running.desk.member(Role.EDITOR), await running.desk.member(Role.VIEWER)
    with pytest.raises(NotAllowed):
        await running.series.approve(editor, series.id, 1, button="press")
    with pytest.raises(NotAllowed):
        await running.series.propose(viewer, series.post.id, "every Friday 17:00")
    with pytest.raises(NotFound):
        await running.series.view("workspace_x", series.id)


async def test_it_is_bounded(running: Running) -> None:
    assert (await running.proposed("every day 9:00")).count == 26
    assert (await running.proposed("monthly on the 1st at 9:00")).count == 13
    assert (await running.proposed("every Friday 17:00 until end of April")).count == 23
    for words in ("every day 9:00 until end of year", "every Friday 17:00, 27 times"):
        with pytest.raises(Invalid, match="Name an earlier end"):
            await running.proposed(words)
    with pytest.raises(Invalid, match="at most once a day"):
        await running.proposed("RRULE:FREQ=DAILY;BYHOUR=9,17;COUNT=4")


async def test_a_series_may_be_proposed_anew_but_there_is_an_end_to_them(running: Running) -> None:
    first = await running.proposed()
    other = await running.series.propose(running.desk.actor, first.post.id, "every Monday 9:00, 3 times")
    assert other.count == 3
    with pytest.raises(NotFound):  # whoever has the old card before them has not seen the new times
        await running.yes(first)
    assert (
        await running.series.propose(running.desk.actor, first.post.id, "every Monday 9:00, 3 times")
    ).id == other.id
    assert (await running.series.view(first.workspace_id, first.id)).state == "ended"
    for _ in range(MOST_OPEN - 1):
        await running.proposed()
    with pytest.raises(Invalid, match="End one first"):
        await running.proposed()
    assert len(await running.series.running(first.workspace_id)) == MOST_OPEN


async def test_one_whose_times_passed_or_whose_post_was_deleted_is_not_started(running: Running) -> None:
    desk = running.desk
    late = await running.proposed("every Friday 17:00, 1 times")
    gone = await running.proposed()
    await desk.posts.discard(desk.actor, gone.post.id, 1)
    assert [one.id for one in await running.series.running(late.workspace_id)] == [late.id]
    with pytest.raises(WrongState, match="was deleted"):
        await running.yes(gone)
    with pytest.raises(WrongState, match="was deleted"):
        await running.series.propose(desk.actor, gone.post.id, "every Friday 17:00")
    desk.clock.move(WEEK)
    with pytest.raises(WrongState, match="has passed"):
        await running.yes(late)
    assert (await running.series.view(late.workspace_id, late.id)).ahead_words == ""


async def test_where_every_account_was_let_go_it_ends(running: Running, fake: FakePlatform) -> None:
    series = await running.approved()
    async with running.desk.db.writing() as session:
        await session.execute(update(Account).values(state="disconnected"))
    await running.wait(FRIDAY + timedelta(minutes=1) - running.desk.clock.now())
    assert len(await running.made(series)) == 1
    assert (fake.public, running.told) == ([], ["nowhere"])
    assert (await running.series.view(series.workspace_id, series.id)).state == "ended"


async def test_whose_series_it_is_can_be_asked(running: Running) -> None:
    series = await running.proposed()
    assert await running.series.owner(series.id) == series.workspace_id


AGAIN = ("every Friday 17:00", "Mondays 9:00", "FREQ=DAILY", "first Monday of the month")
ONCE = ("tomorrow 9:00", "Monday 9:00", "next free slot")


@pytest.mark.parametrize("words", [*AGAIN, *ONCE])
def test_words_that_repeat_are_told_from_one_moment(words: str) -> None:
    assert repeats(words) is (words in AGAIN)


@pytest.mark.parametrize("how", ["pause", "edit"])
async def test_what_is_just_uploaded_is_called_off_too(running: Running, fake: FakePlatform, how: str) -> None:
    desk = running.desk
    series = await running.approved()
    fake.preparing.append(Do.HANG_BEFORE)
    desk.clock.set(FRIDAY)
    working = asyncio.create_task(running.jobs.run_due())
    await asyncio.wait_for(fake.reached.wait(), 10)
    if how == "pause":
        await running.series.pause(desk.actor, series.id)
    else:
        await desk.posts.revise(desk.actor, series.post.id, [Wording(("Pie day",))], change="pie")
    fake.resume.set()
    await working
    await running.wait(timedelta(hours=1))
    assert fake.public == []
    assert {one.deliveries[0].state for one in await running.made(series)} == {DeliveryState.CANCELLED}


async def test_whose_job_is_gone_goes_on_when_it_is_swept(running: Running, fake: FakePlatform) -> None:
    desk, sweeping = running.desk, Sweeping(running.desk.db, running.desk.clock)
    await running.approved()
    await sweeping.sweep()
    async with desk.db.writing() as session:
        await session.execute(delete(Job).where(Job.kind == "series"))
    await running.wait(2 * WEEK)
    assert len(fake.public) == 1
    await sweeping.sweep()
    await running.wait(WEEK)
    assert (len(fake.public), running.told) == (2, ["missed"])
