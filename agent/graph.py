"""The graph: think, act, think again, until there is nothing left to do."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Annotated, Any, TypedDict

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    AnyMessage,
    BaseMessage,
    HumanMessage,
    ToolCall,
    message_chunk_to_message,
)
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode
from langgraph.runtime import Runtime
from langgraph.types import StreamWriter

from agent.briefing import Briefing
from agent.events import Did, Doing, Writing, doing_words
from agent.history import dropped, kept
from agent.prompt import messages_for
from tools import TOOLS
from tools.context import Context
from tools.replies import explain


class State(TypedDict):
    """A conversation, and nothing else."""

    messages: Annotated[list[AnyMessage], add_messages]


@dataclass(frozen=True, kw_only=True)
class TurnContext(Context):
    """A turn's circumstances with what the desk knows at its start; neither is kept in the conversation."""

    briefing: Briefing


class OverBudget(Exception):
    """The turn used as many tokens as one turn may."""


Graph = CompiledStateGraph[State, TurnContext, State, State]


def build_graph(model: BaseChatModel, *, reads_text: bool, token_budget: int, checkpointer: Any) -> Graph:
    """The compiled graph. `reads_text` is False for the guided model; `token_budget` is for one turn."""
    bound, tools = model.bind_tools(TOOLS), ToolNode(TOOLS, handle_tool_errors=explain)

    async def think(state: State, runtime: Runtime[TurnContext]) -> dict[str, Any]:
        remaining = kept(state["messages"])
        if _spent(remaining) > token_budget:
            raise OverBudget
        asked = messages_for(reads_text, remaining, runtime.context.briefing)
        reply = await _written(bound.astream(asked), runtime.stream_writer)
        return {"messages": [*dropped(state["messages"], remaining), reply]}

    async def act(state: State, *, config: RunnableConfig, writer: StreamWriter) -> dict[str, Any]:
        calls = _calls(state)
        answers: list[AnyMessage] = []
        for index, call in enumerate(calls):  # in their order: a later one may mean what an earlier one made
            writer(Doing(str(call["id"]), doing_words([each["name"] for each in calls], index)))
            answer = (await tools.ainvoke([call], config))["messages"][0]
            writer(Did(answer.tool_call_id, answer.artifact or ""))
            answers.append(answer)
        return {"messages": answers}

    builder = StateGraph(State, context_schema=TurnContext)
    builder.add_node("think", think)
    builder.add_node("act", act)
    builder.add_edge(START, "think")
    builder.add_conditional_edges("think", _next, ["act", END])
    builder.add_edge("act", "think")
    return builder.compile(checkpointer=checkpointer)


async def _written(pieces: AsyncIterator[AIMessage], writer: StreamWriter) -> BaseMessage:
    """The model's message; what it says is told while it is written.

    Told here, since LangGraph's own mode `messages` costs 2 ms of CPU a turn more.
    """
    chunks: list[AIMessageChunk] = []
    said = ""
    async for piece in pieces:
        if not isinstance(piece, AIMessageChunk):
            return piece  # a model that cannot stream gives it whole
        chunks.append(piece)
        if piece.text:
            said += piece.text
            writer(Writing(said))
    return message_chunk_to_message(add_ai_message_chunks(*chunks))


async def _next(state: State) -> str:  # async: LangGraph would call a plain function in a thread
    return "act" if _calls(state) else END


def _calls(state: State) -> list[ToolCall]:
    newest = state["messages"][-1]
    return newest.tool_calls if isinstance(newest, AIMessage) else []


def _spent(messages: Sequence[AnyMessage]) -> int:
    """Tokens used since the person spoke, as far as the model tells."""
    since = takewhile(lambda message: not isinstance(message, HumanMessage), reversed(messages))
    told = (message.usage_metadata for message in since if isinstance(message, AIMessage))
    return sum(usage["total_tokens"] for usage in told if usage)
