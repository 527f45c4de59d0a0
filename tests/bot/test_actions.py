"""Every button: pressed once, pressed twice, pressed on an old card, by who may not, by a stranger. Nothing is applied when refused."""

from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from bot.chat import Button, Card
from bot.guard_card import DRY_RUN, HELD
from content.models import AuditEntry, DeliveryState, PostState, Role
from content.notices import GATHER
from content.views import PostView
from content.wording import Wording
from tests.fakes.agent_desk import AgentDesk, Opens
from tests.fakes.clock import FakeClock
from tests.fakes.platform import Do, FakePlatform
from tests.fakes.reports import RemovingPlatform, ReportingPlatform


@pytest.fixture
def platform(clock: FakeClock) -> FakePlatform:
    return ReportingPlatform(clock)


@pytest.fixture
async def desk(opens: Opens, platform: FakePlatform) -> AgentDesk:
    return await opens(platforms=[platform])


async def view(desk: AgentDesk, number: int = 1) -> PostView:
    return await desk.services.posts.numbered(desk.actor.workspace_id, number)


def button(card: Card, verb: str) -> Button:
    """The card's button, its previews' included."""
    every = [*card.buttons, *(one for preview in card.previews for one in preview.buttons)]
    return next(one for one in every if one.verb == verb)


def verbs(card: Card) -> list[str]:
    return [one.verb for one in card.buttons]


async def test_approve_and_approve_again(desk: AgentDesk) -> None:
    await desk.base.draft()
    approve = button(await desk.card(), "approve")
    first, second = await desk.push(approve), await desk.push(approve)
    assert (first.text, first.tone) == ("Approved #1. Now give it a time, or press Post now.", "good")
    assert second.tone == "bad"
    assert second.text.startswith("#1 is already approved, by You on ")
    assert (await view(desk)).state is PostState.APPROVED
    assert "approve" not in verbs(await desk.card())


async def test_what_has_a_time_goes_out_then(desk: AgentDesk, platform: FakePlatform) -> None:
    await desk.base.draft("Tea time")
    planned = await desk.push(button(await desk.card(), "schedule"), when="tomorrow 9")
    assert planned.text == ("#1 is planned for Tue 24 Nov 09:00 Europe/Berlin (in 24 h). It still needs approval.")
    approved = await desk.push(button(await desk.card(), "approve"))
    assert approved.text == "Approved #1. It goes out at its time."
    moved = await desk.push(button(await desk.card(), "schedule"), when="tomorrow 10")
    assert moved.text.endswith("Tue 24 Nov 10:00 Europe/Berlin (in 25 h).")
    assert platform.texts == []
    desk.clock.move(timedelta(hours=26))
    await desk.jobs.run_all()
    assert platform.texts == []
    assert (await desk.card()).status == "Its time passed: what now?"


async def test_a_yes_after_its_time_says_what_comes_of_it(desk: AgentDesk, platform: FakePlatform) -> None:
    async def approved(minutes: int) -> str:
        post = await desk.base.draft("Tea time")
        await desk.base.due(post, timedelta(minutes=10))
        await desk.base.wait(timedelta(minutes=10 + minutes))
        return (await desk.push(button(await desk.card(post.number), "approve"))).text

    assert await approved(5) == "Approved #1. Its time has passed, so it goes out now."
    await desk.base.run()
    assert platform.texts == ["Tea time"]
    late = await approved(60)
    assert late == "Approved #2. It waits for your word, though: Its time passed before this wording was approved."
    assert "post_now" in verbs(await desk.card(2))
    await desk.base.guards.switch.hold(desk.base.actor)
    assert await approved(1) == f"Approved #3. {HELD}"


async def test_a_yes_to_what_is_held_does_not_promise_that_it_goes_out(desk: AgentDesk) -> None:
    post = await desk.base.draft("Tea time")
    await desk.base.due(post, timedelta(hours=1))
    await desk.base.schedule.hold(desk.base.actor, post.id)
    approved = await desk.push(button(await desk.card(), "approve"))
    assert approved.text == "Approved #1. It is on hold, though: Release lets it go out."


async def test_releasing_promises_nothing_that_does_not_come(desk: AgentDesk, platform: FakePlatform) -> None:
    post = await desk.base.planned("Tea time")
    await desk.base.schedule.hold(desk.base.actor, post.id)
    release = button(await desk.card(), "release")
    await desk.base.wait(timedelta(hours=1, minutes=5))
    words = "#1 is released. Its time has passed: it goes out now, or asks first where that is too late."
    assert (await desk.push(release)).text == words
    await desk.base.run()
    assert platform.texts == ["Tea time"]
    await desk.base.schedule.hold(desk.base.actor, (await desk.base.planned("Cake")).id)
    await desk.base.guards.switch.hold(desk.base.actor)
    assert (await desk.push(button(await desk.card(), "release"))).text == f"#2 is released. {HELD}"


async def test_releasing_says_what_the_post_still_waits_for(desk: AgentDesk, platform: FakePlatform) -> None:
    post = await desk.base.draft("Tea time")
    await desk.base.due(post, timedelta(hours=1))
    await desk.base.schedule.hold(desk.base.actor, post.id)
    assert (await desk.push(button(await desk.card(), "release"))).text == "#1 is released. It still needs approval."
    await desk.base.schedule.hold(desk.base.actor, post.id)
    await desk.push(button(await desk.card(), "approve"))
    await desk.base.guards.switch.rehearse(desk.base.actor, on=True)
    words = f"#1 is released. It goes out at its time. {DRY_RUN}"
    assert (await desk.push(button(await desk.card(), "release"))).text == words


async def test_post_now_twice_posts_once(desk: AgentDesk, platform: FakePlatform) -> None:
    await desk.base.draft("Tea time")
    now = button(await desk.card(), "post_now")
    assert (await desk.push(now)).text == "#1 is going out now."
    assert platform.texts == ["Tea time"]
    again = await desk.push(now)
    assert again.tone == "bad"
    assert again.text.startswith("#1 is already out")
    assert platform.texts == ["Tea time"]


async def test_a_double_press_of_post_now_posts_once(desk: AgentDesk, platform: FakePlatform) -> None:
    post = await desk.base.draft("Tea time")
    for _ in range(2):
        await desk.services.schedule.post_now(desk.actor, post.id, 1, button="press")
    await desk.jobs.run_all()
    assert platform.texts == ["Tea time"]


async def test_hold_and_release(desk: AgentDesk) -> None:
    await desk.base.planned("Tea time")
    assert (await desk.push(button(await desk.card(), "hold"))).text == "#1 is on hold. Release lets it go out again."
    held = await desk.card()
    assert held.status == "On hold"
    release = button(held, "release")
    assert (await desk.push(release)).text == "#1 is released. It goes out at its time."
    assert (await desk.push(release)).text.startswith("Nothing of #1 is held.")


async def test_an_edit_is_a_new_version_that_needs_a_new_yes(desk: AgentDesk) -> None:
    await desk.base.planned("Tea time")
    edit = button(await desk.card(), "edit")
    account = (await view(desk)).deliveries[0].account_id
    assert [(field.name, field.hint) for field in edit.form] == [(f"{account}/0", "Tea time")]
    answer = await desk.push(edit, **{f"{account}/0": "Coffee", f"{account}/1": "and cake", f"{account}/2": " "})
    assert answer.text == "#1 is now version 2."
    post = await view(desk)
    assert [part.text for part in post.deliveries[0].rendering.parts] == ["Coffee", "and cake"]
    assert (post.state, post.change) == (PostState.DRAFT, "edited by hand")
    stale = await desk.push(edit, **{f"{account}/0": "Milk"})
    assert stale.text.startswith("This is version 1 of #1; version 2 is current.")
    assert (await view(desk)).words == "Coffee"


async def test_an_edit_describes_pictures(desk: AgentDesk) -> None:
    out = BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    picture = await desk.services.media.add(desk.actor, "cat.png", out.getvalue())
    await desk.services.posts.draft(desk.actor, [Wording(("Look",))], media=[picture])
    account = (await view(desk)).deliveries[0].account_id
    form = {f"{account}/0": "Look", f"alt/{picture.media_id}": "A grey square"}
    await desk.push(button(await desk.card(), "edit"), **form)
    assert (await view(desk)).deliveries[0].rendering.parts[0].images[0].alt == "A grey square"


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({}, "The edit held no text, so nothing was changed."),
        ({"alt/media_1": "A cat"}, "The edit held no text"),
        ({"account/x": "hello", "nonsense": "x"}, "The edit held no text"),
        ({"{account}/0": "  "}, "There is nothing to post."),
        ({"account_of_others/0": "hello"}, "No connected account is called"),
        ({"{account}/0": "x" * 30_000}, "This text has 30,000 characters"),
    ],
)
async def test_an_edit_that_makes_no_sense_changes_nothing(
    desk: AgentDesk, form: dict[str, str], sentence: str
) -> None:
    await desk.base.draft("Tea time")
    account = (await view(desk)).deliveries[0].account_id
    filled = {name.replace("{account}", account): value for name, value in form.items()}
    answer = await desk.push(button(await desk.card(), "edit"), **filled)
    assert answer.tone == "bad"
    assert sentence in answer.text
    assert (await view(desk)).revision == 1


@pytest.mark.parametrize("form", [{}, {"when": ""}, {"when": "yesterday"}, {"when": "31 February 9:00"}])
async def test_a_time_that_is_none_changes_nothing(desk: AgentDesk, form: dict[str, str]) -> None:
    await desk.base.draft()
    answer = await desk.push(button(await desk.card(), "schedule"), **form)
    assert answer.tone == "bad"
    assert (await view(desk)).due_at is None


async def test_everything_is_taken_back_once_a_press(desk: AgentDesk) -> None:
    await desk.base.draft("One")
    account = (await view(desk)).deliveries[0].account_id
    await desk.push(button(await desk.card(), "edit"), **{f"{account}/0": "Two"})
    await desk.push(button(await desk.card(), "approve"))
    undo = button(await desk.card(), "undo_approval")
    assert (await desk.push(undo)).text == "Taken back. #1 is version 2 now."
    second = await desk.push(undo)
    assert (second.text, second.tone) == ("“Undo approval” is done on #1 already. Look at its current card.", "bad")
    assert (await view(desk)).words == "Two", "a second press takes back nothing more"
    await desk.services.approvals.request(desk.actor, (await view(desk)).id)
    await desk.push(button(await desk.card(), "undo_request"))
    await desk.push(button(await desk.card(), "undo_edit"))
    assert (await view(desk)).words == "One"


async def test_delete_and_bring_back(desk: AgentDesk) -> None:
    await desk.base.draft()
    delete = button(await desk.card(), "delete")
    post = await view(desk)
    assert (await desk.push(delete)).text == "#1 is deleted. Undo brings it back."
    assert (await desk.push(delete)).text.startswith("#1 was deleted. Undo that first")
    card = await desk.drawing.draw(f"post:{post.id}", desk.actor)
    assert card is not None
    assert (card.status, verbs(card)) == ("Deleted", ["undo_delete"])
    assert (await desk.push(card.buttons[0])).tone == "good"
    assert (await view(desk)).state is PostState.DRAFT


async def test_the_rest_of_a_thread_that_has_begun_is_cancelled(desk: AgentDesk, platform: FakePlatform) -> None:
    platform.script.extend([Do.PUBLISH, Do.REFUSE])
    await desk.base.now("One", "Two")
    await desk.jobs.run_all()
    card = await desk.card(1)
    assert (card.status, card.previews[0].status[:21]) == ("Published in part", "1 of 2 parts is out. ")
    assert "delete" not in verbs(card)
    cancel = button(card, "cancel")
    assert cancel.label == "Cancel the rest"
    assert (await desk.push(cancel)).text == "What was left of #1 is cancelled."
    assert (await desk.push(cancel)).tone == "bad"
    card = await desk.card(1)
    assert (card.status, "cancel" in verbs(card)) == ("Published in part", False)
    assert platform.texts == ["One"]


async def test_numbers_are_counted_anew(desk: AgentDesk) -> None:
    await desk.base.now()
    await desk.jobs.run_all()
    assert (await desk.push(button(await desk.card(1), "count"))).text == "Counted anew."
    numbers = (await desk.card(1)).previews[0].numbers
    assert numbers is not None
    assert numbers.likes == 3
    await desk.base.draft()
    assert (await desk.press("count", (await view(desk, 2)).id)).text.startswith("#2 is not out")


async def unknown(desk: AgentDesk, platform: FakePlatform, do: Do) -> Card:
    platform.script.append(do)
    await desk.base.now("Tea time")
    for _ in range(8):
        await desk.jobs.run_all()
        desk.clock.move(timedelta(minutes=3))
    card = await desk.card(1)
    assert card.previews[0].tone == "asking"
    return card


async def test_a_person_says_that_it_is_live(desk: AgentDesk, platform: FakePlatform) -> None:
    live = button(await unknown(desk, platform, Do.LOSE_AFTER), "live")
    assert (await desk.push(live)).text == "Noted: it is live. I will not send it again."
    assert (await desk.push(live)).text.startswith("This is settled already: it is sent.")
    assert platform.texts == ["Tea time"]
    assert (await desk.card(1)).status == "Published"


async def test_a_person_says_that_it_is_not_there(desk: AgentDesk, platform: FakePlatform) -> None:
    resend = button(await unknown(desk, platform, Do.LOSE_BEFORE), "resend")
    assert platform.texts == []
    assert (await desk.push(resend)).text == "Noted: it is not there. I am sending it now."
    assert (await desk.push(resend)).tone == "bad"
    assert platform.texts == ["Tea time"]


async def test_a_lost_login_is_mended_on_the_connect_page(desk: AgentDesk, platform: FakePlatform) -> None:
    await desk.base.now()
    await desk.base.accounts.lost_login(await desk.base.accounts.access((await view(desk)).deliveries[0].account_id))
    await desk.jobs.run_all()
    reconnect = button(await desk.card(), "reconnect")
    answer = await desk.push(reconnect)
    assert (answer.tone, answer.go_to, answer.subject) == ("asking", "/connect", "accounts:all")
    assert platform.texts == []


async def test_an_account_is_let_go(desk: AgentDesk) -> None:
    [account] = await desk.services.accounts.connected(desk.actor.workspace_id)
    answer = await desk.press("disconnect", account.id)
    assert answer.text == "Fake ann is disconnected. Its posts here are kept."
    assert await desk.services.accounts.connected(desk.actor.workspace_id) == []
    assert (await desk.press("disconnect", "account_of_nobody")).tone == "bad"


@pytest.mark.parametrize(
    ("posts", "words"), [(1, "1 post that is planned on it waits"), (2, "2 posts that are planned on it wait")]
)
async def test_letting_an_account_go_says_what_is_planned_on_it(desk: AgentDesk, posts: int, words: str) -> None:
    [account] = await desk.services.accounts.connected(desk.actor.workspace_id)
    for _ in range(posts):
        await desk.base.planned("Tea time")
    answer = await desk.press("disconnect", account.id)
    assert answer.text == f"Fake ann is disconnected. Its posts here are kept. {words} until it is connected again."


async def test_an_account_is_connected_by_the_form_of_its_card(desk: AgentDesk, platform: FakePlatform) -> None:
    card = await desk.drawing.draw("accounts:all", desk.actor)
    assert card is not None
    connect = button(card, "connect")
    assert [field.name for field in connect.form] == ["user", "note"]
    answer = await desk.push(connect, user="eve")
    assert answer.text == "Connected: Fake eve. What is drafted from now on fits it too."
    assert (await desk.push(connect)).text == "Please fill in: Your name there. Nothing was sent yet."
    platform.elsewhere = True
    away = await desk.push(connect, user="mia")
    assert (away.tone, away.go_to[:12], away.subject[:16]) == ("asking", "/connect/go/", "connect:connect_")
    assert not away.on_card  # others read here: the way in is told to who pressed alone
    viewer = await desk.base.member(Role.VIEWER)
    assert "your role here is viewer" in (await desk.push(connect, viewer, user="eve")).text
    bare = await desk.drawing.draw("accounts:all", viewer)
    assert bare is not None
    assert bare.buttons == ()


async def test_what_is_out_is_taken_down(opens: Opens, clock: FakeClock) -> None:
    platform = RemovingPlatform(clock)
    desk = await opens(platforms=[platform])
    await desk.base.now("Tea time")
    await desk.jobs.run_all()
    remove = button(await desk.card(1), "remove")
    viewer = await desk.base.member(Role.VIEWER)
    assert (await desk.push(remove, viewer)).tone == "bad"
    assert platform.texts == ["Tea time"]
    assert (await desk.push(remove)).text == "Taken down: Fake ann."
    assert platform.texts == []
    assert (await desk.push(remove)).text.startswith("#1 is out nowhere")
    assert (await desk.card(1)).status == "Taken down"


async def test_what_is_out_of_a_thread_that_broke_off_is_taken_down(opens: Opens, clock: FakeClock) -> None:
    platform = RemovingPlatform(clock)
    desk = await opens(platforms=[platform])
    platform.script.extend([Do.PUBLISH, Do.REFUSE])
    await desk.base.now("One", "Two")
    await desk.jobs.run_all()
    before = await desk.card(1)
    assert before.status == "Published in part"
    assert (await desk.push(button(before, "remove"))).text == "Taken down: Fake ann."
    assert platform.texts == []
    after = await desk.card(1)
    assert (after.status, [one.verb for one in after.buttons]) == ("Taken down", [])
    desk.clock.move(GATHER)
    await desk.jobs.run_all()
    assert desk.chat.texts[-1].endswith("took #1 down on Fake. What was not out yet will not go out.")


async def test_a_button_of_another_version_is_answered(desk: AgentDesk) -> None:
    for verb in ("publish", "undo", "__class__", ""):
        answer = await desk.press(verb, "post_1")
        assert (answer.tone, answer.text[:41]) == ("bad", "This button is from another version of th")


CHANGING = ["approve", "post_now", "edit", "undo_approval", "undo_delete", "undo_edit", "undo_request", "delete"]
MOVING = ["schedule", "hold", "release", "cancel"]
SETTLING = ["live", "resend"]


async def untouched(desk: AgentDesk, before: PostView) -> None:
    after = await view(desk)
    assert (after.state, after.revision, after.due_at) == (before.state, before.revision, before.due_at)
    assert [one.state for one in after.deliveries] == [DeliveryState.WAITING]
    assert [one.approved_by for one in after.deliveries] == [""]


def form_of(post: PostView) -> dict[str, str]:
    return {"when": "tomorrow 9", f"{post.deliveries[0].account_id}/0": "Hijacked"}


@pytest.mark.parametrize("verb", CHANGING)
async def test_an_old_card_decides_nothing(desk: AgentDesk, verb: str, platform: FakePlatform) -> None:
    post = await desk.base.draft("Tea time")
    account = post.deliveries[0].account_id
    await desk.push(button(await desk.card(), "edit"), **{f"{account}/0": "Coffee"})
    before = await view(desk)
    answer = await desk.press(verb, post.id, 1, **form_of(post))
    assert answer.tone == "bad"
    assert "version 2 is current" in answer.text
    await untouched(desk, before)
    assert platform.texts == []


@pytest.mark.parametrize("verb", [*CHANGING, *MOVING, *SETTLING, "remove"])
async def test_a_viewer_decides_nothing(desk: AgentDesk, verb: str, platform: FakePlatform) -> None:
    post = await desk.base.draft("Tea time")
    viewer = await desk.base.member(Role.VIEWER)
    thing = post.deliveries[0].id if verb in SETTLING else post.id
    answer = await desk.press(verb, thing, 1, viewer, **form_of(post))
    assert answer.tone == "bad"
    assert "your role here is viewer" in answer.text
    await untouched(desk, post)
    assert platform.texts == []


@pytest.mark.parametrize("verb", ["approve", "post_now"])
async def test_an_editor_drafts_and_does_not_approve(desk: AgentDesk, verb: str, platform: FakePlatform) -> None:
    post = await desk.base.draft("Tea time")
    editor = await desk.base.member(Role.EDITOR)
    assert "your role here is editor" in (await desk.press(verb, post.id, 1, editor)).text
    assert platform.texts == []


async def test_where_somebody_else_must_approve_the_author_cannot(desk: AgentDesk, platform: FakePlatform) -> None:
    approver = await desk.base.member(Role.APPROVER)
    post = await desk.base.draft("Tea time")
    for verb in ("approve", "post_now"):
        assert "here somebody else must approve it" in (await desk.press(verb, post.id, 1)).text
    assert platform.texts == []
    assert (await desk.press("post_now", post.id, 1, approver)).tone == "good"
    assert platform.texts == ["Tea time"]


@pytest.mark.parametrize("verb", [*CHANGING, *MOVING, *SETTLING, "count", "disconnect", "remove"])
async def test_a_stranger_finds_nothing(desk: AgentDesk, verb: str, platform: FakePlatform) -> None:
    post = await desk.base.draft("Tea time")
    stranger = replace(desk.actor, workspace_id="workspace_elsewhere")
    things = {
        "disconnect": post.deliveries[0].account_id,
        "live": post.deliveries[0].id,
        "resend": post.deliveries[0].id,
    }
    answer = await desk.press(verb, things.get(verb, post.id), 1, stranger, **form_of(post))
    assert answer.tone == "bad"
    assert answer.text.startswith("There is no such ")
    await untouched(desk, post)
    assert platform.texts == []


async def test_who_pressed_what_is_on_record(desk: AgentDesk) -> None:
    await desk.base.draft()
    await desk.push(button(await desk.card(), "post_now"))
    [entry] = [row for row in await desk.base.rows(AuditEntry) if row.verb == "post.approved"]
    assert (entry.member_id, entry.detail["button"]) == (desk.actor.member_id, "fake:post_now")
