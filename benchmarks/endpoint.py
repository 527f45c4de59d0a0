"""An OpenAI-compatible endpoint that answers at once, in a process of its own, so that its CPU is nobody's figure.

Run as a program it prints its address and serves until it is stopped.
"""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from benchmarks.processes import running, said
from tests.servers.openai import Body, OpenAIServer, Reply, tool_then_answer
from tests.servers.running import serving

ANSWER = (
    "Done. The draft is below and fits both accounts; it keeps to your voice rules and names the opening hours. "
    "Say when it should go out, or press the button to post it now."
)
"""An ordinary last message of a turn: two sentences."""
POST = (
    "The new oven is in. From Saturday we bake rye and spelt every morning at six, and the first ten loaves are on us."
)
SCRIPTS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "goals": ("check_goals", {}),
    "draft": ("draft_post", {"brief": "The new oven and the Saturday offer", "variants": [{"parts": [POST]}]}),
}
"""What the model calls once in every turn, and with which arguments."""


@contextmanager
def endpoint(script: str) -> Iterator[str]:
    """The address, such as `http://127.0.0.1:34567/v1`, of an endpoint that follows a script while the block runs."""
    with running("benchmarks.endpoint", script) as process:
        yield f"{said(process)}/v1"


async def _serve(script: str) -> None:
    name, arguments = SCRIPTS[script]
    follow = tool_then_answer(name, arguments, ANSWER)

    def answer(body: Body) -> Reply:
        server.journal.clear()  # nobody reads it, and 500 turns of it are large
        return follow(body)

    server = OpenAIServer(always=answer)
    async with serving(server.app) as address:
        print(json.dumps(address), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
