"""What X counts and links: the vectors of twitter-text, and what they do not cover."""

import itertools
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.x_text import cashtags, same_text, spans_of, weighted

FAMILY = "👨‍👩‍👧‍👦"
KANA, FILLED = "あいうえおかきくけこ", "xxxxxxxxxx-"


def counted(text: str) -> int:
    normal = unicodedata.normalize("NFC", text)
    return weighted(normal, spans_of(normal))


def links(text: str) -> list[str]:
    return [span.target for span in spans_of(text) if span.kind == "link"]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("This is a test.", 15),
        ("http://test.com", 23),
        ("https://test.com", 23),
        ("test.com", 23),
        ("Hi http://test.co", 26),
        ("Test https://test.com test https://test.com test.com test", 86),
        ("\U00010000\U0010ffff", 4),
        ("저찀쯿쿿", 8),
        ("H\U0001f431☺", 5),
        ("の" * 140, 280),
        ("の" * 160, 320),
        ("\U0001f431" * 140, 280),
        (FAMILY * 140, 280),
        (f"H🐱☺{FAMILY}", 7),
        ("🙋🏽👨‍🎤", 4),
        ("1⃣", 2),
        ("#️⃣*️⃣", 4),
        ("🇩🇪🇫🇷", 4),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 2),
        ("©", 1),
        ("©️", 2),
        ("A\u0301B", 2),
        ("é" * 280, 280),
        ("“quoted” – and…", 16),
        ("\u200d", 1),
        ("a" * 64 + ".com", 68),
        (f"{KANA * 12} http://{KANA * 5}あい.com", 264),
        (f"{KANA * 12} http://{KANA * 5}あいう.com", 358),  # a label of more than 63 bytes in punycode is none
        ("\u2066\u202ahttp://foobar.پاکستان/\u202c\u2069", 31),
        ("ABC\u202a\uffffABC\ufffe", 12),
        (f"285 chars- http://www.twitter.com/jack {FILLED * 24}", 24 * 11 + 35),
        ("https://www.twitter.com/aloha " * 10, 240),
        (f"{FILLED * 24} http://www.twitter.com/jack ", 24 * 11 + 25),
        ("A\u05e9\u05bc\u05c1", 4),
        ("Unicode 10.0 emoji: 🤪; 🧕; 🧕🏾; 🏴󠁧󠁢󠁥󠁮󠁧󠁿", 34),
        ("Unicode 9.0 emoji: 🤠; 💃; 💃🏾", 29),
        ("".join(map(chr, range(0x2000, 0x200C))) + " ‐ ‑ ‒ – — ― ‖  ‗ ‘ ’ ‚ ‛ “ ” „ ‟ ′ ″ ‴ ‵ ‶ ‷", 57),
        ("", 0),
        (
            (
                "A lie gets halfway around the world before the truth has a chance to get its pants on. Winston Churchill "
                "(1874-1965) http://bit.ly/dJpywL"
            ),
            140,
        ),
    ],
)
def test_a_text_counts_what_x_counts(text: str, length: int) -> None:
    assert counted(text) == length


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "https://example.com/path/to/resource?search=foo&lang=en",
            ["https://example.com/path/to/resource?search=foo&lang=en"],
        ),
        ("HTTPS://www.ExaMPLE.COM/index.html", ["HTTPS://www.ExaMPLE.COM/index.html"]),
        ("see http://twitter.com/#!/twitter.", ["http://twitter.com/#!/twitter"]),
        ("http://example.com/Русские_слова", ["http://example.com/Русские_слова"]),
        ("http://☃.net/", ["http://☃.net/"]),
        ("http://test_underscore.twitter.com", ["http://test_underscore.twitter.com"]),
        ("http://twitter.com/これは日本語です。example.com中国語", ["http://twitter.com/", "https://example.com"]),
        ("https://example.org/a_(b)?c=1#d, and", ["https://example.org/a_(b)?c=1#d"]),
        ("(https://example.org/a)", ["https://example.org/a"]),
        ("foo.co.jp t.co a.com,b.com", ["https://foo.co.jp", "https://t.co", "https://a.com", "https://b.com"]),
        ("example.com/path/x?y=z", ["https://example.com/path/x?y=z"]),
        ("https://t.co/abc123)", ["https://t.co/abc123"]),
        ("https://t.co/" + "a" * 41, []),
        ("http://" + "ä" * 63 + ".com", []),
        ("https://example.com:8080/login", ["https://example.com:8080/login"]),
        ("http://domain-dash_2314352345_dfasd.foo-cow_4352.com", []),
        ("http://www.-domain4352.com/", []),
        ("http://nowhere.invalid/", []),
        ("ftp://nowhere/ and me@example.com and #example.com and -example.com", []),
        ("No. Yes. 3.14", []),
        ("e.g. this", []),
    ],
)
def test_a_link_is_what_x_links(text: str, found: list[str]) -> None:
    assert links(text) == found


def test_mentions_and_tags_stand_where_x_links_them() -> None:
    text = "@ana and a@b.com, #Čaj #1 #2026goals x#no https://example.com/#no @toolongtobeanameofx"
    found = [(span.kind, span.target) for span in spans_of(text)]
    assert found == [
        ("mention", "ana"),
        ("tag", "Čaj"),
        ("tag", "2026goals"),
        ("link", "https://example.com/#no"),
    ]


def test_cashtags_are_seen() -> None:
    assert cashtags("$ACME and $brk.a, not a$b, US$ or $10") == ["$ACME", "$brk.a"]


@given(st.text(max_size=400))
def test_spans_never_overlap_and_counting_never_fails(text: str) -> None:
    normal = unicodedata.normalize("NFC", text)
    spans = spans_of(normal)
    assert all(one.end <= other.start for one, other in itertools.pairwise(spans))
    assert all(0 <= span.start < span.end <= len(normal) for span in spans)
    assert weighted(normal, spans) >= 0


@pytest.mark.parametrize(
    "hostile", ["a." * 12_000, "https://a/" * 2_500, "a.b-" * 6_000, "a.com/" + "(a" * 9_000, "(" * 25_000]
)
def test_no_text_takes_long_to_read(hostile: str) -> None:
    begun = time.perf_counter()
    spans_of(hostile)
    assert time.perf_counter() - begun < 5


def told(text: str, *urls: dict[str, str]) -> dict[str, Any]:
    return {"text": text, "entities": {"urls": list(urls)}} if urls else {"text": text}


@pytest.mark.parametrize(
    ("mine", "theirs", "same"),
    [
        ("Tom & Jerry", told("Tom &amp; Jerry"), True),
        ("Two\n\nlines", told("Two lines"), True),
        ("One", told("Two"), False),
        (
            "See https://example.org/a/ now",
            told("See https://t.co/x now", {"url": "https://t.co/x", "expanded_url": "https://example.org/a"}),
            True,
        ),
        (
            "See example.org",
            told("See https://t.co/x", {"url": "https://t.co/x", "expanded_url": "http://example.org"}),
            True,
        ),
        (
            "A film",
            told("A film https://t.co/m", {"url": "https://t.co/m", "display_url": "pic.x.com/1", "expanded_url": "u"}),
            True,
        ),
        ("A film", told("A film https://t.co/m", {"url": "https://t.co/m", "media_key": "7_1"}), True),
        (
            "https://example.org/photo/1",
            told("https://t.co/m", {"url": "https://t.co/m", "expanded_url": "https://example.org/photo/1"}),
            True,
        ),
        ("A", {"text": "A", "entities": "?"}, True),
        ("A", {"text": "A", "entities": {"urls": ["?", {"url": 3}]}}, True),
        ("A", {}, False),
    ],
)
def test_a_post_says_the_same_whatever_x_made_of_its_links(mine: str, theirs: dict[str, Any], *, same: bool) -> None:
    assert same_text(mine, spans_of(mine), theirs) is same
