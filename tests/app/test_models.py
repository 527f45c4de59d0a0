"""The three ways in: guided mode, an endpoint, a file."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from agent.guided.model import GuidedModel
from app.models import GUIDED, embedder_of, model_of, saver_in_file, saver_on_server
from content.errors import Invalid
from memory.embeddings import LocalEmbedder, OpenAIEmbedder
from tests.journeys.desk import settings_for
from tests.servers.openai import OpenAIServer, call, say
from tests.servers.postgres import Postgres
from tests.servers.running import serving


async def test_with_neither_a_key_nor_a_file_it_is_guided_and_says_how_to_change_that(tmp_path: Path) -> None:
    async with AsyncExitStack() as closing:
        chosen = await model_of(settings_for(tmp_path), LocalEmbedder(), closing)
    assert isinstance(chosen.model, GuidedModel)
    assert (chosen.guided, chosen.words) == (True, GUIDED)
    assert "OPENAI_API_KEY" in GUIDED


@pytest.mark.parametrize(("mode", "said"), [("auto", "natively"), ("json", "as JSON")])
async def test_an_endpoint_is_asked_how_it_takes_tools(tmp_path: Path, mode: str, said: str) -> None:
    server = OpenAIServer(always=lambda _body: call("ready", answer="yes"))
    async with serving(server.app) as url, AsyncExitStack() as closing:
        given = {"openai_base_url": f"{url}/v1", "model": "scripted-1", "model_mode": mode}
        chosen = await model_of(settings_for(tmp_path, **given), LocalEmbedder(), closing)
        assert (chosen.guided, "scripted-1" in chosen.words, said in chosen.words) == (False, True, True), chosen.words
        server.always = lambda _body: say("Hello.")
        assert (await chosen.model.ainvoke("Hi")).text == "Hello." or mode == "json"


async def test_a_file_that_is_missing_or_no_model_is_said(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"something else")
    for path, why in ((tmp_path / "gone.gguf", "there is no such file"), (tmp_path / "model.gguf", "not a GGUF file")):
        async with AsyncExitStack() as closing:
            with pytest.raises(Invalid, match=why):
                await model_of(settings_for(tmp_path, model_file=path), LocalEmbedder(), closing)


async def test_vectors_come_from_openai_only_where_its_own_key_is(tmp_path: Path) -> None:
    async with AsyncExitStack() as closing:
        local = {"openai_api_key": "k", "openai_base_url": "http://localhost:1/v1"}
        assert isinstance(embedder_of(settings_for(tmp_path), closing), LocalEmbedder)
        assert isinstance(embedder_of(settings_for(tmp_path, **local), closing), LocalEmbedder)
        assert isinstance(embedder_of(settings_for(tmp_path, openai_api_key="k"), closing), OpenAIEmbedder)
        asked = settings_for(tmp_path, **local, embeddings="openai")
        assert isinstance(embedder_of(asked, closing), OpenAIEmbedder)


async def test_the_conversation_store_is_closed_with_the_rest(tmp_path: Path) -> None:
    async with AsyncExitStack() as closing:
        saver = await saver_in_file(tmp_path / "conversations.db", closing)
        [mode] = await (await saver.conn.execute("PRAGMA journal_mode")).fetchone() or ("",)
        assert mode == "wal"
    with pytest.raises(ValueError, match="no active connection"):
        await saver.conn.execute("SELECT 1")


async def test_several_processes_that_start_together_have_one_conversation_store(postgres: Postgres) -> None:
    name = await asyncio.to_thread(postgres.made)
    async with AsyncExitStack() as closing, asyncio.timeout(60):
        savers = await asyncio.gather(*(saver_on_server(postgres.address(name), closing) for _ in range(4)))
        nothing = [await one.aget_tuple({"configurable": {"thread_id": "conv_1"}}) for one in savers]
    assert nothing == [None] * 4
    await asyncio.to_thread(postgres.drop, name)
