"""What keeps posts back, and where a person said that one shall go out all the same."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from content.database import Base
from content.models.columns import Key, Name, Words, ref


class Blackout(Base):
    """Days on which nothing goes out by itself, in the zone of who said so."""

    __tablename__ = "blackout"
    shared = True
    id: Mapped[Key]
    workspace_id: Mapped[str] = ref("workspace")
    account_id: Mapped[str | None] = ref("account")
    """None: every account."""
    first: Mapped[date]
    last: Mapped[date]
    """The last day of it."""
    zone: Mapped[str] = mapped_column(String(64))
    reason: Mapped[Words]
    made_by: Mapped[str] = ref("member")
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When a person took it back."""


class Confirmation(Base):
    """A member's word that exactly this content goes out in spite of one guard; another wording asks anew."""

    __tablename__ = "confirmation"
    __table_args__ = (UniqueConstraint("delivery_id", "guard", "about", "digest", name="uq_confirmation_about"),)
    id: Mapped[Key]
    delivery_id: Mapped[str] = ref("delivery")
    guard: Mapped[str] = mapped_column(String(20))
    about: Mapped[str] = mapped_column(String(40))
    """What the guard had against it, such as the blackout's id: another one asks again."""
    digest: Mapped[str] = mapped_column(String(64))
    member_id: Mapped[str] = ref("member")
    button: Mapped[Name]
    confirmed_at: Mapped[datetime]


class Mark(Base):
    """A few of the word pairs of a post's current wording, hashed: what is alike has some in common, and is found by them."""

    __tablename__ = "mark"
    shared = True
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    variant_id: Mapped[str] = mapped_column(ForeignKey("variant.id", ondelete="CASCADE"), primary_key=True, index=True)


class Likeness(Base):
    """Two wordings on one account that say nearly the same, found when the later was written; kept both ways round."""

    __tablename__ = "likeness"
    shared = True
    variant_id: Mapped[str] = mapped_column(ForeignKey("variant.id", ondelete="CASCADE"), primary_key=True)
    other_id: Mapped[str] = mapped_column(ForeignKey("variant.id", ondelete="CASCADE"), primary_key=True, index=True)
    percent: Mapped[int]
