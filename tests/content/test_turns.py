"""Turns: one at a time, in order, those in a hurry first, and none is lost to whoever gives up waiting."""

import asyncio

from content.turns import Turns


async def taking(turns: Turns, name: str, log: list[str], *, hurry: bool = False) -> None:
    async with turns.turn(hurry=hurry):
        log.append(name)
        await asyncio.sleep(0)
        log.append(name)


async def test_one_at_a_time_in_order_and_those_in_a_hurry_first() -> None:
    turns, log = Turns(), list[str]()
    names = ["first", "second", "third", "urgent"]
    await asyncio.gather(*(taking(turns, name, log, hurry=name == "urgent") for name in names))
    assert log == ["first", "first", "urgent", "urgent", "second", "second", "third", "third"]
    await taking(turns, "later", log)
    assert log[-1] == "later"


async def test_who_gives_up_waiting_holds_up_nobody() -> None:
    turns, log = Turns(), list[str]()
    tasks = [asyncio.create_task(taking(turns, name, log)) for name in ("first", "gives up", "third")]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert log == ["first", "first", "third", "third"]


async def test_a_turn_given_to_somebody_who_is_cancelled_just_then_goes_on() -> None:
    turns, log = Turns(), list[str]()
    async with turns.turn():
        waiting = asyncio.create_task(taking(turns, "cancelled", log))
        behind = asyncio.create_task(taking(turns, "behind", log))
        await asyncio.sleep(0)
    waiting.cancel()  # its turn was given, and it has not woken up yet
    await asyncio.gather(waiting, behind, return_exceptions=True)
    assert log == ["behind", "behind"]


async def test_an_error_in_a_turn_ends_it() -> None:
    turns, log = Turns(), list[str]()
    try:
        async with turns.turn():
            raise ValueError
    except ValueError:
        await taking(turns, "next", log)
    assert log == ["next", "next"]
