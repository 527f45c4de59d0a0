"""Tool calls for endpoints that parse none: the tools are offered as a JSON reply and mapped back to tool calls.

Many local servers accept `tools` and never return a call (llama.cpp's server with two models: 0 of 37), but hold a reply to a JSON
schema well (0 of 215 unparsable; measured 2026-11-22). Two things are told: the schema, which the server enforces, and one line a
tool at the end of the system message, because a server does not show the schema to its model. Tool results go back as plain text
of the user's role, since the chat templates of local models often know no other.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.tool import tool_call, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from agent.json_reply import MOST_CALLS, Heard, Hearing, read_reply
from agent.openai_chat import OpenAIChat

Schema = Mapping[str, Any]
"""A JSON schema, or a tool as OpenAI describes one: name, description, parameters."""

RULES = (
    'Answer with one JSON object: {"calls": [{"tool": name, "arguments": {…}}], "say": text for the person}. '
    "Leave calls empty when no tool is needed; leave say empty while you call tools. Tools:"
)


class JsonCalls(OpenAIChat):
    """A chat model whose tools travel as a JSON reply; to its caller, `bind_tools` and tool calls work as with any other.

    An answer that cannot be read becomes a sentence for a person instead of an error, and a call that broke off is never made.
    """

    def _get_request_payload(self, input_: Any, *, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        tools = [tool["function"] for tool in kwargs.pop("tools", None) or ()]
        choice = kwargs.pop("tool_choice", None)
        kwargs.pop("parallel_tool_calls", None)
        messages = told(self._convert_input(input_).to_messages(), tools)
        payload = super()._get_request_payload(messages, stop=stop, **kwargs)
        if tools:
            must_call = choice not in (None, "auto", "none")
            payload["response_format"] = reply_format(_chosen(tools, choice), must_call=must_call)
        return payload

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        result = await super()._agenerate(messages, stop=stop, run_manager=run_manager, **kwargs)
        if not kwargs.get("tools"):
            return result
        answer = result.generations[0]
        heard = ChatGeneration(message=_message(answer.message), generation_info=answer.generation_info)
        return ChatResult(generations=[heard], llm_output=result.llm_output)

    async def _pieces(
        self, messages: list[BaseMessage], stop: list[str] | None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        hearing = Hearing() if kwargs.get("tools") else None
        async for piece in super()._pieces(messages, stop, **kwargs):
            if hearing and piece.text:
                yield ChatGenerationChunk(message=AIMessageChunk(content=hearing.more(piece.text)))
            else:
                yield piece
        if hearing:
            yield ChatGenerationChunk(message=_last_piece(hearing.rest()))


def _message(answer: BaseMessage) -> AIMessage:
    heard = read_reply(answer.text)
    return AIMessage(
        content=heard.say,
        tool_calls=[tool_call(name=call.tool, args=call.arguments, id=_call_id()) for call in heard.calls],
        usage_metadata=getattr(answer, "usage_metadata", None),
        response_metadata=answer.response_metadata,
        id=answer.id,
    )


def _last_piece(heard: Heard) -> AIMessageChunk:
    calls = [
        tool_call_chunk(name=call.tool, args=json.dumps(call.arguments), id=_call_id(), index=index)
        for index, call in enumerate(heard.calls)
    ]
    return AIMessageChunk(content=heard.say, tool_call_chunks=calls)


def _call_id() -> str:
    return f"call_{uuid4().hex[:16]}"


def reply_format(tools: Sequence[Schema], *, must_call: bool = False) -> dict[str, Any]:
    """The `response_format` that holds a reply to `{"calls": […], "say": …}`.

    Calls come first, so that they are decided before any text is begun.
    """
    one_call = [
        _object(tool={"type": "string", "enum": [tool["name"]]}, arguments=tool.get("parameters") or _object())
        for tool in tools
    ]
    calls = {"type": "array", "items": {"anyOf": one_call}, "minItems": int(must_call), "maxItems": MOST_CALLS}
    schema = _object(calls=calls, say={"type": "string"})
    return {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}


def _object(**properties: Schema) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _chosen(tools: Sequence[Schema], choice: object) -> Sequence[Schema]:
    """The tools that a `tool_choice` leaves: one, when it names one."""
    name = choice.get("function", {}).get("name") if isinstance(choice, dict) else None
    return [tool for tool in tools if tool["name"] == name] or tools


def told(messages: Sequence[BaseMessage], tools: Sequence[Schema]) -> list[BaseMessage]:
    """The conversation in the roles that every chat template knows, with the tools at the end of its system message."""
    spoken = [message for message in messages if isinstance(message, AIMessage)]
    names = {call["id"]: call["name"] for message in spoken for call in message.tool_calls}
    plain = [_plain(message, names, in_json=bool(tools)) for message in messages]
    if tools:
        rules = "\n".join([RULES, *(f"- {signature(tool)}" for tool in tools)])
        at = 1 if plain and isinstance(plain[0], SystemMessage) else 0
        plain.insert(at, SystemMessage(rules))
    return _joined(plain)


def _plain(message: BaseMessage, names: Mapping[str | None, str], *, in_json: bool) -> BaseMessage:
    if isinstance(message, ToolMessage):
        name = names.get(message.tool_call_id) or message.name or "the tool"
        return HumanMessage(f"Result of {name}: {message.text}")
    if not isinstance(message, AIMessage):
        return message
    if not in_json:
        return AIMessage(message.text)
    calls = [{"tool": call["name"], "arguments": call["args"]} for call in message.tool_calls]
    return AIMessage(json.dumps({"calls": calls, "say": message.text}, ensure_ascii=False))


def _joined(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Neighbours of one role as one message: many templates insist on turns that alternate."""
    joined: list[BaseMessage] = []
    for message in messages:
        last = joined[-1] if joined else None
        if last and last.type == message.type and isinstance(last.content, str) and isinstance(message.content, str):
            joined[-1] = type(last)(content=f"{last.content}\n\n{message.content}")
        else:
            joined.append(message)
    return joined


def signature(tool: Schema) -> str:
    """One line on one tool, in the shape models know from TypeScript: a third shorter than its JSON schema."""
    parameters = tool.get("parameters") or {}
    described = " ".join(str(tool.get("description") or "").split())
    return f"{tool['name']}{_fields(parameters, '(', ')')} {described}".rstrip()


def _fields(schema: Schema, opening: str, closing: str) -> str:
    required = schema.get("required") or ()
    fields = [
        f"{name}{'' if name in required else '?'}: {_type(field)}"
        for name, field in (schema.get("properties") or {}).items()
    ]
    return f"{opening}{', '.join(fields)}{closing}"


def _type(schema: Schema) -> str:
    if "enum" in schema:
        return " | ".join(json.dumps(choice) for choice in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(map(_type, schema["anyOf"]))
    if schema.get("type") == "array":
        one = _type(schema.get("items") or {})
        return f"({one})[]" if " | " in one else f"{one}[]"
    if schema.get("properties"):
        return _fields(schema, "{", "}")
    return str(schema.get("type") or "any")
