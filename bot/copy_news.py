"""Telling the owner that the desk they see is a restored copy: on our page, and where they read alone."""

from datetime import datetime, timedelta

from bot.chat import OutMessage
from bot.copy_card import copied_words
from bot.drawing import Drawing
from bot.telling import Telling
from content.copies import SUBJECT
from content.desk import Desk
from content.people import People
from content.transcript import Transcript

CHATS_TAKE = timedelta(seconds=30)
"""How long the chats outside may take to be connected after a start, before which nobody can be reached there."""


class CopyNews:
    """The handler of `restored` jobs."""

    def __init__(
        self,
        desk: Desk,
        people: People,
        transcript: Transcript,
        drawing: Drawing,
        telling: Telling,
    ) -> None:
        self._desk = desk
        self._people = people
        self._transcript = transcript
        self._drawing = drawing
        self._telling = telling

    async def restored(self, workspace_id: str) -> datetime | None:
        """Say it on our page at once, and in the owner's private conversation once that can be reached."""
        copy = await self._desk.copies.view(workspace_id)
        if copy is None or not copy.held:
            return None
        owner, now = await self._people.owner(workspace_id), self._desk.clock.now()
        key = f"copy:{copy.restored_at.isoformat()}"
        message = OutMessage(
            f"{copied_words(copy, owner.zone, now)} Everything is held until you let it go; what came due since is listed.",
            await self._drawing.draw(SUBJECT, owner),
        )
        page, private = (
            await self._telling.page(workspace_id, owner.member_id),
            await self._telling.private(owner.member_id),
        )
        early = not await self._transcript.has(page.conversation_id, key)
        await self._telling.say(page, message, key=key)
        if private != page:
            await self._telling.say(private, message, key=key)
        return now + CHATS_TAKE if early and private == page else None
