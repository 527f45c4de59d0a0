"""What people say for each action: the router's only training material.

`wording/<action>.txt` holds one way of saying it a line. To teach the router a new wording, add a line. `{topic}`, `{n}` and
the like are filled in turn from neutral lists, so that a topic or a number never gives the action away; a name of a
connected account is always the word `account`, see `agent/guided/features.py`.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

TALK = "talk"
ACTIONS = (
    "check_goals",
    "draft_post",
    "forget",
    "plan_recurring",
    "recall",
    "remember",
    "request_approval",
    "research_trends",
    "revise_post",
    "schedule_post",
    "set_goal",
    "show_calendar",
    TALK,
)
"""The twelve tools, and talking: greetings, thanks, questions about the desk, and all that is not its business."""

FILLINGS = {
    "topic": (
        *("the summer sale", "our new bakery", "remote work", "tea", "the open day", "electric bikes", "our podcast"),
        *("hiring", "the new feature", "healthy lunches", "museum night", "bees", "the price change", "solar roofs"),
        *("our workshop", "football", "reading", "sustainable packaging"),
    ),
    "account": ("account",),
    "n": ("3", "7", "12", "4", "1", "25"),
    "count": ("3", "two", "5", "four"),
    "time": ("9", "14:30", "noon", "8:00", "6pm"),
    "day": ("tomorrow", "monday", "friday", "tuesday", "next week", "saturday", "3 may"),
    "name": ("Jo", "Sam", "Anna", "Mia"),
    "feed": ("https://example.org/feed",),
    "number": ("500", "2000", "10k", "150"),
    "month": ("march", "june", "the end of the year"),
    "year": ("1998",),
}


@dataclass(frozen=True)
class Exemplar:
    """One way of asking for an action."""

    say: str
    action: str


def exemplars() -> list[Exemplar]:
    """All of them, always in the same order with the same fillings."""
    used: Counter[str] = Counter()

    def filling(blank: re.Match[str]) -> str:
        words = FILLINGS[blank[1]]
        used[blank[1]] += 1
        return words[used[blank[1]] * 7 % len(words)]

    folder = Path(__file__).parent / "wording"
    return [
        Exemplar(re.sub(r"\{(\w+)\}", filling, line), action)
        for action in ACTIONS
        for line in (folder / f"{action}.txt").read_text("utf-8").splitlines()
    ]
