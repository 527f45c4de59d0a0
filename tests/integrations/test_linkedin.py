"""LinkedIn: members and pages, what is sent, what its refusals mean, what may be read back, and how long a login lasts."""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from content.connecting import Connected
from content.errors import Duplicate, NeedsReconnect, OutcomeUnknown, PlatformError, RateLimited, Rejected, Unavailable
from content.platform import (
    Access,
    Content,
    Image,
    Json,
    LinkCard,
    Numbers,
    PartContent,
    Prepared,
    Published,
    Rendering,
    Video,
)
from integrations.http import Http
from integrations.linkedin import LinkedIn
from integrations.linkedin_api import sunset_of
from tests.fakes.clock import FakeClock
from tests.servers.linkedin import CLIENT_SECRET, FOR_PAGES, MEMBER, READS_OWN, SELF_SERVE, SLICE, LinkedInServer
from tests.servers.running import serving

CALLBACK = "https://desk.example.org/connect/back"
PAGE = "urn:li:organization:77"
FILM = bytes(range(256)) * (2 * SLICE // 256) + b"the end"
SIZES = {"image/png": b"not really a picture", "video/mp4": FILM}


def image(alt: str = "A boat", **more: Any) -> Image:
    data = SIZES["image/png"]
    given: dict[str, Any] = {"size": len(data), "width": 8, "height": 8, "name": "boat.png"} | more
    return Image("image/png", hashlib.sha256(data).hexdigest() + alt[:1], "image/png", alt=alt, **given)


def film(**more: Any) -> Video:
    given: dict[str, Any] = {"size": len(FILM), "width": 1280, "height": 720, "seconds": 12.0, "codec": "h264"} | more
    return Video("video/mp4", hashlib.sha256(FILM).hexdigest(), "video/mp4", name="film.mp4", **given)


class Media:
    async def read(self, media_id: str) -> bytes:
        return SIZES[media_id]

    async def read_range(self, media_id: str, start: int, end: int) -> bytes:
        return SIZES[media_id][start:end]


@dataclass
class Desk:
    server: LinkedInServer
    http: Http
    clock: FakeClock
    slept: list[float] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)
    known: dict[str, Access] = field(default_factory=dict)

    @property
    def platform(self) -> LinkedIn:
        return LinkedIn(self.http, self.clock, self.server.given | self.given, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.move(timedelta(seconds=seconds))

    async def connected(self, scopes: str = "") -> Sequence[Connected]:
        self.server.scopes = scopes or self.server.scopes
        asked = await self.platform.start({}, CALLBACK, "a-state")
        return await self.platform.finish(asked.keep, await self.server.walk(asked.url), CALLBACK)

    async def access(self, who: str = MEMBER) -> Access:
        """The login of a member, or of a page; made once."""
        if who not in self.known:
            found = await self.connected(FOR_PAGES if who == PAGE else "")
            self.known |= {one.identity.remote_id: access_of(one) for one in found}
        return self.known[who]

    async def prepared(self, *parts: PartContent, who: str = MEMBER, handles: Json | None = None) -> Prepared:
        rendering = await self.resolved(*parts, who=who)
        return await self.platform.prepare(rendering, await self.access(who), Media(), handles or {})

    async def resolved(self, *parts: PartContent, who: str = MEMBER) -> Rendering:
        """As it is when the post is written."""
        access, content = await self.access(who), Content(parts)
        content = replace(content, resolved=await self.platform.resolve(content, access))
        return self.platform.render(content, access)

    async def posted(self, *parts: PartContent, who: str = MEMBER) -> tuple[Prepared, list[Published]]:
        prepared = await self.prepared(*parts, who=who)
        done: list[Published] = []
        for number in range(len(parts)):
            done.append(await self.platform.commit(prepared, number, "key", done))
        return prepared, done

    def rendered(self, *parts: PartContent, settings: Json | None = None, who: str = MEMBER) -> Rendering:
        return self.platform.render(Content(parts, settings or {}), Access("a", "linkedin", who, "Ana", ""))

    def problems(self, *parts: PartContent, settings: Json | None = None, who: str = MEMBER) -> list[str]:
        return [str(one) for one in self.platform.problems(self.rendered(*parts, settings=settings, who=who))]


def access_of(connected: Connected) -> Access:
    who, login = connected.identity, connected.login
    return Access("a", "linkedin", who.remote_id, who.handle, "", connected.facts, login.secrets, login.expires_at)


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    clock = FakeClock()
    server, http = LinkedInServer(clock), Http(clock=clock, allowed_private_hosts=["127.0.0.1"])
    async with serving(server.app) as server.url:
        yield Desk(server, http, clock)


# connecting


def test_what_is_missing_is_said_in_five_steps() -> None:
    clock = FakeClock()
    steps = LinkedIn(Http(clock=clock), clock, {"client_id": "i"}).setup(CALLBACK)
    assert len(steps) == 5
    assert CALLBACK in steps[3]
    assert "COPYDESK_LINKEDIN_CLIENT_SECRET" in steps[4]
    whole = LinkedIn(Http(clock=clock), clock, {"client_id": "i", "client_secret": "s"})
    assert whole.setup(CALLBACK) == ()
    assert whole.form() == ()


async def test_a_member_alone_is_offered_without_the_permission_for_pages(desk: Desk) -> None:
    [member] = await desk.connected(SELF_SERVE)
    assert (member.identity.remote_id, member.identity.handle, member.identity.kind) == (MEMBER, "Ana Smith", "")
    assert set(member.scopes) == set(SELF_SERVE.split())
    assert set(member.facts["scopes"]) == set(member.scopes)


@pytest.mark.parametrize("old", [True, False])
async def test_the_pages_somebody_runs_are_offered_too(desk: Desk, *, old: bool) -> None:
    desk.server.old_acls = old
    found = [
        (one.identity.remote_id, one.identity.handle, one.identity.kind) for one in await desk.connected(FOR_PAGES)
    ]
    assert found == [
        (MEMBER, "Ana Smith", ""),
        (PAGE, "Acme", "page"),
        ("urn:li:organization:78", "Shop & Co", "page"),
    ]


async def test_pages_whose_names_cannot_be_read_are_numbered_and_unreadable_lists_leave_the_member(desk: Desk) -> None:
    desk.server.faults.add("/rest/organizations", "status:500")
    assert [one.identity.handle for one in await desk.connected(FOR_PAGES)] == ["Ana Smith", "Page 77", "Page 78"]
    desk.server.faults.add("/rest/organizationAcls", "status:403")
    desk.server.faults.add("/v2/organizationalEntityAcls", "status:403")
    assert [one.identity.handle for one in await desk.connected(FOR_PAGES)] == ["Ana Smith"]


async def test_a_scope_the_app_lacks_is_linkedins_own_refusal(desk: Desk) -> None:
    desk.server.app_scopes = set(SELF_SERVE.split())
    with pytest.raises(Rejected, match="Scope r_organization_social is not authorized for your application"):
        await desk.connected(FOR_PAGES)


async def test_a_cancelled_login_can_be_tried_again(desk: Desk) -> None:
    asked = await desk.platform.start({}, CALLBACK, "a-state")
    assert asked.asks == ("see who you are", "post, comment and upload for you", "read your own posts")
    with pytest.raises(Rejected, match="Try again"):
        await desk.platform.finish(asked.keep, await desk.server.walk(asked.url, allow=False), CALLBACK)


@pytest.mark.parametrize("me", [{}, {"sub": ""}, {"sub": 5}])
async def test_an_answer_that_names_nobody_connects_nobody(desk: Desk, me: Json) -> None:
    desk.server.instead["/v2/userinfo"] = me
    with pytest.raises(Unavailable, match="whose login"):
        await desk.connected()


@pytest.mark.parametrize(
    ("me", "name"), [({"sub": "A"}, "A"), ({"sub": "A", "given_name": "Ana", "family_name": "Smith"}, "Ana Smith")]
)
async def test_a_member_without_a_name_is_called_something(desk: Desk, me: Json, name: str) -> None:
    desk.server.instead["/v2/userinfo"] = me
    assert (await desk.connected())[0].identity.handle == name


async def test_a_login_that_nobody_may_renew_ends_after_sixty_days(desk: Desk) -> None:
    desk.server.renewable = False
    [member] = await desk.connected()
    assert (member.login.expires_at, member.login.ends_at) == (None, desk.clock.now() + timedelta(days=60))
    with pytest.raises(NeedsReconnect, match="nobody but its person"):
        await desk.platform.refresh(access_of(member))
    desk.clock.move(timedelta(days=60, seconds=1))
    with pytest.raises(NeedsReconnect):
        await desk.platform.check(access_of(member))


async def test_a_login_of_a_partner_is_renewed_until_its_year_is_over(desk: Desk) -> None:
    [member] = await desk.connected()
    assert member.login.expires_at == desk.clock.now() + timedelta(days=60)
    assert member.login.ends_at == desk.clock.now() + timedelta(days=365)
    fresh = await desk.platform.refresh(access_of(member))
    assert fresh.secrets["refresh_token"] == member.login.secrets["refresh_token"]
    desk.server.login_list.clear()
    with pytest.raises(NeedsReconnect):
        await desk.platform.refresh(access_of(member))


async def test_consenting_anew_ends_the_older_login(desk: Desk) -> None:
    desk.server.consent_ends_older = True
    [old] = await desk.connected()
    [new] = await desk.connected()
    with pytest.raises(NeedsReconnect):
        await desk.platform.check(access_of(old))
    await desk.platform.check(access_of(new))
    await desk.platform.revoke(access_of(new))
    await desk.platform.revoke(replace(access_of(new), secrets={}))


async def test_a_page_says_who_it_is(desk: Desk) -> None:
    page = await desk.access(PAGE)
    assert (await desk.platform.check(page)).identity.handle == "Acme"
    assert desk.platform.profile(page) == "https://www.linkedin.com/company/77"
    assert desk.platform.profile(await desk.access()) == "https://www.linkedin.com/in/me/recent-activity/all/"
    desk.server.faults.add("/rest/organizations", "status:403")
    assert (await desk.platform.check(page)).identity.handle == "Acme"


# the version


@pytest.mark.parametrize(
    ("version", "ends"),
    [
        ("202511", date(2026, 11, 16)),
        ("202608", date(2027, 8, 15)),
        ("202613", None),
        ("2026", None),
        ("20268", None),
        ("soon", None),
    ],
)
def test_a_version_lives_about_a_year(version: str, ends: date | None) -> None:
    assert sunset_of(version) == ends


@pytest.mark.parametrize(
    ("version", "ok", "words"),
    [
        ("202608", True, "until about 15 August 2027."),
        ("202601", None, "until 15 January 2027. Set COPYDESK_LINKEDIN_VERSION"),
        ("202511", False, "until 16 November 2026. Set COPYDESK_LINKEDIN_VERSION"),
        ("newest", False, "no version “newest”"),
    ],
)
def test_doctor_says_how_long_the_version_is_answered(version: str, words: str, *, ok: bool | None) -> None:
    clock = FakeClock()
    given = {"client_id": "i", "client_secret": "s", "version": version}
    [finding] = LinkedIn(Http(clock=clock), clock, given).examine()
    assert finding.ok is ok
    assert words in finding.words
    assert LinkedIn(Http(clock=clock), clock, {}).examine() == []


async def test_a_version_that_has_ended_names_the_setting(desk: Desk) -> None:
    desk.given = {"version": "202501"}
    with pytest.raises(Rejected, match="COPYDESK_LINKEDIN_VERSION"):
        await desk.posted(PartContent("Old"))


# what will go out


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((PartContent("(" * 1501),), "3002 of 3000 characters"),
        ((PartContent("a", (image(),) * 21),), "21 images, 20 allowed"),
        ((PartContent("a", (image(width=6013, height=6013),)),), "6013 × 6013 pixels"),
        ((PartContent("a", (image(width=9000, height=9000, name=""),)),), "image 1: it has 9000"),
        ((PartContent("a", video=film(seconds=2.0)),), "3 seconds to 30 minutes"),
        ((PartContent("a"), PartContent("b" * 1251)), "1251 of 1250 characters, 1 too many"),
        ((PartContent("a"), PartContent("b", (image(), image("Other")))), "a comment with 2 images"),
        ((PartContent("a"), PartContent("b", video=film())), "a comment with a video"),
    ],
)
def test_what_linkedin_would_refuse_is_said_before(desk: Desk, parts: tuple[PartContent, ...], words: str) -> None:
    assert any(words in problem for problem in desk.problems(*parts)), desk.problems(*parts)


def test_settings_that_cannot_be_are_refused(desk: Desk) -> None:
    part = PartContent("a")
    assert desk.problems(part, settings={"visibility": "CONNECTIONS"}) == []
    assert "is no visibility" in desk.problems(part, settings={"visibility": "SECRET"})[0]
    assert "a page's posts are public" in desk.problems(part, settings={"visibility": "CONNECTIONS"}, who=PAGE)[0]


async def test_a_post_is_sent_as_it_was_shown(desk: Desk) -> None:
    text = "We (really) open #today at *7* – ask me@example.org"
    prepared, [published] = await desk.posted(PartContent(text))
    [post] = desk.server.posts()
    assert post.text == text == prepared.rendering.parts[0].text
    assert published.url == f"https://www.linkedin.com/feed/update/{published.remote_id}/"
    assert desk.server.seen[-1].body["visibility"] == "PUBLIC"


async def test_an_organisation_is_mentioned_by_the_name_in_its_pages_address(desk: Desk) -> None:
    prepared, _ = await desk.posted(PartContent("Thanks @acme and @nobody"), who=PAGE)
    assert prepared.rendering.parts[0].text == "Thanks Acme and @nobody"
    assert desk.server.seen[-1].body["commentary"] == r"Thanks @[Acme](urn:li:organization:77) and \@nobody"
    desk.server.faults.add("/rest/organizations", "status:500")
    assert (await desk.prepared(PartContent("@acme"), who=PAGE)).rendering.parts[0].text == "@acme"
    desk.server.instead["/rest/organizations"] = {"elements": [{"id": None}, {"id": 5}]}
    assert (await desk.prepared(PartContent("@acme"), who=PAGE)).rendering.parts[0].text == "@acme"


async def test_without_the_right_to_look_it_up_a_mention_stays_text(desk: Desk) -> None:
    prepared, _ = await desk.posted(PartContent("Thanks @acme"))
    assert prepared.rendering.parts[0].text == "Thanks @acme"


# pictures, videos, cards


async def test_pictures_go_up_once_and_are_used_again_for_a_while(desk: Desk) -> None:
    part = PartContent("Pictures", (image(), image("Bigger boat")))
    prepared, _ = await desk.posted(part)
    assert [alt for _, alt in desk.server.posts()[0].images] == ["A boat", "Bigger boat"]
    again = await desk.prepared(part, handles=prepared.handles)
    assert again.handles == prepared.handles
    desk.clock.move(timedelta(hours=7))
    assert (await desk.prepared(part, handles=prepared.handles)).handles != prepared.handles
    assert desk.slept.count(1.0) == 4  # a member's upload cannot be looked at, so there is a short grace


async def test_a_pages_upload_is_waited_for(desk: Desk) -> None:
    desk.server.processing = 4
    await desk.posted(PartContent("A picture", (image(),)), who=PAGE)
    assert desk.slept == [1, 2, 4, 8]


async def test_a_video_goes_up_in_the_slices_that_are_asked_for(desk: Desk) -> None:
    desk.server.processing = 1
    prepared, [published] = await desk.posted(PartContent("A film", video=film()), who=PAGE)
    [post] = desk.server.posts()
    assert (post.remote_id, post.images[0][0]) == (published.remote_id, hashlib.sha256(FILM).hexdigest())
    assert desk.server.seen[-1].body["content"]["media"]["title"] == "film.mp4"
    [upload] = desk.server.uploads.values()
    assert [len(piece) for piece in upload.pieces.values()] == [SLICE, SLICE, 7]
    assert list(prepared.handles["media"]) == [f"0/0/{film().sha256[:16]}"]


async def test_a_video_that_linkedin_cannot_use_is_refused(desk: Desk) -> None:
    desk.server.processing_fails = True
    with pytest.raises(Rejected, match=r"cannot use the video film\.mp4"):
        await desk.prepared(PartContent("A film", video=film()))


async def test_a_video_that_is_never_done_is_tried_again_later(desk: Desk) -> None:
    desk.server.processing = 100_000
    with pytest.raises(Unavailable, match="still working on the video"):
        await desk.prepared(PartContent("A film", video=film()))
    assert sum(desk.slept) < 620


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/rest/images", {}),
        ("/rest/images", {"value": {"image": "urn:li:image:1"}}),
        ("/rest/videos", {"value": {}}),
        ("/rest/videos", {"value": {"video": "urn:li:video:1", "uploadInstructions": [{}]}}),
    ],
)
async def test_an_upload_that_is_sent_nowhere_is_tried_again(desk: Desk, path: str, answer: Json) -> None:
    desk.server.instead[path] = answer
    part = PartContent("a", (image(),)) if path.endswith("images") else PartContent("a", video=film())
    with pytest.raises(Unavailable, match="did not say where"):
        await desk.prepared(part)


async def test_media_that_is_not_ready_at_the_commit_is_waited_for(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("Soon", (image(),)))
    desk.server.commit_waits_for_media = True
    with pytest.raises(Unavailable, match="is not done with what"):
        await desk.platform.commit(prepared, 0, "key", [])
    assert desk.server.posts() == []


@pytest_asyncio.fixture
async def site() -> AsyncIterator[str]:
    """A page with a picture."""

    async def page(request: Request) -> Response:
        head = '<meta property="og:image" content="/boat.png"><meta property="og:description" content="By the sea">'
        return HTMLResponse(f"<title>Boats</title>{head}" if request.url.path == "/boats" else "<p>nothing</p>")

    async def picture(request: Request) -> Response:
        return Response(BOAT[-1], media_type="image/png")

    BOAT[:] = [SIZES["image/png"]]
    async with serving(Starlette(routes=[Route("/boat.png", picture), Route("/{name}", page)])) as url:
        yield url


BOAT: list[bytes] = []
"""What the page's picture was; the last one is there now."""


async def test_a_link_gets_a_card_with_title_and_picture(desk: Desk, site: str) -> None:
    prepared, _ = await desk.posted(PartContent(f"See {site}/boats"))
    card = prepared.rendering.parts[0].card
    seen = hashlib.sha256(BOAT[0]).hexdigest()
    assert card == LinkCard(f"{site}/boats", "Boats", "By the sea", f"{site}/boat.png", seen)
    article = desk.server.seen[-1].body["content"]["article"]
    [upload] = desk.server.uploads.values()
    assert upload.data == SIZES["image/png"]
    assert article == {"source": card.url, "title": "Boats", "description": "By the sea", "thumbnail": upload.urn}
    again = await desk.prepared(PartContent(f"See {site}/boats"), handles=prepared.handles)
    assert again.handles == prepared.handles


async def test_a_page_that_says_nothing_gets_no_card_and_a_lost_picture_none_either(desk: Desk, site: str) -> None:
    await desk.posted(PartContent(f"See {site}/plain"))
    assert "content" not in desk.server.seen[-1].body
    desk.server.faults.add("/rest/images", "status:500")
    await desk.posted(PartContent(f"Look at {site}/boats"))
    assert set(desk.server.seen[-1].body["content"]["article"]) == {"source", "title", "description"}
    prepared = await desk.prepared(PartContent(f"Both {site}/boats", (image(),)))
    assert prepared.rendering.parts[0].card is None


async def test_a_picture_that_was_approved_before_pictures_were_bound_is_not_shown_either(desk: Desk) -> None:
    url = "https://example.org/boats"
    cards = {url: {"title": "Boats", "description": "", "image": "https://example.org/boat.png"}}
    content = Content((PartContent(f"See {url}"),), {}, {"cards": cards})
    [part] = desk.platform.render(content, await desk.access()).parts
    assert part.card == LinkCard(url, "Boats", "")


async def test_a_picture_that_was_changed_since_the_post_was_written_does_not_go_out(desk: Desk, site: str) -> None:
    rendering = await desk.resolved(PartContent(f"See {site}/boats"))
    BOAT.append(b"something else")
    prepared = await desk.platform.prepare(rendering, await desk.access(), Media(), {})
    await desk.platform.commit(prepared, 0, "key", [])
    assert set(desk.server.seen[-1].body["content"]["article"]) == {"source", "title", "description"}
    assert desk.server.uploads == {}


# comments


async def test_parts_after_the_first_are_comments_in_their_order(desk: Desk) -> None:
    prepared, done = await desk.posted(
        PartContent("Post"), PartContent("First [comment]", (image(),)), PartContent("Second"), PartContent("Third")
    )
    seen = [(one.text, one.reply_to) for one in desk.server.posts()]
    post, first = done[0].remote_id, done[1].remote_id
    assert seen == [("Post", None), ("First [comment]", post), ("Second", first), ("Third", first)]
    assert {one.url for one in done} == {done[0].url}
    for number, published in enumerate(done):
        found = await desk.platform.find(prepared, number, "key", desk.clock.now(), done[:number])
        assert found == published
    await desk.platform.remove(done[1], prepared.access)
    await desk.platform.remove(done[1], prepared.access)
    assert [one.text for one in desk.server.posts()] == ["Post", "Second", "Third"]


async def test_comments_are_escaped_where_the_operator_says_so(desk: Desk) -> None:
    desk.given = {"comment_escaping": "on"}
    await desk.posted(PartContent("Post"), PartContent("First [comment]"))
    assert desk.server.seen[-1].body["message"]["text"] == r"First \[comment\]"


# refusals and lost answers


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, {"code": "EXPIRED_ACCESS_TOKEN"}, NeedsReconnect, "Connect the account again"),
        (
            403,
            {"code": "ACCESS_DENIED", "message": "Not enough permissions"},
            NeedsReconnect,
            "has the permission for it",
        ),
        (426, {"code": "NONEXISTENT_VERSION"}, Rejected, "COPYDESK_LINKEDIN_VERSION"),
        (400, {"message": "MEDIA_ASSET_PROCESSING_FAILED"}, Rejected, "cannot use a picture or video"),
        (429, {"message": "Resource level throttle limit"}, RateLimited, "no more requests"),
        (422, {"message": "Unable to obtain activity"}, Unavailable, "try again in a minute"),
        (422, {"message": "ERROR :: /commentary :: too long"}, Rejected, "too long"),
        (422, {"message": "Content is a duplicate", "code": "DUPLICATE_POST"}, Duplicate, "exactly these words"),
    ],
)
async def test_every_refusal_says_what_to_do(
    desk: Desk, status: int, body: Json, kind: type[PlatformError], words: str
) -> None:
    prepared = await desk.prepared(PartContent("Refused"))
    desk.server.faults.add("POST /rest/posts", f"status:{status}", body=json.dumps(body))
    with pytest.raises(PlatformError) as told:
        await desk.platform.commit(prepared, 0, "key", [])
    assert type(told.value) is kind
    assert words in told.value.message


async def test_a_double_that_can_be_read_is_seen(desk: Desk) -> None:
    prepared, [first] = await desk.posted(PartContent("Once (only)"), who=PAGE)
    with pytest.raises(Duplicate) as there:
        await desk.platform.commit(prepared, 0, "key", [])
    assert (there.value.remote_id, there.value.url) == (first.remote_id, first.url)
    assert there.value.posted_at == desk.clock.now()


@pytest.mark.parametrize("scopes", [SELF_SERVE, READS_OWN])
async def test_a_double_that_nobody_could_look_at_is_not_said_to_be_seen(desk: Desk, scopes: str) -> None:
    desk.server.scopes = scopes
    prepared, [first] = await desk.posted(PartContent("Once"))
    if scopes == READS_OWN:
        desk.server.faults.add(f"/rest/posts/{first.remote_id}", "status:500")
    with pytest.raises(Duplicate) as there:
        await desk.platform.commit(prepared, 0, "key", [])
    assert (there.value.remote_id, there.value.posted_at) == (first.remote_id, None)


async def test_a_deleted_post_that_is_remembered_is_no_double(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("Boo"), who=PAGE)
    desk.server.ghosts["Boo"] = "urn:li:share:6000"
    with pytest.raises(Rejected, match="remembers a deleted post") as refused:
        await desk.platform.commit(prepared, 0, "key", [])
    assert not isinstance(refused.value, Duplicate)


async def test_a_success_without_an_id_is_unknown(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("Odd"))
    desk.server.instead["/rest/posts"] = {"id": "urn:li:share:1"}
    with pytest.raises(OutcomeUnknown, match="something else than where it is"):
        await desk.platform.commit(prepared, 0, "key", [])


async def test_a_members_post_cannot_be_looked_up_and_a_pages_can(desk: Desk) -> None:
    since = desk.clock.now()
    desk.server.scopes = SELF_SERVE
    prepared, _ = await desk.posted(PartContent("Lost"))
    assert await desk.platform.find(prepared, 0, "key", since, []) is None
    desk.known.clear()
    prepared, [done] = await desk.posted(PartContent("Lost (too)", (image(), image("Other"))), who=PAGE)
    await desk.posted(PartContent("Lost (not)"), who=PAGE)
    assert await desk.platform.find(prepared, 0, "key", since, []) == done
    assert await desk.platform.find(prepared, 0, "key", since + timedelta(hours=2), []) is None


@pytest.mark.parametrize(
    ("who", "scopes", "findable"),
    [(MEMBER, SELF_SERVE, False), (MEMBER, READS_OWN, True), (PAGE, FOR_PAGES, True), (PAGE, READS_OWN, False)],
)
def test_what_can_be_found_depends_on_what_was_allowed(desk: Desk, who: str, scopes: str, *, findable: bool) -> None:
    access = Access("a", desk.platform.spec.name, who, "Ana", "", {"scopes": scopes.split()})
    assert desk.platform.findable(access) is findable


async def test_what_cannot_be_read_tells_nothing(desk: Desk) -> None:
    prepared, done = await desk.posted(PartContent("One"), PartContent("Two"))
    desk.server.instead["/rest/posts"] = {"elements": [{"id": "urn:li:share:1", "createdAt": "now"}, 3]}
    assert await desk.platform.find(prepared, 0, "key", desk.clock.now(), []) is None
    desk.server.instead[f"/rest/socialActions/{done[0].remote_id}/comments"] = {"elements": [{"message": "?"}]}
    assert await desk.platform.find(prepared, 1, "key", desk.clock.now(), done[:1]) is None


# numbers


async def test_a_pages_numbers_and_followers(desk: Desk) -> None:
    prepared, [done] = await desk.posted(PartContent("Count me"), who=PAGE)
    gone, old = replace(done, remote_id="urn:li:share:1"), replace(done, remote_id="urn:li:ugcPost:5")
    comment = replace(done, remote_id="urn:li:comment:(urn:li:share:1,2)")
    numbers = await desk.platform.numbers([done, gone, old, comment], prepared.access)
    assert numbers == {done.remote_id: Numbers(likes=3, replies=1, reposts=2, views=90)}
    assert await desk.platform.followers(prepared.access) == 321
    desk.server.instead[f"/rest/networkSizes/{PAGE}"] = {}
    assert await desk.platform.followers(prepared.access) is None
    assert await desk.platform.numbers([comment], prepared.access) == {}


async def test_a_members_numbers_need_a_permission_of_their_own(desk: Desk) -> None:
    prepared, [done] = await desk.posted(PartContent("Count me"))
    assert await desk.platform.numbers([done], prepared.access) == {}
    assert await desk.platform.followers(prepared.access) is None
    desk.known.clear()
    desk.server.scopes = f"{SELF_SERVE} r_member_postAnalytics"
    access = await desk.access()
    expected = Numbers(likes=4, replies=2, reposts=None, views=40)
    assert await desk.platform.numbers([done], access) == {done.remote_id: expected}
    old = replace(done, remote_id="urn:li:ugcPost:5")
    desk.server.made[old.remote_id] = desk.server.made[done.remote_id]
    assert await desk.platform.numbers([old], access) == {old.remote_id: expected}


async def test_an_address_where_we_do_not_go_is_refused(desk: Desk) -> None:
    access = await desk.access()
    desk.given = {"api_url": "http://10.0.0.1"}
    with pytest.raises(Rejected):
        await desk.platform.check(access)
    assert CLIENT_SECRET not in repr(desk.platform)


# what strangers and LinkedIn may answer, and what must not come of it


@pytest.mark.parametrize("picture", ["http://10.0.0.1/boat.png", "http://127.0.0.1.:1/boat.png", "https://exa mple/x"])
async def test_a_card_whose_picture_is_where_we_do_not_go_has_none(desk: Desk, picture: str) -> None:
    access = await desk.access()
    rendering = desk.rendered(PartContent("See it"))
    part = replace(rendering.parts[0], card=LinkCard("https://example.org/", "Boats", "", picture, "0" * 64))
    prepared = await desk.platform.prepare(replace(rendering, parts=(part,)), access, Media(), {})
    await desk.platform.commit(prepared, 0, "key", [])
    assert desk.server.seen[-1].body["content"]["article"] == {"source": "https://example.org/", "title": "Boats"}


async def test_an_upload_that_is_sent_where_we_do_not_go_is_refused(desk: Desk) -> None:
    desk.server.instead["/rest/images"] = {"value": {"image": "urn:li:image:1", "uploadUrl": "http://10.0.0.1/x"}}
    with pytest.raises(Rejected):
        await desk.prepared(PartContent("a", (image(),)))


@pytest.mark.parametrize(
    "slices",
    [
        [],
        "one",
        ["one"],
        [{"uploadUrl": "https://example.org/", "firstByte": "many", "lastByte": 5}],
        [{"uploadUrl": "https://example.org/", "firstByte": 0, "lastByte": None}],
        [{"uploadUrl": "https://example.org/", "firstByte": 9, "lastByte": 5}],
        [{"uploadUrl": "https://example.org/", "firstByte": 0, "lastByte": len(FILM)}],
    ],
)
async def test_slices_that_cannot_be_read_are_tried_again(desk: Desk, slices: Any) -> None:
    desk.server.instead["/rest/videos"] = {"value": {"video": "urn:li:video:1", "uploadInstructions": slices}}
    with pytest.raises(Unavailable, match="did not say where"):
        await desk.prepared(PartContent("a", video=film()))


async def test_a_slice_that_gets_no_tag_is_tried_again(desk: Desk) -> None:
    desk.server.tags = False
    with pytest.raises(Unavailable, match="did not say what it kept"):
        await desk.prepared(PartContent("a", video=film()))


@pytest.mark.parametrize("part", [PartContent("a", (image(),)), PartContent("a", video=film())])
async def test_an_upload_whose_state_may_not_be_read_gets_a_short_grace(desk: Desk, part: PartContent) -> None:
    desk.server.states_are_read = False
    await desk.posted(part, who=PAGE)
    assert len(desk.server.posts()) == 1
    assert desk.slept == [1.0]


async def test_a_login_that_ends_while_an_upload_is_waited_for_must_be_connected_again(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("a", (image(),)), who=PAGE)
    [urn] = desk.server.uploads
    desk.server.faults.add(f"/rest/images/{urn[:-1]}{int(urn[-1]) + 1}", "status:401")
    with pytest.raises(NeedsReconnect):
        await desk.platform.prepare(prepared.rendering, prepared.access, Media(), {})


async def test_pictures_without_a_description_carry_none(desk: Desk) -> None:
    await desk.posted(PartContent("Bare", (image(""), image("Other"))))
    first, second = desk.server.seen[-1].body["content"]["multiImage"]["images"]
    assert set(first) == {"id"}
    assert second["altText"] == "Other"


async def test_brackets_in_a_link_do_not_cut_the_post_off(desk: Desk) -> None:
    text = "Before https://example.org/a(b)?c[]={d}|e and after"
    await desk.posted(PartContent(text))
    [post] = desk.server.posts()
    assert post.text == "Before https://example.org/a%28b%29?c%5B%5D=%7Bd%7D%7Ce and after"


# comments that look alike


async def test_of_comments_that_look_alike_each_is_found_as_itself(desk: Desk) -> None:
    same = PartContent("", (image(),))
    prepared, done = await desk.posted(PartContent("Post"), PartContent("One"), same, same, PartContent("."))
    for number in (2, 3):
        found = await desk.platform.find(prepared, number, "key", desk.clock.now(), done[:number])
        assert found == done[number]
    await desk.platform.remove(done[3], prepared.access)
    assert await desk.platform.find(prepared, 3, "key", desk.clock.now(), done[:3]) is None


async def test_a_comment_is_told_from_one_with_another_number_of_pictures(desk: Desk) -> None:
    prepared, done = await desk.posted(PartContent("Post"), PartContent("Look", (image(),)))
    bare = desk.rendered(PartContent("Post"), PartContent("Look"))
    other = replace(prepared, rendering=bare)
    assert await desk.platform.find(prepared, 1, "key", desk.clock.now(), done[:1]) == done[1]
    assert await desk.platform.find(other, 1, "key", desk.clock.now(), done[:1]) is None


async def test_a_comment_is_where_its_answer_or_its_header_says(desk: Desk) -> None:
    prepared, [post] = await desk.posted(PartContent("Post"))
    two = replace(prepared, rendering=desk.rendered(PartContent("Post"), PartContent("Two")))
    path = f"/rest/socialActions/{post.remote_id}/comments"
    desk.server.instead[path] = {"id": "5", "commentUrn": "urn:li:comment:(urn:li:activity:1,5)"}
    told = await desk.platform.commit(two, 1, "key", [post])
    assert (told.remote_id, told.facts["comment"]) == ("urn:li:comment:(urn:li:activity:1,5)", "5")
    desk.server.instead[path] = {"message": {"text": "Two"}}
    with pytest.raises(OutcomeUnknown):
        await desk.platform.commit(two, 1, "key", [post])
    desk.server.faults.add(f"POST {path}", "html_after")
    with pytest.raises(OutcomeUnknown):
        await desk.platform.commit(two, 1, "key", [post])


def test_a_comment_that_is_escaped_counts_as_it_is_sent(desk: Desk) -> None:
    parts = PartContent("a"), PartContent("(" * 700)
    assert desk.problems(*parts) == []
    desk.given = {"comment_escaping": "on"}
    assert "1400 of 1250 characters, 150 too many" in desk.problems(*parts)[0]


# numbers that are not told


async def test_a_pages_post_that_nobody_looked_at_is_still_there(desk: Desk) -> None:
    prepared, [done] = await desk.posted(PartContent("Quiet"), who=PAGE)
    strange = {"share": "urn:li:share:9", "totalShareStatistics": {"likeCount": 9}}
    desk.server.instead["/rest/organizationalEntityShareStatistics"] = {"elements": [strange]}
    assert await desk.platform.numbers([done], prepared.access) == {done.remote_id: Numbers()}
    await desk.platform.remove(done, prepared.access)
    assert await desk.platform.numbers([done], prepared.access) == {}


async def test_a_page_without_the_permission_to_read_it_has_no_numbers(desk: Desk) -> None:
    desk.server.scopes = f"{SELF_SERVE} w_organization_social rw_organization_admin"
    page = next(access_of(one) for one in await desk.connected() if one.identity.kind == "page")
    asked = len(desk.server.seen)
    assert await desk.platform.numbers([Published("urn:li:share:1")], page) == {}
    assert await desk.platform.followers(page) is None
    assert len(desk.server.seen) == asked


async def test_a_members_post_that_is_gone_is_left_out(desk: Desk) -> None:
    desk.server.scopes = f"{SELF_SERVE} r_member_postAnalytics"
    prepared, [done] = await desk.posted(PartContent("Count me"))
    gone = replace(done, remote_id="urn:li:share:1")
    assert list(await desk.platform.numbers([done, gone], prepared.access)) == [done.remote_id]
    desk.server.instead["/rest/memberCreatorPostAnalytics"] = {"elements": [{"metricType": "IMPRESSION"}]}
    assert await desk.platform.numbers([done], prepared.access) == {done.remote_id: Numbers()}


async def test_numbers_asked_with_a_version_that_has_ended_name_the_setting(desk: Desk) -> None:
    desk.server.scopes = f"{SELF_SERVE} r_member_postAnalytics"
    prepared, [done] = await desk.posted(PartContent("Count me"))
    desk.server.versions = {"202701"}
    with pytest.raises(Rejected, match="COPYDESK_LINKEDIN_VERSION"):
        await desk.platform.numbers([done], prepared.access)


# roles


@pytest.mark.parametrize("named", ["organization", "organizationTarget", "organizationalTarget"])
async def test_pages_are_read_under_any_name_and_only_approved_roles_count(desk: Desk, named: str) -> None:
    asked = [(77, "ADMINISTRATOR", "APPROVED"), (78, "CONTENT_ADMINISTRATOR", "REVOKED"), (79, "ANALYST", "APPROVED")]
    told = [{named: f"urn:li:organization:{one}", "role": role, "state": state} for one, role, state in asked]
    desk.server.instead["/rest/organizationAcls"] = {"elements": told}
    assert [one.identity.remote_id for one in await desk.connected(FOR_PAGES)] == [MEMBER, PAGE]


async def test_a_page_whose_role_was_taken_away_must_be_connected_again(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("Too late"), who=PAGE)
    desk.server.roles["77"] = "ANALYST"
    with pytest.raises(NeedsReconnect, match="still run the page"):
        await desk.platform.commit(prepared, 0, "key", [])


async def test_checking_tells_what_was_allowed(desk: Desk) -> None:
    access = await desk.access()
    assert set((await desk.platform.check(access)).scopes) == set(READS_OWN.split())
