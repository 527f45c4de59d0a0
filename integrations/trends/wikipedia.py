"""Wikipedia's most read articles: what people suddenly want to know.

Source: the `feed/featured` endpoint of the Wikimedia REST API (general knowledge, 2026-11-22): `mostread.articles` with
`title`, `views`, `extract` and `content_urls`; a day that is not counted yet is missing or 404. Wikimedia asks for a
User-Agent that says who calls: https://www.mediawiki.org/wiki/API:Etiquette
"""

from datetime import datetime, timedelta
from typing import Any

from content.trends import Headline
from integrations.http import Http
from integrations.trends.reading import amount, is_about, members, plain, web_address

SITE = "https://en.wikipedia.org"
DAYS_BACK = (1, 2)
MOST = 30


class Wikipedia:
    """Articles with their views of one day as score."""

    name = "wikipedia"
    label = "Wikipedia, most read"
    needs_address = False

    def __init__(self, http: Http, site: str = SITE) -> None:
        self._http = http
        self._site = site

    async def headlines(self, topic: str, address: str, now: datetime) -> list[Headline]:
        """The most read articles, or those of them about `topic`; `address` is not used.

        Raises:
            Unavailable, RateLimited, Rejected: nothing could be read.
        """
        for days in DAYS_BACK:
            articles = await self._most_read(now - timedelta(days=days))
            if articles:
                found = [self._headline(article) for article in articles if _is_article(article)]
                return [line for line in found if is_about(topic, line.title, line.summary)][:MOST]
        return []

    async def _most_read(self, day: datetime) -> list[dict[str, Any]]:
        url = f"{self._site}/api/rest_v1/feed/featured/{day:%Y/%m/%d}"
        answer = await self._http.ask(self.name, "GET", url, accept={404})
        if answer.status == 404:
            return []
        told = answer.json()
        return members(told.get("mostread") if isinstance(told, dict) else None, "articles")

    def _headline(self, article: dict[str, Any]) -> Headline:
        title = _title(article)
        desktop = _inside(_inside(article, "content_urls"), "desktop")
        return Headline(
            self.name,
            title,
            web_address(desktop.get("page"), f"{self._site}/wiki/{title.replace(' ', '_')}"),
            None,
            plain(article.get("extract")) or plain(article.get("description")),
            amount(article.get("views")),
        )


def _title(article: dict[str, Any]) -> str:
    return plain(article.get("normalizedtitle")) or plain(article.get("title")).replace("_", " ")


def _is_article(article: dict[str, Any]) -> bool:
    title = _title(article)
    return bool(title) and title != "Main Page" and not title.startswith("Special:")


def _inside(value: dict[str, Any], name: str) -> dict[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}
