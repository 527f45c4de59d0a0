"""The models against our own scripted endpoint, over HTTP."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import openai
import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from pydantic import SecretStr

from agent.model import ModelChoice, build_model, explain_model_error
from agent.openai_chat import ASYNC_ONLY, OpenAIChat, UnreadableReply
from tests.fakes.model import calling
from tests.servers.openai import MODEL, OpenAIServer, Reply, call, endless, say, tool_then_answer
from tests.servers.running import serving

KEY = "sk-very-secret"
DRAFT = {
    "type": "function",
    "function": {
        "name": "draft_post",
        "description": "Write a post.",
        "parameters": {
            "type": "object",
            "properties": {"brief": {"type": "string"}, "parts": {"type": "array", "items": {"type": "string"}}},
            "required": ["brief"],
        },
    },
}
CHOICE = ModelChoice("endpoint", api_key=KEY, name=MODEL, mode="native", retries=0, timeout=timedelta(seconds=5))


@asynccontextmanager
async def model_of(server: OpenAIServer, **changes: Any) -> AsyncIterator[OpenAIChat]:
    async with serving(server.app) as base:
        built = await build_model(replace(CHOICE, **{"base_url": f"{base}/v1", **changes}))
        try:
            yield built.model
        finally:
            await built.model.aclose()


async def heard(model: Any, text: str = "hello") -> tuple[AIMessageChunk, list[AIMessageChunk]]:
    pieces = [piece async for piece in model.astream(text)]
    whole = pieces[0]
    for piece in pieces[1:]:
        whole += piece
    return whole, pieces


async def failure(model: Any) -> Exception:
    with pytest.raises((openai.APIError, UnreadableReply)) as caught:
        await model.ainvoke("hello")
    return caught.value


# Answers


async def test_an_answer_comes_with_its_usage() -> None:
    server = OpenAIServer(say("Good morning."))
    async with model_of(server, max_tokens=50, temperature=0.2) as model:
        answer = await model.ainvoke([SystemMessage("You are a desk."), HumanMessage("hello")])
    assert answer.text == "Good morning."
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["total_tokens"] == 18
    asked = server.journal[0]
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body["messages"][1] == {"role": "user", "content": "hello"}
    assert (asked.body["max_tokens"], asked.body["temperature"], asked.body["stream"]) == (50, 0.2, False)


async def test_tools_and_their_results_travel_as_openai_wants_them() -> None:
    server = OpenAIServer(call("draft_post", brief="cats"), say("Done."))
    async with model_of(server) as model:
        bound = model.bind_tools([DRAFT])
        first = await bound.ainvoke("a post about cats")
        result = ToolMessage("draft 1", tool_call_id=str(first.tool_calls[0]["id"]))
        last = await bound.ainvoke([HumanMessage("a post about cats"), first, result])
    assert first.tool_calls[0]["args"] == {"brief": "cats"}
    assert last.text == "Done."
    body = server.journal[1].body
    assert body["tools"] == [DRAFT]
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "tool"]
    assert body["messages"][2]["tool_call_id"] == body["messages"][1]["tool_calls"][0]["id"]


async def test_a_stream_brings_its_first_word_at_once_and_the_rest_in_few_pieces() -> None:
    text = "one two three four five six seven eight nine ten " * 20
    async with model_of(OpenAIServer(say(text, piece=3))) as model:
        whole, pieces = await heard(model)
    assert whole.text == text
    assert len([piece for piece in pieces if piece.text]) < 60, "over 300 pieces were sent"
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] == 7
    assert whole.response_metadata["finish_reason"] == "stop"


@pytest.mark.parametrize("numbered", [True, False])
async def test_streamed_tool_calls_come_whole_beside_the_text(numbered: bool) -> None:
    calls = [("draft_post", {"brief": "cats"}), ("draft_post", {"brief": "dogs “ä”"})]
    async with model_of(OpenAIServer(Reply("Two drafts.", calls, numbered=numbered))) as model:
        whole, pieces = await heard(model.bind_tools([DRAFT]))
    assert whole.text == "Two drafts."
    assert [(one["name"], one["args"]) for one in whole.tool_calls] == calls
    assert len({one["id"] for one in whole.tool_calls}) == 2
    assert [len(piece.tool_calls) for piece in pieces if piece.tool_calls] == [2], "all in one piece"


@pytest.mark.parametrize("arguments", ['{"brief": "ca', "nonsense", "[1]", "null", "[" * 100_000])
@pytest.mark.parametrize("streamed", [True, False])
async def test_unreadable_arguments_become_none_so_that_the_tool_can_say_what_it_misses(
    arguments: str, streamed: bool
) -> None:
    async with model_of(OpenAIServer(Reply(calls=[("draft_post", arguments)], piece=50_000))) as model:
        bound = model.bind_tools([DRAFT])
        answer = (await heard(bound))[0] if streamed else await bound.ainvoke("hello")
    assert [(one["name"], one["args"]) for one in answer.tool_calls] == [("draft_post", {})]
    assert not answer.invalid_tool_calls


async def test_a_call_without_an_id_gets_one_and_arguments_may_be_an_object() -> None:
    raw = '{"choices": [{"message": {"role": "assistant", "tool_calls": [{"function": {"name": "a", "arguments": {"b": 1}}}]}}]}'
    async with model_of(OpenAIServer(Reply(raw=raw))) as model:
        answer = await model.ainvoke("hello")
    assert answer.tool_calls[0]["args"] == {"b": 1}
    assert str(answer.tool_calls[0]["id"]).startswith("call_")


async def test_a_turn_of_the_graph_calls_the_model_twice() -> None:
    def draft_post(brief: str) -> str:
        """Write a post."""
        return f"draft of {brief}"

    server = OpenAIServer(always=tool_then_answer("draft_post", {"brief": "cats"}))
    async with model_of(server) as model:
        bound = model.bind_tools([draft_post])

        async def think(state: MessagesState) -> dict[str, list[BaseMessage]]:
            return {"messages": [await bound.ainvoke(state["messages"])]}

        graph = StateGraph(MessagesState).add_node("think", think).add_node("tools", ToolNode([draft_post]))
        graph.add_edge(START, "think").add_conditional_edges("think", tools_condition, ["tools", END])
        agent = graph.add_edge("tools", "think").compile()
        heard_so_far = [
            found async for found in agent.astream({"messages": [HumanMessage("cats")]}, stream_mode="messages")
        ]
    said = [message for message, _ in heard_so_far if isinstance(message, AIMessageChunk)]
    assert "".join(piece.text for piece in said) == "Done."
    assert [asked.body["messages"][-1]["role"] for asked in server.journal] == ["user", "tool"]
    assert server.journal[1].body["messages"][-1]["content"] == "draft of cats"


async def test_cpu_of_a_call_hardly_grows_with_the_conversation() -> None:
    turn = [HumanMessage("write " * 40), calling("draft_post", brief="x" * 100, parts=["a" * 200])]
    turn += [ToolMessage("ok " * 30, tool_call_id="call_0_draft_post"), AIMessage("done " * 40)]

    async def cpu_ms(model: Any, conversation: list[BaseMessage]) -> float:
        best = float("inf")
        for _ in range(5):
            began = time.process_time()
            await model.ainvoke(conversation)
            best = min(best, time.process_time() - began)
        return 1000 * best

    async with model_of(OpenAIServer(always=lambda _body: say("ok"))) as model:
        bound = model.bind_tools([DRAFT])
        short, long = await cpu_ms(bound, turn[:2]), await cpu_ms(bound, turn * 25)
    assert long < 3 * short + 10, f"2 messages: {short:.1f} ms, 100 messages: {long:.1f} ms"


def test_a_synchronous_call_says_that_there_is_none() -> None:
    model = OpenAIChat(model=MODEL, api_key=SecretStr(KEY), base_url="http://127.0.0.1:9/v1")
    with pytest.raises(NotImplementedError, match=ASYNC_ONLY):
        model.invoke("hello")
    with pytest.raises(NotImplementedError, match=ASYNC_ONLY):
        list(model.stream("hello"))


# What goes wrong


def refused(status: int, error: Any = "no", **headers: str) -> Reply:
    return Reply(status=status, error=error, headers=headers)


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (refused(401), "The key was refused"),
        (refused(403), "The key was refused"),
        (refused(404), "no such model"),
        (refused(429, **{"retry-after": "7.2"}), "Try again in 8 s."),
        (refused(429, **{"retry-after": "-1"}), "Try again in a moment."),
        (refused(429), "Try again in a moment."),
        (refused(429, {"message": "pay", "code": "insufficient_quota"}), "no credit left"),
        (refused(500), "out of order just now"),
        (refused(503), "out of order just now"),
        (refused(400, {"message": "x", "code": "context_length_exceeded"}), "longer than"),
        (refused(400, "the request exceeds the available context size"), "longer than"),
        (refused(400, "what?"), "copydesk doctor"),
        (Reply("late", delay=5), "No answer came in time"),
        (Reply(raw="<html>Welcome to my router</html>", content_type="text/html"), "broke off or is none"),
        (Reply(raw='{"choices": null}'), "broke off or is none"),
        (Reply(raw='{"choices": [7]}'), "broke off or is none"),
        (Reply(raw='{"choices": []}'), "broke off or is none"),
        (Reply(raw="[]"), "broke off or is none"),
    ],
)
async def test_every_failure_has_a_sentence_that_names_the_model_and_never_the_key(reply: Reply, sentence: str) -> None:
    async with model_of(OpenAIServer(reply), timeout=timedelta(seconds=0.2)) as model:
        said = explain_model_error(await failure(model))
    assert said is not None
    assert sentence in said
    assert "model" in said
    assert KEY not in said


async def test_an_endpoint_that_is_not_there_has_a_sentence_with_its_address() -> None:
    built = await build_model(replace(CHOICE, base_url="http://127.0.0.1:9/v1"))
    said = explain_model_error(await failure(built.model))
    await built.model.aclose()
    assert said is not None
    assert said.startswith("I could not reach the model at 127.0.0.1:9")


def test_a_bug_of_ours_is_not_blamed_on_the_model() -> None:
    assert explain_model_error(ValueError("ours")) is None


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (say("never seen whole", cut_after=2), "connection broke"),
        (say("never seen whole", stop_after=2), "broke off"),
        (Reply("Writing.", [("draft_post", {"brief": "cats"})], stop_after=6), "broke off"),
        (Reply(raw="data: {nonsense\n\n", content_type="text/event-stream"), "broke off"),
        (Reply(raw="data: [1]\n\n", content_type="text/event-stream"), "broke off"),
        (Reply(raw='data: {"choices": [{"delta": null}]}\n\n', content_type="text/event-stream"), "broke off"),
        (Reply(raw='data: {"choices": [{"delta": {}}]}\n\n', content_type="text/event-stream"), "broke off"),
        (Reply(raw="<html></html>", content_type="text/html"), "broke off"),
        (Reply(raw='data: {"error": {"message": "oops"}}\n\n', content_type="text/event-stream"), "in the middle"),
        (refused(500), "out of order"),
    ],
)
async def test_a_stream_that_breaks_is_an_error_and_never_half_an_answer(reply: Reply, sentence: str) -> None:
    async with model_of(OpenAIServer(reply)) as model:
        with pytest.raises((openai.APIError, UnreadableReply)) as caught:
            await heard(model)
    assert sentence in str(explain_model_error(caught.value))


async def test_events_of_other_kinds_and_an_end_without_a_delta_are_no_harm() -> None:
    end = '{"choices": [{"delta": null, "finish_reason": "stop"}]}'
    events = ['{"type": "content.delta", "choices": null}', '{"choices": [{"delta": {"content": "Hi."}}]}', end]
    reply = Reply(raw="".join(f"data: {event}\n\n" for event in events), content_type="text/event-stream")
    async with model_of(OpenAIServer(reply)) as model:
        whole, _ = await heard(model)
    assert whole.text == "Hi."
    assert whole.response_metadata["finish_reason"] == "stop"


async def test_one_retry_gets_past_a_busy_moment() -> None:
    server = OpenAIServer(refused(429, **{"retry-after": "0.01"}), say("ok now"))
    async with model_of(server, retries=1) as model:
        answer = await model.ainvoke("hello")
    assert answer.text == "ok now"
    assert len(server.journal) == 2


async def test_a_model_that_calls_for_ever_does_so_against_us_too() -> None:
    async with model_of(OpenAIServer(always=endless("draft_post", brief="cats"))) as model:
        answers = [await model.ainvoke("hello") for _ in range(3)]
    assert all(answer.tool_calls for answer in answers)
