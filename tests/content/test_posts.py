import asyncio
import io
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image as Pictures
from sqlalchemy import select

from content.errors import Conflict, Invalid, NotAllowed, NotFound, StaleRevision, WrongState
from content.models import Approval, AuditEntry, Delivery, DeliveryState, PostState, Role
from content.platform import Image
from content.views import DeliveryView, PostView
from content.wording import Wording
from tests.content.conftest import Build
from tests.fakes.clock import FakeClock
from tests.fakes.desk import Desk
from tests.fakes.platform import BarePlatform, Do, FakePlatform

HOUR = timedelta(hours=1)


async def revise(desk: Desk, post: PostView, *texts: str, accounts: tuple[str, ...] = ()) -> PostView:
    return await desk.posts.revise(desk.actor, post.id, [Wording(texts, accounts)], change="reworded")


async def undo(desk: Desk, post: PostView) -> PostView:
    return await desk.posts.undo(desk.actor, post.id, (await desk.view(post)).revision)


async def discard(desk: Desk, post: PostView) -> PostView:
    return await desk.posts.discard(desk.actor, post.id, (await desk.view(post)).revision)


def words(post: PostView, delivery: int = 0) -> list[str]:
    return [part.text for part in post.deliveries[delivery].rendering.parts]


async def dog(desk: Desk) -> Image:
    out = io.BytesIO()
    Pictures.new("RGB", (4, 4)).save(out, "PNG")
    return await desk.media.add(desk.actor, "dog.png", out.getvalue())


# Drafting


async def test_a_draft_is_numbered_shown_and_belongs_to_its_author(desk: Desk) -> None:
    first, second = await desk.draft("One"), await desk.draft("Two")
    assert (first.number, second.number) == (1, 2)
    assert (first.author, first.state, first.revision, first.undo) == ("You", PostState.DRAFT, 1, "")
    assert words(second) == ["Two"]
    assert (first.words, first.due_at, first.deliveries[0].state) == ("One", None, DeliveryState.WAITING)


async def test_first_words_are_short_and_fall_back_to_the_brief(desk: Desk) -> None:
    assert (await desk.draft("word " * 30)).words == "word " * 11 + "word…"
    silent = await desk.posts.draft(desk.actor, [Wording(("",))], brief="the picnic")
    assert silent.words == "the picnic"


async def test_without_an_account_there_is_nowhere_to_post(build: Build, clock: FakeClock) -> None:
    desk = await build(BarePlatform(clock))
    with pytest.raises(Invalid, match="Connect one first"):
        await desk.draft("Hello")


async def test_only_who_may_draft_drafts_changes_undoes_and_deletes(desk: Desk) -> None:
    post = await desk.draft("Hello")
    for role in (Role.VIEWER, Role.APPROVER):
        actor = await desk.member(role)
        for refused in (
            desk.posts.draft(actor, [Wording(("x",))]),
            desk.posts.revise(actor, post.id, [Wording(("x",))], change=""),
            desk.posts.undo(actor, post.id, 1),
            desk.posts.discard(actor, post.id, 1),
        ):
            with pytest.raises(NotAllowed):
                await refused


async def test_another_workspaces_post_is_not_there(desk: Desk) -> None:
    post = await desk.draft("Hello")
    stranger = replace(desk.actor, workspace_id="workspace_0")
    for refused in (
        desk.posts.view("workspace_0", post.id),
        desk.posts.revise(stranger, post.id, [Wording(("x",))], change=""),
        desk.posts.undo(stranger, post.id, 1),
        desk.posts.discard(stranger, post.id, 1),
        desk.approvals.approve(stranger, post.id, 1, button="x"),
        desk.schedule.hold(stranger, post.id),
        desk.posts.view(desk.actor.workspace_id, "post_0"),
    ):
        with pytest.raises(NotFound):
            await refused


# Editing


async def test_an_edit_is_a_new_version_and_voids_the_approval(desk: Desk) -> None:
    post = await desk.planned("One")
    edited = await revise(desk, post, "Two")
    assert (edited.revision, edited.state, edited.change, words(edited)) == (2, PostState.DRAFT, "reworded", ["Two"])
    assert (edited.deliveries[0].approved_by, edited.due_at) == ("", post.due_at)
    assert [row.revoked_why for row in await desk.rows(Approval)] == ["the wording changed"]
    assert ("redraw", post.id) not in desk.told
    await desk.run()
    assert ("redraw", post.id) in desk.told


async def test_an_edit_of_one_account_leaves_the_others_as_they_were(build: Build, clock: FakeClock) -> None:
    desk = await build(FakePlatform(clock, "first"), FakePlatform(clock, "second"))
    post = await desk.draft("Both")
    edited = await revise(desk, post, "Only here", accounts=("second",))
    by_platform = {one.rendering.platform: one.rendering.parts[0].text for one in edited.deliveries}
    assert by_platform == {"first": "Both", "second": "Only here"}


async def test_an_edit_for_all_means_the_posts_accounts_only(build: Build, clock: FakeClock) -> None:
    desk = await build(FakePlatform(clock, "first"), FakePlatform(clock, "second"))
    post = await desk.draft("One", accounts=("first",))
    assert len((await revise(desk, post, "Two")).deliveries) == 1


async def test_an_account_that_joins_later_gets_the_time_and_the_pictures(build: Build, clock: FakeClock) -> None:
    first, second = FakePlatform(clock, "first"), FakePlatform(clock, "second")
    desk = await build(first, second)
    post = await desk.posts.draft(desk.actor, [Wording(("One",), ("first",))], media=[await dog(desk)])
    await desk.due(post, HOUR)
    joined = await revise(desk, post, "There too", accounts=("second",))
    await desk.approve(joined)
    await desk.wait(HOUR)
    assert (first.texts, second.texts) == (["One"], ["There too"])
    assert second.public[0].alts == ("",)


async def test_an_edit_of_an_old_version_changes_nothing(desk: Desk) -> None:
    post = await revise(desk, await desk.draft("One"), "Two")
    with pytest.raises(StaleRevision) as stale:
        await desk.posts.revise(desk.actor, post.id, [Wording(("Three",))], change="", base=1)
    assert stale.value.current == 2
    assert words(await desk.view(post)) == ["Two"]


async def test_of_two_edits_at_once_one_is_told_to_look_again(desk: Desk) -> None:
    post = await desk.draft("One")
    edits = [desk.posts.revise(desk.actor, post.id, [Wording((text,))], change="") for text in ("Two", "Three")]
    done = await asyncio.gather(*edits, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["PostView", "StaleRevision"]
    assert (await desk.view(post)).revision == 2


async def test_an_edit_keeps_the_pictures_unless_it_brings_others(desk: Desk) -> None:
    post = await desk.posts.draft(desk.actor, [Wording(("One",))], media=[await dog(desk)])
    kept = await desk.posts.revise(
        desk.actor, post.id, [Wording(("Two",))], change="", alts={_images(post)[0].media_id: "a dog"}
    )
    assert [image.alt for image in _images(kept)] == ["a dog"]
    assert _images(await desk.posts.revise(desk.actor, post.id, [Wording(("x",))], change="", media=[])) == ()


def _images(post: PostView) -> tuple[Image, ...]:
    return post.deliveries[0].rendering.parts[0].images


async def test_what_is_out_cannot_be_reworded(desk: Desk) -> None:
    post = await desk.now("Out")
    await desk.run()
    with pytest.raises(WrongState, match="already out, or on its way"):
        await revise(desk, post, "Changed")
    assert words(await revise(desk, post, "Out")) == ["Out"], "the same words are no change"


async def test_of_a_thread_that_has_begun_only_the_rest_can_change(desk: Desk, fake: FakePlatform) -> None:
    fake.script.extend([Do.PUBLISH, Do.REFUSE])
    post = await desk.now("One", "Two", "Three")
    await desk.run()
    with pytest.raises(WrongState, match="The first 1 parts"):
        await revise(desk, post, "Other", "Two", "Three")
    with pytest.raises(WrongState, match="already out"):
        await discard(desk, post)
    better = await revise(desk, post, "One", "Better", "Three")
    await desk.schedule.post_now(desk.actor, post.id, better.revision, button="x")
    await desk.run()
    assert fake.texts == ["One", "Better", "Three"]
    assert fake.public[1].reply_to == fake.public[0].remote_id


async def test_a_thread_cut_down_to_what_is_out_is_done(desk: Desk, fake: FakePlatform) -> None:
    fake.script.extend([Do.PUBLISH, Do.REFUSE])
    post = await desk.now("One", "Two")
    await desk.run()
    shorter = await revise(desk, post, "One")
    await desk.schedule.post_now(desk.actor, post.id, shorter.revision, button="x")
    await desk.wait(HOUR)
    assert (await desk.state(post), fake.texts) == (DeliveryState.SENT, ["One"])


async def test_an_account_that_was_let_go_keeps_its_wording(build: Build, clock: FakeClock) -> None:
    desk = await build(FakePlatform(clock, "first"), FakePlatform(clock, "second"))
    post = await desk.draft("Both")
    gone, other = await desk.accounts.connected(desk.actor.workspace_id)
    await desk.accounts.disconnect(desk.actor, gone.id)
    edited = await revise(desk, post, "New")
    assert {one.account_id: one.rendering.parts[0].text for one in edited.deliveries} == {
        gone.id: "Both",
        other.id: "New",
    }
    await desk.accounts.disconnect(desk.actor, other.id)
    with pytest.raises(Invalid, match="Every account of #1 was disconnected"):
        await revise(desk, post, "Newer")


# Taking back


async def test_edits_are_undone_one_after_the_other(desk: Desk) -> None:
    post = await desk.draft("One")
    for text in ("Two", "Three"):
        await revise(desk, post, text)
    assert (await desk.view(post)).undo == "Undo edit"
    assert words(await undo(desk, post)) == ["Two"]
    assert words(await undo(desk, post)) == ["One"]
    assert (await desk.view(post)).undo == ""
    with pytest.raises(WrongState, match="nothing to undo on #1"):
        await undo(desk, post)
    await revise(desk, post, "Four")
    back = await undo(desk, post)
    assert (words(back), back.revision) == (["One"], 7)
    assert (await undo_or_nothing(desk, post)) == ""


async def undo_or_nothing(desk: Desk, post: PostView) -> str:
    return (await desk.view(post)).undo


async def test_approval_request_edit_and_delete_are_undone_in_turn(desk: Desk) -> None:
    post = await desk.draft("One")
    await revise(desk, post, "Two")
    await desk.approvals.request(desk.actor, post.id)
    await discard(desk, post)
    said = []
    while name := await undo_or_nothing(desk, post):
        said.append(name)
        assert (await undo(desk, post)).state is PostState.DRAFT
    assert said == ["Undo delete", "Undo edit"]
    await desk.approvals.request(desk.actor, post.id)
    assert await undo_or_nothing(desk, post) == "Undo request"
    await undo(desk, post)
    await desk.approve(await desk.view(post))
    assert await undo_or_nothing(desk, post) == "Undo approval"
    await undo(desk, post)
    assert [row.revoked_why for row in await desk.rows(Approval)] == ["taken back"]
    noted = [row.detail["what"] for row in await desk.rows(AuditEntry) if row.verb == "post.undone"]
    assert sorted(noted) == ["Undo approval", "Undo delete", "Undo edit", "Undo request"]


async def test_an_account_that_an_edit_added_is_gone_after_its_undo(build: Build, clock: FakeClock) -> None:
    desk = await build(FakePlatform(clock, "first"), FakePlatform(clock, "second"))
    post = await desk.draft("One", accounts=("first",))
    assert len((await revise(desk, post, "Too", accounts=("second",))).deliveries) == 2
    assert len((await undo(desk, post)).deliveries) == 1
    assert len((await revise(desk, post, "Again", accounts=("second",))).deliveries) == 2


async def test_an_undo_button_for_something_undone_already_takes_back_nothing_else(desk: Desk) -> None:
    post = await revise(desk, await desk.draft("One"), "Two")
    await desk.approve(post)
    with pytest.raises(Conflict, match="done on #1 already"):
        await desk.posts.undo(desk.actor, post.id, 2, "Undo edit")
    assert (await desk.posts.undo(desk.actor, post.id, 2, "Undo approval")).state is PostState.DRAFT


async def test_a_question_stays_on_the_card_after_an_edit(desk: Desk) -> None:
    post = await desk.draft("One")
    await desk.due(post, HOUR)
    await desk.wait(HOUR)
    shown = (await revise(desk, post, "Two")).deliveries[0]
    assert (shown.state, shown.error_code) == (DeliveryState.ASKING, "not_approved")


async def test_undoing_on_an_old_version_changes_nothing(desk: Desk) -> None:
    post = await revise(desk, await desk.draft("One"), "Two")
    with pytest.raises(StaleRevision):
        await desk.posts.undo(desk.actor, post.id, 1)


async def test_what_left_the_house_cannot_be_undone(desk: Desk) -> None:
    post = await desk.now("Out")
    await desk.run()
    with pytest.raises(WrongState):
        await undo(desk, post)


# Deleting


async def test_a_deleted_post_is_never_published_until_undo_and_a_new_yes(desk: Desk, fake: FakePlatform) -> None:
    post = await desk.planned("Hello")
    gone = await discard(desk, post)
    assert (gone.state, gone.deliveries[0].state) == (PostState.DISCARDED, DeliveryState.CANCELLED)
    for refused in (
        revise(desk, post, "x"),
        discard(desk, post),
        desk.approve(post),
        desk.approvals.request(desk.actor, post.id),
        desk.schedule.hold(desk.actor, post.id),
        desk.due(post, HOUR),
    ):
        with pytest.raises(WrongState, match="#1 was deleted"):
            await refused
    back = await undo(desk, post)
    assert (back.state, back.deliveries[0].state) == (PostState.DRAFT, DeliveryState.WAITING)
    await desk.approve(back)
    await desk.wait(HOUR)
    assert fake.texts == ["Hello"]


async def test_undoing_a_delete_does_not_revive_what_was_cancelled_before(build: Build, clock: FakeClock) -> None:
    desk = await build(FakePlatform(clock, "first"), FakePlatform(clock, "second"))
    post = await desk.draft("Hello")
    async with desk.db.writing() as session:
        first = (await session.scalars(select(Delivery).order_by(Delivery.id))).first()
        assert first is not None
        first.state = DeliveryState.CANCELLED
    await discard(desk, post)
    back = await undo(desk, post)
    assert {one.id: one.state for one in back.deliveries}[first.id] is DeliveryState.CANCELLED
    assert sorted(one.state for one in back.deliveries) == ["cancelled", "waiting"]


async def test_drafts_of_a_turn_that_began_anew_can_be_brought_back(desk: Desk) -> None:
    untouched, edited = [
        await desk.posts.draft(desk.actor, [Wording((text,))], made_in="message_1") for text in ("One", "Two")
    ]
    other = await desk.posts.draft(desk.actor, [Wording(("Three",))], made_in="message_2")
    await revise(desk, edited, "Two, edited")
    await desk.posts.drop_unfinished(desk.actor, "message_1")
    states = [(await desk.view(post)).state for post in (untouched, edited, other)]
    assert states == [PostState.DISCARDED, PostState.DRAFT, PostState.DRAFT]
    assert (await undo(desk, untouched)).deliveries[0].state is DeliveryState.WAITING


async def test_what_is_on_its_way_cannot_be_deleted(desk: Desk, fake: FakePlatform) -> None:
    fake.script.append(Do.LOSE_AFTER)
    post = await desk.now()
    await desk.run()
    with pytest.raises(WrongState, match="already out, or on its way"):
        await discard(desk, post)


# Looking


async def test_posts_are_found_by_number_and_the_newest_open_one_by_zero(desk: Desk) -> None:
    workspace = desk.actor.workspace_id
    with pytest.raises(NotFound, match="no open post"):
        await desk.posts.numbered(workspace, 0)
    first = await desk.draft("One")
    sent = await desk.now("Two")
    await desk.run()
    third = await desk.draft("Three")
    await discard(desk, third)
    assert (await desk.posts.numbered(workspace, 0)).id == first.id
    assert (await desk.posts.numbered(workspace, 2)).id == sent.id
    assert [one.id for one in await desk.posts.open_posts(workspace)] == [first.id]
    with pytest.raises(NotFound, match="no post #9"):
        await desk.posts.numbered(workspace, 9)


async def test_a_view_says_who_approved_when_and_what_is_wrong(desk: Desk) -> None:
    post = await desk.planned("Hello")
    shown: DeliveryView = post.deliveries[0]
    assert (shown.approved_by, shown.approved_at, shown.problems) == ("You", desk.clock.now(), ())
    assert post.due_at == desk.clock.now() + HOUR
    empty = await desk.draft("")
    assert [str(one) for one in empty.deliveries[0].problems] == ["Fake: it is empty. Write a text or add an image."]
