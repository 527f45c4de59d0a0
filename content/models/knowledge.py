"""Goals, what research found, the brand's voice, and what is remembered."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from content.database import Base
from content.models.columns import Key, Name, Words, ref


class Goal(Base):
    """Something to reach: a number, by a day."""

    __tablename__ = "goal"
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    member_id: Mapped[str] = ref("member")
    account_id: Mapped[str | None] = ref("account")
    kind: Mapped[str] = mapped_column(String(40))
    """posts_per_week · followers · engagement"""
    target: Mapped[int]
    start: Mapped[int | None]
    """Where it stood when it was set; None: not known then."""
    deadline: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Followers(Base):
    """How many followed an account at one moment."""

    __tablename__ = "followers"
    id: Mapped[Key]
    account_id: Mapped[str] = ref("account")
    taken_at: Mapped[datetime]
    count: Mapped[int]


class Feed(Base):
    """An RSS or Atom feed a member wants watched."""

    __tablename__ = "feed"
    __table_args__ = (UniqueConstraint("workspace_id", "address", name="uq_feed_address"),)
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    address: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime]


class Finding(Base):
    """Something research found, with where and when: what a draft's claim can point at."""

    __tablename__ = "finding"
    __table_args__ = (UniqueConstraint("workspace_id", "url", name="uq_finding_url"),)
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    topic: Mapped[Name]
    source: Mapped[Name]
    title: Mapped[Words]
    url: Mapped[str] = mapped_column(String(1000))
    summary: Mapped[Words]
    score: Mapped[float]
    published_at: Mapped[datetime | None]
    found_at: Mapped[datetime] = mapped_column(index=True)


class VoiceRule(Base):
    """One rule of the brand's voice, in the person's words."""

    __tablename__ = "voice_rule"
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    member_id: Mapped[str] = ref("member")
    text: Mapped[Words]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class Memory(Base):
    """Something worth remembering, with where it came from. FAISS is only a cache of these rows."""

    __tablename__ = "memory"
    __table_args__ = (UniqueConstraint("workspace_id", "content_hash", name="uq_memory_content"),)
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    member_id: Mapped[str | None] = ref("member")
    kind: Mapped[str] = mapped_column(String(20))
    """fact · post"""
    text: Mapped[Words]
    source: Mapped[Name]
    """Where it came from, such as `message:message_1f…` or `post:post_2a…`."""
    content_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    forgotten_at: Mapped[datetime | None]


class MemoryVector(Base):
    """A memory's vector by one model, float32, little endian."""

    __tablename__ = "memory_vector"
    memory_id: Mapped[str] = mapped_column(ForeignKey("memory.id", ondelete="CASCADE"), primary_key=True)
    model: Mapped[str] = mapped_column(String(100), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
