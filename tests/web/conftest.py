from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.web.stand_in import StandIn, standing_in


@pytest.fixture
async def desk(tmp_path: Path, clock: FakeClock, migrated_file: Path) -> AsyncIterator[StandIn]:
    """The wired desk, with a turn that echoes."""
    async with standing_in(tmp_path, clock, migrated_file) as stand_in:
        yield stand_in
