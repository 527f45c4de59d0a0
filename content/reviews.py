"""Asking people for their yes: rows with a deadline, reminded once, expired without publishing anything.

The rows are written here; what a yes leads to is decided in `content/approvals.py`. Whoever is asked hears it by a job of
the kind `review`, put in the transaction of the asking.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs, notices, series_yes
from content.audit import record
from content.database import Database
from content.errors import Conflict, NotAllowed, NotFound
from content.ids import new_id
from content.models import Member, Post, PostState, Review, Role, Verdict
from content.people import Actor, called
from content.times import Clock, said


@dataclass(frozen=True)
class Question:
    """One person asked for their yes, as telling people needs it."""

    id: str
    workspace_id: str
    post_id: str
    revision: int
    member_id: str
    member: str
    asked_by: str
    """The name of whoever asked."""
    asked_at: datetime
    due_at: datetime | None
    reminded: bool
    verdict: Verdict | None
    decided_at: datetime | None
    note: str
    open: bool
    """Whether their word is still wanted."""


class Reviews:
    """What became of asking, for the jobs that tell people."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def question(self, review_id: str) -> Question:
        """One question as it stands.

        Raises:
            NotFound: there is none.
        """
        async with self._db.reading() as session:
            row = await session.get(Review, review_id)
            if row is None:
                raise NotFound("Nobody is asked this any more. Look at the post's current card.")
            post = await session.get_one(Post, row.post_id)
            member = await session.get_one(Member, row.member_id)
            asker = await session.get(Member, row.asked_by)
            wanted = row.verdict is None and post.state is PostState.IN_REVIEW and post.revision == row.revision
            return Question(
                id=row.id,
                workspace_id=row.workspace_id,
                post_id=row.post_id,
                revision=row.revision,
                member_id=row.member_id,
                member=called(member),
                asked_by=called(asker) if asker else "the desk",
                asked_at=row.asked_at,
                due_at=row.due_at,
                reminded=row.reminded_at is not None,
                verdict=row.verdict,
                decided_at=row.decided_at,
                note=row.note,
                open=wanted,
            )

    async def reminded(self, review_id: str) -> None:
        """They were reminded, and will not be again."""
        async with self._db.writing() as session:
            (await session.get_one(Review, review_id)).reminded_at = self._clock.now()

    async def expire(self, subject: str) -> datetime | None:
        """The handler of `expire` jobs (`post id:revision`): what nobody decided in time is a draft again.

        Returns when to look again, where some were given more time. Nothing is published by this.
        """
        post_id, _, revision = subject.rpartition(":")
        async with self._db.writing() as session:
            post = await session.get_one(Post, post_id)
            if post.state is not PostState.IN_REVIEW or post.revision != int(revision):
                return None
            now = self._clock.now()
            rows = (await session.scalars(select(Review).where(_about(post), Review.due_at.is_not(None)))).all()
            last = max((row.due_at or now for row in rows), default=now)
            if last > now:
                return last
            for row in rows:
                if row.verdict is None:
                    row.verdict, row.decided_at = Verdict.EXPIRED, now
            post.state = PostState.DRAFT
            record(session, workspace_id=post.workspace_id, verb="post.review_expired", subject=post.id, at=now)
            await jobs.put(session, "expired", f"{subject}:{last.isoformat()}", run_at=now, now=now)
            await notices.redraw(session, self._clock, post.id)
            return None

    async def silent(self, post_id: str, revision: int) -> tuple[str, list[str]]:
        """The workspace, and the names of those who did not answer in time when asked about this revision."""
        query = select(Member).join(Review, Review.member_id == Member.id).order_by(Review.asked_at, Review.id)
        where = Review.post_id == post_id, Review.revision == revision, Review.verdict == Verdict.EXPIRED
        async with self._db.reading() as session:
            names = [called(one) for one in await session.scalars(query.where(*where))]
            return (await session.get_one(Post, post_id)).workspace_id, names


async def row_of(session: AsyncSession, post: Post, member_id: str) -> Review | None:
    """What a member was asked, or said, about the current revision."""
    found: Review | None = await session.scalar(select(Review).where(_about(post), Review.member_id == member_id))
    return found


def _about(post: Post) -> ColumnElement[bool]:
    """The current revision's."""
    return and_(Review.post_id == post.id, Review.revision == post.revision)


async def require_decider(session: AsyncSession, actor: Actor, post: Post) -> None:
    """Refuse whoever may decide nothing about this post: a guest may where they were asked, others where their role allows.

    Raises:
        NotAllowed: they may not.
    """
    if actor.role is Role.GUEST:
        asked = select(Review.id).where(Review.post_id == post.id, Review.member_id == actor.member_id).limit(1)
        if await session.scalar(asked) is not None:
            return
    actor.require("approve")


async def require_wanted(session: AsyncSession, clock: Clock, actor: Actor, post: Post) -> None:
    """Refuse a second yes of one person, and a guest's word that is no longer wanted.

    Raises:
        Conflict: they said yes already.
        NotAllowed: a guest who is not asked about this version.
    """
    row = await row_of(session, post, actor.member_id)
    if row is not None and row.verdict is Verdict.YES and row.decided_at:
        when = said(row.decided_at, actor.zone, clock.now())
        raise Conflict(f"You said yes to #{post.number} already, on {when}. The others' word is still wanted.")
    if actor.role is Role.GUEST and (row is None or row.verdict is not None):
        raise NotAllowed(
            f"You are not asked about #{post.number} any more, so nothing was changed. Ask whoever sent it."
        )


async def ask(session: AsyncSession, clock: Clock, post: Post, member_id: str, asked_by: str, due: datetime) -> Review:
    """Ask a member for their yes to the current revision by `due`; who is asked anew is told anew."""
    now = clock.now()
    row = await _row(session, clock, post, member_id, asked_by)
    row.asked_by, row.asked_at, row.due_at = asked_by, now, due
    row.reminded_at = row.decided_at = row.verdict = None
    row.note = ""
    await session.flush()
    if member_id != asked_by:
        await jobs.put(session, "review", row.id, run_at=now, now=now)
        await jobs.put(session, "remind", row.id, run_at=now + (due - now) / 2, now=now)
    await jobs.put(session, "expire", f"{post.id}:{post.revision}", run_at=max(due, now), now=now)
    return row


async def decide(
    session: AsyncSession, clock: Clock, actor: Actor, post: Post, verdict: Verdict, note: str = ""
) -> Review:
    """Write down what a member said about the current revision, asked or not."""
    row = await _row(session, clock, post, actor.member_id, actor.member_id)
    row.verdict, row.decided_at, row.note = verdict, clock.now(), note
    await session.flush()
    return row


async def void(session: AsyncSession, clock: Clock, post: Post) -> None:
    """The wording changed, or it was taken back: nobody is asked any more, and no yes to the current revision counts.

    A series of it needs a new yes as well.
    """
    given = and_(Review.verdict == Verdict.YES, Review.revision == post.revision)
    await _void(session, clock, post, or_(Review.verdict.is_(None), given))
    await series_yes.void(session, clock, post)


async def close(session: AsyncSession, clock: Clock, post: Post) -> None:
    """It is decided: nobody is asked any more; what was said stays."""
    await _void(session, clock, post, Review.verdict.is_(None))


async def _void(session: AsyncSession, clock: Clock, post: Post, which: ColumnElement[bool]) -> None:
    rows = await session.scalars(select(Review).where(Review.post_id == post.id, which))
    for row in rows.all():
        row.verdict, row.decided_at = Verdict.VOID, clock.now()
    await session.flush()


async def _row(session: AsyncSession, clock: Clock, post: Post, member_id: str, asked_by: str) -> Review:
    row = await row_of(session, post, member_id)
    if row is None:
        row = Review(
            id=new_id("review"),
            workspace_id=post.workspace_id,
            post_id=post.id,
            revision=post.revision,
            member_id=member_id,
            asked_by=asked_by,
            asked_at=clock.now(),
            note="",
        )
        session.add(row)
    return row
