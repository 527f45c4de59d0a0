"""A small Mastodon: apps, consent, tokens, media, statuses; kept in memory, strict about what it takes.

It follows https://docs.joinmastodon.org (documents read 2026-11-22): PKCE, idempotency keys kept for an hour by its clock,
media that is processed for a while and attached once, counting, errors as `{"error": ...}`.
"""

import base64
import hashlib
import html
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from content.platform import Platform
from content.times import Clock
from integrations import PLATFORMS, Deps
from tests.servers.faults import Faults, faulty
from tests.servers.platform import Post

SCOPES = {"read:accounts", "read:statuses", "write:statuses", "write:media"}
KEY_KEPT = timedelta(hours=1)


@dataclass
class Media:
    data: bytes
    alt: str
    left: int
    """How often it is asked for until it is processed."""
    status_id: str = ""

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass
class Status:
    id: str
    text: str
    at: datetime
    media: list[str]
    reply_to: str | None
    visibility: str
    language: str | None
    likes: int = 0
    told: dict[str, Any] = field(default_factory=dict)
    """Members that replace what the server would say of it."""


@dataclass(frozen=True)
class Seen:
    """One request as it came in."""

    method: str
    path: str
    body: Any
    """The JSON or the form's fields."""
    headers: Mapping[str, str]


class Refused(Exception):
    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


class MastodonServer:
    commit_route: ClassVar[str] = "POST /api/v1/statuses"
    logins: ClassVar[bool] = True
    clickable: ClassVar[str] = "Read https://example.org/a_(b)?c=1#d, ask @ana@other.example.org about #Čaj"
    kinds: ClassVar[frozenset[str]] = frozenset({"link", "mention", "tag"})

    def __init__(self, clock: Clock) -> None:
        self.url = ""
        self.faults = Faults()
        self.seen: list[Seen] = []
        self.instance_versions = {1, 2}
        self.configuration: dict[str, Any] = {}
        self.processing = 0
        """How often a new upload answers that it is still worked on."""
        self.instead: dict[str, Any] = {}
        """What a path answers instead of what it should."""
        self.statuses: dict[str, Status] = {}
        self.media: dict[str, Media] = {}
        self.tokens: dict[str, str] = {}
        self._clock = clock
        self._apps: dict[str, dict[str, str]] = {}
        self._codes: dict[str, dict[str, str]] = {}
        self._keys: dict[str, tuple[str, datetime]] = {}
        self._made = 100
        self._app = faulty(Starlette(routes=self._routes()), self.faults)

    # for the contract

    @property
    def app(self) -> ASGIApp:
        return self._app

    def platform(self, deps: Deps) -> Platform:
        return PLATFORMS["mastodon"](deps)

    def form(self, *, right: bool = True) -> Mapping[str, str]:
        return {"server": self.url}

    async def walk(self, url: str, *, allow: bool = True) -> Mapping[str, str]:
        async with httpx.AsyncClient() as browser:
            page = await browser.get(url)
            assert page.status_code == 200, page.text
            sent_back = await browser.post(url, data={"decision": "allow" if allow else "deny"})
        assert sent_back.status_code == 302, sent_back.text
        return dict(parse_qsl(urlsplit(sent_back.headers["location"]).query))

    def lose_login(self) -> None:
        self.tokens.clear()

    def posts(self) -> Sequence[Post]:
        return [
            Post(
                status.id,
                status.text,
                tuple((self.media[media_id].digest, self.media[media_id].alt) for media_id in status.media),
                status.reply_to,
            )
            for status in self.statuses.values()
        ]

    # the server

    def _routes(self) -> list[Route]:
        return [
            Route("/api/v1/apps", self._answering(self._register), methods=["POST"]),
            Route("/oauth/authorize", self._authorize, methods=["GET", "POST"]),
            Route("/oauth/token", self._answering(self._token), methods=["POST"]),
            Route("/oauth/revoke", self._answering(self._revoke), methods=["POST"]),
            Route("/api/v1/accounts/verify_credentials", self._answering(self._me, "read:accounts")),
            Route("/api/v1/accounts/1/statuses", self._answering(self._list, "read:statuses")),
            Route("/api/v{version:int}/instance", self._answering(self._instance)),
            Route("/api/v2/media", self._answering(self._upload, "write:media"), methods=["POST"]),
            Route("/api/v1/media/{id}", self._answering(self._processed, "write:media")),
            Route("/api/v1/statuses", self._answering(self._create, "write:statuses"), methods=["POST"]),
            Route("/api/v1/statuses/{id}", self._answering(self._show, "read:statuses")),
            Route("/api/v1/statuses/{id}", self._answering(self._delete, "write:statuses"), methods=["DELETE"]),
        ]

    def _answering(
        self, handle: Callable[[Request, dict[str, Any]], Awaitable[Response]], scope: str = ""
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                if scope:
                    self._check_login(request, scope)
                body = await _body(request)
                self.seen.append(Seen(request.method, request.url.path, body, request.headers))
                if request.url.path in self.instead:
                    return JSONResponse(self.instead[request.url.path])
                return await handle(request, body)
            except Refused as refused:
                return JSONResponse({"error": refused.error}, refused.status)

        return answer

    def _check_login(self, request: Request, scope: str) -> None:
        scopes = self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        if scopes is None:
            raise Refused(401, "The access token is invalid")
        if scope not in scopes.split():
            raise Refused(403, "This action is outside the authorized scopes")

    def _id(self) -> str:
        self._made += 1
        return str(self._made)

    async def _register(self, request: Request, body: dict[str, Any]) -> Response:
        if not set(body["scopes"].split()) <= SCOPES:
            raise Refused(422, "Validation failed: Scopes doesn't match configured on the server.")
        client_id = f"client-{self._id()}"
        self._apps[client_id] = {**body, "secret": f"secret-of-{client_id}"}
        return JSONResponse({"client_id": client_id, "client_secret": f"secret-of-{client_id}"})

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        app = self._apps.get(asked.get("client_id", ""))
        if app is None or asked["redirect_uri"] != app["redirect_uris"] or asked["response_type"] != "code":
            return HTMLResponse("<h1>An error has occurred</h1>", 400)
        if asked["code_challenge_method"] != "S256" or not set(asked["scope"].split()) <= set(app["scopes"].split()):
            return HTMLResponse("<h1>An error has occurred</h1>", 400)
        if request.method == "GET":
            return HTMLResponse("<h1>Authorization required</h1>")
        answer = {"error": "access_denied", "error_description": "The resource owner denied the request."}
        if dict(parse_qsl((await request.body()).decode()))["decision"] == "allow":
            answer = {"code": f"code-{self._id()}"}
            self._codes[answer["code"]] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({**answer, 'state': asked['state']})}", 302)

    async def _token(self, request: Request, body: dict[str, Any]) -> Response:
        asked = self._codes.pop(body["code"], {})
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(body["code_verifier"].encode()).digest()).decode().rstrip("=")
        )
        secret = self._apps.get(body["client_id"], {}).get("secret")
        if secret != body["client_secret"]:
            return JSONResponse({"error": "invalid_client"}, 401)
        mine = (asked.get("client_id"), asked.get("redirect_uri")) == (body["client_id"], body["redirect_uri"])
        if not mine or asked["code_challenge"] != challenge or body["grant_type"] != "authorization_code":
            return JSONResponse({"error": "invalid_grant", "error_description": "The grant is invalid."}, 400)
        token = f"token-{self._id()}"
        self.tokens[token] = asked["scope"]
        told = {"access_token": token, "token_type": "Bearer", "scope": asked["scope"], "created_at": 1}
        return JSONResponse(told)

    async def _revoke(self, request: Request, body: dict[str, Any]) -> Response:
        if self._apps.get(body["client_id"], {}).get("secret") != body["client_secret"]:
            raise Refused(403, "You are not authorized to revoke this token")
        self.tokens.pop(body["token"], None)
        return JSONResponse({})

    async def _me(self, request: Request, body: dict[str, Any]) -> Response:
        return JSONResponse({"id": "1", "username": "ana", "acct": "ana", "display_name": "Ana", "followers_count": 12})

    async def _instance(self, request: Request, body: dict[str, Any]) -> Response:
        version = request.path_params["version"]
        if version not in self.instance_versions:
            raise Refused(404, "Record not found")
        name = {2: "domain", 1: "uri"}[version]
        return JSONResponse({name: "social.example.org", "configuration": self.configuration})

    async def _upload(self, request: Request, body: dict[str, Any]) -> Response:
        media_id = self._id()
        self.media[media_id] = Media(body["file"], body.get("description", ""), self.processing)
        return JSONResponse({"id": media_id, "type": "image"}, 202 if self.processing else 200)

    async def _processed(self, request: Request, body: dict[str, Any]) -> Response:
        media = self.media.get(request.path_params["id"])
        if media is None or media.status_id:
            raise Refused(404, "Record not found")
        media.left -= 1
        return JSONResponse({"id": request.path_params["id"], "type": "image"}, 206 if media.left >= 0 else 200)

    async def _create(self, request: Request, body: dict[str, Any]) -> Response:
        key = request.headers.get("idempotency-key", "")
        known, until = self._keys.get(key, ("", self._clock.now()))
        if known in self.statuses and self._clock.now() < until:
            return JSONResponse(self._told(self.statuses[known]))
        status = self._checked(body)
        self.statuses[status.id] = status
        for media_id in status.media:
            self.media[media_id].status_id = status.id
        if key:
            self._keys[key] = (status.id, self._clock.now() + KEY_KEPT)
        return JSONResponse(self._told(status))

    def _checked(self, body: dict[str, Any]) -> Status:
        text, media_ids, reply_to = body.get("status", ""), body.get("media_ids", []), body.get("in_reply_to_id")
        limit = self.configuration.get("statuses", {}).get("max_characters", 500)
        if not text and not media_ids:
            raise Refused(422, "Validation failed: Text can't be blank")
        if counted(text) > limit:
            raise Refused(422, f"Validation failed: Text character limit of {limit} exceeded")
        if reply_to is not None and reply_to not in self.statuses:
            raise Refused(404, "The post you are trying to reply to does not appear to exist.")
        media = [self.media[media_id] for media_id in media_ids if media_id in self.media]
        if len(media) != len(media_ids) or any(one.status_id for one in media) or len(media) > 4:
            raise Refused(422, "Validation failed: Media not found")
        if any(one.left > 0 for one in media):
            raise Refused(422, "Cannot attach files that have not finished processing. Try again in a moment!")
        if body.get("visibility") not in {"public", "unlisted", "private", "direct"}:
            raise Refused(422, "Validation failed: Visibility is not included in the list")
        visibility, language = body["visibility"], body.get("language")
        return Status(self._id(), text, self._clock.now(), media_ids, reply_to, visibility, language)

    def _told(self, status: Status) -> dict[str, Any]:
        return {
            "id": status.id,
            "url": f"{self.url}/@ana/{status.id}",
            "uri": f"{self.url}/users/ana/statuses/{status.id}",
            "created_at": status.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "in_reply_to_id": status.reply_to,
            "content": as_html(status.text),
            "media_attachments": [{"id": media_id} for media_id in status.media],
            "favourites_count": status.likes,
            "replies_count": sum(other.reply_to == status.id for other in self.statuses.values()),
            "reblogs_count": 0,
            **status.told,
        }

    async def _list(self, request: Request, body: dict[str, Any]) -> Response:
        below = int(request.query_params.get("max_id", self._made + 1))
        newest = [status for status in reversed(self.statuses.values()) if int(status.id) < below]
        return JSONResponse([self._told(status) for status in newest[: int(request.query_params["limit"])]])

    def _of(self, request: Request) -> Status:
        status = self.statuses.get(request.path_params["id"])
        if status is None:
            raise Refused(404, "Record not found")
        return status

    async def _show(self, request: Request, body: dict[str, Any]) -> Response:
        return JSONResponse(self._told(self._of(request)))

    async def _delete(self, request: Request, body: dict[str, Any]) -> Response:
        status = self._of(request)
        del self.statuses[status.id]
        return JSONResponse({**self._told(status), "text": status.text})


async def _body(request: Request) -> dict[str, Any]:
    """The JSON or the form's fields, a file as its bytes."""
    if request.headers.get("content-type", "").startswith("application/json"):
        told: dict[str, Any] = await request.json()
        return told
    async with request.form() as fields:
        return {name: value if isinstance(value, str) else await value.read() for name, value in fields.items()}


def counted(text: str) -> int:
    """Characters as the docs describe them, by other means than the product's."""
    shorter = re.sub(r"https?://[^\s)]+", "x" * 23, text)
    return len(re.sub(r"@(\w+)@[\w.-]+", r"@\1", shorter))


def as_html(text: str) -> str:
    """The text as Mastodon shows it: paragraphs, breaks, links whose scheme is hidden, mentions without their server."""
    shown = html.escape(text)
    shown = re.sub(
        r"(https?://)([^\s)]+)", r'<a href="\1\2"><span class="invisible">\1</span><span>\2</span></a>', shown
    )
    shown = re.sub(
        r"@(\w+)@[\w.-]+", r'<span class="h-card"><a href="" class="u-url mention">@<span>\1</span></a></span>', shown
    )
    shown = re.sub(r"(^|\s)#(\w+)", r'\1<a href="" class="mention hashtag" rel="tag">#<span>\2</span></a>', shown)
    return "".join(f"<p>{paragraph}</p>".replace("\n", "<br />") for paragraph in shown.split("\n\n"))
