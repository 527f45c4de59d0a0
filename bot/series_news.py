"""The handler of `series_news` jobs: one line where the series belongs."""

from datetime import datetime

from bot.chat import OutMessage
from bot.drawing import Drawing
from bot.telling import Telling
from content.desk import Desk
from content.people import People
from content.sentences import listed
from content.series import SeriesView


class SeriesNews:
    """Says what became of a series."""

    def __init__(
        self,
        desk: Desk,
        people: People,
        drawing: Drawing,
        telling: Telling,
    ) -> None:
        self._desk = desk
        self._people = people
        self._drawing = drawing
        self._telling = telling

    async def tell(self, subject: str) -> datetime | None:
        """Say the news (`series|news|moment|about`); the same is said once."""
        series_id, news, _, about = subject.split("|", 3)
        series = await self._desk.series.view(await self._desk.series.owner(series_id), series_id)
        if news == "asked":
            await self._ask(series, about, f"series:{subject}")
            return None
        card = None
        if news == "void":
            card = await self._drawing.draw(f"series:{series.id}", await self._people.actor(series.member_id))
        place = await self._telling.where(series.conversation_id, series.member_id)
        words = _words(series, news, about)
        await self._telling.say(place, OutMessage(words, card), key=f"series:{subject}")
        return None

    async def _ask(self, series: SeriesView, member_id: str, key: str) -> None:
        """A member whose yes is wanted, where they read alone."""
        if series.state != "proposed" or member_id not in {one.member_id for one in series.wanted}:
            return  # it was decided meanwhile
        card = await self._drawing.draw(f"series:{series.id}", await self._people.actor(member_id))
        theirs = f": {listed([one.name for one in series.said_yes])} said theirs" if series.said_yes else ""
        place = await self._telling.private(member_id)
        await self._telling.say(
            place, OutMessage(f"The series of #{series.post.number} waits for your yes{theirs}.", card), key=key
        )


def _words(series: SeriesView, news: str, about: str) -> str:
    what = f"the series of #{series.post.number}"
    if news == "missed":
        times = "a time" if about == "1" else f"{about} times"
        then = f"The next is {series.ahead_words}." if series.ahead_words else "There is no further one."
        return f"I was not running, so I skipped {times} of {what}. {then}"
    if news == "void":
        return f"The yes to #{series.post.number} no longer counts, so its series stopped. Approve the series again."
    if news == "nowhere":
        return f"Every account of {what} was disconnected, so it has ended. Connect one, and ask for a new series."
    if news == "done":
        return f"That was the last of {what}: it was made {series.made} times. Ask for a new series to go on."
    return f"{about[:1].upper()}{about[1:]} {news} {what}: what waited of it will not go out."
