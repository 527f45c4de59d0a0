"""A platform whose login is at the certified OpenID provider: everything else of it is in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from content.connecting import Connected, Elsewhere, Field, Identity, Login
from content.platform import Access
from content.times import Clock
from integrations.http import Http
from integrations.oauth import Client, Endpoints, OAuth, Token
from tests.fakes.platform import FakePlatform
from tests.peers.oidc import SECRET


class Certified(FakePlatform):
    """Log in there as anybody. Its renewal works once, and using one twice ends the login."""

    def __init__(self, http: Http, clock: Clock, url: str, **options: Any) -> None:
        super().__init__(clock, "certified", **options)
        self._http = http
        self._url = url
        endpoints = Endpoints(f"{url}/auth", f"{url}/token", f"{url}/token/revocation")
        client = Client("by-header", SECRET, "client_secret_basic")
        self._oauth = OAuth(http, clock, "certified", "Certified", client, endpoints)

    def form(self) -> tuple[Field, ...]:
        return ()

    async def start(self, given: Mapping[str, str], callback_url: str, state: str) -> Elsewhere:
        asked = self._oauth.ask(callback_url, "openid profile", state)
        return Elsewhere(asked.url, {"verifier": asked.verifier}, ("see who you are",))

    async def finish(
        self, keep: Mapping[str, str], answer: Mapping[str, str], callback_url: str
    ) -> Sequence[Connected]:
        token = await self._oauth.trade(answer, callback_url, keep["verifier"])
        member = await self._who(Access("", "certified", "", "", "", secrets=_login(token).secrets))
        return [replace(member, login=_login(token), scopes=token.scopes)]

    async def check(self, access: Access) -> Connected:
        return await self._who(access)

    async def refresh(self, access: Access) -> Login:
        self.refreshes += 1
        return _login(await self._oauth.renew(access.secrets["refresh_token"], access.handle))

    async def revoke(self, access: Access) -> None:
        await self._oauth.revoke(access.secrets["refresh_token"])

    async def _who(self, access: Access) -> Connected:
        headers = {"Authorization": f"Bearer {access.secrets['access_token']}"}
        me = (await self._http.ask("certified", "GET", f"{self._url}/me", headers=headers)).json()
        return Connected(Identity(me["sub"], me["sub"], me["name"]), Login(access.secrets))


def _login(token: Token) -> Login:
    return Login({"access_token": token.access, "refresh_token": token.refresh}, token.expires_at)
