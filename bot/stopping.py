"""Stopping a turn that runs: by a word, by a button, by the chat's own."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

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


Word = Literal["running", "over", "stop"]
"""What processes tell each other about turns."""


class Stops:
    """The turns that run, by conversation: here, and in other processes as far as they were heard of."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Event] = {}
        self._elsewhere: set[str] = set()
        self.tell: Callable[[Word, str], None] = lambda _word, _conversation_id: None
        """Tells the other processes."""

    @contextmanager
    def running(self, conversation_id: str) -> Iterator[asyncio.Event]:
        """A turn runs while the block does; the event is set when somebody wants it stopped."""
        event = self._running[conversation_id] = asyncio.Event()
        self.tell("running", conversation_id)
        try:
            yield event
        finally:
            del self._running[conversation_id]
            self.tell("over", conversation_id)

    def stop(self, conversation_id: str) -> Answer:
        """Somebody wants the turn there to stop."""
        event = self._running.get(conversation_id)
        if event is not None:
            event.set()
        elif conversation_id in self._elsewhere:
            self.tell("stop", conversation_id)
        else:
            return NOTHING
        return STOPPING

    def hear(self, word: Word, conversation_id: str) -> None:
        """What another process told."""
        if word == "running":
            self._elsewhere.add(conversation_id)
        elif word == "over":
            self._elsewhere.discard(conversation_id)
        elif conversation_id in self._running:
            self._running[conversation_id].set()
