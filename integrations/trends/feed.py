"""Any RSS or Atom feed whose address a person gave.

The bytes are fetched through the guard; the parser gets them as a stream, because it would take anything else for the
address or the file name of a feed and open that itself.
Source: feedparser 6.0.14, `api.py` (2026-11-22).
"""

import asyncio
from calendar import timegm
from datetime import datetime
from io import BytesIO
from typing import Any

import feedparser

from content.errors import Invalid, Problem, Rejected
from content.trends import Headline
from integrations.http import Answer, Http
from integrations.trends.reading import instant_of, is_about, plain, web_address

MOST = 30
_ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"


class Feed:
    """A feed's newest entries, in its own order and without a score."""

    name = "feed"
    label = "RSS or Atom feed"
    needs_address = True

    def __init__(self, http: Http) -> None:
        self._http = http

    async def headlines(self, topic: str, address: str, now: datetime) -> list[Headline]:
        """The entries of the feed at `address`, or those of them about `topic`.

        Raises:
            Invalid: no address, or one we don't go to.
            Unavailable, RateLimited, Rejected: nothing could be read, or it is no feed.
        """
        if not address.strip():
            fix = "Give the feed's address, such as https://example.org/feed.xml."
            raise Invalid("I need to know which feed to read.", [Problem("address", "it is missing.", fix)])
        answer = await self._http.fetch(self.name, address.strip(), headers={"accept": _ACCEPT})
        parsed = await asyncio.to_thread(_parsed, answer)
        if not parsed.version and not parsed.entries:
            cure = "Look for a link called RSS or Feed on that site and give me its address."
            raise Rejected(f"There is no feed at {answer.url.partition('?')[0][:200]}. {cure}", platform=self.name)
        found = [self._headline(entry, answer.url) for entry in parsed.entries]
        return [line for line in found if line.title and is_about(topic, line.title, line.summary)][:MOST]

    def _headline(self, entry: Any, address: str) -> Headline:
        summary = plain(entry.get("summary"))
        # Its own `get` answers for names that are not there, and warns of that.
        said_at = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
        return Headline(
            self.name,
            plain(entry.get("title")) or summary,
            web_address(entry.get("link"), address),
            instant_of(timegm(said_at)) if said_at else None,
            summary,
        )


def _parsed(answer: Answer) -> Any:
    kind = {"content-type": answer.headers.get("content-type", "")}
    stream = BytesIO(answer.body)
    return feedparser.parse(  # type: ignore[attr-defined, no-untyped-call]
        stream, response_headers=kind, sanitize_html=False, resolve_relative_uris=False
    )
