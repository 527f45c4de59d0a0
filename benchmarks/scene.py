"""What both agents are given: the same twelve tools, the same person speaking, the same desk that answers at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from agent.briefing import AccountLine, Briefing, DraftLine
from agent.graph import TurnContext
from app.settings import Settings
from app.wiring import build
from content.goals import GoalView
from content.models import Role
from content.people import Actor
from content.results import BestPost

ASKED = (
    "How are we doing against our goals this week? I would like to know whether the posts about the new oven helped, and "
    "what you would write next. We open an hour earlier from Monday, the rye bread is back, and there is a course on "
    "Thursday evening with four places left. Please keep it friendly, and mention the course only if it fits."
)
"""What a person says in every turn: about 330 characters; with the tool's answer and the model's, about 1 kB a turn."""
ACTOR = Actor("workspace_0000000000000001", "member_0000000000000001", "Ann", Role.OWNER, "Europe/Berlin")
BRIEFING = Briefing(
    now=datetime(2026, 11, 23, 8, 0, tzinfo=UTC),
    zone=ACTOR.zone,
    speaker=ACTOR.name,
    accounts=(AccountLine("folder", "Folder", "published", 500, "characters"),),
    drafts=(DraftLine(7, "in review", "The new oven is in", ("Folder",), ("The new oven is in. Come and see it.",)),),
    voice="- Short sentences.\n- No exclamation marks.",
    goals=("3 posts per week: 2 of 3 so far.",),
    memories=("The bakery opens at 7 from Monday.",),
    best_posts=("The first rye bread of the year",),
)


class _Goals:
    """Goals without a database: the tool that is called costs next to nothing, so that what is left is the agent."""

    async def progress(self, _workspace_id: str) -> Sequence[GoalView]:
        words = "3 posts per week: 2 of 3 so far, two days left."
        step = "Draft one more about the course on Thursday, and schedule it for the morning."
        return [GoalView("goal_1", "posts_per_week", 3, 2, 0, None, "", words, step, on_track=True)]


class _Results:
    async def best_posts(self, _workspace_id: str, _limit: int) -> Sequence[BestPost]:
        return []


def context_of(folder: Path) -> TurnContext:
    """A turn's circumstances, with a desk whose goals answer at once."""
    desk = build(Settings(data_dir=folder)).desk
    return TurnContext(
        desk=replace(desk, goals=cast(Any, _Goals()), results=cast(Any, _Results())),
        recall=cast(Any, None),
        actor=ACTOR,
        conversation_id="conversation_0000000000000001",
        said_in="event:event_0000000000000001",
        briefing=BRIEFING,
    )
