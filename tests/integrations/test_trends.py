"""Every trend source keeps one contract: clean headlines or an honest error; and each its own manners."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from starlette.responses import Response

from content.errors import ContentError, Invalid, RateLimited, Rejected, Unavailable
from content.trends import Headline, TrendSource
from integrations.http import Http
from integrations.trends import SOURCES
from integrations.trends.feed import Feed
from integrations.trends.hackernews import HackerNews
from integrations.trends.reading import LONGEST, is_about, plain, web_address
from integrations.trends.wikipedia import Wikipedia
from tests.fakes.clock import FakeClock
from tests.servers.running import serving
from tests.servers.trends import HOSTILE, MESSY, RSS, WRITTEN, Trends

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LOCAL: dict[str, Callable[[Http, str], TrendSource]] = {
    "hackernews": lambda http, base: HackerNews(http, f"{base}/api/v1"),
    "wikipedia": Wikipedia,
    "feed": lambda http, base: Feed(http),
}


@dataclass
class Desk:
    """The sources and the server they read from."""

    server: Trends
    http: Http
    url: str

    async def read(self, name: str, topic: str = "", path: str = "/rss") -> list[Headline]:
        source = LOCAL[name](self.http, self.url)
        return await source.headlines(topic, self.url + path if name == "feed" else "", NOW)


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    server = Trends()
    http = Http(clock=FakeClock(NOW), allowed_private_hosts=["127.0.0.1"], timeout=timedelta(seconds=5))
    async with serving(server.app) as url:
        yield Desk(server, http, url)


def test_every_source_is_made_from_the_client_alone_and_is_tested_here() -> None:
    made = [make(Http(clock=FakeClock())) for make in SOURCES.values()]
    assert [source.name for source in made] == list(SOURCES) == list(LOCAL)
    assert all(source.label for source in made)


@pytest.mark.parametrize("name", SOURCES)
async def test_headlines_are_clean_and_say_where_they_come_from(desk: Desk, name: str) -> None:
    found = await desk.read(name)
    assert len(found) >= 3
    for line in found:
        assert line.source == name
        assert 0 < len(line.title) <= LONGEST
        assert len(line.summary) <= LONGEST
        assert (line.title + line.summary).isprintable()
        assert "<b>" not in line.title
        assert "alert(1)" not in line.title + line.summary + line.url
        assert line.url.startswith(("https://", "http://127.0.0.1"))
        assert line.published_at is None or line.published_at.tzinfo is UTC
        assert line.score >= 0


@pytest.mark.parametrize("name", SOURCES)
async def test_hostile_text_comes_through_as_text(desk: Desk, name: str) -> None:
    assert any(HOSTILE in (line.title, line.summary) for line in await desk.read(name))


@pytest.mark.parametrize("name", SOURCES)
async def test_a_topic_nobody_writes_about_has_no_headlines(desk: Desk, name: str) -> None:
    assert await desk.read(name, "zymurgy") == []


@pytest.mark.parametrize("name", SOURCES)
async def test_a_source_hears_honestly_who_asks(desk: Desk, name: str) -> None:
    await desk.read(name)
    assert {request.headers["user-agent"] for request in desk.server.asked} == {
        "copydesk/0.1 (+https://github.com/copydesk)"
    }


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("status:429", RateLimited),
        ("status:500", Unavailable),
        ("status:403", Rejected),
        ("drop_before", Unavailable),
        ("cut_body", Unavailable),
        ("html", (Unavailable, Rejected)),
    ],
)
async def test_trouble_is_told_as_it_is(
    desk: Desk, name: str, fault: str, kinds: type[ContentError] | tuple[type[ContentError], ...]
) -> None:
    desk.server.faults.add("*", fault)
    with pytest.raises(kinds):
        await desk.read(name)


@pytest.mark.parametrize("name", SOURCES)
async def test_a_source_that_sends_far_too_much_is_not_read(desk: Desk, name: str) -> None:
    async with serving(Response(b" " * 6_000_000)) as desk.url:
        with pytest.raises(Rejected, match="sent more than"):
            await desk.read(name)


@pytest.mark.parametrize("name", ["hackernews", "wikipedia"])
@pytest.mark.parametrize(
    "body", [b"null", b"[]", b"7", b'{"hits": {}, "mostread": []}', b'{"mostread": {"articles": 1}}']
)
async def test_an_answer_of_another_shape_has_no_headlines(desk: Desk, name: str, body: bytes) -> None:
    async with serving(Response(body)) as desk.url:
        assert await desk.read(name) == []


async def test_hacker_news_tells_the_front_page_with_points(desk: Desk) -> None:
    first, second, *_ = await desk.read("hackernews")
    assert first == Headline(
        "hackernews", "Show HN: A <5 kB editor", "https://editor.example/", WRITTEN, "120 points, 44 comments", 120.0
    )
    assert (second.url, second.summary) == ("https://news.ycombinator.com/item?id=2", "Now.")
    assert desk.server.asked[0].query_params["tags"] == "front_page"


async def test_hacker_news_looks_for_a_topic_in_the_last_week(desk: Desk) -> None:
    (found,) = await desk.read("hackernews", " editor ")
    assert found.title == "Show HN: A <5 kB editor"
    asked = desk.server.asked[0].query_params
    week_ago = int((NOW - timedelta(days=7)).timestamp())
    assert (asked["query"], asked["tags"]) == ("editor", "story")
    assert asked["numericFilters"] == f"created_at_i>{week_ago},points>=5"


async def test_wikipedia_tells_what_was_read_without_its_own_pages(desk: Desk) -> None:
    first, second, _ = await desk.read("wikipedia")
    assert (first.title, first.score) == ("Solar eclipse", 540_000)
    assert first.url == "https://en.wikipedia.org/wiki/Solar_eclipse"
    assert (second.title, second.url) == ("Prompt injection", f"{desk.url}/wiki/Prompt_injection")


async def test_wikipedia_is_filtered_by_topic(desk: Desk) -> None:
    assert [line.title for line in await desk.read("wikipedia", "moon eclipse")] == ["Solar eclipse"]


@pytest.mark.parametrize(("days", "asked", "found"), [({"2026/11/22"}, 1, 3), ({"2026/11/21"}, 2, 3), (set(), 2, 0)])
async def test_wikipedia_goes_back_a_day_where_one_is_not_counted_yet(
    desk: Desk, days: set[str], asked: int, found: int
) -> None:
    desk.server.days = days
    assert len(await desk.read("wikipedia")) == found
    assert len(desk.server.asked) == asked


async def test_an_rss_feed_is_read(desk: Desk) -> None:
    first, hostile, messy, described = await desk.read("feed")
    assert first == Headline("feed", "Trains run on time", f"{desk.url}/trains", WRITTEN, "For the first time.")
    assert (hostile.url, hostile.published_at) == (f"{desk.url}/rss", None)
    assert messy.title.startswith("Bold claims & more long")
    assert described.title == "Only a description"


async def test_an_atom_feed_is_read(desk: Desk) -> None:
    first, _ = await desk.read("feed", path="/atom")
    assert first == Headline("feed", "Trains & planes", "https://blog.example/1", WRITTEN, "A comparison.")


async def test_a_feed_is_filtered_by_topic(desk: Desk) -> None:
    assert [line.title for line in await desk.read("feed", "train", "/atom")] == ["Trains & planes"]


async def test_a_feed_needs_an_address(desk: Desk) -> None:
    with pytest.raises(Invalid, match="which feed") as error:
        await Feed(desk.http).headlines("", " ", NOW)
    assert error.value.problems[0].where == "address"


@pytest.mark.parametrize("address", ["file:///etc/passwd", "http://169.254.169.254/latest/meta-data"])
async def test_a_feed_is_not_read_from_inside(desk: Desk, address: str) -> None:
    with pytest.raises(Invalid):
        await Feed(desk.http).headlines("", address, NOW)


@pytest.mark.parametrize("body", [RSS[:400].encode(), RSS.replace("</title>", "", 1).encode()])
async def test_a_broken_feed_is_read_as_far_as_it_goes(desk: Desk, body: bytes) -> None:
    async with serving(Response(body)) as desk.url:
        assert await desk.read("feed")


LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
BOMB = f'<!DOCTYPE rss [<!ENTITY l0 "ha">{LAUGHS}]><rss version="2.0"><channel><item><title>&l9;</title></item></channel></rss>'
SPY = '<!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel><item><title>&f;</title></item></channel></rss>'


@pytest.mark.parametrize("body", [BOMB, SPY])
async def test_a_feed_can_neither_swell_nor_read_our_files(desk: Desk, body: str) -> None:
    async with serving(Response(body, media_type="application/xml")) as desk.url:
        try:
            found: list[Any] = await desk.read("feed")
        except Rejected:
            found = []
    assert "root:" not in str(found)
    assert len(str(found)) < 2000


async def test_a_body_that_names_a_file_does_not_make_us_open_it(desk: Desk) -> None:
    async with serving(Response(__file__.encode())) as desk.url:
        with pytest.raises(Rejected, match="There is no feed"):
            await desk.read("feed")


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        (MESSY.partition("long")[0], "Bold claims & more"),
        ("a < b and c > d", "a < b and c > d"),
        ("&lt;i&gt;twice&lt;/i&gt; escaped", "twice escaped"),
        ("<!-- hidden --><style>p{}</style>shown<script>never closed", "shown"),
        ("hid\u200bden \U000e0041tag", "hidden tag"),
        ("👩\u200d🚀 and می\u200cخواهم", "👩\u200d🚀 and می\u200cخواهم"),
        ("<a" * 20_000, "<a" * 149 + "<…"),
        (None, ""),
        (7, ""),
    ],
)
def test_a_text_is_what_a_reader_would_see(given: object, seen: str) -> None:
    assert plain(given) == seen


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://a.example/x?y=1", "https://a.example/x?y=1"),
        ("/story", "https://feed.example/story"),
        (" story ", "https://feed.example/story"),
        ("", "https://feed.example/rss"),
        (None, "https://feed.example/rss"),
        ("javascript:alert(1)", "https://feed.example/rss"),
        ("https://ada:secret@a.example/", "https://feed.example/rss"),
        ("https://a.example/" + "x" * 3000, "https://feed.example/rss"),
        ("http://[::1", "https://feed.example/rss"),
    ],
)
def test_an_address_is_one_that_a_person_may_follow(given: object, used: str) -> None:
    assert web_address(given, "https://feed.example/rss") == used


@pytest.mark.parametrize(
    ("topic", "text", "about"),
    [
        ("", "anything", True),
        ("AI agents", "Agents built on AI", True),
        ("ai", "He said so", False),
        ("train", "Trains run", True),
        ("c++", "C++ at forty", True),
    ],
)
def test_a_topic_is_met_by_its_words(topic: str, text: str, about: bool) -> None:
    assert is_about(topic, text) is about
