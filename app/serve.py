"""Runs the desk: one loop for pages, chats and ticks; started in order, stopped in reverse."""

import asyncio
import contextlib
import fcntl
import logging
import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import uvicorn

from app.logs import set_up_logs
from app.settings import Settings
from app.wiring import App, build, think
from content.errors import Invalid
from content.schema import migrate

log = logging.getLogger(__name__)

USUAL_PORT = 8321
DRAIN = timedelta(seconds=2)
"""How long running jobs may go on at shutdown; what is cut short is picked up again at the next start."""


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the data folder: a second process on it could send what the first is sending.

    Raises:
        Invalid: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "copydesk.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            raise Invalid(
                f"Another Copydesk runs on {folder}. Stop it first, or set COPYDESK_DATA_DIR to another folder."
            ) from taken
        yield


def listen(settings: Settings) -> socket.socket:
    """The socket to serve on: the port that was set, else the usual one, else any that is free.

    Raises:
        Invalid: the port that was set is taken.
    """
    for port in (settings.port,) if settings.port else (USUAL_PORT, 0):
        sock = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((settings.host, port))
        except OSError:
            sock.close()
            continue
        return sock
    raise Invalid(f"Port {settings.port} on {settings.host} is taken. Set COPYDESK_PORT to another, or leave it out.")


async def open_desk(app: App) -> str:
    """Make the desk usable: schema, first workspace, built-in accounts; returns a fresh sign-in token."""
    await migrate(app.db)
    owner = await app.people.open_desk(app.settings.own_zone())
    await app.desk.accounts.connect_built_in(owner)
    return await app.people.invite(owner.member_id)


def address_of(settings: Settings, port: int, token: str) -> str:
    """The one-time address that signs its opener in."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    base = settings.public_url.rstrip("/") or f"http://{host}:{port}"
    return f"{base}/?token={token}"


class _Server(uvicorn.Server):
    """Uvicorn, telling the page's long answers to end before it waits for them."""

    def __init__(self, config: uvicorn.Config, app: App) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first, or they would be waited for."""
        await self._app.webchat.close()
        await super().shutdown(sockets)


async def serve(settings: Settings) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    settings.check()
    with alone(settings.data_dir):
        set_up_logs(settings.log_file, settings.log_level, settings.data_dir, settings.secrets)
        sock = listen(settings)
        app = build(settings)
        thinking: asyncio.Task[None] | None = None
        try:
            token = await open_desk(app)
            await app.jobs.take_over()
            await app.tracing.abandoned()
            port = sock.getsockname()[1]
            (settings.data_dir / "port").write_text(str(port))
            _greet(settings, port, token)
            app.ticks.start()
            thinking = asyncio.create_task(_think(app))
            await _run(app, sock)
        finally:
            if thinking is not None:
                thinking.cancel()
                await asyncio.gather(thinking, return_exceptions=True)
            await app.ticks.stop(DRAIN)
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


async def _think(app: App) -> None:
    try:
        await think(app)
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


def say(words: str) -> None:
    """Tell whoever started the program."""
    with contextlib.suppress(BrokenPipeError):
        os.write(1, f"{words}\n".encode())
