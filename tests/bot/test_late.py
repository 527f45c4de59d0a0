"""Late posts are asked about in one card a conversation; its buttons decide, and it says what was decided."""

from datetime import timedelta

import pytest

from bot.chat import Button, Card
from content.models import Delivery, DeliveryState, Role
from content.notices import GATHER
from content.people import Actor
from content.views import PostView
from content.wording import Wording
from tests.fakes.agent_desk import AgentDesk, Opens
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform

TEXT = "Several posts could not go out at their times, and I sent none of them late. Say what becomes of each."


@pytest.fixture
def platform(clock: FakeClock) -> FakePlatform:
    return FakePlatform(clock)


@pytest.fixture
async def desk(opens: Opens, platform: FakePlatform, clock: FakeClock) -> AgentDesk:
    return await opens(platforms=[platform, FakePlatform(clock, "second")])


async def planned(desk: AgentDesk, *texts: str) -> list[PostView]:
    """Posts of the conversation whose times pass while nobody is there."""
    posts = []
    for number, text in enumerate(texts, 1):
        wording = Wording((text,), ("fake",))
        post = await desk.services.posts.draft(desk.actor, [wording], conversation_id=desk.place.conversation_id)
        await desk.base.due(post, timedelta(hours=number))
        posts.append(await desk.base.approve(post))
    return posts


async def back_after(desk: AgentDesk, hours: float) -> None:
    desk.clock.move(timedelta(hours=hours))
    await desk.jobs.run_all()
    desk.clock.move(GATHER)
    await desk.jobs.run_all()


async def card(desk: AgentDesk, actor: Actor | None = None) -> Card:
    drawn = await desk.drawing.draw(f"late:{desk.place.conversation_id}", actor or desk.actor)
    assert drawn is not None
    return drawn


def button(card: Card, label: str) -> Button:
    return next(one for one in card.buttons if one.label == label)


def lines(card: Card) -> dict[str, list[tuple[str, str]]]:
    return {group.heading: [(row.title, row.detail) for row in group.rows] for group in card.groups}


async def test_several_are_one_card_with_number_words_and_planned_time(desk: AgentDesk) -> None:
    await planned(desk, "Tea", "Coffee")
    await back_after(desk, 24)
    assert desk.chat.texts == [TEXT]
    shown = desk.chat.cards[-1]
    assert shown == await card(desk)
    assert shown.status == "2 posts are too late to go out without a word from you."
    assert lines(shown) == {
        "Planned, and not sent": [
            ("#1 Tea", "Fake: Mon 23 Nov 10:00 Europe/Berlin (23 h ago)"),
            ("#2 Coffee", "Fake: Mon 23 Nov 11:00 Europe/Berlin (22 h ago)"),
        ]
    }
    assert [one.label for one in shown.buttons] == ["New times for all", "Drop all", "Post #1 now", "Post #2 now"]


async def test_post_now_sends_that_one_and_the_card_says_so(desk: AgentDesk, platform: FakePlatform) -> None:
    await planned(desk, "Tea", "Coffee")
    await back_after(desk, 24)
    before = (await desk.transcript.page(desk.place.conversation_id)).changes
    press = button(await card(desk), "Post #1 now")
    assert (await desk.push(press)).text == "#1 is going out now."
    assert platform.texts == ["Tea"]
    changed = await desk.transcript.since(desk.place.conversation_id, before)
    assert f"late:{desk.place.conversation_id}" in {one.subject for one in changed}
    after = await card(desk)
    assert after.status == "1 post is too late to go out without a word from you."
    assert lines(after)["Decided"] == [("#1 Tea", "Fake: Published")]
    again = await desk.push(press)
    assert (again.tone, platform.texts) == ("bad", ["Tea"])


async def test_new_times_for_all(desk: AgentDesk, platform: FakePlatform) -> None:
    await planned(desk, "Tea", "Coffee", "Cake")
    await back_after(desk, 24)
    press = button(await card(desk), "New times for all")
    assert [field.name for field in press.form] == ["when", "apart"]
    for wrong in ("soon", "9999999"):
        assert (await desk.push(press, when="in 1 hour", apart=wrong)).tone == "bad"
    told = await desk.push(press, when="in 1 hour", apart="")
    assert told.text == "3 posts go out 30 minutes apart, the first Tue 24 Nov 10:00 Europe/Berlin (in 1 h)."
    shown = await card(desk)
    assert (shown.status, shown.buttons) == ("All of them are decided.", ())
    assert (await desk.push(press, when="in 1 hour")).text.startswith("Nothing is late here any more.")
    for _ in range(4):
        desk.clock.move(timedelta(minutes=30))
        await desk.jobs.run_all()
    assert platform.texts == ["Tea", "Coffee", "Cake"]


async def test_what_lost_its_yes_says_that_it_needs_one(desk: AgentDesk) -> None:
    [tea, _] = await planned(desk, "Tea", "Coffee")
    await back_after(desk, 24)
    await desk.services.posts.revise(desk.actor, tea.id, [Wording(("Green tea",), ("fake",))], change="by hand")
    told = await desk.push(button(await card(desk), "New times for all"), when="in 1 hour", apart="45")
    assert told.text.endswith(". 1 of them still need approval.")


async def test_drop_all(desk: AgentDesk, platform: FakePlatform) -> None:
    posts = await planned(desk, "Tea", "Coffee")
    await back_after(desk, 24)
    press = button(await card(desk), "Drop all")
    assert (await desk.push(press)).text == "2 late posts are cancelled and will not go out."
    assert {await desk.base.state(one) for one in posts} == {DeliveryState.CANCELLED}
    assert lines(await card(desk))["Decided"] == [("#1 Tea", "Fake: Cancelled"), ("#2 Coffee", "Fake: Cancelled")]
    await desk.jobs.run_all()
    assert desk.chat.texts == [TEXT, "The owner dropped what was late, #1 and #2: they will not go out."]


async def test_where_a_post_is_not_dropped_everywhere_it_is_said_where(desk: AgentDesk) -> None:
    post = await desk.services.posts.draft(desk.actor, [Wording(("Tea",))], conversation_id=desk.place.conversation_id)
    await desk.base.due(post, timedelta(hours=1))
    await desk.base.approve(post)
    async with desk.db.writing() as session:
        row = await session.get_one(Delivery, post.deliveries[0].id)
        row.due_at = desk.clock.now() + timedelta(days=2)
    await back_after(desk, 24)
    await desk.push(Button("late_drop", "", desk.place.conversation_id))
    await desk.jobs.run_all()
    where = post.deliveries[1].rendering.label
    assert desk.chat.texts[-1] == f"The owner dropped the late post, #1 on {where}: it will not go out there."


async def test_one_may_be_dropped_too(desk: AgentDesk) -> None:
    await planned(desk, "Tea")
    await back_after(desk, 24)
    drop = Button("late_drop", "", desk.place.conversation_id)
    assert (await desk.push(drop)).text == "1 late post is cancelled and will not go out."
    await desk.jobs.run_all()
    assert desk.chat.texts[-1] == "The owner dropped the late post, #1: it will not go out."


async def test_only_one_is_asked_about_on_its_own_card(desk: AgentDesk) -> None:
    post = await desk.services.posts.draft(desk.actor, [Wording(("Tea",))], conversation_id=desk.place.conversation_id)
    await desk.base.due(post, timedelta(hours=1))
    await desk.base.approve(post)
    await back_after(desk, 24)
    [text] = desk.chat.texts
    assert text in {
        f"#1 on {labels} waits for your word. Its time passed while it could not go out."
        for labels in ("Fake and Second", "Second and Fake")
    }
    assert desk.chat.cards[-1].subject == f"post:{post.id}"


async def test_a_job_that_runs_again_says_it_once_and_adds_what_came_late_since(desk: AgentDesk) -> None:
    await planned(desk, "Tea", "Coffee")
    await back_after(desk, 24)
    where = desk.place.conversation_id
    await desk.handlers["late"](where)
    await planned(desk, "Cake")
    await desk.handlers["late"](where)
    assert desk.chat.texts == [TEXT]


async def test_what_somebody_decided_before_it_was_told_is_not_told(desk: AgentDesk) -> None:
    await planned(desk, "Tea")
    desk.clock.move(timedelta(hours=24))
    await desk.jobs.run_all()
    await desk.push(Button("late_drop", "", desk.place.conversation_id))
    desk.clock.move(GATHER)
    await desk.jobs.run_all()
    assert await desk.handlers["late"]((await desk.open("another")).conversation_id) is None
    assert desk.chat.texts == ["The owner dropped the late post, #1: it will not go out."]


async def test_what_belongs_nowhere_is_asked_of_its_author_alone(desk: AgentDesk) -> None:
    for text in ("Tea", "Coffee"):
        await desk.base.planned(text)
    await back_after(desk, 24)
    private = await desk.transcript.find(desk.chat.name, f"private {desk.actor.member_id}")
    said = [one.text for one in (await desk.transcript.page(private or "")).messages]
    assert (said, desk.chat.texts) == ([TEXT], [TEXT])


async def test_each_member_has_the_buttons_they_may_press(desk: AgentDesk) -> None:
    await planned(desk, "Tea", "Coffee")
    await back_after(desk, 24)
    labels = {}
    for role in (Role.EDITOR, Role.APPROVER, Role.VIEWER):
        shown = await card(desk, await desk.base.member(role))
        labels[role] = [one.label for one in shown.buttons]
    assert labels == {
        Role.EDITOR: ["New times for all", "Drop all"],
        Role.APPROVER: ["Post #1 now", "Post #2 now"],
        Role.VIEWER: [],
    }


async def test_of_very_many_the_card_says_how_many_there_are(desk: AgentDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.late_card.MOST_LISTED", 2)
    await planned(desk, *(f"Post {number}" for number in range(4)))
    await back_after(desk, 100)
    [group] = (await card(desk)).groups
    assert [row.title for row in group.rows] == ["#1 Post 0", "#2 Post 1", "2 more"]


async def test_what_its_account_has_no_room_for_is_sent_when_it_has(desk: AgentDesk, platform: FakePlatform) -> None:
    account = next(
        one for one in await desk.services.accounts.connected(desk.actor.workspace_id) if one.platform == "fake"
    )
    await desk.services.guards.pace.set(desk.actor, account.id, gap_minutes=240, daily_cap=None)
    for text in ("Tea", "Coffee"):
        post = await desk.services.posts.draft(
            desk.actor, [Wording((text,), ("fake",))], conversation_id=desk.place.conversation_id
        )
        await desk.services.schedule.post_now(desk.actor, post.id, 1, button="press")
        await desk.jobs.run_all()
    press = button(await card(desk), "Send #2 at 13:00")
    assert (await desk.push(press)).tone == "good"
    await desk.base.wait(timedelta(hours=4))
    assert platform.texts == ["Tea", "Coffee"]
