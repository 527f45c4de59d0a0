"""Connects the desk to the chats it is set up for. Their libraries take a second of CPU, so they load once the port is open.

A chat that cannot be reached holds nothing up: what is said there waits at the chat, what the desk says waits in its rows.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Protocol

from app.settings import Settings
from app.wiring import App
from bot.native import Connection, Examines, Native
from content.checkup import Finding
from content.errors import ContentError, Invalid
from content.people import Actor
from content.receiving import RawAnswer, RawRequest, Receiver

log = logging.getLogger(__name__)

HEAVY: Mapping[str, tuple[str, ...]] = {
    "slack": ("aiohttp", "slack_sdk.web.async_client", "slack_bolt.async_app", "bot.slack.building"),
    "telegram": ("telegram", "telegram.ext", "bot.telegram"),
}
"""Imported in a thread, one by one, so that pages go on being answered."""


class LivingChat(Native, Examines, Protocol):
    """What every adapter's chat is."""


@dataclass(frozen=True)
class Wired:
    """A chat with everything that belongs to it."""

    chat: LivingChat
    receiver: Receiver | None
    connection: Connection | None
    close: Callable[[], Awaitable[None]]


class NotReady:
    """Answers a chat that delivers before its adapter is loaded: it shall deliver again."""

    async def receive(self, request: RawRequest) -> RawAnswer:
        """503, with nothing kept."""
        return RawAnswer(503, b"The desk is still starting.", {"retry-after": "5"})


def lived_in(settings: Settings) -> tuple[str, ...]:
    """The chats that are set up, by name."""
    where = {"slack": settings.lives_in_slack, "telegram": settings.lives_on_telegram}
    return tuple(name for name, lives in where.items() if lives)


class Chats:
    """The connections of a running desk."""

    def __init__(self, app: App, *, listening: bool = True) -> None:
        """`listening`: what comes in from there comes in here; else this process only speaks."""
        self._app = app
        self._listening = listening
        self._tasks: list[asyncio.Task[None]] = []
        app.receivers |= {name: NotReady() for name in lived_in(app.settings)}

    async def open(self) -> list[str]:
        """Connect every chat that is set up; what to tell whoever started the desk, a line each."""
        return [await self._open(name) for name in lived_in(self._app.settings)]

    async def _open(self, name: str) -> str:
        try:
            wired = await wire(self._app, name)
        except Exception as wrong:
            log.exception("chat.not_loaded", extra={"chat": name})
            why = wrong.message if isinstance(wrong, ContentError) else f"{type(wrong).__name__}, see the log"
            return f"{name.capitalize()} could not be connected: {why}. “copydesk doctor {name}” says more."
        self._app.closing.push_async_callback(wired.close)
        if wired.receiver is not None:
            self._app.receivers[name] = wired.receiver
        await self._app.talking.add(wired.chat)
        if wired.connection is not None and self._listening:
            self._tasks.append(asyncio.create_task(wired.connection.run(), name=f"connection of {name}"))
        log.info("chat.connected", extra={"chat": name})
        return f"I am in {wired.chat.label} too."

    async def hang_up(self) -> None:
        """Bring nothing more in; what is here can still be answered."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def wire(app: App, name: str) -> Wired:
    """Load a chat's libraries and build its adapter.

    Raises:
        Invalid: there is no such chat, or it is not set up.
    """
    if name not in WIRERS:
        raise Invalid(f"I know no chat called {name}. I live in: {', '.join(WIRERS)}.")
    if name not in lived_in(app.settings):
        raise Invalid(f"{name.capitalize()} is not set up. docs/{name}.md says how, in five steps.")
    for module in HEAVY[name]:
        await asyncio.to_thread(import_module, module)
    return await WIRERS[name](app)


async def examine(app: App, name: str) -> list[Finding]:
    """What a chat says about its own set-up.

    Raises:
        Invalid: there is no such chat, or it is not set up.
    """
    wired = await wire(app, name)
    try:
        return list(await wired.chat.examine())
    finally:
        await wired.close()


async def _slack(app: App) -> Wired:
    from bot.slack.building import SlackSettings, build_slack

    settings, clock = app.settings, app.clock
    slack = build_slack(
        SlackSettings(
            bot_token=settings.slack_bot_token.get_secret_value(),
            app_token=settings.slack_app_token.get_secret_value(),
            signing_secret=settings.slack_signing_secret.get_secret_value(),
            client_id=settings.slack_client_id,
            client_secret=settings.slack_client_secret.get_secret_value(),
            api_url=settings.slack_api_url,
            database_url=settings.database
            if settings.on_postgresql
            else f"sqlite+aiosqlite:///{settings.data_dir / 'slack.db'}",
            public_url=app.base,
        ),
        clock=clock,
        pace=app.talking.pace,
        intake=app.talking.arrivals,
        read=app.desk.media.shown,
        sealer=app.sealer,
        installed=partial(_installed, app),
    )
    await slack.start()
    return Wired(slack.chat, slack.receiver, slack.connection, slack.close)


async def _installed(app: App, actor: Actor, team_id: str, team: str, remote_id: str) -> None:
    await app.talking.installed(actor, "slack", team_id, team, remote_id)


async def _telegram(app: App) -> Wired:
    from bot.telegram import TelegramSettings, build_telegram

    settings = app.settings
    webhook = f"{app.base}/hooks/telegram/webhook" if settings.telegram_webhook else ""
    telegram = build_telegram(
        TelegramSettings(settings.telegram_bot_token.get_secret_value(), settings.telegram_api_url, webhook),
        clock=app.clock,
        pace=app.talking.pace,
        intake=app.talking.arrivals,
        read=app.desk.media.shown,
    )
    await telegram.start()
    return Wired(telegram.chat, telegram.receiver, telegram.connection, telegram.close)


WIRERS: dict[str, Callable[[App], Awaitable[Wired]]] = {"slack": _slack, "telegram": _telegram}
