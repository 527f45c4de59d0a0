"""Builds every object and hands them to each other. Read this first: it is the map of the program.

`build` makes what a page needs to answer. `think` loads the language model's libraries, which take seconds of CPU, and
`tick` the scheduler; they are called in the background once the port is open, as is `app/chats.py`. Only in these two
modules may imports stand inside functions.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from app.fuse import KernelFuse
from app.schema import newest, version
from app.settings import Settings
from app.talking import Rows, Talking, build_talking
from app.ticks import Ticks
from bot.actions import Actions
from bot.broke_news import BrokeNews
from bot.chat import Chat
from bot.copy_news import CopyNews
from bot.daily_line import DailyLine
from bot.drawing import Drawing
from bot.late_news import LateNews
from bot.login_news import LoginNews
from bot.notify import Notify
from bot.outward import EveryChat
from bot.planned import Planned
from bot.reviewing import Reviewing
from bot.series_news import SeriesNews
from bot.stopping import Stops
from bot.strayed import Strayed
from bot.telling import Telling
from bot.webchat.chat import WebChat
from content.accounts import Accounts
from content.agenda import Agenda, Event
from content.approvals import Approvals
from content.consents import Consents
from content.copies import Copies
from content.daily import Daily
from content.database import Database
from content.deliveries import Deliveries
from content.desk import Desk
from content.errors import Invalid
from content.goals import Goals
from content.guards import Guards
from content.jobs import PUBLISH, Handler, Jobs
from content.late import Late
from content.media import MediaStore
from content.people import People
from content.plans import Plans
from content.platform import Platform
from content.posts import Posts
from content.publishing import Publishing, unfused
from content.receiving import Receiver
from content.removal import Removal
from content.reports import Reports
from content.research import Research
from content.results import Results
from content.reviews import Reviews
from content.schedule import Schedule
from content.sealing import Sealer, keys_of
from content.series import SeriesOfPosts
from content.slots import Slots
from content.subscriptions import Subscriptions
from content.sweeping import BROKE, Sweeping
from content.times import Clock, SystemClock
from content.tracing import Tracing
from content.transcript import Transcript
from content.voice import Voice
from content.wording import Composer
from integrations import PLATFORMS, Deps
from integrations.http import Http
from integrations.trends import SOURCES
from web.parts import Parts
from web.site import make_site

if TYPE_CHECKING:
    from app.shared import Shared

NOT_READY = timedelta(milliseconds=300)
HEAVY = (
    "numpy",
    "openai",
    "langchain_core.language_models",
    "langchain_openai",
    "langgraph.graph",
    "memory.recall",
    "agent.turn",
    "app.models",
    "bot.conversation",
)
"""Imported in a thread, so that pages go on being answered, and one by one, so that a desk that is stopped meanwhile ends soon."""


@dataclass
class App:
    """The running program's parts."""

    settings: Settings
    clock: Clock
    db: Database
    http: Http
    platforms: Mapping[str, Platform]
    people: People
    desk: Desk
    publishing: Publishing
    tracing: Tracing
    sweeping: Sweeping
    transcript: Transcript
    drawing: Drawing
    webchat: WebChat
    chats: dict[str, Chat]
    stops: Stops
    talking: Talking
    sealer: Sealer
    receivers: dict[str, Receiver] = field(default_factory=dict)
    """Who reads what chats deliver to `/hooks/…`, by chat."""
    port: int = 0
    """Where the desk listens, once it does."""
    handlers: dict[str, Handler] = field(default_factory=dict)
    """By kind of job; those that need the model are filled in by `think`."""
    model_words: str = "My model is still loading."
    closing: AsyncExitStack = field(default_factory=AsyncExitStack)
    """What `think` opened, to be given back."""

    def __post_init__(self) -> None:
        self.jobs = Jobs(self.db, self.clock, self.handlers)
        self.ticks = Ticks(self.jobs, self.sweeping.sweep)
        self.site = make_site(
            Parts(
                people=self.people,
                accounts=self.desk.accounts,
                consents=self.desk.consents,
                media=self.desk.media,
                agenda=self.desk.agenda,
                subscriptions=self.desk.subscriptions,
                clock=self.clock,
                as_ical=_as_ical,
                talk=self.webchat,
                about=lambda: self.model_words,
                ailments=self.ailments,
                receivers=self.receivers,
                public_url=self.settings.public_url,
            )
        )

    async def ailments(self) -> list[str]:
        """What keeps the desk from working, in words, for the health page."""
        try:
            await self.jobs.next_at()
        except SQLAlchemyError as broken:
            return [f"The database does not answer: {type(broken).__name__}."]
        return []

    @property
    def base(self) -> str:
        """The address of the desk's page, without a slash at its end."""
        return self.settings.public_url.rstrip("/") or f"http://127.0.0.1:{self.port}"

    async def close(self) -> None:
        """Give everything back, in reverse order."""
        await self.webchat.close()
        await self.talking.close()
        await self.closing.aclose()
        await self.db.close()


def build(settings: Settings, clock: Clock | None = None, *, fused: bool = False) -> App:
    """Everything but the model, in well under a second of CPU. `fused`: a pause that outlasts a lease ends the process.

    Raises:
        Invalid: the data folder cannot be used.
    """
    clock = clock or SystemClock()
    make_folder(settings.data_dir)
    db = Database(settings.database, clock)
    http = Http(clock=clock, allowed_private_hosts=settings.private_hosts)
    deps = Deps(http=http, clock=clock, folder=settings.data_dir / "posts", given=settings.given)
    platforms: Mapping[str, Platform] = {name: make(deps) for name, make in PLATFORMS.items()}
    sealer = Sealer(keys_of(settings.data_dir / "sealing.key"))
    desk = _desk(db, clock, http, platforms, settings, sealer)
    tracing, fuse = Tracing(db, clock, platforms, desk.accounts), KernelFuse().lit if fused else unfused
    people, transcript, stops = People(db, clock), Transcript(db, clock), Stops()
    drawing = Drawing(desk, lambda: app.base)
    actions = Actions(desk, tracing)
    webchat = WebChat(transcript, clock, drawing.draw, actions.press, desk.schedule.calendar, stops)
    chats = EveryChat(transcript)
    chats[webchat.name] = webchat
    rows = Rows(db, clock, sealer, people, transcript, desk)
    app = App(
        settings=settings,
        clock=clock,
        db=db,
        http=http,
        platforms=platforms,
        people=people,
        desk=desk,
        publishing=Publishing(
            db, clock, platforms, desk.accounts, desk.media, tracing, fuse=fuse, dry=settings.dry_run
        ),
        tracing=tracing,
        sweeping=Sweeping(db, clock),
        transcript=transcript,
        drawing=drawing,
        webchat=webchat,
        chats=chats,
        stops=stops,
        talking=build_talking(rows, drawing, actions, stops, chats, lambda: app.base),
        sealer=sealer,
    )
    app.handlers |= _handlers(app)
    db.wake = app.ticks.wake
    return app


def _handlers(app: App) -> dict[str, Handler]:
    """Who does each kind of job."""
    telling = Telling(app.transcript, app.chats, app.talking.whereabouts.private)
    notify = Notify(app.desk, app.people, app.transcript, Deliveries(app.db), app.drawing, telling)
    late = LateNews(app.desk, app.people, app.drawing, telling)
    reviewing = Reviewing(app.desk, Reviews(app.db, app.clock), app.people, app.transcript, app.drawing, telling)
    return {
        PUBLISH: app.publishing.publish,
        "collect": app.desk.results.collect,
        "redraw": notify.redraw,
        "daily": DailyLine(app.desk, app.people, telling).daily,
        "late": late.late,
        "late_dropped": late.dropped,
        "notify": notify.notify,
        "ending": LoginNews(app.desk.accounts, app.people, app.drawing, telling).ending,
        "consent": app.desk.consents.expire,
        "series": app.desk.series.step,
        "series_news": SeriesNews(app.desk, app.people, app.drawing, telling).tell,
        "restored": CopyNews(app.desk, app.people, app.transcript, app.drawing, telling).restored,
        "review": reviewing.review,
        "remind": reviewing.remind,
        "expire": reviewing.expire,
        "expired": reviewing.expired,
        "changes": reviewing.changes,
        BROKE: BrokeNews(app.sweeping, telling).tell,
        "plan": Planned(app.desk.plans, app.people, app.transcript, telling).run,
        "arrive": app.talking.arrivals.arrive,
        "carry": app.talking.carrier.carry,
        "strayed": Strayed(app.talking.carrying, app.people, telling).strayed,
        "tidy": app.talking.inbox.tidy,
        "turn": _not_ready(app.clock),
        "learn": _not_ready(app.clock),
    }


def _desk(
    db: Database,
    clock: Clock,
    http: Http,
    platforms: Mapping[str, Platform],
    settings: Settings,
    sealer: Sealer,
) -> Desk:
    accounts, schedule = Accounts(db, clock, platforms, sealer), Schedule(db, clock, platforms)
    return Desk(
        clock=clock,
        accounts=accounts,
        consents=Consents(db, clock, accounts, sealer),
        media=MediaStore(db, clock, settings.data_dir / "media"),
        posts=Posts(db, clock, platforms, Composer(db, platforms, accounts)),
        approvals=Approvals(db, clock, platforms),
        schedule=schedule,
        late=Late(db, clock, platforms, schedule),
        daily=Daily(db, clock, platforms),
        goals=Goals(db, clock),
        results=Results(db, clock, platforms, accounts),
        reports=Reports(db, clock),
        removal=Removal(db, clock, platforms, accounts),
        research=Research(db, clock, {name: make(http) for name, make in SOURCES.items()}),
        voice=Voice(db, clock),
        plans=Plans(db, clock),
        slots=Slots(db, clock, platforms),
        series=SeriesOfPosts(db, clock, platforms),
        agenda=Agenda(db, clock, platforms),
        subscriptions=Subscriptions(db, clock, sealer),
        copies=Copies(db, clock, platforms),
        guards=Guards(db, clock, platforms, dry=settings.dry_run),
    )


def _as_ical(events: Sequence[Event], now: datetime) -> bytes:
    """Its library is loaded when the first calendar program asks."""
    from content.agenda_ical import as_ical

    return as_ical(events, now)


def _not_ready(clock: Clock) -> Handler:
    """Until the model's libraries are loaded, what needs them waits in its row."""

    async def wait(_subject: str) -> datetime | None:
        return clock.now() + NOT_READY

    return wait


def make_folder(folder: Path) -> None:
    """Make the data folder, if need be, and see that we may write in it.

    Raises:
        Invalid: it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as broken:
        raise Invalid(
            f"The data folder {folder.absolute()} cannot be used: {broken.strerror}. Make it writable for the user who "
            "starts Copydesk, or set COPYDESK_DATA_DIR to another folder."
        ) from broken


async def bring_up_to_date(app: App) -> None:
    """Migrate the database, if need be.

    Raises:
        Invalid: a newer Copydesk has migrated it already.
    """
    found = await version(app.db)
    if found > newest():
        raise Invalid(
            f"The database was last used by a newer Copydesk (its schema is {found}, this one knows {newest()}). "
            "Install the newer version again, or set COPYDESK_DATA_DIR to another folder."
        )
    if found != newest():
        from content.schema import migrate

        await migrate(app.db)


def tick(app: App) -> None:
    """Let jobs run. Where Celery wakes this process too, it looks by itself only in case that Redis is gone."""
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    app.ticks.start(AsyncIOScheduler(timezone="UTC"), timedelta(seconds=5 if app.settings.scaled else 1))


def share(app: App) -> "Shared":
    """Let this process hear of the others, and tell them. `App.close` ends it; needs the running loop."""
    from app.shared import Shared

    shared = Shared(app)
    app.closing.push_async_callback(shared.close)
    return shared


async def think(app: App) -> None:
    """Load the model and everything that thinks or remembers, then let turns run."""
    for name in HEAVY:
        await asyncio.to_thread(import_module, name)
    from agent.briefer import Briefer
    from agent.graph import build_graph
    from agent.turn import TurnLimits, Turns
    from app.models import embedder_of, model_of, saver_of
    from bot.conversation import Conversations, Thinking
    from memory.index import VectorIndex
    from memory.recall import Recall

    settings = app.settings
    embedder = embedder_of(settings, app.closing)
    recall = Recall(app.db, app.clock, embedder, VectorIndex(app.db, settings.data_dir / "index"))
    saver = await saver_of(settings, app.closing)
    chosen = await model_of(settings, embedder, app.closing)
    graph = build_graph(
        chosen.model, reads_text=not chosen.guided, token_budget=settings.turn_tokens, checkpointer=saver
    )
    limits = TurnLimits(settings.turn_steps, timedelta(seconds=settings.turn_seconds))
    thinking = Thinking(
        turns=Turns(graph, saver, limits), briefer=Briefer(app.desk, recall, guided=chosen.guided), recall=recall
    )
    app.model_words = chosen.words
    app.handlers["turn"] = Conversations(
        app.transcript, app.people, app.desk, app.drawing, app.chats, thinking, app.talking.joining, app.stops
    ).turn
    app.handlers["learn"] = recall.learn
    app.ticks.wake()
