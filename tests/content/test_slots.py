"""Weekly slots: read from words, said in words, and the same local time through every change of the clocks."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from content.errors import Invalid
from content.when import Slot, understand

BERLIN = "Europe/Berlin"
LISBON = "Europe/Lisbon"
MONDAY = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
DAILY = (0, 1, 2, 3, 4, 5, 6)
WORKING = (0, 1, 2, 3, 4)

READ = [
    # words, weekdays, hour, minute, zone, a piece of the note ("" means none)
    ("every Monday 9:00", (0,), 9, 0, BERLIN, ""),  # the plainest
    ("each Monday at 9", (0,), 9, 0, BERLIN, ""),  # another word
    ("every weekday at 8", WORKING, 8, 0, BERLIN, ""),  # Monday to Friday
    ("weekdays at 8", WORKING, 8, 0, BERLIN, ""),  # shorter
    ("every Mon-Fri at 8", WORKING, 8, 0, BERLIN, ""),  # a range
    ("Mondays to Fridays at 8", WORKING, 8, 0, BERLIN, ""),  # in words
    ("every Friday through Monday at 8", (0, 4, 5, 6), 8, 0, BERLIN, ""),  # around the week's end
    ("weekends at 10", (5, 6), 10, 0, BERLIN, ""),  # both days
    ("daily at 07:30", DAILY, 7, 30, BERLIN, ""),  # every day
    ("daily at 7:30", DAILY, 7, 30, BERLIN, "I read 7:30 as 07:30"),  # or in the evening
    ("once a day at 9", DAILY, 9, 0, BERLIN, ""),  # said otherwise
    ("every day at noon", DAILY, 12, 0, BERLIN, ""),  # by name
    ("every day at midnight", DAILY, 0, 0, BERLIN, ""),  # every start is an end
    ("every morning", DAILY, 9, 0, BERLIN, "“morning” as 09:00"),  # a part of the day
    ("Mondays and Thursdays at 18:00", (0, 3), 18, 0, BERLIN, ""),  # plural
    ("every Tuesday and Friday 9am Lisbon time", (1, 4), 9, 0, LISBON, ""),  # elsewhere
    ("every Monday, Wednesday and Friday at 9", (0, 2, 4), 9, 0, BERLIN, ""),  # three
    ("weekly on Sunday at 10", (6,), 10, 0, BERLIN, ""),  # weekly in front
    ("Sunday at 10 weekly", (6,), 10, 0, BERLIN, ""),  # weekly behind
    ("once a week on Monday at 9", (0,), 9, 0, BERLIN, ""),  # spelled out
    ("every Monday (Monday!) at 9", (0,), 9, 0, BERLIN, ""),  # twice the same
    ("every Monday", (0,), 9, 0, BERLIN, "no time was given"),  # a day alone
    ("every Monday 9:00 EDT", (0,), 9, 0, "America/New_York", "is on EST then, not EDT"),  # its wall time all year
]


@pytest.mark.parametrize(("words", "weekdays", "hour", "minute", "zone", "note"), READ, ids=[row[0] for row in READ])
def test_words_mean_a_weekly_slot(
    words: str, weekdays: tuple[int, ...], hour: int, minute: int, zone: str, note: str
) -> None:
    slot = understand(words, MONDAY, BERLIN)
    assert slot == Slot(weekdays, hour, minute, zone)
    assert isinstance(slot, Slot)
    assert note in slot.note
    assert bool(note) == bool(slot.note)


REFUSED = [
    ("weekly", "says no day of the week"),  # which one
    ("every other Monday at 9", "no weekly time"),  # two weeks
    ("first Monday at 9", "no weekly time"),  # of the month
    ("twice a week", "no weekly time"),  # when
    ("monthly on the 1st", "no weekly time"),  # months differ
    ("every Friday at midnight", "the start or the end"),  # a day apart
    ("every day except Sunday at 9", "“except”: it is more"),  # weekdays are named one by one
    ("daily except Sunday at 9", "“except”: it is more"),  # nor is it that Sunday
    ("every Monday starting tomorrow", "more than a weekly time"),  # a slot has no start
    ("every Monday and next Tuesday at 9", "more than a weekly time"),  # two wishes
    ("every day on Monday at 9", "more than a weekly time"),  # one of them
    ("Mondays at 9 and Thursdays at 9", "more than a weekly time"),  # two slots
    ("every Monday 9 UTC+2", "summer and winter"),  # an offset is no zone
]


@pytest.mark.parametrize(("words", "answer"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_no_weekly_slot_is_refused(words: str, answer: str) -> None:
    with pytest.raises(Invalid) as refused:
        understand(words, MONDAY, BERLIN)
    assert answer in refused.value.message


SAID = [
    (Slot((0,), 9, 0, LISBON), "every Monday at 09:00 Europe/Lisbon"),  # one day
    (Slot((0, 3), 9, 0, LISBON), "every Monday and Thursday at 09:00 Europe/Lisbon"),  # two
    (Slot((0, 2, 4), 9, 0, LISBON), "every Monday, Wednesday and Friday at 09:00 Europe/Lisbon"),  # three
    (Slot(WORKING, 8, 5, LISBON), "every weekday at 08:05 Europe/Lisbon"),  # by their name
    (Slot(DAILY, 18, 30, LISBON), "every day at 18:30 Europe/Lisbon"),  # by their name
    (Slot((0,), 9, 0, LISBON, "no time was given"), "every Monday at 09:00 Europe/Lisbon: no time was given"),  # note
]


@pytest.mark.parametrize(("slot", "words"), SAID, ids=[row[1] for row in SAID])
def test_a_slot_says_itself_and_is_understood_again(slot: Slot, words: str) -> None:
    assert slot.echo() == words
    assert understand(words.partition(": ")[0], MONDAY, BERLIN) == slot


BROKEN = [
    ((), 9, 0),  # never
    ((3, 0), 9, 0),  # not in order
    ((0, 0), 9, 0),  # twice
    ((7,), 9, 0),  # no weekday
    ((0,), 24, 0),  # no hour
    ((0,), 9, 60),  # no minute
]


@pytest.mark.parametrize(("weekdays", "hour", "minute"), BROKEN)
def test_a_slot_that_cannot_be_is_refused(weekdays: tuple[int, ...], hour: int, minute: int) -> None:
    with pytest.raises(Invalid, match="no weekly time"):
        Slot(weekdays, hour, minute, BERLIN)


def test_a_slot_in_an_unknown_zone_is_refused() -> None:
    with pytest.raises(Invalid, match="Europe/Atlantis"):
        Slot((0,), 9, 0, "Europe/Atlantis")


def test_the_next_occurrence_is_strictly_after_the_moment() -> None:
    slot = Slot((0,), 15, 0, BERLIN)
    assert slot.next_after(MONDAY - timedelta(seconds=1)).at == MONDAY
    assert slot.next_after(MONDAY).at == MONDAY + timedelta(days=7)


def test_a_local_time_in_the_gap_moves_forward_and_says_so() -> None:
    found = Slot((6,), 2, 30, BERLIN).next_after(datetime(2027, 3, 25, tzinfo=UTC))
    assert found.at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert found.note == "02:30 does not exist on 28 March in Europe/Berlin, so I used 03:30"


def test_a_local_time_that_comes_twice_counts_once() -> None:
    slot = Slot(DAILY, 2, 30, BERLIN)
    first = slot.next_after(datetime(2027, 10, 30, 12, tzinfo=UTC))
    assert first.at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert slot.next_after(first.at).at == datetime(2027, 11, 1, 1, 30, tzinfo=UTC)


def test_a_gap_that_ends_a_day_moves_its_occurrence_past_midnight() -> None:
    """In Scoresbysund the clocks jump from Saturday 23:00 to Sunday 00:00."""
    slot = Slot(DAILY, 23, 30, "America/Scoresbysund")
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    saturday = slot.next_after(before)
    assert saturday.at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert slot.next_after(saturday.at - timedelta(minutes=10)) == saturday
    assert slot.next_after(saturday.at).at == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


def _changes(zone: ZoneInfo) -> list[datetime]:
    """The hours in 2026 and 2027 in which the zone's distance from UTC changes."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    days = [noon + timedelta(days=ahead) for ahead in range(731)]
    offsets = [day.astimezone(zone).utcoffset() for day in days]
    found = []
    for day, before, after in zip(days, offsets, offsets[1:], strict=False):
        if before != after:
            hours = (day + timedelta(hours=ahead) for ahead in range(1, 25))
            found.append(next(hour for hour in hours if hour.astimezone(zone).utcoffset() == after))
    return found


def _walk(slot: Slot, change: datetime) -> None:
    """Four days of a daily slot around a change: each on its own date, later than the last, at the slot's local time."""
    zone = ZoneInfo(slot.zone)
    at = change - timedelta(days=2)
    dates: list[date] = []
    while at < change + timedelta(days=2):
        found = slot.next_after(at)
        assert found.at > at
        local = found.at.astimezone(zone)
        wall = time(slot.hour, slot.minute)
        if local.time() != wall:  # only because it does not exist on its date, the one it was moved from
            assert "does not exist" in found.note
            gone = datetime.combine(change.astimezone(zone).date(), wall, zone)
            moved = {gone.astimezone(UTC), (gone - timedelta(days=1)).astimezone(UTC)}
            assert found.at in moved
        dates.append(local.date() if local.time() >= wall else local.date() - timedelta(days=1))
        at = found.at
    assert dates == sorted(set(dates))


def test_no_zone_shifts_doubles_or_drops_a_daily_slot_at_any_change_of_2026_and_2027() -> None:
    walked = 0
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        for change in _changes(zone):
            shown = [(change + timedelta(minutes=away)).astimezone(zone) for away in (-30, 0, 30)]
            skipped = shown[0].replace(tzinfo=None) + timedelta(minutes=50)
            for wall in {(local.hour, local.minute) for local in (*shown, skipped)}:
                _walk(Slot(DAILY, *wall, name), change)
            walked += 1
    assert walked > 400
