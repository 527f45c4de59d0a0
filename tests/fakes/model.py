"""A chat model that says what a test wrote down, for graphs: it needs no endpoint."""

import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call, tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import PrivateAttr

Script = str | AIMessage | Exception | Callable[[list[BaseMessage]], AIMessage]
"""A text, a whole message, an error to raise, or what to answer to a conversation."""


def calling(name: str, **arguments: object) -> AIMessage:
    """A message that calls one tool."""
    return calling_all((name, arguments))


def calling_all(*calls: tuple[str, dict[str, Any]]) -> AIMessage:
    """A message that calls several tools at once."""
    return AIMessage(
        "",
        tool_calls=[
            tool_call(name=name, args=arguments, id=f"call_{number}_{name}")
            for number, (name, arguments) in enumerate(calls)
        ],
    )


class ScriptedModel(BaseChatModel):
    """Answers with `replies` in order and then with `always`; keeps what it was asked and which tools it was offered."""

    _replies: list[Script] = PrivateAttr(default_factory=list)
    _always: Script = PrivateAttr(default="ok")
    _asked: list[list[BaseMessage]] = PrivateAttr(default_factory=list)
    _offered: list[str] = PrivateAttr(default_factory=list)

    def __init__(self, replies: Sequence[Script] = (), *, always: Script = "ok") -> None:
        super().__init__()
        self._replies = list(replies)
        self._always = always

    @property
    def asked(self) -> list[list[BaseMessage]]:
        """Every conversation this model was given, oldest first."""
        return self._asked

    @property
    def offered(self) -> list[str]:
        """The names of the tools bound last."""
        return self._offered

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        self._offered[:] = [getattr(tool, "name", None) or tool["function"]["name"] for tool in tools]
        return self.bind(**kwargs)

    def _generate(self, messages: list[BaseMessage], *_args: Any, **_how: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._next(messages))])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        reply = self._next(messages)
        for piece in re.findall(r"\S+\s*|\s+", reply.text):
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        yield ChatGenerationChunk(message=_ending(reply))

    def _next(self, messages: list[BaseMessage]) -> AIMessage:
        self._asked.append(list(messages))
        reply = self._replies.pop(0) if self._replies else self._always
        if isinstance(reply, Exception):
            raise reply
        found = reply(messages) if callable(reply) else reply
        # a copy: LangGraph gives every message an id, and one script may be said twice
        return AIMessage(found) if isinstance(found, str) else found.model_copy(update={"id": None}, deep=True)


def _ending(reply: AIMessage) -> AIMessageChunk:
    """All of a message but its text."""
    calls = [
        tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index)
        for index, call in enumerate(reply.tool_calls)
    ]
    return AIMessageChunk(
        content="",
        tool_call_chunks=calls,
        usage_metadata=reply.usage_metadata,
        additional_kwargs=reply.additional_kwargs,
        response_metadata=reply.response_metadata,
    )
