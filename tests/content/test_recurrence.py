"""Rules that repeat: their limits, their words, and the same local time through every change of the clocks."""

import itertools
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from content.errors import Invalid
from content.recurrence import Recurrence, ending, recurrence

BERLIN = "Europe/Berlin"
MONDAY = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
BEGINS, ENDS = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)


def rule(text: str, wall: str = "2026-11-23 09:00", zone: str = BERLIN, after: datetime = MONDAY) -> Recurrence:
    parts = dict(part.split("=") for part in text.split(";"))
    return recurrence(parts, after, datetime.fromisoformat(wall), zone)


REFUSED = [
    ("FREQ=HOURLY", "FREQ is none that I keep"),  # too often
    ("BYDAY=MO", "FREQ is none that I keep"),  # not said
    ("FREQ=DAILY;BYEASTER=0", "BYEASTER, which I don't keep"),  # not iCalendar's
    ("FREQ=DAILY;BYMINUTE=0,30", "more than one BYMINUTE"),  # twice an hour
    ("FREQ=DAILY;BYSECOND=30", "BYSECOND is not from 0 to 0"),  # a minute is the least
    ("FREQ=DAILY;BYHOUR=24", "BYHOUR is not from 0 to 23"),  # no hour
    ("FREQ=DAILY;BYHOUR=-1", "BYHOUR is not from 0 to 23"),  # only days count from the end
    ("FREQ=DAILY;BYMONTH=13", "BYMONTH is not from 1 to 12"),  # would be looked for till 9999
    ("FREQ=MONTHLY;BYMONTHDAY=", "BYMONTHDAY is not from 1 to 31"),  # empty
    ("FREQ=DAILY;INTERVAL=0", "INTERVAL is not from 1 to 366"),  # never moves on
    ("FREQ=DAILY;COUNT=1001", "COUNT is not from 1 to 1,000"),  # far too many
    ("FREQ=DAILY;COUNT=2;UNTIL=20270101T000000", "both COUNT and UNTIL"),  # which
    ("FREQ=WEEKLY;BYDAY=XX", "no rule that I can read"),  # no day
    ("FREQ=WEEKLY;WKST=9", "no rule that I can read"),  # no day either
    ("FREQ=WEEKLY;BYDAY=1MO", "a numbered weekday is one of a month"),  # of a week
    ("FREQ=MONTHLY;BYDAY=6MO", "a numbered weekday is one of a month"),  # no month has six
    ("FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=20", "a numbered weekday is one of a month"),  # never
    ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS chooses"),  # among what
    ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "no such date"),  # never
    ("FREQ=DAILY;UNTIL=20200101T000000", "never happens after now"),  # over
]


@pytest.mark.parametrize(("text", "answer"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_rule_that_runs_too_often_or_never_is_refused(text: str, answer: str) -> None:
    with pytest.raises(Invalid) as refused:
        rule(text)
    assert answer in refused.value.message


SAID = [
    ("FREQ=DAILY", "every day at 09:00 Europe/Berlin"),
    ("FREQ=DAILY;INTERVAL=2", "every other day at 09:00 Europe/Berlin"),
    ("FREQ=DAILY;INTERVAL=3;BYDAY=MO,TU", "every 3 days on Monday and Tuesday at 09:00 Europe/Berlin"),
    ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "every weekday at 09:00 Europe/Berlin"),
    ("FREQ=DAILY;BYMONTHDAY=11,22,23", "every day on the 11th, the 22nd and the 23rd at 09:00 Europe/Berlin"),
    ("FREQ=WEEKLY", "every Monday at 09:00 Europe/Berlin"),
    ("FREQ=WEEKLY;BYDAY=SU,MO,TU,WE,TH,FR,SA", "every day at 09:00 Europe/Berlin"),
    ("FREQ=WEEKLY;BYDAY=MO;BYHOUR=9,15;BYMINUTE=30", "every Monday at 09:30 and 15:30 Europe/Berlin"),
    ("FREQ=WEEKLY;BYDAY=FR;INTERVAL=2", "every other Friday at 09:00 Europe/Berlin"),
    ("FREQ=WEEKLY;BYDAY=TU,TH;INTERVAL=2", "every 2 weeks on Tuesday and Thursday at 09:00 Europe/Berlin"),
    ("FREQ=MONTHLY;BYDAY=1MO,-1FR", "every month on the first Monday and the last Friday at 09:00 Europe/Berlin"),
    ("FREQ=MONTHLY;BYDAY=-3FR", "every month on the -3. Friday at 09:00 Europe/Berlin"),
    ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "every month on every Friday that is the 13th at 09:00 Europe/Berlin"),
    ("FREQ=MONTHLY;INTERVAL=3", "every 3 months on the 23rd at 09:00 Europe/Berlin"),
    ("FREQ=MONTHLY;BYMONTHDAY=-1,-2", "every month on the last day and the last day but 1 at 09:00 Europe/Berlin"),
    ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", "by the rule FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1 at 09:00 Europe/Berlin"),
    ("FREQ=YEARLY", "every year on 23 November at 09:00 Europe/Berlin"),
    ("FREQ=YEARLY;BYMONTHDAY=1", "by the rule FREQ=YEARLY;BYMONTHDAY=1 at 09:00 Europe/Berlin"),
    ("FREQ=DAILY;COUNT=1", "every day at 09:00 Europe/Berlin, once"),
    ("FREQ=DAILY;COUNT=8", "every day at 09:00 Europe/Berlin, 8 times"),
    ("FREQ=DAILY;UNTIL=20270301T235900", "every day at 09:00 Europe/Berlin, until 1 March 2027"),
    ("FREQ=DAILY;UNTIL=20270301T090000", "every day at 09:00 Europe/Berlin, until 1 March 2027"),
    ("FREQ=DAILY;UNTIL=20270301T085959", "every day at 09:00 Europe/Berlin, until 28 February 2027"),
]


@pytest.mark.parametrize(("text", "words"), SAID, ids=[row[0] for row in SAID])
def test_a_rule_says_itself(text: str, words: str) -> None:
    assert rule(text, after=MONDAY - timedelta(hours=12)).echo() == words


def test_what_was_assumed_is_said_behind() -> None:
    assert Recurrence(rule("FREQ=DAILY").text, BERLIN, "I read 9 as 09:00").echo().endswith(": I read 9 as 09:00")


def test_every_other_week_is_counted_from_the_first_time() -> None:
    found = rule("FREQ=WEEKLY;BYDAY=MO;INTERVAL=2", after=MONDAY)  # this Monday's has passed
    assert found.start.isoformat() == "2026-11-30T09:00:00"
    assert [one.at.day for one in found.between(MONDAY, MONDAY + timedelta(weeks=6))] == [30, 14, 28]


def test_after_its_end_nothing_follows() -> None:
    found = rule("FREQ=DAILY;COUNT=2")
    last = found.next_after(found.next_after(MONDAY).at)  # type: ignore[union-attr]
    assert last is not None
    assert last.at == datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    assert found.next_after(last.at) is None
    assert [one.at.day for one in found.between(MONDAY, ENDS)] == [24, 25]


def test_an_end_may_be_given_later_but_not_before_the_beginning() -> None:
    found = rule("FREQ=DAILY")
    assert ending(found, COUNT="3").echo().endswith(", 3 times")
    with pytest.raises(Invalid, match="ends before it begins"):
        ending(found, UNTIL="20261123T235900")


def test_a_local_time_in_the_gap_moves_forward_and_one_that_comes_twice_counts_once() -> None:
    found = rule("FREQ=DAILY", "2026-11-23 02:30")
    [spring] = found.between(datetime(2027, 3, 28, tzinfo=UTC), datetime(2027, 3, 29, tzinfo=UTC))
    assert spring.at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert spring.note == "02:30 does not exist on 28 March in Europe/Berlin, so I used 03:30"
    [autumn] = found.between(datetime(2027, 10, 31, tzinfo=UTC), datetime(2027, 11, 1, tzinfo=UTC))
    assert autumn.at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    twice = rule("FREQ=DAILY;BYHOUR=2,3;BYMINUTE=30").between(
        datetime(2027, 3, 28, tzinfo=UTC), spring.at + timedelta(hours=9)
    )
    assert [one.at for one in twice] == [spring.at]  # 02:30 moved onto 03:30: once


Change = tuple[datetime, timedelta | None]


def _changes(zone: ZoneInfo) -> list[Change]:
    """Every minute in 2026 and 2027 at which the zone's distance from UTC changes, with the new one."""
    days = [BEGINS + timedelta(days=ahead) for ahead in range(-1, 732)]
    offsets = [day.astimezone(zone).utcoffset() for day in days]
    found: list[Change] = []
    for day, before, after in zip(days, offsets, offsets[1:], strict=False):
        low, high = day, day + timedelta(days=1)
        while before != after and high - low > timedelta(minutes=1):
            middle = low + (high - low) / 2
            low, high = (low, middle) if middle.astimezone(zone).utcoffset() != before else (middle, high)
        if before != after:
            found.append((high.replace(second=0, microsecond=0), after))
    return found


def _at(name: str, wall: time, since: datetime, until: datetime) -> list[datetime]:
    """When a daily rule that began long ago fires, as local times."""
    start = f"DTSTART:{since - timedelta(days=3):%Y%m%d}T{wall:%H%M%S}\nRRULE:FREQ=DAILY"
    return [one.at.astimezone(ZoneInfo(name)) for one in Recurrence(start, name).between(since, until)]


def test_a_recurring_nine_o_clock_is_nine_local_on_every_day_of_2026_and_2027_in_every_zone() -> None:
    kinds: dict[tuple[timedelta | None, tuple[Change, ...]], list[str]] = {}
    walked = 0
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        changes = _changes(zone)
        kinds.setdefault((BEGINS.astimezone(zone).utcoffset(), tuple(changes)), []).append(name)
        for moment, _ in changes:
            fired = _at(name, time(9), moment - timedelta(days=3), moment + timedelta(days=3))
            assert [local.time() for local in fired] == [time(9)] * 6, name
            assert [one.date() - fired[0].date() for one in fired] == [timedelta(days=day) for day in range(6)], name
            walked += 1
    for alike in kinds.values():  # zones that change alike are one walk: every day of both years
        fired = _at(alike[0], time(9), BEGINS, ENDS)
        assert {local.time() for local in fired} == {time(9)}, alike
        assert len({local.date() for local in fired}) == len(fired) == 730, alike
    assert (walked > 700, len(kinds) > 60) == (True, True), (walked, len(kinds))


def test_no_zone_drops_or_doubles_a_time_within_the_hour_that_is_skipped_or_comes_twice() -> None:
    alike = {tuple(_changes(ZoneInfo(name))): name for name in sorted(available_timezones())}
    for changes, name in alike.items():
        zone = ZoneInfo(name)
        for moment, _ in changes:
            local = (moment - timedelta(minutes=1)).astimezone(zone)
            for away in (-45, -15, 1, 16, 46):
                wall = (local.replace(tzinfo=None) + timedelta(minutes=away)).time()
                fired = _at(name, wall, moment - timedelta(days=3), moment + timedelta(days=3))
                hours = [(after - before).total_seconds() / 3600 for before, after in itertools.pairwise(fired)]
                assert len(fired) in (5, 6, 7)
                assert all(22 <= apart <= 26 for apart in hours), (name, wall, fired)
