"""What went out week by week, and what came back."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select

from content.counts import added, engagement, newest_counts
from content.database import Database
from content.models import Delivery, DeliveryState
from content.times import Clock, zone


@dataclass(frozen=True)
class Week:
    """One week, Monday to Sunday, in the reader's zone."""

    start: date
    posts: int
    """Posts that went out on at least one account."""
    reactions: int | None
    """Likes, replies and reposts together, as far as they were told; None: nothing was."""


class Reports:
    """Reads only."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def weeks(self, workspace_id: str, zone_name: str, count: int = 8) -> tuple[Week, ...]:
        """The last so many weeks, oldest first, this one included; also those in which nothing went out."""
        here = zone(zone_name)
        this = _monday(self._clock.now().astimezone(here).date())
        starts = [this - timedelta(weeks=back) for back in reversed(range(count))]
        posts: defaultdict[date, set[str]] = defaultdict(set)
        deliveries: defaultdict[date, list[str]] = defaultdict(list)
        begins = datetime.combine(starts[0], time(), here)
        where = Delivery.workspace_id == workspace_id, Delivery.state == DeliveryState.SENT, Delivery.sent_at >= begins
        async with self._db.reading() as session:
            rows = await session.execute(select(Delivery.id, Delivery.post_id, Delivery.sent_at).where(*where))
            counts = await newest_counts(session, *where)
            sent = [(delivery_id, post_id, at) for delivery_id, post_id, at in rows.all() if at is not None]
            for delivery_id, post_id, sent_at in sent:
                start = _monday(sent_at.astimezone(here).date())
                posts[start].add(post_id)
                deliveries[start].append(delivery_id)
        return tuple(
            Week(start, len(posts[start]), engagement(added(counts[one] for one in deliveries[start] if one in counts)))
            for start in starts
        )


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
