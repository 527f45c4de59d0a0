"""The site's pages: Jinja2 templates, autoescaped, and how they are answered."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(request: Request, template: str, *, status: int = 200, **shown: Any) -> HTMLResponse:
    """A whole page; the shell shows who is signed in where that is known."""
    actor = getattr(request.state, "actor", None)
    html = _TEMPLATES.get_template(template).render(actor=actor, path=request.scope["path"], **shown)
    return HTMLResponse(html, status)
