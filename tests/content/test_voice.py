from datetime import timedelta

import pytest

from content.database import Database
from content.errors import Invalid, NotAllowed, NotFound
from content.voice import LONGEST, MOST, Voice
from tests.content.planted import Desk, plant_desk
from tests.fakes.clock import FakeClock


@pytest.fixture
async def desk(db: Database, clock: FakeClock) -> Desk:
    return await plant_desk(db, clock)


@pytest.fixture
def voice(desk: Desk) -> Voice:
    return Voice(desk.db, desk.clock)


async def test_rules_are_kept_in_order_and_read_as_lines(desk: Desk, voice: Voice, clock: FakeClock) -> None:
    first = await voice.add(desk.actor, "  No\nhashtags ")
    assert (first.text, first.by) == ("No hashtags", desk.actor.name)
    clock.move(timedelta(minutes=1))
    await voice.add(desk.actor, "Short sentences")
    assert [one.text for one in await voice.rules(desk.workspace_id)] == ["No hashtags", "Short sentences"]
    assert await voice.as_text(desk.workspace_id) == "- No hashtags\n- Short sentences"


async def test_without_rules_the_text_is_empty(desk: Desk, voice: Voice) -> None:
    assert await voice.as_text(desk.workspace_id) == ""


async def test_the_same_rule_twice_is_one_rule(desk: Desk, voice: Voice) -> None:
    first = await voice.add(desk.actor, "No hashtags")
    assert await voice.add(desk.actor, "no  HASHTAGS") == first


async def test_a_long_rule_is_cut_and_an_empty_one_refused(desk: Desk, voice: Voice) -> None:
    assert len((await voice.add(desk.actor, "x" * 5_000)).text) == LONGEST
    with pytest.raises(Invalid, match="empty"):
        await voice.add(desk.actor, " \n ")


async def test_the_forty_first_rule_is_refused_until_one_is_retired(desk: Desk, voice: Voice) -> None:
    kept = [await voice.add(desk.actor, f"Rule {number}") for number in range(MOST)]
    with pytest.raises(Invalid, match="Retire one"):
        await voice.add(desk.actor, "One more")
    assert (await voice.retire(desk.actor, kept[0].id)).text == "Rule 0"
    await voice.add(desk.actor, "One more")
    texts = [one.text for one in await voice.rules(desk.workspace_id)]
    assert len(texts) == MOST
    assert "Rule 0" not in texts


async def test_a_rule_is_retired_once_and_only_at_home(desk: Desk, voice: Voice) -> None:
    rule = await voice.add(desk.actor, "No hashtags")
    other = await plant_desk(desk.db, desk.clock)
    with pytest.raises(NotFound):
        await voice.retire(other.actor, rule.id)
    await voice.retire(desk.actor, rule.id)
    for gone in (rule.id, "voice_unknown"):
        with pytest.raises(NotFound):
            await voice.retire(desk.actor, gone)
    assert await voice.rules(other.workspace_id) == []


async def test_who_only_looks_changes_no_rule(desk: Desk, voice: Voice) -> None:
    viewer = await desk.viewer()
    with pytest.raises(NotAllowed):
        await voice.add(viewer, "No hashtags")
    with pytest.raises(NotAllowed):
        await voice.retire(viewer, "voice_x")
