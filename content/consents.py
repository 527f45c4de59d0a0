"""Connecting an account: at once with what a form gave, or with a person's consent on the platform's own page.

The way through that page is a row with steps: begun → away (a browser set out) → back (and came back; the code is exchanged
once) → choosing (the login works: which accounts?) → connected, or refused. It belongs to one member, one workspace and one
browser; it can be walked once, and every later visit only shows what became of it.
"""

import asyncio
import contextlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs
from content.accounts import Accounts, AccountView
from content.connecting import Connected, Elsewhere, require_filled, require_set_up
from content.consent_rights import NO_SUCH, of_browser, of_member, require_right_person, ticketed
from content.consent_views import NOBODY_CAME, ConsentView, Departure, choice_of, kept_login, read_login
from content.database import Database
from content.errors import ContentError, Invalid, NotAllowed, NotFound, PlatformError
from content.ids import new_id
from content.models import Account, ConnectAttempt, ConnectStep, Conversation, Member, Workspace
from content.people import Actor, token_hash
from content.platform import Access
from content.sealing import Sealer
from content.times import Clock

LASTS = timedelta(minutes=10)
"""How long a person has to come back, and then to choose."""
FINISH_TAKES = timedelta(seconds=90)
"""An exchange that takes longer is given up; a few requests of half a minute at most are in it."""
EXCHANGE_TAKES = timedelta(minutes=2)
"""One that was heard of for so long was cut off with the desk."""
_OTHER_KEY = "This login was begun with a sealing key that the desk no longer has. Connect again."
_OVER = (ConnectStep.CONNECTED, ConnectStep.REFUSED, ConnectStep.CANCELLED)


class Consents:
    """Every step is one use case; whoever takes it holds a secret that only the right one can have."""

    def __init__(self, db: Database, clock: Clock, accounts: Accounts, sealer: Sealer) -> None:
        self._db = db
        self._clock = clock
        self._accounts = accounts
        self._sealer = sealer

    async def begin(
        self,
        actor: Actor,
        platform: str,
        given: Mapping[str, str],
        *,
        callback_url: str,
        conversation_id: str | None = None,
    ) -> AccountView | ConsentView:
        """Connect with what the form gave: an account, or the beginning of the way through the platform's own page.

        Raises:
            NotAllowed, NotFound, Invalid, PlatformError: what is wrong, in words.
        """
        actor.require("connect")
        connects = self._accounts.connects(platform)
        require_set_up(self._label(platform), connects, callback_url)
        require_filled(connects, given)
        state, ticket = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        result = await connects.start(given, callback_url, state)
        async with self._db.writing() as session:
            if isinstance(result, Connected):
                return await self._accounts.bind(session, actor, platform, result)
            now = self._clock.now()
            attempt = ConnectAttempt(
                id=new_id("connect"),
                workspace_id=actor.workspace_id,
                member_id=actor.member_id,
                conversation_id=conversation_id,
                platform=platform,
                state_hash=token_hash(state),
                ticket_hash=token_hash(ticket),
                sealed=self._seal(result, ticket, callback_url),
                expires_at=now + LASTS,
            )
            session.add(attempt)
            await session.flush()
            await self._ends_at(session, attempt)
            return await self._view(session, attempt)

    def _seal(self, result: Elsewhere, ticket: str, callback_url: str) -> bytes:
        kept = {"url": result.url, "callback_url": callback_url, "ticket": ticket}
        return self._sealer.seal(kept | {"keep": json.dumps(dict(result.keep)), "asks": json.dumps(result.asks)})

    async def view(self, actor: Actor, attempt_id: str) -> ConsentView:
        """How far it is, for members of its workspace; the ticket only for the one who began it.

        Raises:
            NotFound: there is no such one here.
        """
        async with self._db.reading() as session:
            attempt = await session.get(ConnectAttempt, attempt_id)
            if attempt is None or attempt.workspace_id != actor.workspace_id:
                raise NotFound(NO_SUCH)
            return await self._view(session, attempt, with_ticket=attempt.member_id == actor.member_id)

    async def look(self, ticket: str) -> ConsentView:
        """What the address of a chat's button opens; looking changes nothing, so that a previewer does no harm.

        Raises:
            NotFound: no such ticket.
        """
        async with self._db.reading() as session:
            view = await self._view(session, await ticketed(session, ticket), with_ticket=True)
        return replace(view, choices=(), scopes=())  # whose accounts they are is for the browser that was there

    async def set_out(self, ticket: str, signed_in: Actor | None = None) -> Departure:
        """Bind the way to the browser that asks, which is the one that must come back. `signed_in` is whose browser it is.

        Raises:
            NotFound, NotAllowed, Invalid: nothing was changed, and why.
        """
        browser = secrets.token_urlsafe(32)
        async with self._db.writing() as session:
            attempt = await ticketed(session, ticket)
            await require_right_person(session, attempt, signed_in)
            if attempt.step not in (ConnectStep.BEGUN, ConnectStep.AWAY) or self._expired(attempt):
                raise Invalid("This way was walked already, or is over ten minutes old. Connect again in the chat.")
            attempt.step, attempt.browser_hash = ConnectStep.AWAY, token_hash(browser)
            return Departure(attempt.id, self._sealer.open(attempt.sealed)["url"], browser)

    async def attempt_of(self, state: str) -> str:
        """Which way a state that comes back belongs to.

        Raises:
            Invalid: none.
        """
        wanted = select(ConnectAttempt.id).where(ConnectAttempt.state_hash == token_hash(state))
        async with self._db.reading() as session:
            found = await session.scalar(wanted)
        if found is None:
            raise Invalid("This way back belongs to no login that was begun here: nothing was changed. Connect again.")
        return found

    async def come_back(
        self, attempt_id: str, browser: str, answer: Mapping[str, str], signed_in: Actor | None = None
    ) -> ConsentView:
        """The person came back from the platform with the query parameters `answer`. Once: later visits show what it came to.

        Raises:
            Invalid, NotAllowed: it is another browser's or person's, or too old: nothing was changed.
        """
        async with self._db.writing() as session:
            attempt = await of_browser(session, attempt_id, browser)
            await require_right_person(session, attempt, signed_in)
            if attempt.step is not ConnectStep.AWAY:
                return await self._view(session, await self._given_up(session, attempt))
            if self._expired(attempt):
                raise Invalid("This took over ten minutes, so nothing was changed. Connect again in the chat.")
            attempt.step, attempt.used_at = ConnectStep.BACK, self._clock.now()
            kept = self._sealer.open(attempt.sealed)
        return await self._exchanged(attempt_id, attempt.platform, kept, answer)

    async def _given_up(self, session: AsyncSession, attempt: ConnectAttempt) -> ConnectAttempt:
        """A desk that stopped in the middle of an exchange does not know what became of it, and a code works once."""
        begun = attempt.used_at or self._clock.now()
        if attempt.step is ConnectStep.BACK and self._clock.now() - begun > EXCHANGE_TAKES:
            await self._end(session, attempt, ConnectStep.REFUSED, "The desk was stopped on the way. Connect again.")
        return attempt

    async def _exchanged(
        self, attempt_id: str, platform: str, kept: Mapping[str, str], answer: Mapping[str, str]
    ) -> ConsentView:
        found: Sequence[Connected] = ()
        refused = "Something went wrong here, and it is in the log. Connect again."
        try:
            finishing = self._accounts.connects(platform).finish(json.loads(kept["keep"]), answer, kept["callback_url"])
            found = await asyncio.wait_for(finishing, FINISH_TAKES.total_seconds())
            refused = f"{self._label(platform)} names no account that could be connected. Use another login there."
        except ContentError as no:
            refused = no.message
        except TimeoutError:
            refused = f"{self._label(platform)} took too long to say who you are. Connect again."
        finally:  # whatever happened, the person is told
            view, unwanted = await self._arrived(attempt_id, found, kept["asks"], refused)
            if unwanted:
                await self._revoke(platform, unwanted)
        return view

    async def _arrived(
        self, attempt_id: str, found: Sequence[Connected], asks: str, refused: str
    ) -> tuple[ConsentView, Connected | None]:
        """What the exchange came to, unless it was left meanwhile; then the login that came, if it must be ended."""
        async with self._db.writing() as session:
            attempt = await session.get_one(ConnectAttempt, attempt_id, with_for_update=True)
            left = attempt.step is not ConnectStep.BACK
            unwanted = await self._to_end(session, attempt, found) if left else None
            if found and not left:
                attempt.step, attempt.expires_at = ConnectStep.CHOOSING, self._clock.now() + LASTS
                kept = json.dumps([kept_login(one) for one in found])
                attempt.sealed = self._sealer.seal({"found": kept, "asks": asks})
                await self._redraw(session, attempt)
                await self._ends_at(session, attempt)
            elif not left:
                await self._end(session, attempt, ConnectStep.REFUSED, refused)
            return await self._view(session, attempt), unwanted

    async def look_back(self, attempt_id: str, browser: str) -> ConsentView:
        """How far it is, for the browser that set out.

        Raises:
            Invalid: it is another browser's.
        """
        async with self._db.writing() as session:
            attempt = await self._given_up(session, await of_browser(session, attempt_id, browser))
            return await self._view(session, attempt)

    async def expire(self, attempt_id: str) -> datetime | None:
        """End what nobody finished in time, and the login that nobody chose; returns when to look again. The handler of `consent` jobs."""
        async with self._db.writing() as session:
            attempt = await session.get(ConnectAttempt, attempt_id, with_for_update=True)
            if attempt is None or attempt.step in _OVER:
                return None
            if attempt.expires_at > self._clock.now():
                return attempt.expires_at
            unwanted = await self._to_end(session, attempt, self._found(attempt))
            await self._end(session, attempt, ConnectStep.CANCELLED, NOBODY_CAME)
        if unwanted:
            await self._revoke(attempt.platform, unwanted)
        return None

    async def choose(
        self, attempt_id: str, browser: str, remote_ids: Sequence[str], signed_in: Actor | None = None
    ) -> ConsentView:
        """Bind these of the accounts that the login reaches; those connected here before get the new login too.

        Raises:
            Invalid, NotAllowed: nothing was changed, and why.
        """
        async with self._db.writing() as session:
            attempt = await of_browser(session, attempt_id, browser)
            actor = await require_right_person(session, attempt, signed_in)
            if attempt.step in _OVER:
                return await self._view(session, attempt)
            if attempt.step is not ConnectStep.CHOOSING or self._expired(attempt):
                raise Invalid("This took over ten minutes, so nothing was connected. Connect again in the chat.")
            found, here = self._found(attempt), await self._here(session, attempt)
            wanted = [one for one in found if one.identity.remote_id in remote_ids]
            if not wanted:
                raise Invalid("Choose at least one account. Nothing was connected yet.")
            renewed = [one for one in found if one not in wanted and one.identity.remote_id in here]
            bound = [
                await self._accounts.bind(session, actor, attempt.platform, one, attempt.id)
                for one in [*wanted, *renewed]
            ]
            words = ", ".join(one.words for one in bound[: len(wanted)])
            await self._end(session, attempt, ConnectStep.CONNECTED, f"Connected: {words}.")
            return await self._view(session, attempt)

    async def cancel(self, attempt_id: str, *, actor: Actor | None = None, browser: str = "") -> ConsentView:
        """Leave it, by a press in the chat or on the page; a login that was given already is ended at the platform.

        Raises:
            NotFound, Invalid, NotAllowed: it is somebody else's.
        """
        async with self._db.writing() as session:
            if actor is None:
                attempt = await of_browser(session, attempt_id, browser)
            else:
                attempt = await of_member(session, attempt_id, actor)
            unwanted = await self._to_end(session, attempt, self._found(attempt))
            if attempt.step not in _OVER:
                words = f"Left as it was: nothing was connected to {self._label(attempt.platform)}."
                await self._end(session, attempt, ConnectStep.CANCELLED, words)
            view = await self._view(session, attempt)
        if unwanted:
            await self._revoke(view.platform, unwanted)
        return view

    async def _to_end(
        self, session: AsyncSession, attempt: ConnectAttempt, found: Sequence[Connected]
    ) -> Connected | None:
        """The login that nobody wants, unless to end it could end that of an account which is connected, in any workspace."""
        reached = [one.identity.remote_id for one in found]
        connected = select(Account.id).where(
            Account.platform == attempt.platform, Account.remote_id.in_(reached), Account.state != "disconnected"
        )
        if not found or await session.scalar(connected.limit(1)) is not None:
            return None
        return found[0]

    async def _revoke(self, platform: str, login: Connected) -> None:
        identity = login.identity
        access = Access("", platform, identity.remote_id, identity.handle, identity.server, {}, login.login.secrets)
        with contextlib.suppress(PlatformError):  # it is forgotten here all the same
            await self._accounts.connects(platform).revoke(access)

    def _label(self, platform: str) -> str:
        return self._accounts.offer(platform).label

    async def _end(self, session: AsyncSession, attempt: ConnectAttempt, step: ConnectStep, words: str) -> None:
        attempt.step, attempt.words, attempt.sealed = step, words, self._sealer.seal({})
        await self._redraw(session, attempt)

    async def _redraw(self, session: AsyncSession, attempt: ConnectAttempt) -> None:
        now = self._clock.now()
        await jobs.put(session, "redraw", f"connect:{attempt.id}", run_at=now, now=now)

    async def _ends_at(self, session: AsyncSession, attempt: ConnectAttempt) -> None:
        await jobs.put(session, "consent", attempt.id, run_at=attempt.expires_at, now=self._clock.now())

    def _expired(self, attempt: ConnectAttempt) -> bool:
        return attempt.step not in _OVER and attempt.expires_at <= self._clock.now()

    def _kept(self, attempt: ConnectAttempt) -> dict[str, str] | None:
        """What the row keeps sealed while it is open; None: with a key that the desk no longer has."""
        try:
            return {} if attempt.step in _OVER else self._sealer.open(attempt.sealed)
        except NotAllowed:
            return None

    def _found(self, attempt: ConnectAttempt) -> list[Connected]:
        """The accounts to choose from, once there are any."""
        kept = self._kept(attempt) or {}
        return [read_login(one) for one in json.loads(kept.get("found", "[]"))]

    async def _here(self, session: AsyncSession, attempt: ConnectAttempt) -> dict[str, str]:
        """The platform's accounts that are connected in the workspace already: handles by remote id."""
        rows = await session.scalars(
            select(Account).where(
                Account.workspace_id == attempt.workspace_id,
                Account.platform == attempt.platform,
                Account.state != "disconnected",
            )
        )
        return {row.remote_id: row.handle for row in rows}

    async def _view(self, session: AsyncSession, attempt: ConnectAttempt, *, with_ticket: bool = True) -> ConsentView:
        member = await session.get_one(Member, attempt.member_id)
        workspace = await session.get_one(Workspace, attempt.workspace_id)
        conversation = await session.get(Conversation, attempt.conversation_id) if attempt.conversation_id else None
        kept, found = self._kept(attempt), self._found(attempt)
        expired = kept is not None and self._expired(attempt)
        here = await self._here(session, attempt) if found else {}
        return ConsentView(
            id=attempt.id,
            platform=attempt.platform,
            label=self._label(attempt.platform),
            step=ConnectStep.REFUSED if kept is None else attempt.step,
            expired=expired,
            words=_OTHER_KEY if kept is None else NOBODY_CAME if expired else attempt.words,
            asks=tuple(json.loads((kept or {}).get("asks", "[]"))),
            member_id=member.id,
            member=member.name,
            workspace=workspace.name,
            expires_at=attempt.expires_at,
            conversation_id=attempt.conversation_id,
            private=conversation is not None and conversation.member_id is not None,
            ticket=(kept or {}).get("ticket", "") if with_ticket else "",
            choices=tuple(choice_of(one.identity, here) for one in found),
            scopes=found[0].scopes if found else (),
        )
