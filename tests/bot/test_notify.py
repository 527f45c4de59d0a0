"""What became of a post is shown on every copy of its card, and said once where the post belongs."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat import OutMessage
from bot.notify import Notify
from content.deliveries import Deliveries
from content.models import Job, JobState
from content.transcript import Line
from content.views import PostView
from content.wording import Wording
from tests.fakes.agent_desk import AgentDesk, Opens
from tests.fakes.chat import FakeChat
from tests.fakes.clock import FakeClock
from tests.fakes.platform import Do, FakePlatform


@pytest.fixture
def platform(clock: FakeClock) -> FakePlatform:
    return FakePlatform(clock)


@pytest.fixture
async def desk(opens: Opens, platform: FakePlatform, clock: FakeClock) -> AgentDesk:
    """Two accounts, on platforms called “Fake” and “Second”."""
    return await opens(platforms=[platform, FakePlatform(clock, "second")])


async def draft(desk: AgentDesk, *texts: str, accounts: tuple[str, ...] = ("fake",)) -> PostView:
    """A post that belongs to the conversation."""
    wording = Wording(texts or ("Tea time",), accounts)
    where = desk.place.conversation_id
    return await desk.services.posts.draft(desk.actor, [wording], conversation_id=where)


async def post_now(desk: AgentDesk, *texts: str, accounts: tuple[str, ...] = ("fake",)) -> PostView:
    post = await draft(desk, *texts, accounts=accounts)
    await desk.press("post_now", post.id, 1)
    return post


async def show(desk: AgentDesk, chat: FakeChat, address: str, post: PostView) -> str:
    card = await desk.drawing.draw(f"post:{post.id}", desk.actor)
    place = await desk.open(address, chat.name)
    return await chat.post(place, OutMessage("Look:", card))


async def test_every_copy_in_every_chat_is_redrawn(desk: AgentDesk) -> None:
    pigeon = FakeChat(desk.transcript, "pigeon")
    desk.chats["pigeon"] = pigeon
    post = await draft(desk)
    refs = [await show(desk, desk.chat, "room", post), await show(desk, desk.chat, "hall", post)]
    await show(desk, pigeon, "roof", post)
    await desk.press("approve", post.id, 1)
    shown = [desk.chat.messages[ref] for ref in refs] + list(pigeon.messages.values())
    assert [one.message.card and one.message.card.status for one in shown] == ["Approved, no time yet"] * 3
    assert [one.message.text for one in shown] == ["Look:"] * 3, "what stands beside the card stays"
    assert [one.edits for one in shown] == [1, 1, 1]


async def test_our_own_page_draws_anew_by_itself(desk: AgentDesk) -> None:
    post = await draft(desk)
    await desk.transcript.add(desk.place.conversation_id, Line(subject=f"post:{post.id}"))
    before = (await desk.transcript.page(desk.place.conversation_id)).changes
    await desk.press("approve", post.id, 1)
    assert await desk.transcript.since(desk.place.conversation_id, before)
    assert desk.chat.log == []


async def test_any_card_can_be_redrawn_not_only_a_posts(desk: AgentDesk) -> None:
    card = await desk.drawing.draw("accounts:all", desk.actor)
    ref = await desk.chat.post(desk.place, OutMessage("", card))
    await desk.base.connect("fake", "eve")
    await desk.jobs.run_all()
    shown = desk.chat.messages[ref].message.card
    assert shown is not None
    assert "Fake eve" in [row.title for row in shown.groups[0].rows]


async def test_a_chat_that_was_switched_off_keeps_no_other_from_being_redrawn(desk: AgentDesk) -> None:
    pigeon = FakeChat(desk.transcript, "pigeon")
    post = await draft(desk)
    await show(desk, pigeon, "roof", post)
    ref = await show(desk, desk.chat, "room", post)
    await desk.press("approve", post.id, 1)
    assert desk.chat.messages[ref].edits == 1
    assert {job.state for job in await desk.base.rows(Job)} == {JobState.DONE}


async def test_several_accounts_that_finish_together_are_told_once(desk: AgentDesk) -> None:
    await post_now(desk, accounts=("fake", "second"))
    [text] = desk.chat.texts
    first, *lines = text.splitlines()
    assert first == "Published #1:"
    assert sorted(lines) == [
        "- Fake, ann: https://fake.example/remote-1",
        "- Second, ann: https://fake.example/remote-1",
    ]


async def test_one_account_after_the_other_is_told_each_time(desk: AgentDesk, platform: FakePlatform) -> None:
    platform.script.append(Do.BE_DOWN)
    await post_now(desk, accounts=("fake", "second"))
    assert [len(text.splitlines()) for text in desk.chat.texts] == [2]
    desk.clock.move(timedelta(minutes=1))
    await desk.jobs.run_all()
    assert [len(text.splitlines()) for text in desk.chat.texts] == [2, 3]


async def test_nothing_is_said_while_another_account_is_still_going_out(desk: AgentDesk) -> None:
    post = await draft(desk, accounts=("fake", "second"))
    first, second = post.deliveries
    await desk.services.schedule.post_now(desk.actor, post.id, 1, button="press")
    await desk.base.publishing.publish(first.id)
    async with desk.db.writing() as session:
        row = await session.get_one(type(await desk.base.row(post)), second.id)
        row.state = row.state.SENDING
    await desk.notify.notify(f"sent:{first.id}")
    assert desk.chat.texts == []


async def test_a_refusal_comes_with_a_fresh_card_and_its_buttons(desk: AgentDesk, platform: FakePlatform) -> None:
    platform.script.append(Do.REFUSE)
    await post_now(desk)
    assert desk.chat.texts == ["#1 on Fake: It says no. Change the words."]
    [card] = desk.chat.cards
    assert card.status == "Not published"
    assert "Try again now" in [button.label for button in card.buttons]


async def test_an_unknown_outcome_asks_with_its_two_buttons(desk: AgentDesk, platform: FakePlatform) -> None:
    platform.script.append(Do.LOSE_AFTER)
    await post_now(desk)
    for _ in range(8):
        desk.clock.move(timedelta(minutes=3))
        await desk.jobs.run_all()
    [text] = desk.chat.texts
    assert text.startswith("#1 on Fake: I sent it to Fake and got no answer")
    assert [button.verb for button in desk.chat.cards[-1].previews[0].buttons] == ["live", "resend"]


async def test_an_overdue_post_asks_each_time_it_is(desk: AgentDesk) -> None:
    post = await draft(desk)
    for _ in range(2):
        await desk.base.due(post, timedelta(hours=1))
        await desk.jobs.run_all()
        desk.clock.move(timedelta(hours=3))
        await desk.jobs.run_all()
    assert desk.chat.texts == ["#1 on Fake: Its time passed while it could not go out."] * 2
    assert {"post_now", "schedule"} <= {button.verb for button in desk.chat.cards[-1].buttons}


async def test_a_lost_login_is_told_with_the_way_back(desk: AgentDesk) -> None:
    post = await draft(desk)
    await desk.base.accounts.lost_login(post.deliveries[0].account_id)
    await desk.press("post_now", post.id, 1)
    [text] = desk.chat.texts
    assert "must be connected again" in text
    assert [button.verb for button in desk.chat.cards[-1].previews[0].buttons] == ["reconnect"]


async def test_news_that_somebody_dealt_with_already_is_not_told(desk: AgentDesk) -> None:
    post = await draft(desk)
    await desk.notify.notify(f"overdue:{post.deliveries[0].id}")
    assert desk.chat.texts == []


async def test_a_job_that_runs_twice_says_it_once(desk: AgentDesk, platform: FakePlatform) -> None:
    platform.script.append(Do.REFUSE)
    post = await post_now(desk)
    for _ in range(2):
        await desk.notify.notify(f"failed:{post.deliveries[0].id}")
    assert len(desk.chat.texts) == 1


async def test_a_post_that_belongs_nowhere_is_told_nowhere(desk: AgentDesk) -> None:
    post = await desk.base.now("Tea time")
    await desk.jobs.run_all()
    assert desk.chat.texts == []
    assert await desk.notify.notify(f"sent:{post.deliveries[0].id}") is None


async def test_a_card_that_is_gone_is_left_as_it_is(desk: AgentDesk) -> None:
    class Blind:
        async def draw(self, subject: str, actor: object) -> None:
            return None

    post = await draft(desk)
    ref = await show(desk, desk.chat, "room", post)
    notify = Notify(desk.services, desk.base.people, desk.transcript, Deliveries(desk.db), Blind(), desk.chats)  # type: ignore[arg-type]
    await notify.redraw(post.id)
    assert desk.chat.messages[ref].edits == 0
    assert replace(desk.chat.messages[ref]).message.card
