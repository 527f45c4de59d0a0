"""Where a member reads alone: the chat they were seen in last, else the desk's own page."""

from datetime import timedelta

import pytest

from bot.webchat.chat import NAME
from content.errors import NotFound
from content.models import Role
from tests.bot.conftest import Talks
from tests.fakes.native import FakeNative, TalkingDesk


@pytest.fixture
async def talk(talks: Talks) -> TalkingDesk:
    return await talks(None, FakeNative("one"), FakeNative("two"))


async def test_it_is_where_they_were_seen_last(talk: TalkingDesk) -> None:
    for name in ("one", "two"):
        talk.desk.clock.set(talk.desk.clock.now() + timedelta(minutes=2))
        await talk.says("Hello", chat=name)
        place = await talk.talking.whereabouts.private(talk.desk.actor.member_id)
        assert (place.chat, place.address) == (name, "dm-ann")


async def test_a_closed_chat_is_passed_over(talk: TalkingDesk) -> None:
    for native in talk.natives.values():
        native.faults["private"].append(NotFound("They blocked me."))
    place = await talk.talking.whereabouts.private(talk.desk.actor.member_id)
    assert (place.chat, place.address) == (NAME, talk.desk.actor.member_id)


async def test_who_is_in_no_chat_reads_on_the_desks_page(talk: TalkingDesk) -> None:
    jo = await talk.desk.base.member(Role.APPROVER, "Jo")
    await talk.link(jo, "jo", "gone")
    place = await talk.talking.whereabouts.private(jo.member_id)
    assert (place.chat, place.address) == (NAME, jo.member_id)
