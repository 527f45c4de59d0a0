"""A place that is closed to the desk, or refuses what it says: that is told to whom it concerns, once, where they read alone."""

from dataclasses import replace

import pytest

from bot.strayed import MOST_REPEATED
from content.errors import NotFound, Rejected
from content.models import Job, Role
from content.transcript import Line
from content.wording import Wording
from tests.bot.conftest import Talks
from tests.fakes.chat import FakeChat
from tests.fakes.native import TalkingDesk
from tests.fakes.platform import FakePlatform

REFUSED = Rejected("Fakechat lacks a right for this message.", platform="fakechat")
OPENING = "A place in which I was to say this is closed to me now, or does not take it:\n"


@pytest.fixture
async def talk(talks: Talks) -> TalkingDesk:
    talk = await talks()
    talk.desk.chats["web"] = FakeChat(talk.desk.transcript, "web")
    return talk


async def room(talk: TalkingDesk) -> str:
    desk = talk.desk
    return await desk.transcript.open(desk.actor.workspace_id, talk.native.name, "room", outward=True)


async def page(talk: TalkingDesk, member_id: str) -> list[str]:
    where = await talk.desk.transcript.find("web", member_id)
    return [one.text for one in (await talk.desk.transcript.page(where or "")).messages]


async def test_that_a_post_is_out_is_told_though_its_room_is_gone(talk: TalkingDesk) -> None:
    desk, here = talk.desk, await room(talk)
    post = await desk.services.posts.draft(desk.actor, [Wording(("Tea",))], conversation_id=here)
    talk.native.faults["send"].append(NotFound("That room is gone."))
    await desk.press("post_now", post.id, 1)
    platform = desk.base.platforms["fake"]
    assert isinstance(platform, FakePlatform)
    assert platform.texts == ["Tea"]
    [told] = [one.message.text for one in talk.native.at("dm-ann")]
    assert told == f"{OPENING}- Published #1:\n- Fake, ann: https://fake.example/remote-1"
    await desk.handlers["strayed"](f"{here}:1:1")
    await talk.run()
    assert len(talk.native.at("dm-ann")) == 1


async def test_what_is_about_a_post_is_told_to_its_author(talk: TalkingDesk) -> None:
    desk, here = talk.desk, await room(talk)
    sam = await desk.base.member(Role.EDITOR, "Sam")
    post = await desk.services.posts.draft(replace(sam, zone="UTC"), [Wording(("Tea",))], conversation_id=here)
    await desk.transcript.add(here, Line("#1 was refused.", f"post:{post.id}"))
    await desk.transcript.add(here, Line("Good evening."))
    talk.native.faults["send"].append(NotFound("That room is gone."))
    await talk.run()
    assert await page(talk, sam.member_id) == [f"{OPENING}- #1 was refused."]
    assert [one.message.text for one in talk.native.at("dm-ann")] == [f"{OPENING}- Good evening."]


async def test_who_shut_the_desk_out_reads_it_on_the_desks_page(talk: TalkingDesk) -> None:
    desk = talk.desk
    private = await talk.talking.whereabouts.private(desk.actor.member_id)
    for number in range(MOST_REPEATED + 2):
        await desk.transcript.add(private.conversation_id, Line(f"Line {number}"))
    talk.native.faults["send"].append(NotFound("They blocked me."))
    await talk.run()
    [told] = await page(talk, desk.actor.member_id)
    lines = told.splitlines()
    assert (len(lines), lines[1], lines[-1]) == (MOST_REPEATED + 2, "- Line 0", "- and 2 more")


async def test_news_that_a_room_takes_in_no_form_is_told_in_private(talk: TalkingDesk) -> None:
    desk, here = talk.desk, await room(talk)
    post = await desk.services.posts.draft(desk.actor, [Wording(("Tea",))], conversation_id=here)
    talk.native.faults["send"].extend([REFUSED, REFUSED])
    await desk.press("post_now", post.id, 1)
    [told] = [one.message.text for one in talk.native.at("dm-ann")]
    assert told == f"{OPENING}- Published #1:\n- Fake, ann: https://fake.example/remote-1"


async def test_who_refuses_it_in_private_too_reads_it_on_the_desks_page_and_there_it_ends(talk: TalkingDesk) -> None:
    desk, here = talk.desk, await room(talk)
    await desk.transcript.add(here, Line("#1 may be out."))
    talk.native.faults["send"].extend([REFUSED] * 4)
    await talk.run()
    assert await page(talk, desk.actor.member_id) == [f"{OPENING}- {OPENING}- #1 may be out."]
    assert (talk.native.at("room"), talk.native.at("dm-ann")) == ([], [])
    await talk.run()
    assert len([one for one in await desk.base.rows(Job) if one.kind == "strayed"]) == 2


async def test_a_redraw_that_is_refused_is_no_news(talk: TalkingDesk) -> None:
    desk, here = talk.desk, await room(talk)
    message = await desk.transcript.add(here, Line("one"))
    await talk.run()
    talk.native.faults["edit"].extend([REFUSED, REFUSED])
    await desk.transcript.change(message, Line("one, mended"))
    await talk.run()
    assert [one.kind for one in await desk.base.rows(Job) if one.kind == "strayed"] == []
    assert talk.native.heads("room") == ["one"]
