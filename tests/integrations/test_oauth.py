"""The way to a login: the address a person is sent to, what they bring back, what it is exchanged for."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from starlette.responses import JSONResponse

from content.errors import Rejected, Unavailable
from integrations.http import Http
from integrations.oauth import Client, Token, ask_for_access, code_from, exchange, token_from
from tests.fakes.clock import FakeClock
from tests.servers.faults import Faults, faulty
from tests.servers.running import serving

CALLBACK = "https://desk.example.org/connect/return"


def test_the_address_says_who_asks_for_what_and_where_to_return() -> None:
    asked = ask_for_access("https://example.org/authorize?lang=de", "our id", CALLBACK, "read write", "a&b")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(asked.verifier.encode()).digest()).decode().rstrip("=")
    assert asked.url.startswith("https://example.org/authorize?lang=de&")
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
    verifiers = {ask_for_access("https://example.org/", "id", CALLBACK, "read", "state").verifier for _ in range(20)}
    assert len(verifiers) == 20
    assert all(43 <= len(verifier) <= 128 and verifier.isalnum() for verifier in verifiers)


def test_a_person_brings_back_a_code() -> None:
    assert code_from({"code": "abc", "state": "s"}, "example", "Example") == "abc"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": "access_denied"}, "not allowed. Start again"),
        ({"error": "server_error"}, "without a permission"),
        ({}, "without a permission"),
        ({"code": ""}, "without a permission"),
    ],
)
def test_a_person_who_brings_no_code_is_told_what_to_do(answer: dict[str, str], words: str) -> None:
    with pytest.raises(Rejected, match=words) as refused:
        code_from(answer, "example", "Example")
    assert refused.value.platform == "example"


@pytest.mark.parametrize(
    "told", [{}, [], None, "token", {"access_token": ""}, {"access_token": 3}, {"error_type": "x"}]
)
def test_an_answer_without_a_token_is_no_login(told: Any) -> None:
    with pytest.raises(Rejected, match="Start connecting again"):
        token_from(told, "example", "Example")


def test_nothing_secret_is_shown() -> None:
    asked = ask_for_access("https://example.org/", "id", CALLBACK, "read", "state")
    assert asked.verifier not in repr(asked)
    assert "hush" not in repr([Client("id", "hush"), Token("hush")])


async def traded(faults: Faults) -> Token:
    http = Http(clock=FakeClock(), allowed_private_hosts=["127.0.0.1"])
    app = faulty(JSONResponse({"access_token": "a token", "token_type": "Bearer"}), faults)
    async with serving(app) as url:
        token = await exchange(http, "example", "Example", f"{url}/token", Client("id", "s"), "code", CALLBACK, "v")
    await http.aclose()
    return token


async def test_a_code_becomes_a_token() -> None:
    assert await traded(Faults()) == Token("a token")


@pytest.mark.parametrize("fault", ["status:400", "status:401", "status:403"])
async def test_a_refused_code_means_to_start_again(fault: str) -> None:
    faults = Faults()
    faults.add("/token", fault)
    with pytest.raises(Rejected, match="Start connecting again"):
        await traded(faults)


@pytest.mark.parametrize("fault", ["status:503", "html", "drop"])
async def test_a_token_endpoint_that_is_down_can_be_tried_later(fault: str) -> None:
    faults = Faults()
    faults.add("/token", fault)
    with pytest.raises(Unavailable):
        await traded(faults)
