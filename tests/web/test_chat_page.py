import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from bot.chat import OutMessage
from bot.webchat.events import ServerEvent
from content.transcript import PAGE
from tests.servers.running import serving
from tests.web.stand_in import StandIn
from web.chat import _as_text


async def test_a_first_visit_offers_a_first_post_and_names_the_model(desk: StandIn) -> None:
    async with desk.signed_in() as browser:
        page = (await browser.get("/")).text
    assert page.count('class="start"') == 3
    assert "Draft a post: Hello!" in page
    assert "My model is still loading." in page
    assert '<div id="log" class="log" role="log" aria-label="Conversation" data-after="0"></div>' in page


async def test_the_first_suggestion_becomes_a_draft_and_the_button_publishes_it(desk: StandIn) -> None:
    async with desk.signed_in() as browser:
        say = {"text": "Draft a post: Hello! From today on.", "event_id": "e1"}
        assert (await browser.post("/chat/messages", json=say)).json() == {"new": True}
        await desk.app.jobs.run_all()
        page = (await browser.get("/")).text
        [post] = await desk.app.desk.posts.open_posts(desk.owner.workspace_id)
        key = f"post_now:{post.id}:{post.revision}"
        assert f'data-key="{key}"' in page
        pressed = (await browser.post("/chat/press", json={"key": key})).json()
        assert pressed["tone"] == "good"
        assert pressed["go_to"] == ""
        await desk.app.jobs.run_all()
        assert "Published" in (await browser.get("/")).text
    assert list(desk.app.settings.data_dir.glob("posts/*/post.md"))


async def test_the_same_message_sent_twice_is_heard_once(desk: StandIn) -> None:
    async with desk.signed_in() as browser:
        for new in (True, False):
            answer = await browser.post("/chat/messages", json={"text": "hello", "event_id": "e1"})
            assert answer.json() == {"new": new}


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({"text": " "}, "This message is empty"),
        ({"text": "x" * 100_000}, "100,000 characters; 20,000 fit"),
        ({"text": "x", "images": ["media_x"]}, "no picture media_x"),
    ],
)
async def test_what_cannot_be_said_is_refused_in_words(desk: StandIn, typed: dict[str, object], why: str) -> None:
    async with desk.signed_in() as browser:
        refused = await browser.post("/chat/messages", json=typed | {"event_id": "e1"})
    assert refused.status_code == 422
    assert why in refused.json()["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"text": 1}', b'{"text": "\\ud800", "event_id": ""}'])
async def test_an_unreadable_request_is_refused_in_words(desk: StandIn, body: bytes) -> None:
    async with desk.signed_in() as browser:
        refused = await browser.post("/chat/messages", content=body, headers={"content-type": "application/json"})
    assert refused.status_code == 422
    assert refused.json()["error"]


async def test_a_broken_button_is_told_so(desk: StandIn) -> None:
    async with desk.signed_in() as browser:
        refused = await browser.post("/chat/press", json={"key": "approve"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


async def test_a_press_on_what_changed_meanwhile_does_nothing(desk: StandIn) -> None:
    async with desk.signed_in() as browser:
        await browser.post("/chat/messages", json={"text": "Draft a post: Hello!", "event_id": "e1"})
        await desk.app.jobs.run_all()
        [post] = await desk.app.desk.posts.open_posts(desk.owner.workspace_id)
        account = post.deliveries[0].account_id
        edited = {"key": f"edit:{post.id}:1", "form": {f"{account}/0": "Hello again!"}}
        assert (await browser.post("/chat/press", json=edited)).json()["tone"] == "good"
        stale = (await browser.post("/chat/press", json={"key": f"post_now:{post.id}:1"})).json()
    assert stale["tone"] == "bad"
    assert not list(desk.app.settings.data_dir.glob("posts/*/post.md"))


async def test_earlier_messages_come_when_asked_for(desk: StandIn) -> None:
    for number in range(PAGE + 5):
        await desk.webchat.post(await desk.place(), OutMessage(f"message {number}."))
    async with desk.signed_in() as browser:
        page = (await browser.get("/")).text
        assert "message 5." in page
        assert "message 4." not in page
        assert 'data-before="6"' in page
        before = (await browser.get("/chat/earlier", params={"before": 6})).json()
    assert "message 0." in before["html"]
    assert before["earlier"] is None


@asynccontextmanager
async def following(desk: StandIn, url: str, **headers: str) -> AsyncIterator[AsyncIterator[str]]:
    async with httpx.AsyncClient(base_url=url, timeout=5) as browser:
        await browser.get("/", params={"token": await desk.token()})
        async with browser.stream("GET", "/chat/events", headers=headers) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            yield stream.aiter_lines()


async def event(lines: AsyncIterator[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    async with asyncio.timeout(5):
        async for line in lines:
            if not line:
                return found
            name, _, value = line.partition(": ")
            found[name] = value
    raise AssertionError("the stream ended")


async def messages(lines: AsyncIterator[str], count: int) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    while len(found) < count:
        told = await event(lines)
        if told.get("event") == "message":
            found.append(told)
    return found


async def test_a_page_follows_live_and_goes_on_where_it_was(desk: StandIn) -> None:
    place = await desk.place()
    async with serving(desk.app.site) as url:
        async with following(desk, url) as lines:
            assert await event(lines) == {"retry": "1000"}
            await desk.webchat.post(place, OutMessage("one"))
            [first] = await messages(lines, 1)
            assert "one" in json.loads(first["data"])["html"]
        await desk.webchat.post(place, OutMessage("two"))
        async with following(desk, url, **{"last-event-id": first["id"]}) as lines:
            [missed] = await messages(lines, 1)
            assert "two" in json.loads(missed["data"])["html"]


async def test_a_page_hears_when_the_model_is_ready(desk: StandIn) -> None:
    async with serving(desk.app.site) as url, following(desk, url, **{"last-event-id": "nonsense"}) as lines:
        told = [await event(lines) for _ in range(3)]
        assert told[1] == {"event": "about", "data": '"My model is still loading."'}
        desk.app.model_words = "Guided mode."
        await desk.webchat.post(await desk.place(), OutMessage("hello"))
        assert await event(lines) == {"event": "about", "data": '"Guided mode."'}


def test_a_heartbeat_is_a_comment_that_no_page_sees() -> None:
    assert _as_text(ServerEvent()) == ": here\n\n"


async def test_a_stopping_desk_ends_its_streams(desk: StandIn) -> None:
    async with serving(desk.app.site) as url, following(desk, url) as lines:
        await event(lines)
        await desk.webchat.close()
        async with asyncio.timeout(2):
            rest = [line async for line in lines]
    assert rest is not None
