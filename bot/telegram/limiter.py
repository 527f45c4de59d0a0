"""Keeps to what Telegram allows, chat by chat: edits count like messages, answers to presses never wait for a chat."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from telegram.ext import BaseRateLimiter

from bot.pace import Lane, Pace, Priority
from bot.telegram.limits import Flood
from bot.telegram.trouble import Flooded

_SPOKEN = ("send", "edit", "copy", "forward")
"""Beginnings of the methods that count as messages of a chat."""
_SILENT = frozenset({"sendChatAction"})
TRIES = 4
"""How often one call is tried when Telegram wants short rests."""

Answered = bool | dict[str, Any] | list[dict[str, Any]]


@dataclass(frozen=True)
class Manner:
    """How a call waits for its turn: how important it is, and how long it may wait; None: as long as messages do."""

    priority: Priority = Priority.MESSAGE
    patience: timedelta | None = None


class Dropped(Flooded):
    """The call was left out: its turn would have come too late to matter, and nothing was sent."""


class Limiter(BaseRateLimiter[Manner]):
    """Lets the client's calls through, lane by lane of `bot/pace.py`."""

    __slots__ = ("_flood", "_pace", "_rests")

    def __init__(self, pace: Pace, flood: Flood) -> None:
        self._pace = pace
        self._flood = flood
        self._rests: dict[str, float] = {}
        """Until when Telegram wants rest in a chat, in the loop's seconds."""

    async def initialize(self) -> None:
        """Nothing is needed."""

    async def shutdown(self) -> None:
        """Nothing is kept."""

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Answered]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: Manner | None,
    ) -> Answered:
        """The call's answer, once its turn has come; a short rest that Telegram asks for is waited out.

        Raises:
            Flooded: Telegram wants a longer rest. A `Dropped` was not even tried.
        """
        manner = rate_limit_args or Manner()
        chat = str(data.get("chat_id", "")) if endpoint.startswith(_SPOKEN) and endpoint not in _SILENT else ""
        for tries_left in reversed(range(TRIES)):
            await self._turn(chat, manner)
            try:
                return await callback(*args, **kwargs)
            except Flooded as flooded:
                self._cool(chat, flooded.rest)
                if not tries_left or manner.patience is not None or flooded.rest > self._flood.longest:
                    raise
                if not chat:
                    await asyncio.sleep(flooded.rest.total_seconds())
        raise AssertionError  # the last try returned or raised

    async def _turn(self, chat: str, manner: Manner) -> None:
        lanes = [Lane("telegram:bot", self._flood.bot, burst=10)]
        if chat:
            lanes.append(Lane(f"telegram:{chat}", self._flood.group if chat.startswith("-") else self._flood.private))
        patience = self._flood.patience if manner.patience is None else manner.patience
        if not await self._pace.wait(lanes, manner.priority, patience):
            raise Dropped(max(self._rest_left(chat), timedelta(seconds=1)))

    def _cool(self, chat: str, rest: timedelta) -> None:
        if chat:
            self._pace.cool(f"telegram:{chat}", rest)
            self._rests[chat] = asyncio.get_running_loop().time() + rest.total_seconds()

    def _rest_left(self, chat: str) -> timedelta:
        until = self._rests.pop(chat, 0.0)
        left = until - asyncio.get_running_loop().time()
        if left > 0:
            self._rests[chat] = until
        return timedelta(seconds=max(left, 0))
