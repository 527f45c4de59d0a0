"""Does the desk's jobs beside its pages, in as many processes as there is work for: `copydesk work`."""

import asyncio
import signal

from app.chats import Chats
from app.logs import set_up_logs
from app.serve import DRAIN, holding, say, wake_up
from app.settings import Settings
from app.wiring import bring_up_to_date, build, share
from content.errors import Invalid


async def work(settings: Settings) -> None:
    """Work until Ctrl-C or SIGTERM.

    Raises:
        Invalid: there is no Redis to be woken by.
    """
    settings.check()
    if not settings.scaled:
        raise Invalid("There is nothing to share the work by. Set COPYDESK_REDIS_URL, or run “copydesk serve” alone.")
    set_up_logs(settings.log_file, settings.log_level, settings.data_dir, settings.secrets)
    app = build(settings, fused=True)
    try:
        async with holding(app.db, shared=True):
            await bring_up_to_date(app)
            await app.sweeping.sweep()
            shared = share(app)
            await wake_up(app, Chats(app, listening=False))
            with shared.woken(app.ticks.wake):
                say("I work. Ctrl-C stops me; what I do then is finished, or taken over.")
                await _told_to_stop()
    finally:
        await app.ticks.stop(DRAIN)
        await app.desk.accounts.finish_renewals()
        await app.close()


async def _told_to_stop() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stop.set)
    await stop.wait()
