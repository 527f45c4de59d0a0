"""The accounts page, connecting with a form, and the way through a platform's own page: out, back, and choosing.

Only the accounts page needs a sign-in. The way itself may begin in a chat: whoever opens it holds its ticket, the browser that
sets out gets a cookie, and only that browser can come back.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from content.accounts import AccountView
from content.consent_views import ConsentView
from content.consents import LASTS
from content.errors import ContentError
from content.models import ConnectStep
from web.errors import status_of
from web.pages import page
from web.parts import address_of, parts_of
from web.signin import Member, only_looking, whose

router = APIRouter()
COOKIE = "copydesk_way_"


class Given(BaseModel):
    """What a form sends."""

    form: dict[str, str] = Field(default_factory=dict, max_length=200)


@router.get("/connect")
async def accounts_page(
    request: Request, actor: Member, connected: Annotated[str, Query(max_length=60)] = ""
) -> Response:
    """What is connected and what can be; `connected` names the account that was just now."""
    parts = parts_of(request)
    accounts = await parts.accounts.connected(actor.workspace_id)
    new = next((account for account in accounts if account.id == connected), None)
    allowed = actor.may("connect")
    offers = parts.accounts.offers(callback_url(request))
    can_go = {offer.name for offer in offers}
    return page(request, "connect.html", accounts=accounts, offers=offers, new=new, allowed=allowed, can_go=can_go)


@router.get("/connect/go/{ticket}")
async def way_in(request: Request, ticket: str) -> Response:
    """What will be allowed, and the button that sets out; to open it does nothing yet."""
    try:
        consent = await parts_of(request).consents.look(ticket)
    except ContentError as refused:
        return _trouble(request, refused)
    return await _show(request, consent)


@router.post("/connect/go/{ticket}")
async def set_out(request: Request, ticket: str) -> JSONResponse:
    """Bind the way to this browser, and say where it leads."""
    departure = await parts_of(request).consents.set_out(ticket, await whose(request))
    answer = JSONResponse({"text": "Go on there, then you come back here.", "tone": "good", "go_to": departure.url})
    answer.set_cookie(
        COOKIE + departure.attempt_id,
        departure.browser,
        max_age=int(2 * LASTS.total_seconds()),
        path="/connect",
        httponly=True,
        samesite="lax",
        secure=address_of(request).startswith("https://"),
    )
    return answer


@router.get("/connect/back")
async def come_back(request: Request, state: Annotated[str, Query(max_length=500)] = "") -> Response:
    """The person comes back from the platform's page; a second visit shows the same."""
    if only_looking(request):
        return Response(status_code=204)
    consents = parts_of(request).consents
    answer = {name: value for name, value in request.query_params.items() if name != "state"}
    try:
        attempt_id = await consents.attempt_of(state)
        await consents.come_back(attempt_id, _browser(request, attempt_id), answer, await whose(request))
    except ContentError as refused:
        return _trouble(request, refused)
    return RedirectResponse(f"/connect/way/{attempt_id}", status_code=303)


@router.get("/connect/way/{attempt_id}")
async def way(request: Request, attempt_id: str) -> Response:
    """How far it is: which account is it, or what came of it."""
    try:
        consent = await parts_of(request).consents.look_back(attempt_id, _browser(request, attempt_id))
    except ContentError as refused:
        return _trouble(request, refused)
    return await _show(request, consent)


@router.post("/connect/way/{attempt_id}/choose")
async def choose(request: Request, attempt_id: str, given: Given) -> JSONResponse:
    """Bind the accounts whose ids the form names."""
    browser, signed_in = _browser(request, attempt_id), await whose(request)
    consent = await parts_of(request).consents.choose(attempt_id, browser, list(given.form), signed_in)
    return JSONResponse({"text": consent.words, "tone": "good", "go_to": f"/connect/way/{attempt_id}"})


@router.post("/connect/way/{attempt_id}/leave")
async def leave(request: Request, attempt_id: str) -> JSONResponse:
    """Connect nothing; the login that was given is ended."""
    consent = await parts_of(request).consents.cancel(attempt_id, browser=_browser(request, attempt_id))
    return JSONResponse({"text": consent.words, "tone": "good", "go_to": f"/connect/way/{attempt_id}"})


@router.post("/connect/{platform}")
async def connect(request: Request, actor: Member, platform: str, given: Given) -> JSONResponse:
    """Connect with what the form gave: done, or the page where the way through the platform's own begins."""
    result = await parts_of(request).consents.begin(actor, platform, given.form, callback_url=callback_url(request))
    if isinstance(result, AccountView):
        done = f"Connected: {result.words}."
        return JSONResponse({"text": done, "tone": "good", "go_to": f"/connect?connected={result.id}"})
    way_in = f"{_at_home(request)}/connect/go/{result.ticket}"
    return JSONResponse({"text": "Go on there.", "tone": "good", "go_to": way_in})


@router.post("/connect/{account_id}/disconnect")
async def disconnect(request: Request, actor: Member, account_id: str) -> JSONResponse:
    """Let an account go."""
    account = await parts_of(request).accounts.disconnect(actor, account_id)
    done = f"Disconnected: {account.words}. Its login is forgotten, its posts stay."
    return JSONResponse({"text": done, "tone": "good", "go_to": "/connect"})


def callback_url(request: Request) -> str:
    """Where a platform's own login page sends the person back to."""
    return f"{address_of(request)}/connect/back"


def _at_home(request: Request) -> str:
    """The public address where the page was opened at another: the platform leads back to that one, where the cookie must be."""
    home = address_of(request)
    return "" if home == str(request.base_url).rstrip("/") else home


def _browser(request: Request, attempt_id: str) -> str:
    return request.cookies.get(COOKIE + attempt_id, "")


async def _show(request: Request, consent: ConsentView) -> Response:
    """The page of one way; who is signed in is led back to our own pages, everybody else to their chat."""
    return page(
        request,
        "consent.html",
        consent=consent,
        finished=consent.step in (ConnectStep.CONNECTED, ConnectStep.REFUSED, ConnectStep.CANCELLED) or consent.expired,
        waiting=consent.step is ConnectStep.BACK,
        choosing=bool(consent.choices) and not consent.expired,
        open=consent.open,
        good=consent.step is ConnectStep.CONNECTED,
        at_home=await whose(request) is not None,
    )


def _trouble(request: Request, refused: ContentError) -> Response:
    status, title = status_of(refused), "Not connected"
    return page(request, "trouble.html", status=status, title=title, sentence=refused.message, code="connect")
