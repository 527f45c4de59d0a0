"""Stopping a turn that runs: by a word, by a button, by the chat's own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bot.chat import Answer

STOP = "stop"
"""The verb of the stop button."""
KEY = f"{STOP}:here:0"
"""What a stop button carries: it stops whatever runs where it stands."""
_WORDS = frozenset({"stop", "/stop", "cancel", "/cancel", "stop it", "stop that"})

STOPPING = Answer("Stopping. What is done stands.")
NOTHING = Answer("Nothing is running here just now.", "plain")


def is_stop(text: str) -> bool:
    """Whether a message is nothing but the wish to stop."""
    return text.strip().rstrip(".!").casefold() in _WORDS


class Stops:
    """The turns that run in this process, by conversation."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Event] = {}

    @contextmanager
    def running(self, conversation_id: str) -> Iterator[asyncio.Event]:
        """A turn runs while the block does; the event is set when somebody wants it stopped."""
        event = self._running[conversation_id] = asyncio.Event()
        try:
            yield event
        finally:
            del self._running[conversation_id]

    def stop(self, conversation_id: str) -> Answer:
        """Somebody wants the turn there to stop."""
        event = self._running.get(conversation_id)
        if event is None:
            return NOTHING
        event.set()
        return STOPPING
