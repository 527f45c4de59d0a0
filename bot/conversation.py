"""From a message to its answer: the turn runs, the chat sees it happen, and what was said is marked answered.

The handler of `turn` jobs. A job's lane is its conversation, so one conversation is handled one turn at a time, in order.
What came in while a turn ran, or within the same breath, is one turn.
"""

import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

from agent.briefer import Briefer
from agent.events import Did, Doing, Said, TurnEvent
from agent.graph import TurnContext
from agent.turn import Turns
from bot.chat import Chat, Choice, OutMessage, Place, Progress, Step
from bot.commands import COMMANDS, HELP, command_of, help_text
from bot.drawing import Drawing
from content.desk import Desk
from content.errors import ContentError, NotFound
from content.ids import new_id
from content.people import Actor, People
from content.transcript import Transcript, Waiting
from memory.recall import Recall

log = logging.getLogger(__name__)


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
    ) -> None:
        self._transcript = transcript
        self._people = people
        self._desk = desk
        self._drawing = drawing
        self._chats = chats
        self._thinking = thinking

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
        workspace_id, chat, address = await self._transcript.address(conversation_id)
        return Place(conversation_id, workspace_id, chat, address)

    async def _answer(self, chat: Chat, place: Place, actor: Actor, burst: Sequence[Waiting]) -> None:
        scene = _Scene()
        key = burst[0].id
        command = command_of(burst[0].said.text) if len(burst) == 1 else ""
        if command:
            await chat.post(place, await self._commanded(actor, command), key=f"{key}:end")
            return
        try:
            await self._desk.posts.drop_unfinished(actor, f"event:{key}")
            async with aclosing(self._events(actor, place, burst)) as events:
                async for event in events:
                    await self._show(chat, place, actor, scene, event, key)
        except ContentError as error:
            await chat.post(place, OutMessage(error.message), key=f"{key}:end")
        except Exception:
            failure = new_id("failure")
            log.exception("turn.failed", extra={"failure": failure, "conversation": place.conversation_id})
            sentence = (
                f"Something broke on my side ({failure}); what is done stands. Try again, or tell whoever runs me."
            )
            await chat.post(place, OutMessage(sentence), key=f"{key}:end")

    async def _commanded(self, actor: Actor, name: str) -> OutMessage:
        """The answer to a command: its card, or what there is to say."""
        command = COMMANDS.get(name, COMMANDS[HELP])
        card = await self._drawing.draw(command.subject, actor) if command.subject else None
        return OutMessage(card=card) if card else OutMessage(help_text())

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
    """The first messages that one member sent in a row."""
    first = waiting[0].member_id
    count = next((index for index, one in enumerate(waiting) if one.member_id != first), len(waiting))
    return list(waiting[:count])
