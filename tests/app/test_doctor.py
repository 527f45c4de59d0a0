"""`copydesk doctor` in every configuration."""

import re
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from app.doctor import examine, examine_platform
from app.schema import newest, version
from app.wiring import bring_up_to_date, build
from content.errors import Invalid
from content.models import Account
from content.schema import is_current
from tests.journeys.desk import running, settings_for


async def findings(folder: Path, **given: Any) -> str:
    return "\n".join([line async for line in examine(settings_for(folder, **given))])


async def test_what_is_connected_and_what_must_be_connected_again(data: Path) -> None:
    async with running(data, thinking=False) as desk:
        await desk.settled()
        async with desk.app.db.writing() as session:
            await session.execute(update(Account).values(state="needs_login"))
    said = await findings(data)
    assert "✓ The workspace's time zone is Europe/Berlin." in said
    assert re.search(r"✗ Folder \w+: needs login\. Connect it again", said)
    assert "· Not connected yet: Bluesky, Mastodon." in said


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"openai_api_key": "k", "model": "m"}, "✓ The model is m at OpenAI."),
        ({"openai_base_url": "http://localhost:1/v1", "model": "m"}, "✓ The model is m at http://localhost:1/v1."),
        ({"openai_api_key": "k"}, "✗ The endpoint's model is not named. Set COPYDESK_MODEL."),
        ({"model_file": "/nowhere.gguf"}, "✗ The model is the file /nowhere.gguf, which does not exist."),
        ({"public_url": "https://desk.example.com"}, "✓ Others reach the desk at https://desk.example.com."),
        ({}, "· Slack is not set up; docs/slack.md says how."),
        ({"telegram_bot_token": "1:a"}, "✓ Telegram is set up. “copydesk doctor telegram” looks at it closely."),
        ({"database_url": "nowhere"}, "COPYDESK_DATABASE_URL"),
    ],
)
async def test_what_is_set_is_said(data: Path, given: dict[str, Any], line: str) -> None:
    assert line in await findings(data, **given)


async def test_a_model_file_says_whether_it_can_be_run(data: Path) -> None:
    (data / "m.gguf").write_bytes(b"GGUF")
    said = await findings(data, model_file=data / "m.gguf")
    installed = find_spec("xllamacpp") is not None
    assert ("✓ The model is the file" if installed else "✗ What runs model files is not installed.") in said


async def test_a_folder_that_cannot_be_used_is_one_finding_of_several(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = await findings(tmp_path / "file" / "desk")
    assert "✗ The data folder" in said
    assert "guided mode" in said


async def test_alembic_and_the_names_of_the_migrations_agree(data: Path, tmp_path: Path) -> None:
    app, fresh = build(settings_for(data)), build(settings_for(tmp_path / "fresh"))
    assert await version(app.db) == newest()
    assert await is_current(app.db)
    assert await version(fresh.db) == ""
    await bring_up_to_date(fresh)
    assert await is_current(fresh.db)
    await app.close()
    await fresh.close()


async def test_a_database_of_a_newer_version_is_left_alone(data: Path) -> None:
    app = build(settings_for(data))
    async with app.db.writing() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Invalid, match="newer Copydesk"):
        await bring_up_to_date(app)
    await app.close()
    assert "The database is not on the newest schema" in await findings(data)


async def looked_at(folder: Path, name: str, **given: Any) -> list[str]:
    return [line async for line in examine_platform(settings_for(folder, **given), name)]


@pytest.mark.parametrize("name", ["x", "linkedin"])
async def test_a_platform_that_is_not_set_up_says_its_five_steps(data: Path, name: str) -> None:
    assert f"“copydesk doctor {name}” says the steps." in await findings(data)
    lines = await looked_at(data, name, public_url="https://desk.example.com/")
    assert lines[0].endswith("cannot be connected yet. Whoever runs the desk does this once:")
    steps = [line for line in lines if line.startswith("  ")]
    assert len(steps) == 5
    assert any("https://desk.example.com/connect/back" in step for step in steps)
    assert f"COPYDESK_{name.upper()}_CLIENT_ID" in steps[-1]


async def test_a_platform_that_is_set_up_says_so_and_what_to_know(data: Path) -> None:
    given = {"linkedin_client_id": "i", "linkedin_client_secret": "s", "linkedin_version": "202401"}
    lines = await looked_at(data, "linkedin", **given)
    assert lines[0] == "✓ LinkedIn can be connected."
    assert lines[1].startswith("✗ LinkedIn answers version 202401 of its API until about 15 January 2025.")
    assert lines[1] in await findings(data, **given)
    assert await looked_at(data, "mastodon") == ["✓ Mastodon can be connected."]
    halves = await looked_at(data, "x", x_client_id="i")
    assert "COPYDESK_X_CLIENT_SECRET: the other half is set." in halves[0]


async def test_the_accounts_of_a_platform_say_how_they_stand_and_until_when(data: Path) -> None:
    async with running(data, thinking=False) as desk:
        await desk.settled()
        async with desk.app.db.writing() as session:
            await session.execute(update(Account).values(ends_at=datetime(2027, 1, 20, tzinfo=UTC)))
    lines = await looked_at(data, "folder")
    assert re.search(r"✓ Folder \w+: connected until 20 January 2027\.", "\n".join(lines))
    assert await looked_at(data, "mastodon") == ["✓ Mastodon can be connected."]
