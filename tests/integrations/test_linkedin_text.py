"""LinkedIn's little text: everything escaped that must be, nothing that must not, and back again."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.linkedin_text import RESERVED, escaped, mentioned, on_the_wire, same_text, shown, unescaped
from tests.servers.linkedin import as_read

ACME = {"acme": {"urn": "urn:li:organization:9", "name": "Acme (Inc.)"}}


def test_there_are_fifteen_reserved_characters() -> None:
    assert len(set(RESERVED)) == len(RESERVED) == 15


@pytest.mark.parametrize("character", RESERVED)
def test_every_reserved_character_survives(character: str) -> None:
    for text in (character, f"a {character} b", character * 3, f"{character}word{character}"):
        assert unescaped(escaped(text)) == text
        assert as_read(escaped(text)) == text
        plain, spans = shown(text, {})
        assert as_read(on_the_wire(plain, spans)) == text


@given(st.text(max_size=60) | st.text(alphabet=st.sampled_from(f"{RESERVED}ab \n:/.é😀1"), max_size=60))
def test_what_is_escaped_comes_back(text: str) -> None:
    assert unescaped(escaped(text)) == text


@given(st.text(alphabet=st.sampled_from(f"{RESERVED}ab \n1é"), max_size=60))
def test_what_a_reader_sees_is_what_was_written(text: str) -> None:
    plain, spans = shown(text, {})
    wire = on_the_wire(plain, spans)
    assert as_read(wire) == plain == text
    assert same_text(plain, spans, wire)


@given(st.text(alphabet=st.sampled_from(f"{RESERVED}ab 1é"), max_size=40))
def test_whatever_a_link_holds_what_follows_is_still_read(rest: str) -> None:
    plain, spans = shown(f"See https://example.org/{rest} the end", {})
    wire = on_the_wire(plain, spans)
    assert as_read(wire).endswith(" the end")
    assert same_text(plain, spans, wire)


@given(st.text(max_size=300))
def test_spans_never_overlap(text: str) -> None:
    plain, spans = shown(text, ACME)
    assert all(one.end <= other.start for one, other in itertools.pairwise(spans))
    assert all(0 <= span.start < span.end <= len(plain) for span in spans)


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("Read https://example.org/a_(b)?c=1#d, now", "Read https://example.org/a_%28b%29?c=1#d, now"),
        ("https://example.org/a[1]?b={c}|d\\e*f_g~", "https://example.org/a%5B1%5D?b=%7Bc%7D%7Cd%5Ce*f_g~"),
        ("(see https://example.org/x)", r"\(see https://example.org/x\)"),
        ("#Čaj and #a_b and #1 and C#", r"#Čaj and #a\_b and \#1 and C\#"),
        ("me@example.org", r"me\@example.org"),
        ("*bold* ~no~ {x} <b> | \\", r"\*bold\* \~no\~ \{x\} \<b\> \| " + "\\\\"),
        ("Ask @[Ana Ltd](urn:li:organization:7)!", "Ask @[Ana Ltd](urn:li:organization:7)!"),
        ("Ask @[Ana](urn:li:person:Ab-1_x)!", "Ask @[Ana](urn:li:person:Ab-1_x)!"),
        ("Ask @[Ana](https://example.org)", r"Ask \@\[Ana\]\(https://example.org\)"),
        ("Ask @acme and @nobody", r"Ask @[Acme \(Inc.\)](urn:li:organization:9) and \@nobody"),
    ],
)
def test_the_wire_form_keeps_links_tags_and_mentions(text: str, wire: str) -> None:
    assert on_the_wire(*shown(text, ACME)) == wire


def test_a_mention_is_shown_as_its_name() -> None:
    plain, spans = shown("Thanks @[Ana Ltd](urn:li:organization:7) and @acme, see #you", ACME)
    assert plain == "Thanks Ana Ltd and Acme (Inc.), see #you"
    assert [(plain[one.start : one.end], one.kind, one.target) for one in spans] == [
        ("Ana Ltd", "mention", "urn:li:organization:7"),
        ("Acme (Inc.)", "mention", "urn:li:organization:9"),
        ("#you", "tag", "you"),
    ]


def test_a_name_inside_a_written_mention_is_not_looked_up_again() -> None:
    text = "Ask @[our friends @acme](urn:li:organization:7)"
    assert mentioned(text) == []
    assert shown(text, ACME)[0] == "Ask our friends @acme"


def test_names_to_look_up_are_told_once_and_addresses_are_none() -> None:
    text = "@Acme @acme @[Bob](urn:li:person:1) me@example.org @a.b @x/y @ok-go."
    assert mentioned(text) == ["acme", "x", "ok-go"]


@pytest.mark.parametrize(
    ("commentary", "same"),
    [
        (r"One \(two\) three", True),
        ("One (two)  three\n", True),
        (r"One \(two\)", False),
        ("", False),
    ],
)
def test_a_commentary_says_the_same_however_it_is_escaped(commentary: str, *, same: bool) -> None:
    assert same_text(*shown("One (two) three", {}), commentary) is same


def test_elements_of_a_commentary_are_compared_by_what_people_see() -> None:
    assert same_text(
        *shown("Thanks Ana Ltd for #tea", {}), r"Thanks @[Ana Ltd](urn:li:organization:7) for {hashtag|\#|tea}"
    )
