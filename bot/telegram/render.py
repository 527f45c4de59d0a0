"""A message of ours in Telegram's form: pure, within every limit of `limits.py`, with nothing left out.

A `Piece.body` is one of
`{"kind": "text", "text", "entities", "keyboard"}`, `{"kind": "photo", "media_id", "name", "caption"}`,
`{"kind": "album", "photos": [{"media_id", "name", "caption"}]}`, `{"kind": "chart", "chart", "caption"}`.
Pictures come first, so that the buttons stand under the last piece.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bot.chat import Card, Chart
from bot.films import is_film, kind_of, pictures_of
from bot.native import Outgoing, Piece
from bot.telegram.card import card_words
from bot.telegram.keyboard import Keyboard, cut_labels, keyboards, keys_of, labelled
from bot.telegram.limits import ALBUM, CAPTION, TEXT, clipped
from bot.telegram.styled import Text, Writing, bare, pages, quiet, say
from content.platform import Image

Body = dict[str, Any]

MORE = "More buttons:"
EMPTY = "–"


def render(message: Outgoing) -> list[Piece]:
    """The message in Telegram's richest form; its buttons stand under the last piece."""
    bodies = [*_pictures(message.card), *_chart(message.card), *_words(message)]
    return [_piece(body) for body in bodies]


def plain(message: Outgoing) -> list[Piece]:
    """The same with nothing Telegram could refuse: words without looks, and the buttons that it always takes."""
    writing = _written(message, with_chart=True)
    for label, button in labelled(message.card):
        if button.url:  # not every address may stand on a button
            writing.gap(1)
            writing.add(f"{label}: {button.url}")
    keys = [key for key in _keys(message) if "callback_data" in key]
    unstyled = [{name: value for name, value in key.items() if name != "style"} for key in keys]
    return [_piece(body) for body in _texts(bare(writing.text()), keyboards(unstyled))]


def text_bodies(words: Text, keyboard: Keyboard | None = None) -> list[Body]:
    """Words as bodies of pieces, with a keyboard under the last."""
    return list(_texts(words, [keyboard] if keyboard else []))


def _words(message: Outgoing) -> Iterator[Body]:
    writing = _written(message)
    yield from _texts(writing.text(), keyboards(_keys(message)))


def _keys(message: Outgoing) -> list[dict[str, Any]]:
    return keys_of(message.card, message.choices, message.id)


def _written(message: Outgoing, *, with_chart: bool = False) -> Writing:
    writing = Writing()
    say(writing, message.text)
    if message.card:
        card_words(writing, message.card, message.zone, with_chart=with_chart or _long_alt(message.card))
    labels = [*(label for label, _ in labelled(message.card)), *(choice.label for choice in message.choices)]
    for label in cut_labels(labels):
        writing.gap(1)
        writing.add(f"• {label}")
    return writing


def _texts(words: Text, boards: Sequence[Keyboard]) -> Iterator[Body]:
    stretches = pages(words, TEXT) or [Text(EMPTY)]
    for page in stretches[:-1]:
        yield _text(page, [])
    yield _text(stretches[-1], boards[0] if boards else [])
    for board in boards[1:]:
        yield _text(Text(MORE), board)


def _text(page: Text, keyboard: Keyboard) -> Body:
    return {"kind": "text", "text": page.words, "entities": page.entities(), "keyboard": keyboard}


# pictures


def _pictures(card: Card | None) -> Iterator[Body]:
    photos = [_photo(image) for image in _images(card)]
    for start in range(0, len(photos), ALBUM):
        some = photos[start : start + ALBUM]
        yield {"kind": "album", "photos": some} if len(some) > 1 else {"kind": "photo", **some[0]}


def _images(card: Card | None) -> list[Image]:
    """Every picture once, however many accounts show it."""
    previews = card.previews if card else ()
    found = {image.media_id: image for one in previews for part in one.parts for image in pictures_of(part)}
    return list(found.values())


def _photo(image: Image) -> Body:
    """The words that describe it stand in full in the text; the caption may be shorter. A video's says how long it is."""
    if is_film(image):
        caption = f"{kind_of(image)} {image.name}\n{image.alt}".strip()
        return {"media_id": image.media_id, "name": "video.jpg", "caption": clipped(quiet(caption), CAPTION)}
    return {"media_id": image.media_id, "name": image.name, "caption": clipped(quiet(image.alt), CAPTION)}


def _chart(card: Card | None) -> Iterator[Body]:
    if card and card.chart:
        yield {"kind": "chart", "chart": asdict(card.chart), "caption": clipped(_chart_words(card.chart), CAPTION)}


def _chart_words(chart: Chart) -> str:
    return quiet(f"{chart.title}\n{chart.alt}".strip())


def _long_alt(card: Card) -> bool:
    """Whether a chart's words do not fit its caption, and must stand in the text."""
    words = _chart_words(card.chart) if card.chart else ""
    return clipped(words, CAPTION) != words


def _piece(body: Mapping[str, Any]) -> Piece:
    shown = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return Piece(body, hashlib.sha256(shown.encode()).hexdigest())
