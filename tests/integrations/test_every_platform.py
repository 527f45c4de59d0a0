"""The contract of `content/platform.py`, run on every entry of PLATFORMS against a server that behaves like the real one."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from content.connecting import Connects
from content.errors import (
    ContentError,
    Duplicate,
    Invalid,
    NeedsReconnect,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Rejected,
    Unavailable,
)
from content.platform import Absent, Finds, PartContent, Prepared, Published, Removes, Reports, Shows, Video
from integrations import PLATFORMS, Deps
from integrations.http import Http
from tests.fakes.clock import FakeClock
from tests.integrations.every_desk import KEY, PICTURE, SERVERS, Desk, Pictures, connect, open_desk, picture
from tests.servers.platform import Post

SOON = timedelta(milliseconds=300)
"""How long the hasty client waits; a slow answer takes longer."""
NOWHERE = "http://127.0.0.1:9"
WITH_LOGINS = [name for name, server in SERVERS.items() if server.logins]
WITH_COMMIT_ROUTE = [name for name, server in SERVERS.items() if server.commit_route]


@pytest_asyncio.fixture(params=SERVERS)
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(request.param, tmp_path / "posts") as opened:
        yield opened


def test_every_platform_is_in_this_contract() -> None:
    assert SERVERS.keys() == PLATFORMS.keys()


def test_every_platform_is_listed_under_its_own_name(tmp_path: Path) -> None:
    deps = Deps(Http(clock=FakeClock()), FakeClock(), tmp_path)
    assert {name: make(deps).spec.name for name, make in PLATFORMS.items()} == {name: name for name in PLATFORMS}


# connecting


async def test_connecting_tells_who_we_are(desk: Desk) -> None:
    identity = desk.connected.identity
    assert identity.remote_id
    assert identity.handle
    assert not identity.handle.startswith("@")
    assert identity.server in {"", desk.server.url}


async def test_what_the_form_asks_is_what_start_reads(desk: Desk) -> None:
    assert isinstance(desk.platform, Connects)
    assert set(desk.server.form()) <= {field.name for field in desk.platform.form()}
    assert all(field.label for field in desk.platform.form())


async def test_checking_tells_the_same_account_again(desk: Desk) -> None:
    assert isinstance(desk.platform, Connects)
    assert (await desk.platform.check(desk.access)).identity == desk.connected.identity


async def test_a_refreshed_login_works(desk: Desk) -> None:
    assert isinstance(desk.platform, Connects)
    login = await desk.platform.refresh(desk.access)
    fresh = replace(desk.access, secrets=login.secrets, expires_at=login.expires_at)
    assert (await desk.platform.check(fresh)).identity == desk.connected.identity


@pytest.mark.parametrize("desk", WITH_LOGINS, indirect=True)
async def test_a_wrong_login_is_refused_with_a_next_step(desk: Desk) -> None:
    with pytest.raises((Invalid, Rejected, NeedsReconnect)) as refused:
        await connect(desk.server, desk.platform, right=False)
    assert_readable(refused.value)


@pytest.mark.parametrize("desk", WITH_LOGINS, indirect=True)
async def test_a_login_that_ended_there_must_be_connected_again(desk: Desk) -> None:
    assert isinstance(desk.platform, Connects)
    prepared = await desk.prepared(PartContent("Too late"))
    desk.server.lose_login()
    with pytest.raises(NeedsReconnect) as refused:
        await desk.committed(prepared)
    assert_readable(refused.value)
    assert desk.server.posts() == []


async def test_revoking_twice_is_fine(desk: Desk) -> None:
    assert isinstance(desk.platform, Connects)
    await desk.platform.revoke(desk.access)
    await desk.platform.revoke(desk.access)


@pytest.mark.parametrize("desk", ["bluesky", "mastodon", "x"], indirect=True)
async def test_the_accounts_page_can_be_looked_at(desk: Desk) -> None:
    assert isinstance(desk.platform, Shows)
    name = desk.access.handle.partition("@")[0]
    assert desk.platform.profile(desk.access).endswith((name, desk.access.remote_id))


# what will go out


async def test_what_is_shown_is_what_is_checked_and_what_goes_out(desk: Desk) -> None:
    parts = [PartContent("  Cafe\u0301\r\nopens at nine \n", (picture(),))]
    shown, checked = await desk.rendered(*parts), await desk.rendered(*parts)
    assert shown == checked
    prepared = await desk.platform.prepare(shown, desk.access, Pictures(), {})
    assert prepared.rendering == shown
    await desk.committed(prepared)
    assert [post.text for post in desk.server.posts()] == [shown.parts[0].text]


async def test_a_text_at_the_limit_is_fine_and_one_above_says_by_how_much(desk: Desk) -> None:
    limits = (await desk.rendered(PartContent("a"))).limits
    at_limit = await desk.rendered(PartContent("a" * limits.text))
    above = await desk.rendered(PartContent("a" * (limits.text + 3)))
    assert desk.platform.problems(at_limit) == []
    [problem] = desk.platform.problems(above)
    assert str(limits.text) in problem.what
    assert limits.unit in problem.what
    assert "3 too many" in problem.what
    assert problem.fix


async def test_a_text_at_the_limit_is_taken(desk: Desk) -> None:
    limit = desk.platform.spec.limits.text
    await desk.committed(await desk.prepared(PartContent("ä" * limit)))
    assert len(desk.server.posts()) == 1


async def test_links_mentions_and_tags_are_found_where_they_stand(desk: Desk) -> None:
    [part] = (await desk.rendered(PartContent(desk.server.clickable))).parts
    assert {span.kind for span in part.spans} == desk.server.kinds
    starts = {"link": "https://example.org/a_(b)?c=1#d", "mention": "@", "tag": "#Čaj"}
    for span in part.spans:
        assert part.text[span.start : span.end].startswith(starts[span.kind])
        assert span.target
        assert span.kind == "mention" or part.text[span.start : span.end].endswith(span.target)


async def test_a_video_is_shown_or_refused_but_never_dropped(desk: Desk) -> None:
    film = Video("media_2", "00", "video/mp4", 2_000_000, 1280, 720, 8, "h264", "a loaf", "loaf.mp4")
    rendering = await desk.rendered(PartContent("Look", video=film))
    [part] = rendering.parts
    assert part.video == film
    problems = [one.what for one in desk.platform.problems(rendering)]
    assert problems == ([] if rendering.limits.video else ["videos are not posted there."])
    clicked = await desk.rendered(PartContent(desk.server.clickable, video=film))
    assert clicked.parts[0].card is None, "a film stands where a card would"


# publishing


async def test_a_post_with_an_image_arrives_exactly_so(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("Good morning", (picture(),)))
    assert desk.server.posts() == []
    published = await desk.committed(prepared)
    assert published.url
    digest = hashlib.sha256(PICTURE).hexdigest()
    assert desk.server.posts() == [Post(published.remote_id, "Good morning", ((digest, picture().alt),))]


async def test_a_thread_arrives_in_order_as_replies(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("One"), PartContent("Two", (picture(),)), PartContent("Three"))
    published: list[Published] = []
    for part in range(3):
        published.append(await desk.committed(prepared, part, published))
    seen = [(post.remote_id, post.text, post.reply_to) for post in desk.server.posts()]
    first, second, third = (part.remote_id for part in published)
    assert seen[:2] == [(first, "One", None), (second, "Two", first)]
    assert seen[2:] in ([(third, "Three", second)], [(third, "Three", first)])  # comments all hang on the first


async def test_a_thread_goes_on_at_the_first_part_that_is_missing(desk: Desk) -> None:
    rendering = await desk.rendered(PartContent("One"), PartContent("Two", (picture(),)))
    prepared = await desk.platform.prepare(rendering, desk.access, Pictures(), {})
    first = await desk.committed(prepared)
    desk.clock.move(timedelta(minutes=5))
    prepared = await desk.platform.prepare(rendering, desk.access, Pictures(), prepared.handles)
    second = await desk.committed(prepared, 1, [first])
    assert [(post.text, post.reply_to) for post in desk.server.posts()] == [("One", None), ("Two", first.remote_id)]
    assert second.remote_id == desk.server.posts()[1].remote_id


async def test_the_same_commit_again_makes_no_second_post(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("Only once", (picture(),)))
    first = await desk.committed(prepared)
    desk.clock.move((desk.platform.spec.repeat_safe or timedelta(minutes=1)) - timedelta(seconds=1))
    try:
        again = (await desk.committed(prepared)).remote_id
    except Duplicate as there:
        again = there.remote_id
    except OutcomeUnknown:
        again = first.remote_id
    assert len(desk.server.posts()) == 1
    assert again == first.remote_id


# faults


@dataclass(frozen=True)
class Broken:
    """What goes wrong at the commit, and the error it must become."""

    fault: str
    error: type[PlatformError] | tuple[type[PlatformError], ...]
    headers: Mapping[str, str] | None = None
    public: int = 0
    """How many posts there are right afterwards."""


FAULTS = [
    Broken("drop_before", OutcomeUnknown),
    Broken("drop_after", OutcomeUnknown, public=1),
    Broken("slow_before:0.6", OutcomeUnknown),
    Broken("slow_after:0.6", OutcomeUnknown, public=1),
    Broken("cut_body", OutcomeUnknown, public=1),
    Broken("html_before", OutcomeUnknown),
    Broken("html_after", OutcomeUnknown, public=1),
    Broken("status_before:500", OutcomeUnknown),
    Broken("status_before:503", OutcomeUnknown),
    Broken("status_after:502", OutcomeUnknown, public=1),
    Broken("status_after:504", OutcomeUnknown, public=1),
    Broken("status_after:408", OutcomeUnknown, public=1),
    Broken("status_after:302", OutcomeUnknown, {"location": "https://example.org/"}, public=1),
    Broken("status_before:400", Rejected),
    Broken("status_before:401", NeedsReconnect),
    Broken("status_before:403", (Rejected, NeedsReconnect)),
    Broken("status_before:422", Rejected),
    Broken("status_before:429", RateLimited),
    Broken("status_before:429", RateLimited, {"retry-after": "120"}),
    Broken("status_before:429", RateLimited, {"retry-after": "Mon, 23 Nov 2026 08:02:00 GMT"}),
    Broken("status_before:429", RateLimited, {"x-ratelimit-reset": "2026-11-23T08:02:00.000000Z"}),
    Broken("status_before:429", RateLimited, {"ratelimit-reset": "1795420920"}),
    Broken("status_before:429", RateLimited, {"x-rate-limit-reset": "1795420920"}),
]
TWO_MINUTES_ON = datetime(2026, 11, 23, 8, 2, tzinfo=UTC)


def named(broken: Broken) -> str:
    return " ".join([broken.fault, *(broken.headers or ())])


@pytest.mark.parametrize("broken", FAULTS, ids=named)
@pytest.mark.parametrize("desk", WITH_COMMIT_ROUTE, indirect=True)
async def test_whatever_breaks_at_the_commit_there_is_one_post_in_the_end(desk: Desk, broken: Broken) -> None:
    since = desk.clock.now()
    prepared = await desk.prepared(PartContent("Exactly once", (picture(),)))
    desk.server.faults.add(desk.server.commit_route, broken.fault, headers=broken.headers)
    hasty = Http(clock=desk.clock, allowed_private_hosts=["127.0.0.1"], timeout=SOON)
    platform = desk.server.platform(replace(desk.deps, http=hasty)) if "slow" in broken.fault else desk.platform
    with pytest.raises(PlatformError) as told:
        await platform.commit(prepared, 0, f"{KEY}-0", [])
    assert desk.server.faults.left == 0
    assert isinstance(told.value, broken.error), told.value
    assert_readable(told.value)
    assert told.value.platform == desk.platform.spec.name
    assert len(desk.server.posts()) == broken.public
    if isinstance(told.value, RateLimited):
        assert told.value.until == (TWO_MINUTES_ON if broken.headers else desk.clock.now() + timedelta(minutes=1))
    if isinstance(told.value, OutcomeUnknown):
        await mended(desk, prepared, since)
        await asyncio.sleep(0.4 if "slow_before" in broken.fault else 0)  # until the slow request is carried out too
        assert [post.text for post in desk.server.posts()] == ["Exactly once"]


async def mended(desk: Desk, prepared: Prepared, since: datetime) -> None:
    """What the publisher does when nobody knows: repeat where that is safe, else look, and send only if it is absent."""
    desk.clock.move(timedelta(minutes=2))
    if desk.platform.spec.repeat_safe is not None:
        await desk.committed(prepared)
        return
    assert isinstance(desk.platform, Finds)
    found = await desk.platform.find(prepared, 0, f"{KEY}-0", since, [])
    a_person_sees_it = bool(desk.server.posts())  # where the platform cannot tell, somebody is asked
    if isinstance(found, Absent) or (found is None and not a_person_sees_it):
        await desk.committed(prepared)


@pytest.mark.parametrize("desk", WITH_COMMIT_ROUTE, indirect=True)
async def test_a_server_that_cannot_be_reached_took_nothing(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("Nobody there"))
    there, desk.server.url = desk.server.url, NOWHERE
    lost = replace(prepared, access=replace(prepared.access, server=prepared.access.server and NOWHERE))
    with pytest.raises(Unavailable) as told:
        await desk.server.platform(desk.deps).commit(lost, 0, KEY, [])
    desk.server.url = there
    assert_readable(told.value)
    assert desk.server.posts() == []


async def test_a_part_that_went_out_is_found(desk: Desk) -> None:
    assert isinstance(desk.platform, Finds)
    since = desk.clock.now()
    prepared = await desk.prepared(PartContent("Here I am", (picture(),)), PartContent("And here"))
    first = await desk.committed(prepared)
    second = await desk.committed(prepared, 1, [first])
    for part, (published, earlier) in enumerate([(first, []), (second, [first])]):
        found = await desk.platform.find(prepared, part, f"{KEY}-{part}", since, earlier)
        assert isinstance(found, Published)
        assert found.remote_id == published.remote_id


async def test_a_part_that_did_not_go_out_is_not_found(desk: Desk) -> None:
    assert isinstance(desk.platform, Finds)
    prepared = await desk.prepared(PartContent("Not here"), PartContent("Nor here"))
    found = await desk.platform.find(prepared, 0, f"{KEY}-0", desk.clock.now(), [])
    assert found is None or isinstance(found, Absent)


# afterwards


async def test_removing_twice_is_fine(desk: Desk) -> None:
    assert isinstance(desk.platform, Removes)
    published = await desk.committed(await desk.prepared(PartContent("Gone soon", (picture(),))))
    await desk.platform.remove(published, desk.access)
    assert desk.server.posts() == []
    await desk.platform.remove(published, desk.access)


async def test_removing_one_part_leaves_the_others(desk: Desk) -> None:
    assert isinstance(desk.platform, Removes)
    prepared = await desk.prepared(PartContent("One"), PartContent("Two"))
    first = await desk.committed(prepared)
    second = await desk.committed(prepared, 1, [first])
    await desk.platform.remove(second, desk.access)
    assert [post.text for post in desk.server.posts()] == ["One"]


async def test_numbers_are_told_or_honestly_absent(desk: Desk) -> None:
    published = await desk.committed(await desk.prepared(PartContent("Count me")))
    if isinstance(desk.platform, Reports):
        gone = replace(published, remote_id=published.remote_id[:-1] + "9")
        numbers = await desk.platform.numbers([published, gone], desk.access)
        assert gone.remote_id not in numbers
        told = [one for number in numbers.values() for one in (number.likes, number.replies, number.reposts)]
        assert all(one is None or one >= 0 for one in told)
        followers = await desk.platform.followers(desk.access)
        assert followers is None or followers >= 0


# secrets


@pytest.mark.parametrize("desk", WITH_LOGINS, indirect=True)
async def test_a_login_is_never_shown_or_logged(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    for logger in ("content", "integrations", "httpcore", "authlib"):
        caplog.set_level(logging.DEBUG, logger)
    assert isinstance(desk.platform, Connects)
    connected = await connect(desk.server, desk.platform)
    prepared = await desk.prepared(PartContent("Hush"))
    for fault in ("drop_after", "html_after", "status_before:401", "status_after:500"):
        desk.server.faults.add(desk.server.commit_route, fault)
        with pytest.raises(PlatformError) as told:
            await desk.committed(prepared)
        logging.getLogger("content").error(told.value.message)
    await desk.platform.check(desk.access)
    await desk.platform.revoke(desk.access)
    assert caplog.records
    said = [repr(connected), repr(desk.access), repr(prepared), *caplog.messages]
    said += [f"{value}" for record in caplog.records for value in vars(record).values()]
    for secret in {*connected.login.secrets.values(), *desk.access.secrets.values()}:
        assert not [text for text in said if secret in text]


def assert_readable(error: ContentError) -> None:
    """A sentence with a next step: whole, without codes, without markup."""
    message = error.message
    assert message.endswith((".", "”", "UTC.")), message
    assert len(message) > 40, message
    assert "Traceback" not in message
    assert "<" not in message
