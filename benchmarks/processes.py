"""Python programs in processes of their own, which say a line when they are ready."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def collect_as_the_program() -> None:
    """Look for garbage as rarely as the program does, from now on."""
    from app import lean  # noqa: PLC0415 - to import it begins it

    lean.loaded()


@contextmanager
def running(*module: str, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """`python -m` these words while the block runs, with no variables but those."""
    variables = {"PYTHONPATH": str(ROOT), "PATH": os.defpath, **(env or {})}
    command, pipe = [sys.executable, "-m", *module], subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, env=variables, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> Any:
    """The next line that it prints, which is JSON."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    return json.loads(process.stdout.readline())


def wait_for(process: subprocess.Popen[str], words: str) -> None:
    """Until it has printed a line with these words.

    Raises:
        RuntimeError: it ended first.
    """
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    if not any(words in line for line in process.stdout):
        msg = f"the process ended before it said “{words}”"
        raise RuntimeError(msg)
