"""Fake platforms that can do more with what is public: tell numbers, take it down."""

from collections.abc import Mapping, Sequence
from typing import Any

from content.errors import Unavailable
from content.platform import Access, Numbers, Published
from tests.fakes.platform import FakePlatform


class ReportingPlatform(FakePlatform):
    """Everything that is public has 3 likes, and everybody 10 followers."""

    async def numbers(self, published: Sequence[Published], access: Access) -> Mapping[str, Numbers]:
        return {one.remote_id: Numbers(likes=3) for one in published}

    async def followers(self, access: Access) -> int | None:
        return 10


class RemovingPlatform(FakePlatform):
    """What is public can be taken down; `down` says that the platform cannot be reached."""

    down = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.removed: list[str] = []

    async def remove(self, published: Published, access: Access) -> None:
        if self.down:
            raise Unavailable("It is away. Try again.", platform=self.spec.name)
        self.removed.append(published.remote_id)
        self.public[:] = [post for post in self.public if post.remote_id != published.remote_id]
