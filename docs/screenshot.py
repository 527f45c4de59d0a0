"""Makes the README's pictures: `.venv/bin/python -m docs.screenshot`, from the project's folder.

It opens a desk in a temporary folder, in guided mode, and drives its real page in Chromium: one post is published, one
is approved for tomorrow. The Bluesky account is on the small server of `tests/servers/bluesky.py`, on loopback.
"""

import asyncio
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, StorageState, async_playwright

from content.times import SystemClock
from tests.servers.bluesky import BlueskyServer
from tests.servers.running import serving

DOCS = Path(__file__).parent
HANDLE, APP_PASSWORD = "bakery.example", "aaaa-bbbb-cccc-dddd"
REMEMBERED = "Remember: we are a small bakery at the harbour."
PUBLISHED = (
    "Post this on Bluesky: From Monday we open at 7, with the first bread still warm. See you at the harbour! #bakery"
)
PLANNED = "Post this tomorrow at 9:00: Rye or walnut? Tell us which loaf you want back next week."
QUIET = ("--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")
SIGN_IN = re.compile(r"http://\S+\?token=\S+")


async def main() -> None:
    """Take both pictures."""
    bluesky = BlueskyServer(SystemClock())
    bluesky.account(HANDLE, APP_PASSWORD)
    async with serving(bluesky.app) as server, _desk() as address, async_playwright() as playwright:
        found = shutil.which("chromium")
        sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
        browser = await playwright.chromium.launch(executable_path=found, args=[*QUIET, *sandbox])
        signed_in = await _tell_the_story(browser, address, server)
        await _phone(browser, address, signed_in)
        await browser.close()


@asynccontextmanager
async def _desk() -> AsyncIterator[str]:
    """A running desk; its sign-in address. It starts in its own folder, where no `.env` connects a model."""
    with tempfile.TemporaryDirectory(prefix="desk-") as folder:
        settings = {"DATA_DIR": "data", "ZONE": "Europe/Lisbon", "ALLOWED_PRIVATE_HOSTS": "127.0.0.1"}
        given = [f"COPYDESK_{name}={value}" for name, value in settings.items()]
        given += [f"PYTHONPATH={DOCS.parent}"]
        given += [f"--unset={name}" for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "COPYDESK_MODEL_FILE")]
        desk = await asyncio.create_subprocess_exec(
            "env", *sorted(given), sys.executable, "-m", "app", "serve", stdout=asyncio.subprocess.PIPE, cwd=folder
        )
        try:
            yield await _address(desk)
        finally:
            with suppress(ProcessLookupError):
                desk.terminate()
            await desk.wait()


async def _address(desk: asyncio.subprocess.Process) -> str:
    while desk.stdout and (line := await desk.stdout.readline()):
        if found := SIGN_IN.search(line.decode()):
            return found[0]
    msg = "the desk did not start; what it wrote stands above"
    raise RuntimeError(msg)


async def _tell_the_story(browser: Browser, address: str, server: str) -> StorageState:
    page = await browser.new_page(viewport={"width": 1280, "height": 1152}, color_scheme="light")
    await page.goto(address)
    await _connect(page, server)
    await page.get_by_text("guided mode").wait_for()
    await _say(page, REMEMBERED)
    await page.get_by_text("Remembered: ").wait_for()
    await _say(page, PUBLISHED)
    card = await _card(page, 1)
    await card.get_by_role("button", name="Post now").click()
    await page.get_by_text("Published #1").wait_for()
    await _say(page, PLANNED)
    card = await _card(page, 2)
    await card.get_by_role("button", name="Approve").click()
    await card.get_by_text("Approved, goes out").wait_for()
    await _picture(page, card, "desk.png")
    return await page.context.storage_state()


async def _connect(page: Page, server: str) -> None:
    await page.goto(page.url.partition("?")[0].rstrip("/") + "/connect")
    offer = page.locator("details", has=page.locator("summary", has_text="Bluesky"))
    await offer.locator("summary").click()
    for name, value in (("handle", HANDLE), ("app_password", APP_PASSWORD), ("server", server)):
        await offer.locator(f"[name={name}]").fill(value)
    await offer.get_by_role("button", name="Connect Bluesky").click()
    await page.get_by_role("link", name="Write something for it").click()


async def _say(page: Page, text: str) -> None:
    box = page.get_by_role("textbox", name="Message")
    await box.fill(text)
    await box.press("Enter")


async def _card(page: Page, number: int) -> Locator:
    """The newest card of a post, once it is there."""
    card = page.get_by_role("region", name=f"#{number},").last
    await card.wait_for()
    return card


async def _phone(browser: Browser, address: str, signed_in: StorageState) -> None:
    context = await browser.new_context(
        viewport={"width": 390, "height": 844},
        color_scheme="dark",
        has_touch=True,
        is_mobile=True,
        storage_state=signed_in,
    )
    page = await context.new_page()
    await page.goto(address.partition("?")[0])
    await _picture(page, await _card(page, 2), "desk-dark-phone.png")


async def _picture(page: Page, last: Locator, name: str) -> None:
    """The page at rest, with that card right above the composer: nothing on its way, no toast, no caret, no pointer."""
    await page.mouse.move(0, 0)
    await page.evaluate("document.activeElement.blur()")
    await page.locator(".toast").last.wait_for(state="detached", timeout=20_000)
    dock = await page.locator("#composer").bounding_box()
    card = await last.bounding_box()
    if dock and card:
        await page.evaluate("by => scrollBy(0, by)", card["y"] + card["height"] - dock["y"] + 16)
    await asyncio.sleep(1)  # the pressed button's colour fades, pictures and scrolling settle
    await page.screenshot(path=DOCS / name)


if __name__ == "__main__":
    asyncio.run(main())
