"""The parts that are measured, each by a module of its name."""

from importlib import import_module

import uvloop

from benchmarks.figures import Figure
from benchmarks.processes import collect_as_the_program

PARTS = ("floor", "turns", "stock", "whole", "startup", "pages", "inbox", "fanout", "due")


def measure(part: str, *, quick: bool) -> list[Figure]:
    """The figures of one part. Call it in a process that has done nothing else: what others imported or left would count."""
    module = import_module(f"benchmarks.{part}")
    if not quick:  # which is for tests, and runs in their process
        collect_as_the_program()
    found: list[Figure] = uvloop.run(module.measure(quick=quick))
    return found
