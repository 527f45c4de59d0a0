"""What was said, where, and what came in."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from content.database import Base
from content.models.columns import Key, Name, Words, ref


class Conversation(Base):
    """A place in a chat where the desk talks; `place` is the adapter's own opaque address."""

    __tablename__ = "conversation"
    __table_args__ = (UniqueConstraint("chat", "place", name="place"),)
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    chat: Mapped[str] = mapped_column(String(40))
    place: Mapped[Name]
    changes: Mapped[int] = mapped_column(default=0)
    """Counts every new or changed message, so that a reader can ask for what it has not seen."""
    created_at: Mapped[datetime]


class Message(Base):
    """What was said in a conversation; a card is drawn from its row when it is shown."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_changes", "conversation_id", "changed"),)
    id: Mapped[Key]
    conversation_id: Mapped[str] = ref("conversation")
    position: Mapped[int]
    changed: Mapped[int]
    member_id: Mapped[str | None] = ref("member")
    """Who said it; None: the desk."""
    text: Mapped[Words]
    subject: Mapped[str | None] = mapped_column(String(80), index=True)
    """The row a card shows, such as `post:post_1f…`."""
    extra: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]


class InboxEvent(Base):
    """Something that came in, committed before it is acknowledged, so that it is handled once and never lost."""

    __tablename__ = "inbox_event"
    __table_args__ = (UniqueConstraint("chat", "event_id", name="event"),)
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    conversation_id: Mapped[str] = ref("conversation")
    member_id: Mapped[str] = ref("member")
    chat: Mapped[str] = mapped_column(String(40))
    event_id: Mapped[Name]
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
