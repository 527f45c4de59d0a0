"""Blocks that are not running text: headers, small print, buttons.

Whatever people or the model wrote goes in as `plain_text`, which Slack never reads as markup; `mrkdwn` is for instants only.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from bot.chat import Button, Choice, Tone
from bot.slack.limits import (
    ACTIONS_ELEMENTS,
    BUTTON_TEXT,
    CONFIRM_BUTTON,
    CONFIRM_TEXT,
    CONFIRM_TITLE,
    HEADER,
    TEXT_OBJECT,
    clipped,
    size,
)
from content.times import zone

Drawn = dict[str, Any]
"""A block, or part of one, as Slack's JSON."""
MARKS: dict[Tone, str] = {"plain": "", "asking": "○", "waiting": "◐", "good": "✓", "bad": "✕"}
"""How a tone looks beside its words."""
INSTANT = "{date_short_pretty} at {time}"
PRESS = "press:"
FORM = "form:"
"""Beginnings of `action_id`; what a button is about stands in its value."""
NOT_SAID = "–"


def escaped(text: str) -> str:
    """The text so that Slack shows it as it is wherever it reads `mrkdwn` or a message's `text`: nothing is called, nothing linked."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain_text(text: str, most: int = TEXT_OBJECT) -> Drawn:
    """A text object that is never read as markup; Slack takes none that is empty."""
    return {"type": "plain_text", "text": clipped(text, most) if text.strip() else NOT_SAID, "emoji": False}


def header(title: str) -> Drawn:
    """A heading, at most `HEADER` long."""
    return {"type": "header", "text": plain_text(title, HEADER)}


def section(text: str) -> Drawn:
    """Words without any form."""
    return {"type": "section", "text": plain_text(text)}


def divider() -> Drawn:
    """A thin line."""
    return {"type": "divider"}


def marked(tone: Tone, words: str) -> str:
    """Words with their tone's mark."""
    return f"{MARKS[tone]} {words}".strip()


def local(at: datetime, zone_name: str) -> str:
    """An instant in words, for whoever sees no dates drawn."""
    return f"{at.astimezone(zone(zone_name)):%-d %b %Y, %H:%M} {zone_name}"


def instant(at: datetime, zone_name: str) -> Drawn:
    """A small-print element that shows the instant in each reader's own zone."""
    text = f"<!date^{int(at.timestamp())}^{INSTANT}|{escaped(local(at, zone_name)).replace('|', '/')}>"
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def context(elements: Sequence[str | Drawn]) -> list[Drawn]:
    """Small print of at most `CONTEXT_ELEMENTS`; words are taken literally. Nothing at all where there is nothing to say."""
    drawn = [plain_text(one) if isinstance(one, str) else one for one in elements if not _blank(one)]
    return [{"type": "context", "elements": drawn}] if drawn else []


def _blank(element: str | Drawn) -> bool:
    return isinstance(element, str) and not element.strip()


class Buttons:
    """Makes the buttons of one message or view; each gets a number of its own."""

    def __init__(self) -> None:
        self._number = 0

    def row(self, buttons: Iterable[Button], about: str) -> list[Drawn]:
        """The `actions` blocks of these buttons; `about` names what they act on, for the question before a dangerous one."""
        return list(_rows([self._button(button, about) for button in buttons]))

    def choices(self, choices: Sequence[Choice], message_id: str) -> list[Drawn]:
        """The `actions` blocks of offered answers."""
        drawn = [self._pressed(choice.label, f"say:{message_id}:{number}") for number, choice in enumerate(choices)]
        return list(_rows(drawn))

    def _button(self, button: Button, about: str) -> Drawn:
        drawn = self._pressed(button.label, button.key, FORM if button.form else PRESS)
        if button.url:
            del drawn["value"]  # Slack tells of the press all the same, and then there is nothing to do
            drawn["url"] = button.url
        if button.style != "plain":
            drawn["style"] = button.style
        if button.style == "danger":
            drawn["confirm"] = confirm(button.label, about)
        return drawn

    def _pressed(self, label: str, value: str, prefix: str = PRESS) -> Drawn:
        self._number += 1
        return {
            "type": "button",
            "action_id": f"{prefix}{self._number}",
            "text": plain_text(label, BUTTON_TEXT),
            "value": value,
        }


def _rows(buttons: Sequence[Drawn]) -> Iterator[Drawn]:
    for start in range(0, len(buttons), ACTIONS_ELEMENTS):
        yield {"type": "actions", "elements": list(buttons[start : start + ACTIONS_ELEMENTS])}


def confirm(label: str, about: str) -> Drawn:
    """The question before something that is hard to take back."""
    return {
        "title": plain_text(f"{label}?", CONFIRM_TITLE),
        "text": plain_text(f"This is about {about}." if about.strip() else "This is hard to take back.", CONFIRM_TEXT),
        "confirm": plain_text(label if size(label) <= CONFIRM_BUTTON else "Yes, do it", CONFIRM_BUTTON),
        "deny": plain_text("Not now", CONFIRM_BUTTON),
        "style": "danger",
    }


def cut_labels(labels: Iterable[str]) -> list[str]:
    """Labels too long for a button, to be said in full beside it."""
    return [label for label in labels if size(label) > BUTTON_TEXT]
