"""Who decides about a post: whose yes counts, how many are needed, who was asked and what became of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from content.models import AuditEntry, Member, Post, PostState, Review, Role, Verdict, Workspace
from content.people import APPROVERS, called

COUNTS = (None, Verdict.YES)
"""What a review is while it may still lead to a yes, or is one."""


@dataclass(frozen=True)
class ReviewView:
    """One person asked for their yes to the current revision, or who gave it unasked."""

    member_id: str
    name: str
    verdict: Verdict | None
    """None: nothing yet."""
    asked_at: datetime
    due_at: datetime | None
    decided_at: datetime | None
    note: str


@dataclass(frozen=True)
class Decider:
    """A member whose yes counts."""

    member_id: str
    name: str


@dataclass(frozen=True)
class Deciding:
    """Everything about the yes to one post's current revision."""

    reviews: tuple[ReviewView, ...]
    """In the order in which they were asked."""
    quorum: int
    """How many must say yes; never more than could."""
    deciders: tuple[Decider, ...]
    guests: tuple[Decider, ...]
    """Whose yes counts too where they are asked by name."""
    moved_by: str
    """Who gave it another time after it was approved; empty: nobody."""

    @property
    def said_yes(self) -> tuple[ReviewView, ...]:
        """Who said yes so far."""
        return tuple(one for one in self.reviews if one.verdict is Verdict.YES)

    @property
    def enough(self) -> bool:
        """Whether as many said yes as must."""
        return len(self.said_yes) >= self.quorum

    @property
    def asked(self) -> tuple[ReviewView, ...]:
        """Whose word is still wanted."""
        return tuple(one for one in self.reviews if one.verdict is None)

    @property
    def series_quorum(self) -> int:
        """How many must say yes to a series of it, which guests never see."""
        return max(1, min(self.quorum, len(self.deciders)))

    def others(self, said_yes: Sequence[Decider]) -> tuple[Decider, ...]:
        """Whose yes would count too, beside these."""
        yeses = {one.member_id for one in said_yes}
        return tuple(one for one in self.deciders if one.member_id not in yeses)

    def name_of(self, member_id: str) -> str | None:
        """The name of a member whose yes counts; None: it does not."""
        return next((one.name for one in self.deciders if one.member_id == member_id), None)

    def counts(self, member_id: str) -> bool:
        """Whether the yes of this member counts: they may decide, or were asked by name and said it."""
        return self.name_of(member_id) is not None or member_id in {one.member_id for one in self.said_yes}


NOBODY = Deciding((), 1, (), (), "")


async def deciding(session: AsyncSession, post: Post) -> Deciding:
    """Who decides about one post."""
    return (await decidings(session, [post]))[post.id]


async def decidings(session: AsyncSession, posts: Sequence[Post]) -> dict[str, Deciding]:
    """Who decides about each of several posts, by post id, with as many statements as one needs."""
    where = {post.workspace_id for post in posts}
    workspaces = {row.id: row for row in await session.scalars(select(Workspace).where(Workspace.id.in_(where)))}
    members = await _able(session, where)
    reviews = await _reviews(session, [post.id for post in posts])
    moved = await _moved(session, [post.id for post in posts if post.state is PostState.APPROVED])
    return {
        post.id: _deciding(workspaces[post.workspace_id], members[post.workspace_id], post, reviews[post.id], moved)
        for post in posts
    }


def _deciding(
    workspace: Workspace,
    everybody: Sequence[Member],
    post: Post,
    reviews: Sequence[ReviewView],
    moved: Mapping[str, tuple[datetime, str]],
) -> Deciding:
    members = [one for one in everybody if one.role is not Role.GUEST]
    own = workspace.self_approval or len(members) == 1  # else nobody could give it
    deciders = [Decider(one.id, called(one)) for one in members if own or one.id != post.author_id]
    able = {one.member_id for one in deciders} | {one.member_id for one in reviews if one.verdict in COUNTS}
    moved_at, moved_by = moved.get(post.id, (None, ""))
    last_yes = max((one.decided_at for one in reviews if one.decided_at and one.verdict is Verdict.YES), default=None)
    after = moved_at is not None and last_yes is not None and moved_at > last_yes
    return Deciding(
        reviews=tuple(reviews),
        quorum=max(1, min(workspace.quorum, len(able))),
        deciders=tuple(deciders),
        guests=tuple(Decider(one.id, called(one)) for one in everybody if one.role is Role.GUEST),
        moved_by=moved_by if after else "",
    )


async def _able(session: AsyncSession, workspaces: set[str]) -> dict[str, list[Member]]:
    rows = await session.scalars(
        select(Member)
        .where(Member.workspace_id.in_(workspaces), Member.role.in_([*APPROVERS, Role.GUEST]))
        .order_by(Member.created_at, Member.id)
    )
    found: dict[str, list[Member]] = defaultdict(list)
    for row in rows:
        found[row.workspace_id].append(row)
    return found


async def _reviews(session: AsyncSession, ids: Sequence[str]) -> dict[str, list[ReviewView]]:
    rows = await session.execute(
        select(Review, Member)
        .join(Post, and_(Post.id == Review.post_id, Post.revision == Review.revision))
        .join(Member, Member.id == Review.member_id)
        .where(Post.id.in_(ids))
        .order_by(Review.asked_at, Review.id)
    )
    found: dict[str, list[ReviewView]] = defaultdict(list)
    for one, member in rows.all():
        shown = ReviewView(
            one.member_id, called(member), one.verdict, one.asked_at, one.due_at, one.decided_at, one.note
        )
        found[one.post_id].append(shown)
    return found


async def _moved(session: AsyncSession, ids: Sequence[str]) -> dict[str, tuple[datetime, str]]:
    """When each was last given a time, and by whom."""
    rows = await session.execute(
        select(AuditEntry.subject, AuditEntry.at, Member)
        .join(Member, Member.id == AuditEntry.member_id)
        .where(AuditEntry.subject.in_(ids), AuditEntry.verb == "post.scheduled")
        .order_by(AuditEntry.at)
    )
    return {subject: (at, called(member)) for subject, at, member in rows.all()}
