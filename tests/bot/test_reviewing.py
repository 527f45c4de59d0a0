"""People are asked for their yes in private, reminded once, and the author hears what came of it, each of it once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat import Action, Button, Card
from content.models import PostState, Review, Role
from content.people import Actor
from content.views import PostView
from content.wording import Wording
from tests.fakes.agent_desk import AgentDesk, Opens


@pytest.fixture
async def desk(opens: Opens) -> AgentDesk:
    return await opens()


@pytest.fixture
async def jo(desk: AgentDesk) -> Actor:
    return await desk.base.member(Role.APPROVER, "Jo")


async def draft(desk: AgentDesk, *, at_home: bool = True) -> PostView:
    where = desk.place.conversation_id if at_home else None
    return await desk.services.posts.draft(desk.actor, [Wording(("Tea time",))], conversation_id=where)


async def view(desk: AgentDesk, post: PostView) -> PostView:
    return await desk.services.posts.view(desk.actor.workspace_id, post.id)


def said_to(desk: AgentDesk, address: str) -> list[str]:
    return [one.message.text for one in desk.chat.messages.values() if one.place.address == address]


def at(actor: Actor) -> str:
    return f"private {actor.member_id}"


def button(card: Card, verb: str) -> Button:
    return next(one for one in card.buttons if one.verb == verb)


async def review_of(desk: AgentDesk, actor: Actor) -> Review:
    return next(one for one in await desk.base.rows(Review) if one.member_id == actor.member_id)


async def test_whoever_is_asked_gets_the_card_in_private(desk: AgentDesk, jo: Actor) -> None:
    await draft(desk)
    answer = await desk.push(button(await desk.card(), "request"))
    assert answer.text == "#1 waits for approval: I asked Jo."
    assert said_to(desk, at(jo)) == ["The owner asks for your yes to #1, until Tue 09:00."]
    assert [one.verb for one in desk.chat.cards[-1].buttons][:2] == ["approve", "post_now"]
    await desk.handlers["review"]((await review_of(desk, jo)).id)
    assert len(said_to(desk, at(jo))) == 1


async def test_what_is_decided_meanwhile_is_not_asked(desk: AgentDesk, jo: Actor) -> None:
    post = await draft(desk)
    await desk.services.approvals.request(desk.actor, post.id)
    await desk.services.approvals.approve(jo, post.id, 1, button="press")
    await desk.jobs.run_all()
    for kind in ("review", "remind"):
        await desk.handlers[kind]((await review_of(desk, jo)).id)
    assert said_to(desk, at(jo)) == []


async def test_one_reminder_half_way_and_then_the_author_is_told(desk: AgentDesk, jo: Actor) -> None:
    post = await draft(desk)
    await desk.press("request", post.id, 1)
    await desk.base.wait(timedelta(hours=13))
    assert said_to(desk, at(jo))[1:] == ["The owner still waits for your yes to #1, until Tue 09:00."]
    await desk.handlers["remind"]((await review_of(desk, jo)).id)
    await desk.base.wait(timedelta(hours=12))
    assert len(said_to(desk, at(jo))) == 2
    assert said_to(desk, "room") == [
        "Jo did not answer in time, so #1 is a draft again. Nothing of it was published. Send it for approval again."
    ]
    assert desk.chat.cards[-1].notes == ("Jo did not answer in time. Send it for approval again.",)


async def test_a_deadline_told_twice_or_too_late_says_nothing_more(desk: AgentDesk, jo: Actor) -> None:
    post = await draft(desk)
    await desk.press("request", post.id, 1)
    due = (await review_of(desk, jo)).due_at
    assert due is not None
    await desk.base.wait(timedelta(hours=25))
    subject = f"{post.id}:1:{due.isoformat()}"
    await desk.handlers["expired"](subject)
    await desk.services.posts.revise(desk.actor, post.id, [Wording(("Better",))], change="")
    await desk.handlers["expired"](f"{subject}:again")
    assert len(said_to(desk, "room")) == 1


async def test_too_few_yeses_in_time_are_told_in_the_authors_own_place(desk: AgentDesk, jo: Actor) -> None:
    await desk.base.member(Role.APPROVER, "Sam")
    await desk.services.approvals.policy.set(desk.actor, quorum=2)
    post = await draft(desk, at_home=False)
    await desk.press("request", post.id, 1, who=jo.member_id)
    answer = await desk.press("approve", post.id, 1, jo)
    assert answer.text == "Your yes to #1 counts: 1 of 2. It still needs 1 more."
    again = await desk.press("post_now", post.id, 1, jo)
    assert again.text.startswith("You said yes to #1 already")
    await desk.base.wait(timedelta(hours=25))
    assert said_to(desk, at(desk.actor))[-1].startswith("Too few said yes in time, so #1 is a draft again.")


async def test_post_now_of_one_of_two_says_that_it_does_not_go_out(desk: AgentDesk, jo: Actor) -> None:
    await desk.base.member(Role.APPROVER, "Sam")
    await desk.services.approvals.policy.set(desk.actor, quorum=2)
    post = await draft(desk)
    answer = await desk.press("post_now", post.id, 1, jo)
    assert answer.text == (
        "Your yes to #1 counts: 1 of 2. It still needs 1 more. It does not go out now: press Post now again after that."
    )


async def test_changes_are_asked_for_in_the_posts_conversation_and_a_turn_begins(desk: AgentDesk, jo: Actor) -> None:
    post = await draft(desk)
    await desk.press("request", post.id, 1)
    card = await desk.drawing.draw(f"post:{post.id}", jo)
    assert card is not None
    answer = await desk.push(button(card, "changes"), jo, note="warmer, please")
    assert answer.text == "#1 is a draft again, and its author hears what should change."
    assert said_to(desk, "room") == ["Jo asks for changes on #1: “warmer, please”", "ok"]
    heard = (await desk.transcript.page(desk.place.conversation_id)).messages
    assert [(one.member_id, one.extra["reply_to"]) for one in heard if one.member_id] == [
        (desk.actor.member_id, f"post:{post.id}")
    ]
    await desk.handlers["changes"]((await review_of(desk, jo)).id)
    await desk.jobs.run_all()
    assert len(said_to(desk, "room")) == 2


async def test_changes_that_were_made_meanwhile_are_not_asked_for(desk: AgentDesk, jo: Actor) -> None:
    post = await draft(desk)
    await desk.services.approvals.request_changes(jo, post.id, 1, "warmer")
    await desk.services.posts.revise(desk.actor, post.id, [Wording(("Warm",))], change="")
    await desk.jobs.run_all()
    assert said_to(desk, "room") == []


async def test_handing_on_asks_the_other(desk: AgentDesk, jo: Actor) -> None:
    sam = await desk.base.member(Role.APPROVER, "Sam")
    post = await draft(desk)
    await desk.press("request", post.id, 1, who=jo.member_id)
    answer = await desk.push(button(await desk.card(), "delegate"), jo, who=sam.member_id)
    assert answer.text == "I asked Sam about #1 instead of you."
    assert said_to(desk, at(sam)) == ["Jo asks for your yes to #1, until Tue 09:00."]


async def test_alone_sending_for_approval_asks_nobody(desk: AgentDesk) -> None:
    post = await draft(desk)
    assert (await desk.press("request", post.id, 1)).text == "#1 waits for approval."
    assert (await view(desk, post)).state is PostState.IN_REVIEW
    assert desk.chat.texts == []


async def test_a_guest_is_asked_in_private_and_sees_nothing_else(desk: AgentDesk) -> None:
    kim = await desk.base.member(Role.GUEST, "Kim")
    post = await draft(desk)
    await desk.push(button(await desk.card(), "request"), who=kim.member_id)
    card = desk.chat.cards[-1]
    assert [one.label for one in card.buttons] == ["Approve", "Ask for changes"]
    assert (await desk.push(button(card, "approve"), kim)).text.startswith("Approved #1.")
    for subject in ("calendar:this week", "accounts:all", "settings:all", "queue:open"):
        assert await desk.drawing.draw(subject, kim) is None
    press = Action(desk.place, kim, "edit", post.id, 1)
    assert (await desk.actions.press(replace(press, form={"a/0": "x"}))).tone == "bad"


async def test_on_our_own_page_the_authors_message_is_enough(desk: AgentDesk, jo: Actor) -> None:
    place = await desk.open(desk.actor.member_id, "web")
    post = await desk.services.posts.draft(desk.actor, [Wording(("Tea time",))], conversation_id=place.conversation_id)
    await desk.services.approvals.request_changes(jo, post.id, 1, "warmer")
    await desk.handlers["changes"]((await review_of(desk, jo)).id)
    heard = (await desk.transcript.page(place.conversation_id)).messages
    assert [one.text for one in heard] == ["Jo asks for changes on #1: warmer"]
