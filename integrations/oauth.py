"""Asking a person for access with OAuth 2, the code they bring back, and the logins that come of it.

The pure parts come from Authlib; every request goes through `integrations/http.py`, so that its rules hold here too, and
Authlib's own client, which is bound to another HTTP library, is not used. Nothing in this module logs: the addresses and
answers it handles carry secrets.

Source: RFC 6749 sections 2.3, 4.1, 5 and 6, RFC 7009, RFC 7636 section 4 (read 2026-11-22).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode

from authlib.common.security import generate_token
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc6749.wrappers import OAuth2Token
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from content.errors import NeedsReconnect, PlatformError, Rejected, Unavailable
from content.times import Clock
from integrations.http import Http, refused_answer

_VERIFIER_LENGTH = 64
"""Characters of a PKCE verifier; the RFC allows 43 to 128."""
_DEAD = frozenset({"invalid_grant", "invalid_request", "invalid_token"})
"""What token endpoints call a login that nothing renews any more; some say `invalid_request` of a used one."""


@dataclass(frozen=True)
class Asked:
    """Where the person must go, and the verifier to keep until they return."""

    url: str
    verifier: str = field(repr=False)


@dataclass(frozen=True)
class Client:
    """Our registration at a platform; `sends` says where the secret goes."""

    id: str
    secret: str = field(repr=False)
    sends: Literal["client_secret_post", "client_secret_basic"] = "client_secret_post"


@dataclass(frozen=True)
class Endpoints:
    """A platform's addresses for OAuth."""

    authorize: str
    token: str
    revoke: str


@dataclass(frozen=True)
class Token:
    """What a token endpoint gave, after it was checked."""

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires_at: datetime | None = None
    """When `access` ends; None: not told."""
    refresh_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    """What was allowed; empty: not told, so what was asked for."""


class OAuth:
    """One registration at one platform. `label` is what its sentences call the platform."""

    def __init__(
        self, http: Http, clock: Clock, platform: str, label: str, client: Client, endpoints: Endpoints
    ) -> None:
        self._http = http
        self._clock = clock
        self._platform = platform
        self._label = label
        self._client = client
        self._endpoints = endpoints

    def ask(self, callback_url: str, scope: str, state: str) -> Asked:
        """The address where a person allows us `scope`, with PKCE (S256); who does not know PKCE ignores it."""
        verifier: str = generate_token(_VERIFIER_LENGTH)
        url: str = prepare_grant_uri(
            self._endpoints.authorize,
            self._client.id,
            "code",
            redirect_uri=callback_url,
            scope=scope,
            state=state,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return Asked(url, verifier)

    async def trade(self, answer: Mapping[str, str], callback_url: str, verifier: str) -> Token:
        """Turn the query a person came back with into a token. A code works once: never repeat this.

        Raises:
            Rejected: they said no, or the code is used, too old or not ours.
            RateLimited, Unavailable: no token came; the person starts again.
        """
        code = self._code(answer)
        body = prepare_token_request(
            "authorization_code", "", redirect_uri=callback_url, code=code, code_verifier=verifier
        )
        try:
            return await self._token(body)
        except (Rejected, NeedsReconnect) as refused:
            raise self._started_wrong(refused) from refused

    async def renew(self, refresh: str, account: str) -> Token:
        """A new token for an old one, which may be used up by this; a token without a new `refresh` keeps the old one.

        Raises:
            NeedsReconnect: the platform will not renew it; only the person can mend that.
            RateLimited, Unavailable: nobody can tell; the old token may still be good.
        """
        body = prepare_token_request("refresh_token", "", refresh_token=refresh)
        try:
            token = await self._token(body)
        except (Rejected, NeedsReconnect) as refused:
            raise self._not_renewed(refused, account) from refused
        return token if token.refresh else Token(token.access, refresh, token.expires_at, None, token.scopes)

    async def revoke(self, token: str) -> None:
        """End a token, and with it the permission; one that is gone already is fine."""
        url, headers, body = self._signed(self._endpoints.revoke, urlencode({"token": token}))
        gone = {400, 401, 403, 404}
        await self._http.ask(self._platform, "POST", url, headers=headers, content=body, accept=gone, expect_json=False)

    def _code(self, answer: Mapping[str, str]) -> str:
        if answer.get("error") in ("access_denied", "user_cancelled_login", "user_cancelled_authorize"):
            raise self._rejected(
                f"{self._label} says that access was not allowed. Try again, and allow it on its page."
            )
        if answer.get("error"):
            said = _plain(answer.get("error_description") or answer["error"])
            raise self._rejected(f"{self._label} did not give access: “{said}”. Mend that, then try again.")
        if not answer.get("code"):
            raise self._rejected(f"{self._label} sent you back without a permission. Try again from the beginning.")
        return answer["code"]

    async def _token(self, body: str) -> Token:
        url, headers, signed = self._signed(self._endpoints.token, body)
        answer = await self._http.ask(self._platform, "POST", url, headers=headers, content=signed)
        return self._read(answer.json())

    def _signed(self, endpoint: str, body: str) -> tuple[str, dict[str, str], bytes]:
        """The request with our registration in it."""
        auth = ClientAuth(self._client.id, self._client.secret, self._client.sends)
        headers = {"content-type": "application/x-www-form-urlencoded;charset=UTF-8", "accept": "application/json"}
        url, headers, body = auth.prepare("POST", endpoint, headers, body)
        sent = {name: value for name, value in headers.items() if name.lower() != "content-length"}
        return url, sent, body.encode()

    def _read(self, told: object) -> Token:
        """The token in a token endpoint's answer; some platforms send a refusal as a success without one."""
        if not isinstance(told, dict) or not isinstance(told.get("access_token"), str) or not told["access_token"]:
            code = told.get("error") if isinstance(told, dict) else None
            raise _NoToken(str(code or ""), self._platform)
        told = dict(told) | {"expires_in": _seconds(told.get("expires_in"))}
        told.pop("expires_at", None)
        token = OAuth2Token.from_dict(told)
        refresh = token.get("refresh_token")
        return Token(
            access=token["access_token"],
            refresh=refresh if isinstance(refresh, str) else "",
            expires_at=self._after(token["expires_in"]),
            refresh_expires_at=self._after(_seconds(token.get("refresh_token_expires_in"))),
            scopes=tuple(str(token.get("scope") or "").replace(",", " ").split()),
        )

    def _after(self, seconds: int) -> datetime | None:
        return self._clock.now() + timedelta(seconds=seconds) if seconds else None

    def _started_wrong(self, refused: PlatformError) -> Rejected:
        if _code_of(refused) in ("invalid_client", "unauthorized_client"):
            return self._rejected(self._wrong_registration())
        return self._rejected(
            f"{self._label} did not take the permission you brought back; it holds for seconds to minutes, and once. "
            "Start connecting again."
        )

    def _not_renewed(self, refused: PlatformError, account: str) -> PlatformError:
        if _code_of(refused) in _DEAD:
            return NeedsReconnect(
                f"{self._label} no longer renews the login of {account}. Connect the account again.",
                platform=self._platform,
                account=account,
            )
        if _code_of(refused) in ("invalid_client", "unauthorized_client"):
            return Unavailable(self._wrong_registration(), platform=self._platform, account=account)
        return Unavailable(
            f"{self._label} did not renew the login of {account} and did not say why. I try again later.",
            platform=self._platform,
            account=account,
        )

    def _wrong_registration(self) -> str:
        return (
            f"{self._label} does not know the desk's client id and secret. Whoever runs the desk must check them in its "
            "settings; “copydesk doctor” names them."
        )

    def _rejected(self, sentence: str) -> Rejected:
        return Rejected(sentence, platform=self._platform)


class _NoToken(Rejected):
    """A success that holds no token."""

    def __init__(self, oauth_code: str, platform: str) -> None:
        super().__init__("There was no token in the answer.", platform=platform)
        self.oauth_code = oauth_code


def _code_of(refused: PlatformError) -> str:
    """The error code of RFC 6749 section 5.2, or empty."""
    if isinstance(refused, _NoToken):
        return refused.oauth_code
    answer = refused_answer(refused)
    try:
        told = answer.json() if answer else None
    except (ValueError, RecursionError):
        return ""
    return str(told.get("error") or "") if isinstance(told, dict) else ""


def _seconds(told: object) -> int:
    """A duration as token endpoints tell it, as a number or as digits; 0 where none can be read."""
    if isinstance(told, bool) or not isinstance(told, int | float | str):
        return 0
    try:
        return max(0, min(int(float(told)), 10 * 366 * 86_400))
    except (ValueError, OverflowError):
        return 0


def _plain(words: str) -> str:
    """Words from an address anybody could have made, cut so that they can stand in a sentence."""
    return " ".join("".join(c if c.isprintable() and c not in "<>" else " " for c in words[:600]).split())[:200].rstrip(
        "."
    )
