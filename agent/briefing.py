"""What the desk knows at the start of a turn: put last in the prompt, so that providers can cache what comes before.

A language model reads it as text; the guided model reads the fields. Both get it from the same message, see `attach`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from langchain_core.messages import BaseMessage, HumanMessage

KEY = "briefing"


@dataclass(frozen=True)
class AccountLine:
    """One connected account."""

    platform: str
    label: str
    handle: str
    limit: int
    unit: str
    slots: str = ""
    """Its weekly posting times in words; empty: it has none."""


@dataclass(frozen=True)
class DraftLine:
    """One open post: its number, its state in words, its first words, and where it would go."""

    number: int
    state: str
    words: str
    accounts: tuple[str, ...]
    parts: tuple[str, ...] = ()
    """Its whole text as it stands now on its first account, one string a part."""


@dataclass(frozen=True)
class HeadlineLine:
    """One thing research found lately."""

    title: str
    url: str
    source: str
    day: str


@dataclass(frozen=True)
class Briefing:
    """Everything that changes from turn to turn."""

    now: datetime
    zone: str
    speaker: str
    accounts: Sequence[AccountLine] = ()
    drafts: Sequence[DraftLine] = ()
    selected: int = 0
    """Number of the post the person replied to; 0: none."""
    images: Sequence[str] = ()
    """Ids of the pictures sent with the message."""
    voice: str = ""
    goals: Sequence[str] = ()
    memories: Sequence[str] = ()
    headlines: Sequence[HeadlineLine] = ()
    best_posts: Sequence[str] = ()
    blackouts: Sequence[str] = ()
    """Days on which nothing goes out by itself, in words."""
    plans: Sequence[str] = ()
    """What is done again and again, the next first, in words."""
    guided: bool = field(default=False)


def attach(message: HumanMessage, briefing: Briefing) -> HumanMessage:
    """The person's message carrying the briefing beside its text; it is not kept in the conversation."""
    return message.model_copy(update={"additional_kwargs": {**message.additional_kwargs, KEY: briefing}})


def briefing_of(messages: Sequence[BaseMessage]) -> Briefing:
    """The briefing of the newest message that carries one.

    Raises:
        LookupError: no message carries one, which is a mistake in the caller.
    """
    for message in reversed(messages):
        found = message.additional_kwargs.get(KEY)
        if isinstance(found, Briefing):
            return found
    msg = "no message carries a briefing"
    raise LookupError(msg)
