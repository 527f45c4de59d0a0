"""“Every Monday 9:00”: at its slot the desk begins a turn by itself, in the same conversation; it still publishes nothing."""

from datetime import timedelta

from tests.journeys.desk import RunningDesk


async def test_every_monday_a_turn_begins_in_the_same_conversation(running_desk: RunningDesk) -> None:
    desk = running_desk  # it is Monday, 9:00 in Berlin
    desk.clock.move(timedelta(minutes=5))
    [answer] = await desk.ask("Every Monday 9:00 draft a post: Good morning, we are open.")
    assert "Mon 30 Nov 09:00 Europe/Berlin" in answer.text
    assert await desk.person.cards() == []

    await desk.wait(timedelta(days=7))
    [card] = await desk.person.cards()
    assert "Good morning, we are open" in card.text
    await desk.wait(timedelta(days=7))
    assert len(await desk.person.cards()) == 2
    assert desk.published() == []


async def test_a_slot_that_was_missed_is_skipped_and_said(running_desk: RunningDesk) -> None:
    desk = running_desk
    desk.clock.move(timedelta(minutes=5))
    await desk.ask("Every Monday 9:00 draft a post: Good morning, we are open.")
    desk.clock.move(timedelta(days=7, hours=5))  # the machine slept
    await desk.settled()
    assert await desk.person.cards() == []
    assert "I missed a plan" in (await desk.person.answers())[-1]
