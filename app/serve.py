"""Runs the desk: one loop for pages, chats and ticks; started in order, stopped in reverse."""

import asyncio
import contextlib
import errno
import fcntl
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import uvicorn
from sqlalchemy import func, select

from app.chats import Chats
from app.logs import set_up_logs
from app.settings import EVERYWHERE, Settings
from app.wiring import App, bring_up_to_date, build, make_folder, share, think, tick
from bot.copy_card import copied_words
from content.database import Database
from content.errors import Invalid

log = logging.getLogger(__name__)

USUAL_PORT = 8321
FIRST_ANSWER = timedelta(milliseconds=250)
"""How long loading the model waits once the port is open, so that a browser that asks at once is answered first."""
DRAIN = timedelta(seconds=2)
"""How long running jobs may go on at shutdown; what is cut short is picked up again at the next start."""


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the data folder: a second process on it could send what the first is sending.

    Raises:
        Invalid: another process holds it, or it cannot be used.
    """
    make_folder(folder)
    with (folder / "copydesk.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            raise Invalid(
                f"Another Copydesk runs on {folder}. Stop it first, or set COPYDESK_DATA_DIR to another folder."
            ) from taken
        yield


@contextlib.asynccontextmanager
async def holding(db: Database, *, shared: bool) -> AsyncIterator[None]:
    """Hold a server's database likewise: one process by itself, or several that share the work.

    Raises:
        Invalid: others hold it in the other way.
    """
    if db.is_sqlite:
        yield
        return
    lock = func.pg_try_advisory_lock_shared if shared else func.pg_try_advisory_lock
    async with db.engine.connect() as connection:  # the lock lasts as long as the connection
        got = await connection.scalar(select(lock(_HELD)))
        await connection.commit()
        if not got:
            raise Invalid(
                "Another Copydesk works on this database by itself, or several do together and this one would by itself. "
                "Stop it first, or set COPYDESK_REDIS_URL for all of them."
            )
        yield


_HELD = 20_261_127


def listen(settings: Settings) -> socket.socket:
    """The socket to serve on: the port that was set, else the usual one, else any that is free.

    Raises:
        Invalid: the port that was set is taken, or the host is none of this machine's.
    """
    refused = OSError()
    for port in (settings.port,) if settings.port else (USUAL_PORT, 0):
        sock = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((settings.host, port))
            sock.listen(128)
        except OSError as error:
            sock.close()
            refused = error
            continue
        return sock
    if refused.errno == errno.EADDRINUSE:
        raise Invalid(
            f"Port {settings.port} on {settings.host} is taken. Set COPYDESK_PORT to another, or leave it out."
        )
    raise Invalid(
        f"I cannot listen on {settings.host}: {refused.strerror}. Set COPYDESK_HOST to an address of this machine, and "
        "COPYDESK_PORT to a port you may use, or leave both out."
    )


async def open_desk(app: App) -> str:
    """Make the desk usable: schema, first workspace, built-in accounts; returns a fresh sign-in token."""
    await bring_up_to_date(app)
    owner = await app.people.open_desk(app.settings.own_zone())
    await app.desk.accounts.connect_built_in(owner)
    return await app.people.invite(owner.member_id)


def address_of(settings: Settings, port: int, token: str) -> str:
    """The one-time address that signs its opener in."""
    host = dict(zip(EVERYWHERE, ("127.0.0.1", "::1"), strict=True)).get(settings.host, settings.host)
    host = f"[{host}]" if ":" in host else host
    base = settings.public_url.rstrip("/") or f"http://{host}:{port}"
    return f"{base}/?token={token}"


class _Server(uvicorn.Server):
    """Uvicorn, except for how it ends."""

    def __init__(self, config: uvicorn.Config, app: App) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first, or they would be waited for."""
        await self._app.webchat.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals end the serving; Uvicorn would raise them again after it, and SIGTERM would leave no time to drain."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for one in signals:
            loop.add_signal_handler(one, self.handle_exit, one, None)
        try:
            yield
        finally:
            for one in signals:
                loop.remove_signal_handler(one)


async def serve(settings: Settings) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    settings.check()
    with contextlib.nullcontext() if settings.scaled else alone(settings.data_dir):
        set_up_logs(settings.log_file, settings.log_level, settings.data_dir, settings.secrets)
        sock = listen(settings)
        app = build(settings)
        chats = Chats(app)
        waking: asyncio.Task[None] | None = None
        holds = contextlib.AsyncExitStack()
        try:
            await holds.enter_async_context(holding(app.db, shared=settings.scaled))
            token = await open_desk(app)
            if not settings.scaled:
                await app.jobs.take_over()
                await app.sweeping.sweep()
            port = app.port = sock.getsockname()[1]
            (settings.data_dir / "port").write_text(str(port))
            _greet(settings, port, token)
            await _say_if_copy(app)
            waking = asyncio.create_task(_front(app, chats) if settings.scaled else wake_up(app, chats))
            await _run(app, sock)
        finally:
            if waking is not None:
                waking.cancel()
                await asyncio.gather(waking, return_exceptions=True)
            await chats.hang_up()
            await app.ticks.stop(DRAIN)
            await app.desk.accounts.finish_renewals()
            await holds.aclose()
            await app.close()
            sock.close()


async def _run(app: App, sock: socket.socket) -> None:
    config = uvicorn.Config(
        app.site,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
        server_header=False,
        proxy_headers=bool(app.settings.public_url),
    )
    await _Server(config, app).serve(sockets=[sock])


async def _front(app: App, chats: Chats) -> None:
    """Of a desk in several processes this one takes in and shows, and workers do the rest."""
    await asyncio.sleep(FIRST_ANSWER.total_seconds())
    share(app)
    app.model_words = "The workers think."
    for words in await chats.open():
        say(words)
    say("I serve pages and chats; “copydesk work” does the work, in as many processes as you like.")


async def wake_up(app: App, chats: Chats) -> None:
    """What the first page does not need."""
    await asyncio.sleep(FIRST_ANSWER.total_seconds())
    tick(app)
    for words in await chats.open():
        say(words)
    gc.freeze()  # what was loaded stays; looking for garbage in it held everything up for a tenth of a second, again and again
    try:
        await think(app)
        gc.freeze()
    except Exception as wrong:
        log.exception("model.not_loaded")
        why = wrong.message if isinstance(wrong, Invalid) else f"{type(wrong).__name__}, see the log"
        app.model_words = f"My model could not be loaded: {why}. What you say is kept and answered once it is."
        say(app.model_words)
        return
    log.info("model.ready", extra={"words": app.model_words})
    say(app.model_words)


def _greet(settings: Settings, port: int, token: str) -> None:
    say("")
    say("Copydesk is open. Sign in here (the address works once):")
    say("")
    say(f"    {address_of(settings, port, token)}")
    say("")
    say(
        f"Everything is kept in {settings.data_dir.resolve()}. Ctrl-C stops it; “copydesk login” gives a fresh address."
    )


async def _say_if_copy(app: App) -> None:
    owner = await app.people.open_desk(app.settings.own_zone())
    copy = await app.desk.copies.view(owner.workspace_id)
    if copy is not None and copy.held:
        words = copied_words(copy, owner.zone, app.clock.now())
        say(f"{words} Everything is held until you let it go, on the page; what came due since is listed there.")


def say(words: str) -> None:
    """Tell whoever started the program."""
    with contextlib.suppress(BrokenPipeError):
        os.write(1, f"{words}\n".encode())
