import pytest
from sqlalchemy.exc import NoResultFound

from content.deliveries import Deliveries
from tests.fakes.desk import Desk


async def test_a_delivery_knows_its_post_and_workspace(desk: Desk) -> None:
    post = await desk.draft("Tea time")
    found = await Deliveries(desk.db).post_of(post.deliveries[0].id)
    assert found == (post.id, desk.actor.workspace_id)


async def test_what_is_not_there_is_a_mistake_of_the_caller(desk: Desk) -> None:
    deliveries = Deliveries(desk.db)
    with pytest.raises(NoResultFound):
        await deliveries.post_of("delivery_1")
