"""24 hours in which nothing ran, and 40 posts came due: nothing goes out late by itself, nothing in a burst, and each thread asks once."""

import re
from datetime import timedelta
from pathlib import Path

from bot.webchat.chat import NAME
from content.wording import Wording
from tests.fakes.clock import FakeClock
from tests.journeys.desk import RunningDesk, running

THREADS = {"one": 14, "two": 13, "three": 13}
"""Where the posts belong."""


async def _planned(desk: RunningDesk) -> dict[str, list[int]]:
    """Forty approved posts over the next day, by conversation the numbers of its posts."""
    owner, app = await desk.owner(), desk.app
    made: dict[str, list[int]] = {}
    for name, count in THREADS.items():
        where = await app.transcript.open(owner.workspace_id, NAME, name)
        for _ in range(count):
            number = sum(map(len, made.values())) + 1
            post = await app.desk.posts.draft(owner, [Wording((f"Post {number}.",))], conversation_id=where)
            await app.desk.schedule.set(owner, post.id, f"in {number * 30} minutes")
            await app.desk.approvals.approve(owner, post.id, 1, button="press")
            made.setdefault(where, []).append(post.number)
    return made


async def test_each_thread_has_one_list_together_they_name_all_forty_and_nothing_went_out(data: Path) -> None:
    clock = FakeClock()
    async with running(data, clock, thinking=False) as desk:
        made = await _planned(desk)
        assert [len(numbers) for numbers in made.values()] == [14, 13, 13]
    clock.move(timedelta(hours=24))
    async with running(data, clock, thinking=False) as desk:
        await desk.wait(timedelta(hours=3))
        assert desk.published() == []
        listed: list[int] = []
        for where, numbers in made.items():
            said = (await desk.app.transcript.page(where)).messages
            assert [one.subject for one in said] == [f"late:{where}"]
            card = await desk.app.drawing.draw(f"late:{where}", await desk.owner())
            assert card is not None
            rows = [row for group in card.groups for row in group.rows]
            found = [int(number) for row in rows for number in re.findall(r"^#(\d+)", row.title)]
            assert found == numbers
            listed += found
        assert listed == list(range(1, 41))


async def test_what_is_within_the_limit_still_goes_out_and_spaced(data: Path) -> None:
    clock = FakeClock()
    async with running(data, clock, thinking=False) as desk:
        await _planned(desk)
    clock.move(timedelta(hours=19, minutes=45))
    async with running(data, clock) as desk:
        await desk.settled()
        assert desk.published() == ["Post 39."]
        await desk.wait(timedelta(hours=1))
        assert desk.published() == ["Post 39.", "Post 40."]
