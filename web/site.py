"""The site: one FastAPI app out of its parts."""

from pathlib import Path

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from web import calendar, chat, connect, health, media, webhooks
from web.errors import Bugs, catch_errors
from web.parts import Parts
from web.security import Shield

_STATIC = Path(__file__).parent / "static"


class _Fresh(StaticFiles):
    """Files that a browser keeps but asks about each time, so that an update never meets an old script."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def make_site(parts: Parts) -> FastAPI:
    """The site that serves these parts."""
    app = FastAPI(
        title="Copydesk",
        openapi_url=None,
        middleware=[Middleware(Shield, public_url=parts.public_url), Middleware(Bugs)],
    )
    app.state.parts = parts
    catch_errors(app)
    app.router.routes.insert(0, webhooks.route)
    for module in (chat, calendar, connect, media, health):
        app.include_router(module.router)
    app.mount("/static", _Fresh(directory=_STATIC))
    return app
