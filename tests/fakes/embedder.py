"""An embedder small enough to think about: each longer word adds to one of 256 numbers, and a few words mean the same."""

import hashlib
from collections.abc import Sequence

import numpy as np

from content.embedding import Vectors
from content.errors import Unavailable

SAME = {"cost": "price", "costs": "price", "portugal": "lisbon", "customers": "audience"}


class FakeEmbedder:
    """Deterministic; `down` makes it unreachable, `model` may be changed as an operator would."""

    dimension = 256

    def __init__(self, model: str = "fake 1") -> None:
        self.model = model
        self.down = False
        self.texts = 0

    async def embed(self, texts: Sequence[str]) -> Vectors:
        if self.down:
            raise Unavailable("The model cannot be reached. Try again later.", platform="embeddings")
        self.texts += len(texts)
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in filter(lambda word: len(word) > 3, text.casefold().split()):
                meaning = self.model + SAME.get(word, word)
                row[int.from_bytes(hashlib.sha256(meaning.encode()).digest()[:4]) % self.dimension] += 1
            row[0] += 0.001
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)
