"""The typed client of the Bot API, and what went wrong with a call, told apart by whether it may have been carried out."""

import json
import logging
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import httpx
from telegram import User
from telegram.error import NetworkError, TelegramError
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest, RequestData

from bot.pace import Pace, Priority
from bot.telegram.limiter import Limiter, Manner
from bot.telegram.limits import Flood
from bot.telegram.trouble import Flooded, Unreached
from content.times import Clock

log = logging.getLogger(__name__)

NAME = "telegram"
LABEL = "Telegram"
POLL = timedelta(seconds=25)
"""How long Telegram holds a long poll open when there is nothing."""

Bot = ExtBot[Manner]

ASKED = Manner(Priority.ANSWER)
"""How we ask about ourselves: at once."""
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Request(HTTPXRequest):
    """Sends requests; knows which of them never left, and what Telegram's clock said last."""

    def __init__(self, connections: int, read_timeout: timedelta) -> None:
        super().__init__(
            connection_pool_size=connections,
            read_timeout=read_timeout.total_seconds(),
            write_timeout=20.0,
            connect_timeout=10.0,
            pool_timeout=10.0,
            media_write_timeout=60.0,
            httpx_kwargs={"event_hooks": {"response": [self._answered]}, "trust_env": True},
        )
        self.there: datetime | None = None
        """What Telegram's clock said with its last answer."""

    async def _answered(self, response: httpx.Response) -> None:
        try:
            self.there = parsedate_to_datetime(response.headers.get("date", "")).astimezone(UTC)
        except ValueError:
            self.there = None

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *args: Any, **kwargs: Any
    ) -> tuple[int, bytes]:
        """One request, never repeated here.

        Raises:
            Unreached: it never left.
            Flooded: Telegram wants rest.
            NetworkError: nobody knows.
        """
        try:
            status, body = await super().do_request(url, method, request_data, *args, **kwargs)
        except NetworkError as broken:
            if isinstance(broken.__cause__, _NOT_SENT):
                raise Unreached(type(broken.__cause__).__name__) from broken
            raise
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            raise Flooded(_rest(body))
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unreached(f"Telegram answered {status}")
        return status, body


def _rest(body: bytes) -> timedelta:
    try:
        return timedelta(seconds=int(json.loads(body)["parameters"]["retry_after"]))
    except (ValueError, KeyError, TypeError):
        return timedelta(seconds=5)


class Client:
    """The bot, who it is, and its connections."""

    def __init__(self, token: str, api_url: str, pace: Pace, flood: Flood, clock: Clock) -> None:
        self._base = f"{api_url.rstrip('/')}/bot"
        self._token = token
        self._calls = Request(64, timedelta(seconds=20))
        self._polls = Request(2, POLL + timedelta(seconds=10))
        self.bot: Bot = ExtBot(
            token,
            base_url=self._base,
            base_file_url=f"{api_url.rstrip('/')}/file/bot",
            request=self._calls,
            get_updates_request=self._polls,
            rate_limiter=Limiter(pace, flood),
        )
        self.clock = clock
        self.flood = flood
        number = token.partition(":")[0]
        self.id = int(number) if number.isascii() and number.isdigit() else 0
        self.username = ""
        """The bot's @name without the @; empty until Telegram told it."""

    async def meet(self) -> User:
        """Ask Telegram who we are.

        Raises:
            TelegramError: it does not say.
        """
        me = await self.bot.get_me(rate_limit_args=ASKED)
        self.id, self.username = me.id, me.username or ""
        return me

    async def start(self) -> None:
        """Ask who we are, once; where Telegram cannot be reached now, the connection asks again."""
        try:
            await self.meet()
        except TelegramError as unknown:
            log.warning("telegram.not_met", extra={"why": unknown.message})

    async def close(self) -> None:
        """End every connection."""
        await self._calls.shutdown()
        await self._polls.shutdown()

    async def updates(self, offset: int | None, kinds: list[str]) -> list[dict[str, Any]]:
        """What waits at Telegram from `offset` on, word for word; held open for `POLL` when there is nothing.

        Raises:
            TelegramError: it does not say.
        """
        asked = {"timeout": int(POLL.total_seconds()), "allowed_updates": json.dumps(kinds)}
        query = urlencode(asked | ({} if offset is None else {"offset": offset}))
        found = await self._polls.post(f"{self._base}{self._token}/getUpdates?{query}")
        return found if isinstance(found, list) else []

    @property
    def clock_apart(self) -> timedelta | None:
        """How far our clock is ahead of Telegram's, by its last answer."""
        return None if self._calls.there is None else self.clock.now() - self._calls.there
