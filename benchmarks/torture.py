"""`python -m benchmarks.torture [--kills N]`: kill -9 at random moments while posts go out, and count what became of each.

A real process publishes to a server that takes 5 to 50 ms, on SQLite, and four of them on PostgreSQL. Half of the posts go to a
platform with idempotency keys, half to one without, where what was on its way at a kill must end as unknown, and nothing else may.
With `--pauses 0.1` on PostgreSQL a tenth of the processes are not killed but stopped, and wake up when others have their work.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from sqlalchemy import func, select

from app.serve import open_desk
from app.settings import Settings
from app.wiring import App, build
from benchmarks.accounts import Named, add_accounts
from benchmarks.processes import running, said
from benchmarks.torture_victims import Victims
from content.approvals import arm
from content.jobs import PUBLISH
from content.models import Account, Delivery, DeliveryState, Job, JobState, Post
from content.people import Actor
from content.policy import LATEST_MINUTES
from content.wording import Wording
from tests.servers.postgres import running_postgres

LATEST = Path(__file__).parent / "torture.json"
TOGETHER = 20
"""Accounts of each platform that one post goes to. No account has two posts, so that nothing keeps them apart."""
TAKES_S = 1.0
"""About what a kill takes, with the start of the process that is killed next, before that is known of this machine."""
FED = 20
"""Kills for which posts are made due at a time, over as long as so many took until then, so that there is always something to send."""
EACH = 4
"""Posts for each kill."""
BEGINS = timedelta(seconds=3)
ENDS_S = 420
"""How long what was cut off may take to be found out; a lease has two minutes, a job's five."""
_KEYED, _BLIND = "mastodon", "linkedin"
ENDED = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.CANCELLED)


@dataclass(frozen=True)
class Toll:
    """What one run came to."""

    database: str
    workers: int
    kills: int
    pauses: int
    """How many of the kills only paused a process."""
    cut_off: int
    """Sends that a kill ended before it was written down what they came to."""
    posts: int
    """Deliveries: one post on one account."""
    lost: int
    """Said to be out and not there, or of the platform with keys and not there at all."""
    doubled: int
    unended: int
    unknown: int
    wrongly_unknown: int
    """Unknown though the platform has keys, or though no kill ended a process between sending it and writing down what it came to."""
    lateness_p50_s: float
    lateness_p99_s: float
    seconds: float


@asynccontextmanager
async def _desk(given: dict[str, Any]) -> AsyncIterator[tuple[App, Actor]]:
    app = build(Settings(_env_file=None, **given))
    try:
        await open_desk(app)
        actor = await app.people.open_desk("UTC")
        await app.jobs.run_all()
        yield app, actor
    finally:
        await app.close()


async def _plan(app: App, actor: Actor, server: str, posts: int) -> list[str]:
    """The ids of so many deliveries, approved, without a time, in any order.

    However late the kills make them they go out by themselves: one that asks because of that proves nothing.
    """
    await app.desk.approvals.policy.set(actor, late_after_minutes=LATEST_MINUTES)
    for number in range(0, posts // 2, TOGETHER):
        names = [Named(_KEYED, f"keyed{number + one}", server) for one in range(TOGETHER)]
        names += [Named(_BLIND, f"urn:li:person:blind{number + one}", "") for one in range(TOGETHER)]
        await add_accounts(app, actor, names)
        handles = tuple(one.name for one in names)
        post = await app.desk.posts.draft(actor, [Wording((f"Number {number}.",), handles)])
        await app.desk.approvals.approve(actor, post.id, post.revision, button="bench")
    async with app.db.reading() as session:
        ids = list(await session.scalars(select(Delivery.id)))
    random.shuffle(ids)
    return ids


async def _due(app: App, ids: Sequence[str], seconds: float) -> None:
    """Have these go out within the next seconds."""
    begin = app.clock.now() + BEGINS
    async with app.db.writing() as session:
        for row in await session.scalars(select(Delivery).where(Delivery.id.in_(ids))):
            row.due_at, row.zone = begin + timedelta(seconds=seconds * random.random()), "UTC"  # noqa: S311 - no secret
            await arm(session, app.clock, row)


async def _kill(app: App, victims: Victims, kills: int, ids: Sequence[str]) -> None:
    """So many times, while these go out."""
    began, fed = time.monotonic(), 0
    while len(victims.killed) < kills:
        if len(victims.killed) >= fed:
            each = (time.monotonic() - began) / fed if fed else TAKES_S
            await _due(app, ids[fed * EACH : (fed + FED) * EACH], FED * each)
            fed += FED
        await victims.kill_one()
    await victims.awake()


async def _ended(app: App) -> None:
    """Until every delivery has ended and nothing about one is still to be done, or it has taken too long."""
    open_rows = select(func.count()).select_from(Delivery).where(Delivery.state.not_in(ENDED))
    jobs = select(func.count()).select_from(Job).where(
        Job.kind == PUBLISH, Job.state.in_([JobState.READY, JobState.RUNNING])
    )  # fmt: skip
    ends = time.monotonic() + ENDS_S
    while time.monotonic() < ends:
        async with app.db.reading() as session:
            if not await session.scalar(open_rows) and not await session.scalar(jobs):
                return
        await asyncio.sleep(0.5)


@dataclass(frozen=True)
class _Cut:
    """What the kills cut off."""

    sends: int
    last: frozenset[str]
    """The deliveries whose last sender was killed before it had written down what it came to, and those that a pause interrupted."""


def _cut(witness: Path, killed: Collection[int], interrupted: Collection[str]) -> _Cut:
    steps, last = {}, {}
    for process, delivery, step in map(str.split, witness.read_text().splitlines()):
        steps[process, delivery] = last[delivery] = (int(process) in killed, step)
    off = (True, "begun")
    ambiguous = frozenset(one for one, how in last.items() if how == off)
    return _Cut(list(steps.values()).count(off), ambiguous.union(interrupted))


async def _count(
    app: App, database: str, workers: int, victims: Victims, kept: list[list[Any]], cut: _Cut, seconds: float
) -> Toll:
    """What the rows say against what is public, and against what the kills cut off."""
    async with app.db.reading() as session:
        rows = (
            await session.execute(
                select(Delivery, Account.platform, Account.remote_id, Post.brief)
                .join(Account, Account.id == Delivery.account_id)
                .join(Post, Post.id == Delivery.post_id)
                .where(Account.remote_id.like("%keyed%") | Account.remote_id.like("%blind%"))
            )
        ).all()
    one_of_each = {row.post_id: row for row, *_ in rows}
    texts = {post_id: await _text(app, row) for post_id, row in one_of_each.items()}
    public = Counter((whose.removeprefix("Bearer "), text) for _, whose, text, _ in kept)
    at = {(whose.removeprefix("Bearer "), text): when for _, whose, text, when in reversed(kept)}
    lost = unended = unknown = wrong = 0
    late = []
    for row, platform, name, _ in rows:
        there = public[name, texts[row.post_id]]
        if there:
            late.append(max(0.0, at[name, texts[row.post_id]] - (row.due_at or app.clock.now()).timestamp()))
        is_lost = (row.state is DeliveryState.SENT or platform == _KEYED) and not there
        is_lost = is_lost or row.state in (DeliveryState.FAILED, DeliveryState.CANCELLED)
        is_unknown, is_open = row.state is DeliveryState.UNKNOWN, row.state not in ENDED
        is_wrong = is_unknown and (platform == _KEYED or row.id not in cut.last)
        lost, unended, unknown, wrong = lost + is_lost, unended + is_open, unknown + is_unknown, wrong + is_wrong
        if is_lost or is_open or is_wrong:
            print(f"{name}: {row.state}, tried {row.tries} times. {row.error}", file=sys.stderr, flush=True)
    late.sort()
    return Toll(
        database=database,
        workers=workers,
        kills=len(victims.killed),
        pauses=victims.paused,
        cut_off=cut.sends,
        posts=len(rows),
        lost=lost,
        doubled=sum(count - 1 for count in public.values()),
        unended=unended,
        unknown=unknown,
        wrongly_unknown=wrong,
        lateness_p50_s=round(late[len(late) // 2], 2),
        lateness_p99_s=round(late[int(len(late) * 0.99)], 2),
        seconds=round(seconds),
    )


async def _text(app: App, row: Delivery) -> str:
    post = await app.desk.posts.view(row.workspace_id, row.post_id)
    return post.deliveries[0].rendering.parts[0].text


async def one_run(database: str, workers: int, kills: int, pauses: float, address: str, folder: Path) -> Toll:
    """Kill so many times, wait until all has ended, and count."""
    began = time.monotonic()
    with running("benchmarks.torture_server") as server:
        url = f"http://127.0.0.1:{said(server)}"
        given = {
            "data_dir": str(folder),
            "database_url": address,
            "allowed_private_hosts": "127.0.0.1",
            "linkedin_api_url": url,
            "linkedin_client_id": "c",
            "linkedin_client_secret": "s",
            "log_level": "error",
        }
        async with _desk(given) as (app, actor):
            ids = await _plan(app, actor, url, EACH * kills)
            witness = folder / "witness"
            with running("benchmarks.torture_worker", json.dumps(given), str(witness)) as forge:
                victims = Victims(forge, workers, pauses, witness)
                try:
                    await _kill(app, victims, kills, ids)
                    await _ended(app)
                finally:
                    victims.end()
            async with httpx.AsyncClient(base_url=url, timeout=60) as client:
                kept = (await client.get("/kept")).json()
            cut = _cut(witness, {*victims.killed, *victims.gone}, victims.interrupted)
            return await _count(app, database, workers, victims, kept, cut, time.monotonic() - began)


def torture(kills: int, databases: tuple[str, ...] = ("sqlite", "postgresql"), pauses: float = 0) -> list[Toll]:
    """A run on each database."""
    tolls = []
    for database in databases:
        with TemporaryDirectory() as folder, ExitStack() as closing:
            address, workers, paused = "", 1, 0.0  # nobody takes over from one that works by itself
            if database == "postgresql":
                server = closing.enter_context(running_postgres(Path(folder) / "postgres", durable=True))
                address, workers, paused = server.dsn(server.bare()), 4, pauses
            tolls.append(asyncio.run(one_run(database, workers, kills, paused, address, Path(folder) / "data")))
            print(json.dumps(asdict(tolls[-1])), flush=True)
    return tolls


def summed(tolls: list[Toll]) -> dict[str, float]:
    """The worst over all runs."""
    return {
        "kills": min(one.kills for one in tolls),
        **{
            name: max(getattr(one, name) for one in tolls)
            for name in ("lost", "doubled", "unended", "unknown", "wrongly_unknown", "lateness_p99_s")
        },
    }


def main() -> int:
    """Run it; returns 1 where something was lost, doubled, left without an end, or wrongly unknown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="for each database")
    parser.add_argument("--pauses", type=float, default=0, help="the part of them that are only paused, on PostgreSQL")
    parser.add_argument("--only", choices=("sqlite", "postgresql"), help="just this database")
    parser.add_argument("--json", type=Path, default=LATEST, help="where to write what it came to")
    chosen = parser.parse_args()
    databases = (chosen.only,) if chosen.only else ("sqlite", "postgresql")
    tolls = torture(chosen.kills, databases, chosen.pauses)
    worst = summed(tolls)
    chosen.json.parent.mkdir(exist_ok=True)
    chosen.json.write_text(json.dumps(worst | {"runs": [asdict(one) for one in tolls]}, indent=2) + "\n")
    print(json.dumps(worst))
    return 0 if not any(worst[name] for name in ("lost", "doubled", "unended", "wrongly_unknown")) else 1


if __name__ == "__main__":
    sys.exit(main())
