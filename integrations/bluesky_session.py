"""Logging in to Bluesky with an app password, and asking the account's own server (its PDS) for things.

Where an account lives is found from its handle: handle -> DID -> DID document -> server, and document and handle must name
each other. A session is a pair of tokens: one for requests, valid about 2 hours, and one that gets the next pair, valid
2 to 3 months.

Source: https://atproto.com/specs/handle, https://atproto.com/specs/did, https://atproto.com/specs/xrpc, the lexicons
`com.atproto.server`, and the reference server `@atproto/pds` 0.5.35 for the names of errors (2026-11-22).
"""

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from content.connecting import Connected, Elsewhere, Field, Identity, Login
from content.errors import Invalid, NeedsReconnect, OutcomeUnknown, PlatformError, Problem, Rejected, Unavailable
from content.platform import Access
from integrations.bluesky_text import HANDLE
from integrations.http import Http, refused_answer

NAME = "bluesky"
_STALE = frozenset({"ExpiredToken", "InvalidToken", "AuthMissing", "AuthenticationRequired", "invalid_token"})
"""What a server says when a token is of no use any more; a new session may be."""
_MAKE_ONE = "make an app password in Bluesky under Settings, Privacy and security"
_REFUSALS = dict.fromkeys(_STALE, f"no longer accepts the login of {{who}}. To connect it again, {_MAKE_ONE}.") | {
    "AuthFactorTokenRequired": f"wants a code by e-mail for {{who}}. Instead of the main password, {_MAKE_ONE}.",
    "AccountTakedown": "has taken {who} down. Appeal in the Bluesky app, then connect it again.",
    "AccountSuspended": "has suspended {who}. Appeal in the Bluesky app, then connect it again.",
    "AccountDeactivated": "says that {who} is deactivated. Reactivate it in the Bluesky app, then connect it again.",
    "AccountNotFound": "no longer has the account {who}. If it moved to another server, connect it again.",
}
_INACTIVE = {"takendown": "AccountTakedown", "suspended": "AccountSuspended", "deleted": "AccountNotFound"}


class Sessions:
    """The `Connects` part of Bluesky. `directory` knows where accounts live, `entryway` knows handles."""

    def __init__(self, http: Http, *, directory: str, entryway: str) -> None:
        self._http = http
        self._directory = directory
        self._entryway = entryway

    def setup(self, callback_url: str) -> Sequence[str]:
        """Nothing: an app password is all it takes."""
        return ()

    def form(self) -> tuple[Field, ...]:
        """Handle, app password, and the server for those whose handle does not lead there."""
        where = "In Bluesky: Settings, Privacy and security, App passwords. Your main password is not needed."
        server = "Leave it empty, unless your account's server cannot be found by its handle."
        return (
            Field("handle", "Handle", hint="Such as name.bsky.social, or your own domain."),
            Field("app_password", "App password", kind="password", hint=where),
            Field("server", "Server address", kind="url", hint=server, required=False),
        )

    async def start(self, given: Mapping[str, str], callback_url: str, state: str) -> Connected | Elsewhere:
        """Log in; nobody has to go elsewhere."""
        handle, password = _handle(given.get("handle", "")), given.get("app_password", "").strip()
        if not password:
            missing = Problem("App password", "it is missing.", f"To get one, {_MAKE_ONE}.")
            raise Invalid("I can't log in yet.", [missing])
        typed = given.get("server", "").strip().rstrip("/")
        if typed:
            who, server = handle, typed if "://" in typed else f"https://{typed}"
        else:
            who, server = await self._home(handle)
        try:
            session = await self._log_in(Access("", NAME, who, handle, server), password)
        except NeedsReconnect as refused:
            if error_name(refused) != "AuthenticationRequired":
                raise
            wrong = Problem("App password", "it does not belong to this handle.", f"Copy it again, or {_MAKE_ONE}.")
            raise Invalid(f"{urlsplit(server).hostname} did not let me in.", [wrong]) from refused
        return Connected(_identity(session, server), _login(session, password))

    async def finish(
        self, keep: Mapping[str, str], answer: Mapping[str, str], callback_url: str
    ) -> Sequence[Connected]:
        """Nobody was sent elsewhere, so nobody comes back."""
        msg = "Bluesky is connected with an app password, so there is nothing to come back from. Start again with its form."
        raise Rejected(msg, platform=NAME)

    async def check(self, access: Access) -> Connected:
        """Who we are, with the same login, or a new one where the old one has run out."""
        login, want = Login(access.secrets, access.expires_at), ("did", "handle")
        try:
            session = await self._xrpc("GET", "server.getSession", access, want=want)
        except NeedsReconnect as refused:
            if error_name(refused) not in _STALE:
                raise
            login = await self.refresh(access)
            session = await self._xrpc("GET", "server.getSession", access, want=want, token=login.secrets["access_jwt"])
        _refuse_inactive(session, access)
        return Connected(_identity(session, access.server), login)

    async def refresh(self, access: Access) -> Login:
        """A new session; by the app password where the old one cannot be renewed.

        The reference server lets an old refresh token live 2 more hours and gives it the same successor, so that a lost
        answer does no harm.
        """
        password, token = access.secrets["app_password"], access.secrets["refresh_jwt"]
        try:
            session = await self._xrpc(
                "POST", "server.refreshSession", access, token=token, want=("accessJwt", "refreshJwt")
            )
        except NeedsReconnect as refused:
            if error_name(refused) not in _STALE:
                raise
            session = await self._log_in(access, password)
        _refuse_inactive(session, access)
        return _login(session, password)

    async def revoke(self, access: Access) -> None:
        """End the session. The app password stays valid until its owner deletes it; a session cannot do that."""
        with suppress(NeedsReconnect, Rejected):
            await self._xrpc("POST", "server.deleteSession", access, token=access.secrets["refresh_jwt"])

    async def _log_in(self, access: Access, password: str) -> Any:
        body = {"identifier": access.remote_id, "password": password}
        want = ("did", "handle", "accessJwt", "refreshJwt")
        session = await self._xrpc("POST", "server.createSession", access, token="", json=body, want=want)
        _refuse_inactive(session, access)
        return session

    async def _home(self, handle: str) -> tuple[str, str]:
        """The DID of a handle and the address of its server."""
        did = await self._did(self._entryway, handle)
        if did is None:
            raise _unknown(handle, "nobody has it, or it is deactivated.", "Check it in the Bluesky app.")
        if did.startswith("did:web:"):
            address = f"https://{unquote(did.removeprefix('did:web:'))}/.well-known/did.json"
        else:
            address = f"{self._directory}/{did}"
        document = (await self._http.ask(NAME, "GET", address)).json()
        with suppress(AttributeError, KeyError, TypeError):
            if f"at://{handle}" not in document["alsoKnownAs"]:
                raise _unknown(handle, "its account does not name it.", "Use the handle that your profile shows.")
            for service in document["service"]:
                if service["id"].endswith("#atproto_pds"):
                    return did, service["serviceEndpoint"].rstrip("/")
        raise _unknown(handle, "its account names no server.", "Fill in the server's address.")

    async def _did(self, server: str, handle: str) -> str | None:
        """The DID of a handle, or None where nobody has it."""
        nobody = Access("", NAME, "", handle, server)
        try:
            told = await self._xrpc(
                "GET", "identity.resolveHandle", nobody, token="", params={"handle": handle}, want=("did",)
            )
        except Rejected:
            return None
        return str(told["did"])

    async def _xrpc(
        self,
        method: str,
        name: str,
        access: Access,
        *,
        token: str | None = None,
        want: Collection[str] = (),
        write: bool = False,
        headers: Mapping[str, str] | None = None,
        **sent: Any,
    ) -> Any:
        """Ask the account's server for `com.atproto.{name}`; `want` names what its answer must hold.

        `token` is the account's own, unless another is given; empty: none is sent.
        """
        login = access.secrets["access_jwt"] if token is None else token
        signed = {"authorization": f"Bearer {login}"} if login else {}
        address = f"{access.server}/xrpc/com.atproto.{name}"
        try:
            answer = await self._http.ask(
                NAME,
                method,
                address,
                account=access.account_id,
                headers={**signed, **(headers or {})},
                expect_json=bool(want),
                write=write,
                **sent,
            )
        except (Rejected, NeedsReconnect) as refused:
            raise _meant(refused, access, write=write) from refused.__cause__
        except Invalid as closed:
            if not access.account_id:
                raise
            raise Unavailable(closed.message, platform=NAME, account=access.account_id) from closed
        told = answer.json() if want else {}
        if not isinstance(told, dict) or any(not told.get(member) for member in want):
            raise _nonsense(access, write=write)
        return told


def error_name(error: BaseException) -> str:
    """What the server calls an error, such as `ExpiredToken`; empty where it is no server of this protocol that answered."""
    answer = refused_answer(error)
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        return str(answer.json()["error"]) if answer else ""
    return ""


def _meant(refused: PlatformError, access: Access, *, write: bool) -> PlatformError:
    """The error by its name: a server says with 400 that a session is over, and anything in between may answer 4xx."""
    name = error_name(refused)
    if name in _REFUSALS:
        return _refusal(name, access)
    if name == "BlobNotFound":
        msg = f"{_host(access)} has lost an uploaded image. Try again later; it is uploaded anew."
        return Unavailable(msg, platform=NAME, account=access.account_id)
    return refused if name else _nonsense(access, write=write)


def _refusal(name: str, access: Access) -> NeedsReconnect:
    sentence = _REFUSALS[name].format(who=access.handle)
    return NeedsReconnect(f"{_host(access)} {sentence}", platform=NAME, account=access.account_id)


def _nonsense(access: Access, *, write: bool) -> PlatformError:
    about = {"platform": NAME, "account": access.account_id}
    what = f"{_host(access)} did not answer as a Bluesky server does"
    if write:
        msg = f"{what}, so this may or may not have happened. Look there before you send it again."
        return OutcomeUnknown(msg, **about)
    return Unavailable(f"{what}. Check its address, or try again later.", **about)


def _refuse_inactive(session: Mapping[str, Any], access: Access) -> None:
    if session.get("active") is False:
        raise _refusal(_INACTIVE.get(str(session.get("status")), "AccountDeactivated"), access)


def _host(access: Access) -> str:
    return urlsplit(access.server).hostname or access.server


def _identity(session: Mapping[str, Any], server: str) -> Identity:
    return Identity(session["did"], session["handle"], server=server)


def _login(session: Mapping[str, Any], password: str) -> Login:
    access_jwt = session["accessJwt"]
    kept = {"app_password": password, "access_jwt": access_jwt, "refresh_jwt": session["refreshJwt"]}
    return Login(kept, _expiry(access_jwt))


def _expiry(token: str) -> datetime | None:
    """When a token ends, as it says itself; None where it is no JWT, and the server will tell us."""
    with suppress(ValueError, IndexError, KeyError, TypeError, OverflowError):
        claims = token.split(".")[1]
        return datetime.fromtimestamp(
            json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"], UTC
        )
    return None


def _handle(given: str) -> str:
    """A handle as people paste it: with @, from an address, with invisible marks around it."""
    visible = "".join(c for c in given if c.isprintable() and not c.isspace())
    handle = visible.rstrip("/").rpartition("/")[2].removeprefix("@").lower()
    if not HANDLE.fullmatch(handle):
        whole = Problem(
            "Handle", f"“{visible}” is not a whole one.", "Write it as name.bsky.social, or your own domain."
        )
        raise Invalid("I can't find that account.", [whole])
    return handle


def _unknown(handle: str, what: str, fix: str) -> Invalid:
    return Invalid(f"I can't find the account {handle}.", [Problem("Handle", what, fix)])
