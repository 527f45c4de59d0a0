"""Servers that take in what chats deliver, each in a process of its own: the desk's, and a bare slack-bolt app to compare with.

Run as a program, with `desk` or `bare` and a data folder, it prints its port and serves until it is stopped. The desk is the whole
site with its chats connected, without its job runner: what is measured is how fast deliveries are committed, not how fast
the desk thinks.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
import uvloop
from fastapi import FastAPI, Request, Response
from pydantic import SecretStr
from slack_bolt.adapter.fastapi.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from starlette.types import ASGIApp

from app.chats import Chats
from app.serve import listen, open_desk
from app.settings import Settings
from app.wiring import build
from benchmarks.processes import collect_as_the_program, running, said

SECRET = "benchmark"  # noqa: S105 - nobody else's
TELEGRAM_TOKEN = "1000001:benchmark"  # noqa: S105 - nobody else's
NOWHERE = "http://127.0.0.1:9"
"""No chat is asked for anything here."""


@contextmanager
def taking_in(what: str, folder: Path) -> Iterator[int]:
    """The port of such a server while the block runs."""
    with running("benchmarks.taking_in", what, str(folder)) as process:
        yield said(process)


def settings_of(folder: Path) -> Settings:
    """A desk in one Slack team, over HTTP, and on Telegram, by webhook."""
    return Settings(
        data_dir=folder,
        zone="Europe/Berlin",
        public_url="https://desk.example.com",
        slack_bot_token=SecretStr("xoxb-benchmark"),
        slack_signing_secret=SecretStr(SECRET),
        slack_api_url=f"{NOWHERE}/api/",
        telegram_bot_token=SecretStr(TELEGRAM_TOKEN),
        telegram_api_url=NOWHERE,
    )


async def _desk(folder: Path) -> ASGIApp:
    app = build(settings_of(folder))
    await open_desk(app)
    await Chats(app).open()
    return app.site


async def _bare(_folder: Path) -> ASGIApp:
    async def authorize(**_: object) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1", bot_id="B1", bot_user_id="U1")  # noqa: S106

    bolt = AsyncApp(signing_secret=SECRET, authorize=authorize)

    @bolt.event("message")
    async def nothing() -> None:
        return None

    handler = AsyncSlackRequestHandler(bolt)
    site = FastAPI()

    @site.post("/hooks/slack/events")
    async def events(request: Request) -> Response:
        answer: Response = await handler.handle(request)
        return answer

    return site


async def _serve(what: str, folder: Path) -> None:
    site = await {"desk": _desk, "bare": _bare}[what](folder)
    collect_as_the_program()
    sock = listen(Settings(data_dir=folder))
    server = uvicorn.Server(
        uvicorn.Config(site, log_config=None, access_log=False, lifespan="off", server_header=False, proxy_headers=True)
    )
    print(json.dumps(sock.getsockname()[1]), flush=True)  # it listens already
    await server.serve(sockets=[sock])


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1], Path(sys.argv[2])))
