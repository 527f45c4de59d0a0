import re

import pytest

from bot.commands import COMMANDS, command_of, help_text, words_after


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("/connect", "connect"),
        ("  /Calendar  ", "calendar"),
        ("/connect mastodon please", "connect"),
        ("/invite editor Jo", "invite"),
        ("/nonsense", "nonsense"),  # answered with the help
        ("/copydesk plans", "plans"),  # as Slack wants it, and then everywhere
        ("/Copydesk  link", "link"),
        ("/copydesk /plans", "plans"),
        ("/copydesk", "copydesk"),
        ("how did we do?", "report"),
        ("stop everything!", "hold"),
        ("/stop everything", "hold"),
        ("/copydesk stop everything", "hold"),
        ("/hold now", "hold"),
        ("/hold all posts, please", "hold"),
        ("/copydesk hold everything", "hold"),
        ("/stop", "stop"),
        ("/stop writing", "stop"),
        ("/stop the Monday plan", "plans"),
        ("/release", "release"),
        ("/release everything, please", "release"),
        ("let everything go", "release"),
        ("/release post 12", ""),  # one post, not everything
        ("/copydesk release post 12", ""),
        ("/copydesk /release #12", ""),
        ("/release it", ""),
        ("/hold post 12", ""),
        ("/hold #12", ""),
        ("/stop post 12", ""),
        ("release everything?", ""),  # asked, not said
        ("let everything go?", ""),
        ("draft a post", ""),
        ("/", ""),
        ("/24 hours open", ""),  # somebody's text
        ("", ""),
    ],
)
def test_a_command_is_a_word_after_a_slash(said: str, command: str) -> None:
    assert command_of(said) == command


@pytest.mark.parametrize(
    "said",
    [
        "my plans",
        "Plans",
        "Show my plans, please",
        "please show me all our running plans!",
        "what plans do we have?",
        "What’s recurring?",
        "end a plan",
        "can you end one of my plans",
        "stop the Monday plan",
        "Cancel the  Monday plan.",
        "delete the plan about tea plans",
        "end the series",
        "stop drafting a tip every Monday",
        "stop drafting a tip every weekend",
        "please stop posting daily",
        "stop researching headlines on Mondays at 9:00",
    ],
)
def test_plain_words_for_what_repeats_show_it(said: str) -> None:
    assert command_of(said) == "plans"


@pytest.mark.parametrize("said", ["show the slots", "posting slots", "what are our slots?", "Slots"])
def test_plain_words_for_the_slots_show_them(said: str) -> None:
    assert command_of(said) == "slots"


@pytest.mark.parametrize(
    "said",
    [
        "draft a post about our plans",
        "don't end the Monday plan",
        "plan a post for Monday",
        "cancel the plan to post on Friday",
        "cancel post 3",
        "cancel the Monday post",
        "stop using emoji every day",
        "stop drafting tips every Monday, draft jokes",
        "change of plans",
        "delete the post about our pricing plans",
        "cancel the draft about the new series",
        "remove the sentence about our plans",
        "end the post with our plans",
        "stop posting on weekends",
        "put it in the next free slot",
        "my plans are to sell tea",
        "stop drafting " + "very " * 40 + "long tips daily",
        "Monday plan",
    ],
)
def test_what_only_sounds_alike_is_talk(said: str) -> None:
    assert command_of(said) == ""


@pytest.mark.parametrize("said", ["/invite approver Jo", "/copydesk invite approver Jo"])
def test_what_stands_behind_a_command_is_given_to_it(said: str) -> None:
    assert words_after(said) == "approver Jo"
    assert words_after("/invite") == ""


def test_the_help_names_every_command() -> None:
    assert all(f"`/{name}`" in help_text() for name in COMMANDS)


def test_a_command_fits_into_the_menu_of_every_chat() -> None:
    for name, command in COMMANDS.items():
        assert re.fullmatch(r"[a-z0-9_]{1,32}", name)
        assert 3 <= len(command.words) <= 100
