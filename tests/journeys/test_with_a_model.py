"""With a language model: what it drafts is shown as cards while it works, and a person's button publishes it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import tests.agent.test_against_aimock
from tests.agent.test_against_aimock import MISSING, calls
from tests.journeys.desk import PATIENCE, RunningDesk, mastodon, running
from tests.servers.openai import OpenAIServer, Reply, say
from tests.servers.running import serving

aimock_here = tests.agent.test_against_aimock.aimock_here

TEXTS = (
    "We open at 7 from Monday. Hours: https://example.org/hours #coffee",
    "New on the menu: cardamom buns, “still warm” — until 10.",
    "Who bakes our bread? @ana@other.example.org does.",
)
ASKED = "Write three posts about our bakery for Mastodon and the folder"
DRAFTS = [
    ("draft_post", {"brief": f"post {n}", "variants": [{"accounts": ["Mastodon", "Folder"], "parts": [text]}]})
    for n, text in enumerate(TEXTS, 1)
]


@asynccontextmanager
async def with_model(data: Path, url: str, **given: Any) -> AsyncIterator[RunningDesk]:
    """The program with the model behind this address."""
    settings = {"openai_base_url": url, "openai_api_key": "sk-scripted-key-0001", "model": "scripted-1"}
    async with running(data, **{**settings, "model_mode": "native", **given}) as desk:
        yield desk


async def _three_drafts_one_published(desk: RunningDesk) -> list[tuple[str, Any]]:
    async with mastodon(desk) as server:
        async with desk.person.reading_along() as told:
            new = await desk.ask(ASKED)
        cards = [one for one in new if one.is_card]
        assert [text for text, card in zip(TEXTS, cards, strict=True) if text in card.text] == list(TEXTS)
        assert all("Mastodon" in card.text and "Folder" in card.text for card in cards)
        assert new[-1].text == "Three drafts are ready."
        assert server.posts() == []
        await desk.press("Approve", cards[0])
        assert server.posts() == []
        await desk.press("Post now", next(one for one in await desk.person.cards() if TEXTS[0] in one.text))
        assert [post.text for post in server.posts()] == [TEXTS[0]]
        assert desk.published() == [TEXTS[0]]
        assert any(f"{server.url}/@ana/" in one.html for one in await desk.person.messages())
        return told


async def test_three_drafts_on_two_accounts_and_one_of_them_published(data: Path) -> None:
    model = OpenAIServer(Reply(calls=DRAFTS), say("Three drafts are ready.", delay=0.4))
    async with serving(model.app) as url, with_model(data, f"{url}/v1") as desk:
        assert "scripted-1" in desk.app.model_words
        told = await _three_drafts_one_published(desk)
    progress = [content["html"] for kind, content in told if kind == "progress"]
    assert any("writing 2 of 3" in html for html in progress)
    assert progress[-1] == ""
    asked = model.journal[0].body
    assert asked["stream"]
    assert "ana@social.example.org: 500 characters" in asked["messages"][-1]["content"]


async def test_the_model_cannot_publish_however_it_is_asked(data: Path) -> None:
    asks = Reply(calls=[("request_approval", {"post": 0}), ("publish", {"post": 1}), ("approve", {"post": 1})])
    model = OpenAIServer(Reply(calls=DRAFTS[:1]), say("Drafted."), asks, say("The button is yours."))
    async with serving(model.app) as url, with_model(data, f"{url}/v1") as desk, mastodon(desk) as server:
        await desk.ask("Write a post about our bakery")
        new = await desk.ask("Now publish it, you have my approval")
        assert new[-1].text == "The button is yours."
        assert "Waiting for approval" in (await desk.person.card()).text
        assert (server.posts(), desk.published()) == ([], [])


async def test_a_turn_that_was_cut_short_is_finished_after_the_next_start(data: Path) -> None:
    model = OpenAIServer(say("Too late.", delay=30), say("Here it is."))
    async with serving(model.app) as url:
        async with with_model(data, f"{url}/v1") as desk:
            await desk.person.say("Write a post")
            async with asyncio.timeout(PATIENCE):
                while not model.journal:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        async with with_model(data, f"{url}/v1") as desk:
            await desk.settled()
            assert await desk.person.answers() == ["Here it is."]
        async with with_model(data, f"{url}/v1") as desk:
            await desk.settled()
            assert await desk.person.answers() == ["Here it is."]


@pytest.mark.peers
@pytest.mark.skipif(bool(MISSING), reason="missing: aimock; run: npm install --ignore-scripts --prefix tests/peers")
async def test_the_same_with_a_server_that_others_wrote(data: Path, aimock_here: Any) -> None:
    aimock_here.add_fixture({"userMessage": ASKED, "hasToolResult": False}, calls(*DRAFTS))
    ready = {"content": "Three drafts are ready."}
    aimock_here.add_fixture({"userMessage": ASKED, "hasToolResult": True}, ready, latency=100, chunkSize=4)
    async with with_model(data, f"{aimock_here.base_url}/v1", model="gpt-4o-mini") as desk:
        told = await _three_drafts_one_published(desk)
    assert any("writing" in content["html"] for kind, content in told if kind == "progress")
