"""A restored copy tells its owner what it is, on our page and where they read alone, and goes on by one button."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet

from bot.chat import Card
from bot.copy_card import ONLY_ONE
from bot.copy_news import CHATS_TAKE, CopyNews
from content.copies import SUBJECT, Copy, settle
from content.models import Role
from content.people import Actor
from content.sealing import Sealer
from tests.bot.conftest import Talks
from tests.fakes.chat import FakeChat
from tests.fakes.native import TalkingDesk

RELEASE = "release_all:workspace:0"


@pytest.fixture
async def talk(talks: Talks) -> TalkingDesk:
    """A desk with a post that came due, copied an hour ago and restored now."""
    talk = await talks()
    desk = talk.desk
    desk.chats["web"] = FakeChat(desk.transcript, "web")
    desk.handlers["restored"] = CopyNews(
        desk.services, desk.base.people, desk.transcript, desk.drawing, talk.telling
    ).restored
    await desk.base.planned("Rye or walnut?", hours=0.5)
    made_at = desk.clock.now()
    desk.clock.move(timedelta(hours=1))
    async with desk.db.writing() as session:
        await settle(session, desk.clock, Copy(made_at, desk.base.sealer))
    return talk


def page(talk: TalkingDesk) -> FakeChat:
    chat = talk.desk.chats["web"]
    assert isinstance(chat, FakeChat)
    return chat


async def card(talk: TalkingDesk, actor: Actor | None = None) -> Card:
    drawn = await talk.desk.drawing.draw(SUBJECT, actor or talk.desk.actor)
    assert drawn is not None
    return drawn


async def test_the_owner_is_told_on_the_page_and_in_private_once_each(talk: TalkingDesk) -> None:
    await talk.run()
    talk.desk.clock.move(CHATS_TAKE)
    await talk.run()
    words = (
        "This is a copy from Mon 23 Nov 09:00 Europe/Berlin (1 h ago). Everything is held until you let it go; "
        "what came due since is listed."
    )
    assert page(talk).texts == [words]
    [there] = [one for one in talk.native.at("dm-ann") if one.message.card and one.message.card.subject == SUBJECT]
    assert there.message.text == words


async def test_a_chat_that_is_connected_after_the_page_is_told_there_too(talk: TalkingDesk) -> None:
    native = talk.talking.natives.pop(talk.native.name)
    await talk.run()
    assert len(page(talk).texts) == 1
    assert talk.native.at("dm-ann") == []
    talk.talking.natives[native.name] = native
    talk.desk.clock.move(CHATS_TAKE)
    await talk.run()
    assert len(page(talk).texts) == 1
    assert len(talk.native.at("dm-ann")) >= 1


async def test_who_is_in_no_chat_is_told_on_the_page_alone_and_it_comes_to_an_end(talk: TalkingDesk) -> None:
    talk.talking.natives.clear()
    await talk.run()
    talk.desk.clock.move(2 * CHATS_TAKE)
    await talk.run()
    assert len(page(talk).texts) == 1


async def test_a_copy_that_was_let_go_before_anybody_was_told_tells_nothing(talk: TalkingDesk) -> None:
    await talk.desk.services.guards.switch.release(talk.desk.actor)
    await talk.run()
    assert page(talk).texts == []


async def test_the_card_lists_what_came_due_and_lets_go_by_the_button_that_is_there_for_that(talk: TalkingDesk) -> None:
    await talk.run()
    shown = await card(talk)
    assert shown.status.endswith("Everything is held until you let it go.")
    assert shown.notes == ("It was restored now.", ONLY_ONE)
    [group] = shown.groups
    assert group.heading == "Came due since; nothing was sent from here"
    [row] = group.rows
    assert (row.title, row.detail) == ("#1 Rye or walnut?", "Fake: waits for your word")
    assert [one.key for one in shown.buttons] == [RELEASE]
    answer = await talk.presses(RELEASE)
    assert answer.text == "Posts go out at their times again. None is due now."
    [there] = [one for one in talk.native.at("dm-ann") if one.message.card and one.message.card.subject == SUBJECT]
    assert there.message.card is not None
    assert there.message.card.status.endswith("It was let go: what is late asks first.")
    assert there.message.card.buttons == ()
    assert there.message.card.notes == ("It was restored now.",)


async def test_a_long_list_says_how_many_more_there_are_and_lost_logins_are_named(talk: TalkingDesk) -> None:
    desk = talk.desk
    for number in range(21):
        await desk.base.planned(f"Number {number}", hours=0.25)
    desk.clock.move(timedelta(hours=1))
    async with desk.db.writing() as session:
        await settle(session, desk.clock, Copy(desk.clock.now(), Sealer([Fernet.generate_key()])))
    due, logins = (await card(talk)).groups
    assert len(due.rows) == 21
    assert (due.rows[-1].title, due.rows[-1].detail) == ("2 more", "see the calendar")
    assert [(one.title, one.detail) for one in logins.rows] == [
        ("Fake ann", "its login was sealed with another key, or is lost")
    ]


async def test_only_those_who_may_let_it_go_see_the_button_and_no_guest_sees_the_card(talk: TalkingDesk) -> None:
    assert (await card(talk, await talk.desk.base.member(Role.EDITOR))).buttons == ()
    assert await talk.desk.drawing.draw(SUBJECT, await talk.desk.base.member(Role.GUEST)) is None


async def test_a_desk_that_is_no_copy_has_no_such_card(talks: Talks) -> None:
    talk = await talks()
    assert await talk.desk.drawing.draw(SUBJECT, talk.desk.actor) is None
