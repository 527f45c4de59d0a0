"""From an error to what the browser gets: a status, and a sentence as a page or as JSON `{error, code}`."""

import logging
import secrets

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from content.errors import Conflict, ContentError, Invalid, NotAllowed, NotFound, PlatformError, RateLimited
from web.pages import page

log = logging.getLogger(__name__)

STATUS: tuple[tuple[type[ContentError], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (Invalid, 422),
    (Conflict, 409),
    (RateLimited, 503),
    (PlatformError, 502),
)
TITLES = {401: "Please sign in", 403: "Not allowed", 404: "Nothing here", 409: "It changed meanwhile"}


class Refused(Exception):
    """A request that is turned away before it reaches any service."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class SignedOut(Refused):
    """Nobody is signed in in this browser."""

    def __init__(self, message: str = "") -> None:
        super().__init__(
            401, "signed_out", message or "You are not signed in here, or not any more. Nothing you typed is lost."
        )


def status_of(error: ContentError) -> int:
    """The HTTP status that says the same."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 400)


def told(request: Request, status: int, code: str, sentence: str) -> Response:
    """The sentence as the browser wants it: a page where one was opened, JSON for our scripts."""
    if "text/html" in request.headers.get("accept", ""):
        title = TITLES.get(status, "That did not work")
        return page(request, "trouble.html", status=status, title=title, sentence=sentence, code=code)
    return JSONResponse({"error": sentence, "code": code}, status)


def catch_errors(app: FastAPI) -> None:
    """Have every error told in words."""

    @app.exception_handler(ContentError)
    async def on_content_error(request: Request, error: ContentError) -> Response:
        return told(request, status_of(error), error.code, error.message)

    @app.exception_handler(Refused)
    async def on_refused(request: Request, error: Refused) -> Response:
        return told(request, error.status, error.code, error.message)

    @app.exception_handler(RequestValidationError)
    async def on_unreadable(request: Request, _: RequestValidationError) -> Response:
        sentence = "I could not read this request: nothing was done. Load the page again and repeat it."
        return told(request, 422, "invalid", sentence)

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        if isinstance(error.__cause__, Refused):  # FastAPI wraps what happens while it reads a body
            return await on_refused(request, error.__cause__)
        if error.status_code == 404:
            return told(request, 404, "not_found", "There is no such page here. Go back to the chat.")
        return told(request, error.status_code, "http", f"{error.detail}. Go back to the chat and try it there.")


class Bugs:
    """Catches what nobody expected: logged with an id that the person sees too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as bug:
            if scope["type"] != "http" or begun:
                raise
            error_id = secrets.token_hex(4)
            log.error("request.failed", extra={"error_id": error_id, "route": _route(scope)}, exc_info=bug)
            sentence = f"Something broke on our side, and it is in the log as {error_id}. Try again in a moment."
            await told(Request(scope, receive), 500, "bug", sentence)(scope, receive, send)


def _route(scope: Scope) -> str:
    """The template of the address that was asked for; the address itself may hold a ticket, and is never logged."""
    return str(getattr(scope.get("route"), "path", ""))
