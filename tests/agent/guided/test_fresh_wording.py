"""How the desk understands wording whose author had seen none of its exemplars.

Written and frozen on 22 November 2026, before anything was scored, by an evaluator session (a language model, no customer)
that knew the tools' names and arguments and the code of the router and of the decision, but no exemplar, cue, or rule:
60 sentences that ask for a tool, five each, and 20 that ask for none. The router was then scored once, and not changed.

Measured that day: the 60, top 1 49 and top 3 59; the 20, top 1 12 and top 3 14. The whole desk, with one open post: of the
60, 40 called the right tool, 2 got the right action's own answer, 14 found the right button, 3 found none, 1 called a
wrong tool (a search of the memory). Of the 20, 1 called a tool (research). No sentence of the 80 set a time, asked for
approval or forgot anything unless it asked for that.

Never tune on these sentences: no exemplar, cue, or rule may be made from them or because of them. When a floor breaks,
find out why with other sentences. `test_nobody_has_edited_the_sentences` keeps them as they were.
"""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.briefing import AccountLine, Briefing, DraftLine
from agent.guided.decision import OUTWARD, decide
from agent.guided.exemplars import TALK
from agent.guided.router import Router

FILE = Path(__file__).with_name("fresh.jsonl")
SHA256 = "9e80dfb9d5d52aa3afe1e556f3ef6f1e881b594c0a635152d53908e9b33fda13"
FRESH: list[dict[str, str]] = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
ASKING = [each for each in FRESH if each["tool"] != TALK]
TALKING = [each for each in FRESH if each["tool"] == TALK]

DESK = Briefing(
    now=datetime(2026, 11, 23, 8, 0, tzinfo=UTC),
    zone="Europe/Berlin",
    speaker="Mia",
    accounts=(
        AccountLine("mastodon", "Mastodon", "desk@m.example", 500, "characters"),
        AccountLine("bluesky", "Bluesky", "desk.b.example", 300, "graphemes"),
    ),
    drafts=(
        DraftLine(
            1,
            "draft",
            "The reading room opens on Friday",
            ("Mastodon", "Bluesky"),
            ("The reading room opens on Friday. Come and see it. #books",),
        ),
    ),
)


async def _tools_used(said: str, router: Router) -> set[str]:
    """Every tool the desk calls for a sentence, the step after a draft included."""
    move = await decide(said, DESK, router)
    return {call.tool for call in move.calls} | ({move.follow.action} if move.follow else set())


def test_nobody_has_edited_the_sentences() -> None:
    assert hashlib.sha256(FILE.read_text("utf-8").encode()).hexdigest() == SHA256
    assert (len(ASKING), len(TALKING)) == (60, 20)


@pytest.mark.parametrize(
    ("sentences", "least_first", "least_third"),
    [pytest.param(ASKING, 46, 57, id="asking for a tool"), pytest.param(TALKING, 10, 12, id="asking for none")],
)
async def test_fresh_wording_is_ranked_about_as_well_as_when_it_was_measured(
    router: Router, sentences: list[dict[str, str]], least_first: int, least_third: int
) -> None:
    first = third = 0
    for each in sentences:
        actions = [likely.action for likely in await router.rank(each["say"], ("Mastodon", "Bluesky", "Folder"))]
        first += actions[0] == each["tool"]
        third += each["tool"] in actions[:3]
    assert first >= least_first
    assert third >= least_third


async def test_nothing_is_scheduled_sent_for_approval_or_forgotten_unless_asked(router: Router) -> None:
    """No floor here: on sentences that ask for none of it, and on those that say not to, it must never happen."""
    unwanted = {each["say"]: (await _tools_used(each["say"], router) & OUTWARD) - {each["tool"]} for each in FRESH}
    assert {said: tools for said, tools in unwanted.items() if tools} == {}


async def test_most_fresh_sentences_get_the_right_tool_and_hardly_any_a_wrong_one(router: Router) -> None:
    used = [(each["tool"], await _tools_used(each["say"], router)) for each in FRESH]
    assert sum(tools == {wanted} for wanted, tools in used) >= 37
    assert sum(bool(tools - {wanted}) for wanted, tools in used) <= 4
