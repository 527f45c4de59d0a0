"""The yes: asked for, given by a person with a button, bound to the exact content, void after any edit."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import contents, jobs, notices
from content.audit import record
from content.database import Database
from content.errors import Conflict, Invalid, NotAllowed, WrongState
from content.ids import new_id
from content.models import ENDED, IN_FLIGHT, Approval, Delivery, Member, Post, PostState, Workspace
from content.people import Actor, may_approve_own
from content.platform import Platform
from content.times import Clock, said
from content.views import PostView, post_row, require_current, variants_of, view


class Approvals:
    """Asking for approval and deciding it. No tool reaches `approve`: only a button does."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform]) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms

    async def request(self, actor: Actor, post_id: str) -> PostView:
        """Ask for approval of the current wording.

        Raises:
            Invalid: a platform would refuse it; every problem is named.
            WrongState: it was deleted.
            Conflict: it is approved already.
        """
        actor.require("draft")
        async with self._db.writing() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            await self._require_undecided(session, post)
            shown = await view(session, self._platforms, post)
            refuse_problems(shown)
            post.state = PostState.IN_REVIEW
            self._record(session, actor, "post.submitted", post)
            await notices.redraw(session, self._clock, post.id)
            return await view(session, self._platforms, post)

    async def approve(self, actor: Actor, post_id: str, revision: int, *, button: str) -> PostView:
        """Say yes to exactly this revision, on every account; what has a time goes out then.

        `button` names the press, for the record.

        Raises:
            NotAllowed: the member may not, or it is their own and somebody else must.
            StaleRevision: the wording changed; nothing was approved.
            Conflict: somebody was faster; the sentence says who and when.
            Invalid: a platform would refuse it.
        """
        async with self._db.writing() as session:
            post = await approve(session, self._clock, self._platforms, actor, post_id, revision, button)
            await notices.redraw(session, self._clock, post.id)
            return await view(session, self._platforms, post)

    async def request_changes(self, actor: Actor, post_id: str, revision: int, note: str) -> PostView:
        """Send it back with a line that says what should change.

        Raises:
            NotAllowed, StaleRevision, Conflict, WrongState: nothing was changed.
        """
        actor.require("approve")
        async with self._db.writing() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            require_current(post, revision)
            await self._require_undecided(session, post)
            post.state = PostState.DRAFT
            self._record(session, actor, "post.changes_requested", post, note=note[:500])
            await notices.redraw(session, self._clock, post.id)
            return await view(session, self._platforms, post)

    async def _require_undecided(self, session: AsyncSession, post: Post) -> None:
        await require_undecided(session, self._clock, post)

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
    """The decision itself, inside the transaction of the caller."""
    actor.require("approve")
    post = await post_row(session, actor.workspace_id, post_id)
    require_current(post, revision)
    await require_undecided(session, clock, post)
    workspace = await session.get_one(Workspace, post.workspace_id)
    if post.author_id == actor.member_id and not await may_approve_own(session, workspace):
        raise NotAllowed(f"You wrote #{post.number}, and here somebody else must approve it. Ask an approver.")
    refuse_problems(await view(session, platforms, post))
    await _bind(session, clock, actor, post, button)
    post.state = PostState.APPROVED
    _note(session, clock, actor, "post.approved", post, button=button)
    return post


async def _bind(session: AsyncSession, clock: Clock, actor: Actor, post: Post, button: str) -> None:
    """One approval a delivery, bound to the digest of what its account will get; what is on its way has its own."""
    now = clock.now()
    variants = await variants_of(session, post)
    rows = await session.scalars(
        select(Delivery).where(Delivery.post_id == post.id, Delivery.state.not_in([*ENDED, *IN_FLIGHT]))
    )
    for delivery in rows.all():
        content = contents.read(variants[delivery.account_id].content)
        approval = Approval(
            id=new_id("approval"),
            delivery_id=delivery.id,
            digest=contents.digest(delivery.account_id, content),
            member_id=actor.member_id,
            button=button[:200],
            decided_at=now,
        )
        session.add(approval)
        await session.flush()
        delivery.approval_id = approval.id
        if delivery.due_at is not None:
            await arm(session, clock, delivery)


async def arm(session: AsyncSession, clock: Clock, delivery: Delivery) -> None:
    """Have the delivery's row looked at when it is due; the row, not this job, decides what happens then."""
    now = clock.now()
    due = max(delivery.due_at or now, now)
    await jobs.put(session, "publish", delivery.id, run_at=due, now=now, lane=f"account:{delivery.account_id}")


def refuse_problems(post: PostView) -> None:
    """Refuse what a platform would refuse, before anybody says yes to it.

    Raises:
        Invalid: with every problem.
    """
    found = [problem for one in post.deliveries for problem in one.problems]
    if found:
        raise Invalid(f"#{post.number} cannot go out as it is.", found)


async def require_undecided(session: AsyncSession, clock: Clock, post: Post) -> None:
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
    when = "" if row is None else f" on {said(row[0].decided_at, 'UTC', clock.now())}"
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
