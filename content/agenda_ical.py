"""The agenda as iCalendar (RFC 5545), for programs that subscribe. Loaded when the first of them asks: see `app/wiring.py`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from icalendar import Calendar, vDuration, vText
from icalendar import Event as Component

from content.agenda import UNSHOWN, Event

LASTS = timedelta(minutes=15)
"""How long an event is drawn: a moment would be a hairline."""
REFRESH = timedelta(hours=1)
"""How often programs are asked to look again."""


def as_ical(events: Sequence[Event], now: datetime) -> bytes:
    """One calendar; every time is in UTC."""
    calendar = Calendar()
    calendar.add("prodid", "-//Copydesk//Calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", vText("Copydesk"))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    for event in events:
        calendar.add_component(_component(event, now))
    written: bytes = calendar.to_ical()
    return written


def _component(event: Event, now: datetime) -> Component:
    component = Component()
    component.add("uid", event.uid)
    component.add("dtstamp", now.replace(microsecond=0))
    component.add("dtstart", event.at.replace(microsecond=0))
    component.add("dtend", event.at.replace(microsecond=0) + LASTS)
    component.add("summary", event.title.translate(UNSHOWN))
    component.add("status", event.status)
    component.add("sequence", event.sequence)
    component.add("categories", [event.kind])
    component.add("transp", "TRANSPARENT")  # nobody is busy while a post goes out
    if event.url:
        component.add("url", event.url)
    return component
