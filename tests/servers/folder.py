"""The folder platform's other side: whoever looks into the folder."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from starlette.responses import Response
from starlette.types import ASGIApp

from content.platform import Platform
from content.times import Clock
from integrations import PLATFORMS, Deps
from tests.servers.faults import Faults
from tests.servers.platform import Post


class FolderServer:
    commit_route: ClassVar[str] = ""
    logins: ClassVar[bool] = False
    clickable: ClassVar[str] = "Nothing in a file is clickable: https://example.org #tag"
    kinds: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, clock: Clock) -> None:
        self.url = ""
        self.faults = Faults()
        self._folder: Path | None = None

    @property
    def app(self) -> ASGIApp:
        return Response(status_code=404)

    def platform(self, deps: Deps) -> Platform:
        self._folder = deps.folder
        return PLATFORMS["folder"](deps)

    def form(self, *, right: bool = True) -> Mapping[str, str]:
        return {}

    async def walk(self, url: str, *, allow: bool = True) -> Mapping[str, str]:
        raise AssertionError("nobody is sent anywhere")

    def lose_login(self) -> None:
        raise AssertionError("there is none")

    def posts(self) -> Sequence[Post]:
        assert self._folder is not None
        shown = [path for path in self._folder.rglob("post.json") if path.relative_to(self._folder).parts[0][0] != "."]
        posts = []
        for path in sorted(shown):
            told = json.loads(path.read_text())
            where = path.parent.relative_to(self._folder)
            number = int(where.name) if len(where.parts) == 2 else 1
            posts.append(
                Post(
                    remote_id=where.as_posix(),
                    text=told["text"],
                    images=tuple((_digest(path.parent / image["file"]), image["alt"]) for image in told["images"]),
                    reply_to=f"{where.parent}/{number - 1}" if number > 1 else None,
                )
            )
        return posts


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
