"""A platform that publishes into a folder of the operator's: for the first run, for development, for people to copy from.

A post becomes a folder such as `2026-11-23 0800 good-morning-1f3a9c0b72de` with `post.md`, its images and `post.json`; a
thread holds one such set per part in `1`, `2` …. A set is written under `.prepared` and appears by one rename, so that
a crash leaves all of it or nothing; what is deleted goes to `.removed`. Only whole sets carry their key, so whether a
part went out can always be told, and a repeat with the same key finds what is there.
"""

import asyncio
import hashlib
import json
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from content.connecting import Connected, Field, Identity, Login
from content.errors import OutcomeUnknown, Problem, Unavailable
from content.platform import (
    Absent,
    Access,
    Content,
    Image,
    Json,
    Limits,
    MediaBytes,
    PartContent,
    Prepared,
    Published,
    RenderedPart,
    Rendering,
    Spec,
)
from content.problems import common_problems
from content.times import Clock

SPEC = Spec(
    name="folder",
    label="Folder",
    limits=Limits(
        text=10_000,
        unit="characters",
        images=10,
        image_bytes=20_000_000,
        image_types=frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"}),
        alt_text=2_000,
    ),
    repeat_safe=timedelta(days=3650),
    needs_account=False,
    spacing=timedelta(0),
    daily_cap=1_000,
)

Move = Callable[[Path, Path], None]


def move_durably(source: Path, target: Path) -> None:
    """Rename a folder, and see to it that a power cut does not undo it."""
    source.rename(target)
    _sync(target.parent)


@dataclass(frozen=True)
class _Place:
    """Where a part's set is or will be: in a folder named after `key`, or in that of its thread, which is `post`."""

    key: str
    number: int | None
    """The part's number from 1, or None for a post of one part."""
    post: str

    @property
    def mark(self) -> str:
        """What the name of the post's folder ends with."""
        return "-" + hashlib.sha256(self.key.encode()).hexdigest()[:12]

    def posts(self, root: Path) -> Iterator[Path]:
        """The folders under `root` that may hold the part."""
        for path in root.iterdir():
            if path.name == self.post or (not self.post and path.name.endswith(self.mark)):
                yield path

    def inside(self, post: Path) -> Path:
        """The part's set within its post's folder."""
        return post if self.number is None else post / str(self.number)


class Folder:
    """Publishes into one folder."""

    def __init__(self, folder: Path, clock: Clock, move: Move = move_durably) -> None:
        self._folder = folder.absolute()
        self._prepared = self._folder / ".prepared"
        self._removed = self._folder / ".removed"
        self._clock = clock
        self._move = move

    @property
    def spec(self) -> Spec:
        """The platform's facts."""
        return SPEC

    # what will go out

    def render(self, content: Content, access: Access) -> Rendering:
        """The texts in NFC with plain line ends; nothing in a file is clickable."""
        parts = tuple(_rendered(part) for part in content.parts)
        return Rendering(SPEC.name, SPEC.label, access.handle, SPEC.limits, parts, settings=content.settings)

    def problems(self, rendering: Rendering) -> list[Problem]:
        """What goes beyond the limits."""
        return common_problems(rendering)

    # publishing

    async def prepare(self, rendering: Rendering, access: Access, media: MediaBytes, handles: Json) -> Prepared:
        """Write texts and images where they are not seen yet."""
        staged = self._prepared / handles.get("staged", secrets.token_hex(8))
        for number, part in enumerate(rendering.parts):
            images = [await media.read(image.media_id) for image in part.images]
            try:
                await asyncio.to_thread(_write_set, staged / str(number), part, images)
            except OSError as broken:
                raise self._unavailable(broken) from broken
        return Prepared(rendering, access, {"staged": staged.name})

    async def commit(self, prepared: Prepared, part: int, key: str, earlier: Sequence[Published]) -> Published:
        """Make one part appear; where it is there already, that one."""
        return await asyncio.to_thread(self._commit, prepared, part, _place(prepared, part, key, earlier))

    def findable(self, access: Access) -> bool:
        """Every account's own posts can be read."""
        return True

    async def find(
        self, prepared: Prepared, part: int, key: str, since: datetime, earlier: Sequence[Published]
    ) -> Published | Absent | None:
        """The part or proof of its absence; None only where the folder cannot be read."""
        try:
            return await asyncio.to_thread(self._find, _place(prepared, part, key, earlier)) or Absent()
        except (OSError, ValueError):
            return None

    # connecting

    def setup(self, callback_url: str) -> Sequence[str]:
        """Nothing: it works as it is."""
        return ()

    def form(self) -> tuple[Field, ...]:
        """Nothing to ask: the operator has chosen the folder."""
        return ()

    async def start(self, given: Mapping[str, str], callback_url: str, state: str) -> Connected:
        """Make the folder and see whether we may write in it."""
        try:
            await asyncio.to_thread(self._prepared.mkdir, parents=True, exist_ok=True)
        except OSError as broken:
            raise self._unavailable(broken) from broken
        return Connected(Identity(str(self._folder), self._folder.name), Login({}))

    async def finish(
        self, keep: Mapping[str, str], answer: Mapping[str, str], callback_url: str
    ) -> Sequence[Connected]:
        """The same as `start`: nobody is ever sent elsewhere."""
        return [await self.start({}, callback_url, "")]

    async def check(self, access: Access) -> Connected:
        """The same as `start`."""
        return await self.start({}, "", "")

    async def refresh(self, access: Access) -> Login:
        """There is no login."""
        return Login({})

    async def revoke(self, access: Access) -> None:
        """There is no login."""

    # afterwards

    async def remove(self, published: Published, access: Access) -> None:
        """Move one part to `.removed`."""
        try:
            await asyncio.to_thread(self._remove, published.remote_id)
        except OSError as broken:
            raise self._unavailable(broken) from broken

    # files

    def _commit(self, prepared: Prepared, part: int, place: _Place) -> Published:
        staged = self._prepared / prepared.handles["staged"]
        published = self._publish(staged / str(part), prepared.rendering, part, place)
        if part + 1 == len(prepared.rendering.parts):
            shutil.rmtree(staged, ignore_errors=True)
        return published

    def _publish(self, source: Path, rendering: Rendering, part: int, place: _Place) -> Published:
        try:
            present = self._find(place)
            if present is not None:
                return present
            target = self._target(rendering.parts[0].text, place)
            told = _told(rendering.handle, rendering.parts[part], place.key, self._clock.now())
            _write(source / "post.json", json.dumps(told, ensure_ascii=False, indent=2).encode())
            _sync(source)
        except (OSError, ValueError) as broken:
            raise self._unavailable(broken) from broken
        return self._appear(source, target, place)

    def _appear(self, source: Path, target: Path, place: _Place) -> Published:
        try:
            self._move(source, target)
            return self._published(self._folder, target)
        except OSError as broken:
            try:
                present = self._find(place)
            except (OSError, ValueError) as unreadable:
                msg = f"The folder {self._folder} broke while I wrote to it. Look there before you send it again."
                raise OutcomeUnknown(msg, platform=SPEC.name) from unreadable
            if present is None:
                raise self._unavailable(broken) from broken
            return present

    def _find(self, place: _Place) -> Published | None:
        """The part, shown or removed; raises where that cannot be told."""
        for root in (self._folder, self._removed):
            if root == self._removed and not root.exists():
                continue
            for post in place.posts(root):
                there = place.inside(post)
                if _key(there) == place.key:
                    return self._published(root, there)
        return None

    def _published(self, root: Path, there: Path) -> Published:
        return Published(there.relative_to(root).as_posix(), (there / "post.md").as_uri())

    def _target(self, first_words: str, place: _Place) -> Path:
        post = next(place.posts(self._folder), None)
        if post is None:
            post = self._folder / f"{self._clock.now():%Y-%m-%d %H%M} {_slug(first_words)}{place.mark}"
        if place.number is not None:
            post.mkdir(exist_ok=True)
        return place.inside(post)

    def _remove(self, remote_id: str) -> None:
        shown, removed = self._folder / remote_id, self._removed / remote_id
        if not shown.exists():
            return
        removed.parent.mkdir(parents=True, exist_ok=True)
        self._move(shown, removed)
        if shown.parent != self._folder:
            with suppress(OSError):  # other parts are still there
                shown.parent.rmdir()

    def _unavailable(self, broken: Exception) -> Unavailable:
        why = broken.strerror if isinstance(broken, OSError) else "a file in it cannot be read"
        msg = f"I can't use the folder {self._folder} ({why}). See that it exists, is ours to write and has room."
        return Unavailable(msg, platform=SPEC.name)


def _rendered(part: PartContent) -> RenderedPart:
    plain = unicodedata.normalize("NFC", part.text.replace("\r\n", "\n").replace("\r", "\n")).strip()
    return RenderedPart(plain, len(plain), images=part.images, video=part.video)


def _place(prepared: Prepared, part: int, key: str, earlier: Sequence[Published]) -> _Place:
    threaded = len(prepared.rendering.parts) > 1
    post = earlier[0].remote_id.partition("/")[0] if earlier else ""
    return _Place(key, part + 1 if threaded else None, post)


def _slug(text: str) -> str:
    """The first words of a text, as a name that every file system takes."""
    words = re.findall(r"[^\W_]+", text.lower())
    return "-".join(words)[:40].strip("-") or "post"


def _write_set(directory: Path, part: RenderedPart, images: Sequence[bytes]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    shown = [part.text]
    for image, data in zip(_named(part.images), images, strict=True):
        _write(directory / image["file"], data)
        alt = re.sub(r"([\\\[\]])", r"\\\1", " ".join(image["alt"].split()))
        shown.append(f"![{alt}]({image['file']})")
    _write(directory / "post.md", "\n\n".join(shown).encode() + b"\n")


def _named(images: Sequence[Image]) -> list[dict[str, str]]:
    return [
        {"file": f"image-{number}.{image.mime.removeprefix('image/')}", "alt": image.alt, "sha256": image.sha256}
        for number, image in enumerate(images, 1)
    ]


def _told(handle: str, part: RenderedPart, key: str, now: datetime) -> dict[str, Any]:
    return {
        "key": key,
        "account": handle,
        "text": part.text,
        "images": _named(part.images),
        "published_at": now.isoformat(),
    }


def _key(there: Path) -> str | None:
    """The key of the set in a folder, or None where there is no set."""
    try:
        told = json.loads((there / "post.json").read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    return told.get("key") if isinstance(told, dict) else None


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
