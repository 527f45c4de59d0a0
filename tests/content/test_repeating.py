"""Words that repeat, and the rule each means."""

from datetime import UTC, datetime

import pytest

from content.errors import Invalid
from content.repeating import LONGEST, repeating

BERLIN = "Europe/Berlin"
MONDAY = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)

READ = [
    # words, start, rule, zone
    ("every Monday 9:00", "1130T0900", "FREQ=WEEKLY;BYDAY=MO"),
    ("every weekday 8:30", "1124T0830", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
    ("daily 09:00 until 1 March", "1124T0900", "FREQ=DAILY;UNTIL=20270301T235900"),
    ("every day at 16:00", "1123T1600", "FREQ=DAILY"),  # today is still to come
    ("every other Friday 17:00", "1127T1700", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
    ("every 2nd Friday 17:00", "1127T1700", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
    ("every 2 weeks on Tue and Thu 12:00", "1124T1200", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH"),
    ("biweekly on Monday 9:00", "1130T0900", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"),
    ("Monday 09:00 every three weeks", "1130T0900", "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO"),
    ("Monday 09:00 fortnightly", "1130T0900", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"),
    ("every other day 8:00", "1124T0800", "FREQ=DAILY;INTERVAL=2"),
    ("every third day 8:00", "1124T0800", "FREQ=DAILY;INTERVAL=3"),
    ("first Monday of the month 10:00", "1207T1000", "FREQ=MONTHLY;BYDAY=1MO"),
    ("the 1st and third Monday of every month 10:00", "1207T1000", "FREQ=MONTHLY;BYDAY=1MO,3MO"),
    ("the last Friday of every 2 months at 16:00", "1127T1600", "FREQ=MONTHLY;INTERVAL=2;BYDAY=-1FR"),
    ("every 3 months on the first Monday 9:00", "1207T0900", "FREQ=MONTHLY;INTERVAL=3;BYDAY=1MO"),
    ("monthly on the 1st and the 15th at 9:00", "1201T0900", "FREQ=MONTHLY;BYMONTHDAY=1,15"),
    ("on the last day of every month at 18:00", "1130T1800", "FREQ=MONTHLY;BYMONTHDAY=-1"),
    ("the 15th of every 2 months at 18:00", "1215T1800", "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=15"),
    ("every Friday 17:00, for 8 weeks", "1127T1700", "FREQ=WEEKLY;BYDAY=FR;UNTIL=20270122T165959"),
    ("every Friday 17:00 for a month", "1127T1700", "FREQ=WEEKLY;BYDAY=FR;UNTIL=20261227T165959"),
    ("every Friday 17:00, eight times", "1127T1700", "FREQ=WEEKLY;BYDAY=FR;COUNT=8"),
    ("every Monday until end of year at 9:00", "1130T0900", "FREQ=WEEKLY;BYDAY=MO;UNTIL=20261231T235900"),
    ("every Monday 9:00 starting 7 December", "1207T0900", "FREQ=WEEKLY;BYDAY=MO"),
    ("RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=30", "1130T0930", "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=30"),
    ("freq=monthly;byday=-1fr 09:00", "1127T0900", "FREQ=MONTHLY;BYDAY=-1FR"),
    ("RRULE:FREQ=DAILY;UNTIL=20270101 09:00", "1124T0900", "FREQ=DAILY;UNTIL=20270101T235959"),
    ("RRULE:FREQ=DAILY;UNTIL=20270101T080000Z 09:00", "1124T0900", "FREQ=DAILY;UNTIL=20270101T090000"),
    ("RRULE:FREQ=DAILY;UNTIL=20270101T080000 09:00", "1124T0900", "FREQ=DAILY;UNTIL=20270101T080000"),
]


@pytest.mark.parametrize(("words", "start", "rule"), READ, ids=[row[0] for row in READ])
def test_words_mean_a_rule(words: str, start: str, rule: str) -> None:
    found = repeating(words, MONDAY, BERLIN)
    assert found.text == f"DTSTART:2026{start}00\nRRULE:{rule}"
    assert found.zone == BERLIN


def test_a_zone_that_is_named_is_the_rule_s() -> None:
    found = repeating("every other Friday 17:00 Tokyo time, until 1 March", MONDAY, BERLIN)
    assert found.zone == "Asia/Tokyo"
    assert found.echo() == "every other Friday at 17:00 Asia/Tokyo, until 1 March 2027"  # 2 March 07:59 there


def test_what_was_assumed_is_said_but_not_where_the_rule_has_the_time() -> None:
    assert "no time was given" in repeating("RRULE:FREQ=DAILY", MONDAY, BERLIN).note
    assert repeating("RRULE:FREQ=DAILY;BYHOUR=7", MONDAY, BERLIN).note == ""


REFUSED = [
    ("tomorrow 9:00", "one moment, and this repeats"),
    ("twice a week", "no weekly time"),  # when
    ("every month at 9:00", "monthly on the 1st"),  # which day
    ("every other week 9:00", "says no day of the week"),
    ("every Monday 9:00 for 3 weeks, until 1 March", "two ends"),
    ("every Monday 9:00 until yesterday", "Name a time still to come"),
    ("RRULE:FREQ=DAILY;UNTIL=soon", "UNTIL=SOON”: it is no date"),
    ("RRULE:FREQ=MINUTELY", "FREQ is none that I keep"),
    ("every day " * LONGEST, "longer than the 500 characters"),
]


@pytest.mark.parametrize(("words", "answer"), REFUSED, ids=[row[0][:40] for row in REFUSED])
def test_what_is_no_certain_repetition_is_refused(words: str, answer: str) -> None:
    with pytest.raises(Invalid) as refused:
        repeating(words, MONDAY, BERLIN)
    assert answer in refused.value.message
