"""Nothing of a press is believed before the rows say so, and whoever pressed is told what it came to."""

import asyncio

import pytest

from bot.native import Pressed
from bot.pressing import BROKEN, CHANGED
from bot.stopping import NOTHING, STOPPING
from content.models import Approval, PostState, Role
from content.transcript import Line
from content.views import PostView
from content.wording import Wording
from tests.bot.conftest import Talks
from tests.fakes.native import FakeNative, TalkingDesk


@pytest.fixture
async def talk(talks: Talks) -> TalkingDesk:
    return await talks()


async def shown(talk: TalkingDesk, post: PostView, address: str = "dm-ann", chat: str = "") -> str:
    """The post's card stands there; returns its reference."""
    native = talk.natives[chat or talk.native.name]
    place = await talk.talking.whereabouts.place(talk.desk.actor, native.name, address, address.startswith("dm"))
    await talk.desk.transcript.add(place.conversation_id, Line("", f"post:{post.id}"))
    before = set(native.messages)
    await talk.run()
    return next(ref for ref in native.messages if ref not in before)


@pytest.mark.parametrize(
    "key", ["", "approve", "approve:post_1", "approve:post_1:x", "approve::1", ":post_1:1", "a:b:99999999999", "a:b:٣"]
)
async def test_a_malformed_key_changes_nothing(talk: TalkingDesk, key: str) -> None:
    assert await talk.presses(key) == BROKEN


async def test_a_member_approves_and_the_card_shows_it(talk: TalkingDesk) -> None:
    post = await talk.desk.base.draft("Cats are back")
    ref = await shown(talk, post)
    answer = await talk.presses(talk.button(ref, "approve"), ref)
    assert answer.tone == "good"
    assert (await talk.desk.base.view(post)).state is PostState.APPROVED
    assert talk.native.messages[ref].edits == 1


async def test_a_stranger_who_presses_is_told_how_to_be_let_in(talk: TalkingDesk) -> None:
    post = await talk.desk.base.draft("Cats are back")
    ref = await shown(talk, post, "room")
    answer = await talk.presses(talk.button(ref, "approve"), ref, "zoe", private=False)
    assert answer.tone == "bad"
    assert "I do not know you yet" in answer.text
    assert await talk.desk.base.rows(Approval) == []


async def test_a_member_without_the_right_is_refused(talk: TalkingDesk) -> None:
    await talk.link(await talk.desk.base.member(Role.VIEWER, "Vic"), "vic")
    post = await talk.desk.base.draft("Cats are back")
    ref = await shown(talk, post, "room")
    answer = await talk.presses(talk.button(ref, "approve"), ref, "vic", private=False)
    assert answer.tone == "bad"
    assert "role" in answer.text
    assert await talk.desk.base.rows(Approval) == []


async def test_an_old_button_approves_nothing_and_its_card_is_redrawn(talk: TalkingDesk) -> None:
    post = await talk.desk.base.draft("Cats are back")
    ref = await shown(talk, post)
    old = talk.button(ref, "approve")
    await talk.desk.base.posts.revise(talk.desk.actor, post.id, [Wording(("Dogs are back",))], change="edited")
    answer = await talk.presses(old, ref)
    assert answer.tone == "bad"
    assert await talk.desk.base.rows(Approval) == []
    assert talk.button(ref, "approve") != old


async def test_the_same_press_delivered_again_decides_once(talk: TalkingDesk) -> None:
    post = await talk.desk.base.draft("Cats are back")
    ref = await shown(talk, post)
    key = talk.button(ref, "approve")
    for _ in range(4):
        await talk.presses(key, ref, event_id="press 1")
    assert len(await talk.desk.base.rows(Approval)) == 1
    assert len(talk.native.answers) == 1


async def test_many_presses_at_once_are_one_decision_and_everybody_is_answered(talks: Talks) -> None:
    talk = await talks(None, FakeNative("one"), FakeNative("two"))
    others = {name: await talk.desk.base.member(Role.APPROVER, name) for name in ("Bo", "Cy", "Di", "Ed")}
    for native in talk.natives.values():
        for name, actor in others.items():
            await talk.link(actor, name.lower(), native.name)
    post = await talk.desk.base.draft("Cats are back")
    refs = {native.name: await shown(talk, post, "room", native.name) for native in talk.natives.values()}
    for number in range(25):
        for chat, ref in refs.items():
            who = ["ann", *map(str.lower, others)][number % 5]
            press = Pressed(talk.sender(who), "room", False, talk.button(ref, "approve", chat), ref)
            await talk.deliver(press, chat=chat, lane=f"{chat} {who}")
    await asyncio.gather(*(talk.desk.jobs.run_due() for _ in range(5)))
    await talk.run()
    answers = [answer for native in talk.natives.values() for _, answer in native.answers]
    assert len(answers) == 50
    assert len([one for one in answers if one.tone == "good"]) == 1
    assert len(await talk.desk.base.rows(Approval)) == len(post.deliveries)
    lines = {native.heads("room")[0] for native in talk.natives.values()}
    assert len(lines) == 1


async def test_an_offered_answer_says_what_stands_behind_it(talk: TalkingDesk) -> None:
    place = await talk.talking.whereabouts.place(talk.desk.actor, talk.native.name, "dm-ann", True)
    offered = {"choices": [{"label": "Yes", "say": "Yes, draft it"}]}
    message = await talk.desk.transcript.add(place.conversation_id, Line("Shall I?", None, offered))
    await talk.run()
    answer = await talk.presses(f"say:{message}:0", talk.native.ref("Shall I?"))
    assert (answer.text, answer.tone) == ("“Yes, draft it”", "plain")
    assert talk.native.heads("dm-ann") == ["Shall I?", "ok"]
    assert await talk.presses(f"say:{message}:1", talk.native.ref("Shall I?")) == BROKEN


async def test_the_stop_button_stops_what_runs_where_it_stands(talk: TalkingDesk) -> None:
    assert await talk.presses("stop:here:0") == NOTHING
    place = await talk.talking.whereabouts.place(talk.desk.actor, talk.native.name, "dm-ann", True)
    with talk.desk.stops.running(place.conversation_id) as stop:
        assert await talk.presses("stop:here:0") == STOPPING
        assert stop.is_set()


async def test_a_button_with_a_form_asks_first(talks: Talks) -> None:
    talk = await talks(None, FakeNative(has_forms=True))
    post = await talk.desk.base.draft("Cats are back")
    ref = await shown(talk, post)
    key = talk.button(ref, "edit")
    answer = await talk.presses(key, ref)
    assert (answer.text, answer.tone) == ("", "plain")
    [form] = talk.native.forms
    assert form.key == key
    assert form.fields
    filled = {field.name: "Dogs are back" for field in form.fields}
    answer = await talk.presses(key, ref, form=filled)
    assert answer.tone == "good"
    assert (await talk.desk.base.view(post)).revision == post.revision + 1


async def test_where_a_chat_has_no_forms_it_asks_step_by_step(talk: TalkingDesk) -> None:
    post = await talk.desk.base.draft("Cats are back")
    ref = await shown(talk, post)
    answer = await talk.presses(talk.button(ref, "edit"), ref)
    assert answer.text == "I asked you below."
    await talk.says("Dogs are back")
    view = await talk.desk.base.view(post)
    assert view.revision == post.revision + 1
    assert view.deliveries[0].rendering.parts[0].text == "Dogs are back"
    assert talk.desk.script.asked == []


async def test_an_old_button_that_asks_first_is_refused_and_its_card_redrawn(talk: TalkingDesk) -> None:
    post = await talk.desk.base.draft("Cats are back")
    ref = await shown(talk, post)
    old = talk.button(ref, "edit")
    await talk.desk.base.posts.revise(talk.desk.actor, post.id, [Wording(("Dogs are back",))], change="edited")
    assert await talk.presses(old, ref) == CHANGED
    assert talk.button(ref, "edit") != old
    assert talk.native.questions == []


async def test_a_button_that_stands_in_no_message_of_ours_still_counts(talk: TalkingDesk) -> None:
    post = await talk.desk.base.draft("Cats are back")
    ref = await shown(talk, post)
    key = talk.button(ref, "approve")
    answer = await talk.presses(key)
    assert answer.tone == "good"


async def test_a_button_on_a_page_of_our_own_finds_its_card(talks: Talks) -> None:
    talk = await talks(None, FakeNative(has_forms=True))
    card = await talk.desk.drawing.draw("accounts:all", talk.desk.actor)
    assert card is not None
    button = next(one for one in card.buttons if one.verb == "connect")
    answer = await talk.presses(button.key)
    assert (answer.text, len(talk.native.forms)) == ("", 1)


async def test_an_address_of_our_page_is_made_whole(talk: TalkingDesk) -> None:
    post = await talk.desk.base.draft("Cats are back")
    ref = await shown(talk, post)
    answer = await talk.presses(f"reconnect:{(await talk.desk.base.delivery(post)).account_id}:0", ref)
    assert not answer.go_to.startswith("/")


async def test_a_reference_to_nothing_is_refused_in_words(talk: TalkingDesk) -> None:
    answer = await talk.presses("approve:post_none:1")
    assert answer.tone == "bad"
    assert answer.text
