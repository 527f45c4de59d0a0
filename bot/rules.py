"""The card of a workspace's settings: its rules of approval, its members, and the switch that stops everything."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.chat import Button, Card, Group, Row
from bot.guard_card import guard_buttons, guard_groups, standing_words
from content.connecting import Field
from content.costs import dollars
from content.errors import Invalid
from content.guards import GuardsView
from content.pace import minutes_words
from content.people import Actor
from content.policy import MOST_YESES, SUBJECT, PolicyView
from content.switch import Standing

VALUE = "value"
"""The one question of every form here."""
_YES_NO = (("yes", "Yes"), ("no", "No"))
_NO_LIMIT = "-1"
_BUDGETS = (1, 5, 10, 25, 50, 100, 250, 500)
"""In US dollars."""
_HOURS = ((4, "4 hours"), (8, "8 hours"), (24, "1 day"), (48, "2 days"), (72, "3 days"), (168, "1 week"))


@dataclass(frozen=True)
class _Rule:
    """One rule: its name in `Policy.set`, the button, the question, the answers, and the rule in words."""

    name: str
    label: str
    question: str
    options: tuple[tuple[str, str], ...]
    words: Callable[[PolicyView], str]
    value: Callable[[str], int | bool]


_RULES = (
    _Rule(
        "quorum",
        "How many must say yes",
        "How many must say yes to a post?",
        tuple((str(count), str(count)) for count in range(1, MOST_YESES + 1)),
        lambda rules: f"{rules.quorum} must say yes" if rules.quorum > 1 else "One yes is enough",
        int,
    ),
    _Rule(
        "self_approval",
        "Own posts",
        "Does an author's own yes count?",
        _YES_NO,
        lambda rules: (
            f"An author's own yes {'counts' if rules.self_approval else 'does not count, where others could'}"
        ),
        lambda said: said == "yes",
    ),
    _Rule(
        "review_hours",
        "Time to answer",
        "How long may an answer take?",
        tuple((str(hours), words) for hours, words in _HOURS),
        lambda rules: f"Whoever is asked has {rules.review_hours} hours; then it is a draft again",
        int,
    ),
    _Rule(
        "approval_survives_move",
        "Moving after the yes",
        "Does the yes still count when the time is moved?",
        _YES_NO,
        lambda rules: f"Moving the time {'keeps' if rules.approval_survives_move else 'takes back'} the yes",
        lambda said: said == "yes",
    ),
    _Rule(
        "budget_mills",
        "Monthly budget",
        "What may posts cost in a month, on platforms that charge for them?",
        ((_NO_LIMIT, "No limit"), *((str(each * 1000), f"${each}") for each in _BUDGETS)),
        lambda rules: (
            "Paid posts may cost what they cost"
            if rules.budget_mills is None
            else f"Paid posts may cost {dollars(rules.budget_mills)} a month"
        ),
        int,
    ),
    _Rule(
        "late_after_minutes",
        "Late posts",
        "By how much may a post be late and still go out by itself?",
        tuple((str(each), minutes_words(timedelta(minutes=each))) for each in (5, 15, 30, 60, 120, 240, 480, 1440)),
        lambda rules: (
            f"A post late by more than {minutes_words(timedelta(minutes=rules.late_after_minutes))} asks instead of going out"
        ),
        int,
    ),
    _Rule(
        "likeness_days",
        "Nearly the same",
        "Within how many days is nearly the same asked about before it goes out again?",
        (("0", "Never"), *((str(days), f"{days} days") for days in (7, 14, 30, 60, 90, 180, 365))),
        lambda rules: (
            f"Nearly the same words within {rules.likeness_days} days ask before they go out"
            if rules.likeness_days
            else "Nearly the same words go out without asking"
        ),
        int,
    ),
)


def settings_card(rules: PolicyView, guards: GuardsView, viewer: Actor, now: datetime) -> Card:
    """The rules and who is here; with buttons for those who may change them."""
    said = tuple(Row(rule.words(rules)) for rule in _RULES)
    members = tuple(
        Row(one.name, ", ".join([one.role.value, *(chat.capitalize() for chat in one.chats)])) for one in rules.members
    )
    return Card(
        subject=SUBJECT,
        title=f"Settings of {rules.workspace_name}",
        tone="asking" if rules.held or guards.standing.rehearsing else "plain",
        status=standing_words(guards.standing, viewer.zone, now),
        groups=(Group("Rules", said), *guard_groups(guards, viewer.zone, now), Group("Members", members)),
        buttons=_buttons(rules, guards, viewer),
    )


def _buttons(rules: PolicyView, guards: GuardsView, viewer: Actor) -> tuple[Button, ...]:
    change: list[Button] = []
    if viewer.may("manage"):
        change = [Button("set_policy", rule.label, rule.name, form=(_question(rule, rules),)) for rule in _RULES]
        change += guard_buttons(guards)
        change += _rehearsal_buttons(guards.standing)
    if not rules.held and viewer.may("approve"):
        change.append(Button("hold_all", "Hold everything", "workspace", style="danger"))
    elif rules.held and viewer.may("manage"):
        change.append(Button("release_all", "Let posts go out again", "workspace", style="primary"))
    return tuple(change)


def _rehearsal_buttons(standing: Standing) -> list[Button]:
    """None where whoever runs the desk decided it."""
    if standing.forced:
        return []
    if standing.rehearsing:
        return [Button("end_rehearsal", "End the dry run", "workspace")]
    return [Button("rehearse", "Start a dry run", "workspace")]


def _question(rule: _Rule, rules: PolicyView) -> Field:
    return Field(VALUE, rule.question, hint=f"now: {rule.words(rules)}", options=rule.options)


def read_rule(name: str, form: Mapping[str, str]) -> tuple[str, int | bool]:
    """What the form of one rule says, as `Policy.set` takes it.

    Raises:
        Invalid: no such rule, or no such answer.
    """
    rule = next((one for one in _RULES if one.name == name), None)
    said = form.get(VALUE, "")
    if rule is None or said not in dict(rule.options):
        raise Invalid("That is none of the answers there are, so nothing was changed. Choose one of the list.")
    return rule.name, rule.value(said)


def rule_words(name: str, rules: PolicyView) -> str:
    """One rule as it is now, in words."""
    return next(rule.words(rules) for rule in _RULES if rule.name == name)
