"""`python -m benchmarks [--quick]`: measures, prints a table, writes the medians down."""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.parts import PARTS, measure
from benchmarks.table import as_text, rows, write

LATEST = Path(__file__).parent / "latest.json"


def apart(parts: Sequence[str]) -> list[Figure]:
    """Every part in a fresh process of its own, so that none inherits what another loaded or left behind."""
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as fresh:
        return [one for found in fresh.map(partial(measure, quick=False), parts) for one in found]


def together(parts: Sequence[str]) -> list[Figure]:
    """A few rounds of every part, here."""
    return [one for part in parts for one in measure(part, quick=True)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="few rounds, and no conversation of 500 turns: a smoke test"
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="just this part; may be given several times")
    parser.add_argument(
        "--json", type=Path, help="where to write the medians; by default benchmarks/latest.json, with --quick nowhere"
    )
    chosen = parser.parse_args(arguments)
    figures = together(chosen.only or PARTS) if chosen.quick else apart(chosen.only or PARTS)
    print(as_text(rows(figures)))
    target = chosen.json or (None if chosen.quick else LATEST)
    if target:
        write(figures, target)
        print(f"\nWritten to {target}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
