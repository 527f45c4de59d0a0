"""A button's form asked one question after the other, in words."""

import pytest

from bot.asking import ENDED, question
from bot.chat import Place
from bot.native import Form, Heard, Outgoing, Pressed
from content.connecting import Field
from content.errors import NotAllowed, Unavailable
from tests.bot.conftest import Talks
from tests.fakes.native import Standing, TalkingDesk

SERVER = Field("server", "Your server", "url", "such as mastodon.example")
SECRET = Field("token", "An access token", "password")
WHO = Field("who", "Who shall decide?", options=(("m1", "Jo"), ("m2", "Sam")), required=False)
TEXT = Field("text", "The text", "long", "Cats are back")


@pytest.fixture
async def talk(talks: Talks) -> TalkingDesk:
    return await talks()


async def begun(talk: TalkingDesk, *fields: Field, private: bool = True, key: str = "nothing:x:0") -> Place:
    """A form is asked of Ann."""
    address = "dm-ann" if private else "room"
    place = await talk.talking.whereabouts.place(talk.desk.actor, talk.native.name, address, private)
    press = Pressed(talk.sender(), address, private, key)
    form = Form(key, "A form", "Send", fields)
    await talk.talking.arrivals._hearing._asking.begin(talk.native, press, talk.desk.actor, place, form)
    return place


def asked(talk: TalkingDesk) -> list[str]:
    return [text for _, _, text in talk.native.questions]


def test_a_question_says_how_to_answer_and_how_to_end_it() -> None:
    assert question(SERVER, 1, 2) == (
        "Your server (1 of 2)\nSuch as mastodon.example.\nAnswer this message. /cancel stops."
    )
    assert question(WHO, 1, 1) == (
        "Who shall decide?\n1. Jo\n2. Sam\nAnswer this message. /skip leaves it out. /cancel stops."
    )
    assert question(TEXT, 1, 1) == "The text\nSend me the new text. /skip keeps it as it is. /cancel stops."


async def test_one_answer_leads_to_the_next_question(talk: TalkingDesk) -> None:
    await begun(talk, SERVER, WHO)
    await talk.says("mastodon.example")
    assert len(asked(talk)) == 2
    assert asked(talk)[1].startswith("Who shall decide? (2 of 2)")
    await talk.says("sam")
    assert talk.native.heads("dm-ann")  # what the verb came to, in words
    assert talk.desk.script.asked == []


async def test_an_answer_that_fits_none_of_the_options_is_asked_again(talk: TalkingDesk) -> None:
    await begun(talk, WHO)
    await talk.says("Zoe")
    assert len(asked(talk)) == 2
    await talk.says("2")
    assert len(asked(talk)) == 2


async def test_what_must_be_answered_cannot_be_skipped(talk: TalkingDesk) -> None:
    await begun(talk, SERVER)
    await talk.says("/skip")
    assert len(asked(talk)) == 2


async def test_cancel_leaves_everything_as_it_is(talk: TalkingDesk) -> None:
    await begun(talk, SERVER)
    await talk.says("/cancel")
    assert talk.native.heads("dm-ann") == [ENDED.text]
    await talk.says("mastodon.example")
    assert talk.native.heads("dm-ann") == [ENDED.text, "ok"]


async def test_a_command_in_between_is_no_answer(talk: TalkingDesk) -> None:
    await begun(talk, SERVER)
    await talk.says("/help")
    assert "/help" in talk.native.heads("dm-ann")[0]


async def test_in_a_room_only_a_reply_to_the_question_is_an_answer(talk: TalkingDesk) -> None:
    await begun(talk, SERVER, WHO, private=False)
    await talk.says("lunch?", address="room", private=False)
    assert len(asked(talk)) == 1
    await talk.says("mastodon.example", address="room", private=False, reply_ref="room#question1")
    assert len(asked(talk)) == 2


async def test_a_password_is_never_asked_for_where_others_read(talk: TalkingDesk) -> None:
    with pytest.raises(NotAllowed, match="password"):
        await begun(talk, SECRET, private=False)


async def test_a_password_does_not_stay_in_the_chat(talk: TalkingDesk) -> None:
    await begun(talk, SECRET, WHO)
    talk.native.messages["dm-ann#said"] = Standing("dm-ann", Outgoing("said", "s3cret"), "head")
    await talk.says("s3cret", ref="dm-ann#said")
    assert "dm-ann#said" not in talk.native.messages


async def test_a_password_that_cannot_be_taken_away_still_counts(talk: TalkingDesk) -> None:
    await begun(talk, SECRET, WHO)
    talk.native.faults["remove"].append(Unavailable("down", platform="fakechat"))
    await talk.says("s3cret", ref="dm-ann#said")
    assert len(asked(talk)) == 2


async def test_an_answer_delivered_again_after_a_crash_asks_on_where_it_was(talk: TalkingDesk) -> None:
    place = await begun(talk, SERVER, WHO)
    heard = Heard(talk.sender(), "dm-ann", True, True, "mastodon.example")
    hears = talk.talking.arrivals._hearing._asking
    for _ in range(2):
        filled = await hears.hear(talk.native, heard, talk.desk.actor, place, "event 1")
        assert filled is not None
        assert filled.action is None
    assert [text.splitlines()[0] for text in asked(talk)[1:]] == ["Who shall decide? (2 of 2)"] * 2


async def test_the_last_answer_delivered_again_after_the_end_does_nothing(talk: TalkingDesk) -> None:
    place = await begun(talk, SERVER)
    heard = Heard(talk.sender(), "dm-ann", True, True, "mastodon.example")
    hears = talk.talking.arrivals._hearing._asking
    filled = await hears.hear(talk.native, heard, talk.desk.actor, place, "event 1")
    assert filled is not None
    assert filled.action is not None
    assert (filled.action.verb, filled.action.form) == ("nothing", {"server": "mastodon.example"})
    await hears.done(talk.desk.actor, place)
    again = await hears.hear(talk.native, heard, talk.desk.actor, place, "event 1")
    assert again is not None
    assert again.action is None
