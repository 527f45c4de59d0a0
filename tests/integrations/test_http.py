"""What becomes of a request: an answer, or the one error that says what to do."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from content.errors import (
    Invalid,
    NeedsReconnect,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Rejected,
    Unavailable,
)
from integrations.http import Http, refused_answer
from tests.fakes.clock import FakeClock
from tests.servers.faults import Faults, faulty
from tests.servers.running import serving

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SOON = timedelta(milliseconds=200)


class Server:
    """An app that answers what a test tells it to, and remembers what came in."""

    def __init__(self) -> None:
        self.came: list[tuple[Request, bytes]] = []
        self.answer: Response = JSONResponse({"id": "1"})
        self.faults = Faults()
        routes = [Route("/redirect", self.redirect), Route("/{path:path}", self.any, methods=["GET", "POST"])]
        self.app = faulty(Starlette(routes=routes), self.faults)
        self.url = ""

    async def any(self, request: Request) -> Response:
        self.came.append((request, await request.body()))
        return self.answer

    async def redirect(self, request: Request) -> Response:
        left = int(request.query_params["left"])
        return RedirectResponse(f"/redirect?left={left - 1}" if left > 1 else "/end", 301)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    async with serving(made.app) as made.url:
        yield made


@pytest.fixture
def http() -> Http:
    return Http(clock=FakeClock(NOW), allowed_private_hosts=["127.0.0.1"], timeout=timedelta(seconds=5))


async def refused(http: Http, server: Server, *, write: bool = True, **more: Any) -> PlatformError:
    with pytest.raises(PlatformError) as error:
        await http.ask("anything", "POST", server.url + "/x", write=write, account="acct_1", json={}, **more)
    assert (error.value.platform, error.value.account) == ("anything", "acct_1")
    return error.value


async def test_an_answer_tells_status_headers_and_body(http: Http, server: Server) -> None:
    server.answer = JSONResponse({"id": "ünï"}, 201, headers={"X-Thing": "7"})
    answer = await http.ask("anything", "POST", server.url + "/x", write=True, json={"text": "hi"})
    assert (answer.status, answer.headers["x-thing"], answer.json()) == (201, "7", {"id": "ünï"})
    assert answer.text == '{"id":"ünï"}'
    assert (answer.media_type, answer.url) == ("application/json", server.url + "/x")


async def test_a_request_carries_what_was_given_and_says_who_asks(http: Http, server: Server) -> None:
    await http.ask("anything", "GET", server.url + "/x?a=1", params={"b": "2 3"}, headers={"Authorization": "Bearer t"})
    await http.ask(
        "anything", "POST", server.url + "/x", data={"c": "4"}, files={"file": ("a.png", b"PNG", "image/png")}
    )
    await http.ask("anything", "POST", server.url + "/x", content=b"raw")
    (first, _), (_, form), (_, raw) = server.came
    assert (first.url.query, first.headers["authorization"]) == ("a=1&b=2+3", "Bearer t")
    assert first.headers["user-agent"] == "copydesk/0.1 (+https://github.com/copydesk)"
    assert b'filename="a.png"' in form
    assert b"image/png\r\n\r\nPNG" in form
    assert raw == b"raw"


async def test_no_cookie_is_kept(http: Http, server: Server) -> None:
    server.answer = JSONResponse({}, headers={"set-cookie": "who=me; Path=/"})
    await http.ask("anything", "GET", server.url + "/x")
    await http.ask("anything", "GET", server.url + "/x")
    assert "cookie" not in server.came[1][0].headers


@pytest.mark.parametrize(
    ("fault", "written", "read"),
    [
        ("drop_before", OutcomeUnknown, Unavailable),
        ("drop_after", OutcomeUnknown, Unavailable),
        ("slow_after:2", OutcomeUnknown, Unavailable),
        ("slow:2", OutcomeUnknown, Unavailable),
        ("cut_body", OutcomeUnknown, Unavailable),
        ("html", OutcomeUnknown, Unavailable),
        ("html_after", OutcomeUnknown, Unavailable),
        ("status:500", OutcomeUnknown, Unavailable),
        ("status_after:503", OutcomeUnknown, Unavailable),
        ("status:302", OutcomeUnknown, Rejected),
        ("status:408", OutcomeUnknown, Unavailable),
        ("status:400", Rejected, Rejected),
        ("status:401", NeedsReconnect, NeedsReconnect),
        ("status:403", Rejected, Rejected),
        ("status:404", Rejected, Rejected),
        ("status:410", Rejected, Rejected),
        ("status:413", Rejected, Rejected),
        ("status:415", Rejected, Rejected),
        ("status:418", Rejected, Rejected),
        ("status:422", Rejected, Rejected),
        ("status:429", RateLimited, RateLimited),
    ],
)
async def test_each_fault_becomes_the_error_that_says_what_to_do(
    http: Http, server: Server, fault: str, written: type[PlatformError], read: type[PlatformError]
) -> None:
    server.faults.add("*", fault, fault)
    assert type(await refused(http, server, write=True, timeout=SOON)) is written
    assert type(await refused(http, server, write=False, timeout=SOON)) is read


async def test_nothing_is_sent_twice(http: Http, server: Server) -> None:
    for fault in ("drop_after", "status_after:503", "cut_body", "html_after"):
        server.faults.add("*", fault)
        await refused(http, server)
    assert len(server.came) == 4


def open_files() -> int:
    """Of this process, connections among them."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_no_connection_is_left_open(http: Http, server: Server) -> None:
    before = open_files()
    server.faults.add("*", "slow:2", "cut_body", "drop_after", "status:503")
    for _ in range(4):
        await refused(http, server, timeout=SOON)
    await asyncio.gather(*(http.ask("anything", "GET", server.url + "/x") for _ in range(20)))
    async with asyncio.timeout(5):  # the server notices that they are gone a moment later
        while open_files() > before:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


async def test_a_server_that_is_not_there_is_unavailable_even_for_a_write(http: Http, server: Server) -> None:
    async with serving(server.app) as gone:
        pass
    server.url = gone
    error = await refused(http, server)
    assert type(error) is Unavailable
    assert error.message == "127.0.0.1 cannot be reached. Check the address, or try again later."


async def test_a_resolver_that_takes_too_long_is_unavailable_even_for_a_write(server: Server) -> None:
    async def asleep(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(60)
        raise AssertionError

    error = await refused(
        Http(clock=FakeClock(), allowed_private_hosts=["127.0.0.1"], resolve=asleep), server, timeout=SOON
    )
    assert type(error) is Unavailable


async def test_statuses_that_the_caller_knows_come_back(http: Http, server: Server) -> None:
    server.faults.add("*", "status:404", "status:503")
    for status in (404, 503):
        answer = await http.ask("anything", "POST", server.url + "/x", write=True, accept={404, 503})
        assert answer.status == status


async def test_an_empty_answer_is_a_success_only_where_it_is_expected(http: Http, server: Server) -> None:
    server.answer = Response(status_code=204)
    assert (await http.ask("anything", "POST", server.url + "/x", write=True)).body == b""
    server.answer = Response(b"")
    assert (await http.ask("anything", "POST", server.url + "/x", write=True, expect_json=False)).body == b""
    assert type(await refused(http, server)) is OutcomeUnknown


async def test_json_that_is_nested_without_end_is_no_json(http: Http, server: Server) -> None:
    server.answer = Response(b"[" * 200_000)
    assert type(await refused(http, server)) is OutcomeUnknown
    server.answer = Response(b"[" * 200_000, 400)
    assert type(await refused(http, server)) is Rejected


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "Validation failed: Text can't be blank"}, ": “Validation failed: Text can't be blank”"),
        ({"error": "invalid", "error_description": "It &amp; <b>that</b> is wrong."}, ": “It & that is wrong”"),
        ({"error": {"message": "Too\u202e long\n\x00"}}, ": “Too long”"),
        ({"error": "InvalidRequest", "message": "Record is bad"}, ": “Record is bad”"),
        ({"detail": "x" * 400}, f": “{'x' * 300}”"),
        ({"message": "the token Bearer abcdefgh12345 is bad"}, ": “the token Bearer *** is bad”"),
        ({"message": 7, "error": "   "}, ""),
        (["no", "object"], ""),
    ],
)
async def test_a_refusal_repeats_what_the_platform_says(http: Http, server: Server, body: Any, words: str) -> None:
    server.answer = JSONResponse(body, 422)
    error = await refused(http, server)
    assert error.message == f"127.0.0.1 refused this{words}. Change it and try again."


async def test_a_refusal_in_html_says_nothing_of_its_own(http: Http, server: Server) -> None:
    server.answer = Response("<h1>Forbidden</h1>", 403, media_type="text/html")
    assert (await refused(http, server)).message == "127.0.0.1 refused this. Change it and try again."


async def test_the_answer_behind_an_error_can_be_looked_up(http: Http, server: Server) -> None:
    server.answer = JSONResponse({"error": "ExpiredToken"}, 400)
    error = await refused(http, server)
    answer = refused_answer(error)
    assert answer is not None
    assert (answer.status, answer.json()) == (400, {"error": "ExpiredToken"})
    server.faults.add("*", "drop_after")
    assert refused_answer(await refused(http, server)) is None


async def test_the_log_says_what_was_refused_without_a_secret(
    http: Http, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    body = {
        "error": "no",
        "access_token": "canary-1",
        "refreshJwt": "canary-2",
        "echo": "your secret-canary-3, password=canary-4&x=1, eyJhbGciOiJI.canary5.canary5",
        "long": "x" * 5000,
    }
    server.answer = JSONResponse(body, 400)
    with caplog.at_level(logging.WARNING):
        await refused(http, server, headers={"authorization": "Bearer secret-canary-3"}, params={"code": "canary-6"})
    (record,) = [record for record in caplog.records if record.name == "integrations.outcomes"]
    assert record.getMessage() == "platform.refused"
    said = json.dumps(record.__dict__, default=str)
    assert "canary" not in said
    assert '"outcome": "rejected"' in said
    assert len(record.__dict__["body"]) == 2000


@pytest.mark.parametrize(
    ("headers", "until"),
    [
        ({}, NOW + timedelta(seconds=60)),
        ({"Retry-After": "7"}, NOW + timedelta(seconds=7)),
        ({"Retry-After": "7", "X-RateLimit-Reset": "2026-11-23T09:00:00Z"}, NOW + timedelta(seconds=7)),
        ({"Retry-After": "Mon, 23 Nov 2026 08:05:00 GMT"}, NOW + timedelta(minutes=5)),
        ({"X-RateLimit-Reset": "2026-11-23T08:15:00.000000Z"}, NOW + timedelta(minutes=15)),
        ({"X-RateLimit-Reset": "2026-11-23T08:15:00"}, NOW + timedelta(minutes=15)),
        ({"RateLimit-Reset": str(int(NOW.timestamp()) + 300)}, NOW + timedelta(minutes=5)),
        ({"RateLimit-Reset": "120"}, NOW + timedelta(minutes=2)),
        ({"Retry-After": "-5"}, NOW),
        ({"Retry-After": "9" * 40}, NOW + timedelta(seconds=60)),
        ({"Retry-After": "nan", "RateLimit-Reset": "inf"}, NOW + timedelta(seconds=60)),
        ({"Retry-After": "tomorrow"}, NOW + timedelta(seconds=60)),
        ({"Retry-After": "99999999"}, NOW + timedelta(days=1)),
    ],
)
async def test_a_limit_says_until_when(http: Http, server: Server, headers: Mapping[str, str], until: datetime) -> None:
    server.faults.add("*", "status:429", headers=headers)
    error = await refused(http, server)
    assert isinstance(error, RateLimited)
    assert error.until == until


@pytest.mark.parametrize("value", ["abc\n", "“abc”", "a\x00b"])
async def test_a_header_that_cannot_be_sent_is_refused_before_anything_is(
    http: Http, server: Server, value: str
) -> None:
    with pytest.raises(Invalid, match="authorization"):
        await http.ask("anything", "POST", server.url + "/x", write=True, headers={"Authorization": value})
    assert not server.came


async def test_an_answer_that_is_too_long_is_cut(http: Http, server: Server) -> None:
    server.answer = Response(b"x" * 6_000_000)
    assert type(await refused(http, server, write=True)) is OutcomeUnknown
    error = await refused(http, server, write=False)
    assert error.message == "127.0.0.1 sent more than 5 MB. Use an address with less behind it."


PACKED = gzip.compress(b'{"id": "packed"}', mtime=0)


async def test_a_packed_answer_is_unpacked(http: Http, server: Server) -> None:
    server.answer = Response(PACKED, headers={"content-encoding": "gzip"})
    assert (await http.ask("anything", "POST", server.url + "/x", write=True)).json() == {"id": "packed"}
    assert server.came[0][0].headers["accept-encoding"] == "gzip"
    server.answer = Response(b"", headers={"content-encoding": "gzip"})
    assert (await http.fetch("feed", server.url + "/x")).body == b""


@pytest.mark.parametrize(
    ("body", "encoding"), [(PACKED[:-4], "gzip"), (b"no gzip at all", "gzip"), (b'{"id": 1}', "br")]
)
async def test_an_answer_that_cannot_be_unpacked_is_broken(
    http: Http, server: Server, body: bytes, encoding: str
) -> None:
    server.answer = Response(body, headers={"content-encoding": encoding})
    assert type(await refused(http, server)) is OutcomeUnknown


async def test_an_answer_that_swells_when_unpacked_is_too_long(http: Http, server: Server) -> None:
    server.answer = Response(gzip.compress(b"\x00" * 20_000_000, mtime=0), headers={"content-encoding": "gzip"})
    with pytest.raises(Rejected, match="more than 2 MB"):
        await http.fetch("feed", server.url + "/x")


async def test_a_page_is_fetched_through_three_redirects(http: Http, server: Server) -> None:
    answer = await http.fetch("feed", server.url + "/redirect?left=3")
    assert (answer.status, answer.url) == (200, server.url + "/end")


async def test_time_is_bounded_over_all_redirects(server: Server) -> None:
    server.faults.add("*", *["slow:0.08"] * 4)
    hasty = Http(clock=FakeClock(), allowed_private_hosts=["127.0.0.1"], timeout=SOON)
    with pytest.raises(Unavailable):
        await hasty.fetch("feed", server.url + "/redirect?left=3")


async def test_a_page_behind_four_redirects_is_not_fetched(http: Http, server: Server) -> None:
    with pytest.raises(Rejected, match="on and on") as error:
        await http.fetch("feed", server.url + "/redirect?left=4")
    answer = refused_answer(error.value)
    assert answer is not None
    assert answer.status == 301


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("status:401", Rejected),
        ("status:404", Rejected),
        ("status:302", Rejected),
        ("status:429", RateLimited),
        ("status:500", Unavailable),
        ("drop_before", Unavailable),
    ],
)
async def test_a_page_that_cannot_be_read_says_why(
    http: Http, server: Server, fault: str, kind: type[PlatformError]
) -> None:
    server.faults.add("/x", fault)
    with pytest.raises(kind) as error:
        await http.fetch("feed", server.url + "/x")
    assert error.value.platform == "feed"


async def test_a_page_of_another_kind_is_refused(http: Http, server: Server) -> None:
    assert (await http.fetch("feed", server.url + "/x", types={"application/json"})).json() == {"id": "1"}
    with pytest.raises(Rejected, match="sent application/json"):
        await http.fetch("feed", server.url + "/x", types={"text/html"})
    server.answer = Response(b"?")
    with pytest.raises(Rejected, match="something without a type"):
        await http.fetch("feed", server.url + "/x", types={"text/html"})


def test_a_fault_that_does_not_exist_is_a_mistake_of_the_test() -> None:
    faults = Faults()
    with pytest.raises(ValueError, match="no such fault"):
        faults.add("*", "explode")
    faults.add("GET /x", "html")
    assert (faults.left, faults.take("POST", "/x"), faults.left) == (1, None, 1)
