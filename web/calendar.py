"""The calendar: a page of a week, a table to download, and an address that calendar programs subscribe to."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from markupsafe import Markup
from starlette.responses import Response

from content.agenda_csv import as_csv
from web.pages import page
from web.parts import parts_of
from web.signin import Member

router = APIRouter()
_SUBSCRIBED = {"Cache-Control": "private, max-age=300", "Content-Disposition": 'inline; filename="copydesk.ics"'}
_SAVED = {"Cache-Control": "private, no-store", "Content-Disposition": 'attachment; filename="copydesk-calendar.csv"'}


@router.get("/calendar")
async def calendar_page(request: Request, actor: Member, week: Annotated[int, Query(ge=-520, le=520)] = 0) -> Response:
    """One week; 0 is this one."""
    shown = await parts_of(request).talk.week(actor, week)
    days = Markup(shown.html)  # noqa: S704 - drawn by an autoescaping template
    return page(request, "calendar.html", title=shown.title, days=days, week=week)


@router.get("/calendar.csv")
async def calendar_table(request: Request, actor: Member) -> Response:
    """The last 30 days and the next 180, for a spreadsheet."""
    events = await parts_of(request).agenda.events(actor)
    return Response(as_csv(events, actor.zone), media_type="text/csv; charset=utf-8", headers=_SAVED)


@router.api_route("/calendar/{secret}.ics", methods=["GET", "HEAD"])
async def calendar_feed(request: Request, secret: Annotated[str, Path(max_length=100)]) -> Response:
    """The same for calendar programs, which cannot sign in: the address is the key, and no cookie is looked at."""
    parts = parts_of(request)
    actor = await parts.subscriptions.whose(secret)
    feed = parts.as_ical(await parts.agenda.events(actor), parts.clock.now())
    return Response(feed, media_type="text/calendar; charset=utf-8", headers=_SUBSCRIBED)
