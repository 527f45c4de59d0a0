"""Builds Slack's parts and hands them to each other."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.native import Connection, Intake
from bot.pace import Pace
from bot.slack.app import BoltApp
from bot.slack.calls import Calls
from bot.slack.chat import SlackChat
from bot.slack.connection import Idle, SlackReceiver, Socket
from bot.slack.doctor import Doctor
from bot.slack.files import Files
from bot.slack.installing import Installations, Installed, Installing, SealedInstallations
from bot.slack.progress import Showing
from content.sealing import Sealer
from content.times import Clock


@dataclass(frozen=True)
class SlackSettings:
    """As the operator set them; empty where not. `public_url` without a slash at its end."""

    bot_token: str
    app_token: str
    signing_secret: str
    client_id: str
    client_secret: str
    api_url: str
    database_url: str
    public_url: str


@dataclass(frozen=True)
class Slack:
    """The chat and what belongs to it."""

    chat: SlackChat
    receiver: SlackReceiver
    connection: Connection
    app: BoltApp
    calls: Calls
    engine: AsyncEngine | None
    installing: Installing | None

    async def start(self) -> None:
        """Make the tables of installations, where teams are installed one by one."""
        if self.installing is not None:
            await self.installing.start()

    async def close(self) -> None:
        """End every connection."""
        await self.app.close()
        await self.calls.close()
        if self.engine is not None:
            await self.engine.dispose()


def build_slack(
    settings: SlackSettings,
    *,
    clock: Clock,
    pace: Pace,
    intake: Intake,
    read: Callable[[str], Awaitable[bytes]],
    sealer: Sealer,
    installed: Installed,
) -> Slack:
    """Slack in one team (a bot token), or in many (a client id and secret)."""
    engine = create_async_engine(settings.database_url) if settings.client_id else None
    store = SealedInstallations(settings.client_id, engine, sealer) if engine is not None else None
    installations = Installations(settings.bot_token, store)
    calls = Calls(settings.api_url, installations, pace, clock)
    files = Files(calls, installations, read, settings.api_url)
    doctor = Doctor(
        calls,
        settings.bot_token,
        settings.app_token,
        signing_secret=bool(settings.signing_secret),
    )
    chat = SlackChat(calls, files, Showing(calls), installations, doctor)
    app = BoltApp(settings.signing_secret, calls, chat, intake)
    installing = _installing(settings, store, installed) if store is not None else None
    return Slack(
        chat=chat,
        receiver=SlackReceiver(app, installing, by_http=bool(settings.signing_secret)),
        connection=Socket(app, settings.app_token) if settings.app_token else Idle(),
        app=app,
        calls=calls,
        engine=engine,
        installing=installing,
    )


def _installing(settings: SlackSettings, store: SealedInstallations, installed: Installed) -> Installing:
    return Installing(
        settings.client_id, settings.client_secret, settings.api_url, settings.public_url, store, installed
    )
