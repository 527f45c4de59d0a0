"""What is due in a chat that keeps messages of its own, what it has of it, and that nothing is taken for carried which is not."""

import pytest
from sqlalchemy import delete, select

from content.carrying import Carried, Carrying, Found, Strays
from content.database import Database
from content.jobs import Jobs
from content.models import Carry, Job, Message
from content.people import Actor, People
from content.transcript import Line, Said, Transcript
from tests.fakes.clock import FakeClock


@pytest.fixture
def transcript(db: Database, clock: FakeClock) -> Transcript:
    return Transcript(db, clock)


@pytest.fixture
def carrying(db: Database, clock: FakeClock) -> Carrying:
    return Carrying(db, clock)


@pytest.fixture
async def ada(db: Database, clock: FakeClock) -> Actor:
    return await People(db, clock).open_desk("Europe/Berlin")


@pytest.fixture
async def room(transcript: Transcript, ada: Actor) -> str:
    return await transcript.open(ada.workspace_id, "telegram", "-7", outward=True)


async def due(db: Database, clock: FakeClock) -> list[str]:
    """The conversations for which a carry job ran."""
    carried: list[str] = []

    async def carry(conversation_id: str) -> None:
        carried.append(conversation_id)

    await Jobs(db, clock, {"carry": carry}).run_due()
    return carried


async def state(db: Database, message_id: str) -> Carry:
    async with db.reading() as session:
        return (await session.get_one(Message, message_id)).carry


async def strayed(db: Database) -> list[str]:
    async with db.reading() as session:
        return list((await session.scalars(select(Job.subject).where(Job.kind == "strayed"))).all())


async def test_what_the_desk_says_there_is_due_and_what_members_say_is_not(
    transcript: Transcript, carrying: Carrying, ada: Actor, room: str, db: Database, clock: FakeClock
) -> None:
    await transcript.say(ada, room, Said("1", "Hello"))
    assert await carrying.next(room) is None
    first = await transcript.add(room, Line("one"))
    await transcript.add(room, Line("two"))
    one = await carrying.next(room)
    assert one is not None
    assert (one.message.id, one.there, one.unsure, one.new) == (first, (), False, True)
    assert await due(db, clock) == [room]


async def test_nothing_is_due_on_our_own_page(transcript: Transcript, carrying: Carrying, ada: Actor) -> None:
    here = await transcript.open(ada.workspace_id, "web", ada.member_id)
    await transcript.add(here, Line("one"))
    assert await carrying.next(here) is None


async def test_pieces_are_kept_in_order_and_the_message_is_done_once_shown(
    transcript: Transcript, carrying: Carrying, room: str, db: Database
) -> None:
    first = await transcript.add(room, Line("one"))
    await carrying.sending(first)
    await carrying.arrived(first, 0, Carried("-7:1", "a"))
    await carrying.arrived(first, 1, Carried("-7:2", "b"))
    one = await carrying.next(room)
    assert one is not None
    assert (one.there, one.unsure) == ((Carried("-7:1", "a"), Carried("-7:2", "b")), True)
    await carrying.shown(one.message)
    assert await carrying.next(room) is None
    assert await state(db, first) is Carry.SENT


async def test_a_send_that_certainly_failed_leaves_no_doubt(
    transcript: Transcript, carrying: Carrying, room: str
) -> None:
    first = await transcript.add(room, Line("one"))
    await carrying.sending(first)
    await carrying.not_sent(first)
    one = await carrying.next(room)
    assert one is not None
    assert not one.unsure


async def test_a_redrawn_message_is_stale_and_carried_again(
    transcript: Transcript, carrying: Carrying, room: str, db: Database, clock: FakeClock
) -> None:
    first = await transcript.add(room, Line("", "post:1"))
    one = await carrying.next(room)
    assert one is not None
    await carrying.arrived(first, 0, Carried("-7:1", "a"))
    await carrying.shown(one.message)
    await due(db, clock)
    assert await transcript.redraw("post:1") == 1
    again = await carrying.next(room)
    assert again is not None
    assert not again.new
    assert await due(db, clock) == [room]


async def test_what_changed_while_it_was_carried_is_carried_again(
    transcript: Transcript, carrying: Carrying, room: str, db: Database
) -> None:
    first = await transcript.add(room, Line("one"))
    one = await carrying.next(room)
    assert one is not None
    await transcript.change(first, Line("one, mended"))
    await carrying.shown(one.message)
    assert await state(db, first) is Carry.STALE


async def test_an_edited_piece_keeps_its_place_and_a_removed_one_is_gone(
    transcript: Transcript, carrying: Carrying, room: str
) -> None:
    first = await transcript.add(room, Line("one"))
    await carrying.arrived(first, 0, Carried("-7:1", "a"))
    await carrying.arrived(first, 1, Carried("-7:2", "b"))
    await carrying.arrived(first, 0, Carried("-7:1", "c"))
    await carrying.removed(first, 1)
    one = await carrying.next(room)
    assert one is not None
    assert one.there == (Carried("-7:1", "c"),)


async def test_one_message_or_a_whole_conversation_can_be_given_up(
    transcript: Transcript, carrying: Carrying, room: str, db: Database
) -> None:
    ids = [await transcript.add(room, Line(text)) for text in ("one", "two", "three")]
    await carrying.given_up(room, ids[0])
    assert [await state(db, one) for one in ids] == [Carry.DEAD, Carry.DUE, Carry.DUE]
    await carrying.given_up(room)
    assert [await state(db, one) for one in ids] == [Carry.DEAD, Carry.DEAD, Carry.DEAD]


async def test_what_never_arrived_in_a_closed_place_is_told_elsewhere(
    transcript: Transcript, carrying: Carrying, ada: Actor, room: str, db: Database
) -> None:
    old = await transcript.add(room, Line("old"))
    await carrying.shown((await carrying.next(room)).message)  # type: ignore[union-attr]
    await transcript.change(old, Line("old, mended"))
    await carrying.given_up(room)
    assert await strayed(db) == []
    for line in (Line("one"), Line("", "calendar:today"), Line("two")):
        await transcript.add(room, line)
    await carrying.given_up(room)
    assert await strayed(db) == [f"{room}:2:4"]
    assert await carrying.strays(room, 2, 4) == Strays(ada.workspace_id, None, (("one", None), ("two", None)))


async def test_a_new_process_takes_up_what_was_left(
    transcript: Transcript, carrying: Carrying, ada: Actor, room: str, db: Database
) -> None:
    assert await carrying.take_up(["telegram"]) == 0
    await transcript.add(room, Line("one"))
    slack = await transcript.open(ada.workspace_id, "slack", "T1/C1/", outward=True)
    await transcript.add(slack, Line("one"))
    async with db.writing() as session:
        await session.execute(delete(Job))
    assert await carrying.take_up(["telegram"]) == 1
    async with db.reading() as session:
        assert (await session.scalars(select(Job.subject))).all() == [room]


async def test_a_reference_leads_back_to_its_message(transcript: Transcript, carrying: Carrying, room: str) -> None:
    first = await transcript.add(room, Line("", "post:1"))
    await carrying.arrived(first, 0, Carried("-7:1", "a"))
    assert await carrying.found("telegram", "-7:1") == Found(first, room, "post:1")
    assert await carrying.found("slack", "-7:1") is None
    assert await carrying.found("telegram", "-7:2") is None


async def test_an_offered_answer_says_what_stands_behind_it(
    transcript: Transcript, carrying: Carrying, room: str
) -> None:
    offered = {"choices": [{"label": "Yes", "say": "Yes, do it"}]}
    first = await transcript.add(room, Line("Shall I?", None, offered))
    assert await carrying.choice(first, 0) == "Yes, do it"
    assert await carrying.choice(first, 1) is None
    assert await carrying.choice("message_none", 0) is None


async def test_what_shows_a_turn_is_kept_until_it_is_gone(carrying: Carrying, room: str) -> None:
    assert await carrying.status(room) == ""
    assert await carrying.status("conversation_none") == ""
    await carrying.set_status(room, "-7:9")
    assert await carrying.status(room) == "-7:9"
    assert await carrying.standing("telegram") == [(room, "-7", "-7:9")]
    assert await carrying.standing("slack") == []
    await carrying.set_status(room, "")
    assert await carrying.standing("telegram") == []
