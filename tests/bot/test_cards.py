"""A card says what is true and offers what makes sense, for every state there is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import accounts_card, calendar_card, edit_fields, post_card, week_of
from bot.chat import Card
from content.accounts import AccountView, PlatformOffer
from content.cautions import LOGIN, Caution
from content.connecting import Field
from content.costs import Spending
from content.errors import Problem
from content.models import DeliveryState, PostState
from content.platform import Limits, Numbers, RenderedPart, Rendering
from content.schedule import CalendarEntry
from content.views import DeliveryView, PostView

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ZONE = "Europe/Berlin"
LIMITS = Limits(100, "characters", 4, 1_000_000, frozenset({"image/png"}), 50)
LATER = NOW + timedelta(hours=25)


def delivery(state: DeliveryState = DeliveryState.WAITING, *texts: str, **more: object) -> DeliveryView:
    parts = tuple(RenderedPart(text, len(text)) for text in texts or ("Good morning",))
    usual: dict[str, object] = {
        "id": "delivery_0123456789abcdef",
        "account_id": "account_0123456789abcdef",
        "rendering": Rendering("fake", "Fake", "ann", LIMITS, parts),
        "texts": tuple(part.text for part in parts),
        "problems": (),
        "state": state,
        "due_at": None,
        "zone": "",
        "url": "",
        "error_code": "",
        "error": "",
        "parts_sent": 0,
        "tries": 0,
        "approved_by": "",
        "approved_at": None,
        "sent_at": None,
        "removed_at": None,
        "countable": False,
        "removable": False,
        "numbers": None,
    }
    return DeliveryView(**{**usual, **more})  # type: ignore[arg-type]


def post(*deliveries: DeliveryView, state: PostState = PostState.DRAFT, **more: object) -> PostView:
    usual: dict[str, object] = {
        "id": "post_0123456789abcdef",
        "workspace_id": "workspace_1",
        "number": 7,
        "conversation_id": None,
        "author_id": "member_1",
        "author": "Ann",
        "state": state,
        "revision": 1,
        "change": "",
        "brief": "",
        "undo": "",
        "created_at": NOW,
        "deliveries": deliveries or (delivery(),),
    }
    return PostView(**{**usual, **more})  # type: ignore[arg-type]


def card(*deliveries: DeliveryView, state: PostState = PostState.DRAFT, **more: object) -> Card:
    return post_card(post(*deliveries, state=state, **more), ZONE, NOW)


def labels(shown: Card) -> list[str]:
    return [button.label for button in shown.buttons]


DUE: dict[str, Any] = {"due_at": LATER, "zone": "Europe/Lisbon"}
OUT: dict[str, Any] = {
    "countable": True,
    "removable": True,
    "sent_at": NOW - timedelta(minutes=5),
    "url": "https://fake.example/1",
    "parts_sent": 1,
}
APPROVED = PostState.APPROVED


@pytest.mark.parametrize(
    ("state", "one", "status", "tone", "buttons"),
    [
        (PostState.DRAFT, delivery(), "Draft", "plain", "Approve, Post now, Schedule, Edit, Delete"),
        (
            PostState.DRAFT,
            delivery(**DUE),
            "Draft, planned for Tue 24 Nov 10:00 Europe/Berlin (in 25 h)",
            "plain",
            "Approve, Post now, Move, Hold, Edit, Delete",
        ),
        (
            PostState.IN_REVIEW,
            delivery(),
            "Waiting for approval",
            "asking",
            "Approve, Post now, Schedule, Edit, Delete",
        ),
        (
            PostState.IN_REVIEW,
            delivery(**DUE),
            "Waiting for approval, planned for Tue 24 Nov 10:00 Europe/Berlin (in 25 h)",
            "asking",
            "Approve, Post now, Move, Hold, Edit, Delete",
        ),
        (APPROVED, delivery(), "Approved, no time yet", "waiting", "Post now, Schedule, Edit, Delete"),
        (
            APPROVED,
            delivery(**DUE),
            "Approved, goes out Tue 24 Nov 10:00 Europe/Berlin (in 25 h)",
            "waiting",
            "Post now, Move, Hold, Edit, Delete",
        ),
        (
            APPROVED,
            delivery(due_at=NOW),
            "Approved, waits to go out",
            "waiting",
            "Post now, Move, Hold, Edit, Delete",
        ),
        (
            APPROVED,
            delivery(DeliveryState.HELD, **DUE),
            "On hold",
            "waiting",
            "Post now, Move, Release, Edit, Delete",
        ),
        (
            APPROVED,
            delivery(DeliveryState.ASKING, error="Its time passed.", due_at=NOW - timedelta(hours=1)),
            "Its time passed: what now?",
            "asking",
            "Post now, Move, Hold, Edit, Delete",
        ),
        (APPROVED, delivery(DeliveryState.SENDING), "Going out now", "waiting", ""),
        (APPROVED, delivery(DeliveryState.PROCESSING), "Going out now", "waiting", ""),
        (APPROVED, delivery(DeliveryState.SENT, **OUT), "Published", "good", "Refresh numbers, Take it down"),
        (
            APPROVED,
            delivery(DeliveryState.FAILED, error="It says no. Change the words."),
            "Not published",
            "bad",
            "Try again now, Schedule, Edit, Delete",
        ),
        (APPROVED, delivery(DeliveryState.UNKNOWN), "May be out: please look", "asking", ""),
        (APPROVED, delivery(DeliveryState.CANCELLED), "Cancelled", "plain", "Delete"),
        (PostState.DISCARDED, delivery(DeliveryState.CANCELLED), "Deleted", "plain", ""),
    ],
)
def test_a_post_in_every_state(state: PostState, one: DeliveryView, status: str, tone: str, buttons: str) -> None:
    shown = card(one, state=state)
    assert (shown.title, shown.subject) == ("#7", "post:post_0123456789abcdef")
    assert (shown.status, shown.tone) == (status, tone)
    assert ", ".join(labels(shown)) == buttons


@pytest.mark.parametrize(
    ("one", "status", "tone"),
    [
        (delivery(), "not scheduled", "plain"),
        (delivery(**DUE), "goes out Tue 24 Nov 09:00 Europe/Lisbon (in 25 h)", "plain"),
        (delivery(due_at=LATER), "goes out Tue 24 Nov 10:00 Europe/Berlin (in 25 h)", "plain"),
        (delivery(due_at=NOW), "waits to go out", "plain"),
        (delivery(due_at=NOW, error="It is down. Try later."), "waits to go out. It is down. Try later.", "plain"),
        (delivery(DeliveryState.SENDING), "going out now", "waiting"),
        (delivery(DeliveryState.PROCESSING), "the platform is still working on it", "waiting"),
        (delivery(DeliveryState.ASKING, error="Its time passed."), "waits for your word. Its time passed.", "asking"),
        (delivery(DeliveryState.HELD), "on hold", "waiting"),
        (delivery(DeliveryState.SENT, **OUT), "published 5 min ago", "good"),
        (delivery(DeliveryState.FAILED, error="It says no."), "not published. It says no.", "bad"),
        (delivery(DeliveryState.UNKNOWN, error="Have a look."), "may be out: I cannot tell. Have a look.", "asking"),
        (delivery(DeliveryState.CANCELLED), "cancelled", "plain"),
    ],
)
def test_an_account_in_every_state(one: DeliveryView, status: str, tone: str) -> None:
    [preview] = card(one, state=APPROVED).previews
    assert (preview.status, preview.tone) == (status, tone)
    assert (preview.label, preview.handle, preview.limit, preview.unit) == ("Fake", "ann", 100, "characters")


def test_every_state_of_a_delivery_has_words() -> None:
    for state in DeliveryState:
        assert card(delivery(state), state=APPROVED).previews[0].status


def test_an_account_nobody_can_tell_about_asks_on_its_own() -> None:
    shown = card(delivery(DeliveryState.UNKNOWN), delivery(DeliveryState.SENT, **OUT), state=APPROVED)
    assert [button.label for button in shown.previews[0].buttons] == ["It is live", "It is not, send it"]
    assert shown.previews[1].buttons == ()
    assert labels(shown) == ["Refresh numbers", "Take it down"]


def test_a_lost_login_offers_the_way_back() -> None:
    drawn = card(delivery(error_code="needs_reconnect", error="Connect again."), state=APPROVED)
    assert "post_now" not in [one.verb for one in drawn.buttons], "without a login it would only wait on"
    [preview] = drawn.previews
    assert [(button.label, button.id) for button in preview.buttons] == [("Reconnect", "account_0123456789abcdef")]


def test_what_is_left_of_a_post_can_be_cancelled_and_not_deleted() -> None:
    shown = card(delivery(DeliveryState.SENT, **OUT), delivery(**DUE), state=APPROVED)
    assert labels(shown) == ["Post now", "Move", "Hold", "Edit", "Cancel the rest", "Refresh numbers", "Take it down"]
    assert "Delete" not in labels(card(delivery(DeliveryState.FAILED, parts_sent=1), state=APPROVED))


@pytest.mark.parametrize("words", ["Undo approval", "Undo delete", "Undo edit", "Undo request"])
def test_the_label_says_what_undo_takes_back(words: str) -> None:
    button = next(one for one in card(undo=words).buttons if one.label == words)
    assert button.key == f"{words.lower().replace(' ', '_')}:post_0123456789abcdef:1"


def test_only_what_a_platform_can_do_is_offered_for_what_is_out() -> None:
    mute = {**OUT, "countable": False}
    stubborn = {**OUT, "removable": False}
    assert labels(card(delivery(DeliveryState.SENT, **mute), state=APPROVED)) == ["Take it down"]
    assert labels(card(delivery(DeliveryState.SENT, **stubborn), state=APPROVED)) == ["Refresh numbers"]


def test_what_was_taken_down_says_so() -> None:
    gone = {**OUT, "removable": False, "removed_at": NOW - timedelta(minutes=1)}
    shown = card(delivery(DeliveryState.SENT, **gone), state=APPROVED)
    assert (shown.status, shown.previews[0].status, labels(shown)) == ("Taken down", "removed 1 min ago", [])
    assert shown.previews[0].url == ""  # it leads nowhere any more
    both = card(delivery(DeliveryState.SENT, **gone), delivery(DeliveryState.SENT, **OUT), state=APPROVED)
    assert (both.status, labels(both)) == ("Published", ["Refresh numbers", "Take it down"])


def test_what_is_out_of_a_thread_that_broke_off_can_be_taken_down() -> None:
    part = {"parts_sent": 2, "removable": True, "error": "Too long."}
    thread = ("One", "Two", "Three")
    failed = card(delivery(DeliveryState.FAILED, *thread, **part), state=APPROVED)
    assert (failed.status, failed.previews[0].status) == ("Published in part", "2 of 3 parts are out. Too long.")
    assert labels(failed) == ["Try again now", "Schedule", "Edit", "Cancel the rest", "Take it down"]
    cancelled = card(delivery(DeliveryState.CANCELLED, *thread, **part), state=APPROVED)
    assert (cancelled.status, labels(cancelled)) == ("Published in part", ["Take it down"])


def test_a_thread_that_was_taken_down_says_what_is_still_out_of_it() -> None:
    gone = {"parts_sent": 2, "removed_at": NOW - timedelta(minutes=1)}
    shown = card(delivery(DeliveryState.CANCELLED, "One", "Two", "Three", **gone), state=APPROVED)
    assert (shown.status, shown.previews[0].status, labels(shown)) == ("Taken down", "removed 1 min ago", [])
    left = card(delivery(DeliveryState.CANCELLED, "One", "Two", "Three", error="Part 2 is still out.", **gone))
    assert (left.status, left.previews[0].status) == ("Taken down in part", "removed 1 min ago. Part 2 is still out.")
    sent = {**OUT, "removable": False, "removed_at": NOW}
    others = card(delivery(DeliveryState.SENT, **sent), delivery(DeliveryState.CANCELLED, "One", "Two", parts_sent=1))
    assert others.status == "Published in part"


def test_the_accounts_card_shows_what_is_connected_and_a_form_for_the_rest() -> None:
    accounts = [
        AccountView("account_1", "fake", "Fake", "ann", "connected", 100, "characters"),
        AccountView("account_2", "fake", "Fake", "eve", "needs_reconnect", 100, "characters"),
    ]
    form = (Field("user", "Your name there"),)
    shown = accounts_card(accounts, [PlatformOffer("fake", "Fake", form)])
    assert [(row.title, row.detail, row.tone) for row in shown.groups[0].rows] == [
        ("Fake ann", "connected", "good"),
        ("Fake eve", "connect it again", "bad"),
    ]
    assert [(button.key, button.label, button.form) for button in shown.buttons] == [
        ("connect:fake:0", "Connect Fake", form)
    ]


def test_notes_tell_what_changed_and_what_became_a_thread() -> None:
    shown = card(
        delivery(DeliveryState.WAITING, "One", "Two"), change="shorter", revision=3, brief="cats (template draft)"
    )
    template, change, thread = shown.notes
    assert template.startswith("Template draft: connect a model")
    assert (change, thread) == ("Version 3: shorter", "Fake: a thread of 2")


def test_only_what_may_still_change_can_be_edited() -> None:
    fields = edit_fields(post(delivery(DeliveryState.SENT, **OUT), delivery(DeliveryState.WAITING, "One", "Two")))
    assert [(field.name, field.label, field.hint) for field in fields] == [
        ("account_0123456789abcdef/0", "Fake, part 1", "One"),
        ("account_0123456789abcdef/1", "Fake, part 2", "Two"),
    ]


def test_problems_and_numbers_are_shown() -> None:
    problem = Problem("Fake", "120 of 100 characters, 20 too many.", "Shorten it.")
    [preview] = card(delivery(problems=(problem,), numbers=Numbers(likes=3))).previews
    assert preview.problems == (problem,)
    assert preview.numbers == Numbers(likes=3)


# the calendar


def entry(hours: float, state: DeliveryState = DeliveryState.WAITING, *, approved: bool = False) -> CalendarEntry:
    return CalendarEntry(NOW + timedelta(hours=hours), "post_1", 7, "Tea time", "Fake", "ann", state, approved, "")


def test_the_calendar_is_ordered_by_day() -> None:
    shown = calendar_card(
        [entry(1), entry(2, approved=True), entry(25, DeliveryState.SENT), entry(26, DeliveryState.HELD)],
        "Calendar, this week",
        ZONE,
        NOW,
    )
    assert [group.heading for group in shown.groups] == ["Monday 23 November", "Tuesday 24 November"]
    rows = [row for group in shown.groups for row in group.rows]
    assert [(row.title, row.detail, row.tone) for row in rows] == [
        ("10:00 Fake: Tea time", "#7, not approved yet", "asking"),
        ("11:00 Fake: Tea time", "#7, approved", "waiting"),
        ("10:00 Fake: Tea time", "#7, published", "good"),
        ("11:00 Fake: Tea time", "#7, on hold", "waiting"),
    ]
    assert (shown.subject, shown.status) == ("calendar:this week", "")


def test_an_empty_calendar_says_what_to_do() -> None:
    assert calendar_card([], "", ZONE, NOW).status == "Nothing is planned here. Ask for a draft, or schedule one."


def test_a_week_begins_on_monday_in_the_zone() -> None:
    sunday = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # already Monday in Berlin
    start, end = week_of(sunday, ZONE)
    assert (f"{start:%a %d %H:%M}", f"{end:%a %d %H:%M}") == ("Mon 23 00:00", "Mon 30 00:00")
    assert f"{week_of(sunday, ZONE, 1)[0]:%d}" == "30"


# whatever it is

texts = st.text(max_size=40)
moments = st.none() | st.integers(-9_999, 9_999).map(lambda hours: NOW + timedelta(hours=hours))
deliveries = st.builds(
    delivery,
    st.sampled_from(DeliveryState),
    texts,
    texts,
    due_at=moments,
    sent_at=moments,
    zone=st.sampled_from(["", "Asia/Kathmandu", "America/New_York"]),
    error=texts,
    removed_at=moments,
    countable=st.booleans(),
    removable=st.booleans(),
    error_code=st.sampled_from(["", "needs_reconnect", "overdue"]),
    url=texts,
    parts_sent=st.integers(0, 2),
    numbers=st.none() | st.builds(Numbers, st.none() | st.integers(0), st.none()),
)
posts = st.builds(
    lambda many, more: post(*many, **more),
    st.lists(deliveries, min_size=1, max_size=3),
    st.fixed_dictionaries(
        {
            "state": st.sampled_from(PostState),
            "revision": st.integers(1, 10**9),
            "number": st.integers(1, 10**9),
            "undo": st.sampled_from(["", "Undo approval", "Undo delete", "Undo edit", "Undo request"]),
            "change": texts,
            "brief": texts,
        }
    ),
)


@given(posts, st.sampled_from([ZONE, "Pacific/Apia", "UTC"]))
def test_any_post_has_a_card_whose_buttons_are_short(any_post: PostView, zone: str) -> None:
    shown = post_card(any_post, zone, NOW)
    assert shown.status
    every = [*shown.buttons, *(button for preview in shown.previews for button in preview.buttons)]
    assert all(len(button.key.encode()) < 64 for button in every)
    assert all(button.key.count(":") == 2 for button in every)
    assert len({button.verb for button in shown.buttons}) == len(shown.buttons)


def test_nothing_that_is_out_or_on_its_way_can_be_posted_again() -> None:
    gone = [DeliveryState.SENDING, DeliveryState.PROCESSING, DeliveryState.SENT, DeliveryState.UNKNOWN]
    for one, other in product(gone, gone):
        shown = card(delivery(one, parts_sent=1), delivery(other), state=APPROVED)
        assert not {"post_now", "approve", "edit", "delete", "schedule"} & {button.verb for button in shown.buttons}


def test_parts_that_become_comments_are_called_so() -> None:
    def notes(*texts: str) -> tuple[str, ...]:
        parts = tuple(RenderedPart(text, len(text)) for text in texts)
        rendering = Rendering("fake", "Fake", "ann", LIMITS, parts, later_parts="comments")
        return card(delivery(rendering=rendering)).notes

    assert notes("One", "Two") == ("Fake: a post with a comment",)
    assert notes("One", "Two", "Three") == ("Fake: a post with 2 comments",)


def test_an_edit_begins_from_what_was_written_not_from_what_is_shown() -> None:
    shown = delivery(texts=("Thanks @[Ann](urn:li:person:1)",))
    assert [field.hint for field in edit_fields(post(shown))] == ["Thanks @[Ann](urn:li:person:1)"]


def test_a_post_planned_on_a_lost_login_offers_the_way_back_beforehand() -> None:
    lost = delivery(cautions=(Caution(LOGIN, "ann must be connected again before it can go out."),), **DUE)
    shown = card(lost, state=APPROVED)
    assert shown.notes == ("ann must be connected again before it can go out.",)
    assert [button.verb for button in shown.previews[0].buttons] == ["reconnect"]
    assert shown.status.startswith("Approved, planned for ")


def test_what_it_costs_is_said_before_anybody_approves() -> None:
    def notes(budget: int | None, state: DeliveryState = DeliveryState.WAITING) -> tuple[str, ...]:
        rendering = Rendering("fake", "Fake", "ann", LIMITS, (RenderedPart("a", 1, cost_mills=200),))
        paid = replace(post(delivery(state, rendering=rendering)), spending=Spending(9_900, budget))
        return post_card(paid, ZONE, NOW).notes

    assert notes(None) == ("Posting costs on Fake about $0.20; $9.90 are spent this month.",)
    assert notes(20_000) == ("Posting costs on Fake about $0.20; $9.90 of this month's $20 are spent.",)
    assert notes(10_000)[0].endswith("This would be more than the budget.")


def test_what_each_of_several_accounts_costs_is_listed() -> None:
    paid = [
        delivery(rendering=Rendering("fake", label, "ann", LIMITS, (RenderedPart("a", 1, cost_mills=mills),)))
        for label, mills in (("X", 15), ("Y", 200), ("Z", 1_000))
    ]
    [note] = post_card(replace(post(*paid), spending=Spending(0, None)), ZONE, NOW).notes
    assert note.startswith("Posting costs on X about $0.015, on Y about $0.20 and on Z about $1; ")
