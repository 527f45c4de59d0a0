"""kill -9 between what a chat delivered and its answer: one run, one reply, however often it is delivered again."""

import asyncio
import random
import sqlite3
from collections import Counter
from pathlib import Path

import httpx

from tests.journeys.chats import both, settings_of
from tests.journeys.desk import PATIENCE
from tests.journeys.starter import starting
from tests.servers.slack import TEAM, Message, SlackServer, direct, signed
from tests.servers.telegram import TelegramServer

ANN = 7
ROUNDS = 4


def event(number: int) -> dict[str, object]:
    """What Ann writes in Slack, as Slack delivers it, again and again."""
    said = {
        "type": "message",
        "channel": direct("UANN"),
        "channel_type": "im",
        "user": "UANN",
        "text": f"Draft a post: Slack {number}.",
        "ts": f"{1000 + number}.000000",
    }
    return {"type": "event_callback", "event_id": f"Ev{number}", "team_id": TEAM, "event": said}


async def test_each_event_delivered_four_times_with_kills_between_is_one_run_and_one_reply(data: Path) -> None:
    chance = random.Random(20261126)  # noqa: S311 - to be repeatable, not secret
    async with both() as (slack, telegram), starting(data, **settings_of(slack, telegram)) as starter:
        child, address = await starter.start()
        await starter.kill(child)
        _link(data)
        telegram.open(ANN)
        for number in range(ROUNDS):
            await telegram.say(ANN, f"Draft a post: Telegram {number}.", update_id=600 + number)
            acknowledged = 0
            while acknowledged < 4:
                child, address = await starter.start()
                acknowledged += await _deliver(address, event(number))
                await asyncio.sleep(chance.uniform(0, 2.5))
                await starter.kill(child)
            child, address = await starter.start()  # what waits together would become one turn, and one draft
            await _quiet(data)
            await starter.kill(child)
    _check(data, slack, telegram)


def _link(data: Path) -> None:
    """The owner is known in both chats."""
    with _database(data) as db:
        member = db.execute("SELECT id FROM member").fetchone()[0]
        for number, (chat, remote) in enumerate((("slack", f"{TEAM}:UANN"), ("telegram", str(ANN)))):
            now = "2026-01-01 00:00:00.000000"
            row = f"identity_{number:016x}", member, chat, remote, "Ann", now, now
            db.execute("INSERT INTO identity VALUES (?, ?, ?, ?, ?, ?, ?)", row)


async def _deliver(address: str, body: dict[str, object]) -> int:
    """1 where it was acknowledged; the desk may still be loading Slack, and be killed meanwhile."""
    headers, raw = signed(body, "events_api")
    base = address.partition("/?")[0]
    async with httpx.AsyncClient(timeout=PATIENCE) as chat:
        for _ in range(200):
            answer = await chat.post(f"{base}/hooks/slack/events", content=raw, headers=headers)
            if answer.status_code == 200:
                return 1
            await asyncio.sleep(0.05)
    return 0


async def _quiet(data: Path) -> None:
    """Until everything that came in is handled and everything that was said is carried."""
    left = (
        "SELECT 1 FROM arrival WHERE handled_at IS NULL",
        "SELECT 1 FROM inbox_event WHERE handled_at IS NULL",
        "SELECT 1 FROM message WHERE carry IN ('due', 'sending', 'stale')",
    )
    async with asyncio.timeout(2 * PATIENCE):
        while any(_rows(data, query) for query in left):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def _check(data: Path, slack: SlackServer, telegram: TelegramServer) -> None:
    wanted = {f"Draft a post: {chat} {number}." for chat in ("Slack", "Telegram") for number in range(ROUNDS)}
    said = Counter(text for (text,) in _rows(data, "SELECT text FROM message WHERE member_id IS NOT NULL"))
    assert said == Counter(wanted), "lost, or heard twice"
    # what a turn had drafted when it was cut short is put aside when it begins anew
    drafts = _rows(data, "SELECT count(*) FROM post WHERE state = 'draft'")
    assert drafts[0][0] == 2 * ROUNDS, "drafted twice or never"
    replies = Counter(text for (text,) in _rows(data, "SELECT text FROM message WHERE text LIKE 'Here is post%'"))
    assert len(replies) == sum(replies.values()) == 2 * ROUNDS, "answered twice or never"
    shown = Counter(_named(one.words) for one in _alive(slack) if "Approve" in one.buttons())
    shown += Counter(_named(one.text) for one in telegram.at(ANN) if "Approve" in one.buttons())
    assert shown.keys() == {text.removeprefix("Draft a post: ") for text in wanted}, "not shown"
    assert max(shown.values()) == 1, f"shown twice: {shown}"
    progress = [one for one in _alive(slack) if one.tasks] + [
        one for one in telegram.at(ANN) if "Stop" in one.buttons()
    ]
    assert progress == [], "a turn's progress was left standing"


def _alive(slack: SlackServer) -> list[Message]:
    return slack.in_channel(direct("UANN"))


def _named(words: str) -> str:
    return next(f"{chat} {n}." for chat in ("Slack", "Telegram") for n in range(ROUNDS) if f"{chat} {n}." in words)


def _rows(data: Path, query: str) -> list[tuple[int | str, ...]]:
    with _database(data) as db:
        return db.execute(query).fetchall()


class _database:  # noqa: N801 - reads as what it is in a `with`
    def __init__(self, data: Path) -> None:
        self._db = sqlite3.connect(data / "copydesk.db", timeout=30)

    def __enter__(self) -> sqlite3.Connection:
        return self._db

    def __exit__(self, *_: object) -> None:
        self._db.commit()
        self._db.close()
