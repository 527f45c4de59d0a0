"""The way to a login: the address a person is sent to, what they bring back, what it is exchanged for, and its end."""

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from content.errors import NeedsReconnect, PlatformError, Rejected, Unavailable
from integrations.http import Http
from integrations.oauth import Client, Endpoints, OAuth, Token
from tests.fakes.clock import FakeClock
from tests.servers.faults import Faults, faulty
from tests.servers.running import serving

CALLBACK = "https://desk.example.org/connect/back"
BODY = Client("our id", "our: secret")
HEADER = Client("our id", "our: secret", "client_secret_basic")


class TokenServer:
    """A token endpoint that answers what it is told to and keeps what it was asked."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.answer: Any = {"access_token": "a token", "token_type": "Bearer"}
        self.status = 200
        self.asked: list[dict[str, list[str]]] = []
        self.signed: list[str] = []
        self.clock = FakeClock()
        self.app = faulty(Starlette(routes=[Route("/{way}", self._told, methods=["POST"])]), self.faults)
        self.url = ""
        self.http = Http(clock=self.clock, allowed_private_hosts=["127.0.0.1"])

    async def _told(self, request: Request) -> Response:
        self.asked.append(parse_qs((await request.body()).decode(), keep_blank_values=True))
        self.signed.append(request.headers.get("authorization", ""))
        return JSONResponse(self.answer, self.status)

    def oauth(self, client: Client = BODY) -> OAuth:
        endpoints = Endpoints(f"{self.url}/authorize?lang=de", f"{self.url}/token", f"{self.url}/revoke")
        return OAuth(self.http, self.clock, "example", "Example", client, endpoints)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[TokenServer]:
    server = TokenServer()
    async with serving(server.app) as server.url:
        yield server


def test_the_address_says_who_asks_for_what_and_where_to_return() -> None:
    server = TokenServer()
    asked = server.oauth().ask(CALLBACK, "read write", "a&b")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.verifier.encode()).digest()).decode().rstrip("=")
    assert parse_qs(urlsplit(asked.url).query) == {
        "lang": ["de"],
        "response_type": ["code"],
        "client_id": ["our id"],
        "redirect_uri": [CALLBACK],
        "scope": ["read write"],
        "state": ["a&b"],
        "code_challenge": [challenge],
        "code_challenge_method": ["S256"],
    }


def test_every_verifier_is_new_and_as_long_as_the_standard_wants() -> None:
    verifiers = {TokenServer().oauth().ask(CALLBACK, "read", "state").verifier for _ in range(20)}
    assert len(verifiers) == 20
    assert all(43 <= len(verifier) <= 128 and verifier.isalnum() for verifier in verifiers)


async def test_a_code_becomes_a_token_with_all_that_is_known_of_it(server: TokenServer) -> None:
    server.answer |= {"expires_in": 7200, "refresh_token": "again", "scope": "read write", "expires_at": "nonsense"}
    server.answer |= {"refresh_token_expires_in": "86400"}
    token = await server.oauth().trade({"code": "abc", "state": "s"}, CALLBACK, "v" * 43)
    now = server.clock.now()
    assert token == Token("a token", "again", now + timedelta(hours=2), now + timedelta(days=1), ("read", "write"))
    assert server.asked == [
        {
            "grant_type": ["authorization_code"],
            "code": ["abc"],
            "redirect_uri": [CALLBACK],
            "code_verifier": ["v" * 43],
            "client_id": ["our id"],
            "client_secret": ["our: secret"],
        }
    ]


async def test_a_registration_can_sign_in_the_header(server: TokenServer) -> None:
    await server.oauth(HEADER).trade({"code": "abc"}, CALLBACK, "v" * 43)
    assert server.signed == ["Basic " + base64.b64encode(b"our id:our: secret").decode()]
    assert "client_secret" not in server.asked[0]


@pytest.mark.parametrize("lasts", [None, True, "soon", -5, [], {}, 1e400])
async def test_a_token_of_unknown_length_is_still_a_token(server: TokenServer, lasts: Any) -> None:
    server.answer |= {"expires_in": "1e999" if lasts == 1e400 else lasts}
    token = await server.oauth().trade({"code": "abc"}, CALLBACK, "v")
    assert (token.access, token.expires_at) == ("a token", None)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": "access_denied"}, "not allowed. Try again"),
        ({"error": "user_cancelled_login"}, "not allowed. Try again"),
        ({"error": "server_error"}, "“server_error”. Mend that"),
        (
            {"error": "unauthorized_scope_error", "error_description": "Scope <b>x</b>\n is not\x00 yours."},
            "“Scope b x /b is not",
        ),
        ({}, "without a permission"),
        ({"code": ""}, "without a permission"),
    ],
)
async def test_a_person_who_brings_no_code_is_told_what_to_do(
    server: TokenServer, answer: dict[str, str], words: str
) -> None:
    with pytest.raises(Rejected, match=words) as refused:
        await server.oauth().trade(answer, CALLBACK, "v")
    assert refused.value.platform == "example"
    assert server.asked == []


@pytest.mark.parametrize(
    "told", [{}, [], None, "token", {"access_token": ""}, {"access_token": 3}, {"error_type": "OAuthException"}]
)
async def test_an_answer_without_a_token_is_no_login(server: TokenServer, told: Any) -> None:
    server.answer = told
    with pytest.raises(Rejected, match="Start connecting again"):
        await server.oauth().trade({"code": "abc"}, CALLBACK, "v")
    with pytest.raises(Unavailable, match="did not say why"):
        await server.oauth().renew("old", "ana")


@pytest.mark.parametrize("fault", ["status:400", "status:401", "status:403"])
async def test_a_refused_code_means_to_start_again(server: TokenServer, fault: str) -> None:
    server.faults.add("/token", fault)
    with pytest.raises(Rejected, match="Start connecting again"):
        await server.oauth().trade({"code": "abc"}, CALLBACK, "v")


@pytest.mark.parametrize("fault", ["status:503", "html", "drop", "drop_after", "cut_body"])
async def test_a_token_endpoint_that_is_down_can_be_tried_later(server: TokenServer, fault: str) -> None:
    server.faults.add("/token", fault, fault)
    with pytest.raises(Unavailable):
        await server.oauth().trade({"code": "abc"}, CALLBACK, "v")
    with pytest.raises(Unavailable):
        await server.oauth().renew("old", "ana")


async def test_a_renewed_login_brings_the_next_one_or_keeps_the_old(server: TokenServer) -> None:
    assert (await server.oauth().renew("old", "ana")).refresh == "old"
    server.answer |= {"refresh_token": "new"}
    assert (await server.oauth().renew("old", "ana")).refresh == "new"
    assert server.asked[0]["refresh_token"] == ["old"]
    assert "scope" not in server.asked[0]


@pytest.mark.parametrize("status", [200, 400, 401])
@pytest.mark.parametrize("code", ["invalid_grant", "invalid_request"])
async def test_a_login_that_nothing_renews_must_be_made_anew(server: TokenServer, code: str, status: int) -> None:
    server.answer, server.status = (
        {"error": code, "error_description": "Value passed for the token was invalid."},
        status,
    )
    with pytest.raises(NeedsReconnect, match="Connect the account again") as refused:
        await server.oauth().renew("old", "ana")
    assert refused.value.account == "ana"


@pytest.mark.parametrize("status", [400, 401])
async def test_a_wrong_registration_is_the_operators_to_mend_and_ends_no_login(
    server: TokenServer, status: int
) -> None:
    server.answer, server.status = {"error": "invalid_client"}, status
    with pytest.raises(Unavailable, match="client id and secret"):
        await server.oauth().renew("old", "ana")
    with pytest.raises(Rejected, match="client id and secret"):
        await server.oauth().trade({"code": "abc"}, CALLBACK, "v")


async def test_a_refusal_without_words_ends_no_login(server: TokenServer) -> None:
    server.faults.add("/token", "status:403")
    with pytest.raises(Unavailable):
        await server.oauth().renew("old", "ana")


@pytest.mark.parametrize("status", [200, 400, 401, 403])
async def test_ending_a_login_that_is_gone_is_fine(server: TokenServer, status: int) -> None:
    server.status = status
    await server.oauth().revoke("a token")
    assert server.asked == [{"token": ["a token"], "client_id": ["our id"], "client_secret": ["our: secret"]}]


async def test_a_platform_that_is_down_ends_no_login(server: TokenServer) -> None:
    server.faults.add("/revoke", "status:503")
    with pytest.raises(PlatformError):
        await server.oauth().revoke("a token")


def test_nothing_secret_is_shown() -> None:
    asked = TokenServer().oauth().ask(CALLBACK, "read", "state")
    assert asked.verifier not in repr(asked)
    assert "hush" not in repr([Client("id", "hush"), Token("hush", "hush")])
