"""What the guided model decides to do with a message: call tools, or say something with buttons under it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Choice:
    """A button: what stands on it, and what it says for the person."""

    label: str
    say: str


@dataclass(frozen=True)
class Call:
    """One tool with its arguments."""

    tool: str
    args: Mapping[str, Any]


@dataclass(frozen=True)
class Follow:
    """What to do with the one post that the calls made: set a time, or ask for approval."""

    action: Literal["schedule_post", "request_approval"]
    when: str = ""


@dataclass(frozen=True)
class Move:
    """Tools to call, or an answer; `closing` is said after the tools' own words."""

    calls: Sequence[Call] = ()
    text: str = ""
    choices: Sequence[Choice] = ()
    follow: Follow | None = None
    closing: str = ""


def call(tool: str, **args: Any) -> Move:
    """One tool, nothing else."""
    return Move(calls=(Call(tool, args),))


def say(text: str, *choices: Choice) -> Move:
    """An answer, with buttons under it where some are given."""
    return Move(text=text, choices=choices)
