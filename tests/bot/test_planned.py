"""What is planned every week begins a turn by itself, once, in its own conversation."""

from datetime import timedelta

from content.models import Role
from content.wording import Wording
from tests.fakes.agent_desk import AgentDesk, Opens
from tests.fakes.model import ScriptedModel, calling

DRAFT = calling("draft_post", brief="tip", variants=[{"parts": ["A tip"]}])


async def plan(desk: AgentDesk) -> str:
    where = desk.place.conversation_id
    return (await desk.services.plans.add(desk.actor, where, "every Monday 9:30", "draft a tip")).id


async def test_a_plan_drafts_at_its_slot_and_publishes_nothing(opens: Opens) -> None:
    desk = await opens(ScriptedModel([DRAFT, "A tip for this week.", "Another."]))
    await plan(desk)
    await desk.jobs.run_all()
    assert desk.chat.texts == []
    desk.clock.move(timedelta(minutes=31))
    await desk.jobs.run_all()
    assert desk.chat.texts == ["A tip for this week."]
    assert (await desk.card(1)).status == "Draft"
    assert desk.script.asked[0][-1].text.startswith("draft a tip\n\n<desk-notes>")
    page = await desk.transcript.page(desk.place.conversation_id)
    assert page.messages[0].text == "draft a tip"
    desk.clock.move(timedelta(days=7))
    await desk.jobs.run_all()
    assert desk.chat.texts[-1] == "Another."


async def test_a_plan_looked_at_twice_begins_one_turn(opens: Opens) -> None:
    desk = await opens()
    plan_id = await plan(desk)
    desk.clock.move(timedelta(minutes=31))
    due = await desk.services.plans.due(plan_id)
    assert due is not None
    planned = desk.handlers["plan"]
    await desk.say("something else")
    await planned(plan_id)
    await planned(plan_id)
    waiting = await desk.transcript.unhandled(desk.place.conversation_id)
    assert [one.said.text for one in waiting] == ["something else", "draft a tip"]


async def test_a_slot_missed_by_hours_is_said_and_skipped(opens: Opens) -> None:
    desk = await opens()
    await plan(desk)
    desk.clock.move(timedelta(hours=8))
    await desk.jobs.run_all()
    [text] = desk.chat.texts
    assert text.startswith("I missed a plan: “draft a tip” was due")
    assert desk.script.asked == []


async def breaks(desk: AgentDesk, kind: str) -> None:
    """Jobs of this kind break until nobody tries any more."""

    async def broken(_subject: str) -> None:
        raise RuntimeError("a bug")

    works, desk.handlers[kind] = desk.handlers[kind], broken
    for _ in range(10):
        await desk.jobs.run_all()
        desk.clock.move(timedelta(hours=1))
    desk.handlers[kind] = works


async def test_a_plan_that_broke_each_time_is_told_of_once_and_looked_at_again_a_day_later(opens: Opens) -> None:
    desk = await opens()
    plan_id = await plan(desk)
    desk.clock.move(timedelta(minutes=31))
    await breaks(desk, "plan")
    for _ in range(2):
        await desk.sweeping.sweep()
        await desk.jobs.run_all()
    [text] = desk.chat.texts
    assert text.startswith("Something broke here each time I wanted to go on with the plan “draft a tip”")
    assert text.endswith(f"look for {plan_id}.")
    desk.clock.move(timedelta(days=1))
    await desk.sweeping.sweep()
    await desk.jobs.run_all()
    missed = (
        "I missed a plan: “draft a tip” was due 34 h ago, and I was not running or something broke. I skipped it; it is "
        "next due Mon 30 Nov 09:30 Europe/Berlin (in 6 days). Ask me now if you want it today."
    )
    assert desk.chat.texts[1:] == [missed]


async def test_of_what_was_ended_since_it_broke_nothing_is_told(opens: Opens) -> None:
    desk = await opens()
    plan_id = await plan(desk)
    desk.clock.move(timedelta(minutes=31))
    await breaks(desk, "plan")
    await desk.sweeping.sweep()
    await desk.services.plans.end(desk.actor, plan_id)
    await desk.jobs.run_all()
    assert desk.chat.texts == []


async def test_a_series_that_broke_each_time_is_told_of_too(opens: Opens) -> None:
    desk = await opens()
    post = await desk.services.posts.draft(
        desk.actor, [Wording(("A tip",))], conversation_id=desk.place.conversation_id
    )
    series = await desk.services.series.propose(desk.actor, post.id, "every day 9:00 for 2 weeks")
    await desk.services.series.approve(desk.actor, series.id, series.post.revision, button="test")
    desk.clock.move(timedelta(days=1))
    await breaks(desk, "series")
    await desk.sweeping.sweep()
    await desk.jobs.run_all()
    [broke] = [text for text in desk.chat.texts if text.startswith("Something broke")]
    assert "go on with the series of #1, so nothing came of it" in broke
    desk.clock.move(timedelta(days=1))
    await desk.sweeping.sweep()
    await desk.services.series.pause(desk.actor, series.id)
    await desk.jobs.run_all()
    assert len([text for text in desk.chat.texts if text.startswith("Something broke")]) == 1


async def test_a_plan_that_was_ended_does_nothing(opens: Opens) -> None:
    desk = await opens()
    plan_id = await plan(desk)
    await desk.services.plans.end(desk.actor, plan_id)
    desk.clock.move(timedelta(minutes=31))
    await desk.jobs.run_all()
    assert desk.chat.texts == []
    assert await desk.handlers["plan"](plan_id) is None
    assert Role.OWNER is desk.actor.role
