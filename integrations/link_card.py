"""What a page says about itself: title, description and picture, for platforms that want a link's card made by the client."""

import html
from urllib.parse import urljoin, urlsplit

import regex

from content.errors import ContentError
from content.platform import LinkCard
from integrations.http import Answer, Http

CARD_TITLE = 300
CARD_DESCRIPTION = 1000
"""Most characters of a page's own title and description in a card."""
PAGE_READ = 500_000
"""Characters of a page in which they are looked for."""

_META = regex.compile(r"""<meta\s(?:[^<>"']{1,500}+|"[^"]{0,5000}+"|'[^']{0,5000}+'){0,50}+>""", regex.IGNORECASE)
_ATTRIBUTE = regex.compile(r"""([\w:-]{1,50})\s{0,9}=\s{0,9}("[^"]*"|'[^']*'|[^\s"'<>]+)""")
_TITLE = regex.compile(r"<title(?:\s[^<>]{0,500})?>([^<]{0,5000})", regex.IGNORECASE)


async def read_card(http: Http, source: str, url: str) -> LinkCard | None:
    """The card of a page; a card is a courtesy, so whatever fails means none."""
    try:
        page = await http.fetch(source, url, types={"text/html", "application/xhtml+xml"})
        return page_card(url, page.body.decode(_charset(page)))
    except (ContentError, UnicodeError, LookupError):
        return None


def page_card(url: str, page: str) -> LinkCard | None:
    """The card that a page asks for, or None where it has no title.

    The page is a stranger's, so it is read with patterns that take a time proportional to its size; the standard
    library's parser takes minutes for some, and fails for others.
    """
    named: dict[str, str] = {}
    for tag in _META.finditer(page, endpos=PAGE_READ):
        told = {
            attribute[1].lower(): html.unescape(attribute[2].strip("\"'")) for attribute in _ATTRIBUTE.finditer(tag[0])
        }
        named.setdefault((told.get("property") or told.get("name") or "").lower(), told.get("content", ""))
    heading = _TITLE.search(page, endpos=PAGE_READ)
    title = _line(named.get("og:title") or html.unescape(heading[1] if heading else ""), CARD_TITLE)
    description = named.get("og:description") or named.get("description", "")
    image = _picture(url, named.get("og:image", ""))
    return LinkCard(url, title, _line(description, CARD_DESCRIPTION), image) if title else None


def _picture(url: str, told: str) -> str:
    """The web address of the picture, or empty: a page may write anything there."""
    picture = " ".join(told.split())
    try:
        address = urljoin(url, picture) if picture else ""
        return address if urlsplit(address).scheme in {"http", "https"} else ""
    except ValueError:
        return ""


def _line(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _charset(page: Answer) -> str:
    named = regex.search(r"charset=[\"']?([\w.:-]+)", page.headers.get("content-type", ""), regex.IGNORECASE)
    return named[1] if named else "utf-8"
