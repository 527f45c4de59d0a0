"""The calendar page: what goes out when, a week at a time."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from starlette.responses import Response

from web.pages import page
from web.parts import parts_of
from web.signin import Member

router = APIRouter()


@router.get("/calendar")
async def calendar_page(request: Request, actor: Member, week: Annotated[int, Query(ge=-520, le=520)] = 0) -> Response:
    """One week; 0 is this one."""
    shown = await parts_of(request).talk.week(actor, week)
    days = Markup(shown.html)  # noqa: S704 - drawn by an autoescaping template
    return page(request, "calendar.html", title=shown.title, days=days, week=week)
