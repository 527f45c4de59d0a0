"""A link's card: what is read of a stranger's page, and that nothing such a page says can break a post."""

from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from content.platform import LinkCard
from integrations.http import Http
from integrations.link_card import page_card, read_card
from tests.fakes.clock import FakeClock
from tests.servers.running import serving

PAGE = "https://example.org/boats/page?x=1"
TEAPOT = "<title>Čaj</title>"


@pytest.mark.parametrize(
    ("written", "image"),
    [
        ("https://cdn.example.org/a.png", "https://cdn.example.org/a.png"),
        ("/a.png", "https://example.org/a.png"),
        ("a b.png", "https://example.org/boats/a b.png"),
        ("//cdn.example.org/a.png", "https://cdn.example.org/a.png"),
        ("HTTP://cdn.example.org/a.png", "HTTP://cdn.example.org/a.png"),
        ("/a.png?b=1&amp;c=2", "https://example.org/a.png?b=1&c=2"),
        ("", ""),
        ("  ", ""),
        ("data:image/png;base64,AAAA", ""),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("http://[", ""),
        ("https://[::1", ""),
        ("//[", ""),
    ],
)
def test_the_picture_is_a_web_address_or_none(written: str, image: str) -> None:
    page = f'<title>Boats</title><meta property="og:image" content="{written}">'
    assert page_card(PAGE, page) == LinkCard(PAGE, "Boats", "", image)


@pytest_asyncio.fixture
async def site() -> AsyncIterator[str]:
    """Pages that say what they are in several ways, and some that are none."""
    answers = {
        "utf8": Response(TEAPOT.encode(), media_type="text/html"),
        "latin2": Response(TEAPOT.encode("iso-8859-2"), headers={"content-type": "text/html; charset=iso-8859-2"}),
        "unnamed": Response(TEAPOT.encode(), headers={"content-type": "application/xhtml+xml"}),
        "lying": Response(TEAPOT.encode("iso-8859-2"), headers={"content-type": "text/html; charset=utf-8"}),
        "unheard-of": Response(TEAPOT.encode(), headers={"content-type": "text/html; charset=klingon"}),
        "picture": Response(TEAPOT.encode(), media_type="image/png"),
        "untitled": Response(b"<p>text", media_type="text/html"),
        "gone": Response(TEAPOT.encode(), 410, media_type="text/html"),
        "broken-picture": Response(
            f'{TEAPOT}<meta property="og:image" content="http://[">'.encode(), media_type="text/html"
        ),
        "to-a-private-host": Response(status_code=302, headers={"location": "http://10.0.0.1/"}),
    }

    async def page(request: Request) -> Response:
        return answers[request.path_params["name"]]

    async with serving(Starlette(routes=[Route("/{name}", page)])) as url:
        yield url


async def no_names(host: str, port: int) -> Sequence[str]:
    return [host]


@pytest.mark.parametrize("name", ["utf8", "latin2", "unnamed", "broken-picture"])
async def test_a_page_is_read_in_its_own_letters(site: str, name: str) -> None:
    http = Http(clock=FakeClock(), allowed_private_hosts=["127.0.0.1"])
    assert await read_card(http, "linkedin", f"{site}/{name}") == LinkCard(f"{site}/{name}", "Čaj")


@pytest.mark.parametrize("name", ["lying", "unheard-of", "picture", "untitled", "gone", "to-a-private-host"])
async def test_what_cannot_be_read_has_no_card(site: str, name: str) -> None:
    http = Http(clock=FakeClock(), allowed_private_hosts=["127.0.0.1"], resolve=no_names)
    assert await read_card(http, "linkedin", f"{site}/{name}") is None


@pytest.mark.parametrize("url", ["http://10.0.0.1/a", "http://[", "ftp://example.org/", "https://example.org:99999/"])
async def test_an_address_where_we_do_not_go_has_no_card(url: str) -> None:
    http = Http(clock=FakeClock(), resolve=no_names)
    assert await read_card(http, "linkedin", url) is None
