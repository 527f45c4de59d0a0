from datetime import timedelta

import pytest

from content.models import Role
from tests.fakes.clock import FakeClock
from tests.web.stand_in import BASE, StandIn

PAGE = {"accept": "text/html"}


async def test_the_printed_address_signs_in_and_leads_to_the_chat(desk: StandIn) -> None:
    async with desk.browser() as browser:
        way_in = await browser.get("/", params={"token": await desk.token()})
        assert (way_in.status_code, way_in.headers["location"]) == (303, "/")
        cookie = way_in.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert "Secure" not in cookie
        chat = await browser.get("/")
    assert chat.status_code == 200
    assert "What shall we say today?" in chat.text


async def test_a_token_works_once(desk: StandIn) -> None:
    token = await desk.token()
    async with desk.browser() as browser:
        await browser.get("/", params={"token": token})
    async with desk.browser() as other:
        refused = await other.get("/", params={"token": token}, headers=PAGE)
    assert refused.status_code == 401
    assert "used already or is too old" in refused.text
    assert "copydesk login" in refused.text


async def test_a_used_address_still_leads_who_is_signed_in_to_the_chat(desk: StandIn) -> None:
    token = await desk.token()
    async with desk.browser() as browser:
        await browser.get("/", params={"token": token})
        again = await browser.get("/", params={"token": token})
    assert (again.status_code, again.headers["location"]) == (303, "/")


async def test_an_address_sent_in_a_chat_asks_first_and_a_preview_uses_up_nothing(desk: StandIn) -> None:
    token = await desk.token()
    async with desk.browser() as preview:
        looked = await preview.get("/come-in", params={"token": token}, headers=PAGE)
        assert f'name="token" value="{token}"' in looked.text
        assert "set-cookie" not in looked.headers
    async with desk.browser() as browser:
        way_in = await browser.post("/come-in", data={"token": token})
        assert (way_in.status_code, way_in.headers["location"]) == (303, "/")
        assert (await browser.get("/")).status_code == 200
    async with desk.browser() as late:
        refused = await late.post("/come-in", data={"token": token}, headers=PAGE)
        assert (refused.status_code, "used already or is too old" in refused.text) == (401, True)
        assert "<html" in refused.text


@pytest.mark.parametrize("headers", [{"purpose": "prefetch"}, {"sec-purpose": "prefetch;prerender"}])
async def test_a_browser_that_fetches_ahead_uses_up_nothing(desk: StandIn, headers: dict[str, str]) -> None:
    token = await desk.token()
    async with desk.browser() as browser:
        assert (await browser.get("/", params={"token": token}, headers=headers)).status_code == 204
        assert (await browser.head("/", params={"token": token})).status_code == 204
        assert (await browser.get("/", params={"token": token})).status_code == 303


async def test_who_is_not_signed_in_is_told_how(desk: StandIn) -> None:
    async with desk.browser() as browser:
        for path in ("/", "/calendar", "/connect"):
            page = await browser.get(path, headers=PAGE)
            assert page.status_code == 401
            assert "copydesk login" in page.text
        for path in ("/chat/earlier?before=1", "/chat/events", "/media/media_1"):
            told = await browser.get(path)
            assert (told.status_code, told.json()["code"]) == (401, "signed_out")
        for path in ("/chat/messages", "/chat/press", "/connect/folder"):
            assert (await browser.post(path, json={})).status_code == 401


async def test_a_made_up_or_worn_out_session_is_nobodys(desk: StandIn, clock: FakeClock) -> None:
    async with desk.browser() as browser:
        made_up = await browser.get("/", headers={"cookie": "copydesk_session=made-up"})
        assert made_up.status_code == 401
    async with desk.signed_in() as browser:
        clock.move(timedelta(days=31))
        assert (await browser.get("/")).status_code == 401


async def test_the_page_says_who_is_signed_in(desk: StandIn) -> None:
    bea = await desk.app.people.add_member(desk.owner, "Bea <b>", Role.EDITOR)
    token = await desk.app.people.invite(bea.member_id)
    async with desk.browser(BASE) as browser:
        await browser.get("/", params={"token": token})
        page = await browser.get("/")
    assert "Bea &lt;b&gt;" in page.text
    assert "editor" in page.text


async def test_signing_out_ends_the_session(desk: StandIn) -> None:
    async with desk.browser() as browser:
        await browser.get("/", params={"token": await desk.token()})
        secret = browser.cookies["copydesk_session"]
        away = await browser.post("/sign-out", headers={"origin": BASE})
        assert (away.status_code, away.headers["location"]) == (303, "/")
        browser.cookies.set("copydesk_session", secret)
        assert (await browser.get("/", headers=PAGE)).status_code == 401


async def test_the_browser_tells_the_persons_zone_once(desk: StandIn) -> None:
    async with desk.browser() as browser:
        await browser.get("/", params={"token": await desk.token()})
        told = await browser.post("/me/zone", json={"zone": "Europe/Lisbon"}, headers={"origin": BASE})
        assert told.json() == {"zone": "Europe/Lisbon"}
        again = await browser.post("/me/zone", json={"zone": "Asia/Tokyo"}, headers={"origin": BASE})
        assert again.json() == {"zone": "Europe/Lisbon"}
        wrong = await browser.post("/me/zone", json={"zone": "Nowhere/Land"}, headers={"origin": BASE})
        assert wrong.status_code == 422
        assert 'data-zone="Europe/Lisbon"' in (await browser.get("/")).text
