"""Which action a message asks for: one softmax regression, trained from the exemplars at first use, in about 0.3 s."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.guided import features
from agent.guided.exemplars import ACTIONS, exemplars
from agent.guided.features import Matrix
from content.embedding import Embedder

STEPS = 60
DECAY = 5e-4
"""How strongly large weights are discouraged: more is humbler, less trusts single words."""


@dataclass(frozen=True)
class Likely:
    """One action and how likely it is meant, 0 to 1."""

    action: str
    p: float


@dataclass(frozen=True)
class Trained:
    """What training found: applied to a message it gives a score an action."""

    mean: Matrix
    rarity: Matrix
    weights: Matrix
    """Shape (number of features, number of actions)."""


class Router:
    """Ranks all actions for a message. The same message always gets the same answer."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._trained: Trained | None = None

    async def prepare(self) -> Trained:
        """Trains, once, beside the event loop; call it early to make the first answer quick."""
        if self._trained is None:
            said = exemplars()
            texts = [features.plain(each.say) for each in said]
            wanted = [ACTIONS.index(each.action) for each in said]
            self._trained = await asyncio.to_thread(train, await self._embedder.embed(texts), texts, wanted)
        return self._trained

    async def rank(self, say: str, names: Sequence[str] = ()) -> list[Likely]:
        """Every action, the likeliest first; `names` are labels and handles of the connected accounts."""
        trained = await self.prepare()
        text = features.plain(say, names)
        counts = features.grams([text])
        vector = await self._embedder.embed([text])
        row = features.joined(vector, trained.mean, counts, trained.rarity, features.cues([text]))
        chances = _softmax(row @ trained.weights)[0]
        return sorted(
            (Likely(action, float(p)) for action, p in zip(ACTIONS, chances, strict=True)), key=lambda likely: -likely.p
        )


def train(vectors: Matrix, texts: Sequence[str], wanted: Sequence[int]) -> Trained:
    """Fits the regression: accelerated gradient descent on the classes' cross-entropy, each class weighing the same.

    It runs on the texts' inner products instead of the features: fewer numbers, same weights.
    """
    mean = np.asarray(vectors.mean(axis=0, keepdims=True), dtype=np.float32)
    counts = features.grams(texts)
    rarity = features.rarity(counts)
    rows = features.joined(vectors, mean, counts, rarity, features.cues(texts))
    target = np.eye(len(ACTIONS), dtype=np.float32)[list(wanted)]
    balance = np.asarray((target / target.sum(axis=0)).sum(axis=1, keepdims=True) / len(ACTIONS), dtype=np.float32)
    return Trained(mean, rarity, rows.T @ _descend(rows @ rows.T, target, balance))


def _descend(inner: Matrix, target: Matrix, balance: Matrix) -> Matrix:
    """The weight of each text for each action, by Nesterov's method with a step that cannot overshoot."""
    step = np.float32(1 / (0.5 * _stretch(inner) * balance.max() + DECAY))
    now = ahead = np.zeros_like(target)
    pace = 1.0
    for _ in range(STEPS):
        slope = balance * (_softmax(inner @ ahead) - target) + np.float32(DECAY) * ahead
        before, now = now, ahead - step * slope
        faster = (1 + np.sqrt(1 + 4 * pace * pace)) / 2
        ahead = now + np.float32((pace - 1) / faster) * (now - before)
        pace = faster
    return now


def _stretch(inner: Matrix) -> float:
    """The largest eigenvalue, by power iteration, and a little more: a step made from it does not overshoot."""
    along = np.ones(len(inner), dtype=np.float32)
    for _ in range(20):
        along = inner @ (along / np.linalg.norm(along))
    return float(1.1 * np.linalg.norm(along))


def _softmax(scores: Matrix) -> Matrix:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float32)
