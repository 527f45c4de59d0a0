"""X: what is sent, what its refusals mean, what may be read back, and the login that is renewed once."""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from content.connecting import Connected
from content.errors import (
    Duplicate,
    NeedsReconnect,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Rejected,
    Unavailable,
)
from content.platform import Access, Content, Image, Json, Numbers, PartContent, Prepared, Published, Rendering, Video
from integrations.http import Http
from integrations.x import X
from integrations.x_media import PIECE
from tests.fakes.clock import FakeClock
from tests.servers.running import serving
from tests.servers.x import CLIENT_ID, CLIENT_SECRET, XServer

CALLBACK = "https://desk.example.org/connect/back"
FILM = bytes(range(256)) * (3 * PIECE // 256) + b"the end"
SIZES = {"image/png": b"not really a picture", "image/gif": b"GIF89a not really", "video/mp4": FILM}


def image(mime: str = "image/png", alt: str = "A boat", **more: Any) -> Image:
    data = SIZES[mime]
    given: dict[str, Any] = {"size": len(data), "width": 8, "height": 8, "name": "boat.png"} | more
    return Image(mime, hashlib.sha256(data).hexdigest(), mime, alt=alt, **given)


def film(**more: Any) -> Video:
    given: dict[str, Any] = {
        "size": len(FILM),
        "width": 1280,
        "height": 720,
        "seconds": 12.0,
        "codec": "h264",
        "name": "film.mp4",
    } | more
    return Video("video/mp4", hashlib.sha256(FILM).hexdigest(), "video/mp4", **given)


class Media:
    def __init__(self) -> None:
        self.ranges: list[tuple[int, int]] = []

    async def read(self, media_id: str) -> bytes:
        return SIZES[media_id]

    async def read_range(self, media_id: str, start: int, end: int) -> bytes:
        self.ranges.append((start, end))
        return SIZES[media_id][start:end]


@dataclass
class Desk:
    server: XServer
    http: Http
    clock: FakeClock
    media: Media = field(default_factory=Media)
    slept: list[float] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)

    @property
    def platform(self) -> X:
        return X(self.http, self.clock, self.server.given | self.given, self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.move(timedelta(seconds=seconds))

    async def connected(self) -> Connected:
        asked = await self.platform.start({}, CALLBACK, "a-state")
        [connected] = await self.platform.finish(asked.keep, await self.server.walk(asked.url), CALLBACK)
        return connected

    async def access(self) -> Access:
        return access_of(await self.connected())

    def rendered(self, *parts: PartContent) -> Rendering:
        return self.platform.render(Content(parts), Access("a", "x", "1001", "ana", ""))

    def problems(self, *parts: PartContent) -> list[str]:
        return [str(problem) for problem in self.platform.problems(self.rendered(*parts))]

    async def prepared(self, *parts: PartContent, handles: Json | None = None) -> Prepared:
        return await self.platform.prepare(self.rendered(*parts), await self.access(), self.media, handles or {})

    async def posted(self, *parts: PartContent) -> tuple[Prepared, list[Published]]:
        prepared = await self.prepared(*parts)
        done: list[Published] = []
        for number in range(len(parts)):
            done.append(await self.platform.commit(prepared, number, "key", done))
        return prepared, done


def access_of(connected: Connected) -> Access:
    who, login = connected.identity, connected.login
    return Access("a", "x", who.remote_id, who.handle, "", connected.facts, login.secrets, login.expires_at)


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    clock = FakeClock()
    server, http = XServer(clock), Http(clock=clock, allowed_private_hosts=["127.0.0.1"])
    async with serving(server.app) as server.url:
        yield Desk(server, http, clock)


# connecting


def test_what_is_missing_is_said_in_five_steps() -> None:
    clock = FakeClock()
    for given in ({}, {"client_id": "i"}, {"client_secret": "s"}):
        steps = X(Http(clock=clock), clock, given).setup(CALLBACK)
        assert len(steps) == 5
        assert CALLBACK in steps[3]
        assert "COPYDESK_X_CLIENT_ID and COPYDESK_X_CLIENT_SECRET" in steps[4]
    assert X(Http(clock=clock), clock, {"client_id": "i", "client_secret": "s"}).setup(CALLBACK) == ()
    assert X(Http(clock=clock), clock, {}).form() == ()


async def test_a_login_says_whose_it_is_and_until_when(desk: Desk) -> None:
    connected = await desk.connected()
    assert (connected.identity.remote_id, connected.identity.handle, connected.identity.name) == ("1001", "ana", "Ana")
    assert connected.login.expires_at == desk.clock.now() + timedelta(hours=2)
    assert connected.login.ends_at is None
    assert "offline.access" in connected.scopes


async def test_a_login_that_cannot_be_renewed_ends_with_its_access(desk: Desk) -> None:
    desk.server.withholds_refresh = True
    connected = await desk.connected()
    assert (connected.login.expires_at, connected.login.ends_at) == (None, desk.clock.now() + timedelta(hours=2))
    with pytest.raises(NeedsReconnect, match="no right to renew"):
        await desk.platform.refresh(access_of(connected))
    await desk.platform.revoke(access_of(connected))
    await desk.platform.revoke(replace(access_of(connected), secrets={}))


async def test_a_renewal_works_once_and_its_second_use_ends_everything(desk: Desk) -> None:
    old = await desk.access()
    fresh = await desk.platform.refresh(old)
    assert fresh.secrets["refresh_token"] != old.secrets["refresh_token"]
    with pytest.raises(NeedsReconnect):
        await desk.platform.refresh(old)
    with pytest.raises(NeedsReconnect):
        await desk.platform.check(replace(old, secrets=fresh.secrets))


async def test_a_code_that_comes_too_late_means_to_start_again(desk: Desk) -> None:
    asked = await desk.platform.start({}, CALLBACK, "a-state")
    answer = await desk.server.walk(asked.url)
    desk.clock.move(timedelta(seconds=31))
    with pytest.raises(Rejected, match="Start connecting again"):
        await desk.platform.finish(asked.keep, answer, CALLBACK)


@pytest.mark.parametrize("me", [{}, {"data": {"id": 5}}, {"data": {"id": "5"}}, []])
async def test_an_answer_that_names_nobody_connects_nobody(desk: Desk, me: Any) -> None:
    asked = await desk.platform.start({}, CALLBACK, "a-state")
    desk.server.instead["/2/users/me"] = me
    with pytest.raises(Unavailable, match="whose login"):
        await desk.platform.finish(asked.keep, await desk.server.walk(asked.url), CALLBACK)


# what will go out


def test_a_part_with_a_link_costs_more(desk: Desk) -> None:
    rendering = desk.rendered(PartContent("One"), PartContent("Two example.com"))
    assert [part.cost_mills for part in rendering.parts] == [15, 200]
    assert rendering.cost_mills == 215
    desk.given = {"cost_post_mills": "7", "cost_link_mills": "free"}
    assert [part.cost_mills for part in desk.rendered(PartContent("One"), PartContent("a.com")).parts] == [7, 0]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (PartContent("a", (image("image/gif"), image())), "a GIF stands among other images"),
        (PartContent("a", (image(size=5_000_001),)), "5.0 MB, 5.0 MB allowed"),
        (PartContent("a", (image("image/gif", size=15_000_001),)), "15.0 MB, 15.0 MB allowed"),
        (PartContent("a", (image(),) * 5), "5 images, 4 allowed"),
        (PartContent("a", (image(alt="a" * 1001),)), "1001 of 1000 characters"),
        (PartContent("a", (image(),), film()), "stands among pictures"),
        (PartContent("a", video=film(codec="hevc")), "encoded as hevc"),
        (PartContent("a", video=film(size=512_000_001)), "512.0 MB, 512 MB allowed"),
        (PartContent("a", video=film(seconds=140.5)), "0.5 seconds to 140 seconds are allowed"),
        (PartContent("a", video=film(width=1920, height=1080)), "1920 × 1080 pixels"),
        (PartContent("a", video=film(width=1200, height=1100)), "1200 × 1100 pixels"),
        (PartContent("a", video=film(width=16, height=16)), "16 × 16 pixels"),
        (PartContent("a", video=film(width=1280, height=400, name="")), "three times as long"),
        (PartContent("$ACME and $BRK"), "$ACME and $BRK: X takes one cashtag"),
        (PartContent(""), "it is empty"),
    ],
)
def test_what_x_would_refuse_is_said_before(desk: Desk, part: PartContent, words: str) -> None:
    assert any(words in problem for problem in desk.problems(part)), desk.problems(part)
    assert any("X, part 2" in problem for problem in desk.problems(PartContent("fine"), part))


def test_what_x_takes_has_no_problems(desk: Desk) -> None:
    for part in (
        PartContent("", (image("image/gif", size=14_000_000),)),
        PartContent("", video=film(width=720, height=1280)),
        PartContent("$ACME", (image(),) * 4),
    ):
        assert desk.problems(part) == []


# uploads


async def test_a_video_goes_up_in_pieces_and_is_waited_for(desk: Desk) -> None:
    desk.server.processing = 3
    prepared = await desk.prepared(PartContent("A film", video=film()))
    assert desk.slept == [3, 3, 3]
    assert desk.media.ranges == [(0, PIECE), (PIECE, 2 * PIECE), (2 * PIECE, 3 * PIECE), (3 * PIECE, len(FILM))]
    published = await desk.platform.commit(prepared, 0, "key", [])
    [post] = desk.server.posts()
    assert (post.remote_id, post.images[0][0]) == (published.remote_id, hashlib.sha256(FILM).hexdigest())
    assert desk.server.seen[-1].body["media"]["media_ids"]


async def test_a_large_animation_goes_up_in_pieces_too(desk: Desk) -> None:
    large = image("image/gif", size=5_000_001)
    with pytest.raises(Rejected, match="do not add up"):  # the stated size is what X goes by
        await desk.prepared(PartContent("Moving", (large,)))
    assert "/2/media/upload/initialize" in [seen.path for seen in desk.server.seen]
    assert [seen.body["media_category"] for seen in desk.server.seen if seen.path.endswith("initialize")] == [
        "tweet_gif"
    ]


async def test_a_small_animation_goes_up_at_once(desk: Desk) -> None:
    await desk.posted(PartContent("Moving", (image("image/gif"),)))
    assert [one.category for one in desk.server.media.values()] == ["tweet_gif"]


async def test_a_video_that_x_cannot_use_is_refused_in_its_words(desk: Desk) -> None:
    desk.server.processing_fails = "Unsupported pixel format."
    with pytest.raises(Rejected, match=r"cannot use the video film\.mp4: “Unsupported pixel format”"):
        await desk.prepared(PartContent("A film", video=film()))


async def test_a_video_that_is_never_done_is_tried_again_later(desk: Desk) -> None:
    desk.server.processing = 100_000
    with pytest.raises(Unavailable, match="still working on the video"):
        await desk.prepared(PartContent("A film", video=film()))
    assert sum(desk.slept) <= 610


async def test_an_upload_is_used_again_while_x_keeps_it(desk: Desk) -> None:
    part = PartContent("Again", (image(),))
    first = await desk.prepared(part)
    desk.clock.move(timedelta(hours=22))
    assert (await desk.prepared(part, handles=first.handles)).handles == first.handles
    assert len(desk.server.media) == 1
    desk.clock.move(timedelta(hours=1, minutes=30))
    assert (await desk.prepared(part, handles=first.handles)).handles != first.handles
    other = PartContent("Again", (image(alt="Another boat"),))
    await desk.prepared(other, handles=first.handles)
    assert [one.alt for one in desk.server.media.values()] == ["A boat", "A boat", "Another boat"]


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        *((step, fault) for step in ("initialize", "finalize") for fault in ("status:503", "html", "drop")),
        ("append", "status:503"),  # the answer to a piece is not read
        ("append", "drop"),
    ],
)
async def test_an_upload_that_breaks_makes_nothing_public(desk: Desk, step: str, fault: str) -> None:
    media_id = "105"  # after the login's ids and this one
    path = "/2/media/upload/initialize" if step == "initialize" else f"/2/media/upload/{media_id}/{step}"
    access = await desk.access()
    desk.server._made = int(media_id) - 1
    desk.server.faults.add(path, fault)
    with pytest.raises(Unavailable):
        await desk.platform.prepare(desk.rendered(PartContent("A film", video=film())), access, desk.media, {})
    assert desk.server.faults.left == 0
    assert desk.server.posts() == []


async def test_an_upload_without_a_name_is_tried_again(desk: Desk) -> None:
    desk.server.instead["/2/media/upload"] = {"data": {}}
    with pytest.raises(Unavailable, match="did not name it"):
        await desk.prepared(PartContent("One", (image(),)))


async def test_what_x_says_of_times_is_believed_within_reason(desk: Desk) -> None:
    for told in (None, "soon", True, -3, 1e30):
        desk.server.instead["/2/media/upload"] = {"data": {"id": "5", "expires_after_secs": told}}
        prepared = await desk.prepared(PartContent("One", (image(alt=""),)))
        [kept] = prepared.handles["media"].values()
        assert kept["until"] == (desk.clock.now() + timedelta(hours=24)).isoformat()


# refusals


async def refused(desk: Desk, status: int, body: Any, part: int = 0) -> PlatformError:
    """What a refusal of a post, or of the second part of a thread, becomes."""
    prepared, done = await desk.posted(PartContent("First"))
    rendering = desk.rendered(PartContent("First"), PartContent("Second"))
    prepared = replace(prepared, rendering=rendering)
    desk.server.faults.add("POST /2/tweets", f"status:{status}", body=json.dumps(body))
    with pytest.raises(PlatformError) as told:
        await desk.platform.commit(prepared, part, "key", done[:part])
    assert told.value.account == "ana"
    return told.value


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (
            402,
            {"title": "Payment Required", "detail": "Your enrolled account does not have any credits."},
            Rejected,
            "credits",
        ),
        (
            403,
            {"type": "https://api.x.com/2/problems/usage-capped", "detail": "Usage cap exceeded"},
            Rejected,
            "month's quota",
        ),
        (
            429,
            {"title": "UsageCapExceeded", "type": "https://api.twitter.com/2/problems/usage-capped"},
            Rejected,
            "month's quota",
        ),
        (
            403,
            {"type": "https://api.x.com/2/problems/client-forbidden", "reason": "client-not-enrolled"},
            Rejected,
            "project and access",
        ),
        (403, {"type": "https://api.x.com/2/problems/user-suspended"}, Rejected, "suspended ana"),
        (403, {"detail": "To protect our users, your account is temporarily locked."}, Rejected, "locked ana"),
        (403, {"detail": "You have been blocked from this."}, Rejected, "blocked from this”. Change it"),
        (
            403,
            {"detail": "Your client app is not configured with the appropriate oauth1 app permissions"},
            NeedsReconnect,
            "too few rights",
        ),
        (403, {"detail": "The Tweet contains an invalid URL."}, Rejected, "invalid URL"),
        (403, {"detail": "You can only use a maximum of one cashtag."}, Rejected, "maximum of one cashtag"),
        (401, {"title": "Unsupported Authentication"}, NeedsReconnect, "Connect the account again"),
        (429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]}, RateLimited, "no more requests"),
        (400, {"errors": [{"message": "text is bad"}], "title": "Invalid Request"}, Rejected, "refused"),
    ],
)
async def test_every_refusal_says_what_to_do(
    desk: Desk, status: int, body: Any, kind: type[PlatformError], words: str
) -> None:
    error = await refused(desk, status, body)
    assert type(error) is kind
    assert words in error.message


async def test_a_part_that_x_does_not_see_yet_is_waited_for(desk: Desk) -> None:
    detail = "You attempted to reply to a Tweet that is deleted or not visible to you."
    assert type(await refused(desk, 403, {"detail": detail}, part=1)) is Unavailable


async def test_an_app_that_may_not_answer_itself_says_how_far_it_came(desk: Desk) -> None:
    desk.server.answers_itself = False
    prepared = await desk.prepared(PartContent("One"), PartContent("Two"))
    first = await desk.platform.commit(prepared, 0, "key", [])
    with pytest.raises(Rejected, match="1 of 2 parts are live and the rest is not"):
        await desk.platform.commit(prepared, 1, "key", [first])


async def test_the_same_words_again_name_the_post_that_is_there(desk: Desk) -> None:
    prepared, [first] = await desk.posted(PartContent("Tom & Jerry at https://example.org/a?b=c", (image(),)))
    with pytest.raises(Duplicate, match="exactly these words") as there:
        await desk.platform.commit(prepared, 0, "key", [])
    assert (there.value.remote_id, there.value.url) == (first.remote_id, first.url)
    assert there.value.posted_at == desk.clock.now()


@pytest.mark.parametrize("fault", ["", "status:503", "status:402"])
async def test_the_same_words_again_stay_refused_where_the_first_is_not_seen(desk: Desk, fault: str) -> None:
    prepared, _ = await desk.posted(PartContent("Only once"))
    desk.server.lag = timedelta(hours=1)
    if fault:
        desk.server.faults.add("GET /2/users/1001/tweets", fault)
    with pytest.raises(Duplicate) as there:
        await desk.platform.commit(prepared, 0, "key", [])
    assert (there.value.remote_id, there.value.posted_at) == ("", None)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({}, OutcomeUnknown),
        ([], OutcomeUnknown),
        ({"data": {"text": "x"}}, OutcomeUnknown),
        ({"errors": [{"detail": "Something is wrong."}]}, Rejected),
        ({"errors": [{}, "?", {"title": "Odd"}]}, Rejected),
        ({"errors": "?"}, OutcomeUnknown),
    ],
)
async def test_a_success_that_is_none_is_a_failure(desk: Desk, body: Any, kind: type[PlatformError]) -> None:
    prepared = await desk.prepared(PartContent("Odd"))
    desk.server.instead["/2/tweets"] = body
    with pytest.raises(kind):
        await desk.platform.commit(prepared, 0, "key", [])


async def test_an_api_address_where_we_do_not_go_is_refused(desk: Desk) -> None:
    access = await desk.access()
    desk.given = {"api_url": "http://10.0.0.1/2"}
    with pytest.raises(Rejected):
        await desk.platform.followers(access)
    with pytest.raises(Rejected, match="don't go to that address"):
        await desk.platform.commit(Prepared(desk.rendered(PartContent("One")), access), 0, "key", [])


async def test_a_refusal_that_is_a_page_is_a_refusal_all_the_same(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("One"))
    desk.server.faults.add("POST /2/tweets", "status:403", body="<html>duplicate</html>")
    with pytest.raises(Rejected) as told:
        await desk.platform.commit(prepared, 0, "key", [])
    assert type(told.value) is Rejected


@pytest.mark.parametrize("status", [400, 413])
async def test_a_piece_that_is_refused_says_so_in_a_sentence(desk: Desk, status: int) -> None:
    access = await desk.access()
    media_id = desk.server._made + 1
    body = json.dumps({"title": "Bad", "detail": "Segment is too large."})
    desk.server.faults.add(f"POST /2/media/upload/{media_id}/append", f"status:{status}", body=body)
    with pytest.raises(Rejected, match="“Segment is too large”") as told:
        await desk.platform.prepare(desk.rendered(PartContent("A film", video=film())), access, desk.media, {})
    assert str(status) not in told.value.message
    assert desk.server.posts() == []


async def test_every_account_can_be_asked_what_went_out(desk: Desk) -> None:
    assert desk.platform.findable(await desk.access())


# reading back


async def test_a_lost_post_is_found_by_its_words_pictures_and_thread(desk: Desk) -> None:
    since = desk.clock.now()
    words = ("One <b> & https://example.org/x?a=1&b=2", "Two", "Three")
    prepared, done = await desk.posted(PartContent(words[0], (image(),)), *map(PartContent, words[1:]))
    await desk.posted(PartContent("Two and a half"))
    for number, published in enumerate(done):
        found = await desk.platform.find(prepared, number, "key", since, done[:number])
        assert found == published
    other = replace(prepared, rendering=desk.rendered(PartContent(words[0])))
    assert await desk.platform.find(other, 0, "key", since, []) is None  # it shows no picture
    assert await desk.platform.find(prepared, 0, "key", since + timedelta(hours=1), []) is None


async def test_an_earlier_part_with_the_same_words_is_not_taken_for_a_later_one(desk: Desk) -> None:
    since = desk.clock.now()
    prepared, done = await desk.posted(PartContent("One"), PartContent("More"), PartContent("More"))
    assert await desk.platform.find(prepared, 2, "key", since, done[:2]) == done[2]
    del desk.server.tweets[done[2].remote_id]
    assert await desk.platform.find(prepared, 2, "key", since, done[:2]) is None
    desk.server.faults.add("POST /2/tweets", "status:403", body=json.dumps({"detail": "duplicate content."}))
    with pytest.raises(Duplicate) as there:
        await desk.platform.commit(prepared, 2, "key", done[:2])
    assert (there.value.remote_id, there.value.posted_at) == ("", None)


async def test_looking_back_ends_after_five_pages(desk: Desk) -> None:
    prepared, _ = await desk.posted(PartContent("Long ago"))
    desk.server.instead["/2/users/1001/tweets"] = {"data": [], "meta": {"next_token": "more"}}
    assert await desk.platform.find(prepared, 0, "key", desk.clock.now(), []) is None
    asked = [seen.query.get("pagination_token") for seen in desk.server.seen if seen.path == "/2/users/1001/tweets"]
    assert asked == [None, "more", "more", "more", "more"]


@pytest.mark.parametrize("key", ["text2", "media", "reply"])
async def test_the_server_takes_no_key_it_does_not_know(desk: Desk, key: str) -> None:
    access = await desk.access()
    body = {"text": "One", key: {"odd": "1"}}
    headers = {"authorization": f"Bearer {access.secrets['access_token']}"}
    answer = await desk.http.ask("x", "POST", f"{desk.server.url}/2/tweets", json=body, headers=headers, accept={400})
    assert "invalid" in answer.json()["detail"]
    assert desk.server.posts() == []


async def test_many_posts_are_looked_through_page_by_page(desk: Desk) -> None:
    since = desk.clock.now()
    prepared, [first] = await desk.posted(PartContent("The oldest"))
    access = prepared.access
    for number in range(250):
        rendering = desk.rendered(PartContent(f"Number {number}"))
        await desk.platform.commit(Prepared(rendering, access), 0, "key", [])
    assert await desk.platform.find(prepared, 0, "key", since, []) == first
    pages = [seen for seen in desk.server.seen if seen.path.endswith("/tweets") and seen.method == "GET"]
    assert len(pages) == 3


@pytest.mark.parametrize("answer", [{}, {"data": "?"}, {"data": [3, {}]}, {"data": [], "meta": "?"}])
async def test_a_timeline_that_cannot_be_read_tells_nothing(desk: Desk, answer: Any) -> None:
    prepared = await desk.prepared(PartContent("Lost"))
    desk.server.instead["/2/users/1001/tweets"] = answer
    assert await desk.platform.find(prepared, 0, "key", desk.clock.now(), []) is None


@pytest.mark.parametrize("spelling", ["tweet", "post"])
@pytest.mark.parametrize("first", ["tweet", "post", "odd"])
async def test_both_spellings_of_the_api_are_spoken(desk: Desk, spelling: str, first: str) -> None:
    desk.server.spellings, desk.given = {spelling}, {"fields": first}
    platform = desk.platform
    prepared, [done] = await desk.posted(PartContent("Count me"))
    desk.server.tweets[done.remote_id].likes = 7
    expected = {done.remote_id: Numbers(likes=7, replies=0, reposts=3, views=40)}
    assert await platform.numbers([done, replace(done, remote_id="9")], prepared.access) == expected
    assert await platform.numbers([done], prepared.access) == expected
    asked = [seen.query for seen in desk.server.seen if seen.path == "/2/tweets" and seen.method == "GET"]
    assert len(asked) == (2 if {"odd": "tweet"}.get(first, first) == spelling else 3)  # learnt once


async def test_a_refused_read_is_told(desk: Desk) -> None:
    access = await desk.access()
    desk.server.faults.add("GET /2/tweets", "status:400")
    with pytest.raises(Rejected):
        await desk.platform.numbers([Published("5")], access)


async def test_numbers_that_are_not_told_are_not_nothing(desk: Desk) -> None:
    access = await desk.access()
    told: list[dict[str, Any]] = [
        {"id": "1"},
        {"id": "2", "public_metrics": {"like_count": True, "quote_count": 3}},
        {"id": "3", "public_metrics": {"like_count": 0, "repost_count": 2}},
    ]
    desk.server.instead["/2/tweets"] = {"data": told}
    numbers = await desk.platform.numbers([Published("1"), Published("")], access)
    assert numbers == {"1": Numbers(), "2": Numbers(), "3": Numbers(likes=0, reposts=2)}
    desk.server.instead["/2/users/me"] = {"data": {}}
    assert await desk.platform.followers(access) is None
    assert await desk.platform.numbers([Published("")], access) == {}


async def test_followers_are_counted_and_posts_removed(desk: Desk) -> None:
    prepared, [done] = await desk.posted(PartContent("Gone soon"))
    assert await desk.platform.followers(prepared.access) == 12
    await desk.platform.remove(done, prepared.access)
    await desk.platform.remove(done, prepared.access)
    assert desk.server.posts() == []


def test_the_app_is_never_shown() -> None:
    assert CLIENT_SECRET not in repr(
        X(Http(clock=FakeClock()), FakeClock(), {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET})
    )
