"""Publishing to our small Bluesky: what is its own; what every platform shares is in `test_every_platform.py`."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from content.connecting import Connects
from content.errors import NeedsReconnect, OutcomeUnknown, PlatformError, RateLimited, Rejected, Unavailable
from content.platform import (
    Absent,
    Content,
    Finds,
    Image,
    LinkCard,
    Numbers,
    PartContent,
    Platform,
    Prepared,
    Published,
    Removes,
    Reports,
    Resolves,
)
from tests.integrations.bluesky_desk import Desk, access_of, connected_desk
from tests.servers.running import serving

CREATE = "POST /xrpc/com.atproto.repo.createRecord"
PICTURE = Image("media_1", hashlib.sha256(b"png").hexdigest(), "image/png", 3, 64, 48, alt="a cat", name="cat.png")


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with connected_desk() as connected:
        yield connected


def test_bluesky_does_all_that_the_port_offers_but_following(desk: Desk) -> None:
    assert isinstance(desk.platform, Platform)
    for part in (Connects, Resolves, Finds, Reports, Removes):
        assert isinstance(desk.platform, part)
    assert [asked.name for asked in desk.platform.form()] == ["handle", "app_password", "server"]
    assert desk.platform.spec.repeat_safe is None


# -- looking at a post


async def test_mentions_and_cards_are_looked_up_once(desk: Desk) -> None:
    desk.server.account("bob.test")
    page = "<title>A page</title><meta property=og:description content='About it'>"
    pages = {
        "/a": Response(page, media_type="text/html"),
        "/b": Response(b"\xff", media_type="text/html; charset=utf-8"),
    }
    pages["/c"] = Response(page, media_type="text/html; charset=no-such")
    pages["/d"] = Response(page, media_type="text/plain")

    async def read(request: Request) -> Response:
        return pages[request.url.path]

    async with serving(Starlette(routes=[Route("/{page}", read)])) as site:
        texts = [f"@bob.test {site}/a #x", f"@Bob.test @nobody.test {site}/a", *(f"{site}/{page}" for page in "bcd")]
        parts = (*map(PartContent, texts), PartContent("http://10.0.0.1/"), PartContent("plain"))
        picture = PartContent(f"{site}/e", (PICTURE,))
        resolved = await desk.platform.resolve(Content((*parts, picture)), desk.access)
    bob = next(account.did for account in desk.server.accounts.values() if account.handle == "bob.test")
    assert resolved == {
        "mentions": {"bob.test": bob},
        "cards": {f"{site}/a": {"title": "A page", "description": "About it"}},
    }
    rendering = desk.platform.render(Content((parts[0], picture), resolved=resolved), desk.access)
    assert rendering.parts[0].card == LinkCard(f"{site}/a", "A page", "About it")
    assert [span.kind for span in rendering.parts[0].spans] == ["mention", "link", "tag"]
    assert rendering.parts[1].card is None


def test_a_rendering_unifies_line_ends_and_cuts_blank_ends(desk: Desk) -> None:
    part = desk.platform.render(Content((PartContent("\n a\r\nb\rc \n"),)), desk.access).parts[0]
    assert (part.text, part.length) == ("a\nb\nc", 5)


@pytest.mark.parametrize(
    ("text", "settings", "says"),
    [
        ("👨‍👩‍👧‍👦" * 121, {}, ["Bluesky: 3025 of 3000 bytes of text."]),
        ("a" * 301, {}, ["Bluesky: 301 of 300 graphemes, 1 too many."]),
        ("a" * 300, {"languages": ["en", "pt-BR", "ast"]}, []),
        ("a", {"languages": ["en", "de", "fr", "es"]}, ["the languages “en, de, fr, es” are not accepted"]),
        ("a", {"languages": ["English"]}, ["the languages “English” are not accepted"]),
    ],
)
def test_problems_are_named_before_the_server_names_them(
    desk: Desk, text: str, settings: dict[str, Any], says: list[str]
) -> None:
    rendering = desk.platform.render(Content((PartContent(text),), settings), desk.access)
    problems = [str(problem) for problem in desk.platform.problems(rendering)]
    assert len(problems) == len(says)
    assert all(said in problem for said, problem in zip(says, problems, strict=True))


# -- publishing


async def test_a_thread_hangs_together(desk: Desk) -> None:
    prepared = await desk.prepared("one", "two", "three", images=(PICTURE,), settings={"languages": ["en"]})
    posts: tuple[Published, ...] = ()
    for part in range(3):
        posts = (*posts, await desk.commit(prepared, part, posts))
    uris = [post.remote_id for post in posts]
    assert [(post["text"], post["reply_to"], post["images"]) for post in desk.server.posts()] == [
        ("one", None, ["a cat"]),
        ("two", uris[0], []),
        ("three", uris[1], []),
    ]
    records = [record["value"] for record in desk.server.desk.records.values()]
    assert records[2]["reply"]["root"] == {"uri": uris[0], "cid": posts[0].facts["cid"]}
    assert [record["createdAt"] for record in records] == [f"2026-11-23T08:00:00.00{n}Z" for n in range(3)]
    assert records[0]["langs"] == ["en"]
    assert uris == sorted(uris)
    assert posts[0].url == f"https://bsky.app/profile/desk.test/post/{uris[0].rpartition('/')[2]}"


async def test_keys_stay_and_uploads_are_used_again(desk: Desk) -> None:
    first = await desk.prepared("one", images=(PICTURE, PICTURE))
    assert desk.media.reads == 1
    desk.clock.move(timedelta(minutes=49))
    second = await desk.platform.prepare(first.rendering, desk.access, desk.media, first.handles)
    assert (second.handles["rkeys"], second.handles["blobs"]) == (first.handles["rkeys"], first.handles["blobs"])
    desk.clock.move(timedelta(minutes=1))
    third = await desk.platform.prepare(first.rendering, desk.access, desk.media, second.handles)
    assert third.handles["rkeys"] == first.handles["rkeys"]
    assert desk.media.reads == 2


@pytest.mark.parametrize("fault", ["status:429", "status:401", "status_before:500"])
async def test_what_is_sent_again_days_later_is_dated_then(desk: Desk, fault: str) -> None:
    """With the date of its first try it would be days down in everybody's feed."""
    friday = await desk.prepared("x")
    desk.server.faults.add(CREATE, fault)
    with pytest.raises(PlatformError):
        await desk.commit(friday)
    desk.clock.move(timedelta(days=3))
    monday = await prepared_again(desk, friday)
    published = await desk.commit(monday)
    assert published.remote_id.endswith(friday.handles["rkeys"][0])
    assert dates(desk) == ["2026-11-26T08:00:00.000Z"]


async def test_a_first_try_that_arrived_after_all_keeps_its_date_and_is_found(desk: Desk) -> None:
    friday = await desk.prepared("x")
    desk.server.faults.add(CREATE, "drop_after")
    with pytest.raises(OutcomeUnknown):
        await desk.commit(friday)
    desk.clock.move(timedelta(days=3))
    monday = await prepared_again(desk, friday)
    with pytest.raises(OutcomeUnknown):
        await desk.commit(monday)
    assert isinstance(await desk.find(monday), Published)
    assert dates(desk) == ["2026-11-23T08:00:00.000Z"]


@pytest.mark.parametrize(
    ("later", "dated"),
    [(timedelta(days=3), "2026-11-26T08:00:00.001Z"), (-timedelta(hours=1), "2026-11-23T08:00:00.001Z")],
    ids=["days later", "a clock set back"],
)
async def test_the_rest_of_a_thread_is_dated_after_what_is_out(desk: Desk, later: timedelta, dated: str) -> None:
    begun = await desk.prepared("one", "two")
    first = await desk.commit(begun)
    desk.clock.move(later)
    await desk.commit(await prepared_again(desk, begun), 1, (first,))
    assert dates(desk) == ["2026-11-23T08:00:00.000Z", dated]


async def prepared_again(desk: Desk, before: Prepared) -> Prepared:
    """With a login of that time, as it ends after two hours."""
    fresh = access_of(await desk.platform.check(desk.access))
    return await desk.platform.prepare(before.rendering, fresh, desk.media, before.handles)


def dates(desk: Desk) -> list[str]:
    return [record["value"]["createdAt"] for record in desk.server.desk.records.values()]


async def test_a_key_is_a_timestamp_that_sorts(desk: Desk) -> None:
    desk.clock.set(datetime(1970, 1, 1, tzinfo=UTC))
    assert (await desk.prepared("x")).handles["rkeys"][0].startswith("22222222222")
    rkeys = (await desk.prepared(*"abcdefgh")).handles["rkeys"]
    assert rkeys == sorted(set(rkeys))


async def test_an_upload_that_is_too_large_is_refused(desk: Desk) -> None:
    desk.media.content = b"x" * 6_000_000
    with pytest.raises(Rejected, match="request entity too large"):
        await desk.prepared("x", images=(PICTURE,))


async def test_a_lost_upload_is_no_fault_of_the_content(desk: Desk) -> None:
    prepared = await desk.prepared("x", images=(PICTURE,))
    desk.server.desk.blobs.clear()
    with pytest.raises(Unavailable, match=r"has lost an uploaded image\. Try again later"):
        await desk.commit(prepared)


async def test_an_expired_session_refuses_before_anything_is_public(desk: Desk) -> None:
    prepared = await desk.prepared("x")
    desk.clock.move(timedelta(hours=2))
    with pytest.raises(NeedsReconnect):
        await desk.commit(prepared)
    fresh = access_of(await desk.platform.check(desk.access))
    await desk.commit(replace(prepared, access=fresh))
    assert len(desk.server.posts()) == 1


async def test_the_servers_own_words_reach_the_person(desk: Desk) -> None:
    prepared = await desk.prepared("a" * 301)
    with pytest.raises(Rejected, match="grapheme too big"):
        await desk.commit(prepared)
    assert desk.server.posts() == []


@pytest.mark.parametrize("fault", ["drop_after", "status_after:500", "html_after", "cut_body", "status_after:504"])
async def test_a_lost_answer_is_found_and_never_sent_twice(desk: Desk, fault: str) -> None:
    prepared = await desk.prepared("x")
    desk.server.faults.add(CREATE, fault)
    with pytest.raises(OutcomeUnknown):
        await desk.commit(prepared)
    found = await desk.find(prepared)
    assert isinstance(found, Published)
    assert [post["remote_id"] for post in desk.server.posts()] == [found.remote_id]


async def test_a_repeated_commit_makes_no_second_post_and_says_nothing(desk: Desk) -> None:
    prepared = await desk.prepared("x")
    published = await desk.commit(prepared)
    with pytest.raises(OutcomeUnknown):
        await desk.commit(prepared)
    assert await desk.find(prepared) == published
    assert len(desk.server.posts()) == 1


async def test_a_lost_request_is_proved_absent(desk: Desk) -> None:
    prepared = await desk.prepared("x")
    desk.server.faults.add(CREATE, "drop_before")
    with pytest.raises(OutcomeUnknown):
        await desk.commit(prepared)
    assert await desk.find(prepared) == Absent()


async def test_a_refusal_by_something_in_between_proves_nothing(desk: Desk) -> None:
    async def gate(request: Request) -> Response:
        return Response("<h1>Blocked</h1>", 403)

    prepared = await desk.prepared("x")
    async with serving(Starlette(routes=[Route("/{path:path}", gate, methods=["GET", "POST"])])) as elsewhere:
        there = replace(prepared, access=replace(desk.access, server=elsewhere))
        with pytest.raises(OutcomeUnknown, match="may or may not have happened"):
            await desk.commit(there)
        with pytest.raises(Unavailable):
            await desk.find(there)


async def test_an_answer_that_names_no_post_is_unknown(desk: Desk) -> None:
    async def nothing(request: Request) -> Response:
        return JSONResponse(["ok"] if request.method == "GET" else {"uri": "at://x"})

    prepared = await desk.prepared("x")
    async with serving(Starlette(routes=[Route("/{path:path}", nothing, methods=["GET", "POST"])])) as elsewhere:
        there = replace(prepared, access=replace(desk.access, server=elsewhere))
        with pytest.raises(OutcomeUnknown):
            await desk.commit(there)
        with pytest.raises(Unavailable):
            await desk.find(there)


async def test_a_server_that_does_not_know_the_account_proves_nothing(desk: Desk) -> None:
    prepared = await desk.prepared("x")
    elsewhere = replace(prepared, access=replace(desk.access, remote_id="did:plc:moved"))
    assert await desk.find(elsewhere) is None


@pytest.mark.parametrize("fault", ["status:503", "drop_before", "html"])
async def test_trouble_while_looking_is_no_answer(desk: Desk, fault: str) -> None:
    prepared = await desk.prepared("x")
    desk.server.faults.add("/xrpc/com.atproto.repo.getRecord", fault)
    with pytest.raises(Unavailable):
        await desk.find(prepared)


async def test_a_server_that_wants_a_pause_says_until_when(desk: Desk) -> None:
    prepared = await desk.prepared("x")
    desk.server.faults.add(
        CREATE, "status:429", headers={"ratelimit-reset": str(int(desk.clock.now().timestamp()) + 90)}
    )
    with pytest.raises(RateLimited) as limited:
        await desk.commit(prepared)
    assert limited.value.until == desk.clock.now() + timedelta(seconds=90)


async def test_a_server_we_may_no_longer_reach_is_unavailable(desk: Desk) -> None:
    prepared = await desk.prepared("x")
    with pytest.raises(Unavailable, match=r"10\.0\.0\.1"):
        await desk.commit(replace(prepared, access=replace(desk.access, server="https://10.0.0.1")))


# -- afterwards


async def test_removing_twice_is_no_error(desk: Desk) -> None:
    published = await desk.commit(await desk.prepared("x"))
    await desk.platform.remove(published, desk.access)
    assert desk.server.posts() == []
    await desk.platform.remove(published, desk.access)


async def test_numbers_come_in_batches_and_leave_out_what_is_gone(desk: Desk) -> None:
    prepared = await desk.prepared(*(str(number) for number in range(30)))
    posts = [await desk.commit(prepared, part) for part in range(30)]
    await desk.platform.remove(posts[3], desk.access)
    desk.server.counts[posts[29].remote_id] = {"likeCount": 4, "replyCount": 0, "repostCount": 2}
    numbers = await desk.platform.numbers(posts, desk.access)
    assert set(numbers) == {post.remote_id for post in posts} - {posts[3].remote_id}
    assert numbers[posts[29].remote_id] == Numbers(likes=4, replies=0, reposts=2, views=None)
    assert numbers[posts[0].remote_id] == Numbers()


async def test_followers_are_told_where_the_profile_is_shown(desk: Desk) -> None:
    assert await desk.platform.followers(desk.access) == 7
    desk.server.desk.status = "deactivated"
    assert await desk.platform.followers(desk.access) is None
