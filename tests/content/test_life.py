"""The life of posts under any order of edits, presses, faults and waiting: what must never happen, does not."""

import asyncio
import contextlib
import shutil
from collections import Counter
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from content import contents
from content.database import Database
from content.errors import Conflict
from content.models import ENDED, Approval, Delivery, DeliveryState, Part, Revision, Variant
from content.views import PostView
from content.wording import Wording
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk, make_desk
from tests.fakes.platform import BarePlatform, Do, FakePlatform, FindingPlatform

Result = TypeVar("Result")
FAULTS = [Do.PUBLISH, Do.LOSE_AFTER, Do.LOSE_BEFORE, Do.BREAK_AFTER, Do.REFUSE, Do.LIMIT, Do.BE_DOWN, Do.EXPIRE]


class Life(RuleBasedStateMachine):
    """One thread of two parts on three accounts: one that can be asked, one with keys, and one that knows nothing."""

    loop: asyncio.AbstractEventLoop
    desk: Desk
    platforms: tuple[BarePlatform, ...]

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(work)

    def attempt(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do it where it may be done now."""
        with contextlib.suppress(Conflict):
            self.run(work)

    @initialize()
    def draft(self) -> None:
        for platform in self.platforms:
            platform.public.clear()
            platform.script.clear()
        self.post: PostView = self.run(self.desk.draft("Hello", "World"))
        self.texts = 0
        self.ended: dict[str, DeliveryState] = {}

    @property
    def now(self) -> PostView:
        return self.run(self.desk.view(self.post))

    @rule(part=st.sampled_from([0, 1]))
    def edit(self, part: int) -> None:
        self.texts += 1
        parts = ["Hello", "World"]
        parts[part] = f"Text {self.texts}"
        self.attempt(self.desk.posts.revise(self.desk.actor, self.post.id, [Wording(tuple(parts))], change=""))

    @rule()
    def approve(self) -> None:
        self.attempt(self.desk.approve(self.now))

    @rule(minutes=st.sampled_from([1, 5, 90]))
    def schedule(self, minutes: int) -> None:
        self.attempt(self.desk.schedule.set(self.desk.actor, self.post.id, f"in {minutes} minutes"))

    @rule()
    def press_post_now(self) -> None:
        self.attempt(self.desk.schedule.post_now(self.desk.actor, self.post.id, self.now.revision, button="press"))

    @rule()
    def press_on_an_old_card(self) -> None:
        self.attempt(self.desk.schedule.post_now(self.desk.actor, self.post.id, 1, button="press"))

    @rule(deed=st.sampled_from(["hold", "release", "cancel"]))
    def hold(self, deed: str) -> None:
        self.attempt(getattr(self.desk.schedule, deed)(self.desk.actor, self.post.id))

    @rule()
    def discard(self) -> None:
        self.attempt(self.desk.posts.discard(self.desk.actor, self.post.id, self.now.revision))

    @rule()
    def undo(self) -> None:
        self.attempt(self.desk.posts.undo(self.desk.actor, self.post.id, self.now.revision))

    @rule(place=st.integers(0, 2), faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=3))
    def trouble(self, place: int, faults: list[Do]) -> None:
        self.platforms[place].script.extend(faults)

    @rule(seconds=st.sampled_from([1, 30, 600, 7200]))
    def wait(self, seconds: int) -> None:
        self.run(self.desk.wait(timedelta(seconds=seconds)))

    @rule(place=st.integers(0, 2))
    def connect_again(self, place: int) -> None:
        self.run(self.desk.connect(self.platforms[place].spec.name))

    @precondition(lambda self: any(one.state is DeliveryState.UNKNOWN for one in self.now.deliveries))
    @rule()
    def look_and_say(self) -> None:
        """A person looks whether the part in doubt is there, and says so truly."""
        for one in self.now.deliveries:
            if one.state is DeliveryState.UNKNOWN:
                key = self.run(self.parts(one.id))[one.parts_sent].key
                live = any(platform.by_key(key) for platform in self.platforms)
                self.attempt(self.desk.tracing.settle(self.desk.actor, one.id, live=live))

    async def parts(self, delivery_id: str) -> list[Part]:
        return sorted(
            (one for one in await self.desk.rows(Part) if one.delivery_id == delivery_id), key=lambda one: one.position
        )

    @invariant()
    def no_part_is_ever_public_twice(self) -> None:
        for platform in self.platforms:
            assert max(Counter(one.key for one in platform.public).values(), default=1) == 1
            assert len(platform.public) <= 2
            assert [one.reply_to != "" for one in platform.public] == [False, True][: len(platform.public)]

    @invariant()
    def everything_public_was_approved_in_these_words(self) -> None:
        approved = self.run(self.approved_texts())
        for platform in self.platforms:
            for position, one in enumerate(platform.public):
                assert (one.account_id, position, one.text) in approved

    async def approved_texts(self) -> set[tuple[str, int, str]]:
        """Every text that somebody ever approved for an account, with its place in the thread."""
        async with self.desk.db.reading() as session:
            rows = await session.execute(
                select(Variant.account_id, Variant.content, Variant.digest)
                .join(Revision, Revision.id == Variant.revision_id)
                .where(Revision.post_id == self.post.id)
            )
            yes = set((await session.scalars(select(Approval.digest))).all())
        found = set()
        for account, content, digest in rows.all():
            if digest in yes:
                found |= {(account, number, part.text) for number, part in enumerate(contents.read(content).parts)}
        return found

    @invariant()
    def what_is_sent_stays_sent(self) -> None:
        for one in self.run(self.desk.rows(Delivery)):
            if self.ended.get(one.id) is DeliveryState.SENT:
                assert one.state is DeliveryState.SENT
            if one.state in ENDED:
                self.ended[one.id] = one.state

    def teardown(self) -> None:
        """Left alone for a day, nothing is still on its way."""
        for platform in self.platforms:
            platform.script.clear()
        self.run(self.desk.wait(timedelta(days=1)))
        assert not {one.state for one in self.now.deliveries} & {DeliveryState.SENDING, DeliveryState.PROCESSING}
        self.no_part_is_ever_public_twice()
        self.everything_public_was_approved_in_these_words()


@pytest.fixture
def life(migrated_file: Path, tmp_path: Path) -> Any:
    """The machine with a loop and a desk of its own; every example drafts a new post on it."""
    path = tmp_path / "life.db"
    shutil.copy(migrated_file, path)
    clock = FakeClock()
    loop = asyncio.new_event_loop()
    db = Database(f"sqlite+aiosqlite:///{path}", clock)
    platforms = (
        FindingPlatform(clock, "asked"),
        FakePlatform(clock, "keyed", repeat_safe=timedelta(hours=1)),
        FakePlatform(clock, "silent"),
    )

    class Wired(Life):
        pass

    Wired.loop, Wired.platforms = loop, platforms
    Wired.desk = loop.run_until_complete(make_desk(db, clock, tmp_path, *platforms))
    yield Wired
    loop.run_until_complete(db.close())
    loop.close()


def test_no_order_of_events_sends_anything_twice_or_unapproved(life: type[Life]) -> None:
    quick = settings(
        max_examples=3, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
    )
    run_state_machine_as_test(life, settings=quick)
