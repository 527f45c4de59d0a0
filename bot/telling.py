"""Telling people things where they belong: in a conversation, or where a member reads alone."""

from collections.abc import Awaitable, Callable, Mapping

from bot.chat import Chat, OutMessage, Place
from bot.whereabouts import page_of, place_of
from content.transcript import Transcript

PrivatePlace = Callable[[str], Awaitable[Place]]
"""Where a member, by id, reads what is for them alone."""


class Telling:
    """What every job that speaks needs."""

    def __init__(self, transcript: Transcript, chats: Mapping[str, Chat], private: PrivatePlace) -> None:
        self._transcript = transcript
        self._chats = chats
        self.private = private

    async def where(self, conversation_id: str | None, member_id: str) -> Place:
        """The conversation that a row belongs to; where it belongs to none, the member's own."""
        if conversation_id is None:
            return await self.private(member_id)
        return await place_of(self._transcript, conversation_id)

    async def page(self, workspace_id: str, member_id: str) -> Place:
        """A member's own on our page, which nobody can shut."""
        return await page_of(self._transcript, workspace_id, member_id)

    async def say(self, place: Place, message: OutMessage, *, key: str) -> None:
        """Say it there; what was said under the key is not said again."""
        await self._chats[place.chat].post(place, message, key=key)
