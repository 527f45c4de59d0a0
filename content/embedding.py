"""The port that turns text into vectors; memory and the guided model use it."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""Shape (number of texts, dimension), each row of unit length."""


class Embedder(Protocol):
    """Text to vectors. One instance serves the whole process."""

    @property
    def model(self) -> str:
        """Which model, with its version: vectors of two models are never compared."""

    @property
    def dimension(self) -> int:
        """Length of one vector."""

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text.

        Raises:
            Unavailable: the model cannot be reached; nothing is lost, ask again later.
        """
