"""The program as people start it, in a process of its own: `python -m app serve`, and what it has used so far."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import ROOT, wait_for

TICKS = os.sysconf("SC_CLK_TCK")
GRACE_S = 20
LONGEST_S = 120
"""Seconds to wait for one answer; a loaded machine is slow, a broken desk is slower."""


@dataclass(frozen=True)
class RunningDesk:
    """A desk that was just started."""

    process: subprocess.Popen[str]
    port: int

    def get(self, path: str = "/", cookie: str = "") -> tuple[int, bytes]:
        """The answer to one request on a connection of its own: status and body."""
        connection = self.connect()
        try:
            return ask(connection, path, cookie)
        finally:
            connection.close()

    def connect(self) -> http.client.HTTPConnection:
        """A connection to it."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONGEST_S)

    def wait_for(self, words: str) -> None:
        """Until it has printed a line with these words."""
        wait_for(self.process, words)

    def cpu_s(self) -> float:
        """CPU seconds of all its threads since its start, in the kernel and out of it; exact to 0.01."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss_mib(self) -> float:
        """Its resident memory now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None  # noqa: S101 - Linux says so of every process
        return int(found.group(1)) / 1024


def ask(connection: http.client.HTTPConnection, path: str, cookie: str = "") -> tuple[int, bytes]:
    """Status and body of one page, asked for as a browser does."""
    headers = {"Accept": "text/html"} | ({"Cookie": cookie} if cookie else {})
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


@contextmanager
def running_desk(folder: Path) -> Iterator[RunningDesk]:
    """A desk on a data folder, with no settings but this, while the block runs."""
    port = _free_port()
    command = [sys.executable, "-m", "app", "serve"]
    variables = {**_variables(folder), "COPYDESK_PORT": str(port)}
    with subprocess.Popen(command, cwd=folder, env=variables, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield RunningDesk(process, port)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def migrate(folder: Path) -> None:
    """Bring the database in a data folder to the newest schema, as `copydesk migrate` does."""
    command = [sys.executable, "-m", "app", "migrate"]
    subprocess.run(command, cwd=folder, env=_variables(folder), stdout=subprocess.DEVNULL, check=True)


def _variables(folder: Path) -> dict[str, str]:
    """The whole environment: a person's own settings must not change a figure."""
    return {"PYTHONPATH": str(ROOT), "COPYDESK_DATA_DIR": str(folder), "COPYDESK_ZONE": "Europe/Berlin"}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
