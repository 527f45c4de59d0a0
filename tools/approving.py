"""Asking for a yes. No tool gives one, and none publishes."""

from langchain_core.tools import tool

from tools.context import Runtime
from tools.replies import Reply, shown


@tool(response_format="content_and_artifact")
async def request_approval(post: int, runtime: Runtime) -> Reply:
    """Ask the right person to approve a post (0: the one talked about). Only they can publish it, with a button."""
    here = runtime.context
    found = await here.post(post)
    asked = await here.desk.approvals.request(here.actor, found.id)
    return shown(f"#{asked.number} waits for approval; the buttons are on its card.", f"post:{asked.id}")
