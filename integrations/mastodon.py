"""Mastodon, and servers that speak its API. Every account lives on a server of its own, with limits of its own.

API: https://docs.joinmastodon.org/api/ (documents read 2026-11-22, nothing was run live).
Limits: 500 characters, 4 images of 16 MB, 1,500 characters of description, unless the server says otherwise
(https://docs.joinmastodon.org/entities/Instance/). How text is counted: `integrations/mastodon_text.py`.
Doubles: a repeat with the same `Idempotency-Key` within an hour gives the status that is there already
(https://docs.joinmastodon.org/methods/statuses/#create); the key is stored after the status, so repeats must not overlap.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from content.connecting import Connected, Elsewhere, Field, Identity, Login
from content.errors import Invalid, NeedsReconnect, OutcomeUnknown, PlatformError, Problem, Rejected, Unavailable
from content.platform import (
    Access,
    Content,
    Image,
    Json,
    MediaBytes,
    Numbers,
    Prepared,
    Published,
    RenderedPart,
    Rendering,
    Spec,
)
from content.problems import common_problems
from content.times import Clock
from integrations.http import Answer, Http, refused_answer
from integrations.mastodon_server import (
    LIMITS,
    URL_CHARACTERS,
    count,
    facts_from,
    host_of,
    limits_of,
    no_server,
    server_from,
)
from integrations.mastodon_text import counted, same_text, spans_of
from integrations.oauth import Client, Endpoints, OAuth
from integrations.text import clean

SPEC = Spec(
    name="mastodon",
    label="Mastodon",
    limits=LIMITS,
    # the server keeps a key for up to an hour; ten minutes of it are for clocks and slow requests
    repeat_safe=timedelta(minutes=50),
)
VISIBILITIES = ("public", "unlisted", "private", "direct")
PROCESSING_LIMIT = timedelta(seconds=60)
"""How long to wait for a server to process one image."""

_SCOPES = "read:accounts read:statuses write:statuses write:media"
_UPLOAD_TIMEOUT = timedelta(seconds=120)
_CLOCKS_APART = timedelta(seconds=30)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_PAGE, _PAGES = 40, 5
"""How many own statuses `find` reads at once, and how often; 40 is the most a server gives."""

Sleep = Callable[[float], Awaitable[None]]


class Mastodon:
    """Publishes to any Mastodon server."""

    def __init__(self, http: Http, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        self._http = http
        self._clock = clock
        self._sleep = sleep

    @property
    def spec(self) -> Spec:
        """The platform's facts."""
        return SPEC

    def profile(self, access: Access) -> str:
        """The account's page."""
        return f"{access.server}/@{access.handle.partition('@')[0]}"

    # what will go out

    def render(self, content: Content, access: Access) -> Rendering:
        """The post as it will go out, counted by the rules of the account's server."""
        per_link = access.facts.get("url_characters", URL_CHARACTERS)
        host = host_of(access.server)
        parts = []
        for part in content.parts:
            text = clean(part.text)
            spans = spans_of(text, host)
            parts.append(RenderedPart(text, counted(text, spans, per_link), spans, part.images, video=part.video))
        return Rendering(
            SPEC.name, SPEC.label, access.handle, limits_of(access.facts), tuple(parts), settings=content.settings
        )

    def problems(self, rendering: Rendering) -> list[Problem]:
        """What the server would refuse."""
        return [*common_problems(rendering), *_setting_problems(rendering), *_animation_problems(rendering)]

    # publishing

    async def prepare(self, rendering: Rendering, access: Access, media: MediaBytes, handles: Json) -> Prepared:
        """Upload the images. An upload of an earlier try is used again while the server still has it unused."""
        known: Mapping[str, str] = handles.get("media", {})
        uploaded: dict[str, str] = {}
        for number, part in enumerate(rendering.parts):
            for place, image in enumerate(part.images):
                name = _image_name(number, place, image)
                media_id = known.get(name)
                if media_id is None or not await self._is_processed(access, media_id):
                    media_id = await self._upload(access, image, await media.read(image.media_id))
                uploaded[name] = media_id
        return Prepared(rendering, access, {"media": uploaded})

    async def commit(self, prepared: Prepared, part: int, key: str, earlier: Sequence[Published]) -> Published:
        """Post one part. Safe to repeat with the same key for `SPEC.repeat_safe`, one after the other."""
        access, rendered = prepared.access, prepared.rendering.parts[part]
        media = prepared.handles.get("media", {})
        status: dict[str, Any] = {"status": rendered.text, "visibility": _visibility(prepared.rendering, part)}
        if rendered.images:
            status["media_ids"] = [media[_image_name(part, i, image)] for i, image in enumerate(rendered.images)]
        if earlier:
            status["in_reply_to_id"] = earlier[-1].remote_id
        if language := prepared.rendering.settings.get("language"):
            status["language"] = language
        headers = {"Idempotency-Key": key}
        answer = await self._ask(access, "POST", "/api/v1/statuses", write=True, json=status, headers=headers)
        published = _published(answer.json())
        if published is None:
            raise OutcomeUnknown(
                f"{host_of(access.server)} took the post of @{access.handle} and did not say where it is. "
                "Look at the account before you send it again.",
                platform=SPEC.name,
                account=access.handle,
            )
        return published

    def findable(self, access: Access) -> bool:
        """Every account's own posts can be read."""
        return True

    async def find(
        self, prepared: Prepared, part: int, key: str, since: datetime, earlier: Sequence[Published]
    ) -> Published | None:
        """The part among the account's statuses since the attempt; a list proves presence, never absence."""
        wanted = prepared.rendering.parts[part]
        reply_to = earlier[-1].remote_id if earlier else None
        async for status in self._own_since(prepared.access, since - _CLOCKS_APART):
            if _matches(status, wanted, reply_to):
                return _published(status)
        return None

    # connecting

    def setup(self, callback_url: str) -> Sequence[str]:
        """Nothing: the desk registers itself with each server."""
        return ()

    def form(self) -> tuple[Field, ...]:
        """Which server the account is on."""
        hint = "The address of your server, or your full name on it: mastodon.social or @me@mastodon.social"
        return (Field("server", "Your Mastodon server", hint=hint),)

    async def start(self, given: Mapping[str, str], callback_url: str, state: str) -> Elsewhere:
        """Register with the server the person named, and send them to its consent page."""
        server = server_from(given.get("server", ""))
        client = await self._register(server, callback_url)
        asked = self._oauth(server, client).ask(callback_url, _SCOPES, state)
        keep = {"server": server, "client_id": client.id, "client_secret": client.secret, "verifier": asked.verifier}
        return Elsewhere(
            asked.url, keep, ("see who you are there", "post and upload pictures for you", "read your own posts")
        )

    async def finish(
        self, keep: Mapping[str, str], answer: Mapping[str, str], callback_url: str
    ) -> Sequence[Connected]:
        """Exchange the code for a login and see whose it is."""
        server = keep["server"]
        client = Client(keep["client_id"], keep["client_secret"])
        token = await self._oauth(server, client).trade(answer, callback_url, keep["verifier"])
        secrets = {"access_token": token.access, "client_id": client.id, "client_secret": client.secret}
        return [await self._who(Access("", SPEC.name, "", "", server, secrets=secrets))]

    async def check(self, access: Access) -> Connected:
        """Who we are there, with the server's limits of today and the same login."""
        return await self._who(access)

    async def refresh(self, access: Access) -> Login:
        """The same login: Mastodon's never expires (https://docs.joinmastodon.org/client/token/, read 2026-11-22)."""
        return Login(access.secrets)

    async def revoke(self, access: Access) -> None:
        """End the login; a login or registration that is gone already is fine."""
        client = Client(access.secrets["client_id"], access.secrets["client_secret"])
        await self._oauth(access.server, client).revoke(access.secrets["access_token"])

    # afterwards

    async def numbers(self, published: Sequence[Published], access: Access) -> Mapping[str, Numbers]:
        """The numbers as this server knows them; those of other servers reach it late or never. No views: not told."""
        found = {}
        for part in published:
            answer = await self._ask(access, "GET", f"/api/v1/statuses/{part.remote_id}", accept={404})
            if answer.status != 404:
                told = _told(access.server, answer)
                counts = (count(told, f"{name}_count") for name in ("favourites", "replies", "reblogs"))
                found[part.remote_id] = Numbers(*counts)
        return found

    async def followers(self, access: Access) -> int | None:
        """How many follow the account."""
        answer = await self._ask(access, "GET", "/api/v1/accounts/verify_credentials")
        return count(_told(access.server, answer), "followers_count")

    async def remove(self, published: Published, access: Access) -> None:
        """Delete one status."""
        path = f"/api/v1/statuses/{published.remote_id}"
        await self._ask(access, "DELETE", path, accept={404}, expect_json=False)

    # requests

    async def _ask(
        self, access: Access, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Answer:
        signed = {"Authorization": f"Bearer {access.secrets['access_token']}", **(headers or {})}
        url = access.server + path
        try:
            return await self._http.ask(SPEC.name, method, url, account=access.handle, headers=signed, **more)
        except Invalid as refused:  # the server's name has come to lead where we do not go
            raise Rejected(refused.message, platform=SPEC.name, account=access.handle) from refused
        except Rejected as refused:
            answer = refused_answer(refused)
            if answer is None or answer.status != 403:
                raise
            msg = (
                f"{host_of(access.server)} does not let this login do that. Log in there to see whether the account is "
                f"in order, then connect {access.handle or 'it'} again."
            )
            raise NeedsReconnect(msg, platform=SPEC.name, account=access.handle) from refused

    def _oauth(self, server: str, client: Client) -> OAuth:
        endpoints = Endpoints(f"{server}/oauth/authorize", f"{server}/oauth/token", f"{server}/oauth/revoke")
        return OAuth(self._http, self._clock, SPEC.name, host_of(server), client, endpoints)

    async def _register(self, server: str, callback_url: str) -> Client:
        form = {"client_name": "Copydesk", "redirect_uris": callback_url, "scopes": _SCOPES}
        try:
            answer = await self._http.ask(SPEC.name, "POST", f"{server}/api/v1/apps", json=form)
        except PlatformError as failed:
            refused = refused_answer(failed)
            if refused is None or refused.status >= 429:
                raise
            raise no_server(host_of(server)) from failed
        told = _told(server, answer, "client_id", "client_secret")
        return Client(told["client_id"], told["client_secret"])

    async def _who(self, access: Access) -> Connected:
        answer = await self._ask(access, "GET", "/api/v1/accounts/verify_credentials")
        told = _told(access.server, answer, "id", "username")
        facts = await self._server_facts(access)
        host = host_of(access.server)
        identity = Identity(
            remote_id=f"{told['id']}@{host}",  # an id is unique on its server only
            handle=f"{told['username']}@{facts.get('domain') or host}",
            name=str(told.get("display_name") or told["username"]),
            server=access.server,
        )
        return Connected(identity, Login(access.secrets), facts, tuple(_SCOPES.split()))

    async def _server_facts(self, access: Access) -> Json:
        for path in ("/api/v2/instance", "/api/v1/instance"):
            answer = await self._ask(access, "GET", path, accept={404})
            if answer.status != 404:
                return facts_from(_told(access.server, answer))
        return {}

    async def _upload(self, access: Access, image: Image, data: bytes) -> str:
        file = (f"image.{image.mime.removeprefix('image/')}", data, image.mime)
        answer = await self._ask(
            access,
            "POST",
            "/api/v2/media",
            files={"file": file},
            data={"description": image.alt} if image.alt else None,
            timeout=_UPLOAD_TIMEOUT,
        )
        media_id: str = _told(access.server, answer, "id")["id"]
        if answer.status == 202 and not await self._is_processed(access, media_id):
            msg = f"{host_of(access.server)} lost the image {image.name or image.media_id}. Try again later."
            raise Unavailable(msg, platform=SPEC.name, account=access.handle)
        return media_id

    async def _is_processed(self, access: Access, media_id: str) -> bool:
        """Wait until an upload is ready; False where the server has none that could be attached."""
        until = self._clock.now() + PROCESSING_LIMIT
        pause = 0.5
        while self._clock.now() < until:
            answer = await self._ask(access, "GET", f"/api/v1/media/{media_id}", accept={404}, expect_json=False)
            if answer.status != 206:
                return answer.status != 404
            await self._sleep(pause)
            pause = min(pause * 2, 5)
        msg = f"{host_of(access.server)} is still working on an image of @{access.handle}. Try again in a few minutes."
        raise Unavailable(msg, platform=SPEC.name, account=access.handle)

    async def _own_since(self, access: Access, since: datetime) -> AsyncIterator[Json]:
        """Own statuses created after `since`, newest first; those that cannot be read are left out."""
        params: dict[str, str | int] = {"exclude_reblogs": "true", "limit": _PAGE}
        account_id = access.remote_id.partition("@")[0]
        for _ in range(_PAGES):
            answer = await self._ask(access, "GET", f"/api/v1/accounts/{account_id}/statuses", params=params)
            told = answer.json()
            page = [status for status in told if isinstance(status, dict)] if isinstance(told, list) else []
            recent = [status for status in page if (_created(status) or _LONG_AGO) >= since]
            for status in recent:
                yield status
            if not recent or len(recent) < len(page):
                return
            params["max_id"] = str(page[-1].get("id", ""))


def _told(server: str, answer: Answer, *names: str) -> Json:
    """The object a server answered with; `names` are the texts it must hold."""
    told = answer.json()
    if isinstance(told, dict) and all(isinstance(told.get(name), str) for name in names):
        return told
    msg = f"{host_of(server)} did not answer as Mastodon does. Check that it is the right server, or try again later."
    raise Unavailable(msg, platform=SPEC.name)


def _visibility(rendering: Rendering, part: int) -> str:
    """As chosen; the later parts of a public thread are kept out of the timelines, as is the custom."""
    chosen = str(rendering.settings.get("visibility", "public"))
    return "unlisted" if chosen == "public" and part > 0 else chosen


def _setting_problems(rendering: Rendering) -> list[Problem]:
    found = []
    visibility = rendering.settings.get("visibility", "public")
    if visibility not in VISIBILITIES:
        found.append(Problem(rendering.label, f"“{visibility}” is no visibility.", f"Use {', '.join(VISIBILITIES)}."))
    language = str(rendering.settings.get("language", "en"))
    if not (language.isascii() and language.isalpha() and language.islower() and len(language) in {2, 3}):
        found.append(Problem(rendering.label, f"“{language}” is no language code.", "Use one such as en or de."))
    return found


def _animation_problems(rendering: Rendering) -> list[Problem]:
    """A GIF becomes a video, and a video goes alone (https://docs.joinmastodon.org/user/posting/, read 2026-11-22)."""
    found = []
    for number, part in enumerate(rendering.parts, 1):
        if len(part.images) > 1 and any(image.mime == "image/gif" for image in part.images):
            where = rendering.label if len(rendering.parts) == 1 else f"{rendering.label}, part {number}"
            found.append(Problem(where, "a GIF stands among other images.", "Post it alone, or use a PNG instead."))
    return found


def _image_name(part: int, place: int, image: Image) -> str:
    """Names one use of one image with one description: an upload can be attached once, and its text is part of it."""
    alt = hashlib.sha256(image.alt.encode()).hexdigest()[:16]
    return f"{part}/{place}/{image.sha256[:16]}/{alt}"


def _published(status: Any) -> Published | None:
    if not isinstance(status, dict) or not isinstance(status.get("id"), str):
        return None
    return Published(status["id"], str(status.get("url") or status.get("uri") or ""))


def _matches(status: Json, wanted: RenderedPart, reply_to: str | None) -> bool:
    return (
        status.get("in_reply_to_id") == reply_to
        and len(status.get("media_attachments") or ()) == len(wanted.images)
        and same_text(wanted.text, wanted.spans, str(status.get("content", "")))
    )


def _created(status: Json) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(status.get("created_at")))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
