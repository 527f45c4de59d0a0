"""Our agent: CPU of a turn with two model calls and one tool, and the bytes its conversation leaves."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from agent.graph import build_graph
from agent.model import ModelChoice, build_model
from agent.turn import TurnLimits, Turns
from app.models import saver_of
from benchmarks.endpoint import endpoint
from benchmarks.figures import Figure, figure
from benchmarks.scene import ASKED, context_of
from benchmarks.weight import bytes_of

Turn = Callable[[str], Awaitable[None]]
"""Runs one turn of the conversation of that name."""


async def measure(*, quick: bool) -> list[Figure]:
    """The figures of our agent."""
    firsts, last, many = (8, 60, (4, 3)) if quick else (40, 510, (64, 10))
    with endpoint("goals") as address:
        short = await _measured(address, lambda turn, _: first_turns(turn, firsts))
        sizes: dict[int, int] = {}
        long = await _measured(address, lambda turn, path: long_conversation(turn, last, path, sizes))
        together = await _measured(address, lambda turn, _: in_parallel(turn, *many))
    what = "turn with 2 model calls and 1 tool, streamed, "
    figures = [
        figure("turn_cpu_ms_1", short, what + "first of a conversation"),
        figure("turn_cpu_ms_50", long[40:60], what + "41st to 60th"),
        figure("conversation_bytes_50", [sizes[50]], "conversation store after 50 turns"),
        figure("turns_per_cpu_s", together, f"{many[0]} conversations of {many[1]} turns at once, in one process"),
    ]
    if not quick:
        figures.insert(2, figure("turn_cpu_ms_500", long[490:510], what + "491st to 510th"))
        figures.insert(4, figure("conversation_bytes_500", [sizes[500]], "conversation store after 500 turns"))
    return figures


async def _measured(address: str, rounds: Callable[[Turn, Path], Awaitable[list[float]]]) -> list[float]:
    """What `rounds` measures on a new conversation store; one turn before it warms up what is made once."""
    async with AsyncExitStack() as closing:
        folder = Path(closing.enter_context(TemporaryDirectory()))
        saver = await saver_of(folder / "conversations.db", closing)
        built = await build_model(ModelChoice("endpoint", address, name="scripted", mode="native"))
        closing.push_async_callback(built.model.aclose)
        graph = build_graph(built.model, reads_text=True, token_budget=60_000, checkpointer=saver)
        turns, context = Turns(graph, saver, TurnLimits()), context_of(folder)

        async def turn(conversation: str) -> None:
            async for _ in turns.run(conversation, ASKED, context):
                pass

        await turn("warm up")
        await saver.adelete_thread("warm up")
        return await rounds(turn, folder / "conversations.db")


async def first_turns(turn: Turn, count: int) -> list[float]:
    """CPU ms of the first turn of so many conversations."""
    return [await cpu_ms(turn, f"first {number}") for number in range(count)]


async def long_conversation(turn: Turn, last: int, store: Path, sizes: dict[int, int]) -> list[float]:
    """CPU ms of every turn of one conversation, and into `sizes` the store's bytes after its 50th and 500th."""
    spent = []
    for number in range(1, last + 1):
        spent.append(await cpu_ms(turn, "long"))
        if number in (50, 500):
            sizes[number] = bytes_of(store)
    return spent


async def in_parallel(turn: Turn, conversations: int, turns: int) -> list[float]:
    """Turns a CPU second, one round a turn of all conversations at once."""
    rates = []
    for _ in range(turns):
        before = process_time()
        await asyncio.gather(*(turn(f"parallel {number}") for number in range(conversations)))
        rates.append(conversations / (process_time() - before))
    return rates


async def cpu_ms(turn: Turn, conversation: str) -> float:
    """CPU milliseconds of this process, all its threads, that one turn takes."""
    before = process_time()
    await turn(conversation)
    return (process_time() - before) * 1000
