"""A press in a chat that keeps messages of its own: who is it, where, on what; then the same verbs as everywhere."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from bot.asking import Asking
from bot.chat import Action, Answer, Button, Card, Chat, OutMessage, Place
from bot.drawing import Drawing
from bot.joining import LINK, REFUSE, Joining
from bot.native import Form, Native, Pressed
from bot.stopping import STOP, Stops
from bot.whereabouts import Whereabouts
from content.carrying import Carrying
from content.errors import ContentError
from content.identities import Identities
from content.people import Actor
from content.transcript import Said, Transcript

ASK_FIRST = frozenset({"edit", "schedule", "changes", "delegate", "set_policy", "set_pace", "black_out"})
"""Verbs that mean nothing without their form."""
ABOUT = {
    "connect": "accounts:all",
    "reconnect": "accounts:all",
    "set_policy": "settings:all",
    "set_pace": "settings:all",
    "end_blackout": "settings:all",
    "add_slot": "slots:all",
    "remove_slot": "slots:all",
    "end_repeating": "plans:all",
}
"""The card that a verb stands on, for presses in no message, such as on a page of our own."""
CHANGED = Answer(
    "That button is not on this card now: the card has changed since, or your role here may not use it. Use the buttons "
    "of the current card.",
    "bad",
)
BROKEN = Answer("This button is from another version of the desk. Use the buttons of the current card.", "bad")

Press = Callable[[Action], Awaitable[Answer]]


@dataclass(frozen=True)
class Shared:
    """What hearing and pressing both need."""

    identities: Identities
    whereabouts: Whereabouts
    transcript: Transcript
    carrying: Carrying
    drawing: Drawing
    joining: Joining
    asking: Asking
    stops: Stops


class Pressing:
    """Believes nothing of a press until the rows say so. `base` is the address of the desk's page."""

    def __init__(self, shared: Shared, chats: Mapping[str, Chat], press: Press, base: Callable[[], str]) -> None:
        self._identities = shared.identities
        self._whereabouts = shared.whereabouts
        self._transcript = shared.transcript
        self._carrying = shared.carrying
        self._drawing = shared.drawing
        self._joining = shared.joining
        self._asking = shared.asking
        self._stops = shared.stops
        self._chats = chats
        self._press = press
        self._base = base

    async def pressed(self, native: Native, event_id: str, press: Pressed) -> Answer:
        """What the press came to; a refusal is an answer too."""
        verb, _, rest = press.key.partition(":")
        thing, _, number = rest.rpartition(":")
        if not (verb and thing and number.isascii() and number.isdigit() and len(number) < 10):
            return BROKEN
        try:
            if verb in (LINK, REFUSE):
                return await self._joining.decide(native, press, verb, thing)
            actor = await self._identities.who(native.name, press.sender.remote_id)
            if actor is None:
                return Answer(self._joining.unknown(native), "bad")
            await self._identities.seen(native.name, press.sender.remote_id)
            place = await self._whereabouts.place(actor, native.name, press.address, press.private)
            action = Action(place, actor, verb, thing, int(number), press.form or {}, f"{self._base()}/connect/back")
            return await self._known(native, event_id, press, action)
        except ContentError as refused:
            return Answer(refused.message, "bad")

    async def _known(self, native: Native, event_id: str, press: Pressed, action: Action) -> Answer:
        if action.verb == "say":
            return await self._say(action, event_id)
        if action.verb == STOP:
            return self._stops.stop(action.place.conversation_id)
        return await self._verb(native, event_id, press, action)

    async def _say(self, action: Action, event_id: str) -> Answer:
        """An offered answer says what stands behind it, as if it had been typed."""
        words = await self._carrying.choice(action.id, action.revision)
        if words is None:
            return BROKEN
        await self._transcript.say(action.actor, action.place.conversation_id, Said(event_id, words))
        return Answer(f"“{words[:150]}”", "plain")

    async def _verb(self, native: Native, event_id: str, press: Pressed, action: Action) -> Answer:
        subject = await self._subject(native, press, action)
        if press.form is None:
            button = _on(await self._drawing.draw(subject, action.actor), press.key) if subject else None
            if button is not None and button.form:
                return await self._ask(native, press, action, button)
            if button is None and action.verb in ASK_FIRST:
                await self._transcript.redraw(subject)
                return CHANGED
        answer = await self._press(action)
        if answer.tone == "bad" and subject:
            await self._transcript.redraw(subject)  # whoever saw something old sees what is true now
        return await self._with_card(action.place, action.actor, event_id, answer)

    async def _subject(self, native: Native, press: Pressed, action: Action) -> str:
        """The row whose card was pressed: by the message, else by what the button names."""
        found = await self._carrying.found(native.name, press.ref) if press.ref else None
        if found is not None and found.subject:
            return found.subject
        return f"post:{action.id}" if action.id.startswith("post_") else ABOUT.get(action.verb, "")

    async def _ask(self, native: Native, press: Pressed, action: Action, button: Button) -> Answer:
        form = Form(button.key, button.label, button.label, button.form)
        if await native.open_form(press, form):
            return Answer("", "plain")
        return await self._asking.begin(native, press, action.actor, action.place, form)

    async def filled(self, event_id: str, action: Action) -> None:
        """A form was filled in step by step: do what it was for, and say what came of it."""
        answer = await self._press(replace(action, callback_url=f"{self._base()}/connect/back"))
        answer = await self._with_card(action.place, action.actor, event_id, answer)
        chat = self._chats[action.place.chat]
        if answer.go_to:  # it may let its reader act as the member
            await chat.note(action.place, action.actor.member_id, f"{answer.text} {answer.go_to}")
        else:
            await chat.post(action.place, OutMessage(answer.text), key=f"filled:{event_id}")
        await self._asking.done(action.actor, action.place)

    async def _with_card(self, place: Place, actor: Actor, event_id: str, answer: Answer) -> Answer:
        """Where a card helps now, it is shown; an address of our page is made whole."""
        if answer.subject:
            card = await self._drawing.draw(answer.subject, actor)
            await self._chats[place.chat].post(place, OutMessage(card=card), key=f"press:{event_id}")
            if answer.on_card:
                return replace(answer, go_to="")
        return replace(answer, go_to=f"{self._base()}{answer.go_to}") if answer.go_to.startswith("/") else answer


def _on(card: Card | None, key: str) -> Button | None:
    """The card's button that carries this key, or None."""
    if card is None:
        return None
    every = [*card.buttons, *(button for preview in card.previews for button in preview.buttons)]
    return next((button for button in every if button.key == key), None)
