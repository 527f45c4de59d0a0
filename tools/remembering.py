"""Remembering, searching, forgetting; and the brand's voice."""

from typing import Literal

from langchain_core.tools import tool

from tools.context import Runtime
from tools.replies import Reply, said


@tool(response_format="content_and_artifact")
async def remember(text: str, kind: Literal["fact", "voice"], runtime: Runtime) -> Reply:
    """Keep a fact, or a rule of the brand's voice that every draft must follow, when the person asks for it."""
    here = runtime.context
    if kind == "voice":
        rule = await here.desk.voice.add(here.actor, text)
        return said(f"Voice rule kept for every draft: {rule.text}")
    kept = await here.recall.remember(here.actor, text, "fact", here.said_in)
    return said(f"Remembered: {kept.text}")


@tool(response_format="content_and_artifact")
async def recall(query: str, runtime: Runtime) -> Reply:
    """Search what was remembered and published."""
    here = runtime.context
    found = await here.recall.recall(here.actor.workspace_id, query)
    lines = [f"- {one.text[:200]} ({one.kind}, {one.created_at:%-d %b %Y})" for one in found]
    return said("\n".join(lines) or "Nothing about that is remembered.")


@tool(response_format="content_and_artifact")
async def forget(query: str, runtime: Runtime) -> Reply:
    """Forget what the words name, for good."""
    here = runtime.context
    gone = await here.recall.forget(here.actor, query)
    return said("Forgotten: " + "; ".join(one.text for one in gone))
