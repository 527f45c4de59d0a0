"""What processes tell each other: heard at once, missed without harm."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from celery.worker import state

from app.celery import make_celery, wake
from app.signals import Signals
from app.wiring import App, build, share
from bot.chat import Place, Progress, Step
from bot.stopping import NOTHING, STOPPING, Stops
from bot.webchat.chat import WebChat
from content.database import Database
from content.transcript import Transcript
from tests.fakes.clock import FakeClock
from tests.journeys.desk import settings_for
from tests.servers.redis import RedisServer, running_redis
from tests.servers.running import free_port

HERE = Place("conversation_1", "workspace_1", "web", "member_1")
WORKING = Progress([Step("writing 2 of 3"), Step("thinking", done=True)], "So far")


class Page(WebChat):
    """A page that notes what it is shown."""

    def __init__(self, transcript: Transcript) -> None:
        super().__init__(transcript, FakeClock(), None, None, None, Stops())  # type: ignore[arg-type]
        self.shown: list[Progress | None] = []

    def hear(self, conversation_id: str, progress: Progress | None) -> None:
        self.shown.append(progress)


@dataclass
class Process:
    """As much of a process as talks to others."""

    transcript: Transcript
    page: Page
    stops: Stops
    signals: Signals
    looked: list[bool] = field(default_factory=list)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@pytest.fixture
async def two(db: Database, clock: FakeClock, redis: RedisServer) -> AsyncIterator[list[Process]]:
    made = []
    for _ in range(2):
        transcript, stops, looked = Transcript(db, clock), Stops(), list[bool]()
        page = Page(transcript)
        signals = Signals(redis.url, transcript, page, stops, lambda looked=looked: looked.append(True))  # type: ignore[misc]
        signals.open()
        made.append(Process(transcript, page, stops, signals, looked))
    await _listening(redis, 2)
    yield made
    for one in made:
        await one.signals.close()


async def _listening(redis: RedisServer, count: int) -> None:
    async with asyncio.timeout(20):
        while await asyncio.to_thread(redis.listeners, "copydesk") < count:  # noqa: ASYNC110 - another process is asked
            await asyncio.sleep(0.05)


async def soon(true: object) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(20):
        while not true():  # type: ignore[operator]  # noqa: ASYNC110 - nothing rings for it
            await asyncio.sleep(0.02)


async def test_a_change_rings_in_every_process_and_progress_is_shown_there(two: list[Process]) -> None:
    here, there = two
    with there.transcript.watching(HERE.conversation_id) as bell:
        here.transcript.ring(HERE.conversation_id)
        await asyncio.wait_for(bell.wait(), 20)
    await here.page.progress(HERE, WORKING)
    await soon(lambda: there.page.shown == [WORKING])
    await here.page.progress(HERE, None)
    await soon(lambda: there.page.shown[-1] is None)
    assert here.page.shown == [WORKING, None]


async def test_a_turn_is_stopped_from_any_process(two: list[Process]) -> None:
    here, there = two
    assert there.stops.stop("conversation_1") is NOTHING
    with here.stops.running("conversation_1") as stop:
        await soon(lambda: there.stops.stop("conversation_1") is STOPPING)
        await asyncio.wait_for(stop.wait(), 20)
    await soon(lambda: there.stops.stop("conversation_1") is NOTHING)
    here.stops.hear("stop", "conversation_2")


async def test_without_redis_nothing_breaks_and_with_it_all_goes_on(two: list[Process], redis: RedisServer) -> None:
    here, there = two
    redis.kill()
    here.transcript.ring(HERE.conversation_id)
    await asyncio.sleep(0.2)
    redis.start()
    await _listening(redis, 2)

    def rung() -> bool:
        here.transcript.ring(HERE.conversation_id)
        return bell.is_set()

    with there.transcript.watching(HERE.conversation_id) as bell:
        await soon(rung)


async def test_it_ends_whatever_it_is_telling(db: Database, clock: FakeClock, redis: RedisServer) -> None:
    """At each step of telling a word: Python 3.11 forgets a cancellation that comes just when it was sent."""

    async def ended(steps: int) -> None:
        transcript, stops = Transcript(db, clock), Stops()
        signals = Signals(redis.url, transcript, Page(transcript), stops, lambda: None)
        signals.open()
        transcript.ring(HERE.conversation_id)
        await asyncio.sleep(0.5)  # it has connected, so that the next word needs no more than to be sent
        transcript.ring(HERE.conversation_id)
        for _ in range(steps):
            await asyncio.sleep(0)
        await signals.close()

    async with asyncio.timeout(10):
        await asyncio.gather(*map(ended, range(10)))


async def test_wishes_to_look_at_one_moment_are_one(two: list[Process]) -> None:
    here, _ = two
    for _ in range(50):
        here.signals.look()
    await soon(lambda: here.looked)
    await asyncio.sleep(0.2)
    assert len(here.looked) == 1


def test_waking_workers_without_redis_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    celery = make_celery(f"redis://127.0.0.1:{free_port()}/0")
    wake(celery)
    assert "celery.not_told" in caplog.messages
    celery.close()


@pytest.fixture
async def page(tmp_path: Path, redis: RedisServer) -> AsyncIterator[App]:
    """A process that serves pages, and tells workers of what it commits."""
    app = build(settings_for(tmp_path / "page", redis_url=redis.url))
    share(app)
    yield app
    await app.close()


@pytest.fixture
async def woken(tmp_path: Path, redis: RedisServer) -> AsyncIterator[list[float]]:
    """When a worker was woken. It has no clock of its own, which would hide that it had gone deaf."""
    app, times = build(settings_for(tmp_path / "worker", redis_url=redis.url)), list[float]()
    with share(app).woken(lambda: times.append(time.monotonic())):
        yield times
    await app.close()
    state.should_terminate = None  # Celery keeps it for the whole process, which otherwise ends with its worker


async def heard(page: App, woken: list[float]) -> None:
    """Ten words, each told when the one before was heard: beat alone, once a second, would take twice as long as they may."""
    async with asyncio.timeout(5):
        for _ in range(10):
            count = len(woken)
            page.db.wake()
            await soon(lambda count=count: len(woken) > count)


@pytest.mark.filterwarnings("ignore::celery.exceptions.CPendingDeprecationWarning")  # about tasks that it could cancel
async def test_a_worker_that_lost_redis_is_woken_again_when_it_is_back(
    page: App,
    woken: list[float],
    redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also after a hundred attempts, three quarters of an hour, when Celery would give up: then time runs faster here."""
    await soon(lambda: woken)
    await heard(page, woken)
    redis.kill()
    await asyncio.sleep(1.5)  # so that its listener and its beat have both found nobody there
    woken.clear()
    await asyncio.to_thread(redis.start)
    await soon(lambda: woken)
    await heard(page, woken)
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda _seconds: time.sleep(0.001))
    redis.kill()
    await soon(lambda: sum("Cannot connect to" in one for one in caplog.messages) > 110)
    woken.clear()
    await asyncio.to_thread(redis.start)
    await soon(lambda: woken)
    await heard(page, woken)
