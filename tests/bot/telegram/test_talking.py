"""The desk on Telegram, from what somebody writes or presses to what stands there."""

import asyncio
import json
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image

from bot.telegram.keyboard import opening, pressed
from bot.telegram.reading import arriving
from content.models import Arrival, PostState, Role
from content.models import Message as Row
from content.transcript import Line
from content.wording import Wording
from tests.bot.telegram.conftest import OpensTelegram
from tests.bot.telegram.desk import ANN, BO, TelegramDesk
from tests.fakes.films import film
from tests.fakes.model import ScriptedModel, calling
from tests.servers.bot_api import MISSING, WHERE
from tests.servers.telegram import BOT_ID, USERNAME, No, Said

GROUP = -100


def drafting(text: str = "Cats are back.") -> ScriptedModel:
    return ScriptedModel([calling("draft_post", brief="cats", variants=[{"parts": [text]}]), "Here it is."])


def png(colour: str = "red") -> bytes:
    out = BytesIO()
    Image.new("RGB", (3, 2), colour).save(out, "PNG")
    return out.getvalue()


async def a_card(there: TelegramDesk, chat: int = ANN) -> Said:
    """A post's card stands there."""
    post = await there.desk.base.draft("Cats are back.")
    place = await there.talk.talking.whereabouts.place(there.desk.actor, "telegram", str(chat), chat > 0)
    await there.desk.transcript.add(place.conversation_id, Line("", f"post:{post.id}"))
    await there.run()
    return there.server.newest(chat, "Approve")


@pytest.mark.skipif(not WHERE.exists(), reason=MISSING)
async def test_every_request_here_is_held_to_the_published_bot_api(there: TelegramDesk) -> None:
    assert there.server.held_to_the_published_api


@pytest.mark.parametrize("webhook", [True, False])
async def test_a_message_is_answered_in_its_chat(on_telegram: OpensTelegram, webhook: bool) -> None:
    there = await on_telegram(webhook=webhook)
    await there.says("Hello")
    await there.says("And again")
    assert [one.text for one in there.server.at(ANN)] == ["ok", "ok"]


async def test_the_menu_of_commands_is_set_for_private_chats_groups_and_admins(there: TelegramDesk) -> None:
    menus = {scope: {one["command"] for one in found} for scope, found in there.server.commands.items()}
    assert menus.keys() == {"all_private_chats", "all_group_chats", "all_chat_administrators"}
    assert {"link", "calendar", "stop"} <= menus["all_private_chats"]
    assert "link" not in menus["all_group_chats"]


async def test_a_draft_comes_with_its_card_and_is_approved_by_a_press(on_telegram: OpensTelegram) -> None:
    there = await on_telegram(drafting())
    await there.says("Draft a post about cats")
    card = there.server.newest(ANN, "Approve")
    assert "Cats are back." in card.text
    told = await there.presses(ANN, card, "Approve")
    post = await there.desk.services.posts.numbered(there.desk.actor.workspace_id, 0)
    assert post.state is PostState.APPROVED
    assert told
    assert "Approve" not in card.buttons()
    assert card.edits == 1


async def test_in_a_group_it_hears_mentions_replies_and_commands(there: TelegramDesk) -> None:
    there.server.group(GROUP)
    await there.says("lunch?", chat=GROUP)
    assert there.server.at(GROUP) == []
    await there.says(f"@{USERNAME} draft something", chat=GROUP)
    assert there.desk.script.asked[-1][-1].text.startswith("draft something")
    await there.says("/help@copydesk_bot", chat=GROUP)
    await there.says("/help@other_bot", chat=GROUP)
    answers = there.server.at(GROUP)
    assert len(answers) == 2
    await there.says("shorter", chat=GROUP, answers=answers[0])
    assert len(there.server.at(GROUP)) == 3


async def test_a_topic_of_a_group_is_a_conversation_of_its_own(there: TelegramDesk) -> None:
    there.server.group(GROUP)
    await there.says(f"@{USERNAME} hello", chat=GROUP, topic=44)
    await there.says(f"@{USERNAME} hello", chat=GROUP, topic=1)
    assert [one.text for one in there.server.at(GROUP, 44)] == ["ok"]
    assert [one.text for one in there.server.at(GROUP)] == ["ok"]


async def test_a_topic_that_was_deleted_is_answered_in_the_group(there: TelegramDesk) -> None:
    there.server.group(GROUP)
    there.server.refuse["sendMessage"].append(No(400, "Bad Request: message thread not found"))
    await there.says(f"@{USERNAME} hello", chat=GROUP, topic=44)
    assert [one.text for one in there.server.at(GROUP)] == ["ok"]


async def test_a_group_that_became_a_supergroup_is_still_reached(there: TelegramDesk) -> None:
    there.server.group(GROUP)
    there.server.group(-200)
    await there.server.say(ANN, f"@{USERNAME} hello", GROUP)
    there.server.rooms[GROUP].moved_to = -200
    await there.arrived()
    assert [one.text for one in there.server.at(-200)] == ["ok"]


async def test_editing_asks_by_a_forced_reply_and_takes_the_answer(there: TelegramDesk) -> None:
    card = await a_card(there)
    told = await there.presses(ANN, card, "Edit")
    question = there.server.at(ANN)[-1]
    assert (question.force_reply, question.answers) == (True, card.id)
    assert told == "I asked you below."
    await there.says("Dogs are back.", answers=question)
    assert "Dogs are back." in card.text
    assert there.desk.script.asked == []


async def test_a_reply_to_a_card_is_about_that_post(on_telegram: OpensTelegram) -> None:
    there = await on_telegram()
    card = await a_card(there)
    await there.says("shorter", answers=card)
    assert "#1" in there.desk.script.asked[0][-1].text


async def test_a_stranger_is_told_once_in_private_and_groups_see_nothing(there: TelegramDesk) -> None:
    there.server.group(GROUP)
    there.server.open(BO)
    for _ in range(2):
        await there.says(f"@{USERNAME} hello", BO, GROUP)
    assert there.server.at(GROUP) == []
    [told] = there.server.at(BO)
    assert "I do not know you yet" in told.text
    assert f"https://t.me/{USERNAME}?start=WORD" in told.text


async def test_who_never_opened_a_private_chat_is_called_by_name_only(there: TelegramDesk) -> None:
    there.server.group(GROUP)
    await there.says(f"@{USERNAME} hello", BO, GROUP)
    [called] = there.server.at(GROUP)
    assert "Open a private chat with me" in called.text
    assert [one["type"] for one in called.entities] == ["text_mention"]


async def test_a_deep_link_is_redeemed_by_its_button(there: TelegramDesk) -> None:
    word = await there.talk.talking.identities.invite(there.desk.actor, role=Role.APPROVER, name="Bo")
    await there.says(f"/start {word}", BO)
    assert await there.talk.talking.identities.who("telegram", str(BO)) is None
    question = there.server.newest(BO, "Yes, that is me")
    await there.presses(BO, question, "Yes, that is me")
    known = await there.talk.talking.identities.who("telegram", str(BO))
    assert known is not None
    assert known.role is Role.APPROVER
    assert "I know you here now" in question.text


async def test_a_press_that_is_refused_is_an_alert(there: TelegramDesk) -> None:
    there.server.group(GROUP)
    await there.link(await there.desk.base.member(Role.VIEWER, "Bo"), BO)
    card = await a_card(there, GROUP)
    await there.presses(BO, card, "Approve")
    [(_, words, alert)] = there.server.toasts
    assert alert
    assert "role" in words


async def test_a_press_that_takes_longer_says_so_and_tells_the_result_later(there: TelegramDesk) -> None:
    card = await a_card(there)
    query = await there.server.press(ANN, card, "Approve")
    async with asyncio.timeout(5):
        while not there.server.toasts:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert there.server.toasts == [(query, "Working on it…", False)]
    await there.run()
    assert len(there.server.toasts) == 1
    assert there.server.at(ANN)[-1].text


async def test_a_press_that_telegram_has_given_up_is_answered_by_a_message(there: TelegramDesk) -> None:
    card = await a_card(there)
    query = await there.server.press(ANN, card, "Approve")
    there.server._queries.pop(query)
    await there.run()
    assert there.server.toasts == []
    assert "Approve" not in card.buttons()
    assert len(there.server.at(ANN)) == 2


async def test_a_picture_in_a_message_is_used(there: TelegramDesk) -> None:
    there.server.files["pic1"] = png()
    await there.says("Use this", photo="pic1")
    [row] = [row for row in await there.desk.base.rows(Row) if row.member_id]
    assert row.text == "Use this"
    assert row.extra["images"][0]["width"] == 3


async def test_a_video_in_a_message_is_used_and_shown_by_its_first_picture(there: TelegramDesk, tmp_path: Path) -> None:
    there.server.files["clip"] = film(tmp_path / "clip.mp4")
    await there.says("Use this", video="clip")
    [row] = [row for row in await there.desk.base.rows(Row) if row.member_id]
    [told] = row.extra["images"]
    assert (row.text, told["name"], told["seconds"]) == ("Use this", "clip.mp4", 1.0)
    media = await there.desk.services.media.files(there.desk.actor.workspace_id, [told["id"]])
    post = await there.desk.services.posts.draft(there.desk.actor, [Wording(("Look",))], media=media)
    place = await there.talk.talking.whereabouts.place(there.desk.actor, "telegram", str(ANN), True)
    await there.desk.transcript.add(place.conversation_id, Line("", f"post:{post.id}"))
    await there.run()
    shown = next(one for one in there.server.at(ANN) if one.photo)
    assert (shown.photo[:2], shown.caption) == (b"\xff\xd8", "Video clip.mp4, 0:01")


async def test_a_video_sent_as_a_file_is_used_and_an_animation_is_not(there: TelegramDesk, tmp_path: Path) -> None:
    there.server.files["clip"] = film(tmp_path / "clip.mov")
    person = {"id": ANN, "is_bot": False, "first_name": "Ann"}
    about = {"date": 1, "from": person, "chat": there.server._chat(ANN)}
    file = {"file_id": "clip", "file_unique_id": "clip", "mime_type": "video/quicktime", "file_name": "clip.mov"}
    await there.server.update({"message": {**about, "message_id": 900, "document": file}})
    moving = {
        "animation": {**file, "width": 64, "height": 48, "duration": 1},
        "document": {**file, "mime_type": "video/mp4"},
    }
    await there.server.update({"message": {**about, "message_id": 901, **moving}})
    await there.arrived()
    rows = [row for row in await there.desk.base.rows(Row) if row.member_id]
    assert [one["name"] for row in rows for one in row.extra["images"]] == ["clip.mov"]


async def test_a_voice_message_is_answered_in_private_and_left_alone_in_groups(there: TelegramDesk) -> None:
    voice = {"voice": {"file_id": "v", "file_unique_id": "v", "duration": 3}, "message_id": 900, "date": 1}
    person = {"id": ANN, "is_bot": False, "first_name": "Ann"}
    await there.server.update({"message": {**voice, "from": person, "chat": there.server._chat(ANN)}})
    there.server.group(GROUP)
    await there.server.update({"message": {**voice, "from": person, "chat": there.server._chat(GROUP)}})
    await there.arrived()
    [told] = there.server.at(ANN)
    assert told.text.startswith("This message is empty to me")
    assert there.server.at(GROUP) == []


async def test_a_picture_that_is_gone_or_too_large_is_told(there: TelegramDesk) -> None:
    there.server.files["big"] = b"x" * 20_000_001
    await there.says("Use this", photo="big")
    await there.says("Or this", photo="none")
    assert [
        "no file of more than 20 MB" in one.text or "does not have that file" in one.text
        for one in there.server.at(ANN)
    ] == [
        True,
        True,
    ]


async def test_pictures_of_a_post_are_an_album_and_the_buttons_stand_below(there: TelegramDesk) -> None:
    media = [
        (await there.desk.services.media.add(there.desk.actor, f"{colour}.png", png(colour))).media_id
        for colour in ("red", "blue")
    ]
    images = await there.desk.services.media.files(there.desk.actor.workspace_id, media)
    post = await there.desk.base.draft("Cats are back.")
    await there.desk.services.posts.revise(
        there.desk.actor, post.id, [Wording(("Cats are back.",))], change="pictures", media=images
    )
    place = await there.talk.talking.whereabouts.place(there.desk.actor, "telegram", str(ANN), True)
    await there.desk.transcript.add(place.conversation_id, Line("", f"post:{post.id}"))
    await there.run()
    first, second, card = there.server.at(ANN)
    assert first.album == second.album != ""
    assert "Approve" in card.buttons()
    await there.desk.services.posts.revise(
        there.desk.actor, post.id, [Wording(("Cats are back.",))], change="no pictures", media=[]
    )
    await there.run()
    [card] = there.server.at(ANN)
    assert "Approve" in card.buttons()


async def test_it_introduces_itself_to_a_group_and_leaves_it_alone_once_put_out(there: TelegramDesk) -> None:
    there.server.group(GROUP)
    await there.server.moved(ANN, GROUP, "left", "member")
    await there.arrived()
    assert len(there.server.at(GROUP)) == 1
    there.server.blocked.add(GROUP)
    await there.server.moved(ANN, GROUP, "member", "kicked")
    await there.arrived()
    place = await there.talk.talking.whereabouts.place(there.desk.actor, "telegram", str(GROUP), False)
    await there.desk.transcript.add(place.conversation_id, Line("Published"))
    await there.run()
    assert len(there.server.at(GROUP)) == 1


async def test_updates_that_come_twice_and_out_of_order_count_once_and_in_order(there: TelegramDesk) -> None:
    there.server.twice = True
    await there.server.say(ANN, "second", update_id=900)
    await there.server.say(ANN, "first", update_id=899)
    await there.run()
    said = [row.text for row in await there.desk.base.rows(Row) if row.member_id]
    assert said == ["first", "second"]
    assert len(await there.desk.base.rows(Arrival)) == 2


async def test_no_way_in_that_stands_in_the_chat_is_kept_with_what_comes_from_there(there: TelegramDesk) -> None:
    way_in = "https://desk.example/connect/go/ticket"
    buttons = [[opening("Open X", way_in), pressed("Stop", "stop")]]
    card = Said(900, there.server.open(ANN), BOT_ID, f"Go on here: {way_in}", keyboard=buttons)
    there.server.messages.append(card)
    await there.server.say(ANN, "is this right?", answers=card)
    await there.server.press(ANN, card, "Stop")
    kept = [one.payload for one in await there.desk.base.rows(Arrival)]
    assert [set(one) - {"update_id"} for one in kept] == [{"message"}, {"callback_query"}]
    assert "/connect/go/" not in json.dumps(kept)
    await there.run()
    assert there.desk.script.asked[-1][-1].text.startswith("is this right?")
    assert len(there.server.toasts) == 1


@pytest.mark.parametrize("holds", ["reply_markup", "quote", "pinned_message"])
def test_other_messages_are_kept_by_where_they_stand_alone(holds: str) -> None:
    chat = {"id": ANN, "type": "private"}
    other = {
        "message_id": 1,
        "chat": chat,
        "text": "ticket",
        "reply_markup": {"inline_keyboard": [[{"url": "ticket"}]]},
    }
    said = {"message_id": 2, "chat": chat, "from": {"id": ANN}, holds: other}
    found = arriving({"update_id": 5, "message": said})
    assert found is not None
    assert "ticket" not in json.dumps(found.payload)
    assert found.payload["message"].get("pinned_message") in (None, {"message_id": 1, "chat": chat})


async def test_a_delivery_without_the_secret_changes_nothing(there: TelegramDesk) -> None:
    update = {"update_id": 1, "message": {}}
    assert await there.server.deliver(update, secret="guessed", tries=1) == 401
    url = there.server.webhook["url"]
    shown = {"x-telegram-bot-api-secret-token": there.server.webhook["secret"]}
    async with httpx.AsyncClient() as client:
        assert (await client.post(url, content=b"no json", headers=shown)).status_code == 400
        assert (await client.post(url, content=b"[]", headers=shown)).status_code == 400
        assert (await client.post(url + "/x", content=b"{}", headers=shown)).status_code == 404
    assert await there.desk.base.rows(Arrival) == []


@pytest.mark.parametrize("webhook", [True, False])
async def test_what_cannot_be_kept_is_not_acknowledged_and_comes_again(
    on_telegram: OpensTelegram, webhook: bool
) -> None:
    there = await on_telegram(webhook=webhook)
    async with there.desk.db.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE arrival RENAME TO gone")
    saying = asyncio.create_task(there.server.say(ANN, "Hello"))
    await asyncio.sleep(0.03)
    async with there.desk.db.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE gone RENAME TO arrival")
    await saying
    async with asyncio.timeout(15):
        while not await there.desk.base.rows(Arrival):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await there.arrived()
    assert [one.text for one in there.server.at(ANN)] == ["ok"]
    assert 503 in there.server.delivered or not webhook


async def test_nothing_a_model_says_can_become_markup_or_call_anybody(on_telegram: OpensTelegram) -> None:
    there = await on_telegram(ScriptedModel(["<b>x</b> _a_ [l](https://a.example) tg://user?id=1 *unclosed"]))
    await there.says("Hello")
    [answer] = there.server.at(ANN)
    assert "<b>x</b>" in answer.text
    assert {one["type"] for one in answer.entities} <= {"italic", "text_link", "url"}
    sent = [given for method, given in there.server.calls if method == "sendMessage"]
    assert all("parse_mode" not in given for given in sent)
    assert json.dumps(sent[-1]["link_preview_options"]) == '{"is_disabled": true}'
