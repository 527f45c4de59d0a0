"""A post with a time, and a process that was not there when the time came."""

from datetime import timedelta
from pathlib import Path

from tests.fakes.clock import FakeClock
from tests.journeys.desk import running

LATER = timedelta(days=1)
"""From 9:00 on Monday to the post's time, tomorrow 9:00."""


async def _planned(data: Path, clock: FakeClock) -> None:
    """Somebody plans a post, approves it, and the program stops."""
    async with running(data, clock) as desk:
        await desk.ask("Draft a post: We open at 7.")
        told = await desk.press("Schedule", when="tomorrow 9:00")
        assert told["text"].startswith("#1 is planned for Tue 24 Nov 09:00 Europe/Berlin (in 24 h)")
        await desk.press("Approve")
        assert desk.published() == []


async def test_a_post_whose_time_came_while_nothing_ran_goes_out_once_if_it_is_not_too_late(data: Path) -> None:
    clock = FakeClock()
    await _planned(data, clock)
    clock.move(LATER + timedelta(minutes=20))
    async with running(data, clock) as desk:
        await desk.settled()
        assert desk.published() == ["We open at 7."]
        await desk.wait(timedelta(hours=3))
    async with running(data, clock, thinking=False) as desk:
        await desk.settled()
        assert desk.published() == ["We open at 7."]
        assert len([one for one in await desk.person.answers() if one.startswith("Published #1")]) == 1


async def test_a_post_that_is_too_late_asks_and_one_press_sends_it(data: Path) -> None:
    clock = FakeClock()
    await _planned(data, clock)
    clock.move(LATER + timedelta(hours=2))
    async with running(data, clock, thinking=False) as desk:
        await desk.settled()
        assert desk.published() == []
        card = await desk.person.card()
        assert "Its time passed" in card.text
        await desk.wait(timedelta(hours=8))
        assert desk.published() == []
        told = await desk.press("Post now", card)
        assert told["text"] == "#1 is going out now."
        assert desk.published() == ["We open at 7."]
