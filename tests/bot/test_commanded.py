"""Commands, and accounts connected in the chat."""

from bot.chat import OutMessage
from tests.fakes.agent_desk import Opens
from tests.fakes.model import ScriptedModel


async def test_a_command_shows_its_card_without_asking_the_model(opens: Opens) -> None:
    desk = await opens(ScriptedModel())
    await desk.say("/connect")
    await desk.jobs.run_all()
    assert [card.title for card in desk.chat.cards] == ["Accounts"]
    assert desk.script.asked == []
    card = await desk.drawing.draw("accounts:all", desk.actor)
    assert card is not None
    assert [button.label for button in card.buttons] == ["Connect Fake"]
    assert [row.title for row in card.groups[0].rows] == ["Fake ann"]


async def test_an_unknown_command_says_what_there_is(opens: Opens) -> None:
    desk = await opens(ScriptedModel())
    assert "/calendar" in await desk.talk("/nonsense")
    assert "/calendar" in await desk.talk("/help")
    assert desk.script.asked == []


async def test_an_account_is_connected_by_the_form_of_its_card(opens: Opens) -> None:
    desk = await opens(ScriptedModel())
    answer = await desk.press("connect", "fake", 0, user="bea")
    assert answer.text == "Connected: Fake bea. What is drafted from now on fits it too."
    refused = await desk.press("connect", "fake", 0)
    assert (refused.tone, "fill in" in refused.text) == ("bad", True)


async def test_a_turn_whose_answer_stands_is_not_thought_again(opens: Opens) -> None:
    desk = await opens(ScriptedModel(["Hello!"]))
    await desk.say("hello")
    event = (await desk.transcript.unhandled(desk.place.conversation_id))[0].id
    await desk.chat.post(desk.place, OutMessage("Hello!"), key=f"{event}:end")
    await desk.jobs.run_all()
    assert desk.script.asked == []
    assert await desk.transcript.unhandled(desk.place.conversation_id) == []
