"""Finding out what became of a commit whose answer was lost: ask the platform, repeat where that is safe, else ask a person.

Nothing here guesses. Only proof of absence, or a platform that promises that the same key makes no second post, lets a
delivery go out again by itself.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import contents, duplicates, outcomes
from content.accounts import Accounts
from content.approvals import arm
from content.audit import record
from content.database import Database, moment
from content.errors import Conflict, ContentError, NotFound, OutcomeUnknown, Rejected
from content.firing import LOOK_AGAIN, Later, made, published
from content.models import Account, Attempt, Delivery, DeliveryState, Outcome, Part, Post
from content.people import Actor
from content.platform import Absent, Finds, Follows, Pending, Platform, Prepared, Published, Rendering
from content.times import Clock
from content.views import public_access, variants_of

log = logging.getLogger(__name__)

REPEAT_MARGIN = timedelta(minutes=5)
ASK_AFTER = timedelta(minutes=10)
"""How long to keep asking a platform that cannot tell, before asking a person."""
PROCESSING_TAKES = timedelta(minutes=30)


@dataclass(frozen=True)
class Repeat:
    """Nobody can tell, and the platform promises that the same commit with the same key makes no second post."""


@dataclass(frozen=True)
class _Trail:
    """What is known about the part whose outcome is not."""

    delivery_id: str
    account_id: str
    state: DeliveryState
    fence: int
    platform: Platform
    rendering: Rendering
    position: int
    key: str
    part_id: str
    attempt_id: str
    handles: Mapping[str, object]
    since: datetime
    findable: bool
    """Whether the platform can be asked about this account."""
    earlier: tuple[Published, ...]


class Tracing:
    """What to do with a delivery that is under way and nobody is waiting for."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform], accounts: Accounts) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms
        self._accounts = accounts

    async def trace(self, delivery_id: str) -> Later | Repeat:
        """One step towards the truth: when to look again (`at` None: it is known, or a person was asked), or to repeat."""
        trail = await self._trail(delivery_id)
        if trail is None:
            return Later(self._clock.now())  # nothing was armed, so nothing happened: it waits again
        if trail.state is DeliveryState.PROCESSING:
            return await self._follow(trail)
        return await self._find(trail)

    async def _trail(self, delivery_id: str) -> _Trail | None:
        """The open attempt, or None after putting back a delivery that was claimed but never armed."""
        async with self._db.writing() as session:
            delivery = await session.get_one(Delivery, delivery_id)
            attempt = await session.scalar(_newest_doubtful(delivery))
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
        rows = await session.scalars(select(Part).where(Part.delivery_id == delivery.id).order_by(Part.position))
        parts = made(session, delivery, rows.all(), len(rendering.parts))
        part = next(one for one in parts if one.id == attempt.part_id)
        earlier = [published(one) for one in parts[: part.position]]
        return _Trail(
            delivery_id=delivery.id,
            account_id=account.id,
            state=delivery.state,
            fence=delivery.fence,
            platform=platform,
            rendering=rendering,
            position=part.position,
            key=part.key,
            part_id=part.id,
            attempt_id=attempt.id,
            handles=attempt.handles,
            since=await self._first_try(session, part),
            findable=isinstance(platform, Finds) and platform.findable(public_access(account)),
            earlier=tuple(one for one in earlier if one is not None),
        )

    async def _first_try(self, session: AsyncSession, part: Part) -> datetime:
        found = await session.scalars(
            select(Attempt.started_at)
            .where(Attempt.part_id == part.id, outcomes.undecided())
            .order_by(Attempt.started_at)
            .limit(1)
        )
        return found.one()

    async def _find(self, trail: _Trail) -> Later | Repeat:
        found = await self._asked(trail)
        if isinstance(found, Published) and not await self._is_anothers(trail, found):
            return await self._is_public(trail, found)
        if isinstance(found, Absent):
            return await self._is_absent(trail)
        age = self._clock.now() - trail.since
        if age < -duplicates.CLOCKS_APART:
            return await self._ask_person(trail)  # a clock was set back: nobody knows how long the key has been known
        if self._repeatable(trail):
            return Repeat()
        if trail.findable and age < ASK_AFTER:
            return self._soon(trail)
        return await self._ask_person(trail)

    def _soon(self, trail: _Trail) -> Later:
        """The longer it takes, the longer until the platform is asked again."""
        now = self._clock.now()
        return Later(now + max(outcomes.QUIET, (now - trail.since) / 4))

    async def _asked(self, trail: _Trail) -> Published | Absent | None:
        if not (trail.findable and isinstance(trail.platform, Finds)):
            return None
        try:
            prepared = await self._prepared(trail)
            return await trail.platform.find(prepared, trail.position, trail.key, trail.since, trail.earlier)
        except ContentError:
            return None  # it cannot be asked now, which is no answer
        except Exception:
            log.exception("delivery.find_broke", extra={"delivery": trail.delivery_id})
            return None

    async def _is_anothers(self, trail: _Trail, found: Published) -> bool:
        """Two posts may say the same within a minute: what is another's proves nothing about this one."""
        async with self._db.reading() as session:
            return await duplicates.is_taken(session, trail.part_id, found.remote_id)

    async def _prepared(self, trail: _Trail) -> Prepared:
        access = await self._accounts.access(trail.account_id)
        return Prepared(trail.rendering, access, dict(trail.handles))

    def _repeatable(self, trail: _Trail) -> bool:
        window = trail.platform.spec.repeat_safe
        return window is not None and self._clock.now() - trail.since < window - REPEAT_MARGIN

    async def _as_it_was(self, session: AsyncSession, trail: _Trail) -> Delivery | None:
        """The delivery, unless somebody decided or took it while the platform was asked."""
        delivery = await session.get_one(Delivery, trail.delivery_id)
        return delivery if (delivery.state, delivery.fence) == (trail.state, trail.fence) else None

    async def _is_public(self, trail: _Trail, found: Published) -> Later:
        async with self._db.writing() as session:
            delivery = await self._as_it_was(session, trail)
            if delivery is None:
                return Later()
            count = len(trail.rendering.parts)
            await outcomes.part_sent(session, self._clock, delivery, trail.position, count, found)
            if trail.position == count - 1:
                return Later()
            await outcomes.wait_again(session, self._clock, delivery, None)
            return Later(self._clock.now())

    async def _is_absent(self, trail: _Trail) -> Later:
        """Proved absent: the same delivery goes out again."""
        async with self._db.writing() as session:
            delivery = await self._as_it_was(session, trail)
            if delivery is None:
                return Later()
            await outcomes.decide(session, self._clock, [trail.part_id], Outcome.NOTHING)
            await outcomes.wait_again(session, self._clock, delivery, None)
            return Later(self._clock.now())

    async def _ask_person(self, trail: _Trail) -> Later:
        async with self._db.writing() as session:
            delivery = await self._as_it_was(session, trail)
            if delivery is not None:
                await outcomes.ask_person(session, self._clock, delivery, trail.rendering.label)
            return Later()

    async def _follow(self, trail: _Trail) -> Later:
        if not isinstance(trail.platform, Follows) or self._clock.now() - trail.since > PROCESSING_TAKES:
            return await self._gave_up(trail)
        pending = dict(trail.handles).get("pending")
        try:
            access = await self._accounts.access(trail.account_id)
            result = await trail.platform.follow(Pending(pending if isinstance(pending, dict) else {}), access)
        except Rejected as refused:
            return await self._refused(trail, refused)
        except ContentError:
            return Later(self._clock.now() + LOOK_AGAIN)  # it cannot be asked now, which is no answer
        except Exception:
            log.exception("delivery.follow_broke", extra={"delivery": trail.delivery_id})
            return Later(self._clock.now() + LOOK_AGAIN)
        if isinstance(result, Published):
            return await self._is_public(trail, result)
        return self._soon(trail)

    async def _gave_up(self, trail: _Trail) -> Later:
        async with self._db.writing() as session:
            delivery = await self._as_it_was(session, trail)
            if delivery is None:
                return Later()
            await outcomes.close(session, self._clock, trail.attempt_id, Outcome.UNKNOWN, "still processing")
            return Later(await outcomes.unknown(session, self._clock, delivery, _stopped(delivery)))

    async def _refused(self, trail: _Trail, refused: Rejected) -> Later:
        async with self._db.writing() as session:
            delivery = await self._as_it_was(session, trail)
            if delivery is not None:
                await outcomes.close(session, self._clock, trail.attempt_id, Outcome.REFUSED, refused.message)
                await outcomes.failed(session, self._clock, delivery, refused, trail.rendering.label)
            return Later()

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
        trail = await self._described(session, delivery, await self._doubtful(session, delivery))
        count, twin = len(trail.rendering.parts), duplicates.twin_in(trail.handles)
        await outcomes.part_sent(session, self._clock, delivery, trail.position, count, twin or Published(""))
        if trail.position == count - 1:
            return
        if twin is None:
            refused = _cannot_continue(delivery, trail.position + 1)
            await outcomes.failed(session, self._clock, delivery, refused, trail.rendering.label)
            delivery.state = DeliveryState.CANCELLED  # nothing can follow a part whose address nobody knows
        else:
            await outcomes.wait_again(session, self._clock, delivery, None)
            await arm(session, self._clock, delivery)

    async def _said_absent(self, session: AsyncSession, delivery: Delivery) -> None:
        attempt = await self._doubtful(session, delivery)
        await outcomes.decide(session, self._clock, [attempt.part_id], Outcome.NOTHING)
        await outcomes.wait_again(session, self._clock, delivery, None)
        delivery.due_at = await moment(session)
        await arm(session, self._clock, delivery)

    async def _doubtful(self, session: AsyncSession, delivery: Delivery) -> Attempt:
        """The newest attempt nobody knows the outcome of; an unknown delivery has one."""
        found = await session.scalars(_newest_doubtful(delivery))
        return found.one()


def _newest_doubtful(delivery: Delivery) -> Select[Attempt]:
    return (
        select(Attempt)
        .where(Attempt.delivery_id == delivery.id, outcomes.undecided())
        .order_by(Attempt.started_at.desc(), Attempt.id)
        .limit(1)
    )


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
