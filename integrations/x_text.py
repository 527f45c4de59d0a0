"""How X reads a text: what is a link, a mention, a tag, and what it counts. Pure.

Counting, by configuration v3 of twitter-text: NFC; a link counts 23; an emoji sequence counts 2; code points 0-4351,
8192-8205, 8208-8223 and 8242-8247 count 1, all others 2. A link needs a top-level domain that exists; it may lack its scheme.
Source: https://github.com/twitter/twitter-text, `config/v3.json`, `conformance/validate.yml` and the grammar in
`js/src/regexp` (read 2026-11-26); https://docs.x.com/fundamentals/counting-characters. Two known differences: the list of
top-level domains is today's (package `publicsuffixlist`), X's own may be older; and joined emoji that Unicode does not
recommend count as one here.
"""

import html
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import regex
from publicsuffixlist import PSLFILE

from content.platform import Span

LINK_LENGTH = 23
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))

_PUNCTUATION = r"!'#%&()*+,\\\-./:;<=>?@\[\]^_{|}~$"
_DIRECTIONS = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_IN_LABEL = rf"[^{_PUNCTUATION}\s\x00-\x1f\u180e\ufeff\ufffe\uffff{_DIRECTIONS}]"
_LABEL = rf"{_IN_LABEL}(?:(?:-|{_IN_LABEL}){{0,61}}{_IN_LABEL})?"
_SUBDOMAIN = rf"{_IN_LABEL}(?:(?:[_-]|{_IN_LABEL}){{0,61}}{_IN_LABEL})?"
_TOP = r"(?:\L<tops>|xn--[-0-9a-z]+)(?=[^0-9a-zA-Z@+-]|$)"
_ACCENTED = (
    r"\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289\u028b\u02bb"
    r"\u0300-\u036f\u1e00-\u1eff"
)
_CYRILLIC = r"\u0400-\u04ff"
_IN_PATH = rf"[a-z{_CYRILLIC}0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&{_ACCENTED}]"
_BRACKETS = rf"\((?:{_IN_PATH}+|{_IN_PATH}*\({_IN_PATH}+\){_IN_PATH}*)\)"
_ENDS_PATH = rf"(?:[+\-a-z{_CYRILLIC}0-9=_#/{_ACCENTED}]|{_BRACKETS})"
_PATH = rf"/(?:(?:{_IN_PATH}*(?:{_BRACKETS}{_IN_PATH}*)*{_ENDS_PATH})|(?:@{_IN_PATH}+/))?"
_QUERY = r"\?(?:[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[a-z0-9\-_&=#/])?"
_LINK = (
    rf"(?P<before>[^A-Za-z0-9@＠$#＃\ufeff\ufffe\uffff]|^)(?P<scheme>https?://)?"
    rf"(?P<domain>(?:{_SUBDOMAIN}\.){{0,20}}{_LABEL}\.{_TOP})(?::[0-9]+)?(?P<path>{_PATH})?(?P<query>{_QUERY})?"
)
_ASCII_DOMAIN = rf"(?:[-a-z0-9{_ACCENTED}]+\.)+{_TOP}"
_SHORTENED = regex.compile(r"https?://t\.co/(?P<slug>[a-z0-9]+)(?:\?[^\s]*)?", regex.IGNORECASE)
_LONGEST_SLUG = 40
READ = 2000
"""Characters in which links are looked for: many times what a post may have, and a bound for what a stranger wrote."""

_MODIFIED = r"(?:\ufe0f|\p{Emoji_Modifier})?(?:[\U000E0020-\U000E007E]+\U000E007F)?"
_PICTURE = rf"(?!\p{{ASCII}}|[©®])\p{{Extended_Pictographic}}{_MODIFIED}"
_EMOJI = regex.compile(
    rf"\p{{Regional_Indicator}}{{2}}|[0-9#*]\ufe0f?\u20e3|[©®]\ufe0f|{_PICTURE}(?:\u200d{_PICTURE})*"
)
_MENTION = regex.compile(r"(?<![A-Za-z0-9_!#$%&*@＠])[@＠]([A-Za-z0-9_]{1,15})(?![A-Za-z0-9_@＠\u00c0-\u024f]|://)")
_TAG = regex.compile(
    r"(?<![\p{L}\p{M}\p{Nd}_&])[#＃](?![\ufe0f\u20e3])([\p{L}\p{M}\p{Nd}_]*[\p{L}\p{M}][\p{L}\p{M}\p{Nd}_]*)"
)
_CASHTAG = regex.compile(r"(?<!\S)\$[a-z]{1,6}(?:[._][a-z]{1,2})?(?![a-z0-9_$])", regex.IGNORECASE)


def spans_of(text: str) -> tuple[Span, ...]:
    """The links, mentions and tags of a text, in order; a mention's target is the name without @."""
    found = list(_links(text))
    found += [Span(match.start(), match.end(), "mention", match[1]) for match in _MENTION.finditer(text)]
    found += [Span(match.start(), match.end(), "tag", match[1]) for match in _TAG.finditer(text)]
    kept: list[Span] = []
    for span in sorted(found, key=lambda span: span.start):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return tuple(kept)


def weighted(text: str, spans: Iterable[Span]) -> int:
    """What X counts for a text in NFC with these spans."""
    links = {span.start: span.end for span in spans if span.kind == "link"}
    hundredths = at = 0
    while at < len(text):
        if at in links:
            hundredths, at = hundredths + LINK_LENGTH * 100, links[at]
        elif emoji := _EMOJI.match(text, at):
            hundredths, at = hundredths + 200, emoji.end()
        else:
            light = any(start <= ord(text[at]) <= end for start, end in _LIGHT)
            hundredths, at = hundredths + (100 if light else 200), at + 1
    return hundredths // 100


def cashtags(text: str) -> list[str]:
    """The cashtags, such as $ACME."""
    return [match[0] for match in _CASHTAG.finditer(text)]


def same_text(text: str, spans: Iterable[Span], told: Mapping[str, Any]) -> bool:
    """Whether a post that X tells of says this text; spaces are not compared, and of a link neither scheme nor last slash."""
    mine = _rewritten(text, [(span.start, span.end, span.target) for span in spans if span.kind == "link"])
    return _bare(mine) == _bare(_expanded(told))


def _expanded(told: Mapping[str, Any]) -> str:
    """A post's text with its shortened links written out and those of its media left out."""
    text = html.unescape(str(told.get("text", "")))
    entities = told.get("entities")
    urls = entities.get("urls") if isinstance(entities, dict) else None
    for one in urls if isinstance(urls, list) else ():
        if isinstance(one, dict) and isinstance(one.get("url"), str):
            is_media = "media_key" in one or str(one.get("display_url")).startswith(("pic.x.com", "pic.twitter.com"))
            text = text.replace(one["url"], "" if is_media else _comparable(str(one.get("expanded_url", ""))), 1)
    return text


def _rewritten(text: str, links: Iterable[tuple[int, int, str]]) -> str:
    pieces, at = [], 0
    for start, end, target in links:
        pieces += [text[at:start], _comparable(target)]
        at = end
    return "".join([*pieces, text[at:]])


def _comparable(link: str) -> str:
    bare: str = regex.sub(r"^https?://", "", link, flags=regex.IGNORECASE)
    return bare.rstrip("/")


def _bare(text: str) -> str:
    return "".join(text.split())


def _links(text: str) -> Iterable[Span]:
    if "." not in text:
        return
    link, ascii_domain = _grammar()
    for match in link.finditer(text, endpos=READ):
        if not _exists(match["domain"]):
            continue
        if match["scheme"] is None:
            yield from _without_scheme(text, match, ascii_domain)
        elif (span := _with_scheme(match)) is not None:
            yield span


def _with_scheme(match: "regex.Match[str]") -> Span | None:
    start = match.start("scheme")
    found = match.string[start : match.end()]
    short = _SHORTENED.match(found)
    if short is None:
        return Span(start, match.end(), "link", found)
    return None if len(short["slug"]) > _LONGEST_SLUG else Span(start, start + short.end(), "link", short[0])


def _without_scheme(text: str, match: "regex.Match[str]", ascii_domain: "regex.Pattern[str]") -> Iterable[Span]:
    """The plain domains in what could be one; the last has the path."""
    if match["before"] in ("-", "_", ".", "/"):
        return
    begins = match.start("domain")
    found = [(begins + one.start(), begins + one.end()) for one in ascii_domain.finditer(match["domain"])]
    if found and match["path"]:
        found[-1] = (found[-1][0], match.end())
    for start, end in found:
        yield Span(start, end, "link", f"https://{text[start:end]}")


def _exists(domain: str) -> bool:
    try:
        return bool(domain.encode("idna"))
    except UnicodeError:
        return False


@cache
def _grammar() -> "tuple[regex.Pattern[str], regex.Pattern[str]]":
    """The patterns of a link and of a plain domain, built when they are first needed: the list is long."""
    tops = _top_level_domains()
    return (
        regex.compile(_LINK, regex.IGNORECASE, tops=tops),
        regex.compile(_ASCII_DOMAIN, regex.IGNORECASE, tops=tops),
    )


def _top_level_domains() -> frozenset[str]:
    rules = Path(PSLFILE).read_text("utf-8").partition("===END ICANN DOMAINS===")[0].splitlines()
    plain = (rule.strip().removeprefix("*.") for rule in rules)
    return frozenset(rule for rule in plain if rule and not rule.startswith(("//", "!")) and "." not in rule)
