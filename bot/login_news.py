"""Telling whoever connected an account that its login ends, in time, where they read alone."""

from datetime import datetime

from bot.chat import OutMessage
from bot.drawing import Drawing
from bot.telling import Telling
from content.accounts import Accounts, Ending
from content.people import Actor, People
from content.sentences import listed
from content.times import zone


class LoginNews:
    """The handler of `ending` jobs."""

    def __init__(
        self,
        accounts: Accounts,
        people: People,
        drawing: Drawing,
        telling: Telling,
    ) -> None:
        self._accounts = accounts
        self._people = people
        self._drawing = drawing
        self._telling = telling

    async def ending(self, account_id: str) -> datetime | None:
        """Say it where it is time to; returns when to look again."""
        ending, again = await self._accounts.ending(account_id)
        if ending is not None:
            await self._tell(ending)
        return again

    async def _tell(self, ending: Ending) -> None:
        actor = await self._people.actor(ending.member_id)
        place = await self._telling.private(ending.member_id)
        card = await self._drawing.draw("accounts:all", actor)
        login = ending.accounts[0].login_id or ending.accounts[0].id  # said once, however many accounts came with it
        key = f"ending:{login}:{ending.at:%Y%m%d}:{ending.days_left}"
        await self._telling.say(place, OutMessage(_words(ending, actor), card), key=key)


def _words(ending: Ending, actor: Actor) -> str:
    names, day = listed([one.words for one in ending.accounts]), f"{ending.at.astimezone(zone(actor.zone)):%-d %B}"
    label = ending.accounts[0].label
    if ending.days_left == 0:
        return f"The login of {names} has ended. Connect it again; what is due on it waits until then."
    left = "tomorrow" if ending.days_left == 1 else f"in {ending.days_left} days"
    return (
        f"The login of {names} ends on {day}, {left}, and {label} lets nobody but you renew it. Connect it "
        "again before then, and nothing will have to wait."
    )
