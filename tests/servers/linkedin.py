"""A small LinkedIn: consent, logins, pages, uploads, posts, comments; kept in memory, strict about what it takes.

It follows learn.microsoft.com/linkedin (excerpts read 2026-11-26): versions and their end, little text that is cut off at an unbalanced
bracket without a word, ids in a header, slices of videos with tags, doubles refused by naming the twin, roles and scopes.
"""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from content.platform import Platform
from content.times import Clock
from integrations import Deps
from integrations.linkedin import LinkedIn
from tests.servers.faults import Faults, faulty
from tests.servers.platform import Post

CLIENT_ID, CLIENT_SECRET = "the-app", "the app's secret"
MEMBER = "urn:li:person:Ana1"
SELF_SERVE = "openid profile email w_member_social"
READS_OWN = f"{SELF_SERVE} r_member_social"
FOR_PAGES = f"{SELF_SERVE} w_organization_social r_organization_social rw_organization_admin"
EVERY_SCOPE = set(f"{READS_OWN} {FOR_PAGES} r_member_postAnalytics".split())
POST_KEYS = {
    "author",
    "commentary",
    "visibility",
    "distribution",
    "content",
    "lifecycleState",
    "isReshareDisabledByAuthor",
}
COMMENT_KEYS = {"actor", "object", "message", "content", "parentComment"}
UPLOAD_KEYS = {
    "/rest/images": {"owner"},
    "/rest/videos": {"owner", "fileSizeBytes", "uploadCaptions", "uploadThumbnail"},
}
POSTING_ROLES = {"ADMINISTRATOR", "CONTENT_ADMINISTRATOR", "CONTENT_ADMIN"}
SLICE = 4 * 1024 * 1024


@dataclass
class Upload:
    urn: str
    owner: str
    size: int = 0
    pieces: dict[int, bytes] = field(default_factory=dict)
    left: int = 0
    """How often its state is asked for until it is available."""
    finished: bool = False

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces[index] for index in sorted(self.pieces))


@dataclass
class Made:
    """A post or a comment."""

    urn: str
    author: str
    text: str
    """As a reader sees it."""
    wire: str
    at: datetime
    content: dict[str, Any] = field(default_factory=dict)
    media: tuple[tuple[str, str], ...] = ()
    """Urn and alternative text of each."""
    on: str = ""
    """The post or comment that it is about; empty: it is a post."""
    number: str = ""


@dataclass
class Login:
    access: str
    refresh: str
    scopes: set[str]
    until: datetime


@dataclass(frozen=True)
class Seen:
    """One request as it came in."""

    method: str
    path: str
    query: str
    body: Any
    headers: Mapping[str, str]


class Refused(Exception):
    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


class LinkedInServer:
    commit_route: ClassVar[str] = "POST /rest/posts"
    logins: ClassVar[bool] = True
    clickable: ClassVar[str] = "Read https://example.org/a_(b)?c=1#d, about #Čaj"
    kinds: ClassVar[frozenset[str]] = frozenset({"link", "tag"})

    def __init__(self, clock: Clock) -> None:
        self.url = ""
        self.faults = Faults()
        self.seen: list[Seen] = []
        self.scopes = READS_OWN
        """What the desk asks for; the closed scope lets the contract's account be read back."""
        self.app_scopes = set(EVERY_SCOPE)
        """What the app may ask for."""
        self.pages = {"77": "Acme", "78": "Shop & Co"}
        self.roles = {"77": "ADMINISTRATOR", "78": "CONTENT_ADMIN", "79": "ANALYST"}
        self.old_acls = False
        """Whether only the older address for roles answers."""
        self.versions = {"202606", "202607", "202608"}
        self.renewable = True
        """Whether the app is one of the few that may renew a login."""
        self.consent_ends_older = False
        self.processing = 0
        self.processing_fails = False
        self.commit_waits_for_media = False
        self.states_are_read = True
        """Whether a login that may upload may also ask how far an upload is."""
        self.tags = True
        """Whether an uploaded slice is answered with its tag."""
        self.ghosts: dict[str, str] = {}
        """Deleted posts that are remembered: urn by wire text."""
        self.instead: dict[str, Any] = {}
        self.made: dict[str, Made] = {}
        self.uploads: dict[str, Upload] = {}
        self.login_list: list[Login] = []
        self._clock = clock
        self._codes: dict[str, dict[str, str]] = {}
        self._count = 7000
        self._app = faulty(Starlette(routes=self._routes()), self.faults)

    # for the contract

    @property
    def app(self) -> ASGIApp:
        return self._app

    @property
    def given(self) -> dict[str, str]:
        """The operator's settings that lead here."""
        return {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "scopes": self.scopes,
            "api_url": self.url,
            "login_url": f"{self.url}/oauth/v2",
        }

    def platform(self, deps: Deps) -> Platform:
        return LinkedIn(deps.http, deps.clock, self.given, _no_time)

    def form(self, *, right: bool = True) -> Mapping[str, str]:
        return {}

    async def walk(self, url: str, *, allow: bool = True) -> Mapping[str, str]:
        async with httpx.AsyncClient() as browser:
            page = await browser.get(url)
            if page.status_code == 302:
                return dict(parse_qsl(urlsplit(page.headers["location"]).query))
            assert page.status_code == 200, page.text
            sent_back = await browser.post(url, data={"decision": "allow" if allow else "deny"})
        assert sent_back.status_code == 302, sent_back.text
        return dict(parse_qsl(urlsplit(sent_back.headers["location"]).query))

    def lose_login(self) -> None:
        self.login_list.clear()

    def posts(self) -> Sequence[Post]:
        return [
            Post(
                one.urn,
                one.text,
                tuple((hashlib.sha256(self.uploads[urn].data).hexdigest(), alt) for urn, alt in one.media),
                one.on or None,
            )
            for one in self.made.values()
        ]

    # the server

    def _routes(self) -> list[Route]:
        return [
            Route("/oauth/v2/authorization", self._authorize, methods=["GET", "POST"]),
            Route("/oauth/v2/accessToken", self._token, methods=["POST"]),
            Route("/oauth/v2/revoke", self._revoke, methods=["POST"]),
            Route("/v2/userinfo", self._answering(self._me, "openid")),
            Route("/rest/organizationAcls", self._answering(self._acls, "rw_organization_admin")),
            Route("/v2/organizationalEntityAcls", self._answering(self._acls, "rw_organization_admin")),
            Route("/rest/organizations", self._answering(self._organizations, "rw_organization_admin")),
            Route("/rest/networkSizes/{urn}", self._answering(self._size, "r_organization_social")),
            Route("/rest/posts", self._answering(self._create, ""), methods=["POST"]),
            Route("/rest/posts", self._answering(self._list, ""), methods=["GET"]),
            Route("/rest/posts/{urn}", self._answering(self._show, ""), methods=["GET"]),
            Route("/rest/posts/{urn}", self._answering(self._delete, ""), methods=["DELETE"]),
            Route("/rest/socialActions/{urn}/comments", self._answering(self._comment, ""), methods=["POST"]),
            Route("/rest/socialActions/{urn}/comments", self._answering(self._comments, ""), methods=["GET"]),
            Route(
                "/rest/socialActions/{urn}/comments/{number}", self._answering(self._uncomment, ""), methods=["DELETE"]
            ),
            Route("/rest/images", self._answering(self._begin_image, ""), methods=["POST"]),
            Route("/rest/videos", self._answering(self._video, ""), methods=["POST"]),
            Route("/rest/{kind}/{urn}", self._answering(self._status, "")),
            Route("/dms-uploads/{urn}/{index:int}", self._put, methods=["PUT"]),
            Route(
                "/rest/organizationalEntityShareStatistics",
                self._answering(self._page_numbers, "r_organization_social"),
            ),
            Route("/rest/memberCreatorPostAnalytics", self._answering(self._metric, "r_member_postAnalytics")),
        ]

    def _answering(
        self, handle: Callable[[Request, dict[str, Any]], Awaitable[Response]], scope: str
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                body = await request.json() if request.method == "POST" else {}
                self.seen.append(Seen(request.method, request.url.path, request.url.query, body, request.headers))
                self._check_headers(request)
                self._check_login(request, scope)
                if request.url.path in self.instead:
                    return JSONResponse(self.instead[request.url.path])
                return await handle(request, body)
            except Refused as refused:
                told: dict[str, Any] = {"status": refused.status, "message": refused.message, "serviceErrorCode": 100}
                return JSONResponse(told | ({"code": refused.code} if refused.code else {}), refused.status)

        return answer

    def _check_headers(self, request: Request) -> None:
        if not request.url.path.startswith("/rest/"):
            return
        version = request.headers.get("linkedin-version", "")
        if not version:
            raise Refused(
                400, "A version must be present. Please specify a version by adding the LinkedIn-Version header"
            )
        if version not in self.versions:
            raise Refused(426, f"Requested version {version} is not active", "NONEXISTENT_VERSION")
        if request.headers.get("x-restli-protocol-version") != "2.0.0":
            raise Refused(400, "X-RestLi-Protocol-Version must be 2.0.0")

    def _login_of(self, request: Request) -> Login:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        login = next((one for one in self.login_list if one.access == token), None)
        if login is None:
            raise Refused(401, "The token used in the request has been revoked by the user", "REVOKED_ACCESS_TOKEN")
        if login.until <= self._clock.now():
            raise Refused(401, "The token used in the request has expired", "EXPIRED_ACCESS_TOKEN")
        return login

    def _check_login(self, request: Request, scope: str) -> Login:
        login = self._login_of(request)
        if scope and scope not in login.scopes:
            raise Refused(403, "Not enough permissions to access this resource", "ACCESS_DENIED")
        return login

    def _check_author(self, request: Request, author: str, verb: str) -> None:
        """Whether the login may do this for the author: `w` writes, `r` reads."""
        kind = "organization" if author.startswith("urn:li:organization:") else "member"
        self._check_login(request, f"{verb}_{kind}_social")
        if kind == "organization" and self.roles.get(author.removeprefix("urn:li:organization:")) not in POSTING_ROLES:
            raise Refused(403, "Not enough permissions: no role on this page", "ACCESS_DENIED")
        if kind == "member" and author != MEMBER:
            raise Refused(403, "Field Value validation failed: author is not you", "ACCESS_DENIED")

    def _id(self) -> str:
        self._count += 1
        return str(self._count)

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        back = {"state": asked.get("state", "")}
        if asked.get("client_id") != CLIENT_ID or asked.get("response_type") != "code":
            return HTMLResponse("<h1>Bummer, something went wrong.</h1>", 400)
        if lacking := set(asked["scope"].split()) - self.app_scopes:
            said = f"Scope {min(lacking)} is not authorized for your application"
            answer = {"error": "unauthorized_scope_error", "error_description": said} | back
            return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", 302)
        if request.method == "GET":
            return HTMLResponse("<h1>The app would like to</h1>")
        answer = {"error": "user_cancelled_login", "error_description": "The user cancelled LinkedIn login"}
        if dict(parse_qsl((await request.body()).decode()))["decision"] == "allow":
            answer = {"code": f"code-{self._id()}"}
            self._codes[answer["code"]] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer | back)}", 302)

    async def _token(self, request: Request) -> Response:
        body = dict(parse_qsl((await request.body()).decode()))
        if (body.get("client_id"), body.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return JSONResponse({"error": "invalid_client", "error_description": "Client authentication failed"}, 401)
        if body.get("grant_type") == "refresh_token":
            login = next((one for one in self.login_list if one.refresh and one.refresh == body["refresh_token"]), None)
            if login is None:
                return JSONResponse(
                    {"error": "invalid_grant", "error_description": "The provided token is invalid"}, 400
                )
            return self._log_in(login.scopes, login.refresh)
        asked = self._codes.pop(body.get("code", ""), {})
        verifier = body.get("code_verifier", "")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if asked.get("redirect_uri") != body.get("redirect_uri") or asked.get("code_challenge") != challenge:
            return JSONResponse({"error": "invalid_grant", "error_description": "The code is invalid or expired"}, 400)
        if self.consent_ends_older:
            self.login_list.clear()
        return self._log_in(set(asked["scope"].split()), f"refresh-token-{self._id()}" if self.renewable else "")

    def _log_in(self, scopes: set[str], refresh: str) -> Response:
        login = Login(f"access-token-{self._id()}", refresh, scopes, self._clock.now() + timedelta(days=60))
        self.login_list.append(login)
        told: dict[str, Any] = {
            "access_token": login.access,
            "expires_in": 5_184_000,
            "scope": ",".join(sorted(scopes)),
        }
        if refresh:
            told |= {"refresh_token": refresh, "refresh_token_expires_in": 31_536_000}
        return JSONResponse(told)

    async def _revoke(self, request: Request) -> Response:
        body = dict(parse_qsl((await request.body()).decode()))
        self.login_list = [one for one in self.login_list if one.access != body.get("token")]
        return Response(status_code=200)

    async def _me(self, request: Request, body: dict[str, Any]) -> Response:
        return JSONResponse({"sub": "Ana1", "name": "Ana Smith", "given_name": "Ana", "family_name": "Smith"})

    async def _acls(self, request: Request, body: dict[str, Any]) -> Response:
        old = request.url.path.startswith("/v2/")
        if self.old_acls and not old:
            raise Refused(404, "No virtual resource found")
        named = "organizationalTarget" if old else "organization"
        found = [{named: f"urn:li:organization:{one}", "role": role} for one, role in self.roles.items()]
        return JSONResponse({"elements": found})

    async def _organizations(self, request: Request, body: dict[str, Any]) -> Response:
        if "vanityName" in request.query_params:
            name = request.query_params["vanityName"]
            found = [
                {"id": int(one), "localizedName": label}
                for one, label in self.pages.items()
                if label.lower().split()[0] == name
            ]
            return JSONResponse({"elements": found})
        wanted = re.fullmatch(r"List\(([\d,]+)\)", request.query_params["ids"])
        if wanted is None or "List(" not in request.url.query:
            raise Refused(400, "Invalid query parameters passed to request")
        results = {one: {"localizedName": self.pages[one]} for one in wanted[1].split(",") if one in self.pages}
        return JSONResponse({"results": results})

    async def _size(self, request: Request, body: dict[str, Any]) -> Response:
        return JSONResponse({"firstDegreeSize": 321})

    # posts

    async def _create(self, request: Request, body: dict[str, Any]) -> Response:
        if set(body) - POST_KEYS or not {"author", "commentary", "visibility", "distribution", "lifecycleState"} <= set(
            body
        ):
            raise Refused(422, f"Unpermitted or missing fields: {sorted(set(body) ^ POST_KEYS)}")
        self._check_author(request, body["author"], "w")
        if body["visibility"] not in ("PUBLIC", "CONNECTIONS") or len(body["commentary"]) > 3000:
            raise Refused(422, "ERROR :: /commentary :: length is more than maximum allowed 3000")
        if self.commit_waits_for_media:
            raise Refused(400, "MEDIA_ASSET_WAITING_UPLOAD: the asset is not ready")
        if body["visibility"] != "PUBLIC" and body["author"].startswith("urn:li:organization:"):
            raise Refused(422, "ERROR :: /visibility :: organizations can only post publicly")
        media = self._shown(body.get("content", {}), body["author"])
        self._refuse_doubles(body)
        urn = f"urn:li:share:{self._id()}"
        at, wire = self._clock.now(), body["commentary"]
        self.made[urn] = Made(urn, body["author"], as_read(wire), wire, at, body.get("content", {}), media)
        return Response(status_code=201, headers={"x-restli-id": urn})

    def _refuse_doubles(self, body: dict[str, Any]) -> None:
        twins = [
            one.urn
            for one in self.made.values()
            if (one.author, one.wire, one.on) == (body["author"], body["commentary"], "")
        ]
        twin = twins[0] if twins else self.ghosts.get(body["commentary"])
        if twin:
            raise Refused(422, f"Content is a duplicate of {twin}", "DUPLICATE_POST")

    def _shown(self, content: dict[str, Any], author: str) -> tuple[tuple[str, str], ...]:
        if not content:
            return ()
        [(kind, value)] = content.items()
        if kind == "article":
            if not {"source", "title"} <= set(value) or set(value) - {"source", "title", "description", "thumbnail"}:
                raise Refused(422, "article is not valid")
            if "thumbnail" in value and not self._usable(value["thumbnail"], author):
                raise Refused(422, "thumbnail is not valid")
            return ()
        images = value["images"] if kind == "multiImage" else [value]
        if kind not in ("media", "multiImage") or (kind == "multiImage" and not 2 <= len(images) <= 20):
            raise Refused(422, "content is not valid")
        if any(set(one) - {"id", "altText", "title"} or not self._usable(one["id"], author) for one in images):
            raise Refused(422, "media is not valid")
        return tuple((one["id"], one.get("altText", "")) for one in images)

    def _usable(self, urn: str, author: str) -> bool:
        return urn in self.uploads and self.uploads[urn].finished and self.uploads[urn].owner == author

    async def _list(self, request: Request, body: dict[str, Any]) -> Response:
        if request.headers.get("x-restli-method") != "FINDER" or "author=urn%3Ali%3A" not in request.url.query:
            raise Refused(400, "Invalid query parameters passed to request")
        author = request.query_params["author"]
        self._check_author(request, author, "r")
        found = [one for one in reversed(self.made.values()) if one.author == author and not one.on]
        return JSONResponse({"elements": [self._told(one) for one in found[: int(request.query_params["count"])]]})

    def _told(self, one: Made) -> dict[str, Any]:
        return {
            "id": one.urn,
            "author": one.author,
            "commentary": one.wire,
            "createdAt": int(one.at.timestamp() * 1000),
            "lifecycleState": "PUBLISHED",
        } | ({"content": one.content} if one.content else {})

    async def _show(self, request: Request, body: dict[str, Any]) -> Response:
        one = self.made.get(unquote(request.path_params["urn"]))
        if one is None:
            raise Refused(404, "Not Found")
        self._check_author(request, one.author, "r")
        return JSONResponse(self._told(one))

    async def _delete(self, request: Request, body: dict[str, Any]) -> Response:
        one = self.made.get(unquote(request.path_params["urn"]))
        if one is None or one.on:
            raise Refused(404, "Not Found")
        self._check_author(request, one.author, "w")
        del self.made[one.urn]
        return Response(status_code=204)

    async def _comment(self, request: Request, body: dict[str, Any]) -> Response:
        post, parent = unquote(request.path_params["urn"]), body.get("parentComment", "")
        if set(body) - COMMENT_KEYS or set(body["message"]) != {"text"}:
            raise Refused(422, "Unpermitted fields present in REQUEST_BODY")
        self._check_author(request, body["actor"], "w")
        if body["object"] != post or post not in self.made or (parent and parent not in self.made):
            raise Refused(400, "comment object is not valid")
        if len(body["message"]["text"]) > 1250:
            raise Refused(400, "comment is longer than 1250 characters")
        media = tuple((one["entity"]["image"], "") for one in body.get("content", []))
        if len(media) > 1 or not all(self._usable(urn, body["actor"]) for urn, _ in media):
            raise Refused(400, "comment content is not valid")
        number = self._id()
        urn, text = f"urn:li:comment:({post},{number})", body["message"]["text"]
        self.made[urn] = Made(
            urn, body["actor"], text, text, self._clock.now(), media=media, on=parent or post, number=number
        )
        return JSONResponse({"commentUrn": urn, "id": number}, 201, {"x-restli-id": number})

    async def _comments(self, request: Request, body: dict[str, Any]) -> Response:
        about = unquote(request.path_params["urn"])
        self._check_author(request, self.made[about].author, "r")
        found = [one for one in self.made.values() if one.on == about]
        told = [
            {
                "commentUrn": one.urn,
                "id": one.number,
                "actor": one.author,
                "message": {"text": one.text},
                "created": {"time": int(one.at.timestamp() * 1000)},
            }
            | ({"content": [{"type": "IMAGE", "entity": {"image": urn}} for urn, _ in one.media]} if one.media else {})
            for one in found
        ]
        return JSONResponse({"elements": told})

    async def _uncomment(self, request: Request, body: dict[str, Any]) -> Response:
        if "actor" not in request.query_params:
            raise Refused(400, "actor is missing")
        self._check_author(request, request.query_params["actor"], "w")
        urn = f"urn:li:comment:({unquote(request.path_params['urn'])},{request.path_params['number']})"
        if urn not in self.made or self.made[urn].author != request.query_params["actor"]:
            raise Refused(404, "Not Found")
        del self.made[urn]
        return Response(status_code=204)

    # media

    def _wanted(self, request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """What an upload is asked for, by somebody who may."""
        wanted: dict[str, Any] = body.get("initializeUploadRequest", {})
        if request.query_params.get("action") != "initializeUpload" or set(wanted) != UPLOAD_KEYS[request.url.path]:
            raise Refused(422, "Unpermitted or missing fields in initializeUploadRequest")
        self._check_author(request, wanted["owner"], "w")
        return wanted

    async def _begin_image(self, request: Request, body: dict[str, Any]) -> Response:
        wanted, urn = self._wanted(request, body), f"urn:li:image:{self._id()}"
        self.uploads[urn] = Upload(urn, wanted["owner"], left=self.processing)
        return JSONResponse({"value": {"uploadUrl": f"{self.url}/dms-uploads/{urn}/0", "image": urn}})

    async def _video(self, request: Request, body: dict[str, Any]) -> Response:
        if request.query_params["action"] == "finalizeUpload":
            return self._finalize(request, body["finalizeUploadRequest"])
        wanted = self._wanted(request, body)
        urn, size = f"urn:li:video:{self._id()}", wanted["fileSizeBytes"]
        self.uploads[urn] = Upload(urn, wanted["owner"], size, left=self.processing)
        slices = [
            {
                "uploadUrl": f"{self.url}/dms-uploads/{urn}/{number}",
                "firstByte": start,
                "lastByte": min(start + SLICE, size) - 1,
            }
            for number, start in enumerate(range(0, size, SLICE))
        ]
        return JSONResponse({"value": {"video": urn, "uploadToken": "", "uploadInstructions": slices}})

    def _finalize(self, request: Request, wanted: dict[str, Any]) -> Response:
        upload = self.uploads.get(wanted["video"])
        if upload is None or set(wanted) != {"video", "uploadToken", "uploadedPartIds"}:
            raise Refused(400, "finalizeUploadRequest is not valid")
        self._check_author(request, upload.owner, "w")
        tags = [_tag(upload.pieces[index]) for index in sorted(upload.pieces)]
        if wanted["uploadedPartIds"] != tags or len(upload.data) != upload.size:
            raise Refused(400, "uploadedPartIds do not match the upload")
        upload.finished = True
        return Response(status_code=200)

    async def _put(self, request: Request) -> Response:
        upload, index = self.uploads[request.path_params["urn"]], request.path_params["index"]
        is_image = upload.urn.startswith("urn:li:image:")
        if is_image != ("authorization" in request.headers):
            return Response(status_code=400)
        data = await request.body()
        if not is_image and len(data) != min(SLICE, upload.size - index * SLICE):
            return Response(status_code=400)
        upload.pieces[index] = data
        upload.finished = upload.finished or is_image
        return Response(status_code=201, headers={"etag": f'"{_tag(data)}"'} if self.tags else {})

    async def _status(self, request: Request, body: dict[str, Any]) -> Response:
        upload = self.uploads[unquote(request.path_params["urn"])]
        self._check_author(request, upload.owner, "w")
        if not self.states_are_read:
            raise Refused(403, "Not enough permissions to access: GET /images", "ACCESS_DENIED")
        upload.left -= 1
        if self.processing_fails:
            return JSONResponse({"status": "PROCESSING_FAILED"})
        return JSONResponse({"status": "PROCESSING" if upload.left >= 0 else "AVAILABLE"})

    # numbers

    async def _page_numbers(self, request: Request, body: dict[str, Any]) -> Response:
        parameter = "shares" if "shares=List(" in request.url.query else "ugcPosts"
        asked = re.fullmatch(r"List\((.+)\)", request.query_params[parameter])
        assert asked
        told = {"likeCount": 3, "commentCount": 1, "shareCount": 2, "impressionCount": 90, "engagement": 0.1}
        known = [urn for urn in asked[1].split(",") if urn in self.made]
        named = "share" if parameter == "shares" else "ugcPost"
        return JSONResponse({"elements": [{named: urn, "totalShareStatistics": told} for urn in known]})

    async def _metric(self, request: Request, body: dict[str, Any]) -> Response:
        metric = request.query_params["queryType"]
        counts = {"IMPRESSION": 40, "REACTION": 4, "COMMENT": 2}
        if "entity=(share:urn%3Ali" not in request.url.query and "entity=(ugc:urn%3Ali" not in request.url.query:
            raise Refused(400, "entity is not valid")
        if request.query_params["entity"].partition(":")[2].rstrip(")") not in self.made:
            raise Refused(404, "Not Found")
        if metric not in counts:
            raise Refused(400, f"{metric} is not a metric of this version")
        return JSONResponse({"elements": [{"count": counts[metric], "metricType": {"x": metric}}]})


def _tag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


async def _no_time(seconds: float) -> None:
    """Nobody waits in the contract."""


def as_read(wire: str) -> str:
    """What a reader sees of little text: elements and escapes resolved, and nothing after an unbalanced bracket."""
    out, at = "", 0
    while at < len(wire):
        element = re.match(r"@\[((?:\\.|[^\]])*)\]\(urn:li:\w+:[\w-]+\)|\{hashtag\|\\#\|([^}]*)\}", wire[at:])
        if element:
            out, at = out + re.sub(r"\\(.)", r"\1", element[1] or f"#{element[2]}"), at + element.end()
        elif wire[at] == "\\" and at + 1 < len(wire):
            out, at = out + wire[at + 1], at + 2
        elif wire[at] in "()[]{}":
            return out  # the rest vanishes without a word
        else:
            out, at = out + wire[at], at + 1
    return out
