"""The buttons of what keeps posts from going out."""

from collections.abc import Awaitable, Callable, Mapping

from bot.answers import press_name
from bot.chat import Action, Answer
from bot.guard_card import DRY_RUN, HELD, going_words, let_go_words, read_blackout, read_ended, read_pace
from content.desk import Desk


class GuardActions:
    """One method a verb; the services verify."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.verbs: Mapping[str, Callable[[Action], Awaitable[Answer]]] = {
            "take_turn": self._take_turn,
            "set_pace": self._set_pace,
            "black_out": self._black_out,
            "end_blackout": self._end_blackout,
            "overrule": self._overrule,
            "mean_it": self._mean_it,
            "rehearse": self._rehearse,
            "end_rehearsal": self._rehearse,
            "hold_all": self._hold_all,
            "release_all": self._hold_all,
        }

    async def _take_turn(self, action: Action) -> Answer:
        post = await self._desk.schedule.take_turn(action.actor, action.id)
        return Answer(f"#{post.number} goes out when the account has room for it.")

    async def _set_pace(self, action: Action) -> Answer:
        account_id, gap, cap = read_pace(action.form)
        pace = await self._desk.guards.pace.set(action.actor, account_id, gap_minutes=gap, daily_cap=cap)
        return Answer(f"From now on {pace.label} {pace.handle} posts {pace.words}.")

    async def _black_out(self, action: Action) -> Answer:
        days, reason, account = read_blackout(action.form)
        words = await self._desk.guards.blackouts.add(action.actor, days, reason, account)
        return Answer(f"Nothing goes out by itself on {words}: what is planned for then will ask.")

    async def _end_blackout(self, action: Action) -> Answer:
        ended = read_ended(action.id, action.form)
        return Answer(f"Posts go out on {await self._desk.guards.blackouts.end(action.actor, ended)} again.")

    async def _overrule(self, action: Action) -> Answer:
        post = await self._desk.guards.objections.overrule(
            action.actor, action.id, action.revision, button=press_name(action)
        )
        standing = await self._desk.guards.switch.standing(action.actor.workspace_id)
        return Answer(going_words(post.number, standing))

    async def _mean_it(self, action: Action) -> Answer:
        post = await self._desk.guards.objections.mean_it(
            action.actor, action.id, action.revision, button=press_name(action)
        )
        return Answer(f"Noted: #{post.number} is meant so.")

    async def _rehearse(self, action: Action) -> Answer:
        on = action.verb == "rehearse"
        await self._desk.guards.switch.rehearse(action.actor, on)
        return Answer(
            DRY_RUN if on else "Posts go out for real again. What was rehearsed stays on hold: send it by its card."
        )

    async def _hold_all(self, action: Action) -> Answer:
        if action.verb == "hold_all":
            await self._desk.guards.switch.hold(action.actor)
            return Answer(HELD)
        return Answer(let_go_words(await self._desk.guards.switch.release(action.actor)))
