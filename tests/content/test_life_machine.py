"""The life of a post under any order of deeds, faults, crashes and waiting: what must never happen, does not.

People edit, ask, approve, move, hold, delete and answer; platforms refuse, lose answers and limit; processes die between any
two transactions, are paused for longer than their lease, and work two at a time. After every step the rules of
`life_rules.py` are held against the rows, and every request that leaves is held against them in the moment when it does.
With `pytest --long -o timeout=0` it goes on for long, and elsewhere every time.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from content.database import Database
from content.errors import Conflict, NotAllowed
from content.models import ENDED, DeliveryState, Role
from content.people import Actor
from content.platform import Pending, Prepared, Published
from content.sweeping import Sweeping
from content.views import PostView
from content.wording import Wording
from tests.conftest import LONG
from tests.content import life_rules
from tests.content.life_rules import Leaving, Rows, read_rows
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk, make_desk, wired
from tests.fakes.mortal import MortalDatabase, killed_during
from tests.fakes.platform import BarePlatform, Do, FakePlatform, FindingPlatform, FollowingPlatform
from tests.servers.postgres import Postgres, tell_time

Result = TypeVar("Result")
ALIVE = precondition(lambda life: not life.over)
FAULTS = [Do.PUBLISH, Do.LOSE_AFTER, Do.LOSE_BEFORE, Do.BREAK_AFTER, Do.REFUSE, Do.LIMIT, Do.BE_DOWN, Do.EXPIRE]
STRAIGHT = timedelta(minutes=3)
"""Longer than any lease."""
PLACES = st.integers(0, 3)
AT_FIRST = st.tuples(*[st.sampled_from(FAULTS)] * 4)
"""What each platform does with the first part that comes."""
DEEDS = (
    "request", "approve", "send back", "press an old card", "undo", "release", "cancel", "delete", "hold everything", "hold nothing"
)  # fmt: skip


class Witness:
    """Sees every request that would make something public, in the moment when it leaves."""

    def __init__(self) -> None:
        self.part_of: dict[str, str] = {}
        self.against: list[str] = []
        self.db: Database

    async def see(self, clock: FakeClock, leaving: Leaving) -> None:
        part, wrong = await life_rules.against(leaving, self.db, clock)
        self.part_of[leaving.key] = part
        self.against += wrong


class Watched(BarePlatform):
    """A platform whose requests are seen."""

    witness: Witness

    async def commit(
        self, prepared: Prepared, part: int, key: str, earlier: Sequence[Published]
    ) -> Published | Pending:
        assert isinstance(self.clock, FakeClock)
        await self.witness.see(self.clock, Leaving(prepared.rendering.parts[part].text, key))
        return await super().commit(prepared, part, key, earlier)


class Asked(Watched, FindingPlatform):
    """It can be asked what is there."""


class Keyed(Watched, FakePlatform):
    """Its keys prevent doubles."""


class Silent(Watched, FakePlatform):
    """It knows neither."""


class Slow(Watched, FollowingPlatform):
    """It works on a post after it took it."""


def prepare(platform: BarePlatform, faults: Sequence[Do]) -> None:
    """What it will do next."""
    platform.script.extend([Do.PEND, *faults] if isinstance(platform, Slow) else faults)


class Life(RuleBasedStateMachine):
    """One thread of two parts on four accounts, and up to two processes at a time."""

    empty: Path | Postgres
    loop: asyncio.AbstractEventLoop
    met: set[DeliveryState]
    """The states that were seen in any life."""

    # the processes

    def run(self, work: Awaitable[Result]) -> Result:
        return self.loop.run_until_complete(work)

    def attempt(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do it where it may be done now."""
        with contextlib.suppress(Conflict, NotAllowed):
            self.run(work)

    def opened(self, kind: type[Database] = Database) -> Any:
        """The rows, as one more process has them."""
        db = kind(self.address, self.clock)
        if isinstance(self.empty, Postgres):
            tell_time(db, self.clock)
        self.databases.append(db)
        return db

    def process(self) -> Desk:
        """One more process on the same rows."""
        first = self.first
        return wired(self.opened(MortalDatabase), self.clock, self.folder, first.platforms, first.sealer, first.actor)

    @initialize(survives=st.booleans(), planned=st.sampled_from([True, True, False]), faults=AT_FIRST)
    def draft(self, survives: bool, planned: bool, faults: Sequence[Do]) -> None:
        self.clock = FakeClock()
        self.folder = Path(tempfile.mkdtemp())
        self.databases: list[Database] = []
        if isinstance(self.empty, Postgres):
            self.name = self.empty.made()
            self.address = self.empty.address(self.name)
        else:
            shutil.copy(self.empty, self.folder / "copydesk.db")
            self.address = f"sqlite+aiosqlite:///{self.folder / 'copydesk.db'}"
        clock, self.witness = self.clock, Witness()
        self.platforms: tuple[BarePlatform, ...] = (
            Asked(clock, "asked"), Keyed(clock, "keyed", repeat_safe=timedelta(hours=1)), Silent(clock, "silent"), Slow(clock, "slow")
        )  # fmt: skip
        for one in self.platforms:
            one.witness = self.witness
        self.witness.db = self.opened()
        self.run(self.begin(faults, survives=survives, planned=planned))

    async def begin(self, faults: Sequence[Do], *, survives: bool, planned: bool) -> None:
        self.first = await make_desk(self.opened(), self.clock, self.folder, *self.platforms)
        self.people: list[Actor] = [self.first.actor, await self.first.member(Role.APPROVER)]
        policy = self.first.approvals.policy
        await policy.set(self.first.actor, approval_survives_move=survives, self_approval=True)
        self.desk, self.other = self.process(), self.process()
        begun = self.desk.planned("Hello", "World", hours=0.1) if planned else self.desk.draft("Hello", "World")
        self.begin_anew(await begun, faults)

    def begin_anew(self, post: PostView, faults: Sequence[Do]) -> None:
        for platform, fault in zip(self.platforms, faults, strict=True):
            prepare(platform, [fault])
        self.post, self.texts, self.over = post, 0, False
        self.seen: dict[str, object] = {}
        self.sent: set[str] = set()

    @property
    def now(self) -> PostView:
        return self.run(self.desk.view(self.post))

    @property
    def owner(self) -> Actor:
        return self.first.actor

    # what people do

    @ALIVE
    @rule(texts=st.integers(1, 3), changed=st.integers(0, 2), approved=st.booleans())
    def edit(self, texts: int, changed: int, approved: bool) -> None:
        self.texts += 1
        parts = ["Hello", "World", "Again"][:texts]
        parts[min(changed, texts - 1)] = f"Text {self.texts}"
        self.attempt(self.desk.posts.revise(self.owner, self.post.id, [Wording(tuple(parts))], change=""))
        if approved:
            self.attempt(self.desk.approve(self.now))

    @ALIVE
    @rule(minutes=st.sampled_from([1, 5, 90]), approved=st.booleans())
    def schedule(self, minutes: int, approved: bool) -> None:
        self.attempt(self.desk.schedule.set(self.owner, self.post.id, f"in {minutes} minutes"))
        if approved:
            self.attempt(self.desk.approve(self.now, self.people[1]))

    @ALIVE
    @rule(at_once=st.booleans())
    def press_post_now(self, at_once: bool) -> None:
        self.attempt(self.desk.schedule.post_now(self.owner, self.post.id, self.now.revision, button="press"))
        if at_once:
            self.run(self.desk.run())

    @ALIVE
    @rule(deed=st.sampled_from(DEEDS))
    def interfere(self, deed: str) -> None:
        desk, owner, now = self.desk, self.owner, self.now
        deeds: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
            "request": lambda: desk.approvals.request(owner, now.id),
            "approve": lambda: desk.approve(now),
            "send back": lambda: desk.approvals.request_changes(self.people[1], now.id, now.revision, "Shorter"),
            "press an old card": lambda: desk.schedule.post_now(owner, now.id, 1, button="press"),
            "undo": lambda: desk.posts.undo(owner, now.id, now.revision),
            "release": lambda: desk.schedule.release(owner, now.id),
            "cancel": lambda: desk.schedule.cancel(owner, now.id),
            "delete": lambda: desk.posts.discard(owner, now.id, now.revision),
            "hold everything": lambda: desk.guards.switch.hold(owner),
            "hold nothing": lambda: desk.guards.switch.release(owner),
        }
        self.attempt(deeds[deed]())

    @ALIVE
    @rule()
    def hold(self) -> None:
        self.attempt(self.desk.schedule.hold(self.owner, self.post.id))

    @ALIVE
    @rule(minutes=st.sampled_from([2, 10, 90]))
    def change_and_leave(self, minutes: int) -> None:
        """Its time may come before anybody has approved it."""
        self.edit(2, 1, approved=False)
        self.wait(minutes * 60)

    @ALIVE
    @rule(minutes=st.sampled_from([2, 10, 90]), delete=st.booleans())
    def stop_it_for_a_while(self, minutes: int, delete: bool) -> None:
        """Held, or deleted, and brought back when its time may have passed."""
        if delete:
            self.interfere("delete")
        else:
            self.hold()
        self.wait(minutes * 60)
        self.interfere("undo" if delete else "release")

    @precondition(lambda self: self.over)
    @rule(faults=AT_FIRST)
    def draft_another(self, faults: Sequence[Do]) -> None:
        self.begin_anew(self.run(self.desk.planned("Hello again", "World", hours=0.1)), faults)

    @ALIVE
    @rule(place=PLACES)
    def connect_again(self, place: int) -> None:
        self.run(self.desk.connect(self.platforms[place].spec.name))

    @ALIVE
    @rule()
    def look_and_say(self) -> None:
        """A person looks whether what is in doubt is there, and says so truly."""
        for one in self.now.deliveries:
            if one.state is DeliveryState.UNKNOWN:
                self.attempt(self.desk.tracing.settle(self.owner, one.id, live=self.is_live(one.id)))

    def is_live(self, delivery_id: str) -> bool:
        parts = [one for one in self.rows().parts if one.delivery_id == delivery_id and one.sent_at is None]
        doubtful = min(parts, key=lambda one: one.position)
        return any(self.witness.part_of[one.key] == doubtful.id for place in self.platforms for one in place.public)

    # what platforms and time do

    @ALIVE
    @rule(place=PLACES, faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=3))
    def trouble(self, place: int, faults: list[Do]) -> None:
        prepare(self.platforms[place], faults)

    @ALIVE
    @rule(working=st.lists(st.sampled_from([Do.PEND, Do.REFUSE, Do.BE_DOWN]), max_size=2))
    def work_slowly(self, working: list[Do]) -> None:
        for platform in self.platforms:
            if isinstance(platform, Slow):
                platform.script.append(Do.PEND)
                platform.working.extend(working)

    @rule(seconds=st.sampled_from([1, 30, 120, 600, 7200]))
    def wait(self, seconds: int) -> None:
        self.run(self.desk.wait(timedelta(seconds=seconds)))

    # what processes do

    @ALIVE
    @rule()
    def work_two_at_once(self) -> None:
        self.run(self.both())

    async def both(self) -> None:
        ended = await asyncio.gather(self.desk.run(), self.other.run(), return_exceptions=True)
        assert all(isinstance(one, int | Conflict) for one in ended), ended

    @ALIVE
    @rule(steps=st.integers(0, 14), restarts=st.booleans())
    def die_between_transactions(self, steps: int, restarts: bool) -> None:
        db = self.desk.db
        assert isinstance(db, MortalDatabase)
        db.left = steps
        self.run(killed_during(self.desk.run(), db.died))
        self.run(self.replace(restarts=restarts))

    @ALIVE
    @rule(place=PLACES, do=st.sampled_from([Do.HANG_BEFORE, Do.HANG_AFTER]), restarts=st.booleans())
    def die_during_a_commit(self, place: int, do: Do, restarts: bool) -> None:
        platform = self.platforms[place]
        platform.script.appendleft(do)
        self.run(killed_during(self.desk.run(), platform.reached))
        self.calm(platform, do)
        self.run(self.replace(restarts=restarts))

    async def replace(self, *, restarts: bool) -> None:
        """The same process starts again by itself, or others go on when the leases are out."""
        await self.desk.db.close()
        self.desk = self.process()
        if restarts:
            await self.desk.jobs.take_over()
            await Sweeping(self.desk.db, self.clock).sweep()

    @ALIVE
    @rule(place=st.integers(1, 2), do=st.sampled_from([Do.HANG_BEFORE, Do.HANG_AFTER]))
    def pause_for_longer_than_the_lease(self, place: int, do: Do) -> None:
        """Others take over what it was sending, and then it goes on as if nothing had been."""
        self.run(self.pause(self.platforms[place], do))
        self.calm(self.platforms[place], do)

    async def pause(self, platform: BarePlatform, do: Do) -> None:
        platform.script.appendleft(do)
        working = asyncio.ensure_future(self.desk.run())
        reached = asyncio.ensure_future(platform.reached.wait())
        await asyncio.wait([working, reached], return_when=asyncio.FIRST_COMPLETED)
        if reached.done():
            self.clock.move(STRAIGHT)
            await self.other.run()
            platform.resume.set()
        reached.cancel()
        await working

    def calm(self, platform: BarePlatform, do: Do) -> None:
        platform.reached.clear()
        platform.resume.clear()
        with contextlib.suppress(ValueError):
            platform.script.remove(do)

    # what must be so

    def rows(self) -> Rows:
        return self.run(read_rows(self.witness.db, self.post.id))

    def check(self, *rules: Callable[[Rows], Iterable[str]]) -> Rows:
        rows = self.rows()
        assert [*(wrong for one in rules for wrong in one(rows))] == []
        assert self.witness.against == []
        assert [*life_rules.doubled(self.platforms, self.witness.part_of)] == []
        return rows

    @invariant()
    def everything_is_as_it_must_be(self) -> None:
        rows = self.check(*life_rules.EVER)
        wordings = life_rules.wordings(rows)
        assert {one: wordings.get(one) for one in self.seen} == self.seen, "a wording was changed"
        self.seen = wordings
        states = {one.id: one.state for one in rows.deliveries}
        self.met.update(states.values())
        assert {states.get(one) for one in self.sent} <= {DeliveryState.SENT}, "what was sent is so no longer"
        self.sent = {one for one, state in states.items() if state is DeliveryState.SENT}
        self.over = set(states.values()) <= set(ENDED)

    def teardown(self) -> None:
        """Everything is put right, and a day passes: all is at an end, or waits for people, who know."""
        try:
            if hasattr(self, "post"):
                self.put_right()
        finally:
            for db in getattr(self, "databases", ()):
                self.run(db.close())
            if isinstance(self.empty, Postgres):
                self.empty.drop(self.name)
            shutil.rmtree(self.folder)

    def put_right(self) -> None:
        for platform in self.platforms:
            platform.script.clear()
        self.run(self.desk.wait(timedelta(hours=3)))
        self.everything_is_as_it_must_be()
        for place in range(4):
            self.connect_again(place)
        self.interfere("hold nothing")
        self.look_and_say()
        self.run(self.desk.wait(timedelta(days=1)))
        self.everything_is_as_it_must_be()
        self.check(life_rules.left_over)


def live(machine: type[Life], empty: Path | Postgres, *, long: bool) -> None:
    """Many lives."""
    loop = asyncio.new_event_loop()

    class Placed(machine):  # type: ignore[valid-type, misc]
        pass

    Placed.empty, Placed.loop, Placed.met = empty, loop, set()
    examples, steps = (400, 60) if long else (12 if isinstance(empty, Path) else 8, 30)
    how = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=not long,
        phases=[Phase.generate, Phase.shrink] if long else [Phase.generate],
        database=None,
        print_blob=long,
    )
    try:
        run_state_machine_as_test(Placed, settings=how)
    finally:
        loop.close()
    missed = set(DeliveryState) - Placed.met - {DeliveryState.SENDING}
    assert not missed, "so dull lives prove little: let there be more of them"


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.on_postgresql)])
def test_no_order_of_events_breaks_a_rule(
    empty: Path | Postgres, database: str, request: pytest.FixtureRequest
) -> None:
    live(Life, empty, long=bool(request.config.getoption(LONG)))
