"""Hacker News through Algolia's search: what is on the front page, or what a topic's best stories of the week are.

Source: algolia/hn-search, `Api.tsx` (2026-11-22): `search` and its `tags`, `numericFilters` and `hitsPerPage`; tags are
ANDed; `front_page` means now. About 10,000 requests an hour are allowed from one address (unconfirmed).
"""

from datetime import datetime, timedelta
from typing import Any

from content.trends import Headline
from integrations.http import Http
from integrations.trends.reading import amount, instant_of, members, plain, web_address

SEARCH = "https://hn.algolia.com/api/v1"
ITEM = "https://news.ycombinator.com/item?id="
LOOK_BACK = timedelta(days=7)
LEAST_POINTS = 5
MOST = 30
LONGEST_TOPIC = 200


class HackerNews:
    """Stories with their points as score."""

    name = "hackernews"
    label = "Hacker News"
    needs_address = False

    def __init__(self, http: Http, search: str = SEARCH) -> None:
        self._http = http
        self._search = search

    async def headlines(self, topic: str, address: str, now: datetime) -> list[Headline]:
        """The front page, or the most relevant stories of the last week about `topic`; `address` is not used.

        Raises:
            Unavailable, RateLimited, Rejected: nothing could be read.
        """
        asked: dict[str, str | int] = {"tags": "front_page", "hitsPerPage": MOST}
        if topic.strip():
            since = int((now - LOOK_BACK).timestamp())
            asked |= {"tags": "story", "query": topic.strip()[:LONGEST_TOPIC]}
            asked |= {"numericFilters": f"created_at_i>{since},points>={LEAST_POINTS}"}
        answer = await self._http.ask(self.name, "GET", f"{self._search}/search", params=asked)
        return [self._headline(hit) for hit in members(answer.json(), "hits") if plain(hit.get("title"))]

    def _headline(self, hit: dict[str, Any]) -> Headline:
        points, comments = amount(hit.get("points")), amount(hit.get("num_comments"))
        return Headline(
            self.name,
            plain(hit["title"]),
            web_address(hit.get("url"), ITEM + plain(hit.get("objectID"))),
            instant_of(hit.get("created_at_i")),
            plain(hit.get("story_text")) or f"{points:.0f} points, {comments:.0f} comments",
            points,
        )
