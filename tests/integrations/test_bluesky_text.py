"""What becomes clickable on Bluesky, where it stands in bytes, and what a page's card says."""

import time

import pytest

from content.platform import Image, LinkCard, RenderedPart, Span
from integrations.bluesky_text import graphemes, mentioned, post_record, spans
from integrations.link_card import page_card

DIDS = {"bob.test": "did:plc:bob", "al.bsky.social": "did:plc:al"}


def clickable(text: str) -> list[tuple[str, str, str]]:
    return [(text[span.start : span.end], span.kind, span.target) for span in spans(text, DIDS)]


@pytest.mark.parametrize(
    ("text", "link", "target"),
    [
        ("see https://example.com/a?b=1#c now", "https://example.com/a?b=1#c", "https://example.com/a?b=1#c"),
        ("see http://example.com.", "http://example.com", "http://example.com"),
        ("(see https://example.com/a_(b))", "https://example.com/a_(b)", "https://example.com/a_(b)"),
        ("[https://example.com]!", "https://example.com", "https://example.com"),
        ("見てhttps://example.com。", "https://example.com", "https://example.com"),
        ("“https://example.com”", "https://example.com", "https://example.com"),
        ("example.com is bare", "example.com", "https://example.com"),
        ("(example.com/path?q=1)", "example.com/path?q=1", "https://example.com/path?q=1"),
        ("at www.example.co.uk.", "www.example.co.uk", "https://www.example.co.uk"),
        ("EXAMPLE.org:8080/x", "EXAMPLE.org:8080/x", "https://EXAMPLE.org:8080/x"),
        (
            "example.com/?next=https://x.org",
            "example.com/?next=https://x.org",
            "https://example.com/?next=https://x.org",
        ),
        ("https://example.com/?to=@bob.test", "https://example.com/?to=@bob.test", "https://example.com/?to=@bob.test"),
    ],
)
def test_a_link_ends_where_a_reader_sees_it_end(text: str, link: str, target: str) -> None:
    assert clickable(text) == [(link, "link", target)]


@pytest.mark.parametrize(
    "text",
    ["run setup.py", "done.it works", "me@example.com", "example.com@x", "https://", "example.company", "v1.0", "a.b"],
)
def test_what_only_looks_like_a_link_stays_plain(text: str) -> None:
    assert clickable(text) == []


def test_only_handles_that_exist_become_mentions() -> None:
    assert clickable("@bob.test, @Al.bsky.social. @nobody.test (@bob.test)") == [
        ("@bob.test", "mention", "did:plc:bob"),
        ("@Al.bsky.social", "mention", "did:plc:al"),
        ("@bob.test", "mention", "did:plc:bob"),
    ]


@pytest.mark.parametrize(
    "text", ["@bob", "@user@bob.test", "@bob.testé", "@bob.test.9", "x@bob.test", "bsky.app/@bob.test"]
)
def test_what_only_looks_like_a_mention_names_nobody(text: str) -> None:
    assert [span for span in clickable(text) if span[1] == "mention"] == []


def test_mentioned_handles_are_named_once_in_order() -> None:
    assert mentioned("@Zoe.test @bob.test @zoe.test") == ["zoe.test", "bob.test"]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("#one #two_2 (#three)", ["one", "two_2", "three"]),
        ("#done. #so-what! #in_", ["done", "so-what", "in"]),
        ("＃три #नमस्ते #日本語", ["три", "नमस्ते", "日本語"]),
        ("#🇩🇪 #❤️‍🔥hot #👍🏽", ["🇩🇪", "❤️‍🔥hot", "👍🏽"]),
        ("#1 #2nd a#b ## # #_x &#39; https://x.org/#frag", []),
        ("#" + "a" * 64, ["a" * 64]),
        ("#" + "a" * 65, []),
    ],
)
def test_a_tag_begins_with_a_letter_or_an_emoji(text: str, tags: list[str]) -> None:
    assert [target for _, kind, target in clickable(text) if kind == "tag"] == tags


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("abc", 3),
        ("👨‍👩‍👧‍👦", 1),
        ("e\u0301", 1),
        ("🇩🇪🇫🇷", 2),
        ("日本語", 3),
        ("नमस्ते", 3),
        ("a\nb", 3),
        ("👍🏽", 1),
    ],
)
def test_length_is_what_a_reader_counts(text: str, count: int) -> None:
    assert graphemes(text) == count


@pytest.mark.parametrize("before", ["", "👨‍👩‍👧‍👦 ", "日本語 ", "e\u0301 ", "𝔘 ", "🏳️‍🌈\n", "ß\t"])
def test_facets_cut_the_exact_bytes(before: str) -> None:
    text = f"{before}https://example.com/ü @bob.test #größe"
    part = RenderedPart(text, graphemes(text), spans(text, DIDS))
    facets = post_record(part, "2026-11-22T10:00:00.000Z", [], {}, None)["facets"]
    cut = [text.encode()[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode() for f in facets]
    assert cut == ["https://example.com/ü", "@bob.test", "#größe"]
    assert [f["features"][0] for f in facets] == [
        {"$type": "app.bsky.richtext.facet#link", "uri": "https://example.com/ü"},
        {"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:bob"},
        {"$type": "app.bsky.richtext.facet#tag", "tag": "größe"},
    ]


def test_a_record_says_no_more_than_it_must() -> None:
    assert post_record(RenderedPart("hi", 2), "2026-11-22T10:00:00.000Z", [], {}, None) == {
        "$type": "app.bsky.feed.post",
        "text": "hi",
        "createdAt": "2026-11-22T10:00:00.000Z",
    }


def test_a_card_is_embedded_as_an_external_page() -> None:
    part = RenderedPart("x", 1, card=LinkCard("https://x.org", "X", "About X"))
    assert post_record(part, "2026-11-22T10:00:00.000Z", [], {}, None)["embed"] == {
        "$type": "app.bsky.embed.external",
        "external": {"uri": "https://x.org", "title": "X", "description": "About X"},
    }


def test_images_come_before_a_card_and_tell_their_shape_where_it_is_known() -> None:
    shaped = Image("media_1", "s1", "image/png", 9, 640, 480, alt="a cat")
    shapeless = Image("media_2", "s2", "image/png", 9, 0, 0)
    part = RenderedPart("x", 1, (Span(0, 1, "tag", "x"),), (shaped, shapeless), LinkCard("https://x.org", "X"))
    record = post_record(
        part, "2026-11-22T10:00:00.000Z", ["en"], {"s1": "one", "s2": "two"}, {"root": {}, "parent": {}}
    )
    assert record["embed"] == {
        "$type": "app.bsky.embed.images",
        "images": [
            {"image": "one", "alt": "a cat", "aspectRatio": {"width": 640, "height": 480}},
            {"image": "two", "alt": ""},
        ],
    }
    assert (record["langs"], record["reply"]) == (["en"], {"root": {}, "parent": {}})


def test_a_card_prefers_what_the_page_says_for_sharing() -> None:
    page = """<html><head><title>Plain</title><meta charset=utf-8>
    <meta name="description" content="plain"><meta property="og:title" content="Shared &amp; good">
    <meta property="og:description" content=" two
    lines "><meta property="og:title" content="second"></head><body><svg><title>no</title></svg></body>"""
    assert page_card("https://x.org", page) == LinkCard("https://x.org", "Shared & good", "two lines")


def test_a_card_makes_do_with_the_title_and_cuts_what_is_endless() -> None:
    page = f"<title>{'t' * 400}</title><svg><title>no</title></svg><meta name=description content='{'d' * 2000}'>"
    card = page_card("https://x.org", page)
    assert card is not None
    assert (card.title, card.description) == ("t" * 299 + "…", "d" * 999 + "…")


@pytest.mark.parametrize(
    "page", ["", "<p>text", "<title> </title>", "<meta name=og:title>", "<<<>>&#x110000;", "<![<![", "<title>"]
)
def test_a_page_without_a_title_has_no_card(page: str) -> None:
    assert page_card("https://x.org", page) is None


@pytest.mark.parametrize(
    "piece", ["<a b='", "<meta a='", "<meta <", "<meta a=", "<!--", "<title>", "<title ", "<![", "</", "&#"]
)
def test_no_page_takes_long_to_read(piece: str) -> None:
    begun = time.process_time()
    page_card("https://x.org", piece * (2_000_000 // len(piece)))
    assert time.process_time() - begun < 1
