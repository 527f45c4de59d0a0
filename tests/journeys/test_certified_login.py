"""Connecting through the certified OpenID provider: over plain HTTP, in a real browser, and renewed by a hundred workers at once."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import expect
from sqlalchemy import select

from content.consent_views import ConsentView
from content.models import Account
from tests.journeys.desk import RunningDesk, running, walk
from tests.peers.certified import Certified
from tests.peers.oidc import Provider, provider
from tests.servers.postgres import Postgres
from tests.web.test_in_chromium import CHROMIUM, chromium

pytestmark = pytest.mark.peers
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def certified(data: Path, database_url: str = "") -> AsyncIterator[tuple[RunningDesk, Provider, Certified]]:
    """A running desk with a platform whose login is at the provider."""
    async with running(data, thinking=False, database_url=database_url) as desk:
        with provider(f"{desk.url}/connect/back") as there:
            platform = Certified(desk.app.http, desk.clock, there.url)
            desk.app.desk.accounts._platforms["certified"] = platform  # type: ignore[index]
            yield desk, there, platform


async def begun(desk: RunningDesk) -> str:
    """The address that a chat's button opens."""
    owner = await desk.owner()
    consent = await desk.app.desk.consents.begin(owner, "certified", {}, callback_url=f"{desk.url}/connect/back")
    assert isinstance(consent, ConsentView)
    return f"{desk.url}/connect/go/{consent.ticket}"


async def account(desk: RunningDesk) -> Account:
    async with desk.app.db.reading() as session:
        return (await session.scalars(select(Account).where(Account.platform == "certified"))).one()


async def test_a_login_over_plain_http_is_kept_renewed_and_ended(data: Path) -> None:
    async with certified(data) as (desk, there, platform):
        async with httpx.AsyncClient(base_url=desk.url, follow_redirects=True) as browser:
            done = await walk(browser, (await begun(desk)).removeprefix(desk.url), there.walk)
        assert "Connected: Certified alice (Alice)." in done or "Connected: Certified alice." in done
        accounts = desk.app.desk.accounts
        known = (await account(desk)).id
        await accounts.access(known)
        assert platform.refreshes == 0
        desk.clock.move(timedelta(minutes=56))
        first = await accounts.access(known)
        assert platform.refreshes == 1
        assert (await platform.check(first)).identity.remote_id == "alice"
        second = await accounts.refresh(first)
        assert (await accounts.refresh(first)).secrets == second.secrets
        assert platform.refreshes == 2
        await accounts.disconnect(await desk.owner(), known)
        with pytest.raises(Exception, match="no longer renews"):
            await platform.refresh(second)


async def test_a_denied_consent_changes_nothing_and_a_second_visit_says_the_same(data: Path) -> None:
    async with certified(data) as (desk, there, _):
        async with httpx.AsyncClient(base_url=desk.url, follow_redirects=True) as browser:
            way_in = (await begun(desk)).removeprefix(desk.url)
            away = (await browser.post(way_in, json={"form": {}})).json()["go_to"]
            answer = dict(await there.walk(away, allow=False))
            for _ in range(2):
                assert "access was not allowed" in (await browser.get("/connect/back", params=answer)).text
        assert "certified" not in [
            one.platform for one in await desk.app.desk.accounts.connected((await desk.owner()).workspace_id)
        ]


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is missing: apt-get install -y chromium")
async def test_a_person_connects_in_a_real_browser(data: Path) -> None:
    async with certified(data) as (desk, there, _), chromium() as browser:
        page = await browser.new_page()
        await page.goto(await begun(desk))
        await expect(page.get_by_text("see who you are")).to_be_visible()
        await page.get_by_role("button", name="Go on to Certified").click()
        await page.wait_for_url(f"{there.url}/**")
        await page.locator('input[name="login"]').fill("mia")
        await page.locator('input[name="password"]').fill("any")
        await page.get_by_role("button").first.click()
        await page.get_by_role("button", name="Continue").click()
        await page.wait_for_url(f"{desk.url}/connect/way/**")
        await expect(page.get_by_role("heading", name="Is this the account?")).to_be_visible()
        await expect(page.get_by_text("id mia")).to_be_visible()
        await page.reload()
        await page.get_by_role("button", name="Connect", exact=True).click()
        await expect(page.get_by_text("Connected: Certified mia")).to_be_visible()
        assert (await account(desk)).state == "connected"
        await page.reload()
        await expect(page.get_by_text("Connected: Certified mia")).to_be_visible()


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.on_postgresql)])
async def test_a_hundred_workers_of_several_processes_share_one_exchange(
    data: Path, empty: Path | Postgres, database: str
) -> None:
    """The provider ends a login whose renewal is used twice, so a second exchange could not stay unseen."""
    processes = 5 if isinstance(empty, Path) else 2  # a hundred connections are all that the server has
    async with database_of(empty) as url, certified(data, url) as (desk, there, platform):
        async with httpx.AsyncClient(base_url=desk.url, follow_redirects=True) as browser:
            await walk(browser, (await begun(desk)).removeprefix(desk.url), there.walk)
        known = (await account(desk)).id
        command = [
            sys.executable,
            "-m",
            "tests.journeys.renewing",
            str(data),
            there.url,
            known,
            str(100 // processes),
            url,
        ]
        async with desk.app.db.writing() as session:
            row = await session.get_one(Account, known)
            row.expires_at = desk.clock.now() + timedelta(minutes=1)
        told = await asyncio.to_thread(_at_once, command, processes)
        assert sum(len(one["tokens"]) for one in told) == 100
        assert sum(one["renewed"] for one in told) == 1
        tokens = {token for one in told for token in one["tokens"]}
        assert len(tokens) == 1
        fresh = await desk.app.desk.accounts.refresh(await desk.app.desk.accounts.access(known))
        assert (await platform.check(fresh)).identity.remote_id == "alice"
        assert fresh.expires_at == desk.clock.now() + timedelta(hours=1)


@asynccontextmanager
async def database_of(empty: Path | Postgres) -> AsyncIterator[str]:
    """The address of a database of the test's own; nothing where it is in the data folder."""
    if isinstance(empty, Path):
        yield ""
        return
    server: Postgres = empty
    name = await asyncio.to_thread(server.made)
    yield server.dsn(name)
    await asyncio.to_thread(server.drop, name)


def _at_once(command: list[str], count: int) -> list[dict[str, Any]]:
    """What that many processes say that begin together."""
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    assert [one.stdout and one.stdout.readline() for one in processes] == ["ready\n"] * count
    for one in processes:
        assert one.stdin
        one.stdin.write("go\n")
        one.stdin.flush()
    return [json.loads(one.communicate(timeout=120)[0]) for one in processes]
