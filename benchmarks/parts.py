"""The parts that are measured, each by a module of its name."""

from importlib import import_module

import uvloop

from benchmarks.figures import Figure

PARTS = ("floor", "turns", "stock", "whole", "startup", "pages", "inbox", "fanout", "due")


def measure(part: str, *, quick: bool) -> list[Figure]:
    """The figures of one part. Call it in a process that has done nothing else: what others imported or left would count."""
    found: list[Figure] = uvloop.run(import_module(f"benchmarks.{part}").measure(quick=quick))
    return found
