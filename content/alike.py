"""Which posts of an account a wording is like: those that are planned, and those that went out not long ago."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from content.models import (
    IN_FLIGHT,
    MOVABLE,
    Delivery,
    DeliveryState,
    Likeness,
    Post,
    PostState,
    Revision,
    Series,
    Variant,
)
from content.times import zone

GUARD = "alike"
"""The code of the question, and the guard of its answer."""


@dataclass(frozen=True)
class Alike:
    """Another post on the same account that says nearly the same."""

    percent: int
    delivery_id: str
    post_id: str
    number: int
    state: DeliveryState
    due_at: datetime | None
    sent_at: datetime | None
    removed_at: datetime | None

    def is_out(self, now: datetime, days: int) -> bool:
        """Whether it is public, or on its way, and no longer ago than so many days."""
        if self.state in IN_FLIGHT:
            return True
        sent = self.state is DeliveryState.SENT and self.removed_at is None and self.sent_at is not None
        return sent and self.sent_at is not None and now - self.sent_at <= timedelta(days=days)

    @property
    def is_planned(self) -> bool:
        """Whether it waits for its time."""
        return self.state in MOVABLE and self.due_at is not None

    def words(self, zone_name: str, now: datetime) -> str:
        """“It is 94 % like #12, published on Monday”, as a sentence."""
        return f"It is {self.percent} % like #{self.number}, {self._where(zone_name, now)}."

    def _where(self, zone_name: str, now: datetime) -> str:
        at = self.sent_at if self.state is DeliveryState.SENT else None
        if at is not None:
            return f"published {_day(at, zone_name, now)}"
        if self.is_planned and self.due_at is not None:
            return f"planned for {_day(self.due_at, zone_name, now).removeprefix('on ')}"
        return "which is going out"


def _day(at: datetime, zone_name: str, now: datetime) -> str:
    """“today”, “on Monday”, “on 3 November”."""
    day, today = at.astimezone(zone(zone_name)).date(), now.astimezone(zone(zone_name)).date()
    if day == today:
        return "today"
    return f"on {day:%A}" if abs((day - today).days) < 7 else f"on {day:%-d %B}"


_OWN_WORDING, _OWN_REVISION, _OWN, _OWN_SERIES = aliased(Variant), aliased(Revision), aliased(Post), aliased(Series)
# Built once: that costs as much as running it.
_REPEATS_ITSELF = and_(
    _OWN.series_id.is_not(None),
    or_(
        func.coalesce(Post.series_id, "").in_(
            select(Series.id)
            .join(_OWN_SERIES, _OWN_SERIES.post_id == Series.post_id)
            .where(_OWN_SERIES.id == _OWN.series_id)
        ),
        Post.id.in_(select(Series.post_id).where(Series.id == _OWN.series_id)),
    ),
)
"""A series says the same on purpose, and somebody said yes to that; so does the next series of the same post."""
_ALIKE = (
    select(
        Likeness.variant_id,
        Likeness.percent,
        Delivery.id,
        Post.id,
        Post.number,
        Delivery.state,
        Delivery.due_at,
        Delivery.sent_at,
        Delivery.removed_at,
    )
    .join(Variant, Variant.id == Likeness.other_id)
    .join(Revision, Revision.id == Variant.revision_id)
    .join(Post, and_(Post.id == Revision.post_id, Post.revision == Revision.number))
    .join(Delivery, and_(Delivery.post_id == Post.id, Delivery.account_id == Variant.account_id))
    .join(_OWN_WORDING, _OWN_WORDING.id == Likeness.variant_id)
    .join(_OWN_REVISION, _OWN_REVISION.id == _OWN_WORDING.revision_id)
    .join(_OWN, _OWN.id == _OWN_REVISION.post_id)
    .where(Likeness.variant_id.in_(bindparam("variants", expanding=True)), Post.state != PostState.DISCARDED)
    .where(not_(_REPEATS_ITSELF))
    .order_by(Likeness.percent.desc(), Post.number.desc())
)


async def alike(session: AsyncSession, variants: Sequence[str]) -> Mapping[str, list[Alike]]:
    """By variant, the most like first."""
    found = defaultdict(list)
    for row in await session.execute(_ALIKE, {"variants": variants}):
        found[row[0]].append(Alike(*row[1:]))
    return found
