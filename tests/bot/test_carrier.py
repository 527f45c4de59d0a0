"""What the desk says is brought to a chat once, in order, kept true there, and never lost to a fault."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from bot.carrier import LONGEST, SHORTEST
from bot.native import SendAnew
from content.errors import NotFound, OutcomeUnknown, RateLimited, Rejected, Unavailable
from content.models import Carry, ConnectAttempt, Message
from content.sealing import Sealer
from content.transcript import Line
from tests.bot.conftest import Talks
from tests.fakes.native import FakeNative, TalkingDesk
from tests.fakes.platform import FakePlatform

DOWN = Unavailable("Fakechat does not answer.", platform="fakechat")
UNKNOWN = OutcomeUnknown("The answer was lost.", platform="fakechat")
REFUSED = Rejected("Fakechat refused it: bad entities.", platform="fakechat")


@pytest.fixture
async def talk(talks: Talks) -> TalkingDesk:
    return await talks()


async def room(talk: TalkingDesk, address: str = "room", *, private: bool = False) -> str:
    place = await talk.talking.whereabouts.place(talk.desk.actor, talk.native.name, address, private)
    return place.conversation_id


async def carry(talk: TalkingDesk, *rows: str) -> list[Carry]:
    found = {row.id: row.carry for row in await talk.desk.base.rows(Message)}
    return [found[one] for one in rows]


async def test_messages_arrive_in_order_and_once(talk: TalkingDesk) -> None:
    here = await room(talk)
    for text in ("one", "two", "three"):
        await talk.desk.transcript.add(here, Line(text))
    await talk.run()
    await talk.talking.carrier.carry(here)
    assert talk.native.heads("room") == ["one", "two", "three"]


async def test_a_card_is_drawn_now_and_every_copy_is_kept_true(talk: TalkingDesk) -> None:
    here, there = await room(talk), await room(talk, "elsewhere")
    post = await talk.desk.base.draft("Cats are back")
    for conversation_id in (here, there):
        await talk.desk.transcript.add(conversation_id, Line("", f"post:{post.id}"))
    await talk.run()
    before = talk.native.heads("room")
    await talk.desk.base.approvals.approve(talk.desk.actor, post.id, post.revision, button="press")
    await talk.desk.transcript.redraw(f"post:{post.id}")
    await talk.run()
    after = talk.native.heads("room")
    assert before != after
    assert after == talk.native.heads("elsewhere")
    assert len(after) == 1


async def test_only_what_changed_is_edited(talk: TalkingDesk) -> None:
    here = await room(talk)
    post = await talk.desk.base.draft("Cats are back")
    await talk.desk.transcript.add(here, Line("", f"post:{post.id}"))
    await talk.run()
    await talk.desk.transcript.redraw(f"post:{post.id}")
    await talk.run()
    assert [one.edits for one in talk.native.at("room")] == [0, 0]


async def test_pieces_that_are_no_longer_needed_are_taken_away(talk: TalkingDesk) -> None:
    here = await room(talk)
    post = await talk.desk.base.draft("Cats are back")
    message = await talk.desk.transcript.add(here, Line("", f"post:{post.id}"))
    await talk.run()
    assert len(talk.native.at("room")) == 2
    await talk.desk.transcript.change(message, Line("Only words now"))
    await talk.run()
    assert talk.native.heads("room") == ["Only words now"]
    assert len(talk.native.at("room")) == 1


async def test_what_an_edit_cannot_become_is_sent_anew_with_all_that_follows(talk: TalkingDesk) -> None:
    here = await room(talk)
    post = await talk.desk.base.draft("Cats are back")
    message = await talk.desk.transcript.add(here, Line("one", f"post:{post.id}"))
    await talk.run()
    before = list(talk.native.messages)
    talk.native.faults["edit"].append(SendAnew("Words cannot become a picture.", platform="fakechat"))
    await talk.desk.transcript.change(message, Line("two", f"post:{post.id}"))
    await talk.run()
    assert [(one.message.text, one.part) for one in talk.native.at("room")] == [
        ("two", "head"),
        ("two", f"ann: {talk.native.at('room')[1].part.partition(': ')[2]}"),
    ]
    assert not set(before) & set(talk.native.messages)


async def test_a_card_whose_row_is_gone_says_so(talk: TalkingDesk) -> None:
    here = await room(talk)
    await talk.desk.transcript.add(here, Line("", "post:post_none"))
    await talk.run()
    assert "does not exist any more" in talk.native.heads("room")[0]


async def test_a_card_that_cannot_be_opened_any_more_says_so_and_holds_nothing_up(talk: TalkingDesk) -> None:
    here = await room(talk)
    subject = await way_in(talk)
    await talk.desk.transcript.add(here, Line("", subject))
    await talk.run()
    [before] = talk.native.heads("room")
    await change_the_sealing_key(talk)
    await talk.desk.transcript.redraw(subject)
    said = await talk.desk.transcript.add(here, Line("one"))
    await talk.run()
    lost, after = talk.native.heads("room")
    assert before.startswith("Connect Fake: ")
    assert "sealing key" in lost
    assert after == "one"
    assert await carry(talk, said) == [Carry.SENT]


async def way_in(talk: TalkingDesk) -> str:
    """What the card of a login that was begun shows."""
    fake = talk.desk.base.platforms["fake"]
    assert isinstance(fake, FakePlatform)
    fake.elsewhere = True
    begun = await talk.desk.services.consents.begin(talk.desk.actor, "fake", {"user": "bob"}, callback_url="https://d")
    return f"connect:{begun.id}"


async def change_the_sealing_key(talk: TalkingDesk) -> None:
    """What was sealed until now is as if sealed with a key that the desk does not have."""
    async with talk.desk.db.writing() as session:
        for row in await session.scalars(select(ConnectAttempt)):
            row.sealed = Sealer([Fernet.generate_key()]).seal({})


@pytest.mark.parametrize("trouble", [DOWN, UNKNOWN], ids=["down", "unknown"])
async def test_a_chat_that_is_down_is_tried_again_after_longer_and_longer_waits(
    talk: TalkingDesk, trouble: Unavailable | OutcomeUnknown
) -> None:
    here = await room(talk)
    await talk.desk.transcript.add(here, Line("one"))
    await talk.desk.transcript.add(here, Line("two"))
    talk.native.faults["send"].extend([trouble] * 12)
    waits = []
    for _ in range(12):
        again = await talk.talking.carrier.carry(here)
        assert again is not None
        waits.append(again - talk.desk.clock.now())
    assert waits[:3] == [SHORTEST, SHORTEST * 2, SHORTEST * 4]
    assert waits[-1] == LONGEST
    assert await talk.talking.carrier.carry(here) is None
    assert talk.native.heads("room") == ["one", "two"]


async def test_a_chat_that_asks_for_rest_gets_it(talk: TalkingDesk) -> None:
    here = await room(talk)
    await talk.desk.transcript.add(here, Line("one"))
    until = talk.desk.clock.now() + timedelta(seconds=7)
    talk.native.faults["send"].append(RateLimited("Too fast.", platform="fakechat", until=until))
    assert await talk.talking.carrier.carry(here) == until
    talk.desk.clock.set(until)
    await talk.talking.carrier.carry(here)
    assert talk.native.heads("room") == ["one"]


async def test_after_a_lost_answer_the_chat_is_told_that_it_may_be_there(talk: TalkingDesk) -> None:
    here = await room(talk)
    message = await talk.desk.transcript.add(here, Line("one"))
    talk.native.faults["send"].extend([UNKNOWN, DOWN])
    await talk.talking.carrier.carry(here)
    assert await carry(talk, message) == [Carry.SENDING]
    await talk.talking.carrier.carry(here)
    await talk.talking.carrier.carry(here)
    assert talk.native.keys == [f"{message}:0", f"maybe:{message}:0", f"maybe:{message}:0"]


async def test_a_send_that_was_refused_outright_is_not_in_doubt(talk: TalkingDesk) -> None:
    here = await room(talk)
    message = await talk.desk.transcript.add(here, Line("one"))
    talk.native.faults["send"].append(DOWN)
    await talk.talking.carrier.carry(here)
    assert await carry(talk, message) == [Carry.DUE]


async def test_what_the_chat_refuses_is_said_plainly(talk: TalkingDesk) -> None:
    here = await room(talk)
    await talk.desk.transcript.add(here, Line("**one**"))
    talk.native.faults["send"].append(REFUSED)
    await talk.talking.carrier.carry(here)
    [one] = talk.native.at("room")
    assert one.plain


async def test_what_is_refused_even_plainly_is_given_up_alone(talk: TalkingDesk) -> None:
    here = await room(talk)
    first = await talk.desk.transcript.add(here, Line("one"))
    second = await talk.desk.transcript.add(here, Line("two"))
    talk.native.faults["send"].extend([REFUSED, REFUSED])
    assert await talk.talking.carrier.carry(here) is None
    assert await carry(talk, first, second) == [Carry.DEAD, Carry.SENT]
    lost = await talk.talking.carrying.strays(here, 1, 2)
    assert [words for words, _ in lost.messages] == ["one"], "the other one is there"


async def test_a_room_that_is_gone_is_given_up_whole(talk: TalkingDesk) -> None:
    here = await room(talk)
    ids = [await talk.desk.transcript.add(here, Line(text)) for text in ("one", "two")]
    talk.native.faults["send"].append(NotFound("That room is gone."))
    assert await talk.talking.carrier.carry(here) is None
    assert await carry(talk, *ids) == [Carry.DEAD, Carry.DEAD]


async def test_a_copy_that_somebody_deleted_stops_only_itself(talk: TalkingDesk) -> None:
    here = await room(talk)
    first = await talk.desk.transcript.add(here, Line("one"))
    await talk.run()
    talk.native.messages.clear()
    await talk.desk.transcript.change(first, Line("one, mended"))
    second = await talk.desk.transcript.add(here, Line("two"))
    await talk.run()
    assert await carry(talk, first, second) == [Carry.DEAD, Carry.SENT]
    assert talk.native.heads("room") == ["two"]


async def test_a_chat_that_is_not_connected_is_waited_for(talk: TalkingDesk) -> None:
    actor = talk.desk.actor
    here = await talk.desk.transcript.open(actor.workspace_id, "absent", "room", outward=True)
    await talk.desk.transcript.add(here, Line("one"))
    again = await talk.talking.carrier.carry(here)
    assert again is not None
    assert again > talk.desk.clock.now()
    await talk.talking.add(FakeNative(name="absent"))
    await talk.talking.carrier.carry(here)
    assert await carry(talk, *[row.id for row in await talk.desk.base.rows(Message)]) == [Carry.SENT]
