"""Connecting accounts of X: OAuth 2 with PKCE, a login of two hours whose renewal works once.

A renewal token that is used a second time ends the whole login, so `content/logins.py` lets one renew at a time.
Source: https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code and /user-access-token (read 2026-11-26).
The code lives for 30 seconds, so it is exchanged as soon as the person is back.
"""

from collections.abc import Mapping, Sequence

from content.connecting import Connected, Elsewhere, Field, Identity, Login
from content.errors import NeedsReconnect, Unavailable
from content.platform import Access
from integrations.oauth import Client, Endpoints, OAuth, Token
from integrations.x_api import CONSOLE, LABEL, NAME, Api, data_of

SCOPES = "tweet.read tweet.write users.read media.write offline.access"
"""With a dot: `offline_access` is taken without a word, and then there is nothing to renew the login with."""
ASKS = ("see who you are there", "post, and upload pictures and videos", "read and delete your own posts")


class XLogin(Api):
    """The `Connects` part."""

    def setup(self, callback_url: str) -> Sequence[str]:
        """The five steps to a client id and secret; none once both are there."""
        if self._given["client_id"] and self._given["client_secret"]:
            return ()
        return (
            f"Log in at {CONSOLE} with the account that shall own the app, and add credits: X charges for every post.",
            "Create an app, and in it set up “User authentication” with the type “Web App, Automated App or Bot”.",
            "Give it the permission “Read and write”.",
            f"Enter {callback_url} as its callback address, exactly so.",
            "Set COPYDESK_X_CLIENT_ID and COPYDESK_X_CLIENT_SECRET to what it shows then, and start the desk again.",
        )

    def form(self) -> tuple[Field, ...]:
        """Nothing: X asks on its own page."""
        return ()

    async def start(self, given: Mapping[str, str], callback_url: str, state: str) -> Elsewhere:
        """The way to X's consent page."""
        asked = self._oauth().ask(callback_url, SCOPES, state)
        return Elsewhere(asked.url, {"verifier": asked.verifier}, ASKS)

    async def finish(
        self, keep: Mapping[str, str], answer: Mapping[str, str], callback_url: str
    ) -> Sequence[Connected]:
        """Exchange the code for a login and see whose it is."""
        token = await self._oauth().trade(answer, callback_url, keep["verifier"])
        scopes = token.scopes or tuple(SCOPES.split())
        return [await self._who(Access("", NAME, "", "", "", secrets=_secrets(token)), _login(token), scopes)]

    async def check(self, access: Access) -> Connected:
        """Who we are there, with the same login."""
        return await self._who(access, Login(access.secrets, access.expires_at), ())

    async def refresh(self, access: Access) -> Login:
        """The next login; the old renewal token is used up by this."""
        refresh = access.secrets.get("refresh_token")
        if not refresh:
            raise NeedsReconnect(
                f"X gave no right to renew the login of {access.handle}. Connect it again, and allow everything asked for.",
                platform=NAME,
                account=access.handle,
            )
        return _login(await self._oauth().renew(refresh, access.handle))

    async def revoke(self, access: Access) -> None:
        """End the login; one that is gone already is fine."""
        token = access.secrets.get("refresh_token") or access.secrets.get("access_token")
        if token:
            await self._oauth().revoke(token)

    def _oauth(self) -> OAuth:
        endpoints = Endpoints(self._given["login_url"], f"{self._url}/oauth2/token", f"{self._url}/oauth2/revoke")
        client = Client(self._given["client_id"], self._given["client_secret"], "client_secret_basic")
        return OAuth(self._http, self._clock, NAME, LABEL, client, endpoints)

    async def _who(self, access: Access, login: Login, scopes: tuple[str, ...]) -> Connected:
        me = data_of(await self._ask(access, "GET", "/users/me", params={"user.fields": "name,username"}))
        if not isinstance(me.get("id"), str) or not isinstance(me.get("username"), str):
            raise Unavailable("X did not say whose login this is. Try again in a few minutes.", platform=NAME)
        identity = Identity(me["id"], me["username"], str(me.get("name") or me["username"]))
        return Connected(identity, login, {}, scopes)


def _secrets(token: Token) -> dict[str, str]:
    return {"access_token": token.access} | ({"refresh_token": token.refresh} if token.refresh else {})


def _login(token: Token) -> Login:
    """Without a renewal token it ends when the access does, and its person is told in time."""
    if token.refresh:
        return Login(_secrets(token), token.expires_at)
    return Login(_secrets(token), None, token.expires_at)
