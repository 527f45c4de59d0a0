import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from httpx import AsyncClient

from app.logs import JsonLines
from content.connecting import Connected, Elsewhere, Field, Identity, Login
from content.consent_views import ConsentView
from content.errors import NeedsReconnect, RateLimited, StaleRevision, WrongState
from content.models import Role
from content.people import Actor
from content.platform import Access, Content, Limits, Rendering, Spec
from tests.fakes.clock import FakeClock
from tests.fakes.films import PLACE, film
from tests.web.stand_in import StandIn, standing_in
from web.errors import status_of

PAGE = {"accept": "text/html"}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


class Grape:
    """A platform whose login is on its own page when the person has no key."""

    spec = Spec("grape", "Grape", Limits(500, "characters", 4, 1_000_000, frozenset({"image/png"}), 100))

    def render(self, content: Content, access: Access) -> Rendering:
        return Rendering("grape", "Grape", access.handle, self.spec.limits, ())

    def setup(self, callback_url: str) -> Sequence[str]:
        return ()

    def form(self) -> tuple[Field, ...]:
        return (Field("key", "Key", "password", "From your settings <b>", required=False),)

    async def start(self, given: Mapping[str, str], callback_url: str, state: str) -> Connected | Elsewhere:
        if given.get("key") == "wrong":
            raise NeedsReconnect("Grape refuses this key. Copy it again.", platform="grape")
        if given.get("key"):
            return Connected(Identity("1", "ada", server=""), Login({"key": given["key"]}))
        return Elsewhere(f"https://grape.example/login?back={callback_url}&state={state}", {})

    async def finish(
        self, keep: Mapping[str, str], answer: Mapping[str, str], callback_url: str
    ) -> Sequence[Connected]:
        if "error" in answer:
            raise NeedsReconnect(f"Grape says: {answer['error']}. Connect again.", platform="grape")
        return [Connected(Identity("2", "bea"), Login({"code": answer["code"]}))]

    async def revoke(self, access: object) -> None:
        return None

    async def check(self, access: object) -> Connected:
        raise NotImplementedError

    async def refresh(self, access: object) -> Login:
        raise NotImplementedError


@pytest.fixture
def grape(desk: StandIn) -> StandIn:
    desk.app.desk.accounts._platforms["grape"] = Grape()  # type: ignore[index]
    return desk


async def member(desk: StandIn, role: Role) -> Actor:
    return await desk.app.people.add_member(desk.owner, "Eve", role)


async def test_the_accounts_page_shows_what_is_connected_and_what_can_be(grape: StandIn) -> None:
    async with grape.signed_in() as browser:
        page = (await browser.get("/connect")).text
    assert ">posts</span>" in page
    assert "<summary>Grape</summary>" in page
    assert 'type="password"' in page
    assert "From your settings &lt;b&gt;" in page
    assert "(optional)" in page


async def test_a_login_by_form_connects_at_once_and_is_never_shown_again(grape: StandIn) -> None:
    async with grape.signed_in() as browser:
        done = (await browser.post("/connect/grape", json={"form": {"key": "sesame-key"}})).json()
        assert done["text"] == "Connected: Grape ada."
        page = (await browser.get(done["go_to"])).text
    assert "Connected: <strong>Grape</strong>, ada" in page
    assert "sesame-key" not in page


async def test_a_refused_login_says_what_the_platform_said(grape: StandIn) -> None:
    async with grape.signed_in() as browser:
        refused = await browser.post("/connect/grape", json={"form": {"key": "wrong"}})
    assert refused.status_code == 502
    assert refused.json() == {"error": "Grape refuses this key. Copy it again.", "code": "needs_reconnect"}


async def set_out(browser: AsyncClient, go_to: str) -> dict[str, str]:
    """From our own page to Grape's; returns what Grape sends back with a yes."""
    page = (await browser.get(go_to, headers=PAGE)).text
    assert f'data-connect="{go_to}"' in page
    assert "Go on to Grape" in page
    away = (await browser.post(go_to, json={"form": {}})).json()["go_to"]
    assert "back=http://127.0.0.1:8321/connect/back" in away
    return {"state": away.rpartition("state=")[2], "code": "c"}


async def test_a_login_elsewhere_comes_back_and_is_bound_once_chosen(grape: StandIn) -> None:
    async with grape.signed_in() as browser:
        back = await set_out(browser, (await browser.post("/connect/grape", json={"form": {}})).json()["go_to"])
        assert (await browser.get("/connect/back", params=back, headers={"purpose": "prefetch"})).status_code == 204
        way = (await browser.get("/connect/back", params=back)).headers["location"]
        page = (await browser.get(way, headers=PAGE)).text
        assert "Is this the account?" in page
        assert '<strong dir="auto">bea</strong>' in page
        assert "id 2</span>" in page
        again = await browser.get("/connect/back", params=back)
        assert (again.status_code, again.headers["location"]) == (303, way)
        assert "Grape" not in [one.label for one in await grape.app.desk.accounts.connected(grape.owner.workspace_id)]
        done = (await browser.post(f"{way}/choose", json={"form": {"2": "yes"}})).json()
        assert done == {"text": "Connected: Grape bea.", "tone": "good", "go_to": way}
        assert "Connected: Grape bea." in (await browser.get(way)).text
        assert "bea" in (await browser.get("/connect")).text


async def test_a_way_begun_in_a_chat_needs_no_sign_in_and_only_its_own_browser_comes_back(grape: StandIn) -> None:
    place = await grape.place()
    begun = await grape.app.desk.consents.begin(
        grape.owner,
        "grape",
        {},
        callback_url="http://127.0.0.1:8321/connect/back",
        conversation_id=place.conversation_id,
    )
    assert isinstance(begun, ConsentView)
    async with grape.browser() as browser, grape.browser() as other:
        back = await set_out(browser, f"/connect/go/{begun.ticket}")
        foreign = await other.get("/connect/back", params=back, headers=PAGE)
        assert foreign.status_code == 422
        assert "another browser" in foreign.text
        way = (await browser.get("/connect/back", params=back)).headers["location"]
        assert (await other.get(way, headers=PAGE)).status_code == 422
        assert (await other.post(f"{way}/choose", json={"form": {"2": "yes"}})).status_code == 422
        assert (await browser.post(f"{way}/choose", json={"form": {}})).json()["code"] == "invalid"
        assert (await browser.post(f"{way}/choose", json={"form": {"2": "yes"}})).status_code == 200
        page = (await browser.get(way)).text
        assert "go on in the chat" in page
        assert "To the accounts" not in page
        assert "Connected: Grape bea." in (await browser.get(f"/connect/go/{begun.ticket}")).text


async def test_a_way_can_be_left(grape: StandIn) -> None:
    async with grape.signed_in() as browser:
        back = await set_out(browser, (await browser.post("/connect/grape", json={"form": {}})).json()["go_to"])
        way = (await browser.get("/connect/back", params=back)).headers["location"]
        left = (await browser.post(f"{way}/leave")).json()
        assert left["text"].startswith("Left as it was")
        assert "Not connected" in (await browser.get(way)).text


async def test_whoever_holds_the_ticket_does_not_see_what_another_browser_reached(grape: StandIn) -> None:
    async with grape.signed_in() as browser, grape.browser() as other:
        go_to = (await browser.post("/connect/grape", json={"form": {}})).json()["go_to"]
        way = (await browser.get("/connect/back", params=await set_out(browser, go_to))).headers["location"]
        page = (await other.get(go_to)).text
        assert "bea" in (await browser.get(way)).text
    assert "bea" not in page
    assert "Go on in the browser where you began" in page


async def test_the_way_begins_at_the_address_that_the_platform_leads_back_to(
    tmp_path: Path, clock: FakeClock, migrated_file: Path
) -> None:
    async with standing_in(tmp_path, clock, migrated_file, "http://desk.lan") as desk:
        desk.app.desk.accounts._platforms["grape"] = Grape()  # type: ignore[index]
        async with desk.signed_in() as browser:
            go_to = (await browser.post("/connect/grape", json={"form": {}})).json()["go_to"]
    assert go_to.startswith("http://desk.lan/connect/go/")


async def test_a_previewer_that_opens_the_way_uses_nothing_up(grape: StandIn) -> None:
    async with grape.signed_in() as browser, grape.browser() as previewer:
        go_to = (await browser.post("/connect/grape", json={"form": {}})).json()["go_to"]
        for _ in range(3):
            assert (await previewer.get(go_to)).status_code == 200
        assert await set_out(browser, go_to)


@pytest.mark.parametrize("address", ["/connect/back?state=invented", "/connect/back", "/connect/go/invented"])
async def test_an_invented_way_leads_nowhere_and_says_so(grape: StandIn, address: str) -> None:
    async with grape.browser() as browser:
        page = await browser.get(address, headers=PAGE)
    assert page.status_code in (404, 422)
    assert "belongs to no login" in page.text
    assert "Back to the accounts" in page.text


async def test_a_login_the_person_denied_says_so(grape: StandIn) -> None:
    async with grape.signed_in() as browser:
        back = await set_out(browser, (await browser.post("/connect/grape", json={"form": {}})).json()["go_to"])
        denied = {"state": back["state"], "error": "<b>denied</b>"}
        way = (await browser.get("/connect/back", params=denied)).headers["location"]
        page = await browser.get(way, headers=PAGE)
    assert "Grape says: &lt;b&gt;denied&lt;/b&gt;" in page.text
    assert "Try again" in page.text


async def test_a_platform_that_is_not_set_up_says_the_steps(grape: StandIn) -> None:
    class Unripe(Grape):
        def setup(self, callback_url: str) -> Sequence[str]:
            return ("Make an app at Grape.", f"Register {callback_url} there.")

    grape.app.desk.accounts._platforms["grape"] = Unripe()  # type: ignore[index]
    async with grape.signed_in() as browser:
        page = (await browser.get("/connect")).text
        refused = await browser.post("/connect/grape", json={"form": {}})
    assert "<li>Register http://127.0.0.1:8321/connect/back there.</li>" in page
    assert "is not set up" in refused.json()["error"]


async def test_an_account_is_let_go(grape: StandIn) -> None:
    async with grape.signed_in() as browser:
        await browser.post("/connect/grape", json={"form": {"key": "k"}})
        account = (await grape.app.desk.accounts.matching(grape.owner.workspace_id, ["Grape"]))[0]
        assert f"/connect/{account.id}/disconnect" in (await browser.get("/connect")).text
        done = (await browser.post(f"/connect/{account.id}/disconnect")).json()
        assert done["go_to"] == "/connect"
        assert "ada" not in (await browser.get("/connect")).text


async def test_a_lost_login_asks_to_be_connected_again(grape: StandIn) -> None:
    async with grape.signed_in() as browser:
        await browser.post("/connect/grape", json={"form": {"key": "k"}})
        account = (await grape.app.desk.accounts.matching(grape.owner.workspace_id, ["Grape"]))[0]
        await grape.app.desk.accounts.lost_login(await grape.app.desk.accounts.access(account.id))
        assert "Connect again" in (await browser.get("/connect")).text


async def test_who_may_not_connect_sees_no_forms(grape: StandIn) -> None:
    eve = await member(grape, Role.EDITOR)
    async with grape.browser() as browser:
        await browser.get("/", params={"token": await grape.app.people.invite(eve.member_id)})
        page = (await browser.get("/connect")).text
        refused = await browser.post("/connect/grape", json={"form": {"key": "k"}})
    assert "<summary>" not in page
    assert "ask an owner or admin" in page
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


async def test_the_calendar_goes_from_week_to_week(desk: StandIn) -> None:
    async with desk.signed_in() as browser:
        this = (await browser.get("/calendar")).text
        after = (await browser.get("/calendar?week=1")).text
        assert (await browser.get("/calendar?week=9999", headers=PAGE)).status_code == 422
    assert "23 November – 29 November 2026" in this
    assert 'href="/calendar?week=-1"' in this
    assert "30 November – 6 December 2026" in after


async def test_a_picture_comes_in_and_is_shown_to_its_workspace_only(desk: StandIn) -> None:
    async with desk.signed_in() as browser:
        kept = await browser.post("/media", files={"file": ("dot.png", PIXEL, "image/png")})
        assert kept.json() | {"id": ""} == {"id": "", "name": "dot.png", "width": 1, "height": 1, "seconds": 0}
        shown = await browser.get(f"/media/{kept.json()['id']}")
        assert shown.content == PIXEL
        assert shown.headers["content-type"] == "image/png"
        assert "immutable" in shown.headers["cache-control"]
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert (await browser.get("/media/media_other")).status_code == 404
    async with desk.browser() as stranger:
        assert (await stranger.get(f"/media/{kept.json()['id']}")).status_code == 401


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("notes.txt", b"hello", "notes.txt: it is no picture I can read"),
        ("huge.png", b"\x89PNG" + b"0" * 20_000_001, "huge.png: it has 20.0 MB"),
        ("page.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "page.svg: it is no picture"),
    ],
)
async def test_what_is_no_picture_is_refused_with_its_name(desk: StandIn, name: str, data: bytes, why: str) -> None:
    async with desk.signed_in() as browser:
        refused = await browser.post("/media", files={"file": (name, data, "image/png")})
    assert refused.status_code == 422
    assert why in refused.json()["error"]


async def test_an_upload_beyond_all_bounds_is_cut_off(desk: StandIn) -> None:
    async with desk.signed_in() as browser:
        headers = {"content-length": str(520_000_001), "content-type": "multipart/form-data; boundary=x"}
        refused = await browser.post("/media", content=b"0", headers=headers)
    assert refused.status_code == 413


async def test_a_video_comes_in_and_is_played_from_anywhere_in_it(desk: StandIn, tmp_path: Path) -> None:
    data = film(tmp_path / "film.mp4", seconds=2)
    async with desk.signed_in() as browser:
        kept = (await browser.post("/media", files={"file": ("film.mp4", data, "video/mp4")})).json()
        assert kept | {"id": ""} == {"id": "", "name": "film.mp4", "width": 64, "height": 48, "seconds": 2.0}
        whole = await browser.get(f"/media/{kept['id']}")
        assert whole.headers["content-type"] == "video/mp4"
        assert whole.headers["accept-ranges"] == "bytes"
        assert PLACE.encode() not in whole.content
        part = await browser.get(f"/media/{kept['id']}", headers={"range": "bytes=4-7"})
        assert (part.status_code, part.content) == (206, whole.content[4:8])
        poster = await browser.get(f"/media/{kept['id']}/poster")
        assert (poster.headers["content-type"], poster.content[:2]) == ("image/jpeg", b"\xff\xd8")
        assert "media-src 'self'" in poster.headers["content-security-policy"]
        broken = await browser.post("/media", files={"file": ("b.mp4", data[: len(data) // 2], "video/mp4")})
        assert "b.mp4: it is no video I can read" in broken.json()["error"]
    async with desk.browser() as stranger:
        for path in ("", "/poster"):
            assert (await stranger.get(f"/media/{kept['id']}{path}")).status_code == 401


async def test_health_is_told_to_anybody_and_ailments_to_nobody(
    desk: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk.browser() as browser:
        assert (await browser.get("/health")).json() == {"status": "ok"}
        await desk.app.db.close()
        (desk.app.settings.data_dir / "copydesk.db").write_bytes(b"no database")
        for name in ("copydesk.db-wal", "copydesk.db-shm"):
            (desk.app.settings.data_dir / name).unlink(missing_ok=True)
        with caplog.at_level(logging.WARNING, "web.health"):
            ailing = await browser.get("/health")
    assert (ailing.status_code, ailing.json()) == (503, {"status": "ailing"})
    assert [record.message for record in caplog.records] == ["desk.ailing"]


async def test_a_page_that_is_not_there_says_so(desk: StandIn) -> None:
    async with desk.browser() as browser:
        page = await browser.get("/nowhere", headers=PAGE)
        assert page.status_code == 404
        assert "Back to the chat" in page.text
        assert (await browser.get("/nowhere")).json()["code"] == "not_found"
        assert (await browser.post("/")).status_code == 405


async def test_a_bug_is_told_with_an_id_that_is_in_the_log(desk: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    @desk.app.site.get("/bug")
    async def bug() -> None:
        raise ZeroDivisionError("secret detail")

    async with desk.browser() as browser:
        with caplog.at_level(logging.ERROR, "web.errors"):
            page = await browser.get("/bug", headers=PAGE)
    assert page.status_code == 500
    assert "secret detail" not in page.text
    [record] = caplog.records
    assert record.__dict__["error_id"] in page.text


async def test_a_bug_on_the_way_to_a_login_keeps_its_ticket_out_of_the_log(
    grape: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    async with grape.signed_in() as browser:
        go_to = (await browser.post("/connect/grape", json={"form": {}})).json()["go_to"]
        async with grape.app.db.engine.begin() as connection:
            await connection.exec_driver_sql("ALTER TABLE connect_attempt RENAME TO gone")
        with caplog.at_level(logging.ERROR, "web.errors"):
            assert (await browser.get(go_to)).status_code == 500
    [record] = caplog.records
    assert record.__dict__["route"] == "/connect/go/{ticket}"
    assert go_to.rpartition("/")[2] not in JsonLines().format(record)


async def test_a_bug_after_the_answer_began_is_not_hidden(desk: StandIn) -> None:
    async def begun(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        raise ZeroDivisionError

    desk.app.site.mount("/begun", begun)
    async with desk.browser() as browser:
        with pytest.raises(ZeroDivisionError):
            await browser.get("/begun/")


def test_each_kind_of_error_has_its_status(clock: FakeClock) -> None:
    told = [
        WrongState("x"),
        StaleRevision("x", 2),
        RateLimited("x", platform="grape", until=clock.now()),
        NeedsReconnect("x", platform="grape"),
    ]
    assert [status_of(error) for error in told] == [409, 409, 503, 502]
