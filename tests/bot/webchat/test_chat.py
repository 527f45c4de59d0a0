import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.chat import Action, Answer, Card, Choice, OutMessage, Place, Progress, Step
from bot.stopping import Stops
from bot.webchat import WebChat
from bot.webchat import chat as webchat
from bot.webchat.events import ServerEvent
from content.database import Database
from content.errors import Invalid, NotFound
from content.models import DeliveryState, Role
from content.people import Actor, People
from content.schedule import CalendarEntry
from content.transcript import Said, Transcript
from tests.fakes.clock import FakeClock


class Room:
    """A chat with cards and a calendar that the test writes."""

    def __init__(self, db: Database, clock: FakeClock, ada: Actor) -> None:
        self.ada = ada
        self.cards: dict[str, Card] = {}
        self.pressed: list[Action] = []
        self.entries: list[CalendarEntry] = []
        self.transcript = Transcript(db, clock)
        self.stops = Stops()
        self.chat = WebChat(self.transcript, clock, self.draw, self.press, self.calendar, self.stops)

    async def draw(self, subject: str, actor: Actor) -> Card | None:
        if subject == "post:broken":
            raise NotFound("There is no such post here.")
        return self.cards.get(subject)

    async def press(self, action: Action) -> Answer:
        self.pressed.append(action)
        return Answer("Done.")

    async def calendar(self, workspace_id: str, start: datetime, end: datetime) -> list[CalendarEntry]:
        return [one for one in self.entries if start <= one.at < end]

    async def place(self) -> Place:
        return await self.chat.open(self.ada)

    async def said(self) -> list[str]:
        return [one.text for one in (await self.transcript.page((await self.place()).conversation_id)).messages]


@pytest.fixture
async def room(db: Database, clock: FakeClock) -> Room:
    return Room(db, clock, await People(db, clock).open_desk("Europe/Berlin"))


async def some(events: AsyncIterator[ServerEvent], count: int) -> list[ServerEvent]:
    async with asyncio.timeout(5):
        return [await anext(events) for _ in range(count)]


async def test_a_member_has_one_place(room: Room) -> None:
    place = await room.place()
    assert (place.chat, place.address, room.chat.name) == ("web", room.ada.member_id, "web")
    assert await room.place() == place


async def test_a_message_stays_with_its_choices_and_its_card_is_drawn_when_shown(room: Room) -> None:
    card = room.cards["post:p"] = Card("post:p", "#1", status="Draft")
    await room.chat.post(await room.place(), OutMessage("Here.", card, (Choice("Yes", "yes"),)))
    room.cards["post:p"] = Card("post:p", "#1", status="Approved")
    shown = await room.chat.history(room.ada)
    assert "Approved" in shown.html
    assert "Draft" not in shown.html
    assert 'data-say="yes"' in shown.html
    assert (shown.changes, shown.earlier) == (1, None)


async def test_the_same_news_is_posted_once(room: Room) -> None:
    for _ in range(2):
        await room.chat.post(await room.place(), OutMessage("Published."), key="sent:1")
    assert await room.said() == ["Published."]


async def test_an_edit_replaces_what_a_message_shows(room: Room) -> None:
    ref = await room.chat.post(await room.place(), OutMessage("one"))
    await room.chat.edit(await room.place(), ref, OutMessage("two"))
    assert await room.said() == ["two"]


async def test_a_card_that_cannot_be_drawn_is_said_to_be_gone(room: Room) -> None:
    await room.chat.post(await room.place(), OutMessage(card=Card("post:broken", "#1")))
    assert "gone" in (await room.chat.history(room.ada)).html


async def test_a_note_is_seen_by_one_person_only(room: Room, db: Database, clock: FakeClock) -> None:
    bea = await People(db, clock).add_member(room.ada, "Bea", Role.EDITOR)
    await room.chat.note(await room.place(), bea.member_id, "Only Ada may approve this.")
    assert "Only Ada may approve" not in (await room.chat.history(room.ada)).html
    assert "Only Ada may approve" in (await room.chat.history(bea)).html


async def test_what_is_typed_is_kept_once_with_the_card_it_is_about(room: Room) -> None:
    room.cards["post:p"] = Card("post:p", "#7")
    assert await room.chat.say(room.ada, "shorter", [], "post:p", "e1")
    assert not await room.chat.say(room.ada, "shorter", [], "post:p", "e1")
    [waiting] = await room.transcript.unhandled((await room.place()).conversation_id)
    assert (waiting.said.reply_to, waiting.said.reply_title) == ("post:p", "#7")
    assert waiting.said.event_id == f"{room.ada.member_id}:e1"


async def test_that_everything_be_held_waits_for_no_turn_and_is_kept(room: Room) -> None:
    with room.stops.running((await room.place()).conversation_id) as stop:
        await room.chat.say(room.ada, "hold everything", (), "", "1")
        assert stop.is_set()
    assert await room.said() == ["hold everything"]


async def test_what_is_typed_about_a_card_that_is_gone_is_about_nothing(room: Room) -> None:
    await room.chat.say(room.ada, "shorter", [], "post:gone", "e1")
    [waiting] = await room.transcript.unhandled((await room.place()).conversation_id)
    assert waiting.said.reply_to == ""


@pytest.mark.parametrize("event_id", ["", "x" * 81])
async def test_a_message_without_a_number_is_refused(room: Room, event_id: str) -> None:
    with pytest.raises(Invalid, match="without its number"):
        await room.chat.say(room.ada, "hello", [], "", event_id)


async def test_a_press_is_handed_on_with_who_pressed(room: Room) -> None:
    answer = await room.chat.press(room.ada, "schedule:post_1:3", {"when": "tomorrow"})
    assert answer.text == "Done."
    [action] = room.pressed
    assert (action.verb, action.id, action.revision, action.form) == ("schedule", "post_1", 3, {"when": "tomorrow"})
    assert action.actor == room.ada


@pytest.mark.parametrize(
    "key", ["", "approve", "approve:post_1", "approve::1", ":post_1:1", "a:b:x", "a:b:²", "a:b:" + "9" * 20]
)
async def test_a_broken_button_does_nothing(room: Room, key: str) -> None:
    with pytest.raises(Invalid, match="broken"):
        await room.chat.press(room.ada, key, {})
    assert room.pressed == []


async def test_a_week_has_seven_days_with_what_goes_out(room: Room, clock: FakeClock) -> None:
    at = clock.now() + timedelta(days=1)
    room.entries = [CalendarEntry(at, "post_1", 4, "Hello", "Grape", "ada", DeliveryState.WAITING, True, "")]
    this = await room.chat.week(room.ada, 0)
    assert this.title == "23 November – 29 November 2026"
    assert "09:00 Grape: Hello" in this.html
    assert this.html.count("Nothing planned") == 6
    assert this.html.count("today-mark") == 1
    after = await room.chat.week(room.ada, 1)
    assert after.title == "30 November – 6 December 2026"
    assert after.html.count("Nothing planned") == 7


async def test_an_open_page_is_told_what_it_missed_and_then_what_happens(room: Room) -> None:
    place = await room.place()
    await room.chat.post(place, OutMessage("one"))
    await room.chat.post(place, OutMessage("two"))
    events = room.chat.follow(room.ada, 1)
    missed, over = await some(events, 2)
    assert (missed.event, missed.id) == ("message", "2")
    assert json.loads(missed.data)["position"] == 2
    assert (over.event, json.loads(over.data)) == ("progress", {"html": "", "now": ""})
    waiting = asyncio.create_task(some(events, 1))
    await asyncio.sleep(0)
    await room.chat.post(place, OutMessage("three"))
    [live] = await waiting
    assert "three" in json.loads(live.data)["html"]
    await events.aclose()  # type: ignore[attr-defined]


async def test_two_tabs_see_the_same(room: Room) -> None:
    place = await room.place()
    tabs = [room.chat.follow(room.ada, 0) for _ in range(2)]
    for tab in tabs:
        await some(tab, 1)
    await room.chat.post(place, OutMessage("hello"))
    for tab in tabs:
        [event] = await some(tab, 1)
        assert "hello" in event.data
        await tab.aclose()  # type: ignore[attr-defined]


async def test_progress_comes_at_most_five_times_a_second_and_the_last_always(room: Room) -> None:
    place = await room.place()
    events = room.chat.follow(room.ada, 0)
    await some(events, 1)
    seen: list[str] = []

    async def read() -> None:
        async for event in events:
            seen.append(json.loads(event.data)["now"])
            if not seen[-1]:
                return

    reading = asyncio.create_task(read())
    loop = asyncio.get_running_loop()
    began = loop.time()
    number = 0
    while loop.time() - began < 0.7:
        number += 1
        await room.chat.progress(place, Progress((Step("read", True), Step(f"step {number}"))))
        await asyncio.sleep(0.005)
    await room.chat.progress(place, None)
    async with asyncio.timeout(5):
        await reading
    assert 1 <= len(seen) - 1 <= 5 < number
    await events.aclose()  # type: ignore[attr-defined]


async def test_who_comes_in_the_middle_of_a_turn_sees_how_far_it_is(room: Room) -> None:
    place = await room.place()
    await room.chat.progress(place, Progress((Step("writing"),)))
    events = room.chat.follow(room.ada, 0)
    [event] = await some(events, 1)
    assert json.loads(event.data)["now"] == "writing"
    await events.aclose()  # type: ignore[attr-defined]
    await room.chat.progress(place, None)
    assert not room.chat._turns


async def test_a_quiet_connection_says_that_it_lives_and_looks_by_itself(
    room: Room, db: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webchat, "HEARTBEAT", timedelta(milliseconds=30))
    monkeypatch.setattr(webchat, "LOOK", timedelta(milliseconds=10))
    events = room.chat.follow(room.ada, 0)
    _, beat = await some(events, 2)
    assert beat == ServerEvent()
    other = Transcript(db, clock)  # another process: it rings no bell here
    await other.say(room.ada, (await room.place()).conversation_id, Said("x", "from elsewhere"))
    async with asyncio.timeout(5):
        while (event := await anext(events)).event != "message":
            assert event == ServerEvent()
    assert "from elsewhere" in event.data
    await events.aclose()  # type: ignore[attr-defined]


async def test_closing_the_chat_ends_every_connection(room: Room, tmp_path: Path) -> None:
    async def all_of() -> int:
        return len([event async for event in room.chat.follow(room.ada, 0)])

    following = [asyncio.create_task(all_of()) for _ in range(2)]
    await asyncio.sleep(0.1)
    await room.chat.close()
    async with asyncio.timeout(1):
        assert await asyncio.gather(*following) == [1, 1]
    assert not room.chat._readers
