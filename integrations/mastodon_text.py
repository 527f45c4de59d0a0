"""How Mastodon reads a text: what is a link, a mention or a tag, and what it counts; and how it writes it as HTML.

Counting: grapheme clusters, after each link is replaced by a fixed number of characters and each `@user@server` by
`@user`. Source: https://docs.joinmastodon.org/user/posting/ and `StatusLengthValidator`, `Extractor`, `Account`,
`Tag::Naming` and `twitter_regex.rb` in https://github.com/mastodon/mastodon (read 2026-11-22). The one known
difference: Mastodon has a list of top-level domains, and a link on one that does not exist counts in full there.
"""

import html

import regex

from content.platform import Span

_LABEL = r"[\p{L}\p{N}](?:[\p{L}\p{N}_-]*[\p{L}\p{N}])?"
_NO_DOMAIN = r"(?:test|example|invalid|localhost|local|internal|alt)"
"""Names that never become top-level domains (RFC 6761, 6762, 9476), and so are in no list of them."""
_DOMAIN = rf"(?:{_LABEL}\.)+(?!{_NO_DOMAIN}(?![\p{{L}}\p{{N}}.-]))(?:xn--[a-z0-9-]+|\p{{L}}{{2,}})(?![a-z0-9@])"
_IN_PATH = r"[^\s<>()?]"
_IN_BRACKETS = rf"\((?:{_IN_PATH}+|{_IN_PATH}*\({_IN_PATH}+\){_IN_PATH}*)\)"
_ENDS_PATH = rf"(?:[^\s()?!*\"'「」<>;:=,.$%\[\]~&|@]|{_IN_BRACKETS})"
_PATH = rf"/(?:(?:{_IN_PATH}|{_IN_BRACKETS})*{_ENDS_PATH})?"
_QUERY = r"\?[a-z0-9!?*'();:&=+$/%#\[\]\-_.,~|@^\u00a0-\U0010fffd]*[a-z0-9_&=#/\-\u00a0-\U0010fffd]"
_LINK = regex.compile(rf"(?<![a-z0-9@＠$#＃])https?://{_DOMAIN}(?::[0-9]+)?(?:{_PATH})?(?:{_QUERY})?", regex.IGNORECASE)
_USER = r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*"
_MENTION = regex.compile(
    rf"(?<![=/\w])@((?>{_USER}(?:@\w+(?:[.-]+\w+)*)?))(?![@＠\u00c0-\u024f]|://)", regex.IGNORECASE
)
_JOINS = r"_·・\u200c"
_TAG = regex.compile(rf"(?<!\S)[#＃](\w[\w{_JOINS}]*[\p{{Alphabetic}}{_JOINS}][\w{_JOINS}]*\w|\w*\p{{Alphabetic}}\w*)")


def spans_of(text: str, host: str) -> tuple[Span, ...]:
    """The links, mentions and tags of a text, in order; a mention without a server is of an account on `host`."""
    found = [Span(match.start(), match.end(), "link", match.group()) for match in _LINK.finditer(text)]
    for match in _MENTION.finditer(text):
        name = match.group(1)
        found.append(Span(match.start(), match.end(), "mention", name if "@" in name else f"{name}@{host}"))
    found += [Span(match.start(), match.end(), "tag", match.group(1)) for match in _TAG.finditer(text)]
    kept: list[Span] = []
    for span in sorted(found, key=lambda span: span.start):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return tuple(kept)


def counted(text: str, spans: tuple[Span, ...], per_link: int) -> int:
    """How many characters Mastodon counts."""
    return len(regex.findall(r"\X", _rewritten(text, spans, "x" * per_link)))


def same_text(text: str, spans: tuple[Span, ...], content: str) -> bool:
    """Whether a status's HTML says this text; line ends and spaces are not compared, as HTML does not keep them."""
    shown = html.unescape(regex.sub(r"<[^>]*>", "", regex.sub(r"<br[^>]*>|</p>", "\n", content)))
    return "".join(shown.split()) == "".join(_rewritten(text, spans, None).split())


def _rewritten(text: str, spans: tuple[Span, ...], link: str | None) -> str:
    """The text with mentions cut to `@user` and, where `link` is given, links replaced by it."""
    pieces, at = [], 0
    for span in spans:
        shown = text[span.start : span.end]
        if span.kind == "link" and link is not None:
            shown = link
        elif span.kind == "mention":
            shown = "@" + shown.split("@")[1]
        pieces += [text[at : span.start], shown]
        at = span.end
    return "".join([*pieces, text[at:]])
