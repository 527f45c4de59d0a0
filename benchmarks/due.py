"""Many posts due at the same instant: how many go out in a second, and how late, beside a bare Celery task that only posts.

The desks are the program itself in processes of its own: `copydesk serve` on SQLite; on PostgreSQL with Redis `copydesk work`, in
as many processes as are measured. No account has two posts, so that nothing keeps them apart. Afterwards every row must be true.
"""

import asyncio
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import redis
from sqlalchemy import Select, and_, func, or_, select, update

from app.serve import open_desk
from app.settings import Settings
from app.wiring import App, build
from benchmarks import bare_celery
from benchmarks.accounts import Named, add_accounts
from benchmarks.figures import Figure, figure
from benchmarks.processes import running, said, wait_for
from content.approvals import arm
from content.errors import WrongState
from content.jobs import PUBLISH
from content.models import Account, Delivery, DeliveryState, Job, JobState
from content.people import Actor
from content.wording import Wording
from tests.servers.postgres import Postgres, running_postgres
from tests.servers.redis import RedisServer, running_redis

TOGETHER = 10
"""Accounts that one post goes to."""
FAR = timedelta(hours=2)
"""Until they are given their moment, they are due then."""
BEGINS = timedelta(seconds=3)
WARMING = 8
"""Posts a worker that go out one by one beforehand, as the rival has: a desk that just started compiles its statements."""
APART = timedelta(seconds=0.1)
LONGEST_S = 600
_SENT, _WAITING = DeliveryState.SENT, DeliveryState.WAITING
CROWDS = (1_000, 10_000)
WORKERS = (1, 2, 4)


@dataclass(frozen=True)
class Course:
    """How one crowd went out."""

    count: int
    seconds: float
    """From the instant they were due until the last was there."""
    p50_s: float
    p99_s: float

    @property
    def per_s(self) -> float:
        """Posts in a second."""
        return self.count / self.seconds


async def measure(*, quick: bool) -> list[Figure]:
    """Posts in a second and how late they were: on SQLite in one process, on PostgreSQL with workers, and the bare task."""
    crowds, workers = ((40,), (1,)) if quick else (CROWDS, WORKERS)
    figures = []
    with TemporaryDirectory() as folder, ExitStack() as closing:
        broker = closing.enter_context(running_redis())
        server = closing.enter_context(running_postgres(Path(folder) / "postgres", durable=True))
        for count in crowds:
            figures += _figures("sqlite", await _embedded(Path(folder) / f"sqlite{count}", count), "copydesk serve")
            template = await _planned(Path(folder) / f"scaled{count}", server, count)
            for many in workers:
                bare = await asyncio.to_thread(_bare, broker, many, count)
                ours = await _scaled(Path(folder) / f"scaled{count}", server, template, broker, many, count)
                figures += _figures(f"workers_{many}", ours, f"copydesk work, {many} processes")
                figures += _figures(f"bare_{many}", bare, f"bare Celery task, {many} processes")
                what = f"copydesk work beside the bare task, {many} processes, {count:,} posts"
                figures.append(figure(f"due_{count}_workers_{many}_ratio", [ours.per_s / bare.per_s], what))
    return figures


def _figures(name: str, course: Course, what: str) -> list[Figure]:
    key = f"due_{course.count}_{name}"
    return [
        figure(f"{key}_per_s", [course.per_s], f"{course.count:,} posts due at one instant: {what}"),
        figure(f"{key}_p50_s", [course.p50_s], "the same, how late in the middle"),
        figure(f"{key}_p99_s", [course.p99_s], "the same, how late all but one in a hundred"),
    ]


# the desk


async def _embedded(folder: Path, count: int) -> Course:
    with _quick_server() as url:
        given = _given(folder)
        async with _desk(given) as (app, actor):
            await _plan(app, actor, url, count)
            with _running("serve", "guided mode", given) as desk:
                return await _let_go(app, [desk], url, count)


async def _planned(folder: Path, server: Postgres, count: int) -> str:
    """The name of a database in which so many posts wait for their moment."""
    name = server.bare()
    async with _desk(_given(folder, server.dsn(name))) as (app, actor):
        await _plan(app, actor, "http://127.0.0.1:1", count)  # where they live is said once they are copied
    return name


async def _scaled(
    folder: Path, server: Postgres, template: str, broker: RedisServer, workers: int, count: int
) -> Course:
    name = server.copied(template)
    given = _given(folder, server.dsn(name)) | {"redis_url": broker.url}
    with _quick_server() as url, ExitStack() as closing:
        async with _desk(given) as (app, _):
            await _set_accounts(app, server=url)
            desks = [closing.enter_context(_running("work", "I work", given)) for _ in range(workers)]
            return await _let_go(app, desks, url, count)


def _given(folder: Path, database: str = "") -> dict[str, str]:
    return {
        "data_dir": str(folder),
        "database_url": database,
        "allowed_private_hosts": "127.0.0.1",
        "log_level": "error",
        "zone": "UTC",
    }


@asynccontextmanager
async def _desk(given: dict[str, str]) -> AsyncIterator[tuple[App, Actor]]:
    """Its rows, from outside; what publishes are other processes."""
    values: dict[str, Any] = {**given}
    app = build(Settings(_env_file=None, **values))
    try:
        await open_desk(app)
        yield app, await app.people.open_desk("UTC")
    finally:
        await app.close()


async def _plan(app: App, actor: Actor, url: str, count: int) -> None:
    """So many deliveries and those to get warm with, approved, due in a far hour."""
    for number in range(0, count + WARMING * max(WORKERS), TOGETHER):
        names = [Named("mastodon", f"ana{number + one}", url) for one in range(TOGETHER)]
        await add_accounts(app, actor, names)
        wording = Wording(
            (f"Number {number} of today's news, and no two are the same.",), tuple(name.name for name in names)
        )
        post = await app.desk.posts.draft(actor, [wording])
        await app.desk.approvals.approve(actor, post.id, post.revision, button="bench")
        await _set_accounts(app, state="disconnected")  # a draft looks through all that are connected
    await _set_accounts(app, state="connected")
    due_at = app.clock.now() + FAR
    async with app.db.writing() as session:
        for row in await session.scalars(select(Delivery)):
            row.due_at, row.zone = due_at, "UTC"
            await arm(session, app.clock, row)


async def _set_accounts(app: App, **values: str) -> None:
    async with app.db.writing() as session:
        await session.execute(update(Account).where(Account.platform == "mastodon").values(values))


async def _let_go(app: App, desks: Sequence[subprocess.Popen[str]], url: str, count: int) -> Course:
    """Give so many posts one moment, and wait until the row of each says that it is sent.

    Raises:
        WrongState: some row does not, or something is there twice or not at all.
    """
    async with app.db.reading() as session:
        rows = list(await session.scalars(select(Delivery.id).order_by(Delivery.id)))
    warming = WARMING * len(desks)
    for number, one in enumerate(rows[:warming]):
        await _set_due(app, [one], app.clock.now() + BEGINS + number * APART)
    await _all_sent(app, desks, warming)
    await _nothing_to_do(app, desks)
    moment = app.clock.now() + BEGINS
    await _set_due(app, rows[warming : warming + count], moment)
    await _all_sent(app, desks, warming + count)
    async with httpx.AsyncClient(timeout=60) as client:
        kept = (await client.get(f"{url}/kept")).json()[warming:]
    public = Counter(whose for whose, _ in kept)
    if len(public) != count or max(public.values()) != 1:
        raise WrongState(f"Of {count} posts {len(public)} are there, the most frequent {max(public.values())} times.")
    return _course([at - moment.timestamp() for _, at in kept])


async def _set_due(app: App, ids: Sequence[str], moment: datetime) -> None:
    async with app.db.writing() as session:
        await session.execute(update(Delivery).where(Delivery.id.in_(ids)).values(due_at=moment))
        await session.execute(update(Job).where(Job.kind == PUBLISH, Job.subject.in_(ids)).values(run_at=moment))


async def _all_sent(app: App, desks: Sequence[subprocess.Popen[str]], count: int) -> None:
    """Wait until the rows of so many say that they are sent, and none says that it is on its way or was refused."""
    states = select(Delivery.state, func.count()).group_by(Delivery.state)
    await _found(app, desks, states, lambda found: found | {_WAITING: 0} == {_SENT: count, _WAITING: 0})


async def _nothing_to_do(app: App, desks: Sequence[subprocess.Popen[str]]) -> None:
    """Wait until what follows a post is done too."""
    due = or_(Job.state == JobState.RUNNING, and_(Job.state == JobState.READY, Job.run_at <= app.clock.now()))
    await _found(app, desks, select(Job.kind, func.count()).where(due).group_by(Job.kind), lambda found: not found)


async def _found(
    app: App,
    desks: Sequence[subprocess.Popen[str]],
    counts: Select[Any, int],
    true: Callable[[dict[Any, int]], bool],
) -> None:
    """Count again and again, until it is true of the counts."""
    ends = time.monotonic() + LONGEST_S
    while time.monotonic() < ends and all(one.poll() is None for one in desks):
        async with app.db.reading() as session:
            found = dict((await session.execute(counts)).all())
        if true(found):
            return
        await asyncio.sleep(0.5)
    raise WrongState(f"It did not end: {found}.")


def _course(late: list[float]) -> Course:
    late.sort()
    return Course(len(late), late[-1], late[len(late) // 2], late[int(len(late) * 0.99)])


# processes


@contextmanager
def _running(command: str, ready: str, given: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The program with nothing but these settings, once it said these words."""
    variables = {f"COPYDESK_{name.upper()}": value for name, value in given.items() if value}
    with running("app", command, env=variables | {"COPYDESK_PORT": "0"}) as process:
        wait_for(process, ready)
        yield process


@contextmanager
def _quick_server() -> Iterator[str]:
    with running("benchmarks.quick_server") as process:
        yield f"http://127.0.0.1:{said(process)}"


# the rival


def _bare(broker: RedisServer, workers: int, count: int) -> Course:
    """The same number of tasks, put aside beforehand and given to the workers in one instant."""
    client = redis.Redis.from_url(broker.url)
    _queue(broker, count)
    client.rename(bare_celery.QUEUE, "aside")  # before a worker is there that would take some
    with _quick_server() as url, ExitStack() as closing:
        variables = {"BROKER": broker.url, "SERVER": url}
        options = ("--pool=prefork", "--concurrency=1", "--without-gossip", "--without-mingle")
        for number in range(workers):
            name = ("-n", f"bare{number}")
            command = ("celery", "--quiet", "--app", "benchmarks.bare_celery", "worker", *options, *name)
            closing.enter_context(running(*command, env=variables))
        _queue(broker, workers * WARMING)  # whoever is ready takes one
        with httpx.Client(base_url=url) as asking:
            _until(lambda: len(asking.get("/kept").json()) == workers * WARMING)
            time.sleep(1)
            began = time.time()  # noqa: TID251 - no desk is here
            client.rename("aside", bare_celery.QUEUE)
            _until(
                lambda: (
                    client.llen(bare_celery.QUEUE) == 0 and len(asking.get("/kept").json()) == workers * WARMING + count
                )
            )
            kept = asking.get("/kept").json()[workers * WARMING :]
    return _course([at - began for _, at in kept])


def _queue(broker: RedisServer, count: int) -> None:
    bare_celery.app.conf.broker_url = broker.url
    with bare_celery.app.connection_for_write(broker.url) as connection:
        for number in range(count):
            bare_celery.post.apply_async(
                (f"ana{number}", f"Number {number} of today's news.", f"key{number}"), connection=connection
            )


def _until(true: Any) -> None:
    ends = time.monotonic() + LONGEST_S
    while not true():
        if time.monotonic() > ends:
            raise WrongState("The bare task did not post everything.")
        time.sleep(0.5)
