"""What is Mastodon's own: servers with their own limits, media that takes its time, keys that make repeats safe."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from content.connecting import Connected, Elsewhere
from content.errors import Invalid, NeedsReconnect, OutcomeUnknown, Rejected, Unavailable
from content.platform import Access, Content, Image, Json, PartContent, Prepared, Published
from integrations.http import Http
from integrations.mastodon import Mastodon
from tests.fakes.clock import FakeClock
from tests.servers.mastodon import MastodonServer
from tests.servers.running import serving

CALLBACK = "https://desk.example.org/connect/return"
PICTURE = b"not really a picture"
IMAGE = Image("media_1", hashlib.sha256(PICTURE).hexdigest(), "image/png", len(PICTURE), 8, 8, alt="A boat")


class Pictures:
    async def read(self, media_id: str) -> bytes:
        return PICTURE

    async def read_range(self, media_id: str, start: int, end: int) -> bytes:
        return (await self.read(media_id))[start:end]


@dataclass
class Desk:
    server: MastodonServer
    platform: Mastodon
    http: Http
    clock: FakeClock
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.move(timedelta(seconds=seconds))

    async def asked(self) -> Elsewhere:
        return await self.platform.start({"server": self.server.url}, CALLBACK, "a-state")

    async def connected(self) -> Connected:
        asked = await self.asked()
        [connected] = await self.platform.finish(asked.keep, await self.server.walk(asked.url), CALLBACK)
        return connected

    async def access(self) -> Access:
        who = await self.connected()
        name, secrets = self.platform.spec.name, who.login.secrets
        return Access("a", name, who.identity.remote_id, who.identity.handle, self.server.url, who.facts, secrets)

    async def prepared(
        self, *parts: PartContent, settings: Json | None = None, handles: Json | None = None
    ) -> Prepared:
        access = await self.access()
        rendering = self.platform.render(Content(parts, settings or {}), access)
        return await self.platform.prepare(rendering, access, Pictures(), handles or {})

    async def posted(self, text: str) -> tuple[Prepared, Published]:
        prepared = await self.prepared(PartContent(text))
        return prepared, await self.platform.commit(prepared, 0, "key", [])


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    clock = FakeClock()
    server, http = MastodonServer(clock), Http(clock=clock, allowed_private_hosts=["127.0.0.1"])
    async with serving(server.app) as server.url:
        made = Desk(server, Mastodon(http, clock), http, clock)
        made.platform = Mastodon(http, clock, made.sleep)
        yield made


# connecting


async def test_a_person_is_sent_to_their_server_with_pkce_and_our_state(desk: Desk) -> None:
    asked = await desk.asked()
    assert asked.url.startswith(f"{desk.server.url}/oauth/authorize?response_type=code&")
    assert "code_challenge_method=S256" in asked.url
    assert "state=a-state" in asked.url
    assert asked.keep["verifier"] not in asked.url
    assert asked.keep["client_secret"] not in repr(asked)


async def test_an_account_is_named_by_its_domain_and_known_by_its_server(desk: Desk) -> None:
    connected = await desk.connected()
    host = desk.server.url.removeprefix("http://")
    assert connected.identity.handle == "ana@social.example.org"
    assert connected.identity.remote_id == f"1@{host}"
    assert connected.identity.name == "Ana"
    assert connected.login.expires_at is None


@pytest.mark.parametrize("versions", [{2}, {1}, set()])
async def test_a_server_of_any_age_tells_or_has_the_usual_limits(desk: Desk, versions: set[int]) -> None:
    desk.server.instance_versions = versions
    desk.server.configuration = {"statuses": {"max_characters": 1234}}
    access = await desk.access()
    rendering = desk.platform.render(Content((PartContent("Hello"),)), access)
    assert rendering.limits.text == (1234 if versions else 500)
    assert access.handle.partition("@")[2] == ("social.example.org" if versions else desk.server.url[7:])


async def test_saying_no_at_the_server_connects_nothing(desk: Desk) -> None:
    asked = await desk.asked()
    answer = await desk.server.walk(asked.url, allow=False)
    with pytest.raises(Rejected, match=r"not allowed.*Try again"):
        await desk.platform.finish(asked.keep, answer, CALLBACK)


async def test_a_code_works_once_and_only_with_our_verifier(desk: Desk) -> None:
    asked = await desk.asked()
    stolen = await desk.server.walk(asked.url)
    with pytest.raises(Rejected, match="Start connecting again"):
        await desk.platform.finish({**asked.keep, "verifier": "v" * 64}, stolen, CALLBACK)
    with pytest.raises(Rejected, match="Start connecting again"):
        await desk.platform.finish(asked.keep, stolen, CALLBACK)


@pytest.mark.parametrize("fault", ["status:404", "status:401", "html"])
async def test_what_is_no_mastodon_server_is_said_to_be_none(desk: Desk, fault: str) -> None:
    desk.server.faults.add("/api/v1/apps", fault)
    with pytest.raises(Invalid, match=r"is not one.*such as mastodon\.social"):
        await desk.asked()


@pytest.mark.parametrize("fault", ["status:503", "drop"])
async def test_a_server_that_is_down_can_be_tried_later(desk: Desk, fault: str) -> None:
    desk.server.faults.add("/api/v1/apps", fault)
    with pytest.raises(Unavailable, match="Try again later"):
        await desk.asked()


@pytest.mark.parametrize("answer", [[], {"client_id": "a"}, {"client_id": "a", "client_secret": None}])
async def test_an_answer_that_is_not_mastodons_is_not_taken(desk: Desk, answer: Any) -> None:
    desk.server.instead["/api/v1/apps"] = answer
    with pytest.raises(Unavailable, match="did not answer as Mastodon does"):
        await desk.asked()


async def test_a_revoked_login_is_dead(desk: Desk) -> None:
    access = await desk.access()
    await desk.platform.revoke(access)
    with pytest.raises(NeedsReconnect):
        await desk.platform.check(access)


async def test_a_login_never_changes(desk: Desk) -> None:
    access = await desk.access()
    assert (await desk.platform.refresh(access)).secrets == access.secrets
    assert (await desk.platform.check(access)).login.secrets == access.secrets


# what will go out


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"visibility": "secret"}, "no visibility"),
        ({"language": "Deutsch"}, "no language"),
        ({"language": "DE"}, "no language"),
        ({"visibility": "direct", "language": "de"}, ""),
        ({}, ""),
    ],
)
async def test_settings_that_it_does_not_know_are_a_problem(desk: Desk, settings: Json, words: str) -> None:
    rendering = desk.platform.render(Content((PartContent("Hello"),), settings), await desk.access())
    assert [words in str(problem) for problem in desk.platform.problems(rendering)] == ([True] if words else [])


async def test_an_animation_goes_alone(desk: Desk) -> None:
    moving, access = replace(IMAGE, mime="image/gif"), await desk.access()
    alone = desk.platform.render(Content((PartContent("", (moving,)), PartContent("", (IMAGE, IMAGE)))), access)
    mixed = desk.platform.render(Content((PartContent("", (IMAGE,)), PartContent("", (IMAGE, moving)))), access)
    assert desk.platform.problems(alone) == []
    [problem] = desk.platform.problems(mixed)
    assert problem.where == "Mastodon, part 2"


# publishing


async def test_later_parts_of_a_public_thread_are_unlisted(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("One"), PartContent("Two"), settings={"language": "de"})
    first = await desk.platform.commit(prepared, 0, "a", [])
    await desk.platform.commit(prepared, 1, "b", [first])
    statuses = desk.server.statuses.values()
    assert [(one.visibility, one.language) for one in statuses] == [("public", "de"), ("unlisted", "de")]


async def test_a_private_thread_stays_private(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("One"), PartContent("Two"), settings={"visibility": "private"})
    first = await desk.platform.commit(prepared, 0, "a", [])
    await desk.platform.commit(prepared, 1, "b", [first])
    assert {one.visibility for one in desk.server.statuses.values()} == {"private"}


async def test_the_key_goes_along_with_the_status(desk: Desk) -> None:
    await desk.posted("Hello")
    [seen] = [seen for seen in desk.server.seen if seen.path == "/api/v1/statuses"]
    assert seen.headers["idempotency-key"] == "key"


async def test_an_image_that_is_still_processed_is_waited_for(desk: Desk) -> None:
    desk.server.processing = 3
    prepared = await desk.prepared(PartContent("", (IMAGE,)))
    await desk.platform.commit(prepared, 0, "key", [])
    assert desk.slept == [0.5, 1.0, 2.0]
    assert len(desk.server.posts()) == 1


async def test_an_image_that_is_never_ready_is_given_up_after_a_minute(desk: Desk) -> None:
    desk.server.processing = 1000
    with pytest.raises(Unavailable, match="still working on an image"):
        await desk.prepared(PartContent("", (IMAGE,)))
    assert 60 <= sum(desk.slept) < 66


async def test_an_image_that_got_lost_while_processed_is_said_to_be(desk: Desk) -> None:
    desk.server.processing = 1
    desk.server.faults.add("/api/v1/media/102", "status:404")
    desk.server.faults.add("/api/v1/media/103", "status:404")
    desk.server.faults.add("/api/v1/media/104", "status:404")
    with pytest.raises(Unavailable, match="lost the image media_1"):
        await desk.prepared(PartContent("", (IMAGE,)))


async def test_an_upload_of_an_earlier_try_is_used_again(desk: Desk) -> None:
    first = await desk.prepared(PartContent("", (IMAGE, replace(IMAGE, alt=""))))
    again = await desk.prepared(PartContent("", (IMAGE, replace(IMAGE, alt=""))), handles=first.handles)
    assert again.handles == first.handles
    assert [media.alt for media in desk.server.media.values()] == ["A boat", ""]


async def test_an_upload_that_is_gone_or_says_something_else_is_made_again(desk: Desk) -> None:
    first = await desk.prepared(PartContent("", (IMAGE,)))
    desk.server.media.clear()
    gone = await desk.prepared(PartContent("", (IMAGE,)), handles=first.handles)
    other = await desk.prepared(PartContent("", (replace(IMAGE, alt="A ship"),)), handles=gone.handles)
    assert [media.alt for media in desk.server.media.values()] == ["A boat", "A ship"]
    assert first.handles != gone.handles != other.handles


@pytest.mark.parametrize("answer", [{}, [], {"id": None}])
async def test_an_answer_without_an_id_leaves_open_what_happened(desk: Desk, answer: Any) -> None:
    desk.server.instead["/api/v1/statuses"] = answer
    with pytest.raises(OutcomeUnknown, match="Look at the account"):
        await desk.posted("Hello")


async def test_a_login_that_may_not_post_must_be_connected_again(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("Hello"))
    desk.server.tokens = dict.fromkeys(desk.server.tokens, "read:accounts")
    with pytest.raises(NeedsReconnect, match="does not let this login do that"):
        await desk.platform.commit(prepared, 0, "key", [])


async def test_a_server_that_moved_to_where_we_do_not_go_is_refused(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("Hello"))
    inside = replace(prepared, access=replace(prepared.access, server="http://10.0.0.1"))
    with pytest.raises(Rejected, match="don't go to that address"):
        await desk.platform.commit(inside, 0, "key", [])


async def test_a_refused_text_says_the_servers_words(desk: Desk) -> None:
    prepared = await desk.prepared(PartContent("Hello"))
    desk.server.configuration = {"statuses": {"max_characters": 4}}
    with pytest.raises(Rejected, match="Text character limit of 4 exceeded"):
        await desk.platform.commit(prepared, 0, "key", [])


# finding


async def found(desk: Desk, prepared: Prepared, *, minutes: float = -1, earlier: Sequence[Published] = ()) -> bool:
    since = desk.clock.now() + timedelta(minutes=minutes)
    return await desk.platform.find(prepared, 0, "key", since, earlier) is not None


async def test_a_status_is_found_long_after_its_key_is_forgotten(desk: Desk) -> None:
    prepared = await desk.prepared(
        PartContent("A link https://example.org/a,\n\nand @ana@example.org & #tag", (IMAGE,))
    )
    published = await desk.platform.commit(prepared, 0, "key", [])
    since = desk.clock.now()
    desk.clock.move(timedelta(days=2))
    assert await desk.platform.find(prepared, 0, "key", since, []) == published


async def test_a_status_from_before_the_attempt_is_not_taken_for_ours(desk: Desk) -> None:
    prepared, _ = await desk.posted("Hello")
    desk.clock.move(timedelta(minutes=5))
    assert not await found(desk, prepared)
    assert await found(desk, prepared, minutes=-6)


async def test_another_status_is_not_taken_for_ours(desk: Desk) -> None:
    prepared, published = await desk.posted("Hello")
    other = await desk.prepared(PartContent("Hello there"))
    pictured = await desk.prepared(PartContent("Hello", (IMAGE,)))
    assert await found(desk, prepared)
    assert not await found(desk, other)
    assert not await found(desk, pictured)
    assert not await found(desk, prepared, earlier=[published])


async def test_a_status_is_found_on_a_later_page_but_not_without_end(desk: Desk) -> None:
    prepared, _ = await desk.posted("The first")
    await fill(desk, 45)
    assert await found(desk, prepared)
    await fill(desk, 200)
    assert not await found(desk, prepared)


async def fill(desk: Desk, count: int) -> None:
    example = next(iter(desk.server.statuses.values()))
    for _ in range(count):
        number = str(max(map(int, desk.server.statuses)) + 1)
        desk.server.statuses[number] = replace(example, id=number, text="Another")
        desk.server._made += 1


@pytest.mark.parametrize("moment", [None, "yesterday", 5])
async def test_a_status_without_a_readable_date_proves_nothing(desk: Desk, moment: object) -> None:
    prepared, published = await desk.posted("Hello")
    desk.server.statuses[published.remote_id].told["created_at"] = moment
    assert not await found(desk, prepared)


async def test_a_date_without_a_zone_is_read_as_utc(desk: Desk) -> None:
    prepared, published = await desk.posted("Hello")
    desk.server.statuses[published.remote_id].told["created_at"] = "2026-11-23T08:00:00"
    assert await found(desk, prepared)


@pytest.mark.parametrize("answer", [{}, [None, 3]])
async def test_a_list_that_is_none_proves_nothing(desk: Desk, answer: Any) -> None:
    prepared, _ = await desk.posted("Hello")
    desk.server.instead["/api/v1/accounts/1/statuses"] = answer
    assert not await found(desk, prepared)


# afterwards


async def test_numbers_are_the_servers_and_views_are_not_told(desk: Desk) -> None:
    prepared, first = await desk.posted("Hello")
    await desk.platform.commit(await desk.prepared(PartContent("A reply")), 0, "other", [first])
    desk.server.statuses[first.remote_id].likes = 7
    numbers = await desk.platform.numbers([first, Published("999")], prepared.access)
    assert {name: (one.likes, one.replies, one.reposts, one.views) for name, one in numbers.items()} == {
        first.remote_id: (7, 1, 0, None)
    }
    assert await desk.platform.followers(prepared.access) == 12
