"""A message of ours in Slack's form: pure, within every limit of `limits.py`, with nothing left out.

A `Piece.body` is `{"kind": "message", "text", "blocks"}`, with `instead` (bodies for when Slack refuses the blocks) where they
are a chart or a table; or `{"kind": "file", "title", "alt"}` with a `media_id` or a `chart`, see `bot.chat.chart_of`.
Files come last, so that adding a picture to a post leaves the messages before it where they are.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence

from bot.chat import Card, Chart, Choice, Table
from bot.native import Outgoing, Piece
from bot.slack import figures, rich
from bot.slack.blocks import NOT_SAID, Drawn, cut_labels, escaped, section
from bot.slack.commanding import typed_message
from bot.slack.layout import Album, Layout, name
from bot.slack.limits import (
    FALLBACK,
    FALLBACK_AIMED,
    FILE_ALT,
    FILE_TITLE,
    MESSAGE_BLOCKS,
    MESSAGE_CHARS,
    clipped,
    size,
)

_UNSEEN = frozenset({"type", "action_id", "style", "value", "confirm", "format"})


def render(message: Outgoing) -> list[Piece]:
    """The message in Slack's richest form; its buttons stand in the last piece that is no file."""
    message = typed_message(message)
    layout = Layout(message.zone)
    said = rich.blocks(rich.written(message.text))
    drawn, within, files = _figures(message.card)
    last = [*_card(message.card, layout, within), *_offered(message.choices, message.id, layout)]
    if drawn:  # what is said comes first, then what is drawn, then the rest
        opening = [_message(page) for page in pages(said)] if said else []
        bodies = [*opening, *drawn, *([_message(page) for page in pages(last)] if last else [])]
    else:
        bodies = [_message(page) for page in pages([*said, *last])]
    return [_piece(body) for body in [*bodies, *files, *_pictures(layout.album)]]


def plain(message: Outgoing) -> list[Piece]:
    """The same with nothing Slack could refuse: words as they are, and the buttons."""
    message = typed_message(message)
    layout = Layout(message.zone)
    within = in_words(message.card) if message.card else []
    drawn = [*rich.blocks(rich.written(message.text)), *_card(message.card, layout, within)]
    drawn += _offered(message.choices, message.id, layout)
    simple = [block for one in drawn for block in _simple(one)]
    return [_piece(_message(page)) for page in pages(simple)]


def _card(card: Card | None, layout: Layout, within: Sequence[Drawn]) -> list[Drawn]:
    return layout.card(card, within) if card else []


def _offered(choices: Sequence[Choice], message_id: str, layout: Layout) -> list[Drawn]:
    in_full = rich.blocks(rich.bullet(label) for label in cut_labels(choice.label for choice in choices))
    return in_full + layout.buttons.choices(choices, message_id)


def in_words(card: Card) -> list[Drawn]:
    """A card's chart and table without their drawing."""
    bits = []
    if card.chart:
        bits += [rich.section(rich.text(card.chart.title, "bold")), rich.section(card.chart.alt)]
    if card.table:
        bits.append(rich.code(figures.monospace(card.table)))
    return rich.blocks(bits)


def _figures(card: Card | None) -> tuple[list[Drawn], list[Drawn], list[Drawn]]:
    """Messages of their own, blocks within the card, files."""
    if card is None:
        return [], [], []
    messages, within, files = _chart(card.chart) if card.chart else ([], [], [])
    if card.table:
        bodies = list(_tables(card.table))
        messages = [*messages, *bodies]
        within = [*within, *_beside(card.table, drawn=bool(bodies))]
    return messages, within, files


def _chart(chart: Chart) -> tuple[list[Drawn], list[Drawn], list[Drawn]]:
    beside = figures.said_beside(chart)
    block, file = figures.chart_block(chart), figures.chart_file(chart)
    if block is None:
        return [], beside, [file]
    text = fallback(f"{chart.title}\n{chart.alt}")
    return [{"kind": "message", "text": text, "blocks": [block], "instead": [file]}], beside, []


def _beside(table: Table, drawn: bool) -> list[Drawn]:
    """What of a table must be said in the card: all of it where Slack cannot draw it."""
    if not drawn:
        return rich.blocks([rich.code(figures.monospace(table))])
    return rich.blocks([rich.section(table.caption)]) if size(table.caption) > figures.CAPTION else []


def _tables(table: Table) -> Iterator[Drawn]:
    for block, twin in figures.tables(table):
        instead = [_message(page) for page in pages(rich.blocks([rich.code(twin)]))]
        yield {"kind": "message", "text": fallback(twin), "blocks": [block], "instead": instead}


def _pictures(album: Album) -> Iterator[Drawn]:
    for number, image in enumerate(album.images.values(), 1):
        title = clipped(name(image, number), FILE_TITLE)
        yield {"kind": "file", "media_id": image.media_id, "title": title, "alt": clipped(image.alt, FILE_ALT)}


# dealing blocks out over messages


def pages(blocks: Iterable[Drawn]) -> list[list[Drawn]]:
    """The blocks in as few messages as hold them; at least one."""
    dealt: list[list[Drawn]] = [[]]
    room = MESSAGE_CHARS
    for block in blocks:
        weight = _weight(block)
        if dealt[-1] and (weight > room or len(dealt[-1]) >= MESSAGE_BLOCKS):
            dealt.append([])
            room = MESSAGE_CHARS
        dealt[-1].append(block)
        room -= weight
    return dealt if dealt[0] else [[section(NOT_SAID)]]


def _weight(part: object) -> int:
    """How much of a message's room something takes: every word in it that is shown, and every address."""
    if isinstance(part, dict):
        return sum(_weight(value) for key, value in part.items() if key not in _UNSEEN)
    if isinstance(part, list):
        return sum(_weight(one) for one in part)
    return size(part) if isinstance(part, str) else 0


def _message(blocks: list[Drawn]) -> Drawn:
    return {"kind": "message", "text": fallback("\n".join(words(block) for block in blocks)), "blocks": blocks}


def _simple(block: Drawn) -> list[Drawn]:
    return [block] if block["type"] == "actions" else [section(piece) for piece in rich.cut(words(block))]


def fallback(text: str) -> str:
    """What stands in notifications and is read aloud: as much as Slack takes, and it can call nobody."""
    cut = clipped(text.strip() or NOT_SAID, FALLBACK_AIMED)
    while size(escaped(cut)) > FALLBACK:
        cut = clipped(cut, size(cut) * 3 // 4)
    return escaped(cut)


def words(part: Drawn) -> str:
    """What a block says, without its form."""
    if part["type"] == "mrkdwn":  # an instant of `blocks.instant`
        return str(part["text"]).rpartition("|")[2].rstrip(">")
    if part["type"] == "link":
        return str(part["text"] if part["text"] == part["url"] else f"{part['text']} ({part['url']})")
    if "elements" in part:
        return _words_of_many(part)
    shown = part.get("text", part.get("fallback", ""))
    return words(shown) if isinstance(shown, dict) else str(shown)


def _words_of_many(part: Drawn) -> str:
    kind, elements = part["type"], part["elements"]
    if kind == "rich_text_quote":  # word for word what goes out
        return "".join(element.get("text", "") for element in elements)
    told = [words(element) for element in elements]
    if kind == "actions":
        return " · ".join(f"[{label}]" for label in told)
    if kind == "rich_text_list":
        numbered = part["style"] == "ordered"
        marks = (f"{number}." if numbered else "•" for number, _ in enumerate(told, part.get("offset", 0) + 1))
        return "\n".join(f"{mark} {one}" for mark, one in zip(marks, told, strict=True))
    return {"context": " · ", "rich_text": "\n"}.get(kind, "").join(told)


# telling one version from another


def _piece(body: Drawn) -> Piece:
    """With a digest over what is shown; every version of a message has block ids of its own, as Slack wants it."""
    shown = {key: value for key, value in body.items() if key != "alt"} if "media_id" in body else body
    digest = hashlib.sha256(json.dumps(shown, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return Piece(_with_ids(body, digest[:16]), digest)


def _with_ids(body: Drawn, mark: str) -> Drawn:
    if body["kind"] != "message":
        return body
    blocks = [{**block, "block_id": f"{mark}.{number}"} for number, block in enumerate(body["blocks"])]
    instead = {"instead": [_with_ids(one, f"{mark}.i") for one in body["instead"]]} if "instead" in body else {}
    return {**body, "blocks": blocks, **instead}
