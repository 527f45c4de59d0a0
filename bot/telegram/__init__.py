"""Telegram: builds its parts and hands them to each other."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.native import Connection, Intake
from bot.pace import Pace
from bot.telegram.chat import TelegramChat
from bot.telegram.client import Client
from bot.telegram.connection import Entrance, Polling, TelegramReceiver, Webhook
from bot.telegram.doctor import Doctor
from bot.telegram.limits import Flood
from content.times import Clock

__all__ = ["Flood", "Telegram", "TelegramSettings", "build_telegram"]


@dataclass(frozen=True)
class TelegramSettings:
    """As the operator set them. `webhook_url` is the whole address of our webhook; empty: the desk polls."""

    token: str
    api_url: str
    webhook_url: str


@dataclass(frozen=True)
class Telegram:
    """The chat and what belongs to it."""

    chat: TelegramChat
    receiver: TelegramReceiver
    connection: Connection

    async def start(self) -> None:
        """Ask Telegram who we are."""
        await self.chat.start()

    async def close(self) -> None:
        """End every connection."""
        await self.chat.close()


def build_telegram(
    settings: TelegramSettings,
    *,
    clock: Clock,
    pace: Pace,
    intake: Intake,
    read: Callable[[str], Awaitable[bytes]],
    flood: Flood | None = None,
) -> Telegram:
    """Telegram by webhook or by polling."""
    client = Client(settings.token, settings.api_url, pace, flood or Flood(), clock)
    chat = TelegramChat(client, read, Doctor(client, settings.webhook_url))
    entrance = Entrance(intake, chat)
    connection = (
        Webhook(client, settings.webhook_url, settings.token) if settings.webhook_url else Polling(client, entrance)
    )
    return Telegram(chat, TelegramReceiver(settings.token, entrance), connection)
