"""Who did what to which thing: one row for every change of state, in the transaction of the change."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from content.ids import new_id
from content.models import AuditEntry


def record(
    session: AsyncSession,
    *,
    workspace_id: str,
    verb: str,
    subject: str,
    at: datetime,
    member_id: str | None = None,
    **detail: Any,
) -> str:
    """Note it; the entry's id. `verb` is a stable `noun.verb`, `subject` a row's id; no `member_id` means the desk itself."""
    entry = AuditEntry(
        id=new_id("audit"),
        workspace_id=workspace_id,
        member_id=member_id,
        verb=verb,
        subject=subject,
        detail=detail,
        at=at,
    )
    session.add(entry)
    return entry.id
