"""How Telegram's updates come in: posted to our webhook, which is announced from here, or asked for again and again.

Both hand them to the inbox, and acknowledge only what it has committed.
"""

import asyncio
import hashlib
import hmac
import json
import logging
from datetime import timedelta
from typing import Any

from telegram import BotCommand, BotCommandScopeAllChatAdministrators, BotCommandScopeAllGroupChats
from telegram import BotCommandScopeAllPrivateChats as BotCommandScopePrivate
from telegram.error import Conflict, InvalidToken, TelegramError

from bot.commands import COMMANDS
from bot.native import Intake
from bot.telegram.chat import TelegramChat
from bot.telegram.client import ASKED, NAME, Client
from bot.telegram.limits import COMMAND_WORDS, SHORT_DESCRIPTION, clipped
from bot.telegram.reading import KINDS, arriving
from content.errors import Unavailable
from content.receiving import RawAnswer, RawRequest

log = logging.getLogger(__name__)

SECOND = timedelta(seconds=1)
"""What a press may take before the person is told that it is worked on."""
SHORTEST, LONGEST = timedelta(seconds=1), timedelta(minutes=1)
"""Waits after a trouble."""
LOOKS = timedelta(minutes=10)
"""How often it is looked whether the webhook is still ours."""
CONNECTIONS = 40
SHORT_WORDS = "Drafts, schedules and reports on your posts. Nothing goes out before you approve it."
PRIVATE_ONLY = frozenset({"invite", "link", "login", "unlink"})
"""Commands that belong into a private chat."""


def secret_of(token: str) -> str:
    """What Telegram shows with every delivery; made from the token, so that nothing more has to be set or kept."""
    return hmac.new(token.encode(), b"copydesk webhook", hashlib.sha256).hexdigest()


class Entrance:
    """Takes updates in; whoever pressed is told after a second that it is worked on."""

    def __init__(self, intake: Intake, chat: TelegramChat) -> None:
        self._intake = intake
        self._chat = chat
        self._waiting: set[asyncio.Task[None]] = set()

    async def take(self, update: dict[str, Any]) -> None:
        """Returns once it is committed.

        Raises:
            Unavailable: it could not be kept.
        """
        found = arriving(update)
        if found is None:
            return
        await self._intake.take(NAME, found)
        query = update.get("callback_query")
        if query:
            task = asyncio.create_task(self._wait(found.event_id, str(query["id"])))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)

    async def _wait(self, event_id: str, query: str) -> None:
        if await self._intake.answer(NAME, event_id, SECOND) is None:
            await self._chat.working({"query": query})


class TelegramReceiver:
    """Reads what Telegram posts to `/hooks/telegram/webhook`."""

    def __init__(self, token: str, entrance: Entrance) -> None:
        self._secret = secret_of(token).encode()
        self._entrance = entrance

    async def receive(self, request: RawRequest) -> RawAnswer:
        """200 once it is committed; what does not show the secret changes nothing."""
        if request.method != "POST" or request.path != "webhook":
            return RawAnswer(404)
        shown = request.headers.get("x-telegram-bot-api-secret-token", "").encode()
        if not hmac.compare_digest(shown, self._secret):
            return RawAnswer(401)
        try:
            update = json.loads(request.body)
            int(update["update_id"])
        except (ValueError, KeyError, TypeError):
            return RawAnswer(400)
        try:
            await self._entrance.take(update)
        except Unavailable as broken:
            log.error("telegram.not_kept", extra={"update": update["update_id"], "why": broken.message})
            return RawAnswer(503)
        return RawAnswer(200)


class Polling:
    """Asks for updates; the offset moves only past what is committed."""

    def __init__(self, client: Client, entrance: Entrance, shortest: timedelta = SHORTEST) -> None:
        self._client = client
        self._entrance = entrance
        self._shortest = shortest

    async def run(self) -> None:
        """Until cancelled; troubles are waited out."""
        offset: int | None = None
        failures, ready = 0, False
        while True:
            try:
                if not ready:
                    await self._client.bot.delete_webhook(drop_pending_updates=False, rate_limit_args=ASKED)
                    await announce(self._client)
                    ready = True
                for update in await self._client.updates(offset, list(KINDS)):
                    await self._entrance.take(update)
                    offset = int(update["update_id"]) + 1
                failures = 0
            except (TelegramError, Unavailable) as trouble:
                failures += 1
                if failures == 1 or isinstance(trouble, Unavailable):
                    log.warning("telegram.not_polled", extra={"why": _why(trouble)})
                await asyncio.sleep(min(self._shortest * (1 << min(failures, 8) - 1), LONGEST).total_seconds())


class Webhook:
    """Announces where updates are to be posted, and sees that it stays so."""

    def __init__(self, client: Client, url: str, token: str, looks: timedelta = LOOKS) -> None:
        self._client = client
        self._url = url
        self._secret = secret_of(token)
        self._looks = looks

    async def run(self) -> None:
        """Until cancelled; troubles are waited out."""
        failures, ready = 0, False
        while True:
            try:
                if not ready:
                    await announce(self._client)
                await self._set(anew=not ready)
                ready = True
                failures = 0
                await asyncio.sleep(self._looks.total_seconds())
            except TelegramError as trouble:
                failures += 1
                log.warning("telegram.webhook_not_set", extra={"why": _why(trouble)})
                await asyncio.sleep(min(SHORTEST * (1 << min(failures, 8) - 1), LONGEST).total_seconds())

    async def _set(self, *, anew: bool = False) -> None:
        """Announce it, at first in any case: Telegram does not tell which secret it shows."""
        info = await self._client.bot.get_webhook_info(rate_limit_args=ASKED)
        if anew or info.url != self._url or set(info.allowed_updates or ()) != set(KINDS):
            await self._client.bot.set_webhook(
                self._url,
                secret_token=self._secret,
                allowed_updates=list(KINDS),
                max_connections=CONNECTIONS,
                rate_limit_args=ASKED,
            )
            log.info("telegram.webhook_set")


async def announce(client: Client) -> None:
    """Learn who we are, and say what we understand; that Telegram does not take that is no reason not to work.

    Raises:
        TelegramError: Telegram does not say who we are.
    """
    every = [BotCommand(name, clipped(one.words, COMMAND_WORDS)) for name, one in COMMANDS.items()]
    shared = [one for one in every if one.command not in PRIVATE_ONLY]
    await client.meet()  # without our own name no mention of us would be understood
    try:
        await client.bot.set_my_commands(every, BotCommandScopePrivate(), rate_limit_args=ASKED)
        await client.bot.set_my_commands(shared, BotCommandScopeAllGroupChats(), rate_limit_args=ASKED)
        await client.bot.set_my_commands(shared, BotCommandScopeAllChatAdministrators(), rate_limit_args=ASKED)
        words = clipped(SHORT_WORDS, SHORT_DESCRIPTION)
        await client.bot.set_my_short_description(words, rate_limit_args=ASKED)
    except (InvalidToken, Conflict):
        raise
    except TelegramError as refused:
        log.warning("telegram.not_announced", extra={"why": refused.message})


def _why(trouble: Exception) -> str:
    if isinstance(trouble, Conflict):
        return "Another program polls with this token. Stop it, or give one of the two another bot."
    if isinstance(trouble, InvalidToken):
        return "Telegram does not know the token. “copydesk doctor telegram” says more."
    return str(trouble)[:200]
