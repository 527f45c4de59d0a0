import pytest

from agent.guided.matter import for_time, noted, own_words, sought, topic

NAMES = ["Woodpecker", "Blackbird", "desk.b.example"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("post this: We're open. Come by!", "We're open. Come by!"),
        ('Post this: "We don\'t sell your data."', "We don't sell your data."),
        ("share “Doors open at noon”", "Doors open at noon"),
        ("post this tomorrow at 9: Doors open.", "Doors open."),
        ("post this tomorrow at 9:30: Doors open.", "Doors open."),
        ("Please post this\n\nFirst line  \n  second line 🎉", "First line  \n  second line 🎉"),
        ("announce: we are closed on Thursday all day", "we are closed on Thursday all day"),
        ("publish: Hello!", "Hello!"),
        ("draft a post about tea", ""),
        ("new post: tea", ""),
        ("a post from these notes: we are closed on Thursday all day", ""),
        ('write a post about "quiet quitting"', ""),
        ('a post called "Why we left the city"', ""),
        ('say "hi"', ""),
        ("every Monday at 9:00 draft a tip", ""),
        ("read https://a.example/feed", ""),
    ],
)
def test_own_words_are_taken_exactly_as_given(said: str, words: str) -> None:
    assert own_words(said) == words


@pytest.mark.parametrize(
    ("said", "about"),
    [
        ("draft a post about tea", "tea"),
        ("3 posts about electric bikes for Woodpecker", "electric bikes"),
        ("a post for Blackbird on the new bike lanes, please", "the new bike lanes"),
        ("post on Blackbird about bees and send it for approval", "bees"),
        ("write something on Woodpecker", ""),
        ("draft a post about tea for tomorrow 9", "tea"),
        ("draft a post about the open day on Friday", "the open day on Friday"),
        ("announce that we're closed on Thursday", "we're closed on Thursday"),
        ("tell our followers about the fair", "the fair"),
        ("let everyone know we have moved", "we have moved"),
        ("promote the summer sale", "the summer sale"),
        ("need a short thread explaining how composting works, 4 parts max", "how composting works"),
        ("turn these notes into a post - shipped v2, faster search", "shipped v2, faster search"),
        ("how about a story about the founder's first shop", "the founder's first shop"),
        ("thank our volunteers publicly", "thank you to our volunteers"),
        ("congratulate Sam on the marathon", "congratulations to Sam on the marathon"),
        ("wish everyone a happy new year", "we wish everyone a happy new year"),
        ("invite people to the workshop", "the workshop"),
        ("shout out to Mia for the photos", "a shout-out to Mia for the photos"),
        ("we won the award! shout it out", "we won the award"),
        ("write a post", ""),
        ("please", ""),
    ],
)
def test_a_topic_is_what_is_left_of_a_request(said: str, about: str) -> None:
    assert topic(said, NAMES) == about


def test_only_a_time_with_an_hour_is_taken_from_the_end_of_a_topic() -> None:
    assert for_time("a post about tea for tomorrow 9:00") == "tomorrow 9:00"
    assert for_time("a post about the menu for saturday") == ""


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("remember that we open at 8", "we open at 8"),
        ("Please remember: no emoji", "no emoji"),
        ("fyi the shop moved", "the shop moved"),
        ("don't forget that our colour is green", "our colour is green"),
        ("note to self: the fair is on 12 March", "the fair is on 12 March"),
        ("our tone is calm", "our tone is calm"),
        ("remember", ""),
    ],
)
def test_what_is_to_be_remembered_stands_without_the_order(said: str, text: str) -> None:
    assert noted(said) == text


@pytest.mark.parametrize(
    ("said", "query"),
    [
        ("what do you know about tea?", "tea"),
        ("remind me what we said on pricing", "pricing"),
        ("forget everything you know about Anna", "Anna"),
        ("you can drop the note on emoji", "emoji"),
        ("forget that", ""),
        ("who is our press contact again", "our press contact"),
    ],
)
def test_a_search_keeps_the_words_that_matter(said: str, query: str) -> None:
    assert sought(said) == query
