"""A whole desk on one database, one clock and fake platforms: every service of `content`, wired as in the product."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from cryptography.fernet import Fernet
from sqlalchemy import select

from content.accounts import Accounts, AccountView
from content.approvals import Approvals
from content.consents import Consents
from content.database import Base, Database
from content.guards import Guards
from content.ids import new_id
from content.jobs import Handler, Jobs
from content.media import MediaStore
from content.models import Account, Delivery, DeliveryState, Role
from content.people import Actor, People
from content.platform import Platform
from content.posts import Posts
from content.publishing import Publishing
from content.reviews import Reviews
from content.schedule import Schedule
from content.sealing import Sealer
from content.tracing import Tracing
from content.views import DeliveryView, PostView
from content.wording import Composer, Wording
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform

Row = TypeVar("Row", bound=Base)
QUIET_KINDS = (
    "daily",
    "redraw",
    "notify",
    "collect",
    "learn",
    "review",
    "remind",
    "expired",
    "changes",
    "restored",
    "late",
    "late_dropped",
    "series_news",
)


@dataclass(frozen=True)
class Desk:
    db: Database
    clock: FakeClock
    platforms: Mapping[str, Platform]
    sealer: Sealer
    people: People
    accounts: Accounts
    consents: Consents
    media: MediaStore
    composer: Composer
    posts: Posts
    approvals: Approvals
    schedule: Schedule
    tracing: Tracing
    publishing: Publishing
    reviews: Reviews
    guards: Guards
    jobs: Jobs
    actor: Actor
    told: list[tuple[str, str]] = field(default_factory=list)
    """The kind and subject of every job that ran and only tells or learns something."""

    def news(self) -> list[str]:
        """What people were told, such as `sent` and `failed`, in order."""
        return [subject.split(":")[0] for kind, subject in self.told if kind == "notify"]

    async def run(self) -> int:
        """Everything that is due at the present instant."""
        return await self.jobs.run_all()

    async def wait(self, by: timedelta) -> None:
        """Let time pass, running every job at its moment."""
        until = self.clock.now() + by
        while (soonest := await self.jobs.next_at()) is not None and soonest <= until:
            self.clock.set(max(soonest, self.clock.now()))
            if await self.jobs.run_due() == 0:
                break
        self.clock.set(until)

    async def member(self, role: Role, name: str = "") -> Actor:
        return await self.people.add_member(self.actor, name or role.value.capitalize(), role)

    async def connect(self, platform: str, user: str = "ann") -> AccountView:
        connected = await self.consents.begin(self.actor, platform, {"user": user}, callback_url="")
        assert isinstance(connected, AccountView)
        return connected

    async def connect_bare(self, platform: str) -> str:
        """An account on a platform that knows no logins."""
        async with self.db.writing() as session:
            account = Account(
                id=new_id("account"),
                workspace_id=self.actor.workspace_id,
                platform=platform,
                remote_id="me",
                handle="me",
                server="",
                facts={},
                sealed=self.sealer.seal({"token": "1"}),
                connected_by=self.actor.member_id,
                connected_at=self.clock.now(),
            )
            session.add(account)
            return account.id

    async def draft(self, *texts: str, actor: Actor | None = None, accounts: tuple[str, ...] = ()) -> PostView:
        return await self.posts.draft(actor or self.actor, [Wording(texts or ("Good morning",), accounts)])

    async def approve(self, post: PostView, actor: Actor | None = None) -> PostView:
        return await self.approvals.approve(actor or self.actor, post.id, post.revision, button="press")

    async def planned(self, *texts: str, hours: float = 1) -> PostView:
        """A post that is approved and goes out in some hours."""
        post = await self.draft(*texts)
        await self.due(post, timedelta(hours=hours))
        return await self.approve(post)

    async def due(self, post: PostView, away: timedelta) -> PostView:
        at = (self.clock.now() + away).strftime("%Y-%m-%d %H:%M")
        return (await self.schedule.set(replace(self.actor, zone="UTC"), post.id, at)).post

    async def now(self, *texts: str) -> PostView:
        """A post whose `Post now` was pressed; nothing has run yet."""
        post = await self.draft(*texts)
        return await self.schedule.post_now(self.actor, post.id, post.revision, button="press")

    async def view(self, post: PostView) -> PostView:
        return await self.posts.view(self.actor.workspace_id, post.id)

    async def delivery(self, post: PostView) -> DeliveryView:
        """The post's first delivery as it is now."""
        return (await self.view(post)).deliveries[0]

    async def state(self, post: PostView) -> DeliveryState:
        return (await self.delivery(post)).state

    async def row(self, post: PostView) -> Delivery:
        async with self.db.reading() as session:
            return (await session.scalars(select(Delivery).where(Delivery.post_id == post.id))).first() or Delivery()

    async def rows(self, kind: type[Row]) -> list[Row]:
        async with self.db.reading() as session:
            return list((await session.scalars(select(kind))).all())


async def make_desk(
    db: Database, clock: FakeClock, folder: Path, *platforms: Platform, people: tuple[Role, ...] = ()
) -> Desk:
    """A desk in Berlin, whose owner connected an account on every platform that knows logins."""
    owner = await People(db, clock).open_desk("Europe/Berlin")
    desk = wired(db, clock, folder, {one.spec.name: one for one in platforms}, Sealer([Fernet.generate_key()]), owner)
    start = clock.now()
    for number, platform in enumerate(platforms):
        clock.set(start - timedelta(seconds=len(platforms) - number))  # so that their order is certain
        if isinstance(platform, FakePlatform):
            await desk.connect(platform.spec.name)
    clock.set(start)
    for role in people:
        await desk.member(role)
    return desk


def wired(
    db: Database, clock: FakeClock, folder: Path, named: Mapping[str, Platform], sealer: Sealer, owner: Actor
) -> Desk:
    """Every service on the rows that are there, as another process has them."""
    accounts = Accounts(db, clock, named, sealer)
    media = MediaStore(db, clock, folder / "media")
    composer = Composer(db, named, accounts)
    tracing = Tracing(db, clock, named, accounts)
    publishing = Publishing(db, clock, named, accounts, media, tracing)
    consents = Consents(db, clock, accounts, sealer)
    told: list[tuple[str, str]] = []
    handlers: dict[str, Handler] = {kind: _noting(told, kind) for kind in QUIET_KINDS}
    everyone, reviews = People(db, clock), Reviews(db, clock)
    return Desk(
        db=db,
        clock=clock,
        platforms=named,
        sealer=sealer,
        people=everyone,
        accounts=accounts,
        consents=consents,
        media=media,
        composer=composer,
        posts=Posts(db, clock, named, composer),
        approvals=Approvals(db, clock, named),
        schedule=Schedule(db, clock, named),
        tracing=tracing,
        publishing=publishing,
        reviews=reviews,
        guards=Guards(db, clock, named),
        jobs=Jobs(
            db, clock, {"publish": publishing.publish, "expire": reviews.expire, "consent": consents.expire, **handlers}
        ),
        actor=owner,
        told=told,
    )


def _noting(told: list[tuple[str, str]], kind: str) -> Handler:
    async def note(subject: str) -> datetime | None:
        told.append((kind, subject))
        return None

    return note
