"""From the first visit to the first post: the printed address, a sentence, a card, a button, a file."""

import asyncio
from typing import Any

import httpx

from tests.journeys.desk import PATIENCE, RunningDesk, messages_in

ASKED = "Draft a post: We open at 7 from Monday."


async def test_a_visitor_asks_approves_and_finds_the_post_in_the_folder(running_desk: RunningDesk) -> None:
    desk = running_desk
    async with desk.person.reading_along() as told:
        new = await desk.ask(ASKED)
        card = next(one for one in new if one.is_card)
        assert "We open at 7 from Monday." in card.text
        assert desk.published() == []
        await _told(told, "Post now")
        pressed = await desk.press("Post now", card)
        await _told(told, "published now")
    assert pressed["tone"] == "good"
    assert desk.published() == ["We open at 7 from Monday."]
    [link] = [answer for answer in await desk.person.answers() if answer.startswith("Published")]
    assert "post.md" in link
    assert "Published" in (await desk.person.card()).text
    assert any(name == "progress" for name, _ in told)


async def _told(told: list[tuple[str, Any]], words: str) -> None:
    """Until the open page is told of these words, without a reload."""
    async with asyncio.timeout(PATIENCE):
        while not any(words in data["html"] for name, data in told if name == "message"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_the_printed_address_works_once(running_desk: RunningDesk) -> None:
    async with httpx.AsyncClient(base_url=running_desk.url, follow_redirects=True) as stranger:
        again = await stranger.get(f"/?token={running_desk.token}", headers={"accept": "text/html"})
        assert again.status_code == 401
        assert "copydesk login" in again.text
        assert messages_in(again.text) == []


async def test_nothing_is_said_to_who_is_not_signed_in(running_desk: RunningDesk) -> None:
    async with httpx.AsyncClient(base_url=running_desk.url) as stranger:
        for path in ("/", "/calendar", "/connect", "/chat/events", "/chat/earlier?before=3", "/media/x"):
            assert (await stranger.get(path)).status_code == 401, path
        assert (await stranger.post("/chat/press", json={"key": "approve:post_1:1"})).status_code == 401
