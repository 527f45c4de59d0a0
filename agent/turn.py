"""One turn: a person says something, the model thinks and acts, and the chat hears of it as it happens."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.errors import GraphRecursionError

from agent.graph import Graph, OverBudget, TurnContext
from agent.history import forget_old
from agent.model import explain_model_error
from tools import DOING

log = logging.getLogger(__name__)

DONE = "Done."
NOTHING = "My model gave an empty answer. Ask again, or say it in other words."


@dataclass(frozen=True)
class Doing:
    """A tool begins: what a person reads meanwhile."""

    call_id: str
    words: str


@dataclass(frozen=True)
class Did:
    """A tool is done; `shown` is the row to show as a card, if any."""

    call_id: str
    shown: str = ""


@dataclass(frozen=True)
class Writing:
    """The model's text so far in this step."""

    text: str


@dataclass(frozen=True)
class Said:
    """The answer; the turn is over."""

    text: str
    choices: list[dict[str, str]] = field(default_factory=list)


TurnEvent = Doing | Did | Writing | Said


@dataclass(frozen=True)
class TurnLimits:
    """What one turn may take."""

    steps: int = 8
    """Calls of the model."""
    time: timedelta = timedelta(seconds=120)


class OutOfTime(Exception):
    """The turn took as long as one turn may."""


class Turns:
    """Runs turns, one at a time for each conversation: its caller sees to that."""

    def __init__(self, graph: Graph, saver: AsyncSqliteSaver, limits: TurnLimits) -> None:
        self._graph = graph
        self._saver = saver
        self._limits = limits

    async def run(self, conversation_id: str, text: str, context: TurnContext) -> AsyncGenerator[TurnEvent, None]:
        """What happens, as it happens; always ends with `Said`, also when a limit or the model ends the turn.

        A bug, of a tool or of ours, is raised as it is.
        """
        try:
            async with aclosing(self._events(conversation_id, text, context)) as events:
                async for event in _within(self._limits.time, events):
                    yield event
        except Exception as error:
            sentence = self._sentence(error)
            if sentence is None:
                raise
            log.warning("turn.stopped", extra={"conversation": conversation_id, "error": type(error).__name__})
            yield Said(sentence)
        finally:
            await forget_old(self._saver, conversation_id)

    def _sentence(self, error: Exception) -> str | None:
        """Why the turn stopped, for the person; None for a bug."""
        if isinstance(error, OutOfTime):
            seconds = self._limits.time.total_seconds()
            return f"I stopped after {seconds:g} seconds. What is done stands; ask again for the rest."
        if isinstance(error, GraphRecursionError):
            return f"I stopped after {self._limits.steps} steps. What is done stands; ask again for the rest."
        if isinstance(error, OverBudget):
            return "I stopped: this turn used as many tokens as one may. What is done stands; ask in smaller steps."
        return explain_model_error(error)

    async def _events(self, conversation_id: str, text: str, context: TurnContext) -> AsyncGenerator[TurnEvent, None]:
        config: RunnableConfig = {
            "configurable": {"thread_id": conversation_id},
            "recursion_limit": 2 * self._limits.steps,
        }
        answer, written, acted = AIMessage(""), "", False
        async for mode, found in self._graph.astream(
            {"messages": [HumanMessage(text)]},
            config,
            context=context,
            stream_mode=["messages", "updates"],
            durability="exit",
        ):
            if mode == "messages":
                piece = found[0]
                if isinstance(piece, AIMessageChunk) and piece.text:
                    written += piece.text
                    yield Writing(written)
                continue
            written = ""
            for message in _messages(found):
                answer, acted = (message, acted) if isinstance(message, AIMessage) else (answer, True)
                for event in _events_of(message):
                    yield event
        text = answer.text.strip() or (DONE if acted else NOTHING)
        yield Said(text, answer.additional_kwargs.get("choices", []))


async def _within(time: timedelta, events: AsyncIterator[TurnEvent]) -> AsyncIterator[TurnEvent]:
    """The events, as long as there is time; only waiting for the next one is ever interrupted.

    Raises:
        OutOfTime: there is none left.
    """
    deadline = asyncio.get_running_loop().time() + time.total_seconds()
    while True:
        limit = asyncio.timeout_at(deadline)
        try:
            async with limit:
                event = await anext(events)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            if limit.expired():
                raise OutOfTime from error
            raise
        yield event


def _messages(update: dict[str, Any]) -> list[AIMessage | ToolMessage]:
    return [
        message
        for node in update.values()
        for message in (node or {}).get("messages", [])
        if isinstance(message, AIMessage | ToolMessage)
    ]


def _events_of(message: AIMessage | ToolMessage) -> list[TurnEvent]:
    if isinstance(message, ToolMessage):
        return [Did(message.tool_call_id, message.artifact or "")]
    names = [call["name"] for call in message.tool_calls]
    return [Doing(str(call["id"]), _words(names, index)) for index, call in enumerate(message.tool_calls)]


def _words(names: list[str], index: int) -> str:
    """“writing”, or “writing 2 of 3” where a step does the same thing several times."""
    name = names[index]
    words = DOING.get(name, name.replace("_", " "))
    total = names.count(name)
    return words if total == 1 else f"{words} {names[: index + 1].count(name)} of {total}"
