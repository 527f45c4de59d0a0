"""When a post goes out: set, moved, held, released, cancelled, now. The delivery's row is the only timer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import daily, notices, reviews, slots
from content.approvals import approve, arm, require_undecided, start_over
from content.audit import record
from content.database import Database
from content.deciding import deciding
from content.errors import Conflict, Invalid, WrongState
from content.models import MOVABLE, Account, Approval, Delivery, DeliveryState, Post, PostState, Workspace
from content.pace import TURN
from content.people import Actor
from content.platform import Platform
from content.rehearsing import REHEARSED
from content.times import Clock
from content.unclaiming import unclaim
from content.views import PostView, post_row, require_current, view, views
from content.when import Moment, Slot, understand

OPEN = (*MOVABLE, DeliveryState.FAILED)


@dataclass(frozen=True)
class _Change:
    """A step of a delivery that people take: from which states, to which, and what to say where there is none such."""

    verb: str
    sources: tuple[DeliveryState, ...]
    to: DeliveryState
    refusal: str = ""


_HOLD = _Change(
    "post.held",
    MOVABLE,
    DeliveryState.HELD,
    "Nothing of #{number} waits any more: it was refused. Change it, or give it a new time.",
)
_RELEASE = _Change(
    "post.released",
    (DeliveryState.HELD,),
    DeliveryState.WAITING,
    "Nothing of #{number} is held. Look at its card for when it goes out.",
)
_CANCEL = _Change("post.cancelled", OPEN, DeliveryState.CANCELLED)


@dataclass(frozen=True)
class Scheduled:
    """A post with its new time, and that time in words, with zone and distance."""

    post: PostView
    echo: str


@dataclass(frozen=True)
class CalendarEntry:
    """One delivery in a stretch of days."""

    at: datetime
    post_id: str
    number: int
    words: str
    label: str
    handle: str
    state: DeliveryState
    approved: bool
    url: str
    delivery_id: str = ""
    account_id: str = ""


class Schedule:
    """Times of posts. Nothing here publishes: it says when a job shall look."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform]) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms

    async def set(self, actor: Actor, post_id: str, words: str) -> Scheduled:
        """Have it go out when the words say, on every account where it is not out yet; “queue” is the next free slot.

        Raises:
            Invalid: the words are no single moment, or one in the past; or there are no slots.
            WrongState: it is out, or deleted.
        """
        actor.require("draft")
        if slots.QUEUE.search(words):
            return await self.queue(actor, post_id)
        now = self._clock.now()
        moment = understand(words, now, actor.zone)
        if isinstance(moment, Slot):
            raise Invalid(
                f"“{words}” is a weekly slot, and one post goes out once. Name a day, or ask me to plan it every week."
            )
        async with self._db.writing() as session:
            return Scheduled(await self.moved(session, actor, post_id, moment), moment.echo(now))

    async def moved(
        self, session: AsyncSession, actor: Actor, post_id: str, moment: Moment, asking: Collection[str] = ()
    ) -> PostView:
        """Give a post this time, in the caller's transaction; with codes of questions only where it asks one of them.

        Raises:
            WrongState: it is out, or deleted.
        """
        post = await post_row(session, actor.workspace_id, post_id)
        rows = await self._open_rows(session, post)
        if asking:
            rows = [row for row in rows if row.state is DeliveryState.ASKING and row.error_code in asking]
        return await self._move(session, actor, post, rows, {row.account_id: moment for row in rows})

    async def queue(self, actor: Actor, post_id: str) -> Scheduled:
        """Have it go out at the next free slot of each account where it is not out yet. Safe to repeat.

        Raises:
            Invalid: there are no slots.
            WrongState: it is out, or deleted.
        """
        actor.require("draft")
        now = self._clock.now()
        async with self._db.writing() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            rows = await self._open_rows(session, post)
            moments = await slots.next_free(session, rows, now)
            moved = await self._move(session, actor, post, rows, moments)
        different = {moment.at for moment in moments.values()}
        if len(different) == 1:
            return Scheduled(moved, next(iter(moments.values())).echo(now))
        each = [(one.rendering.label, moments.get(one.account_id)) for one in moved.deliveries]
        return Scheduled(moved, "; ".join(f"{label} {moment.echo(now)}" for label, moment in each if moment))

    async def _move(
        self, session: AsyncSession, actor: Actor, post: Post, rows: Sequence[Delivery], moments: Mapping[str, Moment]
    ) -> PostView:
        for row in rows:
            moment = moments[row.account_id]
            row.due_at, row.zone, row.tries = moment.at, moment.zone, 0
            if row.state is not DeliveryState.HELD or row.error_code == REHEARSED:  # nobody holds what was rehearsed
                row.state = DeliveryState.WAITING
            row.error_code = row.error = ""
            await arm(session, self._clock, row)
        await self._withdraw(session, post, rows)
        first = min(moments.values(), key=lambda moment: moment.at)
        self._record(session, actor, "post.scheduled", post, due=first.at.isoformat(), zone=first.zone)
        await notices.redraw(session, self._clock, post.id)
        return await view(session, self._platforms, post)

    async def _withdraw(self, session: AsyncSession, post: Post, rows: Sequence[Delivery]) -> None:
        """The time was moved: where the workspace wants it so, the yes was to that time too."""
        if (await session.get_one(Workspace, post.workspace_id)).approval_survives_move:
            return
        for row in rows:
            if row.approval_id:
                approval = await session.get_one(Approval, row.approval_id)
                approval.revoked_at, approval.revoked_why = self._clock.now(), "the time was moved"
                row.approval_id = None
                post.state = PostState.DRAFT
        if post.state is PostState.DRAFT or (await deciding(session, post)).said_yes:
            await reviews.void(session, self._clock, post)
            post.state = PostState.DRAFT

    async def post_now(self, actor: Actor, post_id: str, revision: int, *, button: str) -> PostView:
        """Approve exactly this revision, where nobody has yet, and send it out at once. Only a button calls this.

        Where more people must say yes, it is one yes and nothing more: its time stays as it is, and nothing goes out now.

        Raises:
            As `Approvals.approve`; WrongState: it is out, on its way, or deleted.
        """
        actor.require("approve")
        async with self._db.writing() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            require_current(post, revision)
            rows = await self._open_rows(session, post, stop=False)
            if post.state is not PostState.APPROVED:
                await approve(session, self._clock, self._platforms, actor, post_id, revision, button)
            if post.state is PostState.APPROVED:
                await self._send(session, actor, rows)
                self._record(session, actor, "post.sent_now", post, button=button)
            await notices.redraw(session, self._clock, post.id)
            return await view(session, self._platforms, post)

    async def _send(self, session: AsyncSession, actor: Actor, rows: Sequence[Delivery]) -> None:
        for row in rows:
            row.zone = actor.zone
            await start_over(session, self._clock, row, self._clock.now())
        await session.flush()

    async def take_turn(self, actor: Actor, delivery_id: str) -> PostView:
        """Have what asks about its turn go out when its account has room for it.

        Raises:
            NotFound: no such delivery here.
            Conflict: it does not ask that any more.
        """
        actor.require("draft")
        async with self._db.writing() as session:
            row = await session.get(Delivery, delivery_id)
            post = await post_row(session, actor.workspace_id, row.post_id if row else "")
            if row is None or row.turn_at is None or (row.state, row.error_code) != (DeliveryState.ASKING, TURN):
                raise Conflict(f"#{post.number} does not ask about its turn any more. Look at its current card.")
            due_at = max(row.turn_at, self._clock.now())
            await start_over(session, self._clock, row, due_at)
            await self._withdraw(session, post, [row])
            self._record(session, actor, "post.scheduled", post, due=due_at.isoformat(), zone=row.zone)
            await notices.redraw(session, self._clock, post.id)
            return await view(session, self._platforms, post)

    async def hold(self, actor: Actor, post_id: str) -> PostView:
        """Stop it from going out until it is released; time and approval stay.

        Raises:
            WrongState: nothing of it waits.
        """
        return await self._change(actor, post_id, _HOLD)

    async def release(self, actor: Actor, post_id: str) -> PostView:
        """Let a held post go out at its time again; one whose time passed asks first.

        Raises:
            WrongState: nothing of it is held.
        """
        return await self._change(actor, post_id, _RELEASE)

    async def cancel(self, actor: Actor, post_id: str) -> PostView:
        """Never send what is not out yet.

        Raises:
            WrongState: nothing of it is left to cancel.
        """
        return await self._change(actor, post_id, _CANCEL)

    async def _change(self, actor: Actor, post_id: str, change: _Change) -> PostView:
        actor.require("draft")
        async with self._db.writing() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            found = await self._open_rows(session, post, stop=change is not _RELEASE)
            rows = [row for row in found if row.state in change.sources]
            if not rows:
                raise WrongState(change.refusal.format(number=post.number))
            for row in rows:
                row.state = change.to
                if row.error_code == REHEARSED:  # what a person holds is held for another reason
                    row.error_code = row.error = ""
                if change is _RELEASE and row.due_at is not None:
                    await arm(session, self._clock, row)
                elif change is _HOLD and row.due_at is not None:
                    await daily.arm(session, self._clock, post.workspace_id, row.due_at)
            self._record(session, actor, change.verb, post)
            if change is _CANCEL:
                await notices.called_off(session, self._clock, post.id, rows)
            else:
                await notices.redraw(session, self._clock, post.id)
            return await view(session, self._platforms, post)

    async def calendar(self, workspace_id: str, start: datetime, end: datetime) -> list[CalendarEntry]:
        """What goes or went out from `start` to before `end`, in order."""
        async with self._db.reading() as session:
            at = Delivery.due_at
            rows = await session.execute(
                select(Delivery, Post, Account)
                .join(Post, Post.id == Delivery.post_id)
                .join(Account, Account.id == Delivery.account_id)
                .where(Delivery.workspace_id == workspace_id, Delivery.state != DeliveryState.CANCELLED)
                .where(or_(at.between(start, end), Delivery.sent_at.between(start, end)))
            )
            found = rows.all()
            posts = list({post.id: post for _, post, _ in found}.values())
            words = {one.id: one.words for one in await views(session, self._platforms, posts)}
            entries = [self._entry(delivery, post, account, words[post.id]) for delivery, post, account in found]
            return sorted((one for one in entries if start <= one.at < end), key=lambda one: (one.at, one.number))

    def _entry(self, delivery: Delivery, post: Post, account: Account, words: str) -> CalendarEntry:
        return CalendarEntry(
            at=delivery.sent_at or delivery.due_at or post.created_at,
            post_id=post.id,
            number=post.number,
            words=words,
            label=self._platforms[account.platform].spec.label,
            handle=account.handle,
            state=delivery.state,
            approved=delivery.approval_id is not None,
            url=delivery.url,
            delivery_id=delivery.id,
            account_id=account.id,
        )

    async def _open_rows(self, session: AsyncSession, post: Post, *, stop: bool = True) -> list[Delivery]:
        """What may still be changed; `stop`: also what is just got ready."""
        if post.state is PostState.DISCARDED:
            await require_undecided(session, self._clock, post)
        if stop:
            await unclaim(session, self._clock, post.id)
        rows = await session.scalars(
            select(Delivery).where(Delivery.post_id == post.id, Delivery.state.in_(OPEN)).order_by(Delivery.id)
        )
        found = list(rows.all())
        if not found:
            raise WrongState(
                f"#{post.number} is already out, on its way, or cancelled, on every account. Draft a new post instead."
            )
        return found

    def _record(self, session: AsyncSession, actor: Actor, verb: str, post: Post, **detail: str) -> None:
        record(
            session,
            workspace_id=post.workspace_id,
            verb=verb,
            subject=post.id,
            at=self._clock.now(),
            member_id=actor.member_id,
            **detail,
        )
