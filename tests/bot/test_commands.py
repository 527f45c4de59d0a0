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
        ("/copydesk", "copydesk"),
        ("how did we do?", "report"),
        ("draft a post", ""),
        ("/", ""),
        ("/24 hours open", ""),  # somebody's text
        ("", ""),
    ],
)
def test_a_command_is_a_word_after_a_slash(said: str, command: str) -> None:
    assert command_of(said) == command


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
