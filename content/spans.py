"""Stretches of days that people name: “today”, “this week”, “next week”, “this month”, in their own zone."""

from datetime import date, datetime, time, timedelta
from typing import Literal, get_args

from dateutil.relativedelta import relativedelta

from content.times import resolve_local, zone

Span = Literal["today", "this week", "next week", "this month"]
SPANS: tuple[Span, ...] = get_args(Span)


def stretch(span: Span, now: datetime, zone_name: str) -> tuple[datetime, datetime]:
    """From the first midnight of the span to the one after it; a week begins on Monday."""
    today = now.astimezone(zone(zone_name)).date()
    monday = today - timedelta(days=today.weekday())
    days: dict[Span, tuple[date, date]] = {
        "today": (today, today + timedelta(days=1)),
        "this week": (monday, monday + timedelta(weeks=1)),
        "next week": (monday + timedelta(weeks=1), monday + timedelta(weeks=2)),
        "this month": (today.replace(day=1), today.replace(day=1) + relativedelta(months=1)),
    }
    start, end = (resolve_local(datetime.combine(day, time()), zone_name).at for day in days[span])
    return start, end
