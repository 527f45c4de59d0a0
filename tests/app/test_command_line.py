"""The commands, as somebody types them: in a process of their own, or called with a `.env` beside them."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.__main__ import COMMANDS, main
from app.settings import Settings

ROOT = Path(__file__).parents[2]
PATIENCE = 60


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """An empty working directory whose `.env` names a data folder in it."""
    before = Path.cwd()
    (tmp_path / ".env").write_text("COPYDESK_DATA_DIR=desk\nCOPYDESK_ZONE=Europe/Lisbon\n")
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


def typed(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    """`copydesk …` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "app", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": os.defpath},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_matrix_product_has_one_thread(tmp_path: Path) -> None:
    """More of them spin while they wait for each other, and keep a small machine's cores from everybody."""
    counted = "import app.__main__, os, numpy as n; n.ones((400, 400)) @ n.ones((400, 400)); print(len(os.listdir('/proc/self/task')))"
    variables = {"PYTHONPATH": str(ROOT), "PATH": os.defpath}
    said = subprocess.run([sys.executable, "-c", counted], env=variables, cwd=tmp_path, check=True, capture_output=True)
    assert said.stdout.strip() == b"1"


def read_address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"http://\S+/\?token=\S+", line)
        if found:
            return found[0]
    raise AssertionError(process.stderr.read() if process.stderr else "")


def test_serve_login_a_second_serve_and_ctrl_c(here: Path) -> None:
    with typed("serve", folder=here) as desk:
        try:
            first = read_address(desk)
            with httpx.Client(follow_redirects=True) as browser:
                assert browser.get(first).status_code == 200
            with typed("login", folder=here) as login, typed("serve", folder=here) as second:
                fresh = read_address(login)
                _, refusal = second.communicate(timeout=PATIENCE)
            assert second.returncode == 1
            assert refusal.startswith("Another Copydesk runs on desk. Stop it first")
            assert fresh.partition("?")[0] == first.partition("?")[0]
            with httpx.Client(follow_redirects=True) as browser:
                assert browser.get(fresh).status_code == 200
                assert browser.get(fresh).status_code == 200  # it is used up, but this browser is signed in
        finally:
            before = time.monotonic()
            desk.send_signal(signal.SIGINT)
            desk.communicate(timeout=PATIENCE)
        assert desk.returncode == 0
        assert time.monotonic() - before < 10  # twice what is promised: it may still be loading, on a busy machine


def test_doctor_on_a_fresh_folder_changes_nothing_that_matters_later(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "The database is empty. Start the desk" in said
    assert "guided mode uses your own words. Set OPENAI_API_KEY" in said
    assert "✗" not in said
    assert main(["migrate"]) == 0
    assert capsys.readouterr().out == "The database is on the newest schema.\n"
    assert main(["migrate"]) == 0
    assert main(["login"]) == 0
    assert capsys.readouterr().out.endswith("\n")
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "The workspace's time zone is Europe/Lisbon." in said
    assert "Not connected yet: Bluesky, Mastodon." in said


def test_login_names_the_port_that_was_set_or_noted(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["login"]) == 0
    assert ":8321/?token=" in capsys.readouterr().out
    Path("desk/port").write_text("4567")
    assert main(["login"]) == 0
    assert ":4567/?token=" in capsys.readouterr().out
    with Path(".env").open("a") as env:
        env.write("COPYDESK_PORT=7890\n")
    assert main(["login"]) == 0
    assert ":7890/?token=" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "env", "sentence"),
    [
        ("serve", "COPYDESK_DATA_DIR=/dev/null/desk", "The data folder /dev/null/desk cannot be used"),
        ("login", "COPYDESK_DATA_DIR=/dev/null/desk", "The data folder /dev/null/desk cannot be used"),
        ("migrate", "COPYDESK_DATABASE_URL=nowhere", "COPYDESK_DATABASE_URL"),
        ("serve", "OPENAI_API_KEY=k", "COPYDESK_MODEL: no model is named"),
        ("serve", "COPYDESK_MODEL_FILE=/nowhere/model.gguf", "COPYDESK_MODEL_FILE: there is no such file"),
        ("doctor", "COPYDESK_PORT=http", "COPYDESK_PORT: input should be a valid integer"),
    ],
)
def test_what_cannot_work_is_said_in_a_sentence(
    here: Path, capsys: pytest.CaptureFixture[str], command: str, env: str, sentence: str
) -> None:
    (here / ".env").write_text(f"COPYDESK_DATA_DIR=desk\n{env}\n")
    assert main([command]) == 1
    assert sentence in capsys.readouterr().err


def test_an_interrupted_command_ends_quietly(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupted(settings: Settings, about: str) -> None:
        await asyncio.sleep(0)
        raise KeyboardInterrupt

    monkeypatch.setitem(COMMANDS, "doctor", ("", interrupted))
    assert main(["doctor"]) == 0


FIRST_ANSWER = """
import asyncio, json, resource, sys
import app.__main__
from app.serve import open_desk
from app.settings import read_settings
from app.wiring import build
import httpx

async def answer():
    desk = build(read_settings())
    await open_desk(desk)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.site), base_url="http://127.0.0.1") as browser:
        status = (await browser.get("/", headers={"accept": "text/html"})).status_code
    used = resource.getrusage(resource.RUSAGE_SELF)
    heavy = {"langgraph", "langchain_core", "langchain_openai", "openai", "faiss", "wordllama", "tokenizers", "alembic"}
    print(json.dumps({"status": status, "cpu": used.ru_utime + used.ru_stime, "heavy": sorted(heavy & sys.modules.keys())}))
    await desk.close()

asyncio.run(answer())
"""


THE_LEAST = """
import json, resource
import fastapi, httpx, pydantic_settings, sqlalchemy.ext.asyncio, uvicorn
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"cpu": used.ru_utime + used.ru_stime}))
"""
"""To import what no desk can do without, which tells how fast this machine is just now."""


def ran(code: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_the_first_page_needs_no_heavy_library_and_little_time(here: Path) -> None:
    assert main(["migrate"]) == 0
    least, told = ran(THE_LEAST, here), ran(FIRST_ANSWER, here)
    for _ in range(2):
        least = min(least, ran(THE_LEAST, here), key=lambda one: float(one["cpu"]))
        told = min(told, ran(FIRST_ANSWER, here), key=lambda one: float(one["cpu"]))
    assert told["status"] == 401
    assert told["heavy"] == []
    assert told["cpu"] <= 2.5 * least["cpu"], (told, least)
