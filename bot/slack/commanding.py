"""Our commands as they are typed in Slack, which takes a message that begins with / as a command of its own and knows only one of ours.

Only the desk's own words are turned: what a post says, a list's rows, what stands in a field, and what is quoted, are somebody's wording.
"""

import re
from dataclasses import replace

from bot.chat import Card, Preview
from bot.commands import COMMANDS, DESK
from bot.native import Outgoing
from content.errors import Problem

COMMAND = f"/{DESK}"
"""The one command that the manifest registers; ours are the words after it."""
_NAMES = "|".join(sorted(COMMANDS, key=len, reverse=True))
_OURS = re.compile(
    rf"```.*?```|“(?!/(?:{_NAMES})”)[^“”]*”"  # code, and somebody's words: passed over
    rf"|(?:(?<=[\s\"'`“‘(\[*])|^)/(?P<name>{_NAMES})(?![\w/-])",
    re.DOTALL,
)


def typed(words: str) -> str:
    """The desk's words, with `/plans` written as `/copydesk plans`, and every other command of ours likewise."""
    return _OURS.sub(lambda found: f"{COMMAND} {found['name']}" if found["name"] else found[0], words)


def typed_message(message: Outgoing) -> Outgoing:
    """What the desk says, and its card."""
    card = typed_card(message.card) if message.card else None
    return replace(message, text=typed(message.text), card=card)


def typed_card(card: Card) -> Card:
    """A card; what its posts say stays word for word."""
    previews = tuple(_preview(one) for one in card.previews)
    return replace(card, status=typed(card.status), notes=tuple(map(typed, card.notes)), previews=previews)


def _preview(preview: Preview) -> Preview:
    problems = tuple(_problem(one) for one in preview.problems)
    return replace(preview, status=typed(preview.status), problems=problems)


def _problem(problem: Problem) -> Problem:
    return replace(problem, what=typed(problem.what), fix=typed(problem.fix))
