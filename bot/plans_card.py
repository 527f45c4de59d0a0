"""The card of what happens again and again: plans and series, and ending them."""

from collections.abc import Sequence

from bot.chat import Button, Card, Group, Row
from content.connecting import Field
from content.people import Actor
from content.plans import SUBJECT, PlanView
from content.series import SeriesView


def plans_card(plans: Sequence[PlanView], series: Sequence[SeriesView], viewer: Actor) -> Card:
    """Everything that repeats, the next first; with a form to end one for those who may."""
    groups = [
        Group("Plans", tuple(Row(_short(one.instruction), f"{one.when}, next {one.next_words}") for one in plans)),
        Group("Series", tuple(Row(f"#{one.post.number} {one.post.words}", _series(one)) for one in series)),
    ]
    shown = tuple(group for group in groups if group.rows)
    empty = "" if shown else "Nothing repeats. Say, for example: every Monday 9:00 draft a tip."
    choices = [(f"plan:{one.id}", f"{_short(one.instruction)}, {one.when}") for one in plans]
    choices += [(f"series:{one.id}", f"Series of #{one.post.number}, {one.when}") for one in series]
    which = Field("which", "Which one?", options=tuple((value, label[:150]) for value, label in choices))
    may = viewer.may("draft") and bool(choices)
    end = (Button("end_repeating", "End one", "all", form=(which,)),) if may else ()
    return Card(SUBJECT, "Again and again", status=empty, groups=shown, buttons=end)


def _short(instruction: str) -> str:
    line = " ".join(instruction.split())
    return line if len(line) <= 60 else line[:59].rstrip() + "…"


def _series(one: SeriesView) -> str:
    following = f", next {one.ahead_words}" if one.ahead_words and one.state != "paused" else ""
    return f"{one.when}, {'not approved yet' if one.state == 'proposed' else one.state}{following}"
