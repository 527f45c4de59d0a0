"""`copydesk doctor` in every configuration."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from app.doctor import examine
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
