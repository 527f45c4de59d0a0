"""Every table of the product, as classes. The rows tell the whole story; caches, checkpoints and messages do not count.

States and what they mean are drawn in `docs/architecture.md`. Relations are loaded where they are needed, by query.
"""

from content.models.conversations import Conversation, InboxEvent, Message
from content.models.deliveries import ENDED, IN_FLIGHT, Attempt, Delivery, DeliveryState, Outcome, Part, Result
from content.models.knowledge import Feed, Finding, Followers, Goal, Memory, MemoryVector, VoiceRule
from content.models.people import Account, AuditEntry, ConnectAttempt, Member, Role, SignIn, WebSession, Workspace
from content.models.posts import Approval, Media, Post, PostState, Revision, Variant
from content.models.work import Job, JobState, Plan

__all__ = [
    "ENDED",
    "IN_FLIGHT",
    "Account",
    "Approval",
    "Attempt",
    "AuditEntry",
    "ConnectAttempt",
    "Conversation",
    "Delivery",
    "DeliveryState",
    "Feed",
    "Finding",
    "Followers",
    "Goal",
    "InboxEvent",
    "Job",
    "JobState",
    "Media",
    "Member",
    "Memory",
    "MemoryVector",
    "Message",
    "Outcome",
    "Part",
    "Plan",
    "Post",
    "PostState",
    "Result",
    "Revision",
    "Role",
    "SignIn",
    "Variant",
    "VoiceRule",
    "WebSession",
    "Workspace",
]
