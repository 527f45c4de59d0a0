"""What a phrase about time is made of: the small facts that `content/readings.py` finds and `content/when.py` adds up.

Each keeps the words it was read from, so that an answer can quote them.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from content.errors import Invalid, Problem

EXAMPLES = "Write it like “tomorrow 9:00” or “Fri 14:30 Lisbon time”."

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def refusal(where: str, what: str, fix: str = EXAMPLES) -> Invalid:
    """The error for words that give no certain time: which words, what is wrong with them, what to write instead."""
    short = where if len(where) <= 60 else f"{where[:59]}…"
    return Invalid("I could not read a time from that.", [Problem(f"“{short}”", what, fix)])


@dataclass(frozen=True)
class Word:
    """A word that says nothing about time."""

    said: str


@dataclass(frozen=True)
class Number:
    """A bare number: an hour only where its neighbours say so. `date` is day and month, if it can be read as one."""

    said: str
    hour: int = -1
    minute: int = 0
    date: tuple[int, int] | None = None
    spelled: bool = False


@dataclass(frozen=True)
class Clock:
    """A time of day. `open`: nothing yet says whether it is before or after noon."""

    said: str
    hour: int
    minute: int
    open: bool = False

    def __post_init__(self) -> None:
        if self.hour > 23 or self.minute > 59:
            raise refusal(self.said, "it is no time of day: they run from 00:00 to 23:59.")


@dataclass(frozen=True)
class Midnight:
    """Midnight, which begins one day and ends another."""

    said: str


@dataclass(frozen=True)
class Part:
    """A part of the day: the usual time for it, and the hours it covers. `bare`: it may just be an ordinary word."""

    said: str
    hour: int
    first: int
    last: int
    bare: bool = False


@dataclass(frozen=True)
class Now:
    """At once."""

    said: str


@dataclass(frozen=True)
class After:
    """A distance from now: `exact` runs on any clock, days and months on the calendar."""

    said: str
    exact: timedelta
    days: int = 0
    months: int = 0


@dataclass(frozen=True)
class Ahead:
    """A day counted from today: 0 is today."""

    said: str
    days: int


@dataclass(frozen=True)
class Weekday:
    """A day of the week, 0 is Monday; `which` is “this”, “next”, “last” or empty."""

    said: str
    day: int
    which: str = ""


@dataclass(frozen=True)
class Calendar:
    """A date; without a month or a year, the one that comes next."""

    said: str
    day: int
    month: int = 0
    year: int = 0


@dataclass(frozen=True)
class Every:
    """A repetition on these weekdays; none given: weekly, on weekdays named elsewhere."""

    said: str
    weekdays: tuple[int, ...]


@dataclass(frozen=True)
class Place:
    """A name that may mean a zone: a place, an abbreviation in capitals (`abbreviation`) or an IANA name (`sure`)."""

    said: str
    name: str
    abbreviation: str = ""
    sure: bool = False


@dataclass(frozen=True)
class Offset:
    """A distance from UTC."""

    said: str
    east: timedelta


@dataclass(frozen=True)
class Vague:
    """Words about time that fix no time. `unless_dated`: they do no harm beside a day that is named."""

    said: str
    what: str
    fix: str = field(default=EXAMPLES)
    unless_dated: bool = False


Day = Ahead | Weekday | Calendar
Token = (
    Word | Number | Clock | Midnight | Part | Now | After | Ahead | Weekday | Calendar | Every | Place | Offset | Vague
)
