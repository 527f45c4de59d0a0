"""Who is asking: a one-time token becomes a browser session, a session becomes a member."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import RedirectResponse, Response

from content.errors import NotAllowed
from content.people import SESSION_LASTS, Actor
from web.errors import SignedOut
from web.parts import address_of, parts_of

COOKIE = "copydesk_session"


async def signed_in(request: Request) -> Actor:
    """The member whose browser this is.

    Raises:
        SignedOut: nobody's.
    """
    actor = await whose(request)
    if actor is None:
        raise SignedOut
    request.state.actor = actor
    return actor


Member = Annotated[Actor, Depends(signed_in)]


async def whose(request: Request) -> Actor | None:
    """The member whose browser this is, or None."""
    secret = request.cookies.get(COOKIE, "")
    return await parts_of(request).people.whose(secret) if secret else None


def only_looking(request: Request) -> bool:
    """Whether the browser fetches ahead, or something only asks for headers: that must not use up a token."""
    purpose = request.headers.get("sec-purpose", "") + request.headers.get("purpose", "")
    return request.method == "HEAD" or "prefetch" in purpose or "preview" in purpose


async def sign_in(request: Request, token: str) -> Response:
    """Trade the token for a session and go to the chat; a used token does no harm to who is signed in already."""
    if only_looking(request):
        return Response(status_code=204)
    home = RedirectResponse("/", status_code=303)
    try:
        secret = await parts_of(request).people.sign_in(token)
    except NotAllowed as refused:
        if await whose(request):
            return home
        raise SignedOut(refused.message) from refused
    home.set_cookie(
        COOKIE,
        secret,
        max_age=int(SESSION_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=address_of(request).startswith("https://"),
    )
    return home


async def sign_out(request: Request) -> Response:
    """End this browser's session."""
    await parts_of(request).people.sign_out(request.cookies.get(COOKIE, ""))
    away = RedirectResponse("/", status_code=303)
    away.delete_cookie(COOKIE)
    return away
