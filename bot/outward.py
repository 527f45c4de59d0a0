"""A chat that keeps messages of its own, as the rest of the desk sees it: what is said becomes a row, and is carried from there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.chat import Chat, OutMessage, Place, Progress, line
from bot.native import Native
from content.carrying import Carrying
from content.transcript import Transcript

log = logging.getLogger(__name__)

Remote = Callable[[str, str], Awaitable[str | None]]
"""A member's id in a chat, or None."""


@dataclass
class _Show:
    """What is shown of a turn's progress in one conversation; only the newest picture counts."""

    wanted: Progress | None = None
    version: int = 0
    shown: int = 0
    ref: str | None = None
    """The chat's message that shows it; None: not looked up yet."""
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class OutwardChat:
    """The `Chat` port on top of a `Native` chat."""

    def __init__(self, native: Native, transcript: Transcript, carrying: Carrying, remote: Remote) -> None:
        self.native = native
        self._transcript = transcript
        self._carrying = carrying
        self._remote = remote
        self._shows: dict[str, _Show] = {}

    @property
    def name(self) -> str:
        """The chat's slug."""
        return self.native.name

    async def post(self, place: Place, message: OutMessage, key: str = "") -> str:
        """Say something new, once for one `key`; it is carried there by its row."""
        return await self._transcript.add(place.conversation_id, replace(line(message), key=key))

    async def edit(self, place: Place, ref: str, message: OutMessage) -> None:
        """Replace what a message of ours shows; `ref` is its row's id."""
        await self._transcript.change(ref, line(message))

    async def note(self, place: Place, member_id: str, text: str) -> None:
        """Tell one person something, unseen by others."""
        remote_id = await self._remote(member_id, self.name)
        if remote_id:
            await self.native.note(place.address, remote_id, text)

    async def progress(self, place: Place, progress: Progress | None) -> None:
        """Show how far a turn is, at the chat's pace, without making the turn wait; None: it is over."""
        show = self._shows.setdefault(place.conversation_id, _Show())
        show.wanted, show.version = progress, show.version + 1
        if show.task is None:
            show.task = asyncio.create_task(self._keep_showing(place, show))

    async def _keep_showing(self, place: Place, show: _Show) -> None:
        try:
            while show.shown != show.version:
                version, progress = show.version, show.wanted
                await self._show(place, show, progress)
                show.shown = version
                if show.version != version and show.wanted is not None:
                    await asyncio.sleep(self.native.breath.total_seconds())
        except Exception:
            log.exception("progress.not_shown", extra={"conversation": place.conversation_id})
        finally:
            show.task = None
            if show.wanted is None:
                self._shows.pop(place.conversation_id, None)

    async def _show(self, place: Place, show: _Show, progress: Progress | None) -> None:
        before = show.ref if show.ref is not None else await self._carrying.status(place.conversation_id)
        show.ref = await self.native.progress(place.address, progress, before)
        if show.ref != before:  # written down, so that none is left standing by a crash
            await self._carrying.set_status(place.conversation_id, show.ref)

    async def clear_standing(self) -> None:
        """Take away what an earlier process left standing of a turn's progress."""
        for conversation_id, address, ref in await self._carrying.standing(self.name):
            if conversation_id not in self._shows:
                await self.native.progress(address, None, ref)
                await self._carrying.set_status(conversation_id, "")

    async def close(self, within: timedelta = timedelta(seconds=2)) -> None:
        """Let what is being shown be shown, for a moment."""
        tasks = [show.task for show in self._shows.values() if show.task]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=within.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


class AbsentChat:
    """A chat outside that is not connected, or not yet: what is said there waits in its rows, what shows only the present is left out."""

    def __init__(self, name: str, transcript: Transcript) -> None:
        self._name = name
        self._transcript = transcript

    @property
    def name(self) -> str:
        """The chat's slug."""
        return self._name

    async def post(self, place: Place, message: OutMessage, key: str = "") -> str:
        """Say something new, once for one `key`."""
        return await self._transcript.add(place.conversation_id, replace(line(message), key=key))

    async def edit(self, place: Place, ref: str, message: OutMessage) -> None:
        """Replace what a message shows; `ref` is its row's id."""
        await self._transcript.change(ref, line(message))

    async def note(self, place: Place, member_id: str, text: str) -> None:
        """Nobody can be told now."""
        log.info("note.not_told", extra={"chat": self._name, "member": member_id})

    async def progress(self, place: Place, progress: Progress | None) -> None:
        """Nobody looks."""


class EveryChat(dict[str, Chat]):
    """The chats that are connected, by name; any other is an absent one, so that nobody need ask first."""

    def __init__(self, transcript: Transcript) -> None:
        super().__init__()
        self._transcript = transcript

    def __missing__(self, name: str) -> Chat:
        """The chat that is not here."""
        return AbsentChat(name, self._transcript)
