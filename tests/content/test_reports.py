"""Week by week: what went out and what came back, in the reader's weeks."""

from datetime import UTC, date, datetime

import pytest

from content.database import Database
from content.models import DeliveryState
from content.platform import Numbers
from content.reports import Reports, Week
from tests.content.planted import Desk, plant_desk
from tests.fakes.clock import FakeClock

SUNDAY_NIGHT = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # Monday half past twelve in Berlin


@pytest.fixture
async def desk(db: Database, clock: FakeClock) -> Desk:
    return await plant_desk(db, clock)


async def test_weeks_begin_on_the_readers_monday(desk: Desk, clock: FakeClock) -> None:
    clock.set(datetime(2026, 11, 26, 12, tzinfo=UTC))
    account = await desk.account()
    delivery = await desk.sent("Monday there, Sunday elsewhere", account, SUNDAY_NIGHT)
    await desk.counted(delivery, Numbers(likes=3, replies=1))
    reports = Reports(desk.db, clock)
    assert await reports.weeks(desk.workspace_id, "Europe/Berlin", 2) == (
        Week(date(2026, 11, 16), 0, None),
        Week(date(2026, 11, 23), 1, 4),
    )
    assert await reports.weeks(desk.workspace_id, "UTC", 2) == (
        Week(date(2026, 11, 16), 1, 4),
        Week(date(2026, 11, 23), 0, None),
    )


async def test_a_post_on_two_accounts_is_one_post_and_untold_numbers_are_none(desk: Desk, clock: FakeClock) -> None:
    clock.set(datetime(2026, 11, 26, 12, tzinfo=UTC))
    accounts = [await desk.account("anna"), await desk.account("ben")]
    post = await desk.post("Here and there", on=accounts)
    for account in accounts:
        await desk.delivery(post, account, DeliveryState.SENT, sent_at=clock.now())
    await desk.sent("Only here", accounts[0], clock.now())
    [week] = await Reports(desk.db, clock).weeks(desk.workspace_id, "UTC", 1)
    assert (week.posts, week.reactions) == (2, None)
    assert [one.posts for one in await Reports(desk.db, clock).weeks("workspace_2", "UTC")] == [0] * 8
