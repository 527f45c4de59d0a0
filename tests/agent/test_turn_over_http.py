"""A turn with the real client against a scripted endpoint: what a broken, busy or foolish model comes to."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from agent.model import ModelChoice, build_model
from tests.fakes.agent_desk import AgentDesk, Opens
from tests.servers.openai import MODEL, OpenAIServer, Reply, call, endless, say
from tests.servers.running import serving

KEY = "sk-very-secret"
CATS = {"brief": "cats", "variants": [{"parts": ["Cats are back."]}]}


@asynccontextmanager
async def talking(opens: Opens, server: OpenAIServer, mode: Any = "native") -> AsyncIterator[AgentDesk]:
    async with serving(server.app) as base:
        choice = ModelChoice(
            "endpoint",
            base_url=f"{base}/v1",
            api_key=KEY,
            name=MODEL,
            mode=mode,
            retries=0,
            timeout=timedelta(seconds=0.5),
        )
        model = (await build_model(choice)).model
        try:
            yield await opens(model)
        finally:
            await model.aclose()


async def test_a_tool_call_a_card_and_an_answer(opens: Opens) -> None:
    server = OpenAIServer(call("draft_post", **CATS), say("Here it is: a post about cats."))
    async with talking(opens, server) as desk:
        assert await desk.talk("write about cats") == "Here it is: a post about cats."
    assert [card.title for card in desk.chat.cards] == ["#1"]
    first, second = server.journal
    assert len(first.body["tools"]) == 12
    assert [message["role"] for message in second.body["messages"]] == ["system", "user", "assistant", "tool"]
    assert "briefing" not in str(second.body)


async def test_a_long_text_comes_in_few_pictures(opens: Opens) -> None:
    text = "one two three four five " * 100
    async with talking(opens, OpenAIServer(say(text, piece=3))) as desk:
        await desk.talk("talk to me")
    grown = [progress.text for progress in desk.chat.progresses if progress]
    assert desk.chat.texts == [text.strip()]
    assert len(grown) < 60, "over 800 pieces were sent"
    assert all(later.startswith(earlier) for earlier, later in pairwise(grown))


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (Reply(status=429, headers={"retry-after": "7"}), "Too many requests just now"),
        (Reply(status=500), "The server is out of order just now"),
        (Reply(status=401), "The key was refused"),
        (Reply(raw="<html>Welcome</html>", content_type="text/html"), "The model's answer broke off"),
        (Reply(text="Half of it", cut_after=2), "I could not reach"),
        (Reply(text="Half of it", stop_after=2), "The model's answer broke off"),
        (Reply(text="late", delay=2), "No answer came in time"),
    ],
)
async def test_a_failing_model_is_a_sentence_and_the_next_turn_works(
    opens: Opens, reply: Reply, sentence: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = OpenAIServer(reply, say("Good morning."))
    async with talking(opens, server) as desk:
        said = await desk.talk("hello")
        assert sentence in said
        assert await desk.talk("once more") == "Good morning."
    assert KEY not in said + caplog.text
    roles = [message["role"] for message in server.journal[1].body["messages"]]
    assert roles == ["system", "user", "user"], "what was said before is not forgotten"


async def test_a_stream_cut_in_a_tool_call_does_nothing(opens: Opens) -> None:
    server = OpenAIServer(Reply(calls=[("draft_post", CATS)], cut_after=3), say("Better now."))
    async with talking(opens, server) as desk:
        await desk.talk("write about cats")
        assert desk.chat.cards == []
        assert await desk.talk("again") == "Better now."


@pytest.mark.parametrize("arguments", ["{nonsense", '"text"', "[1, 2]", '{"brief": 7}', ""])
async def test_unreadable_arguments_are_mended_by_the_model(opens: Opens, arguments: str) -> None:
    server = OpenAIServer(Reply(calls=[("draft_post", arguments)]), call("draft_post", **CATS), say("Done."))
    async with talking(opens, server) as desk:
        assert await desk.talk("write about cats") == "Done."
    told = server.journal[1].body["messages"][-1]
    assert told["role"] == "tool"
    assert "wrong arguments for draft_post" in told["content"]
    assert [card.title for card in desk.chat.cards] == ["#1"]


async def test_an_unknown_tool_is_told_so(opens: Opens) -> None:
    server = OpenAIServer(call("approve_post", post=1), say("Only you can."))
    async with talking(opens, server) as desk:
        assert await desk.talk("approve it") == "Only you can."
    assert "approve_post is not a valid tool" in server.journal[1].body["messages"][-1]["content"]


async def test_a_model_that_loops_is_stopped(opens: Opens) -> None:
    server = OpenAIServer(always=endless("check_goals"))
    async with talking(opens, server) as desk:
        assert await desk.talk("go on") == "I stopped after 5 steps. What is done stands; ask again for the rest."
    assert len(server.journal) == 5


async def test_a_model_without_native_calls_does_the_same(opens: Opens) -> None:
    calls = json.dumps({"calls": [{"tool": "draft_post", "arguments": CATS}], "say": ""})
    server = OpenAIServer(say(calls), say(json.dumps({"calls": [], "say": "Here it is."})))
    async with talking(opens, server, mode="json") as desk:
        assert await desk.talk("write about cats") == "Here it is."
    assert [card.title for card in desk.chat.cards] == ["#1"]


async def test_the_prefix_is_the_same_bytes_in_every_turn_and_call(opens: Opens) -> None:
    server = OpenAIServer(always=lambda body: say("ok"))
    async with talking(opens, server) as desk:
        await desk.talk("first")
        desk.clock.move(timedelta(hours=5))
        await desk.services.voice.add(desk.actor, "no exclamation marks")
        await desk.talk("second")
    one, two = (asked.body for asked in server.journal)
    assert one["tools"] == two["tools"]
    assert one["messages"][0] == two["messages"][0]
    assert two["messages"][1] == {"role": "user", "content": "first"}
    assert "no exclamation marks" in two["messages"][-1]["content"]
    assert two["messages"][-1]["content"].startswith("second\n\n<desk-notes>\n")
    assert "<desk-notes>" not in str(two["messages"][:-1])
