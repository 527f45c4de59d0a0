import pytest

from content.deliveries import Deed, Deliveries
from content.errors import NotFound
from content.models import AuditEntry, Role
from tests.fakes.desk import Desk


async def test_a_delivery_knows_its_post_and_workspace(desk: Desk) -> None:
    post = await desk.draft("Tea time")
    found = await Deliveries(desk.db).post_of(post.deliveries[0].id)
    assert found == (post.id, desk.actor.workspace_id)


async def test_what_an_undone_edit_took_away_is_not_there(desk: Desk) -> None:
    deliveries = Deliveries(desk.db)
    with pytest.raises(NotFound):
        await deliveries.post_of("delivery_1")


async def test_who_called_it_off_last_is_known(desk: Desk) -> None:
    deliveries, sam = Deliveries(desk.db), await desk.member(Role.EDITOR, "Sam")
    post = await desk.planned("Tea time")
    assert await deliveries.called_off(post.id) is None
    await desk.schedule.cancel(sam, post.id)
    [cancelled] = [one for one in await desk.rows(AuditEntry) if one.verb == "post.cancelled"]
    assert await deliveries.called_off(post.id) == Deed(cancelled.id, "Sam", False)


async def test_only_what_had_a_time_is_told_to_be_called_off(desk: Desk) -> None:
    for post in (await desk.draft("Tea time"), await desk.planned("Coffee")):
        await desk.posts.discard(desk.actor, post.id, 1)
        await desk.run()
    assert desk.news() == ["cancelled"]
