"""A chat model behind any endpoint that speaks OpenAI's chat completions.

LangChain's own class hands every request to the OpenAI client's resource methods, which walk every message of the conversation
(`openai._utils._transform`) and turn every answer and every streamed event into typed objects only to turn them back into dicts. Here
the same client posts the same body itself (`AsyncOpenAI.post`, its documented way to any path) and is asked for plain dicts. CPU a call
against an instantly answering server in the same process, server included (openai 3.54, langchain-openai 1.7.3, 12 tools, 2026-11-22):

| messages sent      | LangChain's, plain | ours   | LangChain's, streamed (60 events) | ours    |
|--------------------|--------------------|--------|-----------------------------------|---------|
| 2                  | 6.8 ms             | 4.5 ms | 21.8 ms                           | 8.2 ms  |
| 200 (50 turns)     | 65.4 ms            | 7.3 ms | 56.6 ms                           | 10.2 ms |

Only the asynchronous calls exist: the desk makes no others.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from typing import Any

import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from agent.stream import gathered, mended

GATHER = timedelta(milliseconds=50)
"""Streamed text is handed on at most this often: nobody reads faster, and every piece costs CPU all the way to the page."""


ASYNC_ONLY = "a model is called with ainvoke or astream"

SHAPELESS = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What reading an answer of the wrong shape raises."""


class UnreadableReply(Exception):
    """The endpoint answered with something that is not a whole chat completion; nothing was done with it."""


class OpenAIChat(ChatOpenAI):
    """`ChatOpenAI` for async use, with a flat cost per call, fewer streamed pieces, and no half answer taken for a whole one.

    Raises:
        openai.APIError: the request failed; `agent.model_errors.explain_model_error` makes a sentence of it.
        UnreadableReply: the answer is not one, or a stream ended before its answer did.
    """

    token_limit_field: str = "max_completion_tokens"  # noqa: S105 - a field's name
    """What the endpoint calls the limit; servers other than OpenAI's often know only the older `max_tokens`."""

    key_header: str = "Authorization"
    """The header that carries the key; Azure with an API version wants it in `api-key`, and nowhere else."""

    async def aclose(self) -> None:
        """Close the connections; the model cannot be called afterwards."""
        await self.root_async_client.close()

    def _get_request_payload(self, input_: Any, *, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        payload: dict[str, Any] = super()._get_request_payload(input_, stop=stop, **kwargs)
        limit = payload.pop("max_completion_tokens", None)
        if limit is not None:
            payload[self.token_limit_field] = limit
        return payload

    def _generate(self, *_args: Any, **_how: Any) -> ChatResult:
        raise NotImplementedError(ASYNC_ONLY)

    def _stream(self, *_args: Any, **_how: Any) -> Iterator[ChatGenerationChunk]:
        raise NotImplementedError(ASYNC_ONLY)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        if self._leaves_to_parent(kwargs):
            return await super()._agenerate(messages, stop=stop, run_manager=run_manager, **kwargs)
        payload = {**self._get_request_payload(messages, stop=stop, **kwargs), "stream": False}
        answer = await self._post(payload)
        try:
            return self._create_chat_result(_with_mended_calls(answer))
        except SHAPELESS as unreadable:
            msg = f"not a chat completion: {str(answer)[:200]!r}"
            raise UnreadableReply(msg) from unreadable

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,  # LangChain itself reports what is yielded here
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        source = super()._astream if self._leaves_to_parent(kwargs) else self._pieces
        async for piece in source(messages, stop=stop, **kwargs):
            yield piece

    async def _pieces(
        self, messages: list[BaseMessage], stop: list[str] | None, **kwargs: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        """The answer as it is written."""
        asked = self._get_request_payload(messages, stop=stop, **kwargs)
        finished = False
        async for piece in self._received({**asked, "stream": True, "stream_options": {"include_usage": True}}):
            finished = finished or "finish_reason" in (piece.generation_info or {})
            yield piece
        if not finished:
            msg = "the stream ended before the answer did"
            raise UnreadableReply(msg)

    async def _received(self, payload: dict[str, Any]) -> AsyncIterator[ChatGenerationChunk]:
        try:
            async with await self._post(payload, stream=True, stream_cls=openai.AsyncStream[object]) as stream:
                async for event in gathered(stream, GATHER):
                    piece = self._convert_chunk_to_generation_chunk(event, AIMessageChunk, None)
                    if piece is not None:
                        yield piece
        except SHAPELESS as unreadable:
            msg = f"not a stream of chat completions: {unreadable}"
            raise UnreadableReply(msg) from unreadable

    async def _post(self, payload: dict[str, Any], **how: Any) -> Any:
        extra = payload.pop("extra_body", None) or {}
        body = {**payload, **extra}
        options = {"headers": self._key_headers()}
        return await self.root_async_client.post("/chat/completions", body=body, cast_to=object, options=options, **how)

    def _key_headers(self) -> dict[str, str | openai.Omit]:
        if self.key_header == "Authorization" or not isinstance(self.openai_api_key, SecretStr):
            return {}  # the client puts it there
        return {"Authorization": openai.Omit(), self.key_header: self.openai_api_key.get_secret_value()}

    def _leaves_to_parent(self, kwargs: Mapping[str, Any]) -> bool:
        """Whether this call needs the parent's way: the Responses API, or a reply parsed into a class."""
        return self._use_responses_api({**self.model_kwargs, **kwargs}) or "response_format" in kwargs


def _with_mended_calls(answer: Any) -> Any:
    message = answer["choices"][0]["message"]
    if message.get("tool_calls"):
        message["tool_calls"] = mended(message["tool_calls"])
    return answer
