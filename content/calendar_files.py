"""The agenda as files: iCalendar (RFC 5545), for programs that subscribe, and CSV (RFC 4180), for spreadsheets."""

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta
from io import StringIO

from icalendar import Calendar, vDuration, vText
from icalendar import Event as Component

from content.agenda import Event
from content.times import zone

LASTS = timedelta(minutes=15)
"""How long an event is drawn: a moment would be a hairline."""
REFRESH = timedelta(hours=1)
"""How often programs are asked to look again."""
HEADINGS = ("Date", "Time", "Zone", "UTC", "Kind", "Post", "Account", "State", "Words", "Link")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_PICTURED = str.maketrans(dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), " "))
"""Control characters, which neither format may have."""


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
    component.add("summary", event.title.translate(_PICTURED))
    component.add("status", event.status)
    component.add("sequence", event.sequence)
    component.add("categories", [event.kind])
    component.add("transp", "TRANSPARENT")  # nobody is busy while a post goes out
    if event.url:
        component.add("url", event.url)
    return component


def as_csv(events: Sequence[Event], zone_name: str) -> bytes:
    """A row an event, its time in that zone and in UTC; with a byte order mark, without which Excel reads no UTF-8."""
    written = StringIO(newline="")
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(HEADINGS)
    for event in events:
        local = event.at.astimezone(zone(zone_name))
        post = f"#{event.number}" if event.number else ""
        cells = (f"{local:%Y-%m-%d}", f"{local:%H:%M}", zone_name, f"{event.at:%Y-%m-%dT%H:%M:%SZ}", event.kind)
        told = (post, event.account, event.state, event.words, event.url)
        table.writerow([_harmless(cell) for cell in (*cells, *told)])
    return written.getvalue().encode("utf-8-sig")


def _harmless(cell: str) -> str:
    """What a spreadsheet would take for a formula is text to it behind an apostrophe."""
    plain = cell.translate(_PICTURED) if cell[:1] not in _FORMULA else cell
    return f"'{plain}" if plain.startswith(_FORMULA) else plain
