"""`python -m benchmarks [--quick]`: measures every part in a fresh process of its own, prints a table, writes the medians down."""

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from benchmarks.parts import PARTS, measure
from benchmarks.table import as_text, rows, write

LATEST = Path(__file__).parent / "latest.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="few rounds, and no conversation of 500 turns: a smoke test"
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="just this part; may be given several times")
    parser.add_argument("--json", type=Path, default=LATEST, help="where to write the medians")
    chosen = parser.parse_args(arguments)
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as fresh:
        parts = fresh.map(partial(measure, quick=chosen.quick), chosen.only or PARTS)
        figures = [one for part in parts for one in part]
    print(as_text(rows(figures)))
    write(figures, chosen.json)
    print(f"\nWritten to {chosen.json}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
