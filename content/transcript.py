"""What is said in conversations: kept in order, followed live, and what came in handled once and never lost."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs
from content.database import Database
from content.errors import Invalid, NotFound
from content.ids import new_id
from content.incoming import Said, Waiting, checked, event_of, waiting_of
from content.models import Carry, Conversation, InboxEvent, Media, Member, Message
from content.people import Actor
from content.times import Clock

__all__ = ["CARRY", "PAGE", "Line", "MessageView", "Page", "Said", "Transcript", "Waiting"]

PAGE = 30
"""Messages shown at once."""
CARRY = "carry"
"""The kind of the jobs that carry what the desk says into a chat that keeps messages of its own, see `content/carrying.py`."""
BREATH = timedelta(seconds=1)
"""How long a chat outside is waited for, that what is said in one breath becomes one turn."""


@dataclass(frozen=True)
class MessageView:
    """One message as it is now."""

    id: str
    conversation_id: str
    position: int
    """Its place in the conversation; grows by one a message."""
    changed: int
    """The conversation's count of changes when this message was last written."""
    member_id: str | None
    """Who said it; None: the desk."""
    author: str
    """The member's name; empty for the desk."""
    text: str
    subject: str | None
    """The row a card shows, such as `post:post_1f…`."""
    extra: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True)
class Page:
    """A stretch of a conversation, oldest first."""

    messages: tuple[MessageView, ...]
    changes: int
    """How many changes the conversation had: follow it from here."""
    earlier: bool
    """Whether there is something before the first."""


@dataclass(frozen=True)
class Line:
    """Something the desk says."""

    text: str = ""
    subject: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""
    """A second line with the same key in one conversation is the same line."""


class Transcript:
    """Conversations, their messages, and what came in."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._bells: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self.tell: Callable[[str], None] = lambda _conversation_id: None
        """Tells the other processes that something changed in a conversation."""

    async def find(self, chat: str, address: str) -> str | None:
        """The id of the conversation at this address of a chat, or None."""
        where = select(Conversation.id).where(Conversation.chat == chat, Conversation.place == address)
        async with self._db.reading() as session:
            found: str | None = await session.scalar(where)
            return found

    async def open(
        self, workspace_id: str, chat: str, address: str, *, outward: bool = False, member_id: str | None = None
    ) -> str:
        """The id of the conversation at this address of a chat; it is begun where there is none.

        `outward`: the chat keeps messages of its own, to which ours must be carried. `member_id`: whose private one it is.

        Raises:
            NotFound: another workspace talks there.
        """
        where = select(Conversation).where(Conversation.chat == chat, Conversation.place == address)
        async with self._db.reading() as session:
            found = await session.scalar(where)
        if found is None:
            async with self._db.writing(alone=True) as session:
                found = await session.scalar(where)  # another tab may have been faster
                found = found or self._begun(session, workspace_id, chat, address, outward, member_id)
        if found.workspace_id != workspace_id:
            raise NotFound("Another desk talks here already. Talk to me in private, or in a room of your own.")
        return found.id

    def _begun(
        self, session: AsyncSession, workspace_id: str, chat: str, address: str, outward: bool, member_id: str | None
    ) -> Conversation:
        row = Conversation(
            id=new_id("conversation"),
            workspace_id=workspace_id,
            chat=chat,
            place=address,
            outward=outward,
            member_id=member_id,
            created_at=self._clock.now(),
        )
        session.add(row)
        return row

    # what the desk says

    async def add(self, conversation_id: str, line: Line) -> str:
        """Say something new; returns the message's id."""
        async with self._db.writing() as session:
            message = await self._append(session, conversation_id, line)
        self.ring(conversation_id)
        return message.id

    async def has(self, conversation_id: str, key: str) -> bool:
        """Whether a line with this key was said here."""
        async with self._db.reading() as session:
            return await session.get(Message, _keyed(conversation_id, key)) is not None

    async def change(self, message_id: str, line: Line) -> None:
        """Replace what a message shows.

        Raises:
            NotFound: there is no such message.
        """
        async with self._db.writing() as session:
            message = await session.get(Message, message_id)
            if message is None:
                raise NotFound(f"There is no message {message_id} to change. Say it anew.")
            message.text, message.subject, message.extra = line.text, line.subject, dict(line.extra)
            await self._changed(session, [message])
        self.ring(message.conversation_id)

    async def redraw(self, subject: str) -> int:
        """Every message that shows this subject, in every chat, shows it anew; returns how many there are."""
        async with self._db.writing() as session:
            rows = (await session.scalars(select(Message).where(Message.subject == subject))).all()
            await self._changed(session, rows)
        for conversation_id in {row.conversation_id for row in rows}:
            self.ring(conversation_id)
        return len(rows)

    async def _changed(self, session: AsyncSession, messages: Sequence[Message]) -> None:
        """These show something else now: whoever follows is given them again, and what a chat keeps of them is stale."""
        stale = set()
        for message in messages:
            message.changed, _ = await _count_change(session, message.conversation_id)
            if message.carry is Carry.SENT:
                message.carry = Carry.STALE
                stale.add(message.conversation_id)
        if stale:
            await jobs.put_many(session, CARRY, sorted(stale), now=self._clock.now())

    # who reads along

    async def page(self, conversation_id: str, before: int | None = None) -> Page:
        """The newest messages, or the newest before a position."""
        query = _messages().where(Message.conversation_id == conversation_id)
        if before is not None:
            query = query.where(Message.position < before)
        async with self._db.reading() as session:
            rows = (await session.execute(query.order_by(Message.position.desc()).limit(PAGE + 1))).all()
            changes = await session.scalar(select(Conversation.changes).where(Conversation.id == conversation_id))
        shown = tuple(message_view(*row) for row in reversed(rows[:PAGE]))
        return Page(shown, changes or 0, len(rows) > PAGE)

    async def since(self, conversation_id: str, changes: int) -> list[MessageView]:
        """What is new or changed after that many changes, in the order of the changes."""
        query = _messages().where(Message.conversation_id == conversation_id, Message.changed > changes)
        async with self._db.reading() as session:
            rows = (await session.execute(query.order_by(Message.changed))).all()
        return [message_view(*row) for row in rows]

    @contextmanager
    def watching(self, conversation_id: str) -> Iterator[asyncio.Event]:
        """An event that is set after each change this process makes to the conversation, while the block runs."""
        bell = asyncio.Event()
        self._bells[conversation_id].add(bell)
        try:
            yield bell
        finally:
            self._bells[conversation_id].discard(bell)
            if not self._bells[conversation_id]:
                del self._bells[conversation_id]

    def ring(self, conversation_id: str) -> None:
        """Have everybody who watches the conversation look again, in every process."""
        self.hear(conversation_id)
        self.tell(conversation_id)

    def hear(self, conversation_id: str) -> None:
        """Something changed there: whoever watches it in this process looks again."""
        for bell in self._bells.get(conversation_id, ()):
            bell.set()

    # what comes in

    async def say(self, actor: Actor, conversation_id: str, said: Said) -> bool:
        """Keep what a member said, with the job that answers it; False: this event was heard before, nothing was done.

        Raises:
            Invalid: nothing said, too much, or a picture that is not there; nothing was kept.
        """
        actor.require("read")
        said = checked(said)
        async with self._db.writing() as session:
            place = await self._place(session, actor, conversation_id)
            heard = InboxEvent.chat == place.chat, InboxEvent.event_id == said.event_id
            if await session.scalar(select(InboxEvent.id).where(*heard)):
                return False
            extra = {
                "images": await _pictures(session, actor, said.images),
                "reply_to": said.reply_to,
                "reply_title": said.reply_title,
            }
            line = Line(said.text, extra=extra)
            message = await self._append(session, conversation_id, line, actor.member_id)
            session.add(event_of(actor, place, said, message.position, self._clock.now()))
            now = self._clock.now()
            lane = f"turn:{conversation_id}"
            run_at = now + BREATH if place.outward else now
            await jobs.put(session, "turn", conversation_id, run_at=run_at, now=now, lane=lane)
        self.ring(conversation_id)
        return True

    async def _place(self, session: AsyncSession, actor: Actor, conversation_id: str) -> Conversation:
        place = await session.get(Conversation, conversation_id)
        if place is None or place.workspace_id != actor.workspace_id:
            raise NotFound("There is no such conversation here. Open the desk's page again.")
        return place

    async def reader(self, conversation_id: str) -> str | None:
        """The member whose private conversation this is; None: several read it."""
        async with self._db.reading() as session:
            found: str | None = await session.scalar(
                select(Conversation.member_id).where(Conversation.id == conversation_id)
            )
            return found

    async def address(self, conversation_id: str) -> tuple[str, str, str]:
        """A conversation's workspace id, chat, and address there.

        Raises:
            NotFound: there is none.
        """
        async with self._db.reading() as session:
            row = await session.get(Conversation, conversation_id)
            if row is None:
                raise NotFound("This conversation does not exist any more. Open the desk's page again.")
            return row.workspace_id, row.chat, row.place

    async def unhandled(self, conversation_id: str) -> list[Waiting]:
        """What members said in a conversation and nobody has answered yet, in order."""
        async with self._db.reading() as session:
            rows = await session.execute(
                select(InboxEvent, Conversation.place)
                .join(Conversation, Conversation.id == InboxEvent.conversation_id)
                .where(InboxEvent.conversation_id == conversation_id, InboxEvent.handled_at.is_(None))
            )
            found = sorted(rows.all(), key=lambda row: int(row[0].payload["position"]))
        return [waiting_of(event, address) for event, address in found]

    async def handled(self, ids: Sequence[str], replies: Sequence[Line] = ()) -> list[str]:
        """These events are answered: with these lines, in the same transaction. Returns the new messages' ids.

        Events that were handled already stay so, and then nothing is said again.
        """
        async with self._db.writing() as session:
            done = await session.scalars(
                update(InboxEvent)
                .where(InboxEvent.id.in_(ids), InboxEvent.handled_at.is_(None))
                .values(handled_at=self._clock.now())
                .returning(InboxEvent.conversation_id)
            )
            where = next(iter(done.all()), None)
            messages = [await self._append(session, where, line) for line in replies] if where else []
        if where and messages:
            self.ring(where)
        return [message.id for message in messages]

    async def _append(
        self, session: AsyncSession, conversation_id: str, line: Line, member_id: str | None = None
    ) -> Message:
        message_id = _keyed(conversation_id, line.key) if line.key else new_id("message")
        known = await session.get(Message, message_id) if line.key else None
        if known is not None:
            return known
        changed, outward = await _count_change(session, conversation_id)
        carried = outward and member_id is None
        last = await session.scalar(
            select(func.max(Message.position)).where(Message.conversation_id == conversation_id)
        )
        message = Message(
            id=message_id,
            conversation_id=conversation_id,
            position=(last or 0) + 1,
            changed=changed,
            member_id=member_id,
            text=line.text,
            subject=line.subject,
            extra=dict(line.extra),
            carry=Carry.DUE if carried else Carry.NONE,
            created_at=self._clock.now(),
        )
        session.add(message)
        await session.flush()
        if carried:
            await jobs.put_many(session, CARRY, [conversation_id], now=self._clock.now())
        return message


def _keyed(conversation_id: str, key: str) -> str:
    return f"message_{hashlib.sha256(f'{conversation_id}:{key}'.encode()).hexdigest()[:16]}"


async def _count_change(session: AsyncSession, conversation_id: str) -> tuple[int, bool]:
    """One more change, and whether ours must be carried outward.

    The row stays locked, so that positions and changes cannot be given twice.
    """
    counted = await session.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id)
        .values(changes=Conversation.changes + 1)
        .returning(Conversation.changes, Conversation.outward)
        .execution_options(synchronize_session=False)
    )
    found = counted.first()
    if found is None:
        raise NotFound(f"There is no conversation {conversation_id} to speak in. Open the desk's page again.")
    return found.changes, found.outward


async def _pictures(session: AsyncSession, actor: Actor, ids: Sequence[str]) -> list[dict[str, Any]]:
    rows = await session.scalars(select(Media).where(Media.workspace_id == actor.workspace_id, Media.id.in_(ids)))
    found = {row.id: row for row in rows}
    missing = [one for one in ids if one not in found]
    if missing:
        raise Invalid(f"There is no picture {missing[0]} here. Attach it again; your text was not sent.")
    pictures = [found[one] for one in ids]
    return [
        {"id": row.id, "width": row.width, "height": row.height, "name": row.name}
        | ({"seconds": row.seconds} if row.seconds else {})
        for row in pictures
    ]


def _messages() -> Any:
    return select(Message, Member.name).outerjoin(Member, Member.id == Message.member_id)


def message_view(row: Message, name: str | None) -> MessageView:
    """A message's row as it is now; `name` is its author's."""
    return MessageView(
        row.id,
        row.conversation_id,
        row.position,
        row.changed,
        row.member_id,
        name or "",
        row.text,
        row.subject,
        row.extra,
        row.created_at,
    )
