from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from content import contents
from content.platform import Content, Image, PartContent

words = st.text(max_size=30)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | words, lambda inner: st.lists(inner, max_size=3), max_leaves=4
)
objects = st.dictionaries(words, plain, max_size=3)
images = st.builds(Image, words, words, words, st.integers(0), st.integers(1), st.integers(1), words, words)
parts = st.builds(PartContent, words, st.lists(images, max_size=2).map(tuple))
whole = st.builds(Content, st.lists(parts, min_size=1, max_size=3).map(tuple), objects, objects)

Change = Callable[[Content], Content]


def changed_part(**changes: object) -> Change:
    def change(content: Content) -> Content:
        first, *rest = content.parts
        return replace(content, parts=(replace(first, **changes), *rest))  # type: ignore[arg-type]

    return change


PICTURE = Image("media_1", "hash", "image/png", 1, 1, 1, "a dog", "dog.png")
PUBLIC: list[Change] = [
    lambda content: replace(content, parts=(*content.parts, PartContent("one more"))),
    lambda content: changed_part(text=content.parts[0].text + " ")(content),
    lambda content: changed_part(images=(*content.parts[0].images, PICTURE))(content),
    lambda content: replace(content, settings={**content.settings, "visibility": "x" + str(content.settings)}),
    lambda content: replace(content, resolved={**content.resolved, "@ann": "x" + str(content.resolved)}),
]


@given(whole)
def test_what_is_kept_reads_back_the_same(content: Content) -> None:
    assert contents.read(contents.kept(content)) == content
    assert contents.digest("account_1", contents.read(contents.kept(content))) == contents.digest("account_1", content)


@given(whole, st.sampled_from(PUBLIC))
def test_a_digest_changes_with_every_public_detail(content: Content, change: Change) -> None:
    assert contents.digest("account_1", change(content)) != contents.digest("account_1", content)


@given(whole)
def test_a_digest_changes_with_the_account(content: Content) -> None:
    assert contents.digest("account_1", content) != contents.digest("account_2", content)


def test_a_digest_changes_with_a_picture_its_description_and_its_order() -> None:
    other = replace(PICTURE, sha256="other")
    described = replace(PICTURE, alt="a cat")
    shown = [(PICTURE,), (other,), (described,), (PICTURE, other), (other, PICTURE)]
    digests = {contents.digest("account_1", Content((PartContent("x", pictures),))) for pictures in shown}
    assert len(digests) == len(shown)


def test_a_digest_does_not_change_with_the_order_of_settings_or_a_file_name() -> None:
    one = Content((PartContent("x", (PICTURE,)),), {"a": 1, "b": 2})
    two = Content((PartContent("x", (replace(PICTURE, name="y"),)),), {"b": 2, "a": 1})
    assert contents.digest("account_1", one) == contents.digest("account_1", two)
