"""Trend sources: where to look for what is moving. Adding one is a file here and a word in `SOURCES`."""

from collections.abc import Callable, Mapping

from content.trends import TrendSource
from integrations.http import Http
from integrations.trends.feed import Feed
from integrations.trends.hackernews import HackerNews
from integrations.trends.wikipedia import Wikipedia

SOURCES: Mapping[str, Callable[[Http], TrendSource]] = {
    HackerNews.name: HackerNews,
    Wikipedia.name: Wikipedia,
    Feed.name: Feed,
}
"""The only list of them: how to make each, by name."""
