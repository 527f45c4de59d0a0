"""Our agent: CPU of a turn with two model calls and one tool, and the bytes its conversation leaves."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

from agent.graph import build_graph
from agent.model import ModelChoice, build_model
from agent.turn import TurnLimits, Turns
from app.models import saver_in_file
from benchmarks.endpoint import endpoint
from benchmarks.figures import Figure, figure
from benchmarks.scene import ASKED, context_of
from benchmarks.weight import bytes_of

Turn = Callable[[str], Awaitable[None]]
"""Runs one turn of the conversation of that name."""


@dataclass(frozen=True)
class Rounds:
    """How much is measured."""

    firsts: int
    """Conversations whose first turn is."""
    fifty: int
    five_hundred: int
    """Turns after which a conversation is called one of 50, or of 500, turns."""
    conversations: int
    turns: int
    """Conversations at once, and turns in each."""


FULL = Rounds(firsts=40, fifty=50, five_hundred=500, conversations=64, turns=10)
QUICK = Rounds(firsts=3, fifty=4, five_hundred=6, conversations=3, turns=2)


async def measure(*, quick: bool) -> list[Figure]:
    """The figures of our agent."""
    wanted = QUICK if quick else FULL
    marks = (wanted.fifty, wanted.five_hundred)
    sizes: dict[int, int] = {}
    with endpoint("goals") as address:
        short = await _measured(address, lambda turn, _: first_turns(turn, wanted.firsts))
        long = await _measured(address, lambda turn, path: long_conversation(turn, path, marks, sizes))
        together = await _measured(address, lambda turn, _: in_parallel(turn, wanted.conversations, wanted.turns))
    many = f"{wanted.conversations} conversations of {wanted.turns} turns at once, in one process"
    return [
        figure("turn_cpu_ms_1", short, "2 model calls, 1 tool, streamed: first turn of a conversation"),
        *(
            figure(f"turn_cpu_ms_{name}", around(long, mark), f"the same about turn {mark}")
            for name, mark in zip((50, 500), marks, strict=True)
        ),
        *(
            figure(f"conversation_bytes_{name}", [sizes[mark]], f"conversation store after {mark} turns")
            for name, mark in zip((50, 500), marks, strict=True)
        ),
        figure("turns_per_cpu_s", together, many),
    ]


async def _measured(address: str, rounds: Callable[[Turn, Path], Awaitable[list[float]]]) -> list[float]:
    """What `rounds` measures on a new conversation store; one turn before it warms up what is made once."""
    async with AsyncExitStack() as closing:
        folder = Path(closing.enter_context(TemporaryDirectory()))
        saver = await saver_in_file(folder / "conversations.db", closing)
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


async def long_conversation(turn: Turn, store: Path, marks: Sequence[int], sizes: dict[int, int]) -> list[float]:
    """CPU ms of every turn of one conversation up to a little past the last mark; into `sizes` the store's bytes at each mark."""
    spent = []
    for number in range(1, marks[-1] + _reach(marks[-1]) + 1):
        spent.append(await cpu_ms(turn, "long"))
        if number in marks:
            sizes[number] = bytes_of(store)
    return spent


def around(spent: Sequence[float], mark: int) -> Sequence[float]:
    """The turns next to that one, as many before as after."""
    return spent[mark - _reach(mark) : mark + _reach(mark)]


def _reach(mark: int) -> int:
    return min(10, mark // 3)


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
