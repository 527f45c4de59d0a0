"""What speaks against a post that only a person can overrule, and their word that it goes out all the same.

An objection is found at the moment of firing from the rows as they are then. A person's word is bound to the delivery, to exactly
its content, and to what the objection is about: another wording, or another blackout, asks anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from content import alike, blackouts, notices
from content.approvals import start_over
from content.audit import record
from content.database import Database, moment
from content.errors import Conflict, NotFound
from content.facts import Facts, read_facts
from content.ids import new_id
from content.models import AHEAD, Confirmation, Delivery, DeliveryState, Post
from content.people import Actor
from content.platform import Platform
from content.times import Clock
from content.views import PostView, post_row, require_current, view


@dataclass(frozen=True)
class Objection:
    """Why a post must not go out by itself."""

    guard: str
    why: str
    about: tuple[str, ...]
    """Ids of what it is about; a confirmation names each."""


def objection(facts: Facts) -> Objection | None:
    """The first that nobody has overruled."""
    return _blacked_out(facts) or _said_already(facts)


GUARDS = (blackouts.GUARD, alike.GUARD)


def _blacked_out(facts: Facts) -> Objection | None:
    dark = facts.dark
    new = [one for one in facts.blackouts if one.id in dark and not _confirmed(facts, blackouts.GUARD, one.id)]
    if not new:
        return None
    return Objection(blackouts.GUARD, blackouts.objection(new[0], facts.now), tuple(one.id for one in new))


def _said_already(facts: Facts) -> Objection | None:
    """What is only planned is no reason: of two that are alike, the later one asks."""
    days = facts.workspace.likeness_days
    leaving = facts.batch.under_way[facts.account.id]
    out = [one for one in facts.alike if one.is_out(facts.now, days) or one.delivery_id in leaving] if days else []
    new = [one for one in out if not _confirmed(facts, alike.GUARD, one.post_id)]
    if not new:
        return None
    why = new[0].words(facts.workspace.zone, facts.now)
    return Objection(alike.GUARD, why, tuple(one.post_id for one in new))


def _confirmed(facts: Facts, guard: str, about: str) -> bool:
    return any((one.guard, one.about, one.digest) == (guard, about, facts.digest) for one in facts.confirmations)


class Objections:
    """Takes people's word against them."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform]) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms

    async def overrule(self, actor: Actor, delivery_id: str, revision: int, *, button: str) -> PostView:
        """Let exactly this content go out now in spite of what it asked about. Only a button calls this.

        Raises:
            NotAllowed, NotFound: nothing was changed.
            StaleRevision: the wording changed since.
            Conflict: it does not ask that any more.
        """
        actor.require("approve")
        async with self._db.writing() as session:
            row, post = await self._asked_about(session, actor, delivery_id, revision)
            if row.state is not DeliveryState.ASKING or row.error_code not in GUARDS:
                raise Conflict(f"#{post.number} does not ask about that any more. Look at its current card.")
            await self._confirm(session, actor, row, button)
            await start_over(session, self._clock, row, self._clock.now())
            await notices.redraw(session, self._clock, post.id)
            return await view(session, self._platforms, post)

    async def _confirm(self, session: AsyncSession, actor: Actor, row: Delivery, button: str) -> None:
        """What it asked about may be gone by now; then there is nothing to overrule."""
        facts = (await read_facts(session, self._platforms, [row], await moment(session)))[row.id]
        found = objection(facts)
        if found is not None and found.guard == row.error_code:
            self._keep(session, actor, facts, found, button)

    async def mean_it(self, actor: Actor, delivery_id: str, revision: int, *, button: str) -> PostView:
        """Say beforehand that exactly this goes out though it is like other posts. Only a button calls this.

        Raises:
            As `overrule`; Conflict: it is on its way or out, or like nothing any more.
        """
        actor.require("approve")
        async with self._db.writing() as session:
            row, post = await self._asked_about(session, actor, delivery_id, revision)
            facts = (await read_facts(session, self._platforms, [row], await moment(session)))[row.id]
            new = [one.post_id for one in facts.alike if not _confirmed(facts, alike.GUARD, one.post_id)]
            if not new or row.state not in AHEAD:
                raise Conflict(f"#{post.number} needs no such word. Look at its current card.")
            self._keep(session, actor, facts, Objection(alike.GUARD, "", tuple(new)), button)
            await notices.redraw(session, self._clock, post.id)
            return await view(session, self._platforms, post)

    async def _asked_about(
        self, session: AsyncSession, actor: Actor, delivery_id: str, revision: int
    ) -> tuple[Delivery, Post]:
        row = await session.get(Delivery, delivery_id)
        if row is None:
            raise NotFound("There is no such delivery here. Look at the post's card.")
        post = await post_row(session, actor.workspace_id, row.post_id)
        require_current(post, revision)
        return row, post

    def _keep(self, session: AsyncSession, actor: Actor, facts: Facts, found: Objection, button: str) -> None:
        row = facts.delivery
        for about in found.about:
            session.add(
                Confirmation(
                    id=new_id("confirmation"),
                    delivery_id=row.id,
                    guard=found.guard,
                    about=about,
                    digest=facts.digest,
                    member_id=actor.member_id,
                    button=button[:200],
                    confirmed_at=self._clock.now(),
                )
            )
        record(
            session,
            workspace_id=actor.workspace_id,
            verb="delivery.confirmed",
            subject=row.id,
            at=self._clock.now(),
            member_id=actor.member_id,
            guard=found.guard,
        )
