import pytest

from agent.guided import slots
from tests.agent.guided.desk import desk, empty


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("3 posts about tea", 3),
        ("two short posts", 2),
        ("a couple of posts", 2),
        ("a few drafts", 3),
        ("some posts", 3),
        ("write a post", 1),
        ("something about tea", 1),
        ("0 posts", 1),
    ],
)
def test_a_count_is_read(said: str, number: int) -> None:
    assert slots.count(said) == number


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("a thread in 4 parts", 4),
        ("a thread of five", 5),
        ("a thread about tea", 3),
        ("a post", 1),
        ("in 99 parts", 10),
    ],
)
def test_the_parts_of_a_thread_are_read(said: str, parts: int) -> None:
    assert slots.thread_parts(said) == parts


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("post 12", 12),
        ("#4 please", 4),
        ("number 7", 7),
        ("draft #2", 2),
        ("no. 5", 5),
        ("the first one", 2),
        ("the second draft", 3),
        ("the last post", 5),
        ("the bakery one", 2),
        ("the one about the fair", 3),
        ("make it shorter", 3),
        ("the tenth one", 3),
        ("the fourth one", 3),
        ("the one about invoices", 3),
    ],
)
def test_a_post_is_found_by_number_place_description_or_because_it_was_replied_to(said: str, number: int) -> None:
    assert slots.post_number(said, desk()) == number


def test_without_a_reply_the_newest_post_is_meant() -> None:
    assert slots.post_number("make it shorter", desk(selected=0)) == 5
    assert slots.post_number("make it shorter", empty()) == 0


def test_accounts_are_found_by_label_handle_and_platform() -> None:
    briefing = desk()
    assert slots.accounts_named("for blackbird and Woodpecker", briefing) == ["Woodpecker", "Blackbird"]
    assert slots.accounts_named("to @desk.b.example", briefing) == ["desk.b.example"]
    assert slots.accounts_named("for blackbirds", briefing) == []
    assert slots.names_of(briefing)[:2] == ["Woodpecker", "woodpecker"]


@pytest.mark.parametrize(
    ("said", "when"),
    [
        ("schedule post 3 for tomorrow at 9", "tomorrow at 9"),
        ("tomorrow 9 for post 3", "tomorrow 9"),
        ("post 5: Friday 14:30 Lisbon time", "Friday 14:30 Lisbon time"),
        ("move it two hours later", "two hours later"),
        ("put it out in half an hour please", "in half an hour"),
        ("rather friday than monday", "friday"),
        ("next Tuesday at noon Lisbon time", "next Tuesday at noon Lisbon time"),
        ("on 3 May at 8", "on 3 May at 8"),
        ("schedule #3 for 2026-12-01 09:30", "2026-12-01 09:30"),
        ("saturday morning would be best for number 3", "saturday morning"),
        ("push it back by two days", "by two days"),
        ("schedule it", ""),
        ("post 3", ""),
    ],
)
def test_the_words_that_say_when_are_cut_out(said: str, when: str) -> None:
    assert slots.when_words(said) == when


@pytest.mark.parametrize(
    ("said", "action"),
    [
        ("hold post 3", "hold"),
        ("park #5 until I say so", "hold"),
        ("take it off hold", "release"),
        ("let number 5 run again", "release"),
        ("take post 2 off the schedule", "cancel"),
        ("cancel it", "cancel"),
        ("tomorrow 9", "set"),
    ],
)
def test_what_is_wanted_of_a_time_is_read(said: str, action: str) -> None:
    assert slots.timing(said) == action


def test_a_feed_address_is_read_without_the_punctuation_around_it() -> None:
    assert slots.feed_address("look at https://a.example/feed.xml, please") == "https://a.example/feed.xml"
    assert slots.feed_address("look at the news") == ""
