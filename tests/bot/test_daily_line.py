"""One line a day to the owner alone, where something did not go out; nothing where everything did."""

from datetime import timedelta

import pytest

from bot.daily_line import MOST_NAMED, DailyLine, day_words
from content.daily import DayView, Missed
from tests.fakes.agent_desk import AgentDesk, Opens
from tests.fakes.clock import FakeClock
from tests.fakes.platform import Do, FakePlatform


@pytest.fixture
def platform(clock: FakeClock) -> FakePlatform:
    return FakePlatform(clock)


@pytest.fixture
async def desk(opens: Opens, platform: FakePlatform) -> AgentDesk:
    desk = await opens(platforms=[platform])
    desk.handlers["daily"] = DailyLine(desk.services, desk.base.people, desk.telling).daily
    return desk


async def lines(desk: AgentDesk) -> list[str]:
    """What the owner read in private that is no news of one post."""
    where = (await desk.open(f"private {desk.actor.member_id}")).conversation_id
    said = [one.text for one in (await desk.transcript.page(where)).messages]
    return [one for one in said if one.startswith("Since yesterday")]


async def pass_days(desk: AgentDesk, days: int) -> None:
    for _ in range(days * 24):
        desk.clock.move(timedelta(hours=1))
        await desk.jobs.run_all()


async def test_it_names_what_did_not_go_out(desk: AgentDesk, platform: FakePlatform) -> None:
    await desk.base.now("Tea")
    await desk.jobs.run_all()
    platform.script.append(Do.REFUSE)
    await desk.base.now("Coffee")
    await desk.jobs.run_all()
    await pass_days(desk, 3)
    [line] = await lines(desk)
    assert line == (
        "Since yesterday evening 1 went out and 1 did not: #2 (Fake: refused). "
        "The calendar and each post's card say what can be done."
    )
    await desk.handlers["daily"](f"{desk.actor.workspace_id}:2026-11-23")
    assert len(await lines(desk)) == 1


async def test_what_was_settled_by_then_is_not_mentioned(desk: AgentDesk, platform: FakePlatform) -> None:
    platform.script.append(Do.REFUSE)
    post = await desk.base.now("Tea")
    await desk.jobs.run_all()
    await desk.press("post_now", post.id, 1)
    assert platform.texts == ["Tea"]
    await pass_days(desk, 2)
    assert await lines(desk) == []


async def test_after_an_outage_it_waits_until_each_post_was_looked_at(desk: AgentDesk) -> None:
    await desk.base.planned("Tea")
    day = f"{desk.actor.workspace_id}:2026-11-23"
    desk.clock.move(timedelta(days=1))
    again = await desk.handlers["daily"](day)
    assert again is not None
    assert again > desk.clock.now()
    await desk.jobs.run_all()
    assert await desk.handlers["daily"](day) is None
    assert ["#1 (Fake: waits for your word)" in one for one in await lines(desk)] == [True]


async def test_while_everything_is_on_hold_it_is_said_on_each_day_that_has_something(desk: AgentDesk) -> None:
    await desk.base.planned("Tea")
    await desk.base.planned("Coffee", hours=49)
    await desk.services.guards.switch.hold(desk.actor)
    await pass_days(desk, 3)
    said = await lines(desk)
    assert [one.partition(":")[2].partition(".")[0] for one in said] == [
        " #1 (Fake: still waits)",
        " #2 (Fake: still waits)",
    ]
    assert all("nothing went out and 1 did not" in one and "Everything is on hold" in one for one in said)


def test_of_very_many_it_says_how_many() -> None:
    missed = tuple(Missed(number, "Fake", "failed") for number in range(MOST_NAMED + 3))
    assert f"#{MOST_NAMED - 1} (Fake: failed) and 3 more." in day_words(DayView(0, missed, held=False))


def test_what_keeps_a_post_from_several_accounts_is_said_once() -> None:
    missed = (Missed(1, "X", "on hold"), Missed(1, "Bluesky", "on hold"), Missed(1, "Mastodon", "refused"))
    assert "3 did not: #1 (X, Bluesky: on hold), #1 (Mastodon: refused)." in day_words(DayView(0, missed, held=False))
