"""Letting people in: a one-time word, brought in private, confirmed by a button."""

import re

import pytest

from bot.joining import brought_word
from content.models import Role
from tests.bot.conftest import Talks
from tests.fakes.agent_desk import Opens
from tests.fakes.native import FakeNative, TalkingDesk

WORD = "A" * 43


@pytest.fixture
async def talk(talks: Talks) -> TalkingDesk:
    return await talks(None, FakeNative("one", "One"), FakeNative("two", "Two"))


def word_in(text: str) -> str:
    found = re.search(r"link ([\w-]{20,})", text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (f"/start {WORD}", WORD),
        (f"link {WORD}", WORD),
        (f"/LINK  {WORD} ", WORD),
        ("/start", ""),
        ("link me please to the others", ""),
        ("link short", ""),
        (f"use {WORD}", ""),
        (f"/start {WORD}!", ""),
    ],
)
def test_a_word_is_recognised_where_it_is_brought(text: str, word: str) -> None:
    assert brought_word(text) == word


async def test_a_person_in_two_chats_becomes_one_member(talk: TalkingDesk) -> None:
    await talk.says("/link", chat="one")
    word = word_in(talk.natives["one"].heads("dm-ann")[-1])
    await talk.says(f"link {word}", "ann_too", chat="two")
    two = talk.natives["two"]
    assert "Join My desk?" in two.heads("dm-ann_too")[0]
    ref = two.ref("Join My desk?")
    answer = await talk.presses(talk.button(ref, "link", "two"), ref, "ann_too", chat="two")
    assert "I know you here now" in answer.text
    known = await talk.talking.identities.who("two", "ann_too")
    assert known is not None
    assert known.member_id == talk.desk.actor.member_id
    assert two.heads("dm-ann_too") == [answer.text]
    await talk.says("Hello", "ann_too", chat="two")
    assert two.heads("dm-ann_too")[-1] == "ok"


async def test_not_me_voids_the_word(talk: TalkingDesk) -> None:
    await talk.says("/link", chat="one")
    word = word_in(talk.natives["one"].heads("dm-ann")[-1])
    await talk.says(f"link {word}", "mallory", chat="two")
    ref = talk.natives["two"].ref("Join My desk?")
    answer = await talk.presses(talk.button(ref, "not_me", "two"), ref, "mallory", chat="two")
    assert "void now" in answer.text
    await talk.says(f"link {word}", "ann_too", chat="two")
    assert "used already" in talk.natives["two"].notes[-1][2]


async def test_somebody_else_cannot_press_the_button(talk: TalkingDesk) -> None:
    await talk.says("/link", chat="one")
    word = word_in(talk.natives["one"].heads("dm-ann")[-1])
    await talk.says(f"link {word}", "ann_too", chat="two")
    ref = talk.natives["two"].ref("Join My desk?")
    answer = await talk.presses(talk.button(ref, "link", "two"), ref, "mallory", chat="two")
    assert answer.tone == "bad"
    assert await talk.talking.identities.who("two", "mallory") is None


async def test_a_word_brought_where_others_read_is_refused(talk: TalkingDesk) -> None:
    await talk.says(f"link {WORD}", "zoe", "room", private=False, chat="one")
    [(address, remote_id, text)] = talk.natives["one"].notes
    assert (address, remote_id) == ("room", "zoe")
    assert "for you alone" in text


async def test_an_invitation_makes_a_member_of_its_role(talk: TalkingDesk) -> None:
    await talk.says("/invite approver Jo", chat="one")
    said = talk.natives["one"].heads("dm-ann")[-1]
    assert said.startswith("Give this to Jo.")
    await talk.says(f"link {word_in(said)}", "jo", chat="two")
    ref = talk.natives["two"].ref("Join My desk?")
    assert "as a new member, approver" in talk.natives["two"].heads("dm-jo")[0]
    await talk.presses(talk.button(ref, "link", "two"), ref, "jo", chat="two")
    jo = await talk.talking.identities.who("two", "jo")
    assert jo is not None
    assert (jo.name, jo.role) == ("Jo", Role.APPROVER)


async def test_an_invitation_as_nothing_is_refused_with_an_example(talk: TalkingDesk) -> None:
    await talk.says("/invite boss Jo", chat="one")
    assert "/invite approver Jo" in talk.natives["one"].heads("dm-ann")[-1]


async def test_a_word_asked_for_where_others_read_is_told_in_private(talk: TalkingDesk) -> None:
    await talk.says("/link", address="room", private=False, chat="one")
    assert talk.natives["one"].heads("room") == ["I told you in private, since others read here."]
    [(_, remote_id, text)] = talk.natives["one"].notes
    assert remote_id == "ann"
    assert word_in(text)


async def test_a_member_can_be_unknown_again(talk: TalkingDesk) -> None:
    await talk.says("/unlink", chat="one")
    assert await talk.talking.identities.who("one", "ann") is None
    [(_, remote_id, text)] = talk.natives["one"].notes
    assert (remote_id, "any more" in text) == ("ann", True)
    await talk.says("Hello", chat="one")
    assert "I do not know you yet" in talk.natives["one"].notes[-1][2]


async def test_the_desks_page_is_reached_by_a_one_time_address(talk: TalkingDesk) -> None:
    await talk.says("/login", chat="one")
    assert "http://desk.example/come-in?token=" in talk.natives["one"].heads("dm-ann")[-1]


async def test_without_another_chat_there_is_nothing_to_link(opens: Opens) -> None:
    desk = await opens()
    await desk.talk("/link")
    assert "No other chat is connected" in desk.chat.notes[-1][1]
