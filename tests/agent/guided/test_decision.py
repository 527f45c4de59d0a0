from collections.abc import Mapping
from typing import Any

import pytest

from agent.briefing import Briefing
from agent.guided import planning
from agent.guided.decision import LONGEST, MAKERS, decide
from agent.guided.exemplars import ACTIONS
from agent.guided.moves import Follow, Move
from agent.guided.offers import offers, outright
from agent.guided.router import Router
from tests.agent.guided.desk import HEADLINE, desk, empty


async def _only(said: str, router: Router, briefing: Briefing | None = None) -> tuple[str, Mapping[str, Any]]:
    """The one tool called for a sentence, and its arguments."""
    move = await decide(said, briefing or desk(), router)
    assert len(move.calls) == 1, move.text
    return move.calls[0].tool, move.calls[0].args


async def _said(said: str, router: Router, briefing: Briefing | None = None) -> Move:
    """The answer to a sentence that calls no tool."""
    move = await decide(said, briefing or desk(), router)
    assert not move.calls
    assert move.text
    return move


def test_every_action_has_a_maker() -> None:
    assert set(MAKERS) == set(ACTIONS)


@pytest.mark.parametrize(
    ("said", "tool", "args"),
    [
        ("what's going out next week?", "show_calendar", {"span": "next week"}),
        ("show the calendar", "show_calendar", {"span": "this week"}),
        ("check the goals", "check_goals", {}),
        (
            "post this every Friday 17:00, for 8 weeks",
            "schedule_post",
            {"post": 3, "action": "set", "when": "every Friday 17:00, for 8 weeks"},
        ),
        ("put post 3 in the queue", "schedule_post", {"post": 3, "action": "set", "when": "next free slot"}),
        (
            "schedule post 3 for the next free slot",
            "schedule_post",
            {"post": 3, "action": "set", "when": "next free slot"},
        ),
        ("schedule post 3 for tomorrow at 9", "schedule_post", {"post": 3, "action": "set", "when": "tomorrow at 9"}),
        ("hold post 3", "schedule_post", {"post": 3, "action": "hold", "when": ""}),
        ("release #5", "schedule_post", {"post": 5, "action": "release", "when": ""}),
        ("cancel the launch post", "schedule_post", {"post": 5, "action": "cancel", "when": ""}),
        ("send post 2 for approval", "request_approval", {"post": 2}),
        ("publish it now", "request_approval", {"post": 3}),
        ("remember that we open at 8", "remember", {"text": "we open at 8", "kind": "fact"}),
        ("we never use emoji in our posts", "remember", {"text": "we never use emoji in our posts", "kind": "voice"}),
        ("don't forget that we open at 8", "remember", {"text": "we open at 8", "kind": "fact"}),
        ("what do you know about tea?", "recall", {"query": "tea"}),
        ("what do you remember", "recall", {"query": "what do you remember"}),
        ("forget what I said about tea", "forget", {"query": "tea"}),
        (
            "set a goal of 3 posts a week",
            "set_goal",
            {"kind": "posts_per_week", "target": 3, "deadline": "", "account": ""},
        ),
        (
            "new goal: 1,500 followers on Blackbird by the end of March",
            "set_goal",
            {"kind": "followers", "target": 1500, "deadline": "the end of March", "account": "Blackbird"},
        ),
        (
            "goal for June: 10k followers",
            "set_goal",
            {"kind": "followers", "target": 10_000, "deadline": "June", "account": ""},
        ),
        ("goal: 2 posts a day", "set_goal", {"kind": "posts_per_week", "target": 14, "deadline": "", "account": ""}),
        ("goal: post twice a week", "set_goal", {"kind": "posts_per_week", "target": 2, "deadline": "", "account": ""}),
        ("goal: five posts a week", "set_goal", {"kind": "posts_per_week", "target": 5, "deadline": "", "account": ""}),
        ("goal: 300 likes a month", "set_goal", {"kind": "engagement", "target": 300, "deadline": "", "account": ""}),
        ("what's trending", "research_trends", {"topic": "", "feed": ""}),
        ("any news on chip shortages today?", "research_trends", {"topic": "chip shortages", "feed": ""}),
        ("research heat pumps", "research_trends", {"topic": "heat pumps", "feed": ""}),
        ("look up what people say about the rail strike", "research_trends", {"topic": "the rail strike", "feed": ""}),
        ("anything in the news we could jump on?", "research_trends", {"topic": "", "feed": ""}),
        ("read https://a.example/feed.xml", "research_trends", {"topic": "", "feed": "https://a.example/feed.xml"}),
        (
            "every Monday 9:00 draft a post about tea",
            "plan_recurring",
            {"when": "every Monday 9:00", "instruction": "draft a post about tea"},
        ),
        (
            "set up a series about tea every friday",
            "plan_recurring",
            {"when": "every friday", "instruction": "draft a series about tea"},
        ),
        (
            "each week at 4pm write a friday roundup",
            "plan_recurring",
            {"when": "every friday at 4pm", "instruction": "write a roundup"},
        ),
        (
            "on tuesdays draft a customer story at 9:30",
            "plan_recurring",
            {"when": "on tuesdays at 9:30", "instruction": "draft a customer story"},
        ),
    ],
)
async def test_a_clear_request_becomes_one_call(said: str, tool: str, args: dict[str, Any], router: Router) -> None:
    assert await _only(said, router) == (tool, args)


async def test_a_draft_goes_to_the_accounts_named_with_the_pictures_sent(router: Router) -> None:
    tool, args = await _only("draft a post about tea for Blackbird", router, desk(images=("media_1",)))
    assert tool == "draft_post"
    assert args["variants"][0]["accounts"] == ["Blackbird"]
    assert args["images"] == ["media_1"]
    assert args["brief"].endswith("(template draft)")


async def test_own_words_are_posted_untouched(router: Router) -> None:
    _, args = await _only("post this: Doors open at noon.  See you!", router)
    assert args["variants"] == [{"accounts": [], "parts": ["Doors open at noon.  See you!"]}]
    assert "template" not in args["brief"]


async def test_own_words_become_a_thread_where_one_is_asked_for(router: Router) -> None:
    _, args = await _only("post this text as a thread:\nOne.\n\nTwo.\n\nThree.", router)
    assert args["variants"][0]["parts"] == ["One.", "Two.", "Three."]


async def test_three_posts_are_three_calls_from_three_angles(router: Router) -> None:
    move = await decide("3 posts about electric bikes", desk(), router)
    assert [call.tool for call in move.calls] == ["draft_post"] * 3
    assert len({call.args["brief"] for call in move.calls}) == 3
    assert "angle" in move.closing


async def test_more_posts_than_a_turn_holds_are_begun_and_the_rest_is_said(router: Router) -> None:
    move = await decide("6 posts about bees", desk(), router)
    assert len(move.calls) == 4
    assert "draft a post about bees" in move.closing


@pytest.mark.parametrize(
    ("said", "follow"),
    [
        ("draft a post about tea for tomorrow 9", Follow("schedule_post", "tomorrow 9")),
        ("draft a post about tea and schedule it for Friday 14:30", Follow("schedule_post", "Friday 14:30")),
        ("draft a post about tea and send it for approval", Follow("request_approval")),
        ("post this tomorrow at 9: Doors open at noon.", Follow("schedule_post", "tomorrow at 9")),
        ("don't wait, post this tomorrow at 9: Doors open at noon.", None),
        ("draft a post about tea and put in a joke", None),
        ("draft a post about tea but don't plan it, and send it for approval", None),
        ("3 posts about tea for tomorrow 9", None),
    ],
)
async def test_a_second_step_is_kept_for_later(said: str, follow: Follow | None, router: Router) -> None:
    assert (await decide(said, desk(), router)).follow == follow


async def test_without_a_topic_it_asks_and_offers_what_it_knows(router: Router) -> None:
    move = await _said("write a post", router, desk(headlines=(HEADLINE,), memories=("Tea is best at four",)))
    assert [choice.label for choice in move.choices] == [HEADLINE.title, "Tea is best at four"]


async def test_a_revision_by_rule_changes_the_text_that_stands(router: Router) -> None:
    tool, args = await _only('replace "Tuesday" with "Wednesday" in post 3', router)
    assert tool == "revise_post"
    assert args["post"] == 3
    assert args["variants"][0]["parts"] == ["The fair is back. Wednesday at nine! Bring friends 🎉"]
    assert args["change"] == "“Tuesday” became “Wednesday”"


async def test_a_revision_with_new_words_takes_them_exactly(router: Router) -> None:
    _, args = await _only("new text for post 2: Our bakery opens  today.", router)
    assert args["variants"][0]["parts"] == ["Our bakery opens  today."]


async def test_a_revision_that_needs_a_model_says_so_and_offers_what_rules_can_do(router: Router) -> None:
    move = await _said("make post 3 funnier", router)
    assert "language model" in move.text
    for choice in move.choices:
        tool, _ = await _only(choice.say, router)
        assert tool == "revise_post"


async def test_a_post_whose_text_is_not_at_hand_is_not_guessed_at(router: Router) -> None:
    assert "don't have the text of post 5" in (await _said("make post 5 shorter", router)).text


@pytest.mark.parametrize("said", ["make it shorter", "schedule it for tomorrow at 9", "send it for approval"])
async def test_without_an_open_post_it_says_so(said: str, router: Router) -> None:
    move = await _said(said, router, empty())
    assert "no open post" in move.text
    assert [choice.label for choice in move.choices] == ["Draft a post"]


async def test_a_missing_time_is_asked_for_and_each_button_answers(router: Router) -> None:
    move = await _said("schedule post 3", router)
    assert "When should post 3" in move.text
    for choice in move.choices:
        tool, args = await _only(choice.say, router)
        assert (tool, args["action"], bool(args["when"])) == ("schedule_post", "set", True)


@pytest.mark.parametrize(
    "said", ["set a goal", "set a goal of 3 cakes", "goal: more followers", "goal: followers daily"]
)
async def test_a_goal_without_a_number_is_asked_for(said: str, router: Router) -> None:
    assert "Which number" in (await _said(said, router)).text


@pytest.mark.parametrize("said", ["plan: draft a tip", "plan: every Monday 9:00", "plan: do this every week"])
async def test_a_plan_needs_a_day_and_a_deed(said: str, router: Router) -> None:
    move = await _said(said, router)
    assert "on which day" in move.text
    assert (await _only(move.choices[0].say, router))[0] == "plan_recurring"


@pytest.mark.parametrize(
    "said",
    [
        "cancel the Monday plan",
        "pause the Monday plan",
        "please cancel that weekly plan of ours",
        "cancel the daily tip",
        "stop drafting a tip every Monday",
        "no more tips every Monday",
        "no more weekly tips",
        "I want the Monday plan to stop.",
    ],
)
async def test_ending_a_plan_changes_no_post_makes_no_plan_and_leads_to_the_card(said: str, router: Router) -> None:
    move = await _said(said, router)
    assert "ended nothing" in move.text
    assert move.choices[0].say == "/plans"


async def test_beside_it_stands_the_post_that_may_have_been_meant(router: Router) -> None:
    assert [one.say for one in (await _said("cancel the Monday plan", router)).choices] == ["/plans", "cancel post 3"]
    assert [one.say for one in (await _said("end the Monday plan", router)).choices] == ["/plans"]


@pytest.mark.parametrize(
    "said",
    [
        "cancel the plan for post 3",
        "stop using emoji every time",
        "drop the plan to use emoji",
        "hold it",
        "hold the post about our plans",
        "no more exclamation marks in the weekly posts",
        "no longer than 200 characters for the daily tips",
    ],
)
def test_what_names_a_post_or_no_plan_ends_none(said: str) -> None:
    assert not planning.ends(said)


async def test_forgetting_nothing_in_particular_forgets_nothing(router: Router) -> None:
    move = await _said("delete that memory", router, desk(memories=("Tea is best at four",)))
    assert (await _only(move.choices[0].say, router)) == ("forget", {"query": "Tea is best at four"})


def test_an_empty_note_is_asked_for() -> None:
    assert "What should I remember" in MAKERS["remember"]("remember", desk()).text


@pytest.mark.parametrize(
    "said", ["don't publish", "do not schedule it", "never post that", "don’t send post 3 for approval"]
)
async def test_a_negation_does_nothing_and_says_so(said: str, router: Router) -> None:
    move = await _said(said, router)
    assert move.text.startswith("I did nothing")
    assert move.choices[0].say == "hold post 3"


async def test_a_general_rule_in_a_negation_can_be_remembered(router: Router) -> None:
    move = await _said("never publish anything on sundays", router, empty())
    assert ("Remember that", "remember: never publish anything on sundays") in [(c.label, c.say) for c in move.choices]


@pytest.mark.parametrize("said", ["schedule post 3 not before 18:00", "schedule post 3 tomorrow 9, no, Friday 9"])
async def test_a_time_with_a_no_in_it_is_offered_not_armed(said: str, router: Router) -> None:
    move = await _said(said, router)
    assert [choice.label for choice in move.choices] == ["Schedule post 3", "Hold post 3"]


def test_an_approval_with_a_no_in_it_is_not_asked_for() -> None:
    assert not MAKERS["request_approval"]("no approval for post 3", desk()).calls


async def test_when_unsure_the_likeliest_actions_are_offered_and_every_button_is_understood(router: Router) -> None:
    move = await _said("tea tea monday wednesday maybe post thing", router)
    assert "Did you mean" in move.text
    assert 1 <= len(move.choices) <= 3
    for choice in move.choices:
        assert outright(choice.say)


def test_every_action_but_talking_can_be_offered_on_a_working_desk() -> None:
    made = offers(ACTIONS, "hold post 3 about tea on friday", desk(), most=20)
    assert len(made) == len(ACTIONS) - 1
    assert {outright(choice.say) for choice in made} == set(ACTIONS) - {"talk"}
    assert "hold post 3" in [choice.say for choice in made]


def test_what_makes_no_sense_now_is_not_offered() -> None:
    said = {choice.label for choice in offers(ACTIONS, "please", empty(), most=20)}
    assert not said & {"Draft a post", "Schedule post 0", "Change post 0", "Forget it"}


async def test_moving_towards_the_public_needs_a_word_that_says_so(router: Router) -> None:
    for said in ("tea", "the blue one", "post 3", "number 3 seems fine to me I guess"):
        assert not [call for call in (await decide(said, desk(), router)).calls if call.tool == "request_approval"]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("hello", "Hello!"),
        ("hi, I'm new here, what now?", "Hello!"),
        ("thanks a lot", "You're welcome"),
        ("good night", "goes on without us"),
        ("never mind", "I did nothing"),
        ("help", "Nothing goes out before a person approves"),
        ("what is guided mode?", "OPENAI_API_KEY"),
        ("are you a robot", "I am Copydesk"),
        ("what is the capital of France", "can't help with that one"),
        ("", "can't help with that one"),
        ("ok", "Tell me what to do next"),
    ],
)
async def test_talk_gets_a_short_honest_answer(said: str, answer: str, router: Router) -> None:
    assert answer in (await _said(said, router)).text


async def test_talk_offers_next_steps_that_fit_the_desk(router: Router) -> None:
    first_day = await _said("help", router, empty())
    assert [choice.label for choice in first_day.choices] == ["Draft a post", "Show the calendar", "What is trending"]
    later = await _said("help", router, desk(headlines=(HEADLINE,), goals=("3 posts a week",)))
    assert [choice.label for choice in later.choices] == [
        "Draft from a headline",
        "Show the calendar",
        "Check the goals",
    ]
    for choice in (*first_day.choices, *later.choices):
        assert (await decide(choice.say, desk(), router)).calls


async def test_a_picture_alone_is_asked_about(router: Router) -> None:
    assert "picture" in (await _said(" ", router, desk(images=("media_1",)))).text


async def test_a_message_longer_than_any_post_is_refused_in_words(router: Router) -> None:
    assert "20,001" in (await _said("a" * (LONGEST + 1), router)).text


@pytest.mark.parametrize("said", ["connect my account", "please link our page", "how do I log in to my account?"])
async def test_connecting_an_account_leads_to_its_form(said: str, router: Router) -> None:
    answer = await _said(said, router)
    assert [choice.say for choice in answer.choices] == ["/connect"]


async def test_connecting_a_model_is_another_thing(router: Router) -> None:
    assert "OPENAI_API_KEY" in (await _said("how do I connect a model?", router)).text


async def test_new_words_for_a_post_are_taken_as_they_are(router: Router) -> None:
    tool, args = await _only("Change post 3 to: We open at 8.", router)
    assert (tool, args["post"], args["variants"][0]["parts"]) == ("revise_post", 3, ["We open at 8."])


@pytest.mark.parametrize(
    "said", ["Draft a post: Good morning number 1.", "could you write a few lines announcing that we moved?"]
)
async def test_everyday_orders_draft(said: str, router: Router) -> None:
    assert (await _only(said, router))[0] == "draft_post"
