"""The platform port: what a social platform must be able to do.

A platform is one file in `integrations/` that can *render* a post, *prepare* that rendering and *commit* it. `render`
is used for the preview, for the length counter and for publishing, so that what a person approves is what goes out.
Everything here is plain data: no rows, no clients, no chat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, runtime_checkable

from content.errors import Problem

Json = Mapping[str, Any]
"""A JSON object: strings, numbers, booleans, lists and objects, nothing else. It is stored in a column."""


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
class PartContent:
    """What a person wants in one part of a post, before any platform has looked at it."""

    text: str
    images: tuple[Image, ...] = ()


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


@dataclass(frozen=True)
class RenderedPart:
    """One part exactly as it will go out, with its measure."""

    text: str
    length: int
    """In the limits' unit, counted as the platform counts."""
    spans: tuple[Span, ...] = ()
    images: tuple[Image, ...] = ()
    card: LinkCard | None = None


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
    """Reads a picture's bytes."""

    async def read(self, media_id: str) -> bytes:
        """The bytes as they were uploaded."""


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


@dataclass(frozen=True)
class Field:
    """One question of a form."""

    name: str
    label: str
    kind: Literal["text", "password", "url", "long"] = "text"
    hint: str = ""  # an example; of a `long` field the text that stands there now
    required: bool = True
    options: tuple[tuple[str, str], ...] = ()  # what can be chosen, value and label; empty: anything


@dataclass(frozen=True)
class Identity:
    """Who an account is on its platform."""

    remote_id: str
    handle: str
    name: str = ""
    server: str = ""


@dataclass(frozen=True)
class Login:
    """What is sealed and kept for an account."""

    secrets: Mapping[str, str] = field(repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Connected:
    """A login that works, checked at once."""

    identity: Identity
    login: Login
    facts: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Elsewhere:
    """The person must go to `url` and come back; `keep` is sealed until then and handed to `finish`."""

    url: str
    keep: Mapping[str, str] = field(repr=False)


@runtime_checkable
class Connects(Protocol):
    """A platform with accounts to connect."""

    def form(self) -> tuple[Field, ...]:
        """What to ask the person."""

    async def start(self, given: Mapping[str, str], callback_url: str, state: str) -> Connected | Elsewhere:
        """Log in with what the form gave, or say where the person must go.

        Raises:
            Invalid: what was given cannot work, per field.
            Rejected, NeedsReconnect, RateLimited, Unavailable: the platform said no, and why.
        """

    async def finish(self, keep: Mapping[str, str], answer: Mapping[str, str], callback_url: str) -> Connected:
        """The person came back with the query parameters `answer`."""

    async def check(self, access: Access) -> Connected:
        """Ask the platform who we are: fresh identity and facts, the same or a renewed login."""

    async def refresh(self, access: Access) -> Login:
        """A new login from the old one; the old one may be dead afterwards, so store it before use.

        Raises:
            NeedsReconnect: only the person can mend it.
        """

    async def revoke(self, access: Access) -> None:
        """End the login at the platform; it is no error when it is gone already."""


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

    async def find(
        self, prepared: Prepared, part: int, key: str, since: datetime, earlier: Sequence[Published]
    ) -> Published | Absent | None:
        """The part, proof of its absence, or None where nobody can tell. Read only."""


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


def common_problems(rendering: Rendering) -> list[Problem]:
    """What every platform checks: text length, number, type and size of images, alt text, something to say at all."""
    found: list[Problem] = []
    for number, part in enumerate(rendering.parts, 1):
        where = rendering.label if len(rendering.parts) == 1 else f"{rendering.label}, part {number}"
        found += _text_problems(where, part, rendering.limits)
        found += _image_problems(where, part, rendering.limits)
    if not rendering.parts:
        found.append(Problem(rendering.label, "there is nothing to post.", "Write a text or add an image."))
    return found


def _text_problems(where: str, part: RenderedPart, limits: Limits) -> list[Problem]:
    found = []
    if not part.text.strip() and not part.images:
        found.append(Problem(where, "it is empty.", "Write a text or add an image."))
    if part.length > limits.text:
        over = part.length - limits.text
        counted = f"{part.length} of {limits.text} {limits.unit}"
        found.append(Problem(where, f"{counted}, {over} too many.", "Shorten it, or make it a thread."))
    size = len(part.text.encode())
    if limits.text_bytes is not None and size > limits.text_bytes:
        found.append(
            Problem(where, f"{size} of {limits.text_bytes} bytes of text.", "Shorten it, or make it a thread.")
        )
    return found


def _image_problems(where: str, part: RenderedPart, limits: Limits) -> list[Problem]:
    found = []
    if len(part.images) > limits.images:
        found.append(Problem(where, f"{len(part.images)} images, {limits.images} allowed.", "Remove some."))
    for number, image in enumerate(part.images, 1):
        named = f"{where}, image {number}" + (f" ({image.name})" if image.name else "")
        if image.mime not in limits.image_types:
            allowed = ", ".join(sorted(kind.removeprefix("image/") for kind in limits.image_types))
            found.append(Problem(named, f"{image.mime} is not accepted.", f"Use one of: {allowed}."))
        if image.size > limits.image_bytes:
            sizes = f"{image.size / 1e6:.1f} MB, {limits.image_bytes / 1e6:.1f} MB allowed."
            found.append(Problem(named, sizes, "Use a smaller file."))
        if len(image.alt) > limits.alt_text:
            found.append(
                Problem(named, f"its description has {len(image.alt)} of {limits.alt_text} characters.", "Shorten it.")
            )
    return found
