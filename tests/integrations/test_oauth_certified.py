"""Our OAuth against the certified OpenID provider: PKCE, code replay, rotation, replay of a refresh token, revocation."""

from collections.abc import Iterator

import httpx
import pytest

from content.errors import NeedsReconnect, Rejected
from integrations.http import Http
from integrations.oauth import Asked, Client, Endpoints, OAuth, Token
from tests.fakes.clock import FakeClock
from tests.peers.oidc import SECRET, Provider, provider

pytestmark = pytest.mark.peers
CALLBACK = "http://127.0.0.1:4711/connect/back"
BY_HEADER = Client("by-header", SECRET, "client_secret_basic")
BY_BODY = Client("by-body", SECRET)


@pytest.fixture(scope="module")
def there() -> Iterator[Provider]:
    with provider(CALLBACK) as running:
        yield running


@pytest.fixture
def http() -> Http:
    return Http(clock=FakeClock(), allowed_private_hosts=["127.0.0.1"])


def oauth(there: Provider, http: Http, client: Client = BY_HEADER) -> OAuth:
    endpoints = Endpoints(f"{there.url}/auth", f"{there.url}/token", f"{there.url}/token/revocation")
    return OAuth(http, FakeClock(), "example", "Example", client, endpoints)


def asked(there: Provider, http: Http, client: Client = BY_HEADER) -> Asked:
    return oauth(there, http, client).ask(CALLBACK, "openid profile", "a-state")


async def logged_in(there: Provider, http: Http, client: Client = BY_HEADER) -> Token:
    begun = asked(there, http, client)
    return await oauth(there, http, client).trade(await there.walk(begun.url), CALLBACK, begun.verifier)


async def who(there: Provider, token: Token) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(f"{there.url}/me", headers={"authorization": f"Bearer {token.access}"})


@pytest.mark.parametrize("client", [BY_HEADER, BY_BODY], ids=["by header", "by body"])
async def test_a_consent_becomes_a_login_that_says_who_it_is(there: Provider, http: Http, client: Client) -> None:
    begun = asked(there, http, client)
    answer = await there.walk(begun.url, login="mia")
    assert answer["state"] == "a-state"
    token = await oauth(there, http, client).trade(answer, CALLBACK, begun.verifier)
    assert (await who(there, token)).json() == {"sub": "mia", "name": "Mia"}
    assert token.expires_at is not None
    assert (token.expires_at - FakeClock().now()).total_seconds() == 3600
    assert set(token.scopes) == {"openid", "profile"}


async def test_a_denied_consent_is_the_platforms_no_in_words(there: Provider, http: Http) -> None:
    begun = asked(there, http)
    answer = await there.walk(begun.url, allow=False)
    assert answer["error"] == "access_denied"
    with pytest.raises(Rejected, match="access was not allowed"):
        await oauth(there, http).trade(answer, CALLBACK, begun.verifier)


async def test_a_stolen_code_is_worth_nothing_without_its_verifier(there: Provider, http: Http) -> None:
    begun = asked(there, http)
    with pytest.raises(Rejected, match="Start connecting again"):
        await oauth(there, http).trade(await there.walk(begun.url), CALLBACK, asked(there, http).verifier)


async def test_a_code_works_once_and_its_second_use_ends_the_login(there: Provider, http: Http) -> None:
    begun = asked(there, http)
    answer = await there.walk(begun.url)
    token = await oauth(there, http).trade(answer, CALLBACK, begun.verifier)
    with pytest.raises(Rejected):
        await oauth(there, http).trade(answer, CALLBACK, begun.verifier)
    assert (await who(there, token)).status_code == 401


async def test_a_wrong_secret_is_the_operators_to_mend(there: Provider, http: Http) -> None:
    wrong = Client("by-header", "another secret", "client_secret_basic")
    begun = asked(there, http)
    with pytest.raises(Rejected, match="client id and secret"):
        await oauth(there, http, wrong).trade(await there.walk(begun.url), CALLBACK, begun.verifier)


async def test_a_refresh_token_rotates_and_an_old_one_ends_the_family(there: Provider, http: Http) -> None:
    first = await logged_in(there, http)
    second = await oauth(there, http).renew(first.refresh, "mia")
    assert second.refresh not in ("", first.refresh)
    assert (await who(there, second)).status_code == 200
    for used in (first.refresh, second.refresh):
        with pytest.raises(NeedsReconnect, match="Connect the account again"):
            await oauth(there, http).renew(used, "mia")


async def test_a_revoked_login_is_not_renewed_and_revoking_twice_is_fine(there: Provider, http: Http) -> None:
    token = await logged_in(there, http)
    await oauth(there, http).revoke(token.refresh)
    await oauth(there, http).revoke(token.refresh)
    with pytest.raises(NeedsReconnect):
        await oauth(there, http).renew(token.refresh, "mia")
