"""LinkedIn's “little text”: what of a text is a link, a mention or a tag, and how it must be escaped on the wire. Pure.

Reserved are \\ | { } @ [ ] ( ) < > # * _ ~; unescaped, an unbalanced bracket cuts the post off without a word. Escaped is all but
links, hashtags, and mentions that are written as `@[Name](urn:li:organization:1)`. What in a link would end it or cut the post off is
percent-encoded.
Source: https://learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format (read 2026-11-26 in excerpts).
"""

from collections.abc import Iterable, Mapping

import regex

from content.platform import Span

RESERVED = "\\|{}@[]()<>#*_~"
_ESCAPED = regex.compile(rf"[{regex.escape(RESERVED)}]")
_UNESCAPED = regex.compile(rf"\\([{regex.escape(RESERVED)}])")
_IN_LINKS = str.maketrans({character: f"%{ord(character):02X}" for character in "\\|{}[]()"})
"""Reserved characters that a path or query may hold percent-encoded, meaning the same."""
_LINK = regex.compile(r"(?<![\w/])https?://[^\s<>\"]*[\w/#=&%+\-~$@)]", regex.IGNORECASE)
_MENTION = regex.compile(r"@\[(?P<name>[^\[\]\n]{1,200})\]\((?P<urn>urn:li:(?:organization|person|company):[\w-]+)\)")
_TAG = regex.compile(r"(?<![\w&/])#([\p{L}\p{M}\p{Nd}_]*[\p{L}\p{M}][\p{L}\p{M}\p{Nd}_]*)")
_VANITY = regex.compile(r"(?<![\w@/.])@([\p{L}\p{Nd}](?:[\p{L}\p{Nd}-]{0,98}[\p{L}\p{Nd}])?)(?![\w@.]*[\w@])")


def mentioned(text: str) -> list[str]:
    """The names after @ that may be an organisation's vanity name, each once; not those written out with their address."""
    written = [(match.start(), match.end()) for match in _MENTION.finditer(text)]
    found = [match for match in _VANITY.finditer(text) if not any(a <= match.start() < b for a, b in written)]
    return list(dict.fromkeys(match[1].lower() for match in found))


def shown(text: str, organizations: Mapping[str, Mapping[str, str]]) -> tuple[str, tuple[Span, ...]]:
    """The text as people will see it, and what is clickable in it; `organizations` are urn and name by vanity name."""
    pieces: list[str] = []
    spans: list[Span] = []
    at = length = 0
    for start, end, name, urn in _mentions(text, organizations):
        pieces += [text[at:start], name]
        length += start - at
        spans.append(Span(length, length + len(name), "mention", urn))
        length, at = length + len(name), end
    plain = "".join([*pieces, text[at:]])
    taken = list(spans)
    for span in (*_links(plain), *_tags(plain)):
        if all(span.end <= one.start or span.start >= one.end for one in taken):
            taken.append(span)
    return plain, tuple(sorted(taken, key=lambda span: span.start))


def _mentions(text: str, organizations: Mapping[str, Mapping[str, str]]) -> Iterable[tuple[int, int, str, str]]:
    found = [(match.start(), match.end(), match["name"], match["urn"]) for match in _MENTION.finditer(text)]
    for match in _VANITY.finditer(text):
        known = organizations.get(match[1].lower())
        if known and not any(start <= match.start() < end for start, end, _, _ in found):
            found.append((match.start(), match.end(), known["name"], known["urn"]))
    return sorted(found)


def _links(text: str) -> Iterable[Span]:
    for match in _LINK.finditer(text):
        link = match[0]
        while link.endswith(")") and link.count(")") > link.count("("):
            link = link[:-1]
        yield Span(match.start(), match.start() + len(link), "link", link)


def _tags(text: str) -> Iterable[Span]:
    return (Span(match.start(), match.end(), "tag", match[1]) for match in _TAG.finditer(text))


def on_the_wire(text: str, spans: Iterable[Span]) -> str:
    """The text as it is sent: escaped, but for what its spans make clickable."""
    pieces, at = [], 0
    for span in spans:
        pieces += [escaped(text[at : span.start]), _element(text[span.start : span.end], span)]
        at = span.end
    return "".join([*pieces, escaped(text[at:])])


def _element(words: str, span: Span) -> str:
    if span.kind == "mention":
        return f"@[{escaped(words)}]({span.target})"
    if span.kind == "link":
        return words.translate(_IN_LINKS)
    return f"#{escaped(words[1:])}" if "_" in words else words


def escaped(text: str) -> str:
    """The text with every reserved character meaning itself."""
    return str(_ESCAPED.sub(r"\\\g<0>", text))


def unescaped(text: str) -> str:
    """What `escaped` was given."""
    return str(_UNESCAPED.sub(r"\1", text))


def same_text(text: str, spans: Iterable[Span], commentary: str) -> bool:
    """Whether a post's commentary says this; spaces are not compared, and elements only by what people see of them."""
    seen = unescaped(_seen(commentary))
    as_written = _bare(text.translate(_IN_LINKS)) == _bare(seen.translate(_IN_LINKS))
    return as_written or _bare(on_the_wire(text, spans)) == _bare(commentary)


def _seen(commentary: str) -> str:
    """Mentions and tags of a commentary as people see them."""
    names = regex.sub(r"@\[((?:\\.|[^\]\\])*)\]\(urn:li:[^)]*\)", r"\1", commentary)
    return str(regex.sub(r"\{hashtag\|\\?#\|((?:\\.|[^}\\])*)\}", r"#\1", names))


def _bare(text: str) -> str:
    return "".join(text.split())
