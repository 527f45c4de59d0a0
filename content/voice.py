"""The brand's voice: rules in the members' own words. Only members write here; nothing that was fetched does."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content.audit import record
from content.database import Database
from content.errors import Invalid, NotFound
from content.ids import new_id
from content.models import Member, VoiceRule
from content.people import Actor
from content.times import Clock

LONGEST = 1_000
"""Characters of one rule that are kept."""
MOST = 40
"""Rules at a time: all of them are read before every draft."""


@dataclass(frozen=True)
class VoiceRuleView:
    """One rule of the voice, and whose it is."""

    id: str
    text: str
    by: str
    created_at: datetime


class Voice:
    """How a workspace wants to sound."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def add(self, actor: Actor, text: str) -> VoiceRuleView:
        """Keep a rule, on one line, cut at 1,000 characters; one that is there already stays as it is.

        Raises:
            Invalid: there is no text, or there are 40 rules.
        """
        actor.require("draft")
        rule = " ".join(text.split())[:LONGEST].rstrip()
        if not rule:
            raise Invalid("The rule is empty, so nothing was kept. Say how posts should sound, such as “no hashtags”.")
        async with self._db.writing() as session:
            current = await _current(session, actor.workspace_id)
            same = next((one for one in current if one.text.casefold() == rule.casefold()), None)
            if same is not None:
                return same
            if len(current) >= MOST:
                raise Invalid(f"There are {MOST} rules already, so this one was not kept. Retire one first.")
            row = VoiceRule(
                id=new_id("voice"),
                workspace_id=actor.workspace_id,
                member_id=actor.member_id,
                text=rule,
                created_at=self._clock.now(),
            )
            session.add(row)
            await session.flush()
            self._record(session, actor, "voice.added", row)
            return _view(row, await session.get_one(Member, actor.member_id))

    async def rules(self, workspace_id: str) -> list[VoiceRuleView]:
        """The rules that hold, oldest first."""
        async with self._db.reading() as session:
            return await _current(session, workspace_id)

    async def retire(self, actor: Actor, rule_id: str) -> VoiceRuleView:
        """Follow a rule no longer.

        Raises:
            NotFound: this workspace has no such rule, or it was retired before.
        """
        actor.require("draft")
        async with self._db.writing() as session:
            row = await session.get(VoiceRule, rule_id)
            if row is None or row.workspace_id != actor.workspace_id or row.retired_at is not None:
                raise NotFound("There is no such rule of the voice here. List the rules for the ones there are.")
            row.retired_at = self._clock.now()
            self._record(session, actor, "voice.retired", row)
            return _view(row, await session.get_one(Member, row.member_id))

    async def as_text(self, workspace_id: str) -> str:
        """The rules, one a line with a dash before it; empty where there is none."""
        return "\n".join(f"- {rule.text}" for rule in await self.rules(workspace_id))

    def _record(self, session: AsyncSession, actor: Actor, verb: str, rule: VoiceRule) -> None:
        record(
            session,
            workspace_id=rule.workspace_id,
            verb=verb,
            subject=rule.id,
            at=self._clock.now(),
            member_id=actor.member_id,
        )


async def _current(session: AsyncSession, workspace_id: str) -> list[VoiceRuleView]:
    rows = await session.execute(
        select(VoiceRule, Member)
        .join(Member, Member.id == VoiceRule.member_id)
        .where(VoiceRule.workspace_id == workspace_id, VoiceRule.retired_at.is_(None))
        .order_by(VoiceRule.created_at, VoiceRule.id)
    )
    return [_view(rule, member) for rule, member in rows.all()]


def _view(rule: VoiceRule, member: Member) -> VoiceRuleView:
    return VoiceRuleView(rule.id, rule.text, member.name, rule.created_at)
