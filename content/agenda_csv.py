"""The agenda as a table (CSV, RFC 4180), for spreadsheets."""

import csv
from collections.abc import Sequence
from io import StringIO

from content.agenda import UNSHOWN, Event
from content.times import zone

HEADINGS = ("Date", "Time", "Zone", "UTC", "Kind", "Post", "Account", "State", "Words", "Link")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


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
    plain = cell.translate(UNSHOWN) if cell[:1] not in _FORMULA else cell
    return f"'{plain}" if plain.startswith(_FORMULA) else plain
