"""Every kind of row is drawn as it is now, for whoever looks."""

from dataclasses import replace

import pytest

from content.errors import Busy
from content.times import said
from tests.fakes.agent_desk import AgentDesk, Opens
from tests.fakes.clock import FakeClock
from tests.fakes.reports import ReportingPlatform
from tests.fakes.trends import FakeSource


async def test_a_post_is_drawn_in_the_zone_of_the_one_who_looks(opens: Opens) -> None:
    desk = await opens()
    post = await desk.base.planned("Tea time")
    for zone in ("Europe/Berlin", "Asia/Tokyo"):
        card = await desk.drawing.draw(f"post:{post.id}", replace(desk.actor, zone=zone))
        assert card is not None
        assert card.status == f"Approved, goes out {said(post.due_at or desk.clock.now(), zone, desk.clock.now())}"


async def test_what_is_not_there_is_not_drawn(opens: Opens) -> None:
    desk = await opens()
    for subject in ("post:post_of_others", "poem:1", "", "calendar:week", "calendar:"):
        assert await desk.drawing.draw(subject, desk.actor) is None
    post = await desk.base.draft()
    stranger = replace(desk.actor, workspace_id="workspace_elsewhere")
    assert await desk.drawing.draw(f"post:{post.id}", stranger) is None


async def test_a_database_that_is_too_busy_does_not_make_a_card_disappear(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await opens()
    post = await desk.base.draft()

    async def busy(*_: object) -> None:
        raise Busy("I am too busy just now.")

    monkeypatch.setattr(desk.services.posts, "view", busy)
    with pytest.raises(Busy):
        await desk.drawing.draw(f"post:{post.id}", desk.actor)


async def test_a_calendar_shows_its_own_days_whenever_it_is_drawn(opens: Opens) -> None:
    desk = await opens()
    for hours in (2, 60, 24 * 7, 24 * 20):
        await desk.base.planned(f"In {hours} h", hours=hours)
    shown = {span: await calendar(desk, span) for span in ("today", "this week", "next week", "this month")}
    assert shown == {
        "today": ["11:00 Fake: In 2 h"],
        "this week": ["11:00 Fake: In 2 h", "21:00 Fake: In 60 h"],
        "next week": ["09:00 Fake: In 168 h"],
        "this month": ["11:00 Fake: In 2 h", "21:00 Fake: In 60 h", "09:00 Fake: In 168 h"],
    }


async def calendar(desk: AgentDesk, span: str) -> list[str]:
    card = await desk.drawing.draw(f"calendar:{span}", desk.actor)
    assert card is not None
    assert (card.subject, card.title) == (f"calendar:{span}", f"Calendar, {span}")
    return [row.title for group in card.groups for row in group.rows]


async def test_headlines_stay_with_the_topic_they_were_found_for(opens: Opens) -> None:
    source = FakeSource(titles=["Cats win"])
    desk = await opens(sources=[source])
    empty = await desk.drawing.draw("findings:cats", desk.actor)
    assert empty is not None
    assert (empty.status, empty.groups) == ("Nothing found. Try other words, or name a feed.", ())
    await desk.services.research.look(desk.actor, "cats")
    source.titles = ["Other", "Dogs lose"]
    await desk.services.research.look(desk.actor, "dogs")
    for subject, title, first in (
        ("findings:cats", "What is moving about cats", []),
        ("findings:dogs", "What is moving about dogs", ["Dogs lose", "Other"]),
        ("findings:", "What is moving", ["Dogs lose", "Other"]),
    ):
        card = await desk.drawing.draw(subject, desk.actor)
        assert card is not None
        assert card.title == title
        rows = [row for group in card.groups for row in group.rows]
        assert sorted(row.title for row in rows) == first
        assert all(row.detail == "Gazette, 23 Nov" for row in rows)


async def test_goals_and_what_went_well_are_drawn(opens: Opens, clock: FakeClock) -> None:
    desk = await opens(platforms=[ReportingPlatform(clock)])
    card = await desk.drawing.draw("goals:all", desk.actor)
    assert card is not None
    assert card.status.startswith("No goals yet.")
    await desk.services.goals.set(desk.actor, "posts_per_week", 1)
    await desk.services.goals.set(desk.actor, "followers", 500, "end of year")
    post = await desk.base.now("Tea time")
    await desk.jobs.run_all()
    await desk.services.results.count_now(desk.actor, post.id)
    card = await desk.drawing.draw("goals:all", desk.actor)
    assert card is not None
    assert [group.heading for group in card.groups] == ["Goals", "Went well"]
    goals, well = (group.rows for group in card.groups)
    assert {row.title[:22]: row.tone for row in goals}["1 of 1 post this week "] == "good"
    assert all(row.detail.startswith("Next: ") for row in goals)
    assert [(row.title, row.detail) for row in well] == [("Tea time", "Fake")]


async def test_what_is_under_way_is_drawn_newest_first(opens: Opens) -> None:
    desk = await opens()
    empty = await desk.drawing.draw("queue:open", desk.actor)
    assert empty is not None
    assert (empty.status, empty.groups) == ("Nothing is under way. Ask for a draft.", ())
    for words in ("One", "Two"):
        await desk.base.draft(words)
    await desk.base.planned("Three")
    gone = await desk.base.draft("Four")
    await desk.base.posts.discard(desk.actor, gone.id, 1)
    card = await desk.drawing.draw("queue:open", desk.actor)
    assert card is not None
    assert [(one.heading, [row.title for row in one.rows]) for one in card.groups] == [
        ("Approved", ["#3 Three"]),
        ("Drafts", ["#2 Two", "#1 One"]),
    ]
