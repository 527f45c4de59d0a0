"""Words to an instant or a weekly slot: “tomorrow 9”, “next Tuesday at noon Lisbon time”, “every weekday at 8”.

Nothing is guessed in silence. What can be read in one way is read, with a note for every assumption; what can be read in
two is refused with the question. The readings that are a choice:

* “Tuesday 9” is the first Tuesday 09:00 still to come, “this Friday” the coming one, “next Friday” the one of the next
  calendar week (Monday to Sunday).
* A date without a year is this year's; one more than 30 days past is next year's, one less far past is refused.
* A bare hour is on the 24-hour clock; a day without a time means 09:00; a time without a day is the next one.
* “EST”, “CET” and the like mean the wall time of the zone that uses them, summer and winter.
* “Midnight” is the next one; of a named day it is refused, for it can be the start or the end.
* “Tomorrow” in another zone is refused while the two zones are on different dates.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from itertools import count

from dateutil.relativedelta import relativedelta

from content.dating import NINE, Named, Where, named_day, time_of_day, where
from content.day_words import A_WEEKLY
from content.errors import Invalid, Problem
from content.phrases import (
    EXAMPLES,
    WEEKDAYS,
    After,
    Ahead,
    Calendar,
    Clock,
    Day,
    Every,
    Midnight,
    Now,
    Part,
    Token,
    Vague,
    Weekday,
    Word,
    refusal,
)
from content.readings import read
from content.sentences import listed
from content.times import Resolved, distance, instant, resolve_local, said, zone

BOUNDS = frozenset({"until", "till", "except", "excluding", "starting", "beginning", "but"})
"""Words that limit a repetition; a slot has no limits, so they are refused."""


@dataclass(frozen=True)
class Moment:
    """One instant, as somebody said it: `at` in UTC, the IANA zone, and in words what was assumed or moved."""

    at: datetime
    zone: str
    note: str = ""

    def echo(self, now: datetime) -> str:
        """The moment resolved, for the person to check: “Tue 24 Nov 09:00 Europe/Berlin (in 18 h)”, then the note."""
        return f"{said(self.at, self.zone, now)}{': ' if self.note else ''}{self.note}"


@dataclass(frozen=True)
class Slot:
    """A local time on days of the week, 0 is Monday; all seven are daily. `note` says in words what was assumed."""

    weekdays: tuple[int, ...]
    hour: int
    minute: int
    zone: str
    note: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        days = bool(self.weekdays) and self.weekdays == tuple(sorted(set(self.weekdays) & set(range(7))))
        if not (days and 0 <= self.hour < 24 and 0 <= self.minute < 60):
            what = f"weekdays {self.weekdays} at {self.hour}:{self.minute} is none."
            fix = "Name weekdays from 0 (Monday) to 6 in order, and a time from 00:00 to 23:59."
            raise Invalid("That is no weekly time.", [Problem("slot", what, fix)])
        zone(self.zone)

    def next_after(self, moment: datetime) -> Moment:
        """The first occurrence strictly after a moment: the same local time all year.

        A time that does not exist that day moves forward by the gap, for a slot late in the evening even past midnight;
        a time that comes twice counts once, the first.
        """
        start = instant(moment).astimezone(zone(self.zone)).date() - timedelta(days=1)
        days = (start + timedelta(days=ahead) for ahead in count())
        walls = (datetime.combine(day, time(self.hour, self.minute)) for day in days if day.weekday() in self.weekdays)
        found = next(one for wall in walls if (one := resolve_local(wall, self.zone)).at > moment)
        return Moment(found.at, self.zone, found.note)

    def echo(self) -> str:
        """The slot in words: “every Monday and Thursday at 09:00 Europe/Lisbon”, then the note."""
        when = f"every {_days(self.weekdays)} at {self.hour:02}:{self.minute:02} {self.zone}"
        return f"{when}{': ' if self.note else ''}{self.note}"


def _days(weekdays: tuple[int, ...]) -> str:
    if len(weekdays) == 7:
        return "day"
    if weekdays == (0, 1, 2, 3, 4):
        return "weekday"
    return listed([WEEKDAYS[day] for day in weekdays])


def understand(words: str, now: datetime, zone: str) -> Moment | Slot:
    """The instant or the weekly slot that words mean, said at `now` by somebody in `zone`.

    Other words around it are passed over, so a whole sentence will do. Echo the result before anything is armed with it.

    Raises:
        Invalid: no time, none in the future, or none that is certain; it says which words, and what to write instead.
    """
    facts = read(words)
    _refuse_vague(facts)
    clock = where(facts, zone, now)
    if any(isinstance(fact, Every) for fact in facts):
        return _slot(facts, clock, now)
    if any(isinstance(fact, Now | After) for fact in facts):
        moment = _from_now(facts, clock, now)
    elif any(isinstance(fact, Day | Clock | Part | Midnight) for fact in facts):
        moment = _on_a_day(facts, clock, now)
    else:
        raise refusal(words.strip(), "it names no day and no time that I know.")
    if moment.at < _minute(now):
        was = f"it was {distance(moment.at, now)}, at {said(moment.at, moment.zone, now).rpartition(' (')[0]}."
        raise refusal(words.strip(), was, f"Name a time still to come. {EXAMPLES}")
    return moment


def _minute(now: datetime) -> datetime:
    """The start of the present minute: “10:00” said at 10:00:30 is not past."""
    return now.replace(second=0, microsecond=0)


def _refuse_vague(facts: Sequence[Token]) -> None:
    dated = any(isinstance(fact, Day | Every | After | Now) for fact in facts)
    for fact in facts:
        if isinstance(fact, Vague) and not (fact.unless_dated and dated):
            raise refusal(fact.said.strip(), fact.what, fact.fix)


def _moment(found: Resolved, clock: Where, *notes: str) -> Moment:
    every = [*notes, found.note, *clock.notes(found.at)]
    return Moment(found.at.astimezone(UTC), clock.zone, "; ".join(note for note in every if note))


def _from_now(facts: Sequence[Token], clock: Where, now: datetime) -> Moment:
    """“Now”, “in 2 hours”, “in 3 days at 9”: counted from now, on the calendar where it is days."""
    first, *more = (fact for fact in facts if isinstance(fact, Now | After))
    timed = [fact for fact in facts if isinstance(fact, Clock | Part | Midnight)]
    exact = isinstance(first, Now) or bool(first.exact)
    others = [*more, *(fact for fact in facts if isinstance(fact, Day)), *(timed if exact else ())]
    if others:
        both = f"{first.said}” and “{others[0].said.strip()}"
        raise refusal(both, "they are two different times.", "Write the one that you mean.")
    if isinstance(first, Now):
        return _moment(_exactly(now, clock), clock)
    if not first.days and not first.months:
        return _moment(_exactly(now + first.exact, clock), clock)
    _refuse_two_todays(first.said, clock, now)
    start = clock.local(now)
    day = start.date() + relativedelta(months=first.months, days=first.days)
    told = time_of_day(facts)
    if told and told.midnight:
        raise _unsure_midnight()
    wall = datetime.combine(day, time(told.hour, told.minute) if told else start.time())
    found = clock.resolve(wall)
    return _moment(Resolved(found.at + first.exact, found.note), clock, told.note if told else "")


def _exactly(at: datetime, clock: Where) -> Resolved:
    """An instant that is certain, with a word where its local time is that of an earlier one too."""
    local = at.astimezone(zone(clock.zone))
    again = f"{local:%H:%M} comes twice that day in {clock.zone}; I mean the second" if local.fold else ""
    return Resolved(at, again)


def _on_a_day(facts: Sequence[Token], clock: Where, now: datetime) -> Moment:
    """“Tomorrow 9”, “Friday”, “noon”: a day, a time of day, or both."""
    today = clock.local(now).date()
    for fact in facts:
        if isinstance(fact, Ahead):
            _refuse_two_todays(fact.said, clock, now)
    named, told = named_day(facts, today), time_of_day(facts)
    if told and told.midnight:
        return _midnight(facts, named, clock, now)
    told = told or NINE
    day = named or Named(today)
    wall = datetime.combine(day.day, time(told.hour, told.minute))
    found = clock.resolve(wall)
    if found.at >= _minute(now) or not (named is None or (named.weekly and named.day == today)):
        return _moment(found, clock, day.note, told.note)
    passed = f"{wall:%H:%M} has passed today, so I used {'tomorrow' if named is None else 'next week'}"
    later = clock.resolve(wall + timedelta(days=1 if named is None else 7))
    return _moment(later, clock, passed, told.note)


def _midnight(facts: Sequence[Token], named: Named | None, clock: Where, now: datetime) -> Moment:
    today = clock.local(now).date()
    if any(isinstance(fact, Weekday | Calendar) for fact in facts) or (named and named.day != today):
        raise _unsure_midnight()
    found = clock.resolve(datetime.combine(today + timedelta(days=1), time()))
    return _moment(found, clock, "midnight at the end of today")


def _unsure_midnight() -> Invalid:
    fix = "Write “Fri 0:00” for the start or “Fri 23:59” for the end."
    return refusal("midnight", "it can be the start or the end of that day.", fix)


def _refuse_two_todays(words: str, clock: Where, now: datetime) -> None:
    """Two zones may be on different dates; then nobody can know whose “tomorrow” is meant."""
    here, there = now.astimezone(zone(clock.speaker)), clock.local(now)
    if here.date() != there.date():
        what = f"it depends on whose today it is: {here:%-d %B} for you, {there:%-d %B} there."
        raise refusal(words, what, "Write the date, such as “24 Nov 9:00”.")


def _slot(facts: Sequence[Token], clock: Where, now: datetime) -> Slot:
    """A weekly slot, of which nothing may say that it begins, ends or happens once."""
    weekdays = _slot_days(facts)
    told = time_of_day(facts) or NINE
    if told.midnight and len(weekdays) < 7:
        raise _unsure_midnight()
    if clock.offset:
        fix = "Name a city or a zone, such as “every Monday 9:00 Lisbon time”."
        raise refusal(clock.offset.said, "it is no zone, and a weekly time needs one for summer and winter.", fix)
    slot = Slot(weekdays, told.hour, told.minute, clock.zone)
    notes = [told.note, *clock.notes(slot.next_after(now).at)]
    return replace(slot, note="; ".join(note for note in notes if note))


def _slot_days(facts: Sequence[Token]) -> tuple[int, ...]:
    """The weekdays of a repetition; “weekly” takes the weekday that stands elsewhere in the sentence."""
    repeats = [fact for fact in facts if isinstance(fact, Every)]
    named = tuple(sorted({fact.day for fact in facts if isinstance(fact, Weekday) and not fact.which}))
    found = {repeat.weekdays for repeat in repeats if repeat.weekdays} or {named}
    other = [fact for fact in facts if _bounds(fact) and not (isinstance(fact, Weekday) and found == {named})]
    if other or len(found) > 1:
        both = f"{repeats[0].said}” with “{(other or repeats[1:])[0].said.strip()}"
        raise refusal(both, "it is more than a weekly time.", A_WEEKLY)
    if not named and found == {()}:
        raise refusal(repeats[0].said, "it says no day of the week.", A_WEEKLY)
    return min(found)


def _bounds(fact: Token) -> bool:
    return isinstance(fact, Day | After | Now) or (isinstance(fact, Word) and fact.said.lower() in BOUNDS)
