"""What must be true of a post's rows at every moment of its life, whatever happens to it: section by section of the architecture."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import contents
from content.database import Base, Database
from content.models import (
    Account,
    Approval,
    Attempt,
    AuditEntry,
    Delivery,
    DeliveryState,
    Job,
    JobState,
    Part,
    Post,
    PostState,
    Revision,
    Variant,
    Workspace,
)
from content.times import Clock
from tests.fakes.platform import BarePlatform

Row = TypeVar("Row", bound=Base)
UNDER_WAY = (DeliveryState.SENDING, DeliveryState.PROCESSING)
NOTED = {
    DeliveryState.SENDING: {"delivery.claimed"},
    DeliveryState.PROCESSING: {"delivery.processing"},
    DeliveryState.SENT: {"delivery.sent"},
    DeliveryState.FAILED: {"delivery.failed"},
    DeliveryState.UNKNOWN: {"delivery.unknown", "delivery.asked", "delivery.waiting"},
    DeliveryState.ASKING: {"delivery.asking"},
    DeliveryState.HELD: {"post.held"},
    DeliveryState.CANCELLED: {"post.cancelled", "post.discarded", "delivery.settled"},
}
"""What is in the record of whatever came into a state."""
TOLD = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.ASKING, DeliveryState.CANCELLED)
"""The states that people are told of."""


@dataclass
class Rows:
    """Everything that belongs to one post, at one moment."""

    post: Post
    workspace: Workspace
    deliveries: Sequence[Delivery]
    parts: Sequence[Part]
    attempts: Sequence[Attempt]
    approvals: Sequence[Approval]
    jobs: Sequence[Job]
    entries: Sequence[AuditEntry]
    revisions: Sequence[Revision]
    variants: Sequence[Variant]
    accounts: dict[str, Account]

    def looked_after(self, delivery: Delivery) -> bool:
        """Whether a job will look at it."""
        return any(
            one.kind == "publish" and one.subject == delivery.id and one.state in (JobState.READY, JobState.RUNNING)
            for one in self.jobs
        )

    def told(self, delivery: Delivery) -> bool:
        """Whether people are told what became of it, or will be."""
        if delivery.state is DeliveryState.SENT:  # told of the post, by a job that was put when this was out
            news = [one for one in self.jobs if (one.kind, one.subject) == ("notify", f"sent:{self.post.id}")]
            return any(delivery.sent_at is not None and one.run_at >= delivery.sent_at for one in news)
        if delivery.state is DeliveryState.CANCELLED and (delivery.due_at is None or self.settled(delivery)):
            return True  # nobody waited for it, or it was a person's own answer
        if delivery.state is DeliveryState.CANCELLED:  # told of the post, by the first that had a time
            about = {f"cancelled:{one.id}" for one in self.deliveries}
            return any(one.subject in about for one in self.jobs if one.kind == "notify")
        where = self.post.conversation_id or self.post.author_id  # of the message that names all that are late
        subjects = [one.subject for one in self.jobs if one.kind in ("notify", "late")]
        return any(one == where or one.endswith(f":{delivery.id}") for one in subjects)

    def settled(self, delivery: Delivery) -> bool:
        """Whether a person said what became of it."""
        return any((one.subject, one.verb) == (delivery.id, "delivery.settled") for one in self.entries)

    def waits_for_people(self, delivery: Delivery) -> bool:
        """What wakes it is an approval, a time, or a login."""
        lost = self.accounts[delivery.account_id].state != "connected" and self.told(delivery)
        return delivery.due_at is None or self.post.state is not PostState.APPROVED or lost


async def read_rows(db: Database, post_id: str) -> Rows:
    """What is there now."""
    async with db.reading() as session:
        post = await session.get_one(Post, post_id)
        deliveries = await _all(session, Delivery, Delivery.post_id == post_id)
        revisions = await _all(session, Revision, Revision.post_id == post_id)
        ids = [one.id for one in deliveries]
        return Rows(
            post=post,
            workspace=await session.get_one(Workspace, post.workspace_id),
            deliveries=deliveries,
            parts=await _all(session, Part, Part.delivery_id.in_(ids)),
            attempts=await _all(session, Attempt, Attempt.delivery_id.in_(ids)),
            approvals=await _all(session, Approval, Approval.delivery_id.in_(ids)),
            jobs=await _all(session, Job, Job.kind.in_(["publish", "notify", "late"])),
            entries=await _all(session, AuditEntry, AuditEntry.subject.in_([*ids, post_id])),
            revisions=revisions,
            variants=await _all(session, Variant, Variant.revision_id.in_([one.id for one in revisions])),
            accounts={one.id: one for one in await _all(session, Account, Account.workspace_id == post.workspace_id)},
        )


async def _all(session: AsyncSession, kind: type[Row], where: Any) -> list[Row]:
    return list((await session.scalars(select(kind).where(where))).all())


# each of these finds what is wrong, in words


def everything_armed_was_approved(rows: Rows) -> Iterable[str]:
    """Before a request leaves, exactly its content has a yes that nobody has taken back."""
    for attempt in rows.attempts:
        yeses = [
            one
            for one in rows.approvals
            if (one.delivery_id, one.digest) == (attempt.delivery_id, attempt.digest)
            and one.decided_at <= attempt.started_at
            and (one.revoked_at is None or one.revoked_at >= attempt.started_at)
        ]
        if not yeses:
            yield f"{attempt.id} was armed at {attempt.started_at} without a yes"


def nothing_is_forgotten(rows: Rows) -> Iterable[str]:
    """Whatever is not at an end has a job that looks after it, or people know that it waits for them."""
    for one in rows.deliveries:
        if one.state in UNDER_WAY and not rows.looked_after(one):
            yield f"{one.id} is {one.state} and no job looks after it"
        if one.state is DeliveryState.WAITING and not (rows.looked_after(one) or rows.waits_for_people(one)):
            yield f"{one.id} waits for nothing"
        if one.state is DeliveryState.UNKNOWN and not (rows.looked_after(one) or rows.told(one)):
            yield f"nobody finds out about {one.id}, and nobody is asked"
        if one.state in TOLD and not rows.told(one):
            yield f"nobody hears that {one.id} is {one.state}"


def every_change_is_noted(rows: Rows) -> Iterable[str]:
    """What came into a state has an entry that says so."""
    for one in rows.deliveries:
        verbs = {entry.verb for entry in rows.entries if entry.subject in (one.id, rows.post.id)}
        if one.state in NOTED and not NOTED[one.state] & verbs:
            yield f"{one.id} is {one.state} and nothing notes it: {sorted(verbs)}"


def parts_follow_each_other(rows: Rows) -> Iterable[str]:
    """No part is public before the one it answers to."""
    for delivery in rows.deliveries:
        parts = sorted((one for one in rows.parts if one.delivery_id == delivery.id), key=lambda one: one.position)
        out = [one.sent_at is not None for one in parts]
        if out != sorted(out, reverse=True):
            yield f"parts of {delivery.id} went out as {out}"


EVER = (everything_armed_was_approved, nothing_is_forgotten, every_change_is_noted, parts_follow_each_other)


def wordings(rows: Rows) -> dict[str, object]:
    """What may never change once it is written."""
    revisions: dict[str, object] = {one.id: (one.number, one.change, one.repeats) for one in rows.revisions}
    return revisions | {one.id: (one.revision_id, one.account_id, one.content, one.digest) for one in rows.variants}


def left_over(rows: Rows) -> Iterable[str]:
    """After everything was put right and a day has passed, nothing is on its way, and nothing of what may go out is late."""
    for one in rows.deliveries:
        if one.state in UNDER_WAY:
            yield f"{one.id} is still {one.state}"
        if one.state is DeliveryState.WAITING and not rows.waits_for_people(one):
            yield f"{one.id} still waits"


@dataclass(frozen=True)
class Leaving:
    """What a platform is asked to make public, in the moment when it is."""

    text: str
    key: str


async def against(leaving: Leaving, db: Database, clock: Clock) -> tuple[str, list[str]]:
    """The part it is, and what speaks against it: it must be wanted, due, and approved in exactly these words."""
    async with db.reading() as session:
        part = (await session.scalars(select(Part).where(Part.key == leaving.key))).one()
        delivery = await session.get_one(Delivery, part.delivery_id)
        post = await session.get_one(Post, delivery.post_id)
        approval = await session.get(Approval, delivery.approval_id or "")
        variants = await _all(session, Variant, Variant.digest == delivery.digest)
    said = {
        contents.read(one.content).parts[part.position].text
        for one in variants
        if one.account_id == delivery.account_id
    }
    wrong = {
        "not claimed": delivery.state is not DeliveryState.SENDING,
        "deleted": post.state is PostState.DISCARDED,
        "not due": delivery.due_at is None or delivery.due_at > clock.now(),
        "public already": part.sent_at is not None,
        "not approved": approval is None
        or approval.revoked_at is not None
        or (approval.delivery_id, approval.digest) != (delivery.id, delivery.digest),
        "other words than approved": said != {leaving.text},
    }
    return part.id, [f"“{leaving.text}” left, and it is {words}" for words, so in wrong.items() if so]


def doubled(platforms: Iterable[BarePlatform], part_of: dict[str, str]) -> Iterable[str]:
    """Parts that are public more than once."""
    for platform in platforms:
        public = Counter(part_of[one.key] for one in platform.public)
        yield from (f"{part} is public {times} times" for part, times in public.items() if times > 1)
