"""A series from the words to its end, by its card's buttons, and what is said of it."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.chat import Button, Card
from content.models import Account, Role, Workspace
from content.people import Actor
from content.wording import Wording
from tests.fakes.agent_desk import AgentDesk, Opens


@pytest.fixture
async def desk(opens: Opens) -> AgentDesk:
    return await opens()


async def card_of(desk: AgentDesk, actor: Actor | None = None) -> Card:
    [series, *_] = await desk.services.series.running(desk.actor.workspace_id)
    card = await desk.drawing.draw(f"series:{series.id}", actor or desk.actor)
    assert card is not None
    return card


def button(card: Card, verb: str) -> Button:
    return next(one for one in card.buttons if one.verb == verb)


async def proposed(desk: AgentDesk, when: str = "every Friday 17:00 for 8 weeks") -> Card:
    await desk.services.posts.draft(desk.actor, _wording(), conversation_id=desk.place.conversation_id)
    answer = await desk.push(button(await desk.card(), "schedule"), when=when)
    assert answer.text.startswith("#1 would go out every Friday at 17:00 Europe/Berlin")
    card = await card_of(desk)
    assert answer.subject == card.subject
    return card


async def private_texts(desk: AgentDesk, actor: Actor) -> list[str]:
    place = await desk.transcript.find(desk.chat.name, f"private {actor.member_id}")
    return [one.text for one in (await desk.transcript.page(place or "")).messages]


def _wording() -> list[Wording]:
    return [Wording(("Cake day",))]


async def test_a_series_is_proposed_approved_paused_resumed_and_ended(desk: AgentDesk) -> None:
    card = await proposed(desk)
    assert card.title == "Series of #1"
    assert card.status == "Waiting for approval; it would begin Fri 27 Nov 17:00 Europe/Berlin (in 4 days)"
    assert card.notes[0].endswith("the last is Fri 15 Jan 2027 17:00 Europe/Berlin (in 53 days).")
    assert "all 8 times" in card.notes[1]
    assert [one.parts[0].text for one in card.previews] == ["Cake day"]
    assert [one.verb for one in card.buttons] == ["approve_series", "end_series"]
    approved = await desk.push(button(card, "approve_series"))
    assert approved.text.startswith("Approved: #1 goes out every Friday at 17:00")
    first = await desk.services.posts.numbered(desk.actor.workspace_id, 1)
    assert first.repeats == "every Friday at 17:00 Europe/Berlin, until 21 January 2027"
    shown = await desk.drawing.draw(f"post:{first.id}", desk.actor)
    assert shown is not None
    assert shown.status == "Approved, repeats as a series"
    assert shown.notes[0] == f"It repeats {first.repeats}; /plans shows its series."
    card = await card_of(desk)
    assert card.status == "Approved, next Fri 27 Nov 17:00 Europe/Berlin (in 4 days); 1 of 8 made"
    assert "paused" in (await desk.push(button(card, "pause_series"))).text
    card = await card_of(desk)
    assert card.status == "Paused, 0 of 8 made"
    resume, end = button(card, "resume_series"), button(card, "end_series")
    assert "goes on, next Fri 27 Nov 17:00" in (await desk.push(resume)).text
    assert "has ended" in (await desk.push(end)).text
    ended = await desk.drawing.draw(card.subject, desk.actor)
    assert ended is not None
    assert (ended.status, ended.buttons) == ("Ended, 0 of 8 made", ())
    await desk.jobs.run_all()
    said = [text for text in desk.chat.texts if "series" in text]
    assert said == [
        "The owner paused the series of #1: what waited of it will not go out.",
        "The owner ended the series of #1: what waited of it will not go out.",
    ]


async def test_one_of_two_yeses_does_not_start_it(desk: AgentDesk) -> None:
    jo = await desk.base.member(Role.APPROVER, "Jo")
    async with desk.db.writing() as session:
        await session.execute(update(Workspace).values(quorum=2, self_approval=True))
    approve = button(await proposed(desk), "approve_series")
    answer = await desk.push(approve)
    assert answer.text == ("Your yes to the series of #1 counts: 1 of 2. It still needs 1 more: I asked Jo.")
    card = await card_of(desk)
    assert card.status.startswith("Waiting for approval, 1 of 2 said yes: the owner; it would begin Fri 27 Nov")
    assert "2 people must say yes, and that is good for all 8 times" in card.notes[1]
    await desk.jobs.run_all()
    assert await private_texts(desk, jo) == ["The series of #1 waits for your yes: the owner said theirs."]
    assert button(desk.chat.cards[-1], "approve_series"), "in a channel it is the card of all"
    again = await desk.push(approve)
    assert again.text == "You said yes to this series already. It still waits for somebody else's."
    assert (await desk.push(button(desk.chat.cards[-1], "approve_series"), jo)).text.startswith("Approved: #1")


async def test_who_may_not_approve_has_others_asked(desk: AgentDesk) -> None:
    """The author's own yes counts only where that is allowed."""
    jo = await desk.base.member(Role.APPROVER, "Jo")
    post = await desk.services.posts.draft(desk.actor, _wording(), conversation_id=desk.place.conversation_id)
    answer = await desk.press("schedule", post.id, 1, when="every Friday 17:00, 3 times")
    assert answer.text.endswith("It starts once the series is approved; I asked Jo.")
    await desk.jobs.run_all()
    assert await private_texts(desk, jo) == ["The series of #1 waits for your yes."]
    await desk.push(button(desk.chat.cards[-1], "approve_series"), jo)
    series = await desk.services.series.propose(desk.actor, (await desk.base.draft("Pie")).id, "every Monday 9:00")
    await desk.services.series.approve(jo, series.id, 1, button="press")
    await desk.jobs.run_all()
    assert len(await private_texts(desk, jo)) == 1, "what was decided meanwhile is not asked"


async def test_a_yes_that_is_enough_still_waits_for_the_posts_own(desk: AgentDesk) -> None:
    """A guest who was asked for the post is no decider of its series."""
    guest = await desk.base.member(Role.GUEST, "Client")
    async with desk.db.writing() as session:
        await session.execute(update(Workspace).values(quorum=2, self_approval=True))
    card = await proposed(desk)
    post = await desk.services.posts.numbered(desk.actor.workspace_id, 1)
    await desk.base.approvals.request(desk.actor, post.id, [guest.member_id])
    answer = await desk.push(button(card, "approve_series"))
    assert answer.text == (
        "Your yes to the series of #1 counts: 1 of 1. #1 itself is not approved yet: press Approve on its card."
    )
    await desk.base.approvals.approve(guest, post.id, 1, button="press")
    assert (await desk.push(button(card, "approve_series"))).text.startswith("Approved: #1 goes out")


async def test_who_may_only_look_gets_no_buttons(desk: AgentDesk) -> None:
    await proposed(desk)
    assert (await card_of(desk, await desk.base.member(Role.VIEWER))).buttons == ()


async def test_what_became_of_it_is_said_where_it_belongs(desk: AgentDesk) -> None:
    series_id = (await proposed(desk, "every Friday 17:00, 3 times")).subject.partition(":")[2]
    await desk.push(button(await card_of(desk), "approve_series"))
    post = await desk.services.posts.numbered(desk.actor.workspace_id, 1)
    await desk.services.posts.revise(desk.actor, post.id, [Wording(("Pie day",))], change="pie")
    await desk.jobs.run_all()
    assert desk.chat.texts[-1] == ("The yes to #1 no longer counts, so its series stopped. Approve the series again.")
    await desk.push(button(await card_of(desk), "approve_series"))
    desk.clock.move(timedelta(days=11, hours=9))
    await desk.jobs.run_all()
    missed = "I was not running, so I skipped a time of the series of #1. The next is Fri 11 Dec 17:00 Europe/Berlin"
    assert any(text.startswith(missed) for text in desk.chat.texts)
    desk.clock.move(timedelta(days=8))
    await desk.jobs.run_all()
    assert any(text.startswith("That was the last of the series of #1") for text in desk.chat.texts)
    card = await desk.drawing.draw(f"series:{series_id}", desk.actor)
    assert card is not None
    assert card.status == "Ended, 2 of 3 made"


async def test_a_series_of_no_conversation_is_told_to_who_asked(desk: AgentDesk) -> None:
    await desk.base.draft("Cake day")
    await desk.push(button(await desk.card(), "schedule"), when="every day 9:00, 2 times")
    await desk.push(button(await card_of(desk), "approve_series"))
    desk.clock.move(timedelta(days=9))
    await desk.jobs.run_all()
    told = [text for text in desk.chat.texts if "skipped" in text]
    assert told == ["I was not running, so I skipped a time of the series of #1. There is no further one."]


async def test_one_whose_accounts_were_let_go_says_so_and_one_too_late_has_passed(desk: AgentDesk) -> None:
    await proposed(desk, "every Friday 17:00, 1 times")
    await desk.push(button(await card_of(desk), "approve_series"))
    await desk.push(button(await card_of(desk), "pause_series"))
    desk.clock.move(timedelta(days=8))
    card = await card_of(desk)
    assert card.status == "Paused, 0 of 1 made"
    assert (await desk.push(button(card, "resume_series"))).text.endswith("goes on, next never: it is over.")
    await desk.jobs.run_all()
    assert "That was the last" in desk.chat.texts[-1]


async def test_a_proposal_whose_last_time_passed_says_so(desk: AgentDesk) -> None:
    await proposed(desk, "every Friday 17:00, 1 times")
    desk.clock.move(timedelta(days=8))
    card = await card_of(desk)
    assert card.status == "Its last time has passed"
    assert "the one time" in card.notes[1]


async def test_without_an_account_left_it_ends(desk: AgentDesk) -> None:
    await proposed(desk)
    await desk.push(button(await card_of(desk), "approve_series"))
    async with desk.db.writing() as session:
        await session.execute(update(Account).values(state="disconnected"))
    desk.clock.move(timedelta(days=5))
    await desk.jobs.run_all()
    assert any("Every account of the series of #1 was disconnected" in text for text in desk.chat.texts)
