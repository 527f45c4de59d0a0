"""From a message to its answer: the turn runs, the chat sees it happen, and what was said is marked answered.

The handler of `turn` jobs. A job's lane is its conversation, so one conversation is handled one turn at a time, in order.
What came in while a turn ran, or within the same breath, is one turn.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

from agent.briefer import Briefer
from agent.events import Did, Doing, Said, TurnEvent
from agent.graph import TurnContext
from agent.turn import Turns
from bot.chat import Chat, Choice, OutMessage, Place, Progress, Step
from bot.commands import COMMANDS, HELP, HOLD, RELEASE, STOP, command_of, help_text, words_after
from bot.drawing import Drawing
from bot.guard_card import HELD, let_go_words
from bot.joining import Joining
from bot.stopping import NOTHING, Stops
from bot.subscribing import Subscribing
from bot.whereabouts import place_of
from content.desk import Desk
from content.errors import ContentError, NotFound
from content.ids import new_id
from content.people import Actor, People
from content.transcript import Transcript, Waiting
from memory.recall import Recall

log = logging.getLogger(__name__)


STOPPED = "Stopped. What is done stands."
IN_PRIVATE = "I told you in private, since others read here."


class Stopped(Exception):
    """Somebody wanted this turn to stop."""


@dataclass(frozen=True)
class Thinking:
    """What it takes to run a turn."""

    turns: Turns
    briefer: Briefer
    recall: Recall


@dataclass
class _Scene:
    """What a person watches while a turn runs."""

    steps: dict[str, Step] = field(default_factory=dict)
    text: str = ""
    shown: list[str] = field(default_factory=list)

    def progress(self) -> Progress:
        return Progress(list(self.steps.values()), self.text)


class Conversations:
    """Answers what people say."""

    def __init__(
        self,
        transcript: Transcript,
        people: People,
        desk: Desk,
        drawing: Drawing,
        chats: Mapping[str, Chat],
        thinking: Thinking,
        joining: Joining,
        stops: Stops,
    ) -> None:
        self._transcript = transcript
        self._people = people
        self._desk = desk
        self._drawing = drawing
        self._chats = chats
        self._thinking = thinking
        self._stops = stops
        subscribing = Subscribing(desk, drawing.base)
        self._private: dict[str, Callable[[Actor, str], Awaitable[OutMessage]]] = {
            "link": lambda actor, _: joining.link(actor),
            "invite": joining.invite,
            "login": lambda actor, _: joining.login(actor),
            "subscribe": subscribing.subscribe,
            "export": subscribing.export,
        }
        """Commands whose answers are for one person alone."""

    async def turn(self, conversation_id: str) -> datetime | None:
        """Answer the oldest unanswered messages of one member here; returns when to look again, or None."""
        waiting = await self._transcript.unhandled(conversation_id)
        if not waiting:
            return None
        burst = _burst(waiting)
        place = await self.place(conversation_id)
        chat = self._chats[place.chat]
        actor = await self._people.actor(burst[0].member_id)
        if not await self._transcript.has(conversation_id, f"{burst[0].id}:end"):
            try:
                await self._answer(chat, place, actor, burst)
            finally:
                await chat.progress(place, None)
        await self._transcript.handled([one.id for one in burst])
        return self._desk.clock.now() if len(burst) < len(waiting) else None

    async def place(self, conversation_id: str) -> Place:
        """Where a conversation is."""
        return await place_of(self._transcript, conversation_id)

    async def _answer(self, chat: Chat, place: Place, actor: Actor, burst: Sequence[Waiting]) -> None:
        scene = _Scene()
        key = burst[0].id
        command = command_of(burst[0].said.text) if len(burst) == 1 else ""
        try:
            if command:
                await self._command(chat, place, actor, burst[0], command)
                return
            await self._desk.posts.drop_unfinished(actor, f"event:{key}")
            with self._stops.running(place.conversation_id) as stop:
                async with aclosing(_until(stop, self._events(actor, place, burst))) as events:
                    async for event in events:
                        await self._show(chat, place, actor, scene, event, key)
        except Stopped:
            await chat.post(place, OutMessage(STOPPED), key=f"{key}:end")
        except ContentError as error:
            await chat.post(place, OutMessage(error.message), key=f"{key}:end")
        except Exception:
            failure = new_id("failure")
            log.exception("turn.failed", extra={"failure": failure, "conversation": place.conversation_id})
            sentence = (
                f"Something broke on my side ({failure}); what is done stands. Try again, or tell whoever runs me."
            )
            await chat.post(place, OutMessage(sentence), key=f"{key}:end")

    async def _command(self, chat: Chat, place: Place, actor: Actor, waiting: Waiting, name: str) -> None:
        """Answer a command; what is for one person alone is told in private, whoever else reads here."""
        key = f"{waiting.id}:end"
        private = self._private.get(name)
        if private is None:
            await chat.post(place, await self._commanded(actor, name), key=key)
            return
        message = await private(actor, words_after(waiting.said.text))
        if place.address == actor.member_id or await self._transcript.reader(place.conversation_id):
            await chat.post(place, message, key=key)
        else:
            await chat.note(place, actor.member_id, message.text)
            await chat.post(place, OutMessage(IN_PRIVATE), key=key)

    async def _commanded(self, actor: Actor, name: str) -> OutMessage:
        """The answer to a command: its card, or what there is to say."""
        if name == STOP:
            return OutMessage(NOTHING.text)  # what ran was stopped before this could be read
        command = COMMANDS.get(name, COMMANDS[HELP])
        words = await self._switched(actor, name)
        card = await self._drawing.draw(command.subject, actor) if command.subject else None
        return OutMessage(words, card) if card else OutMessage(help_text())

    async def _switched(self, actor: Actor, name: str) -> str:
        """Commands that do something; what came of it."""
        if name == HOLD:
            await self._desk.guards.switch.hold(actor)
            return HELD
        return let_go_words(await self._desk.guards.switch.release(actor)) if name == RELEASE else ""

    async def _events(self, actor: Actor, place: Place, burst: Sequence[Waiting]) -> AsyncGenerator[TurnEvent, None]:
        text = "\n\n".join(one.said.text for one in burst)
        images = tuple(image for one in burst for image in one.said.images)
        selected = await self._selected(actor, burst)
        briefing = await self._thinking.briefer.brief(actor, text, selected=selected, images=images)
        context = TurnContext(
            desk=self._desk,
            recall=self._thinking.recall,
            actor=actor,
            conversation_id=place.conversation_id,
            said_in=f"event:{burst[0].id}",
            selected=selected,
            images=images,
            briefing=briefing,
        )
        async with aclosing(self._thinking.turns.run(place.conversation_id, text, context)) as events:
            async for event in events:
                yield event

    async def _selected(self, actor: Actor, burst: Sequence[Waiting]) -> int:
        """The number of the post a message answers to; 0: none."""
        for one in reversed(burst):
            kind, _, name = one.said.reply_to.partition(":")
            if kind == "post":
                try:
                    return (await self._desk.posts.view(actor.workspace_id, name)).number
                except NotFound:
                    continue
        return 0

    async def _show(self, chat: Chat, place: Place, actor: Actor, scene: _Scene, event: TurnEvent, key: str) -> None:
        match event:
            case Said(text, choices):
                offered = tuple(Choice(one["label"], one["say"]) for one in choices)
                await chat.post(place, OutMessage(text, choices=offered), key=f"{key}:end")
                return
            case Doing(call_id, words):
                scene.text = ""
                scene.steps[call_id] = Step(words)
            case Did(call_id, shown):
                scene.steps[call_id] = Step(scene.steps[call_id].words, done=True)
                if shown and shown not in scene.shown:
                    scene.shown.append(shown)
                    await self._show_card(chat, place, actor, shown, f"{key}:{shown}")
            case _:
                scene.text = event.text
        await chat.progress(place, scene.progress())

    async def _show_card(self, chat: Chat, place: Place, actor: Actor, subject: str, key: str) -> None:
        card = await self._drawing.draw(subject, actor)
        if card is not None:
            await chat.post(place, OutMessage(card=card), key=key)


def _burst(waiting: Sequence[Waiting]) -> list[Waiting]:
    """The first messages that one member sent in a row; but that everything be held goes before all else."""
    urgent = [one for one in waiting if command_of(one.said.text) == HOLD]
    if urgent:
        return urgent[:1]
    first = waiting[0].member_id
    count = next((index for index, one in enumerate(waiting) if one.member_id != first), len(waiting))
    return list(waiting[:count])


async def _until(stop: asyncio.Event, events: AsyncGenerator[TurnEvent, None]) -> AsyncGenerator[TurnEvent, None]:
    """The events, until somebody wants it stopped.

    Raises:
        Stopped: somebody does.
    """
    stopping = asyncio.ensure_future(stop.wait())
    coming: asyncio.Future[TurnEvent | None] | None = None
    try:
        while True:
            coming = asyncio.ensure_future(anext(events, None))
            await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stop.is_set():
                raise Stopped
            event = coming.result()
            if event is None:
                return
            yield event
    finally:
        stopping.cancel()
        if coming is not None and not coming.done():  # what is being waited for must end before it can be closed
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
        await events.aclose()
