import re

import pytest

from agent.guided.drafts import ANGLES, LABEL, drafts
from tests.agent.guided.desk import HEADLINE, desk

THINGS = ["tea", "the open day on Friday", "our new podcast", "how composting works", "hiring", "why sleep matters"]
STATEMENTS = ["we're closed on Thursday", "our shop has moved to Ghent", "the API is back", "tickets are on sale"]


@pytest.mark.parametrize("topic", THINGS)
def test_a_thing_is_named_in_every_angle_as_it_was_said(topic: str) -> None:
    made = drafts(topic, desk(), count=len(ANGLES))
    assert len({draft.parts for draft in made}) == len(ANGLES)
    assert all(topic in draft.parts[0] for draft in made)


@pytest.mark.parametrize("topic", STATEMENTS)
def test_a_statement_stands_as_a_sentence_of_its_own(topic: str) -> None:
    for draft in drafts(topic, desk(), count=len(ANGLES)):
        assert re.search(rf"{re.escape(topic)}\.", draft.parts[0], re.IGNORECASE)
        assert f"about {topic}" not in draft.parts[0]


@pytest.mark.parametrize("topic", [*THINGS, *STATEMENTS, "happy new year to everyone"])
@pytest.mark.parametrize("parts", [1, 2, 4, 10])
def test_every_draft_is_tidy_labelled_and_invents_no_number_link_or_emoji(topic: str, parts: int) -> None:
    for draft in drafts(topic, desk(), count=6, parts=parts):
        assert draft.brief.endswith(LABEL)
        assert len(draft.parts) == parts
        for text in draft.parts:
            assert text == text.strip()
            assert text[0].isupper()
            assert text[-1] in ".?!"
            assert not re.search(r"!|http|#|  |\.\.|[{}\[\]]|[^\x00-\u2fff]", text), text
            assert set(re.findall(r"\d+", text)) <= {"1", "2", "3"}
            assert len(text) <= 280


def test_a_greeting_stays_a_greeting() -> None:
    (draft,) = drafts("thank you to our volunteers", desk())
    assert draft.parts == ("Thank you to our volunteers. All of us here mean it.",)


def test_facts_and_headlines_that_fit_are_used_word_for_word_and_others_are_not() -> None:
    briefing = desk(headlines=(HEADLINE,), memories=("we have sold heat pumps since 1998", "Anna is on leave"))
    first, second = drafts("heat pumps", briefing, count=2)
    assert "“Heat pumps outsell gas boilers” (Example News) https://news.example/heat" in first.parts[0]
    assert "We have sold heat pumps since 1998." in second.parts[0]
    assert "Anna" not in first.parts[0] + second.parts[0]


def test_a_fact_with_its_own_full_stop_keeps_just_that() -> None:
    (draft,) = drafts("heat pumps", desk(memories=("Heat pumps are quiet.",)))
    assert "Heat pumps are quiet.\n\n" in draft.parts[0]


def test_a_thread_carries_a_fact_too() -> None:
    (draft,) = drafts("heat pumps", desk(headlines=(HEADLINE,)), parts=3)
    assert HEADLINE.url in draft.parts[1]


def test_the_shape_of_the_best_past_posts_is_followed() -> None:
    asking = desk(best_posts=("What is your favourite?\n\nTell us.",))
    (draft,) = drafts("tea", asking)
    assert draft.parts[0].startswith("What would you like to know about tea?\n\n")


def test_a_voice_without_questions_gets_none() -> None:
    for draft in drafts("tea", desk(voice="Calm. Never ask questions."), count=4):
        assert "?" not in draft.parts[0]


def test_a_voice_in_the_first_person_singular_is_kept_and_quotes_stay_as_they_are() -> None:
    fact = "we have sold tea for years"
    (draft,) = drafts("tea", desk(voice="First person singular.", memories=("We like tea best",)))
    assert "I will answer" in draft.parts[0]
    assert "Ask me here" in draft.parts[0]
    (quoting,) = drafts("sold", desk(voice="First person singular.", memories=(fact,)))
    assert "We have sold tea for years." in quoting.parts[0]


def test_a_fixed_hashtag_of_the_voice_ends_the_last_part() -> None:
    (draft,) = drafts("tea", desk(voice="Always end with #TeaTime"), parts=2)
    assert not draft.parts[0].endswith("#TeaTime")
    assert draft.parts[1].endswith(" #TeaTime")
