"""What happens in a chat that keeps messages of its own, and what the desk does about it."""

from collections.abc import Mapping, Sequence

from bot.asking import ENDED
from bot.chat import Answer, Card, Choice, OutMessage, Place, Progress
from bot.commands import HOLD, UNLINK, command_of
from bot.joining import brought_word
from bot.native import Arrived, Gone, Happening, HasHome, Heard, Leaves, Native, Opened, Pressed, StopWanted
from bot.outward import OutwardChat
from bot.pressing import Pressing, Shared
from bot.stopping import STOPPING, is_stop
from content.media import MediaStore
from content.models import Role
from content.people import Actor
from content.transcript import Line, Said

HOME = ("queue:open", "calendar:this week", "calendar:next week", "accounts:all", "goals:all")
"""What a page of our own in a chat shows, from top to bottom."""
FIRST_WORDS = (
    Choice("Draft a post", "Draft a post about what we are working on"),
    Choice("What goes out this week?", "What goes out this week?"),
    Choice("What is trending?", "What is trending?"),
    Choice("How did we do?", "How did we do?"),
)
INTRO = (
    "Hello. I draft, schedule and report on posts, and nothing goes out before one of you approves it. Mention me with what you "
    "want, such as “draft a post about our new opening hours”; I answer in the thread."
)
WELCOME = (
    "Here I am. I draft, schedule and report on your posts; nothing goes out before one of you approves it. Three steps: connect "
    "an account, show me three posts you like so that I learn your voice, and choose who approves."
)
FIRST_STEPS = (
    Choice("Connect an account", "/connect"),
    Choice("Who approves", "/settings"),
    Choice("What can you do?", "/help"),
)
GUEST = "Here you can approve what is sent to you, or ask for changes to it. For more, ask the desk's owner."


class Hearing:
    """Does what a happening asks for. Everything here may run twice for one event, and then changes nothing more."""

    def __init__(self, shared: Shared, pressing: Pressing, media: MediaStore, chats: Mapping[str, OutwardChat]) -> None:
        self._identities = shared.identities
        self._whereabouts = shared.whereabouts
        self._transcript = shared.transcript
        self._carrying = shared.carrying
        self._drawing = shared.drawing
        self._joining = shared.joining
        self._asking = shared.asking
        self._stops = shared.stops
        self._pressing = pressing
        self._media = media
        self._chats = chats

    async def happened(self, native: Native, event_id: str, happening: Happening) -> Answer | None:
        """Act on it; for a press, what it came to.

        Raises:
            ContentError: a sentence for whoever it was.
        """
        match happening:
            case Pressed():
                return await self._pressing.pressed(native, event_id, happening)
            case Heard():
                await self._heard(native, event_id, happening)
            case StopWanted():
                await self._stop(native, happening)
            case Opened():
                await self._opened(native, happening)
            case Arrived():
                await self._arrived(native, happening)
            case Gone():
                await self._gone(native, happening)
        return None

    async def _heard(self, native: Native, event_id: str, heard: Heard) -> None:
        if word := brought_word(heard.text):
            await self._joining.bring(native, heard, word)
            return
        actor = await self._identities.who(native.name, heard.sender.remote_id)
        if not heard.addressed and (actor is None or await self._transcript.find(native.name, heard.address) is None):
            return  # people talk among themselves
        if actor is None:
            await self._joining.stranger(native, heard.sender, heard.address)
        elif command_of(heard.text) == UNLINK:
            await self._joining.unlink(native, heard)
        elif actor.role is Role.GUEST:
            await native.note(heard.address, heard.sender.remote_id, GUEST)
        else:
            await self._identities.seen(native.name, heard.sender.remote_id)
            place = await self._whereabouts.place(actor, native.name, heard.address, heard.private)
            await self._said(native, event_id, heard, actor, place)

    async def _said(self, native: Native, event_id: str, heard: Heard, actor: Actor, place: Place) -> None:
        chat = self._chats[native.name]
        filled = await self._asking.hear(native, heard, actor, place, event_id)
        if filled is not None:
            if filled.action is not None:
                await self._pressing.filled(event_id, filled.action)
            elif filled.gave_up:
                await chat.post(place, OutMessage(ENDED.text), key=f"ended:{event_id}")
            return
        if is_stop(heard.text) and await self._stopped(chat, place, event_id):
            return
        if command_of(heard.text) == HOLD:
            self._stops.stop(place.conversation_id)  # it must not wait for a turn
        said = await self._as_said(native, event_id, heard, actor)
        if await self._transcript.say(actor, place.conversation_id, said):
            await chat.progress(place, Progress())  # seen at once; the turn takes over from here

    async def _as_said(self, native: Native, event_id: str, heard: Heard, actor: Actor) -> Said:
        images = []
        for one in heard.pictures:
            with self._media.room() as path:
                await native.fetch(one.handle, path)
                images.append((await self._media.take(actor, one.name, path)).media_id)
        found = await self._carrying.found(native.name, heard.reply_ref) if heard.reply_ref else None
        subject = found.subject if found and found.subject else ""
        card = await self._drawing.draw(subject, actor) if subject else None
        return Said(event_id, heard.text, tuple(images), subject if card else "", card.title if card else "")

    async def _stopped(self, chat: OutwardChat, place: Place, event_id: str) -> bool:
        """Whether there was something to stop: a turn that runs, which says so itself, or one that has not begun."""
        if self._stops.stop(place.conversation_id) is STOPPING:
            return True
        waiting = await self._transcript.unhandled(place.conversation_id)
        if waiting:
            await self._transcript.handled([one.id for one in waiting], [Line("Stopped before I began.")])
            await chat.progress(place, None)
        return bool(waiting)

    async def _stop(self, native: Native, wanted: StopWanted) -> None:
        actor = await self._identities.who(native.name, wanted.sender.remote_id)
        conversation_id = await self._transcript.find(native.name, wanted.address)
        if actor is None or conversation_id is None:
            return
        workspace_id, _, _ = await self._transcript.address(conversation_id)
        if workspace_id == actor.workspace_id:
            self._stops.stop(conversation_id)

    async def _opened(self, native: Native, opened: Opened) -> None:
        if not isinstance(native, HasHome):
            return
        actor = await self._identities.who(native.name, opened.sender.remote_id)
        if opened.page == "messages":
            await native.suggest(opened.address, FIRST_WORDS if actor else ())
            return
        zone = actor.zone if actor else "UTC"
        await native.show_home(opened.sender.remote_id, await self._overview(native, actor), zone)

    async def _overview(self, native: Native, actor: Actor | None) -> Sequence[Card]:
        if actor is None:
            return [Card("stranger:", "Copydesk", status=self._joining.unknown(native))]
        if actor.role is Role.GUEST:
            return [Card("guest:", "Copydesk", status=GUEST)]
        cards = [await self._drawing.draw(subject, actor) for subject in HOME]
        return [card for card in cards if card is not None]

    async def _arrived(self, native: Native, arrived: Arrived) -> None:
        """Introduce the desk to a room, once; a stranger who let it in is told how to be let in themselves."""
        actor = await self._identities.who(native.name, arrived.sender.remote_id)
        if actor is None:
            await self._joining.stranger(native, arrived.sender, arrived.address)
            return
        place = await self._whereabouts.place(actor, native.name, arrived.address, private=False)
        await self._chats[native.name].post(place, OutMessage(INTRO), key="intro")

    async def _gone(self, native: Native, gone: Gone) -> None:
        if gone.home:
            await self._identities.move_out(native.name, gone.home)
            if isinstance(native, Leaves):
                await native.left(gone.home)
        conversation_id = await self._transcript.find(native.name, gone.address) if gone.address else None
        if conversation_id is not None:
            await self._carrying.given_up(conversation_id)
