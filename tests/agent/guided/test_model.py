import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage

from agent.briefing import Briefing, attach
from agent.guided.model import GuidedModel
from agent.guided.replies import CONNECT, HINT
from agent.guided.router import Router
from memory.embeddings import LocalEmbedder
from tests.agent.guided.desk import desk

MODEL = GuidedModel(router=Router(LocalEmbedder()))


def _asked(said: str | list[Any], briefing: Briefing | None = None) -> HumanMessage:
    return attach(HumanMessage(said), briefing or desk())


def _results(message: AIMessage, *texts: str, status: str = "success") -> list[AnyMessage]:
    made = [
        ToolMessage(text, tool_call_id=str(call["id"]), status="error" if status == "error" else "success")
        for call, text in zip(message.tool_calls, texts, strict=True)
    ]
    return [message, *made]


async def test_a_request_becomes_tool_calls_with_ids_of_their_own() -> None:
    answer = await MODEL.ainvoke([SystemMessage("You are the desk."), _asked("3 posts about tea")])
    assert [call["name"] for call in answer.tool_calls] == ["draft_post"] * 3
    assert len({call["id"] for call in answer.tool_calls}) == 3
    assert answer.content == ""


async def test_the_results_are_passed_on_as_they_are() -> None:
    said = _asked("3 posts about tea")
    calls = await MODEL.ainvoke([said])
    answer = await MODEL.ainvoke([said, *_results(calls, "Post #7 drafted.", "Post #8 drafted.", "Post #9 drafted.")])
    assert not answer.tool_calls
    assert str(answer.content).startswith(
        "Post #7 drafted.\n\nPost #8 drafted.\n\nPost #9 drafted.\n\nEach is a template"
    )


async def test_an_error_is_passed_on_without_a_friendly_closing() -> None:
    said = _asked("2 posts about tea")
    calls = await MODEL.ainvoke([said])
    answer = await MODEL.ainvoke(
        [said, *_results(calls, "No account. Connect one.", "No account. Connect one.", status="error")]
    )
    assert answer.content == f"No account. Connect one.\n\n{HINT}"


async def test_a_tool_that_says_nothing_is_still_answered_for() -> None:
    said = _asked("check the goals")
    calls = await MODEL.ainvoke([said])
    assert str((await MODEL.ainvoke([said, *_results(calls, "")])).content).startswith("Done.")


async def test_a_second_step_is_made_on_the_post_the_first_one_made() -> None:
    said = _asked("draft a post about tea for tomorrow 9")
    first = await MODEL.ainvoke([said])
    so_far = [said, *_results(first, "Post #12 is drafted for Blackbird.")]
    second = await MODEL.ainvoke(so_far)
    assert [(call["name"], call["args"]) for call in second.tool_calls] == [
        ("schedule_post", {"post": 12, "action": "set", "when": "tomorrow 9"})
    ]
    last = await MODEL.ainvoke([*so_far, *_results(second, "Tue 24 Nov 09:00 Europe/Berlin (in 18 h).")])
    assert not last.tool_calls
    assert "Post #12" in str(last.content)
    assert "in 18 h" in str(last.content)


async def test_a_second_step_can_ask_for_approval() -> None:
    said = _asked("draft a post about tea and send it for approval")
    first = await MODEL.ainvoke([said])
    second = await MODEL.ainvoke([said, *_results(first, "Post #12 is drafted.")])
    assert [(call["name"], call["args"]) for call in second.tool_calls] == [("request_approval", {"post": 12})]


@pytest.mark.parametrize(("text", "status"), [("It is drafted.", "success"), ("Post #12 cannot be made.", "error")])
async def test_there_is_no_second_step_where_the_first_did_not_work(text: str, status: str) -> None:
    said = _asked("draft a post about tea for tomorrow 9")
    first = await MODEL.ainvoke([said])
    answer = await MODEL.ainvoke([said, *_results(first, text, status=status)])
    assert not answer.tool_calls
    assert text in str(answer.content)


async def test_buttons_travel_with_the_answer() -> None:
    answer = await MODEL.ainvoke([_asked("schedule post 3")])
    assert answer.additional_kwargs["choices"][0] == {"label": "Tomorrow 9:00", "say": "schedule post 3 tomorrow 9:00"}


async def test_an_answer_without_buttons_carries_none() -> None:
    assert "choices" not in (await MODEL.ainvoke([_asked("thanks")])).additional_kwargs


async def test_guided_mode_is_mentioned_once_a_conversation() -> None:
    first = await MODEL.ainvoke([_asked("hello")])
    assert str(first.content).count(CONNECT) == 1
    again = await MODEL.ainvoke([HumanMessage("hello"), first, _asked("thanks")])
    assert CONNECT not in str(again.content)
    asked = await MODEL.ainvoke([HumanMessage("hello"), first, _asked("what is guided mode?")])
    assert str(asked.content).count(CONNECT) == 1


async def test_a_message_in_blocks_is_read() -> None:
    answer = await MODEL.ainvoke([_asked([{"type": "text", "text": "check the goals"}])])
    assert answer.tool_calls[0]["name"] == "check_goals"


async def test_an_older_request_is_not_carried_out_again() -> None:
    old = HumanMessage("publish post 3 now")
    answer = await MODEL.ainvoke([old, AIMessage("All right."), _asked("thanks")])
    assert not answer.tool_calls


def test_it_is_a_chat_model_that_needs_no_tools_bound() -> None:
    assert MODEL.bind_tools([]) is MODEL
    assert MODEL._llm_type == "guided"
    assert MODEL.invoke([_asked("check the goals")]).tool_calls[0]["name"] == "check_goals"


async def test_without_a_briefing_it_is_a_mistake_in_the_caller() -> None:
    with pytest.raises(LookupError):
        await MODEL.ainvoke([HumanMessage("hello")])


OUTWARD = {"request_approval", "schedule_post"}
NEVER = st.sampled_from(
    [
        "don't",
        "do not",
        "never",
        "Don’t",
        "dont",
        "please do not ever",
        "you must not",
        "stop",
        "I would never",
        "DO NOT",
    ]
)
DEED = st.sampled_from(
    [
        "publish",
        "schedule",
        "post",
        "send",
        "release",
        "submit",
        "approve",
        "publish post 3",
        "schedule it for tomorrow 9",
        "post it now",
    ]
)
AROUND = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=st.text(max_size=400), drafts=st.booleans())
async def test_no_text_makes_it_fail(said: str, drafts: bool) -> None:
    answer = await MODEL.ainvoke([_asked(said, desk() if drafts else desk(drafts=(), selected=0))])
    assert answer.content or answer.tool_calls
    assert len(answer.tool_calls) <= 4


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=AROUND, no=NEVER, deed=DEED, after=AROUND)
async def test_a_sentence_with_a_negation_of_it_never_moves_a_post_towards_the_public(
    before: str, no: str, deed: str, after: str
) -> None:
    said = _asked(f"{before} {no} {deed} {after}")
    answer = await MODEL.ainvoke([said])
    assert not OUTWARD & {call["name"] for call in answer.tool_calls}
    if answer.tool_calls:
        done = _results(answer, *(f"Post #{place} is drafted." for place, _ in enumerate(answer.tool_calls, 7)))
        assert not (await MODEL.ainvoke([said, *done])).tool_calls


def test_the_hint_says_how_to_connect_a_model() -> None:
    assert re.search(r"OPENAI_API_KEY.*OPENAI_BASE_URL.*COPYDESK_MODEL", HINT)
