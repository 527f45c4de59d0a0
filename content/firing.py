"""The moment of firing: the row is read again, and every reason not to send is looked at, on every path.

`claim` is the only way into `sending`. It refuses a delivery whose exact content has no valid approval, whoever asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import contents, notices
from content.audit import record
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
from content.platform import Access, Content, Platform, Published, Rendering
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
    later = (
        _not_due(delivery, now)
        or await _switched_off(session, post, now)
        or await _overdue(session, clock, delivery, post, now)
        or await _not_approved(session, clock, delivery, post, content)
        or await _no_login(session, clock, delivery, account)
        or await _too_close(session, platform, delivery, now)
        or await _twin(session, delivery, account, content, now)
    )
    if later is not None:
        return later
    return await _take(session, delivery, post, platform, public_access(account), content, now)


def _not_due(delivery: Delivery, now: datetime) -> Later | None:
    if delivery.due_at is None:
        return Later()
    return Later(delivery.due_at) if delivery.due_at > now else None


async def _switched_off(session: AsyncSession, post: Post, now: datetime) -> Later | None:
    """The kill switch: what is due waits, without growing a burst, because what is late asks."""
    workspace = await session.get_one(Workspace, post.workspace_id)
    return Later(now + LOOK_AGAIN) if workspace.held else None


async def _overdue(session: AsyncSession, clock: Clock, delivery: Delivery, post: Post, now: datetime) -> Later | None:
    """Stale news is not sent by itself; a thread that has begun is finished, though."""
    workspace = await session.get_one(Workspace, post.workspace_id)
    limit = timedelta(minutes=workspace.late_after_minutes)
    if delivery.due_at is None or now - delivery.due_at <= limit or await _begun(session, delivery):
        return None
    return await _ask(session, clock, delivery, post, "overdue", "Its time passed while it could not go out.")


async def _begun(session: AsyncSession, delivery: Delivery) -> bool:
    """Whether something of it is public, or may be."""
    part = select(Part.id).where(Part.delivery_id == delivery.id, Part.sent_at.is_not(None))
    tried = select(Attempt.id).where(Attempt.delivery_id == delivery.id, Attempt.outcome == Outcome.UNKNOWN)
    return bool(await session.scalar(part.limit(1)) or await session.scalar(tried.limit(1)))


async def _not_approved(
    session: AsyncSession, clock: Clock, delivery: Delivery, post: Post, content: Content
) -> Later | None:
    approval = await session.get(Approval, delivery.approval_id) if delivery.approval_id else None
    wanted = contents.digest(delivery.account_id, content)
    valid = (
        approval is not None
        and post.state is PostState.APPROVED
        and approval.revoked_at is None
        and approval.delivery_id == delivery.id
        and approval.digest == wanted
    )
    if valid:
        return None
    return await _ask(session, clock, delivery, post, "not_approved", "Nobody approved this wording before its time.")


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
        await notices.tell(session, clock, "reconnect", delivery.id)
        await notices.redraw(session, clock, delivery.post_id)
    return Later()


async def _too_close(session: AsyncSession, platform: Platform, delivery: Delivery, now: datetime) -> Later | None:
    """Spacing and the daily cap of the account; a thread that has begun goes on."""
    same = select(func.max(Delivery.sent_at)).where(
        Delivery.account_id == delivery.account_id, Delivery.state == DeliveryState.SENT
    )
    last = await session.scalar(same)
    if last is not None and now < last + platform.spec.spacing:
        return Later(last + platform.spec.spacing)
    day_ago = now - timedelta(days=1)
    today = (
        await session.scalars(
            select(Delivery.sent_at)
            .where(Delivery.account_id == delivery.account_id, Delivery.sent_at > day_ago)
            .order_by(Delivery.sent_at)
        )
    ).all()
    if len(today) < platform.spec.daily_cap or today[0] is None:
        return None
    return Later(today[0] + timedelta(days=1))


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


async def _take(
    session: AsyncSession,
    delivery: Delivery,
    post: Post,
    platform: Platform,
    access: Access,
    content: Content,
    now: datetime,
) -> Claim:
    rendering = platform.render(content, access)
    delivery.state = DeliveryState.SENDING
    delivery.digest = contents.digest(delivery.account_id, content)
    delivery.fence += 1
    delivery.tries += 1
    delivery.lease_until = now + LEASE
    delivery.error_code = delivery.error = ""
    record(
        session,
        workspace_id=post.workspace_id,
        verb="delivery.claimed",
        subject=delivery.id,
        at=now,
        fence=delivery.fence,
    )
    parts = await parts_of(session, delivery, len(rendering.parts))
    return Claim(
        delivery_id=delivery.id,
        account_id=delivery.account_id,
        platform=access.platform,
        fence=delivery.fence,
        rendering=rendering,
        keys=tuple(part.key for part in parts),
        sent=tuple(published(part) for part in parts),
    )


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
