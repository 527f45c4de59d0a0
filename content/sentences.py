"""Pieces of sentences that cards, answers and errors share."""

from collections.abc import Sequence


def listed(words: Sequence[str]) -> str:
    """“one”, “one and two”, “one, two and three”; of none, nothing."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
