"""What Bluesky makes of a text: its length, what becomes clickable, and the record that says so. Pure.

Bluesky stores plain text and, beside it, facets: stretches counted in UTF-8 bytes. Nothing is clickable without one, so
they are found here as its app finds them:

* links: `http://` and `https://` addresses, and bare domains under `BARE_TOP_LEVEL`, which leaves out what is also a
  word or a file's ending (`done.it`, `setup.py`);
* mentions: `@name.example`, only where the handle was resolved to a DID;
* tags: `#` and a letter or an emoji, then letters, digits, emoji, `_` and `-`.

Source: https://docs.bsky.app/docs/advanced-guides/post-richtext, the lexicons `app.bsky.richtext.facet` and
`app.bsky.feed.post`, `packages/api/src/rich-text` of bluesky-social/atproto (2026-11-22, from documents, not run live).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import regex

from content.platform import Image, RenderedPart, Span

POST = "app.bsky.feed.post"
TAG_GRAPHEMES = 64
"""Source: lexicon `app.bsky.richtext.facet#tag` (2026-11-22)."""

BARE_TOP_LEVEL = (
    "ai|app|art|biz|blog|ca|ch|cloud|club|co|com|de|dev|edu|eu|fr|gov|info|int|io|jp|live|media|museum|net|news|nl|online|"
    "org|page|pl|shop|site|social|space|store|tech|tv|uk|video|wiki|world|xyz"
)

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LAST_LABEL = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
HANDLE = regex.compile(rf"(?>{_LABEL}(?:\.{_LABEL})*\.{_LAST_LABEL})", regex.IGNORECASE)
"""Source: https://atproto.com/specs/handle (2026-11-22)."""
_MENTION = regex.compile(rf"(?<![\w@/.])@({HANDLE.pattern})(?![\w@-]|\.\w)", regex.IGNORECASE)
_ADDRESS = r"(?<![a-z0-9])https?://\w\S*"
_BARE = rf"(?<![^\s(])(?:{_LABEL}\.)+(?:{BARE_TOP_LEVEL})(?![\w@-]|\.\w)(?::\d+)?(?:[/?#]\S*)?"
_LINK = regex.compile(rf"{_ADDRESS}|{_BARE}", regex.IGNORECASE)
_PICTURE = r"\p{Extended_Pictographic}\p{Regional_Indicator}"
_TAG = regex.compile(
    rf"(?<![^\s(])[#＃]([\p{{L}}{_PICTURE}][\p{{L}}\p{{M}}\p{{N}}{_PICTURE}\p{{Emoji_Modifier}}\u200d_-]*)"
)
_GRAPHEME = regex.compile(r"\X")
_ENDS_SENTENCE = ".,;:!?'\"’”»。、，！？…"


def graphemes(text: str) -> int:
    """How long Bluesky counts a text: what a reader sees as one character counts once, a family emoji too."""
    return sum(1 for _ in _GRAPHEME.finditer(text))


def mentioned(text: str) -> list[str]:
    """The handles mentioned, in lower case, each once, in the order they stand."""
    return list(dict.fromkeys(found[1].lower() for found in _MENTION.finditer(text)))


def spans(text: str, dids: Mapping[str, str]) -> tuple[Span, ...]:
    """What becomes clickable, in order and without overlap; `dids` are those of the handles that exist."""
    found: list[Span] = []
    for span in sorted((*_links(text), *_mentions(text, dids), *_tags(text)), key=lambda span: span.start):
        if not found or span.start >= found[-1].end:
            found.append(span)
    return tuple(found)


def _links(text: str) -> list[Span]:
    found = []
    for match in _LINK.finditer(text):
        link = _without_punctuation(match[0])
        target = link if "://" in link[:8] else f"https://{link}"
        found.append(Span(match.start(), match.start() + len(link), "link", target))
    return found


def _without_punctuation(link: str) -> str:
    """The address without what belongs to the sentence around it; brackets stay where they are in pairs."""
    while link[-1] in _ENDS_SENTENCE or _closes_nothing(link):
        link = link[:-1]
    return link


def _closes_nothing(link: str) -> bool:
    opening = {")": "(", "]": "[", "}": "{", ">": "<"}.get(link[-1])
    return opening is not None and link.count(link[-1]) > link.count(opening)


def _mentions(text: str, dids: Mapping[str, str]) -> list[Span]:
    matches = [(match, match[1].lower()) for match in _MENTION.finditer(text)]
    return [Span(match.start(), match.end(), "mention", dids[handle]) for match, handle in matches if handle in dids]


def _tags(text: str) -> list[Span]:
    found = []
    for match in _TAG.finditer(text):
        tag = match[1].rstrip("_-")
        if graphemes(tag) <= TAG_GRAPHEMES:
            found.append(Span(match.start(), match.start(1) + len(tag), "tag", tag))
    return found


def first_link(text: str) -> str | None:
    """The address that a card would be about."""
    return next((span.target for span in spans(text, {}) if span.kind == "link"), None)


def post_record(
    part: RenderedPart,
    created_at: str,
    languages: Sequence[str],
    blobs: Mapping[str, Any],
    reply: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The record of one post; `blobs` are the uploaded images by their SHA-256, `reply` names root and parent."""
    record: dict[str, Any] = {"$type": POST, "text": part.text, "createdAt": created_at}
    if part.spans:
        record["facets"] = [_facet(part.text, span) for span in part.spans]
    if languages:
        record["langs"] = list(languages)
    if part.images:
        images = [_embedded(image, blobs[image.sha256]) for image in part.images]
        record["embed"] = {"$type": "app.bsky.embed.images", "images": images}
    elif part.card:
        external = {"uri": part.card.url, "title": part.card.title, "description": part.card.description}
        record["embed"] = {"$type": "app.bsky.embed.external", "external": external}
    if reply:
        record["reply"] = reply
    return record


def _facet(text: str, span: Span) -> dict[str, Any]:
    start = len(text[: span.start].encode())
    length = len(text[span.start : span.end].encode())
    named = {"link": "uri", "mention": "did", "tag": "tag"}[span.kind]
    feature = {"$type": f"app.bsky.richtext.facet#{span.kind}", named: span.target}
    return {"index": {"byteStart": start, "byteEnd": start + length}, "features": [feature]}


def _embedded(image: Image, blob: Any) -> dict[str, Any]:
    embedded = {"image": blob, "alt": image.alt}
    if image.width > 0 and image.height > 0:
        embedded["aspectRatio"] = {"width": image.width, "height": image.height}
    return embedded
