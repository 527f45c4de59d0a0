"""What is remembered is in rows: the index and the conversation store may be lost, and nothing is lost with them."""

import shutil
from pathlib import Path

from tests.fakes.clock import FakeClock
from tests.journeys.desk import running


async def test_index_and_conversations_deleted_and_nothing_is_lost(data: Path) -> None:
    clock = FakeClock()
    async with running(data, clock) as desk:
        await desk.ask("Remember that our bakery opens at seven")
        await desk.ask("Set a goal: 3 posts per week")
        await desk.ask("Draft a post: We open at 7.")
        await desk.press("Schedule", when="tomorrow 9:00")
        await desk.press("Approve")
        [found] = await desk.ask("What do you know about the bakery?")
        assert "our bakery opens at seven" in found.text
        before = [one.text for one in await desk.person.messages()]

    _lose(data)

    async with running(data, clock) as desk:
        assert [one.text for one in await desk.person.messages()] == before
        [found] = await desk.ask("What do you know about the bakery?")
        assert "our bakery opens at seven" in found.text
        [goals] = [one for one in await desk.ask("How are my goals doing?") if one.is_card]
        assert "3 posts" in goals.text
        assert "Approved, goes out Tue 24 Nov 09:00" in (await desk.person.card()).text
        await desk.press("Post now")
        assert desk.published() == ["We open at 7."]


def _lose(data: Path) -> None:
    shutil.rmtree(data / "index", ignore_errors=True)
    for lost in data.glob("conversations.db*"):
        lost.unlink()
