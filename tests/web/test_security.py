from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.web.stand_in import StandIn, standing_in

POST = "/chat/messages"
TYPED = {"text": "hello", "event_id": "e1"}


@pytest.mark.parametrize("path", ["/", "/health", "/nowhere", "/static/desk.css", "/chat/earlier?before=0"])
async def test_every_answer_carries_strict_headers(desk: StandIn, path: str) -> None:
    async with desk.browser() as browser:
        headers = (await browser.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == ("no-cache" if "static" in path else "no-store")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "a/b", "127.0.0.1:80@evil.example", "10.0.0.1"]
)
async def test_a_foreign_name_for_this_machine_is_turned_away(desk: StandIn, host: str) -> None:
    async with desk.browser() as browser:
        refused = await browser.get("/health", headers={"host": host})
    assert refused.status_code == 421
    assert refused.json()["code"] == "wrong_host"


@pytest.mark.parametrize("host", ["localhost:8321", "127.0.0.1", "[::1]:9000", "LOCALHOST"])
async def test_this_machines_own_names_are_answered(desk: StandIn, host: str) -> None:
    async with desk.browser() as browser:
        assert (await browser.get("/health", headers={"host": host})).status_code == 200


async def test_a_person_at_a_wrong_name_gets_a_page_that_says_what_to_do(desk: StandIn) -> None:
    async with desk.browser() as browser:
        refused = await browser.get("/", headers={"host": "evil.example", "accept": "text/html"})
    assert "COPYDESK_PUBLIC_URL" in refused.text
    assert refused.headers["content-type"].startswith("text/html")


@pytest.fixture
async def public(tmp_path: Path, clock: FakeClock, migrated_file: Path) -> AsyncIterator[StandIn]:
    async with standing_in(tmp_path, clock, migrated_file, "https://desk.example") as stand_in:
        yield stand_in


async def test_the_public_address_is_answered_and_its_cookie_is_secure(public: StandIn) -> None:
    async with public.browser("https://desk.example") as browser:
        signed_in = await browser.get("/", params={"token": await public.token()})
    assert "Secure" in signed_in.headers["set-cookie"]


async def test_a_page_of_the_public_address_may_post_behind_a_proxy(public: StandIn) -> None:
    async with public.browser("https://desk.example") as browser:
        await browser.get("/", params={"token": await public.token()})
        cookie = f"copydesk_session={browser.cookies['copydesk_session']}"
    async with public.browser("http://127.0.0.1:8321", origin="https://desk.example", cookie=cookie) as inner:
        assert (await inner.post(POST, json=TYPED)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://127.0.0.1:8321", "sec-fetch-site": "cross-site"},
    ],
)
async def test_what_comes_from_another_site_does_nothing(desk: StandIn, headers: dict[str, str]) -> None:
    async with desk.signed_in() as browser:
        refused = await browser.post(POST, json=TYPED, headers=headers)
    assert refused.status_code == 403
    assert refused.json()["code"] == "foreign_origin"
    assert not (await desk.app.transcript.page((await desk.place()).conversation_id)).messages


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "http://127.0.0.1:8321"}, {"origin": "http://127.0.0.1:8321", "sec-fetch-site": "same-origin"}],
)
async def test_our_own_page_may_post(desk: StandIn, headers: dict[str, str]) -> None:
    async with desk.signed_in() as browser:
        assert (await browser.post(POST, json=TYPED, headers=headers)).json() == {"new": True}


async def test_a_body_that_says_it_is_too_large_is_not_read(desk: StandIn) -> None:
    async with desk.signed_in() as browser:
        refused = await browser.post(POST, content=b"x", headers={"content-length": "2000000"})
        broken = await browser.post(POST, content=b"x", headers={"content-length": "-1"})
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert "1 MB" in refused.json()["error"]
    assert broken.status_code == 413


async def test_a_body_that_grows_too_large_is_cut_off(desk: StandIn) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    async with desk.signed_in() as browser:
        refused = await browser.post(POST, content=endless(), headers={"content-type": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")


async def test_what_is_no_request_passes_through(desk: StandIn) -> None:
    seen: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.startup" if not seen else "lifespan.shutdown"}

    async def send(message: dict[str, str]) -> None:
        seen.append(message["type"])

    await desk.app.site({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)  # type: ignore[arg-type]
    assert seen == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_pages_hold_no_inline_script_or_style(desk: StandIn) -> None:
    async with desk.signed_in() as browser:
        for path in ("/", "/calendar", "/connect", "/nowhere"):
            html = (await browser.get(path, headers={"accept": "text/html"})).text
            assert " style=" not in html
            assert "<style" not in html
            assert "<script>" not in html
            assert " on" + "click=" not in html


async def test_nobody_learns_the_sites_inner_shape(desk: StandIn) -> None:
    async with desk.signed_in() as browser:
        for path in ("/docs", "/openapi.json", "/redoc"):
            assert (await browser.get(path)).status_code == 404
