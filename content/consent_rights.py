"""Whose way through a platform's own page it is: the ticket's holder begins it, the browser that set out walks it, its member stops it."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content.errors import Invalid, NotAllowed, NotFound
from content.models import ConnectAttempt, Member
from content.people import Actor, actor_of, token_hash

NO_SUCH = "There is no such login here. Connect the account from the beginning."


async def ticketed(session: AsyncSession, ticket: str) -> ConnectAttempt:
    """The way that a ticket opens.

    Raises:
        NotFound: none.
    """
    found = await session.scalar(select(ConnectAttempt).where(ConnectAttempt.ticket_hash == token_hash(ticket)))
    if found is None:
        raise NotFound("This address belongs to no login that was begun here. Connect again in the chat.")
    return found


async def of_browser(session: AsyncSession, attempt_id: str, browser: str) -> ConnectAttempt:
    """The way that this browser set out on.

    Raises:
        Invalid: it is another browser's.
    """
    attempt = await session.get(ConnectAttempt, attempt_id, with_for_update=True)
    if attempt is None or not browser or attempt.browser_hash != token_hash(browser):
        raise Invalid(
            "This login was begun in another browser, or in none: nothing was changed. Go on in the browser where "
            "you began, or connect again."
        )
    return attempt


async def of_member(session: AsyncSession, attempt_id: str, actor: Actor) -> ConnectAttempt:
    """The way that this member began.

    Raises:
        NotFound, NotAllowed: there is none here, or it is somebody else's.
    """
    attempt = await session.get(ConnectAttempt, attempt_id, with_for_update=True)
    if attempt is None or attempt.workspace_id != actor.workspace_id:
        raise NotFound(NO_SUCH)
    if attempt.member_id != actor.member_id:
        raise NotAllowed("Somebody else began this login, so only they can stop it. It ends by itself soon.")
    return attempt


async def require_right_person(session: AsyncSession, attempt: ConnectAttempt, signed_in: Actor | None) -> Actor:
    """Whoever began it, if they still may; nobody else who is signed in to the same browser.

    Raises:
        NotAllowed: who is right, and what to do.
    """
    actor = await actor_of(session, await session.get_one(Member, attempt.member_id))
    if signed_in is not None and signed_in.member_id != actor.member_id:
        raise NotAllowed(
            f"{actor.name} began this login, and this browser is signed in as {signed_in.name}: nothing was "
            "changed. Begin it yourself, or sign out here first."
        )
    actor.require("connect")
    return actor
