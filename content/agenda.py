"""Everything that goes, went or may go out, as events of a calendar: posts, free slots, plans, series."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import blackouts
from content.database import Database
from content.models import Account, AuditEntry, DeliveryState, Plan, PostingSlot
from content.people import Actor
from content.platform import Platform
from content.recurrence import Recurrence
from content.schedule import CalendarEntry, Schedule
from content.series import SeriesOfPosts, SeriesView
from content.slots import free, promised, upcoming
from content.times import Clock
from content.when import Moment

BACK, AHEAD = timedelta(days=30), timedelta(days=180)
"""How far from now the calendar reaches."""
FREE_AHEAD = timedelta(days=28)
"""Free slots are told for this long only: they come again every week."""
MOST_OF_ONE = 200
"""Occurrences of one plan, series or account's slots."""

UNSHOWN = str.maketrans(dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), " "))
"""Control characters, which no file of a calendar may have."""

Kind = Literal["post", "slot", "plan", "series"]
Status = Literal["CONFIRMED", "TENTATIVE"]
_WORDS: Mapping[DeliveryState, str] = {
    DeliveryState.SENDING: "going out",
    DeliveryState.PROCESSING: "going out",
    DeliveryState.ASKING: "waits for your word",
    DeliveryState.HELD: "on hold",
    DeliveryState.SENT: "published",
    DeliveryState.FAILED: "not published",
    DeliveryState.UNKNOWN: "may be out",
}


@dataclass(frozen=True)
class Event:
    """One thing at one moment. `uid` stays the same for it, wherever it is moved; `sequence` grows with each change."""

    uid: str
    at: datetime
    kind: Kind
    status: Status
    state: str
    words: str
    number: int = 0
    """Of the post; 0: it is about none."""
    account: str = ""
    url: str = ""
    sequence: int = 0

    @property
    def title(self) -> str:
        """“#12 · Mastodon @acme: first words (approved)”."""
        named = " · ".join(part for part in (f"#{self.number}" if self.number else "", self.account) if part)
        return f"{named}{': ' if named else ''}{self.words} ({self.state})"


class Agenda:
    """The calendar as other programs read it. Changes nothing."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform]) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms
        self._schedule = Schedule(db, clock, platforms)
        self._series = SeriesOfPosts(db, clock, platforms)

    async def events(self, actor: Actor) -> Sequence[Event]:
        """From 30 days ago to 180 days ahead, in order.

        Raises:
            NotAllowed: a guest sees posts only while they are asked about them.
        """
        actor.require("read")
        now = self._clock.now()
        start, end = now - BACK, now + AHEAD
        entries = await self._schedule.calendar(actor.workspace_id, start, end)
        series = await self._series.running(actor.workspace_id)
        async with self._db.reading() as session:
            changes = await _changes(session, {its for one in entries for its in (one.post_id, one.delivery_id)})
            slots = await self._free(session, actor.workspace_id, entries, now)
            plans = await _plans(session, actor.workspace_id, now, end)
        found = [_post(one, changes) for one in entries]
        found += [*slots, *plans, *(event for one in series for event in _occurrences(one, now, end))]
        return sorted(found, key=lambda one: (one.at, one.number, one.uid))

    async def _free(
        self, session: AsyncSession, workspace_id: str, entries: Iterable[CalendarEntry], now: datetime
    ) -> list[Event]:
        rows = await session.execute(
            select(PostingSlot, Account)
            .join(Account, Account.id == PostingSlot.account_id)
            .where(PostingSlot.workspace_id == workspace_id, Account.state != "disconnected")
        )
        slots: dict[str, list[PostingSlot]] = defaultdict(list)
        names: dict[str, str] = {}
        for slot, account in rows.all():
            slots[account.id].append(slot)
            names[account.id] = f"{self._platforms[account.platform].spec.label} {account.handle}"
        taken = defaultdict(set, await promised(session, list(slots), now))
        for entry in entries:
            taken[entry.account_id].add(entry.at)
        dark = await blackouts.ahead(session, workspace_id, now)
        return [
            _slot(one.at, account_id, names[account_id])
            for account_id, of_account in slots.items()
            for one in free(account_id, _until(now + FREE_AHEAD, upcoming(of_account, now)), taken[account_id], dark)
        ]


def _until(end: datetime, moments: Iterable[Moment]) -> Iterator[Moment]:
    return islice(takewhile(lambda one: one.at < end, moments), MOST_OF_ONE)


def _slot(at: datetime, account_id: str, name: str) -> Event:
    return Event(_uid(account_id, at), at, "slot", "TENTATIVE", "nothing in it yet", "free slot", 0, name)


def _uid(row_id: str, at: datetime) -> str:
    return f"{row_id}-{at:%Y%m%dT%H%M%SZ}@copydesk"


def _post(entry: CalendarEntry, changes: Mapping[str, int]) -> Event:
    waiting = "approved" if entry.approved else "not approved yet"
    asking = entry.state in (DeliveryState.ASKING, DeliveryState.HELD, DeliveryState.UNKNOWN, DeliveryState.FAILED)
    sure = entry.approved and not asking
    return Event(
        uid=f"{entry.delivery_id}@copydesk",
        at=entry.at,
        kind="post",
        status="CONFIRMED" if sure else "TENTATIVE",
        state=_WORDS.get(entry.state, waiting),
        words=entry.words,
        number=entry.number,
        account=f"{entry.label} {entry.handle}",
        url=entry.url,
        sequence=changes.get(entry.post_id, 0) + changes.get(entry.delivery_id, 0),
    )


async def _changes(session: AsyncSession, ids: set[str]) -> dict[str, int]:
    """How often something was done to each post, or became of it on an account: a number that only grows."""
    rows = await session.execute(
        select(AuditEntry.subject, func.count()).where(AuditEntry.subject.in_(ids)).group_by(AuditEntry.subject)
    )
    return {row.subject: row[1] for row in rows.all()}


async def _plans(session: AsyncSession, workspace_id: str, now: datetime, end: datetime) -> list[Event]:
    plans = await session.scalars(select(Plan).where(Plan.workspace_id == workspace_id, Plan.ended_at.is_(None)))
    return [
        Event(_uid(plan.id, at), at, "plan", "CONFIRMED", "plan", " ".join(plan.instruction.split())[:60])
        for plan in plans
        for at in islice((one.at for one in Recurrence(plan.rule, plan.zone).between(now, end)), MOST_OF_ONE)
    ]


def _occurrences(series: SeriesView, now: datetime, end: datetime) -> Iterator[Event]:
    """Those that are still to be made; the one that is made stands there as a post."""
    approved = series.state == "running"
    for one in series.rule.between(max(now, series.made_until or now) + timedelta(microseconds=1), end):
        status: Status = "CONFIRMED" if approved else "TENTATIVE"
        state = f"series, {'approved' if approved else series.state}"
        yield Event(_uid(series.id, one.at), one.at, "series", status, state, series.post.words, series.post.number)
