"""What happens again and again: shown with /plans, ended there."""

import pytest

from bot.chat import Card
from content.models import Role
from content.people import Actor
from tests.fakes.agent_desk import AgentDesk, Opens
from tests.fakes.model import ScriptedModel


@pytest.fixture
async def desk(opens: Opens) -> AgentDesk:
    return await opens()


async def card_of(desk: AgentDesk, actor: Actor | None = None) -> Card:
    card = await desk.drawing.draw("plans:all", actor or desk.actor)
    assert card is not None
    return card


async def test_plans_and_series_are_shown_and_ended(desk: AgentDesk) -> None:
    empty = await card_of(desk)
    assert (empty.status[:15], empty.buttons) == ("Nothing repeats", ())
    where = desk.place.conversation_id
    await desk.services.plans.add(desk.actor, where, "every Monday 9:00", "draft a tip about " + "tea " * 20)
    post = await desk.base.draft("Cake day")
    series = await desk.services.series.propose(desk.actor, post.id, "every Friday 17:00, 3 times")
    card = await card_of(desk)
    [plans, repeated] = card.groups
    assert plans.rows[0].title.endswith("…")
    assert plans.rows[0].detail == (
        "every Monday at 09:00 Europe/Berlin, next Mon 30 Nov 09:00 Europe/Berlin (in 7 days)"
    )
    assert repeated.rows[0].title == "#1 Cake day"
    assert "not approved yet, next Fri 27 Nov" in repeated.rows[0].detail
    await desk.services.series.approve(desk.actor, series.id, 1, button="press")
    await desk.services.series.pause(desk.actor, series.id)
    card = await card_of(desk)
    assert card.groups[1].rows[0].detail.endswith("3 times, paused")
    [end] = card.buttons
    first, second = end.form[0].options
    assert (await desk.push(end, which=first[0])).text.startswith("Ended: “draft a tip about tea")
    assert (await desk.push(end, which=second[0])).text.startswith("The series of #1 has ended")
    assert (await desk.push(end, which=first[0])).tone == "bad"
    assert (await card_of(desk)).groups == ()


async def test_who_only_looks_ends_nothing(desk: AgentDesk) -> None:
    await desk.services.plans.add(desk.actor, desk.place.conversation_id, "every Monday 9:00", "draft a tip")
    assert (await card_of(desk, await desk.base.member(Role.VIEWER))).buttons == ()


@pytest.mark.parametrize("said", ["show my plans", "stop drafting a tip every Monday", "cancel the Monday plan"])
async def test_plain_words_show_it_without_a_model_and_change_nothing(opens: Opens, said: str) -> None:
    desk = await opens(ScriptedModel())
    post = await desk.base.draft("Cake day")
    await desk.services.schedule.set(desk.actor, post.id, "next Monday 9:00")
    await desk.services.plans.add(desk.actor, desk.place.conversation_id, "every Monday 9:00", "draft a tip")
    await desk.say(said)
    await desk.jobs.run_all()
    [card] = desk.chat.cards
    assert (card.title, [one.label for one in card.buttons]) == ("Again and again", ["End one"])
    assert desk.script.asked == []
    assert len(await desk.services.plans.list(desk.actor.workspace_id)) == 1
    kept = await desk.services.posts.view(desk.actor.workspace_id, post.id)
    assert [one.state.value for one in kept.deliveries] == ["waiting"]
