import pytest

from content.database import Database
from content.errors import Invalid
from content.people import People
from tests.fakes.clock import FakeClock


@pytest.fixture
def people(db: Database, clock: FakeClock) -> People:
    return People(db, clock)


async def test_the_first_zone_a_browser_tells_is_kept(people: People) -> None:
    owner = await people.open_desk("UTC")
    assert (await people.live_in(owner, "Europe/Lisbon")).zone == "Europe/Lisbon"
    assert (await people.live_in(owner, "Asia/Tokyo")).zone == "Europe/Lisbon"
    assert (await people.actor(owner.member_id)).zone == "Europe/Lisbon"


async def test_a_zone_that_does_not_exist_is_refused(people: People) -> None:
    owner = await people.open_desk("UTC")
    with pytest.raises(Invalid, match="time zone"):
        await people.live_in(owner, "Mars/Olympus")


async def test_a_browser_that_signed_out_is_nobodys(people: People) -> None:
    owner = await people.open_desk("UTC")
    secret = await people.sign_in(await people.invite(owner.member_id))
    assert await people.whose(secret) == owner
    await people.sign_out(secret)
    await people.sign_out(secret)
    assert await people.whose(secret) is None


async def test_the_desk_itself_acts_for_the_owner(people: People) -> None:
    owner = await people.open_desk("UTC")
    assert await people.owner(owner.workspace_id) == owner
