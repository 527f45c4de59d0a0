"""Workers of one process that need the same login at once.

Run as `python -m tests.journeys.renewing FOLDER URL ACCOUNT WORKERS [DATABASE]`.

Prints a line of JSON: how often this process renewed the login, and the tokens its workers got.
"""

import asyncio
import json
import sys
from pathlib import Path

from app.wiring import build
from tests.fakes.clock import FakeClock
from tests.journeys.desk import settings_for
from tests.peers.certified import Certified
from tests.servers.postgres import tell_time


async def main(folder: Path, url: str, account_id: str, workers: str, database_url: str = "") -> None:
    clock = FakeClock()
    app = build(settings_for(folder, database_url=database_url), clock)
    if database_url:
        tell_time(app.db, clock)
    platform = Certified(app.http, clock, url)
    app.desk.accounts._platforms["certified"] = platform  # type: ignore[index]
    print("ready", flush=True)  # noqa: T201
    sys.stdin.readline()  # so that all begin together
    found = await asyncio.gather(*(app.desk.accounts.access(account_id) for _ in range(int(workers))))
    tokens = [one.secrets["access_token"] for one in found]
    print(json.dumps({"renewed": platform.refreshes, "tokens": tokens}), flush=True)  # noqa: T201
    await app.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
