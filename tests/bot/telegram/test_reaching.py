"""What becomes of a message to Telegram, whatever Telegram does; its pace; progress; the doctor."""

import asyncio
from datetime import timedelta

import pytest

from bot.chat import Answer, Progress, Step
from bot.native import Outgoing, Piece, Pressed, SendAnew, Sender
from bot.pace import Pace, Priority
from bot.telegram import Flood, TelegramSettings, build_telegram
from bot.telegram.limiter import Dropped, Limiter, Manner
from bot.telegram.render import render
from content.errors import NotFound, OutcomeUnknown, RateLimited, Rejected, Unavailable
from content.models import Message as Row
from content.transcript import Line
from tests.bot.telegram.conftest import OpensTelegram
from tests.bot.telegram.desk import ANN, QUICK, TelegramDesk
from tests.servers.telegram import TOKEN, No

HERE = str(ANN)
SEND = f"POST /bot{TOKEN}/sendMessage"
EDIT = f"POST /bot{TOKEN}/editMessageText"


def words(text: str = "one") -> Piece:
    [piece] = render(Outgoing("message_1", text))
    return piece


async def send(there: TelegramDesk, text: str = "one") -> str:
    return await there.telegram.chat.send(HERE, words(text), "key:0")


@pytest.mark.parametrize(
    ("fault", "error", "arrived"),
    [
        ("drop", OutcomeUnknown, 0),
        ("drop_after", OutcomeUnknown, 1),
        ("cut_body", OutcomeUnknown, 1),
        ("status:502", Unavailable, 0),
        ("html", OutcomeUnknown, 0),
    ],
)
async def test_a_send_that_may_have_arrived_is_unknown(
    there: TelegramDesk, fault: str, error: type[Exception], arrived: int
) -> None:
    there.server.faults.add(SEND, fault)
    with pytest.raises(error):
        await send(there)
    assert len(there.server.at(ANN)) == arrived


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (No(400, "Bad Request: chat not found"), NotFound),
        (No(403, "Forbidden: bot was blocked by the user"), NotFound),
        (No(400, "Bad Request: can't parse entities: unsupported start tag"), Rejected),
        (No(400, "Bad Request: something new"), Rejected),
        (No(401, "Unauthorized"), Unavailable),
        (No(429, "Too Many Requests: retry after 60", retry_after=60), RateLimited),
    ],
)
async def test_telegrams_refusals_are_told_by_reaction(
    there: TelegramDesk, refusal: No, error: type[Exception]
) -> None:
    there.server.refuse["sendMessage"].append(refusal)
    with pytest.raises(error):
        await send(there)
    assert there.server.at(ANN) == []


async def test_telegram_that_cannot_be_reached_is_waited_for(there: TelegramDesk) -> None:
    settings = TelegramSettings(TOKEN, "http://127.0.0.1:9", "")
    away = build_telegram(
        settings,
        clock=there.desk.clock,
        pace=Pace(),
        intake=there.talk.talking.arrivals,
        read=there.desk.services.media.shown,
        flood=QUICK,
    )
    await away.start()
    with pytest.raises(Unavailable):
        await away.chat.send(HERE, words(), "key:0")
    assert "cannot be reached" in (await away.chat.examine())[0].words
    assert "/start WORD" in away.chat.way_in("WORD")
    await away.close()


async def test_a_short_rest_is_waited_out(there: TelegramDesk) -> None:
    there.server.refuse["sendMessage"].append(No(429, "Too Many Requests: retry after 1", retry_after=1))
    await send(there)
    assert [one.text for one in there.server.at(ANN)] == ["one"]


async def test_bad_entities_lose_no_words(there: TelegramDesk) -> None:
    place = await there.talk.talking.whereabouts.place(there.desk.actor, "telegram", HERE, True)
    there.server.refuse["sendMessage"].append(No(400, "Bad Request: can't parse entities"))
    await there.desk.transcript.add(place.conversation_id, Line("**one** and *two*"))
    await there.run()
    [plain] = there.server.at(ANN)
    assert (plain.text, plain.entities) == ("one and two", [])


@pytest.mark.parametrize(
    "why",
    [
        "not enough rights to send text messages to the chat",
        "CHAT_WRITE_FORBIDDEN",
        "a new word for no",
        "topic_closed",
    ],
)
async def test_news_that_a_group_does_not_take_is_told_in_private(there: TelegramDesk, why: str) -> None:
    there.server.group(-100)
    there.talk.talking.natives.pop(there.talk.native.name)  # Ann is in no other chat
    place = await there.talk.talking.whereabouts.place(there.desk.actor, "telegram", "-100", False)
    closed = why.startswith(("not enough", "CHAT_WRITE"))
    there.server.refuse["sendMessage"].extend([No(400, f"Bad Request: {why}")] * (1 if closed else 2))
    await there.desk.transcript.add(place.conversation_id, Line("#1 may be out."))
    await there.run()
    assert there.server.at(-100) == []
    [told] = there.server.at(ANN)
    assert "#1 may be out." in told.text


async def test_an_edit_into_what_is_there_already_is_none(there: TelegramDesk) -> None:
    ref = await send(there)
    await there.telegram.chat.edit(ref, words("one"))
    await there.telegram.chat.edit(ref, words("two"))
    [message] = there.server.at(ANN)
    assert (message.text, message.edits) == ("two", 1)


async def test_an_edit_that_telegram_has_trouble_with_comes_later(there: TelegramDesk) -> None:
    place = await there.talk.talking.whereabouts.place(there.desk.actor, "telegram", HERE, True)
    message = await there.desk.transcript.add(place.conversation_id, Line("one"))
    await there.run()
    there.server.faults.add(EDIT, "status:500", "drop_after")
    await there.desk.transcript.change(message, Line("two"))
    for _ in range(4):
        await there.run()
    assert [one.text for one in there.server.at(ANN)] == ["two"]


async def test_a_message_that_is_gone_is_not_found_and_removed_without_a_word(there: TelegramDesk) -> None:
    ref = await send(there)
    await there.telegram.chat.remove(ref)
    await there.telegram.chat.remove(ref)
    with pytest.raises(NotFound):
        await there.telegram.chat.edit(ref, words("two"))


async def test_what_is_too_old_to_be_removed_is_emptied(there: TelegramDesk) -> None:
    ref = await send(there)
    there.server.refuse["deleteMessage"].append(No(400, "Bad Request: message can't be deleted for everyone"))
    await there.telegram.chat.remove(ref)
    assert [one.text for one in there.server.at(ANN)] == ["–"]


async def test_words_cannot_become_a_picture(there: TelegramDesk) -> None:
    ref = await send(there)
    with pytest.raises(SendAnew):
        await there.telegram.chat.edit(f"{HERE}:1,2", words("two"))
    there.server.messages[-1].photo = b"x"
    with pytest.raises(SendAnew):
        await there.telegram.chat.edit(ref, words("two"))


@pytest.mark.parametrize("odd", ["", "x", "7/x"])
async def test_what_is_no_address_is_not_found(there: TelegramDesk, odd: str) -> None:
    with pytest.raises(NotFound):
        await there.telegram.chat.send(odd, words(), "key:0")
    with pytest.raises(NotFound):
        await there.telegram.chat.edit(odd, words())


async def test_a_long_text_is_split_on_paragraphs_and_nothing_is_lost(there: TelegramDesk) -> None:
    place = await there.talk.talking.whereabouts.place(there.desk.actor, "telegram", HERE, True)
    text = "\n\n".join(f"Paragraph {number} 👩‍👩‍👧‍👦 " + "word " * 100 for number in range(40))
    await there.desk.transcript.add(place.conversation_id, Line(text))
    await there.run()
    sent = [one.text for one in there.server.at(ANN)]
    assert len(sent) > 4
    assert " ".join(" ".join(sent).split()) == " ".join(text.split())
    assert all(one.startswith("Paragraph") for one in sent)


# pace


async def test_a_private_chat_a_group_and_the_bot_have_a_pace_each() -> None:
    flood = Flood(
        private=timedelta(milliseconds=40),
        group=timedelta(milliseconds=80),
        bot=timedelta(milliseconds=1),
        patience=timedelta(seconds=5),
    )
    limiter = Limiter(Pace(), flood)
    loop = asyncio.get_running_loop()
    when: dict[str, list[float]] = {"7": [], "-7": []}

    async def call(chat: str, method: str = "sendMessage") -> None:
        async def went() -> bool:
            when[chat].append(loop.time())
            return True

        await limiter.process_request(went, (), {}, method, {"chat_id": int(chat)}, Manner())

    await asyncio.gather(*(call(chat, method) for chat in when for method in ("sendMessage", "editMessageText") * 2))
    for chat, pace in (("7", 0.04), ("-7", 0.08)):
        gaps = [after - before for before, after in zip(when[chat], when[chat][1:], strict=False)]
        assert min(gaps) > pace * 0.9


async def test_answers_to_presses_go_first_and_late_progress_is_dropped() -> None:
    flood = Flood(private=timedelta(milliseconds=60), bot=timedelta(milliseconds=30))
    limiter = Limiter(Pace(), flood)
    order: list[str] = []

    async def call(name: str, method: str, manner: Manner, data: dict[str, int]) -> None:
        async def went() -> bool:
            order.append(name)
            return True

        await limiter.process_request(went, (), {}, method, data, manner)

    here = {"chat_id": 7}
    waiting = [asyncio.create_task(call(f"message {n}", "sendMessage", Manner(), here)) for n in range(3)]
    await asyncio.sleep(0)
    late = asyncio.create_task(call("progress", "editMessageText", Manner(Priority.PROGRESS, timedelta(0)), here))
    answer = asyncio.create_task(call("answer", "answerCallbackQuery", Manner(Priority.ANSWER), {}))
    with pytest.raises(Dropped):
        await late
    await asyncio.gather(answer, *waiting)
    assert order.index("answer") < order.index("message 1")
    assert "progress" not in order


async def test_a_rest_that_one_chat_needs_holds_up_no_other(there: TelegramDesk) -> None:
    there.server.open(9)
    there.server.refuse["sendMessage"].append(No(429, "Too Many Requests: retry after 1", retry_after=1))
    loop = asyncio.get_running_loop()
    began = loop.time()
    slow = asyncio.create_task(send(there))
    await asyncio.sleep(0.05)
    await there.telegram.chat.send("9", words(), "key:0")
    assert loop.time() - began < 0.7
    await slow
    assert loop.time() - began > 0.9


# progress


def steps(done: int) -> Progress:
    return Progress([Step(f"writing {n + 1} of 3", done=n < done) for n in range(3)])


async def test_progress_is_typing_then_one_message_with_a_stop_button_and_gone_at_the_end(there: TelegramDesk) -> None:
    chat = there.telegram.chat
    assert await chat.progress(HERE, Progress(), "") == ""
    await asyncio.sleep(0.15)
    assert len(there.server.actions) > 1
    ref = await chat.progress(HERE, steps(0), "")
    await asyncio.sleep(0.01)
    assert await chat.progress(HERE, steps(2), ref) == ref
    [shown] = there.server.at(ANN)
    assert shown.text.splitlines() == ["✓ Writing 1 of 3", "✓ Writing 2 of 3", "⏳ Writing 3 of 3"]
    assert shown.buttons()["Stop"]["callback_data"] == "stop:here:0"
    assert await chat.progress(HERE, None, ref) == ""
    assert there.server.at(ANN) == []
    typed = len(there.server.actions)
    await asyncio.sleep(0.12)
    assert len(there.server.actions) <= typed + 1


async def test_progress_that_telegram_refuses_disturbs_nothing(there: TelegramDesk) -> None:
    there.server.refuse["sendMessage"].append(No(400, "Bad Request: no"))
    assert await there.telegram.chat.progress(HERE, steps(0), "") == ""
    assert await there.telegram.chat.progress("nowhere", steps(0), "") == ""
    assert await there.telegram.chat.progress(HERE, None, f"{HERE}:99") == ""


async def test_the_stop_button_stops_the_turn(there: TelegramDesk) -> None:
    place = await there.talk.talking.whereabouts.place(there.desk.actor, "telegram", HERE, True)
    await there.telegram.chat.progress(HERE, steps(0), "")
    [shown] = there.server.at(ANN)
    with there.desk.stops.running(place.conversation_id) as stop:
        assert "Stopping" in await there.presses(ANN, shown, "Stop")
        assert stop.is_set()
    await there.telegram.chat.progress(HERE, None, "")


# answers to presses


def press(query: str = "", address: str = HERE) -> Pressed:
    return Pressed(Sender(HERE, "Ann"), address, address == HERE, "approve:post_1:1", "", None, {"query": query})


async def test_a_long_answer_is_an_alert_and_told_in_full(there: TelegramDesk) -> None:
    there.server._queries["q"] = asyncio.get_running_loop().time()
    await there.telegram.chat.answered(press("q"), Answer("word " * 60))
    [(_, toast, alert)] = there.server.toasts
    assert alert
    assert toast.endswith("…")
    assert [one.text for one in there.server.at(ANN)] == [("word " * 60).strip()]


async def test_where_a_person_must_go_on_they_get_a_button_for_them_alone(there: TelegramDesk) -> None:
    there.server.group(-100)
    await there.telegram.chat.answered(press("", "-100"), Answer("Agree there.", go_to="https://m.example/consent"))
    [told] = there.server.at(ANN)
    assert told.buttons()["Go on there"]["url"] == "https://m.example/consent"
    assert there.server.at(-100) == []
    there.server.blocked.add(ANN)
    await there.telegram.chat.answered(press("", "-100"), Answer("Agree there.", go_to="https://m.example/consent"))
    assert "m.example" not in there.server.at(-100)[-1].text


async def test_a_person_who_cannot_be_answered_is_no_failure(
    there: TelegramDesk, caplog: pytest.LogCaptureFixture
) -> None:
    there.server.blocked.add(ANN)
    await there.telegram.chat.answered(press(""), Answer("Done."))
    assert "press.not_answered" in caplog.text


# the doctor


async def findings(there: TelegramDesk) -> str:
    marks = {True: "✓", False: "✗", None: "·"}
    return "\n".join(f"{marks[one.ok]} {one.words}" for one in await there.telegram.chat.examine())


async def test_the_doctor_says_what_is_right_and_how_to_mend_what_is_wrong(there: TelegramDesk) -> None:
    said = await findings(there)
    assert "✓ The token works: I am @copydesk_bot." in said
    assert "· Privacy mode is on" in said
    assert "✓ The webhook is http" in said
    there.server.webhook["error"] = "Connection refused"
    assert "✗ Telegram could not deliver to the webhook: Connection refused" in await findings(there)
    there.server.webhook = {"url": "https://elsewhere.example"}
    there.server.waiting.append({"update_id": 1})
    said = await findings(there)
    assert "✗ The webhook is https://elsewhere.example, it should be" in said
    assert "· 1 updates wait at Telegram." in said
    there.desk.clock.move(timedelta(days=400))
    assert "✗ This machine's clock is" in await findings(there)
    there.server.strict_token = "another"
    assert "✗ Telegram does not know the token." in await findings(there)


async def test_the_doctor_knows_polling(on_telegram: OpensTelegram) -> None:
    there = await on_telegram(webhook=False)
    assert "✓ The desk polls" in await findings(there)
    there.server.webhook = {"url": "https://elsewhere.example"}
    assert "· A webhook is set, though the desk polls." in await findings(there)


async def test_a_second_poller_is_said_once_and_waited_out(
    on_telegram: OpensTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    there = await on_telegram(webhook=False)
    there.server.refuse["getUpdates"].extend([No(409, "Conflict: terminated by other getUpdates request")] * 2)
    await there.server.say(ANN, "Hello")
    async with asyncio.timeout(15):
        while there.server.refuse["getUpdates"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    await there.arrived()
    assert [one.text for one in there.server.at(ANN)] == ["ok"]
    assert caplog.text.count("telegram.not_polled") == 1


async def test_a_webhook_that_somebody_changed_is_set_again(on_telegram: OpensTelegram) -> None:
    there = await on_telegram()
    ours = there.server.webhook["url"]
    there.server.webhook = {"url": "https://elsewhere.example"}
    await there.telegram.connection._set()  # type: ignore[attr-defined]
    assert there.server.webhook["url"] == ours
    there.server.refuse["setMyCommands"].append(No(400, "Bad Request: no"))
    assert {row.carry.value for row in await there.desk.base.rows(Row)} <= {"sent"}
