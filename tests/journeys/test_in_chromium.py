"""A first visit in a real browser, by keyboard only: from the printed address to a post in the folder."""

import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.web.test_in_chromium import CHROMIUM, chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing: apt-get install -y chromium"),
]

ROOT = Path(__file__).parents[2]
MOST_SECONDS = 60
TEXT = "We open at 7 from Monday."


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """What `copydesk serve` prints, in an empty folder."""
    with subprocess.Popen(
        [sys.executable, "-m", "app", "serve"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as desk:
        assert desk.stdout is not None
        said = iter(desk.stdout)
        yield next(found[0] for line in said if (found := re.search(r"http://\S+/\?token=\S+", line)))
        desk.terminate()
        desk.communicate(timeout=20)


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with chromium() as browser:
        yield await browser.new_page()


async def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus."""
    for _ in range(40):
        if await page.evaluate("selector => document.activeElement?.matches(selector) ?? false", selector):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


async def test_the_first_post_takes_less_than_a_minute_without_a_mouse(
    address: str, page: Page, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    await page.goto(address)
    await _tab_to(page, "textarea#text")
    await page.keyboard.type(f"Draft a post: {TEXT}")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Post now")).to_be_visible(timeout=30_000)
    await expect(page.locator("p.post-text")).to_have_text(TEXT)
    await _tab_to(page, 'button[data-key^="post_now:"]')
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Published #1")).to_be_visible(timeout=30_000)
    seconds = time.monotonic() - began
    with capsys.disabled():
        print(f"\nfirst visit to first post: {seconds:.1f} s")  # noqa: T201
    assert seconds < MOST_SECONDS
    [post] = (tmp_path / "data" / "posts").glob("2*/post.json")
    assert json.loads(post.read_text())["text"] == TEXT
