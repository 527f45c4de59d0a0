"""Posts: drafting, rewording, taking back, deleting. Every wording is a revision; any edit voids the approval."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from content import contents, likeness, notices, reviews
from content.audit import record
from content.database import Database
from content.errors import Conflict, Invalid, NotFound, WrongState
from content.ids import new_id
from content.models import (
    ENDED,
    Account,
    Approval,
    Delivery,
    DeliveryState,
    Part,
    Post,
    PostState,
    Revision,
    Variant,
    Workspace,
)
from content.people import Actor
from content.platform import Content, Image, Platform, Video
from content.times import Clock
from content.unclaiming import unclaim
from content.views import PostView, post_row, require_current, revision_row, variants_of, view, views
from content.wording import Composed, Composer, Wording, within

FROZEN = (DeliveryState.SENDING, DeliveryState.PROCESSING, DeliveryState.SENT, DeliveryState.UNKNOWN)


DISCARDED = "discarded"
"""Marks what was cancelled only because its post was deleted, so that undo knows what to bring back."""


class Posts:
    """The life of a post up to its approval."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform], composer: Composer) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms
        self._composer = composer

    async def draft(
        self,
        actor: Actor,
        wordings: Sequence[Wording],
        *,
        brief: str = "",
        media: Sequence[Image | Video] = (),
        conversation_id: str | None = None,
        made_in: str = "",
    ) -> PostView:
        """A new post on every account named; a text too long for an account becomes a thread there.

        Raises:
            Invalid: nothing to say, far too much, or an account nobody connected.
        """
        actor.require("draft")
        composed = await self._composer.compose(actor, wordings, media)
        if not composed:
            raise Invalid("No account is connected yet, so there is nowhere to post. Connect one first.")
        async with self._db.writing() as session:
            post = await self._new_post(session, actor, brief, conversation_id)
            post.made_in = made_in
            await self._write_revision(session, actor, post, composed, change="")
            self._record(session, actor, "post.drafted", post)
            return await view(session, self._platforms, post)

    async def revise(
        self,
        actor: Actor,
        post_id: str,
        wordings: Sequence[Wording],
        *,
        change: str,
        base: int | None = None,
        media: Sequence[Image | Video] | None = None,
        alts: Mapping[str, str] | None = None,
    ) -> PostView:
        """New wordings for an open post; accounts not named keep theirs. Voids the approval.

        `base` is the revision the editor looked at; None means whichever is current. `media` None keeps what it shows;
        `alts` gives them new descriptions, by media id.

        Raises:
            StaleRevision, WrongState, Invalid: nothing was changed.
        """
        actor.require("draft")
        async with self._db.reading() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            seen = post.revision if base is None else base
            before = await variants_of(session, post)
            accounts = await self._reachable(session, post)
        kept = {account: contents.read(variant.content) for account, variant in before.items()}
        scoped = [within(wording, accounts) for wording in wordings]
        composed = await self._composer.compose(actor, scoped, media, kept, alts)
        async with self._db.writing() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            _require_open(post)
            require_current(post, seen)
            await unclaim(session, self._clock, post.id)
            await self._require_unsent(session, post, composed)
            post.revision += 1
            await self._write_revision(session, actor, post, composed, change=change, kept=kept)
            await self._void(session, post, "the wording changed")
            self._record(session, actor, "post.revised", post, change=change)
            await notices.redraw(session, self._clock, post.id)
            return await view(session, self._platforms, post)

    async def undo(self, actor: Actor, post_id: str, revision: int, what: str = "") -> PostView:
        """Take back the last thing done to a post that has not left the house: delete, approval, request or edit.

        `what` is the `PostView.undo` that the person saw, so that a second press takes back nothing more; empty: any.

        Raises:
            StaleRevision: another revision is current.
            Conflict: what they saw is taken back already.
            WrongState: there is nothing to take back.
        """
        actor.require("draft")
        async with self._db.writing() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            require_current(post, revision)
            current = await revision_row(session, post, post.revision)
            words = (await view(session, self._platforms, post)).undo
            if not words:
                raise WrongState(
                    f"There is nothing to undo on #{post.number}: it is as it was drafted, or already out."
                )
            if what and what != words:
                raise Conflict(f"“{what}” is done on #{post.number} already. Look at its current card.")
            await self._take_back(session, actor, post, current)
            self._record(session, actor, "post.undone", post, what=words)
            await notices.redraw(session, self._clock, post.id)
            return await view(session, self._platforms, post)

    async def _take_back(self, session: AsyncSession, actor: Actor, post: Post, current: Revision) -> None:
        was = post.state
        if was is PostState.DISCARDED:
            await session.execute(
                update(Delivery)
                .where(Delivery.post_id == post.id, Delivery.error_code == DISCARDED)
                .values(state=DeliveryState.WAITING)
            )
        await self._void(session, post, "taken back")
        if was is PostState.DRAFT:
            await self._unedit(session, actor, post, current)

    async def _unedit(self, session: AsyncSession, actor: Actor, post: Post, current: Revision) -> None:
        """The wording before the last edit, as a new revision; an account that edit added is gone again."""
        source = (current.repeats or current.number) - 1
        earlier = await revision_row(session, post, source)
        again = earlier.repeats or earlier.number
        variants = await variants_of(session, post, again)
        composed = [Composed(account, contents.read(row.content)) for account, row in variants.items()]
        await session.execute(
            delete(Delivery).where(Delivery.post_id == post.id, Delivery.account_id.not_in(variants.keys()))
        )
        post.revision += 1
        await self._write_revision(session, actor, post, composed, change="undid the last edit", repeats=again)

    async def discard(self, actor: Actor, post_id: str, revision: int) -> PostView:
        """Delete a post that is not out anywhere: it will never be published. Undo brings it back.

        Raises:
            StaleRevision, WrongState: it changed meanwhile, or part of it is public already.
        """
        actor.require("draft")
        async with self._db.writing() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            _require_open(post)
            require_current(post, revision)
            await unclaim(session, self._clock, post.id)
            rows = (await session.scalars(select(Delivery).where(Delivery.post_id == post.id))).all()
            if any(row.state in FROZEN for row in rows) or await self._is_begun(session, post):
                raise WrongState(
                    f"#{post.number} is already out, or on its way, on an account. Cancel the rest instead."
                )
            await self._void(session, post, "the post was deleted")
            for row in rows:
                if row.state is not DeliveryState.CANCELLED:
                    row.state, row.error_code = DeliveryState.CANCELLED, DISCARDED
            post.state = PostState.DISCARDED
            self._record(session, actor, "post.discarded", post)
            await notices.called_off(session, self._clock, post.id, rows)
            return await view(session, self._platforms, post)

    async def drop_unfinished(self, actor: Actor, made_in: str) -> None:
        """Delete the untouched drafts of a turn that was cut short and begins anew."""
        async with self._db.writing() as session:
            rows = await session.scalars(
                select(Post).where(
                    Post.workspace_id == actor.workspace_id,
                    Post.made_in == made_in,
                    Post.state == PostState.DRAFT,
                    Post.revision == 1,
                )
            )
            for post in rows.all():
                post.state = PostState.DISCARDED
                await session.execute(
                    update(Delivery)
                    .where(Delivery.post_id == post.id)
                    .values(state=DeliveryState.CANCELLED, error_code=DISCARDED)
                )
                self._record(session, actor, "post.discarded", post)
                await notices.redraw(session, self._clock, post.id)

    async def view(self, workspace_id: str, post_id: str) -> PostView:
        """The post as it is now.

        Raises:
            NotFound: this workspace has no such post.
        """
        async with self._db.reading() as session:
            return await view(session, self._platforms, await post_row(session, workspace_id, post_id))

    async def numbered(self, workspace_id: str, number: int) -> PostView:
        """The post people call #`number`; 0 means the newest that is still open.

        Raises:
            NotFound: there is none.
        """
        async with self._db.reading() as session:
            query = select(Post).where(Post.workspace_id == workspace_id).order_by(Post.number.desc())
            query = query.where(Post.number == number) if number else query.where(_is_open())
            post = await session.scalar(query.limit(1))
            if post is None:
                what = f"no post #{number}" if number else "no open post"
                raise NotFound(f"There is {what} here. Ask for a draft first, or look at the calendar.")
            return await view(session, self._platforms, post)

    async def open_posts(self, workspace_id: str, limit: int = 10) -> list[PostView]:
        """The newest posts that are not out everywhere, newest first."""
        async with self._db.reading() as session:
            rows = await session.scalars(
                select(Post)
                .where(Post.workspace_id == workspace_id, _is_open())
                .order_by(Post.number.desc())
                .limit(limit)
            )
            return await views(session, self._platforms, rows.all())

    async def _reachable(self, session: AsyncSession, post: Post) -> tuple[str, ...]:
        """The post's accounts, without those that were let go: their wording stays as it is."""
        rows = await session.scalars(
            select(Delivery.account_id)
            .join(Account, Account.id == Delivery.account_id)
            .where(Delivery.post_id == post.id, Account.state != "disconnected")
        )
        accounts = tuple(rows.all())
        if not accounts:
            raise Invalid(f"Every account of #{post.number} was disconnected. Connect one again, or draft a new post.")
        return accounts

    async def _is_begun(self, session: AsyncSession, post: Post) -> bool:
        """Whether some part of it is public on some account."""
        public = select(Part.id).join(Delivery, Delivery.id == Part.delivery_id).where(Delivery.post_id == post.id)
        return await session.scalar(public.where(Part.sent_at.is_not(None)).limit(1)) is not None

    async def _new_post(self, session: AsyncSession, actor: Actor, brief: str, conversation_id: str | None) -> Post:
        workspace = await session.get_one(Workspace, actor.workspace_id, with_for_update=True)
        post = Post(
            id=new_id("post"),
            workspace_id=workspace.id,
            number=workspace.next_number(),
            author_id=actor.member_id,
            conversation_id=conversation_id,
            brief=brief[:500],
            state=PostState.DRAFT,
            revision=1,
            created_at=self._clock.now(),
        )
        session.add(post)
        await session.flush()
        return post

    async def _write_revision(
        self,
        session: AsyncSession,
        actor: Actor,
        post: Post,
        composed: Sequence[Composed],
        *,
        change: str,
        kept: Mapping[str, Content] | None = None,
        repeats: int | None = None,
    ) -> None:
        revision = Revision(
            id=new_id("revision"),
            post_id=post.id,
            number=post.revision,
            author_id=actor.member_id,
            change=change[:300],
            repeats=repeats,
            created_at=self._clock.now(),
        )
        session.add(revision)
        await session.flush()
        new = {one.account_id for one in composed}
        unchanged = [Composed(account, content) for account, content in (kept or {}).items() if account not in new]
        siblings = (await session.scalars(select(Delivery).where(Delivery.post_id == post.id))).all()
        have = {row.account_id for row in siblings}
        timed = next((row for row in siblings if row.due_at is not None), None)
        written = {}
        for one in [*composed, *unchanged]:
            variant = Variant(
                id=new_id("variant"),
                revision_id=revision.id,
                account_id=one.account_id,
                content=contents.kept(one.content),
                digest=one.digest,
            )
            session.add(variant)
            written[variant] = one.content
            if one.account_id not in have:
                session.add(
                    Delivery(
                        id=new_id("delivery"),
                        workspace_id=post.workspace_id,
                        post_id=post.id,
                        account_id=one.account_id,
                        due_at=timed.due_at if timed else None,
                        zone=timed.zone if timed else "",
                    )
                )
        await session.flush()
        await likeness.note(session, post, written)

    async def _require_unsent(self, session: AsyncSession, post: Post, composed: Sequence[Composed]) -> None:
        """Refuse to reword what is public: a whole delivery, or the parts of a thread that are out."""
        before = await variants_of(session, post)
        for one in composed:
            delivery = await session.scalar(
                select(Delivery).where(Delivery.post_id == post.id, Delivery.account_id == one.account_id)
            )
            if delivery is None or before[one.account_id].digest == one.digest:
                continue
            if delivery.state in FROZEN:
                raise WrongState(f"#{post.number} is already out, or on its way, there. Draft a new post instead.")
            sent = await session.scalars(
                select(Part.position).where(Part.delivery_id == delivery.id, Part.sent_at.is_not(None))
            )
            public = len(sent.all())
            if contents.read(before[one.account_id].content).parts[:public] != one.content.parts[:public]:
                raise WrongState(
                    f"The first {public} parts of #{post.number} are public. Change only those after them."
                )

    async def _void(self, session: AsyncSession, post: Post, why: str) -> None:
        """The approval no longer counts, nor any yes on the way to it; what had failed may be approved anew."""
        now = self._clock.now()
        await reviews.void(session, self._clock, post)
        rows = await session.scalars(select(Delivery).where(Delivery.post_id == post.id, Delivery.state.not_in(FROZEN)))
        for delivery in rows.all():
            if delivery.approval_id:
                approval = await session.get_one(Approval, delivery.approval_id)
                approval.revoked_at, approval.revoked_why = now, why
                delivery.approval_id = None
            if delivery.state is DeliveryState.FAILED:
                delivery.state, delivery.tries = DeliveryState.WAITING, 0
            if delivery.state is not DeliveryState.ASKING:
                delivery.error_code = delivery.error = ""
        post.state = PostState.DRAFT

    def _record(self, session: AsyncSession, actor: Actor, verb: str, post: Post, **detail: Any) -> None:
        record(
            session,
            workspace_id=post.workspace_id,
            verb=verb,
            subject=post.id,
            at=self._clock.now(),
            member_id=actor.member_id,
            revision=post.revision,
            **detail,
        )


def _is_open() -> ColumnElement[bool]:
    """Not deleted, and not out or cancelled on every account."""
    unfinished = select(Delivery.post_id).where(Delivery.state.not_in(ENDED))
    return and_(Post.state != PostState.DISCARDED, Post.id.in_(unfinished))


def _require_open(post: Post) -> None:
    if post.state is PostState.DISCARDED:
        raise WrongState(f"#{post.number} was deleted. Undo that first, or draft a new one.")
