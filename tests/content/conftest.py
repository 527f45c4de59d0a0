"""A desk on fake platforms, for everything in `content` that needs more than a database."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from content.database import Database
from content.models import Role
from content.platform import Platform
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk, make_desk
from tests.fakes.platform import FakePlatform

Build = Callable[..., Awaitable[Desk]]


@pytest.fixture
def build(db: Database, clock: FakeClock, tmp_path: Path) -> Build:
    """Makes a desk on the platforms it is given."""

    async def built(*platforms: Platform, people: tuple[Role, ...] = ()) -> Desk:
        return await make_desk(db, clock, tmp_path, *platforms, people=people)

    return built


@pytest.fixture
def fake(clock: FakeClock) -> FakePlatform:
    return FakePlatform(clock)


@pytest.fixture
async def desk(build: Build, fake: FakePlatform) -> Desk:
    """A desk with one account on one platform that cannot be asked what went out."""
    return await build(fake)
