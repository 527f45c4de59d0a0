"""Requests of chats go to whoever reads them, as they are; a person's browser is known by its sign-in."""

from content.receiving import RawAnswer, RawRequest
from tests.web.stand_in import StandIn


class Reader:
    """Keeps what it is handed."""

    def __init__(self) -> None:
        self.seen: list[RawRequest] = []

    async def receive(self, request: RawRequest) -> RawAnswer:
        self.seen.append(request)
        return RawAnswer(202, b"kept", {"x-from": "reader", "content-type": "text/plain"})


async def test_a_request_reaches_its_reader_word_for_word(desk: StandIn) -> None:
    reader = desk.app.receivers["slack"] = Reader()
    async with desk.browser() as chat:
        answer = await chat.post(
            "/hooks/slack/events?a=1&b=%20", content=b"\x00raw", headers={"X-Slack-Signature": "v0"}
        )
    assert (answer.status_code, answer.content, answer.headers["x-from"]) == (202, b"kept", "reader")
    [seen] = reader.seen
    assert (seen.method, seen.path, seen.query, seen.body) == ("POST", "events", "a=1&b=%20", b"\x00raw")
    assert seen.headers["x-slack-signature"] == "v0"
    assert seen.actor is None


async def test_a_member_on_the_way_to_install_is_known(desk: StandIn) -> None:
    reader = desk.app.receivers["slack"] = Reader()
    async with desk.signed_in() as browser:
        await browser.get("/hooks/slack/install")
        await browser.post("/hooks/slack/events")
    assert [one.actor for one in reader.seen] == [desk.owner, None]


async def test_a_chat_that_is_not_set_up_is_not_found(desk: StandIn) -> None:
    async with desk.browser() as chat:
        assert (await chat.post("/hooks/slack/events")).status_code == 404


async def test_more_than_a_megabyte_is_turned_away(desk: StandIn) -> None:
    reader = desk.app.receivers["slack"] = Reader()
    async with desk.browser() as chat:
        answer = await chat.post("/hooks/slack/events", content=b"x" * 1_000_001)
    assert answer.status_code == 413
    assert reader.seen == []
