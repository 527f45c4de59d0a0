"""What is too late is told and decided together: one list a conversation, in which the rows decide."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncSession

from content.errors import Invalid, NotAllowed, NotFound, WrongState
from content.late import DROPPED, Late, LateView
from content.models import AuditEntry, Delivery, DeliveryState, Post, Role
from content.transcript import Transcript
from content.views import PostView
from content.wording import Wording
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import FakePlatform

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def late(desk: Desk) -> Late:
    return Late(desk.db, desk.clock, desk.platforms, desk.schedule)


async def planned(desk: Desk, text: str, where: str | None = None, *, hours: float = 1) -> PostView:
    post = await desk.posts.draft(desk.actor, [Wording((text,))], conversation_id=where)
    await desk.due(post, timedelta(hours=hours))
    return await desk.approve(post)


async def conversation(desk: Desk, name: str) -> str:
    return await Transcript(desk.db, desk.clock).open(desk.actor.workspace_id, "web", name)


async def seen(desk: Desk, late: Late, where: str) -> LateView:
    found = await late.view(desk.actor.workspace_id, where)
    assert found is not None
    return found


def words(posts: tuple[PostView, ...]) -> list[str]:
    return [one.words for one in posts]


async def test_each_conversation_has_a_list_of_its_own_in_the_order_planned(desk: Desk, late: Late) -> None:
    one, two = await conversation(desk, "one"), await conversation(desk, "two")
    await planned(desk, "B", one, hours=2)
    await planned(desk, "A", one)
    await planned(desk, "C", two)
    await planned(desk, "D")
    desk.clock.move(5 * HOUR)
    await desk.run()
    assert [words((await seen(desk, late, where)).asking) for where in (one, two, desk.actor.member_id)] == [
        ["A", "B"],
        ["C"],
        ["D"],
    ]
    assert {await late.workspace_of(where) for where in (one, desk.actor.member_id)} == {desk.actor.workspace_id}
    assert await late.view("workspace_another", one) is None
    with pytest.raises(NotFound):
        await late.workspace_of("conversation_gone")


async def test_it_is_told_once_a_conversation_and_a_little_later(desk: Desk) -> None:
    where = await conversation(desk, "one")
    for text in ("A", "B", "C"):
        await planned(desk, text, where)
    desk.clock.move(5 * HOUR)
    await desk.run()
    assert [one for one in desk.told if one[0] in ("late", "notify")] == []
    await desk.wait(MINUTE)
    assert [one for one in desk.told if one[0] in ("late", "notify")] == [("late", where)]


async def test_what_is_decided_stays_in_the_list_for_a_day(desk: Desk, late: Late, fake: FakePlatform) -> None:
    where = await conversation(desk, "one")
    posts = [await planned(desk, text, where) for text in ("A", "B")]
    assert await late.list_of(posts[0].id) is None
    desk.clock.move(5 * HOUR)
    await desk.run()
    assert await late.list_of(posts[0].id) == where
    await desk.schedule.post_now(desk.actor, posts[0].id, 1, button="press")
    await desk.wait(HOUR)
    found = await seen(desk, late, where)
    assert (words(found.asking), words(found.decided), fake.texts) == (["B"], ["A"], ["A"])
    await desk.wait(25 * HOUR)
    found = await seen(desk, late, where)
    assert (words(found.asking), words(found.decided)) == (["B"], [])
    await desk.schedule.cancel(desk.actor, posts[1].id)
    assert await late.view(desk.actor.workspace_id, where) is None


async def test_what_is_found_late_at_about_the_same_time_is_one_piece_of_news(desk: Desk, late: Late) -> None:
    where, begun = await conversation(desk, "one"), desk.clock.now()
    for number, minutes in enumerate((60, 300, 305, 312)):
        await planned(desk, f"Post {number}", where, hours=minutes / 60)
    for minutes in (150, 390, 395, 402):
        desk.clock.set(begun + minutes * MINUTE)
        await desk.run()
    found = await seen(desk, late, where)
    assert len(found.asking) == 4
    assert (found.since, found.newest) == (begun + 390 * MINUTE, begun + 390 * MINUTE)


async def test_new_times_for_all_keep_their_order_and_their_yes(desk: Desk, late: Late, fake: FakePlatform) -> None:
    where = await conversation(desk, "one")
    await planned(desk, "B", where, hours=2)
    await planned(desk, "A", where)
    desk.clock.move(5 * HOUR)
    await desk.run()
    spread = await late.spread(desk.actor, where, "in 1 hour", 30 * MINUTE)
    assert (spread.posts, spread.unapproved) == (2, 0)
    assert spread.first.endswith("(in 1 h)")
    begun = desk.clock.now()
    await desk.wait(3 * HOUR)
    assert [(one.text, one.at - begun) for one in fake.public] == [("A", HOUR), ("B", HOUR + 30 * MINUTE)]
    with pytest.raises(WrongState):
        await late.spread(desk.actor, where, "in 1 hour", 30 * MINUTE)


async def test_what_was_changed_needs_a_new_yes_also_with_a_new_time(desk: Desk, late: Late) -> None:
    where = await conversation(desk, "one")
    post = await planned(desk, "A", where)
    await planned(desk, "B", where)
    desk.clock.move(5 * HOUR)
    await desk.run()
    await desk.posts.revise(desk.actor, post.id, [Wording(("Another",))], change="by hand")
    assert (await late.spread(desk.actor, where, "in 1 hour", MINUTE)).unapproved == 1


@pytest.mark.parametrize(
    ("words", "apart"), [("every Monday 9:00", MINUTE), ("in 1 hour", timedelta(0)), ("in 1 hour", 8 * 24 * HOUR)]
)
async def test_times_that_make_no_sense_change_nothing(desk: Desk, late: Late, words: str, apart: timedelta) -> None:
    post = await planned(desk, "A")
    desk.clock.move(5 * HOUR)
    await desk.run()
    with pytest.raises(Invalid):
        await late.spread(desk.actor, desk.actor.member_id, words, apart)
    assert await desk.state(post) is DeliveryState.ASKING


async def test_all_may_be_dropped_by_who_may(desk: Desk, late: Late, fake: FakePlatform) -> None:
    viewer = await desk.member(Role.VIEWER)
    posts = [await planned(desk, text) for text in ("A", "B")]
    desk.clock.move(5 * HOUR)
    await desk.run()
    for refused in (late.drop(viewer, desk.actor.member_id), late.spread(viewer, desk.actor.member_id, "", MINUTE)):
        with pytest.raises(NotAllowed):
            await refused
    assert await late.drop(desk.actor, desk.actor.member_id) == 2
    await desk.wait(24 * HOUR)
    assert ({await desk.state(one) for one in posts}, fake.texts) == ({DeliveryState.CANCELLED}, [])
    assert [row.verb for row in await desk.rows(AuditEntry)].count("post.cancelled") == 2
    with pytest.raises(WrongState):
        await late.drop(desk.actor, desk.actor.member_id)


async def test_what_asks_for_another_reason_is_not_in_it(desk: Desk, late: Late) -> None:
    post = await desk.draft("A")
    await desk.due(post, HOUR)
    await desk.wait(2 * HOUR)
    assert [row.error_code for row in await desk.rows(Delivery)] == ["not_approved"]
    assert await late.view(desk.actor.workspace_id, desk.actor.member_id) is None


async def test_new_times_are_for_what_is_late_and_not_for_the_same_post_elsewhere(
    build: Build, clock: FakeClock
) -> None:
    desk = await build(FakePlatform(clock), FakePlatform(clock, "other"))
    late = Late(desk.db, desk.clock, desk.platforms, desk.schedule)
    post = await planned(desk, "A")
    tomorrow = desk.clock.now() + 24 * HOUR
    async with desk.db.writing() as session:
        [_, other] = await session.scalars(select(Delivery).order_by(Delivery.id))
        other.due_at = tomorrow
    desk.clock.move(5 * HOUR)
    await desk.run()
    await late.spread(desk.actor, desk.actor.member_id, "in 1 hour", MINUTE)
    times = {row.id: row.due_at for row in await desk.rows(Delivery)}
    assert times.pop(other.id) == tomorrow
    assert list(times.values()) == [(await desk.view(post)).due_at]


async def test_what_is_dropped_is_what_is_late_and_not_the_same_post_elsewhere(build: Build, clock: FakeClock) -> None:
    desk = await build(FakePlatform(clock), FakePlatform(clock, "other"))
    late = Late(desk.db, desk.clock, desk.platforms, desk.schedule)
    first, second = (await planned(desk, "A")).deliveries
    await planned(desk, "B")
    async with desk.db.writing() as session:
        other = await session.get_one(Delivery, second.id)
        other.due_at = desk.clock.now() + 24 * HOUR
    desk.clock.move(5 * HOUR)
    await desk.run()
    assert await late.drop(desk.actor, desk.actor.member_id) == 2
    [entry] = [row for row in await desk.rows(AuditEntry) if row.verb == DROPPED]
    assert (await late.dropped(entry.id)).posts == ((1, (first.rendering.label,)), (2, ()))
    assert {row.id: row.state for row in await desk.rows(Delivery)}[other.id] is DeliveryState.WAITING


@pytest.mark.parametrize("decided", ["one", "both"])
async def test_what_is_decided_at_the_same_moment_is_not_said_to_be_dropped(
    desk: Desk, late: Late, decided: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    posts = [await planned(desk, text) for text in ("A", "B")]
    desk.clock.move(5 * HOUR)
    await desk.run()
    looked = late._asking

    async def slow(session: AsyncSession, *given: Any) -> Sequence[Post]:
        """Somebody moves it after it was looked at: in one transaction, which is all that SQLite lets happen."""
        found = await looked(session, *given)
        for post in posts[: 1 if decided == "one" else 2]:
            for row in await session.scalars(select(Delivery).where(Delivery.post_id == post.id)):
                row.state = DeliveryState.WAITING
        return found

    monkeypatch.setattr(late, "_asking", slow)
    if decided == "both":
        with pytest.raises(WrongState, match="Nothing is late here any more"):
            await late.drop(desk.actor, desk.actor.member_id)
        return
    assert await late.drop(desk.actor, desk.actor.member_id) == 1
    [entry] = [row for row in await desk.rows(AuditEntry) if row.verb == DROPPED]
    assert (await late.dropped(entry.id)).posts == ((2, ()),)
    assert [row.subject for row in await desk.rows(AuditEntry) if row.verb == "post.cancelled"] == [posts[1].id]


@pytest.mark.on_sqlite
async def test_a_list_is_found_by_an_index_however_many_posts_there_are(desk: Desk, late: Late) -> None:
    await planned(desk, "A")
    desk.clock.move(5 * HOUR)
    await desk.run()
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(desk.db.engine.sync_engine, "before_cursor_execute", note)
    await seen(desk, late, desk.actor.member_id)
    event.remove(desk.db.engine.sync_engine, "before_cursor_execute", note)
    statement, parameters = next(one for one in asked if "late_at" in one[0])
    async with desk.db.engine.connect() as connection:
        plan = [row.detail for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    assert any("ix_delivery_late" in step for step in plan), plan
