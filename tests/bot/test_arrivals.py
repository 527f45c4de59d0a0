"""What a chat delivers is acted on once, lane by lane, and whoever it came from is told if it broke."""

from datetime import timedelta

import pytest

from bot.arrivals import REMEMBERED, TRIES
from bot.native import Arriving, Heard, Picture, Pressed
from content.errors import Busy, ContentError, RateLimited, Unavailable
from content.models import Arrival
from content.times import Clock
from tests.bot.conftest import Talks
from tests.fakes.native import FakeNative, TalkingDesk

DOWN = Unavailable("Fakechat does not answer.", platform="fakechat")


@pytest.fixture
async def talk(talks: Talks) -> TalkingDesk:
    return await talks()


def limited(clock: Clock) -> RateLimited:
    return RateLimited("Too fast.", platform="fakechat", until=clock.now() + timedelta(seconds=3))


async def test_a_message_is_answered_once_however_often_it_is_delivered(talk: TalkingDesk) -> None:
    heard = Heard(talk.sender(), "dm-ann", True, True, "Hello")
    for _ in range(4):
        await talk.deliver(heard, event_id="event 7")
        await talk.run()
    assert talk.native.heads("dm-ann") == ["ok"]


async def test_a_handler_that_runs_again_after_a_crash_says_nothing_twice(talk: TalkingDesk) -> None:
    heard = Heard(talk.sender(), "dm-ann", True, True, "Hello")
    await talk.talking.arrivals._hearing.happened(talk.native, "event 7", heard)  # it acted, and died before saying so
    await talk.deliver(heard, event_id="event 7")
    await talk.run()
    assert talk.native.heads("dm-ann") == ["ok"]


async def test_what_means_nothing_to_us_is_put_aside(talk: TalkingDesk) -> None:
    await talk.talking.arrivals.take("fakechat", Arriving("event 1", "lane", 1, {"kind": "Something"}))
    await talk.run()
    assert [row.handled_at is not None for row in await talk.desk.base.rows(Arrival)] == [True]


async def test_a_chat_that_is_still_loading_is_waited_for(talk: TalkingDesk) -> None:
    await talk.deliver(Heard(talk.sender(), "dm-ann", True, True, "Hello"), chat="late")
    await talk.desk.jobs.run_due()
    late = FakeNative(name="late")
    await talk.talking.add(late)
    await talk.link(talk.desk.actor, "ann", "late")
    await talk.run()
    assert late.heads("dm-ann") == ["ok"]


@pytest.mark.parametrize("trouble", [DOWN, Busy("I am too busy just now.")])
async def test_a_passing_trouble_is_tried_again(talk: TalkingDesk, trouble: ContentError) -> None:
    talk.native.faults["note"].append(trouble)
    await talk.says("Hello", "stranger")
    assert [remote_id for _, remote_id, _ in talk.native.notes] == ["stranger"]


async def test_a_trouble_that_stays_is_told(talk: TalkingDesk) -> None:
    talk.native.faults["fetch"].extend([limited(talk.desk.clock)] * TRIES)
    await talk.says("Look", pictures=(Picture("cat.png", "p"),))
    for _ in range(TRIES):
        await talk.run()
    assert [text for _, _, text in talk.native.notes] == ["Too fast."]


async def test_a_bug_is_tried_thrice_and_then_told_with_an_id(
    talk: TalkingDesk, caplog: pytest.LogCaptureFixture
) -> None:
    talk.native.faults["fetch"].extend([KeyError("a bug")] * TRIES)
    await talk.says("Look", pictures=(Picture("cat.png", "p"),))
    for _ in range(TRIES):
        await talk.run()
    [(_, _, text)] = talk.native.notes
    assert "Something broke on my side (failure_" in text
    [row] = await talk.desk.base.rows(Arrival)
    assert row.handled_at is not None
    assert "KeyError" in row.error


async def test_a_bug_behind_a_press_is_told_to_whoever_pressed(
    talk: TalkingDesk, caplog: pytest.LogCaptureFixture
) -> None:
    talk.native.faults["answered"].extend([KeyError("a bug")] * TRIES)
    await talk.deliver(Pressed(talk.sender(), "dm-ann", True, "stop:here:0"))
    for _ in range(TRIES + 1):
        await talk.run()
    [(_, answer)] = talk.native.answers
    assert "Something broke on my side" in answer.text


async def test_a_person_who_cannot_be_told_is_no_second_failure(
    talk: TalkingDesk, caplog: pytest.LogCaptureFixture
) -> None:
    talk.native.faults["fetch"].extend([KeyError("a bug")] * TRIES)
    talk.native.faults["note"].append(DOWN)
    await talk.says("Look", pictures=(Picture("cat.png", "p"),))
    for _ in range(TRIES):
        await talk.run()
    assert [row.handled_at is not None for row in await talk.desk.base.rows(Arrival)] == [True]


async def test_whoever_delivered_a_press_can_wait_for_what_it_came_to(talk: TalkingDesk) -> None:
    event_id = await talk.deliver(Pressed(talk.sender(), "dm-ann", True, "stop:here:0"))
    assert await talk.talking.arrivals.answer("fakechat", event_id, timedelta(milliseconds=1)) is None
    await talk.run()
    answer = await talk.talking.arrivals.answer("fakechat", event_id, timedelta(seconds=1))
    assert answer is not None
    assert "Nothing is running" in answer.text


async def test_only_so_many_answers_are_remembered(talk: TalkingDesk) -> None:
    arrivals = talk.talking.arrivals
    for number in range(REMEMBERED + 5):
        await arrivals.answer("fakechat", f"e{number}", timedelta(0))
    assert len(arrivals._answers) == REMEMBERED
