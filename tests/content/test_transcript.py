import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from content.database import Database
from content.errors import Invalid, NotFound
from content.incoming import LONGEST
from content.media import MediaStore
from content.models import Job
from content.people import Actor, People
from content.transcript import BREATH, PAGE, Line, Said, Transcript
from tests.fakes.clock import FakeClock

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@pytest.fixture
def transcript(db: Database, clock: FakeClock) -> Transcript:
    return Transcript(db, clock)


@pytest.fixture
async def ada(db: Database, clock: FakeClock) -> Actor:
    return await People(db, clock).open_desk("Europe/Berlin")


@pytest.fixture
async def here(transcript: Transcript, ada: Actor) -> str:
    return await transcript.open(ada.workspace_id, "web", ada.member_id)


async def test_a_place_is_one_conversation(transcript: Transcript, ada: Actor, here: str) -> None:
    assert await transcript.open(ada.workspace_id, "web", ada.member_id) == here
    assert await transcript.open(ada.workspace_id, "web", "elsewhere") != here
    assert await transcript.address(here) == (ada.workspace_id, "web", ada.member_id)


async def test_two_tabs_that_open_the_same_place_at_once_share_it(transcript: Transcript, ada: Actor) -> None:
    both = await asyncio.gather(*(transcript.open(ada.workspace_id, "web", "new") for _ in range(2)))
    assert both[0] == both[1]


async def test_an_unknown_conversation_has_no_address_and_takes_no_message(transcript: Transcript) -> None:
    with pytest.raises(NotFound):
        await transcript.address("conversation_x")
    with pytest.raises(NotFound, match="no conversation conversation_x"):
        await transcript.add("conversation_x", Line("hello"))


async def test_what_is_said_stands_in_order_with_its_author(transcript: Transcript, ada: Actor, here: str) -> None:
    await transcript.say(ada, here, Said("1", "Draft something"))
    await transcript.add(here, Line("Here it is", "post:post_1", {"choices": []}))
    page = await transcript.page(here)
    assert [(one.author, one.text, one.position) for one in page.messages] == [
        ("You", "Draft something", 1),
        ("", "Here it is", 2),
    ]
    assert page.changes == 2
    assert not page.earlier


async def test_a_line_with_a_known_key_is_not_said_again(transcript: Transcript, here: str) -> None:
    first = await transcript.add(here, Line("Published", key="sent:1"))
    assert await transcript.add(here, Line("Published", key="sent:1")) == first
    assert len((await transcript.page(here)).messages) == 1


async def test_a_reader_is_given_what_is_new_and_what_changed_since(transcript: Transcript, here: str) -> None:
    first = await transcript.add(here, Line("one"))
    await transcript.add(here, Line("two"))
    seen = (await transcript.page(here)).changes
    await transcript.change(first, Line("one, mended", "post:p"))
    await transcript.add(here, Line("three"))
    assert [(one.text, one.position) for one in await transcript.since(here, seen)] == [
        ("one, mended", 1),
        ("three", 3),
    ]


async def test_a_message_that_is_not_there_cannot_be_changed(transcript: Transcript) -> None:
    with pytest.raises(NotFound, match="no message message_x"):
        await transcript.change("message_x", Line("new"))


async def test_a_long_conversation_comes_in_pages(transcript: Transcript, here: str) -> None:
    for number in range(PAGE + 3):
        await transcript.add(here, Line(str(number)))
    newest = await transcript.page(here)
    assert (len(newest.messages), newest.earlier) == (PAGE, True)
    oldest = await transcript.page(here, newest.messages[0].position)
    assert ([one.text for one in oldest.messages], oldest.earlier) == (["0", "1", "2"], False)


async def test_every_copy_of_a_subject_is_given_again(transcript: Transcript, ada: Actor, here: str) -> None:
    there = await transcript.open(ada.workspace_id, "slack", "C1")
    for place in (here, there):
        await transcript.add(place, Line(subject="post:p"))
    await transcript.add(here, Line("something else"))
    assert await transcript.redraw("post:p") == 2
    assert [one.subject for one in await transcript.since(here, 2)] == ["post:p"]


async def test_who_watches_hears_of_every_change_until_they_leave(transcript: Transcript, here: str) -> None:
    with transcript.watching(here) as first, transcript.watching(here) as second:
        message = await transcript.add(here, Line("one"))
        assert first.is_set()
        assert second.is_set()
        first.clear()
        await transcript.change(message, Line("two"))
        assert first.is_set()
    first.clear()
    await transcript.add(here, Line("three"))
    assert not first.is_set()


async def test_what_a_member_says_waits_with_its_job_until_it_is_handled(
    transcript: Transcript, ada: Actor, here: str, db: Database
) -> None:
    assert await transcript.say(ada, here, Said("1", "first", reply_to="post:p", reply_title="#1"))
    assert await transcript.say(ada, here, Said("2", "second"))
    waiting = await transcript.unhandled(here)
    assert [one.said.text for one in waiting] == ["first", "second"]
    assert (waiting[0].said.reply_to, waiting[0].member_id, waiting[0].chat) == ("post:p", ada.member_id, "web")
    async with db.reading() as session:
        jobs = (await session.execute(select(Job.kind, Job.subject, Job.lane))).all()
    assert [tuple(job) for job in jobs] == [("turn", here, f"turn:{here}")]


async def test_the_same_event_is_heard_once(transcript: Transcript, ada: Actor, here: str) -> None:
    assert await transcript.say(ada, here, Said("1", "hello"))
    assert not await transcript.say(ada, here, Said("1", "hello"))
    assert len((await transcript.page(here)).messages) == 1


async def test_an_answer_and_the_end_of_waiting_are_one(transcript: Transcript, ada: Actor, here: str) -> None:
    await transcript.say(ada, here, Said("1", "hello"))
    ids = [one.id for one in await transcript.unhandled(here)]
    assert len(await transcript.handled(ids, [Line("Hi."), Line(subject="post:p")])) == 2
    assert await transcript.unhandled(here) == []
    assert await transcript.handled(ids, [Line("Hi again.")]) == []
    assert [one.text for one in (await transcript.page(here)).messages] == ["hello", "Hi.", ""]


async def test_something_may_be_handled_without_a_word(transcript: Transcript, ada: Actor, here: str) -> None:
    await transcript.say(ada, here, Said("1", "hello"))
    assert await transcript.handled([one.id for one in await transcript.unhandled(here)]) == []
    assert await transcript.unhandled(here) == []


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said("1", "  \n "), "This message is empty"),
        (Said("1", "x" * 100_000), "100,000 characters; 20,000 fit in one"),
        (Said("1", "look", tuple(f"media_{n}" for n in range(11))), "11 pictures and videos; 10 fit in one"),
        (Said("1", "look", ("media_gone",)), "no picture media_gone"),
    ],
)
async def test_what_cannot_be_taken_is_refused_in_words_and_leaves_nothing(
    transcript: Transcript, ada: Actor, here: str, said: Said, why: str
) -> None:
    with pytest.raises(Invalid, match=why):
        await transcript.say(ada, here, said)
    assert (await transcript.page(here)).messages == ()
    assert await transcript.unhandled(here) == []


async def test_the_longest_message_is_taken(transcript: Transcript, ada: Actor, here: str) -> None:
    assert await transcript.say(ada, here, Said("1", "ü" * LONGEST))


async def test_what_no_database_keeps_is_left_out(transcript: Transcript, ada: Actor, here: str) -> None:
    await transcript.say(ada, here, Said("1", "a\0b \ud83d c"))
    assert (await transcript.page(here)).messages[0].text == "ab ? c"


async def test_pictures_come_along(
    transcript: Transcript, ada: Actor, here: str, db: Database, clock: FakeClock, tmp_path: Path
) -> None:
    image = await MediaStore(db, clock, tmp_path).add(ada, "dot.png", PIXEL)
    await transcript.say(ada, here, Said("1", "", (image.media_id,)))
    [message] = (await transcript.page(here)).messages
    assert message.extra["images"] == [{"id": image.media_id, "width": 1, "height": 1, "name": "dot.png"}]
    assert (await transcript.unhandled(here))[0].said.images == (image.media_id,)


async def test_nobody_speaks_in_a_conversation_of_another_workspace(
    transcript: Transcript, ada: Actor, here: str
) -> None:
    stranger = Actor("workspace_other", ada.member_id, "Eve", ada.role, "UTC")
    with pytest.raises(NotFound, match="no such conversation"):
        await transcript.say(stranger, here, Said("1", "hello"))


async def test_a_place_can_be_looked_for_without_being_opened(transcript: Transcript, ada: Actor, here: str) -> None:
    assert await transcript.find("web", ada.member_id) == here
    assert await transcript.find("web", "nobody") is None


async def test_a_private_place_has_one_reader_and_a_room_has_none(transcript: Transcript, ada: Actor) -> None:
    room = await transcript.open(ada.workspace_id, "slack", "T1/C1/1.0", outward=True)
    alone = await transcript.open(ada.workspace_id, "slack", "T1/D1/1.0", outward=True, member_id=ada.member_id)
    assert await transcript.reader(room) is None
    assert await transcript.reader(alone) == ada.member_id


async def test_another_workspace_cannot_talk_in_a_room_that_is_taken(transcript: Transcript, ada: Actor) -> None:
    await transcript.open(ada.workspace_id, "slack", "T1/C1/", outward=True)
    with pytest.raises(NotFound, match="Another desk talks here"):
        await transcript.open("workspace_2", "slack", "T1/C1/", outward=True)


async def test_nothing_is_said_in_a_conversation_of_another_workspace(
    transcript: Transcript, ada: Actor, here: str
) -> None:
    with pytest.raises(NotFound, match="no such conversation here"):
        await transcript.say(replace(ada, workspace_id="workspace_2"), here, Said("1", "Hello"))


async def test_outside_a_turn_waits_for_the_rest_of_the_breath(
    transcript: Transcript, ada: Actor, here: str, db: Database, clock: FakeClock
) -> None:
    room = await transcript.open(ada.workspace_id, "slack", "T1/C1/1.0", outward=True)
    await transcript.say(ada, room, Said("1", "one"))
    await transcript.say(ada, here, Said("2", "two"))
    async with db.reading() as session:
        jobs = {row.subject: row.run_at for row in (await session.scalars(select(Job).where(Job.kind == "turn"))).all()}
    assert jobs == {room: clock.now() + BREATH, here: clock.now()}
