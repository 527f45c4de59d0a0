"""A desk in the middle of its day, for tests of the guided model."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from agent.briefing import AccountLine, Briefing, DraftLine, HeadlineLine

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

BAKERY = DraftLine(
    2, "draft", "Our bakery opens on Friday", ("Woodpecker",), ("Our bakery opens on Friday. There is cake. #cake",)
)
FAIR = DraftLine(
    3, "draft", "The fair is back", ("Blackbird",), ("The fair is back. Tuesday at nine! Bring friends 🎉",)
)
LAUNCH = DraftLine(5, "scheduled", "Launch day at last", ("Blackbird",))


def desk(**changes: Any) -> Briefing:
    """Two accounts, three open posts, the third of them selected, and a little knowledge."""
    usual = Briefing(
        now=NOW,
        zone="Europe/Berlin",
        speaker="Mia",
        accounts=(
            AccountLine("woodpecker", "Woodpecker", "desk@w.example", 500, "characters"),
            AccountLine("blackbird", "Blackbird", "desk.b.example", 300, "graphemes"),
        ),
        drafts=(BAKERY, FAIR, LAUNCH),
        selected=3,
    )
    return replace(usual, **changes)


def empty(**changes: Any) -> Briefing:
    """A desk on its first day."""
    return replace(Briefing(now=NOW, zone="Europe/Berlin", speaker="Mia"), **changes)


HEADLINE = HeadlineLine("Heat pumps outsell gas boilers", "https://news.example/heat", "Example News", "2026-11-22")
