"""What is rare on Telegram, and would be awkward in front of people."""

import asyncio
from typing import Any

import pytest

from bot.chat import Answer, Progress, Step
from bot.native import Arrived, Pressed, Sender
from bot.telegram.connection import Webhook
from bot.telegram.reading import Me, meaning
from tests.bot.telegram.conftest import OpensTelegram
from tests.bot.telegram.desk import ANN, TelegramDesk
from tests.servers.telegram import TOKEN, No

HERE = str(ANN)
PHOTO = b"\x89PNG\r\n\x1a\n"


def let_in(kind: str) -> dict[str, Any]:
    bot = {"id": 1, "is_bot": True, "first_name": "Desk"}
    return {
        "update_id": 1,
        "my_chat_member": {
            "chat": {"id": -5, "type": kind, "title": "News"},
            "from": {"id": ANN, "is_bot": False, "first_name": "Ann"},
            "date": 1,
            "old_chat_member": {"status": "left", "user": bot},
            "new_chat_member": {"status": "administrator", "user": bot},
        },
    }


@pytest.mark.parametrize(("kind", "greets"), [("group", True), ("supergroup", True), ("channel", False)])
def test_it_introduces_itself_to_rooms_and_never_in_public(kind: str, greets: bool) -> None:
    assert isinstance(meaning(let_in(kind), Me(1, "copydesk_bot")), Arrived) is greets


async def test_it_learns_its_name_before_it_hears_anything(on_telegram: OpensTelegram) -> None:
    there = await on_telegram(webhook=False)
    there.telegram.chat._client.username = ""
    there.server.refuse["getMe"].append(No(500, "Internal Server Error"))
    polling = asyncio.create_task(there.telegram.connection.run())
    async with asyncio.timeout(20):
        while not there.telegram.chat._client.username:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    polling.cancel()
    await asyncio.gather(polling, return_exceptions=True)
    assert not there.server.refuse["getMe"]


async def test_a_webhook_with_another_secret_is_announced_anew(there: TelegramDesk) -> None:
    right = there.server.webhook["secret"]
    there.server.webhook["secret"] = "somebody-elses"
    again = asyncio.create_task(Webhook(there.telegram.chat._client, there.server.webhook["url"], TOKEN).run())
    async with asyncio.timeout(20):
        while there.server.webhook["secret"] != right:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    again.cancel()
    await asyncio.gather(again, return_exceptions=True)


async def test_a_picture_too_old_to_be_removed_stays_and_holds_nothing_up(there: TelegramDesk) -> None:
    sending = there.telegram.chat._sending

    async def read(_: str) -> bytes:
        return PHOTO

    sending._read = read
    ref = await sending.send(HERE, {"kind": "photo", "media_id": "m", "name": "a.png", "caption": ""})
    there.server.refuse["deleteMessage"].append(No(400, "Bad Request: message can't be deleted for everyone"))
    await there.telegram.chat.remove(ref)
    assert len(there.server.at(ANN)) == 1


async def test_an_address_that_no_button_takes_is_written_out(there: TelegramDesk) -> None:
    there.server.refuse["sendMessage"].append(No(400, "Bad Request: inline keyboard button URL is invalid"))
    press = Pressed(Sender(HERE, "Ann"), HERE, True, "connect:x:0", "", None, {})
    await there.telegram.chat.answered(press, Answer("Agree there.", go_to="http://localhost:8000/connect"))
    [told] = there.server.at(ANN)
    assert "http://localhost:8000/connect" in told.text


async def test_a_status_that_somebody_deleted_is_shown_anew_and_calls_nobody(there: TelegramDesk) -> None:
    chat = there.telegram.chat
    steps = Progress([Step("reading what @somebody wrote")])
    ref = await chat.progress(HERE, steps, "")
    await chat.remove(ref)
    assert await chat.progress(HERE, steps, ref) == ""
    await asyncio.sleep(0.01)
    again = await chat.progress(HERE, steps, "")
    [shown] = there.server.at(ANN)
    assert "@somebody" not in shown.text
    assert await chat.progress(HERE, None, again) == ""


async def test_typing_begins_again_after_telegram_refused_it(there: TelegramDesk) -> None:
    there.server.refuse["sendChatAction"].append(No(400, "Bad Request: no"))
    await there.telegram.chat.progress(HERE, Progress(), "")
    await asyncio.sleep(0.1)
    assert there.server.actions == []
    await there.telegram.chat.progress(HERE, Progress(), "")
    await asyncio.sleep(0.1)
    assert there.server.actions != []
    await there.telegram.chat.progress(HERE, None, "")
