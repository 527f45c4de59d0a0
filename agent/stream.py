"""What an endpoint streams, made calmer and whole: text in fewer pieces, tool calls complete or not at all."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

Event = dict[str, Any]
"""One `chat.completion.chunk` as it came."""

ToolCalls = list[dict[str, Any]]
"""Tool calls as a chat completion carries them: id, type, function: {name, arguments}; a streamed one also has its index."""


async def gathered(events: AsyncIterator[Event], every: timedelta) -> AsyncIterator[Event]:
    """The same text in fewer events: what arrives faster than `every` is joined; the first word goes out at once.

    Tool calls are held until the answer is finished and then come whole, in its last event. An answer without an end brings none.
    """
    clock = asyncio.get_running_loop().time
    calls = CallPieces()
    held: list[str] = []
    shown = float("-inf")
    async for event in events:
        calls.take(event)
        text = _only_text(event)
        if text is not None:
            held.append(text)
            if clock() - shown < every.total_seconds():
                continue
            shown = clock()
        if held:
            yield _text_event("".join(held))
            held.clear()
        if text is None:
            yield calls.given_back(event)
    if held:
        yield _text_event("".join(held))


def _only_text(event: Event) -> str | None:
    """The text of an event that brings nothing else."""
    choice = _choice(event)
    if choice is None or choice.get("finish_reason") or event.get("usage"):
        return None
    delta = choice.get("delta") or {}
    return str(delta.get("content") or "") if delta.keys() <= {"role", "content", "refusal"} else None


def _text_event(text: str) -> Event:
    return {"choices": [{"index": 0, "delta": {"role": "assistant", "content": text}}]}


def _choice(event: Event) -> dict[str, Any] | None:
    choices = event.get("choices") or []
    return choices[0] if choices else None


class CallPieces:
    """Puts streamed tool calls together.

    Most servers number them; some leave the number out and send each call whole.
    """

    def __init__(self) -> None:
        self._calls: dict[int, dict[str, Any]] = {}

    def take(self, event: Event) -> None:
        """Take the pieces of tool calls out of an event."""
        delta = (_choice(event) or {}).get("delta") or {}
        for piece in delta.pop("tool_calls", None) or ():
            self._add(piece)

    def given_back(self, event: Event) -> Event:
        """The event, with all calls in it if it is the one that finishes the answer."""
        choice = _choice(event)
        if choice and choice.get("finish_reason"):
            calls = mended([self._calls[index] for index in sorted(self._calls)])
            choice["delta"] = {**(choice.get("delta") or {}), "tool_calls": calls}
        return event

    def _add(self, piece: dict[str, Any]) -> None:
        function = piece.get("function") or {}
        index = piece.get("index")
        if index is None:
            begins = bool(piece.get("id") or function.get("name"))
            index = len(self._calls) if begins or not self._calls else len(self._calls) - 1
        call = self._calls.setdefault(index, {"index": index, "function": {"name": "", "arguments": ""}})
        call["id"] = call.get("id") or piece.get("id")
        whole = call["function"]
        whole["name"] = whole["name"] or function.get("name") or ""
        arguments = function.get("arguments") or ""
        whole["arguments"] += arguments if isinstance(arguments, str) else json.dumps(arguments)


def mended(calls: ToolCalls) -> ToolCalls:
    """The calls with an id each, and arguments that are an object in JSON.

    Unreadable arguments become none: the tool then says what it misses, and the model tries again. To keep them would leave a call
    without an answer in the conversation, which endpoints refuse from then on.
    """
    return [
        {
            **call,
            "id": call.get("id") or f"call_{uuid4().hex[:16]}",
            "type": "function",
            "function": {**call["function"], "arguments": _readable(call["function"].get("arguments"))},
        }
        for call in calls
    ]


def _readable(arguments: object) -> str:
    try:
        found = json.loads(arguments, strict=False) if isinstance(arguments, str) else arguments
    except (ValueError, RecursionError):
        return "{}"
    return json.dumps(found, ensure_ascii=False) if isinstance(found, dict) else "{}"
