"""The report: three numbers, one thing worth knowing, one proposal, a chart with its words, the best five."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.report_card import NONE_YET, SUBJECT, report_card
from bot.slack.limits import CHART_LABEL, CHART_POINTS, CHART_TITLE
from content.platform import Numbers
from content.reports import Week
from content.results import BestPost
from tests.fakes.agent_desk import Opens

MONDAY = date(2026, 10, 5)


def weeks(*counts: tuple[int, int | None]) -> list[Week]:
    return [Week(MONDAY + timedelta(weeks=n), posts, reactions) for n, (posts, reactions) in enumerate(counts)]


def best(number: int = 5, words: str = "Rye or walnut?") -> BestPost:
    at = datetime(2026, 11, 2, tzinfo=UTC)
    return BestPost(words, "Mastodon", Numbers(12, 3, 1, None), at, "post_1", number, "ann", "https://m.example/1")


def test_an_empty_desk_says_what_to_do() -> None:
    card = report_card(weeks((0, None), (0, None)), [])
    assert (card.status, card.chart, card.table) == (NONE_YET, None, None)


def test_it_says_three_numbers_and_draws_them() -> None:
    card = report_card(weeks((2, 10), (1, None), (3, 5)), [best()])
    assert card.subject == SUBJECT
    assert card.status == "6 posts, 3 of them this week, 15 reactions."
    assert card.chart is not None
    assert card.chart.categories == ("5 Oct", "12 Oct, not counted", "19 Oct")
    assert [(series.name, series.values) for series in card.chart.series] == [("Reactions", (10, 0, 5))]
    assert card.chart.alt == "5 Oct: 2 posts, 10 reactions; 12 Oct: 1 post, not counted; 19 Oct: 3 posts, 5 reactions."
    assert len(card.chart.title) <= CHART_TITLE
    assert len(card.chart.categories) <= CHART_POINTS
    assert all(len(one) <= CHART_LABEL for one in card.chart.categories)
    assert card.table is not None
    assert card.table.rows == (("#5 Rye or walnut?", "Mastodon", "12", "3", "1", "–", "16"),)
    assert card.notes[-1] == "#5 on Mastodon drew most. Say “draft another like #5”."


def test_without_counted_reactions_it_says_so_and_draws_posts_only() -> None:
    card = report_card(weeks((2, None), (0, None)), [])
    assert card.status == "2 posts, 0 of them this week, no reactions counted yet."
    assert card.chart is not None
    assert [(series.name, series.values) for series in card.chart.series] == [("Posts", (2, 0))]
    assert card.notes == ()


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (((1, 10), (1, 10), (1, 40), (0, None)), "The week of 19 Oct stood out: 40 reactions a post, against 20"),
        (((1, 10), (1, 10), (1, 11), (0, None)), "A post draws about 10 reactions, week after week."),
        (((1, 100), (1, 98), (1, 30), (0, None)), "The week of 5 Oct stood out"),
        (((1, 100), (1, 100), (1, 100), (1, 40), (0, None)), "The week of 26 Oct fell behind: 40 reactions a post"),
    ],
)
def test_one_thing_worth_knowing(counts: tuple[tuple[int, int | None], ...], said: str) -> None:
    assert report_card(weeks(*counts), []).notes[0].startswith(said)


@pytest.mark.parametrize("counts", [((1, 0), (1, 0), (0, None)), ((1, 5), (0, None)), ((1, 240), (0, None))])
def test_too_little_to_say_is_not_said(counts: tuple[tuple[int, int | None], ...]) -> None:
    assert report_card(weeks(*counts), []).notes == ()


def test_a_long_post_is_cut_visibly() -> None:
    card = report_card(weeks((1, 1)), [best(words="word " * 40)])
    assert card.table is not None
    assert card.table.rows[0][0].endswith("word…")


async def test_the_command_shows_it(opens: Opens) -> None:
    desk = await opens()
    await desk.say("/report")
    await desk.jobs.run_all()
    assert desk.chat.cards[-1].subject == SUBJECT
