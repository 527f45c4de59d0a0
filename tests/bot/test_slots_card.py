"""The posting slots: shown to everybody, changed with buttons by those who may."""

import pytest

from agent.prompt import as_text
from bot.chat import Button, Card
from content.models import Role
from content.people import Actor
from tests.fakes.agent_desk import AgentDesk, Opens


@pytest.fixture
async def desk(opens: Opens) -> AgentDesk:
    return await opens()


async def card_of(desk: AgentDesk, actor: Actor | None = None) -> Card:
    card = await desk.drawing.draw("slots:all", actor or desk.actor)
    assert card is not None
    return card


def button(card: Card, verb: str) -> Button:
    return next(one for one in card.buttons if one.verb == verb)


async def test_slots_are_added_shown_filled_and_taken_away(desk: AgentDesk) -> None:
    card = await card_of(desk)
    assert card.status.startswith("No slots yet")
    assert [one.verb for one in card.buttons] == ["add_slot"]
    [account] = button(card, "add_slot").form[0].options
    added = await desk.push(button(card, "add_slot"), account=account[0], when="Tue and Thu 9:00")
    assert added.text.startswith("Slots added: every Tuesday and Thursday at 09:00 Europe/Berlin")
    await desk.base.draft("Tea time")
    planned = await desk.push(button(await desk.card(), "schedule"), when="next free slot")
    assert planned.text.startswith("#1 is planned for Tue 24 Nov 09:00 Europe/Berlin")
    card = await card_of(desk)
    [group] = card.groups
    assert [(row.title, row.detail) for row in group.rows] == [
        ("every Tuesday and Thursday at 09:00 Europe/Berlin", ""),
        (
            "1 post waits; nothing after Tue 24 Nov 09:00 Europe/Berlin (in 24 h)",
            "next free slot: Thu 26 Nov 09:00 Europe/Berlin (in 3 days)",
        ),
    ]
    gone = button(card, "remove_slot")
    assert [words for _, words in gone.form[0].options] == [
        "Fake ann: Tuesday 09:00 Europe/Berlin",
        "Fake ann: Thursday 09:00 Europe/Berlin",
    ]
    taken = await desk.push(gone, slot=gone.form[0].options[0][0])
    assert taken.text == "Taken away: Tuesday 09:00 Europe/Berlin. Posts in it keep their times."
    assert (await desk.push(gone, slot=gone.form[0].options[0][0])).tone == "bad"


async def test_who_may_not_manage_sees_them_without_buttons(desk: AgentDesk) -> None:
    assert (await card_of(desk, await desk.base.member(Role.EDITOR))).buttons == ()


async def test_without_an_account_the_card_says_what_to_do(opens: Opens) -> None:
    desk = await opens(platforms=[])
    card = await card_of(desk)
    assert ("/connect" in card.status, card.buttons) == (True, ())


async def test_the_model_is_told_the_slots_and_the_queue_is_words_to_it(desk: AgentDesk) -> None:
    [account] = await desk.services.accounts.connected(desk.actor.workspace_id)
    await desk.services.slots.add(desk.actor, account.id, "Tue 9:00")
    briefing = await desk.briefer.brief(desk.actor, "hello")
    assert [one.slots for one in briefing.accounts] == ["every Tuesday at 09:00 Europe/Berlin"]
    assert "- Fake ann: 100 characters; posting slots: every Tuesday at 09:00 Europe/Berlin" in as_text(briefing)
