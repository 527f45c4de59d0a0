"""Posts that repeat by a rule: each occurrence is a post of its own, a copy of the approved wording.

A yes is given to a series, by as many people as must say it to a post: to exactly this wording, on these accounts, at the
times of this rule until its end, at most 26 occurrences and a year away. Every delivery made of it has an approval row of its
own, bound to its own digest, which says whose yes it was, when and by which button; so what is looked at when it goes out is
the same as for any post. Any edit voids the series (`series_yes.py`).

Occurrences are made one ahead. What was missed meanwhile is skipped and said, never made up for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, pairwise
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs, notices, reviews, series_yes
from content.approvals import approve, refuse_problems
from content.audit import record
from content.copying import copy_of
from content.database import Database
from content.deciding import Decider, deciding
from content.errors import Conflict, Invalid, NotAllowed, NotFound, WrongState
from content.ids import new_id
from content.models import Member, Post, PostState, Series
from content.people import Actor, called
from content.platform import Platform
from content.recurrence import Recurrence, ending
from content.repeating import repeating
from content.sentences import listed
from content.times import Clock, resolve_local, said
from content.views import PostView, post_row, require_current, view

MOST = 26
"""Occurrences that one yes is good for."""
LONGEST = timedelta(days=366)
"""How long one yes is good for."""
CLOSEST = timedelta(hours=20)
"""Occurrences are at least about a day apart."""
MOST_OPEN = 20
"""Series of a workspace at a time."""
State = Literal["proposed", "running", "paused", "ended"]


@dataclass(frozen=True)
class SeriesView:
    """A series as people see it."""

    id: str
    workspace_id: str
    conversation_id: str | None
    member_id: str
    """Who asked for it."""
    post: PostView
    """What repeats."""
    when: str
    """The rule in words."""
    rule: Recurrence
    state: State
    count: int
    """How many occurrences there are at most."""
    said_yes: tuple[Decider, ...]
    """Who said yes to it so far; as many must as to the post."""
    made: int
    ahead: datetime | None
    """When the next occurrence goes out, made or not; None: there is none."""
    ahead_words: str
    last_words: str
    """When the last one goes out."""
    made_until: datetime | None
    """The time of the last occurrence that was made."""

    @property
    def wanted(self) -> tuple[Decider, ...]:
        """Whose yes would count, and is not there."""
        return self.post.deciding.others(self.said_yes)

    def starts_by(self, member_id: str) -> str:
        """Whose yes starts what this member proposed, in words."""
        if self.post.deciding.counts(member_id):
            return "It starts only once a person approves the series."
        return f"It starts once the series is approved; I asked {listed([one.name for one in self.wanted])}."


class SeriesOfPosts:
    """What repeats as it is. Nothing here publishes: occurrences are posts like any other."""

    def __init__(self, db: Database, clock: Clock, platforms: Mapping[str, Platform]) -> None:
        self._db = db
        self._clock = clock
        self._platforms = platforms

    async def propose(self, actor: Actor, post_id: str, words: str) -> SeriesView:
        """Have a post repeat by a rule in words, once a person approves the series; nothing is made before that.

        Where it is not for the actor to approve, those who may are asked.

        Raises:
            Invalid: no rule, more than 26 occurrences or a year of them, more than one a day, or too many series.
            Conflict: it repeats already.
            WrongState: the post was deleted.
        """
        actor.require("draft")
        now = self._clock.now()
        rule = _bounded(repeating(words, now, actor.zone))
        async with self._db.writing() as session:
            post = await post_row(session, actor.workspace_id, post_id)
            if post.state is PostState.DISCARDED:
                raise WrongState(f"#{post.number} was deleted. Undo that first.")
            row = await self._open_of(session, post, rule)
            await session.flush()
            given = await deciding(session, post)
            if not given.counts(actor.member_id):
                await series_yes.ask(session, row, given, now)
            self._record(session, row, "series.proposed", actor.member_id)
            await notices.redraw(session, self._clock, f"series:{row.id}")
            return await self._view(session, row)

    async def _open_of(self, session: AsyncSession, post: Post, rule: Recurrence) -> Series:
        """The post's series that nobody approved yet, or a new one: a button pressed for other times must not start these."""
        open_ones = (
            await session.scalars(
                select(Series).where(Series.workspace_id == post.workspace_id, Series.ended_at.is_(None))
            )
        ).all()
        row: Series | None = next((one for one in open_ones if one.post_id == post.id), None)
        if row is not None and row.approved_at is not None:
            raise Conflict(f"#{post.number} repeats already. End that series first; its card has the button.")
        if row is not None and (row.rule, row.zone) != (rule.text, rule.zone):
            row.ended_at = self._clock.now()
            await notices.redraw(session, self._clock, f"series:{row.id}")
            open_ones, row = [one for one in open_ones if one is not row], None
        if row is None:
            if len(open_ones) >= MOST_OPEN:
                raise Invalid(f"There are {MOST_OPEN} series already, so this one was not kept. End one first.")
            row = Series(
                id=new_id("series"),
                workspace_id=post.workspace_id,
                member_id=post.author_id,
                post_id=post.id,
                conversation_id=post.conversation_id,
                rule=rule.text,
                zone=rule.zone,
                created_at=self._clock.now(),
            )
            session.add(row)
        return row

    async def approve(self, actor: Actor, series_id: str, revision: int, *, button: str) -> SeriesView:
        """Say yes to exactly this wording, on these accounts, by this rule until its end. Only a button calls this.

        Where the post has none yet it is one to the post too. Where more people must say yes, they are asked, and the last of them
        starts the series.

        Raises:
            As `Approvals.approve`; WrongState: it has ended, or its last time has passed.
        """
        async with self._db.writing() as session:
            row = await self._row(session, actor, series_id)
            post = await post_row(session, actor.workspace_id, row.post_id)
            if row.approved_at is not None:
                raise Conflict(f"The series of #{post.number} is approved already. There is nothing left to decide.")
            now = self._clock.now()
            if Recurrence(row.rule, row.zone).next_after(now) is None:
                raise WrongState(f"The last time of this series has passed. Give #{post.number} new times.")
            await self._say_yes(session, actor, post, revision, button)
            given = await deciding(session, post)
            enough = await series_yes.say(session, row, actor.member_id, now, given)
            self._record(session, row, "series.yes", actor.member_id)
            if post.state is PostState.APPROVED and enough:
                row.approved_by, row.approved_at, row.button = actor.member_id, now, button[:200]
                row.made_until, row.paused_at = now, None
                self._record(session, row, "series.approved", actor.member_id)
                await self._go_on(session, row)
            elif not enough:
                await series_yes.ask(session, row, given, now)
            await notices.redraw(session, self._clock, f"series:{row.id}")
            await notices.redraw(session, self._clock, post.id)
            return await self._view(session, row)

    async def _say_yes(self, session: AsyncSession, actor: Actor, post: Post, revision: int, button: str) -> None:
        """A yes to the post, where it needs this one; to the series alone only of whom a yes to the post would count."""
        given = await deciding(session, post)
        said_so = actor.member_id in {one.member_id for one in given.said_yes}
        if post.state is not PostState.APPROVED and not said_so:
            await approve(session, self._clock, self._platforms, actor, post.id, revision, button)
            return
        await reviews.require_decider(session, actor, post)
        require_current(post, revision)
        if not given.counts(actor.member_id):
            raise NotAllowed(f"You wrote #{post.number}, and here somebody else must approve it. Ask an approver.")
        refuse_problems(await view(session, self._platforms, post))

    async def step(self, series_id: str) -> datetime | None:
        """The handler of `series` jobs: make the next occurrence when the one before it is due. Safe to repeat."""
        async with self._db.writing() as session:
            row = await session.get(Series, series_id, with_for_update=True)
            if row is None or state_of(row) != "running":
                return None
            if row.made_until is not None and row.made_until > self._clock.now():
                return row.made_until
            return await self._next(session, row)

    async def _go_on(self, session: AsyncSession, row: Series) -> None:
        following = await self._next(session, row)
        if following is not None:
            await jobs.put(session, "series", row.id, run_at=following, now=self._clock.now())

    async def _next(self, session: AsyncSession, row: Series) -> datetime | None:
        """Make the first occurrence that is still to come; those that were missed are said in one line."""
        now, rule = self._clock.now(), Recurrence(row.rule, row.zone)
        since = (row.made_until or now) + timedelta(microseconds=1)
        missed = list(rule.between(since, now + timedelta(microseconds=1)))
        if missed:
            await series_yes.tell(session, row, "missed", now, str(len(missed)))
        following = rule.next_after(now)
        post = await session.get_one(Post, row.post_id)
        await notices.redraw(session, self._clock, f"series:{row.id}")
        if following is not None and await copy_of(session, self._clock, post, row, following):
            row.made_until, row.made = following.at, row.made + 1
            return following.at
        row.ended_at = now
        self._record(session, row, "series.ended", None)
        await series_yes.tell(session, row, "nowhere" if following else "done", now)
        return None

    async def pause(self, actor: Actor, series_id: str) -> SeriesView:
        """Make no more of it until it is resumed; what was made and is not out is called off. The yes stays.

        Raises:
            WrongState: it does not run.
        """
        return await self._stop(actor, series_id, "paused")

    async def end(self, actor: Actor, series_id: str) -> SeriesView:
        """Make no more of it, for good; what was made and is not out is called off.

        Raises:
            NotFound: it has ended.
        """
        return await self._stop(actor, series_id, "ended")

    async def _stop(self, actor: Actor, series_id: str, how: Literal["paused", "ended"]) -> SeriesView:
        actor.require("draft")
        async with self._db.writing() as session:
            row = await self._row(session, actor, series_id)
            if how == "paused" and state_of(row) != "running":
                raise WrongState("This series does not run, so there is nothing to pause. Look at its card.")
            now = self._clock.now()
            if how == "paused":
                row.paused_at = now
            else:
                row.ended_at = now
            await series_yes.call_off(session, self._clock, row)
            await series_yes.tell(session, row, how, now, called(await session.get_one(Member, actor.member_id)))
            self._record(session, row, f"series.{how}", actor.member_id)
            return await self._view(session, row)

    async def resume(self, actor: Actor, series_id: str) -> SeriesView:
        """Go on with the first occurrence that is still to come, by the yes it has.

        Raises:
            WrongState: it is not paused.
        """
        actor.require("draft")
        async with self._db.writing() as session:
            row = await self._row(session, actor, series_id)
            if row.paused_at is None or row.approved_at is None:
                raise WrongState("This series is not paused, or needs a new yes first. Look at its card.")
            row.paused_at, row.made_until = None, self._clock.now()
            self._record(session, row, "series.resumed", actor.member_id)
            await self._go_on(session, row)
            return await self._view(session, row)

    async def view(self, workspace_id: str, series_id: str) -> SeriesView:
        """The series as it is now.

        Raises:
            NotFound: this workspace has no such series.
        """
        async with self._db.reading() as session:
            row = await session.get(Series, series_id)
            if row is None or row.workspace_id != workspace_id:
                raise _not_found()
            return await self._view(session, row)

    async def owner(self, series_id: str) -> str:
        """The workspace a series belongs to."""
        async with self._db.reading() as session:
            return (await session.get_one(Series, series_id)).workspace_id

    async def running(self, workspace_id: str) -> Sequence[SeriesView]:
        """The series that were not ended, nor their posts deleted, in the order they were asked for."""
        query = select(Series).where(Series.workspace_id == workspace_id, Series.ended_at.is_(None))
        query = query.join(Post, Post.id == Series.post_id).where(Post.state != PostState.DISCARDED)
        async with self._db.reading() as session:
            rows = await session.scalars(query.order_by(Series.created_at, Series.id))
            return [await self._view(session, row) for row in rows.all()]

    async def _row(self, session: AsyncSession, actor: Actor, series_id: str) -> Series:
        row = await session.get(Series, series_id, with_for_update=True)
        if row is None or row.workspace_id != actor.workspace_id or row.ended_at is not None:
            raise _not_found()
        return row

    async def _view(self, session: AsyncSession, row: Series) -> SeriesView:
        now, rule = self._clock.now(), Recurrence(row.rule, row.zone)
        post = await session.get_one(Post, row.post_id)
        every = _occurrences(rule)
        following = rule.next_after(now) if row.ended_at is None else None
        return SeriesView(
            id=row.id,
            workspace_id=row.workspace_id,
            conversation_id=row.conversation_id,
            member_id=row.member_id,
            post=await view(session, self._platforms, post),
            when=rule.echo(),
            rule=rule,
            state=state_of(row),
            count=len(every),
            said_yes=await series_yes.said(session, row.id),
            made=row.made,
            ahead=following.at if following else None,
            ahead_words=said(following.at, row.zone, now) if following else "",
            last_words=said(every[-1], row.zone, now),
            made_until=row.made_until,
        )

    def _record(self, session: AsyncSession, row: Series, verb: str, member_id: str | None) -> None:
        now = self._clock.now()
        record(session, workspace_id=row.workspace_id, verb=verb, subject=row.id, at=now, member_id=member_id)


def _not_found() -> NotFound:
    return NotFound("There is no such series here, or it has ended. Ask for a new one.")


def state_of(row: Series) -> State:
    """What its row says of it."""
    if row.ended_at is not None:
        return "ended"
    if row.approved_at is None:
        return "proposed"
    return "paused" if row.paused_at is not None else "running"


def _occurrences(rule: Recurrence) -> list[datetime]:
    """The moments of a rule, up to one more than a yes is good for."""
    first = resolve_local(rule.start, rule.zone).at
    return [one.at for one in islice(rule.between(first, first + 2 * LONGEST), MOST + 1)]


def _bounded(rule: Recurrence) -> Recurrence:
    """The rule with an end that one yes is good for.

    Raises:
        Invalid: it has more occurrences, or is closer together.
    """
    every = _occurrences(rule)
    if any(after - before < CLOSEST for before, after in pairwise(every)):
        raise Invalid("A series posts at most once a day. Say “every day 9:00”, or draft several posts.")
    within = [at for at in every[:MOST] if at - every[0] <= LONGEST]
    if len(within) == len(every):
        return rule
    if rule.parts.keys() & {"COUNT", "UNTIL"}:
        raise Invalid(f"One yes is good for {MOST} occurrences within a year, and these are more. Name an earlier end.")
    return ending(rule, COUNT=str(len(within)))
