"""A figure: the median of many rounds, how far they spread, and what was expected of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass(frozen=True)
class Figure:
    """One measured number."""

    key: str
    """Its name in `latest.json`; the unit is its last word."""
    value: float
    """The median of the rounds."""
    low: float
    high: float
    """The quartiles of the rounds, or their extremes where there are fewer than four."""
    rounds: int
    what: str
    """What was measured, in words."""


def figure(key: str, rounds: Sequence[float], what: str) -> Figure:
    """The figure of these rounds, each in the unit of the key."""
    low, high = min(rounds), max(rounds)
    if len(rounds) >= 4:
        low, _, high = quantiles(rounds, n=4)
    return Figure(key, median(rounds), low, high, len(rounds), what)
