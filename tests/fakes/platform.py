"""A platform in memory that does as it is told: each commit follows a script, and `.public` holds what became public."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Any, Never

from content.connecting import Connected, Elsewhere, Field, Identity, Login
from content.errors import (
    Duplicate,
    Invalid,
    NeedsReconnect,
    NotFound,
    OutcomeUnknown,
    Problem,
    RateLimited,
    Rejected,
    Unavailable,
)
from content.platform import (
    Absent,
    Access,
    Content,
    Json,
    Limits,
    MediaBytes,
    Pending,
    Prepared,
    Published,
    RenderedPart,
    Rendering,
    Spec,
)
from content.problems import common_problems
from content.times import Clock


class Do(StrEnum):
    """What one call shall come to."""

    PUBLISH = auto()
    REFUSE = auto()
    LIMIT = auto()
    BE_DOWN = auto()
    LOSE_BEFORE = auto()  # the request never arrived, but nobody can know that
    LOSE_AFTER = auto()  # it is public, and the answer is lost
    BREAK_BEFORE = auto()  # a bug in the adapter
    BREAK_AFTER = auto()
    PEND = auto()
    EXPIRE = auto()
    NEVER_GO = auto()  # an address the guard does not let us go to
    HANG_BEFORE = auto()  # until `resume` is set, or the worker dies
    HANG_AFTER = auto()
    LACK_PICTURE = auto()
    KNOW_AND_SEE = auto()  # it has exactly this already, and could look it up
    KNOW = auto()  # it names the one it has, and nobody can look
    KNOW_VAGUELY = auto()  # it says that it has one, not which


GOES_OUT = frozenset({Do.PUBLISH, Do.LOSE_AFTER, Do.BREAK_AFTER, Do.HANG_AFTER})


@dataclass(frozen=True)
class PublicPost:
    remote_id: str
    account_id: str
    text: str
    key: str
    alts: tuple[str, ...]
    reply_to: str
    at: datetime


class BarePlatform:
    """The port, and nothing optional."""

    def __init__(
        self,
        clock: Clock,
        name: str = "fake",
        *,
        limit: int = 100,
        repeat_safe: timedelta | None = None,
        spacing: timedelta = timedelta(0),
        daily_cap: int = 1000,
        needs_account: bool = True,
        text_bytes: int | None = None,
    ) -> None:
        limits = Limits(
            text=limit,
            unit="characters",
            images=4,
            image_bytes=1_000_000,
            image_types=frozenset({"image/png", "image/jpeg"}),
            alt_text=50,
            text_bytes=text_bytes,
        )
        self._spec = Spec(name, name.capitalize(), limits, repeat_safe, needs_account, spacing, daily_cap)
        self.clock = clock
        self.limit_for = timedelta(minutes=7)
        """How long it takes no more after `Do.LIMIT`."""
        self.cost_mills = 0
        """What it charges for a part."""
        self.public: list[PublicPost] = []
        self.script: deque[Do] = deque()
        """What the next commits do; afterwards they publish."""
        self.preparing: deque[Do] = deque()
        """What the next preparations do; afterwards they succeed."""
        self.keys: list[str] = []
        """The key of every commit that was asked for."""
        self.handed: list[Json] = []
        """The handles of an earlier try that every preparation got."""
        self.reached = asyncio.Event()
        self.resume = asyncio.Event()
        self.then = Do.PUBLISH
        """What a call does after it hung."""

    @property
    def spec(self) -> Spec:
        return self._spec

    @property
    def texts(self) -> list[str]:
        return [post.text for post in self.public]

    def render(self, content: Content, access: Access) -> Rendering:
        parts = tuple(
            RenderedPart(one.text, len(one.text), images=one.images, video=one.video, cost_mills=self.cost_mills)
            for one in content.parts
        )
        limits = replace(self._spec.limits, text=int(access.facts.get("text_limit", self._spec.limits.text)))
        return Rendering(self._spec.name, self._spec.label, access.handle, limits, parts, dict(content.settings))

    def problems(self, rendering: Rendering) -> list[Problem]:
        return common_problems(rendering)

    async def prepare(self, rendering: Rendering, access: Access, media: MediaBytes, handles: Json) -> Prepared:
        self.handed.append(handles)
        for part in rendering.parts:
            for image in part.images:
                await media.read(image.media_id)
        do = self.preparing.popleft() if self.preparing else Do.PUBLISH
        if do is Do.HANG_BEFORE:
            do = await self._hang()
        if do is not Do.PUBLISH:
            self._fail(do)
        return Prepared(rendering, access, dict(handles) or {"upload": f"upload {len(self.handed)}"})

    async def commit(
        self, prepared: Prepared, part: int, key: str, earlier: Sequence[Published]
    ) -> Published | Pending:
        self.keys.append(key)
        do = self.script.popleft() if self.script else Do.PUBLISH
        if do is Do.HANG_BEFORE:
            do = await self._hang()
        if do is Do.PEND:
            return Pending({"container": key})
        if do in (Do.KNOW_AND_SEE, Do.KNOW, Do.KNOW_VAGUELY):
            raise self._duplicate(do, prepared.rendering.parts[part].text)
        if do not in GOES_OUT:
            self._fail(do)
        post = self._go_out(prepared, part, key, earlier)
        if do is Do.HANG_AFTER:
            await self._hang()
        elif do in (Do.LOSE_AFTER, Do.BREAK_AFTER):
            self._fail(do)
        return Published(post.remote_id, f"https://fake.example/{post.remote_id}", {"seen": True})

    def _go_out(self, prepared: Prepared, part: int, key: str, earlier: Sequence[Published]) -> PublicPost:
        known = self.by_key(key)
        window = self._spec.repeat_safe
        if known is not None and window is not None and self.clock.now() - known.at < window:
            return known
        rendered = prepared.rendering.parts[part]
        post = PublicPost(
            remote_id=f"remote-{len(self.public) + 1}",
            account_id=prepared.access.account_id,
            text=rendered.text,
            key=key,
            alts=tuple(image.alt for image in rendered.images),
            reply_to=earlier[-1].remote_id if earlier else "",
            at=self.clock.now(),
        )
        self.public.append(post)
        return post

    def _duplicate(self, do: Do, text: str) -> Duplicate:
        there = next((one.remote_id for one in self.public if one.text == text), "elsewhere-1")
        known = "" if do is Do.KNOW_VAGUELY else there
        url = f"https://fake.example/{known}" if known else ""
        msg = "It has exactly this already. Change the words."
        return Duplicate(
            msg,
            platform=self._spec.name,
            remote_id=known,
            url=url,
            posted_at=self._posted_at(known) if do is Do.KNOW_AND_SEE else None,
        )

    def _posted_at(self, remote_id: str) -> datetime:
        return next((one.at for one in self.public if one.remote_id == remote_id), self.clock.now())

    def by_key(self, key: str) -> PublicPost | None:
        return next((post for post in self.public if post.key == key), None)

    async def _hang(self) -> Do:
        self.reached.set()
        await self.resume.wait()
        return self.then

    def _fail(self, do: Do) -> Never:
        name = self._spec.name
        errors: dict[Do, Exception] = {
            Do.REFUSE: Rejected("It says no. Change the words.", platform=name),
            Do.LIMIT: RateLimited("Too many.", platform=name, until=self.clock.now() + self.limit_for),
            Do.BE_DOWN: Unavailable("It is down. Try later.", platform=name),
            Do.EXPIRE: NeedsReconnect("It refuses the login. Connect again.", platform=name),
            Do.NEVER_GO: Invalid("We do not go to that address."),
            Do.LACK_PICTURE: NotFound("This picture is gone. Send it again."),
            Do.BREAK_BEFORE: RuntimeError("a bug"),
            Do.BREAK_AFTER: RuntimeError("a bug"),
        }
        raise errors.get(do, OutcomeUnknown("No answer came.", platform=name))


class FakePlatform(BarePlatform):
    """A platform with accounts; a login is a number that a refresh counts up."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.elsewhere = False
        self.asks_nothing = False
        self.missing: tuple[str, ...] = ()
        """What whoever runs the desk must do before anybody can connect."""
        self.reaches: tuple[str, ...] = ()
        """Pages that a login made elsewhere reaches besides the person's own account."""
        self.finishing: deque[Do] = deque()
        self.first = 1
        """The number of a login that is made now."""
        self.lasts: timedelta | None = None
        """How long a login is good for."""
        self.ends: timedelta | None = None
        """After how long only the person can renew a login."""
        self.refreshing: deque[Do] = deque()
        self.refreshes = 0
        self.revoked: list[str] = []
        self.revoking: deque[Do] = deque()

    def profile(self, access: Access) -> str:
        return f"https://fake.example/{access.handle}"

    def setup(self, callback_url: str) -> Sequence[str]:
        return self.missing

    def form(self) -> tuple[Field, ...]:
        if not self._spec.needs_account or self.asks_nothing:
            return ()
        return (Field("user", "Your name there"), Field("note", "Anything else", required=False))

    async def start(self, given: Mapping[str, str], callback_url: str, state: str) -> Connected | Elsewhere:
        if self.elsewhere:
            asks = ("post for you", "see who you are")
            return Elsewhere(f"https://fake.example/login?state={state}", {"user": given.get("user", "ann")}, asks)
        return self._connected(given.get("user", self._spec.name))

    async def finish(
        self, keep: Mapping[str, str], answer: Mapping[str, str], callback_url: str
    ) -> Sequence[Connected]:
        do = self.finishing.popleft() if self.finishing else Do.PUBLISH
        if do is Do.HANG_BEFORE:
            do = await self._hang()
        if do is not Do.PUBLISH:
            self._fail(do)
        if answer.get("code") != "good":
            raise Rejected("It did not let you in. Try again.", platform=self._spec.name)
        pages = [self._connected(page, "page") for page in self.reaches]
        return [] if keep["user"] == "nobody" else [self._connected(keep["user"]), *pages]

    async def check(self, access: Access) -> Connected:
        return self._connected(access.handle)

    async def refresh(self, access: Access) -> Login:
        self.refreshes += 1
        await asyncio.sleep(0)
        if self.refreshing:
            self._fail(self.refreshing.popleft())
        return self._login(int(access.secrets["token"]) + 1)

    async def revoke(self, access: Access) -> None:
        if self.revoking:
            self._fail(self.revoking.popleft())
        self.revoked.append(access.secrets["token"])

    def _connected(self, user: str, kind: str = "") -> Connected:
        identity = Identity(f"id-{user}", user, user.capitalize(), "https://fake.example", kind)
        return Connected(identity, self._login(self.first), {"lang": "en"}, ("read", "write"))

    def _login(self, number: int) -> Login:
        expires = None if self.lasts is None else self.clock.now() + self.lasts
        ends = None if self.ends is None else self.clock.now() + self.ends
        return Login({"token": str(number)}, expires, ends)


class FindingPlatform(FakePlatform):
    """It can be asked whether a part went out; `answers` says how well."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.answers: deque[Do] = deque()
        """REFUSE: it cannot tell. BE_DOWN, BREAK_BEFORE: as elsewhere. HANG_BEFORE: waits. Afterwards: the truth."""
        self.asked = 0
        self.readable = True
        self.confused = False
        """Whether it takes its first post for each that it is asked about."""

    def findable(self, access: Access) -> bool:
        return self.readable

    async def find(
        self, prepared: Prepared, part: int, key: str, since: datetime, earlier: Sequence[Published]
    ) -> Published | Absent | None:
        self.asked += 1
        do = self.answers.popleft() if self.answers else Do.PUBLISH
        if do is Do.HANG_BEFORE:
            do = await self._hang()
        if do is Do.REFUSE:
            return None
        if do is not Do.PUBLISH:
            self._fail(do)
        post = self.public[0] if self.confused else self.by_key(key)
        return Absent() if post is None else Published(post.remote_id, f"https://fake.example/{post.remote_id}")


class FollowingPlatform(FakePlatform):
    """It may work on a part after it took it; `working` says how its following answers go."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.working: deque[Do] = deque()

    async def follow(self, pending: Pending, access: Access) -> Published | Pending:
        do = self.working.popleft() if self.working else Do.PUBLISH
        if do is Do.PEND:
            return pending
        if do is Do.HANG_BEFORE:
            do = await self._hang()
        if do is not Do.PUBLISH:
            self._fail(do)
        key = pending.handles["container"]
        post = PublicPost("made-" + key, access.account_id, "", key, (), "", self.clock.now())
        self.public.append(post)
        return Published(post.remote_id)


class ResolvingPlatform(FakePlatform):
    """It looks mentions up before it can render."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.unreachable = False

    async def resolve(self, content: Content, access: Access) -> Json:
        if self.unreachable:
            raise Unavailable("It is down.", platform=self._spec.name)
        words = [word for part in content.parts for word in part.text.split() if word.startswith("@")]
        return {word: f"id of {word}" for word in words}
