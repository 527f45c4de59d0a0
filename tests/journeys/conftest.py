"""A running desk for every journey."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.journeys.desk import RunningDesk, running


@pytest.fixture
def data(tmp_path: Path, migrated_file: Path) -> Path:
    """A data folder that holds nothing but an empty database on the newest schema."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(migrated_file, folder / "copydesk.db")
    return folder


@pytest.fixture
async def running_desk(data: Path) -> AsyncIterator[RunningDesk]:
    """The wired program in guided mode with nothing connected but the folder, and a person signed in."""
    async with running(data) as desk:
        yield desk
