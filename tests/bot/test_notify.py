"""What became of a post is shown on every copy of its card, and said once where the post belongs."""

from datetime import timedelta

import pytest

from content.models import Delivery, DeliveryState, Role
from content.notices import GATHER
from content.times import said
from content.transcript import Line
from content.views import PostView
from content.wording import Wording
from tests.fakes.agent_desk import AgentDesk, Opens
from tests.fakes.clock import FakeClock
from tests.fakes.platform import Do, FakePlatform
from tests.fakes.reports import RemovingPlatform


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


async def test_our_own_page_draws_anew_by_itself(desk: AgentDesk) -> None:
    post = await draft(desk)
    await desk.transcript.add(desk.place.conversation_id, Line(subject=f"post:{post.id}"))
    before = (await desk.transcript.page(desk.place.conversation_id)).changes
    await desk.press("approve", post.id, 1)
    assert await desk.transcript.since(desk.place.conversation_id, before)
    assert desk.chat.log == []


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
    await desk.notify.notify(f"sent:{post.id}")
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
    buttons = desk.chat.cards[-1].previews[0].buttons
    assert [button.label for button in buttons] == ["It is live", "It is not, send it", "Show me the profile"]
    assert buttons[-1].url == "https://fake.example/ann"


async def test_an_overdue_post_asks_each_time_it_is(desk: AgentDesk) -> None:
    post = await draft(desk)
    for _ in range(2):
        await desk.base.due(post, timedelta(hours=1))
        await desk.jobs.run_all()
        desk.clock.move(timedelta(hours=3))
        await desk.jobs.run_all()
        desk.clock.move(GATHER)
        await desk.jobs.run_all()
    assert desk.chat.texts == ["#1 on Fake waits for your word. Its time passed while it could not go out."] * 2
    assert {"post_now", "schedule"} <= {button.verb for button in desk.chat.cards[-1].buttons}


async def test_a_lost_login_is_told_with_the_way_back(desk: AgentDesk) -> None:
    post = await draft(desk)
    await desk.base.accounts.lost_login(await desk.base.accounts.access(post.deliveries[0].account_id))
    await desk.press("post_now", post.id, 1)
    [text] = desk.chat.texts
    assert "must be connected again" in text
    assert [button.verb for button in desk.chat.cards[-1].previews[0].buttons] == ["reconnect"]


async def test_a_login_that_is_found_lost_is_told_where_it_is_needed_next(desk: AgentDesk) -> None:
    post = await draft(desk)
    await desk.base.due(post, timedelta(hours=24))
    await desk.base.accounts.lost_login(await desk.base.accounts.access(post.deliveries[0].account_id))
    await desk.jobs.run_all()
    assert desk.chat.texts == ["#1 on Fake: ann must be connected again; it goes out at its time."]
    assert [button.verb for button in desk.chat.cards[-1].previews[0].buttons] == ["reconnect"]


async def test_a_thread_that_breaks_off_for_long_is_told_with_what_is_out(
    desk: AgentDesk, platform: FakePlatform
) -> None:
    platform.limit_for = timedelta(hours=20)
    platform.script.extend([Do.PUBLISH, Do.LIMIT])
    await post_now(desk, "One", "Two")
    again = said(desk.clock.now() + platform.limit_for, desk.actor.zone, desk.clock.now())
    assert desk.chat.texts == [
        f"#1 on Fake: Fake takes no more from ann for now. It goes on {again}. 1 of 2 parts is out: https://fake.example/{platform.public[0].remote_id}"
    ]
    [shown] = desk.chat.cards[-1].previews
    assert shown.status.startswith("1 of 2 parts is out, waits until ")


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


async def test_a_post_that_belongs_nowhere_is_told_to_its_author_alone(desk: AgentDesk) -> None:
    await desk.base.now("Tea time")
    await desk.jobs.run_all()
    [text] = desk.chat.texts
    assert text.startswith("Published #1:")
    private = await desk.transcript.find(desk.chat.name, f"private {desk.actor.member_id}")
    assert [one.text for one in (await desk.transcript.page(private or "")).messages] == [text]


async def test_what_went_out_is_told_though_another_account_takes_its_time(desk: AgentDesk) -> None:
    post = await draft(desk, accounts=("fake", "second"))
    first, second = post.deliveries
    await desk.services.schedule.post_now(desk.actor, post.id, 1, button="press")
    await desk.base.publishing.publish(first.id)
    async with desk.db.writing() as session:
        (await session.get_one(Delivery, second.id)).state = DeliveryState.PROCESSING
    soon = await desk.notify.notify(f"sent:{post.id}")
    assert soon is not None
    assert soon > desk.clock.now()
    desk.clock.move(timedelta(minutes=1))
    assert await desk.notify.notify(f"sent:{post.id}") is None
    assert desk.chat.texts == ["Published #1:\n- Fake, ann: https://fake.example/remote-1"]


async def test_a_refusal_in_the_middle_of_a_thread_says_what_is_out(desk: AgentDesk, platform: FakePlatform) -> None:
    platform.script.extend([Do.PUBLISH, Do.REFUSE])
    post = await post_now(desk, "One", "Two", "Three")
    assert desk.chat.texts == [
        "#1 on Fake: It says no. Change the words. 1 of 3 parts is out: https://fake.example/remote-1"
    ]
    desk.clock.move(timedelta(minutes=2))
    platform.script.extend([Do.PUBLISH, Do.REFUSE])
    await desk.press("post_now", post.id, 1)
    assert desk.chat.texts[-1].endswith("2 of 3 parts are out: https://fake.example/remote-1")


async def test_a_planned_post_that_somebody_deletes_is_told_each_time(desk: AgentDesk) -> None:
    post = await draft(desk, accounts=("fake", "second"))
    await desk.base.due(post, timedelta(hours=1))
    await desk.press("delete", post.id, 1)
    assert desk.chat.texts == ["The owner deleted #1: it will not go out on Fake, Second."]
    await desk.notify.notify(f"cancelled:{post.deliveries[0].id}")
    assert len(desk.chat.texts) == 1
    await desk.press("undo_delete", post.id, 1)
    await desk.notify.notify(f"cancelled:{post.deliveries[0].id}")
    assert len(desk.chat.texts) == 1
    desk.clock.move(timedelta(minutes=1))
    await desk.press("delete", post.id, 1)
    assert len(desk.chat.texts) == 2


async def test_a_draft_without_a_time_is_deleted_without_a_word(desk: AgentDesk) -> None:
    post = await draft(desk)
    await desk.press("delete", post.id, 1)
    assert desk.chat.texts == []


async def test_what_is_cancelled_is_told_with_what_is_out(desk: AgentDesk, platform: FakePlatform) -> None:
    sam = await desk.base.member(Role.EDITOR, "Sam")
    platform.script.extend([Do.PUBLISH, Do.REFUSE])
    post = await post_now(desk, "One", "Two")
    await desk.press("cancel", post.id, 1, sam)
    assert desk.chat.texts[-1] == (
        "Sam cancelled what was left of #1: it will not go out on Fake. "
        "1 of 2 parts is out: https://fake.example/remote-1"
    )
    assert desk.chat.texts[-1] in [
        one.text for one in (await desk.transcript.page(desk.place.conversation_id)).messages
    ]


async def soon(desk: AgentDesk) -> None:
    desk.clock.move(GATHER)
    await desk.jobs.run_all()


async def test_what_is_taken_down_is_told_once_for_all_accounts(opens: Opens, clock: FakeClock) -> None:
    desk = await opens(platforms=[RemovingPlatform(clock), RemovingPlatform(clock, "second")])
    post = await post_now(desk, "One", accounts=("fake", "second"))
    await desk.press("remove", post.id, 1)
    await soon(desk)
    assert len(desk.chat.texts) == 2
    assert desk.chat.texts[-1] in {f"The owner took #1 down on {on}." for on in ("Fake and Second", "Second and Fake")}
    await desk.notify.notify(f"removed:{post.id}")
    assert len(desk.chat.texts) == 2


async def test_what_is_taken_down_of_a_broken_thread_names_what_will_not_come(opens: Opens, clock: FakeClock) -> None:
    platform = RemovingPlatform(clock)
    platform.script.extend([Do.PUBLISH, Do.REFUSE])
    desk = await opens(platforms=[platform])
    post = await post_now(desk, "One", "Two")
    told = len(desk.chat.texts)
    platform.down = True
    await desk.press("remove", post.id, 1)
    await soon(desk)
    platform.down = False
    await desk.press("remove", post.id, 1)
    await soon(desk)
    assert desk.chat.texts[told:] == [
        "The owner cancelled what was left of #1: it will not go out on Fake. 1 of 2 parts is out: https://fake.example/remote-1",
        "The owner took #1 down on Fake. What was not out yet will not go out.",
    ]


async def test_what_is_cancelled_and_down_at_once_is_one_piece_of_news(opens: Opens, clock: FakeClock) -> None:
    platform = RemovingPlatform(clock)
    platform.script.extend([Do.PUBLISH, Do.LOSE_AFTER])
    desk = await opens(platforms=[platform])
    post = await post_now(desk, "One", "Two", "Three")
    [one] = (await desk.services.posts.view(desk.actor.workspace_id, post.id)).deliveries
    await desk.base.tracing.settle(desk.actor, one.id, live=True)
    await soon(desk)
    told = len(desk.chat.texts)
    await desk.press("remove", post.id, 1)
    await soon(desk)
    [text] = desk.chat.texts[told:]
    assert text.startswith("The owner took #1 down on Fake. What was not out yet will not go out. Part 2 is still out")


async def test_what_nobody_took_down_is_not_told(desk: AgentDesk) -> None:
    post = await post_now(desk)
    told = len(desk.chat.texts)
    await desk.notify.notify(f"removed:{post.id}")
    assert len(desk.chat.texts) == told


async def test_another_question_about_the_same_time_is_told_too(desk: AgentDesk) -> None:
    post = await draft(desk)
    await desk.base.due(post, timedelta(hours=1))
    desk.clock.move(timedelta(hours=1))
    await desk.jobs.run_all()
    assert "waits for your word. Nobody approved" in desk.chat.texts[-1]
    await desk.base.guards.blackouts.add(desk.actor, "today", "Mourning")
    await desk.press("approve", post.id, 1)
    assert len(desk.chat.texts) == 2
    assert "waits for your word. " in desk.chat.texts[-1]
    assert "Mourning" in desk.chat.texts[-1]


async def test_what_nobody_knew_is_told_once_it_is_known(desk: AgentDesk, platform: FakePlatform) -> None:
    platform.script.append(Do.LOSE_AFTER)
    post = await post_now(desk)
    for _ in range(8):
        desk.clock.move(timedelta(minutes=3))
        await desk.jobs.run_all()
    await desk.press("live", post.deliveries[0].id)
    assert desk.chat.texts[1:] == ["Published #1:\n- Fake, ann"]
    await desk.notify.notify(f"unknown:{post.deliveries[0].id}")
    assert len(desk.chat.texts) == 2
