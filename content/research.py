"""Research: what is moving, asked of every trend source side by side, and kept with where and when it was seen.

What comes in is data from strangers. It is stored and shown, never followed.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, zip_longest

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from content.database import Database
from content.errors import ContentError, Invalid, NotFound, Problem, Rejected
from content.ids import new_id
from content.models import Feed, Finding
from content.people import Actor
from content.times import Clock
from content.trends import Headline, TrendSource

log = logging.getLogger(__name__)

ANSWER_WITHIN = timedelta(seconds=15)
LONGEST_ADDRESS = 500
"""Characters of a feed's address."""
LONGEST_URL = 1_000
"""Characters of a headline's address; a longer one could not be kept whole, so it is left out."""
LONGEST_TOPIC = 60
MOST_FEEDS = 20
"""Feeds a workspace watches at a time: each is asked at every look."""


@dataclass(frozen=True)
class FindingView:
    """Something that was found, with where and when."""

    id: str
    title: str
    url: str
    source: str
    """As people call it."""
    published_at: datetime | None
    found_at: datetime
    summary: str
    topic: str = ""
    """What was looked for; empty: anything."""

    @property
    def day(self) -> str:
        """When it was published, or else found: “22 Nov”."""
        return f"{self.published_at or self.found_at:%-d %b}"


@dataclass(frozen=True)
class Found:
    """What a look brought: every source's first, then every source's second, and so on; and who did not answer."""

    topic: str
    """The topic as it is kept, for `recent`."""
    headlines: list[FindingView]
    missed: list[str]
    """One sentence a source that could not be read."""


@dataclass(frozen=True)
class _Asked:
    """One source's answer; with `error`, there is none."""

    address: str
    headlines: Sequence[Headline] = ()
    missed: str = ""
    error: Exception | None = None


class Research:
    """Looking for what is worth a post."""

    def __init__(
        self, db: Database, clock: Clock, sources: Mapping[str, TrendSource], within: timedelta = ANSWER_WITHIN
    ) -> None:
        self._db = db
        self._clock = clock
        self._sources = sources
        self._within = within

    async def look(self, actor: Actor, topic: str = "", feed: str = "") -> Found:
        """Ask every source and every watched feed at once about a topic, or about anything for none.

        A `feed` address that a member gives is asked too, and watched from then on unless it proves to be no feed.
        Sources that fail are named in `missed` and hide no other.

        Raises:
            Invalid: `feed` is no address, or 20 are watched already.
        """
        actor.require("draft" if feed.strip() else "read")
        given = _address(feed) if feed.strip() else ""
        topic = " ".join(topic.split())[:LONGEST_TOPIC]
        feeds = await self.watched(actor.workspace_id)
        if given and given not in feeds:
            _refuse_too_many(feeds)
            feeds = [*feeds, given]
        asked = await asyncio.gather(
            *(
                self._ask(source, topic, address)
                for source in self._sources.values()
                for address in (feeds if source.needs_address else [""])
            )
        )
        refused = any(one.address == given and isinstance(one.error, Rejected | Invalid) for one in asked)
        async with self._db.writing() as session:
            if given and not refused:
                await self._watch(session, actor, given)
            kept = await self._keep(session, actor, topic, _in_turns(asked))
        return Found(topic, [self._view(row) for row in kept], [one.missed for one in asked if one.missed])

    async def _ask(self, source: TrendSource, topic: str, address: str) -> _Asked:
        who = f"{source.label} ({address})" if address else source.label
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                return _Asked(address, await source.headlines(topic, address, self._clock.now()))
        except ContentError as error:
            return _Asked(address, missed=f"{who}: {error.message}", error=error)
        except TimeoutError as error:
            seconds = self._within.total_seconds()
            return _Asked(address, missed=f"{who} did not answer within {seconds:g} s. Ask again later.", error=error)
        except Exception as error:
            log.exception("source.broke", extra={"source": source.name})
            missed = (
                f"{who} could not be read because of a fault in the desk, which is in its log. The others were asked."
            )
            return _Asked(address, missed=missed, error=error)

    async def _keep(self, session: AsyncSession, actor: Actor, topic: str, lines: Sequence[Headline]) -> list[Finding]:
        """One row an address: what is seen again shows the newest."""
        mine = Finding.workspace_id == actor.workspace_id
        known = await session.scalars(select(Finding).where(mine, Finding.url.in_([line.url for line in lines])))
        rows = {row.url: row for row in known}
        for line in lines:
            row = rows.setdefault(
                line.url, Finding(id=new_id("finding"), workspace_id=actor.workspace_id, url=line.url)
            )
            row.topic, row.source, row.title, row.summary = topic, line.source, line.title, line.summary
            row.score, row.published_at, row.found_at = line.score, line.published_at, self._clock.now()
            session.add(row)
        return [rows[line.url] for line in lines]

    async def recent(self, workspace_id: str, limit: int = 20, topic: str = "") -> list[FindingView]:
        """What was found last, newest look first; about anything, or only when this topic was looked for."""
        about = [Finding.topic == topic] if topic else []
        async with self._db.reading() as session:
            rows = await session.scalars(
                select(Finding)
                .where(Finding.workspace_id == workspace_id, *about)
                .order_by(Finding.found_at.desc(), Finding.score.desc(), Finding.id)
                .limit(limit)
            )
            return [self._view(row) for row in rows.all()]

    async def watch(self, actor: Actor, address: str) -> list[str]:
        """Ask this feed at every look from now on; returns all that are watched.

        Raises:
            Invalid: it is no address, or 20 are watched already.
        """
        actor.require("draft")
        wanted = _address(address)
        feeds = await self.watched(actor.workspace_id)
        if wanted not in feeds:
            _refuse_too_many(feeds)
        async with self._db.writing() as session:
            await self._watch(session, actor, wanted)
        return await self.watched(actor.workspace_id)

    async def unwatch(self, actor: Actor, address: str) -> list[str]:
        """Ask this feed no longer; returns those that still are watched.

        Raises:
            NotFound: it is not watched.
        """
        actor.require("draft")
        async with self._db.writing() as session:
            gone = await session.execute(
                delete(Feed)
                .where(Feed.workspace_id == actor.workspace_id, Feed.address == address.strip())
                .returning(Feed.id)
            )
            found = gone.first()
        if found is None:
            raise NotFound("This feed is not watched here. Write its address as it stands in the list of feeds.")
        return await self.watched(actor.workspace_id)

    async def watched(self, workspace_id: str) -> list[str]:
        """The addresses of the feeds that are asked at every look, oldest first."""
        async with self._db.reading() as session:
            rows = await session.scalars(
                select(Feed.address).where(Feed.workspace_id == workspace_id).order_by(Feed.created_at, Feed.id)
            )
            return list(rows.all())

    async def _watch(self, session: AsyncSession, actor: Actor, address: str) -> None:
        same = select(Feed.id).where(Feed.workspace_id == actor.workspace_id, Feed.address == address)
        if await session.scalar(same) is None:
            session.add(
                Feed(
                    id=new_id("feed"),
                    workspace_id=actor.workspace_id,
                    address=address,
                    created_at=self._clock.now(),
                )
            )

    def _view(self, row: Finding) -> FindingView:
        source = self._sources.get(row.source)
        label = source.label if source else row.source
        return FindingView(row.id, row.title, row.url, label, row.published_at, row.found_at, row.summary, row.topic)


def _in_turns(asked: Sequence[_Asked]) -> list[Headline]:
    """One from each source in turn, since scores of two sources mean nothing to each other; an address only once."""
    first: dict[str, Headline] = {}
    for line in chain.from_iterable(zip_longest(*(one.headlines for one in asked))):
        if line is not None and 0 < len(line.url) <= LONGEST_URL:
            first.setdefault(line.url, line)
    return list(first.values())


def _address(given: str) -> str:
    address = given.strip()
    if not address.lower().startswith(("http://", "https://")) or len(address) > LONGEST_ADDRESS:
        what = f"it must begin with https:// and have at most {LONGEST_ADDRESS} characters."
        raise Invalid(
            "I can't read a feed there.", [Problem("feed", what, "Give it like https://example.org/feed.xml.")]
        )
    return address


def _refuse_too_many(feeds: Sequence[str]) -> None:
    if len(feeds) >= MOST_FEEDS:
        raise Invalid(f"{MOST_FEEDS} feeds are watched already, so this one was not read. Stop watching one first.")
