"""Members as chats know them: a person in Slack and on Telegram is one member, linked by a one-time word and a button.

A chat's own unchangeable id counts, never a name. Whoever brings a word is written down; only a press of a button by the same
person decides, so that neither a preview nor a forwarded link can link anybody.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from content.audit import record
from content.database import Database, dialect_of, upserting
from content.errors import Conflict, Invalid, NotAllowed
from content.ids import new_id
from content.models import Home, Identity, Invitation, Member, Role, Stranger, Workspace
from content.people import UNNAMED, Actor, actor_of, token_hash
from content.times import Clock

LINK_LASTS = timedelta(minutes=15)
INVITATION_LASTS = timedelta(days=3)
SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is kept when somebody was last seen."""


@dataclass(frozen=True)
class IdentityView:
    """A member in one chat."""

    chat: str
    remote_id: str
    name: str
    seen_at: datetime


@dataclass(frozen=True)
class Claim:
    """A word that somebody brought, before they confirmed it."""

    invitation_id: str
    workspace_name: str
    member_name: str
    """Whom it links; empty: it makes a new member."""
    role: str


class Identities:
    """Who is who."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def who(self, chat: str, remote_id: str) -> Actor | None:
        """The member that this person of a chat is, or None."""
        query = select(Member).join(Identity, Identity.member_id == Member.id)
        async with self._db.reading() as session:
            member = await session.scalar(query.where(Identity.chat == chat, Identity.remote_id == remote_id))
            return None if member is None else await actor_of(session, member)

    async def seen(self, chat: str, remote_id: str) -> None:
        """They said or pressed something there just now."""
        now = self._clock.now()
        old = Identity.chat == chat, Identity.remote_id == remote_id, Identity.seen_at < now - SEEN_EVERY
        async with self._db.reading() as session:
            if await session.scalar(select(Identity.id).where(*old)) is None:
                return
        async with self._db.writing() as session:
            await session.execute(update(Identity).where(*old).values(seen_at=now))

    async def of(self, member_id: str) -> list[IdentityView]:
        """A member's chats, the one where they were seen last first."""
        query = select(Identity).where(Identity.member_id == member_id).order_by(Identity.seen_at.desc(), Identity.id)
        async with self._db.reading() as session:
            rows = await session.scalars(query)
            return [IdentityView(row.chat, row.remote_id, row.name, row.seen_at) for row in rows]

    async def remote(self, member_id: str, chat: str) -> str | None:
        """A member's id in a chat, or None."""
        query = select(Identity.remote_id).where(Identity.member_id == member_id, Identity.chat == chat)
        async with self._db.reading() as session:
            found: str | None = await session.scalar(query.order_by(Identity.seen_at.desc()).limit(1))
            return found

    # letting in

    async def invite(self, actor: Actor, *, role: Role | None, name: str = "") -> str:
        """A one-time word: it makes a new member of this role, or, without one, links the actor's own next chat.

        Raises:
            NotAllowed: the actor may not invite.
            Invalid: nobody becomes an owner by a word.
        """
        if role is not None:
            actor.require("manage")
        if role is Role.OWNER:
            raise Invalid("A desk has one owner, and no word makes another. Invite them as admin.")
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        async with self._db.writing() as session:
            row = Invitation(
                id=new_id("invitation"),
                workspace_id=actor.workspace_id,
                member_id=None if role else actor.member_id,
                role=role,
                name=name[:200],
                token_hash=token_hash(token),
                made_by=actor.member_id,
                expires_at=now + (INVITATION_LASTS if role else LINK_LASTS),
            )
            session.add(row)
            self._record(session, actor.workspace_id, "invitation.made", row.id, actor.member_id)
        return token

    async def claim(self, token: str, chat: str, remote_id: str, name: str) -> Claim:
        """Somebody brought a word: written down, nothing decided.

        Raises:
            NotAllowed: it is unknown, used or too old.
        """
        async with self._db.writing() as session:
            row = await session.scalar(select(Invitation).where(Invitation.token_hash == token_hash(token)))
            row = self._usable(row)
            row.claimed_chat, row.claimed_by, row.claimed_name = chat, remote_id, name[:200]
            workspace = await session.get_one(Workspace, row.workspace_id)
            member = await session.get(Member, row.member_id) if row.member_id else None
            return Claim(row.id, workspace.name, member.name if member else "", row.role.value if row.role else "")

    async def accept(self, invitation_id: str, chat: str, remote_id: str) -> Actor:
        """Whoever brought the word says, by a button, that it is theirs.

        Raises:
            NotAllowed: somebody else brought it, or it is used or too old.
            Conflict: this person of the chat is a member already.
        """
        async with self._db.writing() as session:
            row = await self._claimed(session, invitation_id, chat, remote_id)
            if await session.scalar(_identity(chat, remote_id)) is not None:
                raise Conflict(
                    "I know you here already, so nothing was changed. Type /unlink first to be somebody else."
                )
            member = await self._member(session, row)
            self._attach(session, member, chat, remote_id, row.claimed_name)
            row.used_at = self._clock.now()
            self._record(session, row.workspace_id, "identity.linked", member.id, member.id, chat=chat)
            await session.flush()
            return await actor_of(session, member)

    async def refuse(self, invitation_id: str, chat: str, remote_id: str) -> None:
        """Whoever brought the word says that it is not theirs: it is void.

        Raises:
            NotAllowed: somebody else brought it, or it is used or too old.
        """
        async with self._db.writing() as session:
            row = await self._claimed(session, invitation_id, chat, remote_id)
            row.used_at = self._clock.now()
            self._record(session, row.workspace_id, "invitation.refused", row.id, None)

    def _usable(self, row: Invitation | None) -> Invitation:
        if row is None or row.used_at is not None or row.expires_at < self._clock.now():
            raise NotAllowed(
                "This word was used already, is too old, or was never given out. Type /link where the desk knows you, or ask "
                "for a new invitation."
            )
        return row

    async def _claimed(self, session: AsyncSession, invitation_id: str, chat: str, remote_id: str) -> Invitation:
        row = self._usable(await session.get(Invitation, invitation_id))
        if (row.claimed_chat, row.claimed_by) != (chat, remote_id):
            raise NotAllowed("Somebody else brought this word last, so nothing was done. Ask for one of your own.")
        return row

    async def _member(self, session: AsyncSession, row: Invitation) -> Member:
        if row.member_id is not None:
            return await session.get_one(Member, row.member_id)
        member = Member(
            id=new_id("member"),
            workspace_id=row.workspace_id,
            name=row.name or row.claimed_name,
            role=row.role or Role.VIEWER,
            created_at=self._clock.now(),
        )
        session.add(member)
        await session.flush()
        self._record(session, row.workspace_id, "member.added", member.id, row.made_by, role=member.role.value)
        return member

    async def attach(self, member_id: str, chat: str, remote_id: str, name: str) -> None:
        """This person of a chat is that member, as the chat itself has proved; known already: nothing changes."""
        async with self._db.writing() as session:
            if await session.scalar(_identity(chat, remote_id)) is None:
                member = await session.get_one(Member, member_id)
                self._attach(session, member, chat, remote_id, name)
                self._record(session, member.workspace_id, "identity.linked", member_id, member_id, chat=chat)

    def _attach(self, session: AsyncSession, member: Member, chat: str, remote_id: str, name: str) -> None:
        now = self._clock.now()
        if member.name == UNNAMED and name:  # whoever opened the desk was never asked for a name
            member.name = name[:200]
        session.add(
            Identity(
                id=new_id("identity"),
                member_id=member.id,
                chat=chat,
                remote_id=remote_id,
                name=name[:200],
                linked_at=now,
                seen_at=now,
            )
        )

    async def unlink(self, chat: str, remote_id: str) -> bool:
        """This person of a chat is that member no longer; False: they were none."""
        async with self._db.writing() as session:
            row = await session.scalar(_identity(chat, remote_id))
            if row is None:
                return False
            member = await session.get_one(Member, row.member_id)
            await session.delete(row)
            self._record(session, member.workspace_id, "identity.unlinked", member.id, member.id, chat=chat)
            return True

    async def first_time(self, chat: str, remote_id: str) -> bool:
        """Whether this stranger was never told how to be let in; they count as told from now on."""
        told = {"id": new_id("stranger"), "chat": chat, "remote_id": remote_id, "told_at": self._clock.now()}
        async with self._db.writing() as session:
            kept = await session.execute(
                upserting(dialect_of(session), Stranger).values(told).on_conflict_do_nothing().returning(Stranger.id)
            )
            return kept.first() is not None

    async def not_told(self, chat: str, remote_id: str) -> None:
        """They could not be told after all: the next time is the first."""
        async with self._db.writing() as session:
            await session.execute(delete(Stranger).where(Stranger.chat == chat, Stranger.remote_id == remote_id))

    # teams

    async def move_in(self, workspace_id: str, chat: str, remote_id: str, name: str) -> None:
        """The desk was installed in a team of a chat, for this workspace.

        Raises:
            Conflict: another workspace lives there.
        """
        async with self._db.writing() as session:
            row = await session.scalar(_home(chat, remote_id))
            if row is not None and row.left_at is None and row.workspace_id != workspace_id:
                raise Conflict(f"Another desk lives in {row.name} already. Its members can remove the app there first.")
            if row is None:
                row = Home(id=new_id("home"), chat=chat, remote_id=remote_id)
                session.add(row)
            row.workspace_id, row.name = workspace_id, name[:200]
            row.moved_in_at, row.left_at = self._clock.now(), None
            await session.flush()
            self._record(session, workspace_id, "home.moved_in", row.id, None, chat=chat)

    async def move_out(self, chat: str, remote_id: str) -> None:
        """The desk was put out of a team of a chat."""
        async with self._db.writing() as session:
            row = await session.scalar(_home(chat, remote_id))
            if row is not None and row.left_at is None:
                row.left_at = self._clock.now()
                self._record(session, row.workspace_id, "home.left", row.id, None, chat=chat)

    async def home(self, chat: str, remote_id: str) -> str | None:
        """The workspace a team of a chat belongs to, while the desk is in it."""
        async with self._db.reading() as session:
            row = await session.scalar(_home(chat, remote_id))
            return row.workspace_id if row and row.left_at is None else None

    def _record(
        self, session: AsyncSession, workspace_id: str, verb: str, subject: str, member_id: str | None, **detail: str
    ) -> None:
        record(
            session,
            workspace_id=workspace_id,
            verb=verb,
            subject=subject,
            at=self._clock.now(),
            member_id=member_id,
            **detail,
        )


def _identity(chat: str, remote_id: str) -> Select[Identity]:
    return select(Identity).where(Identity.chat == chat, Identity.remote_id == remote_id)


def _home(chat: str, remote_id: str) -> Select[Home]:
    return select(Home).where(Home.chat == chat, Home.remote_id == remote_id)
