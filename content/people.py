"""Workspaces, members, what each may do, and how a browser proves who it is."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from content.audit import record
from content.database import Database
from content.errors import NotAllowed, NotFound
from content.ids import new_id
from content.models import Member, Role, SignIn, WebSession, Workspace
from content.times import Clock, zone

Right = Literal["read", "draft", "approve", "connect", "manage"]

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.OWNER: frozenset({"read", "draft", "approve", "connect", "manage"}),
    Role.ADMIN: frozenset({"read", "draft", "approve", "connect", "manage"}),
    Role.EDITOR: frozenset({"read", "draft"}),
    Role.APPROVER: frozenset({"read", "approve"}),
    Role.VIEWER: frozenset({"read"}),
    Role.GUEST: frozenset(),
}

APPROVERS = tuple(role for role in Role if "approve" in RIGHTS[role])
"""Whose yes counts, whatever the post."""

_REFUSALS: Mapping[Right, str] = {
    "read": "see this",
    "draft": "draft or change posts",
    "approve": "approve posts",
    "connect": "connect accounts",
    "manage": "change the workspace's settings",
}

UNNAMED = "You"
"""What whoever opened the desk is called, to themselves."""
SIGN_IN_LASTS = timedelta(hours=1)
SESSION_LASTS = timedelta(days=30)


@dataclass(frozen=True)
class Actor:
    """Who asks for something: a member, as every service needs them."""

    workspace_id: str
    member_id: str
    name: str
    role: Role
    zone: str

    def may(self, right: Right) -> bool:
        """Whether the role allows it."""
        return right in RIGHTS[self.role]

    def require(self, right: Right) -> None:
        """Refuse, in words, what the role does not allow.

        Raises:
            NotAllowed: the role lacks the right.
        """
        if not self.may(right):
            raise NotAllowed(
                f"You may not {_REFUSALS[right]}: your role here is {self.role.value}. Ask an owner or admin to do it, "
                "or to change your role."
            )


def token_hash(token: str) -> str:
    """What is stored of a secret that only its holder should have."""
    return hashlib.sha256(token.encode()).hexdigest()


class People:
    """Members and their sign-ins."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def open_desk(self, zone: str, name: str = "My desk") -> Actor:
        """The first workspace's owner; both are made on first run."""
        async with self._db.writing(alone=True) as session:
            member = await session.scalar(select(Member).where(Member.role == Role.OWNER).order_by(Member.created_at))
            if member is None:
                member = await self._found(session, zone, name)
            return await actor_of(session, member)

    async def _found(self, session: AsyncSession, zone: str, name: str) -> Member:
        now = self._clock.now()
        workspace = Workspace(id=new_id("workspace"), name=name, zone=zone, created_at=now)
        member = Member(id=new_id("member"), workspace_id=workspace.id, name=UNNAMED, role=Role.OWNER, created_at=now)
        session.add(workspace)
        await session.flush()
        session.add(member)
        await session.flush()
        record(session, workspace_id=workspace.id, verb="workspace.opened", subject=workspace.id, at=now)
        return member

    async def add_member(self, actor: Actor, name: str, role: Role) -> Actor:
        """A new member of the actor's workspace."""
        actor.require("manage")
        async with self._db.writing() as session:
            now = self._clock.now()
            member = Member(id=new_id("member"), workspace_id=actor.workspace_id, name=name, role=role, created_at=now)
            session.add(member)
            await session.flush()
            record(
                session,
                workspace_id=actor.workspace_id,
                verb="member.added",
                subject=member.id,
                at=now,
                member_id=actor.member_id,
                role=role.value,
            )
            return await actor_of(session, member)

    async def actor(self, member_id: str) -> Actor:
        """The member as they are now.

        Raises:
            NotFound: no such member.
        """
        async with self._db.reading() as session:
            member = await session.get(Member, member_id)
            if member is None:
                raise NotFound("This member is no longer part of the workspace. Sign in again.")
            return await actor_of(session, member)

    async def owner(self, workspace_id: str) -> Actor:
        """The workspace's owner, for what the desk does by itself."""
        async with self._db.reading() as session:
            rows = await session.scalars(
                select(Member)
                .where(Member.workspace_id == workspace_id, Member.role == Role.OWNER)
                .order_by(Member.created_at)
                .limit(1)
            )
            return await actor_of(session, rows.one())

    async def live_in(self, actor: Actor, zone_name: str) -> Actor:
        """Take the member's own time zone, as their browser tells it, unless one is kept already.

        Raises:
            Invalid: no such zone.
        """
        zone(zone_name)
        async with self._db.writing() as session:
            member = await session.get_one(Member, actor.member_id)
            member.zone = member.zone or zone_name
            return await actor_of(session, member)

    async def invite(self, member_id: str) -> str:
        """A token that signs this member in once, within the hour."""
        token = secrets.token_urlsafe(32)
        async with self._db.writing() as session:
            expires = self._clock.now() + SIGN_IN_LASTS
            session.add(
                SignIn(id=new_id("sign_in"), member_id=member_id, token_hash=token_hash(token), expires_at=expires)
            )
        return token

    async def sign_in(self, token: str) -> str:
        """Trade a sign-in token for the secret of a browser session.

        Raises:
            NotAllowed: the token is unknown, used or too old.
        """
        async with self._db.writing() as session:
            now = self._clock.now()
            found = await session.scalar(select(SignIn).where(SignIn.token_hash == token_hash(token)))
            if found is None or found.used_at is not None or found.expires_at < now:
                raise NotAllowed(
                    "This sign-in address was used already or is too old. Run “copydesk login” on the desk's machine "
                    "for a fresh one."
                )
            found.used_at = now
            secret = secrets.token_urlsafe(32)
            session.add(
                WebSession(
                    id=new_id("session"),
                    member_id=found.member_id,
                    token_hash=token_hash(secret),
                    expires_at=now + SESSION_LASTS,
                    created_at=now,
                )
            )
            return secret

    async def sign_out(self, secret: str) -> None:
        """End a browser session; it is no error when it ended before."""
        async with self._db.writing() as session:
            await session.execute(delete(WebSession).where(WebSession.token_hash == token_hash(secret)))

    async def whose(self, secret: str) -> Actor | None:
        """The member whose browser session this secret is, or None."""
        async with self._db.reading() as session:
            member = await session.scalar(
                select(Member)
                .join(WebSession, WebSession.member_id == Member.id)
                .where(WebSession.token_hash == token_hash(secret), WebSession.expires_at > self._clock.now())
            )
            return None if member is None else await actor_of(session, member)


def called(member: Member) -> str:
    """A member as the others read of them; the one who opened the desk has no name yet."""
    return "the owner" if member.name == UNNAMED else member.name


async def actor_of(session: AsyncSession, member: Member) -> Actor:
    """A member's row as every service needs it."""
    zone = member.zone or await session.scalar(select(Workspace.zone).where(Workspace.id == member.workspace_id))
    return Actor(member.workspace_id, member.id, member.name, member.role, zone or "UTC")
