"""The publishing process that is killed again and again: the product's own wiring and ticks, without a page or a model.

What takes a second to import is imported once; then, for each line on standard input, a fork works on the desk. Run as
`python -m benchmarks.torture_worker SETTINGS`, the settings as JSON. Prints each fork's process id.
"""

import asyncio
import json
import os
import signal
import sys
from typing import Any

import apscheduler.schedulers.asyncio  # noqa: F401 - what a start would import late
import uvloop

from app.settings import Settings
from app.wiring import bring_up_to_date, build, tick


async def publish(settings: Settings) -> None:
    """As `copydesk serve` does at its start, and then until it is killed."""
    app = build(settings, fused=settings.on_postgresql)
    await bring_up_to_date(app)
    if not settings.on_postgresql:
        await app.jobs.take_over()
    await app.sweeping.sweep()
    tick(app)
    await asyncio.Event().wait()


def main(given: dict[str, Any]) -> None:
    """One fork a line; the dead are nobody's business."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    settings = Settings(_env_file=None, **given)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            uvloop.run(publish(settings))
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
