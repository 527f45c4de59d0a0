"""Workspaces, their members and sign-ins, connected accounts, and who did what."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import LargeBinary, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from content.database import Base
from content.models.columns import Key, Name, Words, ref, states


class Role(StrEnum):
    """What a member may do, see `content/people.py`."""

    OWNER = "owner"
    ADMIN = "admin"
    EDITOR = "editor"
    APPROVER = "approver"
    VIEWER = "viewer"
    GUEST = "guest"


class Workspace(Base):
    """One team or creator: everything else belongs to exactly one."""

    __tablename__ = "workspace"
    shared = True
    id: Mapped[Key]
    name: Mapped[Name]
    zone: Mapped[str] = mapped_column(String(64))
    late_after_minutes: Mapped[int] = mapped_column(default=30)
    approval_survives_move: Mapped[bool] = mapped_column(default=True)
    self_approval: Mapped[bool] = mapped_column(default=False)
    quorum: Mapped[int] = mapped_column(default=1, server_default="1")
    """How many people must say yes."""
    review_hours: Mapped[int] = mapped_column(default=24, server_default="24")
    """How long a review may take before it expires."""
    likeness_days: Mapped[int] = mapped_column(default=30, server_default="30")
    """Days within which nearly the same is asked about before it goes out again on an account; 0: never."""
    held: Mapped[bool] = mapped_column(default=False)
    held_by: Mapped[str | None] = mapped_column(String(40))
    """The member who holds everything; None: nobody does, or the desk itself."""
    held_at: Mapped[datetime | None]
    rehearsing: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether everything but the sending happens, see `content/rehearsing.py`."""
    budget_mills: Mapped[int | None]
    """Most that paid posts may cost in a calendar month, in thousandths of a US dollar; None: no limit."""
    next_post_number: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]

    def next_number(self) -> int:
        """The number of a new post. Only for whoever has locked the workspace: each is given once."""
        number, self.next_post_number = self.next_post_number, self.next_post_number + 1
        return number


class Member(Base):
    """A person in a workspace."""

    __tablename__ = "member"
    shared = True
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    name: Mapped[Name]
    role: Mapped[Role] = mapped_column(states(Role))
    zone: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]


class Identity(Base):
    """A member as a chat knows them: a person in Slack and on Telegram is one member with two of these."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("chat", "remote_id", name="uq_identity_remote"),)
    id: Mapped[Key]
    member_id: Mapped[str] = ref("member")
    chat: Mapped[str] = mapped_column(String(40))
    remote_id: Mapped[Name]
    """The chat's own unchangeable id, never a name that somebody else may take."""
    name: Mapped[Name]
    linked_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    """When they last said or pressed something there: news goes where somebody is."""


class Home(Base):
    """A place of a chat that belongs to a workspace as a whole, such as a Slack team the desk is installed in."""

    __tablename__ = "home"
    __table_args__ = (UniqueConstraint("chat", "remote_id", name="uq_home_remote"),)
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    chat: Mapped[str] = mapped_column(String(40))
    remote_id: Mapped[Name]
    name: Mapped[Name]
    moved_in_at: Mapped[datetime]
    left_at: Mapped[datetime | None]


class Invitation(Base):
    """A one-time word that lets somebody in, or makes a chat's person and a member one; kept as a hash."""

    __tablename__ = "invitation"
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    member_id: Mapped[str | None] = mapped_column(String(40))
    """Whom it links; None: it makes a new member."""
    role: Mapped[Role | None] = mapped_column(states(Role))
    name: Mapped[Name]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_by: Mapped[str] = ref("member")
    claimed_chat: Mapped[str] = mapped_column(String(40), default="")
    claimed_by: Mapped[str] = mapped_column(String(200), default="")
    """Whoever brought the word, by the chat's own id: only they can accept with the button."""
    claimed_name: Mapped[str] = mapped_column(String(200), default="")
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Stranger(Base):
    """Somebody in a chat who is no member and was told once how to be let in."""

    __tablename__ = "stranger"
    __table_args__ = (UniqueConstraint("chat", "remote_id", name="uq_stranger_remote"),)
    id: Mapped[Key]
    chat: Mapped[str] = mapped_column(String(40))
    remote_id: Mapped[Name]
    told_at: Mapped[datetime]


class SignIn(Base):
    """A one-time sign-in address, kept as a hash."""

    __tablename__ = "sign_in"
    id: Mapped[Key]
    member_id: Mapped[str] = ref("member")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class CalendarLink(Base):
    """The address at which a member's calendar program reads the calendar, kept as a hash, and sealed to be told again."""

    __tablename__ = "calendar_link"
    id: Mapped[Key]
    member_id: Mapped[str] = ref("member", unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]


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
    shared = True
    __table_args__ = (UniqueConstraint("workspace_id", "platform", "remote_id", name="uq_account_remote"),)
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    platform: Mapped[str] = mapped_column(String(40))
    remote_id: Mapped[Name]
    handle: Mapped[Name]
    name: Mapped[str] = mapped_column(String(200), default="", server_default="")
    kind: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """What it is where a login reaches several, such as “page”; empty: a person's own."""
    server: Mapped[Name]
    facts: Mapped[dict[str, Any]]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime | None]
    """When the login is renewed."""
    ends_at: Mapped[datetime | None]
    """After this only the person can renew it."""
    login_id: Mapped[str] = mapped_column(String(40), default="", server_default="", index=True)
    """The consent it came by: accounts that came by the same one share their login, and it is renewed and ended for all."""
    renewing: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """Who is renewing the login now: it may be exchanged once only, and nobody may wait for the network in a transaction."""
    renewing_until: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(20), default="connected")
    """connected · needs_reconnect · disconnected"""
    gap_minutes: Mapped[int | None]
    """Least time between two posts on it; None: the platform's own, which is never undercut."""
    daily_cap: Mapped[int | None]
    """Most posts on it in 24 hours; None: the platform's own, which is never exceeded."""
    quota_until: Mapped[datetime | None]
    """Until when the platform said that it takes no more from it; nothing is sent before."""
    connected_by: Mapped[str] = ref("member")
    connected_at: Mapped[datetime]


class ConnectStep(StrEnum):
    """How far somebody is on the way through a platform's own page."""

    BEGUN = "begun"
    AWAY = "away"  # a browser set out with it
    BACK = "back"  # and came back, once: the code is being exchanged
    CHOOSING = "choosing"  # the login works; which accounts to bind is asked
    CONNECTED = "connected"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class ConnectAttempt(Base):
    """A login on its way through a platform's own page: one use, ten minutes, one member, one workspace, one browser."""

    __tablename__ = "connect_attempt"
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    member_id: Mapped[str] = ref("member")
    conversation_id: Mapped[str | None] = ref("conversation")
    platform: Mapped[str] = mapped_column(String(40))
    step: Mapped[ConnectStep] = mapped_column(states(ConnectStep), default=ConnectStep.BEGUN, server_default="begun")
    state_hash: Mapped[str] = mapped_column(String(64), unique=True)
    """Of what travels through the platform and comes back."""
    ticket_hash: Mapped[str] = mapped_column(String(64), default="", server_default="", index=True)
    """Of what is in the address that a chat's button opens."""
    browser_hash: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """Of the cookie of the browser that set out: only it can come back."""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Where to go and what to keep until they return; then the logins to choose from; nothing at the end."""
    words: Mapped[Words] = mapped_column(server_default="")
    """What it came to, as a sentence."""
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
