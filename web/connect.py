"""The accounts page: what is connected, connecting with a form, and the way back from a platform's own page."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, RedirectResponse, Response

from content.connecting import Elsewhere
from content.errors import ContentError
from web.errors import status_of
from web.pages import page
from web.parts import address_of, parts_of
from web.signin import Member, only_looking

router = APIRouter()


class Given(BaseModel):
    """What a connect form sends."""

    form: dict[str, str] = Field(default_factory=dict, max_length=50)


@router.get("/connect")
async def accounts_page(
    request: Request, actor: Member, connected: Annotated[str, Query(max_length=60)] = ""
) -> Response:
    """What is connected and what can be; `connected` names the account that was just now."""
    parts = parts_of(request)
    accounts = await parts.accounts.connected(actor.workspace_id)
    new = next((account for account in accounts if account.id == connected), None)
    allowed = actor.may("connect")
    offers = parts.accounts.offers()
    can_go = {offer.name for offer in offers}
    return page(
        request, "connect.html", accounts=accounts, offers=offers, new=new, allowed=allowed, can_go=can_go, trouble=""
    )


@router.get("/connect/back")
async def come_back(request: Request, actor: Member, state: Annotated[str, Query(max_length=200)] = "") -> Response:
    """The person comes back from the platform's login page."""
    if only_looking(request):
        return Response(status_code=204)
    answer = {name: value for name, value in request.query_params.items() if name != "state"}
    try:
        account, conversation = await parts_of(request).accounts.finish(
            actor, state, answer, callback_url=callback_url(request)
        )
    except ContentError as refused:
        return page(
            request,
            "trouble.html",
            status=status_of(refused),
            title="Not connected",
            sentence=refused.message,
            code="connect",
        )
    return RedirectResponse("/" if conversation else f"/connect?connected={account.id}", status_code=303)


@router.post("/connect/{platform}")
async def connect(request: Request, actor: Member, platform: str, given: Given) -> JSONResponse:
    """Connect with what the form gave: done, or the address where the person must go on."""
    result = await parts_of(request).accounts.begin(actor, platform, given.form, callback_url=callback_url(request))
    if isinstance(result, Elsewhere):
        return JSONResponse({"text": "Go on there, then you come back here.", "tone": "good", "go_to": result.url})
    done = f"Connected: {result.label}, {result.handle}."
    return JSONResponse({"text": done, "tone": "good", "go_to": f"/connect?connected={result.id}"})


@router.post("/connect/{account_id}/disconnect")
async def disconnect(request: Request, actor: Member, account_id: str) -> JSONResponse:
    """Let an account go."""
    account = await parts_of(request).accounts.disconnect(actor, account_id)
    done = f"Disconnected: {account.label}, {account.handle}. Its login is forgotten, its posts stay."
    return JSONResponse({"text": done, "tone": "good", "go_to": "/connect"})


def callback_url(request: Request) -> str:
    """Where a platform's own login page sends the person back to."""
    return f"{address_of(request)}/connect/back"
