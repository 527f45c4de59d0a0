"""One post to eight accounts on eight servers of different slowness: how much longer it takes than the slowest of them."""

import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from app.serve import open_desk
from app.settings import Settings
from app.wiring import App, build
from benchmarks.accounts import Named, add_accounts
from benchmarks.figures import Figure, figure
from benchmarks.processes import running, said
from content.errors import WrongState
from content.models import DeliveryState
from content.people import Actor
from content.wording import Wording
from tests.fakes.clock import FakeClock

SLOWNESS = (0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45)
"""Seconds that each server takes to answer a post; their sum is what one after the other would take."""


async def measure(*, quick: bool) -> list[Figure]:
    """Milliseconds beyond the slowest server, from the moment the posts are due until every row says that they are sent."""
    rounds = 1 if quick else 15
    with TemporaryDirectory() as folder, _servers() as addresses:
        async with _desk(Path(folder), addresses) as (app, actor, clock):
            took = [await _round(app, actor, clock) for _ in range(rounds + 1)][1:]
    slowest, together = max(SLOWNESS) * 1000, sum(SLOWNESS) * 1000
    return [
        figure(
            "fanout_extra_ms",
            [one - slowest for one in took],
            f"a post to 8 accounts, beyond the slowest ({slowest:.0f} ms)",
        ),
        figure(
            "fanout_part_of_sum",
            [one / together for one in took],
            f"the same, as a part of one after the other ({together:.0f} ms)",
        ),
    ]


@contextmanager
def _servers() -> Iterator[list[str]]:
    """The addresses of the slow servers, in a process of their own."""
    with running("benchmarks.slow_servers", *map(str, SLOWNESS)) as process:
        yield [f"http://127.0.0.1:{port}" for port in said(process)]


@asynccontextmanager
async def _desk(folder: Path, addresses: list[str]) -> AsyncIterator[tuple[App, Actor, FakeClock]]:
    clock = FakeClock()
    settings = Settings(data_dir=folder, zone="Europe/Berlin", allowed_private_hosts="127.0.0.1")
    app = build(settings, clock)
    try:
        await open_desk(app)
        actor = await app.people.open_desk("Europe/Berlin")
        await app.jobs.run_all()
        await add_accounts(app, actor, [Named("mastodon", f"ana{one}", url) for one, url in enumerate(addresses)])
        gc.freeze()  # what was loaded since
        yield app, actor, clock
    finally:
        await app.close()


async def _round(app: App, actor: Actor, clock: FakeClock) -> float:
    """Milliseconds of one post to all of them.

    Raises:
        WrongState: it is not everywhere.
    """
    clock.move(timedelta(minutes=5))  # what keeps posts of one account apart is not measured
    await app.jobs.run_all()  # nor is what else became due, such as counting what earlier posts came to
    accounts = [
        one.handle for one in await app.desk.accounts.connected(actor.workspace_id) if one.handle.startswith("ana")
    ]
    post = await app.desk.posts.draft(actor, [Wording((f"The time is {clock.now():%H:%M}.",), tuple(accounts))])
    await app.desk.schedule.post_now(actor, post.id, post.revision, button="bench")
    began = perf_counter()
    await app.jobs.run_due(50)
    took = (perf_counter() - began) * 1000
    sent = [one.state for one in (await app.desk.posts.view(actor.workspace_id, post.id)).deliveries]
    if sent != [DeliveryState.SENT] * len(SLOWNESS):
        raise WrongState(f"The benchmark's post is not everywhere: {sent}.")
    await app.jobs.run_all()
    return took
