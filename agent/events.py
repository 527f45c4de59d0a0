"""What a turn tells while it runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tools import DOING


@dataclass(frozen=True)
class Doing:
    """A tool begins: what a person reads meanwhile."""

    call_id: str
    words: str


@dataclass(frozen=True)
class Did:
    """A tool is done; `shown` is the row to show as a card, if any."""

    call_id: str
    shown: str = ""


@dataclass(frozen=True)
class Writing:
    """The model's text so far in this step."""

    text: str


@dataclass(frozen=True)
class Said:
    """The answer; the turn is over."""

    text: str
    choices: list[dict[str, str]] = field(default_factory=list)


TurnEvent = Doing | Did | Writing | Said


def doing_words(names: Sequence[str], index: int) -> str:
    """What a tool does, in words: “writing”, or “writing 2 of 3” where a step does the same thing several times."""
    name = names[index]
    words = DOING.get(name, name.replace("_", " "))
    total = names.count(name)
    return words if total == 1 else f"{words} {names[: index + 1].count(name)} of {total}"
