"""Dialogs and the home page. A view names its fields itself, so that what comes back is read without knowing the form."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.chat import Card, Tone
from bot.native import Form
from bot.slack import rich
from bot.slack.blocks import Drawn, context, divider, plain_text, section
from bot.slack.commanding import typed, typed_card
from bot.slack.layout import Layout
from bot.slack.limits import (
    HOME_BYTES,
    INPUT_AIMED,
    INPUT_HINT,
    INPUT_LABEL,
    INPUT_TEXT,
    OPTION_TEXT,
    OPTION_VALUE,
    OPTIONS,
    PLACEHOLDER,
    VIEW_BLOCKS,
    VIEW_BYTES_AIMED,
    VIEW_TITLE,
    VIEW_WORDS,
    clipped,
    fitting,
    size,
)
from bot.slack.render import in_words
from content.connecting import Field

FORM = "form"
IDEA = "idea"
"""`callback_id` of the views that are sent off; IDEA is also the name of its only field."""
VALUE = "value"
"""`action_id` of every field."""
_JOINTS = {"p": "\n\n", "l": "\n", "w": " ", "c": ""}
"""How a long text's inputs are joined again, see `_parts`."""
_TITLES: dict[Tone, str] = {"good": "Done", "bad": "Not done"}
HIDDEN = "Slack cannot hide what you type here. The desk keeps it sealed and never shows it again."
TOO_LONG = "This is too long for one of Slack's forms, so nothing was opened. Say in words what should change."
REST = "More is left out here, since a page in Slack has an end. Ask me for it in Messages."


def loading(external_id: str, title: str) -> Drawn:
    """A dialog that stands while its content is made."""
    return {**_modal(title, [section("One moment…")]), "external_id": external_id}


def form_view(form: Form, *, external_id: str, metadata: str) -> Drawn:
    """What a button asks, as a dialog."""
    view = _modal(form.title, [block for number, field in enumerate(form.fields) for block in _asked(number, field)])
    if len(view["blocks"]) > VIEW_BLOCKS or _bytes(view) > VIEW_BYTES_AIMED:
        return {**_modal(form.title, [section(TOO_LONG)]), "external_id": external_id, "private_metadata": metadata}
    if not view["blocks"]:
        view["blocks"] = [section(form.title)]
    sent = {"callback_id": FORM, "submit": plain_text(form.submit, VIEW_TITLE), "close": plain_text("Not now")}
    return {**view, **sent, "external_id": external_id, "private_metadata": metadata}


def idea_view(text: str) -> Drawn:
    """The dialog of “Turn into a post”, with the words it starts from."""
    field = Field(IDEA, "What is the post about?", "long", hint=text)
    view = _modal("Turn into a post", list(_asked(0, field))[: VIEW_BLOCKS - 1])
    return {**view, "callback_id": IDEA, "submit": plain_text("Draft it"), "close": plain_text("Not now")}


def result_view(text: str, tone: Tone, go_to: str = "") -> Drawn:
    """What a form came to; `go_to` is where the person must go on."""
    text = typed(text)
    blocks = [section(piece) for piece in rich.cut(clipped(text, VIEW_WORDS))] or [section(text)]
    way = rich.blocks([rich.section(rich.link("Go on there", typed(go_to)))]) if go_to else []
    return _modal(_TITLES.get(tone, "Copydesk"), [*blocks, *way])


def _modal(title: str, blocks: Sequence[Drawn]) -> Drawn:
    """A dialog; a title too long for its place is said whole in it."""
    drawn = list(blocks) if size(title) <= VIEW_TITLE else [section(title), *blocks]
    return {"type": "modal", "title": plain_text(title, VIEW_TITLE), "close": plain_text("Close"), "blocks": drawn}


# the fields of a form


def _asked(number: int, field: Field) -> Iterator[Drawn]:
    if field.options and all(0 < size(value) <= OPTION_VALUE for value, _ in field.options):
        yield _input(field, f"{number}:0c:{field.name}", _select(field), hint="")
    elif field.kind == "long":
        yield from _long(number, field)
    else:
        yield _short(number, field)


def _input(field: Field, block_id: str, element: Drawn, hint: str, label: str = "") -> Drawn:
    drawn = {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label or field.label, INPUT_LABEL),
        "element": {**element, "action_id": VALUE},
        "optional": not field.required,
    }
    return {**drawn, "hint": plain_text(hint, INPUT_HINT)} if hint.strip() else drawn


def _short(number: int, field: Field) -> Drawn:
    element: Drawn = {"type": "plain_text_input", "multiline": False, "max_length": INPUT_TEXT}
    hints = [HIDDEN] if field.kind == "password" else []
    if 0 < size(field.hint) <= PLACEHOLDER and field.hint.strip():
        element["placeholder"] = plain_text(field.hint, PLACEHOLDER)
    else:
        hints.append(field.hint)
    hints += [", ".join(label for _, label in field.options)]
    return _input(field, f"{number}:0c:{field.name}", element, " ".join(hint for hint in hints if hint))


def _long(number: int, field: Field) -> Iterator[Drawn]:
    """A text that stands there already; a long one in several inputs, of which all but the first may be emptied."""
    parts = list(_parts(field.hint))
    for position, (joint, text) in enumerate(parts):
        label = f"{field.label} ({position + 1} of {len(parts)})" if len(parts) > 1 else field.label
        element: Drawn = {"type": "plain_text_input", "multiline": True, "max_length": INPUT_TEXT}
        if text:
            element["initial_value"] = text
        drawn = _input(field, f"{number}:{position}{joint}:{field.name}", element, "", label)
        yield {**drawn, "optional": drawn["optional"] or position > 0}


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """The text in pieces, each with the joint before it, by which they become the same text again."""
    joint, rest = "c", text
    while size(rest) > INPUT_AIMED:
        head = rest[: fitting(rest, INPUT_AIMED)]
        after, border, end = _border(head)
        yield joint, head[:end]
        joint, rest = after, rest[end + len(border) :]
    yield joint, rest


def _border(head: str) -> tuple[str, str, int]:
    for joint, border in _JOINTS.items():
        if border and (end := head.rfind(border)) > len(head) // 3:
            return joint, border, end
    return "c", "", len(head)


def _select(field: Field) -> Drawn:
    options = [{"text": plain_text(label or value, OPTION_TEXT), "value": value} for value, label in field.options]
    element: Drawn = {"type": "static_select"}
    chosen = next((option for option in options if option["value"] == field.hint), None)
    if chosen:
        element["initial_option"] = chosen
    if len(options) <= OPTIONS:
        return {**element, "options": options}
    groups = [options[start : start + OPTIONS] for start in range(0, len(options), OPTIONS)][:OPTIONS]
    named = [
        {"label": plain_text(f"{number * OPTIONS + 1}–{number * OPTIONS + len(group)}"), "options": group}
        for number, group in enumerate(groups)
    ]
    return {**element, "option_groups": named}


def values(view_state: Mapping[str, Any]) -> dict[str, str]:
    """What was filled in, by the names of the fields; takes a view's `state` or what is in its `values`."""
    found: dict[str, dict[int, tuple[str, str]]] = {}
    for block_id, actions in view_state.get("values", view_state).items():
        _, place, name = block_id.split(":", 2)
        found.setdefault(name, {})[int(place[:-1])] = (_JOINTS[place[-1]], _value(actions[VALUE]))
    return {name: _joined(parts) for name, parts in found.items()}


def _joined(parts: Mapping[int, tuple[str, str]]) -> str:
    whole = ""
    for _, (joint, text) in sorted(parts.items()):
        whole += f"{joint}{text}" if whole and text else text
    return whole


def _value(state: Mapping[str, Any]) -> str:
    if state.get("type") == "static_select":
        return str((state.get("selected_option") or {}).get("value", ""))
    return str(state.get("value") or "")


# the home page


def home(cards: Sequence[Card], zone: str) -> Drawn:
    """The page of one person: a few cards, each whole but for its pictures. What does not fit is said to be left out."""
    layout = Layout(zone)
    blocks: list[Drawn] = []
    for card in map(typed_card, cards):
        drawn = [*([divider()] if blocks else []), *layout.card(card, in_words(card))]
        if len(blocks) + len(drawn) >= VIEW_BLOCKS or _bytes([*blocks, *drawn]) > HOME_BYTES:
            blocks += [*_shortened(drawn, blocks), *context([REST])]
            break
        blocks += drawn
    return {"type": "home", "blocks": blocks or [section("Nothing here yet. Write to me in Messages.")]}


def _shortened(drawn: Sequence[Drawn], before: Sequence[Drawn]) -> list[Drawn]:
    """As much of a card as the page still holds: its buttons, and its words from the top."""
    room, left = VIEW_BLOCKS - 1 - len(before), HOME_BYTES - _bytes(before)
    buttons = _fitting([block for block in drawn if block["type"] == "actions"], room, left)
    words = [block for block in drawn if block["type"] != "actions"]
    return [*_fitting(words, room - len(buttons), left - _bytes(buttons)), *buttons]


def _fitting(blocks: Sequence[Drawn], room: int, left: int) -> list[Drawn]:
    kept: list[Drawn] = []
    for block in blocks:
        left -= _bytes(block)
        if left < 0 or len(kept) >= room:
            break
        kept.append(block)
    return kept


def _bytes(part: object) -> int:
    """As the wordiest sender writes it."""
    return len(json.dumps(part))
