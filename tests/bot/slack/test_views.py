"""Dialogs and the home page: within Slack's limits, and what is filled in comes back whole under its name."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat import Button, Card, Chart, Group, Row, Series, Table, Tone
from bot.native import Form
from bot.slack import views
from content.connecting import Field
from tests.bot.slack.blockcheck import check_view, said

KEY = "edit:post_1:2"


def form(*fields: Field, title: str = "Edit", submit: str = "Edit") -> Form:
    return Form(KEY, title, submit, fields)


def drawn(*fields: Field, **more: str) -> dict[str, Any]:
    view = views.form_view(form(*fields, **more), external_id="event_1", metadata='{"key":"edit:post_1:2"}')
    check_view(view)
    return view


def filled(view: dict[str, Any], **changed: str) -> dict[str, Any]:
    """A view's state as Slack sends it, with some fields filled in by their label."""
    state: dict[str, Any] = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element, label = block["element"], block["label"]["text"]
            state[block["block_id"]] = {element["action_id"]: _state(element, changed.get(label))}
    return {"values": dict(reversed(state.items()))}


def _state(element: dict[str, Any], value: str | None) -> dict[str, Any]:
    if element["type"] == "static_select":
        option = next(
            (one for one in element.get("options", ()) if one["value"] == value), element.get("initial_option")
        )
        return {"type": "static_select", "selected_option": option}
    return {"type": element["type"], "value": element.get("initial_value") if value is None else value}


def test_a_dialog_stands_at_once_and_is_found_again() -> None:
    view = views.loading("event_1", "Edit the post of tomorrow morning")
    check_view(view)
    assert view["external_id"] == "event_1"
    assert view["title"]["text"] == "Edit the post of tomorr…"
    assert "Edit the post of tomorrow morning" in said(view["blocks"]), "a title too long for its place is said whole"


def test_a_form_asks_each_question_in_the_form_it_needs() -> None:
    view = drawn(
        Field("when", "When?", hint="tomorrow 9:00"),
        Field("secret", "App password", "password", hint="xxxx-xxxx"),
        Field("server", "Server", "url", required=False),
        Field("account_1/0", "Fake", "long", hint="Good morning"),
        Field("who", "Who?", options=(("m1", "Ann"), ("m2", "")), hint="m2"),
        title="Schedule",
        submit="Schedule",
    )
    when, secret, server, text, who = view["blocks"]
    assert when["element"]["placeholder"]["text"] == "tomorrow 9:00"
    assert when["optional"] is False
    assert secret["hint"]["text"] == views.HIDDEN
    assert server["optional"] is True
    assert text["element"]["multiline"] is True
    assert text["element"]["initial_value"] == "Good morning"
    assert [one["text"]["text"] for one in who["element"]["options"]] == ["Ann", "m2"]
    assert who["element"]["initial_option"]["value"] == "m2"
    assert (view["callback_id"], view["submit"]["text"], view["private_metadata"]) == (
        views.FORM,
        "Schedule",
        '{"key":"edit:post_1:2"}',
    )
    assert views.values(filled(view, **{"When?": "noon", "App password": "s3cret", "Server": ""})) == {
        "when": "noon",
        "secret": "s3cret",
        "server": "",
        "account_1/0": "Good morning",
        "who": "m2",
    }


def test_what_was_filled_in_is_read_with_and_without_its_frame() -> None:
    state = filled(drawn(Field("when", "When?")), **{"When?": "noon"})
    assert views.values(state) == views.values(state["values"]) == {"when": "noon"}


def test_nothing_chosen_and_nothing_written_are_empty() -> None:
    view = drawn(Field("who", "Who?", options=(("m1", "Ann"),)), Field("a:b/0", "Text", "long"))
    assert views.values(filled(view)) == {"who": "", "a:b/0": ""}


def test_a_hint_too_long_for_its_field_stands_below_it() -> None:
    view = drawn(Field("token", "Token", "password", hint="Find it there. " * 20))
    assert view["blocks"][0]["hint"]["text"].startswith(views.HIDDEN + " Find it there.")
    assert "placeholder" not in view["blocks"][0]["element"]


def test_a_long_text_is_asked_in_several_fields_and_comes_back_the_same() -> None:
    text = "\n\n".join(f"Paragraph {number}. " + "word " * 200 for number in range(9)).strip()
    view = drawn(Field("account_1/0", "Fake", "long", hint=text))
    assert [block["label"]["text"] for block in view["blocks"]] == [f"Fake ({number} of 5)" for number in range(1, 6)]
    assert [block["optional"] for block in view["blocks"]] == [False, True, True, True, True]
    assert views.values(filled(view)) == {"account_1/0": text}
    emptied = views.values(filled(view, **{"Fake (1 of 5)": "New.", "Fake (3 of 5)": "", "Fake (5 of 5)": "End."}))
    assert emptied["account_1/0"].startswith("New.\n\nParagraph 2. ")
    assert emptied["account_1/0"].endswith("\n\nEnd.")


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1), st.integers(1, 400))
def test_any_text_comes_back_from_its_form_as_it_went_in(pieces: list[str], times: int) -> None:
    text = "\n\n".join(f"x{piece}x" for piece in pieces * times)[:12_000]
    view = drawn(Field("account_1/0", "Fake", "long", hint=text))
    assert views.values(filled(view)) == {"account_1/0": text}


def test_more_choices_than_a_list_takes_are_grouped() -> None:
    options = tuple((f"zone{number}", f"Zone {number}") for number in range(250))
    view = drawn(Field("zone", "Zone", options=options))
    groups = view["blocks"][0]["element"]["option_groups"]
    assert [group["label"]["text"] for group in groups] == ["1–100", "101–200", "201–250"]


def test_choices_whose_value_slack_would_not_take_are_typed() -> None:
    view = drawn(Field("what", "What?", options=(("v" * 151, "Long"), ("b", "Short"))))
    assert view["blocks"][0]["element"]["type"] == "plain_text_input"
    assert view["blocks"][0]["hint"]["text"] == "Long, Short"


def test_a_form_without_questions_still_asks_whether() -> None:
    assert drawn()["blocks"][0]["text"]["text"] == "Edit"


@pytest.mark.parametrize("fields", [101, 40])
def test_a_form_that_slack_cannot_hold_says_what_to_do_instead_of_losing_parts(fields: int) -> None:
    text = "ö" * (5_400 if fields == 40 else 1)
    view = drawn(*(Field(f"account_1/{number}", "Fake", "long", hint=text) for number in range(fields)))
    assert said(view["blocks"]) == views.TOO_LONG
    assert "submit" not in view


def test_a_message_is_turned_into_a_post_from_its_own_words() -> None:
    view = views.idea_view("We bake at six.")
    check_view(view)
    assert (view["callback_id"], view["submit"]["text"]) == (views.IDEA, "Draft it")
    assert views.values(filled(view)) == {views.IDEA: "We bake at six."}
    check_view(views.idea_view(""))
    check_view(views.idea_view("long " * 9_000))


@pytest.mark.parametrize(("tone", "title"), [("good", "Done"), ("bad", "Not done"), ("asking", "Copydesk")])
def test_a_form_ends_with_what_came_of_it(tone: Tone, title: str) -> None:
    view = views.result_view("#7 is planned for Friday.", tone)
    check_view(view)
    assert view["title"]["text"] == title
    assert said(view["blocks"]) == "#7 is planned for Friday."
    assert "submit" not in view


def test_a_result_leads_on_and_is_never_empty() -> None:
    view = views.result_view("Go on there.", "asking", "https://fake.example/login")
    check_view(view)
    assert said(view["blocks"]) == "Go on there.\nGo on there https://fake.example/login"
    check_view(views.result_view("", "good"))
    check_view(views.result_view("word " * 90_000, "good"))


# the home page


def listed(rows: int, words: str = "Bread", buttons: int = 2) -> Card:
    group = Group("Friday", tuple(Row(f"{words} {number}") for number in range(rows)))
    keys = tuple(Button("approve", f"Approve {number}", f"post_{number}") for number in range(buttons))
    return Card("calendar:this week", "This week", groups=(group,), buttons=keys)


def test_the_home_page_shows_cards_with_their_buttons() -> None:
    view = views.home([listed(2), listed(1)], "UTC")
    check_view(view)
    assert said(view["blocks"]).replace("\n\n", "\n").split("\n") == [
        *("This week", "Friday", "Bread 0", "Bread 1", "Approve 0", "Approve 1"),
        *("This week", "Friday", "Bread 0", "Approve 0", "Approve 1"),
    ]


def test_an_empty_home_page_says_how_to_begin() -> None:
    view = views.home([], "UTC")
    check_view(view)
    assert "Messages" in said(view["blocks"])


def test_charts_and_tables_are_told_in_words_on_the_home_page() -> None:
    chart = Chart("Likes", "bar", ("Mon",), (Series("Fake", (1.0,)),), "Likes: Mon 1")
    card = Card("report:1", "Your week", chart=chart, table=Table("Best", ("Post", "Likes"), (("Bread", "3"),)))
    view = views.home([card], "UTC")
    check_view(view)
    assert "Likes: Mon 1" in said(view["blocks"])
    assert "Bread  3" in said(view["blocks"])


@pytest.mark.parametrize(
    "cards",
    [
        [listed(3)] * 80,
        [listed(2_000, "Bread and butter and jam")],
        [listed(3), listed(2_000, "Bread and butter and jam")],
        [listed(1, buttons=2_600)],
        [Card("x:1", "T", notes=("word " * 20_000,))] * 2,
    ],
)
def test_what_the_home_page_does_not_hold_is_said_to_be_left_out(cards: list[Card]) -> None:
    view = views.home(cards, "UTC")
    check_view(view)
    assert said(view["blocks"]).endswith(views.REST)


def test_the_home_page_keeps_a_long_cards_buttons() -> None:
    view = views.home([listed(3_000, "Bread and butter")], "UTC")
    assert [block["type"] for block in view["blocks"]][-2:] == ["actions", "context"]
    shown = [int(number) for number in re.findall(r"butter (\d+)", said(view["blocks"]))]
    assert shown == list(range(len(shown))), "from the top, without a gap"
    assert 500 < len(shown) < 3_000


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1, 30, 900]), st.text(max_size=30), st.sampled_from([0, 1, 30])), max_size=40
    )
)
def test_no_home_page_is_ever_refused(cards: list[tuple[int, str, int]]) -> None:
    check_view(views.home([listed(*card) for card in cards], "Europe/Berlin"))
