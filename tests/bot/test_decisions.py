"""What a card says and offers about the yes to a post, when several people decide."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.cards import post_card, queue_card
from bot.chat import Card
from content.deciding import Decider, Deciding, ReviewView
from content.models import DeliveryState, PostState, Role, Verdict
from content.people import Actor
from content.views import PostView
from tests.bot.test_cards import NOW, ZONE, delivery, labels, post

JO, SAM, ANN, KIM = "member_jo", "member_sam", "member_1", "member_kim"
ME = Actor("workspace_1", JO, "Jo", Role.APPROVER, ZONE)


def said(member: str, verdict: Verdict | None = None, minutes: int = 0, note: str = "") -> ReviewView:
    """Asked at 08:58 in Berlin, until tomorrow then; what was said came `minutes` after nine."""
    at = NOW - timedelta(minutes=2)
    decided = NOW + timedelta(minutes=minutes) if verdict else None
    return ReviewView(member, member[7:].capitalize(), verdict, at, at + timedelta(hours=24), decided, note)


def shared(
    *reviews: ReviewView, quorum: int = 1, state: PostState = PostState.IN_REVIEW, moved_by: str = ""
) -> PostView:
    """A post of Ann's, about which Jo and Sam decide."""
    return post(
        state=state,
        deciding=Deciding(reviews, quorum, (Decider(JO, "Jo"), Decider(SAM, "Sam")), (), moved_by),
    )


def card(shown: PostView, viewer: Actor | None = None) -> Card:
    return post_card(shown, ZONE, NOW, viewer)


@pytest.mark.parametrize(
    ("reviews", "quorum", "status"),
    [
        ((said(JO),), 1, "Waiting for Jo since 08:58, until Tue 08:58"),
        ((said(JO), said(SAM)), 1, "Waiting for Jo and Sam since 08:58, until Tue 08:58"),
        (
            (said(JO, Verdict.YES, 2), said(SAM)),
            2,
            "1 of 2 said yes (Jo 09:02); waiting for Sam since 08:58, until Tue 08:58",
        ),
        ((said(JO, Verdict.YES, 2),), 2, "1 of 2 said yes (Jo 09:02)"),
        ((replace(said(JO), due_at=None),), 1, "Waiting for Jo since 08:58"),
        ((replace(said(JO), due_at=NOW + timedelta(days=9)),), 1, "Waiting for Jo since 08:58, until 2 Dec 09:00"),
        ((said(JO, Verdict.DELEGATED),), 1, "Waiting for approval"),
    ],
)
def test_the_card_says_who_is_waited_for(reviews: tuple[ReviewView, ...], quorum: int, status: str) -> None:
    assert card(shared(*reviews, quorum=quorum)).status == status


def test_the_card_says_who_gave_the_yes() -> None:
    yes = said(JO, Verdict.YES, 2), said(SAM, Verdict.YES, 3)
    assert card(shared(*yes, state=PostState.APPROVED)).status == "Approved by Jo 09:02 and Sam 09:03, no time yet"


def test_where_the_author_alone_decides_the_yes_names_nobody() -> None:
    own = Deciding((said(ANN, Verdict.YES),), 1, (Decider(ANN, "Ann"),), (), "")
    assert card(post(state=PostState.APPROVED, deciding=own)).status == "Approved, no time yet"
    for state in (PostState.DRAFT, PostState.IN_REVIEW):
        shown = labels(card(post(state=state, deciding=replace(own, reviews=()))))
        assert shown == ["Approve", "Post now", "Schedule", "Edit", "Delete"]


@pytest.mark.parametrize(
    ("shown", "note"),
    [
        (shared(said(JO, Verdict.CHANGES, note="warmer"), state=PostState.DRAFT), "Jo asks for changes: “warmer”"),
        (
            shared(said(JO, Verdict.EXPIRED), said(SAM, Verdict.EXPIRED), state=PostState.DRAFT),
            "Jo and Sam did not answer in time. Send it for approval again.",
        ),
        (shared(said(JO, Verdict.YES, 2), state=PostState.DRAFT), "Said yes already: Jo 09:02"),
        (
            shared(said(JO, Verdict.YES), state=PostState.APPROVED, moved_by="Mia"),
            "Mia moved it after it was approved.",
        ),
    ],
)
def test_what_the_status_does_not_say_is_a_note(shown: PostView, note: str) -> None:
    assert card(shown).notes == (note,)


def test_a_draft_can_be_sent_to_everybody_or_to_one() -> None:
    kim = shared(state=PostState.DRAFT)
    kim = replace(kim, deciding=replace(kim.deciding, guests=(Decider(KIM, "Kim"),)))
    [request] = [one for one in card(kim).buttons if one.verb == "request"]
    assert (request.label, [one.options for one in request.form]) == (
        "Send for approval",
        [(("all", "Everybody who may"), (JO, "Jo"), (SAM, "Sam"), (KIM, "Kim (guest)"))],
    )


def test_where_only_one_can_be_asked_nobody_is_asked_whom() -> None:
    one = post(deciding=Deciding((), 1, (Decider(ANN, "Ann"), Decider(JO, "Jo")), (), ""))
    assert [button.form for button in card(one).buttons if button.verb == "request"] == [()]


def test_a_guest_alone_is_named_because_nobody_else_would_be_asked() -> None:
    guest = post(deciding=Deciding((), 1, (Decider(ANN, "Ann"),), (Decider(KIM, "Kim"),), ""))
    [request] = [one for one in card(guest).buttons if one.verb == "request"]
    assert request.form[0].options == ((KIM, "Kim (guest)"),)


def test_in_review_it_can_be_sent_back_or_handed_on() -> None:
    shown = card(shared(said(JO)))
    assert labels(shown) == [
        "Approve",
        "Post now",
        "Schedule",
        "Ask for changes",
        "Ask somebody else",
        "Edit",
        "Delete",
    ]
    fields = {one.verb: one.form[0] for one in shown.buttons if one.verb in ("changes", "delegate")}
    assert (fields["changes"].kind, fields["changes"].label) == ("long", "What should change?")
    assert fields["delegate"].options == ((SAM, "Sam"),)
    assert "Ask somebody else" not in labels(card(shared(said(JO), said(SAM))))


@pytest.mark.parametrize(
    ("role", "buttons"),
    [
        (Role.OWNER, "Approve, Post now, Schedule, Ask for changes, Ask somebody else, Edit, Delete"),
        (Role.EDITOR, "Schedule, Edit, Delete"),
        (Role.APPROVER, "Approve, Post now, Ask for changes, Ask somebody else"),
        (Role.VIEWER, ""),
        (Role.GUEST, "Approve, Ask for changes"),
    ],
)
def test_everybody_is_offered_what_their_role_may(role: Role, buttons: str) -> None:
    assert ", ".join(labels(card(shared(said(JO)), replace(ME, role=role)))) == buttons


def test_what_an_account_asks_is_offered_to_those_who_may_answer() -> None:
    lost = post(delivery(DeliveryState.UNKNOWN), delivery(error_code="needs_reconnect", error="Again."))
    for role, count in ((Role.OWNER, [2, 1]), (Role.APPROVER, [2, 0]), (Role.VIEWER, [0, 0])):
        assert [len(one.buttons) for one in card(lost, replace(ME, role=role)).previews] == count
    out = post(delivery(DeliveryState.SENT, countable=True, sent_at=NOW), state=PostState.APPROVED)
    assert [labels(card(out, replace(ME, role=role))) for role in (Role.EDITOR, Role.APPROVER, Role.VIEWER)] == [
        ["Refresh numbers"],
        ["Refresh numbers"],
        [],
    ]


def test_a_guest_sees_what_they_were_asked_about_and_no_more() -> None:
    guest = replace(ME, role=Role.GUEST)
    decided = card(shared(said(JO, Verdict.YES), state=PostState.APPROVED), guest)
    assert (labels(decided), len(decided.previews)) == ([], 1)
    changed = card(shared(said(SAM)), guest)
    assert (changed.previews, changed.buttons) == ((), ())
    assert changed.status.startswith("It changed since you were asked")


def test_what_is_under_way_is_listed_by_how_far_it_is() -> None:
    approved = post(delivery(due_at=NOW + timedelta(hours=2)), state=PostState.APPROVED, number=8)
    queue = queue_card([post(number=9), approved, shared(said(JO))], ZONE, NOW)
    assert (queue.subject, queue.title, queue.status) == ("queue:open", "Under way", "")
    assert [(one.heading, [(row.title, row.detail) for row in one.rows]) for one in queue.groups] == [
        ("Waiting for approval", [("#7 Good morning", "Fake: Waiting for Jo since 08:58, until Tue 08:58")]),
        ("Approved", [("#8 Good morning", "Fake: Approved, goes out Mon 23 Nov 11:00 Europe/Berlin (in 2 h)")]),
        ("Drafts", [("#9 Good morning", "Fake: Draft")]),
    ]
    assert queue_card([], ZONE, NOW).status == "Nothing is under way. Ask for a draft."
