"""The fuse: a process that was paused for longer than its lease does not come back."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SENDER = """
import sys, time
from datetime import timedelta
from app.fuse import KernelFuse

fuse = KernelFuse()
with fuse.lit(timedelta(seconds=60)):
    with fuse.lit(timedelta(seconds=0.4)):
        print("sending", flush=True)
        sys.stdin.readline()
print("sent", flush=True)
time.sleep(0.6)
print("alive", flush=True)
"""


@pytest.fixture
def sender() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", SENDER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "sending\n"
    return process


def test_a_process_that_was_paused_for_too_long_never_sends(sender: subprocess.Popen[str]) -> None:
    sender.send_signal(signal.SIGSTOP)
    time.sleep(0.6)
    sender.send_signal(signal.SIGCONT)
    said, _ = sender.communicate("go on\n", timeout=10)
    assert (said, sender.returncode) == ("", -signal.SIGALRM)


def test_a_process_that_ends_in_time_lives_on(sender: subprocess.Popen[str]) -> None:
    said, _ = sender.communicate("go on\n", timeout=10)
    assert (said, sender.returncode) == ("sent\nalive\n", 0)
