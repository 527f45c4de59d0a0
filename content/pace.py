"""How close together and how often an account posts: the platform's own bounds, the workspace's, and what the platform has left.

A workspace may be more careful than a platform asks for, never less. When the platform says that it takes no more for now,
every post of the account waits for that, instead of each being refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import notices
from content.audit import record
from content.database import Database
from content.errors import Invalid
from content.logins import account_row
from content.models import Account, Workspace
from content.people import Actor
from content.platform import Platform, Spec
from content.policy import SUBJECT
from content.times import Clock

CAP_COUNTS = timedelta(days=1)
"""The daily cap counts what went out within it."""
LONGEST_GAP = 24 * 60
"""Minutes."""
LARGEST_CAP = 1_000
OVERDUE = "overdue"
"""The code of a question about a post whose time passed longer ago than the workspace lets posts be late."""
TURN = "turn"
"""The code of a question about a post whose turn comes later than the workspace lets posts be."""
WAITS = ("gap", "cap", "quota")
"""The codes of posts that wait for their turn."""


class Went(NamedTuple):
    """A post that went, or may have gone, out on an account."""

    at: datetime
    number: int


@dataclass(frozen=True)
class Wait:
    """A post's account has no room for it before `at`, and why."""

    at: datetime
    code: str
    why: str


def gap_of(account: Account, spec: Spec) -> timedelta:
    """Least time between two posts."""
    return max(spec.spacing, timedelta(minutes=account.gap_minutes or 0))


def cap_of(account: Account, spec: Spec) -> int:
    """Most posts in 24 hours."""
    return min(spec.daily_cap, account.daily_cap or spec.daily_cap)


def quota(account: Account, spec: Spec, now: datetime) -> Wait | None:
    """What the platform said about this account, until it is over."""
    if account.quota_until is None or account.quota_until <= now:
        return None
    return _quota(account, spec, account.quota_until)


def _quota(account: Account, spec: Spec, until: datetime) -> Wait:
    return Wait(until, "quota", f"{spec.label} takes no more from {account.handle} for now.")


def full(account: Account, spec: Spec, until: datetime) -> Wait:
    """The platform takes no more until then: all posts of the account wait."""
    account.quota_until = until
    return _quota(account, spec, until)


def room(account: Account, spec: Spec, went: Sequence[Went], now: datetime) -> Wait | None:
    """When there is room for another post, where that is not now; `went` are the last day's, in order."""
    waits = [one for one in (quota(account, spec, now), *_own(account, spec, went)) if one and one.at > now]
    return max(waits, key=lambda one: one.at, default=None)


def _own(account: Account, spec: Spec, went: Sequence[Went]) -> list[Wait]:
    gap, cap, waits = gap_of(account, spec), cap_of(account, spec), []
    if went and gap:
        last = went[-1]
        waits.append(
            Wait(
                last.at + gap,
                "gap",
                f"{account.handle} keeps {minutes_words(gap)} between posts: #{last.number} was last.",
            )
        )
    if len(went) >= cap:
        waits.append(
            Wait(
                went[-cap].at + CAP_COUNTS,
                "cap",
                f"{account.handle} posts {'once' if cap == 1 else f'{cap} times'} in 24 hours at most.",
            )
        )
    return waits


def minutes_words(span: timedelta) -> str:
    """“45 s”, “30 min”, “2 h”, “1 h 30 min”."""
    minutes, seconds = divmod(round(span.total_seconds()), 60)
    if not minutes:
        return f"{seconds} s"
    hours, rest = divmod(minutes, 60)
    return " ".join(([f"{hours} h"] if hours else []) + ([f"{rest} min"] if rest else []))


@dataclass(frozen=True)
class AccountPace:
    """How an account posts, as people set and see it."""

    account_id: str
    label: str
    handle: str
    gap: timedelta
    """What holds, whoever asks for it."""
    cap: int
    quota_until: datetime | None
    """Until when the platform takes no more; None: it takes."""

    @property
    def words(self) -> str:
        """“at least 30 min apart, at most 10 in 24 hours”."""
        apart = f"at least {minutes_words(self.gap)} apart, " if self.gap else ""
        return f"{apart}at most {self.cap} in 24 hours"


class Pace:
    """Shows and changes how accounts post."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform]) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms

    async def view(self, session: AsyncSession, workspace_id: str) -> tuple[AccountPace, ...]:
        """Every account that is not let go, in the order they were connected."""
        rows = await session.scalars(
            select(Account)
            .where(Account.workspace_id == workspace_id, Account.state != "disconnected")
            .order_by(Account.connected_at, Account.id)
        )
        return tuple(self._pace(row) for row in rows.all())

    def _pace(self, row: Account) -> AccountPace:
        spec, now = self._platforms[row.platform].spec, self._clock.now()
        until = row.quota_until if row.quota_until and row.quota_until > now else None
        return AccountPace(row.id, spec.label, row.handle, gap_of(row, spec), cap_of(row, spec), until)

    async def set(
        self, actor: Actor, account_id: str, *, gap_minutes: int | None, daily_cap: int | None
    ) -> AccountPace:
        """Keep posts further apart, or make them fewer, than the platform asks for; None: as the platform has it.

        Raises:
            NotAllowed: the actor may not change settings.
            NotFound: no such account here.
            Invalid: a number outside of what makes sense.
        """
        actor.require("manage")
        _require(gap_minutes, LONGEST_GAP, "minutes between posts")
        _require(daily_cap, LARGEST_CAP, "posts in 24 hours")
        async with self._db.writing() as session:
            account = await account_row(session, account_id, actor.workspace_id)
            account.gap_minutes, account.daily_cap = gap_minutes, daily_cap
            record(
                session,
                workspace_id=actor.workspace_id,
                verb="account.paced",
                subject=account.id,
                at=self._clock.now(),
                member_id=actor.member_id,
                gap_minutes=gap_minutes,
                daily_cap=daily_cap,
            )
            await notices.redraw(session, self._clock, SUBJECT)
            return self._pace(account)


def _require(value: int | None, most: int, what: str) -> None:
    if value is not None and not 1 <= value <= most:
        raise Invalid(f"“{value} {what}” is not possible, so nothing was changed. Choose a number from 1 to {most}.")


def too_late(workspace: Workspace, due_at: datetime, at: datetime) -> bool:
    """Whether a post that was meant for `due_at` may not go out by itself at `at`."""
    return at - due_at > timedelta(minutes=workspace.late_after_minutes)
