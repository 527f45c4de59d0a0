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
    keys: tuple[str, ...]
    """The idempotency key of every part."""
    sent: tuple[Published | None, ...]
    """The parts that are public already."""


@dataclass(frozen=True)
class Later:
    """Not now: look at `at` again, or when something changes (None)."""

    at: datetime | None = None


async def claim(
    session: AsyncSession, clock: Clock, platforms: Mapping[str, Platform], delivery: Delivery, now: datetime
) -> Claim | Later:
    """Take a waiting delivery to send it, or say when to look again. `now` is the database's."""
    post = await session.get_one(Post, delivery.post_id)
    account = await session.get_one(Account, delivery.account_id)
    platform = platforms[account.platform]
    variant = (await variants_of(session, post))[account.id]
    content = contents.read(variant.content)
    rendering = platform.render(content, public_access(account))
    later = (
        _not_due(delivery, now)
        or await switched_off(session, delivery, now)
        or await _overdue(session, clock, delivery, post, now)
        or await _not_approved(session, clock, delivery, post, content)
        or await _no_login(session, clock, delivery, account)
        or await _too_close(session, platform, delivery, now)
        or await _too_dear(session, clock, delivery, post, rendering)
        or await _twin(session, delivery, account, content, now)
        or await _nothing_left(session, clock, delivery, rendering)
    )
    if later is not None:
        return later
    return await _take(session, delivery, rendering, content, now)


async def reclaim(
    session: AsyncSession, clock: Clock, platforms: Mapping[str, Platform], delivery: Delivery, now: datetime
) -> Claim | Later:
    """Take a delivery of unknown outcome to repeat the same commit with the same key, where the platform allows that.

    The time, spacing and caps were looked at when it first went out; until it is known, nobody can change it.
    """
    post = await session.get_one(Post, delivery.post_id)
    account = await session.get_one(Account, delivery.account_id)
    content = contents.read((await variants_of(session, post))[account.id].content)
    rendering = platforms[account.platform].render(content, public_access(account))
    later = await switched_off(session, delivery, now) or await _no_login(session, clock, delivery, account)
    if later is not None:
        return later
    if not await _has_yes(session, delivery, content):
        await outcomes.ask_person(session, clock, delivery, rendering.label)
        return Later()
    return await _take(session, delivery, rendering, content, now)


def _not_due(delivery: Delivery, now: datetime) -> Later | None:
    if delivery.due_at is None:
        return Later()
    return Later(delivery.due_at) if delivery.due_at > now else None


async def switched_off(session: AsyncSession, delivery: Delivery, now: datetime) -> Later | None:
    """The kill switch: what is due waits, without growing a burst, because what is late asks."""
    workspace = await session.get_one(Workspace, delivery.workspace_id)
    return Later(now + LOOK_AGAIN) if workspace.held else None


async def _overdue(session: AsyncSession, clock: Clock, delivery: Delivery, post: Post, now: datetime) -> Later | None:
    """Stale news is not sent by itself; a thread that has begun is finished, though."""
    workspace = await session.get_one(Workspace, post.workspace_id)
    limit = timedelta(minutes=workspace.late_after_minutes)
    if delivery.due_at is None or now - delivery.due_at <= limit or await _begun(session, delivery):
        return None
    return await _ask(session, clock, delivery, post, "overdue", "Its time passed while it could not go out.")


async def _begun(session: AsyncSession, delivery: Delivery) -> bool:
    """Whether some part of it is public."""
    part = select(Part.id).where(Part.delivery_id == delivery.id, Part.sent_at.is_not(None))
    return await session.scalar(part.limit(1)) is not None


async def _not_approved(
    session: AsyncSession, clock: Clock, delivery: Delivery, post: Post, content: Content
) -> Later | None:
    if post.state is PostState.APPROVED and await _has_yes(session, delivery, content):
        return None
    return await _ask(session, clock, delivery, post, "not_approved", "Nobody approved this wording before its time.")


async def _has_yes(session: AsyncSession, delivery: Delivery, content: Content) -> bool:
    """Whether somebody approved exactly this on exactly this account, and nobody took it back."""
    approval = await session.get(Approval, delivery.approval_id) if delivery.approval_id else None
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


async def _too_close(session: AsyncSession, platform: Platform, delivery: Delivery, now: datetime) -> Later | None:
    """Spacing and the daily cap of the account; a thread that has begun goes on."""
    if await _begun(session, delivery):
        return None
    today = await _sent_since(session, delivery, now - timedelta(days=1))
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


async def _too_dear(
    session: AsyncSession, clock: Clock, delivery: Delivery, post: Post, rendering: Rendering
) -> Later | None:
    """The month's budget for paid posts; a thread that has begun goes on."""
    cost = rendering.cost_mills
    if not cost or await _begun(session, delivery):
        return None
    now = await spending(session, await session.get_one(Workspace, post.workspace_id), clock.now())
    if not now.exceeded_by(cost):
        return None
    why = (
        f"It would cost {dollars(cost)}, and {now.words}. Raise the budget (/settings) and press Post now, or move it "
        "into next month."
    )
    return await _ask(session, clock, delivery, post, "budget", why)


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


async def _nothing_left(session: AsyncSession, clock: Clock, delivery: Delivery, rendering: Rendering) -> Later | None:
    """A thread that was shortened to what is public already needs nothing more."""
    parts = await parts_of(session, delivery, len(rendering.parts))
    if any(part.sent_at is None for part in parts):
        return None
    await outcomes.completed(session, clock, delivery)
    return Later()


async def _take(
    session: AsyncSession, delivery: Delivery, rendering: Rendering, content: Content, now: datetime
) -> Claim:
    digest = contents.digest(delivery.account_id, content)
    parts = await parts_of(session, delivery, len(rendering.parts))
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
    parts = list(rows.all())
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
