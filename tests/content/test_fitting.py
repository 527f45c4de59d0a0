import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.fitting import fit, split
from content.platform import Access, Content, Image, PartContent
from tests.fakes.clock import FakeClock
from tests.fakes.platform import BarePlatform

ACCESS = Access("account_1", "fake", "1", "ann", "")
texts = st.text(alphabet="ab .!?\n…é漢🙂", max_size=200)


@given(texts, st.integers(1, 40))
def test_no_word_is_ever_lost_and_every_piece_fits(text: str, limit: int) -> None:
    pieces = split(text, lambda piece: len(piece) <= limit)
    assert all(len(piece) <= limit for piece in pieces)
    assert re.sub(r"\s", "", "".join(pieces)) == re.sub(r"\s", "", text)


@given(st.lists(st.text(alphabet="abc.", min_size=1, max_size=8), max_size=40), st.integers(8, 40))
def test_words_that_fit_are_never_cut(words: list[str], limit: int) -> None:
    pieces = split(" ".join(words), lambda piece: len(piece) <= limit)
    assert [word for piece in pieces for word in piece.split()] == words


@given(texts, st.integers(4, 40))
def test_every_piece_fits_in_bytes_too(text: str, limit: int) -> None:
    platform = BarePlatform(FakeClock(), limit=30, text_bytes=limit)
    content = fit(platform, ACCESS, Content((PartContent(text),)))
    assert all(len(part.text) <= 30 and len(part.text.encode()) <= limit for part in content.parts)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("One. Two.\n\nThree. Four.", ["One. Two.", "Three. Four."]),
        ("First line\nsecond line", ["First line", "second line"]),
        ("A sentence. Another one", ["A sentence.", "Another one"]),
        ("seven words of which none is long", ["seven words", "of which none", "is long"]),
        ("  short  ", ["short"]),
        ("", [""]),
        ("abcdefghijklmnopqrstuvwxyz", ["abcdefghijklm", "nopqrstuvwxyz"]),
        ("ab\n\ncd", ["ab\n\ncd"]),
    ],
)
def test_a_text_is_cut_where_a_reader_would_pause(text: str, pieces: list[str]) -> None:
    assert split(text, lambda piece: len(piece) <= 13) == pieces


def test_pictures_stay_with_the_first_piece_of_their_part() -> None:
    picture = Image("media_1", "hash", "image/png", 1, 1, 1)
    platform = BarePlatform(FakeClock(), limit=5)
    content = fit(platform, ACCESS, Content((PartContent("alpha beta", (picture,)), PartContent("gamma")), {"a": 1}))
    assert [(part.text, part.images) for part in content.parts] == [("alpha", (picture,)), ("beta", ()), ("gamma", ())]
    assert content.settings == {"a": 1}
