"""A hundred workers need a login whose renewal may be used once; whoever uses one twice loses the login at the platform."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from content.connecting import Connects
from content.models import Account
from tests.fakes.clock import FakeClock
from tests.journeys.faulted import scene
from tests.servers.platform import PlatformServer
from tests.servers.postgres import Postgres
from tests.servers.x import XServer


def only_x(clock: FakeClock) -> dict[str, PlatformServer]:
    return {"x": XServer(clock)}


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.on_postgresql)])
async def test_a_hundred_workers_of_several_processes_share_one_exchange(
    tmp_path: Path, empty: Path | Postgres, database: str
) -> None:
    async with scene(tmp_path, empty, only_x) as at:
        server = at.servers["x"]
        assert isinstance(server, XServer)
        async with at.app.db.writing() as session:
            row = (await session.scalars(select(Account))).one()
            row.expires_at = at.clock.now() + timedelta(minutes=1)
            known = row.id
        count = 10 if at.app.db.is_sqlite else 2  # a server has a hundred connections, a process takes fourteen
        workers = [at.worker() for _ in range(count)]
        asks = [workers[number % count].desk.accounts.access(known) for number in range(100)]
        found = await asyncio.gather(*asks)
        assert server.exchanges == 1
        assert len({one.secrets["access_token"] for one in found}) == 1
        platform = at.app.platforms["x"]
        assert isinstance(platform, Connects)
        assert (await platform.check(found[0])).identity.handle == "ana"
