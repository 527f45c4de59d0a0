"""The address by which a member's calendar program reads the calendar: a secret of its own, which can be made anew."""

import secrets

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content.audit import record
from content.database import Database
from content.errors import NotAllowed, NotFound
from content.ids import new_id
from content.models import CalendarLink, Member
from content.people import Actor, actor_of, token_hash
from content.sealing import Sealer
from content.times import Clock

LENGTH = 32
"""Random bytes of a secret."""


class Subscriptions:
    """Who may read the calendar without signing in. The secret is found by its hash, and kept sealed so that it can be told again."""

    def __init__(self, db: Database, clock: Clock, sealer: Sealer) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer

    async def secret(self, actor: Actor) -> str:
        """The member's secret; made when it is first asked for, and again where the sealing key was changed.

        Raises:
            NotAllowed: a guest sees posts only while they are asked about them.
        """
        actor.require("read")
        async with self._db.writing(alone=True) as session:
            row = await self._row(session, actor.member_id)
            if row is not None:
                try:
                    return self._sealer.open(row.sealed)["secret"]
                except NotAllowed:
                    await session.delete(row)
                    await session.flush()
            return self._make(session, actor, "calendar.linked")

    async def renew(self, actor: Actor) -> str:
        """A new secret; the one before opens nothing from now on.

        Raises:
            NotAllowed: as `secret`.
        """
        actor.require("read")
        async with self._db.writing(alone=True) as session:
            row = await self._row(session, actor.member_id)
            if row is not None:
                await session.delete(row)
                await session.flush()
            return self._make(session, actor, "calendar.renewed")

    def _make(self, session: AsyncSession, actor: Actor, verb: str) -> str:
        secret, now = secrets.token_urlsafe(LENGTH), self._clock.now()
        session.add(
            CalendarLink(
                id=new_id("link"),
                member_id=actor.member_id,
                token_hash=token_hash(secret),
                sealed=self._sealer.seal({"secret": secret}),
                made_at=now,
            )
        )
        who = actor.member_id
        record(session, workspace_id=actor.workspace_id, verb=verb, subject=who, at=now, member_id=who)
        return secret

    async def whose(self, secret: str) -> Actor:
        """The member who has this secret.

        Raises:
            NotFound: nobody, or not any more.
        """
        async with self._db.reading() as session:
            row = await session.scalar(select(CalendarLink).where(CalendarLink.token_hash == token_hash(secret)))
            member = await session.get(Member, row.member_id) if row is not None else None
            actor = await actor_of(session, member) if member is not None else None
        if actor is None or not actor.may("read"):
            raise NotFound("There is no calendar at this address, or not any more. Type /subscribe for yours.")
        return actor

    async def _row(self, session: AsyncSession, member_id: str) -> CalendarLink | None:
        row: CalendarLink | None = await session.scalar(select(CalendarLink).where(CalendarLink.member_id == member_id))
        return row
