from datetime import UTC, datetime, timedelta, timezone

import pytest

from content.errors import Invalid
from content.times import SystemClock, distance, instant, resolve_local, said, zone

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        instant(datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused


def test_an_instant_is_in_utc() -> None:
    local = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert instant(local).isoformat() == "2026-01-01T10:00:00+00:00"


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_an_unknown_zone_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(Invalid, match="Europe/Berlin"):
        zone(name)


def test_a_time_that_does_not_exist_moves_forward_by_the_gap() -> None:
    resolved = resolve_local(datetime(2027, 3, 28, 2, 30), "Europe/Berlin")  # noqa: DTZ001
    assert resolved.at.isoformat() == "2027-03-28T01:30:00+00:00"
    assert resolved.note == "02:30 does not exist on 28 March in Europe/Berlin, so I used 03:30"


def test_a_time_that_exists_twice_means_the_first() -> None:
    resolved = resolve_local(datetime(2026, 10, 25, 2, 30), "Europe/Berlin")  # noqa: DTZ001
    assert resolved.at.isoformat() == "2026-10-25T00:30:00+00:00"
    assert "I mean the first" in resolved.note


def test_an_ordinary_time_needs_no_note() -> None:
    resolved = resolve_local(datetime(2026, 11, 24, 9), "Europe/Berlin")  # noqa: DTZ001
    assert (resolved.at.hour, resolved.note) == (8, "")


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(seconds=20), "now"),
        (timedelta(minutes=5), "in 5 min"),
        (timedelta(minutes=-5), "5 min ago"),
        (timedelta(hours=2), "in 2 h"),
        (timedelta(hours=2, minutes=10), "in 2 h 10 min"),
        (timedelta(hours=18, minutes=10), "in 18 h"),
        (timedelta(days=3), "in 3 days"),
    ],
)
def test_a_distance_reads_as_people_say_it(away: timedelta, words: str) -> None:
    assert distance(NOON + away, NOON) == words


def test_a_moment_is_said_with_zone_and_distance_and_the_year_only_where_it_differs() -> None:
    assert said(NOON + timedelta(hours=20), "Europe/Berlin", NOON) == "Tue 24 Nov 09:00 Europe/Berlin (in 20 h)"
    assert said(NOON + timedelta(days=90), "UTC", NOON) == "Sun 21 Feb 2027 12:00 UTC (in 90 days)"
