"""The page in a real browser: by keyboard alone, on a phone and a desktop, light and dark.

Set `--basetemp` to keep the screenshots: they lie in each test's folder.
"""

import asyncio
import dataclasses
import io
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from PIL import Image as Pictures
from playwright.async_api import Browser, Page, Route, ViewportSize, async_playwright, expect

from bot.chat import Card, Choice, OutMessage, Preview, Progress, Step
from content.platform import RenderedPart, Video
from tests.fakes.films import film
from tests.servers.running import serving
from tests.web.gallery import CARDS
from tests.web.stand_in import StandIn

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=375, height=740)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing: apt-get install -y chromium"),
]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A headless Chromium; one that does not close in time is left to its driver, which kills it."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        with suppress(TimeoutError):
            await asyncio.wait_for(browser.close(), CLOSES_SECONDS)


CLOSES_SECONDS = 20


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened


@dataclasses.dataclass
class Opened:
    """A signed-in page, with everything the browser complained about."""

    page: Page
    url: str
    complaints: list[str]


@asynccontextmanager
async def opened(
    desk: StandIn, browser: Browser, size: ViewportSize = DESKTOP, scheme: str = "light"
) -> AsyncIterator[Opened]:
    async with desk.working(), serving(desk.app.site) as url:
        context = await browser.new_context(
            viewport=size,
            color_scheme="dark" if scheme == "dark" else "light",
            is_mobile=size == PHONE,
            has_touch=size == PHONE,
            reduced_motion="reduce",
            timezone_id="Europe/Berlin",
        )
        page = await context.new_page()
        complaints: list[str] = []
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{url}/?token={await desk.token()}")
        yield Opened(page, url, complaints)
        await context.close()
    assert complaints == []


def picture() -> bytes:
    out = io.BytesIO()
    Pictures.linear_gradient("L").convert("RGB").resize((320, 240)).save(out, "PNG")
    return out.getvalue()


async def test_by_keyboard_alone_from_the_first_visit_to_a_published_post(desk: StandIn, browser: Browser) -> None:
    async with opened(desk, browser) as here:
        page = here.page
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the message box")).to_be_focused()
        await page.keyboard.press("Shift+Tab")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name=re.compile("Write my first post"))).to_be_focused()
        await page.keyboard.press("Enter")
        card = page.get_by_role("region", name=re.compile("#1, Draft"))
        await expect(card).to_be_visible()
        now = card.get_by_role("button", name="Post now")
        for _ in range(30):
            if await now.evaluate("one => one === document.activeElement"):
                break
            await page.keyboard.press("Tab")
        await expect(now).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.locator(".card .status")).to_have_text("Published")
        await expect(page.get_by_role("status").filter(has_text="is going out now")).to_be_visible()
    assert list(desk.app.settings.data_dir.glob("posts/*/post.md"))


async def test_typing_sends_with_enter_breaks_lines_with_shift_and_survives_a_reload(
    desk: StandIn, browser: Browser
) -> None:
    async with opened(desk, browser) as here:
        page = here.page
        box = page.get_by_role("textbox", name="Message")
        await box.press_sequentially("Grüße")
        await box.press("Shift+Enter")
        await box.press_sequentially("an alle 🎉")
        await page.reload()
        await expect(box).to_have_value("Grüße\nan alle 🎉")
        await box.press("Enter")
        await expect(page.locator(".from-member .said")).to_have_text("Grüße\nan alle 🎉")
        await expect(box).to_have_value("")
        await page.get_by_role("button", name="Say it again").click()
        await expect(page.locator(".from-member")).to_have_count(2)


async def test_a_refused_message_stays_in_the_composer(desk: StandIn, browser: Browser) -> None:
    async with opened(desk, browser) as here:
        page = here.page
        box = page.get_by_role("textbox", name="Message")
        await box.fill("x" * 100_000)
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("alert").filter(has_text="20,000 fit in one")).to_be_visible()
        assert len(await box.input_value()) == 100_000
        here.complaints.clear()  # the browser notes the 422


async def test_a_picture_is_attached_removed_and_sent(desk: StandIn, browser: Browser, tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        (tmp_path / name).write_bytes(picture())
    async with opened(desk, browser) as here:
        page = here.page
        await page.locator("#files").set_input_files([tmp_path / "one.png", tmp_path / "two.png"])
        await expect(page.locator("#attached li:not([aria-busy])")).to_have_count(2)
        await page.get_by_role("button", name="Remove two.png").click()
        await page.get_by_role("textbox", name="Message").fill("Draft a post: Look at this")
        await page.keyboard.press("Enter")
        await expect(page.locator(".sent-pictures img")).to_have_count(1)
        await expect(page.locator(".preview .pictures img")).to_have_count(1)
        await expect(page.locator(".alt.missing")).to_be_visible()
        await page.get_by_role("button", name="Edit", exact=True).click()
        await page.get_by_label("Describe picture 1").fill("A gradient from black to white")
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator(".preview .alt")).to_have_text("ALT")


async def test_a_video_is_attached_with_a_picture_of_it_and_sent(
    desk: StandIn, browser: Browser, tmp_path: Path
) -> None:
    film(tmp_path / "film.mp4", size=(320, 180))
    async with opened(desk, browser) as here:
        page = here.page
        await page.locator("#files").set_input_files(tmp_path / "film.mp4")
        await expect(page.locator("#attached li.film:not([aria-busy])")).to_have_count(1)
        await expect(page.locator("#attached .uploading")).to_have_count(0)
        await _drawn(page, "#attached li.film img")
        await page.screenshot(path=tmp_path / "composer.png")
        await page.get_by_role("textbox", name="Message").fill("Look at this")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("img", name="film.mp4, a video")).to_have_count(1)
        await _drawn(page, ".sent-pictures img")


async def test_a_video_says_that_it_is_being_uploaded(desk: StandIn, browser: Browser, tmp_path: Path) -> None:
    film(tmp_path / "film.mp4", size=(320, 180))
    seen = asyncio.Event()

    async def slowly(route: Route) -> None:
        await seen.wait()
        await route.continue_()

    async with opened(desk, browser) as here:
        page = here.page
        await page.route("**/media", slowly)
        await page.locator("#files").set_input_files(tmp_path / "film.mp4")
        await expect(page.locator("#attached").get_by_role("status")).to_have_text("Uploading…")
        await page.screenshot(path=tmp_path / "uploading.png")
        seen.set()
        await expect(page.locator("#attached .uploading")).to_have_count(0)


async def test_a_video_on_a_card_is_played_by_the_browsers_own_controls(
    desk: StandIn, browser: Browser, tmp_path: Path
) -> None:
    film(tmp_path / "film.mp4", seconds=3, size=(320, 180))
    kept = await desk.app.desk.media.take(desk.owner, "film.mp4", tmp_path / "film.mp4")
    assert isinstance(kept, Video)
    part = RenderedPart("Look at this", 12, video=dataclasses.replace(kept, alt="A grey square becomes lighter"))
    shown = Preview("Mastodon", "studio@mastodon.example", "characters", 500, (part,), "waiting", "not scheduled")
    desk.cards["post:film"] = Card("post:film", "#12", "plain", "Draft", previews=(shown,))
    async with opened(desk, browser) as here:
        page = here.page
        await desk.webchat.post(await desk.place(), OutMessage(card=desk.cards["post:film"]))
        await expect(page.locator(".film figcaption")).to_have_text("film.mp4, 0:03 · A grey square becomes lighter")
        await page.screenshot(path=tmp_path / "card.png", full_page=True)
        player = page.get_by_label("A grey square becomes lighter")
        await player.evaluate("async video => { video.muted = true; await video.play(); }")
        await page.wait_for_function("() => document.querySelector('.film video').currentTime > 0.2")
        assert await player.evaluate("video => [video.duration, video.videoWidth, video.controls]") == [3, 320, True]


async def _drawn(page: Page, selector: str) -> None:
    await page.wait_for_function("selector => document.querySelector(selector)?.naturalWidth > 1", arg=selector)


async def test_what_is_no_picture_is_refused_by_name_and_the_text_stays(
    desk: StandIn, browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "notes.png").write_bytes(b"hello")
    async with opened(desk, browser) as here:
        page = here.page
        await page.get_by_role("textbox", name="Message").fill("with this")
        await page.locator("#files").set_input_files(tmp_path / "notes.png")
        await expect(page.get_by_role("alert").filter(has_text="notes.png: it is no picture")).to_be_visible()
        await expect(page.locator("#attached li")).to_have_count(0)
        await expect(page.get_by_role("textbox", name="Message")).to_have_value("with this")
        here.complaints.clear()  # the browser notes the 422


async def test_an_edit_counts_is_saved_and_survives_a_change_meanwhile(desk: StandIn, browser: Browser) -> None:
    async with opened(desk, browser) as here:
        page = here.page
        await page.get_by_role("button", name=re.compile("Write my first post")).click()
        await page.get_by_role("button", name="Edit", exact=True).click()
        field = page.locator(".card-form:not([hidden]) textarea")
        await field.fill("Hello, edited by me")
        await expect(page.locator(".card-form:not([hidden]) output")).to_have_text("about 19 / 10,000 characters")
        [post] = await desk.app.desk.posts.open_posts(desk.owner.workspace_id)
        await desk.webchat.press(
            desk.owner, f"edit:{post.id}:1", {f"{post.deliveries[0].account_id}/0": "Hello, edited elsewhere"}
        )
        await expect(page.locator(".post-text")).to_have_text("Hello, edited elsewhere")
        await expect(field).to_have_value("Hello, edited by me")
        await expect(field).to_be_focused()
        await expect(page.locator(".changed:visible")).to_be_visible()
        await field.press("Control+Enter")
        await expect(page.locator(".post-text")).to_have_text("Hello, edited by me")
        await expect(page.locator(".card-form:not([hidden]) textarea")).to_have_count(0)


async def test_a_saved_edit_closes_even_when_its_card_is_redrawn_first(desk: StandIn, browser: Browser) -> None:
    async def slowly(route: Route) -> None:
        answer = await route.fetch()
        await expect(here.page.locator(".post-text")).to_have_text("Hello, edited by me")
        await route.fulfill(response=answer)

    async with opened(desk, browser) as here:
        page = here.page
        await page.get_by_role("button", name=re.compile("Write my first post")).click()
        await page.get_by_role("button", name="Edit", exact=True).click()
        await page.route("**/chat/press", slowly)
        await page.locator(".card-form:not([hidden]) textarea").fill("Hello, edited by me")
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator(".card-form:not([hidden])")).to_have_count(0)
        await expect(page.get_by_text("is now version 2")).to_be_visible()


async def test_a_time_that_cannot_be_is_refused_in_the_form(desk: StandIn, browser: Browser) -> None:
    async with opened(desk, browser) as here:
        page = here.page
        await page.get_by_role("button", name=re.compile("Write my first post")).click()
        await page.get_by_role("button", name="Schedule", exact=True).click()
        form = page.locator(".card-form:not([hidden])")
        await form.get_by_label("When?").fill("yesterday 9:00")
        await page.keyboard.press("Enter")
        await expect(form.get_by_role("alert")).to_be_visible()
        await form.get_by_role("button", name="tomorrow 9:00").click()
        await form.get_by_role("button", name="Schedule").click()
        await expect(page.locator(".card .status")).to_contain_text("planned for Tue 24 Nov 09:00 Europe/Berlin")
        await expect(form).to_have_count(0)


async def test_a_tab_nobody_looks_at_catches_up_when_seen(desk: StandIn, browser: Browser) -> None:
    async with opened(desk, browser) as here:
        page = here.page
        await page.wait_for_function("document.querySelector('#about-model').textContent !== ''")
        await page.evaluate(_SEEN, "hidden")
        await desk.webchat.post(await desk.place(), OutMessage("Said meanwhile."))
        await page.wait_for_timeout(300)
        await expect(page.get_by_text("Said meanwhile.")).to_have_count(0)
        await page.evaluate(_SEEN, "visible")
        await expect(page.get_by_text("Said meanwhile.")).to_be_visible()


async def test_a_reply_names_its_card(desk: StandIn, browser: Browser) -> None:
    async with opened(desk, browser) as here:
        page = here.page
        await page.get_by_role("button", name=re.compile("Write my first post")).click()
        await page.get_by_role("button", name="Reply about #1").click()
        await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
        await page.keyboard.type("shorter, please")
        await page.keyboard.press("Enter")
        await expect(page.locator(".from-member .about")).to_have_text("About #1")
        await expect(page.locator("#replying")).to_be_hidden()


async def test_a_lost_connection_comes_back_with_what_was_missed(desk: StandIn, browser: Browser) -> None:
    async with opened(desk, browser) as here:
        page = here.page
        await page.wait_for_function("document.querySelector('#about-model').textContent !== ''")
        await page.context.set_offline(True)
        await page.get_by_role("textbox", name="Message").fill("are you there?")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
        await expect(page.get_by_role("textbox", name="Message")).to_have_value("are you there?")
        await page.context.set_offline(False)
        await desk.webchat.post(await desk.place(), OutMessage("Said meanwhile."))
        await expect(page.get_by_text("Said meanwhile.")).to_be_visible(timeout=15_000)
        here.complaints.clear()  # the browser notes that it was offline


async def test_hostile_text_stays_text(desk: StandIn, browser: Browser) -> None:
    bad = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"
    async with opened(desk, browser) as here:
        await here.page.get_by_role("textbox", name="Message").fill(f"Draft a post: {bad}")
        await here.page.keyboard.press("Enter")
        await expect(here.page.locator(".post-text")).to_have_text(bad)
        assert await here.page.title() == "Copydesk"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_every_page_fits_and_is_photographed(
    desk: StandIn, browser: Browser, size: ViewportSize, scheme: str, tmp_path: Path
) -> None:
    desk.cards |= CARDS
    async with opened(desk, browser, size, scheme) as here:
        page = here.page
        await page.screenshot(path=tmp_path / "shots" / "welcome.png")
        place = await desk.place()
        await desk.webchat.post(place, OutMessage("Here is **one draft** for both accounts:\n\n- calm\n- short"))
        for card in CARDS.values():
            await desk.webchat.post(place, OutMessage(card=card))
        await desk.webchat.post(place, OutMessage("Shall I write a shorter one?", choices=(Choice("Yes", "shorter"),)))
        await desk.webchat.progress(place, Progress((Step("read your goals", True), Step("writing 2 of 3")), "So far…"))
        await expect(page.get_by_text("writing 2 of 3").first).to_be_visible()
        await _shoot(page, tmp_path, "chat")
        await page.locator("[data-subject='post:x']").get_by_role("button", name="Edit", exact=True).click()
        await _shoot(page, tmp_path, "edit")
        for path in ("calendar", "connect"):
            await page.goto(f"{here.url}/{path}")
            await _shoot(page, tmp_path, path)


async def _shoot(page: Page, folder: Path, name: str) -> None:
    await page.screenshot(path=folder / "shots" / f"{name}.png", full_page=True)
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} scrolls sideways by {wide} px"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_has_contrast_and_every_control_a_name(desk: StandIn, browser: Browser, scheme: str) -> None:
    desk.cards |= CARDS
    async with opened(desk, browser, DESKTOP, scheme) as here:
        for card in CARDS.values():
            await desk.webchat.post(await desk.place(), OutMessage("With `code` and [a link](https://e.org)", card))
        await expect(here.page.locator(".card")).to_have_count(len(CARDS))
        assert await here.page.evaluate(_FAINT) == []
        assert await here.page.evaluate(_NAMELESS) == []


_SEEN = """(state) => {
  Object.defineProperty(document, "hidden", { value: state === "hidden", configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
_FAINT = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= .04045 ? c / 12.92
    : ((c + .055) / 1.055) ** 2.4); return .2126 * x + .7152 * y + .0722 * z; };
  const ground = (one) => { for (; one; one = one.parentElement) { const c = rgba(getComputedStyle(one).backgroundColor);
    if (c[3] > 200) return c; } return [255, 255, 255]; };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !one.checkVisibility() || one.closest("noscript, option, .mark")) continue;
    const [a, b] = [light(rgba(getComputedStyle(one).color)), light(ground(one))].sort((x, y) => y - x);
    const contrast = (a + .05) / (b + .05);
    if (contrast < 4.5) faint.push(`${one.className || one.tagName}: ${contrast.toFixed(2)}`);
  }
  return [...new Set(faint)];
}"""
_NAMELESS = """() => [...document.querySelectorAll("button, a, input:not([hidden]), textarea, img")].filter((one) =>
  !(one.textContent.trim() || one.ariaLabel || one.alt || one.labels?.length)).map((one) => one.outerHTML)"""
