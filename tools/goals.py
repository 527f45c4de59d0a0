"""Goals: what to reach, how far it is, what to do next."""

from typing import Literal

from langchain_core.tools import tool

from tools.context import Runtime
from tools.replies import Reply, said, shown


@tool(response_format="content_and_artifact")
async def set_goal(
    kind: Literal["posts_per_week", "followers", "engagement"],
    target: int,
    runtime: Runtime,
    deadline: str = "",
    account: str = "",
) -> Reply:
    """Set a goal; `deadline` in the person's own words."""
    here = runtime.context
    named = await here.desk.accounts.matching(here.actor.workspace_id, [account]) if account else []
    goal = await here.desk.goals.set(here.actor, kind, target, deadline, named[0].id if named else None)
    return said(f"Goal set: {goal.words} Next: {goal.next_step}")


@tool(response_format="content_and_artifact")
async def check_goals(runtime: Runtime) -> Reply:
    """How far the goals are, the numbers so far, and what to do next."""
    here = runtime.context
    goals = await here.desk.goals.progress(here.actor.workspace_id)
    best = await here.desk.results.best_posts(here.actor.workspace_id, 3)
    lines = [f"- {goal.words} Next: {goal.next_step}" for goal in goals]
    lines += [f"- Went well: {post.words} ({post.label})" for post in best]
    words = "Here is how far we are." if goals else "No goals are set yet. Say, for example: my goal is 3 posts a week."
    return shown(words, "goals:all", "\n".join(lines))
