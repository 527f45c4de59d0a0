"""A post as people see it: drawn from its rows, rendered by the same code that publishes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import contents
from content.errors import NotFound, Problem, StaleRevision
from content.models import (
    Account,
    Approval,
    Delivery,
    DeliveryState,
    Member,
    Part,
    Post,
    PostState,
    Result,
    Revision,
    Variant,
)
from content.platform import Access, Numbers, Platform, Removes, Rendering, Reports


@dataclass(frozen=True)
class DeliveryView:
    """A post on one account."""

    id: str
    account_id: str
    rendering: Rendering
    problems: tuple[Problem, ...]
    state: DeliveryState
    due_at: datetime | None
    zone: str
    url: str
    error_code: str
    error: str
    parts_sent: int
    tries: int
    approved_by: str
    approved_at: datetime | None
    sent_at: datetime | None
    removed_at: datetime | None
    countable: bool
    """Whether its platform tells numbers."""
    removable: bool
    """Whether it is public now and can be taken down."""
    numbers: Numbers | None
    """The newest counted, or None."""


@dataclass(frozen=True)
class PostView:
    """A post with its current wording on every account."""

    id: str
    workspace_id: str
    number: int
    conversation_id: str | None
    author_id: str
    author: str
    state: PostState
    revision: int
    change: str
    brief: str
    undo: str
    """What “undo” would take back, in a few words; empty: nothing."""
    created_at: datetime
    deliveries: tuple[DeliveryView, ...]

    @property
    def words(self) -> str:
        """The first words, to tell posts apart."""
        first = next((part.text for one in self.deliveries for part in one.rendering.parts if part.text), self.brief)
        line = " ".join(first.split())
        return line if len(line) <= 60 else line[:59].rstrip() + "…"

    @property
    def due_at(self) -> datetime | None:
        """When the first delivery that has not ended goes out."""
        times = [one.due_at for one in self.deliveries if one.due_at and one.state not in _OVER]
        return min(times, default=None)


_OVER = (DeliveryState.SENT, DeliveryState.CANCELLED, DeliveryState.FAILED)


def public_access(account: Account) -> Access:
    """The account as rendering needs it: without its login."""
    return Access(account.id, account.platform, account.remote_id, account.handle, account.server, account.facts)


async def post_row(session: AsyncSession, workspace_id: str, post_id: str) -> Post:
    """The post, if this workspace has it.

    Raises:
        NotFound: it has not.
    """
    post = await session.get(Post, post_id)
    if post is None or post.workspace_id != workspace_id:
        raise NotFound("There is no such post here. Look at the calendar for the ones there are.")
    return post


def require_current(post: Post, revision: int) -> None:
    """Refuse what was asked about another version than the current one.

    Raises:
        StaleRevision: with the current one's number.
    """
    if revision != post.revision:
        raise StaleRevision(
            f"This is version {revision} of #{post.number}; version {post.revision} is current. Nothing was changed: "
            "look at the current card.",
            post.revision,
        )


async def variants_of(session: AsyncSession, post: Post, revision: int | None = None) -> dict[str, Variant]:
    """A revision's variants by account id; the current one's by default."""
    rows = await session.scalars(
        select(Variant)
        .join(Revision, Revision.id == Variant.revision_id)
        .where(Revision.post_id == post.id, Revision.number == (revision or post.revision))
    )
    return {row.account_id: row for row in rows}


async def revision_row(session: AsyncSession, post: Post, number: int) -> Revision:
    """One revision of a post that has it."""
    return (await session.scalars(select(Revision).where(Revision.post_id == post.id, Revision.number == number))).one()


async def view(session: AsyncSession, platforms: Mapping[str, Platform], post: Post) -> PostView:
    """The post with everything a card shows."""
    revision = await revision_row(session, post, post.revision)
    author = await session.get_one(Member, post.author_id)
    deliveries = await deliveries_of(session, platforms, post)
    return PostView(
        id=post.id,
        workspace_id=post.workspace_id,
        number=post.number,
        conversation_id=post.conversation_id,
        author_id=author.id,
        author=author.name,
        state=post.state,
        revision=post.revision,
        change=revision.change,
        brief=post.brief,
        undo=undo_words(post, revision, deliveries),
        created_at=post.created_at,
        deliveries=tuple(deliveries),
    )


def undo_words(post: Post, revision: Revision, deliveries: Sequence[DeliveryView]) -> str:
    """What can still be taken back: nothing that left the house."""
    if any(one.parts_sent or one.state in _GONE for one in deliveries):
        return ""
    if post.state is PostState.DISCARDED:
        return "Undo delete"
    if post.state is PostState.APPROVED:
        return "Undo approval"
    if post.state is PostState.IN_REVIEW:
        return "Undo request"
    return "Undo edit" if (revision.repeats or revision.number) > 1 else ""


_GONE = (DeliveryState.SENDING, DeliveryState.PROCESSING, DeliveryState.SENT, DeliveryState.UNKNOWN)


async def deliveries_of(session: AsyncSession, platforms: Mapping[str, Platform], post: Post) -> list[DeliveryView]:
    """The post on each of its accounts, in the order the accounts were connected."""
    variants = await variants_of(session, post)
    rows = await session.execute(
        select(Delivery, Account)
        .join(Account, Account.id == Delivery.account_id)
        .where(Delivery.post_id == post.id)
        .order_by(Account.connected_at, Account.id)
    )
    return [
        await _delivery(session, platforms[account.platform], delivery, account, variants[account.id])
        for delivery, account in rows.all()
    ]


async def _delivery(
    session: AsyncSession, platform: Platform, delivery: Delivery, account: Account, variant: Variant
) -> DeliveryView:
    rendering = platform.render(contents.read(variant.content), public_access(account))
    approval = await session.get(Approval, delivery.approval_id) if delivery.approval_id else None
    approver = await session.get_one(Member, approval.member_id) if approval else None
    parts = await session.scalars(select(Part).where(Part.delivery_id == delivery.id, Part.sent_at.is_not(None)))
    return DeliveryView(
        id=delivery.id,
        account_id=account.id,
        rendering=rendering,
        problems=tuple(platform.problems(rendering)),
        state=delivery.state,
        due_at=delivery.due_at,
        zone=delivery.zone,
        url=delivery.url,
        error_code=delivery.error_code,
        error=delivery.error,
        parts_sent=len(parts.all()),
        tries=delivery.tries,
        approved_by=approver.name if approver else "",
        approved_at=approval.decided_at if approval else None,
        sent_at=delivery.sent_at,
        removed_at=delivery.removed_at,
        countable=isinstance(platform, Reports),
        removable=_removable(platform, delivery),
        numbers=await newest_numbers(session, delivery.id),
    )


def _removable(platform: Platform, delivery: Delivery) -> bool:
    public = delivery.state is DeliveryState.SENT and delivery.removed_at is None
    return public and isinstance(platform, Removes)


async def newest_numbers(session: AsyncSession, delivery_id: str) -> Numbers | None:
    """What was counted last."""
    row = await session.scalar(
        select(Result).where(Result.delivery_id == delivery_id).order_by(Result.taken_at.desc()).limit(1)
    )
    return Numbers(row.likes, row.replies, row.reposts, row.views) if row else None


def without_images(rendering: Rendering) -> Rendering:
    """The rendering's words only, for places that show no pictures."""
    return replace(rendering, parts=tuple(replace(part, images=()) for part in rendering.parts))
