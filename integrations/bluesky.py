"""Bluesky, and servers that speak the AT Protocol. Writing goes to the account's own server (its PDS), wherever that is.

API: https://docs.bsky.app/docs/category/http-reference, https://atproto.com/specs, the lexicons of bluesky-social/atproto
(documents read 2026-11-22). Limits, from the lexicons `app.bsky.feed.post` and `app.bsky.embed.images` (2026-11-22): 300
graphemes and 3,000 bytes of text, 4 images of 2,000,000 bytes, 3 languages; descriptions of 2,000 characters from
`src/lib/constants.ts` of bluesky-social/social-app. Some smaller servers still take images up to 1,000,000 bytes only.

We choose a post's key (rkey) before it is sent, so nothing is ever posted twice, and `find` is exact. `repeat_safe` is
None all the same: a repeated createRecord is answered with a plain 500, which says nothing, and it would bring back a
post that a person deleted in between. Asking with `find` does neither.
Source: `packages/repo/src/mst/mst.ts` of bluesky-social/atproto, its issues 3718 and 4725 (2026-11-22).
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from content.errors import NeedsReconnect, Problem, Rejected
from content.platform import (
    Absent,
    Access,
    Content,
    Image,
    Json,
    Limits,
    LinkCard,
    MediaBytes,
    Numbers,
    PartContent,
    Prepared,
    Published,
    RenderedPart,
    Rendering,
    Spec,
)
from content.problems import common_problems
from content.times import Clock
from integrations.bluesky_session import NAME, Sessions, error_name
from integrations.bluesky_text import POST, first_link, graphemes, mentioned, post_record, spans
from integrations.http import Http
from integrations.link_card import read_card

SPEC = Spec(
    name=NAME,
    label="Bluesky",
    limits=Limits(
        text=300,
        unit="graphemes",
        text_bytes=3000,
        images=4,
        image_bytes=2_000_000,
        image_types=frozenset({"image/jpeg", "image/png", "image/webp"}),  # a GIF is taken, but it would stand still
        alt_text=2000,
    ),
)
LANGUAGES = 3
POSTS_AT_ONCE = 25
"""Source: lexicon `app.bsky.feed.getPosts` (2026-11-22)."""
BLOB_KEPT = timedelta(minutes=50)
"""How long an uploaded image is used again: a server may drop one that no post names after an hour.
Source: https://atproto.com/specs/blob (2026-11-22)."""
UPLOAD_TIMEOUT = timedelta(seconds=120)

_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TID_DIGITS = "234567abcdefghijklmnopqrstuvwxyz"


class Bluesky(Sessions):
    """Posts to Bluesky. `directory` knows where accounts live, `entryway` knows handles, `appview` counts likes."""

    def __init__(
        self,
        http: Http,
        clock: Clock,
        *,
        directory: str = "https://plc.directory",
        entryway: str = "https://bsky.social",
        appview: str = "https://public.api.bsky.app",
    ) -> None:
        super().__init__(http, directory=directory, entryway=entryway)
        self._clock = clock
        self._appview = appview

    @property
    def spec(self) -> Spec:
        """Bluesky's facts."""
        return SPEC

    def profile(self, access: Access) -> str:
        """The account's page."""
        return f"https://bsky.app/profile/{access.remote_id}"

    async def resolve(self, content: Content, access: Access) -> Json:
        """The DIDs of mentioned handles, and a card for the first link of each part without images."""
        handles = dict.fromkeys(handle for part in content.parts for handle in mentioned(part.text))
        dids = {handle: await self._did(access.server, handle) for handle in handles}
        links = dict.fromkeys(first_link(part.text) for part in content.parts if not part.images)
        cards = [card for link in links if link and (card := await read_card(self._http, NAME, link))]
        return {
            "mentions": {handle: did for handle, did in dids.items() if did},
            "cards": {card.url: {"title": card.title, "description": card.description} for card in cards},
        }

    def render(self, content: Content, access: Access) -> Rendering:
        """The post as it will go out: line ends unified, blank ends cut, nothing else changed."""
        parts = tuple(_rendered(part, content.resolved) for part in content.parts)
        return Rendering(NAME, SPEC.label, access.handle, SPEC.limits, parts, content.settings)

    def problems(self, rendering: Rendering) -> list[Problem]:
        """What every platform checks, and the setting `languages`."""
        found = common_problems(rendering)
        languages = rendering.settings.get("languages", [])
        if len(languages) > LANGUAGES or not all(_LANGUAGE.fullmatch(language) for language in languages):
            given = ", ".join(languages)
            found.append(
                Problem(SPEC.label, f"the languages “{given}” are not accepted.", "Name up to 3, such as en, pt-BR.")
            )
        return found

    async def prepare(self, rendering: Rendering, access: Access, media: MediaBytes, handles: Json) -> Prepared:
        """Upload the images, choose the key of each part, which never changes afterwards, and date them as of now.

        The keys alone keep a post from going out twice. A date that was kept would bury what is sent again days later:
        Bluesky sorts by it where it lies before the arrival.
        """
        now = self._clock.now()
        blobs = {digest: kept for digest, kept in handles.get("blobs", {}).items() if _is_fresh(kept, now)}
        for image in (image for part in rendering.parts for image in part.images):
            if image.sha256 not in blobs:
                blob = await self._upload(access, image, await media.read(image.media_id))
                blobs[image.sha256] = {"blob": blob, "at": now.isoformat()}
        rkeys = _rkeys(handles.get("rkeys", []), len(rendering.parts), now)
        dated = _not_before(handles.get("created_at"), now).isoformat()
        return Prepared(rendering, access, {"rkeys": rkeys, "created_at": dated, "blobs": blobs})

    async def _upload(self, access: Access, image: Image, content: bytes) -> Any:
        headers = {"content-type": image.mime}
        told = await self._xrpc(
            "POST", "repo.uploadBlob", access, headers=headers, content=content, timeout=UPLOAD_TIMEOUT, want=("blob",)
        )
        return told["blob"]

    async def commit(self, prepared: Prepared, part: int, key: str, earlier: Sequence[Published]) -> Published:
        """Create one post under the rkey that `prepare` chose, which does what `key` is for."""
        access, handles, rendering = prepared.access, prepared.handles, prepared.rendering
        record = post_record(
            rendering.parts[part],
            _created_at(handles["created_at"], part),
            rendering.settings.get("languages", []),
            {digest: kept["blob"] for digest, kept in handles["blobs"].items()},
            _reply(earlier),
        )
        body = {"repo": access.remote_id, "collection": POST, "rkey": handles["rkeys"][part], "record": record}
        return _published(
            await self._xrpc("POST", "repo.createRecord", access, json=body, write=True, want=("uri", "cid")), access
        )

    def findable(self, access: Access) -> bool:
        """Every account's own posts can be read."""
        return True

    async def find(
        self, prepared: Prepared, part: int, key: str, since: datetime, earlier: Sequence[Published]
    ) -> Published | Absent | None:
        """Ask the account's own server for our rkey; whatever stands there is ours, since nobody else picks that one.

        A request that is still on its way after an `Absent` does no harm: a second one under this rkey makes no second post.
        """
        access = prepared.access
        where = {"repo": access.remote_id, "collection": POST, "rkey": prepared.handles["rkeys"][part]}
        try:
            told = await self._xrpc("GET", "repo.getRecord", access, token="", params=where, want=("uri", "cid"))
        except (Rejected, NeedsReconnect) as refused:
            return Absent() if error_name(refused) == "RecordNotFound" else None
        return _published(told, access)

    async def remove(self, published: Published, access: Access) -> None:
        """Delete one post; the server does not mind when it is gone."""
        where = {"repo": access.remote_id, "collection": POST, "rkey": _rkey(published.remote_id)}
        await self._xrpc("POST", "repo.deleteRecord", access, json=where)

    async def numbers(self, published: Sequence[Published], access: Access) -> Mapping[str, Numbers]:
        """Likes, replies and reposts; Bluesky tells nobody how often a post was seen."""
        uris = [post.remote_id for post in published]
        found: dict[str, Numbers] = {}
        for first in range(0, len(uris), POSTS_AT_ONCE):
            told = await self._view("feed.getPosts", access, uris=uris[first : first + POSTS_AT_ONCE])
            for post in told.get("posts", []):
                found[post["uri"]] = Numbers(post.get("likeCount"), post.get("replyCount"), post.get("repostCount"))
        return found

    async def followers(self, access: Access) -> int | None:
        """How many follow the account; None where Bluesky does not show its profile."""
        try:
            told = await self._view("actor.getProfile", access, actor=access.remote_id)
        except Rejected:
            return None
        followers: int | None = told.get("followersCount")
        return followers

    async def _view(self, name: str, access: Access, **params: str | Sequence[str]) -> Any:
        address = f"{self._appview}/xrpc/app.bsky.{name}"
        return (await self._http.ask(NAME, "GET", address, params=params, account=access.account_id)).json()


def _rendered(part: PartContent, resolved: Json) -> RenderedPart:
    text = part.text.replace("\r\n", "\n").replace("\r", "\n").strip()
    link = None if part.images or part.video else first_link(text)
    told = resolved.get("cards", {}).get(link)
    card = LinkCard(link, told["title"], told["description"]) if link and told else None
    marked = spans(text, resolved.get("mentions", {}))
    return RenderedPart(text, graphemes(text), marked, part.images, card, video=part.video)


def _is_fresh(kept: Json, now: datetime) -> bool:
    return now - datetime.fromisoformat(kept["at"]) < BLOB_KEPT


def _rkeys(kept: Sequence[str], count: int, now: datetime) -> list[str]:
    """One key for each part, those kept first; each sorts after the one before it."""
    clock_id = secrets.randbelow(1024)
    fresh = [_tid(now + timedelta(microseconds=part), clock_id) for part in range(len(kept), count)]
    return [*kept, *fresh]


def _tid(at: datetime, clock_id: int) -> str:
    """A timestamp identifier: 53 bits of microseconds, 10 bits against collisions, in 13 digits that sort.

    Source: https://atproto.com/specs/tid (2026-11-22).
    """
    number = (at - _EPOCH) // timedelta(microseconds=1) << 10 | clock_id
    return "".join(_TID_DIGITS[number >> shift & 31] for shift in range(60, -1, -5))


def _not_before(earlier: str | None, now: datetime) -> datetime:
    """Now, but where a clock was set back: parts of a thread may be out with the earlier date, and the rest follows them."""
    return max(now, datetime.fromisoformat(earlier)) if earlier else now


def _created_at(first: str, part: int) -> str:
    """The date of a part; each a little later than the one before it, as a thread is read in that order."""
    at = datetime.fromisoformat(first) + timedelta(milliseconds=part)
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _reply(earlier: Sequence[Published]) -> Json | None:
    if not earlier:
        return None
    root, parent = ({"uri": post.remote_id, "cid": post.facts["cid"]} for post in (earlier[0], earlier[-1]))
    return {"root": root, "parent": parent}


def _published(told: Json, access: Access) -> Published:
    uri = str(told["uri"])
    return Published(uri, f"https://bsky.app/profile/{access.handle}/post/{_rkey(uri)}", {"cid": told["cid"]})


def _rkey(uri: str) -> str:
    """The last part of `at://did/collection/rkey`."""
    return uri.rpartition("/")[2]
