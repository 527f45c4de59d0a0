"""The commands that take the calendar elsewhere: `/subscribe`, `/subscribe new`, `/export`. Their answers are for one person alone."""

from collections.abc import Callable

from bot.chat import OutMessage
from content.desk import Desk
from content.people import Actor

NEW = "new"


class Subscribing:
    """Tells addresses."""

    def __init__(self, desk: Desk, base: Callable[[], str]) -> None:
        """`base` is the address of the desk's page, without a slash at its end."""
        self._desk = desk
        self._base = base

    async def subscribe(self, actor: Actor, words: str) -> OutMessage:
        """The address for a calendar program; with the word `new` another one, and the one before ends."""
        anew = words.strip().casefold() == NEW
        links = self._desk.subscriptions
        secret = await (links.renew(actor) if anew else links.secret(actor))
        ended = "The address you had before shows nothing any more.\n" if anew else ""
        return OutMessage(
            f"{ended}Subscribe to this address in your calendar program; whoever has it can read the calendar:\n"
            f"{self._base()}/calendar/{secret}.ics\n\nType /subscribe new for another one, which ends it."
        )

    async def export(self, actor: Actor, _words: str) -> OutMessage:
        """Where the calendar is as a table."""
        actor.require("read")
        return OutMessage(
            f"The calendar as a table (CSV): {self._base()}/calendar.csv\nIt asks you to sign in; /login gives you an address for that."
        )
