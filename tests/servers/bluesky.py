"""A small Bluesky: one server that is an account's PDS, the directory of DIDs and the app view, and can be told to fail.

What it refuses, and in which words, was taken from the reference server (`@atproto/pds` 0.5.35), against which
`tests/integrations/test_bluesky_pds.py` runs the same platform code.
"""

import base64
import hashlib
import itertools
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import regex
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from content.times import Clock
from integrations.bluesky import Bluesky
from integrations.http import Http
from tests.fakes.clock import FakeClock
from tests.servers.faults import Faults, faulty

POST = "app.bsky.feed.post"
ACCESS_LIFE, REFRESH_LIFE = timedelta(hours=2), timedelta(days=90)
BLOB_BYTES = 5 * 1024 * 1024
TID = re.compile(r"[234567a-j][234567a-z]{12}")


class Refused(Exception):
    def __init__(self, status: int, error: str, message: str = "") -> None:
        super().__init__(message)
        self.status, self.error, self.message = status, error, message or error


@dataclass
class Account:
    did: str
    handle: str
    app_passwords: set[str] = field(default_factory=set)
    status: str = ""
    """Empty while it is active, else `deactivated`, `suspended` or `takendown`."""
    needs_code: bool = False
    blobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By rkey: `cid` and `value`."""


@dataclass(frozen=True)
class Token:
    did: str
    scope: str
    ends: datetime


class BlueskyServer:
    """`.app` to serve, `.faults` to hurt it, `.posts()` to see what is public."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.faults = Faults()
        self.accounts: dict[str, Account] = {}
        self.tokens: dict[str, Token] = {}
        self.counts: dict[str, dict[str, int]] = {}
        """What the app view tells about a post, by its address."""
        self._numbers = itertools.count(1)
        self.desk = self.account("desk.test", "aaaa-bbbb-cccc-dddd")
        self.app = faulty(Starlette(routes=self._routes(), exception_handlers={Refused: _refused}), self.faults)

    def account(self, handle: str, app_password: str = "") -> Account:
        """A new account; without an app password nobody can log in to it."""
        did = "did:plc:" + hashlib.sha256(handle.encode()).hexdigest()[:24]
        self.accounts[did] = Account(did, handle, {app_password} if app_password else set())
        return self.accounts[did]

    def platform(self, http: Http, clock: Clock, base_url: str) -> Bluesky:
        """The platform under test, pointed at this server."""
        return Bluesky(http, clock, directory=base_url, entryway=base_url, appview=base_url)

    def form(self, base_url: str) -> dict[str, str]:
        """What a person fills in to connect the desk's account."""
        return {"handle": "desk.test", "app_password": "aaaa-bbbb-cccc-dddd", "server": base_url}

    def posts(self) -> list[dict[str, Any]]:
        """What is public, oldest first: `remote_id`, `text`, `reply_to` and the descriptions of `images`."""
        found = []
        for account in self.accounts.values():
            for rkey, record in sorted(account.records.items()):
                value = record["value"]
                images = [image["alt"] for image in value.get("embed", {}).get("images", [])]
                reply_to = value.get("reply", {}).get("parent", {}).get("uri")
                uri = f"at://{account.did}/{POST}/{rkey}"
                found.append({"remote_id": uri, "text": value["text"], "reply_to": reply_to, "images": images})
        return found

    def end_sessions(self) -> None:
        """Every login ends, as when its owner deletes the app password and its sessions."""
        self.tokens.clear()

    def _routes(self) -> list[Route]:
        asked = {
            "com.atproto.identity.resolveHandle": self._resolve_handle,
            "com.atproto.server.getSession": self._get_session,
            "com.atproto.repo.getRecord": self._get_record,
            "app.bsky.feed.getPosts": self._get_posts,
            "app.bsky.actor.getProfile": self._get_profile,
        }
        told = {
            "com.atproto.server.createSession": self._create_session,
            "com.atproto.server.refreshSession": self._refresh_session,
            "com.atproto.server.deleteSession": self._delete_session,
            "com.atproto.repo.uploadBlob": self._upload_blob,
            "com.atproto.repo.createRecord": self._create_record,
            "com.atproto.repo.deleteRecord": self._delete_record,
        }
        routes = [Route(f"/xrpc/{name}", endpoint) for name, endpoint in asked.items()]
        routes += [Route(f"/xrpc/{name}", endpoint, methods=["POST"]) for name, endpoint in told.items()]
        return [*routes, Route("/{did:str}", self._document)]

    # -- who is who

    async def _resolve_handle(self, request: Request) -> Response:
        handle = request.query_params["handle"]
        for account in self.accounts.values():
            if account.handle == handle and not account.status:
                return JSONResponse({"did": account.did})
        raise Refused(400, "InvalidRequest", "Unable to resolve handle")

    async def _document(self, request: Request) -> Response:
        account = self.accounts.get(request.path_params["did"])
        if account is None:
            return JSONResponse({"message": "DID not registered"}, 404)
        pds = {
            "id": "#atproto_pds",
            "type": "AtprotoPersonalDataServer",
            "serviceEndpoint": str(request.base_url).rstrip("/"),
        }
        return JSONResponse({"id": account.did, "alsoKnownAs": [f"at://{account.handle}"], "service": [pds]})

    # -- sessions

    async def _create_session(self, request: Request) -> Response:
        body = await request.json()
        for account in self.accounts.values():
            if body["identifier"] in {account.did, account.handle} and body["password"] in account.app_passwords:
                if account.needs_code:
                    raise Refused(401, "AuthFactorTokenRequired", "A sign in code has been sent to your email address")
                if account.status in {"takendown", "suspended"}:
                    raise Refused(401, "AccountTakedown", "Account has been taken down")
                return self._session(account)
        raise Refused(401, "AuthenticationRequired", "Invalid identifier or password")

    async def _refresh_session(self, request: Request) -> Response:
        account = self._logged_in(request, "refresh")
        return self._session(account)

    async def _delete_session(self, request: Request) -> Response:
        self._logged_in(request, "refresh")
        del self.tokens[_bearer(request)]
        return Response()

    async def _get_session(self, request: Request) -> Response:
        account = self._logged_in(request, "access")
        return JSONResponse({"did": account.did, "handle": account.handle, **_standing(account)})

    def _session(self, account: Account) -> Response:
        tokens = {
            "accessJwt": self._token(account, "access", ACCESS_LIFE),
            "refreshJwt": self._token(account, "refresh", REFRESH_LIFE),
        }
        return JSONResponse({"did": account.did, "handle": account.handle, **tokens, **_standing(account)})

    def _token(self, account: Account, scope: str, life: timedelta) -> str:
        ends = self.clock.now() + life
        claims = {"sub": account.did, "scope": scope, "exp": int(ends.timestamp()), "jti": next(self._numbers)}
        packed = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        token = f"eyJhbGciOiJIUzI1NiJ9.{packed}.c2lnbmVk"
        self.tokens[token] = Token(account.did, scope, ends)
        return token

    def _logged_in(self, request: Request, scope: str) -> Account:
        sent = _bearer(request)
        if not sent:
            raise Refused(401, "AuthMissing", "Authentication Required")
        token = self.tokens.get(sent)
        if token is None and scope == "refresh":
            raise Refused(400, "ExpiredToken", "Token has been revoked")
        if token is None or token.scope != scope:
            raise Refused(400, "InvalidToken", "Token could not be verified")
        if token.ends <= self.clock.now():
            raise Refused(400, "ExpiredToken", "Token has expired")
        account = self.accounts[token.did]
        if account.status in {"takendown", "suspended"}:
            raise Refused(401, "AccountTakedown", "Account has been taken down")
        return account

    # -- the repository

    async def _upload_blob(self, request: Request) -> Response:
        account, content = self._logged_in(request, "access"), await request.body()
        if len(content) > BLOB_BYTES:
            raise Refused(413, "PayloadTooLarge", "request entity too large")
        link = _cid("bafkrei", content)
        mime = request.headers["content-type"]
        blob = {"$type": "blob", "ref": {"$link": link}, "mimeType": mime, "size": len(content)}
        account.blobs[link] = blob
        return JSONResponse({"blob": blob})

    async def _create_record(self, request: Request) -> Response:
        account, body = self._logged_in(request, "access"), await request.json()
        if account.status:
            raise Refused(401, "AccountDeactivated", "Account is deactivated")
        if body["repo"] != account.did or body["collection"] != POST:
            raise Refused(401, "AuthenticationRequired", "Authentication Required")
        rkey, record = body["rkey"], body["record"]
        self._validate(account, rkey, record)
        if rkey in account.records:
            raise Refused(500, "InternalServerError", "Internal Server Error")
        cid = _cid("bafyrei", json.dumps([rkey, record]).encode())
        account.records[rkey] = {"cid": cid, "value": record}
        return JSONResponse(
            {"uri": f"at://{account.did}/{POST}/{rkey}", "cid": cid, "commit": {}, "validationStatus": "valid"}
        )

    def _validate(self, account: Account, rkey: str, record: dict[str, Any]) -> None:
        if not TID.fullmatch(rkey):
            raise Refused(400, "InvalidRequest", "Invalid record key: not a TID")
        if "createdAt" not in record:
            raise Refused(400, "InvalidRequest", 'Invalid app.bsky.feed.post record: Missing required key "createdAt"')
        text = record["text"]
        if len(regex.findall(r"\X", text)) > 300 or len(text.encode()) > 3000:
            raise Refused(
                400, "InvalidRequest", "Invalid app.bsky.feed.post record: grapheme too big (maximum 300) at $.text"
            )
        for facet in record.get("facets", []):
            text.encode()[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()
        images = record.get("embed", {}).get("images", [])
        if len(images) > 4:
            raise Refused(400, "InvalidRequest", "Invalid app.bsky.feed.post record: array too big (maximum 4)")
        for image in images:
            if image["image"]["ref"]["$link"] not in account.blobs:
                raise Refused(400, "BlobNotFound", "Could not find blob: " + image["image"]["ref"]["$link"])

    async def _get_record(self, request: Request) -> Response:
        repo, rkey = request.query_params["repo"], request.query_params["rkey"]
        if repo not in self.accounts:
            raise Refused(400, "InvalidRequest", "Could not locate record")
        uri, record = f"at://{repo}/{POST}/{rkey}", self.accounts[repo].records.get(rkey)
        if record is None:
            raise Refused(400, "RecordNotFound", f"Could not locate record: {uri}")
        return JSONResponse({"uri": uri, **record})

    async def _delete_record(self, request: Request) -> Response:
        account, body = self._logged_in(request, "access"), await request.json()
        account.records.pop(body["rkey"], None)
        return JSONResponse({})

    # -- the app view

    async def _get_posts(self, request: Request) -> Response:
        uris = request.query_params.getlist("uris")
        if len(uris) > 25:
            raise Refused(400, "InvalidRequest", "Error: uris must not have more than 25 elements")
        public = {post["remote_id"] for post in self.posts()}
        posts = [{"uri": uri, **self.counts.get(uri, {})} for uri in uris if uri in public]
        return JSONResponse({"posts": posts})

    async def _get_profile(self, request: Request) -> Response:
        account = self.accounts.get(request.query_params["actor"])
        if account is None or account.status:
            raise Refused(400, "InvalidRequest", "Profile not found")
        return JSONResponse({"did": account.did, "handle": account.handle, "followersCount": 7})


async def _refused(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)
    return JSONResponse({"error": refused.error, "message": refused.message}, refused.status)


def _bearer(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def _standing(account: Account) -> dict[str, Any]:
    return {"active": False, "status": account.status} if account.status else {"active": True}


def _cid(start: str, content: bytes) -> str:
    return start + base64.b32encode(hashlib.sha256(content).digest()).decode().lower().rstrip("=")
