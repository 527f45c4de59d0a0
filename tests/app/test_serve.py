"""The desk as a process: one on a folder, on this machine only, an address that works once, and a clean end."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from app.serve import USUAL_PORT, address_of, alone, listen, serve
from app.settings import Settings
from content.copies import Copy, settle
from content.database import Database
from content.errors import Invalid
from content.people import People
from content.sealing import Sealer, keys_of
from content.times import SystemClock
from tests.journeys.desk import Person, settings_for
from tests.servers.openai import OpenAIServer, Reply
from tests.servers.running import serving

PATIENCE = 60
pytestmark = pytest.mark.usefixtures("logging_kept")


@asynccontextmanager
async def opened(
    settings: Settings, capfd: pytest.CaptureFixture[str], first: str = r"http://\S+/\?token=\S+"
) -> AsyncIterator[tuple[asyncio.Task[None], str]]:
    """The running desk, and what it printed first, by default its address; it is ended by SIGTERM, as an operator would."""
    running = asyncio.create_task(serve(settings))
    try:
        yield running, await printed(first, capfd, running)
    finally:
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            running.cancel()  # it does not listen yet, or not any more: the signal would end the tests
        elif not running.done():
            os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait({running}, timeout=PATIENCE)
        if not running.cancelled():
            running.result()


async def printed(pattern: str, capfd: pytest.CaptureFixture[str], running: asyncio.Task[None]) -> str:
    said = ""
    async with asyncio.timeout(PATIENCE):
        while (found := re.search(pattern, said)) is None:
            assert not running.done(), said
            await asyncio.sleep(0.02)
            said += capfd.readouterr().out
    return found[0]


async def test_it_prints_an_address_that_works_once_and_ends_in_time_with_a_page_open_and_a_turn_running(
    data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = OpenAIServer(always=lambda _body: Reply(text="At last.", delay=30))
    async with serving(model.app) as url:
        settings = settings_for(
            data, openai_base_url=f"{url}/v1", model="scripted-1", model_mode="native", openai_api_key="sk-canary-0001"
        )
        async with opened(settings, capfd) as (running, address):
            assert address.startswith("http://127.0.0.1:")
            base = address.partition("/?")[0]
            async with httpx.AsyncClient(base_url=base, follow_redirects=True) as browser:
                assert (await browser.get(address)).status_code == 200
                async with httpx.AsyncClient(follow_redirects=True) as other:
                    assert (await other.get(address)).status_code == 401
                with pytest.raises(Invalid, match="Another Copydesk runs on"):
                    await serve(settings)
                await Person(browser).say("Write a post")
                async with browser.stream("GET", "/chat/events") as events:
                    await anext(events.aiter_lines())
                    async with asyncio.timeout(PATIENCE):
                        while not model.journal:  # noqa: ASYNC110
                            await asyncio.sleep(0.02)
                    loop = asyncio.get_running_loop()
                    before = loop.time()
                    os.kill(os.getpid(), signal.SIGTERM)
                    await asyncio.wait_for(running, PATIENCE)
                    assert loop.time() - before < 5
    log = (data / "copydesk.log").read_text()
    assert "model.ready" in log
    assert "sk-canary-0001" not in log


async def test_a_model_that_cannot_be_loaded_is_said_and_the_pages_are_there(
    data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (data / "model.gguf").write_bytes(b"not a model")
    settings = settings_for(data, model_file=data / "model.gguf")
    async with opened(settings, capfd) as (running, address), httpx.AsyncClient(follow_redirects=True) as browser:
        assert "I cannot run the model file." in await printed(r"My model could not be loaded: .*", capfd, running)
        page = await browser.get(address)
        assert "My model could not be loaded" in page.text
        assert "it is not a GGUF file" in page.text


async def test_a_model_that_breaks_is_told_by_its_kind(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (data / "conversations.db").mkdir()
    async with opened(settings_for(data), capfd) as (running, _):
        assert "OperationalError, see the log" in await printed(r"My model could not be loaded: .*", capfd, running)


async def test_a_restored_copy_says_at_once_that_everything_is_held(
    data: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made_at = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    db = Database(f"sqlite+aiosqlite:///{data / 'copydesk.db'}", SystemClock())
    await People(db, SystemClock()).open_desk("Europe/Berlin")
    async with db.writing() as session:
        await settle(session, SystemClock(), Copy(made_at, Sealer(keys_of(data / "sealing.key"))))
    await db.close()
    first = r"http://\S+/\?token=\S+[\s\S]*This is a copy from .*"
    async with (
        opened(settings_for(data), capfd, first) as (_, said),
        httpx.AsyncClient(follow_redirects=True) as browser,
    ):
        assert (await browser.get(said.split()[0])).status_code == 200
        told = said.splitlines()[-1]
    assert told.startswith("This is a copy from Fri 20 Nov 09:30 Europe/Berlin (")
    assert "Everything is held until you let it go, on the page; what came due since is listed there." in told


async def test_a_desk_that_cannot_open_leaves_nothing_running(data: Path) -> None:
    (data / "copydesk.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(Invalid, match=r"cannot be opened \(DatabaseError: file is not a database\)"):
        await serve(settings_for(data))
    with alone(data):
        pass


def test_a_folder_is_held_by_one_process_at_a_time(tmp_path: Path) -> None:
    with alone(tmp_path / "new"), pytest.raises(Invalid, match="Stop it first"), alone(tmp_path / "new"):
        pass
    with alone(tmp_path / "new"):
        pass


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(Invalid, match=r"cannot be used: Not a directory\. Make it writable"),
        alone(tmp_path / "file" / "x"),
    ):
        pass


def test_the_usual_port_gives_way_and_a_port_that_was_set_does_not() -> None:
    with socket.socket() as usual:
        usual.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            usual.bind(("127.0.0.1", USUAL_PORT))
            usual.listen()
        except OSError:
            pass  # somebody else has it, which serves as well
        with listen(settings_for(Path())) as free:
            host, port = free.getsockname()
            assert (host, port != USUAL_PORT) == ("127.0.0.1", True)
            with pytest.raises(Invalid, match=rf"Port {port} on 127\.0\.0\.1 is taken"):
                listen(settings_for(Path(), port=port))


def test_the_usual_port_is_taken_where_it_is_free_on_another_loopback_address() -> None:
    with listen(settings_for(Path(), host="127.77.1.9")) as sock:
        assert sock.getsockname() == ("127.77.1.9", USUAL_PORT)


def test_a_host_that_is_not_ours_is_said() -> None:
    with pytest.raises(Invalid, match=r"I cannot listen on 203\.0\.113\.9: "):
        listen(settings_for(Path(), host="203.0.113.9"))


@pytest.mark.parametrize(
    ("host", "public", "address"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:9/?token=t"),
        ("::1", "", "http://[::1]:9/?token=t"),
        ("0.0.0.0", "", "http://127.0.0.1:9/?token=t"),  # noqa: S104
        ("0.0.0.0", "https://desk.example.com/", "https://desk.example.com/?token=t"),  # noqa: S104
    ],
)
def test_the_printed_address_is_one_that_can_be_opened(host: str, public: str, address: str) -> None:
    assert address_of(settings_for(Path(), host=host, public_url=public), 9, "t") == address
