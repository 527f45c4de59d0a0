"""What the router sees of a message: its meaning as a vector, its words and letter groups, and the cues in it."""

import re
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from agent.guided.cues import CUES

Matrix = NDArray[np.float32]
"""Shape (number of texts, number of features)."""

WIDTH = 4_096
"""Columns that words and letter groups are hashed into."""
LONGEST = 400
"""Characters that are read: what a person wants is said at the start, the rest is material."""

QUOTED = re.compile(r"[\"“”„«][^\"“”„«»]{2,}[\"“”„»]")
_AFTER_COLON = re.compile(r":\s*\S[^:]{24,}$", re.DOTALL)
_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_TOKENS = re.compile(r"[^\W\d_']+(?:'[^\W\d_]+)?|\d|#|\?|[:,!.]")


def plain(say: str, names: Sequence[str] = ()) -> str:
    """A message without what says nothing about the action.

    Own words in quotes become `quoted`, an address becomes `link`, and each of `names` (labels and handles of the connected
    accounts) becomes `account`.
    """
    text = " ".join(QUOTED.sub("quoted", _LINK.sub("link", say[: 10 * LONGEST])).lower().replace("’", "'").split())
    for name in sorted((name.lower() for name in names if name), key=len, reverse=True):
        text = re.sub(rf"(?<!\w)@?{re.escape(name)}(?!\w)", "account", text)
    return _AFTER_COLON.sub(": quoted", text)[:LONGEST]


def cues(texts: Sequence[str]) -> Matrix:
    """One column a cue; each row has length 1, or 0 where there is none."""
    found = np.array([[bool(cue.search(text)) for cue in CUES.values()] for text in texts], dtype=np.float32)
    return _scaled(found)


def grams(texts: Sequence[str]) -> Matrix:
    """How often words, word pairs and triples, and groups of 3 and 4 letters occur, hashed and dampened, not yet weighted."""
    counts = np.zeros((len(texts), WIDTH), dtype=np.float32)
    for row, text in enumerate(texts):
        for gram in _grams(text):
            counts[row, zlib.crc32(gram.encode("utf-8", "replace")) % WIDTH] += 1
    return np.asarray(np.log1p(counts), dtype=np.float32)


def rarity(counts: Matrix) -> Matrix:
    """How much each column tells: one that occurs everywhere tells nothing (inverse document frequency)."""
    seen = np.count_nonzero(counts, axis=0)
    return np.asarray(np.log((1 + len(counts)) / (1 + seen)) + 1, dtype=np.float32)


def joined(vectors: Matrix, mean: Matrix, counts: Matrix, weights: Matrix, cued: Matrix) -> Matrix:
    """The three views side by side, each scaled to the same length so that none drowns the others."""
    return np.hstack([_scaled(vectors - mean), _scaled(counts * weights), cued])


def _scaled(rows: Matrix) -> Matrix:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), dtype=np.float32)


def _grams(text: str) -> Iterator[str]:
    words = ["^", *_TOKENS.findall(re.sub(r"\d+", "0", text)), "$"]
    yield from words
    yield from (f"{first} {second}" for first, second in pairwise(words))
    yield from (" ".join(words[start : start + 3]) for start in range(len(words) - 2))
    for word in words[1:-1]:
        edged = f"<{word}>"
        yield from (f"~{edged[start : start + size]}" for size in (3, 4) for start in range(len(edged) - size + 1))
