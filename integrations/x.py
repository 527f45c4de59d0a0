"""X, once Twitter. Every post costs, nothing prevents doubles but X's own refusal of the same words, and reads cost too.

API: https://docs.x.com/x-api (documents read 2026-11-26, nothing was run live), see `integrations/x_api.py`.
Limits: 280 as X counts (`integrations/x_text.py`); 4 images of 5 MB or one GIF of 15 MB or one video of 512 MB and 0.5 to 140
seconds (https://docs.x.com/x-api/media/quickstart/best-practices); descriptions of 1,000 characters; one cashtag a post and no
quotes on self-serve plans (https://docs.x.com/x-api/posts/manage-tweets/introduction). Prices: $0.015 a post, $0.20 with a link
(https://docs.x.com/x-api/getting-started/pricing). The account's own cap of about 2,400 posts a day is far above ours.
"""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from content.errors import Duplicate, OutcomeUnknown, PlatformError, Problem, Rejected, Unavailable
from content.platform import (
    Access,
    Content,
    Json,
    Limits,
    MediaBytes,
    Numbers,
    PartContent,
    Prepared,
    Published,
    RenderedPart,
    Rendering,
    Spec,
    Video,
    VideoLimits,
)
from content.problems import common_problems
from content.times import instant
from integrations.http import Answer
from integrations.text import clean
from integrations.x_api import LABEL, NAME, SETTINGS, data_of, detail_of, told
from integrations.x_media import Uploads, uses
from integrations.x_text import cashtags, same_text, spans_of, weighted

SPEC = Spec(
    name=NAME,
    label=LABEL,
    limits=Limits(
        text=280,
        unit="characters as X counts them",
        images=4,
        image_bytes=15_000_000,
        image_types=frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"}),
        alt_text=1000,
        video=VideoLimits(
            bytes=512_000_000,
            types=frozenset({"video/mp4", "video/quicktime"}),
            shortest=timedelta(seconds=0.5),
            longest=timedelta(seconds=140),
        ),
    ),
    settings=SETTINGS,
)
STILL_BYTES = 5_000_000
"""Most bytes of a picture that does not move."""
SIDE = (32, 1280)
"""Least and most pixels of a video's sides; the shorter may have 1,024 at most."""
SHORT_SIDE = 1024
POSTS_AT_ONCE = 100
_PAGES = 5
_CLOCKS_APART = timedelta(minutes=1)
_FOUND_BY = "conversation_id,entities,attachments,created_at"


class X(Uploads):
    """Posts to X."""

    @property
    def spec(self) -> Spec:
        """The platform's facts."""
        return SPEC

    def profile(self, access: Access) -> str:
        """The account's page."""
        return f"https://x.com/{access.handle}"

    # what will go out

    def render(self, content: Content, access: Access) -> Rendering:
        """The post as it will go out, counted as X counts, with what it costs."""
        parts = tuple(self._part(part) for part in content.parts)
        return Rendering(NAME, LABEL, access.handle, SPEC.limits, parts, content.settings)

    def _part(self, part: PartContent) -> RenderedPart:
        text = clean(part.text)
        spans = spans_of(text)
        price = "cost_link_mills" if any(span.kind == "link" for span in spans) else "cost_post_mills"
        return RenderedPart(
            text,
            weighted(text, spans),
            spans,
            part.images,
            video=part.video,
            cost_mills=int(self._given[price]) if self._given[price].isdigit() else 0,
        )

    def problems(self, rendering: Rendering) -> list[Problem]:
        """What X would refuse."""
        found = common_problems(rendering)
        for number, part in enumerate(rendering.parts, 1):
            where = LABEL if len(rendering.parts) == 1 else f"{LABEL}, part {number}"
            found += _picture_problems(where, part)
            found += _video_problems(where, part.video)
            if len(cashtags(part.text)) > 1:
                tags = " and ".join(cashtags(part.text))
                found.append(Problem(where, f"{tags}: X takes one cashtag a post.", "Leave one, write the others out."))
        return found

    # publishing

    async def prepare(self, rendering: Rendering, access: Access, media: MediaBytes, handles: Json) -> Prepared:
        """Upload pictures and videos, described. Uploads of an earlier try are used again while X keeps them."""
        return Prepared(rendering, access, {"media": await self._uploaded(rendering, access, media, handles)})

    async def commit(self, prepared: Prepared, part: int, key: str, earlier: Sequence[Published]) -> Published:
        """Post one part. X knows no key: never repeat this where the answer was lost."""
        access, rendered = prepared.access, prepared.rendering.parts[part]
        body: dict[str, Any] = {"text": rendered.text}
        media = prepared.handles.get("media", {})
        if ids := [media[name]["id"] for name in uses(part, rendered)]:
            body["media"] = {"media_ids": ids}
        if earlier:
            body["reply"] = {"in_reply_to_tweet_id": earlier[-1].remote_id}
        try:
            answer = await self._ask(access, "POST", "/tweets", write=True, json=body)
        except Rejected as refused:
            raise await self._refused(refused, prepared, part, earlier) from refused.__cause__
        return self._published(answer, access)

    def _published(self, answer: Answer, access: Access) -> Published:
        post_id = data_of(answer).get("id")
        if isinstance(post_id, str) and post_id:
            return Published(post_id, _url(access, post_id))
        why = _first_error(told(answer))
        if why:
            raise Rejected(
                f"X did not take the post: “{why}”. Change it and try again.", platform=NAME, account=access.handle
            )
        raise OutcomeUnknown(
            f"X took the post of {access.handle} and did not say where it is. Look at the account before you send it again.",
            platform=NAME,
            account=access.handle,
        )

    async def _refused(
        self, refused: Rejected, prepared: Prepared, part: int, earlier: Sequence[Published]
    ) -> PlatformError:
        """What a refusal of a post means; what X has already is looked for, once."""
        status, said = detail_of(refused)
        about = {"platform": NAME, "account": prepared.access.handle}
        if status == 403 and "duplicate" in said:
            return await self._duplicate(prepared, part, earlier)
        if earlier and "deleted or not visible" in said:
            return Unavailable("X does not see the part before this one yet. I go on in a moment.", **about)
        if earlier and "reply to this conversation is not allowed" in said:
            return Rejected(
                f"X does not let the desk's app answer its own post, so {len(earlier)} of {len(prepared.rendering.parts)} parts are "
                "live and the rest is not. Post the rest by hand, or put it into one post with pictures.",
                **about,
            )
        return refused

    async def _duplicate(self, prepared: Prepared, part: int, earlier: Sequence[Published]) -> Duplicate:
        twin = None
        with contextlib.suppress(PlatformError):  # where it cannot be looked up the refusal stands all the same
            twin = await self._among(prepared, part, earlier, {"max_results": str(POSTS_AT_ONCE)})
        at = f" It is at {_url(prepared.access, str(twin['id']))}." if twin else ""
        return Duplicate(
            f"X has a post of {prepared.access.handle} with exactly these words already.{at} Change the words to post them again.",
            platform=NAME,
            account=prepared.access.handle,
            remote_id=str(twin["id"]) if twin else "",
            url=_url(prepared.access, str(twin["id"])) if twin else "",
            posted_at=_posted_at(twin) if twin else None,
        )

    def findable(self, access: Access) -> bool:
        """Every account's own posts can be read."""
        return True

    async def find(
        self, prepared: Prepared, part: int, key: str, since: datetime, earlier: Sequence[Published]
    ) -> Published | None:
        """The part among the account's posts since the attempt; a list proves presence, never absence."""
        start = (since - _CLOCKS_APART).astimezone(UTC)
        params = {"max_results": str(POSTS_AT_ONCE), "start_time": f"{start:%Y-%m-%dT%H:%M:%SZ}"}
        found = await self._among(prepared, part, earlier, params, pages=_PAGES)
        return Published(str(found["id"]), _url(prepared.access, str(found["id"]))) if found else None

    async def _among(
        self, prepared: Prepared, part: int, earlier: Sequence[Published], params: Mapping[str, str], pages: int = 1
    ) -> Json | None:
        """The newest post that is this part, as X tells it."""
        access, rendered = prepared.access, prepared.rendering.parts[part]
        root = earlier[0].remote_id if earlier else None
        known = {one.remote_id for one in earlier}  # two parts of a thread may say the same
        for _ in range(pages):
            page = await self._read(access, f"/users/{access.remote_id}/tweets", params, _FOUND_BY)
            for post in _posts(page):
                if post["id"] not in known and _matches(post, rendered, root):
                    return post
            following = page.get("meta", {}).get("next_token") if isinstance(page.get("meta"), dict) else None
            if not following:
                return None
            params = {**params, "pagination_token": str(following)}
        return None

    # afterwards

    async def numbers(self, published: Sequence[Published], access: Access) -> Mapping[str, Numbers]:
        """Public numbers; X tells an account's own posts to it, and answers about each post on its own."""
        found = {}
        ids = [part.remote_id for part in published if part.remote_id]
        for start in range(0, len(ids), POSTS_AT_ONCE):
            asked = {"ids": ",".join(ids[start : start + POSTS_AT_ONCE])}
            for post in _posts(await self._read(access, "/tweets", asked, "public_metrics")):
                found[str(post["id"])] = _numbers(post.get("public_metrics"))
        return found

    async def followers(self, access: Access) -> int | None:
        """How many follow the account."""
        me = data_of(await self._ask(access, "GET", "/users/me", params={"user.fields": "public_metrics"}))
        metrics = me.get("public_metrics")
        return _count(metrics, "followers_count") if isinstance(metrics, dict) else None

    async def remove(self, published: Published, access: Access) -> None:
        """Delete one post."""
        await self._ask(access, "DELETE", f"/tweets/{published.remote_id}", accept={404}, expect_json=False)


def _url(access: Access, post_id: str) -> str:
    return f"https://x.com/{access.handle}/status/{post_id}"


def _posted_at(post: Json) -> datetime | None:
    try:
        return instant(datetime.fromisoformat(str(post.get("created_at"))))
    except ValueError:
        return None


def _posts(page: Json) -> list[Json]:
    data = page.get("data")
    return [one for one in data if isinstance(one, dict) and "id" in one] if isinstance(data, list) else []


def _matches(post: Json, wanted: RenderedPart, root: str | None) -> bool:
    """Whether a post says and shows this, in the thread that `root` began; both spellings of the API tell the thread."""
    attachments = post.get("attachments")
    keys = attachments.get("media_keys") if isinstance(attachments, dict) else None
    shown = len(wanted.images) + (1 if wanted.video else 0)
    return (
        post.get("conversation_id") in ((None, post["id"]) if root is None else (root,))
        and len(keys if isinstance(keys, list) else ()) == shown
        and same_text(wanted.text, wanted.spans, post)
    )


def _numbers(metrics: Any) -> Numbers:
    if not isinstance(metrics, dict):
        return Numbers()
    reposts = _count(metrics, "repost_count", "retweet_count")
    quotes = _count(metrics, "quote_count")
    return Numbers(
        likes=_count(metrics, "like_count"),
        replies=_count(metrics, "reply_count"),
        reposts=None if reposts is None else reposts + (quotes or 0),
        views=_count(metrics, "impression_count"),
    )


def _count(metrics: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = metrics.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def _first_error(body: Json) -> str:
    errors = body.get("errors")
    for one in errors if isinstance(errors, list) else ():
        if isinstance(one, dict) and (one.get("detail") or one.get("message") or one.get("title")):
            return str(one.get("detail") or one.get("message") or one["title"])[:200].rstrip(".")
    return ""


def _picture_problems(where: str, part: RenderedPart) -> list[Problem]:
    found = []
    for number, image in enumerate(part.images, 1):
        named = f"{where}, image {number}" + (f" ({image.name})" if image.name else "")
        if image.mime == "image/gif" and len(part.images) > 1:
            found.append(Problem(named, "a GIF stands among other images.", "Post it alone, or use a PNG instead."))
        if image.mime != "image/gif" and image.size > STILL_BYTES:
            sizes = f"{image.size / 1e6:.1f} MB, {STILL_BYTES / 1e6:.1f} MB allowed."
            found.append(Problem(named, sizes, "Use a smaller file."))
    return found


def _video_problems(where: str, video: Video | None) -> list[Problem]:
    if video is None:
        return []
    named = f"{where}, video" + (f" ({video.name})" if video.name else "")
    found = []
    short, long = sorted((video.width, video.height))
    if short < SIDE[0] or long > SIDE[1] or short > SHORT_SIDE:
        found.append(
            Problem(
                named, f"it has {video.width} × {video.height} pixels.", "Use 32 × 32 to 1280 × 1024, either way round."
            )
        )
    if short and long / short > 3:
        found.append(Problem(named, "it is more than three times as long as it is wide.", "Crop it."))
    return found
