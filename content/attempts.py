"""The transactions around a commit: claim it, write down that it is about to leave, write down that it went out.

Each is done for all who ask at the same moment together: what is due at nine o'clock is due a hundred times.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import outcomes
from content.approvals import arm
from content.database import Database, database_now, moment
from content.facts import Facts, Standing, read_facts, read_standing
from content.firing import LEASE, LOOK_AGAIN, Claim, Later, claim, reclaim, too_dear
from content.ids import new_id
from content.models import IN_FLIGHT, Attempt, Delivery, DeliveryState
from content.pace import too_late
from content.platform import Json, Platform, Published
from content.times import Clock
from content.together import Together

# Built once: that costs as much as running them.
_LOCKED = (
    select(Delivery, database_now())
    .where(Delivery.id.in_(bindparam("deliveries", expanding=True)))
    .order_by(Delivery.id)
    .with_for_update()
)


@dataclass(frozen=True)
class _Arming:
    """A part that is about to leave."""

    mine: Claim
    position: int
    handles: Json


@dataclass(frozen=True)
class _Went:
    """A part that is public."""

    mine: Claim
    attempt_id: str
    position: int
    result: Published


class Attempts:
    """Claims deliveries, and keeps an `Attempt` for each commit."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform], *, dry: bool = False) -> None:
        """`dry`: nothing is sent, only rehearsed."""
        self._db = db
        self._clock = clock
        self._platforms = platforms
        self._dry = dry
        self._looking = Together(db, self._look_all, hurry=True)
        self._arming = Together(db, self._arm_all, hurry=True)
        self._recording = Together(db, self._record_all, hurry=True)

    async def look(self, delivery_id: str) -> Claim | Later | None:
        """A claim, a time to look again, or None where what happened must be found out first."""
        return await self._looking.ask(delivery_id)

    async def _look_all(self, session: AsyncSession, ids: Sequence[str]) -> list[Claim | Later | None]:
        deliveries, now = await self._locked(session, ids)
        waiting = [one for one in deliveries.values() if one.state is DeliveryState.WAITING]
        facts = await read_facts(session, self._platforms, waiting, now)
        return [
            await self._look_at(session, facts, deliveries[one], now) if one in deliveries else Later() for one in ids
        ]

    async def _look_at(
        self, session: AsyncSession, facts: Mapping[str, Facts], delivery: Delivery, now: datetime
    ) -> Claim | Later | None:
        if delivery.state is DeliveryState.WAITING:
            return await claim(session, self._clock, facts[delivery.id], dry=self._dry)
        if delivery.state is DeliveryState.SENDING and delivery.lease_until and delivery.lease_until > now:
            return Later(delivery.lease_until)
        return None if delivery.state in IN_FLIGHT else Later()

    async def look_anew(self, delivery_id: str) -> Claim | Later:
        """A claim on what may be sent again with the same key, though nobody knows whether it went out."""
        async with self._db.writing() as session:
            delivery = await session.get_one(Delivery, delivery_id)
            if delivery.state is not DeliveryState.UNKNOWN:
                return Later()  # somebody settled it meanwhile
            now = await moment(session)
            facts = await read_facts(session, self._platforms, [delivery], now)
            return await reclaim(session, self._clock, facts[delivery_id], dry=self._dry)

    async def arm(self, mine: Claim, position: int, handles: Json) -> str | Later:
        """Write down that a part is about to leave, if the delivery is still ours and still wanted; returns the attempt's id."""
        return await self._arming.ask(_Arming(mine, position, handles))

    async def _arm_all(self, session: AsyncSession, asks: Sequence[_Arming]) -> list[str | Later]:
        ids = [one.mine.delivery_id for one in asks]
        _, now = await self._locked(session, ids)
        standing = await read_standing(session, ids, now)
        return [await self._arm_one(session, one, standing.get(one.mine.delivery_id), now) for one in asks]

    async def _arm_one(
        self, session: AsyncSession, one: _Arming, standing: Standing | None, now: datetime
    ) -> str | Later:
        """Uploads take minutes: what may have changed meanwhile is looked at again, in the moment before a request leaves."""
        delivery = await ours(session, one.mine)
        if delivery is None or standing is None:
            return Later()
        if standing.workspace.held or standing.workspace.rehearsing:
            await outcomes.wait_again(session, self._clock, delivery, None)
            return Later(now + LOOK_AGAIN)
        if not standing.connected or await self._must_ask(session, one, delivery, standing, now):
            await outcomes.wait_again(session, self._clock, delivery, None)
            return Later(now)  # which says why
        asking = await self._too_dear(session, one, delivery, now)
        if asking is not None:
            return asking
        attempt = Attempt(
            id=new_id("attempt"),
            delivery_id=delivery.id,
            part_id=one.mine.part_ids[one.position],
            fence=one.mine.fence,
            digest=one.mine.digest,
            handles=dict(one.handles),
            cost_mills=one.mine.rendering.parts[one.position].cost_mills,
            started_at=now,
        )
        session.add(attempt)
        delivery.lease_until = now + LEASE
        return attempt.id

    async def _must_ask(
        self, session: AsyncSession, one: _Arming, delivery: Delivery, standing: Standing, now: datetime
    ) -> bool:
        """Whether it became too late, or its day was blacked out since. What has begun, or may have, is finished."""
        if one.position > 0:
            return False
        late = delivery.due_at is not None and too_late(standing.workspace, delivery.due_at, now)
        return (late or not standing.dark <= one.mine.dark) and not await outcomes.in_doubt(session, delivery)

    async def _too_dear(self, session: AsyncSession, one: _Arming, delivery: Delivery, now: datetime) -> Later | None:
        """What has begun, or may have, is finished."""
        cost = one.mine.rendering.cost_mills
        if not cost or one.position > 0 or await outcomes.in_doubt(session, delivery):
            return None
        return await too_dear(session, self._clock, delivery, cost, now)

    async def sent(self, mine: Claim, attempt_id: str, position: int, result: Published) -> bool:
        """What is public is written down whoever has the delivery by now; whether it is still ours, to go on with the next part."""
        return await self._recording.insist(_Went(mine, attempt_id, position, result))

    async def _record_all(self, session: AsyncSession, asks: Sequence[_Went]) -> list[bool]:
        deliveries, _ = await self._locked(session, [one.mine.delivery_id for one in asks])
        answers = [await ours(session, one.mine) is not None for one in asks]
        parts = []
        for one in asks:
            delivery = deliveries[one.mine.delivery_id]
            delivery.approval_id = delivery.approval_id or one.mine.approval_id
            parts.append(outcomes.PartSent(delivery, one.position, len(one.mine.keys), one.result))
        await outcomes.parts_sent(session, self._clock, parts, [one.attempt_id for one in asks])
        for is_ours, part in zip(answers, parts, strict=True):
            if not is_ours:
                await arm(session, self._clock, part.delivery)
        return answers

    async def _locked(self, session: AsyncSession, ids: Sequence[str]) -> tuple[dict[str, Delivery], datetime]:
        """By id, locked in one order for all so that no two wait for each other; and the database's present instant."""
        rows = (await session.execute(_LOCKED, {"deliveries": ids})).all()
        return {row.id: row for row, _ in rows}, max((now for _, now in rows), default=self._clock.now())


async def ours(session: AsyncSession, mine: Claim) -> Delivery | None:
    """The delivery, or None where the fence moved on: somebody else has it, so this run decides nothing more."""
    delivery = await session.get(Delivery, mine.delivery_id)
    held = delivery is not None and delivery.fence == mine.fence and delivery.state is DeliveryState.SENDING
    return delivery if held else None
