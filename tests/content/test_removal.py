from datetime import timedelta

import pytest

from content.errors import NotAllowed, Unavailable, WrongState
from content.models import AuditEntry, Role
from content.platform import Access, Published
from content.removal import Removal
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import FakePlatform


class RemovingPlatform(FakePlatform):
    """A platform whose posts can be taken down; `down` says that it cannot be reached."""

    down = False

    def __init__(self, clock: FakeClock, name: str = "fake") -> None:
        super().__init__(clock, name)
        self.removed: list[str] = []

    async def remove(self, published: Published, access: Access) -> None:
        if self.down:
            raise Unavailable("It is away. Try again.", platform=self.spec.name)
        self.removed.append(published.remote_id)


def removal(desk: Desk) -> Removal:
    return Removal(desk.db, desk.clock, desk.platforms, desk.accounts)


async def test_a_thread_is_taken_down_from_its_end_and_its_card_says_when(build: Build, clock: FakeClock) -> None:
    platform = RemovingPlatform(clock)
    desk = await build(platform)
    post = await desk.now("one", "two")
    await desk.run()
    before = await desk.delivery(post)
    assert before.removable
    assert not before.countable
    assert await removal(desk).remove(desk.actor, post.id) == ["Fake ann"]
    assert len(platform.removed) == 2
    after = await desk.delivery(post)
    assert (after.state, after.removed_at, after.removable) == ("sent", clock.now(), False)
    assert "delivery.removed" in [entry.verb for entry in await desk.rows(AuditEntry)]


async def test_what_is_down_already_or_not_out_is_refused(build: Build, clock: FakeClock) -> None:
    desk = await build(RemovingPlatform(clock))
    draft = await desk.draft("not out")
    with pytest.raises(WrongState, match="nowhere"):
        await removal(desk).remove(desk.actor, draft.id)
    post = await desk.now("out")
    await desk.run()
    await removal(desk).remove(desk.actor, post.id)
    with pytest.raises(WrongState, match="nowhere"):
        await removal(desk).remove(desk.actor, post.id)


async def test_a_platform_without_removal_is_left_alone(build: Build, clock: FakeClock) -> None:
    removing, other = RemovingPlatform(clock), FakePlatform(clock, "other")
    desk = await build(removing, other)
    post = await desk.now("out on both")
    await desk.wait(timedelta(minutes=1))
    assert await removal(desk).remove(desk.actor, post.id) == ["Fake ann"]
    assert [one.removable for one in (await desk.view(post)).deliveries] == [False, False]


async def test_a_platform_that_is_away_keeps_the_post_as_it_was(build: Build, clock: FakeClock) -> None:
    platform = RemovingPlatform(clock)
    desk = await build(platform)
    post = await desk.now("out")
    await desk.run()
    platform.down = True
    with pytest.raises(Unavailable):
        await removal(desk).remove(desk.actor, post.id)
    assert (await desk.delivery(post)).removable


async def test_only_who_may_approve_may_take_down(build: Build, clock: FakeClock) -> None:
    desk = await build(RemovingPlatform(clock))
    post = await desk.now("out")
    await desk.run()
    with pytest.raises(NotAllowed):
        await removal(desk).remove(await desk.member(Role.EDITOR), post.id)
