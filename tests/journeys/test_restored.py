"""An old copy beside the desk it was made of: it publishes nothing by itself, and goes on when it is let go, with what is not late."""

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx

from content.times import SystemClock
from tests.app.kept import started
from tests.fakes.clock import FakeClock
from tests.journeys.desk import PATIENCE, Person, RunningDesk, Shown, running
from tests.journeys.starter import starting

SECOND = timedelta(seconds=1)


async def plan(desk: RunningDesk, text: str, when: str) -> None:
    await desk.ask(f"Draft a post: {text}")
    await desk.press("Schedule", when=when)
    assert "Approved" in (await desk.press("Approve"))["text"]


def due_in_a_moment(folder: Path, number: int) -> None:
    """As if the post had been planned for two seconds from now."""
    at = (SystemClock().now() + 2 * SECOND).strftime("%Y-%m-%d %H:%M:%S.%f")
    with closing(sqlite3.connect(folder / "copydesk.db")) as rows:
        mine = "(SELECT d.id FROM delivery d JOIN post p ON p.id = d.post_id WHERE p.number = ?)"
        rows.execute(f"UPDATE delivery SET due_at = ? WHERE id = {mine}", (at, number))  # noqa: S608
        rows.execute(f"UPDATE job SET run_at = ? WHERE kind = 'publish' AND subject = {mine}", (at, number))  # noqa: S608
        rows.commit()


def published(folder: Path) -> list[str]:
    return [json.loads(one.read_text())["text"] for one in sorted(folder.glob("posts/2*/post.json"))]


async def the_copy_s_card(person: Person) -> Shown:
    async with asyncio.timeout(PATIENCE):
        while True:
            found = [one for one in await person.messages() if 'data-subject="copy:all"' in one.html]
            if found:
                return found[-1]
            await asyncio.sleep(0.1)


async def test_an_old_copy_publishes_nothing_until_it_is_let_go_and_then_only_what_is_not_late(
    data: Path, tmp_path: Path
) -> None:
    clock, copy = FakeClock(SystemClock().now() - timedelta(hours=24)), tmp_path / "copy" / "desk"
    copy.mkdir(parents=True)
    async with running(data, clock) as desk:
        await plan(desk, "The desk will have sent this.", "in 2 hours")
        await plan(desk, "This comes due on the copy.", "in 3 days")
        await plan(desk, "This is for later.", "in 4 days")
        code, said = started("backup", tmp_path / "desk.tar.gz", folder=data)
        assert code == 0, said
        await desk.wait(timedelta(hours=3))
        assert desk.published() == ["The desk will have sent this."]
    shutil.copy(data / "sealing.key", copy)
    code, said = started("restore", tmp_path / "desk.tar.gz", folder=copy)
    assert code == 0, said
    assert "Due since then, so that they may be out: 1. They wait for your word." in said
    due_in_a_moment(copy, 2)
    async with starting(copy) as starter:
        child, address = await starter.start()
        base, _, token = address.partition("/?token=")
        async with httpx.AsyncClient(base_url=base, follow_redirects=True, timeout=PATIENCE) as browser:
            await browser.get(f"/?token={token}")
            person = Person(browser)
            await asyncio.sleep(6)  # its time comes, and the desk looks every second
            assert published(copy) == []
            card = await the_copy_s_card(person)
            assert "Everything is held until you let it go; what came due since is listed." in card.text
            assert "#1 The desk will have sent this. Folder: waits for your word" in card.text
            assert "#2 This comes due on the copy. Folder: waits until it is let go" in card.text
            assert "#3" not in card.text
            told = await person.press(card.buttons["Let posts go out again"])
            assert told["tone"] == "good"
            async with asyncio.timeout(PATIENCE):
                while published(copy) != ["This comes due on the copy."]:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            await asyncio.sleep(3)
            assert published(copy) == ["This comes due on the copy."]
            card = await the_copy_s_card(person)
            assert "It was let go: what is late asks first." in card.text
            assert card.buttons == {}
            [first] = [one for one in await person.cards() if "#1" in one.text]
            assert (
                "waits for your word. This is a copy of the desk, and the post may be out since it was made."
                in first.text
            )
        await starter.kill(child)
