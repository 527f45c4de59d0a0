"""The program, started again and again: what takes seconds to import is imported once, then every start is a fork.

Run as `python -m tests.journeys.killed FOLDER [SETTINGS]`, the settings as JSON; for every line on its standard input it
starts `copydesk serve` on the folder, says the process id, and says `ended` when that process is no more.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import uvloop

import memory.recall  # noqa: F401 - all four: what `think` would import
from app.serve import serve
from tests.journeys.desk import settings_for


def main(folder: Path, given: dict[str, Any]) -> None:
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            uvloop.run(serve(settings_for(folder, **given)))
            os._exit(0)
        print(f"process {child}", flush=True)  # noqa: T201
        os.waitpid(child, 0)
        print("ended", flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]) if len(sys.argv) > 2 else {})
