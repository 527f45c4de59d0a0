"""A button's form in a chat that has no forms: one question after the other, each answered in words."""

from dataclasses import dataclass

from bot.chat import Action, Answer, Place
from bot.native import Form, Heard, Native, Pressed, Sender
from bot.stopping import is_stop
from content.connecting import Field
from content.errors import ContentError, NotAllowed
from content.forms import Forms, Step
from content.people import Actor

SKIP = "/skip"
ENDED = Answer("Left as it is. Nothing was changed.", "plain")
ASKED = Answer("I asked you below.", "plain")


@dataclass(frozen=True)
class Filled:
    """What a person's answer led to: everything is there (`action`), they gave up, or something else is asked now."""

    action: Action | None = None
    gave_up: bool = False


class Asking:
    """Asks, and hears what is answered."""

    def __init__(self, forms: Forms) -> None:
        self._forms = forms

    async def begin(self, native: Native, press: Pressed, actor: Actor, place: Place, form: Form) -> Answer:
        """Open a form for whoever pressed.

        Raises:
            NotAllowed: it asks for a password where others read along.
        """
        if not press.private and any(field.kind == "password" for field in form.fields):
            raise NotAllowed("This asks for a password, and others read here. Open our private chat and do it there.")
        step = await self._forms.begin(actor, place.conversation_id, form.key, form.fields)
        await self._ask(native, place, press.sender, step, press.ref)
        return ASKED

    async def hear(self, native: Native, heard: Heard, actor: Actor, place: Place, event_id: str) -> Filled | None:
        """What was said, as an answer; None: it is none."""
        before = await self._forms.was_answer(actor, place.conversation_id, event_id)
        if before is not None:
            return Filled() if before.ended else await self._go_on(native, heard, actor, place, before)
        step = await self._forms.open(actor, place.conversation_id)
        if step is None or not _answers(heard, step):
            return None
        if is_stop(heard.text):
            await self._forms.end(actor, place.conversation_id)
            return Filled(gave_up=True)
        field = step.field
        value = _value(field, heard.text) if field else ""
        if field is None or value is None:
            await self._ask(native, place, heard.sender, step, heard.ref)
            return Filled()
        step = await self._forms.answer(step.form_id, field.name, value, event_id)
        if field.kind == "password":
            await _hide(native, heard.ref)
        return await self._go_on(native, heard, actor, place, step)

    async def _go_on(self, native: Native, heard: Heard, actor: Actor, place: Place, step: Step) -> Filled:
        if step.field is not None:
            await self._ask(native, place, heard.sender, step, heard.ref)
            return Filled()
        verb, _, rest = step.key.partition(":")
        thing, _, revision = rest.rpartition(":")
        return Filled(Action(place, actor, verb, thing, int(revision), step.answers))

    async def done(self, actor: Actor, place: Place) -> None:
        """The form was used: close it."""
        await self._forms.end(actor, place.conversation_id)

    async def _ask(self, native: Native, place: Place, person: Sender, step: Step, reply_to: str) -> None:
        if step.field is None:
            return
        number = len(step.answers) + 1
        ref = await native.ask(place.address, person, question(step.field, number, len(step.fields)), reply_to)
        await self._forms.asked(step.form_id, ref)


def question(field: Field, number: int, of: int) -> str:
    """What is asked, with what ends it."""
    count = f" ({number} of {of})" if of > 1 else ""
    lines = [f"{field.label}{count}"]
    lines += [f"{place}. {label}" for place, (_, label) in enumerate(field.options, 1)]
    if field.hint and field.kind != "long":
        lines.append(field.hint[:1].upper() + field.hint[1:] + ("" if field.hint.endswith(".") else "."))
    ways = ["Send me the new text." if field.kind == "long" and field.hint else "Answer this message."]
    if field.kind == "long" and field.hint:
        ways.append(f"{SKIP} keeps it as it is.")
    elif not field.required:
        ways.append(f"{SKIP} leaves it out.")
    return "\n".join([*lines, " ".join([*ways, "/cancel stops."])])


def _answers(heard: Heard, step: Step) -> bool:
    """In private whatever is said; in a room only a reply to the question. A command is none, but for the form's own."""
    if not heard.private and heard.reply_ref != step.asked_ref:
        return False
    return not heard.text.startswith("/") or is_stop(heard.text) or heard.text.strip().casefold() == SKIP


def _value(field: Field, text: str) -> str | None:
    """What an answer means; None: ask again."""
    text = text.strip()
    if text.casefold() == SKIP:
        return field.hint if field.kind == "long" else None if field.required else ""
    if not field.options:
        return text or None
    for place, (value, label) in enumerate(field.options, 1):
        if text.casefold() in (str(place), value.casefold(), label.casefold()):
            return value
    return None


async def _hide(native: Native, ref: str) -> None:
    """A password does not stay in the chat's history, where the chat lets us take it away."""
    try:
        await native.remove(ref)
    except ContentError:
        return
