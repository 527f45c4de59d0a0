"""The whole program in our small Slack and on our small Telegram, and people there."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.fakes.clock import FakeClock
from tests.journeys.desk import PATIENCE, RunningDesk, running
from tests.servers.running import serving
from tests.servers.slack import SIGNING_SECRET, TOKEN, Message, SlackServer, direct
from tests.servers.telegram import TOKEN as TELEGRAM_TOKEN
from tests.servers.telegram import Said, TelegramServer

BREATH = timedelta(seconds=2)
"""So long a turn in a chat waits for the rest of what is said, and a little more."""


@dataclass
class Chats:
    """The desk with its chats."""

    desk: RunningDesk
    slack: SlackServer
    telegram: TelegramServer

    async def settled(self) -> None:
        """Until everything that was said has come in and is answered."""
        async with asyncio.timeout(PATIENCE):
            while self.telegram.waiting and self.telegram.waiting[-1]["update_id"] >= self._polled_to():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await self.desk.wait(BREATH)

    def _polled_to(self) -> int:
        asked = [given.get("offset", 0) for method, given in self.telegram.calls if method == "getUpdates"]
        return int(max(asked, default=0))

    async def on_telegram(self, person: int, text: str, **more: Any) -> list[Said]:
        """Somebody writes there in private; what the desk answers."""
        before = len(self.telegram.at(person))
        await self.telegram.say(person, text, **more)
        await self.settled()
        return self.telegram.at(person)[before:]

    async def in_slack(self, user: str, text: str, **more: Any) -> list[Message]:
        """Somebody writes there in private; what the desk answers."""
        before = len(self.slack.in_channel(direct(user)))
        await self.slack.say(user, direct(user), text, **more)
        await self.settled()
        return self.slack.in_channel(direct(user))[before:]

    async def press_on_telegram(self, person: int, message: Said, label: str) -> str:
        """Somebody presses there; what the toast says."""
        query = await self.telegram.press(person, message, label)
        await self.settled()
        return next((words for asked, words, _ in self.telegram.toasts if asked == query), "")

    async def press_in_slack(self, user: str, message: Message, label: str) -> None:
        """Somebody presses there."""
        await self.slack.press(user, message, label)
        await self.settled()

    async def word(self, command: str) -> str:
        """A one-time word, as the owner gets it on our own page."""
        answers = await self.desk.ask(command)
        found = re.search(r"link ([\w-]{20,})", " ".join(one.text for one in answers))
        assert found, [one.text for one in answers]
        return found[1]

    async def join_slack(self, user: str, command: str = "/link") -> None:
        """Somebody brings a word to Slack and confirms it."""
        [question, *_] = await self.in_slack(user, f"link {await self.word(command)}")
        await self.press_in_slack(user, question, "Yes, that is me")

    async def join_telegram(self, person: int, command: str = "/link") -> None:
        """Somebody follows a deep link to Telegram and confirms it."""
        [question, *_] = await self.on_telegram(person, f"/start {await self.word(command)}")
        await self.press_on_telegram(person, question, "Yes, that is me")


def settings_of(slack: SlackServer, telegram: TelegramServer) -> dict[str, str]:
    """What an operator sets for both."""
    return {
        "slack_bot_token": TOKEN,
        "slack_signing_secret": SIGNING_SECRET,
        "slack_api_url": f"{slack.url}/api/",
        "telegram_bot_token": TELEGRAM_TOKEN,
        "telegram_api_url": telegram.url,
        "telegram_mode": "polling",
    }


@asynccontextmanager
async def both() -> AsyncIterator[tuple[SlackServer, TelegramServer]]:
    """The two servers."""
    slack, telegram = SlackServer(), TelegramServer()
    async with serving(slack.app, sockets=True) as slack.url, serving(telegram.app) as telegram.url:
        yield slack, telegram


@asynccontextmanager
async def in_chats(
    folder: Path, clock: FakeClock | None = None, *, thinking: bool = True, **given: Any
) -> AsyncIterator[Chats]:
    """The program with both chats connected while the block runs; `given` are more settings."""
    async with (
        both() as (slack, telegram),
        running(folder, clock, thinking=thinking, **settings_of(slack, telegram), **given) as desk,
    ):
        slack.events_url = f"{desk.url}/hooks/slack/events"
        yield Chats(desk, slack, telegram)
