"""What the program arranges before anything is loaded; in a process of its own, since to import it begins it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOADED = """
import gc, os
from app import lean
print(gc.isenabled())
lean.loaded()
print(gc.isenabled(), gc.get_threshold() == lean.RARELY, gc.get_freeze_count() > 0, os.environ["OMP_NUM_THREADS"])
"""


def test_garbage_is_looked_for_rarely_and_only_once_all_is_loaded() -> None:
    said = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, env={}, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False", "True", "True", "True", "1"]
