"""Uploads to LinkedIn: pictures in one request, videos in the slices that LinkedIn asks for, each to an address of its own.

Source: https://learn.microsoft.com/linkedin/marketing/community-management/shares/images-api and /videos-api (read 2026-11-26 in
excerpts). Whether a member's upload is ready cannot be read, so there is a short grace.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from content.errors import ContentError, Invalid, NeedsReconnect, Rejected, Unavailable
from content.platform import Access, Image, Json, LinkCard, MediaBytes, RenderedPart, Rendering, Video
from content.times import Clock
from integrations.http import Answer, Http
from integrations.linkedin_api import LABEL, NAME, encoded, inner, is_page, told, words_of
from integrations.linkedin_login import LinkedInLogin

PROCESSING_TAKES = timedelta(minutes=10)
GRACE = timedelta(seconds=1)
KEPT = timedelta(hours=6)
"""How long an upload is used again; LinkedIn names no time."""
THUMBNAILS = frozenset({"image/jpeg", "image/png", "image/gif"})
THUMBNAIL_BYTES = 5_000_000
_UPLOAD_TIMEOUT = timedelta(seconds=120)

Sleep = Callable[[float], Awaitable[None]]


class Uploads(LinkedInLogin):
    """Brings what a post shows to LinkedIn."""

    def __init__(self, http: Http, clock: Clock, given: Mapping[str, str], sleep: Sleep = asyncio.sleep) -> None:
        super().__init__(http, clock, given)
        self._sleep = sleep

    async def _uploaded(self, rendering: Rendering, access: Access, media: MediaBytes, handles: Json) -> dict[str, Any]:
        """Every upload by the name of its use: `urn`, and `at` when; those of an earlier try that still last."""
        kept: Mapping[str, Any] = handles.get("media", {})
        uploaded = {}
        for number, part in enumerate(rendering.parts):
            for name, one in uses(number, part).items():
                uploaded[name] = self._fresh(kept.get(name)) or self._made(await self._bring(access, one, media))
            if part.card and part.card.image:
                name = thumbnail_name(number, part.card.image)
                known = self._fresh(kept.get(name))
                urn = known["urn"] if known else await self._thumbnail(access, part.card)
                uploaded |= {name: known or self._made(urn)} if urn else {}
        return uploaded

    def _fresh(self, kept: Any) -> dict[str, str] | None:
        if kept and self._clock.now() - datetime.fromisoformat(kept["at"]) < KEPT:
            return dict(kept)
        return None

    def _made(self, urn: str) -> dict[str, str]:
        return {"urn": urn, "at": self._clock.now().isoformat()}

    async def _bring(self, access: Access, one: Image | Video, media: MediaBytes) -> str:
        if isinstance(one, Video):
            return await self._video(access, one, media)
        return await self._image(access, await media.read(one.media_id), one.mime)

    async def _thumbnail(self, access: Access, card: LinkCard) -> str | None:
        """The picture of a link's card; a courtesy, so whatever fails means none, and so does another than was approved."""
        picture = await self._picture(card.image)
        if picture is None or hashlib.sha256(picture.body).hexdigest() != card.image_sha256:
            return None
        try:
            return await self._image(access, picture.body, picture.media_type)
        except ContentError:
            return None

    async def _picture(self, url: str) -> Answer | None:
        """What a page names as its picture; its address is a stranger's, and may be one where we do not go."""
        try:
            return await self._http.fetch(NAME, url, max_bytes=THUMBNAIL_BYTES, types=THUMBNAILS)
        except ContentError:
            return None

    async def _image(self, access: Access, data: bytes, mime: str) -> str:
        value = await self._begun(access, "images", {"owner": access.remote_id})
        urn = self._named(value, "image", access)
        await self._put(access, self._named(value, "uploadUrl", access), data, mime, signed=True)
        await self._ready(access, "images", urn, "a picture")
        return urn

    async def _video(self, access: Access, video: Video, media: MediaBytes) -> str:
        wanted = {
            "owner": access.remote_id,
            "fileSizeBytes": video.size,
            "uploadCaptions": False,
            "uploadThumbnail": False,
        }
        value = await self._begun(access, "videos", wanted)
        urn, parts = self._named(value, "video", access), []
        for url, start, end in self._slices(value, video, access):
            piece = await media.read_range(video.media_id, start, end)
            tag = await self._put(access, url, piece, "application/octet-stream")
            if not tag.strip('"'):
                raise self._odd("did not say what it kept of it", access)
            parts.append(tag.strip('"'))
        finished = {"video": urn, "uploadToken": str(value.get("uploadToken", "")), "uploadedPartIds": parts}
        body = {"finalizeUploadRequest": finished}
        await self._ask(access, "POST", "/rest/videos?action=finalizeUpload", json=body, expect_json=False)
        await self._ready(access, "videos", urn, f"the video {video.name}".rstrip())
        return urn

    def _slices(self, value: Json, video: Video, access: Access) -> list[tuple[str, int, int]]:
        """Where each slice of a video goes, and which of its bytes it is, the end exclusive."""
        found = []
        told_slices = value.get("uploadInstructions")
        for one in told_slices if isinstance(told_slices, list) else ():
            url = self._named(one if isinstance(one, dict) else {}, "uploadUrl", access)
            start, last = one.get("firstByte", 0), one.get("lastByte", video.size - 1)
            if not (isinstance(start, int) and isinstance(last, int) and 0 <= start <= last < video.size):
                raise self._odd("did not say where it goes", access)
            found.append((url, start, last + 1))
        if not found:
            raise self._odd("did not say where it goes", access)
        return found

    async def _begun(self, access: Access, kind: str, wanted: Mapping[str, Any]) -> Json:
        body = {"initializeUploadRequest": dict(wanted)}
        answer = await self._ask(access, "POST", f"/rest/{kind}?action=initializeUpload", json=body)
        return inner(told(answer), "value")

    async def _put(self, access: Access, url: str, data: bytes, mime: str, *, signed: bool = False) -> str:
        """Bring bytes to an address that LinkedIn gave; returns their tag. Slices of videos go without the login."""
        headers = {"content-type": mime}
        if signed:
            headers["Authorization"] = f"Bearer {access.secrets.get('access_token', '')}"
        try:
            answer = await self._sent(access, url, data, headers)
        except Invalid as unusable:  # LinkedIn named an address where we do not go
            raise Rejected(unusable.message, platform=NAME, account=access.handle) from unusable
        return answer.headers.get("etag", "")

    async def _sent(self, access: Access, url: str, data: bytes, headers: Mapping[str, str]) -> Answer:
        return await self._http.ask(
            NAME,
            "PUT",
            url,
            account=access.handle,
            headers=headers,
            content=data,
            timeout=_UPLOAD_TIMEOUT,
            expect_json=False,
        )

    async def _ready(self, access: Access, kind: str, urn: str, what: str) -> None:
        """Wait until LinkedIn has looked through it; where its state may not be read, for a short grace."""
        if kind == "images" and not is_page(access):
            await self._sleep(GRACE.total_seconds())
            return
        until = self._clock.now() + PROCESSING_TAKES
        pause = GRACE.total_seconds()
        while (status := await self._status(access, kind, urn)) != "AVAILABLE":
            if status is None:
                await self._sleep(pause)
                return
            if status == "PROCESSING_FAILED":
                raise Rejected(
                    f"{LABEL} cannot use {what}. Save it anew in another form, or leave it out.",
                    platform=NAME,
                    account=access.handle,
                )
            if self._clock.now() >= until:
                raise Unavailable(
                    f"{LABEL} is still working on {what} of {access.handle}. I try again in a few minutes.",
                    platform=NAME,
                    account=access.handle,
                )
            await self._sleep(pause)
            pause = min(pause * 2, 10)

    async def _status(self, access: Access, kind: str, urn: str) -> str | None:
        """None: this login may upload and not read."""
        try:
            answer = await self._ask(access, "GET", f"/rest/{kind}/{encoded(urn)}")
        except NeedsReconnect as refused:
            if words_of(refused)[0] == 403:
                return None
            raise
        return str(told(answer).get("status", ""))

    def _named(self, value: Json, name: str, access: Access) -> str:
        found = value.get(name)
        if not isinstance(found, str) or not found:
            raise self._odd("did not say where it goes", access)
        return found

    def _odd(self, what: str, access: Access) -> Unavailable:
        words = f"{LABEL} took an upload and {what}. I try again."
        return Unavailable(words, platform=NAME, account=access.handle)


def uses(number: int, part: RenderedPart) -> dict[str, Image | Video]:
    """What a part shows, each under a name for this use of it."""
    shown: list[Image | Video] = [*part.images, *([part.video] if part.video else [])]
    return {f"{number}/{place}/{one.sha256[:16]}": one for place, one in enumerate(shown)}


def thumbnail_name(number: int, url: str) -> str:
    """The name of the picture of a part's link."""
    return f"{number}/card/{hashlib.sha256(url.encode()).hexdigest()[:16]}"


def shown_in(rendered: RenderedPart, media: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the first part shows besides its text, as LinkedIn's `content`; `media` are the uploads."""
    names = list(uses(0, rendered))
    if rendered.video:
        return {"media": {"id": media[names[0]]["urn"], "title": rendered.video.name or "Video"}}
    pictures = [
        {"id": media[name]["urn"]} | ({"altText": image.alt} if image.alt else {})
        for name, image in zip(names, rendered.images, strict=True)
    ]
    if len(pictures) > 1:
        return {"multiImage": {"images": pictures}}
    if pictures:
        return {"media": pictures[0]}
    card = rendered.card
    if card is None:
        return None
    thumbnail = media.get(thumbnail_name(0, card.image))
    described = {"description": card.description} if card.description else {}
    pictured = {"thumbnail": thumbnail["urn"]} if thumbnail else {}
    return {"article": {"source": card.url, "title": card.title} | described | pictured}
