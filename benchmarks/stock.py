"""A stock LangGraph agent beside ours: the library's documented ReAct loop with its defaults, and our tools.

`ChatOpenAI` as it is, `ToolNode`, `tools_condition`, and `AsyncSqliteSaver` with its default durability; the whole conversation is
sent each time. It is not asked to stream, which would cost it more.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from pydantic import SecretStr

from agent.graph import TurnContext
from agent.prompt import SYSTEM
from benchmarks.endpoint import endpoint
from benchmarks.figures import Figure, figure
from benchmarks.scene import ASKED, context_of
from benchmarks.turns import Turn, around, first_turns, long_conversation
from tools import TOOLS


async def measure(*, quick: bool) -> list[Figure]:
    """The figures of the stock agent."""
    firsts, mark = (2, 4) if quick else (20, 50)
    sizes: dict[int, int] = {}
    with endpoint("goals") as address:
        model = ChatOpenAI(model="scripted", base_url=address, api_key=SecretStr("none"))
        short = await _measured(model, lambda turn, _: first_turns(turn, firsts))
        long = await _measured(model, lambda turn, path: long_conversation(turn, path, [mark], sizes))
        await model.root_async_client.close()
    return [
        figure("stock_turn_cpu_ms_1", short, "stock LangGraph and ChatOpenAI: first turn"),
        figure("stock_turn_cpu_ms_50", around(long, mark), f"the same about turn {mark}"),
        figure("stock_conversation_bytes_50", [sizes[mark]], f"its conversation store after {mark} turns"),
    ]


async def _measured(model: ChatOpenAI, rounds: Callable[[Turn, Path], Awaitable[list[float]]]) -> list[float]:
    with TemporaryDirectory() as folder:
        store = Path(folder) / "conversations.db"
        async with AsyncSqliteSaver.from_conn_string(str(store)) as saver:
            agent, context = _agent(model, saver), context_of(Path(folder))

            async def turn(conversation: str) -> None:
                await agent.ainvoke(
                    {"messages": [HumanMessage(ASKED)]}, {"configurable": {"thread_id": conversation}}, context=context
                )

            await turn("warm up")
            await saver.adelete_thread("warm up")
            return await rounds(turn, store)


def _agent(model: ChatOpenAI, saver: AsyncSqliteSaver) -> Any:
    bound = model.bind_tools(TOOLS)

    async def think(state: MessagesState) -> dict[str, Any]:
        return {"messages": [await bound.ainvoke([SYSTEM, *state["messages"]])]}

    builder = StateGraph(MessagesState, context_schema=TurnContext)
    builder.add_node("think", think)
    builder.add_node("tools", ToolNode(TOOLS))
    builder.add_edge(START, "think")
    builder.add_conditional_edges("think", tools_condition)
    builder.add_edge("tools", "think")
    return builder.compile(checkpointer=saver)
