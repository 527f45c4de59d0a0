"""Asking a person for access with OAuth 2: the address to send them to, and the code they bring back.

Only the pure parts come from Authlib; every request goes through `integrations/http.py`, so that its rules hold here too.
Nothing in this module logs: the addresses and answers it handles carry secrets.

Source: RFC 6749 sections 4.1 and 5, RFC 7636 section 4 (read 2026-11-22).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from content.errors import NeedsReconnect, Rejected
from integrations.http import Http

_VERIFIER_LENGTH = 64
"""Characters of a PKCE verifier; the RFC allows 43 to 128."""


@dataclass(frozen=True)
class Asked:
    """Where the person must go, and the verifier to keep until they return."""

    url: str
    verifier: str = field(repr=False)


@dataclass(frozen=True)
class Client:
    """Our registration at a platform."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Token:
    """What an exchange gave, after it was checked."""

    access: str = field(repr=False)


def ask_for_access(endpoint: str, client_id: str, callback_url: str, scope: str, state: str) -> Asked:
    """The address where a person allows us `scope`, with PKCE (S256); a server that does not know PKCE ignores it."""
    verifier: str = generate_token(_VERIFIER_LENGTH)
    url: str = prepare_grant_uri(
        endpoint,
        client_id,
        "code",
        redirect_uri=callback_url,
        scope=scope,
        state=state,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
    )
    return Asked(url, verifier)


def code_from(answer: Mapping[str, str], platform: str, label: str) -> str:
    """The code in the query parameters a person came back with.

    Raises:
        Rejected: they said no, or the platform sent them back without one.
    """
    if answer.get("error") == "access_denied":
        msg = f"{label} says that access was not allowed. Start again, and choose “Authorize” on its page."
        raise Rejected(msg, platform=platform)
    code = answer.get("code", "")
    if not code:
        msg = f"{label} sent you back without a permission. Start connecting again from the beginning."
        raise Rejected(msg, platform=platform)
    return code


async def exchange(
    http: Http, platform: str, label: str, endpoint: str, client: Client, code: str, callback_url: str, verifier: str
) -> Token:
    """Turn a code into a token, with the client's secret in the body. A code works once: never repeat this.

    Raises:
        Rejected: the code is used, too old, or not ours.
        RateLimited, Unavailable: no token came; the person starts again.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback_url,
        "client_id": client.id,
        "client_secret": client.secret,
        "code_verifier": verifier,
    }
    try:
        answer = await http.ask(platform, "POST", endpoint, data=form)
    except (Rejected, NeedsReconnect) as refused:
        raise _no_token(platform, label) from refused
    return token_from(answer.json(), platform, label)


def token_from(told: object, platform: str, label: str) -> Token:
    """The token in a token endpoint's answer; some platforms send a refusal as a success without one.

    Raises:
        Rejected: there is no access token in it.
    """
    access = told.get("access_token") if isinstance(told, dict) else None
    if not isinstance(access, str) or not access:
        raise _no_token(platform, label)
    return Token(access)


def _no_token(platform: str, label: str) -> Rejected:
    msg = (
        f"{label} did not take the permission you brought back; it holds for minutes and once. Start connecting again."
    )
    return Rejected(msg, platform=platform)
