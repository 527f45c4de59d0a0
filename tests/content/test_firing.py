"""Every reason not to send, looked at on the way out: always through the job runner, as in the product."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from content import jobs
from content.errors import Collision
from content.ids import new_id
from content.models import Approval, Delivery, DeliveryState, Job, JobState, Post, PostState, Variant, Workspace
from content.platform import Access, Content, Rendering
from content.views import PostView
from content.wording import Wording
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import Do, FakePlatform

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


async def pushed(desk: Desk, post: PostView) -> None:
    """Run the delivery's job, as an operator or a bug might at any time."""
    async with desk.db.writing() as session:
        now = desk.clock.now()
        await jobs.put(session, "publish", (await desk.row(post)).id, run_at=now, now=now)
    await desk.run()


async def forge(desk: Desk, post: PostView, approval: Approval | None = None) -> None:
    """Write straight into the rows that the post is approved and due, with the approval given or none."""
    async with desk.db.writing() as session:
        delivery = (await session.scalars(select(Delivery).where(Delivery.post_id == post.id))).one()
        (await session.get_one(Post, post.id)).state = PostState.APPROVED
        delivery.due_at = desk.clock.now()
        if approval is not None:
            session.add(approval)
            delivery.approval_id = approval.id


# Approval


async def test_nothing_goes_out_unapproved(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.draft("Hello")
    await pushed(desk, post)
    assert await desk.state(post) is DeliveryState.WAITING, "it has no time"
    await desk.due(post, HOUR)
    await pushed(desk, post)
    assert await desk.state(post) is DeliveryState.WAITING, "its time has not come"
    await desk.wait(HOUR)
    shown = await desk.delivery(post)
    assert (shown.state, shown.error_code, fake.public) == (DeliveryState.ASKING, "not_approved", [])
    assert desk.news() == ["overdue"]


async def test_a_post_marked_approved_without_an_approval_does_not_go_out(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.draft("Hello")
    await forge(desk, post)
    await pushed(desk, post)
    assert (await desk.state(post), fake.keys) == (DeliveryState.ASKING, [])


@pytest.mark.parametrize("flaw", ["revoked", "another delivery's", "another wording's", "none"])
async def test_a_forged_approval_does_not_count(desk: Desk, fake: FakePlatform, flaw: str) -> None:
    other, post = await desk.draft("Other"), await desk.draft("Hello")
    mine = (await desk.row(post)).id
    right = next(row.digest for row in await desk.rows(Variant) if row.content["parts"][0]["text"] == "Hello")
    forged = Approval(
        id=new_id("approval"),
        delivery_id=(await desk.row(other)).id if flaw == "another delivery's" else mine,
        digest="0" * 64 if flaw == "another wording's" else right,
        member_id=desk.actor.member_id,
        button="forged",
        decided_at=desk.clock.now(),
        revoked_at=desk.clock.now() if flaw == "revoked" else None,
    )
    await forge(desk, post, forged)
    await pushed(desk, post)
    assert fake.texts == (["Hello"] if flaw == "none" else []), "only without a flaw it is no forgery"


async def test_a_wording_swapped_behind_the_desks_back_does_not_go_out(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello")
    async with desk.db.writing() as session:
        variant = (await session.scalars(select(Variant))).one()
        variant.content = {**variant.content, "parts": [{"text": "Buy this", "images": []}]}
    await desk.wait(HOUR)
    assert (await desk.state(post), fake.keys) == (DeliveryState.ASKING, [])


async def test_the_database_itself_refuses_to_send_what_has_no_approval(desk: Desk) -> None:
    await desk.draft("Hello")
    for state in (DeliveryState.SENDING, DeliveryState.PROCESSING, DeliveryState.SENT):
        with pytest.raises(IntegrityError):
            async with desk.db.writing() as session:
                await session.execute(update(Delivery).values(state=state))


Deed = Callable[[Desk, PostView], Awaitable[object]]
DEEDS: dict[str, Deed] = {
    "edit": lambda desk, post: desk.posts.revise(desk.actor, post.id, [Wording(("Changed",))], change=""),
    "delete": lambda desk, post: desk.posts.discard(desk.actor, post.id, post.revision),
    "undo": lambda desk, post: desk.posts.undo(desk.actor, post.id, post.revision),
    "hold": lambda desk, post: desk.schedule.hold(desk.actor, post.id),
    "cancel": lambda desk, post: desk.schedule.cancel(desk.actor, post.id),
    "move": lambda desk, post: desk.schedule.set(desk.actor, post.id, "in 2 hours"),
    "switch": lambda desk, post: desk.guards.switch.hold(desk.actor),
    "disconnect": lambda desk, post: desk.accounts.disconnect(desk.actor, post.deliveries[0].account_id),
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_what_happens_one_second_before_still_counts(desk: Desk, fake: FakePlatform, deed: str) -> None:
    post = await desk.planned("Hello")
    await desk.wait(HOUR - SECOND)
    await DEEDS[deed](desk, post)
    await desk.wait(timedelta(minutes=20))
    assert fake.keys == []


async def test_a_lost_login_is_told_once_however_often_the_row_is_looked_at(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello")
    await desk.accounts.lost_login(await desk.accounts.access(post.deliveries[0].account_id))
    await desk.wait(HOUR)
    await pushed(desk, post)
    assert (desk.news(), fake.keys) == (["reconnect"], [])


# Lateness


async def test_what_is_overdue_asks(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello")
    desk.clock.move(HOUR + timedelta(minutes=30, seconds=1))
    await desk.run()
    shown = await desk.delivery(post)
    assert (shown.state, shown.error_code, fake.public) == (DeliveryState.ASKING, "overdue", [])
    await desk.schedule.post_now(desk.actor, post.id, 1, button="press")
    await desk.run()
    assert fake.texts == ["Hello"]


async def test_what_is_a_little_late_goes_out(desk: Desk, fake: FakePlatform) -> None:
    await desk.planned("Hello")
    desk.clock.move(HOUR + timedelta(minutes=30))
    await desk.run()
    assert fake.texts == ["Hello"]


async def test_after_an_outage_nothing_goes_out_in_a_burst(desk: Desk, fake: FakePlatform) -> None:
    for number in range(7):
        await desk.connect("fake", f"user {number}")
    for number in range(5):
        await desk.now(f"Post {number} on eight accounts")
    desk.clock.move(HOUR * 9)
    await desk.run()
    assert fake.keys == []
    assert {row.state for row in await desk.rows(Delivery)} == {DeliveryState.ASKING}
    await desk.wait(HOUR)
    assert [one for one in desk.told if one[0] in ("late", "notify")] == [("late", desk.actor.member_id)]


# Spacing and caps


async def test_posts_on_one_account_keep_their_distance(build: Build, clock: FakeClock) -> None:
    spaced = FakePlatform(clock, spacing=timedelta(minutes=2))
    desk = await build(spaced)
    for number in range(3):
        await desk.planned(f"Post {number}")
    await desk.wait(HOUR * 2)
    gaps = [later.at - earlier.at for earlier, later in zip(spaced.public, spaced.public[1:], strict=False)]
    assert gaps == [timedelta(minutes=2)] * 2


async def test_what_may_have_gone_out_counts_for_the_distance_too(build: Build, clock: FakeClock) -> None:
    spaced = FakePlatform(clock, spacing=timedelta(minutes=2))
    desk = await build(spaced)
    spaced.script.append(Do.LOSE_AFTER)
    await desk.now("First")
    await desk.run()
    await desk.now("Second")
    await desk.run()
    assert spaced.texts == ["First"]
    await desk.wait(timedelta(minutes=2))
    assert spaced.texts == ["First", "Second"]


async def test_the_parts_of_a_thread_do_not_wait_for_each_other(build: Build, clock: FakeClock) -> None:
    spaced = FakePlatform(clock, spacing=timedelta(minutes=9), daily_cap=1)
    desk = await build(spaced)
    spaced.script.extend([Do.PUBLISH, Do.BE_DOWN])
    await desk.now("One", "Two")
    await desk.wait(timedelta(minutes=1))
    assert spaced.texts == ["One", "Two"]


async def test_a_day_has_room_for_so_many_posts(build: Build, clock: FakeClock) -> None:
    capped = FakePlatform(clock, daily_cap=2)
    desk = await build(capped)
    async with desk.db.writing() as session:
        await session.execute(update(Workspace).values(late_after_minutes=60 * 48))
    for number in range(3):
        await desk.planned(f"Post {number}")
        desk.clock.move(timedelta(minutes=1))
    await desk.wait(HOUR * 20)
    assert len(capped.public) == 2
    await desk.wait(HOUR * 6)
    assert len(capped.public) == 3
    assert capped.public[2].at - capped.public[0].at == timedelta(days=1)


# Twins


async def test_a_twin_waits_until_the_first_is_settled(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.LOSE_AFTER)
    first = await desk.now("Same")
    await desk.run()
    second = await desk.now("Same")
    await desk.wait(timedelta(minutes=5))
    assert (await desk.state(second), len(fake.keys)) == (DeliveryState.WAITING, 1)
    await desk.tracing.settle(desk.actor, (await desk.row(first)).id, live=True)
    await desk.wait(timedelta(minutes=2))
    assert (await desk.state(second), fake.texts) == (DeliveryState.SENT, ["Same", "Same"])


async def test_two_of_the_same_on_one_account_can_never_be_on_their_way_at_once(desk: Desk) -> None:
    await desk.now("Same")
    await desk.now("Same")
    with pytest.raises((IntegrityError, Collision)):
        async with desk.db.writing() as session:
            await session.execute(update(Delivery).values(state=DeliveryState.SENDING, digest="0" * 64))


# Jobs without a delivery, and the other way round


async def test_a_job_for_a_delivery_that_is_gone_does_nothing(desk: Desk) -> None:
    async with desk.db.writing() as session:
        now = desk.clock.now()
        await jobs.put(session, "publish", "delivery_0", run_at=now, now=now)
    await desk.run()
    assert {row.state for row in await desk.rows(Job)} == {JobState.DONE}


async def test_claims_render_for_the_account_without_its_login(build: Build, clock: FakeClock) -> None:
    seen: list[Access] = []

    class Watching(FakePlatform):
        def render(self, content: Content, access: Access) -> Rendering:
            seen.append(access)
            return super().render(content, access)

    desk = await build(Watching(clock))
    await desk.now("Hello")
    await desk.run()
    assert {tuple(one.secrets) for one in seen} == {()}
