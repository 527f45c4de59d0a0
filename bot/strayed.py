"""What was to be said in a place that is closed to the desk now, or refuses it, is told to whom it concerns, where they read alone."""

from collections import defaultdict
from datetime import datetime

from bot.chat import OutMessage, Place
from bot.telling import Telling
from content.carrying import Carrying, Strays
from content.people import People

MOST_REPEATED = 10
"""Messages that are told again; of more it says how many there are."""


class Strayed:
    """The handler of `strayed` jobs."""

    def __init__(self, carrying: Carrying, people: People, telling: Telling) -> None:
        self._carrying = carrying
        self._people = people
        self._telling = telling

    async def strayed(self, subject: str) -> datetime | None:
        """Tell it (`conversation id:first position:last`): what is about a post to its author, the rest to the owner."""
        conversation_id, first, last = subject.split(":")
        strays = await self._carrying.strays(conversation_id, int(first), int(last))
        owner = await self._people.owner(strays.workspace_id)
        told: defaultdict[str, list[str]] = defaultdict(list)
        for text, author_id in strays.messages:
            told[strays.reader_id or author_id or owner.member_id].append(text)
        for member_id, texts in told.items():
            place = await self._place(strays, member_id)
            key = f"strayed:{subject}:{member_id}"
            await self._telling.say(place, OutMessage(_words(texts)), key=key)
        return None

    async def _place(self, strays: Strays, member_id: str) -> Place:
        """Whoever shut the desk out of their own conversation reads it on our page, which nobody can shut."""
        if strays.reader_id is None:
            return await self._telling.private(member_id)
        return await self._telling.page(strays.workspace_id, member_id)


def _words(texts: list[str]) -> str:
    lines = [f"- {text}" for text in texts[:MOST_REPEATED]]
    more = len(texts) - MOST_REPEATED
    lines += [f"- and {more} more"] if more > 0 else []
    return "\n".join(["A place in which I was to say this is closed to me now, or does not take it:", *lines])
