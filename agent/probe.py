"""Finds out how an endpoint can be given tools: natively, as a JSON reply, or neither."""

from dataclasses import dataclass
from typing import Literal

import openai
from langchain_core.messages import AIMessage, HumanMessage

from agent.json_calls import JsonCalls
from agent.model_errors import explain_model_error
from agent.openai_chat import OpenAIChat, UnreadableReply

Found = Literal["native", "json", "neither", "unreached"]

READY = {
    "type": "function",
    "function": {
        "name": "ready",
        "description": "Say that you are ready.",
        "parameters": {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]},
    },
}
ASK = [HumanMessage("Call the tool `ready` now, with answer “yes”. Say nothing else.")]
SHORT = 256
"""Tokens enough for the call, and for the thoughts some models have first."""


@dataclass(frozen=True)
class Probe:
    """What was found, and a clause that says so in a log or in `copydesk doctor`."""

    found: Found
    words: str


async def probe(native: OpenAIChat, in_json: JsonCalls) -> Probe:
    """Ask an endpoint once for a native call and, where none comes, once for a JSON reply.

    A refusal of the tools themselves counts as "no native calls"; any other failure is reported as `unreached`, with the reason.
    Safe to repeat; costs at most two short answers.
    """
    try:
        if await _calls_ready(native):
            return Probe("native", "it makes tool calls natively")
        if await _calls_ready(in_json):
            return Probe("json", "it makes no native tool calls, but answers in JSON as asked")
    except (openai.APIError, UnreadableReply) as failure:
        return Probe("unreached", str(explain_model_error(failure)))
    return Probe(
        "neither", "it neither makes tool calls nor keeps to JSON, so expect plain answers more often than actions"
    )


async def _calls_ready(model: OpenAIChat) -> bool:
    try:
        answer = await model.bind_tools([READY]).ainvoke(ASK, max_tokens=SHORT)
    except (openai.BadRequestError, openai.UnprocessableEntityError):
        return False  # the server does not take tools, or a JSON schema, at all
    return isinstance(answer, AIMessage) and any(call["name"] == "ready" for call in answer.tool_calls)
