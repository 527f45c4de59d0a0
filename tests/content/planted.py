"""Rows that tests plant, so that a rule about counting or remembering needs no whole way from draft to sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from cryptography.fernet import Fernet

from content import contents
from content.accounts import Accounts
from content.database import Database
from content.errors import PlatformError, Problem
from content.ids import new_id
from content.models import (
    Account,
    Approval,
    Conversation,
    Delivery,
    DeliveryState,
    Member,
    Part,
    Post,
    PostState,
    Result,
    Revision,
    Role,
    Variant,
    Workspace,
)
from content.people import Actor
from content.platform import (
    Access,
    Content,
    Json,
    Limits,
    MediaBytes,
    Numbers,
    PartContent,
    Platform,
    Prepared,
    Published,
    RenderedPart,
    Rendering,
    Spec,
)
from content.sealing import Sealer
from content.times import Clock

ZONE = "Europe/Berlin"
SEALER = Sealer([Fernet.generate_key()])
LIMITS = Limits(500, "characters", 4, 1_000_000, frozenset({"image/png"}), 100)
_numbers = count(1)


class Silent:
    """A platform that tells no numbers."""

    spec = Spec("silent", "Silent", LIMITS)

    def render(self, content: Content, access: Access) -> Rendering:
        parts = tuple(RenderedPart(part.text, len(part.text)) for part in content.parts)
        return Rendering(self.spec.name, self.spec.label, access.handle, LIMITS, parts)

    def problems(self, rendering: Rendering) -> list[Problem]:
        return []

    async def prepare(self, rendering: Rendering, access: Access, media: MediaBytes, handles: Json) -> Prepared:
        raise AssertionError("nothing is published here")

    async def commit(self, prepared: Prepared, part: int, key: str, earlier: Sequence[Published]) -> Published:
        raise AssertionError("nothing is published here")


@dataclass
class Telling(Silent):
    """A platform that tells the numbers a test gives it, by remote id."""

    posts: dict[str, Numbers] = field(default_factory=dict)
    crowd: int | None = None
    trouble: PlatformError | None = None
    crowd_trouble: PlatformError | None = None
    asked: int = 0
    crowd_asked: int = 0

    spec = Spec("telling", "Telling", LIMITS)

    async def numbers(self, published: Sequence[Published], access: Access) -> Mapping[str, Numbers]:
        self.asked += 1
        if self.trouble:
            raise self.trouble
        return {one.remote_id: self.posts[one.remote_id] for one in published if one.remote_id in self.posts}

    async def followers(self, access: Access) -> int | None:
        self.crowd_asked += 1
        if self.crowd_trouble:
            raise self.crowd_trouble
        return self.crowd


@dataclass
class Desk:
    """A workspace with an owner, and a hand to plant things in it."""

    db: Database
    clock: Clock
    actor: Actor
    telling: Telling
    platforms: dict[str, Platform]

    @property
    def workspace_id(self) -> str:
        return self.actor.workspace_id

    @property
    def accounts(self) -> Accounts:
        return Accounts(self.db, self.clock, self.platforms, SEALER)

    async def viewer(self) -> Actor:
        """A member who may only look."""
        return await plant_member(self.db, self.clock, self.workspace_id, Role.VIEWER)

    async def account(self, handle: str = "anna", platform: str = "telling") -> str:
        row = Account(
            id=new_id("account"),
            workspace_id=self.workspace_id,
            platform=platform,
            remote_id=handle,
            handle=handle,
            server="",
            facts={},
            sealed=SEALER.seal({}),
            connected_by=self.actor.member_id,
            connected_at=self.clock.now(),
        )
        async with self.db.writing() as session:
            session.add(row)
        return row.id

    async def conversation(self) -> str:
        row = Conversation(
            id=new_id("conversation"),
            workspace_id=self.workspace_id,
            chat="web",
            place=new_id("place"),
            created_at=self.clock.now(),
        )
        async with self.db.writing() as session:
            session.add(row)
        return row.id

    async def post(self, *parts: str, on: Sequence[str], state: PostState = PostState.APPROVED, brief: str = "") -> str:
        """A post with one variant on each account, not delivered anywhere."""
        now, number = self.clock.now(), next(_numbers)
        post = Post(
            id=new_id("post"),
            workspace_id=self.workspace_id,
            number=number,
            author_id=self.actor.member_id,
            brief=brief,
            state=state,
            created_at=now,
        )
        revision = Revision(
            id=new_id("revision"), post_id=post.id, number=1, author_id=self.actor.member_id, created_at=now
        )
        content = Content(tuple(PartContent(part) for part in parts))
        async with self.db.writing() as session:
            for row in (post, revision):
                session.add(row)
                await session.flush()
            session.add_all(
                Variant(
                    id=new_id("variant"),
                    revision_id=revision.id,
                    account_id=account,
                    content=contents.kept(content),
                    digest=contents.digest(account, content),
                )
                for account in on
            )
        return post.id

    async def delivery(
        self,
        post_id: str,
        account_id: str,
        state: DeliveryState,
        *,
        sent_at: datetime | None = None,
        due_at: datetime | None = None,
        approved: bool = True,
        parts: Sequence[str] = (),
    ) -> str:
        """The post on one account, in any state; `parts` are the remote ids of those that are public."""
        row = Delivery(
            id=new_id("delivery"),
            workspace_id=self.workspace_id,
            post_id=post_id,
            account_id=account_id,
            state=DeliveryState.WAITING,
            due_at=due_at,
        )
        async with self.db.writing() as session:
            session.add(row)
            await session.flush()
            if approved:
                yes = Approval(
                    id=new_id("approval"),
                    delivery_id=row.id,
                    digest="",
                    member_id=self.actor.member_id,
                    button="test",
                    decided_at=self.clock.now(),
                )
                session.add(yes)
                row.approval_id = yes.id
            row.state, row.sent_at = state, sent_at
            session.add_all(
                Part(
                    id=new_id("part"),
                    delivery_id=row.id,
                    position=position,
                    key=new_id("key"),
                    remote_id=remote_id,
                    facts={},
                    sent_at=self.clock.now(),
                )
                for position, remote_id in enumerate(parts)
            )
        return row.id

    async def sent(self, text: str, account_id: str, at: datetime | None = None, parts: Sequence[str] = ()) -> str:
        """A post that went out on one account; the delivery's id."""
        post = await self.post(text, on=[account_id])
        return await self.delivery(
            post, account_id, DeliveryState.SENT, sent_at=at or self.clock.now(), parts=parts or (new_id("remote"),)
        )

    async def counted(self, delivery_id: str, numbers: Numbers) -> None:
        async with self.db.writing() as session:
            session.add(
                Result(
                    id=new_id("result"),
                    delivery_id=delivery_id,
                    taken_at=self.clock.now(),
                    likes=numbers.likes,
                    replies=numbers.replies,
                    reposts=numbers.reposts,
                    views=numbers.views,
                )
            )


async def plant_member(db: Database, clock: Clock, workspace_id: str, role: Role) -> Actor:
    row = Member(id=new_id("member"), workspace_id=workspace_id, name="Vera", role=role, created_at=clock.now())
    async with db.writing() as session:
        session.add(row)
    return Actor(workspace_id, row.id, row.name, role, ZONE)


async def plant_desk(db: Database, clock: Clock) -> Desk:
    """A workspace in Berlin, its owner, and two platforms: one that tells numbers and one that does not."""
    row = Workspace(id=new_id("workspace"), name="Desk", zone=ZONE, created_at=clock.now())
    async with db.writing() as session:
        session.add(row)
    owner = await plant_member(db, clock, row.id, Role.OWNER)
    telling = Telling()
    return Desk(db, clock, owner, telling, {"telling": telling, "silent": Silent()})
