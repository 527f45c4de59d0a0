"""Publishing: claim, prepare, then for each part arm, commit once, record. Nothing else in the product makes a post public.

(transaction) the claim and, before every commit, an `Attempt` with every handle that lets us ask later;
(network) exactly one `commit`, never repeated by itself; (transaction) what it came to.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import duplicates, jobs, outcomes
from content.accounts import Accounts
from content.approvals import arm
from content.attempts import Attempts, ours
from content.connecting import Connects
from content.database import Database, moment
from content.errors import (
    Collision,
    ContentError,
    Duplicate,
    Invalid,
    NeedsReconnect,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Rejected,
    Unavailable,
)
from content.firing import LEASE, Claim, Later, await_turn
from content.logins import Sleep
from content.media import MediaStore
from content.models import Account, Attempt, Delivery, DeliveryState, Outcome, Post, Workspace
from content.pace import full
from content.platform import Access, Pending, Platform, Prepared, Published
from content.times import Clock
from content.tracing import Repeat, Tracing

log = logging.getLogger(__name__)

COMMIT_TAKES = timedelta(seconds=60)
"""A commit that takes longer is given up on as unknown, well inside the lease."""
ARMS_WITHIN = timedelta(seconds=30)
"""What took longer to be written down sends nothing: the process may have been paused before its fuse was lit."""
BURNS = LEASE - ARMS_WITHIN - timedelta(seconds=5)
"""How long the fuse burns: longer than a commit may take, and over before the lease, which began when it was written down."""
Fuse = Callable[[timedelta], AbstractContextManager[None]]
"""Ends the process if the block takes longer: it was paused, and others have taken over what it was doing."""


def unfused(_burns: timedelta) -> AbstractContextManager[None]:
    """For a process that works alone: nobody takes over while it is paused."""
    return contextlib.nullcontext()


class Publishing:
    """The handler of `publish` jobs, one delivery each."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        platforms: Mapping[str, Platform],
        accounts: Accounts,
        media: MediaStore,
        tracing: Tracing,
        sleep: Sleep = asyncio.sleep,
        fuse: Fuse = unfused,
        *,
        dry: bool = False,
    ) -> None:
        """`dry`: nothing is uploaded or sent, only rehearsed."""
        self._db = db
        self._clock = clock
        self._platforms = platforms
        self._attempts = Attempts(db, clock, platforms, dry=dry)
        self._accounts = accounts
        self._media = media
        self._tracing = tracing
        self._sleep = sleep
        self._fuse = fuse

    async def publish(self, delivery_id: str) -> datetime | None:
        """Bring a delivery one step on, whatever state it is in; returns when to look again, or None."""
        step = await self._attempts.look(delivery_id) or await self._tracing.trace(delivery_id)
        if isinstance(step, Repeat):
            step = await self._attempts.look_anew(delivery_id)
        return await self._send(step) if isinstance(step, Claim) else step.at

    async def _send(self, mine: Claim) -> datetime | None:
        prepared = await self._ready(mine)
        if not isinstance(prepared, Prepared):
            return prepared
        sent = list(mine.sent)
        for position in [place for place, already in enumerate(mine.sent) if already is None]:
            earlier = [part for part in sent[:position] if part is not None]
            result = await self._commit(mine, prepared, position, earlier)
            if not isinstance(result, Published):
                return result
            sent[position] = result
        return None

    async def _ready(self, mine: Claim) -> Prepared | datetime | None:
        """The login opened and everything uploaded, else when to try again. It makes nothing public, so nothing has happened."""
        access = None
        try:
            access = await self._accounts.access_of(mine.account)
            return await self._prepared(mine, access)
        except NeedsReconnect:
            return await (self._renew(mine, access) if access else self._wait(mine))
        except (OutcomeUnknown, Collision) as lost:
            return await self._nothing_happened(mine, Unavailable(lost.message, platform=mine.platform))
        except PlatformError as refused:
            return await self._nothing_happened(mine, refused)
        except ContentError as unusable:  # a picture that is gone, a login sealed with another key …
            return await self._nothing_happened(mine, _refused(mine, unusable))

    async def _prepared(self, mine: Claim, access: Access) -> Prepared:
        """An upload may take longer than the lease, which is renewed meanwhile."""
        renewing = asyncio.create_task(self._keep_lease(mine))
        try:
            return await self._prepare(mine, access)
        finally:
            renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewing

    async def _keep_lease(self, mine: Claim) -> None:
        while True:
            await self._sleep(LEASE.total_seconds() / 3)
            async with self._db.writing() as session:
                delivery = await ours(session, mine)
                if delivery is None:
                    return
                delivery.lease_until = await moment(session) + LEASE

    async def _prepare(self, mine: Claim, access: Access) -> Prepared:
        if mine.fence == 1:  # nothing was tried before
            return await self._platforms[mine.platform].prepare(mine.rendering, access, self._media, {})
        async with self._db.reading() as session:
            latest = await session.scalar(
                select(Attempt.handles)
                .where(Attempt.delivery_id == mine.delivery_id, Attempt.digest == mine.digest)
                .order_by(Attempt.started_at.desc(), Attempt.id)
                .limit(1)
            )
        return await self._platforms[mine.platform].prepare(mine.rendering, access, self._media, latest or {})

    async def _commit(
        self, mine: Claim, prepared: Prepared, position: int, earlier: list[Published]
    ) -> Published | datetime | None:
        """One part: armed, committed once, recorded. Anything but `Published` ends the run."""
        arming = monotonic()
        attempt_id = await self._attempts.arm(mine, position, prepared.handles)
        if isinstance(attempt_id, Later):
            return attempt_id.at
        platform = self._platforms[mine.platform]
        try:
            with self._fuse(BURNS):
                if monotonic() - arming > ARMS_WITHIN.total_seconds():
                    raise _paused(mine)
                result = await asyncio.wait_for(
                    platform.commit(prepared, position, mine.keys[position], earlier), COMMIT_TAKES.total_seconds()
                )
        except Duplicate as there:
            return await self._record_duplicate(mine, attempt_id, position, there)
        except PlatformError as error:
            return await self._record_error(mine, prepared.access, attempt_id, error)
        except Invalid as unusable:  # an address we do not go to: it is looked at before anything leaves
            return await self._record_error(mine, prepared.access, attempt_id, _refused(mine, unusable))
        except Exception as error:
            log.exception("delivery.commit_broke", extra={"delivery": mine.delivery_id})
            return await self._record_error(mine, prepared.access, attempt_id, _unknown(mine, error))
        if isinstance(result, Pending):
            return await self._record_pending(mine, attempt_id, result)
        return result if await self._attempts.sent(mine, attempt_id, position, result) else None

    async def _record_pending(self, mine: Claim, attempt_id: str, result: Pending) -> datetime | None:
        async with self._db.writing() as session:
            attempt = await session.get_one(Attempt, attempt_id)
            attempt.handles = dict(attempt.handles) | {"pending": dict(result.handles)}
            delivery = await ours(session, mine)
            if delivery is None:
                return None
            await outcomes.processing(session, self._clock, delivery)
            return self._clock.now() + timedelta(seconds=5)

    async def _record_duplicate(
        self, mine: Claim, attempt_id: str, position: int, there: Duplicate
    ) -> Published | datetime | None:
        """The platform has exactly this: an earlier try of ours, where there was one, else somebody else's post."""
        async with self._db.writing() as session:
            delivery = await ours(session, mine)
            was_us = await duplicates.is_ours(session, attempt_id, there)
            if delivery is None or not was_us:
                await outcomes.close(session, self._clock, attempt_id, Outcome.REFUSED, there.message)
            elif there.posted_at is not None:
                await outcomes.close(session, self._clock, attempt_id, Outcome.SENT)
                found = Published(there.remote_id, there.url)
                await outcomes.part_sent(session, self._clock, delivery, position, len(mine.keys), found)
                return found
            else:
                await duplicates.ask(session, self._clock, delivery, attempt_id, there, mine.rendering.label)
                return None
        return await self._nothing_happened(mine, there)

    async def _record_error(
        self, mine: Claim, access: Access, attempt_id: str, error: PlatformError
    ) -> datetime | None:
        outcome = outcomes.of(error)
        async with self._db.writing() as session:
            await outcomes.close(session, self._clock, attempt_id, outcome, error.message)
            delivery = await ours(session, mine)
            if delivery is None:
                await arm(session, self._clock, await session.get_one(Delivery, mine.delivery_id))
                return None
            if outcome is Outcome.UNKNOWN:
                return await outcomes.unknown(session, self._clock, delivery, error)
        if isinstance(error, NeedsReconnect):
            return await self._renew(mine, access)
        return await self._nothing_happened(mine, error)

    async def _renew(self, mine: Claim, refused: Access) -> datetime | None:
        """A refused login may only be old: one renewal, then the same delivery again; else the person is asked."""
        try:
            if isinstance(self._platforms[mine.platform], Connects) and await self._first_refusal(mine):
                await self._accounts.refresh(refused)
                return await self._wait(mine)
        except NeedsReconnect:
            return await self._wait(mine)
        except PlatformError as error:
            return await self._nothing_happened(mine, error)
        await self._accounts.lost_login(refused)
        return await self._wait(mine)

    async def _first_refusal(self, mine: Claim) -> bool:
        async with self._db.reading() as session:
            return (await session.get_one(Delivery, mine.delivery_id)).refused_login_at is None

    async def _nothing_happened(self, mine: Claim, error: PlatformError) -> datetime | None:
        """Certainly nothing went out: wait and try again, or give up where only a person can change something."""
        async with self._db.writing() as session:
            delivery = await ours(session, mine)
            if delivery is None:
                return None
            verdict = jobs.after(error, delivery.tries, self._clock.now())
            if isinstance(verdict, jobs.Again):
                await outcomes.wait_again(session, self._clock, delivery, error)
                if isinstance(error, RateLimited):
                    return await self._wait_turn(session, mine, delivery, verdict.at)
                return verdict.at
            await outcomes.failed(session, self._clock, delivery, error, mine.rendering.label)
            return None

    async def _wait_turn(
        self, session: AsyncSession, mine: Claim, delivery: Delivery, until: datetime
    ) -> datetime | None:
        """The account's other posts wait too, instead of each being refused."""
        account = await session.get_one(Account, delivery.account_id)
        wait = full(account, self._platforms[mine.platform].spec, until)
        if delivery.state is not DeliveryState.WAITING:
            return until  # an earlier try may have made it public, which is found out first
        post = await session.get_one(Post, delivery.post_id)
        workspace = await session.get_one(Workspace, delivery.workspace_id)
        begun = await outcomes.begun(session, delivery)
        return (await await_turn(session, self._clock, delivery, wait, post, workspace, begun=begun)).at

    async def _wait(self, mine: Claim) -> datetime | None:
        """Until there is a login, which is looked at with the next claim."""
        async with self._db.writing() as session:
            delivery = await ours(session, mine)
            if delivery is None:
                return None
            delivery.refused_login_at = now = self._clock.now()
            await outcomes.wait_again(session, self._clock, delivery, None)
            return now


def _refused(mine: Claim, unusable: ContentError) -> Rejected:
    return Rejected(unusable.message, platform=mine.platform, account=mine.account.id)


def _paused(mine: Claim) -> Unavailable:
    return Unavailable(
        f"The desk was stopped for a while just before it could send this to {mine.rendering.label}. I try again.",
        platform=mine.platform,
        account=mine.account.id,
    )


def _unknown(mine: Claim, error: Exception) -> OutcomeUnknown:
    why = "took too long to answer" if isinstance(error, TimeoutError) else "did not end cleanly"
    return OutcomeUnknown(
        f"The request to {mine.rendering.label} {why}, so I cannot tell whether the post went out. I am checking.",
        platform=mine.platform,
        account=mine.account.id,
    )
