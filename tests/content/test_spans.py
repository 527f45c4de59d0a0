from datetime import UTC, datetime

import pytest

from content.spans import SPANS, Span, stretch

NOW = datetime(2026, 11, 26, 22, 30, tzinfo=UTC)  # Thursday; already Friday the 27th in Berlin


@pytest.mark.parametrize(
    ("span", "zone", "start", "end"),
    [
        ("today", "UTC", "Thu 26 Nov 00:00", "Fri 27 Nov 00:00"),
        ("today", "Europe/Moscow", "Thu 26 Nov 21:00", "Fri 27 Nov 21:00"),
        ("this week", "UTC", "Mon 23 Nov 00:00", "Mon 30 Nov 00:00"),
        ("next week", "UTC", "Mon 30 Nov 00:00", "Mon 07 Dec 00:00"),
        ("this month", "UTC", "Sun 01 Nov 00:00", "Tue 01 Dec 00:00"),
    ],
)
def test_a_span_runs_from_midnight_to_midnight_in_its_zone(span: Span, zone: str, start: str, end: str) -> None:
    first, last = stretch(span, NOW, zone)
    assert (f"{first:%a %d %b %H:%M}", f"{last:%a %d %b %H:%M}") == (start, end)


def test_a_week_in_which_the_clocks_change_has_an_hour_more() -> None:
    start, end = stretch("this week", datetime(2026, 10, 21, 12, 0, tzinfo=UTC), "Europe/Berlin")
    assert (end - start).total_seconds() == (7 * 24 + 1) * 3600


def test_every_span_is_named() -> None:
    assert SPANS == ("today", "this week", "next week", "this month")
