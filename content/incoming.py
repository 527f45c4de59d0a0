"""What a member says: what is taken of it, and how it waits for its answer."""

from dataclasses import dataclass, replace
from datetime import datetime

from content.errors import Invalid
from content.ids import new_id
from content.models import Conversation, InboxEvent
from content.people import Actor

LONGEST = 20_000
"""Characters of one message of a member."""
MOST_IMAGES = 10
"""Pictures and videos of one message of a member."""


@dataclass(frozen=True)
class Said:
    """Something a member says or said. `event_id` is the chat's own: the same event heard twice counts once."""

    event_id: str
    text: str
    images: tuple[str, ...] = ()
    """Ids of pictures and videos of the workspace."""
    reply_to: str = ""
    """The subject of the card it answers."""
    reply_title: str = ""
    """What that card is called, for whoever reads the conversation later."""


@dataclass(frozen=True)
class Waiting:
    """Something a member said that nobody has answered yet."""

    id: str
    """For `handled`."""
    conversation_id: str
    workspace_id: str
    chat: str
    address: str
    member_id: str
    said: Said


def checked(said: Said) -> Said:
    """The same without what no database keeps: NUL, and halves of characters.

    Raises:
        Invalid: nothing said, or too much.
    """
    said = replace(said, text=said.text.replace("\0", "").encode("utf-8", "replace").decode())
    if not said.text.strip() and not said.images:
        raise Invalid(
            "This message is empty to me: I read words, pictures and videos. Write something, or attach one of them."
        )
    if len(said.text) > LONGEST:
        raise Invalid(
            f"This message has {len(said.text):,} characters; {LONGEST:,} fit in one. "
            "Send the part that matters, or several messages."
        )
    if len(said.images) > MOST_IMAGES:
        raise Invalid(
            f"This message has {len(said.images)} pictures and videos; {MOST_IMAGES} fit in one. Send several messages."
        )
    return said


def event_of(actor: Actor, place: Conversation, said: Said, position: int, now: datetime) -> InboxEvent:
    """The row that waits for an answer; `position` is that of its message, by which rows are put in order."""
    return InboxEvent(
        id=new_id("event"),
        workspace_id=place.workspace_id,
        conversation_id=place.id,
        member_id=actor.member_id,
        chat=place.chat,
        event_id=said.event_id,
        payload={
            "text": said.text,
            "images": list(said.images),
            "reply_to": said.reply_to,
            "reply_title": said.reply_title,
            "position": position,
        },
        received_at=now,
    )


def waiting_of(event: InboxEvent, address: str) -> Waiting:
    """What that row says, with the address of its conversation."""
    kept = event.payload
    said = Said(event.event_id, kept["text"], tuple(kept["images"]), kept["reply_to"], kept["reply_title"])
    return Waiting(event.id, event.conversation_id, event.workspace_id, event.chat, address, event.member_id, said)
