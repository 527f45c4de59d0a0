"""The yes: asked for, given by a person with a button, bound to the exact content, void after any edit."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import alike, contents, jobs, notices, reviews
from content.audit import record
from content.database import Database
from content.deciding import COUNTS, Deciding, deciding
from content.errors import Conflict, Invalid, NotAllowed, WrongState
from content.ids import new_id
from content.models import (
    ENDED,
    IN_FLIGHT,
    Approval,
    Delivery,
    DeliveryState,
    Member,
    Post,
    PostState,
    Review,
    Role,
    Variant,
    Verdict,
    Workspace,
)
from content.pace import OVERDUE, too_late
from content.people import Actor, called
from content.platform import Platform
from content.policy import Policy
from content.times import Clock, said
from content.views import PostView, post_row, require_current, variants_of, view

LONGEST_NOTE = 2000
"""Characters of what somebody wants changed."""
NOT_APPROVED = "not_approved"
"""The code of a question about a post whose time came before anybody had approved its wording."""


class Approvals:
    """Asking for approval and deciding it. No tool reaches `approve`: only a button does."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform]) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms
        self.policy = Policy(db, clock)
        """The workspace's rules for all this."""

    async def request(self, actor: Actor, post_id: str, members: Sequence[str] = ()) -> PostView:
        """Ask for approval of the current wording: these members, or everybody whose yes counts.

        Raises:
            Invalid: a platform would refuse it, every problem is named; or a member's yes would not count.
            WrongState: it was deleted.
            Conflict: it is approved already.
        """
        actor.require("draft")
        async with self._db.writing() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            await require_undecided(session, self._clock, post, actor.zone)
            refuse_problems(await view(session, self._platforms, post))
            post.state = PostState.IN_REVIEW
            await self._ask(session, actor, post, members)
            self._record(session, actor, "post.submitted", post)
            await notices.redraw(session, self._clock, post.id)
            return await view(session, self._platforms, post)

    async def _ask(self, session: AsyncSession, actor: Actor, post: Post, members: Sequence[str]) -> None:
        """Nobody is asked where the author alone decides: the card is before them."""
        now_deciding = await deciding(session, post)
        others = [one.member_id for one in now_deciding.deciders]
        if others == [post.author_id] and not members:
            return
        workspace = await session.get_one(Workspace, post.workspace_id)
        due = self._clock.now() + timedelta(hours=workspace.review_hours)
        heard = {one.member_id for one in now_deciding.reviews if one.verdict in COUNTS}
        for member_id in dict.fromkeys(members or others):
            await self._require_able(session, post, now_deciding, member_id)
            if member_id not in heard:
                await reviews.ask(session, self._clock, post, member_id, actor.member_id, due)

    async def _require_able(self, session: AsyncSession, post: Post, now_deciding: Deciding, member_id: str) -> None:
        if now_deciding.name_of(member_id) is not None:
            return
        member = await session.get(Member, member_id)
        if member is None or member.workspace_id != post.workspace_id:
            raise Invalid(f"Whoever shall approve #{post.number} is no member here. Choose somebody of this desk.")
        if member.role is not Role.GUEST:
            raise Invalid(f"The yes of {called(member)} to #{post.number} would not count here. Choose somebody else.")

    async def approve(self, actor: Actor, post_id: str, revision: int, *, button: str) -> PostView:
        """Say yes to exactly this revision, on every account; with the last yes needed it is approved, and goes out at its time.

        `button` names the press, for the record.

        Raises:
            NotAllowed: the member may not, or it is their own and somebody else must.
            StaleRevision: the wording changed; nothing was approved.
            Conflict: somebody was faster, or they said yes already; the sentence says who and when.
            Invalid: a platform would refuse it.
        """
        async with self._db.writing() as session:
            post = await approve(session, self._clock, self._platforms, actor, post_id, revision, button)
            await notices.redraw(session, self._clock, post.id)
            return await view(session, self._platforms, post)

    async def request_changes(self, actor: Actor, post_id: str, revision: int, note: str) -> PostView:
        """Send it back with a line that says what should change; every yes so far is void.

        Raises:
            NotAllowed, StaleRevision, Conflict, WrongState: nothing was changed.
            Invalid: the line is empty.
        """
        note = note.strip()[:LONGEST_NOTE]
        async with self._db.writing() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            await self._require_word(session, actor, post, revision)
            if not note:
                raise Invalid(f"What should change on #{post.number}? Say it in a line, and its author hears it.")
            await reviews.void(session, self._clock, post)
            said_so = await reviews.decide(session, self._clock, actor, post, Verdict.CHANGES, note)
            post.state = PostState.DRAFT
            now = self._clock.now()
            await jobs.put(session, "changes", said_so.id, run_at=now, now=now)
            self._record(session, actor, "post.changes_requested", post, note=note[:500])
            await notices.redraw(session, self._clock, post.id)
            return await view(session, self._platforms, post)

    async def delegate(self, actor: Actor, post_id: str, revision: int, member_id: str) -> PostView:
        """Whoever is asked has somebody else asked instead, until the same time.

        Raises:
            NotAllowed, StaleRevision, Conflict: nothing was changed.
            WrongState: the actor is not asked.
            Invalid: that member's yes would not count.
        """
        actor.require("approve")
        async with self._db.writing() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            await self._require_word(session, actor, post, revision)
            own = await reviews.row_of(session, post, actor.member_id)
            if own is None or own.verdict is not None:
                raise WrongState(f"You are not asked about #{post.number}, so there is nothing to hand on.")
            await self._hand_on(session, actor, post, own, member_id)
            self._record(session, actor, "post.delegated", post, to=member_id)
            await notices.redraw(session, self._clock, post.id)
            return await view(session, self._platforms, post)

    async def _hand_on(self, session: AsyncSession, actor: Actor, post: Post, own: Review, member_id: str) -> None:
        now_deciding = await deciding(session, post)
        name = now_deciding.name_of(member_id)
        if name is None:
            raise Invalid(f"Nobody here by that name may approve #{post.number}. Choose one of the list.")
        if any(one.member_id == member_id and one.verdict in COUNTS for one in now_deciding.reviews):
            raise Conflict(f"{name} is asked about #{post.number} already. Choose somebody else, or answer yourself.")
        await reviews.decide(session, self._clock, actor, post, Verdict.DELEGATED, f"to {name}")
        await reviews.ask(session, self._clock, post, member_id, actor.member_id, own.due_at or self._clock.now())

    async def _require_word(self, session: AsyncSession, actor: Actor, post: Post, revision: int) -> None:
        await session.refresh(post, with_for_update=True)  # nor may a yes slip past what sends it back
        await reviews.require_decider(session, actor, post)
        require_current(post, revision)
        await require_undecided(session, self._clock, post, actor.zone)
        if actor.role is Role.GUEST:
            await reviews.require_wanted(session, self._clock, actor, post)

    def _record(self, session: AsyncSession, actor: Actor, verb: str, post: Post, **detail: str) -> None:
        _note(session, self._clock, actor, verb, post, **detail)


async def approve(
    session: AsyncSession,
    clock: Clock,
    platforms: Mapping[str, Platform],
    actor: Actor,
    post_id: str,
    revision: int,
    button: str,
) -> Post:
    """One yes, inside the transaction of the caller; the post is approved once as many said yes as must."""
    post = await post_row(session, actor.workspace_id, post_id)
    await session.refresh(post, with_for_update=True)  # two yeses at once must see each other
    await reviews.require_decider(session, actor, post)
    require_current(post, revision)
    await require_undecided(session, clock, post, actor.zone)
    if post.author_id == actor.member_id and (await deciding(session, post)).name_of(actor.member_id) is None:
        raise NotAllowed(f"You wrote #{post.number}, and here somebody else must approve it. Ask an approver.")
    refuse_problems(await view(session, platforms, post))
    await reviews.require_wanted(session, clock, actor, post)
    await reviews.decide(session, clock, actor, post, Verdict.YES)
    if not (await deciding(session, post)).enough:
        post.state = PostState.IN_REVIEW
        _note(session, clock, actor, "post.yes", post, button=button)
        return post
    await reviews.close(session, clock, post)
    await _bind(session, clock, actor, post, button)
    post.state = PostState.APPROVED
    _note(session, clock, actor, "post.approved", post, button=button)
    return post


async def _bind(session: AsyncSession, clock: Clock, actor: Actor, post: Post, button: str) -> None:
    """One approval a delivery, bound to the digest of what its account will get; what is on its way has its own."""
    now = clock.now()
    variants = await variants_of(session, post)
    workspace = await session.get_one(Workspace, post.workspace_id)
    rows = await session.scalars(
        select(Delivery).where(Delivery.post_id == post.id, Delivery.state.not_in([*ENDED, *IN_FLIGHT]))
    )
    for delivery in rows.all():
        await bind(session, delivery, variants[delivery.account_id], Yes(actor.member_id, button[:200], now))
        _take_as_answer(delivery, workspace, now)
        if delivery.due_at is not None:
            await arm(session, clock, delivery)


def _take_as_answer(delivery: Delivery, workspace: Workspace, now: datetime) -> None:
    """What asked for this yes, or about the wording before, is looked at again; what is too late by now asks about that."""
    if delivery.state is not DeliveryState.ASKING or delivery.error_code not in (NOT_APPROVED, alike.GUARD):
        return
    if delivery.due_at is not None and too_late(workspace, delivery.due_at, now):
        delivery.error_code, delivery.error = OVERDUE, "Its time passed before this wording was approved."
    else:
        delivery.state, delivery.error_code, delivery.error = DeliveryState.WAITING, "", ""


class Yes(NamedTuple):
    """Whose it was, by which button, when; None, where nobody gave one, is refused by the database."""

    member_id: str | None
    button: str
    at: datetime | None


async def bind(session: AsyncSession, delivery: Delivery, variant: Variant, yes: Yes) -> None:
    """Approve exactly this wording for a delivery."""
    approval = Approval(
        id=new_id("approval"),
        delivery_id=delivery.id,
        digest=contents.digest(delivery.account_id, contents.read(variant.content)),
        member_id=yes.member_id,
        button=yes.button,
        decided_at=yes.at,
    )
    session.add(approval)
    await session.flush()
    delivery.approval_id = approval.id


async def start_over(session: AsyncSession, clock: Clock, delivery: Delivery, due_at: datetime) -> None:
    """Have it go out at a time, as if nothing had been tried before."""
    delivery.due_at, delivery.state, delivery.tries = due_at, DeliveryState.WAITING, 0
    delivery.error_code = delivery.error = ""
    await arm(session, clock, delivery)


async def arm(session: AsyncSession, clock: Clock, delivery: Delivery) -> None:
    """Have the delivery's row looked at when it is due; the row, not this job, decides what happens then."""
    now = clock.now()
    due = max(delivery.due_at or now, now)
    await jobs.put(
        session, jobs.PUBLISH, delivery.id, run_at=due, now=now, lane=jobs.ACCOUNT_LANE + delivery.account_id
    )


def refuse_problems(post: PostView) -> None:
    """Refuse what a platform would refuse, before anybody says yes to it.

    Raises:
        Invalid: with every problem.
    """
    found = [problem for one in post.deliveries for problem in one.problems]
    if found:
        raise Invalid(f"#{post.number} cannot go out as it is.", found)


async def require_undecided(session: AsyncSession, clock: Clock, post: Post, zone: str = "UTC") -> None:
    """Refuse a second decision, saying who made the first and when.

    Raises:
        WrongState: the post was deleted.
        Conflict: it is approved already.
    """
    if post.state is PostState.DISCARDED:
        raise WrongState(f"#{post.number} was deleted. Undo that first.")
    if post.state is not PostState.APPROVED:
        return
    row = (
        await session.execute(
            select(Approval, Member)
            .join(Delivery, Delivery.approval_id == Approval.id)
            .join(Member, Member.id == Approval.member_id)
            .where(Delivery.post_id == post.id)
            .order_by(Approval.decided_at)
        )
    ).first()
    who = "the desk" if row is None else row[1].name
    when = "" if row is None else f" on {said(row[0].decided_at, zone, clock.now())}"
    raise Conflict(f"#{post.number} is already approved, by {who}{when}. There is nothing left to decide.")


def _note(session: AsyncSession, clock: Clock, actor: Actor, verb: str, post: Post, **detail: str) -> None:
    record(
        session,
        workspace_id=post.workspace_id,
        verb=verb,
        subject=post.id,
        at=clock.now(),
        member_id=actor.member_id,
        revision=post.revision,
        **detail,
    )
