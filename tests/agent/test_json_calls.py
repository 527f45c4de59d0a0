"""Tools as a JSON reply: what the model is told, and what is understood of its answer."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage

from agent.json_calls import RULES, JsonCalls, reply_format, signature, told
from agent.json_reply import EMPTY, MOST_CALLS, UNREADABLE, Call, Heard, Hearing, read_reply
from agent.model import ModelChoice, build_model
from tests.fakes.model import calling
from tests.servers.openai import OpenAIServer, Reply, say
from tests.servers.running import serving

DRAFT: dict[str, Any] = {
    "name": "draft_post",
    "description": "Write a post.\n  On one or more accounts.",
    "parameters": {
        "type": "object",
        "properties": {
            "brief": {"type": "string"},
            "variants": {
                "type": "array",
                "items": {"type": "object", "properties": {"parts": {"type": "array", "items": {"type": "string"}}}},
            },
            "kind": {"enum": ["post", "thread"]},
            "many": {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
            "rest": {"type": "object"},
            "any": {},
        },
        "required": ["brief"],
    },
}
CALENDAR: dict[str, Any] = {"name": "show_calendar"}
TOOLS = [{"type": "function", "function": DRAFT}, {"type": "function", "function": CALENDAR}]


def reply(say: str, *calls: tuple[str, Any]) -> str:
    return json.dumps({"calls": [{"tool": tool, "arguments": arguments} for tool, arguments in calls], "say": say})


@asynccontextmanager
async def model_of(server: OpenAIServer) -> AsyncIterator[JsonCalls]:
    async with serving(server.app) as base:
        choice = ModelChoice(
            "endpoint", f"{base}/v1", name="local", mode="json", retries=0, timeout=timedelta(seconds=5)
        )
        built = await build_model(choice)
        assert isinstance(built.model, JsonCalls)
        try:
            yield built.model
        finally:
            await built.model.aclose()


async def streamed(model: Any) -> tuple[AIMessageChunk, list[str]]:
    pieces = [piece async for piece in model.astream("hello")]
    whole = pieces[0]
    for piece in pieces[1:]:
        whole += piece
    return whole, [piece.text for piece in pieces if piece.text]


# What is understood

CALL = Call("draft_post", {"brief": "cats"})
ONE = '{"tool": "draft_post", "arguments": {"brief": "cats"}}'


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ('{"calls": [], "say": " Hello. "}', Heard("Hello.")),
        ('{"say": "Hello."}', Heard("Hello.")),
        (f'{{"calls": [{ONE}, {ONE}], "say": ""}}', Heard("", (CALL, CALL))),
        (f'{{"calls": [{ONE}], "say": "On it."}}', Heard("On it.", (CALL,))),
        (ONE, Heard("", (CALL,))),
        (f"[{ONE}]", Heard("", (CALL,))),
        (f"```json\n{ONE}\n```", Heard("", (CALL,))),
        (f"Sure, I will: {ONE}", Heard("", (CALL,))),
        (f'{{"reply": {ONE}}}', Heard("", (CALL,))),
        ('{"tool": "draft_post", "arguments": "{\\"brief\\": \\"cats\\"}"}', Heard("", (CALL,))),
        ('{"tool": "draft_post", "arguments": "cats"}', Heard("", (Call("draft_post", {}),))),
        ('{"tool": "draft_post", "arguments": 7}', Heard("", (Call("draft_post", {}),))),
        ('{"calls": [{"tool": 7}, "draft_post", {"tool": ""}], "say": "Hm."}', Heard("Hm.")),
        ('{"calls": "none", "say": "a\nb"}', Heard("a\nb")),
        ('{"calls": [], "say": 7}', Heard(EMPTY)),
        ("  ", Heard(EMPTY)),
        ("Hello, how are you?", Heard("Hello, how are you?")),
        ("[Note] Hello", Heard("[Note] Hello")),
        ("I like {braces} and [1]", Heard("I like {braces} and [1]")),
        ("[1]", Heard("[1]")),
        ('{"brief": "cats"}', Heard(UNREADABLE)),
        ("```", Heard(UNREADABLE)),
        ('{"calls": [{"tool": "draft_post", "arguments": {"brief": "ca', Heard(UNREADABLE)),
        (f'{{"calls": [{ONE}', Heard(UNREADABLE)),
        (f'Sure: {{"calls": [{ONE}', Heard(f'Sure: {{"calls": [{ONE}')),
        ('{"calls": [], "say": "Hello th', Heard("Hello th")),
        ('{"calls": [], "say": "Hello \\ud83d\\ude', Heard("Hello")),
        ('{"calls": [], "say": "Hello \\x', Heard(UNREADABLE)),
        ("[" * 100_000, Heard("[" * 100_000)),
        ("{" + '"a":{' * 100_000, Heard(UNREADABLE)),
    ],
)
def test_a_reply_is_understood_however_it_is_wrapped_and_broken_ones_call_nothing(text: str, heard: Heard) -> None:
    found = read_reply(text)
    assert (found.say, tuple(found.calls)) == (heard.say, tuple(heard.calls))


def test_a_model_that_repeats_itself_is_cut_short() -> None:
    assert len(read_reply(reply("", *[("draft_post", {})] * 50)).calls) == MOST_CALLS


@settings(deadline=None)
@given(
    said=st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    tidy=st.booleans(),
    cuts=st.lists(st.integers(1, 9), min_size=1),
)
def test_what_is_shown_while_it_is_written_is_what_it_says_in_the_end(said: str, tidy: bool, cuts: list[int]) -> None:
    written = json.dumps({"calls": [{"tool": "a", "arguments": {}}], "say": said}, ensure_ascii=tidy)
    hearing, shown, at = Hearing(), "", 0
    while at < len(written):
        length = cuts[at % len(cuts)]
        shown += hearing.more(written[at : at + length])
        at += length
    rest = hearing.rest()
    assert shown + rest.say == said.strip()
    assert [call.tool for call in rest.calls] == ["a"]


def test_prose_is_shown_as_it_comes_up_to_a_brace() -> None:
    hearing = Hearing()
    assert [hearing.more(piece) for piece in ("Hel", "lo ", f"there. {ONE}")] == ["Hel", "lo", " there."]
    assert hearing.rest().calls == (CALL,)


# What is told


def test_tools_become_one_line_each() -> None:
    assert signature(DRAFT) == (
        "draft_post(brief: string, variants?: {parts?: string[]}[], "
        'kind?: "post" | "thread", many?: (integer | null)[], rest?: object, any?: any) '
        "Write a post. On one or more accounts."
    )
    assert signature(CALENDAR) == "show_calendar()"


def test_the_conversation_is_told_in_roles_that_every_template_knows() -> None:
    conversation = [
        SystemMessage("You are a desk."),
        HumanMessage("cats"),
        calling("draft_post", brief="cats"),
        ToolMessage("draft 1", tool_call_id="call_0_draft_post"),
        ToolMessage("draft 2", tool_call_id="unknown", name="draft_post"),
        ToolMessage("draft 3", tool_call_id="unknown"),
        AIMessage("Done."),
        HumanMessage([{"type": "text", "text": "and dogs"}]),
        HumanMessage("please"),
    ]
    messages = told(conversation, [DRAFT, CALENDAR])
    assert [message.type for message in messages] == ["system", "human", "ai", "human", "ai", "human", "human"]
    assert messages[0].text.startswith(f"You are a desk.\n\n{RULES}\n- draft_post(")
    assert json.loads(messages[2].text)["calls"] == [{"tool": "draft_post", "arguments": {"brief": "cats"}}]
    assert messages[3].text == (
        "Result of draft_post: draft 1\n\nResult of draft_post: draft 2\n\nResult of the tool: draft 3"
    )
    assert json.loads(messages[4].text) == {"calls": [], "say": "Done."}


def test_without_tools_nothing_is_said_of_json() -> None:
    messages = told([HumanMessage("hello"), AIMessage("Hi.")], [])
    assert [message.text for message in messages] == ["hello", "Hi."]
    assert told([], [CALENDAR])[0].type == "system"


async def test_the_schema_holds_the_reply_and_no_tool_is_sent_natively() -> None:
    server = OpenAIServer(say(reply("Hi.")), say(reply("", ("show_calendar", {}))))
    async with model_of(server) as model:
        await model.bind_tools(TOOLS, parallel_tool_calls=True).ainvoke("hello")
        await model.bind_tools(TOOLS, tool_choice="show_calendar").ainvoke("hello")
    first, second = (asked.body for asked in server.journal)
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & first.keys()
    assert first["response_format"] == reply_format([DRAFT, CALENDAR])
    assert second["response_format"] == reply_format([CALENDAR], must_call=True)
    calls = second["response_format"]["json_schema"]["schema"]["properties"]["calls"]
    assert (calls["minItems"], calls["maxItems"]) == (1, MOST_CALLS)


# Both, over HTTP


async def test_calls_come_back_as_tool_calls_with_usage() -> None:
    server = OpenAIServer(say(reply("On it.", ("draft_post", {"brief": "ä"}), ("show_calendar", {}))))
    async with model_of(server) as model:
        answer = await model.bind_tools(TOOLS).ainvoke("hello")
    assert answer.text == "On it."
    assert [(call["name"], call["args"]) for call in answer.tool_calls] == [
        ("draft_post", {"brief": "ä"}),
        ("show_calendar", {}),
    ]
    assert len({call["id"] for call in answer.tool_calls}) == 2
    assert answer.usage_metadata is not None


async def test_text_streams_out_of_the_json_and_the_calls_follow() -> None:
    text = "One of many words. " * 12
    server = OpenAIServer(Reply(reply(text, ("show_calendar", {})), piece=3))
    async with model_of(server) as model:
        whole, pieces = await streamed(model.bind_tools(TOOLS))
    assert whole.text == text.strip()
    assert all("calls" not in piece for piece in pieces)
    assert [call["name"] for call in whole.tool_calls] == ["show_calendar"]
    assert whole.usage_metadata is not None
    assert whole.response_metadata["finish_reason"] == "stop"


async def test_a_reply_that_broke_off_is_a_sentence_and_no_call() -> None:
    broken = say(reply("", ("draft_post", {"brief": "cats and dogs"}))[:60], finish="length")
    async with model_of(OpenAIServer(broken, broken)) as model:
        answer = await model.bind_tools(TOOLS).ainvoke("hello")
        whole, _ = await streamed(model.bind_tools(TOOLS))
    assert (answer.text, answer.tool_calls) == (UNREADABLE, [])
    assert (whole.text, whole.tool_calls) == (UNREADABLE, [])


async def test_without_tools_it_is_an_ordinary_model() -> None:
    async with model_of(OpenAIServer(say("{Hi}"), say("{Hi}"))) as model:
        assert (await model.ainvoke("hello")).text == "{Hi}"
        assert (await streamed(model))[0].text == "{Hi}"
