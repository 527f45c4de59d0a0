"""What the model may do: twelve tools, each calling one service. None approves, none publishes.

`TOOLS` is sorted by name and never changes between turns, so that providers can cache the beginning of the prompt.
"""

from collections.abc import Mapping, Sequence

from langchain_core.tools import BaseTool

from tools.approving import request_approval
from tools.goals import check_goals, set_goal
from tools.planning import plan_recurring, schedule_post, show_calendar
from tools.remembering import forget, recall, remember
from tools.researching import research_trends
from tools.writing import draft_post, revise_post

TOOLS: Sequence[BaseTool] = (
    check_goals,
    draft_post,
    forget,
    plan_recurring,
    recall,
    remember,
    request_approval,
    research_trends,
    revise_post,
    schedule_post,
    set_goal,
    show_calendar,
)

DOING: Mapping[str, str] = {
    "check_goals": "reading your goals",
    "draft_post": "writing",
    "forget": "forgetting",
    "plan_recurring": "planning",
    "recall": "searching what I know",
    "remember": "remembering",
    "request_approval": "asking for approval",
    "research_trends": "looking at what is moving",
    "revise_post": "rewording",
    "schedule_post": "scheduling",
    "set_goal": "setting a goal",
    "show_calendar": "opening the calendar",
}
"""What a person reads while a tool works."""
