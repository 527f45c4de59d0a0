"""A turn's progress in a chat outside: only the newest picture counts, and none is left standing."""

import asyncio
from datetime import timedelta

import pytest

from bot.chat import OutMessage, Place, Progress, Step
from bot.outward import EveryChat, OutwardChat
from content.errors import Unavailable
from tests.bot.conftest import Talks
from tests.fakes.native import FakeNative, TalkingDesk


@pytest.fixture
async def talk(talks: Talks) -> TalkingDesk:
    return await talks(None, FakeNative(breath=timedelta(milliseconds=20)))


@pytest.fixture
def chat(talk: TalkingDesk) -> OutwardChat:
    return talk.talking.outward[talk.native.name]


@pytest.fixture
async def place(talk: TalkingDesk) -> Place:
    return await talk.talking.whereabouts.place(talk.desk.actor, talk.native.name, "room", False)


def picture(words: str) -> Progress:
    return Progress([Step(words)])


async def test_pictures_that_come_too_fast_are_skipped_and_the_last_is_shown(
    talk: TalkingDesk, chat: OutwardChat, place: Place
) -> None:
    for number in range(50):
        await chat.progress(place, picture(f"step {number}"))
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)
    shown = [progress.steps[0].words for _, progress in talk.native.progresses if progress]
    assert len(shown) < 10
    assert shown[-1] == "step 49"


async def test_the_end_takes_it_away_and_what_showed_it_is_forgotten(
    talk: TalkingDesk, chat: OutwardChat, place: Place
) -> None:
    await chat.progress(place, picture("one"))
    await asyncio.sleep(0.05)
    assert await talk.talking.carrying.status(place.conversation_id) == "room#progress"
    await chat.progress(place, None)
    await chat.close()
    assert talk.native.progresses[-1] == ("room", None)
    assert await talk.talking.carrying.status(place.conversation_id) == ""


async def test_what_an_earlier_process_left_standing_is_taken_away(talk: TalkingDesk, place: Place) -> None:
    await talk.talking.carrying.set_status(place.conversation_id, "room#progress")
    await talk.talking.add(talk.native)
    assert talk.native.progresses == [("room", None)]
    assert await talk.talking.carrying.status(place.conversation_id) == ""


async def test_a_chat_that_fails_to_show_it_does_not_disturb_the_turn(
    talk: TalkingDesk, chat: OutwardChat, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    talk.native.faults["progress"].append(Unavailable("down", platform="fakechat"))
    await chat.progress(place, picture("one"))
    await chat.close()
    assert "progress.not_shown" in caplog.text


class Hanging(FakeNative):
    async def progress(self, address: str, progress: Progress | None, ref: str) -> str:
        await asyncio.sleep(60)
        return ""


async def test_a_picture_that_hangs_is_left_at_the_end(talks: Talks) -> None:
    talk = await talks(None, Hanging())
    chat = talk.talking.outward[talk.native.name]
    place = await talk.talking.whereabouts.place(talk.desk.actor, talk.native.name, "room", False)
    await chat.progress(place, picture("one"))
    await chat.close(timedelta(milliseconds=10))
    await chat.close()


async def test_a_note_reaches_a_member_by_their_id_there(talk: TalkingDesk, chat: OutwardChat, place: Place) -> None:
    await chat.note(place, talk.desk.actor.member_id, "For you alone.")
    await chat.note(place, "member_unknown", "Nobody hears this.")
    assert talk.native.notes == [("room", "ann", "For you alone.")]


async def test_a_message_is_edited_through_its_row(talk: TalkingDesk, chat: OutwardChat, place: Place) -> None:
    ref = await chat.post(place, OutMessage("one"))
    await talk.run()
    await chat.edit(place, ref, OutMessage("two"))
    await talk.run()
    assert talk.native.heads("room") == ["two"]


async def test_what_is_said_in_a_chat_that_is_absent_waits_for_it(talk: TalkingDesk) -> None:
    actor = talk.desk.actor
    conversation_id = await talk.desk.transcript.open(actor.workspace_id, "absent", "room", outward=True)
    place = Place(conversation_id, actor.workspace_id, "absent", "room")
    absent = EveryChat(talk.desk.transcript)["absent"]
    assert absent.name == "absent"
    ref = await absent.post(place, OutMessage("one"), key="once")
    assert await absent.post(place, OutMessage("one"), key="once") == ref
    await absent.edit(place, ref, OutMessage("two"))
    await absent.note(place, actor.member_id, "For you alone.")
    await absent.progress(place, picture("one"))
    here = FakeNative(name="absent")
    await talk.talking.add(here)
    await talk.run()
    assert here.heads("room") == ["two"]
