"""The card that says how the posts did: three numbers, one thing worth knowing, one proposal, a chart, and the best five."""

from collections.abc import Sequence

from bot.chat import Card, Chart, Series, Table
from content.counts import engagement
from content.reports import Week
from content.results import BestPost

WEEKS = 8
SUBJECT = f"report:{WEEKS} weeks"
NONE_YET = "Nothing went out in these weeks yet. Say “draft a post about …”, and I count from there."
_WORDS = 60
"""Characters of a post in the table."""


def report_card(weeks: Sequence[Week], best: Sequence[BestPost]) -> Card:
    """`weeks` oldest first, the last one still running."""
    if not any(week.posts for week in weeks):
        return Card(SUBJECT, "How it went", status=NONE_YET)
    return Card(
        subject=SUBJECT,
        title=f"How it went, {len(weeks)} weeks",
        status=_numbers(weeks),
        notes=tuple(note for note in (_insight(weeks), _proposal(best)) if note),
        chart=_chart(weeks),
        table=_table(best) if best else None,
    )


def _numbers(weeks: Sequence[Week]) -> str:
    posts, this = sum(week.posts for week in weeks), weeks[-1].posts
    told = [week.reactions for week in weeks if week.reactions is not None]
    reactions = f", {_many(sum(told), 'reaction')}" if told else ", no reactions counted yet"
    return f"{_many(posts, 'post')}, {this} of them this week{reactions}."


def _insight(weeks: Sequence[Week]) -> str:
    """What a look at the numbers shows; nothing where there is too little to say."""
    whole = [week for week in weeks[:-1] if week.posts and week.reactions is not None]
    if len(whole) < 2:
        return ""
    top = max(whole, key=lambda week: (week.reactions or 0) / week.posts)
    each = (top.reactions or 0) / top.posts
    average = sum(week.reactions or 0 for week in whole) / sum(week.posts for week in whole)
    if average == 0 or each < average * 1.2:
        return f"A post draws about {average:.0f} reactions, week after week."
    return (
        f"The week of {_day(week=top)} stood out: {each:.0f} reactions a post, against {average:.0f} on average over the "
        "whole weeks."
    )


def _proposal(best: Sequence[BestPost]) -> str:
    if not best:
        return ""
    top = best[0]
    return f"#{top.number} on {top.label} drew most. Say “draft another like #{top.number}”."


def _chart(weeks: Sequence[Week]) -> Chart:
    series = [Series("Posts", tuple(float(week.posts) for week in weeks))]
    if any(week.reactions is not None for week in weeks):
        series.append(Series("Reactions", tuple(float(week.reactions or 0) for week in weeks)))
    said = "; ".join(f"{_day(week)}: {_week(week)}" for week in weeks)
    return Chart("Posts and reactions by week", "bar", tuple(_day(week) for week in weeks), tuple(series), f"{said}.")


def _week(week: Week) -> str:
    reactions = "" if week.reactions is None else f", {_many(week.reactions, 'reaction')}"
    return f"{_many(week.posts, 'post')}{reactions}"


def _day(week: Week) -> str:
    return f"{week.start.day} {week.start:%b}"


def _table(best: Sequence[BestPost]) -> Table:
    headings = ("Post", "Where", "Likes", "Replies", "Reposts", "Views", "All")
    rows = tuple(
        (
            f"#{one.number} {one.words[:_WORDS]}",
            one.label,
            *(
                _told(number)
                for number in (one.numbers.likes, one.numbers.replies, one.numbers.reposts, one.numbers.views)
            ),
            _told(engagement(one.numbers)),
        )
        for one in best
    )
    return Table("What drew most", headings, rows)


def _told(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
