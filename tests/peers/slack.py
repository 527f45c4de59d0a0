"""Slack as Vercel's `emulate` plays it: a server that others wrote, for tests marked `peers`."""

import os
import select
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.slack.installing import SCOPES
from tests.peers.pds import ADD, HERE, NODE, START_SECONDS, STOP_SECONDS

INSTALLED = HERE / "node_modules" / "emulate"


def port() -> int:
    """One that is free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def emulated_slack(events: str, redirect: str) -> Iterator[str]:
    """The server's address while the block runs; it posts signed events to `events`."""
    if not (NODE.exists() and INSTALLED.exists()):
        pytest.skip(f"Slack's emulator is not installed; to add it: {ADD}")
    number = port()
    settings = {"PORT": str(number), "EVENTS": events, "REDIRECT": redirect, "SCOPES": ",".join(SCOPES)}
    command = [str(NODE), "--import", "./preload.mjs", "slack.mjs"]
    with subprocess.Popen(command, cwd=HERE, env={**settings, "PATH": os.defpath}, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            ready, _, _ = select.select([server.stdout], [], [], START_SECONDS)
            assert ready, "Slack's emulator did not start"
            assert b"ready" in server.stdout.readline()
            yield f"http://127.0.0.1:{number}"
        finally:
            server.terminate()
            try:
                server.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()
