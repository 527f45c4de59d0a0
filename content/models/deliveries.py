"""A post on its way to each account: deliveries, their parts, every attempt, and the numbers afterwards."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from content.database import Base
from content.models.columns import Key, Words, ref, states


class DeliveryState(StrEnum):
    """Where a post is on its way to one account."""

    WAITING = "waiting"
    SENDING = "sending"
    PROCESSING = "processing"  # the platform took it and still works on it
    ASKING = "asking"  # overdue: a person decides
    HELD = "held"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"  # nobody knows whether it went out
    CANCELLED = "cancelled"


ENDED = (DeliveryState.SENT, DeliveryState.CANCELLED)


LIVE = "delivery.state IN ('waiting', 'sending', 'processing', 'unknown')"
"""In SQL, what is not over by itself: waiting for its time, or under way. The condition of an index, word for word."""


IN_FLIGHT = (DeliveryState.SENDING, DeliveryState.PROCESSING, DeliveryState.UNKNOWN)
AHEAD = (DeliveryState.WAITING, DeliveryState.HELD)
"""It is still to go out as it stands."""
MOVABLE = (*AHEAD, DeliveryState.ASKING)
"""It has not left the house, nor been refused: its time may still be another."""


class Outcome(StrEnum):
    """What one attempt came to."""

    SENT = "sent"
    NOTHING = "nothing"  # certainly nothing happened
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Delivery(Base):
    """One post on one account; it owns its status."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("post_id", "account_id", name="uq_delivery_account"),
        # Without it, a read-back once bound the wrong post of two with the same text.
        Index(
            "uq_delivery_in_flight",
            "account_id",
            "digest",
            unique=True,
            sqlite_where=text("state IN ('sending', 'processing', 'unknown')"),
            postgresql_where=text("state IN ('sending', 'processing', 'unknown')"),
        ),
        Index(
            "ix_delivery_live",
            "due_at",
            sqlite_where=text("state IN ('waiting', 'sending', 'processing', 'unknown')"),
            postgresql_where=text("state IN ('waiting', 'sending', 'processing', 'unknown')"),
        ),
        # What was late once is little, and its list is drawn often.
        Index(
            "ix_delivery_late",
            "workspace_id",
            "late_at",
            sqlite_where=text("late_at IS NOT NULL"),
            postgresql_where=text("late_at IS NOT NULL"),
        ),
        CheckConstraint("state NOT IN ('sending', 'processing', 'sent') OR approval_id IS NOT NULL", name="approved"),
    )
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    post_id: Mapped[str] = ref("post")
    account_id: Mapped[str] = ref("account")
    state: Mapped[DeliveryState] = mapped_column(states(DeliveryState), default=DeliveryState.WAITING)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    zone: Mapped[str] = mapped_column(String(64), default="")
    """The zone the time was said in."""
    digest: Mapped[str] = mapped_column(String(64), default="")
    """Of what is going out; written when it is claimed."""
    approval_id: Mapped[str | None] = mapped_column(String(40))
    """The yes it went out on; no foreign key, since an approval points back here."""
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    refused_login_at: Mapped[datetime | None]
    """When the platform last refused the login, so that it is renewed once and not for ever."""
    error_code: Mapped[str] = mapped_column(String(40), default="")
    error: Mapped[Words]
    late_at: Mapped[datetime | None]
    """When it was last found too late to go out by itself."""
    turn_at: Mapped[datetime | None]
    """When its account has room for it, where it waits for that; `error_code` says whether it does."""
    url: Mapped[Words]
    sent_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    """When a person took down again what was public of it; it was sent all the same."""


class Part(Base):
    """One post of a thread on one account; a thread resumes at the first that is not sent."""

    __tablename__ = "part"
    __table_args__ = (UniqueConstraint("delivery_id", "position", name="uq_part_position"),)
    id: Mapped[Key]
    delivery_id: Mapped[str] = ref("delivery")
    position: Mapped[int]
    key: Mapped[str] = mapped_column(String(40), unique=True)
    """The idempotency key: made once, stored, the same in every try."""
    remote_id: Mapped[str | None] = mapped_column(String(300))
    url: Mapped[Words]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sent_at: Mapped[datetime | None]


class Attempt(Base):
    """One try to make one part public; written before the request leaves."""

    __tablename__ = "attempt"
    id: Mapped[Key]
    delivery_id: Mapped[str] = ref("delivery")
    part_id: Mapped[str] = ref("part")
    fence: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    """Of the content it carried: handles are of use to another try of the same content only."""
    cost_mills: Mapped[int] = mapped_column(default=0, server_default="0")
    """What the platform charges for it where it goes through, in thousandths of a US dollar."""
    handles: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None] = mapped_column(states(Outcome))
    doubted: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether nobody knew for a while what it came to, whatever is known by now."""
    error: Mapped[Words]


class Result(Base):
    """A delivery's numbers at one moment; None is “not told”, which is not 0."""

    __tablename__ = "result"
    id: Mapped[Key]
    delivery_id: Mapped[str] = ref("delivery")
    taken_at: Mapped[datetime]
    likes: Mapped[int | None]
    replies: Mapped[int | None]
    reposts: Mapped[int | None]
    views: Mapped[int | None]
