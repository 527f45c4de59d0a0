import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from content.database import Database
from content.errors import (
    Busy,
    ContentError,
    Invalid,
    NeedsReconnect,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
)
from content.jobs import (
    BATCH,
    BUSY_PAUSE,
    KEEP_EVERY,
    LEASE,
    PATIENCE,
    PUBLISH,
    TRIES,
    Again,
    AskPerson,
    GiveUp,
    Jobs,
    Wanted,
    after,
    put,
    put_all,
)
from content.models import Job, JobState
from content.rooms import AFTERWARDS, AT_LEISURE, CROWD, FULL, TELLING
from tests.fakes.clock import FakeClock
from tests.servers.postgres import tell_time

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
LATER = NOW + timedelta(minutes=7)
DOWN = Unavailable("Down.", platform="fake")
SECOND = timedelta(seconds=1)
HALF = timedelta(seconds=30)


@pytest.mark.parametrize(
    ("error", "tries", "verdict"),
    [
        (OutcomeUnknown("Who knows.", platform="fake"), 1, AskPerson("Who knows.")),
        (RateLimited("Slow.", platform="fake", until=LATER), 1, Again(LATER)),
        (RateLimited("Slow.", platform="fake", until=LATER), TRIES + 5, Again(LATER)),
        (RateLimited("Slow.", platform="fake", until=NOW + HALF), TRIES, Again(NOW + HALF)),
        # a time that is over, or as good as over, tells nothing: one try a second would get the account shut out
        (RateLimited("Slow.", platform="fake", until=NOW + HALF - SECOND), 1, Again(NOW + HALF)),
        (RateLimited("Slow.", platform="fake", until=NOW), 3, Again(NOW + timedelta(minutes=2))),
        (RateLimited("Slow.", platform="fake", until=NOW - LEASE), 1, Again(NOW + HALF)),
        (RateLimited("Slow.", platform="fake", until=NOW - LEASE), 1000, Again(NOW + timedelta(hours=1))),
        (Rejected("No.", platform="fake"), 1, GiveUp("No.")),
        (NeedsReconnect("Login.", platform="fake"), 1, GiveUp("Login.")),
        (Invalid("Wrong."), 1, GiveUp("Wrong.")),
        (NotFound("Gone."), 1, GiveUp("Gone.")),
        (ContentError("Odd."), 1, GiveUp("Odd.")),
        (Busy("Wait."), TRIES, Again(NOW + BUSY_PAUSE)),
        (DOWN, 1, Again(NOW + timedelta(seconds=30))),
        (DOWN, 2, Again(NOW + timedelta(minutes=1))),
        (DOWN, 5, Again(NOW + timedelta(minutes=8))),
        (DOWN, TRIES - 1, Again(NOW + timedelta(minutes=32))),
        (DOWN, TRIES, GiveUp("Down.")),
        (RuntimeError("a bug"), 1, Again(NOW + timedelta(seconds=30))),
        (RuntimeError("a bug"), TRIES, GiveUp("a bug")),
        (ValueError(), TRIES, GiveUp("ValueError")),
    ],
)
def test_what_to_do_after_an_error(error: Exception, tries: int, verdict: object) -> None:
    assert after(error, tries, NOW) == verdict


class Work:
    """Handlers that note what they did, and do what a test says."""

    def __init__(self, db: Database, clock: FakeClock) -> None:
        self.db, self.clock = db, clock
        self.done: list[str] = []
        self.errors: list[Exception] = []
        self.again: list[datetime] = []
        self.hang: asyncio.Event | None = None
        self.started = asyncio.Event()
        self.jobs = Jobs(db, clock, {"work": self.do})

    async def do(self, subject: str) -> datetime | None:
        self.done.append(subject)
        self.started.set()
        if self.hang is not None:
            await self.hang.wait()
        if self.errors:
            raise self.errors.pop(0)
        return self.again.pop(0) if self.again else None

    async def put(self, subject: str, away: timedelta = timedelta(0), *, lane: str = "", kind: str = "work") -> None:
        async with self.db.writing() as session:
            await put(session, kind, subject, run_at=self.clock.now() + away, now=self.clock.now(), lane=lane)

    async def rows(self) -> list[Job]:
        async with self.db.reading() as session:
            return list((await session.scalars(select(Job).order_by(Job.created_at, Job.subject))).all())

    async def states(self) -> list[JobState]:
        return [row.state for row in await self.rows()]


@pytest.fixture
def work(db: Database, clock: FakeClock) -> Work:
    return Work(db, clock)


async def test_a_job_runs_once_and_not_before_its_time(work: Work) -> None:
    await work.put("a", timedelta(minutes=1))
    assert await work.jobs.next_at() == work.clock.now() + timedelta(minutes=1)
    assert await work.jobs.run_due() == 0
    work.clock.move(timedelta(minutes=1))
    assert await work.jobs.run_due() == 1
    assert await work.jobs.run_due() == 0
    assert work.done == ["a"]
    assert await work.states() == [JobState.DONE]
    assert await work.jobs.next_at() is None


async def test_putting_the_same_job_again_moves_it(work: Work) -> None:
    await work.put("a", timedelta(minutes=5))
    await work.put("a", timedelta(minutes=1))
    work.clock.move(timedelta(minutes=5))
    await work.jobs.run_all()
    assert work.done == ["a"]


async def test_a_job_that_asks_for_it_runs_again_at_that_time(work: Work) -> None:
    await work.put("a")
    work.again = [work.clock.now() + timedelta(minutes=2)]
    assert await work.jobs.run_all() == 1
    work.clock.move(timedelta(minutes=2))
    assert await work.jobs.run_all() == 1
    assert (work.done, await work.states()) == (["a", "a"], [JobState.DONE])


async def test_a_job_put_while_it_runs_runs_once_more(work: Work) -> None:
    await work.put("a")
    work.hang = asyncio.Event()
    work.again = [work.clock.now() + timedelta(hours=9)]
    running = asyncio.create_task(work.jobs.run_due())
    await work.started.wait()
    await work.put("a")
    assert await work.jobs.run_due() == 0, "the lane is busy"
    work.hang.set()
    await running
    assert await work.jobs.run_all() == 1
    assert (work.done, await work.states()) == (["a", "a"], [JobState.DONE, JobState.DONE])


async def test_a_failed_job_is_tried_again_with_growing_pauses_and_then_given_up(work: Work) -> None:
    await work.put("a")
    work.errors = [RuntimeError("a bug") for _ in range(TRIES)]
    for _ in range(TRIES - 1):
        await work.jobs.run_all()
        assert (await work.rows())[0].error == "a bug"
        soonest = await work.jobs.next_at()
        assert soonest is not None
        work.clock.set(soonest)
    await work.jobs.run_all()
    assert await work.states() == [JobState.DEAD]
    assert len(work.done) == TRIES


async def test_a_success_forgets_the_failures_before_it(work: Work) -> None:
    await work.put("a")
    work.errors = [DOWN]
    await work.jobs.run_all()
    work.clock.move(timedelta(seconds=30))
    work.again = [work.clock.now() + SECOND]
    await work.jobs.run_all()
    assert (await work.rows())[0].tries == 0


@pytest.mark.parametrize("error", [Rejected("No.", platform="fake"), OutcomeUnknown("Hm.", platform="fake")])
async def test_what_only_a_person_can_mend_is_not_tried_again(work: Work, error: ContentError) -> None:
    await work.put("a")
    work.errors = [error]
    await work.jobs.run_all()
    assert [(row.state, row.error) for row in await work.rows()] == [(JobState.DEAD, error.message)]


async def test_a_job_nobody_can_handle_fails_alone(work: Work) -> None:
    await work.put("a", kind="unheard_of")
    await work.put("b")
    await work.jobs.run_due()
    assert work.done == ["b"]
    assert [row.error for row in await work.rows()] == ["'unheard_of'", ""]


async def test_jobs_of_one_lane_run_one_after_the_other_in_order(work: Work) -> None:
    for number in (3, 1, 2):
        await work.put(f"job {number}", timedelta(seconds=number), lane="one")
    work.clock.move(timedelta(minutes=1))
    assert await work.jobs.run_due() == 1
    assert await work.jobs.run_due() == 1
    assert await work.jobs.run_due() == 1
    assert work.done == ["job 1", "job 2", "job 3"]


@pytest.mark.parametrize(("lane", "claimed"), [("", 5), ("of one account", 1)])
async def test_a_crowd_is_claimed_as_fast_as_a_few(work: Work, lane: str, claimed: int) -> None:
    """Each job's lane is looked up; where all that are due were looked through for each, this took seconds."""
    now = work.clock.now()
    async with work.db.writing() as session:
        await put_all(session, [Wanted("work", f"job {number}", now, lane) for number in range(4_000)], now=now)
    async with asyncio.timeout(0.5):
        assert await work.jobs.run_due(5) == claimed


async def test_no_more_are_claimed_than_were_asked_for(work: Work) -> None:
    await work.put("left behind")
    await abandon(work)
    for subject in ("free", "and another"):
        await work.put(subject)
    work.clock.move(LEASE)
    assert [await work.jobs.run_due(2), await work.jobs.run_due(2)] == [2, 1]


async def test_a_long_job_keeps_no_other_from_starting(work: Work) -> None:
    work.hang = asyncio.Event()
    await work.put("long")
    assert await work.jobs.start_due() == 1
    await work.started.wait()
    await work.put("short")
    assert await work.jobs.start_due() == 1
    assert len(work.jobs.running) == 2
    work.hang.set()
    await asyncio.gather(*work.jobs.running)
    assert await work.states() == [JobState.DONE, JobState.DONE]


async def test_a_job_that_makes_itself_due_for_ever_does_not_hang_the_runner(work: Work) -> None:
    await work.put("a")
    work.again = [work.clock.now()] * 100
    assert await work.jobs.run_all(rounds=5) == 5


async def abandon(work: Work, limit: int = 20) -> None:
    """Start what is due and lose its worker."""
    work.hang = asyncio.Event()
    running = asyncio.create_task(work.jobs.run_due(limit))
    await work.started.wait()
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    work.hang = None


async def test_a_job_whose_worker_died_is_taken_over_when_its_lease_is_out(work: Work) -> None:
    await work.put("a")
    await abandon(work)
    assert await work.jobs.next_at() == work.clock.now() + LEASE
    work.clock.move(LEASE - SECOND)
    assert await work.jobs.run_due() == 0
    work.clock.move(SECOND)
    assert await work.jobs.run_due() == 1
    assert (work.done, await work.states()) == (["a", "a"], [JobState.DONE])


async def test_runs_that_were_cut_off_are_no_failures(work: Work) -> None:
    """A worker that is killed again and again used up the tries of whatever it had begun."""
    await work.put("a")
    for _ in range(TRIES):
        work.started.clear()
        await abandon(work)
        work.clock.move(LEASE)
    work.errors = [RuntimeError("the first real one")]
    assert await work.jobs.run_due() == 1
    [row] = await work.rows()
    assert (row.state, row.run_at) == (JobState.READY, work.clock.now() + timedelta(seconds=30))


async def test_a_worker_that_comes_back_too_late_changes_nothing(work: Work) -> None:
    await work.put("a")
    work.hang = asyncio.Event()
    slow = asyncio.create_task(work.jobs.run_due())
    await work.started.wait()
    work.clock.move(LEASE)
    hang, work.hang = work.hang, None
    work.again = [work.clock.now() + timedelta(hours=1)]
    await work.jobs.run_due()
    hang.set()
    await slow
    assert [(row.state, row.run_at) for row in await work.rows()] == [
        (JobState.READY, work.clock.now() + timedelta(hours=1))
    ]


async def test_a_process_that_is_alone_takes_over_at_once_what_an_earlier_one_left(work: Work) -> None:
    await work.put("a")
    await abandon(work)
    await work.put("a")
    assert await work.jobs.take_over() == 1
    assert await work.jobs.run_all() == 2
    assert await work.states() == [JobState.DONE, JobState.DONE]


async def test_what_was_left_running_goes_before_the_rest_of_its_lane(work: Work, clock: FakeClock) -> None:
    """An earlier job in the lane of an abandoned one once broke every claim, for a lane runs one at a time."""
    await work.put("a", lane="one")
    await abandon(work)
    clock.set(clock.now() - timedelta(hours=1))
    await work.put("earlier", lane="one")
    clock.move(timedelta(hours=1) + LEASE)
    assert await work.jobs.run_due() == 1
    assert await work.jobs.run_due() == 1
    assert work.done == ["a", "a", "earlier"]


async def test_a_job_that_is_gone_when_it_ends_is_no_error(work: Work) -> None:
    await work.put("a")
    work.hang = asyncio.Event()
    running = asyncio.create_task(work.jobs.run_due())
    await work.started.wait()
    async with work.db.writing() as session:
        for row in (await session.scalars(select(Job))).all():
            await session.delete(row)
    work.hang.set()
    assert await running == 1


@pytest.fixture
async def second(db: Database, clock: FakeClock) -> AsyncIterator[Database]:
    other = Database(str(db.engine.url), clock)
    if not db.is_sqlite:
        tell_time(other, clock)
    yield other
    await other.close()


async def test_three_hundred_jobs_claimed_by_eight_runners_run_once_each_and_in_order(
    work: Work, db: Database, second: Database, clock: FakeClock
) -> None:
    async with db.writing() as session:
        for number in range(300):
            at = clock.now() + timedelta(milliseconds=number)
            session.add(
                Job(
                    id=f"job_{number}",
                    kind="work",
                    subject=f"{number:03}",
                    lane=f"lane {number % 30}",
                    run_at=at,
                    created_at=at,
                )
            )
    clock.move(SECOND)
    runners = [Jobs(db if number % 2 else second, clock, {"work": work.do}) for number in range(8)]

    async def drain(runner: Jobs) -> None:
        while len(work.done) < 300:
            await runner.run_due(limit=20)

    await asyncio.gather(*(drain(runner) for runner in runners))
    assert max(Counter(work.done).values()) == 1
    assert len(work.done) == 300
    assert set(await work.states()) == {JobState.DONE}
    for lane in range(30):
        mine = [one for one in work.done if int(one) % 30 == lane]
        assert mine == sorted(mine)


async def test_a_process_takes_no_more_than_it_can_do_and_the_rest_when_there_is_room(work: Work) -> None:
    """However many wait for a slow model, posts go out, and the other way round."""
    work.jobs = Jobs(work.db, work.clock, dict.fromkeys(("turn", PUBLISH), work.do))
    work.hang = asyncio.Event()
    wakes: list[int] = []
    work.jobs.room = lambda: wakes.append(len(work.jobs.running))
    for kind in ("turn", PUBLISH):
        for number in range(FULL + 10):
            await work.put(f"{kind} {number}", kind=kind)
        assert await work.jobs.due_in(SECOND) is None, "nothing is due later"
        assert [await work.jobs.start_due(), await work.jobs.start_due()] == [BATCH, FULL - BATCH]
        assert await work.jobs.start_due() == 0
    await work.put("soon", SECOND / 4)
    assert await work.jobs.due_in(SECOND) is None, "it would find no room"
    work.hang.set()
    await asyncio.gather(*work.jobs.running)
    assert len(wakes) == 3, "at one less of either, and at a few posts"
    assert await work.jobs.due_in(SECOND) == SECOND / 4
    assert await work.jobs.run_all() == 20


async def test_what_is_done_afterwards_lets_a_crowd_of_posts_go_first_but_not_for_long(work: Work) -> None:
    work.jobs = Jobs(work.db, work.clock, dict.fromkeys((PUBLISH, "answer", *AFTERWARDS), work.do))
    for number in range(CROWD):
        await work.put(f"post {number}", kind=PUBLISH)
    work.hang = asyncio.Event()
    assert await work.jobs.start_due() == CROWD
    await work.started.wait()
    for kind in ("answer", *AFTERWARDS):
        await work.put(kind, kind=kind)
    assert await work.jobs.start_due() == 1
    await asyncio.sleep(0)
    assert work.done[-1] == "answer", "a person waits for it"
    work.clock.move(PATIENCE - SECOND)
    assert await work.jobs.start_due() == 0
    work.clock.move(SECOND)
    assert await work.jobs.start_due() == len(AFTERWARDS)

    await work.put("next", kind="learn")
    assert await work.jobs.start_due() == 0
    rooms: list[int] = []
    work.jobs.room = lambda: rooms.append(1)
    work.hang.set()
    await asyncio.gather(*work.jobs.running)
    assert rooms == [1], "told once, when there are no longer so many"
    assert await work.jobs.start_due() == 1
    await asyncio.gather(*work.jobs.running)
    assert work.done[-1] == "next"


async def test_however_much_is_to_be_done_afterwards_posts_find_room(work: Work) -> None:
    """A crash leaves a lot of it running; where all of it was taken, there was room for no post until it was done."""
    work.jobs = Jobs(work.db, work.clock, dict.fromkeys((PUBLISH, *AFTERWARDS), work.do))
    for number in range(FULL):
        await work.put(f"card {number}", kind=TELLING[number % 2])
    async with work.db.writing() as session:
        left = update(Job).where(Job.subject != "card 0")
        await session.execute(left.values(state=JobState.RUNNING, lease_until=work.clock.now()))
    work.hang = asyncio.Event()
    rooms: list[int] = []
    work.jobs.room = lambda: rooms.append(len(work.jobs.running))
    assert await work.jobs.start_due() == AT_LEISURE
    await work.started.wait()
    assert await work.jobs.start_due() == 0
    await work.put("numbers", kind="collect")
    assert await work.jobs.start_due() == 1, "it is no reason to wait for other machines"
    for number in range(BATCH + 3):
        await work.put(f"post {number}", kind=PUBLISH)
    assert [await work.jobs.start_due(), await work.jobs.start_due()] == [BATCH, 3]
    await asyncio.sleep(0.05)
    assert len([one for one in work.done if one.startswith("post")]) == BATCH + 3
    work.hang.set()
    await asyncio.gather(*work.jobs.running)
    assert len(rooms) == 2, "told when there are few posts, and when it is half done"
    while await work.jobs.run_due(BATCH):
        pass
    assert set(work.done) == {
        "numbers",
        *(f"card {number}" for number in range(FULL)),
        *(f"post {number}" for number in range(103)),
    }
    assert set(await work.states()) == {JobState.DONE}


async def test_what_came_due_since_the_last_look_is_due_at_once(work: Work) -> None:
    assert await work.jobs.start_due() == 0
    await work.put("meanwhile", SECOND / 4)
    work.clock.move(SECOND / 2)
    assert await work.jobs.due_in(SECOND) == timedelta(0)
    assert await work.jobs.start_due() == 1
    assert await work.jobs.due_in(SECOND) is None
    await asyncio.gather(*work.jobs.running)


async def test_of_what_was_left_running_posts_go_first_too(work: Work) -> None:
    """A process that started after a crash drew cards and learned while posts waited."""
    work.jobs = Jobs(work.db, work.clock, dict.fromkeys((PUBLISH, "answer", *AFTERWARDS), work.do))
    for kind in AFTERWARDS:
        await work.put(kind, kind=kind)
    for number in range(CROWD):
        await work.put(f"post {number}", SECOND, kind=PUBLISH)
    work.clock.move(SECOND)
    await abandon(work, limit=BATCH)
    work.clock.move(LEASE)
    work.done.clear()
    work.hang = asyncio.Event()
    assert await work.jobs.start_due(CROWD) == CROWD
    await asyncio.sleep(0.05)
    assert not set(work.done) & set(AFTERWARDS)
    assert await work.jobs.start_due() == 0
    work.clock.move(PATIENCE)
    assert await work.jobs.start_due() == len(AFTERWARDS)
    work.hang.set()
    await asyncio.gather(*work.jobs.running)


async def test_it_tells_how_long_until_the_next_job_is_due(work: Work) -> None:
    await work.put("due")
    assert await work.jobs.due_in(SECOND) is None, "that one may have begun"
    await work.put("soon", SECOND / 4)
    await work.put("sooner", SECOND / 8)
    assert await work.jobs.due_in(SECOND) == SECOND / 8
    assert await work.jobs.due_in(SECOND / 10) is None


async def test_a_long_job_is_not_taken_over_while_its_process_lives(work: Work, db: Database, clock: FakeClock) -> None:
    await work.put("long")
    work.hang = asyncio.Event()
    await work.jobs.start_due()
    await work.started.wait()
    other = Jobs(db, clock, {"work": work.do})
    for _ in range(5):
        clock.move(KEEP_EVERY)
        await work.jobs.keep_leases()
    assert await other.run_due() == 0
    clock.move(LEASE + SECOND)
    taking_over = asyncio.create_task(other.run_due())
    async with asyncio.timeout(20):
        while len(work.done) < 2:  # noqa: ASYNC110 - its own handler would have to ring
            await asyncio.sleep(0.01)
    work.hang.set()
    assert await taking_over == 1
    await asyncio.gather(*work.jobs.running)
    await other.keep_leases()
    assert work.done == ["long", "long"]
