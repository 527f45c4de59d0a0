"""Connecting an account from a chat: the way in for one person alone, and the message that held it says what came of it."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.chat import Card
from bot.login_news import LoginNews
from content.accounts import AccountView
from content.consent_views import Departure
from content.models import Account, Role
from tests.bot.conftest import Talks
from tests.fakes.native import TalkingDesk
from tests.fakes.platform import FakePlatform

CONNECT = "connect:fake:0"
GOOD = {"code": "good"}


@pytest.fixture
async def talk(talks: Talks) -> TalkingDesk:
    opened = await talks()
    platform(opened).elsewhere = True
    return opened


def platform(talk: TalkingDesk) -> FakePlatform:
    found = talk.desk.base.platforms["fake"]
    assert isinstance(found, FakePlatform)
    return found


def shown(talk: TalkingDesk, address: str) -> Card:
    """The newest card there."""
    cards = [one.message.card for one in talk.native.at(address) if one.message.card]
    return cards[-1]


def ticket(url: str) -> str:
    assert "//desk.example/connect/go/" in url
    return url.rpartition("/")[2]


async def walk(talk: TalkingDesk, url: str, answer: dict[str, str]) -> Departure:
    """A person opens the address, goes through the platform's page and comes back with this."""
    consents = talk.desk.services.consents
    departure = await consents.set_out(ticket(url))
    await consents.come_back(departure.attempt_id, departure.browser, answer)
    await talk.run()
    return departure


async def test_in_private_the_message_holds_the_way_in_and_then_the_result(talk: TalkingDesk) -> None:
    answer = await talk.presses(CONNECT, form={"user": "bob"})
    assert (answer.go_to, answer.tone) == ("", "asking")
    card = shown(talk, "dm-ann")
    assert card.status.startswith("Opens Fake's own page, until ")
    assert card.notes == ("You allow the desk to post for you and see who you are.",)
    way = next(one for one in card.buttons if one.verb == "go")
    assert (way.label, way.style) == ("Open Fake", "primary")
    departure = await walk(talk, way.url, GOOD)
    assert shown(talk, "dm-ann").status.startswith("Fake let you in")
    await talk.desk.services.consents.choose(departure.attempt_id, departure.browser, ["id-bob"])
    await talk.run()
    done = shown(talk, "dm-ann")
    assert (done.tone, done.status, done.buttons) == ("good", "Connected: Fake bob.", ())
    assert len([one for one in talk.native.at("dm-ann") if one.message.card]) == 1


async def test_a_denied_consent_leads_back_to_the_chat_with_another_try(talk: TalkingDesk) -> None:
    await talk.presses(CONNECT, form={"user": "bob"})
    way = next(one for one in shown(talk, "dm-ann").buttons if one.verb == "go")
    await walk(talk, way.url, {"error": "access_denied"})
    card = shown(talk, "dm-ann")
    assert (card.tone, card.status) == ("bad", "It did not let you in. Try again.")
    [again] = card.buttons
    assert (again.label, again.key) == ("Try again", CONNECT)
    assert [field.name for field in again.form] == ["user", "note"]


async def test_in_a_room_only_who_pressed_gets_the_way_in(talk: TalkingDesk) -> None:
    ref = await card_of_accounts(talk)
    answer = await talk.presses(CONNECT, ref, private=False, form={"user": "bob"})
    card = shown(talk, "room")
    assert [one.verb for one in card.buttons] == ["leave_connect"]
    assert card.notes[1] == "Only ann has the way in: I told it to nobody else."
    standing = [f"{one.message!r}" for one in talk.native.at("room")]
    assert not [one for one in standing if ticket(answer.go_to) in one]
    await walk(talk, answer.go_to, GOOD)
    assert shown(talk, "room").status.startswith("Fake let you in")


async def test_a_way_in_that_was_asked_for_question_by_question_is_told_to_one_alone(talk: TalkingDesk) -> None:
    card_ref = await card_of_accounts(talk)
    await talk.presses(CONNECT, card_ref, private=False)
    assert talk.native.questions
    await talk.says("bob", address="room", private=False, reply_ref="room#question1")
    await talk.says("/skip", address="room", private=False, reply_ref="room#question2")
    [(address, who, words)] = talk.native.notes[-1:]
    assert (address, who) == ("room", "ann")
    assert "/connect/go/" in words
    assert not [one for one in talk.native.at("room") if "/connect/go/" in f"{one.message!r}"]


async def card_of_accounts(talk: TalkingDesk) -> str:
    await talk.says("/connect", address="room", private=False)
    return next(ref for ref, one in reversed(talk.native.messages.items()) if one.message.card)


async def test_it_can_be_left_and_ends_by_itself(talk: TalkingDesk) -> None:
    await talk.presses(CONNECT, form={"user": "bob"})
    leave = next(one for one in shown(talk, "dm-ann").buttons if one.verb == "leave_connect")
    assert (await talk.presses(leave.key)).text == "Left as it was: nothing was connected to Fake."
    assert shown(talk, "dm-ann").tone == "plain"
    await talk.presses(CONNECT, form={"user": "bob"})
    talk.desk.clock.move(timedelta(minutes=11))
    await talk.run()
    assert shown(talk, "dm-ann").status == "Nobody came back within ten minutes, so nothing was connected."


async def test_who_may_not_connect_sees_no_buttons(talk: TalkingDesk) -> None:
    await talk.presses(CONNECT, form={"user": "bob"})
    viewer = await talk.desk.base.member(Role.VIEWER)
    card = await talk.desk.drawing.draw(shown(talk, "dm-ann").subject, viewer)
    assert card is not None
    assert card.buttons == ()
    assert await talk.desk.drawing.draw("connect:connect_0", viewer) is None


async def test_a_platform_without_a_form_is_reconnected_by_one_press(talk: TalkingDesk) -> None:
    platform(talk).asks_nothing = True
    [account] = await talk.desk.services.accounts.connected(talk.desk.actor.workspace_id)
    await talk.presses(f"reconnect:{account.id}:0")
    assert shown(talk, "dm-ann").title == "Connect Fake"
    assert (await talk.presses("reconnect:account_0:0")).tone == "bad"


async def ending(talk: TalkingDesk, *users: str) -> list[AccountView]:
    """Accounts whose logins end in 60 days."""
    desk = talk.desk
    platform(talk).elsewhere, platform(talk).ends = False, timedelta(days=60)
    news = LoginNews(desk.services.accounts, desk.base.people, desk.drawing, talk.telling)
    desk.handlers["ending"] = news.ending
    return [await desk.base.connect("fake", user) for user in users]


async def test_the_end_of_a_login_is_told_to_who_connected_it(talk: TalkingDesk) -> None:
    desk = talk.desk
    await ending(talk, "ann")
    for days, words in ((46, "in 14 days"), (7, "in 7 days"), (6, "tomorrow"), (1, "has ended")):
        desk.clock.move(timedelta(days=days))
        await talk.run()
        heads = talk.native.heads("dm-ann")
        assert words in heads[-1], heads
    assert len(talk.native.heads("dm-ann")) == 4


async def test_the_end_of_a_login_is_told_once_for_all_that_came_with_it(talk: TalkingDesk) -> None:
    views = await ending(talk, "ann", "page")
    async with talk.desk.base.db.writing() as session:
        await session.execute(
            update(Account).where(Account.id.in_([one.id for one in views])).values(login_id="login_1")
        )
    for days in (46, 7, 6, 1):
        talk.desk.clock.move(timedelta(days=days))
        await talk.run()
        told = talk.native.heads("dm-ann")[-1]
        assert "Fake ann and Fake page" in told
    assert len(talk.native.heads("dm-ann")) == 4


async def test_an_end_that_came_near_while_the_desk_was_down_is_told_when_it_is_back(talk: TalkingDesk) -> None:
    await ending(talk, "ann")
    talk.desk.clock.move(timedelta(days=54))
    await talk.run()
    [told] = talk.native.heads("dm-ann")
    assert "in 6 days" in told
    talk.desk.clock.move(timedelta(days=5))
    await talk.run()
    assert "tomorrow" in talk.native.heads("dm-ann")[-1]
    assert len(talk.native.heads("dm-ann")) == 2
