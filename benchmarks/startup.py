"""What a start costs: until the first page is answered, until the model's libraries are loaded, and at rest afterwards."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure, figure
from benchmarks.running_desk import migrate, running_desk

OPEN = "Sign in here"
READY = "I work in guided mode"
SETTLED_S = 2


async def measure(*, quick: bool) -> list[Figure]:
    """The figures of fresh processes on a database that is migrated already."""
    rounds = 1 if quick else 7
    with TemporaryDirectory() as folder:
        migrate(Path(folder))
        found = [await _start(Path(folder)) for _ in range(rounds)]
    first, ready, rss = (list(each) for each in zip(*found, strict=True))
    return [
        figure("first_answer_cpu_s", first, "from start to the sign-in page, database migrated"),
        figure("ready_cpu_s", ready, "from start until the model's libraries are loaded, guided mode"),
        figure("rss_mib", rss, f"resident memory {SETTLED_S} s after that"),
    ]


async def _start(folder: Path) -> tuple[float, float, float]:
    """CPU seconds to the first answer and to readiness, and MiB at rest."""
    with running_desk(folder) as desk:
        desk.wait_for(OPEN)
        status, body = desk.get()
        first = desk.cpu_s()
        if status != 401 or b"sign in" not in body.lower():
            msg = f"this is not the sign-in page: status {status}"
            raise RuntimeError(msg)
        desk.wait_for(READY)
        ready = desk.cpu_s()
        await asyncio.sleep(SETTLED_S)
        return first, ready, desk.rss_mib()
