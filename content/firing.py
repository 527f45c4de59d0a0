"""The moment of firing: the row is read again, and every reason not to send is looked at, on every path.

`claim` is the only way into `sending`. It refuses a delivery whose exact content has no valid approval, whoever asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from content import daily, logged_out, notices, outcomes
from content.approvals import NOT_APPROVED
from content.audit import record
from content.costs import dollars, spending
from content.facts import Facts
from content.ids import new_id
from content.models import Account, Delivery, DeliveryState, Part, Post, PostState, Workspace
from content.objections import objection
from content.pace import OVERDUE, TURN, Wait, quota, room, too_late
from content.platform import Published, Rendering
from content.rehearsing import rehearse
from content.times import Clock

LEASE = timedelta(minutes=2)
"""How long a worker may be on its way with one commit; longer than any commit may take."""
LOOK_AGAIN = timedelta(minutes=1)
HELD_LOOKS = timedelta(days=1)
"""How often what waits behind the kill switch is looked at, should nobody let it go."""


@dataclass(frozen=True)
class Claim:
    """The right to send one delivery, until the lease runs out or the fence moves on."""

    delivery_id: str
    account: Account
    """As it was then."""
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
    dark: frozenset[str] = frozenset()
    """The blackouts that it goes out in spite of."""


@dataclass(frozen=True)
class Later:
    """Not now: look at `at` again, or when something changes (None)."""

    at: datetime | None = None


async def claim(session: AsyncSession, clock: Clock, facts: Facts, *, dry: bool = False) -> Claim | Later:
    """Take a waiting delivery to send it, or say when to look again. `dry`: only rehearse, whatever the workspace wants."""
    delivery = facts.delivery
    later = (
        _not_due(delivery, facts.now)
        or _held(facts.workspace, facts.now)
        or await _overdue(session, clock, facts)
        or await _not_approved(session, clock, facts)
        or await _objected(session, clock, facts)
        or await _no_login(session, clock, delivery, facts.account)
        or await _too_close(session, clock, facts)
        or await _too_dear(session, clock, facts)
        or _twin(facts)
        or await _nothing_left(session, clock, facts)
    )
    if later is None and (dry or facts.workspace.rehearsing):
        await rehearse(session, clock, facts)
        return Later()
    return later or _take(session, facts)


async def reclaim(session: AsyncSession, clock: Clock, facts: Facts, *, dry: bool = False) -> Claim | Later:
    """Take a delivery of unknown outcome to repeat the same commit with the same key, where the platform allows that.

    The time, spacing and caps were looked at when it first went out; until it is known, nobody can change it.
    """
    if dry or facts.workspace.held or facts.workspace.rehearsing:
        return Later(facts.now + LOOK_AGAIN)
    later = await _no_login(session, clock, facts.delivery, facts.account)
    if later is not None:
        return later
    if not facts.has_yes:
        await outcomes.ask_person(session, clock, facts.delivery, facts.rendering.label)
        return Later()
    return _take(session, facts)


def _not_due(delivery: Delivery, now: datetime) -> Later | None:
    if delivery.due_at is None:
        return Later()
    return Later(delivery.due_at) if delivery.due_at > now else None


def _held(workspace: Workspace, now: datetime) -> Later | None:
    """The kill switch: what is due waits until it is let go, which has it looked at; what is late by then asks."""
    return Later(now + HELD_LOOKS) if workspace.held else None


async def _overdue(session: AsyncSession, clock: Clock, facts: Facts) -> Later | None:
    """Stale news is not sent by itself; a thread that has begun is finished, though."""
    due_at = facts.delivery.due_at
    if due_at is None or facts.begun or not too_late(facts.workspace, due_at, facts.now):
        return None
    why = "Its time passed while it could not go out."
    return await _ask(session, clock, facts.delivery, OVERDUE, why, late=facts.post)


async def _not_approved(session: AsyncSession, clock: Clock, facts: Facts) -> Later | None:
    if facts.post.state is PostState.APPROVED and facts.has_yes:
        return None
    why = "Nobody approved this wording before its time."
    return await _ask(session, clock, facts.delivery, NOT_APPROVED, why)


async def _objected(session: AsyncSession, clock: Clock, facts: Facts) -> Later | None:
    """What only a person overrules; a thread that has begun is finished, though."""
    found = None if facts.begun else objection(facts)
    return await _ask(session, clock, facts.delivery, found.guard, found.why) if found else None


async def _ask(
    session: AsyncSession, clock: Clock, delivery: Delivery, code: str, why: str, late: Post | None = None
) -> Later:
    """A person decides. What is only late (`late`: the post) is told with all others that are: after an outage that is many."""
    delivery.state, delivery.lease_until = DeliveryState.ASKING, None
    delivery.error_code, delivery.error = code, why
    workspace, now = delivery.workspace_id, clock.now()
    record(session, workspace_id=workspace, verb="delivery.asking", subject=delivery.id, at=now, why=code)
    await daily.arm(session, clock, workspace)
    if late is None:
        await notices.tell(session, clock, "overdue", delivery.id)
    else:
        delivery.late_at = now
        await notices.late(session, clock, late)
    await notices.redraw(session, clock, delivery.post_id)
    return Later()


async def _no_login(session: AsyncSession, clock: Clock, delivery: Delivery, account: Account) -> Later | None:
    """What is due waits for the account to be connected again, which wakes it; the evening's line names each that does."""
    if account.state == "connected":
        return None
    await logged_out.wait_for_login(session, clock, delivery, account)
    await daily.arm(session, clock, delivery.workspace_id)
    return Later()


async def _too_close(session: AsyncSession, clock: Clock, facts: Facts) -> Later | None:
    """Gap, daily cap and quota of the account. A thread that has begun goes on, unless the platform takes nothing."""
    account, spec = facts.account, facts.spec
    wait = quota(account, spec, facts.now) if facts.begun else room(account, spec, facts.went, facts.now)
    if wait is None:
        return None
    return await await_turn(session, clock, facts.delivery, wait, facts.post, facts.workspace, begun=facts.begun)


async def await_turn(
    session: AsyncSession,
    clock: Clock,
    delivery: Delivery,
    wait: Wait,
    post: Post,
    workspace: Workspace,
    *,
    begun: bool,
) -> Later:
    """It waits, and says on its card for what; where its turn would come too late, a person is asked now.

    A thread that has begun goes on then all the same, and people are told how far it is.
    """
    late = delivery.due_at is not None and too_late(workspace, delivery.due_at, wait.at)
    if late and not begun:
        delivery.turn_at = wait.at
        why = f"{wait.why} Its turn comes too late for it to go out by itself."
        return await _ask(session, clock, delivery, TURN, why, late=post)
    if (delivery.error_code, delivery.error, delivery.turn_at) != (wait.code, wait.why, wait.at):
        delivery.error_code, delivery.error, delivery.turn_at = wait.code, wait.why, wait.at
        await notices.redraw(session, clock, delivery.post_id)
        if late:
            await notices.tell(session, clock, "broke_off", delivery.id)
            await daily.arm(session, clock, delivery.workspace_id)
    return Later(wait.at)


async def _too_dear(session: AsyncSession, clock: Clock, facts: Facts) -> Later | None:
    """Looked at before anything is uploaded; what decides is `too_dear` in the moment before it leaves."""
    cost = facts.rendering.cost_mills
    return None if facts.begun else await too_dear(session, clock, facts.delivery, cost, facts.now)


async def too_dear(
    session: AsyncSession, clock: Clock, delivery: Delivery, cost_mills: int, now: datetime
) -> Later | None:
    """The month's budget for paid posts. The workspace is locked: two at once must see each other."""
    if not cost_mills:
        return None
    workspace = await session.get_one(Workspace, delivery.workspace_id, with_for_update=True)
    month = await spending(session, workspace, now, but=delivery.id)
    if not month.exceeded_by(cost_mills):
        return None
    why = (
        f"It would cost {dollars(cost_mills)}, and {month.words}. Raise the budget (/settings) and press Post now, or "
        "move it into next month."
    )
    return await _ask(session, clock, delivery, "budget", why)


def _twin(facts: Facts) -> Later | None:
    """Never two posts of one content under way on one account: looking them up afterwards could mix them up."""
    return Later(facts.now + LOOK_AGAIN) if facts.batch.twin(facts.delivery, facts.digest) else None


async def _nothing_left(session: AsyncSession, clock: Clock, facts: Facts) -> Later | None:
    """A thread that was shortened to what is public already needs nothing more."""
    count = len(facts.rendering.parts)
    if len(facts.parts) < count or any(part.sent_at is None for part in facts.parts[:count]):
        return None
    await outcomes.completed(session, clock, [facts.delivery])
    return Later()


def _take(session: AsyncSession, facts: Facts) -> Claim:
    delivery, rendering, digest = facts.delivery, facts.rendering, facts.digest
    parts = made(session, delivery, facts.parts, len(rendering.parts))
    if delivery.digest not in ("", digest):
        _renew_keys(parts)
    delivery.state = DeliveryState.SENDING
    delivery.digest = digest
    delivery.fence += 1
    delivery.tries += 1
    delivery.lease_until = facts.now + LEASE
    delivery.error_code = delivery.error = ""
    facts.batch.takes(delivery, digest)
    record(
        session,
        workspace_id=delivery.workspace_id,
        verb="delivery.claimed",
        subject=delivery.id,
        at=facts.now,
        fence=delivery.fence,
    )
    return Claim(
        delivery_id=delivery.id,
        account=facts.account,
        platform=rendering.platform,
        fence=delivery.fence,
        rendering=rendering,
        digest=digest,
        approval_id=delivery.approval_id,
        part_ids=tuple(part.id for part in parts),
        keys=tuple(part.key for part in parts),
        sent=tuple(published(part) for part in parts),
        dark=facts.dark,
    )


def _renew_keys(parts: Sequence[Part]) -> None:
    """Another wording is another post: under the old key a platform might take it for the one it has seen."""
    for part in parts:
        if part.sent_at is None:
            part.key = new_id("key")


def made(session: AsyncSession, delivery: Delivery, parts: Sequence[Part], count: int) -> list[Part]:
    """That many parts in order, each with the key it keeps for ever: `parts`, which are all there are, and new ones."""
    missing = [
        Part(id=new_id("part"), delivery_id=delivery.id, position=position, key=new_id("key"))
        for position in range(len(parts), count)
    ]
    session.add_all(missing)
    return [*parts, *missing][:count]


def published(part: Part) -> Published | None:
    """What is public of a part, or None."""
    if part.sent_at is None:
        return None
    return Published(part.remote_id or "", part.url, part.facts)
