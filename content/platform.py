"""The platform port: what a social platform must be able to do.

A platform is one file in `integrations/` that can *render* a post, *prepare* that rendering and *commit* it. `render`
is used for the preview, for the length counter and for publishing, so that what a person approves is what goes out.
Everything here is plain data: no rows, no clients, no chat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, runtime_checkable

from content.checkup import Finding
from content.errors import Problem

Json = Mapping[str, Any]
"""A JSON object: strings, numbers, booleans, lists and objects, nothing else. It is stored in a column."""


@dataclass(frozen=True)
class VideoLimits:
    """What the one video of a part must keep."""

    bytes: int
    types: frozenset[str]
    """Accepted media types, such as `video/mp4`."""
    shortest: timedelta
    longest: timedelta
    codecs: frozenset[str] = frozenset({"h264"})
    """Accepted ways to encode its pictures, by FFmpeg's names."""


@dataclass(frozen=True)
class Limits:
    """What a post on this platform must keep; the sources stand in the platform's module."""

    text: int
    """Longest text of one part, counted in `unit`."""
    unit: str
    """What is counted, in the plural, as a person reads it: “characters”, “graphemes”."""
    images: int
    """Most images in one part."""
    image_bytes: int
    image_types: frozenset[str]
    """Accepted media types, such as `image/png`."""
    alt_text: int
    """Longest description of one image, in characters."""
    text_bytes: int | None = None
    """Longest text of one part in UTF-8 bytes, where that is limited too."""
    video: VideoLimits | None = None
    """Of the video of a part, which stands alone there; None: no videos."""


@dataclass(frozen=True)
class Setting:
    """Something that whoever runs the desk may give a platform, as `COPYDESK_<PLATFORM>_<NAME>`."""

    name: str
    description: str
    default: str = ""
    secret: bool = False


@dataclass(frozen=True)
class Spec:
    """The facts about a platform that hold for every account on it."""

    name: str
    label: str
    limits: Limits
    repeat_safe: timedelta | None = None
    """How long after the first try the same commit with the same key certainly makes no second post; None: never."""
    needs_account: bool = True
    """False: it works with nothing to connect."""
    spacing: timedelta = timedelta(minutes=1)
    """Least time between two posts on one account, so that nothing looks like a burst."""
    daily_cap: int = 50
    """Most posts on one account in 24 hours."""
    settings: tuple[Setting, ...] = ()
    """What it can be given by whoever runs the desk."""


@dataclass(frozen=True)
class Access:
    """One connected account as its platform needs it: who we are there, what is known about it, and the login."""

    account_id: str
    platform: str
    remote_id: str
    handle: str
    """As people write it, without the leading @."""
    server: str
    """Base address such as `https://mastodon.example`, or empty where there is only one."""
    facts: Json = field(default_factory=dict)
    """Kept with the account, public: limits of the instance, preferred language …"""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    expires_at: datetime | None = None
    """When the login needs a refresh; None: never."""


@dataclass(frozen=True)
class Image:
    """A picture as a part uses it; the bytes are read through `MediaBytes`."""

    media_id: str
    sha256: str
    mime: str
    size: int
    """In bytes."""
    width: int
    height: int
    alt: str = ""
    name: str = ""  # the file name it came with, to name it in a sentence


@dataclass(frozen=True)
class Video:
    """A video as a part uses it; the bytes are read through `MediaBytes`."""

    media_id: str
    sha256: str
    mime: str
    size: int
    """In bytes."""
    width: int
    height: int
    seconds: float
    codec: str
    """How its pictures are encoded, by FFmpeg's name, such as `h264`."""
    alt: str = ""
    name: str = ""


@dataclass(frozen=True)
class PartContent:
    """What a person wants in one part of a post, before any platform has looked at it."""

    text: str
    images: tuple[Image, ...] = ()
    video: Video | None = None


@dataclass(frozen=True)
class Content:
    """What a person wants on one account: one part, or the parts of a thread in order."""

    parts: tuple[PartContent, ...]
    settings: Json = field(default_factory=dict)
    """Choices for this platform, such as a visibility."""
    resolved: Json = field(default_factory=dict)
    """What had to be looked up first, so that rendering stays pure: who a mention is, a link's card."""


@dataclass(frozen=True)
class Span:
    """A stretch of a part's text that the platform makes clickable; offsets count code points, end exclusive."""

    start: int
    end: int
    kind: Literal["link", "mention", "tag"]
    target: str
    """The address, the account's remote id, or the tag without #."""


@dataclass(frozen=True)
class LinkCard:
    """The preview of a link that some platforms want made by the client."""

    url: str
    title: str
    description: str = ""
    image: str = ""
    """The address of its picture, or empty."""
    image_sha256: str = ""
    """Of the picture that was there when the post was written: no other goes out in its place."""


@dataclass(frozen=True)
class RenderedPart:
    """One part exactly as it will go out, with its measure."""

    text: str
    length: int
    """In the limits' unit, counted as the platform counts."""
    spans: tuple[Span, ...] = ()
    images: tuple[Image, ...] = ()
    card: LinkCard | None = None
    video: Video | None = None
    cost_mills: int = 0
    """What the platform charges for publishing it, in thousandths of a US dollar."""


@dataclass(frozen=True)
class Rendering:
    """A post on one account exactly as it will go out."""

    platform: str
    label: str
    handle: str
    limits: Limits
    """Those of this account: an instance may have its own."""
    parts: tuple[RenderedPart, ...]
    settings: Json = field(default_factory=dict)
    later_parts: Literal["thread", "comments"] = "thread"
    """What the parts after the first become."""

    @property
    def cost_mills(self) -> int:
        """What the platform charges for all of it, in thousandths of a US dollar."""
        return sum(part.cost_mills for part in self.parts)


@dataclass(frozen=True)
class Prepared:
    """A rendering with everything uploaded; `handles`, stored before the commit, let us ask later what became of it."""

    rendering: Rendering
    access: Access
    handles: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Published:
    """One part that is public."""

    remote_id: str
    url: str = ""
    facts: Json = field(default_factory=dict)
    """What a reply, a count or a removal needs besides the id."""


@dataclass(frozen=True)
class Pending:
    """A part that the platform took and still works on; `Follows.follow` asks how far it is."""

    handles: Json


@dataclass(frozen=True)
class Absent:
    """Proof that a part never became public; a mere “not in the list” is no proof."""


class MediaBytes(Protocol):
    """Reads the bytes of pictures and videos."""

    async def read(self, media_id: str) -> bytes:
        """All of them; for pictures."""

    async def read_range(self, media_id: str, start: int, end: int) -> bytes:
        """Those from `start` up to but not with `end`; a video is never in memory as a whole."""


@runtime_checkable
class Platform(Protocol):
    """What every platform can do. It never retries by itself: the caller decides after each outcome.

    `prepare` and `commit` raise the five `PlatformError`s of `content/errors.py` and nothing else.
    """

    @property
    def spec(self) -> Spec:
        """The platform's facts."""

    def render(self, content: Content, access: Access) -> Rendering:
        """The post as it will go out. Pure."""

    def problems(self, rendering: Rendering) -> list[Problem]:
        """Why the platform would refuse this, naming the part, the rule, by how much, and the cure. Pure."""

    async def prepare(self, rendering: Rendering, access: Access, media: MediaBytes, handles: Json) -> Prepared:
        """Upload what the rendering needs. Nothing becomes public; may be repeated.

        `handles` are those of an earlier try, or empty; what they name is used again, above all any key of its own.
        """

    async def commit(
        self, prepared: Prepared, part: int, key: str, earlier: Sequence[Published]
    ) -> Published | Pending:
        """Make one part public: exactly one request, no retry. The only call that can.

        `part` counts from 0; `earlier` are the parts before it, which it replies to; `key` is the same in every try.
        """


@runtime_checkable
class Resolves(Protocol):
    """A platform that must look things up before it can render."""

    async def resolve(self, content: Content, access: Access) -> Json:
        """What `Content.resolved` should hold; things not found are left out, and stay plain text."""


@runtime_checkable
class Follows(Protocol):
    """A platform that works on a part after it took it."""

    async def follow(self, pending: Pending, access: Access) -> Published | Pending:
        """How far it is. Read only."""


@runtime_checkable
class Finds(Protocol):
    """A platform that can be asked whether a part went out."""

    def findable(self, access: Access) -> bool:
        """Whether it can be asked about this account, with this login: else a person is asked at once. Pure."""

    async def find(
        self, prepared: Prepared, part: int, key: str, since: datetime, earlier: Sequence[Published]
    ) -> Published | Absent | None:
        """The part, proof of its absence, or None where nobody can tell. Read only."""


@runtime_checkable
class Shows(Protocol):
    """A platform where an account has a page that anybody can look at."""

    def profile(self, access: Access) -> str:
        """The address of the account's page, where its newest posts stand; empty where it is not known. Pure."""


@dataclass(frozen=True)
class Numbers:
    """How a post did; None is “not told”, which is not 0."""

    likes: int | None = None
    replies: int | None = None
    reposts: int | None = None
    views: int | None = None


@runtime_checkable
class Reports(Protocol):
    """A platform that tells numbers."""

    async def numbers(self, published: Sequence[Published], access: Access) -> Mapping[str, Numbers]:
        """The numbers by remote id; what is gone is left out."""

    async def followers(self, access: Access) -> int | None:
        """How many follow the account."""


@runtime_checkable
class Removes(Protocol):
    """A platform where a public part can be removed."""

    async def remove(self, published: Published, access: Access) -> None:
        """Remove one part; it is no error when it is gone already."""


@runtime_checkable
class Examines(Protocol):
    """A platform that can look at how it is set up."""

    def examine(self) -> Sequence[Finding]:
        """What to know or to mend. Asks nobody."""
