"""Workspaces, their members and sign-ins, connected accounts, and who did what."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from content.database import Base
from content.models.columns import Key, Name, ref, states


class Role(StrEnum):
    """What a member may do, see `content/people.py`."""

    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    APPROVER = "approver"
    VIEWER = "viewer"


class Workspace(Base):
    """One team or creator: everything else belongs to exactly one."""

    __tablename__ = "workspace"
    id: Mapped[Key]
    name: Mapped[Name]
    zone: Mapped[str] = mapped_column(String(64))
    late_after_minutes: Mapped[int] = mapped_column(default=30)
    approval_survives_move: Mapped[bool] = mapped_column(default=True)
    self_approval: Mapped[bool] = mapped_column(default=False)
    held: Mapped[bool] = mapped_column(default=False)
    next_post_number: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]


class Member(Base):
    """A person in a workspace."""

    __tablename__ = "member"
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    name: Mapped[Name]
    role: Mapped[Role] = mapped_column(states(Role))
    zone: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]


class SignIn(Base):
    """A one-time sign-in address, kept as a hash."""

    __tablename__ = "sign_in"
    id: Mapped[Key]
    member_id: Mapped[str] = ref("member")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class WebSession(Base):
    """A signed-in browser, kept as a hash of its cookie."""

    __tablename__ = "web_session"
    id: Mapped[Key]
    member_id: Mapped[str] = ref("member")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    created_at: Mapped[datetime]


class Account(Base):
    """A connected account on a platform; its login is sealed."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("workspace_id", "platform", "remote_id", name="remote"),)
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    platform: Mapped[str] = mapped_column(String(40))
    remote_id: Mapped[Name]
    handle: Mapped[Name]
    server: Mapped[Name]
    facts: Mapped[dict[str, Any]]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(20), default="connected")
    """connected · needs_reconnect · disconnected"""
    connected_by: Mapped[str] = ref("member")
    connected_at: Mapped[datetime]


class ConnectAttempt(Base):
    """A login on its way through a platform's own page; one use, ten minutes, bound to the member who began it."""

    __tablename__ = "connect_attempt"
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    member_id: Mapped[str] = ref("member")
    conversation_id: Mapped[str | None] = ref("conversation")
    platform: Mapped[str] = mapped_column(String(40))
    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who did what to which thing, when; only ever added to."""

    __tablename__ = "audit_entry"
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    member_id: Mapped[str | None] = mapped_column(String(40))
    """None: the desk itself."""
    verb: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(80), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime]
