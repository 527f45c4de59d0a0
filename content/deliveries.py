"""Small questions about deliveries that notices ask."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from content.database import Database
from content.errors import NotFound
from content.models import AuditEntry, Delivery, Member, Post
from content.people import called


@dataclass(frozen=True)
class Deed:
    """That somebody cancelled what was left of a post, deleted it, or took it down."""

    id: str
    """Another each time."""
    name: str
    """Whoever did it."""
    deleted: bool


class Deliveries:
    """Answers from the rows; changes nothing."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def post_of(self, delivery_id: str) -> tuple[str, str]:
        """The post's and the workspace's id of a delivery.

        Raises:
            NotFound: an edit was taken back, and the delivery with it.
        """
        async with self._db.reading() as session:
            row = await session.get(Delivery, delivery_id)
            if row is None:
                raise NotFound("This post does not go to that account any more. Look at its card.")
            return row.post_id, row.workspace_id

    async def workspace_of(self, post_id: str) -> str:
        """The workspace's id of a post."""
        async with self._db.reading() as session:
            return (await session.get_one(Post, post_id)).workspace_id

    async def called_off(self, post_id: str) -> Deed | None:
        """Who last cancelled a post, or deleted it; None: nobody did."""
        return await self._last([post_id], "post.cancelled", "post.discarded")

    async def taken_down(self, delivery_ids: Sequence[str]) -> Deed | None:
        """Who last took one of these down; None: nobody did."""
        return await self._last(delivery_ids, "delivery.removed")

    async def _last(self, subjects: Sequence[str], *verbs: str) -> Deed | None:
        async with self._db.reading() as session:
            found = await session.execute(
                select(AuditEntry, Member)
                .join(Member, Member.id == AuditEntry.member_id)
                .where(AuditEntry.subject.in_(subjects), AuditEntry.verb.in_(verbs))
                .order_by(AuditEntry.at.desc(), AuditEntry.id)
                .limit(1)
            )
            row = found.first()
            return None if row is None else Deed(row[0].id, called(row[1]), row[0].verb == "post.discarded")
