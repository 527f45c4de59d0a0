"""What bad input gets: a clear sentence, and nothing lost."""

import struct
import zlib
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.journeys.desk import RunningDesk, mastodon, running
from tests.journeys.test_with_a_model import with_model
from tests.servers.openai import OpenAIServer, Reply, call, endless, say
from tests.servers.running import serving


def png(width: int, height: int) -> bytes:
    """A grey picture."""
    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    chunks = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


async def test_what_is_typed(running_desk: RunningDesk) -> None:
    desk = running_desk
    empty = await desk.person.say("   ")
    assert empty.status_code == 422
    assert "nothing to send" in empty.json()["error"].lower() or "empty" in empty.json()["error"].lower()
    long = await desk.person.say("word " * 20_000)
    assert long.status_code in {413, 422}
    assert "characters" in long.json()["error"]
    huge = await desk.person.say("x" * 1_100_000)
    assert huge.status_code == 413
    assert "1 MB" in huge.json()["error"]
    assert await desk.person.messages() == []
    broken = await desk.person.browser.post("/chat/messages", json={"text": 3})
    assert (broken.status_code, broken.json()["code"]) == (422, "invalid")


async def test_pictures(running_desk: RunningDesk) -> None:
    desk = running_desk
    text = await desk.person.attach("notes.txt", b"no picture")
    assert text.status_code == 422
    assert "notes.txt" in text.json()["error"]
    assert "PNG, JPEG, GIF or WebP" in text.json()["error"]
    bomb = await desk.person.attach("wall.png", png(12_000, 9_000))
    assert bomb.status_code == 422
    assert "wall.png" in bomb.json()["error"]
    assert "pixels" in bomb.json()["error"]
    large = await desk.person.attach("film.png", b"x" * 21_000_000)
    assert large.status_code == 422
    assert "20 MB are allowed" in large.json()["error"]
    missing = await desk.person.say("Draft a post about this", images=["media_0000000000000000"])
    assert missing.status_code == 422
    assert "your text was not sent" in missing.json()["error"]
    good = await desk.person.attach("shop.png", png(64, 48))
    [*_, card] = [one for one in await desk.ask("Draft a post: Our shop.", images=[good.json()["id"]]) if one.is_card]
    assert f"/media/{good.json()['id']}" in card.html


async def test_times(running_desk: RunningDesk) -> None:
    desk = running_desk
    await desk.ask("Draft a post: We open at 7.")
    for words, why in (
        ("yesterday 9:00", "it was 24 h ago"),
        ("31 February 9:00", "31 February"),
        ("whenever", "whenever"),
        ("", "time"),
        ("every Monday 9:00 until yesterday", "yesterday"),
    ):
        told = await desk.press("Schedule", when=words)
        assert (told["tone"], why.lower() in told["text"].lower()) == ("bad", True), (words, told)
    again = await desk.press("Schedule", when="every Monday 9:00")
    assert again["tone"] == "asking"
    assert any("Approve the series" in one.buttons for one in await desk.person.messages())
    skipped = await desk.press("Schedule", when="28 March 2027 02:30")
    assert skipped["tone"] == "good"
    assert "02:30 does not exist on 28 March in Europe/Berlin, so I used 03:30" in skipped["text"]


async def test_a_post_over_the_limit(running_desk: RunningDesk) -> None:
    desk = running_desk
    async with mastodon(desk) as server:
        kept = [(await desk.person.attach(f"{n}.png", png(8 + n, 8))).json()["id"] for n in range(5)]
        await desk.ask("Draft a post for Mastodon: Our shop from five sides.", images=kept)
        card = await desk.person.card()
        assert "5 images" in card.text or "5 pictures" in card.text, card.text
        told = await desk.press("Post now", card)
        assert told["tone"] == "bad"
        assert "#1 cannot go out as it is." in told["text"]
        assert "4" in told["text"]
        assert server.posts() == []


async def test_a_text_over_the_limit_becomes_a_thread_and_loses_nothing(running_desk: RunningDesk) -> None:
    desk = running_desk
    words = " ".join(f"word{n}" for n in range(120))
    async with mastodon(desk) as server:
        await desk.ask(f"Draft a post for Mastodon: {words}")
        assert "a thread of 2" in (await desk.person.card()).text
        await desk.press("Post now")
        assert " ".join(post.text for post in server.posts()) == words


async def test_accounts(running_desk: RunningDesk) -> None:
    desk = running_desk
    unknown = await desk.person.connect("myspace", {})
    assert unknown["status"] == 404
    assert "These can:" in unknown["error"]
    gaps = await desk.person.connect("bluesky", {"handle": ""})
    assert gaps["status"] == 422
    assert "Handle" in gaps["error"] or "handle" in gaps["error"]
    away = await desk.person.connect("mastodon", {"server": "http://127.0.0.1:9"})
    assert away["status"] in {422, 502}
    assert "127.0.0.1" in away["error"]


async def test_buttons(running_desk: RunningDesk) -> None:
    desk = running_desk
    await desk.ask("Draft a post: We open at 7.")
    card = await desk.person.card()
    _, post_id, _ = card.buttons["Approve"].split(":")
    for key in (
        "",
        "approve",
        "approve:x:1",
        f"approve:{post_id}:2",
        f"fly:{post_id}:1",
        f"live:{post_id}:1",
        "a:b:-1",
    ):
        told = await desk.person.press(key)
        assert told.get("tone", "bad") == "bad", key
        assert told.get("text") or told["error"], key
    await desk.press("Approve", card)
    twice = await desk.press("Approve", card)
    assert "already approved, by You" in twice["text"]
    assert desk.published() == []


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply(raw="<html>no</html>", content_type="text/html"), "The model's answer broke off or is none at all."),
        (Reply(text="   "), "My model gave an empty answer."),
        (Reply(status=429), "Too many requests just now"),
        (Reply(status=500), "out of order just now"),
        (Reply(status=401), "The key was refused"),
        (Reply(text="too late", delay=2.5), "No answer came in time"),
        (Reply(text="We could write about", cut_after=2), "the connection broke"),
    ],
)
async def test_a_model_that_fails(data: Path, reply: Reply, sentence: str) -> None:
    model = OpenAIServer(*[reply] * 4, always=lambda _body: reply)
    async with serving(model.app) as url, with_model(data, f"{url}/v1", model_timeout=1) as desk:
        [answer] = await desk.ask("Write a post")
        assert sentence in answer.text
        model.replies.clear()
        model.always = lambda _body: say("Here I am again.")
        [after] = await desk.ask("And now?")
        assert after.text == "Here I am again."


async def test_a_model_that_loops_or_calls_a_tool_wrongly(data: Path) -> None:
    wrong = [
        Reply(calls=[("draft_post", '{"brief": "x", "variants": ')]),
        call("draft_post", brief="x"),
        call("draft_post", brief="x", variants=[{"accounts": ["MySpace"], "parts": ["Hello"]}]),
        call("launch_rocket", speed=9),
        say("I could not do it."),
    ]
    model = OpenAIServer(*wrong)
    async with serving(model.app) as url, with_model(data, f"{url}/v1", turn_steps=6) as desk:
        [answer] = await desk.ask("Write a post")
        assert answer.text == "I could not do it."
        told = [one["content"] for asked in model.journal for one in asked.body["messages"] if one["role"] == "tool"]
        assert any("wrong arguments for draft_post" in one for one in told)
        assert any("No connected account is called “MySpace”" in one for one in told)
        assert await desk.person.cards() == []

        model.always = endless("show_calendar")
        new = await desk.ask("Show me the calendar")
        assert new[-1].text == "I stopped after 6 steps. What is done stands; ask again for the rest."
        model.always = lambda _body: say("Good.")
        assert (await desk.ask("Thanks"))[-1].text == "Good."


async def test_the_clock_may_stand_still_and_nothing_is_said_twice(data: Path) -> None:
    async with running(data, FakeClock()) as desk:
        first = await desk.person.say("Draft a post: We open at 7.")
        desk.person.said -= 1  # the answer was lost on the way, so the page sends the same message again
        second = await desk.person.say("Draft a post: We open at 7.")
        assert (first.json(), second.json()) == ({"new": True}, {"new": False})
        await desk.settled()
        assert len(await desk.person.cards()) == 1
