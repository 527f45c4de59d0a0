import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from content.embedding import Embedder
from content.errors import Unavailable
from memory.embeddings import LocalEmbedder, OpenAIEmbedder
from tests.servers.running import serving

LOCAL = LocalEmbedder()


@dataclass
class Endpoint:
    """A small `/v1/embeddings`: vectors from the texts' lengths; it can be told to answer something else."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    status: int = 200
    answer: object = None
    dimensions: int = 8

    async def embeddings(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        self.keys.append(request.headers["authorization"])
        if self.status != 200:
            return Response("key sk-secret is wrong", self.status)
        if self.answer is not None:
            return JSONResponse(self.answer)
        items = [
            {"index": place, "embedding": [float(len(text)), 1.0] + [0.0] * (self.dimensions - 2)}
            for place, text in enumerate(body["input"])
        ]
        return JSONResponse({"data": items[::-1]})

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/v1/embeddings", self.embeddings, methods=["POST"])])


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
async def remote(endpoint: Endpoint) -> AsyncIterator[OpenAIEmbedder]:
    async with serving(endpoint.app()) as address:
        embedder = OpenAIEmbedder(f"{address}/v1", "sk-secret", dimensions=8)
        yield embedder
        await embedder.aclose()


async def test_the_local_model_gives_one_unit_vector_a_text() -> None:
    vectors = await LOCAL.embed(["a post about tea", "a thread on coffee", "set a goal"])
    assert vectors.shape == (3, LOCAL.dimension)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


async def test_texts_that_mean_the_same_are_nearer_than_others() -> None:
    tea, hot_drink, invoice = await LOCAL.embed(["a cup of tea", "hot drinks and coffee", "the invoice is overdue"])
    assert tea @ hot_drink > tea @ invoice


def test_the_table_is_read_as_its_package_means_it() -> None:
    (vector,) = LOCAL.vectors(["hello world"])
    assert vector[:3] == pytest.approx([0.08717298, 0.07185823, 0.01442898], abs=1e-6)


async def test_no_texts_give_no_vectors() -> None:
    assert (await LOCAL.embed([])).shape == (0, 256)


def test_a_text_without_a_word_gets_the_neutral_vector() -> None:
    empty, blank = LOCAL.vectors(["", " \n\t"])
    assert empty[0] == blank[0] == 1
    assert np.linalg.norm(empty) == 1


def test_half_a_character_does_no_harm() -> None:
    assert np.isfinite(LOCAL.vectors(["broken \ud83d emoji"])).all()


def test_only_the_first_2000_characters_are_read() -> None:
    long = "tea " * 500
    first, second = LOCAL.vectors([long, long + "and then something quite different about invoices"])
    assert (first == second).all()


def test_several_threads_may_load_and_use_it_at_once() -> None:
    embedder = LocalEmbedder()
    found: list[float] = []
    threads = [threading.Thread(target=lambda: found.append(float(embedder.vectors(["tea"])[0, 0]))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_both_embedders_name_their_model_and_dimension() -> None:
    embedders: list[Embedder] = [LOCAL, OpenAIEmbedder("http://127.0.0.1:1/v1", "sk-secret")]
    assert [embedder.dimension for embedder in embedders] == [256, 512]
    assert embedders[0].model.startswith("wordllama-256 ")
    assert embedders[1].model == "openai:text-embedding-3-small 512"


async def test_the_endpoint_is_asked_with_key_model_and_dimensions(endpoint: Endpoint, remote: OpenAIEmbedder) -> None:
    vectors = await remote.embed(["ab", "abcd"])
    assert endpoint.keys == ["Bearer sk-secret"]
    assert endpoint.asked[0]["model"] == "text-embedding-3-small"
    assert endpoint.asked[0]["dimensions"] == 8
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert vectors[0, 0] < vectors[1, 0], "answers are put in the order of their index"


async def test_a_text_seen_before_is_not_sent_again(endpoint: Endpoint, remote: OpenAIEmbedder) -> None:
    first = await remote.embed(["tea", "coffee", "tea"])
    second = await remote.embed(["coffee", "tea", "cocoa"])
    assert [body["input"] for body in endpoint.asked] == [["tea", "coffee"], ["cocoa"]]
    assert (first[0] == second[1]).all()


async def test_many_texts_go_in_batches_and_the_oldest_are_dropped(endpoint: Endpoint, remote: OpenAIEmbedder) -> None:
    remote.batch, remote.kept = 2, 3
    await remote.embed(["a", "b", "c", "d", "e"])
    assert [len(body["input"]) for body in endpoint.asked] == [2, 2, 1]
    await remote.embed(["e", "a"])
    assert endpoint.asked[-1]["input"] == ["a"]


async def test_blank_texts_and_no_texts_are_not_sent(endpoint: Endpoint, remote: OpenAIEmbedder) -> None:
    assert (await remote.embed([])).shape == (0, 8)
    assert (await remote.embed(["  "]))[0, 0] == 1
    assert endpoint.asked == []


@pytest.mark.parametrize(
    ("status", "advice"),
    [(401, "OPENAI_API_KEY"), (404, "OPENAI_BASE_URL"), (429, "try again"), (500, "try again"), (503, "try again")],
)
async def test_a_refusal_says_what_to_do_and_shows_no_secret(
    endpoint: Endpoint, remote: OpenAIEmbedder, status: int, advice: str
) -> None:
    endpoint.status = status
    with pytest.raises(Unavailable, match=advice) as refused:
        await remote.embed(["tea"])
    assert str(status) in refused.value.message
    assert "sk-secret" not in refused.value.message


@pytest.mark.parametrize(
    "answer", [[], {"data": 3}, {"data": [{"index": 0}]}, {"data": [{"index": 0, "embedding": ["x"]}]}]
)
async def test_an_answer_that_is_no_list_of_vectors_is_refused(
    endpoint: Endpoint, remote: OpenAIEmbedder, answer: object
) -> None:
    endpoint.answer = answer
    with pytest.raises(Unavailable, match="not a list of vectors"):
        await remote.embed(["tea"])


async def test_vectors_of_another_length_are_refused(endpoint: Endpoint, remote: OpenAIEmbedder) -> None:
    endpoint.dimensions = 3
    with pytest.raises(Unavailable, match="8 numbers a text"):
        await remote.embed(["tea"])


async def test_an_endpoint_that_is_not_there_is_unavailable() -> None:
    embedder = OpenAIEmbedder("http://127.0.0.1:1/v1", "sk-secret")
    with pytest.raises(Unavailable, match="did not answer"):
        await asyncio.wait_for(embedder.embed(["tea"]), 5)
    await embedder.aclose()
