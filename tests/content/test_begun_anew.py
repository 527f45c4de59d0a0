from content.models import DeliveryState, PostState
from content.wording import Wording
from tests.fakes.desk import Desk


async def test_the_untouched_drafts_of_a_turn_that_was_cut_short_are_deleted(desk: Desk) -> None:
    first = await desk.posts.draft(desk.actor, [Wording(("one",))], made_in="event:1")
    other = await desk.posts.draft(desk.actor, [Wording(("another turn's",))], made_in="event:2")
    edited = await desk.posts.draft(desk.actor, [Wording(("edited since",))], made_in="event:1")
    await desk.posts.revise(desk.actor, edited.id, [Wording(("by hand",))], change="by hand")
    await desk.posts.drop_unfinished(desk.actor, "event:1")
    gone = await desk.view(first)
    assert (gone.state, gone.deliveries[0].state) == (PostState.DISCARDED, DeliveryState.CANCELLED)
    assert [(await desk.view(post)).state for post in (other, edited)] == [PostState.DRAFT, PostState.DRAFT]
    assert gone.undo == "Undo delete"
