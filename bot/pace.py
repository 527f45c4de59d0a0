"""Keeps to what a chat allows: so many calls in a time for each of its limits, the important ones first.

A call names the lanes it counts in, such as its method's and its channel's, and waits until all of them are free. Who may go is
decided among those who could go now, so that one cooling chat holds up no other.
"""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

MOST_KEPT = 5_000
"""Lanes remembered at once; those that are free again are forgotten first."""


class Priority(IntEnum):
    """Who goes first where several wait."""

    ANSWER = 0  # somebody pressed a button and looks at it
    MESSAGE = 1
    REDRAW = 2
    PROGRESS = 3


@dataclass(frozen=True)
class Lane:
    """One limit: a call every so often, and so many at once after a rest."""

    key: str
    every: timedelta
    burst: int = 1


@dataclass
class _Limit:
    """When a lane is used up to, in the loop's seconds, and until when the chat wants rest."""

    used_to: float = 0.0
    rests_until: float = 0.0

    def ready_at(self, lane: Lane) -> float:
        return max(self.rests_until, self.used_to - lane.every.total_seconds() * (lane.burst - 1))

    def take(self, lane: Lane, now: float) -> None:
        self.used_to = max(self.used_to, now) + lane.every.total_seconds()


@dataclass(frozen=True)
class _Waiter:
    lanes: tuple[Lane, ...]
    place: tuple[int, int]
    turn: asyncio.Future[bool]


class Pace:
    """Lets calls through. It is of one process and one loop, and may be lost: the chat's own refusals say the rest."""

    def __init__(self) -> None:
        self._limits: dict[str, _Limit] = {}
        self._waiters: list[_Waiter] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, lanes: Sequence[Lane], priority: Priority, patience: timedelta | None = None) -> bool:
        """Until all lanes let this call through, which counts in them then.

        False: it would take longer than `patience`, and nothing was counted; what shows only the present is left out then.
        """
        now = asyncio.get_running_loop().time()
        if patience is not None and self._ready_at(lanes) - now > patience.total_seconds():
            return False
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(tuple(lanes), (priority, next(self._numbers)), turn)
        self._waiters.append(waiter)
        self._settle()
        try:
            async with asyncio.timeout(None if patience is None else patience.total_seconds() + 0.001):
                return await turn
        except TimeoutError:
            return False
        finally:
            with suppress(ValueError):
                self._waiters.remove(waiter)

    def cool(self, key: str, for_: timedelta) -> None:
        """The chat asked for rest in this lane."""
        limit = self._limits.setdefault(key, _Limit())
        limit.rests_until = max(limit.rests_until, asyncio.get_running_loop().time() + for_.total_seconds())

    def _ready_at(self, lanes: Sequence[Lane]) -> float:
        found = (self._limits[lane.key].ready_at(lane) for lane in lanes if lane.key in self._limits)
        return max(found, default=0.0)

    def _settle(self) -> None:
        """Let through who may go now, and look again when the next one may."""
        now = asyncio.get_running_loop().time()
        waiting = sorted((one for one in self._waiters if not one.turn.done()), key=lambda one: one.place)
        for waiter in waiting:
            if self._ready_at(waiter.lanes) <= now:
                for lane in waiter.lanes:
                    self._limits.setdefault(lane.key, _Limit()).take(lane, now)
                waiter.turn.set_result(True)
        self._waiters = [one for one in waiting if not one.turn.done()]
        self._wake_at(min((self._ready_at(one.lanes) for one in self._waiters), default=None))
        self._forget(now)

    def _wake_at(self, when: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if when is not None:
            self._timer = asyncio.get_running_loop().call_at(when + 0.0005, self._settle)

    def _forget(self, now: float) -> None:
        if len(self._limits) > MOST_KEPT:
            self._limits = {key: one for key, one in self._limits.items() if max(one.used_to, one.rests_until) > now}
