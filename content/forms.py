"""Forms filled in one answer at a time, in a chat that has no forms. What was answered so far is sealed: it may be a password."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from content.connecting import Field
from content.database import Database
from content.ids import new_id
from content.models import OpenForm
from content.people import Actor
from content.sealing import Sealer
from content.times import Clock

LASTS = timedelta(hours=1)


@dataclass(frozen=True)
class Step:
    """Where somebody is in a form."""

    form_id: str
    key: str
    """The pressed button's `verb:id:revision`."""
    fields: tuple[Field, ...]
    answers: Mapping[str, str]
    asked_ref: str
    """The chat's message that asks for the next answer."""
    ended: bool

    @property
    def field(self) -> Field | None:
        """What is asked now; None: everything is answered."""
        return next((one for one in self.fields if one.name not in self.answers), None)


class Forms:
    """At most one open form a member and conversation."""

    def __init__(self, db: Database, clock: Clock, sealer: Sealer) -> None:
        self._db = db
        self._clock = clock
        self._sealer = sealer

    async def begin(self, actor: Actor, conversation_id: str, key: str, fields: Sequence[Field]) -> Step:
        """Open a form; one that was open there is closed."""
        async with self._db.writing() as session:
            await self._close(session, actor, conversation_id)
            row = OpenForm(
                id=new_id("form"),
                conversation_id=conversation_id,
                member_id=actor.member_id,
                key=key,
                fields=[_kept(field) for field in fields],
                sealed=self._sealer.seal({}),
                expires_at=self._clock.now() + LASTS,
            )
            session.add(row)
            await session.flush()
            return self._step(row)

    async def open(self, actor: Actor, conversation_id: str) -> Step | None:
        """The member's open form there, or None."""
        async with self._db.reading() as session:
            row = await session.scalar(
                select(OpenForm).where(
                    OpenForm.conversation_id == conversation_id,
                    OpenForm.member_id == actor.member_id,
                    OpenForm.ended_at.is_(None),
                    OpenForm.expires_at > self._clock.now(),
                )
            )
            return None if row is None else self._step(row)

    async def asked(self, form_id: str, ref: str) -> None:
        """The chat's message that asks for the next answer is this one."""
        async with self._db.writing() as session:
            await session.execute(update(OpenForm).where(OpenForm.id == form_id).values(asked_ref=ref))

    async def answer(self, form_id: str, name: str, value: str, event_id: str) -> Step:
        """One answer more, given by the event `event_id` of the chat."""
        async with self._db.writing() as session:
            row = await session.get_one(OpenForm, form_id)
            row.sealed = self._sealer.seal({**self._sealer.open(row.sealed), name: value})
            row.heard = event_id
            return self._step(row)

    async def was_answer(self, actor: Actor, conversation_id: str, event_id: str) -> Step | None:
        """The form that took this event as its last answer, if it is delivered again after a crash; else None."""
        async with self._db.reading() as session:
            row = await session.scalar(
                select(OpenForm).where(
                    OpenForm.conversation_id == conversation_id,
                    OpenForm.member_id == actor.member_id,
                    OpenForm.heard == event_id,
                )
            )
            return None if row is None else self._step(row)

    async def end(self, actor: Actor, conversation_id: str) -> None:
        """Close the member's form there, filled in or not; its answers are forgotten."""
        async with self._db.writing() as session:
            await self._close(session, actor, conversation_id)

    async def _close(self, session: AsyncSession, actor: Actor, conversation_id: str) -> None:
        await session.execute(
            update(OpenForm)
            .where(
                OpenForm.conversation_id == conversation_id,
                OpenForm.member_id == actor.member_id,
                OpenForm.ended_at.is_(None),
            )
            .values(ended_at=self._clock.now(), sealed=self._sealer.seal({}))
        )

    def _step(self, row: OpenForm) -> Step:
        fields = tuple(_field(one) for one in row.fields)
        return Step(row.id, row.key, fields, self._sealer.open(row.sealed), row.asked_ref, row.ended_at is not None)


def _kept(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": field.label,
        "hint": field.hint,
        "kind": field.kind,
        "required": field.required,
        "options": [list(one) for one in field.options],
    }


def _field(kept: Mapping[str, Any]) -> Field:
    return Field(**{**kept, "options": tuple((value, label) for value, label in kept["options"])})
