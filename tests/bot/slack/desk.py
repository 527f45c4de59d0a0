"""A desk in our small Slack: the real adapter, real rows and jobs, people who write and press there."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.slack.building import Slack, SlackSettings, build_slack
from content.people import Actor
from content.receiving import RawRequest
from tests.fakes.agent_desk import AgentDesk
from tests.fakes.native import TalkingDesk, talking_desk
from tests.servers.running import serving
from tests.servers.slack import (
    APP_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    SIGNING_SECRET,
    TEAM,
    TOKEN,
    Delivered,
    SlackServer,
    direct,
)

T = TypeVar("T")
ANN, BO = "UANN", "UBO"


@dataclass
class SlackDesk:
    """What a test looks at."""

    talk: TalkingDesk
    slack: Slack
    server: SlackServer
    installed: list[tuple[Actor, str, str, str]]
    signed_in: Actor | None = None
    """Whose browser comes to the install page."""

    @property
    def desk(self) -> AgentDesk:
        return self.talk.desk

    async def run(self) -> None:
        """Everything that is due is done."""
        await self.talk.run()

    async def meanwhile(self, doing: Awaitable[T]) -> T:
        """Something that waits for the desk, which works meanwhile."""
        task = asyncio.ensure_future(doing)
        while not task.done():
            await self.run()
            await asyncio.sleep(0.01)
        await self.run()
        return task.result()

    async def says(self, text: str, user: str = ANN, channel: str = "", **more: Any) -> str:
        """Somebody writes, and the desk answers; returns the message's ts."""
        message = await self.server.say(user, channel or direct(user), text, **more)
        await self.run()
        return message.ts

    async def presses(self, user: str, *args: Any, **more: Any) -> Delivered:
        """Somebody presses a button, and what follows is done."""
        done = await self.server.press(user, *args, **more)
        await self.run()
        return done

    async def link(self, actor: Actor, user: str) -> None:
        """That person in Slack is this member."""
        await self.talk.talking.identities.attach(actor.member_id, "slack", f"{TEAM}:{user}", user)


@asynccontextmanager
async def slack_desk(
    desk: AgentDesk, *, socket: bool = False, many: bool = False, database: str = "sqlite+aiosqlite://"
) -> AsyncIterator[SlackDesk]:
    """The desk in Slack, over HTTP or a socket, in one team or to be installed; the owner is `UANN` there."""
    server = SlackServer()
    installed: list[tuple[Actor, str, str, str]] = []

    async def keep(*what: Any) -> None:
        installed.append(what)

    async with talking_desk(desk) as talk, serving(server.app, sockets=True) as url:
        server.url = url
        settings = SlackSettings(
            bot_token="" if many else TOKEN,
            app_token=APP_TOKEN if socket else "",
            signing_secret="" if socket else SIGNING_SECRET,
            client_id=CLIENT_ID if many else "",
            client_secret=CLIENT_SECRET if many else "",
            api_url=f"{url}/api/",
            database_url=database,
            public_url="https://desk.example",
        )
        slack = build_slack(
            settings,
            clock=desk.clock,
            pace=talk.talking.pace,
            intake=talk.talking.arrivals,
            read=desk.services.media.shown,
            sealer=desk.base.sealer,
            installed=keep,
        )
        opened = SlackDesk(talk, slack, server, installed)
        async with serving(_site(opened)) as ours:
            server.events_url = None if socket else f"{ours}/hooks/slack/events"
            await slack.start()
            await talk.talking.add(slack.chat)
            await opened.link(desk.actor, ANN)
            connection = asyncio.create_task(slack.connection.run())
            try:
                yield opened
            finally:
                connection.cancel()
                await asyncio.gather(connection, return_exceptions=True)
                await talk.talking.close()
                await slack.close()


def _site(opened: SlackDesk) -> Starlette:
    async def receive(request: Request) -> Response:
        raw = RawRequest(
            request.method,
            request.path_params["rest"],
            request.url.query,
            dict(request.headers),
            await request.body(),
            opened.signed_in,
        )
        answer = await opened.slack.receiver.receive(raw)
        return Response(answer.body, answer.status, dict(answer.headers))

    return Starlette(routes=[Route("/hooks/slack/{rest:path}", receive, methods=["GET", "POST"])])
