import asyncio
from datetime import timedelta

from bot.pace import Lane, Pace, Priority

QUICK = timedelta(milliseconds=40)


def seconds() -> float:
    return asyncio.get_running_loop().time()


async def test_the_first_call_goes_at_once_and_the_next_after_the_interval() -> None:
    pace, begun = Pace(), seconds()
    lane = Lane("chat", QUICK)
    assert await pace.wait([lane], Priority.MESSAGE)
    assert seconds() - begun < 0.03
    assert await pace.wait([lane], Priority.MESSAGE)
    assert seconds() - begun >= 0.04


async def test_a_rested_lane_lets_a_burst_through() -> None:
    pace, begun = Pace(), seconds()
    for _ in range(3):
        await pace.wait([Lane("group", timedelta(seconds=9), burst=3)], Priority.MESSAGE)
    assert seconds() - begun < 0.5
    assert not await pace.wait([Lane("group", timedelta(seconds=9), burst=3)], Priority.MESSAGE, timedelta(0))


async def test_who_is_looked_at_goes_first() -> None:
    pace = Pace()
    lane = Lane("bot", QUICK)
    gone: list[Priority] = []
    await pace.wait([lane], Priority.MESSAGE)

    async def go(priority: Priority) -> None:
        await pace.wait([lane], priority)
        gone.append(priority)

    await asyncio.gather(go(Priority.REDRAW), go(Priority.MESSAGE), go(Priority.ANSWER))
    assert gone == [Priority.ANSWER, Priority.MESSAGE, Priority.REDRAW]


async def test_a_cooling_chat_holds_up_no_other() -> None:
    pace = Pace()
    bot = Lane("bot", timedelta(milliseconds=1))
    pace.cool("chat 1", timedelta(seconds=5))
    slow = asyncio.create_task(pace.wait([bot, Lane("chat 1", QUICK)], Priority.ANSWER))
    await asyncio.sleep(0)
    begun = seconds()
    assert await pace.wait([bot, Lane("chat 2", QUICK)], Priority.PROGRESS)
    assert seconds() - begun < 0.5
    assert not slow.done()
    slow.cancel()


async def test_rest_that_was_asked_for_is_kept() -> None:
    pace, begun = Pace(), seconds()
    pace.cool("chat", timedelta(milliseconds=60))
    pace.cool("chat", timedelta(milliseconds=1))  # the longer rest holds
    assert await pace.wait([Lane("chat", QUICK)], Priority.ANSWER)
    assert seconds() - begun >= 0.06


async def test_what_cannot_wait_is_left_out_and_counts_nowhere() -> None:
    pace = Pace()
    lane = Lane("chat", timedelta(milliseconds=150))
    await pace.wait([lane], Priority.MESSAGE)
    assert not await pace.wait([lane], Priority.PROGRESS, timedelta(milliseconds=10))
    begun = seconds()
    assert await pace.wait([lane], Priority.MESSAGE)
    assert seconds() - begun < 0.2


async def test_patience_ends_when_others_keep_going_first() -> None:
    pace = Pace()
    lane = Lane("chat", timedelta(milliseconds=60))
    await pace.wait([lane], Priority.MESSAGE)
    first = asyncio.create_task(pace.wait([lane], Priority.ANSWER))
    await asyncio.sleep(0)
    assert not await pace.wait([lane], Priority.PROGRESS, timedelta(milliseconds=80))
    assert await first


async def test_a_caller_that_gave_up_takes_no_turn() -> None:
    pace = Pace()
    lane = Lane("chat", QUICK)
    await pace.wait([lane], Priority.MESSAGE)
    gone = asyncio.create_task(pace.wait([lane], Priority.MESSAGE))
    await asyncio.sleep(0)
    gone.cancel()
    begun = seconds()
    assert await pace.wait([lane], Priority.MESSAGE)
    assert seconds() - begun < 0.07


async def test_lanes_that_are_free_again_are_forgotten() -> None:
    pace = Pace()
    for number in range(6_000):
        await pace.wait([Lane(f"chat {number}", timedelta(microseconds=1))], Priority.MESSAGE)
    assert len(pace._limits) < 6_000
