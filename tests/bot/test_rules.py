"""The settings: shown to everybody, changed by those who may, with buttons."""

from datetime import timedelta

import pytest

from bot.chat import Card
from content.models import Role
from tests.fakes.agent_desk import AgentDesk, Opens


@pytest.fixture
async def desk(opens: Opens) -> AgentDesk:
    return await opens()


async def settings(desk: AgentDesk, role: Role = Role.OWNER) -> Card:
    actor = desk.actor if role is Role.OWNER else await desk.base.member(role)
    card = await desk.drawing.draw("settings:all", actor)
    assert card is not None
    return card


async def test_the_settings_say_the_rules_and_who_is_here(desk: AgentDesk) -> None:
    desk.clock.move(timedelta(seconds=1))
    await desk.base.member(Role.APPROVER, "Jo")
    card = await settings(desk)
    assert (card.title, card.status) == ("Settings of My desk", "")
    assert [(group.heading, [row.title for row in group.rows]) for group in card.groups] == [
        (
            "Rules",
            [
                "One yes is enough",
                "An author's own yes does not count, where others could",
                "Whoever is asked has 24 hours; then it is a draft again",
                "Moving the time keeps the yes",
                "Paid posts may cost what they cost",
                "A post late by more than 30 min asks instead of going out",
                "Nearly the same words within 30 days ask before they go out",
            ],
        ),
        ("Pace of posts", ["Fake ann"]),
        ("Members", ["the owner", "Jo"]),
    ]
    assert [row.detail for row in card.groups[-1].rows] == ["owner", "approver"]


async def test_only_those_who_may_change_settings_get_buttons(desk: AgentDesk) -> None:
    assert [button.key for button in (await settings(desk)).buttons] == [
        "set_policy:quorum:0",
        "set_policy:self_approval:0",
        "set_policy:review_hours:0",
        "set_policy:approval_survives_move:0",
        "set_policy:budget_mills:0",
        "set_policy:late_after_minutes:0",
        "set_policy:likeness_days:0",
        "set_pace:accounts:0",
        "black_out:workspace:0",
        "rehearse:workspace:0",
        "hold_all:workspace:0",
    ]
    assert (await settings(desk, Role.EDITOR)).buttons == ()
    assert [button.key for button in (await settings(desk, Role.APPROVER)).buttons] == ["hold_all:workspace:0"]


@pytest.mark.parametrize(
    ("rule", "chosen", "words"),
    [
        ("quorum", "2", "From now on: 2 must say yes."),
        ("self_approval", "yes", "From now on: An author's own yes counts."),
        ("review_hours", "48", "From now on: Whoever is asked has 48 hours; then it is a draft again."),
        ("approval_survives_move", "no", "From now on: Moving the time takes back the yes."),
        ("late_after_minutes", "120", "From now on: A post late by more than 2 h asks instead of going out."),
        ("likeness_days", "0", "From now on: Nearly the same words go out without asking."),
    ],
)
async def test_a_rule_is_changed_by_its_button(desk: AgentDesk, rule: str, chosen: str, words: str) -> None:
    button = next(one for one in (await settings(desk)).buttons if one.id == rule)
    [field] = button.form
    assert chosen in dict(field.options)
    assert (await desk.push(button, value=chosen)).text == words
    assert words[13:-1] in [row.title for row in (await settings(desk)).groups[0].rows]


@pytest.mark.parametrize(("rule", "chosen"), [("quorum", "99"), ("quorum", ""), ("weather", "yes")])
async def test_what_is_no_answer_changes_nothing(desk: AgentDesk, rule: str, chosen: str) -> None:
    before = await settings(desk)
    answer = await desk.press("set_policy", rule, 0, value=chosen)
    assert (answer.tone, answer.text[:36]) == ("bad", "That is none of the answers there ar")
    assert await settings(desk) == before


async def test_a_rule_is_not_changed_by_those_who_may_not(desk: AgentDesk) -> None:
    editor = await desk.base.member(Role.EDITOR)
    answer = await desk.press("set_policy", "quorum", 0, editor, value="2")
    assert answer.text.startswith("You may not change the workspace's")
    answer = await desk.press("hold_all", "workspace", 0, editor)
    assert answer.text.startswith("You may not approve posts")


async def test_everything_is_held_and_let_go_by_a_button(desk: AgentDesk) -> None:
    answer = await desk.push((await settings(desk)).buttons[-1])
    assert answer.text.startswith("Everything is on hold")
    card = await settings(desk)
    assert (card.status, card.buttons[-1].label) == (
        "Everything is on hold since 09:00 (the owner): nothing goes out until somebody says “release everything”.",
        "Let posts go out again",
    )
    assert (await desk.push(card.buttons[-1])).text.startswith("Posts go out at their times again")
    assert (await settings(desk)).status == ""


async def test_the_command_shows_the_settings(desk: AgentDesk) -> None:
    await desk.say("/settings")
    await desk.jobs.run_all()
    assert desk.chat.cards[-1].subject == "settings:all"
