"""The buttons of series and posting slots."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bot.answers import press_name
from bot.chat import Action, Answer
from content.desk import Desk
from content.sentences import listed


class RepeatingActions:
    """One method a verb; the services verify."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.verbs: Mapping[str, Callable[[Action], Awaitable[Answer]]] = {
            "approve_series": self._approve_series,
            "pause_series": self._pause_series,
            "resume_series": self._resume_series,
            "end_series": self._end_series,
            "end_repeating": self._end_repeating,
            "add_slot": self._add_slot,
            "remove_slot": self._remove_slot,
        }

    async def _approve_series(self, action: Action) -> Answer:
        series = await self._desk.series.approve(action.actor, action.id, action.revision, button=press_name(action))
        if series.state != "running":
            said_yes, quorum = len(series.said_yes), series.post.deciding.series_quorum
            counts = f"Your yes to the series of #{series.post.number} counts: {said_yes} of {quorum}."
            if said_yes >= quorum:
                return Answer(f"{counts} #{series.post.number} itself is not approved yet: press Approve on its card.")
            names = listed([one.name for one in series.wanted])
            return Answer(f"{counts} It still needs {quorum - said_yes} more: I asked {names}.")
        return Answer(f"Approved: #{series.post.number} goes out {series.when}, next {series.ahead_words}.")

    async def _pause_series(self, action: Action) -> Answer:
        series = await self._desk.series.pause(action.actor, action.id)
        return Answer(f"The series of #{series.post.number} is paused. Resume lets it go on.")

    async def _resume_series(self, action: Action) -> Answer:
        series = await self._desk.series.resume(action.actor, action.id)
        return Answer(f"The series of #{series.post.number} goes on, next {series.ahead_words or 'never: it is over'}.")

    async def _end_series(self, action: Action) -> Answer:
        series = await self._desk.series.end(action.actor, action.id)
        return Answer(f"The series of #{series.post.number} has ended. Nothing more is made of it.")

    async def _end_repeating(self, action: Action) -> Answer:
        kind, _, name = action.form.get("which", "").partition(":")
        if kind == "series":
            return await self._end_series(replace(action, id=name))
        plan = await self._desk.plans.end(action.actor, name)
        return Answer(f"Ended: “{plan.instruction[:60]}”, {plan.when}. I do it no longer.")

    async def _add_slot(self, action: Action) -> Answer:
        words = await self._desk.slots.add(action.actor, action.form.get("account", ""), action.form.get("when", ""))
        return Answer(f"Slots added: {words}. “Put it in the queue” takes the next free one.")

    async def _remove_slot(self, action: Action) -> Answer:
        words = await self._desk.slots.remove(action.actor, action.form.get("slot", ""))
        return Answer(f"Taken away: {words}. Posts in it keep their times.")
