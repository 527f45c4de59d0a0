"""A turn's progress in Slack: a status at once, then one streamed message of tasks that is gone when the answer stands.

Slack ends a stream after about five minutes; before that a new one takes over. The native stop button comes with the session.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.chat import Progress, Step
from bot.slack.calls import SHOWING, Calls, Manner
from bot.slack.limits import clipped
from bot.slack.places import At, Ref, ref_of
from bot.slack.trouble import code_of
from content.errors import ContentError

log = logging.getLogger(__name__)

LONGEST = timedelta(minutes=4)
"""When a new stream takes over; Slack ends one after five minutes."""
_THINKING = "is thinking…"
_TASK = 250
"""Characters of a task's title. OWN."""
_WHAT = "a turn's progress"


@dataclass
class _Stream:
    """What is shown of one turn."""

    ts: str = ""
    since: float = 0.0
    told: dict[int, str] = field(default_factory=dict)
    """Of each step, what was told last."""
    thinking: bool = False


class Showing:
    """Shows progress in threads; nothing of it outlives the turn."""

    def __init__(self, calls: Calls, longest: timedelta = LONGEST) -> None:
        self._calls = calls
        self._longest = longest
        self._streams: dict[str, _Stream] = {}

    async def show(self, place: At, progress: Progress | None, ref: str, reader: str) -> str:
        """Show it, or take it away; returns the reference of what stands. `reader` is whom Slack streams to in a room."""
        if not place.thread:
            return ""  # Slack streams in threads only
        if progress is None:
            await self._over(place, ref)
            return ""
        stream = self._streams.setdefault(str(place), _Stream())
        try:
            await self._think(place, stream)
            if progress.steps and (
                place.private or reader
            ):  # in a room Slack streams to somebody, and must know to whom
                await self._tell(place, stream, progress.steps, reader)
        except ContentError as trouble:
            log.info("progress.not_shown", extra={"place": str(place), "why": trouble.message})
        return str(Ref(place.team, place.channel, stream.ts)) if stream.ts else ref

    async def _think(self, place: At, stream: _Stream) -> None:
        if stream.thinking:
            return
        stream.thinking = True
        where = {"channel_id": place.channel, "thread_ts": place.thread}
        await self._try(place.team, "assistant.threads.setStatus", **where, status=_THINKING)
        await self._try(place.team, "agents.sessions.setStatus", **where, status="processing")

    async def _tell(self, place: At, stream: _Stream, steps: Sequence[Step], reader: str) -> None:
        now = asyncio.get_running_loop().time()
        if stream.ts and now - stream.since > self._longest.total_seconds():
            await self._roll_over(place, stream)
        chunks = [_task(number, step) for number, step in enumerate(steps) if stream.told.get(number) != _said(step)]
        if not chunks:
            return
        if not stream.ts:
            await self._begin(place, stream, chunks, reader)
        else:
            await self._append(place, stream, chunks, steps, reader)
        stream.told |= {number: _said(step) for number, step in enumerate(steps)}

    async def _begin(self, place: At, stream: _Stream, chunks: list[dict[str, Any]], reader: str) -> None:
        given: dict[str, Any] = {"channel": place.channel, "thread_ts": place.thread, "chunks": chunks}
        if not place.private:
            given |= {"recipient_user_id": reader, "recipient_team_id": place.team}
        manner = Manner(SHOWING.priority, SHOWING.patience, repeatable=False)
        begun = await self._calls.call(place.team, "chat.startStream", _WHAT, manner, **given, task_display_mode="plan")
        stream.ts, stream.since = str(begun["ts"]), asyncio.get_running_loop().time()

    async def _append(
        self, place: At, stream: _Stream, chunks: list[dict[str, Any]], steps: Sequence[Step], reader: str
    ) -> None:
        try:
            await self._calls.call(
                place.team, "chat.appendStream", _WHAT, SHOWING, channel=place.channel, ts=stream.ts, chunks=chunks
            )
        except ContentError as ended:
            if code_of(ended) != "message_not_in_streaming_state":
                raise
            await self._roll_over(place, stream)
            await self._begin(place, stream, [_task(number, step) for number, step in enumerate(steps)], reader)

    async def _roll_over(self, place: At, stream: _Stream) -> None:
        """The old stream goes; the next one tells everything anew."""
        await self._take_away(Ref(place.team, place.channel, stream.ts))
        stream.ts, stream.told = "", {}

    async def _over(self, place: At, ref: str) -> None:
        """On every path: nothing is left standing, and the person can write again."""
        stream = self._streams.pop(str(place), _Stream())
        standing = str(Ref(place.team, place.channel, stream.ts)) if stream.ts else ref
        try:
            if standing:
                await self._take_away(ref_of(standing))
        finally:
            where = {"channel_id": place.channel, "thread_ts": place.thread}
            await self._try(place.team, "assistant.threads.setStatus", **where, status="")
            await self._try(place.team, "agents.sessions.setStatus", **where, status="active")

    async def _take_away(self, ref: Ref) -> None:
        await self._try(ref.team, "chat.stopStream", channel=ref.channel, ts=ref.ts)
        await self._try(ref.team, "chat.delete", channel=ref.channel, ts=ref.ts)

    async def _try(self, team: str, method: str, **given: Any) -> Mapping[str, Any] | None:
        """A call that is not worth a turn; some are unknown to plans without agents."""
        try:
            return await self._calls.call(team, method, _WHAT, Manner(SHOWING.priority, timedelta(seconds=3)), **given)
        except ContentError as trouble:
            log.debug("progress.not_shown", extra={"method": method, "why": trouble.message})
            return None


def _said(step: Step) -> str:
    return f"{step.done} {step.words}"


def _task(number: int, step: Step) -> dict[str, Any]:
    return {
        "type": "task_update",
        "id": f"step-{number}",
        "title": clipped(step.words[:1].upper() + step.words[1:], _TASK),
        "status": "complete" if step.done else "in_progress",
    }
