"""A turn through the real graph, the real tools and the real services, with a scripted model."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agent.events import Did, Doing, Said, TurnEvent, Writing
from agent.openai_chat import UnreadableReply
from agent.turn import NOTHING, TurnLimits
from content.errors import Unavailable
from tests.fakes.agent_desk import AgentDesk, Opens
from tests.fakes.model import ScriptedModel, calling, calling_all
from tests.fakes.trends import FakeSource


def draft(text: str = "Cats are back.") -> AIMessage:
    return calling("draft_post", brief="cats", variants=[{"parts": [text]}])


async def events(desk: AgentDesk, text: str = "hello", **circumstances: Any) -> list[TurnEvent]:
    context = replace(await desk.context(text), **circumstances)
    return [event async for event in desk.turns.run(desk.place.conversation_id, text, context)]


async def kept(desk: AgentDesk) -> list[BaseMessage]:
    """The conversation as the checkpointer keeps it."""
    found = await desk.saver.aget({"configurable": {"thread_id": desk.place.conversation_id}})
    assert found is not None
    messages: list[BaseMessage] = found["channel_values"]["messages"]
    return messages


def usage(tokens: int) -> dict[str, int]:
    return {"input_tokens": tokens - 1, "output_tokens": 1, "total_tokens": tokens}


async def test_a_text_is_told_while_it_is_written(opens: Opens) -> None:
    desk = await opens(ScriptedModel(["Good morning, you."]))
    assert await events(desk) == [
        Writing("Good "),
        Writing("Good morning, "),
        Writing("Good morning, you."),
        Said("Good morning, you."),
    ]


async def test_a_model_that_cannot_stream_is_heard_whole(opens: Opens) -> None:
    model = ScriptedModel([draft(), "Good morning, you."])
    model.disable_streaming = True
    told = await events(await opens(model))
    assert [type(event) for event in told] == [Doing, Did, Said]
    assert told[-1] == Said("Good morning, you.")


async def test_a_tool_is_told_when_it_begins_and_when_it_is_done(opens: Opens) -> None:
    desk = await opens(ScriptedModel([draft(), "Here."]))
    told = await events(desk)
    post = await desk.services.posts.numbered(desk.actor.workspace_id, 0)
    call = "call_0_draft_post"
    assert told == [Doing(call, "writing"), Did(call, f"post:{post.id}"), Writing("Here."), Said("Here.")]


async def test_several_calls_are_done_in_their_order_and_counted(opens: Opens) -> None:
    texts = ["One", "Two", "Three"]
    calls = [("draft_post", {"brief": text, "variants": [{"parts": [text]}]}) for text in texts]
    desk = await opens(ScriptedModel([calling_all(*calls, ("check_goals", {})), "Done."]))
    told = await events(desk)
    begun = [event.words for event in told if isinstance(event, Doing)]
    assert begun == ["writing 1 of 3", "writing 2 of 3", "writing 3 of 3", "reading your goals"]
    assert [type(event) for event in told[:4]] == [Doing, Did, Doing, Did], "a card need not wait for the next draft"
    posts = [await desk.services.posts.numbered(desk.actor.workspace_id, number) for number in (1, 2, 3)]
    assert [post.words for post in posts] == texts


async def test_a_later_call_may_mean_what_an_earlier_one_made(opens: Opens) -> None:
    both = calling_all(
        ("draft_post", {"brief": "b", "variants": [{"parts": ["Fresh bread"]}]}),
        ("schedule_post", {"post": 0, "action": "set", "when": "tomorrow 9"}),
    )
    desk = await opens(ScriptedModel([both, "Done."]))
    await events(desk)
    assert (await desk.services.posts.numbered(desk.actor.workspace_id, 1)).due_at is not None


async def test_the_model_is_offered_every_tool_in_the_same_order(opens: Opens) -> None:
    desk = await opens()
    assert desk.script.offered == sorted(desk.script.offered)
    assert len(desk.script.offered) == 12


async def test_what_the_guided_model_offers_comes_as_choices(opens: Opens) -> None:
    choices = [{"label": "Draft", "say": "draft a post"}]
    desk = await opens(ScriptedModel([AIMessage("Which?", additional_kwargs={"choices": choices})]))
    assert (await events(desk))[-1] == Said("Which?", choices)


@pytest.mark.parametrize("nonsense", ["", "   \n", AIMessage([])])
async def test_an_empty_answer_becomes_a_sentence(opens: Opens, nonsense: str | AIMessage) -> None:
    desk = await opens(ScriptedModel([nonsense]))
    assert (await events(desk))[-1] == Said(NOTHING)


async def test_an_unknown_tool_is_explained_to_the_model(opens: Opens) -> None:
    desk = await opens(ScriptedModel([calling("publish_now", post=1), "I cannot do that."]))
    told = await events(desk)
    assert told[0] == Doing("call_0_publish_now", "publish now")
    assert told[-1] == Said("I cannot do that.")
    assert "publish_now is not a valid tool" in desk.tool_answers()[0]


async def test_wrong_arguments_are_explained_and_mended(opens: Opens) -> None:
    wrong = calling("draft_post", brief="x" * 5_000, variants="Cats")
    desk = await opens(ScriptedModel([wrong, calling("draft_post", brief="cats"), draft(), "There it is."]))
    assert (await events(desk))[-1] == Said("There it is.")
    first, second, third = desk.tool_answers()
    assert first.startswith("That did not work: wrong arguments for draft_post. variants: ")
    assert "variants: Field required" in second
    assert "Post #1" in third
    assert len(first) < 300


async def test_a_refusal_of_the_desk_is_a_sentence_for_the_model(opens: Opens) -> None:
    desk = await opens(ScriptedModel([calling("request_approval", post=7), "There is none."]))
    await events(desk)
    assert desk.tool_answers() == [
        "That did not work: There is no post #7 here. Ask for a draft first, or look at the calendar."
    ]


async def test_a_loop_is_stopped_after_so_many_steps(opens: Opens) -> None:
    desk = await opens(ScriptedModel(always=calling("check_goals")))
    assert (await events(desk))[-1] == Said("I stopped after 5 steps. What is done stands; ask again for the rest.")
    assert len(desk.script.asked) == 5


async def test_a_turn_that_takes_too_long_is_stopped_and_what_was_said_is_kept(opens: Opens) -> None:
    model = ScriptedModel([draft(), calling("research_trends"), "ok", "Yes, cats."])
    desk = await opens(model, sources=[FakeSource(takes=60)], limits=TurnLimits(time=timedelta(seconds=1)))
    assert (await events(desk))[-1] == Said("I stopped after 1 seconds. What is done stands; ask again for the rest.")
    assert (await desk.services.posts.numbered(desk.actor.workspace_id, 0)).number == 1, "what is done stands"
    assert (await events(desk, "and now?"))[-1] == Said("ok")
    assert "hello" in [message.text for message in await kept(desk)]


async def test_time_runs_while_the_chat_shows_an_event_but_never_cuts_it_off(opens: Opens) -> None:
    desk = await opens(ScriptedModel([draft(), "Done."]), limits=TurnLimits(time=timedelta(seconds=1)))
    shown = []
    async for event in desk.turns.run(desk.place.conversation_id, "hello", await desk.context()):
        await asyncio.sleep(1.1 if isinstance(event, Did) else 0)
        shown.append(event)
    assert isinstance(shown[1], Did)
    assert shown[-1] == Said("I stopped after 1 seconds. What is done stands; ask again for the rest.")


async def test_a_turn_that_uses_too_many_tokens_is_stopped(opens: Opens) -> None:
    greedy = calling("check_goals").model_copy(update={"usage_metadata": usage(600)})
    desk = await opens(ScriptedModel(always=greedy), token_budget=1_000)
    said = (await events(desk))[-1]
    assert isinstance(said, Said)
    assert said.text.startswith("I stopped: this turn used as many tokens as one may.")
    assert len(desk.script.asked) == 2
    desk.script._always = "Fresh start."
    assert (await events(desk))[-1] == Said("Fresh start."), "the next turn has its own budget"


@pytest.mark.parametrize("bug", [RuntimeError("a bug"), TimeoutError("of somebody else")])
async def test_a_bug_is_raised_and_the_conversation_is_not_poisoned(opens: Opens, bug: Exception) -> None:
    def breaks(_: list[BaseMessage]) -> AIMessage:
        raise bug

    desk = await opens(ScriptedModel([draft(), breaks, "Better."]))
    with pytest.raises(type(bug), match=str(bug)):
        await events(desk)
    assert (await events(desk, "again"))[-1] == Said("Better.")


async def test_a_tool_that_breaks_leaves_no_torn_call_behind(opens: Opens) -> None:
    desk = await opens(ScriptedModel([draft(), calling("recall", query="cats"), "Better."]))
    with pytest.raises(AttributeError):
        await events(desk, recall=None)
    assert (await events(desk, "again"))[-1] == Said("Better.")
    remaining = await kept(desk)
    assert [type(one).__name__ for one in remaining] == [
        "HumanMessage",
        "AIMessage",
        "ToolMessage",
        "HumanMessage",
        "AIMessage",
    ]


async def test_a_model_that_fails_ends_the_turn_with_a_sentence_and_a_line_in_the_log(
    opens: Opens, caplog: pytest.LogCaptureFixture
) -> None:
    desk = await opens(ScriptedModel([UnreadableReply("torn")]))
    with caplog.at_level(logging.WARNING):
        said = (await events(desk))[-1]
    assert isinstance(said, Said)
    assert said.text.startswith("The model's answer broke off")
    assert [record.message for record in caplog.records] == ["turn.stopped"]


async def test_the_briefing_and_the_artifacts_are_not_kept_as_objects(
    opens: Opens, caplog: pytest.LogCaptureFixture
) -> None:
    """Strict about what it reads back: nothing of ours is in the conversation, only messages."""
    desk = await opens(ScriptedModel([draft(), "one", "two"]))
    await events(desk)
    await events(desk)
    assert [message.additional_kwargs for message in await kept(desk)] == [{}] * 6
    answer = next(message for message in await kept(desk) if isinstance(message, ToolMessage))
    assert str(answer.artifact).startswith("post:")
    assert not caplog.records, "LangGraph logs what it would not read back"


async def test_two_conversations_know_nothing_of_each_other(opens: Opens) -> None:
    desk = await opens(ScriptedModel(["one", "two"]))
    await events(desk, "I like cats")
    other = await desk.open("another room")
    async for _ in desk.turns.run(other.conversation_id, "hello", await desk.context()):
        pass
    said = [message.text for message in desk.script.asked[-1] if isinstance(message, HumanMessage)]
    assert len(said) == 1


async def test_a_source_that_is_down_is_a_sentence(opens: Opens) -> None:
    down = FakeSource(trouble=Unavailable("It is down.", platform="gazette"))
    desk = await opens(ScriptedModel([calling("research_trends", topic="ai"), "Nothing."]), sources=[down])
    await events(desk)
    assert "Gazette: It is down." in desk.tool_answers()[0]
