"""The moment of firing: the row is read again, and every reason not to send is looked at, on every path.

`claim` is the only way into `sending`. It refuses a delivery whose exact content has no valid approval, whoever asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import contents, notices, outcomes
from content.audit import record
from content.costs import dollars, spending
from content.errors import NeedsReconnect
from content.ids import new_id
from content.models import (
    IN_FLIGHT,
    Account,
    Approval,
    Attempt,
    Delivery,
    DeliveryState,
    Outcome,
    Part,
    Post,
    PostState,
    Workspace,
)
from content.platform import Content, Platform, Published, Rendering
from content.times import Clock
from content.views import public_access, variants_of

LEASE = timedelta(minutes=2)
"""How long a worker may be on its way with one commit; longer than any commit may take."""
LOOK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Claim:
    """The right to send one delivery, until the lease runs out or the fence moves on."""

    delivery_id: str
    account_id: str
    platform: str
    fence: int
    rendering: Rendering
    digest: str
    approval_id: str | None
    part_ids: tuple[str, ...]
    keys: tuple[str, ...]
    """The idempotency key of every part."""
    sent: tuple[Published | None, ...]
    """The parts that are public already."""


@dataclass(frozen=True)
class Later:
    """Not now: look at `at` again, or when something changes (None)."""

    at: datetime | None = None


@dataclass(frozen=True)
class _Facts:
    """What a claim is decided by, read in two statements: a post to many accounts is claimed as often as it has accounts."""

    delivery: Delivery
    post: Post
    account: Account
    workspace: Workspace
    approval: Approval | None
    parts: list[Part]
    """Those that were made so far."""
    now: datetime

    @property
    def begun(self) -> bool:
        """Whether some part of it is public."""
        return any(part.sent_at is not None for part in self.parts)


async def _facts(session: AsyncSession, delivery: Delivery, now: datetime) -> _Facts:
    found = await session.execute(
        select(Post, Account, Workspace, Approval)
        .select_from(Post)
        .join(Account, Account.id == delivery.account_id)
        .join(Workspace, Workspace.id == Post.workspace_id)
        .outerjoin(Approval, Approval.id == delivery.approval_id)
        .where(Post.id == delivery.post_id)
    )
    post, account, workspace, approval = found.one()
    parts = await session.scalars(select(Part).where(Part.delivery_id == delivery.id).order_by(Part.position))
    return _Facts(delivery, post, account, workspace, approval, list(parts.all()), now)


async def claim(
    session: AsyncSession, clock: Clock, platforms: Mapping[str, Platform], delivery: Delivery, now: datetime
) -> Claim | Later:
    """Take a waiting delivery to send it, or say when to look again. `now` is the database's."""
    facts = await _facts(session, delivery, now)
    platform = platforms[facts.account.platform]
    content = contents.read((await variants_of(session, facts.post))[facts.account.id].content)
    rendering = platform.render(content, public_access(facts.account))
    later = (
        _not_due(delivery, now)
        or _held(facts.workspace, now)
        or await _overdue(session, clock, facts)
        or await _not_approved(session, clock, facts, content)
        or await _no_login(session, clock, delivery, facts.account)
        or await _too_close(session, platform, facts)
        or await _too_dear(session, clock, facts, rendering)
        or await _twin(session, delivery, facts.account, content, now)
        or await _nothing_left(session, clock, facts, rendering)
    )
    if later is not None:
        return later
    return await _take(session, facts, rendering, content)


async def reclaim(
    session: AsyncSession, clock: Clock, platforms: Mapping[str, Platform], delivery: Delivery, now: datetime
) -> Claim | Later:
    """Take a delivery of unknown outcome to repeat the same commit with the same key, where the platform allows that.

    The time, spacing and caps were looked at when it first went out; until it is known, nobody can change it.
    """
    facts = await _facts(session, delivery, now)
    content = contents.read((await variants_of(session, facts.post))[facts.account.id].content)
    rendering = platforms[facts.account.platform].render(content, public_access(facts.account))
    later = _held(facts.workspace, now) or await _no_login(session, clock, delivery, facts.account)
    if later is not None:
        return later
    if not _has_yes(facts, content):
        await outcomes.ask_person(session, clock, delivery, rendering.label)
        return Later()
    return await _take(session, facts, rendering, content)


def _not_due(delivery: Delivery, now: datetime) -> Later | None:
    if delivery.due_at is None:
        return Later()
    return Later(delivery.due_at) if delivery.due_at > now else None


def _held(workspace: Workspace, now: datetime) -> Later | None:
    """The kill switch: what is due waits, without growing a burst, because what is late asks."""
    return Later(now + LOOK_AGAIN) if workspace.held else None


async def switched_off(session: AsyncSession, delivery: Delivery, now: datetime) -> Later | None:
    """The kill switch, looked at again in the moment before a request leaves."""
    held = await session.scalar(select(Workspace.held).where(Workspace.id == delivery.workspace_id))
    return Later(now + LOOK_AGAIN) if held else None


async def _overdue(session: AsyncSession, clock: Clock, facts: _Facts) -> Later | None:
    """Stale news is not sent by itself; a thread that has begun is finished, though."""
    limit, due_at = timedelta(minutes=facts.workspace.late_after_minutes), facts.delivery.due_at
    if due_at is None or facts.now - due_at <= limit or facts.begun:
        return None
    return await _ask(
        session, clock, facts.delivery, facts.post, "overdue", "Its time passed while it could not go out."
    )


async def _not_approved(session: AsyncSession, clock: Clock, facts: _Facts, content: Content) -> Later | None:
    if facts.post.state is PostState.APPROVED and _has_yes(facts, content):
        return None
    why = "Nobody approved this wording before its time."
    return await _ask(session, clock, facts.delivery, facts.post, "not_approved", why)


def _has_yes(facts: _Facts, content: Content) -> bool:
    """Whether somebody approved exactly this on exactly this account, and nobody took it back."""
    approval, delivery = facts.approval, facts.delivery
    return (
        approval is not None
        and approval.revoked_at is None
        and approval.delivery_id == delivery.id
        and approval.digest == contents.digest(delivery.account_id, content)
    )


async def _ask(session: AsyncSession, clock: Clock, delivery: Delivery, post: Post, code: str, why: str) -> Later:
    delivery.state, delivery.error_code, delivery.error = DeliveryState.ASKING, code, why
    record(
        session, workspace_id=post.workspace_id, verb="delivery.asking", subject=delivery.id, at=clock.now(), why=code
    )
    await notices.tell(session, clock, "overdue", delivery.id)
    await notices.redraw(session, clock, post.id)
    return Later()


async def _no_login(session: AsyncSession, clock: Clock, delivery: Delivery, account: Account) -> Later | None:
    """What is due waits for the account to be connected again, which wakes it; told once."""
    if account.state == "connected":
        return None
    if delivery.error_code != NeedsReconnect.code:
        delivery.error_code = NeedsReconnect.code
        delivery.error = f"{account.handle} must be connected again; then it goes out."
        if not await _asked_already(session, delivery):
            await notices.tell(session, clock, "reconnect", delivery.id)
        await notices.redraw(session, clock, delivery.post_id)
    return Later()


async def _asked_already(session: AsyncSession, delivery: Delivery) -> bool:
    """Whether another post of the account waits for the same login, and people were told; this one's card says it too."""
    waiting = select(Delivery.id).where(
        Delivery.account_id == delivery.account_id,
        Delivery.id != delivery.id,
        Delivery.state == DeliveryState.WAITING,
        Delivery.error_code == NeedsReconnect.code,
    )
    return await session.scalar(waiting.limit(1)) is not None


async def _too_close(session: AsyncSession, platform: Platform, facts: _Facts) -> Later | None:
    """Spacing and the daily cap of the account; a thread that has begun goes on."""
    if facts.begun:
        return None
    now = facts.now
    today = await _sent_since(session, facts.delivery, now - timedelta(days=1))
    if today and now < today[-1] + platform.spec.spacing:
        return Later(today[-1] + platform.spec.spacing)
    if len(today) < platform.spec.daily_cap:
        return None
    return Later(today[-platform.spec.daily_cap] + timedelta(days=1))


async def _sent_since(session: AsyncSession, delivery: Delivery, start: datetime) -> list[datetime]:
    """When the account's other deliveries last went, or may have gone, out; in order."""
    last = func.max(Attempt.started_at)
    rows = await session.scalars(
        select(last)
        .join(Delivery, Delivery.id == Attempt.delivery_id)
        .where(Delivery.account_id == delivery.account_id, Delivery.id != delivery.id, Attempt.started_at > start)
        .where(or_(Attempt.outcome == Outcome.SENT, outcomes.undecided()))
        .group_by(Delivery.id)
        .order_by(last)
    )
    return list(rows.all())


async def _too_dear(session: AsyncSession, clock: Clock, facts: _Facts, rendering: Rendering) -> Later | None:
    """The month's budget for paid posts; a thread that has begun goes on."""
    cost = rendering.cost_mills
    if not cost or facts.begun:
        return None
    month = await spending(session, facts.workspace, facts.now)
    if not month.exceeded_by(cost):
        return None
    why = (
        f"It would cost {dollars(cost)}, and {month.words}. Raise the budget (/settings) and press Post now, or move it "
        "into next month."
    )
    return await _ask(session, clock, facts.delivery, facts.post, "budget", why)


async def _twin(
    session: AsyncSession, delivery: Delivery, account: Account, content: Content, now: datetime
) -> Later | None:
    """Never two posts of one content under way on one account: looking them up afterwards could mix them up."""
    twin = await session.scalar(
        select(Delivery.id).where(
            Delivery.account_id == account.id,
            Delivery.digest == contents.digest(account.id, content),
            Delivery.state.in_(IN_FLIGHT),
            Delivery.id != delivery.id,
        )
    )
    return Later(now + LOOK_AGAIN) if twin else None


async def _nothing_left(session: AsyncSession, clock: Clock, facts: _Facts, rendering: Rendering) -> Later | None:
    """A thread that was shortened to what is public already needs nothing more."""
    count = len(rendering.parts)
    if len(facts.parts) < count or any(part.sent_at is None for part in facts.parts[:count]):
        return None
    await outcomes.completed(session, clock, facts.delivery)
    return Later()


async def _take(session: AsyncSession, facts: _Facts, rendering: Rendering, content: Content) -> Claim:
    delivery, now = facts.delivery, facts.now
    digest = contents.digest(delivery.account_id, content)
    parts = await _made(session, delivery, facts.parts, len(rendering.parts))
    if delivery.digest not in ("", digest):
        _renew_keys(parts)
    delivery.state = DeliveryState.SENDING
    delivery.digest = digest
    delivery.fence += 1
    delivery.tries += 1
    delivery.lease_until = now + LEASE
    delivery.error_code = delivery.error = ""
    record(
        session,
        workspace_id=delivery.workspace_id,
        verb="delivery.claimed",
        subject=delivery.id,
        at=now,
        fence=delivery.fence,
    )
    return Claim(
        delivery_id=delivery.id,
        account_id=delivery.account_id,
        platform=rendering.platform,
        fence=delivery.fence,
        rendering=rendering,
        digest=digest,
        approval_id=delivery.approval_id,
        part_ids=tuple(part.id for part in parts),
        keys=tuple(part.key for part in parts),
        sent=tuple(published(part) for part in parts),
    )


def _renew_keys(parts: Sequence[Part]) -> None:
    """Another wording is another post: under the old key a platform might take it for the one it has seen."""
    for part in parts:
        if part.sent_at is None:
            part.key = new_id("key")


async def parts_of(session: AsyncSession, delivery: Delivery, count: int) -> list[Part]:
    """The delivery's parts in order, each with the key it keeps for ever; missing ones are made."""
    rows = await session.scalars(select(Part).where(Part.delivery_id == delivery.id).order_by(Part.position))
    return await _made(session, delivery, list(rows.all()), count)


async def _made(session: AsyncSession, delivery: Delivery, parts: list[Part], count: int) -> list[Part]:
    """That many parts, those that are missing made now."""
    for position in range(len(parts), count):
        part = Part(id=new_id("part"), delivery_id=delivery.id, position=position, key=new_id("key"))
        session.add(part)
        parts.append(part)
    await session.flush()
    return parts[:count]


def published(part: Part) -> Published | None:
    """What is public of a part, or None."""
    if part.sent_at is None:
        return None
    return Published(part.remote_id or "", part.url, part.facts)
