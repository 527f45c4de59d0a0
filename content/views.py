"""A post as people see it: drawn from its rows, rendered by the same code that publishes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import contents
from content.cautions import Caution, cautions
from content.costs import Spending, spending
from content.database import moment
from content.deciding import NOBODY, Deciding, decidings
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
    Series,
    Variant,
    Workspace,
)
from content.pace import TURN, WAITS
from content.platform import Access, Numbers, Platform, Removes, Rendering, Reports, Shows
from content.recurrence import Recurrence


@dataclass(frozen=True)
class DeliveryView:
    """A post on one account."""

    id: str
    account_id: str
    rendering: Rendering
    texts: tuple[str, ...]
    """What was written, a part each, before the platform had its way with it: what an edit begins from."""
    problems: tuple[Problem, ...]
    state: DeliveryState
    due_at: datetime | None
    zone: str
    url: str
    error_code: str
    error: str
    parts_sent: int
    """How many ever became public."""
    tries: int
    approved_by: str
    approved_at: datetime | None
    sent_at: datetime | None
    removed_at: datetime | None
    countable: bool
    """Whether its platform tells numbers."""
    removable: bool
    """Whether some of it is public now and can be taken down."""
    numbers: Numbers | None
    """The newest counted, or None."""
    profile: str = ""
    """The address of the account's page on its platform, where somebody can look; empty: not known."""
    cautions: tuple[Caution, ...] = ()
    """What it will ask about at its time, as far as that can be seen now."""
    turn_at: datetime | None = None
    """When its account has room for it, while it waits for that or asks about it."""

    @property
    def parts_out(self) -> int:
        """How many parts are public now, as far as the desk knows."""
        return 0 if self.removed_at else self.parts_sent

    @property
    def cost_mills(self) -> int:
        """What the platform will charge for it, in thousandths of a US dollar; 0 once it is under way."""
        return 0 if self.parts_sent or self.state in _GONE else self.rendering.cost_mills


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
    deciding: Deciding = NOBODY
    """Whose yes is needed, asked for and given."""
    repeats: str = ""
    """The rule of the series of it that somebody approved, in words; empty: there is none."""
    spending: Spending | None = None
    """How the workspace stands this month, where some platform charges for the post."""

    @property
    def words(self) -> str:
        """The first words, to tell posts apart."""
        first = next((part.text for one in self.deliveries for part in one.rendering.parts if part.text), self.brief)
        line = " ".join(first.split())
        return line if len(line) <= 60 else line[:59].rstrip() + "…"

    @property
    def cost_mills(self) -> int:
        """What platforms will charge for what is not out yet, in thousandths of a US dollar."""
        return sum(one.cost_mills for one in self.deliveries)

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
    return (await views(session, platforms, [post]))[0]


async def views(session: AsyncSession, platforms: Mapping[str, Platform], posts: Sequence[Post]) -> list[PostView]:
    """Several posts, in their order, with as many statements as one needs."""
    rows = await _rows(session, posts)
    found = [_view(platforms, post, rows) for post in posts]
    if not any(one.cost_mills for one in found):
        return found
    now = await moment(session)
    spent = await spending(session, await session.get_one(Workspace, posts[0].workspace_id), now)
    return [replace(one, spending=spent if one.cost_mills else None) for one in found]


def _view(platforms: Mapping[str, Platform], post: Post, rows: "_Rows") -> PostView:
    revision, author = rows.revisions[post.id], rows.authors[post.id]
    deliveries = [
        _delivery(platforms[account.platform], one, account, rows) for one, account in rows.deliveries[post.id]
    ]
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
        deciding=rows.deciding[post.id],
        repeats=rows.repeats.get(post.id, ""),
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
AT_REST = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.CANCELLED)
"""Nothing more becomes public unless somebody wants it, so that what is can be taken down."""


@dataclass(frozen=True)
class _Rows:
    """What several posts are drawn from; by post id, or by delivery id."""

    revisions: dict[str, Revision]
    authors: dict[str, Member]
    variants: dict[tuple[str, str], Variant]
    """By post and account."""
    deliveries: dict[str, list[tuple[Delivery, Account]]]
    approvals: dict[str, tuple[Approval, Member]]
    parts_sent: dict[str, tuple[int, int]]
    """How many became public, and of how many of these the address is known."""
    results: dict[str, Result]
    """The newest."""
    deciding: dict[str, Deciding]
    cautions: dict[str, tuple[Caution, ...]]
    """By delivery id."""
    repeats: dict[str, str]


async def _rows(session: AsyncSession, posts: Sequence[Post]) -> _Rows:
    ids = [post.id for post in posts]
    current = (
        await session.execute(
            select(Post.id, Revision, Member)
            .join(Revision, and_(Revision.post_id == Post.id, Revision.number == Post.revision))
            .join(Member, Member.id == Post.author_id)
            .where(Post.id.in_(ids))
        )
    ).all()
    worded = await session.execute(
        select(Post.id, Variant)
        .join(Revision, and_(Revision.post_id == Post.id, Revision.number == Post.revision))
        .join(Variant, Variant.revision_id == Revision.id)
        .where(Post.id.in_(ids))
    )
    on_accounts = await session.execute(
        select(Delivery, Account)
        .join(Account, Account.id == Delivery.account_id)
        .where(Delivery.post_id.in_(ids))
        .order_by(Account.connected_at, Account.id)
    )
    deliveries: dict[str, list[tuple[Delivery, Account]]] = {post: [] for post in ids}
    for delivery, account in on_accounts.all():
        deliveries[delivery.post_id].append((delivery, account))
    variants = {(post, variant.account_id): variant for post, variant in worded.all()}
    drawn = [(one, account, variants[one.post_id, account.id]) for each in deliveries.values() for one, account in each]
    return _Rows(
        revisions={post: revision for post, revision, _ in current},
        authors={post: member for post, _, member in current},
        variants=variants,
        deliveries=deliveries,
        approvals=await _approvals(session, ids),
        parts_sent=await _parts_sent(session, ids),
        results=await _newest_results(session, ids),
        deciding=await decidings(session, posts),
        cautions=await cautions(session, drawn),
        repeats=await _repeats(session, ids),
    )


async def _repeats(session: AsyncSession, ids: list[str]) -> dict[str, str]:
    rows = await session.execute(
        select(Series.post_id, Series.rule, Series.zone).where(
            Series.post_id.in_(ids), Series.approved_at.is_not(None), Series.ended_at.is_(None)
        )
    )
    return {post: Recurrence(rule, zone_name).echo() for post, rule, zone_name in rows.all()}


async def _approvals(session: AsyncSession, ids: list[str]) -> dict[str, tuple[Approval, Member]]:
    rows = await session.execute(
        select(Delivery.id, Approval, Member)
        .join(Approval, Approval.id == Delivery.approval_id)
        .join(Member, Member.id == Approval.member_id)
        .where(Delivery.post_id.in_(ids))
    )
    return {delivery: (approval, member) for delivery, approval, member in rows.all()}


async def _parts_sent(session: AsyncSession, ids: list[str]) -> dict[str, tuple[int, int]]:
    rows = await session.execute(
        select(Part.delivery_id, func.count(), func.count(func.nullif(Part.remote_id, "")))
        .join(Delivery, Delivery.id == Part.delivery_id)
        .where(Delivery.post_id.in_(ids), Part.sent_at.is_not(None))
        .group_by(Part.delivery_id)
    )
    return {delivery_id: (sent, known) for delivery_id, sent, known in rows.all()}


async def _newest_results(session: AsyncSession, ids: list[str]) -> dict[str, Result]:
    rows = await session.scalars(
        select(Result)
        .join(Delivery, Delivery.id == Result.delivery_id)
        .where(Delivery.post_id.in_(ids))
        .order_by(Result.taken_at)
    )
    return {row.delivery_id: row for row in rows.all()}


def _delivery(platform: Platform, delivery: Delivery, account: Account, rows: _Rows) -> DeliveryView:
    variant = rows.variants[delivery.post_id, account.id]
    content = contents.read(variant.content)
    rendering = platform.render(content, public_access(account))
    approval, approver = rows.approvals.get(delivery.id, (None, None))
    result = rows.results.get(delivery.id)
    sent, known = rows.parts_sent.get(delivery.id, (0, 0))
    return DeliveryView(
        id=delivery.id,
        account_id=account.id,
        rendering=rendering,
        texts=tuple(part.text for part in content.parts),
        problems=tuple(platform.problems(rendering)),
        state=delivery.state,
        due_at=delivery.due_at,
        zone=delivery.zone,
        url=delivery.url,
        error_code=delivery.error_code,
        error=delivery.error,
        parts_sent=sent,
        tries=delivery.tries,
        approved_by=approver.name if approver else "",
        approved_at=approval.decided_at if approval else None,
        sent_at=delivery.sent_at,
        removed_at=delivery.removed_at,
        countable=isinstance(platform, Reports),
        removable=known > 0 and _removable(platform, delivery),
        numbers=Numbers(result.likes, result.replies, result.reposts, result.views) if result else None,
        profile=platform.profile(public_access(account)) if isinstance(platform, Shows) else "",
        cautions=rows.cautions.get(delivery.id, ()),
        turn_at=delivery.turn_at if delivery.error_code in (*WAITS, TURN) else None,
    )


def _removable(platform: Platform, delivery: Delivery) -> bool:
    public = delivery.state in AT_REST and delivery.removed_at is None
    return public and isinstance(platform, Removes)
