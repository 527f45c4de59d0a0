"""From what a chat delivered to what is done about it: taken in and committed first, then read and acted on, lane by lane."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.chat import Answer
from bot.hearing import Hearing
from bot.native import Arriving, Happening, Heard, Native, Pressed
from content.errors import Busy, ContentError, RateLimited, Unavailable
from content.ids import new_id
from content.inbox import Delivered, Inbox, Kept
from content.times import Clock

log = logging.getLogger(__name__)

NOT_READY = timedelta(milliseconds=300)
"""When to look again while the chats and the model are loading."""
TRIES = 3
"""How often acting on one arrival is tried before its sender is told that it broke."""
REMEMBERED = 2_000
"""Answers to presses kept for those who wait for them; the oldest go first."""


class Arrivals:
    """The `Intake` of every chat, and the handler of `arrive` jobs."""

    def __init__(self, inbox: Inbox, hearing: Hearing, natives: Mapping[str, Native], clock: Clock) -> None:
        self._inbox = inbox
        self._hearing = hearing
        self._natives = natives
        self._clock = clock
        self._answers: dict[tuple[str, str], asyncio.Future[Answer]] = {}

    # the intake

    async def take(self, chat: str, arriving: Arriving) -> bool:
        """Returns once it and its job are committed; False: it was taken before.

        Raises:
            Unavailable: it could not be kept.
        """
        delivered = Delivered(chat, arriving.event_id, arriving.lane, arriving.number, arriving.payload, arriving.twin)
        return await self._inbox.take(delivered)

    async def answer(self, chat: str, event_id: str, within: timedelta) -> Answer | None:
        """What a press came to, or None when that takes longer."""
        future = self._answer_to(chat, event_id)
        done, _ = await asyncio.wait([future], timeout=within.total_seconds())
        return future.result() if done else None

    def _answer_to(self, chat: str, event_id: str) -> asyncio.Future[Answer]:
        key = (chat, event_id)
        if key not in self._answers:
            self._answers[key] = asyncio.get_running_loop().create_future()
            if len(self._answers) > REMEMBERED:
                del self._answers[next(iter(self._answers))]
        return self._answers[key]

    # the handler

    async def arrive(self, lane: str) -> datetime | None:
        """Act on everything that waits in a lane, in order; returns when to try again, or None."""
        for kept in await self._inbox.waiting_in(lane):
            native = self._natives.get(kept.chat)
            if native is None:
                return self._clock.now() + NOT_READY
            again = await self._act(native, kept)
            if again is not None:
                return again
        return None

    async def _act(self, native: Native, kept: Kept) -> datetime | None:
        happening = native.meaning(kept.payload)
        try:
            if happening is not None:
                await self._happened(native, kept, happening)
        except ContentError as refused:
            if isinstance(refused, RateLimited | Unavailable | Busy) and kept.tries + 1 < TRIES:
                return await self._again(kept, refused)
            await self._tell(native, happening, refused.message)
        except Exception as bug:
            log.exception("arrival.failed", extra={"arrival": kept.id, "tries": kept.tries})
            if kept.tries + 1 < TRIES:
                return await self._again(kept, bug)
            await self._broken(native, kept, happening, bug)
            return None
        await self._inbox.handled(kept.id)
        return None

    async def _happened(self, native: Native, kept: Kept, happening: Happening) -> None:
        answer = await self._hearing.happened(native, kept.event_id, happening)
        if answer is not None and isinstance(happening, Pressed):
            future = self._answer_to(kept.chat, kept.event_id)
            if not future.done():
                future.set_result(answer)
            await native.answered(happening, answer)

    async def _again(self, kept: Kept, error: Exception) -> datetime:
        await self._inbox.failed(kept.id, str(error) or type(error).__name__)
        return self._clock.now() + timedelta(seconds=1 << kept.tries)

    async def _broken(self, native: Native, kept: Kept, happening: Happening | None, bug: Exception) -> None:
        failure = new_id("failure")
        log.error("arrival.given_up", extra={"failure": failure, "arrival": kept.id})
        await self._tell(
            native, happening, f"Something broke on my side ({failure}). Try again, or tell whoever runs me."
        )
        await self._inbox.handled(kept.id, f"{failure}: {type(bug).__name__}")

    async def _tell(self, native: Native, happening: Happening | None, sentence: str) -> None:
        """Tell the person, if there is one and the chat can be reached; that it cannot is no second failure."""
        try:
            if isinstance(happening, Pressed):
                await native.answered(happening, Answer(sentence, "bad"))
            elif isinstance(happening, Heard):
                await native.note(happening.address, happening.sender.remote_id, sentence)
        except ContentError as unreachable:
            log.warning("person.not_told", extra={"chat": native.name, "why": unreachable.message})
