"""`/subscribe` and `/export`: addresses for one person alone."""

import re

import pytest

from bot.subscribing import Subscribing
from content.errors import NotAllowed, NotFound
from content.models import Role
from tests.fakes.agent_desk import AgentDesk, Opens


@pytest.fixture
async def desk(opens: Opens) -> AgentDesk:
    return await opens()


@pytest.fixture
def subscribing(desk: AgentDesk) -> Subscribing:
    return Subscribing(desk.services, lambda: "https://desk.example")


def secret_in(text: str) -> str:
    found = re.search(r"https://desk\.example/calendar/(\S+)\.ics", text)
    assert found
    return found[1]


async def test_the_address_is_told_again_and_made_anew_when_asked(desk: AgentDesk, subscribing: Subscribing) -> None:
    first = await subscribing.subscribe(desk.actor, "")
    assert (await subscribing.subscribe(desk.actor, "")).text == first.text
    new = await subscribing.subscribe(desk.actor, " NEW ")
    assert new.text.startswith("The address you had before shows nothing any more.")
    assert (await desk.services.subscriptions.whose(secret_in(new.text))).member_id == desk.actor.member_id
    with pytest.raises(NotFound):
        await desk.services.subscriptions.whose(secret_in(first.text))


async def test_the_table_has_an_address_too(desk: AgentDesk, subscribing: Subscribing) -> None:
    assert "https://desk.example/calendar.csv" in (await subscribing.export(desk.actor, "")).text
    with pytest.raises(NotAllowed):
        await subscribing.export(await desk.base.member(Role.GUEST), "")


async def test_where_others_read_along_the_address_is_told_in_private(desk: AgentDesk) -> None:
    assert "calendar/" not in await desk.talk("/subscribe")
