"""The card that says how the posts did: three numbers, one thing worth knowing, one proposal, a chart, and the best five."""

from collections.abc import Mapping, Sequence

from bot.chat import Card, Chart, Series, Table
from content.counts import engagement
from content.reports import Week
from content.results import BestPost

WEEKS = 8
SUBJECT = f"report:{WEEKS} weeks"
NONE_YET = "Nothing went out in these weeks yet. Say “draft a post about …”, and I count from there."
NOT_COUNTED = ", not counted"
STEADY = 0.2
"""How far a week may be from the average to be like the others."""
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
    each = {week: week.reactions / week.posts for week in weeks[:-1] if week.posts and week.reactions is not None}
    average = _average(each)
    if len(each) < 2 or not average:
        return ""
    for week, what in (
        (max(each, key=lambda one: each[one]), "stood out"),
        (min(each, key=lambda one: each[one]), "fell behind"),
    ):
        if abs(each[week] - average) > average * STEADY:
            return (
                f"The week of {_day(week)} {what}: {each[week]:.0f} reactions a post, against {average:.0f} on average."
            )
    return f"A post draws about {average:.0f} reactions, week after week."


def _average(each: Mapping[Week, float]) -> float:
    posts = sum(week.posts for week in each)
    return sum(week.reactions or 0 for week in each) / posts if posts else 0.0


def _proposal(best: Sequence[BestPost]) -> str:
    if not best:
        return ""
    top = best[0]
    return f"#{top.number} on {top.label} drew most. Say “draft another like #{top.number}”."


def _chart(weeks: Sequence[Week]) -> Chart:
    """Reactions, or posts as long as no reactions were told: side by side, the smaller of the two could not be seen."""
    said = "; ".join(f"{_day(week)}: {_week(week)}" for week in weeks)
    if all(week.reactions is None for week in weeks):
        days = tuple(_day(week) for week in weeks)
        return Chart(
            "Posts by week", "bar", days, (Series("Posts", tuple(float(week.posts) for week in weeks)),), f"{said}."
        )
    days = tuple(f"{_day(week)}{NOT_COUNTED if week.posts and week.reactions is None else ''}" for week in weeks)
    reactions = Series("Reactions", tuple(float(week.reactions or 0) for week in weeks))
    return Chart("Reactions by week", "bar", days, (reactions,), f"{said}.")


def _week(week: Week) -> str:
    reactions = f", {_many(week.reactions, 'reaction')}" if week.reactions is not None else ""
    if week.posts and week.reactions is None:
        reactions = NOT_COUNTED
    return f"{_many(week.posts, 'post')}{reactions}"


def _day(week: Week) -> str:
    return f"{week.start.day} {week.start:%b}"


def _table(best: Sequence[BestPost]) -> Table:
    headings = ("Post", "Where", "Likes", "Replies", "Reposts", "Views", "All")
    rows = tuple(
        (
            f"#{one.number} {shortened(one.words)}",
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


def shortened(words: str) -> str:
    """A post's words for one cell."""
    return words if len(words) <= _WORDS else f"{words[: _WORDS - 1].rstrip()}…"


def _told(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
