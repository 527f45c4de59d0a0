import pytest

from agent.guided.guard import negated, refused


@pytest.mark.parametrize(
    "said",
    [
        "don't publish",
        "do not schedule it",
        "never post that",
        "please don't send post 3 for approval",
        "Don’t publish it yet",
        "dont post it",
        "I would rather you not post it",
        "stop publishing",
        "you shouldn't release number 4",
        "do not under any circumstances publish this",
        "don't put it online",
        "without sharing it",
        "please do n't submit it",
        "don't write a post about tea",
        "don't delete it",
    ],
)
def test_a_sentence_that_forbids_is_a_refusal(said: str) -> None:
    assert refused(said)
    assert negated(said)


@pytest.mark.parametrize(
    "said",
    [
        "publish it",
        "draft a post about why we don't publish on Sundays",
        "remember: never post on Sundays",
        "don't forget that we post on Mondays",
        "we never use emoji in our posts",
        "no emoji in post 3",
        "I don't like the draft",
        "don't use hashtags in this post",
        "it's not good, change the ending",
        "change post 3: do not post links",
    ],
)
def test_a_sentence_that_asks_for_something_else_is_none(said: str) -> None:
    assert not refused(said)


def test_a_number_sign_in_words_is_no_negation() -> None:
    assert not negated("publish no. 3")
    assert not negated("publish no 3")
    assert negated("no, publish nothing")
