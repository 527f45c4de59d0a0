"""What Mastodon finds in a text, what it counts, and how it reads names of servers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.errors import Invalid
from integrations.mastodon_server import facts_from, limits_of, server_from
from integrations.mastodon_text import counted, same_text, spans_of
from integrations.text import clean
from tests.servers.mastodon import as_html

HOST = "home.example.org"


def length(text: str, per_link: int = 23) -> int:
    return counted(text, spans_of(text, HOST), per_link)


def found(text: str) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in spans_of(text, HOST)]


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("", 0),
        ("a" * 500, 500),
        ("👨‍👩‍👧‍👦", 1),
        ("🇩🇪🇫🇷", 2),
        ("e\u0301", 1),
        ("नमस्ते", 3),
        ("one\ntwo", 7),
        ("https://example.org", 23),
        ("https://example.org/" + "a" * 100, 23),
        ("see https://example.org.", 4 + 23 + 1),
        ("(https://example.org/a)", 1 + 23 + 1),
        ("https://example.org https://example.net", 23 + 1 + 23),
        ("http://" + "b" * 30 + ".com/example", 23),
        ("https://localhost/a", 19),
        ("https://127.0.0.1/a", 19),
        ("https://desk.test/a", 19),
        ("example.org", 11),
        ("ftp://example.org", 17),
        ("@alice@" + "b" * 30 + ".com", 6),
        ("@alice", 6),
        ("hello @alice@example.org!", 6 + 6 + 1),
        ("mail me at alice@example.org", 28),
        ("#tag", 4),
    ],
)
def test_characters_count_as_mastodon_counts_them(text: str, characters: int) -> None:
    assert length(text) == characters


def test_a_server_may_count_links_otherwise() -> None:
    assert length("see https://example.org/a", per_link=40) == 44


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("https://example.org/a_(b)?c=1#d.", [("link", "https://example.org/a_(b)?c=1#d")]),
        ("https://example.org/?q=a&b=c, and", [("link", "https://example.org/?q=a&b=c")]),
        ("https://example.org?q=1!", [("link", "https://example.org?q=1")]),
        ("HTTPS://Example.ORG:8080/a/", [("link", "HTTPS://Example.ORG:8080/a/")]),
        ("https://bücher.example.org/süß", [("link", "https://bücher.example.org/süß")]),
        ("https://xn--p1ai.xn--p1ai/", [("link", "https://xn--p1ai.xn--p1ai/")]),
        ("„https://example.org/a“", [("link", "https://example.org/a“")]),
        ("xhttps://example.org", []),
        ("https://example.org@evil", []),
        ("https://example.org/@ana", [("link", "https://example.org/@ana")]),
        ("@ana and @bo.b@example.org.", [("mention", "@ana"), ("mention", "@bo.b@example.org")]),
        ("a@b /@c =@d @e@@ @fé", []),
        ("#eins #zwei_3 #1a #ärger", [("tag", "#eins"), ("tag", "#zwei_3"), ("tag", "#1a"), ("tag", "#ärger")]),
        ("＃全角 #a·b", [("tag", "＃全角"), ("tag", "#a·b")]),
        ("#123 a#b (#c) ##d", []),
        ("https://example.org/ #a", [("link", "https://example.org/"), ("tag", "#a")]),
    ],
)
def test_links_mentions_and_tags_are_those_that_mastodon_sees(text: str, spans: list[tuple[str, str]]) -> None:
    assert found(text) == spans


def test_a_mention_names_its_account_with_the_server() -> None:
    targets = [span.target for span in spans_of("@ana and @bo@example.net", HOST)]
    assert targets == ["ana@home.example.org", "bo@example.net"]


def test_what_stands_in_a_link_is_no_mention() -> None:
    [span] = spans_of("https://example.org/-@ana", HOST)
    assert span.kind == "link"


@given(st.text(alphabet=st.sampled_from("a1é@#:/.?()_-\n \u0301·👍https"), max_size=60))
@settings(max_examples=150, deadline=None)
def test_spans_are_in_order_and_never_overlap(text: str) -> None:
    ends = [0]
    for span in spans_of(text, HOST):
        assert ends[-1] <= span.start < span.end <= len(text)
        ends.append(span.end)


def test_a_long_text_of_brackets_is_read_in_no_time() -> None:
    assert spans_of("https://example.org/" + "(" * 5000, HOST)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("  a \r\n b\r", "a \n b"),
        ("e\u0301", "é"),
        ("a\x00b\x1b\u202ec", "ab\u202ec"),
        ("a\tb", "a\tb"),
        ("a\ud800", "a"),
    ],
)
def test_a_text_is_sent_clean(typed: str, sent: str) -> None:
    assert clean(typed) == sent


@pytest.mark.parametrize(
    "text",
    [
        "Plain & <simple>",
        "Two\n\nparagraphs\nand a line",
        "A link https://example.org/a?b=1 and @ana@example.org, #tag",
    ],
)
def test_a_status_is_known_again_by_its_html(text: str) -> None:
    assert same_text(text, spans_of(text, HOST), as_html(text))
    assert not same_text(text, spans_of(text, HOST), as_html(text + "!"))


@pytest.mark.parametrize(
    ("typed", "server"),
    [
        ("mastodon.social", "https://mastodon.social"),
        (" Mastodon.Social/ ", "https://mastodon.social"),
        ("https://mastodon.social/@me", "https://mastodon.social"),
        ("mastodon.social/@me", "https://mastodon.social"),
        ("http://mastodon.social", "https://mastodon.social"),
        ("@me@mastodon.social", "https://mastodon.social"),
        ("me@mastodon.social", "https://mastodon.social"),
        ("social.example.org:8443", "https://social.example.org:8443"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://localhost:3000/", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("bücher.example.org", "https://bücher.example.org"),
    ],
)
def test_a_server_can_be_named_in_many_ways(typed: str, server: str) -> None:
    assert server_from(typed) == server


@pytest.mark.parametrize(
    "typed", ["", "@me", "mastodon", "ftp://mastodon.social", "two words.org", "a.org:x", "https://["]
)
def test_what_is_no_server_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(Invalid, match=r"such as mastodon\.social"):
        server_from(typed)


def test_what_a_server_does_not_say_is_as_usual() -> None:
    assert facts_from({}) == {}
    assert (
        facts_from({"uri": 3, "configuration": {"statuses": [], "media_attachments": {"image_size_limit": "big"}}})
        == {}
    )
    assert limits_of({}).text == 500


def test_what_a_server_says_becomes_the_limits() -> None:
    media = {"supported_mime_types": ["image/png", "video/mp4", 3], "image_size_limit": 10, "description_limit": 7}
    statuses = {"max_characters": 9000, "max_media_attachments": 6, "characters_reserved_per_url": 40}
    facts = facts_from(
        {"uri": "https://example.org", "configuration": {"statuses": statuses, "media_attachments": media}}
    )
    limits = limits_of(facts)
    assert (limits.text, limits.images, limits.image_bytes, limits.alt_text) == (9000, 6, 10, 7)
    assert limits.image_types == {"image/png"}
    assert facts["url_characters"] == 40
    assert facts["domain"] == "example.org"
