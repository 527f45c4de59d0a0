"""What the desk says, on its way into a chat that keeps messages of its own, and kept true there.

A message's row is `due` until the chat has it, `sending` while nobody can say, `sent`, and `stale` once what it shows has
changed. What the chat made of it is kept as references, so that every copy of a card can be found and redrawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from content import jobs
from content.database import Database
from content.ids import new_id
from content.models import TO_CARRY, Carry, Conversation, Message, MessageRef, Post
from content.times import Clock
from content.transcript import CARRY, MessageView, message_view


@dataclass(frozen=True)
class Carried:
    """One of the chat's messages that one of ours became."""

    ref: str
    digest: str
    """Of what it shows."""


@dataclass(frozen=True)
class ToCarry:
    """A message whose turn it is."""

    message: MessageView
    there: tuple[Carried, ...]
    """What the chat has of it already, in order."""
    unsure: bool
    """Whether an earlier try may have arrived without anybody writing it down."""
    new: bool
    """Whether it has not been there yet as a whole."""


@dataclass(frozen=True)
class Found:
    """Whose message a reference of the chat is."""

    message_id: str
    conversation_id: str
    subject: str | None


@dataclass(frozen=True)
class Strays:
    """What was to be said in a place that is closed now, or refuses it."""

    workspace_id: str
    reader_id: str | None
    """Whose private conversation it was; None: several read it."""
    messages: tuple[tuple[str, str | None], ...]
    """Each one's words, and the author of the post that it shows, or None."""


class Carrying:
    """The rows behind `bot/carrier.py`."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def next(self, conversation_id: str) -> ToCarry | None:
        """The oldest message of a conversation that the chat does not show as it is now."""
        query = select(Message).where(Message.conversation_id == conversation_id, Message.carry.in_(TO_CARRY))
        async with self._db.reading() as session:
            row = await session.scalar(query.order_by(Message.position).limit(1))
            if row is None:
                return None
            there = tuple(Carried(one.ref, one.digest) for one in await _refs(session, row.id))
        return ToCarry(message_view(row, ""), there, row.carry is Carry.SENDING, row.carry is not Carry.STALE)

    async def sending(self, message_id: str) -> None:
        """It is about to leave: from here on nobody can say, until `arrived`."""
        await self._set(message_id, Carry.SENDING)

    async def not_sent(self, message_id: str) -> None:
        """It certainly did not leave: it is due again."""
        await self._set(message_id, Carry.DUE)

    async def _set(self, message_id: str, carry: Carry) -> None:
        async with self._db.writing() as session:
            await session.execute(
                update(Message)
                .where(Message.id == message_id, Message.carry.in_((Carry.DUE, Carry.SENDING)))
                .values(carry=carry)
            )

    async def arrived(self, message_id: str, position: int, piece: Carried) -> None:
        """The chat has this piece of it now, or shows it so now."""
        async with self._db.writing() as session:
            where = MessageRef.message_id == message_id, MessageRef.position == position
            row = await session.scalar(select(MessageRef).where(*where))
            if row is None:
                row = MessageRef(id=new_id("ref"), message_id=message_id, position=position)
                session.add(row)
            row.ref, row.digest = piece.ref, piece.digest

    async def removed(self, message_id: str, position: int) -> None:
        """The chat has this piece of it no longer."""
        async with self._db.writing() as session:
            await session.execute(
                delete(MessageRef).where(MessageRef.message_id == message_id, MessageRef.position == position)
            )

    async def shown(self, drawn: MessageView) -> None:
        """The chat shows it as it was drawn; what changed meanwhile is carried again."""
        async with self._db.writing() as session:
            row = await session.get_one(Message, drawn.id)
            row.carry = Carry.SENT if row.changed == drawn.changed else Carry.STALE

    async def given_up(self, conversation_id: str, message_id: str | None = None) -> None:
        """The chat will not have this message, or nothing of the whole conversation any more; what was new is told elsewhere."""
        which = [Message.conversation_id == conversation_id, Message.carry.in_(TO_CARRY)]
        if message_id is not None:
            which.append(Message.id == message_id)
        async with self._db.writing() as session:
            await self._have_told(session, conversation_id, which)
            await session.execute(update(Message).where(*which).values(carry=Carry.DEAD))

    async def _have_told(
        self, session: AsyncSession, conversation_id: str, given_up: Sequence[ColumnElement[bool]]
    ) -> None:
        """What is new of that and never arrived is told in one message. A card that cannot be redrawn was there, and said it."""
        new = Message.carry.in_((Carry.DUE, Carry.SENDING))
        lost = await session.execute(
            select(func.min(Message.position), func.max(Message.position)).where(*given_up, new, Message.text != "")
        )
        first, last = lost.one()
        if first is not None:
            now = self._clock.now()
            await jobs.put(session, "strayed", f"{conversation_id}:{first}:{last}", run_at=now, now=now)

    async def strays(self, conversation_id: str, first: int, last: int) -> Strays:
        """What was given up of these positions of a conversation."""
        async with self._db.reading() as session:
            place = await session.get_one(Conversation, conversation_id)
            rows = await session.execute(
                select(Message.text, Post.author_id)
                .outerjoin(Post, Message.subject == "post:" + Post.id)
                .where(Message.conversation_id == conversation_id, Message.position.between(first, last))
                .where(Message.carry == Carry.DEAD, Message.text != "")
                .order_by(Message.position)
            )
            messages = tuple((words, author_id) for words, author_id in rows.all())
            return Strays(place.workspace_id, place.member_id, messages)

    async def take_up(self, chats: list[str]) -> int:
        """Have what was left to carry carried; returns in how many conversations. For the start of a process."""
        left = (
            select(Message.conversation_id)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Message.carry.in_(TO_CARRY), Conversation.chat.in_(chats))
            .distinct()
        )
        async with self._db.writing() as session:
            found = (await session.scalars(left)).all()
            if found:
                await jobs.put_many(session, CARRY, found, now=self._clock.now())
        return len(found)

    async def found(self, chat: str, ref: str) -> Found | None:
        """Which message of ours the chat calls `ref`, or None."""
        query = (
            select(Message)
            .join(MessageRef, MessageRef.message_id == Message.id)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Conversation.chat == chat, MessageRef.ref == ref)
        )
        async with self._db.reading() as session:
            row = await session.scalar(query.limit(1))
        return None if row is None else Found(row.id, row.conversation_id, row.subject)

    async def choice(self, message_id: str, number: int) -> str | None:
        """What pressing an offered answer says, or None: there is no such."""
        async with self._db.reading() as session:
            row = await session.get(Message, message_id)
        choices = row.extra.get("choices", []) if row else []
        return str(choices[number]["say"]) if 0 <= number < len(choices) else None

    async def status(self, conversation_id: str) -> str:
        """The reference of the chat's message that shows how far a turn is; empty: none stands."""
        async with self._db.reading() as session:
            found = await session.scalar(select(Conversation.status_ref).where(Conversation.id == conversation_id))
        return found or ""

    async def set_status(self, conversation_id: str, ref: str) -> None:
        """That message is this one now; empty: none."""
        async with self._db.writing() as session:
            await session.execute(update(Conversation).where(Conversation.id == conversation_id).values(status_ref=ref))

    async def standing(self, chat: str) -> list[tuple[str, str, str]]:
        """The conversations in which a turn's progress was left standing: id, address, reference."""
        query = select(Conversation.id, Conversation.place, Conversation.status_ref)
        async with self._db.reading() as session:
            rows = await session.execute(query.where(Conversation.chat == chat, Conversation.status_ref != ""))
            return [(one, place, ref) for one, place, ref in rows.all()]


async def _refs(session: AsyncSession, message_id: str) -> list[MessageRef]:
    rows = await session.scalars(
        select(MessageRef).where(MessageRef.message_id == message_id).order_by(MessageRef.position)
    )
    return list(rows.all())
