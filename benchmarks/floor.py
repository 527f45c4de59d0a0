"""The least a turn could cost: its two requests by a plain HTTP client. It also tells how fast the machine is just now."""

from time import process_time

import httpx
from langchain_core.utils.function_calling import convert_to_openai_tool

from agent.prompt import SYSTEM
from benchmarks.endpoint import ANSWER, endpoint
from benchmarks.figures import Figure, figure
from benchmarks.scene import ASKED
from tools import TOOLS

TURNS_SENT = 5
"""As many as our agent sends along."""


async def measure(*, quick: bool) -> list[Figure]:
    """CPU of two requests without a stream, and without an agent around them."""
    said = [{"role": "user", "content": ASKED}, {"role": "assistant", "content": ANSWER}]
    messages = [{"role": "system", "content": SYSTEM.text}, *(said * 2 * TURNS_SENT)]
    body = {"model": "scripted", "messages": messages, "tools": [convert_to_openai_tool(one) for one in TOOLS]}
    spent = []
    with endpoint("goals") as address:
        async with httpx.AsyncClient() as client:
            for _ in range(5 if quick else 100):
                before = process_time()
                for _ in range(2):
                    (await client.post(f"{address}/chat/completions", json=body)).json()
                spent.append((process_time() - before) * 1000)
    return [figure("floor_turn_cpu_ms", spent[2:], "the two requests of a turn by plain HTTPX, no stream")]
