"""What was said, where, and what came in."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from content.database import Base
from content.models.columns import Key, Name, Words, ref, states


class Conversation(Base):
    """A place in a chat where the desk talks; `place` is the adapter's own opaque address."""

    __tablename__ = "conversation"
    __table_args__ = (UniqueConstraint("chat", "place", name="uq_conversation_place"),)
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    chat: Mapped[str] = mapped_column(String(40))
    place: Mapped[Name]
    outward: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether the chat keeps messages of its own, to which ours must be carried."""
    member_id: Mapped[str | None] = mapped_column(String(40), index=True)
    """Whose private conversation this is; None: a room that several read."""
    status_ref: Mapped[str] = mapped_column(String(200), default="", server_default="")
    """The chat's message that shows how far a turn is, so that none is left standing after a crash."""
    changes: Mapped[int] = mapped_column(default=0)
    """Counts every new or changed message, so that a reader can ask for what it has not seen."""
    created_at: Mapped[datetime]


class Carry(StrEnum):
    """How far a message is on its way into a chat that keeps messages of its own."""

    NONE = ""
    DUE = "due"
    SENDING = "sending"  # it may have arrived: nobody has written down yet that it did
    STALE = "stale"  # it is there, and shows what is not true any more
    SENT = "sent"
    DEAD = "dead"  # the chat will not have it: its room is gone, or the desk was put out


TO_CARRY = (Carry.DUE, Carry.SENDING, Carry.STALE)


class Message(Base):
    """What was said in a conversation; a card is drawn from its row when it is shown."""

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_changes", "conversation_id", "changed"),
        Index(
            "ix_message_to_carry",
            "conversation_id",
            "position",
            sqlite_where=text("carry IN ('due', 'sending', 'stale')"),
            postgresql_where=text("carry IN ('due', 'sending', 'stale')"),
        ),
    )
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
    carry: Mapped[Carry] = mapped_column(states(Carry), default=Carry.NONE, server_default="")
    created_at: Mapped[datetime]


class MessageRef(Base):
    """One of the chat's own messages that a message of ours became; a long one becomes several."""

    __tablename__ = "message_ref"
    __table_args__ = (UniqueConstraint("message_id", "position", name="uq_message_ref_position"),)
    id: Mapped[Key]
    message_id: Mapped[str] = ref("message")
    position: Mapped[int]
    ref: Mapped[str] = mapped_column(String(200), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    """Of what it shows, so that nothing is edited into what it is already."""


class Arrival(Base):
    """What a chat delivered, word for word, committed with its job before it is acknowledged."""

    __tablename__ = "arrival"
    __table_args__ = (
        UniqueConstraint("chat", "event_id", name="uq_arrival_event"),
        UniqueConstraint("chat", "twin", name="uq_arrival_twin"),
        Index("ix_arrival_lane", "lane", "handled_at"),
    )
    id: Mapped[Key]
    chat: Mapped[str] = mapped_column(String(40))
    event_id: Mapped[Name]
    twin: Mapped[str | None] = mapped_column(String(200))
    """A second name of the same thing, where a chat tells it twice under two event ids."""
    lane: Mapped[Name]
    """Arrivals of one lane are handled one after the other, in the order they came."""
    number: Mapped[int] = mapped_column(BigInteger)
    """The chat's own order within a lane, such as Telegram's `update_id` or the microseconds of Slack's `ts`."""
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[Words]


class OpenForm(Base):
    """A button's form that a person fills in one answer at a time, in a chat that has no forms."""

    __tablename__ = "open_form"
    id: Mapped[Key]
    conversation_id: Mapped[str] = ref("conversation")
    member_id: Mapped[str] = ref("member")
    key: Mapped[Name]
    """The pressed button's `verb:id:revision`."""
    fields: Mapped[list[Any]]
    """What is asked, in order: name, label, hint, secret, multiline."""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """The answers so far, by name; one may be a password."""
    asked_ref: Mapped[str] = mapped_column(String(200), default="")
    """The chat's message that asks for the next answer."""
    heard: Mapped[str] = mapped_column(String(200), default="")
    """The chat's event that gave the last answer, so that the same one delivered again is no second answer."""
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class InboxEvent(Base):
    """Something that came in, committed before it is acknowledged, so that it is handled once and never lost."""

    __tablename__ = "inbox_event"
    __table_args__ = (UniqueConstraint("chat", "event_id", name="uq_inbox_event_event"),)
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    conversation_id: Mapped[str] = ref("conversation")
    member_id: Mapped[str] = ref("member")
    chat: Mapped[str] = mapped_column(String(40))
    event_id: Mapped[Name]
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
