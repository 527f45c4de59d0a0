"""A chat that keeps messages of its own, in memory: what stands there can be looked at, and what goes wrong is chosen."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from app.talking import Rows, Talking, build_talking
from bot.chat import Answer, Card, Choice, Progress
from bot.conversation import Conversations, Thinking
from bot.native import (
    Arrived,
    Arriving,
    Form,
    Gone,
    Happening,
    Heard,
    Opened,
    Outgoing,
    Picture,
    Piece,
    Pressed,
    Sender,
    StopWanted,
)
from bot.native import Native as Port
from bot.strayed import Strayed
from bot.telling import Telling
from content.errors import NotFound
from content.people import Actor
from tests.fakes.agent_desk import AgentDesk

MEANINGS: Mapping[str, type[Any]] = {one.__name__: one for one in (Heard, Pressed, StopWanted, Opened, Arrived, Gone)}


@dataclass
class Standing:
    """One message of the chat as it looks now."""

    address: str
    message: Outgoing
    part: str
    """Which part of the message: `head`, or a preview's status each."""
    edits: int = 0
    plain: bool = False


@dataclass
class FakeNative:
    """Shows a card's title and status in one piece, and each preview's status in another."""

    name: str = "fakechat"
    label: str = "Fakechat"
    breath: timedelta = timedelta(0)
    has_forms: bool = False
    messages: dict[str, Standing] = field(default_factory=dict)
    """By reference, in the order they were sent."""
    notes: list[tuple[str, str, str]] = field(default_factory=list)
    answers: list[tuple[Pressed, Answer]] = field(default_factory=list)
    questions: list[tuple[str, str, str]] = field(default_factory=list)
    """Address, person, words."""
    forms: list[Form] = field(default_factory=list)
    progresses: list[tuple[str, Progress | None]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    """What each send was keyed with, also the failed ones."""
    pictures: dict[str, bytes] = field(default_factory=dict)
    homes: dict[str, Sequence[Card]] = field(default_factory=dict)
    suggested: list[tuple[str, Sequence[Choice]]] = field(default_factory=list)
    teams_left: list[str] = field(default_factory=list)
    faults: defaultdict[str, deque[Exception | None]] = field(default_factory=lambda: defaultdict(deque))
    """By call, what the next ones answer; None: nothing is wrong."""
    lost: bool = False
    """Whether a failing send arrives all the same."""
    _numbers: Any = field(default_factory=lambda: count(1))

    # what goes there

    def render(self, message: Outgoing) -> Sequence[Piece]:
        previews = message.card.previews if message.card else ()
        parts = ["head", *(f"{one.handle}: {one.status}" for one in previews)]
        return [Piece({"message": message, "part": part, "plain": False}, f"{message!r}{part}") for part in parts]

    def plain(self, message: Outgoing) -> Sequence[Piece]:
        return [Piece({"message": message, "part": "head", "plain": True}, f"plain {message!r}")]

    async def send(self, address: str, piece: Piece, key: str) -> str:
        self.keys.append(key)
        failing = bool(self.faults["send"]) and self.faults["send"][0] is not None
        if failing and not self.lost:
            self._fault("send")
        ref = f"{address}#{next(self._numbers)}"
        self.messages[ref] = Standing(address, piece.body["message"], piece.body["part"], plain=piece.body["plain"])
        self._fault("send")
        return ref

    async def edit(self, ref: str, piece: Piece) -> None:
        self._fault("edit")
        if ref not in self.messages:
            raise NotFound("That message is gone.")
        one = self.messages[ref]
        one.message, one.part, one.edits = piece.body["message"], piece.body["part"], one.edits + 1
        one.plain = piece.body["plain"]

    async def remove(self, ref: str) -> None:
        self._fault("remove")
        self.messages.pop(ref, None)

    async def note(self, address: str, remote_id: str, text: str) -> None:
        self._fault("note")
        self.notes.append((address, remote_id, text))

    async def progress(self, address: str, progress: Progress | None, ref: str) -> str:
        self._fault("progress")
        self.progresses.append((address, progress))
        return "" if progress is None else f"{address}#progress"

    async def private(self, remote_id: str) -> str:
        self._fault("private")
        return f"dm-{remote_id}"

    async def called(self, person: Sender) -> str:
        return person.name

    def way_in(self, token: str) -> str:
        return f"In {self.label}, say: link {token}"

    # what comes from there

    def meaning(self, payload: Mapping[str, Any]) -> Happening | None:
        kind = MEANINGS.get(payload["kind"])
        if kind is None:
            return None
        fields = dict(payload["fields"])
        for name in {"sender"} & fields.keys():
            fields[name] = Sender(**fields[name])
        for name, make in (("pictures", Picture), ("mentions", Sender)):
            if name in fields:
                fields[name] = tuple(make(**one) for one in fields[name])
        happening: Happening = kind(**fields)
        return happening

    async def fetch(self, handle: str, to: Path) -> None:
        self._fault("fetch")
        await asyncio.to_thread(to.write_bytes, self.pictures[handle])

    async def answered(self, press: Pressed, answer: Answer) -> None:
        self._fault("answered")
        self.answers.append((press, answer))

    async def open_form(self, press: Pressed, form: Form) -> bool:
        self.forms.append(form)
        return self.has_forms

    async def ask(self, address: str, person: Sender, text: str, reply_to: str = "") -> str:
        self._fault("ask")
        self.questions.append((address, person.remote_id, text))
        return f"{address}#question{len(self.questions)}"

    # its own pages and teams

    async def left(self, home: str) -> None:
        self.teams_left.append(home)

    async def show_home(self, remote_id: str, cards: Sequence[Card], zone: str) -> None:
        self.homes[remote_id] = cards

    async def suggest(self, address: str, choices: Sequence[Choice]) -> None:
        self.suggested.append((address, choices))

    # for tests

    def _fault(self, call: str) -> None:
        if self.faults[call]:
            error = self.faults[call].popleft()
            if error is not None:
                raise error

    def at(self, address: str) -> list[Standing]:
        """What stands at an address, oldest first."""
        return [one for one in self.messages.values() if one.address == address]

    def heads(self, address: str) -> list[str]:
        """The first line of each message there: its words, or its card's title and status."""
        return [_line(one.message) for one in self.at(address) if one.part == "head"]

    def ref(self, text: str) -> str:
        """The reference of the newest message whose first line has these words."""
        found = [ref for ref, one in self.messages.items() if one.part == "head" and text in _line(one.message)]
        return found[-1]


def _line(message: Outgoing) -> str:
    return f"{message.card.title}: {message.card.status}" if message.card and not message.text else message.text


@dataclass
class TalkingDesk:
    """A desk on which people talk in chats that keep messages of their own."""

    desk: AgentDesk
    talking: Talking
    natives: dict[str, FakeNative]
    _numbers: Any = field(default_factory=lambda: count(1))

    @property
    def native(self) -> FakeNative:
        """The first of its chats."""
        return next(iter(self.natives.values()))

    @property
    def telling(self) -> Telling:
        """As the desk's own, for whom these chats know."""
        return Telling(self.desk.transcript, self.desk.chats, self.talking.whereabouts.private)

    def sender(self, remote_id: str = "ann", name: str = "") -> Sender:
        """Somebody there."""
        return Sender(remote_id, name or remote_id.capitalize())

    async def link(self, actor: Actor, remote_id: str, chat: str = "") -> None:
        """That person is this member."""
        await self.talking.identities.attach(actor.member_id, chat or self.native.name, remote_id, remote_id)

    async def deliver(self, happening: Happening, *, chat: str = "", event_id: str = "", lane: str = "") -> str:
        """The chat delivers it; returns its event id. Nothing has acted on it yet."""
        number = next(self._numbers)
        name = event_id or f"event {number}"
        address = getattr(happening, "address", "")
        payload = {"kind": type(happening).__name__, "fields": asdict(happening)}
        arriving = Arriving(name, lane or f"lane {address}", number, payload)
        await self.talking.arrivals.take(chat or self.native.name, arriving)
        return name

    async def run(self) -> None:
        """Everything that is due is done, also what waits for the rest of a breath."""
        until = self.desk.clock.now() + timedelta(seconds=3)
        while (soonest := await self.desk.jobs.next_at()) is not None and soonest <= until:
            self.desk.clock.set(max(soonest, self.desk.clock.now()))
            await self.desk.jobs.run_all()

    async def says(
        self, text: str, remote_id: str = "ann", address: str = "", *, chat: str = "", private: bool = True, **more: Any
    ) -> str:
        """Somebody says something, and everything due is done; returns the event id."""
        where = address or f"dm-{remote_id}"
        heard = Heard(self.sender(remote_id), where, private, more.pop("addressed", True), text, **more)
        event_id = await self.deliver(heard, chat=chat)
        await self.run()
        return event_id

    def button(self, ref: str, verb: str, chat: str = "") -> str:
        """The key of a button that stands in a message."""
        message = self.natives[chat or self.native.name].messages[ref].message
        assert message.card
        buttons = [*message.card.buttons, *(one for each in message.card.previews for one in each.buttons)]
        return next(one.key for one in buttons if one.verb == verb)

    async def presses(
        self, key: str, ref: str = "", remote_id: str = "ann", *, chat: str = "", private: bool = True, **more: Any
    ) -> Answer:
        """Somebody presses a button, and everything due is done: what they were answered."""
        native = self.natives[chat or self.native.name]
        address = native.messages[ref].address if ref else f"dm-{remote_id}"
        press = Pressed(self.sender(remote_id), address, private, key, ref, more.pop("form", None))
        await self.deliver(press, chat=chat, **more)
        await self.run()
        return native.answers[-1][1]


@asynccontextmanager
async def talking_desk(desk: AgentDesk, *natives: FakeNative) -> AsyncIterator[TalkingDesk]:
    """Opens the desk to these chats, wired as in the product; the owner is known in each as `ann`."""
    rows = Rows(desk.db, desk.clock, desk.base.sealer, desk.base.people, desk.transcript, desk.services)
    talking = build_talking(rows, desk.drawing, desk.actions, desk.stops, desk.chats, lambda: "http://desk.example")
    opened = TalkingDesk(desk, talking, {one.name: one for one in natives or [FakeNative()]})
    for native in opened.natives.values():
        checked: Port = native
        await talking.add(checked)
        await opened.link(desk.actor, "ann", native.name)
    thinking = Thinking(turns=desk.turns, briefer=desk.briefer, recall=desk.recall)
    conversations = Conversations(
        desk.transcript,
        desk.base.people,
        desk.services,
        desk.drawing,
        desk.chats,
        thinking,
        talking.joining,
        desk.stops,
    )
    desk.handlers |= {
        "arrive": talking.arrivals.arrive,
        "carry": talking.carrier.carry,
        "tidy": talking.inbox.tidy,
        "strayed": Strayed(talking.carrying, desk.base.people, opened.telling).strayed,
        "turn": conversations.turn,
    }
    yield opened
    await talking.close()
