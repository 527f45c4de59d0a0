"""What can keep a post from going out: shown on the settings and on the post's card, answered with buttons."""

from datetime import timedelta

import pytest

from agent.prompt import as_text
from bot.asking import question
from bot.cards import post_card
from bot.chat import Button, Card
from bot.guard_card import DRY_RUN, HELD, caution_notes, let_go_words, standing_words
from bot.native import Form
from bot.rules import settings_card
from bot.slack.views import form_view
from bot.telegram.limits import TEXT, size
from content.blackouts import MOST
from content.cautions import Caution
from content.guards import GuardsView
from content.models import Role
from content.switch import Released, Standing
from tests.bot.test_cards import NOW, delivery, post
from tests.fakes.agent_desk import AgentDesk, Opens
from tools.replies import post_line


@pytest.fixture
async def desk(opens: Opens) -> AgentDesk:
    return await opens()


async def settings(desk: AgentDesk) -> Card:
    card = await desk.drawing.draw("settings:all", desk.actor)
    assert card is not None
    return card


def button(card: Card, verb: str) -> Button:
    every = [*card.buttons, *(one for preview in card.previews for one in preview.buttons)]
    return next(one for one in every if one.verb == verb)


async def test_the_pace_of_an_account_is_changed_by_its_button(desk: AgentDesk) -> None:
    shown = button(await settings(desk), "set_pace")
    account, gap, cap = shown.form
    answer = await desk.push(shown, account=account.options[0][0], gap="30", cap="10")
    assert answer.text == "From now on Fake ann posts at least 30 min apart, at most 10 in 24 hours."
    group = next(one for one in (await settings(desk)).groups if one.heading == "Pace of posts")
    assert [(row.title, row.detail) for row in group.rows] == [
        ("Fake ann", "at least 30 min apart, at most 10 in 24 hours")
    ]
    assert ("30", "30 min") in gap.options
    assert ("0", "As the platform has it") in cap.options
    answer = await desk.push(shown, account=account.options[0][0], gap="0", cap="0")
    assert answer.text == "From now on Fake ann posts at most 1000 in 24 hours."


@pytest.mark.parametrize("gap", ["often", "", "9" * 5000])
async def test_what_is_no_pace_changes_nothing(desk: AgentDesk, gap: str) -> None:
    shown = button(await settings(desk), "set_pace")
    answer = await desk.push(shown, account=shown.form[0].options[0][0], gap=gap, cap="1")
    assert (answer.tone, answer.text[:36]) == ("bad", "That is none of the answers there ar")


async def test_a_post_says_what_it_waits_for_and_until_when(desk: AgentDesk) -> None:
    [pace] = (await desk.services.guards.view(desk.actor.workspace_id)).paces
    await desk.services.guards.pace.set(desk.actor, pace.account_id, gap_minutes=20, daily_cap=None)
    await desk.base.now("First")
    await desk.jobs.run_all()
    await desk.base.now("Second")
    await desk.jobs.run_all()
    [preview] = (await desk.card(2)).previews
    assert preview.status == "waits until 09:20. ann keeps 20 min between posts: #1 was last."
    desk.clock.move(timedelta(minutes=20))
    assert (await desk.card(2)).previews[0].status.startswith("waits to go out. ann keeps")


async def test_a_post_whose_turn_would_be_too_late_is_sent_then_by_its_button(desk: AgentDesk) -> None:
    [pace] = (await desk.services.guards.view(desk.actor.workspace_id)).paces
    await desk.services.guards.pace.set(desk.actor, pace.account_id, gap_minutes=240, daily_cap=None)
    await desk.base.now("First")
    await desk.jobs.run_all()
    await desk.base.now("Second")
    await desk.jobs.run_all()
    card = await desk.card(2)
    assert card.status == "It waits for your word"
    shown = button(card, "take_turn")
    assert shown.label == "Send it at 13:00"
    desk.clock.move(timedelta(hours=5))
    assert button(await desk.card(2), "take_turn").label == "Send it now"
    desk.clock.move(-timedelta(hours=5))
    assert "Post now" not in [one.label for one in card.buttons]
    assert (await desk.push(shown)).text == "#2 goes out when the account has room for it."
    assert (await desk.push(shown)).text.startswith("#2 does not ask about its turn any more")
    await desk.base.wait(timedelta(hours=4))
    assert (await desk.card(2)).status == "Published"


async def test_a_full_quota_stands_on_the_settings(desk: AgentDesk) -> None:
    platform = desk.base.platforms["fake"]
    platform.script.append("limit")  # type: ignore[attr-defined]
    await desk.base.now("First")
    await desk.jobs.run_all()
    group = next(one for one in (await settings(desk)).groups if one.heading == "Pace of posts")
    assert group.rows[0].detail == "at most 1000 in 24 hours; takes no more until 09:07"


async def test_days_are_blacked_out_and_let_go_with_buttons(desk: AgentDesk) -> None:
    shown = button(await settings(desk), "black_out")
    answer = await desk.push(shown, days="24 to 26 December", reason="Christmas", account="all")
    assert (
        answer.text
        == "Nothing goes out by itself on 24 to 26 December (Europe/Berlin): what is planned for then will ask."
    )
    only = shown.form[2].options[1][0]
    await desk.push(shown, days="2026-12-31", reason="", account=only)
    group = next(one for one in (await settings(desk)).groups if one.heading == "Blacked out days")
    assert [(row.title, row.detail) for row in group.rows] == [
        ("24 to 26 December (Europe/Berlin)", "Christmas"),
        ("31 December (Europe/Berlin)", "Fake ann only"),
    ]
    end = button(await settings(desk), "end_blackout")
    assert [words for _, words in end.form[0].options] == [
        "24 to 26 December (Europe/Berlin): Christmas",
        "31 December (Europe/Berlin), Fake ann",
    ]
    chosen = end.form[0].options[0][0]
    assert (await desk.push(end, blackout=chosen)).text == "Posts go out on 24 to 26 December (Europe/Berlin) again."
    assert (await desk.push(end, blackout=chosen)).text.startswith("This blackout was ended already.")
    assert (await desk.push(end)).text.startswith("There is no such blackout here.")


async def test_as_many_blackouts_as_there_can_be_are_ended_with_one_button(desk: AgentDesk) -> None:
    for _ in range(MOST):
        await desk.services.guards.blackouts.add(desk.actor, "30 November to 2 December", "Stocktaking " * 9)
    [which] = (end := button(await settings(desk), "end_blackout")).form
    assert len(which.options) == MOST
    assert size(f"{'N' * 128}: {question(which, 1, 1)}") <= TEXT  # with a long name, in a group on Telegram
    view = form_view(Form(end.key, end.label, end.label, end.form), external_id="1", metadata="")
    assert len(view["blocks"][0]["element"]["options"]) == MOST
    for blackout, _ in which.options:
        assert (await desk.push(end, blackout=blackout)).text.startswith("Posts go out on 30 November to 2 December")
    assert "end_blackout" not in [one.verb for one in (await settings(desk)).buttons]


async def test_a_button_of_an_older_card_ends_the_blackout_that_it_names(desk: AgentDesk) -> None:
    await desk.services.guards.blackouts.add(desk.actor, "24 December")
    [dark] = (await desk.services.guards.view(desk.actor.workspace_id)).blackouts
    answer = await desk.press("end_blackout", dark.id)
    assert answer.text == "Posts go out on 24 December (Europe/Berlin) again."
    assert (await desk.press("end_blackout", dark.id)).tone == "bad"


async def test_a_post_on_a_blacked_out_day_warns_asks_and_is_sent_anyway(desk: AgentDesk) -> None:
    await desk.services.guards.blackouts.add(desk.actor, "tomorrow", "Christmas")
    post = await desk.base.draft("Hello")
    answer = await desk.press("schedule", post.id, 1, when="tomorrow 9")
    warned = "24 November (Europe/Berlin) is blacked out: Christmas. It will ask instead of going out."
    assert answer.text.endswith(warned)
    assert warned in (await desk.card()).notes
    assert (await desk.press("approve", post.id, 1)).text == f"Approved #1. {warned}"
    approved = await desk.card()
    assert approved.status == "Approved, planned for Tue 24 Nov 09:00 Europe/Berlin (in 24 h)"
    assert approved.previews[0].status.startswith("planned for Tue 24 Nov")
    await desk.base.wait(timedelta(hours=25))
    card = await desk.card()
    assert (card.status, card.previews[0].status) == (
        "It waits for your word",
        "waits for your word. 24 November (Europe/Berlin) is blacked out: Christmas.",
    )
    anyway = button(card, "overrule")
    assert (anyway.label, anyway.revision) == ("Post anyway", 1)
    assert "Post now" not in [one.label for one in card.buttons]
    assert (await desk.push(anyway)).text == "#1 is going out now."
    assert (await desk.card(1)).status == "Published"


async def test_the_model_is_told_the_blacked_out_days_and_what_a_time_means(desk: AgentDesk) -> None:
    await desk.services.guards.blackouts.add(desk.actor, "24 to 26 December", "Christmas")
    briefing = await desk.briefer.brief(desk.actor, "hello")
    assert briefing.blackouts == ("24 to 26 December (Europe/Berlin): Christmas",)
    assert "propose others" in as_text(briefing)


def test_what_is_not_everywhere_says_where() -> None:
    mind, look = Caution("blackout", "Mind."), Caution("blackout", "Look.")
    both = post(delivery(cautions=(mind,)), delivery(cautions=(mind, look)))
    assert caution_notes(both) == ["Mind.", "Fake: Look."]


def test_what_repeats_is_not_warned_of_its_own_series() -> None:
    like = Caution("alike", "It is 100 % like #2, planned for Friday.")
    drawn = post_card(post(delivery(cautions=(like,)), repeats="every Friday"), "UTC", NOW)
    assert drawn.notes == ("It repeats every Friday; /plans shows its series.",)
    assert drawn.previews[0].buttons == ()


SPOKEN = "Rye or walnut? Tell us which loaf you want back on Saturday, and we will bake it for you all week long."


async def test_nearly_the_same_warns_and_goes_out_when_it_is_meant_so(desk: AgentDesk) -> None:
    await desk.base.now(SPOKEN)
    await desk.jobs.run_all()
    draft = await desk.base.draft(SPOKEN.replace("Saturday", "Sunday"))
    card = await desk.card(2)
    assert "It is 90 % like #1, published today. It will ask instead of going out." in card.notes
    assert "Warning: It is 90 % like #1" in post_line(await desk.base.view(draft))
    meant = button(card, "mean_it")
    assert meant.label == "It is meant so"
    assert (await desk.push(meant)).text == "Noted: #2 is meant so."
    assert (await desk.push(meant)).text == "#2 needs no such word. Look at its current card."
    assert not any("like #1" in note for note in (await desk.card(2)).notes)
    await desk.press("post_now", draft.id, 1)
    assert (await desk.card(2)).status == "Published"


async def test_nearly_the_same_that_nobody_confirmed_asks(desk: AgentDesk) -> None:
    await desk.base.now(SPOKEN)
    await desk.jobs.run_all()
    await desk.base.now(SPOKEN.replace("Saturday", "Sunday"))
    await desk.jobs.run_all()
    card = await desk.card(2)
    assert (card.status, card.previews[0].status) == (
        "It waits for your word",
        "waits for your word. It is 90 % like #1, published today.",
    )
    assert (await desk.push(button(card, "overrule"))).text == "#2 is going out now."
    assert (await desk.card(2)).status == "Published"


@pytest.mark.parametrize("words", ["/hold", "Hold everything!", "stop  everything"])
async def test_everything_is_held_by_a_word_that_needs_no_model(desk: AgentDesk, words: str) -> None:
    post = await desk.base.planned("Hello")
    assert await desk.talk(words) == HELD
    assert (desk.chat.cards[-1].subject, desk.script.asked) == ("settings:all", [])
    await desk.base.wait(timedelta(hours=1, minutes=10))
    for subject in (f"post:{post.id}", "queue:open", "calendar:today"):
        card = await desk.drawing.draw(subject, desk.actor)
        assert card is not None
        assert (
            card.notes[0]
            == "Everything is on hold since 09:00 (the owner): nothing goes out until somebody says “release everything”."
        )
    await desk.talk("/release")
    assert "Posts go out at their times again. 1 is due now." in desk.chat.texts
    assert (await desk.card(1)).status == "Published"
    assert await desk.talk("release everything") == "Posts go out at their times again. None is due now."


async def test_post_now_says_when_it_only_waits_or_rehearses(desk: AgentDesk) -> None:
    await desk.base.draft("Tea time")
    await desk.push(button(await settings(desk), "rehearse"))
    assert (await desk.push(button(await desk.card(), "post_now"))).text.startswith("#1 is rehearsed now. ")
    await desk.push(button(await settings(desk), "hold_all"))
    assert (await desk.push(button(await desk.card(), "post_now"))).text.startswith("#1 waits. Everything is on hold")
    assert (await desk.card()).status == "Approved, waits to go out"


async def test_that_everything_be_held_goes_before_what_was_said_earlier(desk: AgentDesk) -> None:
    await desk.say("Hello")
    await desk.say("hold everything")
    await desk.jobs.run_all()
    assert desk.chat.texts[-2:] == [HELD, "ok"]


async def test_who_may_not_hold_is_told_so(desk: AgentDesk) -> None:
    editor = await desk.base.member(Role.EDITOR)
    assert (await desk.talk("/hold", None, editor)).startswith("You may not approve posts")


@pytest.mark.parametrize(
    ("due", "late", "words"),
    [
        (2, 1, "3 are due now; 1 of them is late and asks first."),
        (0, 2, "2 are due now; 2 of them are late and ask first."),
        (1, 0, "1 is due now."),
        (0, 1, "1 is late and asks first."),
    ],
)
def test_letting_go_says_what_is_due(due: int, late: int, words: str) -> None:
    assert let_go_words(Released(due, late)) == f"Posts go out at their times again. {words}"


def test_a_desk_that_holds_by_itself_says_no_more_than_it_knows() -> None:
    assert (
        standing_words(Standing(held=True), "UTC", NOW)
        == "Everything is on hold: nothing goes out until somebody says “release everything”."
    )


async def test_a_dry_run_stands_on_every_card_and_ends_by_its_button(desk: AgentDesk) -> None:
    assert (await desk.push(button(await settings(desk), "rehearse"))).text == DRY_RUN
    assert (await settings(desk)).status == DRY_RUN
    post = await desk.base.now("Hello")
    await desk.jobs.run_all()
    card = await desk.card(1)
    assert (card.status, card.notes[0]) == ("Rehearsed, not published", DRY_RUN)
    assert card.previews[0].status == (
        "on hold. Rehearsed Mon 23 Nov 09:00, nothing was sent. It would have gone out as shown."
    )
    assert desk.chat.texts[-1].startswith("#1 on Fake: Rehearsed")
    assert (await desk.push(button(await settings(desk), "end_rehearsal"))).text.startswith("Posts go out for real")
    await desk.press("post_now", post.id, 1)
    assert (await desk.card(1)).status == "Published"


async def test_no_button_ends_what_whoever_runs_the_desk_decided(desk: AgentDesk) -> None:
    rules = await desk.services.approvals.policy.view(desk.actor.workspace_id)
    forced = GuardsView(standing=Standing(rehearsing=True, forced=True))
    card = settings_card(rules, forced, desk.actor, NOW)
    assert not {"rehearse", "end_rehearsal"} & {one.verb for one in card.buttons}
    assert card.status == DRY_RUN
