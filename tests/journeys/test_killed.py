"""kill -9 at any moment: nothing that was acknowledged is lost, nothing is done twice, every answer comes exactly once."""

import asyncio
import json
import random
import sqlite3
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.journeys.desk import PATIENCE, Person
from tests.journeys.starter import starting

ROUNDS = 15


@dataclass
class Work:
    """Posts asked for and published one after the other, as far as the program lives."""

    heard: list[int] = field(default_factory=list)
    """Which messages were acknowledged."""
    promised: list[int] = field(default_factory=list)
    """Which posts the desk said are going out."""
    number: int = 1

    def text(self) -> str:
        return f"Batch {self.number} of our bread is ready."

    async def go_on(self, person: Person, until: int) -> None:
        """Say, wait for the card, press; an answer that does not come is asked for again after the next start."""
        while self.number <= until:
            if self.number not in self.heard:
                person.said = self.number - 1
                (await person.say(f"Draft a post: {self.text()}")).raise_for_status()
                self.heard.append(self.number)
            card = next((one for one in await person.cards() if self.text() in one.text), None)
            if card is None:
                await asyncio.sleep(0.02)
                continue
            if "Post now" in card.buttons:
                told = await person.press(card.buttons["Post now"])
                if told["tone"] == "good":
                    self.promised.append(self.number)
            if "published" in card.text:
                self.number += 1
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("seed", [20261122])
async def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(data: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - to be repeatable, not secret
    work = Work()
    async with starting(data) as starter:
        for _ in range(ROUNDS):
            child, address = await starter.start()
            browsing = asyncio.create_task(_browse(work, address, until=1000))
            await asyncio.sleep(chance.uniform(0.1, 1.6))
            await starter.kill(child)
            with suppress(httpx.HTTPError):
                await browsing
        child, address = await starter.start()
        await _browse(work, address, until=work.number + 1)
        await _quiet(data)
        await starter.kill(child)
    _check(data, work)


async def _browse(work: Work, address: str, until: int) -> None:
    base, _, token = address.partition("/?token=")
    async with (
        asyncio.timeout(2 * PATIENCE),
        httpx.AsyncClient(base_url=base, follow_redirects=True, timeout=PATIENCE) as browser,
    ):
        (await browser.get(f"/?token={token}")).raise_for_status()
        await work.go_on(Person(browser, name="one person"), until)


async def _quiet(data: Path) -> None:
    """Until no job is left that is due now."""
    async with asyncio.timeout(PATIENCE):
        while _rows(data, "SELECT 1 FROM job WHERE kind != 'collect' AND state IN ('ready', 'running')"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def _check(data: Path, work: Work) -> None:
    published = Counter(json.loads(one.read_text())["text"] for one in data.glob("posts/2*/post.json"))
    assert max(published.values()) == 1, "published twice"
    assert {f"Batch {number} of our bread is ready." for number in work.promised} <= published.keys(), (
        "promised and lost"
    )
    said = Counter(text for (text,) in _rows(data, "SELECT text FROM message WHERE member_id IS NOT NULL"))
    assert max(said.values()) == 1, "heard twice"
    assert {f"Draft a post: Batch {number} of our bread is ready." for number in work.heard} <= said.keys(), (
        "heard and lost"
    )
    answers = _rows(
        data, "SELECT text FROM message WHERE member_id IS NULL AND subject IS NULL AND text LIKE 'Published%'"
    )
    assert len(answers) == len(published), "told twice or never"
    assert not _rows(data, "SELECT 1 FROM inbox_event WHERE handled_at IS NULL"), "never answered"
    drafts = _rows(data, "SELECT count(*) FROM post")[0][0]
    assert drafts == len(said), "drafted twice"


def _rows(data: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(data / "copydesk.db") as db:
        rows = db.execute(query).fetchall()
    db.close()
    return rows
