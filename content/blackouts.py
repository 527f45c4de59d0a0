"""Blackout dates: days on which nothing goes out by itself. Said in words, kept as local dates of the zone of who said them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import notices
from content.audit import record
from content.database import Database
from content.errors import Conflict, Invalid, NotFound, Problem
from content.ids import new_id
from content.logins import account_row
from content.models import Account, Blackout, Workspace
from content.people import Actor
from content.platform import Platform
from content.policy import SUBJECT
from content.times import Clock, resolve_local, zone
from content.when import Moment, Slot, understand

GUARD = "blackout"
"""The code of the question, and the guard of its answer."""
LONGEST = timedelta(days=366)
MOST = 50
"""Blackouts of a workspace that lie ahead."""
_BETWEEN = re.compile(r"\s+(?:to|until|till|through|-)\s+|\s*(?:–|—|\.\.)\s*")
_NUMBER = re.compile(r"\d{1,2}(?:st|nd|rd|th|\.)?")


@dataclass(frozen=True)
class BlackoutView:
    """A blackout as people see it."""

    id: str
    account_id: str | None
    place: str
    """The one account it is about, as “X acme”; empty: every account."""
    first: date
    last: date
    zone: str
    reason: str

    @property
    def days(self) -> str:
        """“24 December (Europe/Berlin)”, “24 to 26 December (Europe/Berlin)”."""
        return days_words(self.first, self.last, self.zone)

    @property
    def words(self) -> str:
        """“24 to 26 December (Europe/Berlin): Christmas (X acme)”."""
        return f"{self.days}{': ' if self.reason else ''}{self.reason}{f' ({self.place})' if self.place else ''}"


def days_words(first: date, last: date, zone_name: str) -> str:
    """A span of days in few words, and where they are days: somebody elsewhere has others."""
    if first == last:
        return f"{first:%-d %B} ({zone_name})"
    begins = f"{first:%-d}" if (first.year, first.month) == (last.year, last.month) else f"{first:%-d %B}"
    return f"{begins} to {last:%-d %B} ({zone_name})"


def objection(blackout: Blackout, at: datetime) -> str:
    """Why nothing goes out at a moment that it covers."""
    day, reason = local_day(at, blackout.zone), blackout.reason
    return f"{days_words(day, day, blackout.zone)} is blacked out{': ' if reason else ''}{reason}."


def covers(blackout: Blackout, account_id: str, at: datetime) -> bool:
    """Whether it keeps this account's posts back at that moment."""
    if blackout.account_id not in (None, account_id):
        return False
    return blackout.first <= local_day(at, blackout.zone) <= blackout.last


def local_day(at: datetime, zone_name: str) -> date:
    """The date on the calendar of a zone."""
    return at.astimezone(zone(zone_name)).date()


def still_on() -> ColumnElement[bool]:
    """Nobody took it back."""
    return Blackout.ended_at.is_(None)


async def ahead(session: AsyncSession, workspace_id: str, now: datetime) -> Sequence[Blackout]:
    """The workspace's blackouts that are not over where they were made, in order."""
    earliest = now.date() - timedelta(days=1)  # today, wherever on earth it is
    rows = await session.scalars(
        select(Blackout)
        .where(Blackout.workspace_id == workspace_id, still_on(), Blackout.last >= earliest)
        .order_by(Blackout.first, Blackout.id)
        .execution_options(copydesk_unlocked=True)
    )
    return [one for one in rows if one.last >= local_day(now, one.zone)]


def read_days(words: str, now: datetime, zone_name: str) -> tuple[date, date]:
    """The first and the last day that words name: “24 December”, “24 to 26 December”, “2026-12-24 to 2026-12-26”.

    Raises:
        Invalid: no such days, days past, or more than a year of them.
    """
    first_words, *rest = _BETWEEN.split(words.strip().removeprefix("from "), maxsplit=1)
    last = _day(rest[0] if rest else first_words, words, now, zone_name)
    if rest and _NUMBER.fullmatch(first_words.strip()):
        first_words = f"{first_words} {last:%B}"
    first = _day(first_words, words, now, zone_name) if rest else last
    if last < first:
        raise _refusal(words, "ends before it begins.", "Name the first day, then the last.")
    if last - first > LONGEST:
        raise _refusal(words, "is more than a year.", "Name a shorter stretch.")
    return first, last


def _day(words: str, said: str, now: datetime, zone_name: str) -> date:
    """Days are read as of this morning, so that today is still to come."""
    today = local_day(now, zone_name)
    try:
        day = date.fromisoformat(words.strip())
    except ValueError:
        moment = _understood(words, said, resolve_local(datetime.combine(today, time()), zone_name).at, zone_name)
        if isinstance(moment, Slot):
            raise _refusal(said, "comes again and again.", "Name one day, or a first and a last one.") from None
        day = moment.at.astimezone(zone(zone_name)).date()
    if day < today:
        raise _refusal(said, f"was on {day:%-d %B %Y}.", "Name days still to come.")
    return day


def _understood(words: str, said: str, morning: datetime, zone_name: str) -> Moment | Slot:
    """A refusal of words for a time would give a time of day as its example; here days are wanted."""
    try:
        return understand(words, morning, zone_name)
    except Invalid:
        fix = "Write days still to come, like “24 December” or “24 to 26 December”."
        raise _refusal(said, "names no day that I can use.", fix) from None


def _refusal(words: str, what: str, fix: str) -> Invalid:
    return Invalid("I could not use those days.", [Problem(f"“{words.strip()[:60]}”", what, fix)])


def _shown(row: Blackout, place: str) -> BlackoutView:
    return BlackoutView(row.id, row.account_id, place, row.first, row.last, row.zone, row.reason)


class Blackouts:
    """Shows, makes and ends them."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform]) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms

    async def view(self, session: AsyncSession, workspace_id: str) -> tuple[BlackoutView, ...]:
        """Those that are not over, in order."""
        rows = await ahead(session, workspace_id, self._clock.now())
        named = await session.scalars(select(Account).where(Account.id.in_([one.account_id for one in rows])))
        places = {one.id: f"{self._platforms[one.platform].spec.label} {one.handle}" for one in named}
        return tuple(_shown(one, places.get(one.account_id or "", "")) for one in rows)

    async def add(self, actor: Actor, days: str, reason: str = "", account_id: str | None = None) -> str:
        """Let nothing go out by itself on these days of the actor's zone; on one account only, if it is named.

        Returns the days in words.

        Raises:
            NotAllowed: the actor may not change settings.
            Invalid: no such days; or there are too many already.
            NotFound: no such account here.
        """
        actor.require("manage")
        now = self._clock.now()
        async with self._db.writing() as session:
            workspace = await session.get_one(Workspace, actor.workspace_id, with_for_update=True)
            first, last = read_days(days, now, actor.zone)
            if account_id:
                await account_row(session, account_id, actor.workspace_id)
            if len(await ahead(session, workspace.id, now)) >= MOST:
                raise Invalid(f"There are {MOST} blackouts ahead already. End one first.")
            row = Blackout(
                id=new_id("blackout"),
                workspace_id=workspace.id,
                account_id=account_id,
                first=first,
                last=last,
                zone=actor.zone,
                reason=" ".join(reason.split())[:200],
                made_by=actor.member_id,
                made_at=now,
            )
            session.add(row)
            self._note(session, actor, "blackout.made", row.id)
            await notices.redraw(session, self._clock, SUBJECT)
            return days_words(first, last, actor.zone)

    async def end(self, actor: Actor, blackout_id: str) -> str:
        """Let posts go out on these days again. Returns the days in words.

        Raises:
            NotAllowed, NotFound: nothing was changed.
            Conflict: somebody ended it already.
        """
        actor.require("manage")
        async with self._db.writing() as session:
            row = await session.get(Blackout, blackout_id)
            if row is None or row.workspace_id != actor.workspace_id:
                raise NotFound("There is no such blackout here. Look at the settings for the ones there are.")
            await session.refresh(row, with_for_update=True)
            if row.ended_at is not None:
                raise Conflict("This blackout was ended already. Look at the current settings.")
            row.ended_at = self._clock.now()
            self._note(session, actor, "blackout.ended", row.id)
            await notices.redraw(session, self._clock, SUBJECT)
            return days_words(row.first, row.last, row.zone)

    def _note(self, session: AsyncSession, actor: Actor, verb: str, subject: str) -> None:
        record(
            session,
            workspace_id=actor.workspace_id,
            verb=verb,
            subject=subject,
            at=self._clock.now(),
            member_id=actor.member_id,
        )
