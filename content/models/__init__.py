"""Every table of the product, as classes. The rows tell the whole story; caches, checkpoints and messages do not count.

States and what they mean are drawn in `docs/architecture.md`. Relations are loaded where they are needed, by query.
"""

from content.models.conversations import (
    TO_CARRY,
    Arrival,
    Carry,
    Conversation,
    InboxEvent,
    Message,
    MessageRef,
    OpenForm,
)
from content.models.deliveries import ENDED, IN_FLIGHT, LIVE, Attempt, Delivery, DeliveryState, Outcome, Part, Result
from content.models.guards import Blackout, Confirmation
from content.models.knowledge import Feed, Finding, Followers, Goal, Memory, MemoryVector, VoiceRule
from content.models.people import (
    Account,
    AuditEntry,
    ConnectAttempt,
    ConnectStep,
    Home,
    Identity,
    Invitation,
    Member,
    Role,
    SignIn,
    Stranger,
    WebSession,
    Workspace,
)
from content.models.posts import Approval, Media, Post, PostState, Review, Revision, Variant, Verdict
from content.models.work import Job, JobState, Plan, PostingSlot

__all__ = [
    "ENDED",
    "IN_FLIGHT",
    "LIVE",
    "TO_CARRY",
    "Account",
    "Approval",
    "Arrival",
    "Attempt",
    "AuditEntry",
    "Blackout",
    "Carry",
    "Confirmation",
    "ConnectAttempt",
    "ConnectStep",
    "Conversation",
    "Delivery",
    "DeliveryState",
    "Feed",
    "Finding",
    "Followers",
    "Goal",
    "Home",
    "Identity",
    "InboxEvent",
    "Invitation",
    "Job",
    "JobState",
    "Media",
    "Member",
    "Memory",
    "MemoryVector",
    "Message",
    "MessageRef",
    "OpenForm",
    "Outcome",
    "Part",
    "Plan",
    "Post",
    "PostState",
    "PostingSlot",
    "Result",
    "Review",
    "Revision",
    "Role",
    "SignIn",
    "Stranger",
    "Variant",
    "Verdict",
    "VoiceRule",
    "WebSession",
    "Workspace",
]
