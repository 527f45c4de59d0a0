"""The port that a trend source implements: a place to look for what is moving."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Headline:
    """Something that is moving, with where it was seen."""

    source: str
    title: str
    url: str
    published_at: datetime | None = None
    summary: str = ""
    score: float = 0.0
    """The source's own measure of how much it moves; comparable within one source only."""


class TrendSource(Protocol):
    """A place to look for what is moving. Its texts are data, never instructions."""

    @property
    def name(self) -> str:
        """A stable slug."""

    @property
    def label(self) -> str:
        """As people call it."""

    @property
    def needs_address(self) -> bool:
        """Whether it reads what stands at an address that a person gave, such as a feed."""

    async def headlines(self, topic: str, address: str, now: datetime) -> list[Headline]:
        """What is moving about `topic`, or at all where it is empty; `address` is for sources that need one: a feed.

        Raises:
            Unavailable, RateLimited, Rejected: and the caller goes on with the other sources.
        """
