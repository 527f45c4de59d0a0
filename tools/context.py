"""Who is asking, where, and with which services: given to every tool, invisible to the model."""

from dataclasses import dataclass

from langgraph.prebuilt import ToolRuntime
from pydantic_core.core_schema import CoreSchema, is_instance_schema

from content.desk import Desk
from content.people import Actor
from content.views import PostView
from memory.recall import Recall


@dataclass(frozen=True)
class Context:
    """One turn's circumstances. The model can neither see nor change who it speaks for."""

    desk: Desk
    recall: Recall
    actor: Actor
    conversation_id: str
    said_in: str
    """The row of what the person said, as `message:…`: where a memory comes from."""
    selected: int = 0
    """Number of the post the person replied to; 0: none."""
    images: tuple[str, ...] = ()
    """Ids of the pictures and videos that came with the message."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        """Handed through as it is: a tool's arguments are validated, its circumstances are not the model's to give."""
        return is_instance_schema(cls)

    async def post(self, number: int) -> PostView:
        """The post meant by `number`; 0 is the one replied to, or else the newest open one.

        Raises:
            NotFound: there is none.
        """
        return await self.desk.posts.numbered(self.actor.workspace_id, number or self.selected)


Runtime = ToolRuntime[Context]
