"""“Did everything go out?”: one line a day to the owner alone, and none where everything did."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from bot.chat import OutMessage
from bot.telling import Telling
from content.daily import DayView, Missed
from content.desk import Desk
from content.people import People

MOST_NAMED = 12
"""Posts that the line names; of more it says how many there are."""
LOOK_AGAIN = timedelta(minutes=1)


class DailyLine:
    """The handler of `daily` jobs."""

    def __init__(self, desk: Desk, people: People, telling: Telling) -> None:
        self._desk = desk
        self._people = people
        self._telling = telling

    async def daily(self, subject: str) -> datetime | None:
        """Say what of a day (`workspace id:date`) did not go out, if it still did not; returns when to look again, if later."""
        workspace_id, _, day = subject.partition(":")
        view = await self._desk.daily.view(workspace_id, date.fromisoformat(day))
        if not view.settled:
            return self._desk.clock.now() + LOOK_AGAIN
        if view.missed:
            owner = await self._people.owner(workspace_id)
            place = await self._telling.private(owner.member_id)
            await self._telling.say(place, OutMessage(day_words(view)), key=f"daily:{subject}")
        if view.held:
            await self._desk.daily.again(workspace_id)
        return None


def day_words(view: DayView) -> str:
    """“Since yesterday evening 5 went out and 2 did not: #12 (Mastodon: refused), #15 (X: on hold)”, and what to do."""
    went = "nothing went out" if view.went_out == 0 else f"{view.went_out} went out"
    named = [f"#{number} ({', '.join(labels)}: {why})" for (number, why), labels in _by_post(view.missed).items()]
    more = len(named) - MOST_NAMED
    listed = ", ".join(named[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    held = " Everything is on hold: “release everything” lets it go." if view.held else ""
    return (
        f"Since yesterday evening {went} and {len(view.missed)} did not: {listed}.{held} "
        "The calendar and each post's card say what can be done."
    )


def _by_post(missed: Sequence[Missed]) -> dict[tuple[int, str], list[str]]:
    """Where each was to go out, by its number and what keeps it."""
    found: dict[tuple[int, str], list[str]] = {}
    for one in missed:
        found.setdefault((one.number, one.why), []).append(one.label)
    return found
