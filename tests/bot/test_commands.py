import re

import pytest

from bot.commands import COMMANDS, command_of, help_text


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("/connect", "connect"),
        ("  /Calendar  ", "calendar"),
        ("/connect mastodon please", "connect"),
        ("/invite editor Jo", "invite"),
        ("/nonsense", "nonsense"),  # answered with the help
        ("draft a post", ""),
        ("/", ""),
        ("/24 hours open", ""),  # somebody's text
        ("", ""),
    ],
)
def test_a_command_is_a_word_after_a_slash(said: str, command: str) -> None:
    assert command_of(said) == command


def test_the_help_names_every_command() -> None:
    assert all(f"`/{name}`" in help_text() for name in COMMANDS)


def test_a_command_fits_into_the_menu_of_every_chat() -> None:
    for name, command in COMMANDS.items():
        assert re.fullmatch(r"[a-z0-9_]{1,32}", name)
        assert 3 <= len(command.words) <= 100
