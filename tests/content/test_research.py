import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from content.database import Database
from content.errors import ContentError, Invalid, NotAllowed, NotFound, Rejected, Unavailable
from content.models import Finding
from content.research import LONGEST_URL, MOST_FEEDS, Research
from content.trends import Headline
from tests.content.planted import Desk, plant_desk
from tests.fakes.clock import FakeClock

FEED = "https://example.org/feed.xml"


@dataclass
class Source:
    """A trend source that says what a test gives it."""

    name: str
    titles: list[str] = field(default_factory=list)
    needs_address: bool = False
    trouble: Exception | None = None
    slow: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def label(self) -> str:
        return self.name.title()

    async def headlines(self, topic: str, address: str, now: datetime) -> list[Headline]:
        self.asked.append((topic, address))
        if self.trouble:
            raise self.trouble
        if self.slow:
            await asyncio.sleep(60)
        return [Headline(self.name, title, f"https://news.example/{title}", now, "Sum", 7.0) for title in self.titles]


@pytest.fixture
async def desk(db: Database, clock: FakeClock) -> Desk:
    return await plant_desk(db, clock)


def research(desk: Desk, *sources: Source) -> Research:
    within = timedelta(seconds=0.05)
    return Research(desk.db, desk.clock, {source.name: source for source in sources}, within)


async def count(desk: Desk) -> int | None:
    async with desk.db.reading() as session:
        return await session.scalar(select(func.count()).select_from(Finding))


async def test_every_source_is_asked_and_they_take_turns(desk: Desk) -> None:
    one, two = Source("one", ["a", "b", "c"]), Source("two", ["x"])
    found = await research(desk, one, two).look(desk.actor, " ai   agents ")
    assert [line.title for line in found.headlines] == ["a", "x", "b", "c"]
    assert found.missed == []
    assert one.asked == two.asked == [("ai agents", "")]
    first = found.headlines[0]
    assert (first.source, first.url, first.summary) == ("One", "https://news.example/a", "Sum")
    assert first.published_at == first.found_at == desk.clock.now()
    assert first.day == "23 Nov"


async def test_a_source_that_fails_hides_no_other(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    down = Source("down", trouble=Unavailable("it.example cannot be reached. Try again later.", platform="down"))
    broken = Source("broken", trouble=KeyError("bug"))
    found = await research(desk, Source("slow", slow=True), down, broken, Source("fine", ["a"])).look(desk.actor)
    assert [line.title for line in found.headlines] == ["a"]
    assert found.missed == [
        "Slow did not answer within 0.05 s. Ask again later.",
        "Down: it.example cannot be reached. Try again later.",
        "Broken could not be read because of a fault in the desk, which is in its log. The others were asked.",
    ]
    assert "source.broke" in caplog.text


async def test_when_all_fail_there_are_only_the_reasons(desk: Desk) -> None:
    found = await research(desk, Source("slow", slow=True)).look(desk.actor)
    assert found.headlines == []
    assert len(found.missed) == 1
    assert await count(desk) == 0


async def test_the_same_address_is_one_row_with_the_newest_words(desk: Desk, clock: FakeClock) -> None:
    one, two = Source("one", ["a", "b"]), Source("two", ["a"])
    look = research(desk, one, two)
    assert [line.source for line in (await look.look(desk.actor, "first")).headlines] == ["One", "One"]
    clock.move(timedelta(days=1))
    one.titles = ["b", "new"]
    two.titles = []
    await look.look(desk.actor, "second")
    assert await count(desk) == 3
    recent = await look.recent(desk.workspace_id)
    assert {line.title for line in recent[:2]} == {"b", "new"}
    assert recent[2].title == "a"
    assert [line.title for line in await look.recent(desk.workspace_id, 1)] == [recent[0].title]


async def test_each_workspace_keeps_its_own_findings(desk: Desk) -> None:
    other = await plant_desk(desk.db, desk.clock)
    look = research(desk, Source("one", ["a"]))
    await look.look(desk.actor)
    assert await look.recent(other.workspace_id) == []
    await look.look(other.actor)
    assert await count(desk) == 2


async def test_a_finding_of_a_source_that_is_gone_keeps_its_name(desk: Desk) -> None:
    await research(desk, Source("one", ["a"])).look(desk.actor)
    assert [line.source for line in await research(desk).recent(desk.workspace_id)] == ["one"]


async def test_an_address_that_cannot_be_kept_whole_is_left_out(desk: Desk) -> None:
    found = await research(desk, Source("one", ["x" * LONGEST_URL, "a"])).look(desk.actor)
    assert [line.title for line in found.headlines] == ["a"]


async def test_a_feed_that_a_member_gives_is_asked_and_watched(desk: Desk) -> None:
    feed, other = Source("reader", ["a"], needs_address=True), Source("other", ["b"])
    look = research(desk, feed, other)
    await look.look(desk.actor)
    assert feed.asked == []  # no feed is watched yet
    await look.look(desk.actor, "ai", f" {FEED} ")
    await look.look(desk.actor, feed=FEED)
    await look.look(desk.actor, "ai")
    assert feed.asked == [("ai", FEED), ("", FEED), ("ai", FEED)]
    assert await look.watched(desk.workspace_id) == [FEED]


@pytest.mark.parametrize(
    ("trouble", "watched"),
    [
        (Rejected("There is no feed at it. Give another address.", platform="reader"), []),
        (Invalid("It is no address. Give another."), []),
        (Unavailable("It cannot be reached. Try again later.", platform="reader"), [FEED]),
    ],
)
async def test_what_proves_to_be_no_feed_is_not_watched(desk: Desk, trouble: ContentError, watched: list[str]) -> None:
    look = research(desk, Source("reader", needs_address=True, trouble=trouble))
    found = await look.look(desk.actor, feed=FEED)
    assert found.missed == [f"Reader ({FEED}): {trouble.message}"]
    assert await look.watched(desk.workspace_id) == watched


async def test_feeds_are_watched_and_let_go(desk: Desk) -> None:
    look = research(desk)
    assert await look.watch(desk.actor, FEED) == [FEED]
    assert await look.watch(desk.actor, FEED) == [FEED]
    stranger = await plant_desk(desk.db, desk.clock)
    with pytest.raises(NotFound):
        await look.unwatch(stranger.actor, FEED)
    assert await look.unwatch(desk.actor, f" {FEED}") == []
    with pytest.raises(NotFound):
        await look.unwatch(desk.actor, FEED)


@pytest.mark.parametrize("address", ["", "feed", "ftp://example.org/x", "https://example.org/" + "x" * 500])
async def test_a_feed_must_have_an_address(desk: Desk, address: str) -> None:
    with pytest.raises(Invalid, match="https://"):
        await research(desk).watch(desk.actor, address)


async def test_twenty_feeds_are_enough(desk: Desk) -> None:
    look = research(desk)
    for number in range(MOST_FEEDS):
        await look.watch(desk.actor, f"{FEED}?{number}")
    with pytest.raises(Invalid, match="20 feeds"):
        await look.watch(desk.actor, FEED)
    with pytest.raises(Invalid, match="20 feeds"):
        await look.look(desk.actor, feed=FEED)


async def test_who_only_looks_may_look_but_not_watch(desk: Desk) -> None:
    viewer, look = await desk.viewer(), research(desk, Source("one", ["a"]))
    assert len((await look.look(viewer)).headlines) == 1
    with pytest.raises(NotAllowed):
        await look.look(viewer, feed=FEED)
    with pytest.raises(NotAllowed):
        await look.watch(viewer, FEED)
    with pytest.raises(NotAllowed):
        await look.unwatch(viewer, FEED)
