"""Canaries: secrets of every kind go through the whole program, and are found nowhere but sealed."""

import logging
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.logs import set_up_logs
from tests.journeys.desk import bluesky, mastodon, settings_for
from tests.journeys.test_with_a_model import with_model
from tests.servers.openai import OpenAIServer, Reply, call, say
from tests.servers.running import serving

KEY = "sk-canary-of-the-model-1234"


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[Path]:
    """Where everything is logged, at the finest level."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    set_up_logs(str(tmp_path / "all.log"), "debug", tmp_path, settings_for(tmp_path, openai_api_key=KEY).secrets)
    yield tmp_path / "all.log"
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


async def test_no_secret_is_logged_kept_open_or_shown(data: Path, logged: Path) -> None:
    model = OpenAIServer(
        call("draft_post", brief="x", variants=[{"accounts": ["Mastodon", "Bluesky"], "parts": ["We open at 7."]}]),
        say("Drafted."),
        Reply(status=401, error={"message": f"Incorrect API key provided: {KEY}"}),
        Reply(raw=f"garbage {KEY}"),
    )
    seen: list[str] = []
    async with serving(model.app) as url, with_model(data, f"{url}/v1", openai_api_key=KEY) as desk:

        async def keep(response: object) -> None:
            await response.aread()  # type: ignore[attr-defined]
            seen.append(response.text + str(response.headers))  # type: ignore[attr-defined]

        async with mastodon(desk) as social, bluesky(desk) as sky:
            secrets = {KEY, "aaaa-bbbb-cccc-dddd", *social.tokens, *(f"secret-of-{one}" for one in social._apps)}
            desk.person.browser.event_hooks["response"].append(keep)
            social.faults.add("POST /api/v1/statuses", "status:500", "html", "status:401")
            sky.faults.add("POST /xrpc/com.atproto.repo.createRecord", "status:500", "drop_after")
            await desk.ask("Write a post")
            await desk.press("Post now")
            await desk.wait(timedelta(hours=1))
            social.lose_login()
            await desk.ask("Another")
            await desk.ask("And another")
            for path in ("/", "/connect", "/calendar", "/chat/earlier?before=3", "/nowhere"):
                await desk.person.browser.get(path)
            secrets |= set(sky.tokens)
            assert len(secrets) >= 6
            cookie = desk.person.browser.cookies["copydesk_session"]
        kept = logged.read_text()  # noqa: ASYNC240 - a small file
        assert kept.count("\n") > 10
        shown = "".join(seen)
        rows = _dump(data)
        for secret in secrets:
            assert secret not in kept, f"logged: {secret}"
            assert secret not in rows, f"kept open: {secret}"
            assert secret not in shown, f"shown: {secret}"
        for secret in (cookie, desk.token):
            assert secret not in kept
            assert secret not in rows


def _dump(data: Path) -> str:
    """Everything in both databases."""
    found = []
    for name in ("copydesk.db", "conversations.db"):
        with sqlite3.connect(data / name) as db:
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                found += [str(row) for row in db.execute(f"SELECT * FROM {table}")]  # noqa: S608
        db.close()
    return "\n".join(found)
