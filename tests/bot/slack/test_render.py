"""A message in Slack is whole, within every limit, and can call nobody."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat import Button, Card, Chart, Choice, Group, Preview, Row, Series, Table, chart_of
from bot.native import Outgoing, Piece
from bot.slack.render import plain, render
from content.connecting import Field
from content.errors import Problem
from content.platform import Image, LinkCard, Numbers, RenderedPart, Span
from tests.bot.slack.blockcheck import check_body, said

AT = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
ZONE = "Europe/Berlin"
HOSTILE = "<!channel> <@U1> *bold* <https://evil.example|bank> & @everyone :tada: <!subteam^S1>"
WHEN = Field("when", "When?")
CHART = Chart("Likes", "bar", ("Mon", "Tue"), (Series("Fake", (1.0, 2.5)),), "Likes: Mon 1, Tue 2.5")


def message(card: Card | None = None, text: str = "", *choices: Choice) -> Outgoing:
    return Outgoing("message_1", text, card, choices, ZONE)


def blocks(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    return [block for piece in pieces for block in piece.body.get("blocks", ())]


def buttons(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    return [one for block in blocks(pieces) if block["type"] == "actions" for one in block["elements"]]


def image(media_id: str = "media_1", alt: str = "A loaf", name: str = "loaf.png") -> Image:
    return Image(media_id, "0" * 64, "image/png", 10, 4, 3, alt, name)


def preview(*parts: RenderedPart, **more: Any) -> Preview:
    usual: dict[str, Any] = {
        "label": "Fake",
        "handle": "@ann",
        "unit": "characters",
        "limit": 300,
        "parts": parts or (RenderedPart("Good morning", 12),),
        "tone": "waiting",
        "status": "goes out Fri 09:00",
    }
    return Preview(**{**usual, **more})


def seen(pieces: Sequence[Piece]) -> str:
    return "\n".join(said(dict(piece.body)) for piece in pieces)


def test_a_card_shows_what_it_is_how_it_stands_and_the_whole_post() -> None:
    card = Card(
        "post:1",
        "#7",
        "asking",
        "Waiting for approval",
        notes=("Version 2: shorter",),
        previews=(
            preview(
                RenderedPart("Bread at six.", 310, images=(image(),)),
                at=AT,
                url="https://fake.example/1",
                problems=(Problem("text", "it is too long.", "Shorten it."),),
                numbers=Numbers(likes=3),
            ),
        ),
        buttons=(Button("approve", "Approve", "post_1", 2, "primary"),),
    )
    pieces = render(message(card))
    shown = seen(pieces)
    assert re.sub(r"\s+", " ", shown).startswith(
        "#7 ○ Waiting for approval Version 2: shorter Fake @ann · 310/300 characters · 10 too many Bread at six."
        " Picture 1 (loaf.png): A loaf"
    )
    assert "text: it is too long. Shorten it." in shown
    assert "See it on Fake https://fake.example/1" in shown
    assert "◐ goes out Fri 09:00" in shown
    assert f"<!date^{int(AT.timestamp())}^" in shown
    assert "27 Nov 2026, 09:00 Europe/Berlin" in shown, "who sees no dates drawn reads it in words"
    assert "3 likes" in shown
    assert [piece.body["kind"] for piece in pieces] == ["message", "file"]
    assert pieces[1].body["media_id"] == "media_1"
    for piece in pieces:
        check_body(piece.body)


def test_what_the_desk_says_keeps_its_form() -> None:
    text = "Two **ways**:\n\n1. *quick*\n2. `slow`\n\n- one\n- [two](https://a.example/2)\n\n```\nx = 1\n```\n\nDone."
    [piece] = render(message(text=text))
    [block] = piece.body["blocks"]
    kinds = [(element["type"], element.get("style")) for element in block["elements"]]
    assert kinds == [
        ("rich_text_section", None),
        ("rich_text_list", "ordered"),
        ("rich_text_list", "bullet"),
        ("rich_text_preformatted", None),
        ("rich_text_section", None),
    ]
    assert {"type": "text", "text": "ways", "style": {"bold": True}} in block["elements"][0]["elements"]
    assert block["elements"][2]["elements"][1]["elements"] == [
        {"type": "link", "url": "https://a.example/2", "text": "two"}
    ]
    assert block["elements"][3]["elements"] == [{"type": "text", "text": "x = 1"}]


def test_a_numbered_list_begins_with_its_own_number() -> None:
    [piece] = render(message(text="4. four\n5. five"))
    assert piece.body["blocks"][0]["elements"][0]["offset"] == 3


def test_without_form_lists_and_links_are_still_told() -> None:
    [piece] = plain(
        message(text="See [this](https://a.example/1) and https://a.example/2:\n\n4. four\n5. five\n\n- six")
    )
    assert [said(block) for block in piece.body["blocks"]] == [
        "See this (https://a.example/1) and https://a.example/2:\n4. four\n5. five\n• six"
    ]
    assert piece.body["text"] == said(piece.body["blocks"])


def test_without_form_a_card_keeps_its_buttons_and_tells_its_pictures_charts_and_tables() -> None:
    span = Span(0, 9, "link", "https://a.example/long")
    card = Card(
        "post:1",
        "#7",
        previews=(preview(RenderedPart("a.example", 9, (span,), (image(),)), at=AT),),
        buttons=(Button("approve", "Approve", "post_1"),),
        chart=CHART,
        table=Table("Best", ("Post", "Likes"), (("Bread", "3"),)),
    )
    [piece] = plain(message(card))
    assert {block["type"] for block in piece.body["blocks"]} == {"section", "actions"}
    shown = said(piece.body["blocks"])
    assert "\na.example\nPicture 1 (loaf.png): A loaf\n" in shown, "the post word for word as it goes out"
    for words in (CHART.alt, "Bread  3", "27 Nov 2026, 09:00 Europe/Berlin", "Approve"):
        assert words in shown


def test_paragraphs_are_parted() -> None:
    [piece] = render(message(text="One.\nStill one.\n\nTwo."))
    assert said(piece.body["blocks"]) == "One.\nStill one.\n\nTwo."


def test_hostile_words_stand_as_they_are_and_call_nobody() -> None:
    part = RenderedPart(HOSTILE, 80, images=(image(alt=HOSTILE, name=HOSTILE),), card=LinkCard("https://a.b", HOSTILE))
    hostile = preview(
        part,
        label=HOSTILE,
        handle=HOSTILE,
        status=HOSTILE,
        unit=HOSTILE,
        problems=(Problem(HOSTILE, HOSTILE, HOSTILE),),
        buttons=(Button("live", HOSTILE, "delivery_1", style="danger"),),
        at=AT,
        url="javascript:alert(1)",
    )
    card = Card(
        "post:1",
        HOSTILE,
        status=HOSTILE,
        notes=(HOSTILE,),
        previews=(hostile,),
        groups=(Group(HOSTILE, (Row(HOSTILE, HOSTILE, "https://a.example/<!here>", AT),)),),
        chart=Chart(HOSTILE, "bar", (HOSTILE,), (Series(HOSTILE, (1.0,)),), HOSTILE),
        table=Table(HOSTILE, (HOSTILE,), ((HOSTILE,),)),
    )
    for pieces in (render(message(card, HOSTILE, Choice(HOSTILE, "x"))), plain(message(card, HOSTILE))):
        for piece in pieces:
            assert "<!" not in piece.body.get("text", "")
            assert "<@" not in piece.body.get("text", "")
            parsed = [part for part in _every(piece.body) if part.get("type") == "mrkdwn"]
            assert all(re.fullmatch(r"<!date\^\d+\^[^<>|]+\|[^<>|]+>", part["text"]) for part in parsed)
            assert all(not part["emoji"] for part in _every(piece.body) if part.get("type") == "plain_text")
            assert "javascript:" not in json.dumps([part["url"] for part in _every(piece.body) if "url" in part])
    assert seen(render(message(card))).count(HOSTILE) > 12


def _every(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, dict):
        return [part, *(one for value in part.values() for one in _every(value))]
    return [one for value in part for one in _every(value)] if isinstance(part, (list, tuple)) else []


def test_buttons_carry_their_key_and_say_whether_they_open_a_form() -> None:
    card = Card(
        "post:1",
        "#7",
        buttons=(
            Button("approve", "Approve", "post_1", 2, "primary"),
            Button("schedule", "Schedule", "post_1", 2, form=(WHEN,)),
            Button("delete", "Delete", "post_1", 2, "danger"),
        ),
    )
    approve, schedule, delete = buttons(render(message(card)))
    assert (approve["value"], approve["style"], approve["action_id"]) == ("approve:post_1:2", "primary", "press:1")
    assert (schedule["value"], schedule["action_id"]) == ("schedule:post_1:2", "form:2")
    assert "style" not in schedule
    assert delete["confirm"]["title"]["text"] == "Delete?"
    assert delete["confirm"]["text"]["text"] == "This is about #7."
    assert delete["confirm"]["confirm"]["text"] == "Delete"


def test_an_offered_answer_is_a_button_and_said_in_full_where_it_is_long() -> None:
    long = "Yes, and " * 12
    pieces = render(message(None, "Shall I?", Choice("Yes", "yes"), Choice(long, "long")))
    assert [one["value"] for one in buttons(pieces)] == ["say:message_1:0", "say:message_1:1"]
    assert long.strip() in seen(pieces)


def test_a_button_too_long_for_slack_is_said_in_full_beside_it() -> None:
    label = "Connect the account of " + "Anna " * 20
    pieces = render(message(Card("accounts:all", "Accounts", buttons=(Button("connect", label, "fake"),))))
    assert label.strip() in seen(pieces)
    assert buttons(pieces)[0]["text"]["text"].endswith("…")


def test_a_dangerous_button_with_a_long_label_asks_in_short() -> None:
    label = "Take down everything that is public of it"
    remove = Button("remove", label, "post_1", style="danger")
    [button] = buttons(render(message(Card("post:1", " ", buttons=(remove,)))))
    assert button["confirm"]["confirm"]["text"] == "Yes, do it"
    assert button["confirm"]["text"]["text"] == "This is hard to take back."


@pytest.mark.parametrize(("letters", "asks"), [(30, "x" * 30), (31, "Yes, do it")])
def test_the_question_before_a_dangerous_button_is_within_its_limit(letters: int, asks: str) -> None:
    remove = Button("remove", "x" * letters, "post_1", style="danger")
    pieces = render(message(Card("post:1", "#7", buttons=(remove,))))
    check_body(pieces[0].body)
    assert buttons(pieces)[0]["confirm"]["confirm"]["text"] == asks


@pytest.mark.parametrize(("letters", "kind"), [(150, "header"), (151, "rich_text")])
def test_a_title_is_a_heading_as_long_as_it_fits(letters: int, kind: str) -> None:
    [piece] = render(message(Card("post:1", "x" * letters)))
    check_body(piece.body)
    assert [block["type"] for block in piece.body["blocks"]] == [kind]


def test_more_blocks_than_a_message_takes_go_on_in_the_next() -> None:
    card = Card("post:1", "#7", previews=(preview(),) * 40, buttons=(Button("approve", "Approve", "post_1"),))
    pieces = render(message(card))
    assert [len(piece.body["blocks"]) for piece in pieces] == [50, 32]
    assert not buttons(pieces[:1])
    assert len(buttons(pieces[1:])) == 1


def test_every_version_has_block_ids_of_its_own_and_the_same_one_the_same() -> None:
    first, again = render(message(Card("post:1", "#7"))), render(message(Card("post:1", "#7")))
    other = render(message(Card("post:1", "#7", status="Published")))
    assert first == again
    assert first[0].digest != other[0].digest
    ids = {block["block_id"] for block in blocks(first)}
    assert ids
    assert not ids & {block["block_id"] for block in blocks(other)}


def test_a_picture_described_anew_is_the_same_file_and_another_card() -> None:
    def card(alt: str) -> Card:
        return Card("post:1", "#7", previews=(preview(RenderedPart("x", 1, images=(image(alt=alt),))),))

    before, after = render(message(card("A loaf"))), render(message(card("A warm loaf")))
    assert before[0].digest != after[0].digest
    assert before[1].digest == after[1].digest, "Slack cannot change what it says of a file it has"


def test_a_picture_used_twice_is_shown_once() -> None:
    both = (
        preview(RenderedPart("x", 1, images=(image(),))),
        preview(RenderedPart("y", 1, images=(image(), image("m2")))),
    )
    pieces = render(message(Card("post:1", "#7", previews=both)))
    assert [piece.body["title"] for piece in pieces[1:]] == ["Picture 1 (loaf.png)", "Picture 2 (loaf.png)"]


def test_a_thread_shows_each_part_with_its_measure() -> None:
    parts = (RenderedPart("One", 3), RenderedPart("", 0, images=(image(alt="", name=""),)))
    shown = seen(render(message(Card("post:1", "#7", previews=(preview(*parts),)))))
    assert "Part 1 of 2 · 3/300 characters" in shown
    assert "Part 2 of 2 · 0/300 characters" in shown
    assert "Picture 1: no description" in shown


def test_links_of_a_post_lead_where_the_platform_leads_them() -> None:
    text = "See a.example, b.example and @bob"
    spans = (
        Span(4, 13, "link", "https://a.example/long"),
        Span(6, 9, "link", "https://overlapping.example"),
        Span(15, 24, "link", "ftp://b.example"),
        Span(29, 33, "mention", "did:1"),
        Span(40, 50, "link", "https://outside.example"),
    )
    card = Card("post:1", "#7", previews=(preview(RenderedPart(text, 33, spans)),))
    quotes = [part for part in _every(render(message(card))[0].body) if part.get("type") == "rich_text_quote"]
    assert quotes[0]["elements"] == [
        {"type": "text", "text": "See "},
        {"type": "link", "url": "https://a.example/long", "text": "a.example"},
        {"type": "text", "text": ", b.example and @bob"},
    ]


def test_the_preview_of_a_link_is_described() -> None:
    part = RenderedPart("x", 1, card=LinkCard("https://a.example", "Bread", "All about it"))
    shown = seen(render(message(Card("post:1", "#7", previews=(preview(part),)))))
    assert re.search(r"Link preview: Bread https://a.example · All about it", shown)


def test_a_list_is_grouped_linked_and_dated() -> None:
    rows = (
        Row("Bread", "not approved yet", "https://a.example", AT, "asking"),
        Row("Cake", "", "file:///drafts/a%20b.txt"),
        Row("Rolls"),
    )
    [piece] = render(message(Card("calendar:this week", "This week", groups=(Group("Friday", rows), Group("", ())))))
    block = next(block for block in piece.body["blocks"] if block["type"] == "rich_text")
    first, second, third = block["elements"][1]["elements"]
    assert [one.get("text", one.get("fallback")) for one in first["elements"]] == [
        "○ ",
        "Bread",
        " · not approved yet · ",
        "27 Nov 2026, 09:00 Europe/Berlin",
    ]
    assert first["elements"][1]["url"] == "https://a.example"
    assert second["elements"][-1] == {"type": "text", "text": "/drafts/a b.txt", "style": {"code": True}}
    assert third["elements"] == [{"type": "text", "text": "Rolls"}]


@pytest.mark.parametrize("after", ["", " (in 3 days)"])
def test_a_moment_that_a_list_says_is_said_once(after: str) -> None:
    row = Row("#1 Tea", f"Fake: {AT:%a %-d %b %H:%M} Europe/Berlin{after}", at=AT)
    said = seen(render(message(Card("queue:open", "Under way", groups=(Group("", (row,)),)))))
    assert f"#1 Tea · Fake: 27 Nov 2026, 09:00 Europe/Berlin{after}" in said
    assert said.count("Europe/Berlin") == 1


def test_small_print_too_long_for_it_is_a_paragraph() -> None:
    status = "It went wrong. " * 100
    pieces = render(message(Card("post:1", "T" * 200, status=status, previews=(preview(status=status),))))
    assert "T" * 200 in seen(pieces)
    assert seen(pieces).count("It went wrong.") == 200
    assert not [block for block in blocks(pieces) if block["type"] in ("context", "header")]


def test_nothing_at_all_is_still_a_message() -> None:
    for pieces in (render(message()), plain(message()), render(message(Card("x:1", "")))):
        [piece] = pieces
        check_body(piece.body)


def test_a_text_is_cut_at_its_paragraphs() -> None:
    paragraphs = [f"{number} " + "word " * 250 for number in range(12)]
    pieces = render(message(text="\n\n".join(paragraphs)))
    assert len(pieces) == 2
    starts = [said(block)[:2].strip() for block in blocks(pieces)]
    assert starts == ["0", "2", "4", "6", "8", "10"]


def test_a_paragraph_without_end_is_cut_at_words_and_a_word_without_end_anywhere() -> None:
    words = [f"w{number}" for number in range(3_000)]
    shown = [said(block) for block in blocks(render(message(text=" ".join(words))))]
    assert " ".join(shown).split() == words
    endless = "ä😀" * 5_000
    assert "".join(said(block) for block in blocks(render(message(text=endless)))) == endless


def test_words_stay_whole_where_the_look_changes_just_before_a_cut() -> None:
    bold = " ".join(["word"] * 555)
    shown = [said(block) for block in blocks(render(message(text=f"**{bold}** {'b' * 100}")))]
    assert shown == [bold, "b" * 100]


def test_code_keeps_its_lines_and_indents_where_it_is_cut() -> None:
    lines = ["    indented" if number % 2 else f"line {number}" for number in range(600)]
    shown = [said(block) for block in blocks(render(message(text="```\n" + "\n".join(lines) + "\n```")))]
    assert "\n".join(shown).split("\n") == lines


def test_links_that_slack_would_not_take_are_told_in_words() -> None:
    url = "https://a.example/" + "x" * 2_600
    pieces = render(message(Card("x:1", "T", groups=(Group("", (Row("Long", "", url),)),))))
    assert "x" * 2_500 in seen(pieces)
    for piece in pieces:
        check_body(piece.body)


def test_many_links_in_a_row_stay_whole() -> None:
    text = " ".join(f"[n{number}](https://a.example/{'y' * 900}{number})" for number in range(30))
    pieces = render(message(text=text))
    links = [part["text"] for part in _every([dict(piece.body) for piece in pieces]) if part.get("type") == "link"]
    assert links == [f"n{number}" for number in range(30)]


# charts and tables


def test_a_chart_is_drawn_by_slack_or_else_by_us() -> None:
    card = Card("report:1", "Your week", buttons=(Button("count", "Count", "r"),), chart=CHART)
    first, second, third = render(message(card, "Here it is."))
    assert said(first.body["blocks"]) == "Here it is."
    [drawn] = second.body["blocks"]
    assert drawn["chart"] == {
        "type": "bar",
        "series": [{"name": "Fake", "data": [{"label": "Mon", "value": 1.0}, {"label": "Tue", "value": 2.5}]}],
        "axis_config": {"categories": ["Mon", "Tue"]},
    }
    assert second.body["text"] == "Likes\nLikes: Mon 1, Tue 2.5"
    [file] = second.body["instead"]
    assert (file["kind"], file["title"], file["alt"]) == ("file", "Likes", CHART.alt)
    assert chart_of(json.loads(json.dumps(file["chart"]))) == CHART
    assert buttons([third])[0]["value"] == "count:r:0"
    check_body(second.body)


@pytest.mark.parametrize(
    "chart",
    [
        replace(CHART, categories=(), series=(Series("Fake", ()),)),
        replace(CHART, categories=tuple(map(str, range(21))), series=(Series("F", (1.0,) * 21),)),
        replace(CHART, series=()),
        replace(CHART, series=tuple(Series(str(number), (1.0, 2.0)) for number in range(7))),
        replace(CHART, series=(Series("F", (1.0,)),)),
        replace(CHART, series=(Series("F", (1.0, float("inf"))),)),
    ],
)
def test_a_chart_that_slack_does_not_draw_is_a_picture(chart: Chart) -> None:
    card, picture = render(message(Card("report:1", "Your week", chart=chart)))
    assert said(card.body["blocks"]) == "Your week"
    assert picture.body["chart"]["title"] == "Likes"


def test_points_with_the_same_short_name_stay_apart_and_the_whole_is_said() -> None:
    names = ("Monday morning at the market", "Monday morning at the mall", "", "")
    chart = replace(CHART, title="T" * 60, categories=names, series=(Series("Fake", (1.0,) * 4),))
    drawn, card = render(message(Card("report:1", "Your week", chart=chart)))
    check_body(drawn.body)
    assert "T" * 60 in seen([card])
    assert CHART.alt in seen([card])


def test_only_a_card_with_nothing_else_is_just_its_chart() -> None:
    assert [piece.body["kind"] for piece in render(message(Card("report:1", "", chart=CHART)))] == ["message"]


def test_a_table_is_drawn_by_slack_with_its_numbers_as_numbers() -> None:
    table = Table("Best posts", ("Post", "Likes", "Rate"), (("Bread", "1,204", "3.5%"), ("", "7", "")))
    drawn, _ = render(message(Card("report:1", "Your week", table=table)))
    [block] = drawn.body["blocks"]
    assert block["caption"] == "Best posts"
    assert block["rows"][1] == [
        {"type": "raw_text", "text": "Bread"},
        {"type": "raw_number", "value": 1204.0, "text": "1,204"},
        {"type": "raw_number", "value": 3.5, "text": "3.5%"},
    ]
    assert block["rows"][2][2] == {"type": "raw_text", "text": "–"}
    [instead] = drawn.body["instead"]
    assert said(instead["blocks"]) == "Best posts\nPost   Likes  Rate\nBread  1,204  3.5%\n       7"
    check_body(drawn.body)


def test_a_long_table_is_several_and_each_has_one_twin() -> None:
    rows = tuple((f"row {number}", "x" * 60) for number in range(230))
    pieces = render(message(Card("report:1", "Your week", table=Table("All " + "c" * 160, ("Post", "Words"), rows))))
    drawn = [piece for piece in pieces if "instead" in piece.body]
    assert len(drawn) > 2
    cells = [row[0]["text"] for piece in drawn for row in piece.body["blocks"][0]["rows"][1:]]
    assert cells == [row[0] for row in rows]
    for piece in drawn:
        check_body(piece.body)
        assert len(piece.body["instead"]) == 1
    assert "c" * 160 in seen(pieces[len(drawn) :])


def test_each_cell_of_a_table_is_looked_at_a_few_times_however_long_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def counted(cell: str) -> str:
        looked.append(cell)
        return cell

    monkeypatch.setattr("bot.slack.figures._one_line", counted)
    rows = tuple((f"row {number}", "x") for number in range(2_000))
    assert len(render(message(Card("report:1", "Your week", table=Table("All", ("Post", "Words"), rows))))) > 20
    assert len(looked) < 3 * 2 * len(rows)


@pytest.mark.parametrize(
    "table",
    [
        Table("Wide", tuple(f"h{number}" for number in range(21)), (tuple("x" * 21),)),
        Table("Uneven", ("a", "b"), (("1",), ("2", "3"))),
        Table("Long", ("a",), (("word " * 2_000,),)),
        Table("Empty", ("a",), ()),
    ],
)
def test_a_table_that_slack_does_not_draw_is_written(table: Table) -> None:
    pieces = render(message(Card("report:1", "Your week", table=table)))
    assert not [piece for piece in pieces if "instead" in piece.body]
    assert table.caption in seen(pieces)
    assert seen(pieces).split().count("word") == str(table.rows).count("word")


# at any size

_ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
_KEYS = st.text("abcdef0123456789_", min_size=1, max_size=40)
_COUNTS = st.sampled_from([0, 1, 1, 1, 3, 40, 400, 4_000])


@st.composite
def _prose(draw: st.DrawFn) -> str:
    """From nothing to ten times what a message holds."""
    some, many = draw(_ANY), draw(_COUNTS)
    border = draw(st.sampled_from([" ", "\n", "\n\n", ""]))
    return border.join(f"{some}{number}" for number in range(many)) if many else some


def _few(one: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[Any]:
    return st.lists(one, max_size=most).map(tuple)


_URLS = st.sampled_from(["", "https://a.example/1", "file:///drafts/x", "https://a.example/" + "u" * 2_600])
_TIMES = st.none() | st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
_TONES = st.sampled_from(["plain", "asking", "waiting", "good", "bad"])
_STYLES = st.sampled_from(["plain", "primary", "danger"])
_BUTTONS = st.builds(Button, _KEYS, _ANY, _KEYS, st.integers(0, 99), _STYLES, st.sampled_from([(), (WHEN,)]))
_IMAGES = st.builds(image, _KEYS, _prose(), _ANY)
_SPANS = st.builds(Span, st.integers(0, 60), st.integers(0, 60), st.just("link"), _URLS)
_CARDS_OF_LINKS = st.none() | st.builds(LinkCard, st.just("https://a.example"), _ANY, _prose())
_PARTS = st.builds(RenderedPart, _prose(), st.integers(0, 9_999), _few(_SPANS), _few(_IMAGES), _CARDS_OF_LINKS)
_PREVIEWS = st.builds(
    Preview,
    _ANY,
    _ANY,
    _ANY,
    st.integers(1, 999),
    _few(_PARTS),
    _TONES,
    _prose(),
    _TIMES,
    _URLS,
    _few(st.builds(Problem, _ANY, _prose(), _ANY)),
    st.none() | st.just(Numbers(1, 2, 3, 4)) | st.just(Numbers()),
    _few(_BUTTONS),
)
_GROUPS = st.builds(Group, _ANY, _few(st.builds(Row, _prose(), _ANY, _URLS, _TIMES, _TONES)))
_CHARTS = st.builds(
    lambda title, names, values, alt: Chart(
        title, "line", names, tuple(Series(n, values[: len(names)]) for n in names), alt
    ),
    _ANY,
    _few(_ANY, 25),
    st.just(tuple(map(float, range(25)))),
    _prose(),
)
_TABLES = st.builds(
    lambda caption, headings, rows: Table(caption, headings, tuple(headings for _ in range(rows))),
    _ANY,
    _few(_ANY, 22),
    st.sampled_from([0, 1, 5, 300]),
)
_CARDS = st.builds(
    Card,
    st.just("post:1"),
    _prose(),
    _TONES,
    _prose(),
    _few(_prose()),
    _few(_PREVIEWS),
    _few(_GROUPS),
    st.lists(_BUTTONS, max_size=80).map(tuple),
    st.none() | _CHARTS,
    st.none() | _TABLES,
)
_MESSAGES = st.builds(
    Outgoing, _KEYS, _prose(), st.none() | _CARDS, _few(st.builds(Choice, _prose(), _ANY), 30), st.just(ZONE)
)


@settings(deadline=None, max_examples=25)
@given(_MESSAGES)
def test_any_message_at_any_size_is_within_every_limit_and_keeps_its_buttons(sent: Outgoing) -> None:
    expected = [f"say:{sent.id}:{number}" for number, _ in enumerate(sent.choices)]
    if sent.card:
        own = [button.key for one in sent.card.previews for button in one.buttons]
        expected = [*own, *(button.key for button in sent.card.buttons), *expected]
    for pieces in (render(sent), plain(sent)):
        assert pieces
        for piece in pieces:
            check_body(piece.body)
        assert [button["value"] for button in buttons(pieces)] == expected
        ids = [button["action_id"] for button in buttons(pieces)]
        assert len(set(ids)) == len(ids)


def _numbered(prefix: str) -> st.SearchStrategy[str]:
    """Words that are found again, with no mark of Markdown among them."""
    return st.tuples(_COUNTS, st.sampled_from([" ", "\n", "\n\n"])).map(
        lambda given: given[1].join(f"{prefix}{number}" for number in range(given[0]))
    )


@settings(deadline=None, max_examples=20)
@given(st.fixed_dictionaries({name: _numbered(name) for name in "abcdefghijklmnop"}))
def test_no_word_is_lost_and_each_stays_in_its_place(words: dict[str, str]) -> None:
    card = Card(
        "post:1",
        words["b"],
        status=words["c"],
        notes=(words["d"],),
        previews=(
            preview(
                RenderedPart(words["e"], 1, images=(image(alt=words["f"]),), card=LinkCard("https://a.b", words["g"])),
                RenderedPart(words["h"], 1),
                problems=(Problem(words["i"], words["j"], ""),),
                status=words["k"],
            ),
        ),
        groups=(Group(words["l"], (Row(words["m"], words["n"]),)),),
        buttons=(Button("approve", words["o"], "post_1"),),
    )
    sent = message(card, words["a"], Choice(words["p"], "x"))
    for pieces in (render(sent), plain(sent)):
        shown = iter(re.split(r"[\s:]+", seen(pieces)))
        for word in " ".join(words[name] for name in "abcdefghijklmnop").split():
            assert word in shown, f"{word} is lost or out of its place"
