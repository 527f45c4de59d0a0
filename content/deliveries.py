"""Small questions about deliveries that notices ask."""

from content.database import Database
from content.models import Delivery


class Deliveries:
    """Answers from the rows; changes nothing."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def post_of(self, delivery_id: str) -> tuple[str, str]:
        """The post's and the workspace's id of a delivery."""
        async with self._db.reading() as session:
            row = await session.get_one(Delivery, delivery_id)
            return row.post_id, row.workspace_id
