"""How much Telegram takes: every number in one place. Lengths count in UTF-16 units, so that most emoji count twice.

API: https://core.telegram.org/bots/api (Bot API 10.1 of 2026-06-11). SDK: `telegram.constants` of python-telegram-bot 22.8.
FAQ: https://core.telegram.org/bots/faq, as several libraries quote it. OWN: our own margin. Nothing of it was tried on a
live Telegram.
"""

from dataclasses import dataclass
from datetime import timedelta

import regex

TEXT = 4096  # API: sendMessage
CAPTION = 1024  # API: sendPhoto
ENTITIES = 100  # SDK: more are taken and not shown
CALLBACK_BYTES = 64  # API: callback_data, in bytes of UTF-8
BUTTONS = 100  # SDK: of one keyboard
LABEL = 60  # OWN: longer is cut on every phone
COPY = 256  # API: copy_text
ALBUM = 10  # API: sendMediaGroup, 2 to 10
PHOTO_BYTES = 10_000_000  # API: sendPhoto; larger goes as a document
TOAST = 200  # API: answerCallbackQuery
PLACEHOLDER = 64  # API: ForceReply.input_field_placeholder
COMMAND_WORDS = 256  # API: BotCommand.description
SHORT_DESCRIPTION = 120  # API: setMyShortDescription
GENERAL_TOPIC = "1"
"""The topic that must not be named when something is sent there."""

_GRAPHEME = regex.compile(r"\X")
_WIDEST = 64
"""Characters looked back for the border of a grapheme; longer ones are no writing."""


@dataclass(frozen=True)
class Flood:
    """How often Telegram lets a bot speak; edits count like messages."""

    private: timedelta = timedelta(seconds=1.1)  # FAQ: one a second in one chat
    group: timedelta = timedelta(seconds=3.1)  # FAQ: twenty a minute in one group
    bot: timedelta = timedelta(seconds=1 / 25)  # FAQ: about thirty a second in all
    typing: timedelta = timedelta(seconds=4.5)  # API: a chat action shows for five seconds
    longest: timedelta = timedelta(seconds=5)
    """The longest rest that Telegram asks for and that is waited out on the spot."""
    patience: timedelta = timedelta(seconds=20)
    """How long a message waits for its turn before its sender is told to come back."""


def size(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)


def fitting(text: str, most: int, start: int = 0) -> int:
    """Where a stretch of at most `most` units ends that begins at `start`; at a grapheme's border where there is one."""
    end = min(len(text), start + most)
    while (over := size(text[start:end]) - most) > 0:
        end -= (over + 1) // 2
    if end == len(text):
        return end
    back = max(start, end - _WIDEST)
    borders = [back + found.start() for found in _GRAPHEME.finditer(text[back : end + _WIDEST])]
    return max((one for one in borders if start < one <= end), default=end)


def clipped(text: str, most: int) -> str:
    """The text, or as much of it as fits with an ellipsis that says so."""
    if size(text) <= most:
        return text
    return text[: fitting(text, most - 1)].rstrip() + "…"
