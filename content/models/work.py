"""What has to be done when."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from content.database import Base
from content.models.columns import Key, Name, Words, ref, states


class JobState(StrEnum):
    """Whether a job still has to run."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class Job(Base):
    """Something to do at or after `run_at`; inserted with the change that needs it."""

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "uq_job_ready",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("state = 'ready'"),
            postgresql_where=text("state = 'ready'"),
        ),
        Index(
            "uq_job_lane",
            "lane",
            unique=True,
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
        Index("ix_job_due", "state", "run_at"),
        # without it a crowd of jobs is looked through for each of them; `id` for those that are due at one instant
        Index("ix_job_lane", "lane", "state", "run_at", "id"),
    )
    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[Name]
    """What it is about; a second ready job of the same kind and subject is the same job."""
    lane: Mapped[Name]
    """Jobs of one lane run one after the other."""
    run_at: Mapped[datetime]
    state: Mapped[JobState] = mapped_column(states(JobState), default=JobState.READY)
    tries: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    error: Mapped[Words]
    created_at: Mapped[datetime]


class PostingSlot(Base):
    """A weekly time at which an account posts; what fills it is the time of a delivery, not a reference to this row."""

    __tablename__ = "posting_slot"
    __table_args__ = (UniqueConstraint("account_id", "weekday", "hour", "minute", "zone", name="uq_posting_slot_time"),)
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    account_id: Mapped[str] = ref("account")
    weekday: Mapped[int]
    """0 is Monday."""
    hour: Mapped[int]
    minute: Mapped[int]
    zone: Mapped[str] = mapped_column(String(64))


class Series(Base):
    """A post that repeats by a rule: what repeats, until when, and whose yes it has."""

    __tablename__ = "series"
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    member_id: Mapped[str] = ref("member")
    post_id: Mapped[str] = ref("post")
    """What repeats; its occurrences are posts that name this series."""
    conversation_id: Mapped[str | None] = ref("conversation")
    rule: Mapped[Words]
    """See `Recurrence.text`."""
    zone: Mapped[str] = mapped_column(String(64))
    approved_by: Mapped[str | None] = mapped_column(String(40))
    approved_at: Mapped[datetime | None]
    """None: nobody said yes to it as it is now."""
    button: Mapped[str] = mapped_column(String(200), default="", server_default="")
    made: Mapped[int] = mapped_column(default=0, server_default="0")
    made_until: Mapped[datetime | None]
    """The time of the last occurrence that was made; what is later is still to be."""
    paused_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SeriesYes(Base):
    """One member's yes to a series as it is now; gone with any yes to its post. As many start it as a post needs."""

    __tablename__ = "series_yes"
    __table_args__ = (UniqueConstraint("series_id", "member_id", name="uq_series_yes_member"),)
    id: Mapped[Key]
    series_id: Mapped[str] = ref("series")
    member_id: Mapped[str] = ref("member")
    said_at: Mapped[datetime]


class Plan(Base):
    """Something the desk does again and again by itself: by a rule, start a turn with an instruction, in the same place."""

    __tablename__ = "plan"
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    member_id: Mapped[str] = ref("member")
    conversation_id: Mapped[str] = ref("conversation")
    rule: Mapped[Words]
    """See `Recurrence.text`."""
    zone: Mapped[str] = mapped_column(String(64))
    instruction: Mapped[Words]
    next_at: Mapped[datetime]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
