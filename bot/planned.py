"""The handler of `plan` jobs: at its slot, a plan says its instruction in its conversation, and a turn begins there."""

from datetime import datetime

from bot.chat import OutMessage
from bot.telling import Telling
from content.people import People
from content.plans import PlanRun, Plans
from content.transcript import Said, Transcript


class Planned:
    """Starts the turns that members planned."""

    def __init__(self, plans: Plans, people: People, transcript: Transcript, telling: Telling) -> None:
        self._plans = plans
        self._people = people
        self._transcript = transcript
        self._telling = telling

    async def run(self, plan_id: str) -> datetime | None:
        """Begin the turn of a plan that is due; returns when to look again, or None when it ended."""
        due = await self._plans.due(plan_id)
        if due is not None:
            await (self._skip(due) if due.skipped else self._begin(due))
        return await self._plans.ran(plan_id)

    async def _begin(self, due: PlanRun) -> None:
        actor = await self._people.actor(due.member_id)
        await self._transcript.say(actor, due.conversation_id, Said(due.key, due.instruction))

    async def _skip(self, due: PlanRun) -> None:
        place = await self._telling.where(due.conversation_id, due.member_id)
        await self._telling.say(place, OutMessage(due.skipped), key=due.key)
