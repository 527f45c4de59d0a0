"""The desk's light Markdown as data: every chat draws the same blocks in its own form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.words import Block, Run, numbers_words, parsed, shortly
from content.platform import Numbers


def lines(*texts: str) -> tuple[tuple[Run, ...], ...]:
    return tuple((Run(text),) for text in texts)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("one\ntwo", [Block("lines", lines("one", "two"))]),
        ("one\r\n\r\ntwo", [Block("lines", lines("one")), Block("lines", lines("two"))]),
        ("- a\n* b", [Block("bullets", lines("a", "b"))]),
        ("7. a\n8. b", [Block("numbers", lines("a", "b"), 7)]),
        ("```py\na < b\n```", [Block("code", ((Run("a < b", "code"),),))]),
        ("", []),
    ],
)
def test_text_becomes_blocks(text: str, blocks: list[Block]) -> None:
    assert parsed(text) == blocks


def test_a_line_becomes_runs() -> None:
    [block] = parsed("**bold** and `code` at https://y.example/b. [here](https://x.example/a)")
    assert block.lines == (
        (
            Run("bold", "bold"),
            Run(" and "),
            Run("code", "code"),
            Run(" at "),
            Run("https://y.example/b", "", "https://y.example/b"),
            Run("."),
            Run(" "),
            Run("here", "", "https://x.example/a"),
        ),
    )


def test_only_web_addresses_lead_anywhere() -> None:
    [block] = parsed("[click](javascript:alert(1)) file:///etc/passwd")
    assert all(not run.url for line in block.lines for run in line)


@given(st.text(st.characters(exclude_characters="%`", categories=("L", "N", "P", "Zs")), max_size=300))
def test_no_letter_is_lost(text: str) -> None:
    shown = "".join(run.text + run.url for block in parsed(text) for line in block.lines for run in line)
    assert {letter for letter in text if letter.isalpha()} <= set(shown) or "file:" in text


def test_numbers_are_told_in_words_and_unknown_ones_left_out() -> None:
    assert numbers_words(Numbers(likes=1, replies=2, reposts=None, views=12_000)) == "1 like · 2 replies · 12,000 views"


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0"), (950, "950"), (9_999, "9,999"), (12_345, "12.3k"), (3_000_000, "3M"), (-2.5e9, "-2.5B"), (0.25, "0.25")],
)
def test_a_number_is_said_as_short_as_it_can_be(number: float, said: str) -> None:
    assert shortly(number) == said
