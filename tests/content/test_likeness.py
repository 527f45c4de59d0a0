"""Near-duplicates: measured when a post is written, warned of on its card, asked about in the moment of firing."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from content import jobs
from content.cautions import ASKS
from content.errors import Conflict, Invalid, NotAllowed, NotFound, StaleRevision
from content.likeness import ALIKE, marks, pairs, percent
from content.models import Confirmation, DeliveryState, Likeness, Mark, Role
from content.views import PostView
from content.wording import Wording
from tests.content.conftest import Build
from tests.content.test_series import Running
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform

DAY = timedelta(days=1)
LOAF = "Rye or walnut? Tell us which loaf you want back on Saturday, and we bake it."
NEARLY = LOAF.replace("Saturday", "Sunday")
OTHER = "Our oven is being mended, so the shop stays closed until the end of the week."


def like(one: str, other: str) -> int:
    return percent(pairs([one]), pairs([other]))


async def mean_it(desk: Desk, post: PostView, revision: int = 1) -> PostView:
    return await desk.guards.objections.mean_it(desk.actor, (await desk.row(post)).id, revision, button="press")


async def published(desk: Desk, text: str = LOAF) -> PostView:
    post = await desk.now(text)
    await desk.run()
    return post


async def warnings(desk: Desk, post: PostView) -> list[str]:
    return [one.words for one in (await desk.delivery(post)).cautions]


# The measure


@pytest.mark.parametrize(
    ("other", "much"),
    [
        (LOAF, 100),
        (LOAF.upper(), 100),
        (f"{LOAF} https://example.org/loaf?x=1 #bread #rye www.example.org", 100),
        (NEARLY, 87),
        (f"{LOAF} And there is a long new paragraph about our oven, too.", 100),
        (OTHER, 0),
        ("", 0),
    ],
)
def test_the_share_of_word_pairs_in_common(other: str, much: int) -> None:
    assert like(LOAF, other) == like(other, LOAF) == much


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Good morning!", "Good morning!", False),
        ("We are open today", "We are open today.", True),
        ("We are open today", "We are closed today", False),
        ("Open today from nine to five", "Open today from nine to six", False),
        (
            "今日は新しいパンを焼きました。ぜひお店に来てください",
            "今日は新しいパンを焼きました。ぜひ店に来てください",
            True,
        ),
        ("https://example.org #a #b", "https://example.org #a #b", False),
        (
            "It’s our bakery’s tenth birthday and you’re invited",
            "It's our bakery's tenth birthday and you're invited",
            False,
        ),
    ],
)
def test_short_posts_are_alike_only_where_they_are_the_same(one: str, other: str, alike: bool) -> None:
    assert (like(one, other) >= ALIKE) is alike


def test_a_template_is_no_near_duplicate() -> None:
    one = "Tip of the week: feed your starter the evening before, keep it warm, and use it when it floats."
    other = "Tip of the week: an old loaf makes the best crumbs, so freeze the heel and grate it when you need it."
    assert like(one, other) < ALIKE


def test_what_is_alike_has_marks_in_common() -> None:
    assert set(marks(pairs([LOAF]))) & set(marks(pairs([NEARLY])))
    assert len(marks(pairs([LOAF]))) == 8
    assert marks(pairs(["Hello"])) == []


# On the card


async def test_a_draft_says_what_it_is_like(desk: Desk) -> None:
    first = await published(desk)
    assert await warnings(desk, first) == []
    second = await desk.draft(NEARLY)
    assert [one.words for one in second.deliveries[0].cautions] == [f"It is 87 % like #1, published today. {ASKS}"]
    desk.clock.move(DAY)
    assert await warnings(desk, second) == [f"It is 87 % like #1, published on Monday. {ASKS}"]
    desk.clock.move(DAY * 9)
    assert await warnings(desk, second) == [f"It is 87 % like #1, published on 23 November. {ASKS}"]
    desk.clock.move(DAY * 22)
    assert await warnings(desk, second) == [], "that is long ago"


async def test_what_is_planned_is_spoken_of_too_and_a_bare_draft_is_not(desk: Desk) -> None:
    first, second = await desk.draft(LOAF), await desk.draft(NEARLY)
    assert await warnings(desk, second) == []
    await desk.due(first, DAY)
    assert await warnings(desk, second) == [
        "It is 87 % like #1, planned for Tuesday. The later of the two will ask instead of going out."
    ]
    await desk.posts.discard(desk.actor, first.id, 1)
    assert await warnings(desk, second) == []


async def test_an_edit_is_measured_anew(desk: Desk) -> None:
    await published(desk)
    second = await desk.draft(OTHER)
    assert await warnings(desk, second) == []
    await desk.posts.revise(desk.actor, second.id, [Wording((NEARLY,))], change="")
    assert await warnings(desk, second) == [f"It is 87 % like #1, published today. {ASKS}"]
    await desk.posts.undo(desk.actor, second.id, 2)
    assert (await warnings(desk, second), await desk.rows(Likeness)) == ([], [])
    assert len(await desk.rows(Mark)) == 16, "of each post's current wording"


async def test_what_was_taken_down_counts_no_more(desk: Desk) -> None:
    first = await published(desk)
    async with desk.db.writing() as session:
        (await session.merge(await desk.row(first))).removed_at = desk.clock.now()
    assert await warnings(desk, await desk.draft(NEARLY)) == []


async def test_what_is_said_on_another_account_is_no_duplicate(build: Build, clock: FakeClock) -> None:
    one, two = FakePlatform(clock, "one"), FakePlatform(clock, "two")
    desk = await build(one, two)
    await desk.now(LOAF)
    await desk.run()
    assert (one.texts, two.texts) == ([LOAF], [LOAF])


async def test_of_two_that_are_written_at_once_one_sees_the_other(desk: Desk) -> None:
    await asyncio.gather(desk.draft(LOAF), desk.draft(NEARLY))
    assert len(await desk.rows(Likeness)) == 2


async def test_what_many_posts_begin_with_hides_no_duplicate_and_costs_a_few_statements(desk: Desk) -> None:
    begins = "New on the blog of our bakery today"
    for number in range(120):
        words = " ".join(f"word{number}x{each}" for each in range(6))
        await desk.draft(f"{begins}: {words}")
    await desk.due(await desk.draft(f"{begins}: {LOAF}"[:100]), DAY)
    statements: list[str] = []
    event.listen(desk.db.engine.sync_engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    last = await desk.draft(f"{begins}: {NEARLY}"[:100])
    assert "like #121, planned for Tuesday" in (await warnings(desk, last))[0]
    assert len(statements) < 60


# In the moment of firing


async def test_nearly_the_same_asks_instead_of_going_out(desk: Desk, fake: FakePlatform) -> None:
    await published(desk)
    second = await desk.planned(NEARLY)
    await desk.wait(timedelta(hours=1))
    shown = await desk.delivery(second)
    assert (shown.state, shown.error_code, fake.texts) == (DeliveryState.ASKING, "alike", [LOAF])
    assert shown.error == "It is 87 % like #1, published today."
    await desk.guards.objections.overrule(desk.actor, shown.id, 1, button="press")
    await desk.run()
    assert fake.texts == [LOAF, NEARLY]


async def test_of_two_that_are_planned_the_later_asks(desk: Desk, fake: FakePlatform) -> None:
    first, second = await desk.planned(LOAF), await desk.planned(NEARLY, hours=2)
    await desk.wait(timedelta(hours=2))
    assert (await desk.state(first), await desk.state(second)) == (DeliveryState.SENT, DeliveryState.ASKING)


async def test_of_two_in_one_batch_only_one_leaves(desk: Desk, fake: FakePlatform) -> None:
    posts = [await desk.planned(LOAF), await desk.planned(NEARLY)]
    rows = [(await desk.row(post)).id for post in posts]
    desk.clock.move(timedelta(hours=1))
    await asyncio.gather(*(desk.publishing.publish(row) for row in rows))
    assert len(fake.public) == 1
    assert sorted([await desk.state(post) for post in posts]) == [DeliveryState.ASKING, DeliveryState.SENT]


async def test_what_may_be_out_counts(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.LOSE_AFTER)
    await published(desk)
    second = await desk.now(NEARLY)
    await desk.run()
    assert (await desk.delivery(second)).error == "It is 87 % like #1, which is going out."


async def test_it_is_meant_so_counts_for_exactly_this(desk: Desk, fake: FakePlatform) -> None:
    await published(desk)
    second = await desk.planned(NEARLY)
    await mean_it(desk, second)
    [said] = await desk.rows(Confirmation)
    assert (said.guard, said.button, await warnings(desk, second)) == ("alike", "press", [])
    await desk.posts.revise(desk.actor, second.id, [Wording((NEARLY.replace("Rye", "Oat"),))], change="")
    assert await warnings(desk, second) == [f"It is 80 % like #1, published today. {ASKS}"]
    with pytest.raises(StaleRevision):
        await mean_it(desk, second)
    await mean_it(desk, second, 2)
    await desk.approvals.approve(desk.actor, second.id, 2, button="press")
    await desk.wait(timedelta(hours=1))
    assert len(fake.public) == 2


async def test_a_word_given_before_does_not_count_for_what_is_published_since(desk: Desk, fake: FakePlatform) -> None:
    await published(desk)
    second = await desk.planned(NEARLY)
    await mean_it(desk, second)
    third = await desk.now(NEARLY.replace("Rye", "Oat"))
    await desk.run()
    await desk.guards.objections.overrule(desk.actor, (await desk.row(third)).id, 1, button="press")
    await desk.wait(timedelta(hours=1))
    assert (await desk.delivery(second)).error == "It is 93 % like #3, published today."


async def test_only_who_may_approve_says_that_it_is_meant_so(desk: Desk) -> None:
    await published(desk)
    second = await desk.draft(NEARLY)
    mine = (await desk.row(second)).id
    with pytest.raises(NotAllowed):
        await desk.guards.objections.mean_it(await desk.member(Role.EDITOR), mine, 1, button="press")
    for actor, name in ((desk.actor, "delivery_none"), (replace(desk.actor, workspace_id="other"), mine)):
        with pytest.raises(NotFound):
            await desk.guards.objections.mean_it(actor, name, 1, button="press")
    with pytest.raises(Conflict, match="needs no such word"):
        await mean_it(desk, await desk.draft(OTHER))
    await desk.schedule.cancel(desk.actor, second.id)
    with pytest.raises(Conflict, match="needs no such word"):
        await mean_it(desk, second)


async def test_a_workspace_may_not_want_to_be_asked(desk: Desk, fake: FakePlatform) -> None:
    with pytest.raises(Invalid, match="from 0 to 365"):
        await desk.approvals.policy.set(desk.actor, likeness_days=366)
    await published(desk)
    await desk.approvals.policy.set(desk.actor, likeness_days=0)
    second = await published(desk, NEARLY)
    assert (len(fake.public), await warnings(desk, second)) == (2, [])


async def test_a_thread_that_has_begun_is_finished(desk: Desk, fake: FakePlatform) -> None:
    await published(desk)
    fake.script.extend([Do.PUBLISH, Do.BE_DOWN])
    second = await desk.now(NEARLY, OTHER)
    await mean_it(desk, second)
    await desk.run()
    async with desk.db.writing() as session:
        await session.delete(await session.merge((await desk.rows(Confirmation))[0]))
        now = desk.clock.now() + timedelta(minutes=1)
        await jobs.put(session, "publish", (await desk.row(second)).id, run_at=now, now=now)
    await desk.wait(timedelta(minutes=1))
    assert fake.texts == [LOAF, NEARLY, OTHER]


async def test_a_series_repeats_itself_on_purpose_but_nobody_else_does(desk: Desk, fake: FakePlatform) -> None:
    running = Running(desk)
    await running.yes(await running.proposed("every Friday 17:00 for 8 weeks", LOAF))
    await running.wait(DAY * 14)
    assert fake.texts == [LOAF] * 2
    mine = await desk.now(NEARLY)
    await running.wait(timedelta(minutes=1))
    assert (await desk.delivery(mine)).error_code == "alike"


async def test_nor_does_the_next_series_of_the_same_post_ask(desk: Desk, fake: FakePlatform) -> None:
    running = Running(desk)
    first = await running.yes(await running.proposed("every Friday 17:00, 2 times", LOAF))
    await running.wait(DAY * 15)
    assert (await running.series.view(first.workspace_id, first.id)).state == "ended"
    await running.yes(await running.series.propose(desk.actor, first.post.id, "every Friday 17:00, 2 times"))
    await running.wait(DAY * 14)
    assert fake.texts == [LOAF] * 4
