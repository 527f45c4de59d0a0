"""Every way a commit can go wrong, against a server with idempotency keys and one without; `make check` runs it on both databases.

Whatever happens there is at most one post, and the person reads its real link, or is asked. Nothing is lost: where the
question is answered truthfully, there is exactly one post in the end.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from content.models import DeliveryState
from tests.journeys.faulted import KEYED, KEYLESS, Scene, scene
from tests.servers.failing_database import (
    AN_ATTEMPT,
    AN_ENTRY,
    dying_connections,
    full_disk,
    locked_file,
    made_impatient,
)
from tests.servers.postgres import Postgres

on_both = pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.on_postgresql)])


class Ends(StrEnum):
    """How a delivery ends by itself."""

    SENT = "sent, and the thread has its real link"
    ASKED = "the thread has a question"


SENT, ASKED = Ends.SENT, Ends.ASKED


@dataclass(frozen=True)
class Case:
    """What a server does to the request that makes a post public, and how that ends."""

    words: str
    fault: str
    with_keys: Ends
    without: Ends
    headers: Mapping[str, str] = field(default_factory=dict)
    waits: timedelta = timedelta(0)
    """How long nothing may be sent afterwards, because the platform said so."""


LIMITED = "status_before:429"
MINUTE, TWO = timedelta(minutes=1), timedelta(minutes=2)
EIGHT_O_TWO = str(int(datetime(2026, 11, 23, 8, 2, tzinfo=UTC).timestamp()))
AS_DATE, AS_ISO = {"retry-after": "Mon, 23 Nov 2026 08:02:00 GMT"}, {"x-ratelimit-reset": "2026-11-23T08:02:00.000000Z"}

CASES = [
    #    what goes wrong                           fault                 with keys  without
    Case("time-out, never read",                   "deaf",               SENT,      ASKED),
    Case("time-out, carried out after we left",    "slow_before:0.6",    SENT,      ASKED),
    Case("time-out after it was accepted",         "slow_after:0.6",     SENT,      ASKED),
    Case("connection closed before",               "drop_before",        SENT,      ASKED),
    Case("connection closed after",                "drop_after",         SENT,      ASKED),
    Case("answer cut off",                         "cut_body",           SENT,      ASKED),
    Case("500, nothing done",                      "status_before:500",  SENT,      ASKED),
    Case("503, nothing done",                      "status_before:503",  SENT,      ASKED),
    Case("500 after it was accepted",              "status_after:500",   SENT,      ASKED),
    Case("502 after it was accepted",              "status_after:502",   SENT,      ASKED),
    Case("504 after it was accepted",              "status_after:504",   SENT,      ASKED),
    Case("HTML page, nothing done",                "html_before",        SENT,      ASKED),
    Case("HTML page after it was accepted",        "html_after",         SENT,      ASKED),
    Case("expired token, once",                    "status_before:401",  SENT,      SENT),
    Case("429 without a word",                     LIMITED,              SENT,      SENT, {}, MINUTE),
    Case("429, Retry-After in seconds",            LIMITED,              SENT,      SENT, {"retry-after": "120"}, TWO),
    Case("429, Retry-After as a date",             LIMITED,              SENT,      SENT, AS_DATE, TWO),
    Case("429, RateLimit-Reset in seconds",        LIMITED,              SENT,      SENT, {"ratelimit-reset": "120"}, TWO),
    Case("429, X-RateLimit-Reset as ISO 8601",     LIMITED,              SENT,      SENT, AS_ISO, TWO),
    Case("429, X-RateLimit-Reset since 1970",      LIMITED,              SENT,      SENT, {"x-ratelimit-reset": EIGHT_O_TWO}, TWO),
    Case("429, X-Rate-Limit-Reset since 1970",     LIMITED,              SENT,      SENT, {"x-rate-limit-reset": EIGHT_O_TWO}, TWO),
]  # fmt: skip


@pytest.fixture
async def at(empty: Path | Postgres, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path, empty) as made:
        await made.draft()
        yield made


def break_commits(at: Scene, fault: str, headers: Mapping[str, str] | None = None) -> None:
    """The next commit on each server goes wrong like that."""
    for server in at.servers.values():
        server.faults.add(server.commit_route, fault, headers=headers)


async def ends(at: Scene, with_keys: Ends, without: Ends) -> None:
    """It ends so by itself, and the thread says it; a truthful answer to what is asked leaves exactly one post."""
    await at.wait(timedelta(minutes=40))
    await told_truly(at, {KEYED: with_keys, KEYLESS: without})
    await at.answer_truthfully()
    await at.wait(timedelta(hours=3))
    assert {name: at.texts(name) for name in at.servers} == {KEYED: ["Exactly once"], KEYLESS: ["Exactly once"]}
    assert {one.state for one in (await at.deliveries()).values()} == {DeliveryState.SENT}


async def told_truly(at: Scene, expected: Mapping[str, Ends]) -> None:
    thread, rows = await at.thread(), await at.deliveries()
    for name, end in expected.items():
        assert len(at.texts(name)) <= 1, name
        label, one = at.app.platforms[name].spec.label, rows[name]
        if end is Ends.SENT:
            assert one.state is DeliveryState.SENT, (name, one.state, one.error)
            [public] = at.servers[name].posts()
            assert public.remote_id in one.url, name
            assert f"{label}, " in thread, name
            assert one.url in thread, name
        else:
            assert one.state is DeliveryState.UNKNOWN, (name, one.state, one.error)
            assert f"on {label}: I sent it to {label} and got no answer" in thread, name
            assert "It is live" in thread
            assert "It is not, send it" in thread


@pytest.mark.parametrize("case", CASES, ids=[one.words for one in CASES])
async def test_whatever_the_server_does_there_is_one_post_and_the_person_knows(at: Scene, case: Case) -> None:
    break_commits(at, case.fault, case.headers)
    if case.fault.startswith(("deaf", "slow")):
        at.hurry()
    await at.press_post_now()
    began = at.clock.now()
    await at.work()
    at.calm()
    assert [server.faults.left for server in at.servers.values()] == [0, 0]
    if case.fault.startswith("slow_before"):
        await at.until(lambda: all(at.texts(name) for name in at.servers))
    if case.waits:
        await at.wait(case.waits - timedelta(seconds=1))
        assert not any(at.texts(name) for name in at.servers)
        at.clock.set(began + case.waits)
    await ends(at, case.with_keys, case.without)


async def test_a_server_that_refuses_connections_took_nothing(at: Scene) -> None:
    await at.go_down()
    await at.press_post_now()
    await at.work()
    await at.come_up()
    await ends(at, SENT, SENT)


# what goes wrong on our side: a second worker, a clock, a database


UPLOADS = {KEYED: "POST /api/v2/media", KEYLESS: "POST /rest/images"}
BEFORE, AFTER = "gate_before", "gate_after"


def commits(at: Scene) -> dict[str, str]:
    """The request that makes a post public, by server."""
    return {name: server.commit_route for name, server in at.servers.items()}


@on_both
@pytest.mark.parametrize("moment", [BEFORE, AFTER])
async def test_a_second_worker_leaves_a_commit_under_way_alone(at: Scene, database: str, moment: str) -> None:
    second = at.worker()
    await at.press_post_now()
    async with at.at_the_gates(commits(at), moment):
        for one in (await at.deliveries()).values():
            await second.publishing.publish(one.id)
        await at.work(second)
        assert {one.fence for one in (await at.deliveries()).values()} == {1}
    await ends(at, SENT, SENT)


@on_both
@pytest.mark.parametrize("moment", [BEFORE, AFTER])
async def test_a_worker_whose_lease_was_stolen_during_the_commit_makes_no_second_post(
    at: Scene, database: str, moment: str
) -> None:
    """The key makes the second worker's try harmless; without one it asks, and the first one's answer settles it."""
    second = at.worker()
    await at.press_post_now()
    async with at.at_the_gates(commits(at), moment):
        for _ in range(3):
            at.clock.move(timedelta(minutes=3))
            await at.work(second)
        await told_truly(at, {KEYED: SENT, KEYLESS: ASKED})
    await ends(at, SENT, SENT)


@on_both
async def test_a_clock_that_jumps_back_an_hour_during_the_commit_changes_nothing(at: Scene, database: str) -> None:
    await at.press_post_now()
    async with at.at_the_gates(commits(at), AFTER):
        at.clock.move(-timedelta(hours=1))
    await ends(at, SENT, SENT)


@on_both
async def test_a_clock_that_jumps_back_an_hour_after_an_answer_was_lost(at: Scene, database: str) -> None:
    """What was to be looked at in ten seconds is looked at in an hour, but it is."""
    break_commits(at, "drop_after")
    await at.press_post_now()
    await at.work()
    at.clock.move(-timedelta(hours=1))
    await at.wait(timedelta(hours=1))
    await ends(at, SENT, ASKED)


@asynccontextmanager
async def just_before(at: Scene, moment: str) -> AsyncIterator[AsyncExitStack]:
    """The first worker is about to arm its commits, or to record what they came to; what is entered meanwhile is left soon after."""
    await at.draft(picture=True)
    await at.press_post_now()
    routes, gate = (UPLOADS, BEFORE) if moment == "arm" else (commits(at), AFTER)
    async with at.at_the_gates(routes, gate) as trouble:
        yield trouble


@pytest.mark.on_sqlite
@pytest.mark.parametrize("moment", ["arm", "record"])
async def test_a_database_that_others_have_locked(at: Scene, tmp_path: Path, moment: str) -> None:
    await made_impatient(at.app.db)
    async with just_before(at, moment) as trouble:
        await trouble.enter_async_context(locked_file(tmp_path / "copydesk.db"))
    await ends(at, SENT, SENT)


@pytest.mark.on_sqlite
@pytest.mark.parametrize("moment", ["arm", "record"])
async def test_a_disk_that_is_full(at: Scene, tmp_path: Path, moment: str) -> None:
    one_more = AN_ATTEMPT if moment == "arm" else AN_ENTRY
    async with just_before(at, moment) as trouble:
        await trouble.enter_async_context(full_disk(at.app.db, tmp_path / "copydesk.db", one_more))
    await ends(at, SENT, SENT)


@pytest.mark.on_postgresql
@pytest.mark.parametrize("moment", ["arm", "record"])
async def test_a_database_that_drops_connections(at: Scene, moment: str) -> None:
    async with just_before(at, moment) as trouble:
        await trouble.enter_async_context(dying_connections(at.database_url))
    await ends(at, SENT, SENT)
