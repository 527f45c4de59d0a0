"""The chat page: its conversation, what happens in it live, what is said and pressed."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from markupsafe import Markup
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response, StreamingResponse

from web.connect import callback_url
from web.pages import page
from web.parts import ServerSentEvent, parts_of
from web.signin import Member, sign_in, sign_out, signed_in

router = APIRouter()

SUGGESTIONS = (
    ("Write my first post", "Draft a post: Hello! From today we plan our posts in one calm place."),
    ("See what is trending", "What is trending today?"),
    ("Set a weekly goal", "Set a goal: 3 posts per week"),
)
"""What a first visit offers: a label, and what pressing it says."""
_LARGEST_COUNT = 2**62


class Typed(BaseModel):
    """What the composer sends."""

    text: str
    images: list[str] = Field(default_factory=list, max_length=50)
    reply_to: str = Field("", max_length=80)
    event_id: str = Field(max_length=80)


class Pressed(BaseModel):
    """What a button sends."""

    key: str = Field(max_length=200)
    form: dict[str, str] = Field(default_factory=dict, max_length=200)


@router.api_route("/", methods=["GET", "HEAD"])
async def chat_page(request: Request, token: str = "") -> Response:
    """The chat; with a one-time token, the way in."""
    if token:
        return await sign_in(request, token)
    actor = await signed_in(request)
    parts = parts_of(request)
    history = await parts.talk.history(actor)
    return page(
        request,
        "chat.html",
        history=Markup(history.html),  # noqa: S704 - drawn by an autoescaping template
        changes=history.changes,
        earlier=history.earlier,
        about=parts.about(),
        suggestions=SUGGESTIONS,
    )


@router.get("/chat/earlier")
async def earlier(
    request: Request, actor: Member, before: Annotated[int, Query(ge=0, le=_LARGEST_COUNT)]
) -> JSONResponse:
    """What was said before a position."""
    history = await parts_of(request).talk.history(actor, before)
    return JSONResponse({"html": history.html, "earlier": history.earlier})


@router.get("/chat/events")
async def events(
    request: Request, actor: Member, after: Annotated[int, Query(ge=0, le=_LARGEST_COUNT)] = 0
) -> StreamingResponse:
    """What happens from here on, as server-sent events; a browser that lost the connection says where it was."""
    last = request.headers.get("last-event-id", "")
    start = min(int(last), _LARGEST_COUNT) if last.isascii() and last.isdigit() and len(last) < 20 else after
    parts = parts_of(request)
    stream = _lines(parts.talk.follow(actor, start), parts.about)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _lines(following: AsyncIterator[ServerSentEvent], about: Callable[[], str]) -> AsyncIterator[str]:
    """The events as text; in between, the line about the model whenever it changed."""
    yield "retry: 1000\n\n"
    told = None
    async for event in following:
        if told != about():
            told = about()
            yield f"event: about\ndata: {json.dumps(told)}\n\n"
        yield _as_text(event)


@router.get("/come-in")
async def come_in(request: Request, token: Annotated[str, Query(max_length=200)] = "") -> Response:
    """A sign-in address that was sent in a chat: it asks first, so that a preview that looks ahead uses up nothing."""
    return page(request, "come_in.html", token=token)


@router.post("/come-in")
async def came_in(request: Request, token: Annotated[str, Form(max_length=200)]) -> Response:
    """The button on that page."""
    return await sign_in(request, token)


def _as_text(event: ServerSentEvent) -> str:
    if not event.event:
        return ": here\n\n"
    place = f"id: {event.id}\n" if event.id else ""
    return f"{place}event: {event.event}\ndata: {event.data}\n\n"


@router.post("/chat/messages")
async def say(request: Request, actor: Member, typed: Typed) -> JSONResponse:
    """Something was typed. The answer says whether it was new; what it shows comes as an event."""
    new = await parts_of(request).talk.say(actor, typed.text, typed.images, typed.reply_to, typed.event_id)
    return JSONResponse({"new": new})


@router.post("/chat/press")
async def press(request: Request, actor: Member, pressed: Pressed) -> JSONResponse:
    """A button was pressed. What it came to; cards are redrawn by events."""
    answer = await parts_of(request).talk.press(actor, pressed.key, pressed.form, callback_url(request))
    return JSONResponse({"text": answer.text, "tone": answer.tone, "go_to": answer.go_to})


class Lives(BaseModel):
    """Where the reader's browser says it is."""

    zone: str = Field(max_length=64)


@router.post("/me/zone")
async def live_in(request: Request, actor: Member, lives: Lives) -> JSONResponse:
    """The browser tells the member's time zone; the first one is kept."""
    kept = await parts_of(request).people.live_in(actor, lives.zone)
    return JSONResponse({"zone": kept.zone})


@router.post("/sign-out")
async def leave(request: Request) -> Response:
    """The way out."""
    return await sign_out(request)
