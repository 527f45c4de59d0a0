"""Uploads to X: pictures in one request, videos and large animations in pieces; each is processed there before it can be used.

Source: https://docs.x.com/x-api/media/quickstart/media-upload-chunked and /best-practices, OpenAPI 2.167 (read 2026-11-26). An
upload is kept about a day; nothing of it is public.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from content.errors import Rejected, Unavailable
from content.platform import Access, Image, Json, MediaBytes, RenderedPart, Rendering, Video
from content.times import Clock
from integrations.http import Answer, Http
from integrations.x_api import NAME, data_of
from integrations.x_login import XLogin

PIECE = 4 * 1024 * 1024
"""Bytes of a piece; X takes up to 5 MB, and 1,000 pieces."""
PROCESSING_TAKES = timedelta(minutes=10)
KEPT = timedelta(hours=24)
MARGIN = timedelta(hours=1)
"""An upload with less than this left is made anew."""
LARGE_GIF = 5_000_000
_UPLOAD_TIMEOUT = timedelta(seconds=120)

Sleep = Callable[[float], Awaitable[None]]


class Uploads(XLogin):
    """Brings what a post shows to X."""

    def __init__(self, http: Http, clock: Clock, given: Mapping[str, str], sleep: Sleep = asyncio.sleep) -> None:
        super().__init__(http, clock, given)
        self._sleep = sleep

    async def _uploaded(self, rendering: Rendering, access: Access, media: MediaBytes, handles: Json) -> dict[str, Any]:
        """Every upload by the name of its use: `id`, and `until` when X forgets it; those of an earlier try that still last."""
        kept: Mapping[str, Any] = handles.get("media", {})
        uploaded = {}
        for number, part in enumerate(rendering.parts):
            for name, one in uses(number, part).items():
                earlier = kept.get(name)
                if earlier and datetime.fromisoformat(earlier["until"]) - self._clock.now() > MARGIN:
                    uploaded[name] = earlier
                else:
                    uploaded[name] = await self._upload(access, one, media)
        return uploaded

    async def _upload(self, access: Access, one: Image | Video, media: MediaBytes) -> dict[str, str]:
        large = isinstance(one, Video) or (one.mime == "image/gif" and one.size > LARGE_GIF)
        answer = await (self._in_pieces(access, one, media) if large else self._at_once(access, one, media))
        media_id = self._id(answer, access)
        await self._processed(access, media_id, data_of(answer), one)
        if one.alt and not isinstance(one, Video):
            described = {"id": media_id, "metadata": {"alt_text": {"text": one.alt}}}
            await self._ask(access, "POST", "/media/metadata", json=described)
        lasts = _seconds(data_of(answer).get("expires_after_secs"), KEPT)
        return {"id": media_id, "until": (self._clock.now() + lasts).isoformat()}

    async def _at_once(self, access: Access, one: Image | Video, media: MediaBytes) -> Answer:
        category = "tweet_gif" if one.mime == "image/gif" else "tweet_image"
        file = (f"image.{one.mime.partition('/')[2]}", await media.read(one.media_id), one.mime)
        given = {"media_category": category}
        return await self._ask(
            access, "POST", "/media/upload", files={"media": file}, data=given, timeout=_UPLOAD_TIMEOUT
        )

    async def _in_pieces(self, access: Access, one: Image | Video, media: MediaBytes) -> Answer:
        category = "tweet_video" if isinstance(one, Video) else "tweet_gif"
        wanted = {"media_type": one.mime, "total_bytes": one.size, "media_category": category}
        begun = await self._ask(access, "POST", "/media/upload/initialize", json=wanted)
        path = f"/media/upload/{self._id(begun, access)}"
        for index, start in enumerate(range(0, one.size, PIECE)):
            piece = await media.read_range(one.media_id, start, min(start + PIECE, one.size))
            await self._ask(
                access,
                "POST",
                f"{path}/append",
                files={"media": ("piece", piece, "application/octet-stream")},
                data={"segment_index": str(index)},
                timeout=_UPLOAD_TIMEOUT,
                expect_json=False,
            )
        return await self._ask(access, "POST", f"{path}/finalize")

    async def _processed(self, access: Access, media_id: str, status: Json, one: Image | Video) -> None:
        """Wait until X has looked through it."""
        until = self._clock.now() + PROCESSING_TAKES
        while isinstance(info := status.get("processing_info"), dict) and info.get("state") != "succeeded":
            if info.get("state") == "failed":
                raise self._unusable(info, access, one)
            if self._clock.now() >= until:
                raise Unavailable(
                    f"X is still working on {_named(one)} of {access.handle}. I try again in a few minutes.",
                    platform=NAME,
                    account=access.handle,
                )
            await self._sleep(_seconds(info.get("check_after_secs"), timedelta(seconds=2)).total_seconds())
            asked = {"command": "STATUS", "media_id": media_id}
            status = data_of(await self._ask(access, "GET", "/media/upload", params=asked))

    def _unusable(self, info: Json, access: Access, one: Image | Video) -> Rejected:
        error = info.get("error")
        why = str(error.get("message") or error.get("name") or "") if isinstance(error, dict) else ""
        said = f": “{why[:200].rstrip('.')}”" if why else ""
        return Rejected(
            f"X cannot use {_named(one)}{said}. Save it anew in another form, or leave it out.",
            platform=NAME,
            account=access.handle,
        )

    def _id(self, answer: Answer, access: Access) -> str:
        media_id = data_of(answer).get("id")
        if not isinstance(media_id, str) or not media_id:
            raise Unavailable(
                "X took an upload and did not name it. I try again.", platform=NAME, account=access.handle
            )
        return media_id


def uses(number: int, part: RenderedPart) -> dict[str, Image | Video]:
    """What a part shows, each under a name for this use of it with this description."""
    shown: list[Image | Video] = [*part.images, *([part.video] if part.video else [])]
    return {f"{number}/{place}/{one.sha256[:16]}/{_digest(one.alt)}": one for place, one in enumerate(shown)}


def _digest(alt: str) -> str:
    return hashlib.sha256(alt.encode()).hexdigest()[:16]


def _named(one: Image | Video) -> str:
    kind = "the video" if isinstance(one, Video) else "the picture"
    return f"{kind} {one.name}".rstrip()


def _seconds(told: object, otherwise: timedelta) -> timedelta:
    if isinstance(told, bool) or not isinstance(told, int | float) or told <= 0:
        return otherwise
    return timedelta(seconds=min(float(told), KEPT.total_seconds()))
