"""Finding out what became of a commit whose answer was lost: ask the platform, repeat where that is safe, else ask a person.

Nothing here guesses. Only proof of absence, or a platform that promises that the same key makes no second post, lets a
delivery go out again by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import contents, jobs, notices, outcomes
from content.accounts import Accounts
from content.approvals import arm
from content.audit import record
from content.database import Database, database_now
from content.errors import Conflict, NotFound, OutcomeUnknown, PlatformError, Rejected
from content.firing import parts_of, published
from content.models import Account, Attempt, Delivery, DeliveryState, Outcome, Part, Post
from content.people import Actor
from content.platform import Absent, Finds, Follows, Pending, Platform, Prepared, Published, Rendering
from content.times import Clock
from content.views import public_access, variants_of

REPEAT_MARGIN = timedelta(minutes=5)
ASK_AFTER = timedelta(minutes=10)
"""How long to keep asking a platform that cannot tell, before asking a person."""
PROCESSING_TAKES = timedelta(minutes=30)


@dataclass(frozen=True)
class _Trail:
    """What is known about the part whose outcome is not."""

    delivery_id: str
    account_id: str
    state: DeliveryState
    platform: Platform
    rendering: Rendering
    position: int
    key: str
    attempt_id: str
    handles: Mapping[str, object]
    since: datetime
    earlier: tuple[Published, ...]


class Tracing:
    """What to do with a delivery that is under way and nobody is waiting for."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform], accounts: Accounts) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms
        self._accounts = accounts

    async def trace(self, delivery_id: str) -> datetime | None:
        """One step towards the truth; returns when to look again, or None when it is known or a person was asked."""
        trail = await self._trail(delivery_id)
        if trail is None:
            return self._clock.now()  # nothing was armed, so nothing happened: it waits again
        if trail.state is DeliveryState.PROCESSING:
            return await self._follow(trail)
        return await self._find(trail)

    async def _trail(self, delivery_id: str) -> _Trail | None:
        """The open attempt, or None after putting back a delivery that was claimed but never armed."""
        async with self._db.writing() as session:
            delivery = await session.get_one(Delivery, delivery_id)
            attempt = await session.scalar(
                select(Attempt)
                .where(Attempt.delivery_id == delivery.id, _undecided())
                .order_by(Attempt.started_at.desc(), Attempt.id)
                .limit(1)
            )
            if attempt is None:
                await outcomes.wait_again(session, self._clock, delivery, None)
                return None
            if delivery.state is DeliveryState.SENDING:
                await outcomes.close(session, self._clock, attempt.id, Outcome.UNKNOWN, "the worker stopped")
                await outcomes.unknown(session, self._clock, delivery, _stopped(delivery))
            return await self._described(session, delivery, attempt)

    async def _described(self, session: AsyncSession, delivery: Delivery, attempt: Attempt) -> _Trail:
        post = await session.get_one(Post, delivery.post_id)
        account = await session.get_one(Account, delivery.account_id)
        variant = (await variants_of(session, post))[account.id]
        platform = self._platforms[account.platform]
        rendering = platform.render(contents.read(variant.content), public_access(account))
        parts = await parts_of(session, delivery, len(rendering.parts))
        part = next(one for one in parts if one.id == attempt.part_id)
        earlier = [published(one) for one in parts[: part.position]]
        return _Trail(
            delivery_id=delivery.id,
            account_id=account.id,
            state=delivery.state,
            platform=platform,
            rendering=rendering,
            position=part.position,
            key=part.key,
            attempt_id=attempt.id,
            handles=attempt.handles,
            since=await self._first_try(session, part),
            earlier=tuple(one for one in earlier if one is not None),
        )

    async def _first_try(self, session: AsyncSession, part: Part) -> datetime:
        found = await session.scalars(
            select(Attempt.started_at).where(Attempt.part_id == part.id).order_by(Attempt.started_at).limit(1)
        )
        return found.one()

    async def _find(self, trail: _Trail) -> datetime | None:
        found = await self._asked(trail)
        if isinstance(found, Published):
            return await self._is_public(trail, found)
        if isinstance(found, Absent) or self._repeatable(trail):
            return await self._again(trail, Outcome.NOTHING if isinstance(found, Absent) else Outcome.UNKNOWN)
        waited = self._clock.now() - trail.since
        if isinstance(trail.platform, Finds) and waited < ASK_AFTER:
            return self._clock.now() + max(outcomes.QUIET, waited / 2)
        await self._ask_person(trail)
        return None

    async def _asked(self, trail: _Trail) -> Published | Absent | None:
        if not isinstance(trail.platform, Finds):
            return None
        try:
            prepared = await self._prepared(trail)
            return await trail.platform.find(prepared, trail.position, trail.key, trail.since, trail.earlier)
        except PlatformError:
            return None  # it cannot be asked now, which is no answer

    async def _prepared(self, trail: _Trail) -> Prepared:
        access = await self._accounts.access(trail.account_id)
        return Prepared(trail.rendering, access, dict(trail.handles))

    def _repeatable(self, trail: _Trail) -> bool:
        window = trail.platform.spec.repeat_safe
        return window is not None and self._clock.now() - trail.since < window - REPEAT_MARGIN

    async def _is_public(self, trail: _Trail, found: Published) -> datetime | None:
        async with self._db.writing() as session:
            delivery = await session.get_one(Delivery, trail.delivery_id)
            await outcomes.close(session, self._clock, trail.attempt_id, Outcome.SENT)
            count = len(trail.rendering.parts)
            await outcomes.part_sent(session, self._clock, delivery, trail.position, count, found)
            if trail.position == count - 1:
                return None
            await outcomes.wait_again(session, self._clock, delivery, None)
            return self._clock.now()

    async def _again(self, trail: _Trail, outcome: Outcome) -> datetime:
        """Proved absent, or safe to repeat with the same key: the same delivery goes out again."""
        async with self._db.writing() as session:
            delivery = await session.get_one(Delivery, trail.delivery_id)
            await outcomes.close(session, self._clock, trail.attempt_id, outcome, "to be repeated")
            await outcomes.wait_again(session, self._clock, delivery, None)
            return self._clock.now()

    async def _ask_person(self, trail: _Trail) -> None:
        async with self._db.writing() as session:
            delivery = await session.get_one(Delivery, trail.delivery_id)
            label = trail.rendering.label
            delivery.error = (
                f"I sent it to {label} and got no answer, and {label} cannot tell me whether it is there. "
                "I will not send it again by myself: have a look, then say which it is."
            )
            await notices.tell(session, self._clock, "unknown", delivery.id)
            await notices.redraw(session, self._clock, delivery.post_id)

    async def _follow(self, trail: _Trail) -> datetime | None:
        if not isinstance(trail.platform, Follows) or self._clock.now() - trail.since > PROCESSING_TAKES:
            return await self._gave_up(trail)
        access = await self._accounts.access(trail.account_id)
        pending = dict(trail.handles).get("pending")
        try:
            result = await trail.platform.follow(Pending(pending if isinstance(pending, dict) else {}), access)
        except Rejected as refused:
            await self._refused(trail, refused)
            return None
        if isinstance(result, Published):
            return await self._is_public(trail, result)
        return self._clock.now() + outcomes.QUIET

    async def _gave_up(self, trail: _Trail) -> datetime | None:
        async with self._db.writing() as session:
            delivery = await session.get_one(Delivery, trail.delivery_id)
            await outcomes.close(session, self._clock, trail.attempt_id, Outcome.UNKNOWN, "still processing")
            return await outcomes.unknown(session, self._clock, delivery, _stopped(delivery))

    async def _refused(self, trail: _Trail, refused: Rejected) -> None:
        async with self._db.writing() as session:
            delivery = await session.get_one(Delivery, trail.delivery_id)
            await outcomes.close(session, self._clock, trail.attempt_id, Outcome.REFUSED, refused.message)
            await outcomes.failed(session, self._clock, delivery, refused)

    async def settle(self, actor: Actor, delivery_id: str, *, live: bool) -> str:
        """A person looked: it is live, or it is not and shall be sent. Returns the post's id.

        Raises:
            NotAllowed, NotFound: nothing was changed.
            Conflict: it is settled already.
        """
        actor.require("approve")
        async with self._db.writing() as session:
            delivery = await session.get(Delivery, delivery_id)
            if delivery is None or delivery.workspace_id != actor.workspace_id:
                raise NotFound("There is no such delivery here. Look at the post's card.")
            if delivery.state is not DeliveryState.UNKNOWN:
                raise Conflict(f"This is settled already: it is {delivery.state.value}. Look at the current card.")
            record(
                session,
                workspace_id=actor.workspace_id,
                verb="delivery.settled",
                subject=delivery.id,
                at=self._clock.now(),
                member_id=actor.member_id,
                live=live,
            )
            await (self._said_live(session, delivery) if live else self._said_absent(session, delivery))
            return delivery.post_id

    async def _said_live(self, session: AsyncSession, delivery: Delivery) -> None:
        attempt = await self._settled_attempt(session, delivery, Outcome.SENT)
        part = await session.get_one(Part, attempt.part_id)
        total = len((await session.scalars(select(Part.id).where(Part.delivery_id == delivery.id))).all())
        await outcomes.part_sent(session, self._clock, delivery, part.position, total, Published(""))
        if part.position < total - 1:
            await outcomes.failed(session, self._clock, delivery, _cannot_continue(delivery, part.position + 1))

    async def _said_absent(self, session: AsyncSession, delivery: Delivery) -> None:
        await self._settled_attempt(session, delivery, Outcome.NOTHING)
        await outcomes.wait_again(session, self._clock, delivery, None)
        delivery.due_at = (await session.execute(select(database_now()))).scalar_one()
        await arm(session, self._clock, delivery)

    async def _settled_attempt(self, session: AsyncSession, delivery: Delivery, outcome: Outcome) -> Attempt:
        attempt = (
            await session.scalars(
                select(Attempt)
                .where(Attempt.delivery_id == delivery.id, _undecided())
                .order_by(Attempt.started_at.desc(), Attempt.id)
                .limit(1)
            )
        ).one()
        await outcomes.close(session, self._clock, attempt.id, outcome, "a person looked")
        return attempt

    async def abandoned(self) -> list[str]:
        """Deliveries under way that no job looks after; a sweep puts one for each. It should always be empty."""
        async with self._db.writing() as session:
            now = (await session.execute(select(database_now()))).scalar_one()
            rows = await session.scalars(
                select(Delivery).where(Delivery.state == DeliveryState.SENDING, Delivery.lease_until < now)
            )
            found = list(rows.all())
            for delivery in found:
                lane = f"account:{delivery.account_id}"
                await jobs.put(session, "publish", delivery.id, run_at=now, now=now, lane=lane)
            return [delivery.id for delivery in found]


def _undecided() -> ColumnElement[bool]:
    return or_(Attempt.outcome.is_(None), Attempt.outcome == Outcome.UNKNOWN)


def _stopped(delivery: Delivery) -> OutcomeUnknown:
    return OutcomeUnknown(
        "The answer to this post was lost on the way. I am finding out whether it is there.",
        platform="",
        account=delivery.account_id,
    )


def _cannot_continue(delivery: Delivery, public: int) -> Rejected:
    return Rejected(
        f"The first {public} parts are live, but I do not know the address of the last one, so I cannot reply to it. "
        "Post the rest by hand, or draft a new post with it.",
        platform="",
        account=delivery.account_id,
    )
