"""Posting slots: the weekly times at which an account posts, and the queue that fills them.

A slot is free where no other post of the account has its moment, nor a series that runs will have it, and where no blackout would
keep it back. Nothing is kept but their own times, so a post that is moved, cancelled or deleted frees its slot by that, and one
whose slot is taken away keeps its time.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import chain

from sqlalchemy import and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import blackouts, notices
from content.audit import record
from content.database import Database
from content.day_words import DAYS
from content.errors import Invalid, NotFound
from content.ids import new_id
from content.logins import account_row
from content.models import Account, Blackout, Delivery, DeliveryState, Post, PostingSlot, Revision, Series, Variant
from content.people import Actor
from content.phrases import WEEKDAYS
from content.platform import Platform
from content.recurrence import Recurrence
from content.times import Clock, said
from content.when import Moment, Slot, understand

SUBJECT = "slots:all"
"""What shows them."""
MOST = 50
"""Slots of an account."""
AHEAD = timedelta(days=366)
"""How far series are looked at: a yes to one is good for no longer."""
TAKEN = tuple(state for state in DeliveryState if state not in (DeliveryState.CANCELLED, DeliveryState.FAILED))
"""What holds its slot."""
QUEUE = re.compile(
    r"\b(?:queue|enqueue|(?:next|first)\s+(?:free\s+|open\s+|empty\s+|available\s+|posting\s+)*slot|(?:free|open) slot)\b",
    re.IGNORECASE,
)
"""Words that mean the next free slot."""
_DAYS = re.compile(rf"(?:on\s+)?(?={DAYS})", re.IGNORECASE)


@dataclass(frozen=True)
class SlotView:
    """One weekly time of an account."""

    id: str
    words: str


@dataclass(frozen=True)
class AccountSlots:
    """An account's weekly times, and how full they are."""

    account_id: str
    label: str
    handle: str
    slots: tuple[SlotView, ...]
    times: tuple[str, ...]
    """The same in few words: “every Monday and Thursday at 09:00 Europe/Berlin”."""
    next_free: str
    """In words, with zone and distance; empty: there are no slots."""
    waiting: int
    """How many posts of the account still have a time to come."""
    last: str
    """The last of those times, in words; empty: nothing waits."""

    @property
    def words(self) -> str:
        """Account and platform."""
        return f"{self.label} {self.handle}"


class Slots:
    """When accounts post."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform]) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms

    async def list(self, workspace_id: str) -> Sequence[AccountSlots]:
        """Every connected account with its slots, in the order they were connected."""
        now = self._clock.now()
        async with self._db.reading() as session:
            accounts = await session.scalars(
                select(Account)
                .where(Account.workspace_id == workspace_id, Account.state != "disconnected")
                .order_by(Account.connected_at, Account.id)
            )
            found = [one for one in accounts if one.platform in self._platforms]
            slots = await _slots_of(session, [one.id for one in found])
            taken = await _taken(session, [one.id for one in found], now, "")
            series = await promised(session, [one.id for one in found], now)
            dark = await blackouts.ahead(session, workspace_id, now)
        firsts = {one.id: _first(one.id, slots[one.id], {*taken[one.id], *series[one.id]}, dark, now) for one in found}
        return [self._view(one, slots[one.id], taken[one.id], firsts[one.id], now) for one in found]

    def _view(
        self,
        account: Account,
        slots: Sequence[PostingSlot],
        taken: Mapping[datetime, str],
        first: Moment | None,
        now: datetime,
    ) -> AccountSlots:
        last = max(taken, default=None)
        zone_name = slots[0].zone if slots else "UTC"
        return AccountSlots(
            account_id=account.id,
            label=self._platforms[account.platform].spec.label,
            handle=account.handle,
            slots=tuple(SlotView(one.id, _words(one)) for one in slots),
            times=tuple(_together(slots)),
            next_free=said(first.at, first.zone, now) if first else "",
            waiting=len(taken),
            last=said(last, taken[last] or zone_name, now) if last else "",
        )

    async def add(self, actor: Actor, account_id: str, words: str) -> str:
        """Have an account post at weekly times, told in words such as “every weekday 9:00”; returns them in words.

        Raises:
            NotAllowed: the member may not change settings.
            NotFound: this workspace has no such account.
            Invalid: no weekly time, or over 50 of them.
        """
        actor.require("manage")
        slot = _read(words, self._clock.now(), actor.zone)
        async with self._db.writing() as session:
            await account_row(session, account_id, actor.workspace_id, lock=True)
            there = {_key(one) for one in (await _slots_of(session, [account_id]))[account_id]}
            wanted = [(day, slot.hour, slot.minute, slot.zone) for day in slot.weekdays]
            new = [key for key in wanted if key not in there]
            if len(there) + len(new) > MOST:
                raise Invalid(f"An account has {MOST} slots at most, so none was added. Take some away first.")
            for weekday, hour, minute, zone_name in new:
                session.add(
                    PostingSlot(
                        id=new_id("slot"),
                        workspace_id=actor.workspace_id,
                        account_id=account_id,
                        weekday=weekday,
                        hour=hour,
                        minute=minute,
                        zone=zone_name,
                    )
                )
            self._record(session, actor, "slot.added", account_id, slot.echo())
            await notices.redraw(session, self._clock, SUBJECT)
        return slot.echo()

    async def remove(self, actor: Actor, slot_id: str) -> str:
        """Take one weekly time away; returns it in words. The posts in it keep their times.

        Raises:
            NotAllowed: the member may not change settings.
            NotFound: this workspace has no such slot.
        """
        actor.require("manage")
        async with self._db.writing() as session:
            slot = await session.get(PostingSlot, slot_id)
            if slot is None or slot.workspace_id != actor.workspace_id:
                raise NotFound("There is no such slot any more. Look at /slots for the ones there are.")
            await session.delete(slot)
            words = _words(slot)
            self._record(session, actor, "slot.removed", slot.account_id, words)
            await notices.redraw(session, self._clock, SUBJECT)
        return words

    def _record(self, session: AsyncSession, actor: Actor, verb: str, account_id: str, words: str) -> None:
        record(
            session,
            workspace_id=actor.workspace_id,
            verb=verb,
            subject=account_id,
            at=self._clock.now(),
            member_id=actor.member_id,
            slot=words,
        )


async def next_free(session: AsyncSession, rows: Sequence[Delivery], now: datetime) -> dict[str, Moment]:
    """By account of these deliveries, all of one post, its next free slot; accounts without slots go with the first of them.

    Where a blackout of its own keeps one of those back then, it goes at the first time of the others after it.

    The accounts are locked until the end of the transaction, so that two who press at once never get the same slot.

    Raises:
        Invalid: none of the accounts has slots.
    """
    ids = sorted(one.account_id for one in rows)
    await session.execute(
        select(Account.id).where(Account.id.in_(ids)).order_by(Account.id).with_for_update(key_share=True)
    )
    slots = await _slots_of(session, ids)
    taken = await _taken(session, ids, now, rows[0].post_id)
    series = await promised(session, ids, now)
    dark = await blackouts.ahead(session, rows[0].workspace_id, now)
    firsts = {one: _first(one, slots[one], {*taken[one], *series[one]}, dark, now) for one in ids}
    found = {one: moment for one, moment in firsts.items() if moment}
    if not found:
        raise Invalid("There are no posting slots yet, so there is no queue. Set them with /slots, or name a time.")
    first = min(found.values(), key=_at)
    every = [slot for one in ids for slot in slots[one]]
    return {one: found.get(one) or next(free(one, chain([first], upcoming(every, first.at)), (), dark)) for one in ids}


def _first(
    account_id: str,
    slots: Sequence[PostingSlot],
    taken: Collection[datetime],
    dark: Sequence[Blackout],
    now: datetime,
) -> Moment | None:
    return next(free(account_id, upcoming(slots, now), taken, dark), None)


def free(
    account_id: str, moments: Iterable[Moment], taken: Collection[datetime], dark: Sequence[Blackout]
) -> Iterator[Moment]:
    """Those of an account's moments that nothing has, and no blackout keeps back."""
    for one in moments:
        if one.at not in taken and not any(blackouts.covers(each, account_id, one.at) for each in dark):
            yield one


def upcoming(slots: Sequence[PostingSlot], after: datetime) -> Iterator[Moment]:
    """The moments of weekly times after an instant, in order, without an end."""
    return merge(*(_each(Slot((one.weekday,), one.hour, one.minute, one.zone), after) for one in slots), key=_at)


def _each(slot: Slot, after: datetime) -> Iterator[Moment]:
    while True:
        found = slot.next_after(after)
        yield found
        after = found.at


def _at(moment: Moment) -> datetime:
    return moment.at


async def _slots_of(session: AsyncSession, account_ids: Collection[str]) -> Mapping[str, Sequence[PostingSlot]]:
    found: dict[str, list[PostingSlot]] = defaultdict(list)
    order = (PostingSlot.weekday, PostingSlot.hour, PostingSlot.minute, PostingSlot.zone)
    for one in await session.scalars(
        select(PostingSlot).where(PostingSlot.account_id.in_(account_ids)).order_by(*order)
    ):
        found[one.account_id].append(one)
    return found


async def _taken(
    session: AsyncSession, account_ids: Collection[str], now: datetime, but: str
) -> Mapping[str, dict[datetime, str]]:
    """By account the moments to come that its posts have, without one post's, each with the zone it was said in."""
    found: dict[str, dict[datetime, str]] = defaultdict(dict)
    times = select(Delivery.account_id, Delivery.due_at, Delivery.zone).where(
        Delivery.account_id.in_(account_ids), Delivery.post_id != but, Delivery.due_at > now, Delivery.state.in_(TAKEN)
    )
    for account_id, at, zone_name in await session.execute(times):
        found[account_id][at] = zone_name  # type: ignore[index]  # it is later than now
    return found


async def promised(session: AsyncSession, account_ids: Collection[str], now: datetime) -> Mapping[str, set[datetime]]:
    """By account the moments at which series that run will post on it, without the occurrences that are made."""
    found: dict[str, set[datetime]] = defaultdict(set)
    workspaces = select(Account.workspace_id).where(Account.id.in_(account_ids))
    running = (  # what they make meanwhile has the same times, so that nothing is locked
        select(Series)
        .where(Series.workspace_id.in_(workspaces), Series.ended_at.is_(None))
        .where(Series.approved_at.is_not(None), Series.paused_at.is_(None))
        .execution_options(copydesk_unlocked=True)
    )
    for series in (await session.scalars(running)).all():
        since = max(now, series.made_until or now) + timedelta(microseconds=1)
        moments = [one.at for one in Recurrence(series.rule, series.zone).between(since, now + AHEAD)]
        for account_id in await session.scalars(_ACCOUNTS_OF, {"post": series.post_id}):
            found[account_id].update(moments)
    return found


_ACCOUNTS_OF = (
    select(Variant.account_id)
    .join(Revision, Revision.id == Variant.revision_id)
    .join(Post, and_(Post.id == Revision.post_id, Post.revision == Revision.number))
    .where(Post.id == bindparam("post"))
    .execution_options(copydesk_unlocked=True)
)


def _read(words: str, now: datetime, zone_name: str) -> Slot:
    """A weekly time; “Mon, Wed 9:00” means every such day."""
    bare = words.strip()
    slot = understand(f"every {bare}" if _DAYS.match(bare) else bare, now, zone_name)
    if not isinstance(slot, Slot):
        raise Invalid(f"“{bare[:60]}” is one moment, and a slot is a weekly time. Say “Mon and Thu 9:00”.")
    return slot


def _key(slot: PostingSlot) -> tuple[int, int, int, str]:
    return slot.weekday, slot.hour, slot.minute, slot.zone


def _words(slot: PostingSlot) -> str:
    return f"{WEEKDAYS[slot.weekday]} {slot.hour:02}:{slot.minute:02} {slot.zone}"


def _together(slots: Sequence[PostingSlot]) -> Iterator[str]:
    """The days of one local time in one line."""
    days: dict[tuple[int, int, str], list[int]] = defaultdict(list)
    for one in slots:
        days[one.hour, one.minute, one.zone].append(one.weekday)
    for (hour, minute, zone_name), weekdays in sorted(days.items()):
        yield Slot(tuple(sorted(weekdays)), hour, minute, zone_name).echo()
