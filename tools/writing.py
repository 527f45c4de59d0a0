"""Drafting and rewording."""

from typing import Annotated

from langchain_core.tools import tool
from pydantic import BaseModel, Field

from content.wording import Wording
from tools.context import Runtime
from tools.replies import Reply, post_line, shown


class Variant(BaseModel):
    """A wording."""

    accounts: list[str] = Field(default_factory=list, description="platforms or handles; empty: all connected")
    parts: list[str] = Field(description="one text, or several for a thread")


Variants = Annotated[list[Variant], Field(min_length=1)]


def _wordings(variants: list[Variant]) -> list[Wording]:
    return [Wording(tuple(one.parts), tuple(one.accounts)) for one in variants]


@tool(response_format="content_and_artifact")
async def draft_post(brief: str, variants: Variants, runtime: Runtime, images: tuple[str, ...] = ()) -> Reply:
    """Draft one new post, worded for one or more accounts; several posts are several calls."""
    here = runtime.context
    media = await here.desk.media.files(here.actor.workspace_id, list(images or here.images))
    post = await here.desk.posts.draft(
        here.actor,
        _wordings(variants),
        brief=brief,
        media=media,
        conversation_id=here.conversation_id,
        made_in=here.said_in,
    )
    words = f"Here is post #{post.number}. Nothing goes out before somebody approves it."
    return shown(words, f"post:{post.id}", post_line(post))


@tool(response_format="content_and_artifact")
async def revise_post(post: int, variants: Variants, change: str, runtime: Runtime) -> Reply:
    """Reword an open post (0: the one talked about); `change` says in a few words what changed. Voids its approval."""
    here = runtime.context
    media = await here.desk.media.files(here.actor.workspace_id, list(here.images)) if here.images else None
    found = await here.post(post)
    new = await here.desk.posts.revise(here.actor, found.id, _wordings(variants), change=change, media=media)
    words = f"Post #{new.number} is reworded, version {new.revision}. It needs a new approval."
    return shown(words, f"post:{new.id}", post_line(new))
