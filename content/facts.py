"""What a claim is decided by, read for many deliveries at once with as many statements as for one."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from sqlalchemy import BindParameter, Date, and_, bindparam, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import blackouts, contents, outcomes
from content.alike import Alike, alike
from content.database import Instant
from content.models import (
    IN_FLIGHT,
    Account,
    Approval,
    Attempt,
    Blackout,
    Confirmation,
    Delivery,
    Likeness,
    Outcome,
    Part,
    Post,
    Revision,
    Variant,
    Workspace,
)
from content.pace import CAP_COUNTS, Went
from content.platform import Content, Platform, Rendering, Spec
from content.views import public_access


@dataclass(frozen=True)
class Batch:
    """What deliveries that are claimed in one transaction must know of each other."""

    under_way: dict[str, dict[str, str]]
    """By account the deliveries in flight, each with the digest of what it sends."""

    def twin(self, delivery: Delivery, digest: str) -> bool:
        """Whether another post of exactly this is under way on the account."""
        others = self.under_way[delivery.account_id].items()
        return any(other != delivery.id and its == digest for other, its in others)

    def takes(self, delivery: Delivery, digest: str) -> None:
        """The delivery is on its way."""
        self.under_way[delivery.account_id][delivery.id] = digest


@dataclass(frozen=True)
class Facts:
    """One delivery and everything around it."""

    delivery: Delivery
    post: Post
    account: Account
    workspace: Workspace
    approval: Approval | None
    platform: Platform
    content: Content
    rendering: Rendering
    parts: list[Part]
    """Those that were made so far."""
    went: tuple[Went, ...]
    """When the account's other deliveries of the past day went, or may have gone, out; in order."""
    now: datetime
    """The database's."""
    batch: Batch
    blackouts: tuple[Blackout, ...] = ()
    """The workspace's, of these days."""
    alike: tuple[Alike, ...] = ()
    """Other posts on the account that say nearly the same."""
    confirmations: tuple[Confirmation, ...] = ()
    """What people said may go out all the same."""

    @property
    def spec(self) -> Spec:
        """The platform's facts."""
        return self.platform.spec

    @property
    def begun(self) -> bool:
        """Whether some part of it is public."""
        return any(part.sent_at is not None for part in self.parts)

    @cached_property
    def digest(self) -> str:
        """Of what would go out."""
        return contents.digest(self.delivery.account_id, self.content)

    @property
    def dark(self) -> frozenset[str]:
        """The blackouts that keep the account's posts back now."""
        return _dark(self.blackouts, self.account.id, self.now)

    @property
    def has_yes(self) -> bool:
        """Whether somebody approved exactly this on exactly this account, and nobody took it back."""
        approval, delivery = self.approval, self.delivery
        return (
            approval is not None
            and approval.revoked_at is None
            and approval.delivery_id == delivery.id
            and approval.digest == self.digest
        )


@dataclass(frozen=True)
class Standing:
    """What may have changed since a claim, as it is in the moment in which a request leaves."""

    workspace: Workspace
    connected: bool
    dark: frozenset[str]
    """The blackouts that keep the account's posts back now."""


def _dark(found: Sequence[Blackout], account_id: str, now: datetime) -> frozenset[str]:
    return frozenset(one.id for one in found if blackouts.covers(one, account_id, now))


def _these(name: str) -> BindParameter[Sequence[str]]:
    return bindparam(name, expanding=True)


# Built once: that costs as much as running them.
_DARK = exists().where(
    Blackout.workspace_id == Workspace.id,
    blackouts.still_on(),
    Blackout.first <= bindparam("tomorrow", type_=Date()),
    Blackout.last >= bindparam("yesterday", type_=Date()),
)
"""Whether the workspace has a blackout about now, wherever on earth it is; almost always it has none, and nothing more is read."""
_LIKE = exists().where(Likeness.variant_id == Variant.id)
"""Whether the wording is like another one; almost always it is not."""
_AROUND = (
    select(Delivery, Post, Account, Workspace, Approval, Variant, _DARK, _LIKE)
    .join(Post, Post.id == Delivery.post_id)
    .join(Account, Account.id == Delivery.account_id)
    .join(Workspace, Workspace.id == Delivery.workspace_id)
    .join(Revision, and_(Revision.post_id == Post.id, Revision.number == Post.revision))
    .join(Variant, and_(Variant.revision_id == Revision.id, Variant.account_id == Account.id))
    .outerjoin(Approval, Approval.id == Delivery.approval_id)
    .where(Delivery.id.in_(_these("deliveries")))
    .execution_options(copydesk_unlocked=True)  # the deliveries are, and that is enough
)
_STANDING = (
    select(Delivery.id, Account.id, Account.state, Workspace, _DARK)
    .join(Account, Account.id == Delivery.account_id)
    .join(Workspace, Workspace.id == Delivery.workspace_id)
    .where(Delivery.id.in_(_these("deliveries")))
    .execution_options(copydesk_unlocked=True)  # whoever changes them a moment later is late by a moment
)
_BLACKOUTS = select(Blackout).where(Blackout.workspace_id.in_(_these("workspaces")), blackouts.still_on())
_CONFIRMATIONS = select(Confirmation).where(Confirmation.delivery_id.in_(_these("deliveries")))
_PARTS = select(Part).where(Part.delivery_id.in_(_these("deliveries"))).order_by(Part.position)
_LAST = func.max(Attempt.started_at)
_WENT = (
    select(Delivery.account_id, Delivery.id, _LAST, Post.number)
    .join(Attempt, Attempt.delivery_id == Delivery.id)
    .join(Post, Post.id == Delivery.post_id)
    .where(Delivery.account_id.in_(_these("accounts")), Attempt.started_at > bindparam("since", type_=Instant()))
    .where(or_(Attempt.outcome == Outcome.SENT, outcomes.undecided()))
    .group_by(Delivery.account_id, Delivery.id, Post.number)
    .order_by(_LAST)
)
_UNDER_WAY = select(Delivery.account_id, Delivery.id, Delivery.digest).where(
    Delivery.account_id.in_(_these("accounts")), Delivery.state.in_(IN_FLIGHT)
)


async def read_facts(
    session: AsyncSession, platforms: Mapping[str, Platform], deliveries: Sequence[Delivery], now: datetime
) -> dict[str, Facts]:
    """By delivery id; without those whose account the post is no longer written for."""
    if not deliveries:
        return {}
    ids, accounts = [one.id for one in deliveries], sorted({one.account_id for one in deliveries})
    parts = await _parts(session, ids)
    went = await _went(session, accounts, now)
    batch = Batch(await _under_way(session, accounts))
    rows = (await session.execute(_AROUND, {"deliveries": ids, **_about(now.date())})).all()
    against = await _against(session, [row[0] for row in rows if row[-1] or row[-2]])
    likes = await alike(session, [row[5].id for row in rows if row[-1]]) if any(row[-1] for row in rows) else {}
    facts = {}
    for delivery, post, account, workspace, approval, variant, *_ in rows:
        platform, content = platforms[account.platform], contents.read(variant.content)
        dark, confirmed = against.get(delivery.id, ((), ()))
        facts[delivery.id] = Facts(
            delivery=delivery,
            post=post,
            account=account,
            workspace=workspace,
            approval=approval,
            platform=platform,
            content=content,
            rendering=platform.render(content, public_access(account)),
            parts=parts[delivery.id],
            went=tuple(one for other, one in went[account.id] if other != delivery.id),
            now=now,
            batch=batch,
            blackouts=dark,
            confirmations=confirmed,
            alike=tuple(likes.get(variant.id, ())),
        )
    return facts


async def read_standing(session: AsyncSession, deliveries: Sequence[str], now: datetime) -> dict[str, Standing]:
    """By delivery id."""
    rows = (await session.execute(_STANDING, {"deliveries": deliveries, **_about(now.date())})).all()
    dark = await _blackouts(session, {workspace.id for *_, workspace, is_dark in rows if is_dark})
    return {
        delivery_id: Standing(workspace, state == "connected", _dark(dark.get(workspace.id, ()), account_id, now))
        for delivery_id, account_id, state, workspace, _ in rows
    }


async def _blackouts(session: AsyncSession, workspaces: Collection[str]) -> Mapping[str, Sequence[Blackout]]:
    found = defaultdict(list)
    if workspaces:
        for blackout in await session.scalars(_BLACKOUTS, {"workspaces": sorted(workspaces)}):
            found[blackout.workspace_id].append(blackout)
    return found


def _about(day: date) -> dict[str, date]:
    return {"yesterday": day - timedelta(days=1), "tomorrow": day + timedelta(days=1)}


async def _against(
    session: AsyncSession, deliveries: Sequence[Delivery]
) -> Mapping[str, tuple[tuple[Blackout, ...], tuple[Confirmation, ...]]]:
    """By delivery id, of those that something may speak against: what it is, and what people said to it."""
    if not deliveries:
        return {}
    dark, said = await _blackouts(session, {one.workspace_id for one in deliveries}), defaultdict(list)
    for confirmation in await session.scalars(_CONFIRMATIONS, {"deliveries": [one.id for one in deliveries]}):
        said[confirmation.delivery_id].append(confirmation)
    return {one.id: (tuple(dark.get(one.workspace_id, ())), tuple(said[one.id])) for one in deliveries}


async def _parts(session: AsyncSession, deliveries: Sequence[str]) -> Mapping[str, list[Part]]:
    found = defaultdict(list)
    for part in await session.scalars(_PARTS, {"deliveries": deliveries}):
        found[part.delivery_id].append(part)
    return found


async def _went(session: AsyncSession, accounts: Sequence[str], now: datetime) -> Mapping[str, list[tuple[str, Went]]]:
    """By account its deliveries of the past day, and when each last went, or may have gone, out; in order."""
    found = defaultdict(list)
    rows = await session.execute(_WENT, {"accounts": accounts, "since": now - CAP_COUNTS})
    for account_id, delivery_id, at, number in rows:
        found[account_id].append((delivery_id, Went(at, number)))
    return found


async def _under_way(session: AsyncSession, accounts: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for account_id, delivery_id, digest in await session.execute(_UNDER_WAY, {"accounts": accounts}):
        found[account_id][delivery_id] = digest
    return found
