"""The desk in Slack, from what somebody writes or presses to what stands there."""

import asyncio
import json

import pytest

from bot.hearing import FIRST_WORDS
from content.models import Arrival, PostState, Role
from content.transcript import Line
from tests.bot.slack.conftest import OpensSlack
from tests.bot.slack.desk import ANN, BO, SlackDesk
from tests.fakes.model import ScriptedModel, calling
from tests.servers.slack import BOT, TEAM, Message, direct, signed

DM = direct(ANN)


def drafting(text: str = "Cats are back.") -> ScriptedModel:
    return ScriptedModel([calling("draft_post", brief="cats", variants=[{"parts": [text]}]), "Here it is."])


async def opened(there: SlackDesk) -> None:
    """A dialog opens beside the acknowledgement."""
    async with asyncio.timeout(10):
        while not there.server.views:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def a_card(there: SlackDesk, channel: str = "C1") -> Message:
    """A post's card stands in a channel's thread."""
    post = await there.desk.base.draft("Cats are back.")
    address = f"{TEAM}/{channel}/100.0"
    place = await there.talk.talking.whereabouts.place(there.desk.actor, "slack", address, False)
    await there.desk.transcript.add(place.conversation_id, Line("", f"post:{post.id}"))
    await there.run()
    return there.server.in_channel(channel)[-1]


async def test_every_private_message_is_a_thread_of_its_own(there: SlackDesk) -> None:
    first, second = await there.says("Hello"), await there.says("Something else")
    assert [one.words for one in there.server.in_thread(DM, first)] == ["ok"]
    assert [one.words for one in there.server.in_thread(DM, second)] == ["ok"]
    await there.says("and more", thread=first)
    assert len(there.server.in_thread(DM, first)) == 2


async def test_a_mention_comes_as_two_events_and_is_answered_once_in_its_thread(there: SlackDesk) -> None:
    ts = await there.says(f"<@{BOT}> draft something", channel="C1")
    assert [one.words for one in there.server.in_thread("C1", ts)] == ["ok"]
    assert len(await there.desk.base.rows(Arrival)) == 1
    assert there.desk.script.asked[0][-1].text.startswith("draft something")


async def test_in_a_thread_it_takes_part_in_no_mention_is_needed_elsewhere_it_is(there: SlackDesk) -> None:
    ts = await there.says(f"<@{BOT}> draft something", channel="C1")
    await there.says("shorter", channel="C1", thread=ts)
    assert len(there.server.in_thread("C1", ts)) == 2
    await there.says("lunch?", channel="C1")
    other = await there.says("lunch!", channel="C1", thread="55.0")
    assert there.server.in_thread("C1", "55.0") == []
    assert other


async def test_a_draft_comes_with_its_card_and_buttons_and_is_approved_there(in_slack: OpensSlack) -> None:
    there = await in_slack(drafting())
    ts = await there.says("Draft a post about cats")
    card = next(one for one in there.server.in_thread(DM, ts) if "Approve" in one.buttons())
    assert "Cats are back." in card.words
    done = await there.presses(ANN, card, "Approve")
    assert (done.status, card.edits) == (200, 1)
    post = await there.desk.services.posts.numbered(there.desk.actor.workspace_id, 0)
    assert post.state is PostState.APPROVED
    assert "Approve" not in card.buttons()
    [note] = there.server.notes(ANN)
    assert note


async def test_a_stranger_is_told_once_by_a_note_that_others_do_not_see(there: SlackDesk) -> None:
    for _ in range(2):
        await there.says(f"<@{BOT}> hello", BO, "C1")
    [note] = there.server.notes(BO)
    assert "I do not know you yet" in note
    assert there.server.in_channel("C1") == []


async def test_a_member_without_the_right_is_refused_by_a_note(there: SlackDesk) -> None:
    await there.link(await there.desk.base.member(Role.VIEWER, "Bo"), BO)
    card = await a_card(there)
    await there.presses(BO, card, "Approve")
    [note] = there.server.notes(BO)
    assert "role" in note
    assert "Approve" in card.buttons()


async def test_a_form_opens_at_once_and_is_filled_when_the_press_was_read(there: SlackDesk) -> None:
    card = await a_card(there)
    await there.server.press(ANN, card, "Edit")
    await opened(there)
    [view] = there.server.views.values()
    assert "One moment" in json.dumps(view.view)
    await there.run()
    assert "Cats are back." in json.dumps(view.view)


async def test_an_edit_by_form_changes_the_post_and_its_card(there: SlackDesk) -> None:
    card = await a_card(there)
    await there.presses(ANN, card, "Edit")
    [view] = there.server.views.values()
    [name] = [block["block_id"].split(":", 2)[2] for block in view.view["blocks"] if block["type"] == "input"][:1]
    done = await there.meanwhile(there.server.submit(ANN, view, **{name: "Dogs are back."}))
    assert done.body == {"response_action": "clear"}
    assert "Dogs are back." in card.words


async def test_what_is_wrong_with_a_form_is_said_in_it(there: SlackDesk) -> None:
    card = await a_card(there)
    label = next(one for one in card.buttons() if one in ("Schedule", "Plan", "Set a time", "Schedule…", "Move"))
    await there.presses(ANN, card, label)
    [view] = there.server.views.values()
    [name] = [block["block_id"].split(":", 2)[2] for block in view.view["blocks"] if block["type"] == "input"][:1]
    done = await there.meanwhile(there.server.submit(ANN, view, **{name: "when pigs fly"}))
    assert done.body["response_action"] == "errors"
    [words] = done.body["errors"].values()
    assert words


async def test_a_trigger_that_is_too_old_opens_nothing_and_the_person_is_told(there: SlackDesk) -> None:
    card = await a_card(there)
    await there.presses(ANN, card, "Edit", trigger="used.before")
    assert there.server.views == {}
    [note] = there.server.notes(ANN)
    assert "Press the button again" in note


async def test_turn_into_a_post_opens_a_dialog_with_the_message_and_drafts_it(in_slack: OpensSlack) -> None:
    there = await in_slack(drafting())
    await there.server.shortcut(ANN, "Our oven is <https://a.example|here>")
    await opened(there)
    [view] = there.server.views.values()
    assert "Our oven is here (https://a.example)" in json.dumps(view.view)
    done = await there.server.submit(ANN, view)
    assert done.body == {"response_action": "clear"}
    await there.run()
    assert any("Approve" in one.buttons() for one in there.server.in_channel(DM))


async def test_the_command_knows_commands_and_plain_words(there: SlackDesk) -> None:
    done = await there.server.command(ANN, "calendar")
    assert "Messages" in done.body["text"]
    await there.run()
    await there.server.command(ANN, "hello you", DM)
    await there.run()
    said = [one.words for one in there.server.in_channel(DM)]
    assert len(said) == 2
    assert said[1] == "ok"


async def test_the_home_page_and_the_first_words(there: SlackDesk) -> None:
    await there.server.event({"type": "app_home_opened", "user": ANN, "channel": DM, "tab": "home"})
    await there.server.event({"type": "app_home_opened", "user": ANN, "channel": DM, "tab": "messages"})
    await there.run()
    assert "Accounts" in json.dumps(there.server.homes[ANN])
    assert [one["title"] for one in there.server.prompts[DM]] == [one.label for one in FIRST_WORDS]
    for one in there.server.prompts[DM]:  # Slack sends it as if it had been typed
        await there.says(one["message"])


async def test_a_button_on_the_home_page_opens_its_form(there: SlackDesk) -> None:
    await there.server.event({"type": "app_home_opened", "user": ANN, "channel": DM, "tab": "home"})
    await there.run()
    blocks = there.server.homes[ANN]["blocks"]
    buttons = [one for block in blocks if block["type"] == "actions" for one in block["elements"]]
    button = next(one for one in buttons if one["action_id"].startswith("form:"))
    await there.server.act(ANN, button, {"type": "view", "view_id": "VHOME"})
    await there.run()
    [view] = there.server.views.values()
    assert any(block["type"] == "input" for block in view.view["blocks"])


async def test_it_introduces_itself_where_it_is_invited(there: SlackDesk) -> None:
    await there.server.event({"type": "member_joined_channel", "user": BOT, "channel": "C7", "inviter": ANN})
    await there.server.event({"type": "member_joined_channel", "user": BO, "channel": "C7"})
    await there.run()
    [intro] = there.server.in_channel("C7")
    assert "nothing goes out before one of you approves it" in intro.words


async def test_a_word_links_a_person_of_slack(there: SlackDesk) -> None:
    word = await there.talk.talking.identities.invite(there.desk.actor, role=Role.APPROVER, name="Bo")
    await there.says(f"link {word}", BO)
    question = there.server.in_channel(direct(BO))[-1]
    assert "This Slack account (Bo) would belong" in question.words
    await there.presses(BO, question, "Yes, that is me")
    known = await there.talk.talking.identities.who("slack", f"{TEAM}:{BO}")
    assert known is not None
    assert known.role is Role.APPROVER
    assert "I know you here now" in question.words


async def test_where_slack_tells_no_name_the_id_will_do(there: SlackDesk) -> None:
    there.server.refuse["users.info"].append("missing_scope")
    word = await there.talk.talking.identities.invite(there.desk.actor, role=Role.APPROVER)
    await there.says(f"link {word}", BO)
    assert f"This Slack account ({BO}) would belong" in there.server.in_channel(direct(BO))[-1].words


async def test_a_wrong_signature_changes_nothing(there: SlackDesk) -> None:
    body = {"type": "event_callback", "event_id": "Ev1", "team_id": TEAM, "event": {"type": "app_uninstalled"}}
    done = await there.server.deliver(body, "events_api", secret="guessed")
    assert done.status == 401
    assert await there.desk.base.rows(Arrival) == []


async def test_slacks_check_of_our_address_is_answered(there: SlackDesk) -> None:
    done = await there.server.deliver({"type": "url_verification", "challenge": "abc"}, "events_api")
    assert (done.status, "abc" in json.dumps(done.body)) == (200, True)


async def test_what_cannot_be_kept_is_not_acknowledged_and_comes_again(there: SlackDesk) -> None:
    async with there.desk.db.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE arrival RENAME TO gone")
    body = {"type": "event_callback", "event_id": "Ev1", "team_id": TEAM, "event": {"type": "app_uninstalled"}}
    assert (await there.server.deliver(body, "events_api")).status == 503
    async with there.desk.db.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE gone RENAME TO arrival")
    assert (await there.server.deliver(body, "events_api")).status == 200


async def test_fifty_deliveries_of_one_event_are_one_turn(there: SlackDesk) -> None:
    event = {"type": "message", "channel": DM, "channel_type": "im", "user": ANN, "text": "Hello", "ts": "77.000001"}
    done = await asyncio.gather(*(there.server.event(event, "EvSame") for _ in range(50)))
    assert {one.status for one in done} == {200}
    await there.run()
    assert [one.words for one in there.server.in_thread(DM, "77.000001")] == ["ok"]


async def test_over_a_socket_everything_is_the_same_and_it_comes_back(in_slack: OpensSlack) -> None:
    there = await in_slack(socket=True)
    async with asyncio.timeout(10):
        while not there.server.sockets:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        ts = await there.says("Hello")
        assert [one.words for one in there.server.in_thread(DM, ts)] == ["ok"]
        await there.server.drop_sockets()
        first = there.server.sockets[0]
        while not [one for one in there.server.sockets if one is not first]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        ts = await there.says("Hello again")
    assert [one.words for one in there.server.in_thread(DM, ts)] == ["ok"]


@pytest.mark.parametrize("kind", ["events_api", "interactive"])
def test_a_delivery_is_signed(kind: str) -> None:
    headers, raw = signed({"type": "x"}, kind)
    assert headers["x-slack-signature"].startswith("v0=")
    assert raw
