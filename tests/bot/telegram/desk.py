"""A desk on our small Telegram: the real adapter, real rows and jobs, people who write and press there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.telegram import Flood, Telegram, TelegramSettings, build_telegram
from content.people import Actor
from content.receiving import RawRequest
from tests.fakes.agent_desk import AgentDesk
from tests.fakes.native import TalkingDesk, talking_desk
from tests.servers.running import serving
from tests.servers.telegram import TOKEN, Said, TelegramServer

ANN, BO = 7, 8
QUICK = Flood(
    private=timedelta(milliseconds=2),
    group=timedelta(milliseconds=4),
    bot=timedelta(milliseconds=0.1),
    typing=timedelta(milliseconds=50),
    longest=timedelta(seconds=1),
)
"""Telegram's pace, some hundred times faster."""


@dataclass
class TelegramDesk:
    """What a test looks at."""

    talk: TalkingDesk
    telegram: Telegram
    server: TelegramServer

    @property
    def desk(self) -> AgentDesk:
        return self.talk.desk

    async def run(self) -> None:
        """Everything that is due is done."""
        await self.talk.run()

    async def arrived(self) -> None:
        """Everything that waits at Telegram has come in and been done, where the desk polls."""
        async with asyncio.timeout(20):
            while [one for one in self.server.waiting if one["update_id"] >= self._polled_to()]:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await self.run()

    def _polled_to(self) -> int:
        asked = [given.get("offset", 0) for method, given in self.server.calls if method == "getUpdates"]
        return int(max(asked, default=0))

    async def says(self, text: str, person: int = ANN, chat: int = 0, **more: Any) -> Said:
        """Somebody writes, and the desk answers."""
        said = await self.server.say(person, text, chat, **more)
        await self.arrived()
        return said

    async def presses(self, person: int, message: Said, label: str, **more: Any) -> str:
        """Somebody presses a button, and what follows is done: what they were told in the toast."""
        query = await self.server.press(person, message, label, **more)
        await self.arrived()
        return next((words for asked, words, _ in self.server.toasts if asked == query), "")

    async def link(self, actor: Actor, person: int) -> None:
        """That person on Telegram is this member."""
        self.server.open(person)
        await self.talk.talking.identities.attach(actor.member_id, "telegram", str(person), f"Person {person}")


@asynccontextmanager
async def telegram_desk(desk: AgentDesk, *, webhook: bool = True, flood: Flood = QUICK) -> AsyncIterator[TelegramDesk]:
    """The desk on Telegram, by webhook or polling; the owner is person 7 there."""
    server = TelegramServer()
    async with talking_desk(desk) as talk, serving(server.app) as server.url:
        opened: list[Telegram] = []
        async with serving(_site(opened)) as ours:
            settings = TelegramSettings(TOKEN, server.url, f"{ours}/hooks/telegram/webhook" if webhook else "")
            telegram = build_telegram(
                settings,
                clock=desk.clock,
                pace=talk.talking.pace,
                intake=talk.talking.arrivals,
                read=desk.services.media.shown,
                flood=flood,
            )
            opened.append(telegram)
            await telegram.start()
            await talk.talking.add(telegram.chat)
            connection = asyncio.create_task(telegram.connection.run())
            found = TelegramDesk(talk, telegram, server)
            await found.link(desk.actor, ANN)
            await _ready(server, webhook=webhook)
            try:
                yield found
            finally:
                connection.cancel()
                await asyncio.gather(connection, return_exceptions=True)
                await talk.talking.close()
                await telegram.close()


async def _ready(server: TelegramServer, *, webhook: bool) -> None:
    async with asyncio.timeout(20):
        while not (server.webhook["url"] if webhook else server.polls):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def _site(opened: list[Telegram]) -> Starlette:
    async def receive(request: Request) -> Response:
        raw = RawRequest(request.method, request.path_params["rest"], "", dict(request.headers), await request.body())
        answer = await opened[0].receiver.receive(raw)
        return Response(answer.body, answer.status)

    return Starlette(routes=[Route("/hooks/telegram/{rest:path}", receive, methods=["GET", "POST"])])
