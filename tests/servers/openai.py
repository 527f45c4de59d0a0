"""A scripted endpoint that speaks OpenAI's chat completions.

Replies are given in order; when none is left, `always` answers (a function of the request's body, so that a script can follow the
conversation). Everything that was asked is kept in `journal`.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

Body = dict[str, Any]

MODEL = "scripted-1"
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}


@dataclass(frozen=True)
class Reply:
    """What the endpoint does with one request; the defaults are an ordinary answer."""

    text: str = ""
    calls: Sequence[tuple[str, object]] = ()
    """Tools to call: a name, and arguments as an object or, to be wrong on purpose, as a string that is sent as it is."""
    status: int = 200
    error: Mapping[str, object] | str = "scripted failure"
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: str = ""
    """A body that is sent instead of a completion, with `content_type`."""
    content_type: str = "application/json"
    delay: float = 0.0
    """Seconds before the first byte."""
    piece: int = 5
    """Characters in one streamed event."""
    cut_after: int | None = None
    """Drop the connection after so many streamed events."""
    stop_after: int | None = None
    """End the stream properly after so many events, though the answer is not whole."""
    finish: str = ""
    """The finish reason; by default `stop`, or `tool_calls`."""
    numbered: bool = True
    """Whether streamed tool calls carry their index; some servers leave it out and send each call whole."""

    @property
    def finish_reason(self) -> str:
        return self.finish or ("tool_calls" if self.calls else "stop")

    def tool_calls(self) -> list[Body]:
        return [
            {
                "id": f"call_{number}_{name}",
                "type": "function",
                "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)},
            }
            for number, (name, given) in enumerate(self.calls)
        ]


def say(text: str, **how: Any) -> Reply:
    return Reply(text=text, **how)


def call(name: str, **arguments: object) -> Reply:
    return Reply(calls=[(name, arguments)])


def tool_then_answer(name: str, arguments: Mapping[str, object], text: str = "Done.") -> Callable[[Body], Reply]:
    """One tool call for every message of a person, then a text: a turn with two model calls, as often as wanted."""
    asks, answers = Reply(calls=[(name, dict(arguments))]), say(text)
    return lambda body: answers if body["messages"][-1]["role"] == "tool" else asks


def endless(name: str, **arguments: object) -> Callable[[Body], Reply]:
    """Calls the same tool for ever."""
    reply = call(name, **arguments)
    return lambda _body: reply


@dataclass(frozen=True)
class Asked:
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Body


class OpenAIServer:
    def __init__(self, *replies: Reply, always: Callable[[Body], Reply] | None = None) -> None:
        self.replies = deque(replies)
        self.always = always or (lambda _body: say("ok"))
        self.journal: list[Asked] = []
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self._complete, methods=["POST"]),
                Route("/openai/deployments/{deployment}/chat/completions", self._complete, methods=["POST"]),
                Route("/{other:path}", self._unknown, methods=["GET", "POST"]),
            ]
        )

    async def _unknown(self, request: Request) -> Response:
        await self._note(request)
        return _failure(Reply(status=404, error="no such path"))

    async def _note(self, request: Request) -> Body:
        body: Body = await request.json()
        self.journal.append(Asked(request.url.path, dict(request.query_params), dict(request.headers), body))
        return body

    async def _complete(self, request: Request) -> Response:
        body = await self._note(request)
        reply = self.replies.popleft() if self.replies else self.always(body)
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if reply.status != 200:
            return _failure(reply)
        if reply.raw:
            return PlainTextResponse(reply.raw, media_type=reply.content_type)
        if body.get("stream"):
            return StreamingResponse(_stream(reply), media_type="text/event-stream")
        return JSONResponse(_completion(reply))


def _failure(reply: Reply) -> Response:
    error = {"message": reply.error} if isinstance(reply.error, str) else reply.error
    return JSONResponse({"error": error}, reply.status, headers=reply.headers)


def _completion(reply: Reply) -> Body:
    message: Body = {"role": "assistant", "content": reply.text or None}
    if reply.calls:
        message["tool_calls"] = reply.tool_calls()
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    return {"id": "chatcmpl-1", "object": "chat.completion", "model": MODEL, "choices": [choice], "usage": USAGE}


async def _stream(reply: Reply) -> AsyncIterator[str]:
    for number, delta in enumerate(_deltas(reply)):
        if number == reply.stop_after:
            return
        if number == reply.cut_after:
            raise ConnectionAbortedError  # uvicorn drops the connection
        yield _event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield _event({"choices": [{"index": 0, "delta": {}, "finish_reason": reply.finish_reason}]})
    yield _event({"choices": [], "usage": USAGE})
    yield "data: [DONE]\n\n"


def _event(content: Body) -> str:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": MODEL}
    return f"data: {json.dumps({**head, **content})}\n\n"


def _deltas(reply: Reply) -> list[Body]:
    deltas: list[Body] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": reply.text[at : at + reply.piece]} for at in range(0, len(reply.text), reply.piece)]
    for index, whole in enumerate(reply.tool_calls()):
        if not reply.numbered:
            deltas.append({"tool_calls": [whole]})
            continue
        arguments = whole["function"]["arguments"]
        opening = {**whole, "index": index, "function": {**whole["function"], "arguments": ""}}
        deltas.append({"tool_calls": [opening]})
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": arguments[at : at + reply.piece]}}]}
            for at in range(0, len(arguments), reply.piece)
        ]
    return deltas
