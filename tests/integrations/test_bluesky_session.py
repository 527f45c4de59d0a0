"""Connecting to our small Bluesky, and keeping the session alive."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from content.connecting import Connected, Identity
from content.errors import Invalid, NeedsReconnect, Rejected, Unavailable
from integrations.bluesky import Bluesky
from tests.integrations.bluesky_desk import Desk, access_of, connected_desk
from tests.servers.running import serving

LOG_IN = "POST /xrpc/com.atproto.server.createSession"
REFRESH = "POST /xrpc/com.atproto.server.refreshSession"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with connected_desk() as connected:
        yield connected


# -- connecting


@pytest.mark.parametrize(
    "written", ["desk.test", " @Desk.test ", "https://bsky.app/profile/desk.test/", "\u202adesk.test\u202c"]
)
async def test_a_handle_leads_to_its_server(desk: Desk, written: str) -> None:
    given = {"handle": written, "app_password": " aaaa-bbbb-cccc-dddd\n"}
    connected = await desk.platform.start(given, "", "")
    assert isinstance(connected, Connected)
    assert connected.identity == Identity(desk.server.desk.did, "desk.test", server=desk.base_url)
    assert connected.login.expires_at == desk.clock.now() + timedelta(hours=2)
    assert connected.login.secrets["app_password"] == "aaaa-bbbb-cccc-dddd"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "“” is not a whole one. Write it as name.bsky.social"),
        ({"handle": "desk", "app_password": "x"}, "“desk” is not a whole one"),
        ({"handle": "desk.test", "app_password": " "}, "it is missing. To get one, make an app password in Bluesky"),
        ({"handle": "nobody.test", "app_password": "x"}, "account nobody.test. Handle: nobody has it, or"),
        ({"handle": "desk.test", "app_password": "x"}, "it does not belong to this handle. Copy it again"),
        ({"handle": "desk.test", "app_password": "x", "server": "10.0.0.1"}, "10.0.0.1"),
    ],
)
async def test_a_form_that_cannot_work_says_what_to_mend(desk: Desk, given: dict[str, str], says: str) -> None:
    with pytest.raises(Invalid) as refused:
        await desk.platform.start(given, "", "")
    assert says in refused.value.message


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("takendown", "has taken desk.test down. Appeal in the Bluesky app"),
        ("deactivated", "says that desk.test is deactivated. Reactivate it"),
    ],
)
async def test_an_account_out_of_use_is_refused_with_the_reason(desk: Desk, status: str, says: str) -> None:
    desk.server.desk.status = status
    for attempt in (desk.platform.start(desk.server.form(desk.base_url), "", ""), desk.platform.refresh(desk.access)):
        with pytest.raises(NeedsReconnect) as refused:
            await attempt
        assert says in refused.value.message


async def test_a_code_by_mail_is_avoided_with_an_app_password(desk: Desk) -> None:
    desk.server.desk.needs_code = True
    with pytest.raises(
        NeedsReconnect, match=r"wants a code by e-mail for desk\.test\. Instead of the main password, make"
    ):
        await desk.platform.start(desk.server.form(desk.base_url), "", "")


async def test_a_page_is_not_taken_for_a_server(desk: Desk) -> None:
    async def page(request: Request) -> Response:
        return Response("<h1>Not found</h1>", 404)

    async with serving(Starlette(routes=[Route("/{path:path}", page, methods=["POST"])])) as elsewhere:
        with pytest.raises(Unavailable, match=r"did not answer as a Bluesky server does\. Check its address"):
            await desk.platform.start({**desk.server.form(elsewhere)}, "", "")


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"alsoKnownAs": ["at://other.test"], "service": []}, "its account does not name it"),
        (
            {"alsoKnownAs": ["at://desk.test"], "service": [{"id": "#other", "serviceEndpoint": "https://x.org"}]},
            "names no server",
        ),
        ({"alsoKnownAs": 5}, "names no server"),
        (["at://desk.test"], "names no server"),
    ],
)
async def test_handle_and_document_must_name_each_other(desk: Desk, document: Any, says: str) -> None:
    async def directory(request: Request) -> Response:
        return JSONResponse(document)

    async with serving(Starlette(routes=[Route("/{did}", directory)])) as address:
        platform = Bluesky(desk.http, desk.clock, directory=address, entryway=desk.base_url)
        with pytest.raises(Invalid, match=says):
            await platform.start({"handle": "desk.test", "app_password": "x"}, "", "")


async def test_a_did_of_the_web_is_asked_for_at_its_own_host(desk: Desk) -> None:
    desk.server.accounts["did:web:10.0.0.1"] = replace(desk.server.desk, did="did:web:10.0.0.1", handle="own.test")
    with pytest.raises(Invalid, match=r"10\.0\.0\.1"):
        await desk.platform.start({"handle": "own.test", "app_password": "x"}, "", "")


async def test_nobody_comes_back_from_elsewhere(desk: Desk) -> None:
    with pytest.raises(Rejected, match="Start again with its form"):
        await desk.platform.finish({}, {}, "")


# -- sessions


async def test_a_check_keeps_a_login_that_works(desk: Desk) -> None:
    desk.server.desk.handle = "renamed.test"
    connected = await desk.platform.check(desk.access)
    assert connected.identity.handle == "renamed.test"
    assert connected.login.secrets == desk.access.secrets


async def test_a_check_renews_a_login_that_has_run_out(desk: Desk) -> None:
    desk.clock.move(timedelta(hours=2))
    connected = await desk.platform.check(desk.access)
    assert connected.login.expires_at == desk.clock.now() + timedelta(hours=2)
    assert (await desk.platform.check(access_of(connected))).login.secrets == connected.login.secrets


async def test_a_check_of_a_closed_account_does_not_log_in_again(desk: Desk) -> None:
    desk.server.desk.status = "suspended"
    before = len(desk.server.tokens)
    with pytest.raises(NeedsReconnect, match=r"taken desk\.test down"):
        await desk.platform.check(desk.access)
    assert len(desk.server.tokens) == before


async def test_a_refresh_gives_a_new_pair(desk: Desk) -> None:
    login = await desk.platform.refresh(desk.access)
    assert login.secrets["app_password"] == desk.access.secrets["app_password"]
    assert {login.secrets["access_jwt"], login.secrets["refresh_jwt"]}.isdisjoint(desk.access.secrets.values())


async def test_a_dead_refresh_token_is_replaced_by_the_app_password(desk: Desk) -> None:
    desk.server.end_sessions()
    login = await desk.platform.refresh(desk.access)
    assert login.secrets["access_jwt"] in desk.server.tokens


async def test_only_a_person_can_mend_a_deleted_app_password(desk: Desk) -> None:
    desk.server.end_sessions()
    desk.server.desk.app_passwords.clear()
    with pytest.raises(NeedsReconnect) as refused:
        await desk.platform.refresh(desk.access)
    assert (
        "127.0.0.1 no longer accepts the login of desk.test. To connect it again, make an app" in refused.value.message
    )
    assert refused.value.account == "account_1"


@pytest.mark.parametrize("fault", ["status:502", "drop_before", "drop_after", "html", "status:404"])
@pytest.mark.parametrize("route", [REFRESH, LOG_IN])
async def test_trouble_never_costs_the_login(desk: Desk, route: str, fault: str) -> None:
    if route == LOG_IN:
        desk.server.end_sessions()
    desk.server.faults.add(route, fault)
    with pytest.raises((Unavailable, Rejected)):
        await desk.platform.refresh(desk.access)
    assert (await desk.platform.refresh(desk.access)).secrets["access_jwt"] in desk.server.tokens


async def test_an_opaque_token_has_no_known_end(desk: Desk) -> None:
    async def session(request: Request) -> Response:
        who = {"did": "did:plc:x", "handle": "desk.test"}
        return JSONResponse({**who, "accessJwt": "opaque", "refreshJwt": "opaque"})

    async with serving(Starlette(routes=[Route("/{path:path}", session, methods=["POST"])])) as elsewhere:
        connected = await desk.platform.start({**desk.server.form(elsewhere)}, "", "")
    assert isinstance(connected, Connected)
    assert connected.login.expires_at is None


async def test_revoking_twice_is_no_error(desk: Desk) -> None:
    await desk.platform.revoke(desk.access)
    assert desk.access.secrets["refresh_jwt"] not in desk.server.tokens
    await desk.platform.revoke(desk.access)
