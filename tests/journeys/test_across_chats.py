"""One desk, three chats: drafted in one, approved in another, presses everywhere, a burst, and all cards true."""

import asyncio
from collections import defaultdict
from pathlib import Path
from statistics import quantiles

from sqlalchemy import select

from bot.chat import OutMessage
from content.models import Approval, Arrival, Message, PostState
from tests.journeys.chats import BREATH, in_chats
from tests.journeys.desk import PATIENCE, RunningDesk
from tests.servers.slack import BOT, direct

ANN, BO = 7, "UBO"


async def rows(desk: RunningDesk, kind: type) -> list:  # type: ignore[type-arg]
    async with desk.app.db.reading() as session:
        return list((await session.scalars(select(kind))).all())


async def test_drafted_on_telegram_approved_in_slack_both_cards_redrawn(data: Path) -> None:
    async with in_chats(data) as chats:
        await chats.join_telegram(ANN)
        await chats.join_slack(BO, "/invite approver Bo")
        said = await chats.on_telegram(ANN, "Draft a post: We open at 7 on Saturday.")
        card = next(one for one in said if "Send for approval" in one.buttons())
        await chats.press_on_telegram(ANN, card, "Send for approval")
        question = chats.telegram.at(ANN)[-1]
        if question.force_reply:  # whom to ask: everybody who may
            await chats.on_telegram(ANN, "/skip", answers=question)
        asked = next(one for one in reversed(chats.slack.in_channel(direct(BO))) if "Approve" in one.buttons())
        assert "We open at 7 on Saturday." in asked.words
        assert "Waiting for Bo" in card.text
        await chats.press_in_slack(BO, asked, "Approve")
        assert "Approve" not in asked.buttons()
        assert "Bo" in card.text
        assert "Approved" in card.text
        post = await chats.desk.app.desk.posts.numbered((await chats.desk.owner()).workspace_id, 0)
        assert post.state is PostState.APPROVED
        await chats.press_on_telegram(ANN, card, "Post now")
        assert chats.desk.published() == ["We open at 7 on Saturday."]
        assert any(one.text.startswith("Published #1") for one in chats.telegram.at(ANN))
        assert "ublished" in card.text
        assert "ublished" in asked.words


async def test_fifty_presses_by_five_people_on_copies_in_three_chats_are_one_decision(data: Path) -> None:
    async with in_chats(data) as chats:
        await chats.join_telegram(ANN)
        await chats.join_slack("UANN")
        people = {"UBO": 8, "UCY": 9, "UDI": 10, "UED": 11}
        for user, person in people.items():
            chats.telegram.open(person)
            await chats.join_slack(user, f"/invite admin {user}")
            actor = await chats.desk.app.talking.identities.who("slack", f"T1:{user}")
            assert actor is not None
            await chats.desk.app.talking.identities.attach(actor.member_id, "telegram", str(person), user)
        [web] = [one for one in await chats.desk.ask("Draft a post: Fifty.") if one.is_card]
        owner = await chats.desk.owner()
        places = chats.desk.app.talking.whereabouts
        group = chats.telegram.group()
        for chat, address in (("slack", "T1/C1/100.0"), ("telegram", str(group))):
            place = await places.place(owner, chat, address, private=False)
            post = await chats.desk.app.desk.posts.numbered(owner.workspace_id, 0)
            card = await chats.desk.app.drawing.draw(f"post:{post.id}", owner)
            await chats.desk.app.chats[chat].post(place, OutMessage(card=card))
        await chats.settled()
        in_slack, on_telegram = chats.slack.in_channel("C1")[-1], chats.telegram.newest(group, "Approve")
        users, persons = ["UANN", *people], [ANN, *people.values()]
        earlier = sum(len(chats.slack.notes(user)) for user in users), len(chats.telegram.toasts)
        delivered, _, told_here = await asyncio.gather(
            asyncio.gather(*(chats.slack.press(users[n % 5], in_slack, "Approve") for n in range(20))),
            asyncio.gather(*(chats.telegram.press(persons[n % 5], on_telegram, "Approve") for n in range(20))),
            asyncio.gather(*(chats.desk.person.press(web.buttons["Approve"]) for _ in range(10))),
        )
        await chats.settled()
        assert len(await rows(chats.desk, Approval)) == 1
        assert {one.status for one in delivered} == {200}
        notes = [note for user in users for note in chats.slack.notes(user)]
        toasts = [words for _, words, _ in chats.telegram.toasts[earlier[1] :]]
        assert (len(notes) - earlier[0], len(toasts), len(told_here)) == (20, 20, 10)
        assert all(toasts)
        assert len([one for one in told_here if one["tone"] == "good"]) <= 1
        assert "Approve" not in in_slack.buttons()
        assert "Approve" not in on_telegram.buttons()
        assert "Approve" not in (await chats.desk.person.card()).buttons


async def test_a_dead_chat_holds_up_no_other(data: Path) -> None:
    async with in_chats(data) as chats:
        await chats.join_telegram(ANN)
        await chats.join_slack("UANN")
        chats.slack.refuse["chat.postMessage"].extend(["fatal_error"] * 1000)
        chats.slack.faults.add("POST /api/chat.update", *["slow:5"] * 20)
        await chats.slack.say("UANN", direct("UANN"), f"<@{BOT}> /help")
        loop = asyncio.get_running_loop()
        before = loop.time()
        [answer] = await chats.on_telegram(ANN, "/help")
        assert "/calendar" in answer.text
        assert loop.time() - before < 5
        chats.slack.refuse["chat.postMessage"].clear()
        for _ in range(20):
            await chats.desk.wait(BREATH * 30)
            if chats.slack.in_channel(direct("UANN")):
                break
        assert "/copydesk calendar" in chats.slack.in_channel(direct("UANN"))[-1].words


async def test_a_burst_of_a_thousand_events_loses_nothing_and_keeps_order(data: Path) -> None:
    rooms, each = 40, 25
    async with in_chats(data, thinking=False) as chats:
        owner = await chats.desk.owner()
        await chats.desk.app.talking.identities.attach(owner.member_id, "slack", "T1:UANN", "Ann")
        queue: asyncio.Queue[tuple[int, int]] = asyncio.Queue()
        for number in range(each):
            for room in range(rooms):
                queue.put_nowait((room, number))
        waited: list[float] = []

        async def deliver() -> None:
            while not queue.empty():
                room, number = queue.get_nowait()
                event = {
                    "type": "message",
                    "channel": direct("UANN"),
                    "channel_type": "im",
                    "user": "UANN",
                    "text": f"said {number}",
                    "ts": f"{1000 + number}.{room:06d}",
                    "thread_ts": f"{500 + room}.000000",
                }
                done = await chats.slack.event(event)
                assert done.status == 200
                waited.append(done.seconds)

        await asyncio.gather(*(deliver() for _ in range(25)))
        async with asyncio.timeout(4 * PATIENCE):  # to work it all off takes a slow machine a while
            while any(row.handled_at is None for row in await rows(chats.desk, Arrival)):  # noqa: ASYNC110
                await asyncio.sleep(0.5)
        said: defaultdict[str, list[str]] = defaultdict(list)
        for row in sorted(await rows(chats.desk, Message), key=lambda row: row.position):
            if row.member_id and row.text.startswith("said"):
                said[row.conversation_id].append(row.text)
        assert len(said) == rooms
        assert all(texts == [f"said {number}" for number in range(each)] for texts in said.values())
        assert len(await rows(chats.desk, Arrival)) == rooms * each
        p99 = quantiles(waited, n=100)[98]
        print(f"1,000 signed events, 25 at once: acknowledged within {p99 * 1000:.0f} ms (p99)")  # noqa: T201
        assert p99 < 3
