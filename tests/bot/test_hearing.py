"""What happens in a chat outside, and what the desk does about it."""

from io import BytesIO

import pytest
from PIL import Image

from bot.hearing import FIRST_WORDS, GUEST, INTRO
from bot.native import Arrived, Gone, Heard, Opened, Picture, StopWanted
from bot.stopping import NOTHING
from content.models import Carry, InboxEvent, Message, Role
from content.transcript import Line
from tests.bot.conftest import Talks
from tests.fakes.model import ScriptedModel
from tests.fakes.native import FakeNative, TalkingDesk


@pytest.fixture
async def talk(talks: Talks) -> TalkingDesk:
    return await talks()


def png() -> bytes:
    out = BytesIO()
    Image.new("RGB", (3, 2), "red").save(out, "PNG")
    return out.getvalue()


async def test_a_member_is_answered_where_they_speak(talk: TalkingDesk) -> None:
    await talk.says("Hello")
    await talk.says("Hello again", address="room", private=False)
    assert talk.native.heads("dm-ann") == ["ok"]
    assert talk.native.heads("room") == ["ok"]


async def test_messages_within_a_breath_are_one_turn(talk: TalkingDesk) -> None:
    for text in ("Draft a post", "about cats"):
        await talk.deliver(Heard(talk.sender(), "dm-ann", True, True, text))
    await talk.run()
    assert talk.native.heads("dm-ann") == ["ok"]
    assert "Draft a post\n\nabout cats" in talk.desk.script.asked[0][-1].text


async def test_a_stranger_is_told_once_how_to_be_let_in(talk: TalkingDesk) -> None:
    await talk.says("Hello", "zoe")
    await talk.says("Hello?", "zoe")
    [(address, remote_id, text)] = talk.native.notes
    assert (address, remote_id) == ("dm-zoe", "zoe")
    assert "I do not know you yet" in text
    assert "link WORD" in text
    assert talk.native.heads("dm-zoe") == []


async def test_what_people_say_among_themselves_is_left_alone(talk: TalkingDesk) -> None:
    await talk.says("lunch?", address="room", private=False, addressed=False)
    await talk.says("yes", "zoe", "room", private=False, addressed=False)
    assert talk.native.heads("room") == []
    assert talk.native.notes == []


async def test_in_a_thread_it_takes_part_in_a_mention_is_not_needed(talk: TalkingDesk) -> None:
    await talk.says("Draft something", address="room/1", private=False)
    await talk.says("shorter", address="room/1", private=False, addressed=False)
    assert talk.native.heads("room/1") == ["ok", "ok"]


async def test_a_guest_is_told_what_they_may_do(talk: TalkingDesk) -> None:
    await talk.link(await talk.desk.base.member(Role.GUEST, "Gus"), "gus")
    await talk.says("Draft something", "gus")
    assert talk.native.notes == [("dm-gus", "gus", GUEST)]
    assert await talk.desk.base.rows(InboxEvent) == []


async def test_pictures_come_along(talk: TalkingDesk) -> None:
    talk.native.pictures["p1"] = png()
    await talk.says("Use this", pictures=(Picture("cat.png", "p1"),))
    [row] = [row for row in await talk.desk.base.rows(Message) if row.member_id]
    [picture] = row.extra["images"]
    assert (picture["name"], picture["width"]) == ("cat.png", 3)


async def test_a_picture_that_is_none_is_refused_and_the_sender_told(talk: TalkingDesk) -> None:
    talk.native.pictures["p1"] = b"not a picture"
    await talk.says("Use this", pictures=(Picture("cat.png", "p1"),))
    [(_, _, text)] = talk.native.notes
    assert "cat.png" in text


async def test_a_reply_to_a_card_is_about_that_post(talk: TalkingDesk) -> None:
    post = await talk.desk.base.draft("Cats are back")
    place = await talk.talking.whereabouts.place(talk.desk.actor, talk.native.name, "dm-ann", True)
    await talk.desk.transcript.add(place.conversation_id, Line("", f"post:{post.id}"))
    await talk.run()
    [ref, *_] = talk.native.messages
    await talk.says("shorter", reply_ref=ref)
    await talk.says("hm", reply_ref="unknown")
    rows = await talk.desk.base.rows(InboxEvent)
    assert [row.payload["reply_to"] for row in rows] == [f"post:{post.id}", ""]


async def test_stop_with_nothing_running_says_so(talk: TalkingDesk) -> None:
    await talk.says("/stop")
    assert talk.native.heads("dm-ann") == [NOTHING.text]


async def test_stop_before_the_turn_began_answers_what_waits(talk: TalkingDesk) -> None:
    await talk.deliver(Heard(talk.sender(), "dm-ann", True, True, "Draft ten posts"))
    await talk.desk.jobs.run_due()
    await talk.deliver(Heard(talk.sender(), "dm-ann", True, True, "/stop"))
    await talk.run()
    assert talk.native.heads("dm-ann") == ["Stopped before I began."]
    assert talk.desk.script.asked == []


async def test_stop_while_a_turn_runs_ends_it_at_once(talk: TalkingDesk) -> None:
    place = await talk.talking.whereabouts.place(talk.desk.actor, talk.native.name, "dm-ann", True)
    with talk.desk.stops.running(place.conversation_id) as stop:
        await talk.says("Stop.")
        assert stop.is_set()


async def test_that_everything_be_held_waits_for_no_turn(talk: TalkingDesk) -> None:
    place = await talk.talking.whereabouts.place(talk.desk.actor, talk.native.name, "dm-ann", True)
    with talk.desk.stops.running(place.conversation_id) as stop:
        await talk.says("Hold everything!")
        assert stop.is_set()
    assert (await talk.desk.services.guards.switch.standing(talk.desk.actor.workspace_id)).held


async def test_the_chats_own_stop_button_stops_the_members_turn_only(talk: TalkingDesk) -> None:
    place = await talk.talking.whereabouts.place(talk.desk.actor, talk.native.name, "room", False)
    with talk.desk.stops.running(place.conversation_id) as stop:
        await talk.deliver(StopWanted(talk.sender("zoe"), "room"))
        await talk.deliver(StopWanted(talk.sender(), "elsewhere"))
        await talk.run()
        assert not stop.is_set()
        await talk.deliver(StopWanted(talk.sender(), "room"))
        await talk.run()
        assert stop.is_set()


async def test_a_page_of_its_own_shows_the_members_desk(talk: TalkingDesk) -> None:
    await talk.deliver(Opened(talk.sender(), "home"))
    await talk.run()
    assert [card.title for card in talk.native.homes["ann"]]
    assert any("Accounts" in card.title for card in talk.native.homes["ann"])


async def test_a_page_of_its_own_tells_strangers_and_guests_what_they_can_do(talk: TalkingDesk) -> None:
    await talk.link(await talk.desk.base.member(Role.GUEST, "Gus"), "gus")
    for one in ("zoe", "gus"):
        await talk.deliver(Opened(talk.sender(one), "home"))
    await talk.run()
    assert "I do not know you yet" in talk.native.homes["zoe"][0].status
    assert talk.native.homes["gus"][0].status == GUEST


async def test_an_empty_conversation_offers_first_words(talk: TalkingDesk) -> None:
    await talk.deliver(Opened(talk.sender(), "messages", "dm-ann"))
    await talk.deliver(Opened(talk.sender("zoe"), "messages", "dm-zoe"))
    await talk.run()
    assert dict(talk.native.suggested) == {"dm-ann": FIRST_WORDS, "dm-zoe": ()}


async def test_it_introduces_itself_to_a_room_once(talk: TalkingDesk) -> None:
    for _ in range(2):
        await talk.deliver(Arrived(talk.sender(), "room", "Marketing"))
        await talk.run()
    assert talk.native.heads("room") == [INTRO]


async def test_a_stranger_who_lets_it_in_is_told_how_to_be_let_in(talk: TalkingDesk) -> None:
    await talk.deliver(Arrived(talk.sender("zoe"), "room", "Marketing"))
    await talk.run()
    assert talk.native.heads("room") == []
    assert [remote_id for _, remote_id, _ in talk.native.notes] == ["zoe"]


async def test_put_out_of_a_room_it_carries_nothing_there_any_more(talk: TalkingDesk) -> None:
    place = await talk.talking.whereabouts.place(talk.desk.actor, talk.native.name, "room", False)
    message = await talk.desk.transcript.add(place.conversation_id, Line("one"))
    await talk.talking.arrivals._hearing.happened(talk.native, "event 1", Gone(address="room"))
    await talk.talking.arrivals._hearing.happened(talk.native, "event 2", Gone(address="nowhere"))
    await talk.run()
    assert talk.native.heads("room") == []
    assert [row.carry for row in await talk.desk.base.rows(Message) if row.id == message] == [Carry.DEAD]


async def test_put_out_of_a_team_it_forgets_it(talk: TalkingDesk) -> None:
    await talk.talking.identities.move_in(talk.desk.actor.workspace_id, talk.native.name, "T1", "Acme")
    await talk.deliver(Gone(home="T1"))
    await talk.run()
    assert await talk.talking.identities.home(talk.native.name, "T1") is None
    assert talk.native.teams_left == ["T1"]


async def test_a_slow_model_shows_that_it_was_heard(talks: Talks) -> None:
    talk = await talks(ScriptedModel(["ok"]), FakeNative())
    await talk.deliver(Heard(talk.sender(), "dm-ann", True, True, "Hello"))
    await talk.desk.jobs.run_due()
    await talk.talking.outward[talk.native.name].close()
    assert [address for address, shown in talk.native.progresses if shown is not None] == ["dm-ann"]
