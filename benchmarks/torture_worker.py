"""The publishing process that is killed again and again: the product's own wiring and ticks, without a page or a model.

What takes a second to import is imported once; then, for each line on standard input, a fork works on the desk. Run as
`python -m benchmarks.torture_worker SETTINGS WITNESS`, the settings as JSON. Prints `["started", process id]` of each fork, and
`["sends", process id]` whenever it sends, or once it found nothing to send for ten seconds. To the file WITNESS each fork adds
a line `process id, delivery, begun` before a part leaves, and `…, ended` once what it came to is written down.
"""

import asyncio
import json
import os
import signal
import sys
from datetime import datetime
from typing import Any

import apscheduler.schedulers.asyncio  # noqa: F401 - what a start would import late
import uvloop

from app.settings import Settings
from app.wiring import bring_up_to_date, build, tick
from content.firing import Claim
from content.platform import Prepared, Published
from content.publishing import Publishing

IDLE_S = 10
"""On a busy machine it takes a few until what was cut off is seen to and the next post is sent."""


async def publish(settings: Settings) -> None:
    """As `copydesk serve` does at its start, and then until it is killed."""
    app = build(settings, fused=settings.on_postgresql)
    await bring_up_to_date(app)
    if not settings.on_postgresql:
        await app.jobs.take_over()
    await app.sweeping.sweep()
    tick(app)
    await asyncio.sleep(IDLE_S)
    _say("sends", os.getpid())
    await asyncio.Event().wait()


def _say(step: str, process: int) -> None:
    os.write(1, f"{json.dumps([step, process])}\n".encode())  # at once and whole: several share the pipe


def witness(path: str) -> None:
    """From outside of the product, who was sending what when it was killed: what a killed process wrote stays written."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    commit = Publishing._commit  # noqa: SLF001 - the product has no port for this, and needs none

    async def witnessed(
        self: Publishing, mine: Claim, prepared: Prepared, position: int, earlier: list[Published]
    ) -> Published | datetime | None:
        _say("sends", os.getpid())
        os.write(file, f"{os.getpid()} {mine.delivery_id} begun\n".encode())
        result = await commit(self, mine, prepared, position, earlier)
        os.write(file, f"{os.getpid()} {mine.delivery_id} ended\n".encode())
        return result

    Publishing._commit = witnessed  # type: ignore[method-assign]  # noqa: SLF001


def main(given: dict[str, Any], witnesses: str) -> None:
    """One fork a line; the dead are nobody's business."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    witness(witnesses)
    settings = Settings(_env_file=None, **given)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            uvloop.run(publish(settings))
            os._exit(0)
        _say("started", child)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2])
