"""Buttons under a message, in the Bot API's own words. What a button carries comes back as it is and is believed by nobody."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from bot.chat import Button, Card, Choice
from bot.telegram.limits import BUTTONS, CALLBACK_BYTES, COPY, LABEL, clipped, size

Key = dict[str, Any]
Keyboard = list[list[Key]]

_SHORT = 18
"""Two labels of this length stand side by side on a narrow phone."""
_STYLES: Mapping[str, str] = {"primary": "primary", "danger": "danger"}


def pressed(label: str, key: str, style: str = "") -> Key:
    """A button that comes back with its key.

    Raises:
        ValueError: the key is too long, which is a bug of whoever made it.
    """
    if not 1 <= len(key.encode()) <= CALLBACK_BYTES:
        msg = f"a button's key must have 1 to {CALLBACK_BYTES} bytes: {key!r}"
        raise ValueError(msg)
    drawn: Key = {"text": clipped(label.strip() or "…", LABEL), "callback_data": key}
    return drawn | ({"style": style} if style else {})


def opening(label: str, url: str) -> Key:
    """A button that opens an address."""
    return {"text": clipped(label, LABEL), "url": url}


def keys_of(card: Card | None, choices: Sequence[Choice], message_id: str) -> list[Key]:
    """Every button of a message, the important ones first."""
    drawn = [_drawn(label, button) for label, button in labelled(card)]
    drawn += _copied(card)
    return drawn + [pressed(choice.label, f"say:{message_id}:{number}") for number, choice in enumerate(choices)]


def labelled(card: Card | None) -> list[tuple[str, Button]]:
    """The card's buttons with what stands on them; where several accounts have some, they name theirs."""
    if card is None:
        return []
    with_buttons = [preview for preview in card.previews if preview.buttons]
    named = len(with_buttons) > 1
    own = [
        (f"{one.label}: {button.label}" if named else button.label, button)
        for one in with_buttons
        for button in one.buttons
    ]
    every = [*own, *((button.label, button) for button in card.buttons)]
    return sorted(every, key=lambda one: one[1].style != "primary")


def _drawn(label: str, button: Button) -> Key:
    if button.url:
        return opening(label, button.url)
    return pressed(label, button.key, _STYLES.get(button.style, ""))


def _copied(card: Card | None) -> list[Key]:
    """A button that copies the post's text, where there is one text only and Telegram takes it."""
    texts = {part.text for preview in card.previews for part in preview.parts} if card else set()
    if len(texts) != 1:
        return []
    [text] = texts
    return [{"text": "Copy text", "copy_text": {"text": text}}] if text.strip() and size(text) <= COPY else []


def cut_labels(labels: Iterable[str]) -> list[str]:
    """Labels that do not fit a button, to be said in full elsewhere; each once."""
    return list(dict.fromkeys(label.strip() for label in labels if size(label.strip()) > LABEL))


def keyboards(keys: Sequence[Key]) -> list[Keyboard]:
    """The buttons in rows, two by two where they are short; more than Telegram takes under one message give several."""
    waiting = iter(keys)
    found = []
    while some := list(islice(waiting, BUTTONS)):
        found.append(list(_rows(some)))
    return found


def _rows(keys: Sequence[Key]) -> Iterator[list[Key]]:
    row: list[Key] = []
    for key in keys:
        if size(key["text"]) > _SHORT:
            if row:
                yield row
                row = []
            yield [key]
            continue
        row.append(key)
        if len(row) == 2:
            yield row
            row = []
    if row:
        yield row
