"""A trend source that says what a test gives it."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from content.trends import Headline


@dataclass
class FakeSource:
    name: str = "gazette"
    titles: list[str] = field(default_factory=list)
    needs_address: bool = False
    trouble: Exception | None = None
    takes: float = 0.0
    """Seconds until it answers."""

    @property
    def label(self) -> str:
        return self.name.title()

    async def headlines(self, topic: str, address: str, now: datetime) -> list[Headline]:
        await asyncio.sleep(self.takes)
        if self.trouble:
            raise self.trouble
        return [
            Headline(self.name, title, f"https://news.example/{number}", now, "", 7.0)
            for number, title in enumerate(self.titles)
        ]
