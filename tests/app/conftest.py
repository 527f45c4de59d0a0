"""What the program's own tests need: a data folder, and logging put back as it was."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def data(tmp_path: Path, migrated_file: Path) -> Path:
    """A data folder that holds nothing but an empty database on the newest schema."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(migrated_file, folder / "copydesk.db")
    return folder


@pytest.fixture
def logging_kept() -> Iterator[None]:
    """Handlers and levels are put back afterwards, and what was opened meanwhile is closed."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
