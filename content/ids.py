"""Identifiers: a prefix that says what the thing is, and 16 hex digits."""

import secrets
from typing import NewType

WorkspaceId = NewType("WorkspaceId", str)
MemberId = NewType("MemberId", str)
AccountId = NewType("AccountId", str)
PostId = NewType("PostId", str)
RevisionId = NewType("RevisionId", str)
DeliveryId = NewType("DeliveryId", str)
PartId = NewType("PartId", str)
AttemptId = NewType("AttemptId", str)
ApprovalId = NewType("ApprovalId", str)
MediaId = NewType("MediaId", str)
ConversationId = NewType("ConversationId", str)
MessageId = NewType("MessageId", str)
GoalId = NewType("GoalId", str)
MemoryId = NewType("MemoryId", str)
PlanId = NewType("PlanId", str)
JobId = NewType("JobId", str)


def new_id(kind: str) -> str:
    """A fresh identifier such as `post_0f3c…`; `kind` is the row's class in lower case."""
    return f"{kind}_{secrets.token_hex(8)}"
