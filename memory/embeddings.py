"""Text to vectors: a small table carried by a package, or an OpenAI-compatible endpoint where a key is there.

Both satisfy `content.embedding.Embedder`; each names its model and version, since vectors of two models are not comparable.
A text is read up to its first 2,000 characters; a text without a word gets the same neutral vector from both.
"""

import asyncio
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from content.embedding import Vectors
from content.errors import Unavailable

LONGEST = 2_000
"""Characters of a text that are read; what follows hardly moves an average over that many words."""


class LocalEmbedder:
    """The WordLlama table: 32,000 tokens x 256 numbers, a gather and a mean. It never uses the network.

    The two files are read as the package ships them, not through its own loader: that one asks the network for a
    tokenizer it has under another name, logs to the root logger, and keeps a second copy of the table in memory.
    Loaded on first use (about 0.1 s), then about 0.1 ms a text. Safe to call from several threads.
    """

    dimension = 256

    def __init__(self) -> None:
        package = distribution("wordllama")
        self.model = f"wordllama-{self.dimension} {package.version}"
        self._folder = Path(str(package.locate_file("wordllama")))
        self._loading = threading.Lock()
        self._loaded: tuple[Tokenizer, NDArray[np.float16]] | None = None

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text, computed beside the event loop."""
        return await asyncio.to_thread(self.vectors, texts)

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """The same as `embed`, for a caller that is in a thread already."""
        tokenizer, table = self._load()
        rows = [_mean(table, tokenizer.encode(text, add_special_tokens=False).ids) for text in map(_read, texts)]
        return _unit(np.stack(rows)) if rows else _none(self.dimension)

    def _load(self) -> tuple[Tokenizer, NDArray[np.float16]]:
        with self._loading:
            if self._loaded is None:
                tokenizer = Tokenizer.from_file(str(self._folder / "tokenizers" / "l2_supercat_tokenizer_config.json"))
                self._loaded = (
                    tokenizer,
                    _table(self._folder / "weights" / f"l2_supercat_{self.dimension}.safetensors"),
                )
            return self._loaded


def _table(path: Path) -> NDArray[np.float16]:
    """The one tensor of a safetensors file, mapped instead of read: only the pages that are used take memory.

    Source: https://github.com/huggingface/safetensors (format: 8 bytes length, JSON header, data), 2026-11-22.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    about = header["embedding.weight"]
    start = 8 + length + about["data_offsets"][0]
    rows, columns = about["shape"]
    return np.memmap(path, dtype="<f2", mode="r", offset=start, shape=(int(rows), int(columns)))


def _read(text: str) -> str:
    """The part of a text that is read, without half characters, which no tokenizer takes."""
    return text[:LONGEST].strip().encode("utf-8", "replace").decode("utf-8")


def _mean(table: NDArray[np.float16], tokens: Sequence[int]) -> NDArray[np.float32]:
    if not tokens:
        return np.zeros(table.shape[1], dtype=np.float32)
    rows: NDArray[np.float32] = table[np.asarray(tokens)].astype(np.float32)
    return np.asarray(rows.mean(axis=0))


def _unit(rows: NDArray[np.float32]) -> Vectors:
    """Rows scaled to length 1; a row of zeros, which has no direction, becomes the neutral vector."""
    rows[~rows.any(axis=1), 0] = 1.0
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _none(dimension: int) -> Vectors:
    return np.zeros((0, dimension), dtype=np.float32)


class OpenAIEmbedder:
    """An OpenAI-compatible `/embeddings` endpoint, at an address its operator chose.

    Texts go in batches of 64, one after the other; the last 4,096 different ones are kept: a repeated one costs nothing.
    Nothing is tried twice here. Source: https://platform.openai.com/docs/api-reference/embeddings, 2026-11-22.
    """

    batch = 64
    kept = 4_096

    def __init__(
        self, base_url: str, api_key: str, model: str = "text-embedding-3-small", dimensions: int = 512
    ) -> None:
        self.dimension = dimensions
        self.model = f"openai:{model} {dimensions}"
        self._name = model
        self._seen: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._client = httpx.AsyncClient(
            base_url=base_url, headers={"Authorization": f"Bearer {api_key}"}, timeout=httpx.Timeout(20.0)
        )

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text.

        Raises:
            Unavailable: the endpoint cannot be reached, refuses, or answers something else than these vectors.
        """
        cut = [_read(text) for text in texts]
        found = {text: self._seen[key] for text in cut if (key := _key(text)) in self._seen}
        wanted = [text for text in dict.fromkeys(cut) if text and text not in found]
        for some in _batches(wanted, self.batch):
            found.update(zip(some, await self._ask(some), strict=True))
        self._keep(found)
        neutral = np.zeros(self.dimension, dtype=np.float32)
        return _unit(np.stack([found.get(text, neutral) for text in cut])) if cut else _none(self.dimension)

    async def aclose(self) -> None:
        """Closes the connections; call it once, at the end."""
        await self._client.aclose()

    async def _ask(self, texts: list[str]) -> Vectors:
        body = {"model": self._name, "input": texts, "dimensions": self.dimension, "encoding_format": "float"}
        try:
            answer = await self._client.post("embeddings", json=body)
        except httpx.TransportError as gone:
            raise _unavailable("did not answer", "Check OPENAI_BASE_URL, or try again in a minute.") from gone
        if answer.status_code != httpx.codes.OK:
            raise _unavailable(f"answered with status {answer.status_code}", _advice(answer.status_code))
        return self._rows(answer, len(texts))

    def _rows(self, answer: httpx.Response, count: int) -> Vectors:
        try:
            items: list[Mapping[str, Any]] = sorted(answer.json()["data"], key=lambda item: int(item["index"]))
            rows = np.asarray([item["embedding"] for item in items], dtype=np.float32)
        except (ValueError, KeyError, TypeError) as nonsense:
            advice = "Check that OPENAI_BASE_URL is an OpenAI-compatible address."
            raise _unavailable("answered with something that is not a list of vectors", advice) from nonsense
        if rows.shape != (count, self.dimension):
            advice = f"Choose a model that can give {self.dimension} numbers a text."
            raise _unavailable(f"answered with vectors of the wrong shape {rows.shape}", advice)
        return rows

    def _keep(self, found: Mapping[str, NDArray[np.float32]]) -> None:
        for text, row in found.items():
            self._seen[_key(text)] = row
            self._seen.move_to_end(_key(text))
        while len(self._seen) > self.kept:
            self._seen.popitem(last=False)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _batches(texts: list[str], size: int) -> Iterator[list[str]]:
    return (texts[start : start + size] for start in range(0, len(texts), size))


def _advice(status: int) -> str:
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return "Check OPENAI_API_KEY."
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return "Nothing is lost; try again in a minute."
    return "Check the model's name and OPENAI_BASE_URL."


def _unavailable(what: str, advice: str) -> Unavailable:
    return Unavailable(f"The embedding endpoint {what}. {advice}", platform="embeddings")
