"""The handler of `carry` jobs: what the desk said in a chat that keeps messages of its own is brought there, and kept true.

A message is drawn from its row at this moment. What the chat has of it already is edited, the rest is sent, and
each step is written down, so that a crash repeats at most the one send whose answer was lost.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.chat import Card, Choice
from bot.drawing import Drawing
from bot.native import UNSURE, Native, Outgoing, Piece, SendAnew
from content.carrying import Carried, Carrying, ToCarry
from content.errors import NotFound, OutcomeUnknown, RateLimited, Rejected, Unavailable
from content.people import Actor, People
from content.times import Clock
from content.transcript import Transcript

log = logging.getLogger(__name__)

NOT_THERE = timedelta(minutes=1)
"""When to look again for a chat that is not connected."""
SHORTEST, LONGEST = timedelta(seconds=2), timedelta(minutes=5)
"""Waits between tries to reach a chat that is down."""


class Carrier:
    """Carries the messages of one conversation, in order."""

    def __init__(
        self,
        carrying: Carrying,
        transcript: Transcript,
        people: People,
        drawing: Drawing,
        natives: Mapping[str, Native],
        clock: Clock,
    ) -> None:
        self._carrying = carrying
        self._transcript = transcript
        self._people = people
        self._drawing = drawing
        self._natives = natives
        self._clock = clock
        self._failures: dict[str, int] = {}

    async def carry(self, conversation_id: str) -> datetime | None:
        """Everything that is due there; returns when to try again, or None: it is all there."""
        workspace_id, chat, address = await self._transcript.address(conversation_id)
        native = self._natives.get(chat)
        if native is None:
            return self._clock.now() + NOT_THERE
        reader_id = await self._transcript.reader(conversation_id)
        reader = await (self._people.actor(reader_id) if reader_id else self._people.owner(workspace_id))
        while (one := await self._carrying.next(conversation_id)) is not None:
            try:
                await self._carry(native, address, one, reader)
            except (RateLimited, Unavailable, OutcomeUnknown) as trouble:
                return self._later(conversation_id, trouble)
            except (NotFound, Rejected) as refusal:
                await self._give_up(one, refusal)
        self._failures.pop(conversation_id, None)
        return None

    def _later(self, conversation_id: str, trouble: RateLimited | Unavailable | OutcomeUnknown) -> datetime:
        log.info("message.waits", extra={"conversation": conversation_id, "code": trouble.code})
        if isinstance(trouble, RateLimited):
            return max(trouble.until, self._clock.now() + timedelta(milliseconds=100))
        failures = self._failures[conversation_id] = self._failures.get(conversation_id, 0) + 1
        return self._clock.now() + min(SHORTEST * (1 << min(failures, 10) - 1), LONGEST)

    async def _give_up(self, one: ToCarry, refusal: NotFound | Rejected) -> None:
        """Its place is gone, or the chat will take it in no form. A copy that a person deleted there is only that copy.

        What is new of it is told elsewhere: the desk is often shut out by a refusal that does not say so.
        """
        whole = one.new and isinstance(refusal, NotFound)
        extra = {"conversation": one.message.conversation_id, "ref": one.message.id, "why": refusal.message}
        log.warning("message.not_carried", extra=extra)
        await self._carrying.given_up(one.message.conversation_id, None if whole else one.message.id)

    async def _carry(self, native: Native, address: str, one: ToCarry, reader: Actor) -> None:
        message = await self._outgoing(one, reader)
        try:
            await self._bring(native, address, one, native.render(message))
        except Rejected as refused:
            log.warning("message.plain", extra={"ref": one.message.id, "why": refused.message})
            again = await self._carrying.next(one.message.conversation_id) or one
            await self._bring(native, address, again, native.plain(message))
        await self._carrying.shown(one.message)

    async def _outgoing(self, one: ToCarry, reader: Actor) -> Outgoing:
        message = one.message
        card: Card | None = None
        text = message.text
        if message.subject:
            card = await self._drawing.draw(message.subject, reader)
            if card is None:
                text = f"{text}\n\nThis card is gone: what it showed does not exist any more.".strip()
        choices = tuple(Choice(each["label"], each["say"]) for each in message.extra.get("choices", []))
        return Outgoing(message.id, text, card, choices, reader.zone)

    async def _bring(self, native: Native, address: str, one: ToCarry, pieces: Sequence[Piece]) -> None:
        for position, piece in enumerate(pieces):
            if position < len(one.there):
                one = await self._keep_true(native, one, position, piece)
            if position >= len(one.there):
                await self._send(native, address, one, position, piece)
        await self._take_away(native, one, len(pieces))

    async def _keep_true(self, native: Native, one: ToCarry, position: int, piece: Piece) -> ToCarry:
        """Edit the piece that is there; where it cannot become this one, it goes, with all that stand after it."""
        there = one.there[position]
        if there.digest == piece.digest:
            return one
        try:
            await native.edit(there.ref, piece)
        except SendAnew:
            await self._take_away(native, one, position)
            return replace(one, there=one.there[:position])
        await self._carrying.arrived(one.message.id, position, Carried(there.ref, piece.digest))
        return one

    async def _take_away(self, native: Native, one: ToCarry, start: int) -> None:
        for position in range(start, len(one.there)):
            await native.remove(one.there[position].ref)
            await self._carrying.removed(one.message.id, position)

    async def _send(self, native: Native, address: str, one: ToCarry, position: int, piece: Piece) -> None:
        """Only the first piece that is missing can be the one whose answer was lost."""
        unsure = UNSURE if one.unsure and position == len(one.there) else ""
        await self._carrying.sending(one.message.id)
        try:
            ref = await native.send(address, piece, f"{unsure}{one.message.id}:{position}")
        except (RateLimited, Unavailable, Rejected, NotFound):
            if not unsure:  # this try did not arrive; the earlier one may have
                await self._carrying.not_sent(one.message.id)
            raise
        await self._carrying.arrived(one.message.id, position, Carried(ref, piece.digest))
