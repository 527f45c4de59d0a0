"""One turn: a person says something, the model thinks and acts, and the chat hears of it as it happens."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import GraphRecursionError

from agent.events import Said, TurnEvent
from agent.graph import Graph, OverBudget, TurnContext
from agent.history import forget_old
from agent.model import explain_model_error

log = logging.getLogger(__name__)

NOTHING = "My model gave an empty answer. Ask again, or say it in other words."


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

    def __init__(self, graph: Graph, saver: BaseCheckpointSaver[str], limits: TurnLimits) -> None:
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
        answer = AIMessage("")
        stream: Any = self._graph.astream(
            {"messages": [HumanMessage(text)]},
            config,
            context=context,
            stream_mode=["updates", "custom"],
            durability="exit",
        )
        async for mode, found in stream:
            if mode == "custom":
                yield found
            elif "think" in found:
                answer = found["think"]["messages"][-1]
        yield Said(answer.text.strip() or NOTHING, answer.additional_kwargs.get("choices", []))


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
