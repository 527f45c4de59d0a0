"""A chat that keeps its own messages, as Slack does: what was posted, edited, noted and shown of a turn can be looked at."""

from dataclasses import dataclass
from itertools import count

from bot.chat import Card, OutMessage, Place, Progress
from content.transcript import Line, Transcript


@dataclass
class Shown:
    """One message as the chat shows it now."""

    ref: str
    place: Place
    message: OutMessage
    edits: int = 0


class FakeChat:
    def __init__(self, transcript: Transcript, name: str = "fake") -> None:
        self._transcript = transcript
        self._name = name
        self._numbers = count(1)
        self._refs: dict[str, str] = {}
        self.messages: dict[str, Shown] = {}
        """By reference, in the order they were posted."""
        self.notes: list[tuple[str, str]] = []
        self.progresses: list[Progress | None] = []
        self.log: list[str] = []
        """What happened, in order: `progress`, `post`, `edit`, `over`."""
        self.down: Exception | None = None

    @property
    def name(self) -> str:
        return self._name

    async def post(self, place: Place, message: OutMessage, key: str = "") -> str:
        if self.down:
            raise self.down
        ref = f"{self._name}-{next(self._numbers)}"
        line = Line(message.text, message.card.subject if message.card else None, {"ref": ref}, key)
        kept = await self._transcript.add(place.conversation_id, line)
        if kept in self._refs:
            return self._refs[kept]
        self._refs[kept] = ref
        self.messages[ref] = Shown(ref, place, message)
        self.log.append("post")
        return ref

    async def edit(self, place: Place, ref: str, message: OutMessage) -> None:
        if self.down:
            raise self.down
        shown = self.messages[ref]
        assert shown.place.conversation_id == place.conversation_id
        shown.message, shown.edits = message, shown.edits + 1
        self.log.append("edit")

    async def note(self, place: Place, member_id: str, text: str) -> None:
        self.notes.append((member_id, text))

    async def progress(self, place: Place, progress: Progress | None) -> None:
        self.progresses.append(progress)
        self.log.append("over" if progress is None else "progress")

    @property
    def texts(self) -> list[str]:
        """What was said, without the cards."""
        return [shown.message.text for shown in self.messages.values() if shown.message.text]

    @property
    def cards(self) -> list[Card]:
        """The cards as they look now, oldest first."""
        return [shown.message.card for shown in self.messages.values() if shown.message.card]

    def steps(self) -> list[list[str]]:
        """The steps of every picture of a turn's progress; a finished one begins with a check mark."""
        return [
            [("✓ " if step.done else "") + step.words for step in progress.steps]
            for progress in self.progresses
            if progress
        ]
