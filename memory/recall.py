"""Remembering, finding again and forgetting, always within one workspace.

A memory is found by its meaning (the cosine of two vectors) and by its words; where no vector can be made, the words
alone will do. The rows hold everything; vectors and the index are made from them at any time.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import contents
from content.audit import record
from content.database import Database
from content.embedding import Embedder
from content.errors import Invalid, NotFound, Unavailable
from content.ids import new_id
from content.models import Delivery, DeliveryState, Memory, MemoryVector, Post
from content.people import Actor
from content.times import Clock
from content.views import variants_of
from memory.index import VectorIndex
from memory.lexical import overlap

Kind = Literal["fact", "post"]

LONGEST = 2_000
"""Characters of one memory."""
BATCH = 64
"""Texts that are turned into vectors at a time."""
LEAST = 0.11
"""A lower score means: nothing to do with the question."""
CLEAR, AHEAD = 0.4, 0.15
"""What the best match alone must score, and by how much it must lead, to be forgotten without asking back."""


@dataclass(frozen=True)
class MemoryView:
    """Something remembered, and where it came from. `score` says how well it answers a question, from 0 to 1."""

    id: str
    kind: str
    text: str
    source: str
    created_at: datetime
    score: float = 0.0


class Recall:
    """A workspace's memory."""

    def __init__(self, db: Database, clock: Clock, embedder: Embedder, index: VectorIndex) -> None:
        self._db = db
        self._clock = clock
        self._embedder = embedder
        self._index = index

    async def remember(self, actor: Actor, text: str, kind: Kind, source: str) -> MemoryView:
        """Keep a text with where it came from, such as `message:message_1f…`; what is known already stays as it is.

        Raises:
            Invalid: there is no text, or more than 2,000 characters.
        """
        actor.require("draft")
        wanted = text.strip()
        if not wanted:
            raise Invalid("There is nothing to remember: the text is empty. Say what I should keep.")
        if len(wanted) > LONGEST:
            raise Invalid(
                f"This has {len(wanted):,} characters, and a memory holds {LONGEST:,}. Shorten it, or tell me in pieces."
            )
        async with self._db.writing() as session:
            row = await self._keep(session, actor.workspace_id, actor.member_id, wanted, kind, source)
        await self._fill([row])
        return _view(row)

    async def learn(self, post_id: str) -> None:
        """The handler of `learn` jobs: remember the text of a post that is out, once, even if it is forgotten later."""
        source = f"post:{post_id}"
        async with self._db.writing() as session:
            post = await session.get(Post, post_id)
            text = await _public_text(session, post) if post else ""
            learned = await session.scalar(select(Memory.id).where(Memory.source == source))
            if post is None or not text or learned:
                return
            row = await self._keep(session, post.workspace_id, post.author_id, text[:LONGEST].rstrip(), "post", source)
        await self._fill([row])

    async def _keep(
        self, session: AsyncSession, workspace_id: str, member_id: str, text: str, kind: Kind, source: str
    ) -> Memory:
        content_hash = _content_hash(text)
        known = await session.scalar(
            select(Memory).where(Memory.workspace_id == workspace_id, Memory.content_hash == content_hash)
        )
        if known is not None:
            return known
        row = Memory(
            id=new_id("memory"),
            workspace_id=workspace_id,
            member_id=member_id,
            kind=kind,
            text=text,
            source=source[:200],
            content_hash=content_hash,
            created_at=self._clock.now(),
        )
        session.add(row)
        await session.flush()
        self._record(session, row, "memory.kept", member_id)
        return row

    async def fill(self, workspace_id: str) -> int:
        """Make the vectors that are missing, as after a model was changed or could not be reached; returns how many.

        Raises:
            Unavailable: the model cannot be reached; what was made is kept, ask again later.
        """
        made = 0
        while rows := await self._without_vector(workspace_id):
            await self._embed(rows)
            made += len(rows)
        return made

    async def _without_vector(self, workspace_id: str) -> Sequence[Memory]:
        have = select(MemoryVector.memory_id).where(MemoryVector.model == self._embedder.model)
        async with self._db.reading() as session:
            rows = await session.scalars(
                select(Memory).where(*_current(workspace_id), Memory.id.not_in(have)).limit(BATCH)
            )
            return rows.all()

    async def _fill(self, rows: Sequence[Memory]) -> None:
        try:
            await self._embed(rows)
        except Unavailable:
            return  # found by its words meanwhile; `fill` makes the vector later

    async def _embed(self, rows: Sequence[Memory]) -> None:
        """Make and keep these memories' vectors; one forgotten meanwhile gets none."""
        vectors = await self._embedder.embed([row.text for row in rows])
        model = self._embedder.model
        have = select(MemoryVector.memory_id).where(MemoryVector.model == model)
        wanted = select(Memory.id).where(
            Memory.id.in_([row.id for row in rows]), Memory.forgotten_at.is_(None), Memory.id.not_in(have)
        )
        async with self._db.writing() as session:
            still = set((await session.scalars(wanted)).all())
            session.add_all(
                MemoryVector(memory_id=row.id, model=model, vector=vector.astype("<f4").tobytes())
                for row, vector in zip(rows, vectors, strict=True)
                if row.id in still
            )

    async def recall(self, workspace_id: str, query: str, limit: int = 5) -> list[MemoryView]:
        """What has to do with the query, best first, each with its score; empty where nothing does."""
        known = await self.everything(workspace_id)
        return (await self._ranked(workspace_id, query, known))[:limit]

    async def _ranked(self, workspace_id: str, query: str, known: Sequence[MemoryView]) -> list[MemoryView]:
        """What has to do with it, best first: half by meaning and half by words, or by words alone without vectors."""
        if not known or not query.strip():
            return []
        cosines = await self._cosines(workspace_id, query, len(known))
        shares = await asyncio.to_thread(overlap, query, [one.text for one in known])
        scores = [_score(cosines.get(one.id), share) for one, share in zip(known, shares, strict=True)]
        ranked = [replace(one, score=score) for one, score in zip(known, scores, strict=True) if score >= LEAST]
        return sorted(ranked, key=lambda one: (one.score, one.created_at), reverse=True)

    async def _cosines(self, workspace_id: str, query: str, count: int) -> dict[str, float]:
        """How near each memory that has a vector is; none at all where the model cannot be reached."""
        try:
            vector = (await self._embedder.embed([query]))[0]
        except Unavailable:
            return {}
        hits = await self._index.search(workspace_id, self._embedder.model, vector, count)
        return {hit.memory_id: hit.cosine for hit in hits}

    async def forget(self, actor: Actor, query_or_id: str) -> list[MemoryView]:
        """Erase one memory for good, named by its id, its exact text, or words that clearly mean only it.

        Its text, vectors and index entry go; that something was forgotten, and where it came from, stays. Returns what was
        forgotten.

        Raises:
            NotFound: nothing like that is remembered.
            Invalid: several could be meant; the sentence lists them with their ids.
        """
        actor.require("draft")
        meant = await self._meant(actor.workspace_id, query_or_id.strip())
        async with self._db.writing() as session:
            row = await session.get_one(Memory, meant.id)
            row.text, row.content_hash, row.forgotten_at = "", f"forgotten:{row.id}", self._clock.now()
            await session.execute(delete(MemoryVector).where(MemoryVector.memory_id == row.id))
            self._record(session, row, "memory.forgotten", actor.member_id)
        await self._index.forget(actor.workspace_id)
        return [meant]

    async def _meant(self, workspace_id: str, named: str) -> MemoryView:
        known = await self.everything(workspace_id)
        wanted = _content_hash(named)
        exact = [one for one in known if one.id == named or _content_hash(one.text) == wanted]
        if exact:
            return exact[0]
        close = (await self._ranked(workspace_id, named, known))[:5]
        if not close:
            raise NotFound(f"Nothing I remember has to do with “{named[:60]}”. Ask me what I remember to see it all.")
        runner_up = close[1].score if len(close) > 1 else 0.0
        if runner_up < CLEAR <= close[0].score and close[0].score - runner_up >= AHEAD:
            return close[0]
        listed = "; ".join(f"{one.id}: “{_short(one.text)}”" for one in close)
        raise Invalid(f"I am not sure which memory is meant, so I forgot nothing. Name one by its id: {listed}.")

    async def everything(self, workspace_id: str) -> list[MemoryView]:
        """All that is remembered here, oldest first."""
        columns = (Memory.id, Memory.kind, Memory.text, Memory.source, Memory.created_at)
        query = select(*columns).where(*_current(workspace_id)).order_by(Memory.created_at, Memory.id)
        async with self._db.reading() as session:
            return [MemoryView(*row) for row in await session.execute(query)]

    def _record(self, session: AsyncSession, row: Memory, verb: str, member_id: str) -> None:
        record(
            session,
            workspace_id=row.workspace_id,
            verb=verb,
            subject=row.id,
            at=self._clock.now(),
            member_id=member_id,
            source=row.source,
        )


async def _public_text(session: AsyncSession, post: Post) -> str:
    """What the post says on the first account it went out on, its parts with an empty line between; "" if on none."""
    account_id = await session.scalar(
        select(Delivery.account_id)
        .where(Delivery.post_id == post.id, Delivery.state == DeliveryState.SENT)
        .order_by(Delivery.sent_at, Delivery.id)
        .limit(1)
    )
    if account_id is None:
        return ""
    parts = contents.read((await variants_of(session, post))[account_id].content).parts
    return "\n\n".join(part.text.strip() for part in parts if part.text.strip())


def _current(workspace_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Memory.workspace_id == workspace_id, Memory.forgotten_at.is_(None)


def _score(cosine: float | None, share: float) -> float:
    return share if cosine is None else (max(cosine, 0.0) + share) / 2


def _view(row: Memory) -> MemoryView:
    return MemoryView(row.id, row.kind, row.text, row.source, row.created_at)


def _content_hash(text: str) -> str:
    """The same for texts that differ in case and white space only."""
    return hashlib.sha256(" ".join(text.casefold().split()).encode()).hexdigest()


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else line[:79].rstrip() + "…"
