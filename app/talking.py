"""Builds what listens and speaks in chats that keep messages of their own; the chats themselves come later, see `app/chats.py`."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.actions import Actions
from bot.arrivals import Arrivals
from bot.asking import Asking
from bot.carrier import Carrier
from bot.chat import Chat, OutMessage
from bot.drawing import Drawing
from bot.hearing import FIRST_STEPS, WELCOME, Hearing
from bot.joining import Joining
from bot.native import Native
from bot.outward import OutwardChat
from bot.pace import Pace
from bot.pressing import Pressing, Shared
from bot.stopping import Stops
from bot.whereabouts import Whereabouts
from content.carrying import Carrying
from content.database import Database
from content.desk import Desk
from content.forms import Forms
from content.identities import Identities
from content.inbox import Inbox
from content.people import Actor, People
from content.sealing import Sealer
from content.times import Clock
from content.transcript import Transcript


@dataclass(frozen=True)
class Rows:
    """What talking is kept in."""

    db: Database
    clock: Clock
    sealer: Sealer
    people: People
    transcript: Transcript
    desk: Desk


@dataclass
class Talking:
    """Everything about chats outside, whichever there are."""

    identities: Identities
    carrying: Carrying
    inbox: Inbox
    whereabouts: Whereabouts
    joining: Joining
    arrivals: Arrivals
    carrier: Carrier
    transcript: Transcript
    natives: dict[str, Native]
    """The chats outside that are connected, by name."""
    chats: dict[str, Chat]
    """These as the rest of the desk sees them, and our own page."""
    outward: dict[str, OutwardChat] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    """What all chats keep to, each in lanes of its own."""

    async def add(self, native: Native) -> None:
        """A chat is ready: what waits for it is carried, what an earlier process left standing is taken away."""
        chat = OutwardChat(native, self.transcript, self.carrying, self.identities.remote)
        self.natives[native.name] = native
        self.outward[native.name] = self.chats[native.name] = chat
        await self.inbox.keep_tidy()
        await self.carrying.take_up([native.name])
        await chat.clear_standing()

    async def installed(self, actor: Actor, chat: str, team_id: str, team: str, remote_id: str) -> None:
        """A member installed the desk in a team of a chat, where they are called `remote_id`."""
        await self.identities.move_in(actor.workspace_id, chat, team_id, team)
        await self.identities.attach(actor.member_id, chat, remote_id, actor.name)
        place = await self.whereabouts.private(actor.member_id)
        await self.chats[place.chat].post(place, OutMessage(WELCOME, choices=FIRST_STEPS), key=f"welcome:{team_id}")

    async def close(self) -> None:
        """Let what is being shown be shown."""
        for chat in self.outward.values():
            await chat.close()


def build_talking(
    rows: Rows, drawing: Drawing, actions: Actions, stops: Stops, chats: dict[str, Chat], base: Callable[[], str]
) -> Talking:
    """Hands the parts to each other. `base` is the address of the desk's page, without a slash at its end."""
    natives: dict[str, Native] = {}
    outward: dict[str, OutwardChat] = {}
    identities, inbox = Identities(rows.db, rows.clock), Inbox(rows.db, rows.clock)
    carrying = Carrying(rows.db, rows.clock)
    whereabouts = Whereabouts(rows.transcript, rows.people, identities, natives)

    async def sign_in(member_id: str) -> str:
        return f"{base()}/come-in?token={await rows.people.invite(member_id)}"

    joining = Joining(identities, natives, sign_in)
    shared = Shared(
        identities=identities,
        whereabouts=whereabouts,
        transcript=rows.transcript,
        carrying=carrying,
        drawing=drawing,
        joining=joining,
        asking=Asking(Forms(rows.db, rows.clock, rows.sealer)),
        stops=stops,
    )
    hearing = Hearing(shared, Pressing(shared, chats, actions.press, base), rows.desk.media, outward)
    return Talking(
        identities=identities,
        carrying=carrying,
        inbox=inbox,
        whereabouts=whereabouts,
        joining=joining,
        arrivals=Arrivals(inbox, hearing, natives, rows.clock),
        carrier=Carrier(carrying, rows.transcript, rows.people, drawing, natives, rows.clock),
        transcript=rows.transcript,
        natives=natives,
        chats=chats,
        outward=outward,
    )
