"""LinkedIn: posts of members and of company pages. A member's posts cannot be read back, so a lost answer is a person's to settle.

API: https://learn.microsoft.com/linkedin/marketing/community-management/shares/posts-api (documents read 2026-11-26 in excerpts, nothing
was run live), see `integrations/linkedin_api.py`. Limits: 3,000 characters, counted escaped to be safe; 20 pictures of under 36,152,320
pixels; MP4 of 3 seconds to 30 minutes and 500 MB; comments of 1,250 characters with one picture. There are no threads: the parts after
the first are comments, the first of them on the post, the others as answers to it, because LinkedIn orders comments by liking and
answers by time. Posts a day: unpublished, others saw 100 to 150 (brightbean, ayrshare), so we stop at 100.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from content.errors import Duplicate, OutcomeUnknown, PlatformError, Problem, Rejected
from content.platform import (
    Access,
    Content,
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
    VideoLimits,
)
from content.problems import common_problems
from integrations.http import Answer
from integrations.link_card import read_card
from integrations.linkedin_api import (
    LABEL,
    NAME,
    SETTINGS,
    elements,
    encoded,
    inner,
    is_page,
    listed,
    moment_of,
    scopes_of,
    told,
    words_of,
)
from integrations.linkedin_media import Uploads, shown_in, uses
from integrations.linkedin_problems import comment_problems, picture_problems, setting_problems
from integrations.linkedin_text import mentioned, on_the_wire, same_text, shown
from integrations.text import clean

SPEC = Spec(
    name=NAME,
    label=LABEL,
    limits=Limits(
        text=3000,
        unit="characters",
        images=20,
        image_bytes=20_000_000,
        image_types=frozenset({"image/jpeg", "image/png", "image/gif"}),
        alt_text=4086,
        video=VideoLimits(
            bytes=500_000_000,
            types=frozenset({"video/mp4"}),
            shortest=timedelta(seconds=3),
            longest=timedelta(minutes=30),
        ),
    ),
    daily_cap=100,
    settings=SETTINGS,
)
_CLOCKS_APART = timedelta(minutes=1)
_NEWEST = 50
_URN = re.compile(r"urn:li:(?:share|ugcPost|activity):\d+")
_MEMBER_NUMBERS = {"IMPRESSION": "views", "REACTION": "likes", "COMMENT": "replies", "RESHARE": "reposts"}


class LinkedIn(Uploads):
    """Posts to LinkedIn."""

    @property
    def spec(self) -> Spec:
        """The platform's facts."""
        return SPEC

    # what will go out

    async def resolve(self, content: Content, access: Access) -> Json:
        """Organisations that are mentioned by the name in their page's address, and the card of the first part's link."""
        vanities = dict.fromkeys(name for part in content.parts for name in mentioned(part.text))
        found = {name: await self._organization(access, name) for name in vanities}
        link = _card_link(content.parts[0]) if content.parts else None
        card = await read_card(self._http, NAME, link) if link else None
        kept = {"title": card.title, "description": card.description} if card else {}
        if card and card.image and (picture := await self._picture(card.image)):
            kept |= {"image": card.image, "image_sha256": sha256(picture.body).hexdigest()}
        return {
            "organizations": {name: one for name, one in found.items() if one},
            "cards": {card.url: kept} if card else {},
        }

    def render(self, content: Content, access: Access) -> Rendering:
        """The post as it will go out; its parts after the first are comments."""
        parts = tuple(self._part(part, number, content.resolved) for number, part in enumerate(content.parts))
        settings = _with_kind(content.settings, access)
        return Rendering(NAME, LABEL, access.handle, SPEC.limits, parts, settings, later_parts="comments")

    def _part(self, part: PartContent, number: int, resolved: Json) -> RenderedPart:
        text, spans = shown(clean(part.text), resolved.get("organizations", {}))
        link = _card_link(part) if number == 0 else None
        kept = resolved.get("cards", {}).get(link) if link else None
        if kept and not kept.get("image_sha256"):
            kept = {**kept, "image": ""}  # approved before pictures were bound to the yes: it would be left out
        card = LinkCard(str(link), **kept) if kept else None
        return RenderedPart(text, len(on_the_wire(text, spans)), spans, part.images, card, part.video)

    def problems(self, rendering: Rendering) -> list[Problem]:
        """What LinkedIn would refuse."""
        found = [*common_problems(rendering), *setting_problems(rendering)]
        for number, part in enumerate(rendering.parts, 1):
            where = LABEL if len(rendering.parts) == 1 else f"{LABEL}, part {number}"
            found += picture_problems(where, part)
            if number > 1:
                found += comment_problems(where, part, len(self._comment_text(part)))
        return found

    # publishing

    async def prepare(self, rendering: Rendering, access: Access, media: MediaBytes, handles: Json) -> Prepared:
        """Upload what the parts show, and the picture of the link's card. Recent uploads of an earlier try are used again."""
        return Prepared(rendering, access, {"media": await self._uploaded(rendering, access, media, handles)})

    async def commit(self, prepared: Prepared, part: int, key: str, earlier: Sequence[Published]) -> Published:
        """Post one part, or comment with it. LinkedIn knows no key: never repeat this where the answer was lost."""
        if part > 0:
            return await self._comment(prepared, part, earlier)
        access = prepared.access
        try:
            answer = await self._ask(
                access, "POST", "/rest/posts", write=True, json=self._post(prepared), expect_json=False
            )
        except Rejected as refused:
            raise await self._refused(refused, access) from refused.__cause__
        urn = self._created(answer, access)
        return Published(urn, _url(urn))

    def _post(self, prepared: Prepared) -> dict[str, Any]:
        rendered = prepared.rendering.parts[0]
        post: dict[str, Any] = {
            "author": prepared.access.remote_id,
            "commentary": on_the_wire(rendered.text, rendered.spans),
            "visibility": str(prepared.rendering.settings.get("visibility", "PUBLIC")),
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": [],
                "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": False,
        }
        content = shown_in(rendered, prepared.handles.get("media", {}))
        return post | ({"content": content} if content else {})

    def _created(self, answer: Answer, access: Access) -> str:
        urn = answer.headers.get("x-restli-id") or answer.headers.get("x-linkedin-id") or ""
        if answer.media_type == "text/html" or not urn:
            raise OutcomeUnknown(
                f"LinkedIn answered the post of {access.handle} with something else than where it is. Look at the account before "
                "you send it again.",
                platform=NAME,
                account=access.handle,
            )
        return urn

    async def _comment(self, prepared: Prepared, part: int, earlier: Sequence[Published]) -> Published:
        access, rendered = prepared.access, prepared.rendering.parts[part]
        post = earlier[0].remote_id
        message = {"text": self._comment_text(rendered)}
        body: dict[str, Any] = {"actor": access.remote_id, "object": post, "message": message}
        media = prepared.handles.get("media", {})
        if rendered.images:
            [name] = list(uses(part, rendered))[:1]
            body["content"] = [{"entity": {"image": media[name]["urn"]}}]
        if part > 1:
            body["parentComment"] = earlier[1].remote_id
        path = f"/rest/socialActions/{encoded(post)}/comments"
        answer = await self._ask(access, "POST", path, write=True, json=body, expect_json=False)
        number = str(told(answer).get("id") or "") or self._created(answer, access)
        urn = str(told(answer).get("commentUrn") or f"urn:li:comment:({post},{number})")
        return Published(urn, _url(post), {"post": post, "comment": number})

    def _comment_text(self, rendered: RenderedPart) -> str:
        """As it is sent: whether comments are little text too is not written anywhere, so whoever runs the desk decides."""
        escaping = self._given["comment_escaping"] == "on"
        return on_the_wire(rendered.text, rendered.spans) if escaping else rendered.text

    async def _refused(self, refused: Rejected, access: Access) -> PlatformError:
        """What a refusal of a post means; where it names a post that is there already, it is looked at if that is allowed."""
        status, said = words_of(refused)
        if status not in (400, 409, 422) or "duplicate" not in said.lower():
            return refused
        named = _URN.search(said)
        urn = named[0] if named else ""
        about = {"platform": NAME, "account": access.handle}
        post = await self._shown(access, urn) if urn and self._reads(access) else None
        if post == {}:
            return Rejected(
                f"LinkedIn still remembers a deleted post of {access.handle} with exactly these words. Change them, or wait two days.",
                **about,
            )
        at = f" It is at {_url(urn)}." if urn else ""
        return Duplicate(
            f"LinkedIn has a post of {access.handle} with exactly these words already.{at} Change the words to post them again.",
            **about,
            remote_id=urn,
            url=_url(urn) if urn else "",
            posted_at=moment_of((post or {}).get("createdAt")),
        )

    async def _shown(self, access: Access, urn: str) -> Json | None:
        """What LinkedIn tells of a post, nothing where it is not public; None: it cannot be told now."""
        try:
            answer = await self._ask(access, "GET", f"/rest/posts/{encoded(urn)}", accept={404, 410})
        except PlatformError:
            return None
        post = told(answer)
        return post if answer.status < 400 and post.get("lifecycleState", "PUBLISHED") == "PUBLISHED" else {}

    def _reads(self, access: Access) -> bool:
        """Whether the account's posts can be read with this login."""
        wanted = "r_organization_social" if is_page(access) else "r_member_social"
        return wanted in scopes_of(access)

    def findable(self, access: Access) -> bool:
        """Pages can be read, a member's own posts only with a permission that few apps have."""
        return self._reads(access)

    async def find(
        self, prepared: Prepared, part: int, key: str, since: datetime, earlier: Sequence[Published]
    ) -> Published | None:
        """The part among what can be read; nothing of a member's can, as a rule. A list proves presence, never absence."""
        if not self._reads(prepared.access):
            return None
        if part > 0:
            return await self._find_comment(prepared, part, since, earlier)
        access, rendered = prepared.access, prepared.rendering.parts[0]
        path = f"/rest/posts?q=author&author={encoded(access.remote_id)}&count={_NEWEST}&sortBy=CREATED"
        answer = await self._ask(access, "GET", path, headers={"X-RestLi-Method": "FINDER"})
        for post in elements(answer):
            urn = str(post.get("id", ""))
            if urn and _is_since(post.get("createdAt"), since) and _shows(post, rendered):
                return Published(urn, _url(urn))
        return None

    async def _find_comment(
        self, prepared: Prepared, part: int, since: datetime, earlier: Sequence[Published]
    ) -> Published | None:
        access, rendered, post = prepared.access, prepared.rendering.parts[part], earlier[0].remote_id
        about = earlier[1].remote_id if part > 1 else post
        answer = await self._ask(
            access, "GET", f"/rest/socialActions/{encoded(about)}/comments?start=0&count={_NEWEST}"
        )
        others = {one.remote_id for one in earlier}  # which may look the same
        for one in elements(answer):
            urn, number = str(one.get("commentUrn", "")), str(one.get("id", ""))
            mine = one.get("actor") == access.remote_id and _is_since(inner(one, "created").get("time"), since)
            if urn and urn not in others and mine and _says(one, rendered):
                return Published(urn, _url(post), {"post": post, "comment": number})
        return None

    # afterwards

    async def numbers(self, published: Sequence[Published], access: Access) -> Mapping[str, Numbers]:
        """A page's numbers, or a member's where the login may read them; comments have none."""
        urns = [one.remote_id for one in published if _URN.fullmatch(one.remote_id)]
        if is_page(access):
            return await self._page_numbers(urns, access)
        if "r_member_postAnalytics" not in scopes_of(access):
            return {}
        found = {urn: await self._member_numbers(urn, access) for urn in urns}
        return {urn: numbers for urn, numbers in found.items() if numbers is not None}

    async def _page_numbers(self, urns: list[str], access: Access) -> Mapping[str, Numbers]:
        found: dict[str, Numbers] = {}
        if not self._reads(access):
            return found
        start = f"/rest/organizationalEntityShareStatistics?q=organizationalEntity&organizationalEntity={encoded(access.remote_id)}"
        for kind, named, parameter in (("share", "share", "shares"), ("ugcPost", "ugcPost", "ugcPosts")):
            asked = [urn for urn in urns if urn.startswith(f"urn:li:{kind}:")]
            if not asked:
                continue
            for one in elements(await self._ask(access, "GET", f"{start}&{parameter}={listed(asked)}")):
                urn, told_of = str(one.get(named, "")), inner(one, "totalShareStatistics")
                if urn in asked:
                    counts = (told_of.get(f"{name}Count") for name in ("like", "comment", "share", "impression"))
                    found[urn] = Numbers(*(count if isinstance(count, int) else None for count in counts))
        # a post that nobody has looked at yet is missing from the answer, as is one that is gone
        quiet = [urn for urn in urns if urn not in found and await self._shown(access, urn) != {}]
        return found | {urn: Numbers() for urn in quiet}

    async def _member_numbers(self, urn: str, access: Access) -> Numbers | None:
        """One request a metric; what is not told stays so. None: every one of them was refused."""
        entity = "share" if ":share:" in urn else "ugc"
        counts: dict[str, int] = {}
        refusals = 0
        for metric, ours in _MEMBER_NUMBERS.items():
            path = f"/rest/memberCreatorPostAnalytics?q=entity&queryType={metric}&aggregation=TOTAL&entity=({entity}:{encoded(urn)})"
            try:
                told_of = elements(await self._ask(access, "GET", path))
            except Rejected as refused:
                if words_of(refused)[0] == 426:
                    raise
                refusals, told_of = refusals + 1, []
            for one in told_of:
                if isinstance(one.get("count"), int):
                    counts[ours] = one["count"]
        return Numbers(**counts) if refusals < len(_MEMBER_NUMBERS) else None

    async def followers(self, access: Access) -> int | None:
        """How many follow a page; of a member it is not told."""
        if not (is_page(access) and self._reads(access)):
            return None
        path = f"/rest/networkSizes/{encoded(access.remote_id)}?edgeType=COMPANY_FOLLOWED_BY_MEMBER"
        size = told(await self._ask(access, "GET", path)).get("firstDegreeSize")
        return size if isinstance(size, int) else None

    async def remove(self, published: Published, access: Access) -> None:
        """Delete a post, or a comment."""
        path = f"/rest/posts/{encoded(published.remote_id)}"
        if "comment" in published.facts:
            post, number = str(published.facts["post"]), str(published.facts["comment"])
            path = f"/rest/socialActions/{encoded(post)}/comments/{encoded(number)}?actor={encoded(access.remote_id)}"
        await self._ask(access, "DELETE", path, accept={404, 410}, expect_json=False)


def _url(urn: str) -> str:
    return f"https://www.linkedin.com/feed/update/{urn}/"


def _card_link(part: PartContent) -> str | None:
    """The link that a card would be about; what shows pictures or a video has none."""
    if part.images or part.video:
        return None
    _, spans = shown(clean(part.text), {})
    return next((span.target for span in spans if span.kind == "link"), None)


def _with_kind(settings: Json, access: Access) -> Json:
    return {**settings, "page": True} if is_page(access) else settings


def _is_since(milliseconds: object, since: datetime) -> bool:
    at = moment_of(milliseconds)
    return at is not None and at >= since - _CLOCKS_APART


def _shows(post: Json, wanted: RenderedPart) -> bool:
    content = inner(post, "content")
    several = inner(content, "multiImage").get("images")
    count = len(several) if isinstance(several, list) else int("media" in content)
    shown_here = len(wanted.images) + (1 if wanted.video else 0)
    return count == shown_here and same_text(wanted.text, wanted.spans, str(post.get("commentary", "")))


def _says(comment: Json, wanted: RenderedPart) -> bool:
    pictures = comment.get("content")
    count = len(pictures) if isinstance(pictures, list) else 0
    text = str(inner(comment, "message").get("text", ""))
    return count == len(wanted.images) and same_text(wanted.text, wanted.spans, text)
