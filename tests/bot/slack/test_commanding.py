"""Commands as they are told in Slack: in the form Slack takes, and nobody's wording is touched."""

import json
from dataclasses import replace

import pytest

from bot.chat import Card, Group, Preview, Row
from bot.commands import COMMANDS, help_text
from bot.native import Outgoing
from bot.slack import render, views
from bot.slack.commanding import typed
from content.errors import Problem
from content.platform import RenderedPart
from tests.bot.slack.conftest import OpensSlack
from tests.bot.slack.desk import ANN, BO, SlackDesk
from tests.fakes.model import ScriptedModel, calling
from tests.servers.slack import BOT, NoCommand, direct

DM = direct(ANN)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("/plans shows its series.", "/copydesk plans shows its series."),
        ("Raise the budget (/settings) and", "Raise the budget (/copydesk settings) and"),
        ("Type /subscribe new for another", "Type /copydesk subscribe new for another"),
        (
            "Look at `/slots`, “/plans” or '/goals'.",
            "Look at `/copydesk slots`, “/copydesk plans” or '/copydesk goals'.",
        ),
        ("It is **/help**.\n/trends", "It is **/copydesk help**.\n/copydesk trends"),
        ("type /copydesk plans", "type /copydesk plans"),
        ("/plansoft, and/or, /plans/2, /plan, /skip", "/plansoft, and/or, /plans/2, /plan, /skip"),
        ("https://desk.example/connect and /connect/go/1", "https://desk.example/connect and /connect/go/1"),
        ("Ended: “write about /plans”, /plans", "Ended: “write about /plans”, /copydesk plans"),
        ("It says:\n```\n/plans\n```", "It says:\n```\n/plans\n```"),
        ("", ""),
    ],
)
def test_only_our_commands_are_turned_and_nothing_quoted(words: str, told: str) -> None:
    assert typed(words) == told


def test_every_command_of_the_help_is_told_as_it_is_typed() -> None:
    told = typed(help_text())
    assert all(f"`/copydesk {name}`" in told for name in COMMANDS)
    assert not [name for name in COMMANDS if f"`/{name}" in told]


SAID = "/plans"
"""Somebody's own wording."""
PART = RenderedPart(SAID, len(SAID))
PREVIEW = Preview("Fake", "ann", "characters", 300, (PART,), "bad", "failed. See /settings", problems=())
CARD = Card(
    "post:1",
    "Post #1",
    status="Raise the budget (/settings)",
    notes=("It repeats every Friday; /plans shows its series.",),
    previews=(replace(PREVIEW, problems=(Problem("time", "There are no slots.", "Set them with /slots."),)),),
    groups=(Group("Friday", (Row(SAID, "all day"),)),),
)
TOLD = (
    "budget (/copydesk settings)",
    "; /copydesk plans shows",
    "See /copydesk settings",
    "Set them with /copydesk slots.",
)


@pytest.mark.parametrize("draw", [render.render, render.plain])
def test_a_card_tells_them_so_and_keeps_what_its_posts_say(draw: object) -> None:
    assert callable(draw)
    [piece] = draw(Outgoing("m", "Type /help.", CARD))
    words = json.dumps(piece.body["blocks"])
    assert all(one in words for one in (*TOLD, "Type /copydesk help."))
    assert (words.count("/plans"), words.count("copydesk plans")) == (2, 1), "neither the post nor the list"
    assert "Type /copydesk help." in piece.body["text"]


def test_the_home_page_and_dialogs_tell_them_so() -> None:
    words = json.dumps(views.home([CARD], "UTC"))
    assert all(one in words for one in TOLD)
    assert words.count("copydesk plans") == 1
    assert '"initial_value": "/plans"' in json.dumps(views.idea_view(SAID)), "what somebody edits is theirs"
    words = json.dumps(views.result_view("Look at /slots.", "bad", "/connect"))
    assert ("/copydesk slots" in words, "/copydesk connect" in words) == (True, True)


# in our small Slack, which refuses what Slack refuses


@pytest.mark.parametrize("thread", ["", "55.0"])
async def test_slack_takes_what_begins_with_a_slash_for_itself(there: SlackDesk, thread: str) -> None:
    with pytest.raises(NoCommand):
        await there.says("/copydesk plans" if thread else "/plans", thread=thread)
    assert there.server.in_channel(DM) == []


async def last_in_private(there: SlackDesk) -> str:
    return [one.words for one in there.server.in_channel(DM)][-1]


@pytest.mark.parametrize("name", sorted(COMMANDS))
async def test_every_command_works_as_it_is_told(in_slack: OpensSlack, name: str) -> None:
    there = await in_slack(ScriptedModel())
    await there.says(f"/copydesk {name}")
    assert there.server.in_channel(DM), name
    assert there.desk.script.asked == [], "no model was needed"


async def test_an_answer_an_error_and_a_note_tell_them_so(there: SlackDesk) -> None:
    await there.says("/copydesk subscribe")
    assert "Type /copydesk subscribe new for another" in await last_in_private(there)
    await there.says("/copydesk invite boss Jo")
    assert "/copydesk invite approver Jo" in await last_in_private(there)
    await there.says(f"<@{BOT}> hello", BO, "C1")
    [note] = there.server.notes(BO)
    assert "type /copydesk link on its page" in note


async def test_in_a_thread_a_mention_goes_before_the_slash(there: SlackDesk) -> None:
    ts = await there.says(f"<@{BOT}> /plans", channel="C1")
    assert "Again and again" in there.server.in_thread("C1", ts)[0].words


async def test_a_plan_made_in_words_is_found_and_ended_in_words(in_slack: OpensSlack) -> None:
    planned = calling("plan_recurring", when="every Monday 9:00", instruction="draft a tip")
    there = await in_slack(ScriptedModel([planned, "Planned. /plans shows it, with a button to end it."]))
    ts = await there.says("draft a tip every Monday 9:00")
    assert there.server.in_thread(DM, ts)[-1].words.endswith("/copydesk plans shows it, with a button to end it.")
    await there.says("stop the Monday plan", thread=ts)
    card = there.server.in_thread(DM, ts)[-1]
    assert "draft a tip" in card.words
    await there.presses(ANN, card, "End one")
    [view] = there.server.views.values()
    workspace = there.desk.actor.workspace_id
    [plan] = await there.desk.services.plans.list(workspace)
    await there.meanwhile(there.server.submit(ANN, view, which=f"plan:{plan.id}"))
    assert await there.desk.services.plans.list(workspace) == []
