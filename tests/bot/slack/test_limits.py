"""Lengths are counted as the strictest reader counts them, and what is cut says so; our checker refuses what Slack would."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.blocks import escaped
from bot.slack.limits import clipped, fitting, size
from bot.slack.render import fallback
from tests.bot.slack.blockcheck import Refused, check_body, check_message, check_view, units

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def test_an_emoji_counts_twice() -> None:
    assert size("a😀ä") == 4


@given(WORDS, st.integers(1, 50))
def test_what_is_cut_fits_and_ends_with_an_ellipsis(text: str, most: int) -> None:
    cut = clipped(text, most)
    assert units(cut) <= most
    assert cut == text or cut.endswith("…")
    assert units(text[: fitting(text, most)]) <= most


@given(WORDS.map(lambda text: text + "<&>" * 1_500))
def test_what_is_read_aloud_fits_however_much_is_escaped(text: str) -> None:
    check_message({"text": fallback(text)})


def test_escaping_leaves_nothing_to_read_as_a_call() -> None:
    assert escaped("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"
    assert escaped("&lt;") == "&amp;lt;"


def plain(text: str = "x") -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(), "action_id": "press:1", "value": "v", **more}


def actions(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(buttons)}


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def question(**element: Any) -> dict[str, Any]:
    return {"type": "input", "label": plain(), "element": {"type": "plain_text_input", **element}}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "hologram"},
        {"type": "header", "text": plain("x" * 151)},
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        {"type": "header", "text": plain(), "colour": "red"},
        {"type": "section", "text": plain("x" * 3_001)},
        {"type": "section", "text": plain(" ")},
        {"type": "section", "text": {"type": "mrkdwn", "text": "<!channel>"}},
        {"type": "context", "elements": []},
        {"type": "context", "elements": [plain()] * 11},
        actions(),
        actions(*(button(action_id=str(number)) for number in range(26))),
        actions(button(), button()),
        actions(button(value="v" * 2_001)),
        actions(button(value="")),
        actions(button(text=plain("x" * 76))),
        actions(button(style="loud")),
        actions(button(confirm={"title": plain(), "text": plain(), "confirm": plain("x" * 31), "deny": plain()})),
        actions({"type": "overflow"}),
        {"type": "rich_text", "elements": []},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": []}]},
        {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "round", "elements": [rich()]}]},
        rich({"type": "text", "text": ""}),
        rich({"type": "text", "text": "x" * 3_001}),
        rich({"type": "text", "text": "x", "style": {"loud": True}}),
        rich({"type": "link", "url": "javascript:x", "text": "x"}),
        rich({"type": "broadcast", "range": "channel"}),
        rich({"type": "date", "timestamp": 1.5, "format": "{date}"}),
        {"type": "input", "label": plain(), "element": {"type": "plain_text_input"}},
    ],
)
def test_the_checker_refuses_what_slack_refuses(block: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        check_message({"text": "x", "blocks": [block]})
    assert refused.value.code == "invalid_blocks"


def chart(**more: Any) -> dict[str, Any]:
    series = [{"name": "Fake", "data": [{"label": "Mon", "value": 1.0}]}]
    drawn = {"type": "bar", "series": series, "axis_config": {"categories": ["Mon"]}, **more}
    return {"type": "data_visualization", "title": "Likes", "chart": drawn}


def table(*rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"type": "data_table", "caption": "Best", "rows": list(rows), **more}


CELL = {"type": "raw_text", "text": "x"}


@pytest.mark.parametrize(
    "block",
    [
        chart(type="pie"),
        chart(axis_config={"categories": ["Tue"]}),
        chart(axis_config={"categories": ["x" * 21]}),
        chart(series=[]),
        {**chart(), "title": "x" * 51},
        table([CELL]),
        table(*[[CELL]] * 102),
        table([CELL] * 21, [CELL] * 21),
        table([CELL], [CELL, CELL]),
        table([CELL], [CELL], page_size=101),
        table([CELL], [{"type": "raw_text", "text": ""}]),
        table([CELL], [{"type": "raw_number", "text": "1"}]),
        table([CELL], [{"type": "raw_text", "text": "x" * 6_000}], [{"type": "raw_text", "text": "x" * 6_000}]),
    ],
)
def test_the_checker_refuses_charts_and_tables_that_slack_refuses(block: dict[str, Any]) -> None:
    check_message({"text": "x", "blocks": [chart(), table([CELL], [CELL])]})
    with pytest.raises(Refused):
        check_message({"text": "x", "blocks": [block]})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"text": " "}, "no_text"),
        ({"text": "x" * 4_001}, "msg_too_long"),
        ({"text": "<!here>"}, "invalid_arguments"),
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "divider", "block_id": "a"}] * 2}, "invalid_blocks"),
        ({"text": "x", "blocks": [{"type": "section", "text": plain("x" * 2_900)}] * 5}, "msg_blocks_too_long"),
        ({"text": "x", "blocks": [chart()] * 3}, "invalid_blocks"),
    ],
)
def test_the_checker_tells_why_in_slacks_own_words(body: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        check_message(body)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "file", "title": "", "alt": "", "media_id": "m"},
        {"kind": "file", "title": "x", "alt": "x" * 1_001, "media_id": "m"},
        {"kind": "file", "title": "x", "alt": ""},
        {"kind": "message", "text": "x", "colour": "red"},
        {"kind": "message", "text": "<@U1>"},
        {"kind": "message", "text": "x", "instead": [{"kind": "message", "text": ""}]},
    ],
)
def test_the_checker_refuses_pieces_that_nobody_could_send(body: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        check_body(body)


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": plain(), "submit": plain(), "blocks": list(blocks), **more}


def choice(**element: Any) -> dict[str, Any]:
    return {"type": "input", "label": plain(), "element": {"type": "static_select", **element}}


OPTION = {"text": plain(), "value": "v"}


@pytest.mark.parametrize(
    ("view", "code"),
    [
        (modal(), "invalid_blocks"),
        (modal(*[question()] * 101), "invalid_blocks"),
        (modal(question(), title=plain("x" * 25)), "invalid_blocks"),
        (modal(question(), private_metadata="x" * 3_001), "invalid_blocks"),
        (modal(chart()), "invalid_blocks"),
        (modal(question(initial_value="")), "invalid_blocks"),
        (modal(question(initial_value="xx", max_length=1)), "invalid_blocks"),
        (modal(question(max_length=3_001)), "invalid_blocks"),
        (modal(choice()), "invalid_blocks"),
        (modal(choice(options=[])), "invalid_blocks"),
        (modal(choice(options=[OPTION] * 101)), "invalid_blocks"),
        (modal(choice(options=[OPTION], initial_option={"text": plain(), "value": "w"})), "invalid_blocks"),
        (
            modal(choice(option_groups=[{"label": plain(), "options": [{"text": plain(), "value": ""}]}])),
            "invalid_blocks",
        ),
        ({"type": "modal", "title": plain(), "blocks": [question()]}, "invalid_blocks"),
        ({"type": "home", "title": plain(), "blocks": [{"type": "divider"}]}, "invalid_blocks"),
        ({"type": "popup", "title": plain(), "blocks": [{"type": "divider"}]}, "invalid_blocks"),
        (modal(*[question(initial_value="x" * 2_990)] * 99), "view_too_large"),
    ],
)
def test_the_checker_refuses_views_that_slack_refuses(view: dict[str, Any], code: str) -> None:
    check_view(modal(question(), choice(options=[OPTION])))
    with pytest.raises(Refused) as refused:
        check_view(view)
    assert refused.value.code == code
