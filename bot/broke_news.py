"""The handler of `broke` jobs: a plan or a series did not go on, because something broke each time."""

from datetime import datetime

from bot.chat import OutMessage
from bot.telling import Telling
from content.sweeping import Sweeping


class BrokeNews:
    """Says it where the plan or the series belongs."""

    def __init__(self, sweeping: Sweeping, telling: Telling) -> None:
        self._sweeping = sweeping
        self._telling = telling

    async def tell(self, subject: str) -> datetime | None:
        """Say it once for each job that broke."""
        found = await self._sweeping.broke(subject)
        if found is None:
            return None
        words = (
            f"Something broke here each time I wanted to go on with {found.what}, so nothing came of it. I look again in a "
            f"day; ask me now if it cannot wait. The log says what broke: look for {found.id}."
        )
        place = await self._telling.where(found.conversation_id, found.member_id)
        await self._telling.say(place, OutMessage(words), key=f"broke:{subject}")
        return None
