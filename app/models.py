"""From settings to a chat model, an embedder and the conversation store. Loaded late: see `app/wiring.py`."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiosqlite
from langchain_core.language_models import BaseChatModel
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from agent.guided.model import GuidedModel
from agent.guided.router import Router
from agent.local_file import LocalFileServer
from agent.model import ModelChoice, build_model
from app.settings import Settings
from content.database import watched
from content.embedding import Embedder
from memory.embeddings import LocalEmbedder, OpenAIEmbedder

GUIDED = (
    "I work in guided mode: I follow what you ask and use your own words. For written drafts connect a language model: "
    "set OPENAI_API_KEY, or OPENAI_BASE_URL, with COPYDESK_MODEL."
)
OPENAI = "https://api.openai.com/v1"
SCHEMA = "conversations"
"""Where LangGraph keeps its own tables on PostgreSQL."""


@dataclass(frozen=True)
class Chosen:
    """The model that thinks, and what to say about it."""

    model: BaseChatModel
    words: str
    guided: bool


async def model_of(settings: Settings, embedder: Embedder, closing: AsyncExitStack) -> Chosen:
    """The model the settings name: an endpoint, a file, or guided mode with neither. `closing` gives it back.

    Raises:
        Invalid: it cannot be used, and why.
    """
    kind = settings.thinks_with
    if kind == "guided":
        router = Router(embedder)
        await router.prepare()
        return Chosen(GuidedModel(router=router), GUIDED, guided=True)
    address, key, name = settings.openai_base_url or OPENAI, settings.openai_api_key.get_secret_value(), settings.model
    if settings.model_file is not None and kind == "file":
        server = LocalFileServer(settings.model_file)
        closing.push_async_callback(server.stop)
        await server.start()
        address, key, name = server.base_url, server.api_key, server.name
    built = await build_model(
        ModelChoice(
            kind=kind,
            base_url=address,
            api_key=key,
            name=name,
            mode=settings.model_mode,
            timeout=timedelta(seconds=settings.model_timeout),
            azure_api_version=settings.azure_api_version,
        )
    )
    closing.push_async_callback(built.model.aclose)
    return Chosen(built.model, built.words, guided=False)


def embedder_of(settings: Settings, closing: AsyncExitStack) -> Embedder:
    """Who makes memory's vectors. `closing` gives it back."""
    key = settings.openai_api_key.get_secret_value()
    openai = settings.embeddings == "openai" or (settings.embeddings == "auto" and key and not settings.openai_base_url)
    if not openai:
        return LocalEmbedder()
    embedder = OpenAIEmbedder(settings.openai_base_url or OPENAI, key)
    closing.push_async_callback(embedder.aclose)
    return embedder


async def saver_of(settings: Settings, closing: AsyncExitStack) -> BaseCheckpointSaver[str]:
    """The conversation store, apart from the rows, since it opens transactions of its own. `closing` closes it."""
    if settings.on_postgresql:
        return await saver_on_server(settings.database, closing)
    return await saver_in_file(settings.data_dir / "conversations.db", closing)


async def saver_in_file(path: Path, closing: AsyncExitStack) -> AsyncSqliteSaver:
    """In a database of its own beside that of the rows."""
    connection = await aiosqlite.connect(path)
    closing.push_async_callback(connection.close)
    await connection.execute("PRAGMA journal_mode=WAL")
    await connection.execute("PRAGMA synchronous=NORMAL")
    saver = AsyncSqliteSaver(connection, serde=_serde())
    await saver.setup()
    return saver


async def saver_on_server(database: str, closing: AsyncExitStack) -> AsyncPostgresSaver:
    """In a schema of its own in the same database, made by whichever process comes first."""
    address = database.replace("postgresql+psycopg://", "postgresql://", 1)
    async with await AsyncConnection.connect(address, autocommit=True) as connection:
        await _take_turn(connection)
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
            address,
            min_size=1,
            max_size=4,
            open=False,
            kwargs={
                "autocommit": True,
                "prepare_threshold": 0,
                "row_factory": dict_row,
                **watched(f"-c search_path={SCHEMA}"),
            },
        )
        await pool.open()
        closing.push_async_callback(pool.close)
        saver = AsyncPostgresSaver(pool, serde=_serde())
        await saver.setup()
    return saver


async def _take_turn(connection: AsyncConnection) -> None:
    """Until this connection closes no other process sets the store up.

    Asked for again and again: an index is built concurrently there, which waits for every statement that runs, so also for
    one that would wait for the lock, and both would wait for ever.
    """
    while True:
        answer = await connection.execute("SELECT pg_try_advisory_lock(%s)", [_SETTING_UP])
        if await answer.fetchone() == (True,):
            return
        await asyncio.sleep(0.1)


_SETTING_UP = 20_261_128


def _serde() -> JsonPlusSerializer:
    return JsonPlusSerializer(allowed_msgpack_modules=None)
