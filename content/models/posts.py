"""Posts, their wordings, and the yes to each."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from content.database import Base
from content.models.columns import Key, Name, Words, ref, states


class PostState(StrEnum):
    """Where a post is on its way to a yes."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    DISCARDED = "discarded"


class Media(Base):
    """A picture; its bytes lie in the media folder under their SHA-256."""

    __tablename__ = "media"
    shared = True
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    member_id: Mapped[str] = ref("member")
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    mime: Mapped[str] = mapped_column(String(40))
    size: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    seconds: Mapped[float] = mapped_column(default=0, server_default="0")
    """How long a video takes; 0: it is a picture."""
    codec: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """How a video's pictures are encoded, by FFmpeg's name."""
    name: Mapped[Name]
    created_at: Mapped[datetime]


class Post(Base):
    """Something to be said; its texts are in its revisions, its way to each account in its deliveries."""

    __tablename__ = "post"
    __table_args__ = (UniqueConstraint("workspace_id", "number", name="uq_post_number"),)
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    number: Mapped[int]
    """What people call it: #12."""
    author_id: Mapped[str] = ref("member")
    conversation_id: Mapped[str | None] = ref("conversation")
    brief: Mapped[Words]
    made_in: Mapped[str] = mapped_column(String(80), default="")
    """What was said that it was drafted for; a turn that was cut short is begun anew, and its drafts with it."""
    state: Mapped[PostState] = mapped_column(states(PostState), default=PostState.DRAFT)
    revision: Mapped[int] = mapped_column(default=1)
    series_id: Mapped[str | None] = mapped_column(String(40), index=True)
    """The series it is an occurrence of, which repeats itself on purpose; no foreign key, since a series points here."""
    created_at: Mapped[datetime]


class Revision(Base):
    """One wording of a post, never changed once written."""

    __tablename__ = "revision"
    shared = True
    __table_args__ = (UniqueConstraint("post_id", "number", name="uq_revision_number"),)
    id: Mapped[Key]
    post_id: Mapped[str] = ref("post")
    number: Mapped[int]
    author_id: Mapped[str] = ref("member")
    change: Mapped[Words]
    repeats: Mapped[int | None]
    """An undo writes a new revision; this is the earlier one whose wording it has again."""
    created_at: Mapped[datetime]


class Variant(Base):
    """A revision's wording on one account, with the digest an approval is bound to."""

    __tablename__ = "variant"
    shared = True
    __table_args__ = (UniqueConstraint("revision_id", "account_id", name="uq_variant_account"),)
    id: Mapped[Key]
    revision_id: Mapped[str] = ref("revision")
    account_id: Mapped[str] = ref("account")
    content: Mapped[dict[str, Any]]
    """See `content/contents.py`."""
    digest: Mapped[str] = mapped_column(String(64))


class Verdict(StrEnum):
    """What became of asking somebody for their yes."""

    YES = "yes"
    CHANGES = "changes"
    DELEGATED = "delegated"
    EXPIRED = "expired"
    VOID = "void"  # the wording changed, or others decided


class Review(Base):
    """One person asked for their yes to one revision, or who gave it unasked; a quorum counts these."""

    __tablename__ = "review"
    __table_args__ = (UniqueConstraint("post_id", "revision", "member_id", name="uq_review_member"),)
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    post_id: Mapped[str] = ref("post")
    revision: Mapped[int]
    member_id: Mapped[str] = ref("member")
    asked_by: Mapped[str] = mapped_column(String(40))
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    """When it expires; nothing is published by that."""
    reminded_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    verdict: Mapped[Verdict | None] = mapped_column(states(Verdict))
    note: Mapped[Words]


class Approval(Base):
    """A member's yes to exactly this content on exactly this account."""

    __tablename__ = "approval"
    id: Mapped[Key]
    delivery_id: Mapped[str] = ref("delivery")
    digest: Mapped[str] = mapped_column(String(64))
    member_id: Mapped[str] = ref("member")
    button: Mapped[Name]
    decided_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_why: Mapped[Words]
