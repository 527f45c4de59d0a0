"""The graph: think, act, think again, until there is nothing left to do."""

from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode
from langgraph.runtime import Runtime
from langgraph.types import Send

from agent.briefing import Briefing
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
    bound = model.bind_tools(TOOLS)

    async def think(state: State, runtime: Runtime[TurnContext]) -> dict[str, Any]:
        remaining = kept(state["messages"])
        if _spent(remaining) > token_budget:
            raise OverBudget
        reply = await bound.ainvoke(messages_for(reads_text, remaining, runtime.context.briefing))
        return {"messages": [*dropped(state["messages"], remaining), reply]}

    builder = StateGraph(State, context_schema=TurnContext)
    builder.add_node("think", think)
    builder.add_node("act", ToolNode(TOOLS, handle_tool_errors=explain))
    builder.add_edge(START, "think")
    builder.add_conditional_edges("think", _next, ["act", END])
    builder.add_edge("act", "think")
    return builder.compile(checkpointer=checkpointer)


def _next(state: State) -> list[Send] | str:
    """Every tool call is a task of its own, so that each one's card is shown as soon as it is done."""
    newest = state["messages"][-1]
    calls = newest.tool_calls if isinstance(newest, AIMessage) else []
    return [Send("act", [call]) for call in calls] or END


def _spent(messages: list[AnyMessage]) -> int:
    """Tokens used since the person spoke, as far as the model tells."""
    spent = 0
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            break
        if isinstance(message, AIMessage) and message.usage_metadata:
            spent += message.usage_metadata["total_tokens"]
    return spent
