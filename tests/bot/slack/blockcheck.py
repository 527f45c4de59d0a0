"""Holds what we send to Slack against its limits and shapes, as strictly as the strictest reader of its pages would.

For our own small Slack and for tests; it knows no SDK. Unknown block types and unknown keys are refused.
Sources: as in `bot/slack/limits.py`. Numbers stand here a second time on purpose: a slip there must not move both.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Part = Mapping[str, Any]

TEXT_STYLES = {"bold", "italic", "strike", "code"}
INLINE = {"text", "link", "date"}


class Refused(Exception):
    """What Slack would answer: `code` is its error, the message says where and why."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why


def check_message(body: Part) -> None:
    """The `text` and `blocks` of a message.

    Raises:
        Refused: with the code Slack answers: invalid_blocks, msg_too_long, msg_blocks_too_long, no_text.
    """
    text, blocks = body.get("text", ""), body.get("blocks", [])
    _must(isinstance(text, str) and isinstance(blocks, list), "text and blocks", "invalid_arguments")
    _must(bool(text.strip()) or bool(blocks), "neither text nor blocks", "no_text")
    _must(units(text) <= 4_000, f"text of {units(text)}", "msg_too_long")
    _must("<!" not in text, "the text calls everybody", "invalid_arguments")
    check_blocks(blocks, 50, _IN_MESSAGES)
    _must(shown(blocks) <= 13_000, f"{shown(blocks)} characters in all", "msg_blocks_too_long")
    charts = sum(block["type"] == "data_visualization" for block in blocks)
    _must(charts <= 2, f"{charts} charts")
    tables = [block for block in blocks if block["type"] == "data_table"]
    cells = sum(units(cell["text"]) for table in tables for row in table["rows"] for cell in row if "text" in cell)
    _must(cells <= 10_000, f"{cells} characters in tables")


def check_body(body: Part) -> None:
    """What a `Piece` of `bot/slack/render.py` carries.

    Raises:
        Refused: as `check_message`.
    """
    if body["kind"] == "file":
        known = {"kind", "title", "alt", "media_id"} if "media_id" in body else {"kind", "title", "alt", "chart"}
        _must(set(body) == known, f"a file with {sorted(body)}")
        _must(bool(body["title"].strip()) and units(body["title"]) <= 255, "a file's title")
        _must(units(body["alt"]) <= 1_000, "a file's alt text")
        return
    _must(not _calls(body.get("text", "")), "what it is read aloud as calls somebody")
    _must(body["kind"] == "message" and set(body) <= {"kind", "text", "blocks", "instead"}, f"{sorted(body)}")
    check_message(body)
    for other in body.get("instead", []):
        check_body(other)


def check_view(view: Part) -> None:
    """A modal or a home page.

    Raises:
        Refused: invalid_arguments, view_too_large.
    """
    home = view.get("type") == "home"
    both = {"type", "blocks", "private_metadata", "callback_id", "external_id"}
    _keys(view, {"type", "blocks"} if home else {"type", "blocks", "title"}, both if home else _MODAL)
    _must(view["type"] in ("home", "modal"), f"a view of type {view['type']}")
    for name in ("title", "submit", "close"):
        if name in view:
            _plain(view[name], 24)
    for name, most in (("private_metadata", 3_000), ("callback_id", 255), ("external_id", 255)):
        _must(units(view.get(name, "")) <= most, f"{name} too long")
    blocks = view["blocks"]
    _must(len(blocks) >= 1, "a view without blocks")
    check_blocks(blocks, 100, _IN_VIEWS)
    inputs = [block for block in blocks if block["type"] == "input"]
    _must(not inputs or home or "submit" in view, "fields, but nothing to send them off with")
    _must(len(json.dumps(view).encode()) <= 250_000, "over 250 KB", "view_too_large")


def check_blocks(blocks: Sequence[Part], most: int, checks: Mapping[str, Callable[[Part], None]]) -> None:
    """Each block by itself, and that no id stands twice."""
    _must(len(blocks) <= most, f"{len(blocks)} blocks")
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    _must(len(set(ids)) == len(ids), "one block_id twice")
    _must(all(0 < units(one) <= 255 for one in ids), "a block_id empty or too long")
    for block in blocks:
        _must(block.get("type") in checks, f"a block of type {block.get('type')}")
        checks[block["type"]]({key: value for key, value in block.items() if key != "block_id"})
    pressed = [one["action_id"] for block in blocks if block["type"] == "actions" for one in block["elements"]]
    _must(len(set(pressed)) == len(pressed), "one action_id twice")


def units(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def said(part: object) -> str:
    """Everything a person reads in blocks or in a `Piece`'s body, top to bottom, buttons and all."""
    if isinstance(part, str):
        return part
    if isinstance(part, list):
        return "\n".join(said(one) for one in part)
    assert isinstance(part, Mapping)
    inline = all(one.get("type") in INLINE for one in part.get("elements", ()))
    if "elements" in part and inline:
        return "".join(said(one) for one in part["elements"])
    if "url" in part and part["url"] != part["text"]:
        return f"{part['text']} {part['url']}"
    names = ("blocks", "title", "caption", "label", "text", "alt", "chart", "rows", "elements", "fallback", "hint")
    if "blocks" in part:
        return said(part["blocks"])
    return "\n".join(said(part[name]) for name in names if name in part and name != "chart")


def shown(part: object) -> int:
    """How many characters blocks show."""
    if isinstance(part, Mapping):
        return sum(shown(value) for key, value in part.items() if key in ("text", "elements", "rows", "label", "hint"))
    if isinstance(part, list):
        return sum(shown(one) for one in part)
    return units(part) if isinstance(part, str) else 0


def _must(holds: bool, why: str, code: str = "invalid_blocks") -> None:
    if not holds:
        raise Refused(code, why)


def _keys(part: Part, needed: set[str], known: set[str]) -> None:
    _must(needed <= set(part) <= known, f"{part.get('type')} has {sorted(part)}")


def _words(text: object, most: int) -> None:
    _must(
        isinstance(text, str) and 0 < units(text) <= most and bool(text.strip()),
        f"text {str(text)[:40]!r}, at most {most}",
    )


def _plain(part: Part, most: int) -> None:
    _keys(part, {"type", "text"}, {"type", "text", "emoji"})
    _must(part["type"] == "plain_text", f"{part['type']} where plain_text is due")
    _words(part["text"], most)


def _object(part: Part, most: int) -> None:
    if part.get("type") != "mrkdwn":
        return _plain(part, most)
    _keys(part, {"type", "text"}, {"type", "text", "verbatim"})
    _words(part["text"], most)
    _must(not _calls(part["text"]), f"mrkdwn that calls somebody: {part['text'][:60]}")
    return None


def _calls(markup: str) -> bool:
    """Whether Slack would tell somebody; in `plain_text` it reads no markup."""
    return any(call in markup for call in ("<@", "<!channel", "<!here", "<!everyone", "<!subteam", "<#"))


def _header(block: Part) -> None:
    _keys(block, {"type", "text"}, {"type", "text"})
    _plain(block["text"], 150)


def _section(block: Part) -> None:
    _keys(block, {"type", "text"}, {"type", "text", "expand"})
    _object(block["text"], 3_000)


def _divider(block: Part) -> None:
    _keys(block, {"type"}, {"type"})


def _context(block: Part) -> None:
    _keys(block, {"type", "elements"}, {"type", "elements"})
    _must(1 <= len(block["elements"]) <= 10, f"{len(block['elements'])} elements of a context")
    for element in block["elements"]:
        _object(element, 3_000)


def _actions(block: Part) -> None:
    _keys(block, {"type", "elements"}, {"type", "elements"})
    _must(1 <= len(block["elements"]) <= 25, f"{len(block['elements'])} elements of actions")
    for element in block["elements"]:
        _button(element)


def _button(part: Part) -> None:
    _keys(part, {"type", "text", "action_id"}, {"type", "text", "action_id", "value", "url", "style", "confirm"})
    _must(part["type"] == "button", f"{part['type']} among actions")
    _plain(part["text"], 75)
    _must(0 < units(part["action_id"]) <= 255, "action_id")
    _must(units(part.get("value", "x")) in range(1, 2_001), "a button's value")
    _must(units(part.get("url", "")) <= 3_000, "a button's url")
    _must(part.get("style", "primary") in ("primary", "danger"), "a button's style")
    if "confirm" in part:
        _confirm(part["confirm"])


def _confirm(part: Part) -> None:
    _keys(part, {"title", "text", "confirm", "deny"}, {"title", "text", "confirm", "deny", "style"})
    for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        _plain(part[name], most)


def _rich_text(block: Part) -> None:
    _keys(block, {"type", "elements"}, {"type", "elements"})
    _must(len(block["elements"]) >= 1, "a rich_text without elements")
    for element in block["elements"]:
        _rich_element(element)
    _must(shown(block) <= 3_000, f"a rich_text of {shown(block)}")


def _rich_element(part: Part) -> None:
    kind = part.get("type")
    if kind == "rich_text_list":
        _keys(part, {"type", "elements", "style"}, {"type", "elements", "style", "offset", "indent", "border"})
        _must(part["style"] in ("bullet", "ordered"), "a list's style")
        _must(isinstance(part.get("offset", 0), int) and part.get("offset", 0) >= 0, "a list's offset")
        for element in part["elements"]:
            _must(element.get("type") == "rich_text_section", "an item that is no section")
            _leaf(element, INLINE)
    else:
        _must(kind in ("rich_text_section", "rich_text_quote", "rich_text_preformatted"), f"rich_text holds {kind}")
        _leaf(part, INLINE - {"date"} if kind == "rich_text_preformatted" else INLINE)
    _must(len(part["elements"]) >= 1, f"{kind} without elements")


def _leaf(part: Part, known: set[str]) -> None:
    _keys(part, {"type", "elements"}, {"type", "elements"})
    _must(len(part["elements"]) >= 1, f"{part['type']} without elements")
    for element in part["elements"]:
        _must(element.get("type") in known, f"{part['type']} holds {element.get('type')}")
        _inline(element)


def _inline(part: Part) -> None:
    if part["type"] == "date":
        _keys(
            part,
            {"type", "timestamp", "format"},
            {"type", "timestamp", "format", "fallback", "style", "url", "timezone"},
        )
        _must(isinstance(part["timestamp"], int) and "{" in part["format"], "a date")
    else:
        link = part["type"] == "link"
        _keys(part, {"type", "text", *({"url"} if link else ())}, {"type", "text", "style", *({"url"} if link else ())})
        _must(isinstance(part["text"], str) and len(part["text"]) > 0, f"an empty {part['type']}")
        _must(part.get("url", "https://x").startswith(("https://", "http://")), "a link that is none")
        _must(units(part.get("url", "")) <= 3_000, "a link's url")
    style = part.get("style", {})
    _must(set(style) <= TEXT_STYLES and all(value is True for value in style.values()), f"style {style}")


def _visualization(block: Part) -> None:
    _keys(block, {"type", "title", "chart"}, {"type", "title", "chart"})
    _words(block["title"], 50)
    chart = block["chart"]
    _keys(chart, {"type", "series", "axis_config"}, {"type", "series", "axis_config"})
    _must(chart["type"] in ("bar", "line", "area"), f"a chart of type {chart['type']}")
    axis = chart["axis_config"]
    _must({"categories"} <= set(axis) <= {"categories", "x_label", "y_label"}, "axis_config")
    categories = axis["categories"]
    _must(1 <= len(categories) <= 20 and len(set(categories)) == len(categories), "categories")
    for label in (*categories, *(series["name"] for series in chart["series"])):
        _words(label, 20)
    names = [series["name"] for series in chart["series"]]
    _must(1 <= len(names) <= 6 and len(set(names)) == len(names), "series")
    for series in chart["series"]:
        _must(set(series) == {"name", "data"}, "a series")
        _must([point["label"] for point in series["data"]] == categories, "points that are not the categories")
        _must(all(set(point) == {"label", "value"} for point in series["data"]), "a point")
        _must(all(math.isfinite(point["value"]) for point in series["data"]), "a value that is no number")


def _table(block: Part) -> None:
    _keys(block, {"type", "caption", "rows"}, {"type", "caption", "rows", "page_size", "row_header_column_index"})
    _words(block["caption"], 200)
    rows = block["rows"]
    _must(2 <= len(rows) <= 101, f"{len(rows)} rows")
    _must(1 <= len(rows[0]) <= 20 and all(len(row) == len(rows[0]) for row in rows), "columns")
    _must(1 <= block.get("page_size", 5) <= 100, "page_size")
    for cell in (cell for row in rows for cell in row):
        number = cell.get("type") == "raw_number"
        _must(number or cell.get("type") == "raw_text", f"a cell of type {cell.get('type')}")
        _must(set(cell) == ({"type", "value", "text"} if number else {"type", "text"}), "a cell")
        _words(cell["text"], 10_000)
        _must(not number or math.isfinite(cell["value"]), "a number that is none")


def _input(block: Part) -> None:
    _keys(block, {"type", "label", "element"}, {"type", "label", "element", "hint", "optional", "dispatch_action"})
    _plain(block["label"], 2_000)
    if "hint" in block:
        _plain(block["hint"], 2_000)
    element = block["element"]
    _must(element.get("type") in _FIELDS, f"a field of type {element.get('type')}")
    _FIELDS[element["type"]](element)
    _must(units(element.get("action_id", "x")) in range(1, 256), "a field's action_id")


def _text_input(part: Part) -> None:
    known = {"type", "action_id", "multiline", "max_length", "min_length", "initial_value", "placeholder"}
    _keys(part, {"type"}, known)
    most = part.get("max_length", 3_000)
    _must(1 <= most <= 3_000, "max_length")
    _must(units(part.get("initial_value", "x")) in range(1, most + 1), "initial_value empty or over max_length")
    if "placeholder" in part:
        _plain(part["placeholder"], 150)


def _static_select(part: Part) -> None:
    _keys(part, {"type"}, {"type", "action_id", "options", "option_groups", "initial_option", "placeholder"})
    _must(("options" in part) != ("option_groups" in part), "options or groups of them")
    groups = part.get("option_groups", [])
    _must(len(groups) <= 100, "groups of options")
    for group in groups:
        _plain(group["label"], 75)
    every = [part["options"]] if "options" in part else [group["options"] for group in groups]
    _must(all(1 <= len(options) <= 100 for options in every), "how many options")
    flat = [option for options in every for option in options]
    for option in flat:
        _must(set(option) == {"text", "value"}, "an option")
        _plain(option["text"], 75)
        _must(units(option["value"]) in range(1, 151), "an option's value")
    _must("initial_option" not in part or part["initial_option"] in flat, "initial_option is none of the options")


_MODAL = {"type", "blocks", "title", "submit", "close", "private_metadata", "callback_id", "external_id"} | {
    "clear_on_close",
    "notify_on_close",
    "submit_disabled",
}
_FIELDS: Mapping[str, Callable[[Part], None]] = {"plain_text_input": _text_input, "static_select": _static_select}
_ANYWHERE: Mapping[str, Callable[[Part], None]] = {
    "header": _header,
    "section": _section,
    "divider": _divider,
    "context": _context,
    "actions": _actions,
    "rich_text": _rich_text,
}
_IN_MESSAGES = {**_ANYWHERE, "data_visualization": _visualization, "data_table": _table}
_IN_VIEWS = {**_ANYWHERE, "input": _input}
