"""How many deliveries of chats a second are committed, beside a bare slack-bolt app that only acknowledges them.

Both are asked in turn, round by round, so that what else the machine does hurts both alike.
"""

import asyncio
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.figures import Figure, figure
from benchmarks.taking_in import SECRET, TELEGRAM_TOKEN, taking_in
from bot.telegram.connection import secret_of
from content.times import SystemClock

CONNECTIONS = 32
"""Deliveries under way at once: what a chat keeps open to one app in a busy hour."""
ROOMS = 40
"""Conversations they belong to."""
_numbers = count(1)

Make = Callable[[int], bytes]


@dataclass(frozen=True)
class Round:
    """What one server did in one round."""

    per_s: float
    p99_ms: float


async def measure(*, quick: bool) -> list[Figure]:
    """The ratios to the bare app's rate, and how long a delivery waits for its acknowledgement."""
    rounds, each = (1, 40) if quick else (7, 2_000)
    slack, telegram, bare = [], [], []
    with TemporaryDirectory() as folder, ExitStack() as stack:
        desk = stack.enter_context(taking_in("desk", Path(folder)))
        rival = stack.enter_context(taking_in("bare", Path(folder)))
        for port, make in ((desk, slack_event), (desk, telegram_update), (rival, slack_event)):
            await _deliver(port, make, 40)  # what is loaded late is loaded now
        for _ in range(rounds):
            bare.append(await _deliver(rival, slack_event, each))
            slack.append(await _deliver(desk, slack_event, each))
            telegram.append(await _deliver(desk, telegram_update, each))
        _check(Path(folder), 2 * (40 + rounds * each))
    return _figures(slack, telegram, bare)


def _figures(slack: Sequence[Round], telegram: Sequence[Round], bare: Sequence[Round]) -> list[Figure]:
    pairs = list(zip(slack, telegram, bare, strict=True))
    what = f"{CONNECTIONS} at once, over HTTP"
    return [
        figure("bare_bolt_per_s", [one.per_s for one in bare], f"bare slack-bolt, acknowledging only; {what}"),
        figure("slack_inbox_per_s", [one.per_s for one in slack], "signed Slack events committed a second"),
        figure("slack_inbox_ratio", [ours.per_s / bolt.per_s for ours, _, bolt in pairs], "of the bare app's rate"),
        figure("slack_inbox_p99_ms", [one.p99_ms for one in slack], "until a Slack event is acknowledged"),
        figure("telegram_inbox_per_s", [one.per_s for one in telegram], "Telegram updates committed a second"),
        figure("telegram_inbox_ratio", [ours.per_s / bolt.per_s for _, ours, bolt in pairs], "of the bare app's rate"),
        figure("telegram_inbox_p99_ms", [one.p99_ms for one in telegram], "until an update is acknowledged"),
    ]


def slack_event(number: int) -> bytes:
    """A message in a thread, signed as Slack signs it."""
    now = SystemClock().now().timestamp()
    event = {
        "type": "message",
        "channel": f"C{number % ROOMS}",
        "channel_type": "channel",
        "user": "U1",
        "text": "Please draft a post about the new oven, with a picture of the first loaves.",
        "ts": f"{now:.6f}",
        "thread_ts": "1790000000.000100",
    }
    told = {"type": "event_callback", "event_id": f"Ev{number}", "team_id": "T1", "api_app_id": "A1", "event": event}
    body = json.dumps(told).encode()
    stamp = str(int(now))
    signature = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={signature}"}
    return _request("/hooks/slack/events", headers, body)


def telegram_update(number: int) -> bytes:
    """A message in a group, as the Bot API sends it to a webhook."""
    person = {"id": 7, "is_bot": False, "first_name": "Ann"}
    chat = {"id": -1000 - number % ROOMS, "type": "supergroup", "title": "Marketing"}
    text = "Please draft a post about the new oven, with a picture of the first loaves."
    message = {
        "message_id": number,
        "date": int(SystemClock().now().timestamp()),
        "chat": chat,
        "from": person,
        "text": text,
    }
    body = json.dumps({"update_id": number, "message": message}).encode()
    return _request("/hooks/telegram/webhook", {"x-telegram-bot-api-secret-token": secret_of(TELEGRAM_TOKEN)}, body)


def _request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


async def _deliver(port: int, make: Make, deliveries: int) -> Round:
    requests = [make(next(_numbers)) for _ in range(deliveries)]
    waited: list[float] = []
    before = perf_counter()
    await asyncio.gather(*(_connection(port, requests[start::CONNECTIONS], waited) for start in range(CONNECTIONS)))
    return Round(deliveries / (perf_counter() - before), quantiles(waited, n=100)[98] * 1000)


async def _connection(port: int, requests: Sequence[bytes], waited: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        before = perf_counter()
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = next((int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:")), 0)
        body = await reader.readexactly(length)
        waited.append(perf_counter() - before)
        if " 200 " not in head.partition("\r\n")[0]:
            msg = f"a delivery was not acknowledged: {head.partition(chr(13))[0]} {body[:200]!r}"
            raise RuntimeError(msg)
    writer.close()


def _check(folder: Path, expected: int) -> None:
    """A figure counts only if the work was done: a row and its lane's job for every delivery."""
    with sqlite3.connect(folder / "copydesk.db") as database:
        kept = database.execute("SELECT count(*) FROM arrival").fetchone()[0]
        lanes = database.execute("SELECT count(DISTINCT lane) FROM arrival").fetchone()[0]
        jobs = database.execute("SELECT count(*) FROM job WHERE kind = 'arrive' AND state = 'ready'").fetchone()[0]
    database.close()
    if (kept, jobs) != (expected, lanes):
        msg = f"{expected} deliveries were acknowledged, {kept} are kept; {lanes} lanes have {jobs} jobs"
        raise RuntimeError(msg)
