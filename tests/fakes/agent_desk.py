"""A desk that one can talk to: services over fake platforms, the real graph with a scripted model, a recording chat."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import ToolMessage
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from agent.briefer import Briefer
from agent.graph import TurnContext, build_graph
from agent.turn import TurnLimits, Turns
from bot.actions import Actions
from bot.broke_news import BrokeNews
from bot.chat import Action, Answer, Button, Card, Chat, Place
from bot.conversation import Conversations, Thinking
from bot.drawing import Drawing
from bot.joining import Joining
from bot.late_news import LateNews
from bot.notify import Notify
from bot.planned import Planned
from bot.reviewing import Reviewing
from bot.series_news import SeriesNews
from bot.stopping import Stops
from bot.telling import Telling
from content.agenda import Agenda
from content.copies import Copies
from content.daily import Daily
from content.database import Database
from content.deliveries import Deliveries
from content.desk import Desk as Services
from content.goals import Goals
from content.identities import Identities
from content.jobs import Handler, Jobs
from content.late import Late
from content.people import Actor
from content.plans import Plans
from content.removal import Removal
from content.reports import Reports
from content.research import Research
from content.results import Results
from content.series import SeriesOfPosts
from content.slots import Slots
from content.subscriptions import Subscriptions
from content.sweeping import BROKE, Sweeping
from content.transcript import Said, Transcript
from content.trends import TrendSource
from content.voice import Voice
from memory.index import VectorIndex
from memory.recall import Recall
from tests.fakes.chat import FakeChat
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk, make_desk
from tests.fakes.embedder import FakeEmbedder
from tests.fakes.model import ScriptedModel
from tests.fakes.platform import FakePlatform
from tests.fakes.trends import FakeSource

LIMITS = TurnLimits(steps=5, time=timedelta(seconds=20))
REVIEWING = ("review", "remind", "expire", "expired", "changes")
_events = count(1)


@dataclass
class AgentDesk:
    """Everything a test may want to look at or to press."""

    base: Desk
    services: Services
    recall: Recall
    transcript: Transcript
    chat: FakeChat
    chats: dict[str, Chat]
    telling: Telling
    saver: AsyncSqliteSaver
    model: BaseChatModel
    briefer: Briefer
    turns: Turns
    conversations: Conversations
    drawing: Drawing
    notify: Notify
    actions: Actions
    stops: Stops
    jobs: Jobs
    sweeping: Sweeping
    handlers: dict[str, Handler]
    place: Place

    @property
    def db(self) -> Database:
        return self.base.db

    @property
    def clock(self) -> FakeClock:
        return self.base.clock

    @property
    def actor(self) -> Actor:
        return self.base.actor

    @property
    def script(self) -> ScriptedModel:
        assert isinstance(self.model, ScriptedModel)
        return self.model

    async def open(self, address: str, chat: str = "") -> Place:
        """Another conversation."""
        name = chat or self.chat.name
        conversation = await self.transcript.open(self.actor.workspace_id, name, address)
        return Place(conversation, self.actor.workspace_id, name, address)

    async def say(self, text: str, place: Place | None = None, actor: Actor | None = None, **more: Any) -> None:
        """Somebody says something; nothing has answered yet."""
        where = (place or self.place).conversation_id
        await self.transcript.say(actor or self.actor, where, Said(f"event {next(_events)}", text, **more))

    async def talk(self, text: str, place: Place | None = None, actor: Actor | None = None, **more: Any) -> str:
        """Somebody says something, everything due is done: the last words of the desk."""
        await self.say(text, place, actor, **more)
        await self.jobs.run_all()
        return self.chat.texts[-1]

    async def press(
        self, verb: str, thing: str, revision: int = 0, actor: Actor | None = None, /, **form: str
    ) -> Answer:
        """A button is pressed, and what follows is done."""
        action = Action(self.place, actor or self.actor, verb, thing, revision, form)
        answer = await self.actions.press(action)
        await self.jobs.run_all()
        return answer

    async def push(self, button: Button, actor: Actor | None = None, /, **form: str) -> Answer:
        """A button that a card shows is pressed."""
        return await self.press(button.verb, button.id, button.revision, actor, **form)

    async def card(self, number: int = 0) -> Card:
        """The card of a post as it is now; 0: of the newest."""
        post = await self.services.posts.numbered(self.actor.workspace_id, number)
        card = await self.drawing.draw(f"post:{post.id}", self.actor)
        assert card is not None
        return card

    def tool_answers(self) -> list[str]:
        """What the tools told the model last, in order."""
        asked = self.script.asked[-1]
        return [message.text for message in asked if isinstance(message, ToolMessage)]

    async def context(self, text: str = "hello", actor: Actor | None = None, **more: Any) -> TurnContext:
        """What a turn would know here and now."""
        who = actor or self.actor
        return TurnContext(
            desk=self.services,
            recall=self.recall,
            actor=who,
            conversation_id=self.place.conversation_id,
            said_in="event:1",
            briefing=await self.briefer.brief(who, text),
            **more,
        )


@asynccontextmanager
async def open_saver(folder: Path) -> AsyncIterator[AsyncSqliteSaver]:
    """The conversation store as the product opens it: strict about what it reads back."""
    async with aiosqlite.connect(folder / "conversations.db") as connection:
        await connection.execute("PRAGMA journal_mode=WAL")
        await connection.execute("PRAGMA synchronous=OFF")
        saver = AsyncSqliteSaver(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        await saver.setup()
        yield saver


@asynccontextmanager
async def agent_desk(
    db: Database,
    clock: FakeClock,
    folder: Path,
    model: BaseChatModel | None = None,
    *,
    platforms: Sequence[FakePlatform] | None = None,
    sources: Sequence[TrendSource] = (),
    limits: TurnLimits = LIMITS,
    token_budget: int = 100_000,
) -> AsyncIterator[AgentDesk]:
    """A desk in Berlin with one account on each fake platform, by default one of 100 characters called “Fake”."""
    chosen = model or ScriptedModel()
    base = await make_desk(db, clock, folder, *([FakePlatform(clock)] if platforms is None else platforms))
    async with open_saver(folder) as saver:
        desk = await _wired(base, _services(base, sources), chosen, saver, folder, limits, token_budget)
        await desk.jobs.run_all()
        yield desk


def _services(base: Desk, sources: Sequence[TrendSource]) -> Services:
    named: Mapping[str, TrendSource] = {one.name: one for one in sources or [FakeSource()]}
    return Services(
        clock=base.clock,
        accounts=base.accounts,
        consents=base.consents,
        media=base.media,
        posts=base.posts,
        approvals=base.approvals,
        schedule=base.schedule,
        goals=Goals(base.db, base.clock),
        results=Results(base.db, base.clock, base.platforms, base.accounts),
        reports=Reports(base.db, base.clock),
        removal=Removal(base.db, base.clock, base.platforms, base.accounts),
        research=Research(base.db, base.clock, named),
        voice=Voice(base.db, base.clock),
        plans=Plans(base.db, base.clock),
        slots=Slots(base.db, base.clock, base.platforms),
        late=Late(base.db, base.clock, base.platforms, base.schedule),
        daily=Daily(base.db, base.clock, base.platforms),
        series=SeriesOfPosts(base.db, base.clock, base.platforms),
        agenda=Agenda(base.db, base.clock, base.platforms),
        subscriptions=Subscriptions(base.db, base.clock, base.sealer),
        copies=Copies(base.db, base.clock, base.platforms),
        guards=base.guards,
    )


async def _quiet(_subject: str) -> None:
    """What would be said in private at the end of a day, between what a test looks at."""


async def _wired(
    base: Desk,
    services: Services,
    model: BaseChatModel,
    saver: AsyncSqliteSaver,
    folder: Path,
    limits: TurnLimits,
    token_budget: int,
) -> AgentDesk:
    db, clock = base.db, base.clock
    transcript, deliveries, drawing = (
        Transcript(db, clock),
        Deliveries(db),
        Drawing(services, lambda: "https://desk.example"),
    )
    chat = FakeChat(transcript)
    chats: dict[str, Chat] = {chat.name: chat}
    recall = Recall(db, clock, FakeEmbedder(), VectorIndex(db, folder / "index"))
    briefer = Briefer(services, recall, guided=False)
    graph = build_graph(model, reads_text=True, token_budget=token_budget, checkpointer=saver)
    turns = Turns(graph, saver, limits)
    thinking = Thinking(turns=turns, briefer=briefer, recall=recall)
    stops = Stops()
    joining = Joining(Identities(db, clock), {}, base.people.invite)
    conversations = Conversations(transcript, base.people, services, drawing, chats, thinking, joining, stops)

    async def private(member_id: str) -> Place:
        conversation = await transcript.open(base.actor.workspace_id, chat.name, f"private {member_id}")
        return Place(conversation, base.actor.workspace_id, chat.name, f"private {member_id}")

    telling = Telling(transcript, chats, private)
    notify = Notify(services, base.people, transcript, deliveries, drawing, telling)
    reviewing = Reviewing(services, base.reviews, base.people, transcript, drawing, telling)
    sweeping = Sweeping(db, clock)
    late = LateNews(services, base.people, drawing, telling)
    handlers: dict[str, Handler] = {
        "publish": base.publishing.publish,
        "collect": services.results.collect,
        "consent": base.consents.expire,
        "redraw": notify.redraw,
        "notify": notify.notify,
        "daily": _quiet,
        "late": late.late,
        "late_dropped": late.dropped,
        BROKE: BrokeNews(sweeping, telling).tell,
        "plan": Planned(services.plans, base.people, transcript, telling).run,
        "series": services.series.step,
        "series_news": SeriesNews(services, base.people, drawing, telling).tell,
        "turn": conversations.turn,
        "learn": recall.learn,
        **{kind: getattr(reviewing, kind) for kind in REVIEWING},
    }
    where = await transcript.open(base.actor.workspace_id, chat.name, "room")
    return AgentDesk(
        base=replace(base, jobs=Jobs(db, clock, handlers)),
        services=services,
        recall=recall,
        transcript=transcript,
        chat=chat,
        chats=chats,
        telling=telling,
        saver=saver,
        model=model,
        briefer=briefer,
        turns=turns,
        conversations=conversations,
        drawing=drawing,
        notify=notify,
        actions=Actions(services, base.tracing),
        stops=stops,
        sweeping=sweeping,
        jobs=Jobs(db, clock, handlers),
        handlers=handlers,
        place=Place(where, base.actor.workspace_id, chat.name, "room"),
    )


Opens = Callable[..., Awaitable[AgentDesk]]


@pytest.fixture
async def opens(db: Database, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Opens]:
    """Opens a desk that one can talk to, as `agent_desk` does; closed after the test."""
    async with AsyncExitStack() as stack:

        async def opened(model: BaseChatModel | None = None, **how: Any) -> AgentDesk:
            return await stack.enter_async_context(agent_desk(db, clock, tmp_path, model, **how))

        yield opened
