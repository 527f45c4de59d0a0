"""A conversation on a server: any worker goes on with it, and it is kept as small there as in a file."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from agent.events import Said
from agent.graph import build_graph
from agent.openai_chat import UnreadableReply
from agent.turn import Turns
from app.models import SCHEMA, saver_on_server
from tests.fakes.agent_desk import LIMITS, AgentDesk, Opens
from tests.fakes.model import Script, ScriptedModel, calling
from tests.servers.postgres import Postgres

CALL = calling("recall", query="cats")
FEW = 4
"""Rows that a conversation may take, however long it is; each turn adds two, or three where it breaks off."""
WORDS = "Here is about a kilobyte of what people say to each other in a turn. " * 7


@dataclass
class Worker:
    """As much of a worker as thinks: a store, a model and an agent of its own."""

    desk: AgentDesk
    model: ScriptedModel
    turns: Turns

    async def hear(self, text: str) -> str:
        """A turn of the desk's conversation; what was answered."""
        context = await self.desk.context(text)
        events = [event async for event in self.turns.run(self.desk.place.conversation_id, text, context)]
        assert isinstance(events[-1], Said)
        return events[-1].text

    def asked(self) -> list[tuple[str, str]]:
        """What its model was asked last, who and which words, without the instructions and the notes."""
        _, *messages = self.model.asked[-1]
        return [(one.type, one.text.partition("\n\n<desk-notes>")[0]) for one in messages]


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[str]:
    name = await asyncio.to_thread(postgres.made)
    yield postgres.dsn(name)
    await asyncio.to_thread(postgres.drop, name)


@asynccontextmanager
async def working(desk: AgentDesk, database: str, *script: Script) -> AsyncIterator[Worker]:
    """A worker on this database while the block runs."""
    model = ScriptedModel(script)
    async with AsyncExitStack() as closing:
        saver = await saver_on_server(database, closing)
        graph = build_graph(model, reads_text=True, token_budget=100_000, checkpointer=saver)
        yield Worker(desk, model, Turns(graph, saver, LIMITS))


async def stored(database: str, conversation_id: str) -> tuple[dict[str, int], int]:
    """The rows of each table, and the bytes in all, that the store keeps of a conversation."""
    rows, size = dict[str, int](), 0
    async with await psycopg.AsyncConnection.connect(database) as connection:
        for table in ("checkpoints", "checkpoint_blobs", "checkpoint_writes"):
            count = sql.SQL("SELECT count(*), coalesce(sum(length(one::text)), 0) FROM {} one WHERE thread_id = %s")
            found = await connection.execute(count.format(sql.Identifier(SCHEMA, table)), (conversation_id,))
            [(rows[table], length)] = await found.fetchall()
            size += length
    return rows, size


async def test_a_talk_that_one_worker_began_goes_on_in_another(opens: Opens, database: str) -> None:
    """The first, back again, knows what the other said meanwhile; a third that starts when both are gone knows it all."""
    desk = await opens()
    async with (
        working(desk, database, CALL, "Noted.", "Eight it is.") as first,
        working(desk, database, "Till 7.") as second,
    ):
        assert await first.hear("We open at 7.") == "Noted."
        assert await second.hear("And close?") == "Till 7."
        assert await first.hear("Open at 8.") == "Eight it is."
    async with working(desk, database, "Bye.") as third:
        assert await third.hear("Thanks.") == "Bye."
    human, called, answered, noted, *rest = third.asked()
    assert [human, called[0], answered[0], noted] == [("human", "We open at 7."), "ai", "tool", ("ai", "Noted.")]
    assert rest == [
        ("human", "And close?"),
        ("ai", "Till 7."),
        ("human", "Open at 8."),
        ("ai", "Eight it is."),
        ("human", "Thanks."),
    ]
    assert second.asked() == third.asked()[:5]
    assert first.asked() == third.asked()[:7]


async def test_after_thirty_turns_on_a_server_the_store_is_as_small_as_after_ten(opens: Opens, database: str) -> None:
    """By two workers in turn: each forgets what the other stored."""
    desk = await opens()
    script = [step for _ in range(15) for step in (CALL, WORDS)]
    kept = []
    async with working(desk, database, *script) as one, working(desk, database, *script) as other:
        for number in range(30):
            assert await (one, other)[number % 2].hear(f"{number}: {WORDS}") == WORDS.strip()
            kept.append(await stored(database, desk.place.conversation_id))
    rows, sizes = zip(*kept, strict=True)
    assert max(sum(one.values()) for one in rows) <= FEW, rows[-1]
    assert rows[-1] == rows[9]
    assert max(sizes) <= 64_000
    assert abs(sizes[-1] - sizes[9]) < 2_000


async def test_turns_that_broke_off_leave_no_more_on_a_server_than_the_last_of_them(
    opens: Opens, database: str
) -> None:
    """Each leaves a write that belongs to a step which never ended, in a table of its own; nothing else fills that one."""
    desk = await opens()
    script: list[Script] = [CALL, UnreadableReply("torn")] * 8
    kept = []
    async with working(desk, database, *script) as worker:
        for _ in range(8):
            assert "broke off" in await worker.hear("hello")
            kept.append((await stored(database, desk.place.conversation_id))[0])
    assert kept[-1] == kept[0]
    assert kept[0]["checkpoint_writes"] > 0
    assert sum(kept[0].values()) <= FEW
