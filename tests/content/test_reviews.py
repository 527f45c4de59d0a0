"""Asking people for their yes: who is asked, how many must say it, what takes it back, and what happens when nobody does."""

import asyncio
from datetime import timedelta

import pytest

from content.errors import Conflict, ContentError, Invalid, NotAllowed, NotFound, StaleRevision, WrongState
from content.models import Approval, AuditEntry, PostState, Review, Role, Verdict
from content.people import Actor
from content.views import PostView
from content.wording import Wording
from tests.fakes.desk import Desk
from tests.fakes.platform import FakePlatform

HOUR = timedelta(hours=1)


async def said(desk: Desk, post: PostView) -> dict[str, Verdict | None]:
    """What became of asking each person about the current wording, by name."""
    return {one.name: one.verdict for one in (await desk.view(post)).deciding.reviews}


async def row(desk: Desk, actor: Actor) -> Review:
    return next(one for one in await desk.rows(Review) if one.member_id == actor.member_id)


def told(desk: Desk, kind: str) -> int:
    return sum(1 for each, _ in desk.told if each == kind)


async def asked(desk: Desk, *members: Actor) -> PostView:
    post = await desk.draft("Hello")
    return await desk.approvals.request(desk.actor, post.id, [one.member_id for one in members])


async def pair(desk: Desk, quorum: int = 2) -> tuple[Actor, Actor]:
    """Two approvers, both of whom must say yes."""
    await desk.approvals.policy.set(desk.actor, quorum=quorum)
    return await desk.member(Role.APPROVER, "Jo"), await desk.member(Role.APPROVER, "Sam")


async def test_alone_nobody_is_asked_and_nothing_expires(desk: Desk) -> None:
    post = await asked(desk)
    await desk.wait(timedelta(days=30))
    assert (await desk.view(post)).state is PostState.IN_REVIEW
    assert await desk.rows(Review) == []
    assert (await desk.approve(post)).state is PostState.APPROVED


async def test_whoever_may_is_asked_but_not_the_author(desk: Desk) -> None:
    await desk.member(Role.APPROVER, "Jo")
    await desk.member(Role.EDITOR, "Eve")
    await desk.member(Role.ADMIN, "Sam")
    post = await asked(desk)
    assert await said(desk, post) == {"Jo": None, "Sam": None}
    assert {one.due_at for one in post.deciding.asked} == {desk.clock.now() + timedelta(hours=24)}
    await desk.run()
    assert told(desk, "review") == 2


async def test_an_author_whose_own_yes_counts_is_asked_without_being_told(desk: Desk) -> None:
    await desk.member(Role.APPROVER, "Jo")
    await desk.approvals.policy.set(desk.actor, self_approval=True)
    post = await asked(desk)
    assert await said(desk, post) == {"Jo": None, "the owner": None}
    await desk.run()
    assert told(desk, "review") == 1


async def test_one_person_can_be_asked_by_name(desk: Desk) -> None:
    jo, _ = await pair(desk, 1)
    assert await said(desk, await asked(desk, jo)) == {"Jo": None}


async def test_nobody_is_asked_whose_yes_would_not_count(desk: Desk) -> None:
    await desk.member(Role.APPROVER, "Jo")
    editor = await desk.member(Role.EDITOR, "Eve")
    for who, sentence in ((editor, "The yes of Eve to #1"), (desk.actor, "The yes of the owner")):
        with pytest.raises(Invalid, match=sentence):
            await asked(desk, who)
    post = await desk.draft("Hello")
    with pytest.raises(Invalid, match="is no member here"):
        await desk.approvals.request(desk.actor, post.id, ["member_of_nobody"])
    assert await desk.rows(Review) == []


async def test_asking_twice_asks_nobody_twice(desk: Desk) -> None:
    jo, _ = await pair(desk, 1)
    post = await asked(desk, jo)
    await desk.run()
    desk.clock.move(HOUR)
    await desk.approvals.request(desk.actor, post.id)
    await desk.run()
    assert await said(desk, post) == {"Jo": None, "Sam": None}
    assert told(desk, "review") == 2


async def test_a_post_is_approved_once_as_many_said_yes_as_must(desk: Desk) -> None:
    jo, sam = await pair(desk)
    post = await asked(desk)
    first = await desk.approve(post, jo)
    assert (first.state, len(first.deciding.said_yes), first.deciding.quorum) == (PostState.IN_REVIEW, 1, 2)
    assert await desk.rows(Approval) == []
    last = await desk.approve(post, sam)
    assert last.state is PostState.APPROVED
    assert last.deliveries[0].approved_by == "Sam"
    assert [one.verb for one in await desk.rows(AuditEntry) if one.subject == post.id][-2:] == [
        "post.yes",
        "post.approved",
    ]


async def test_a_second_yes_of_one_person_does_not_count(desk: Desk) -> None:
    jo, _ = await pair(desk)
    post = await asked(desk)
    await desk.approve(post, jo)
    desk.clock.move(timedelta(minutes=5))
    with pytest.raises(Conflict, match=r"You said yes to #1 already, on Mon 23 Nov 09:00 Europe/Berlin \(5 min ago\)"):
        await desk.approve(post, jo)
    assert (await desk.view(post)).state is PostState.IN_REVIEW


async def test_no_more_must_say_yes_than_could(desk: Desk) -> None:
    await desk.approvals.policy.set(desk.actor, quorum=5)
    jo = await desk.member(Role.APPROVER, "Jo")
    assert (await desk.approve(await asked(desk), jo)).state is PostState.APPROVED


async def test_a_yes_unasked_makes_it_a_review_and_the_first_of_two(desk: Desk) -> None:
    jo, _ = await pair(desk)
    post = await desk.approve(await desk.draft("Hello"), jo)
    assert (post.state, [one.name for one in post.deciding.said_yes]) == (PostState.IN_REVIEW, ["Jo"])


async def test_with_the_yes_nobody_else_is_asked_any_more(desk: Desk) -> None:
    jo, _ = await pair(desk, 1)
    post = await asked(desk)
    await desk.approve(post, jo)
    assert await said(desk, post) == {"Jo": Verdict.YES, "Sam": Verdict.VOID}
    await desk.wait(timedelta(days=3))
    assert (await desk.view(post)).state is PostState.APPROVED


async def test_post_now_of_one_of_two_is_a_yes_and_sends_nothing(desk: Desk, fake: FakePlatform) -> None:
    jo, sam = await pair(desk)
    post = await desk.draft("Hello")
    due = (await desk.due(post, timedelta(hours=5))).due_at
    first = await desk.schedule.post_now(jo, post.id, 1, button="press")
    await desk.run()
    assert (first.state, first.due_at, fake.texts) == (PostState.IN_REVIEW, due, [])
    await desk.schedule.post_now(sam, post.id, 1, button="press")
    await desk.run()
    assert fake.texts == ["Hello"]


async def test_of_fifty_presses_at_once_each_person_counts_once(desk: Desk) -> None:
    jo, sam = await pair(desk)
    post = await asked(desk)
    presses = [desk.approve(post, who) for who in (jo, sam) for _ in range(25)]
    came = await asyncio.gather(*presses, return_exceptions=True)
    states = [one.state for one in came if isinstance(one, PostView)]
    assert sorted(states) == [PostState.APPROVED, PostState.IN_REVIEW]
    assert all(isinstance(one, Conflict) for one in came if not isinstance(one, PostView))
    assert len(await desk.rows(Approval)) == 1


async def test_an_edit_takes_every_yes_and_every_question_back(desk: Desk) -> None:
    jo, sam = await pair(desk)
    post = await asked(desk)
    await desk.approve(post, jo)
    await desk.posts.revise(desk.actor, post.id, [Wording(("Better",))], change="")
    now = await desk.view(post)
    assert (now.state, now.deciding.reviews) == (PostState.DRAFT, ())
    assert {one.verdict for one in await desk.rows(Review)} == {Verdict.YES, Verdict.VOID}
    assert (await desk.approve(now, sam)).state is PostState.IN_REVIEW, "the yes to the old wording does not count"


async def test_undoing_an_approval_takes_every_yes_back(desk: Desk) -> None:
    jo, sam = await pair(desk)
    post = await asked(desk)
    for who in (jo, sam):
        await desk.approve(post, who)
    await desk.posts.undo(desk.actor, post.id, 1)
    assert await said(desk, post) == {"Jo": Verdict.VOID, "Sam": Verdict.VOID}
    assert (await desk.approve(post, jo)).state is PostState.IN_REVIEW


async def test_a_move_takes_every_yes_back_where_the_workspace_says_so(desk: Desk) -> None:
    jo, sam = await pair(desk)
    await desk.approvals.policy.set(desk.actor, approval_survives_move=False)
    post = await asked(desk)
    assert (await desk.due(post, HOUR)).state is PostState.IN_REVIEW, "nobody had said anything yet"
    await desk.approve(post, jo)
    assert (await desk.due(post, 2 * HOUR)).state is PostState.DRAFT
    for who in (jo, sam):
        await desk.approve(post, who)
    moved = await desk.due(post, 3 * HOUR)
    assert (moved.state, moved.deciding.said_yes) == (PostState.DRAFT, ())


async def test_who_moved_it_after_the_yes_is_known(desk: Desk) -> None:
    jo, _ = await pair(desk, 1)
    post = await desk.draft("Hello")
    await desk.due(post, HOUR)
    desk.clock.move(timedelta(minutes=1))
    assert (await desk.approve(post, jo)).deciding.moved_by == ""
    desk.clock.move(timedelta(minutes=1))
    assert (await desk.due(post, 2 * HOUR)).deciding.moved_by == "the owner"


# sending it back


async def test_who_asks_for_changes_takes_every_yes_back_and_the_author_hears_it(desk: Desk) -> None:
    jo, sam = await pair(desk)
    post = await asked(desk)
    await desk.approve(post, jo)
    back = await desk.approvals.request_changes(sam, post.id, 1, "  warmer  ")
    assert back.state is PostState.DRAFT
    assert await said(desk, post) == {"Jo": Verdict.VOID, "Sam": Verdict.CHANGES}
    assert (await row(desk, sam)).note == "warmer"
    await desk.run()
    assert ("changes", (await row(desk, sam)).id) in desk.told


async def test_changes_want_words(desk: Desk) -> None:
    jo, _ = await pair(desk)
    with pytest.raises(Invalid, match="What should change on #1"):
        await desk.approvals.request_changes(jo, (await asked(desk)).id, 1, "  ")


# handing it on


async def test_whoever_is_asked_can_have_somebody_else_asked_until_the_same_time(desk: Desk) -> None:
    jo, sam = await pair(desk, 1)
    post = await asked(desk, jo)
    await desk.run()
    desk.clock.move(HOUR)
    handed = await desk.approvals.delegate(jo, post.id, 1, sam.member_id)
    assert await said(desk, post) == {"Jo": Verdict.DELEGATED, "Sam": None}
    assert {one.due_at for one in handed.deciding.reviews} == {post.deciding.asked[0].due_at}
    await desk.run()
    assert told(desk, "review") == 2
    assert (await desk.approve(post, sam)).state is PostState.APPROVED


async def test_it_is_handed_on_only_by_whoever_is_asked_and_only_to_whom_it_helps(desk: Desk) -> None:
    jo, sam = await pair(desk, 1)
    editor = await desk.member(Role.EDITOR, "Eve")
    post = await asked(desk, jo)
    refusals: list[tuple[Actor, str, type[ContentError]]] = [
        (sam, jo.member_id, WrongState),
        (jo, jo.member_id, Conflict),
        (jo, editor.member_id, Invalid),
        (jo, desk.actor.member_id, Invalid),
        (editor, sam.member_id, NotAllowed),
    ]
    for who, to, refusal in refusals:
        with pytest.raises(refusal):
            await desk.approvals.delegate(who, post.id, 1, to)
    await desk.approvals.delegate(jo, post.id, 1, sam.member_id)
    with pytest.raises(WrongState, match="You are not asked about #1"):
        await desk.approvals.delegate(jo, post.id, 1, sam.member_id)


# guests


async def test_a_guest_decides_about_what_they_were_asked_and_nothing_else(desk: Desk) -> None:
    await desk.member(Role.APPROVER, "Jo")
    kim = await desk.member(Role.GUEST, "Kim")
    other = await desk.draft("Other")
    post = await asked(desk, kim)
    for refused in (
        desk.approve(other, kim),
        desk.approvals.request_changes(kim, other.id, 1, "no"),
        desk.schedule.post_now(kim, post.id, 1, button="press"),
        desk.approvals.delegate(kim, post.id, 1, desk.actor.member_id),
    ):
        with pytest.raises(NotAllowed):
            await refused
    assert (await desk.approve(post, kim)).deliveries[0].approved_by == "Kim"


async def test_a_guest_is_asked_by_name_only(desk: Desk) -> None:
    await desk.member(Role.GUEST, "Kim")
    await desk.member(Role.APPROVER, "Jo")
    post = await asked(desk)
    assert await said(desk, post) == {"Jo": None}
    assert [one.name for one in post.deciding.guests] == ["Kim"]


async def test_a_guest_may_ask_for_changes_while_they_are_asked(desk: Desk) -> None:
    kim = await desk.member(Role.GUEST, "Kim")
    post = await asked(desk, kim)
    assert (await desk.approvals.request_changes(kim, post.id, 1, "warmer")).state is PostState.DRAFT
    for late in (desk.approve(post, kim), desk.approvals.request_changes(kim, post.id, 1, "colder")):
        with pytest.raises(NotAllowed, match="You are not asked about #1 any more"):
            await late


async def test_a_guest_who_was_asked_about_an_older_wording_is_told_so(desk: Desk) -> None:
    kim = await desk.member(Role.GUEST, "Kim")
    post = await asked(desk, kim)
    await desk.posts.revise(desk.actor, post.id, [Wording(("Better",))], change="")
    with pytest.raises(StaleRevision):
        await desk.approve(post, kim)
    with pytest.raises(NotAllowed, match="You are not asked about #1 any more"):
        await desk.approve(await desk.view(post), kim)


# the deadline


async def test_who_does_not_answer_is_reminded_once_and_then_it_is_a_draft_again(
    desk: Desk, fake: FakePlatform
) -> None:
    jo, _ = await pair(desk, 1)
    post = await asked(desk, jo)
    await desk.wait(timedelta(hours=11))
    assert told(desk, "remind") == 0
    await desk.wait(timedelta(hours=2))
    assert told(desk, "remind") == 1
    await desk.wait(timedelta(hours=11, minutes=1))
    assert (await desk.view(post)).state is PostState.DRAFT
    assert await said(desk, post) == {"Jo": Verdict.EXPIRED}
    assert (told(desk, "expired"), told(desk, "remind"), fake.texts) == (1, 1, [])


async def test_who_was_asked_anew_has_the_whole_time_again(desk: Desk) -> None:
    jo, _ = await pair(desk, 1)
    post = await asked(desk, jo)
    await desk.wait(timedelta(hours=20))
    await desk.posts.undo(desk.actor, post.id, 1)
    await desk.approvals.request(desk.actor, post.id, [jo.member_id])
    await desk.wait(timedelta(hours=20))
    assert (await desk.view(post)).state is PostState.IN_REVIEW
    await desk.wait(timedelta(hours=5))
    assert (await desk.view(post)).state is PostState.DRAFT


async def test_a_deadline_that_comes_too_early_looks_again_at_the_right_time(desk: Desk) -> None:
    jo, _ = await pair(desk, 1)
    post = await asked(desk, jo)
    assert await desk.reviews.expire(f"{post.id}:1") == desk.clock.now() + timedelta(hours=24)
    assert (await desk.view(post)).state is PostState.IN_REVIEW


async def test_a_deadline_of_what_is_decided_or_reworded_does_nothing(desk: Desk) -> None:
    jo, _ = await pair(desk, 1)
    post = await asked(desk, jo)
    assert await desk.reviews.expire(f"{post.id}:2") is None
    await desk.approve(post, jo)
    desk.clock.move(timedelta(days=3))
    assert await desk.reviews.expire(f"{post.id}:1") is None
    assert (await desk.view(post)).state is PostState.APPROVED


async def test_too_few_yeses_expire_too_and_still_count_afterwards(desk: Desk) -> None:
    jo, sam = await pair(desk)
    post = await asked(desk, jo)
    await desk.approve(post, jo)
    await desk.wait(timedelta(hours=25))
    assert (await desk.view(post)).state is PostState.DRAFT
    again = await desk.approvals.request(desk.actor, post.id)
    assert await said(desk, again) == {"Jo": Verdict.YES, "Sam": None}
    assert (await desk.approve(again, sam)).state is PostState.APPROVED


async def test_a_question_says_whose_word_is_wanted_and_until_when(desk: Desk) -> None:
    jo, _ = await pair(desk, 1)
    post = await asked(desk, jo)
    found = await desk.reviews.question((await row(desk, jo)).id)
    assert (found.member, found.asked_by, found.open, found.reminded) == ("Jo", "the owner", True, False)
    await desk.reviews.reminded(found.id)
    await desk.wait(timedelta(hours=25))
    after = await desk.reviews.question(found.id)
    assert (after.open, after.reminded, after.verdict) == (False, True, Verdict.EXPIRED)
    assert await desk.reviews.silent(post.id, 1) == (desk.actor.workspace_id, ["Jo"])
    with pytest.raises(NotFound):
        await desk.reviews.question("review_of_nobody")
