"""Which model is built from a choice, and what is said of it; and the scripted model that other tests use."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessage, AIMessageChunk
from pydantic import SecretStr

from agent.json_calls import JsonCalls
from agent.model import ModelChoice, build_model
from agent.openai_chat import OpenAIChat
from content.errors import Invalid
from tests.fakes.model import ScriptedModel, calling, calling_all
from tests.servers.openai import MODEL, OpenAIServer, Reply, call, say
from tests.servers.running import serving

KEY = "sk-very-secret"
CHOICE = ModelChoice("endpoint", api_key=KEY, name=MODEL, mode="native", retries=0, timeout=timedelta(seconds=5))
TOOL = {"type": "function", "function": {"name": "draft_post", "parameters": {"type": "object", "properties": {}}}}


async def heard(model: Any, text: str = "hello") -> AIMessageChunk:
    pieces: list[AIMessageChunk] = [piece async for piece in model.astream(text)]
    whole = pieces[0]
    for piece in pieces[1:]:
        whole += piece
    return whole


async def built_at(server: OpenAIServer, **changes: Any) -> tuple[str, str, bool, int]:
    async with serving(server.app) as base:
        built = await build_model(replace(CHOICE, **{"base_url": f"{base}/v1", "mode": "auto", **changes}))
        await built.model.aclose()
        words = built.words.replace(base.removeprefix("http://"), "HOST")
    assert isinstance(built.model, JsonCalls) == (built.mode == "json")
    return words, built.mode, built.sure, len(server.journal)


READY = say('{"calls": [{"tool": "ready", "arguments": {"answer": "yes"}}], "say": ""}')


async def test_auto_finds_native_tool_calls_with_one_request() -> None:
    found = await built_at(OpenAIServer(call("ready", answer="yes")))
    assert found == ("I think with scripted-1 at HOST: it makes tool calls natively.", "native", True, 1)


@pytest.mark.parametrize("native", [say("```json ready```"), Reply(status=400, error="no tools here")])
async def test_auto_falls_back_to_json_where_no_native_call_comes(native: Reply) -> None:
    words, mode, sure, asked = await built_at(OpenAIServer(native, READY))
    assert words == "I think with scripted-1 at HOST: it makes no native tool calls, but answers in JSON as asked."
    assert (mode, sure, asked) == ("json", True, 2)


async def test_auto_says_when_an_endpoint_can_do_neither() -> None:
    words, mode, sure, _ = await built_at(OpenAIServer(say("Hi!"), Reply(status=422)))
    assert "neither makes tool calls nor keeps to JSON" in words
    assert (mode, sure) == ("json", True)


async def test_auto_is_not_sure_of_an_endpoint_that_does_not_answer() -> None:
    words, mode, sure, _ = await built_at(OpenAIServer(Reply(status=503)))
    assert words.startswith("I think with scripted-1 at HOST: I could not find out how it takes tools")
    assert (mode, sure) == ("native", False)


async def test_a_served_file_is_given_its_tools_as_json_without_asking() -> None:
    words, mode, _, asked = await built_at(OpenAIServer(), kind="file")
    assert words == "I think with scripted-1 from a file on this machine: it is given its tools as JSON."
    assert (mode, asked) == ("json", 0)


async def test_openai_itself_needs_no_probe_and_uses_its_newer_field() -> None:
    built = await build_model(ModelChoice("endpoint", api_key=KEY, name="gpt-4o-mini", max_tokens=9))
    await built.model.aclose()
    assert built.words == "I think with gpt-4o-mini at api.openai.com: it makes tool calls natively."
    assert built.model.token_limit_field == "max_completion_tokens"
    assert KEY not in repr(built)
    assert KEY not in repr(ModelChoice("endpoint", api_key=KEY))


async def test_the_older_azure_wants_its_version_in_the_query_and_the_key_in_its_own_header() -> None:
    server = OpenAIServer(say("hi"))
    async with serving(server.app) as base:
        there = f"{base}/openai/deployments/desk"
        built = await build_model(replace(CHOICE, base_url=there, azure_api_version="2024-10-21"))
        answer = await built.model.ainvoke("hello")
        await built.model.aclose()
    assert answer.text == "hi"
    asked = server.journal[0]
    assert (asked.path, asked.query) == (
        "/openai/deployments/desk/chat/completions",
        {"api-version": "2024-10-21"},
    )
    assert asked.headers["api-key"] == KEY
    assert "authorization" not in asked.headers
    assert KEY not in repr(built.model)


async def test_models_that_only_know_the_responses_api_are_asked_there() -> None:
    server = OpenAIServer()
    async with serving(server.app) as base:
        model = OpenAIChat(
            model="gpt-5-pro",
            api_key=SecretStr(KEY),
            base_url=f"{base}/v1",
            max_retries=0,
            http_async_client=openai.DefaultAsyncHttpxClient(),
        )
        with pytest.raises(openai.NotFoundError):
            await model.ainvoke("hello")
        with pytest.raises(openai.NotFoundError):
            await heard(model)
        await model.aclose()
    assert {asked.path for asked in server.journal} == {"/v1/responses"}


@pytest.mark.parametrize(
    ("choice", "problem"),
    [
        (ModelChoice("guided"), "guided mode needs no endpoint"),
        (ModelChoice("endpoint", api_key=KEY), "model name: it is empty"),
        (ModelChoice("endpoint", name="a", base_url="localhost:11434"), "not a web address"),
        (ModelChoice("endpoint", name="a"), "Set OPENAI_API_KEY"),
        (ModelChoice("endpoint", name="a", base_url="https://me.openai.azure.com/openai/v1"), "Set OPENAI_API_KEY"),
    ],
)
async def test_a_choice_that_cannot_work_is_refused_with_what_to_do(choice: ModelChoice, problem: str) -> None:
    with pytest.raises(Invalid, match=problem):
        await build_model(choice)


# The scripted model that other tests use


async def test_the_scripted_model_says_its_script_and_remembers_what_it_was_asked() -> None:
    model = ScriptedModel(["one two", calling_all(("a", {"x": 1}), ("b", {})), ValueError("three")])
    bound = model.bind_tools([TOOL])
    assert (await heard(bound, "1")).text == "one two"
    assert [one["name"] for one in (await bound.ainvoke("2")).tool_calls] == ["a", "b"]
    with pytest.raises(ValueError, match="three"):
        await bound.ainvoke("3")
    assert (await bound.ainvoke("4")).text == "ok"
    assert [asked[-1].text for asked in model.asked] == ["1", "2", "3", "4"]
    assert model.offered == ["draft_post"]


async def test_the_scripted_model_can_answer_to_the_conversation() -> None:
    model = ScriptedModel(always=lambda messages: AIMessage(messages[-1].text.upper()))
    assert (await model.ainvoke("hello")).text == "HELLO"
    assert (await heard(ScriptedModel([calling("a", x="ä")]))).tool_calls[0]["args"] == {"x": "ä"}
