"""From a message to its answer, through the job runner: one turn at a time in a conversation, nothing lost, nothing twice."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from PIL import Image
from pydantic import PrivateAttr

from agent.briefer import Briefer
from agent.briefing import Briefing
from bot.chat import Choice, OutMessage
from bot.commands import COMMANDS
from bot.conversation import IN_PRIVATE, STOPPED, Conversations, Thinking
from bot.joining import Joining
from content.errors import Unavailable
from content.identities import Identities
from content.models import Role
from content.transcript import Line, Transcript
from tests.fakes.agent_desk import AgentDesk, Opens
from tests.fakes.chat import FakeChat
from tests.fakes.model import Script, ScriptedModel, calling


def draft(text: str = "Cats are back.") -> AIMessage:
    return calling("draft_post", brief="cats", variants=[{"parts": [text]}])


def spoken(messages: list[BaseMessage]) -> str:
    """The person's newest words as the model reads them, without the desk's notes."""
    newest = next(message for message in reversed(messages) if isinstance(message, HumanMessage))
    return newest.text.partition("\n\n<desk-notes>")[0]


class WaitingModel(ScriptedModel):
    """It waits for something before every answer."""

    def __init__(self, replies: Sequence[Script], wait: Callable[[], Awaitable[None]]) -> None:
        super().__init__(replies)
        self._wait = wait

    _wait: Callable[[], Awaitable[None]] = PrivateAttr()

    async def _astream(self, *args: Any, **how: Any) -> AsyncIterator[ChatGenerationChunk]:
        await self._wait()
        async for piece in super()._astream(*args, **how):
            yield piece


def waiting(wait: Callable[[], Awaitable[None]], *replies: str) -> WaitingModel:
    return WaitingModel(replies, wait)


async def open_events(desk: AgentDesk) -> int:
    return len(await desk.transcript.unhandled(desk.place.conversation_id))


async def test_a_card_is_posted_before_the_answer(opens: Opens) -> None:
    desk = await opens(ScriptedModel([draft(), "Here it is."]))
    assert await desk.talk("write about cats") == "Here it is."
    shown = [shown.message for shown in desk.chat.messages.values()]
    assert [card.title for card in desk.chat.cards] == ["#1"]
    assert shown[0].card
    assert shown[1] == OutMessage("Here it is.")
    assert desk.chat.log[0] == "progress"
    assert desk.chat.log[-1] == "over"
    assert await open_events(desk) == 0


async def test_the_person_sees_what_is_being_done(opens: Opens) -> None:
    desk = await opens(ScriptedModel([draft(), draft(), "Two drafts."]))
    await desk.talk("write twice")
    assert ["✓ writing"] in desk.chat.steps()
    texts = [progress.text for progress in desk.chat.progresses if progress]
    assert texts[-1] == "Two drafts."
    assert desk.chat.progresses[-1] is None


async def test_a_post_that_is_touched_twice_is_shown_once(opens: Opens) -> None:
    desk = await opens(
        ScriptedModel([draft(), calling("schedule_post", post=0, action="set", when="tomorrow 9"), "Ok."])
    )
    await desk.talk("write and plan it")
    assert len(desk.chat.cards) == 1
    assert (await desk.card()).status.startswith("Draft, planned for Tue 24 Nov 09:00")


async def test_choices_are_offered_with_the_answer(opens: Opens) -> None:
    choices = [{"label": "Draft", "say": "draft a post"}]
    desk = await opens(ScriptedModel([AIMessage("Which?", additional_kwargs={"choices": choices})]))
    await desk.talk("hm")
    assert next(iter(desk.chat.messages.values())).message.choices == (Choice("Draft", "draft a post"),)


async def test_what_is_said_in_one_breath_is_one_turn(opens: Opens) -> None:
    desk = await opens(ScriptedModel(["ok"]))
    for words in ("Draft a post", "about cats", "please"):
        await desk.say(words)
    await desk.jobs.run_all()
    assert spoken(desk.script.asked[0]) == "Draft a post\n\nabout cats\n\nplease"
    assert len(desk.script.asked) == 1
    assert desk.chat.texts == ["ok"]


async def test_two_messages_while_a_turn_runs_become_one_following_turn(opens: Opens) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        started.set()
        await go_on.wait()

    desk = await opens(waiting(wait, "one", "two"))
    await desk.say("first")
    assert await desk.jobs.start_due() == 1
    await started.wait()
    await desk.say("second")
    await desk.say("third")
    assert await desk.jobs.run_due() == 0, "one turn at a time in a conversation"
    go_on.set()
    await asyncio.gather(*desk.jobs.running)
    await desk.jobs.run_all()
    assert [spoken(messages) for messages in desk.script.asked] == ["first", "second\n\nthird"]
    assert desk.chat.texts == ["one", "two"]


async def test_two_conversations_run_side_by_side(opens: Opens) -> None:
    together = asyncio.Barrier(2)

    async def meet() -> None:
        async with asyncio.timeout(5):
            await together.wait()

    desk = await opens(waiting(meet, "one", "two"))
    await desk.say("here")
    await desk.say("there", await desk.open("another room"))
    assert await desk.jobs.run_due() == 2
    assert sorted(desk.chat.texts) == ["one", "two"]


async def test_two_members_in_one_room_are_answered_one_after_the_other(opens: Opens) -> None:
    desk = await opens(ScriptedModel(["to you", "to Eve"]))
    eve = await desk.base.member(Role.VIEWER, "Eve")
    await desk.say("mine")
    await desk.say("and mine", actor=eve)
    await desk.say("more of mine", actor=eve)
    await desk.jobs.run_all()
    assert [spoken(messages) for messages in desk.script.asked] == ["mine", "and mine\n\nmore of mine"]
    assert "Speaking:\n- Eve" in desk.script.asked[1][-1].text
    assert desk.chat.texts == ["to you", "to Eve"]


async def test_the_post_replied_to_and_the_pictures_sent_are_meant(opens: Opens) -> None:
    desk = await opens(ScriptedModel([draft("One"), "a", draft("Two"), "b", calling("request_approval", post=0), "c"]))
    out = BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    picture = (await desk.services.media.add(desk.actor, "cat.png", out.getvalue())).media_id
    await desk.talk("one", images=(picture,))
    await desk.talk("two")
    first, second = desk.chat.cards
    assert [len(card.previews[0].parts[0].images) for card in (first, second)] == [1, 0]
    await desk.talk("have it approved", reply_to=first.subject)
    assert [(await desk.card(number)).status for number in (1, 2)] == ["Waiting for approval", "Draft"]


async def test_an_answer_to_a_card_that_is_no_post_or_gone_means_nothing_special(opens: Opens) -> None:
    desk = await opens()
    assert await desk.talk("and this?", reply_to="post:post_of_others") == "ok"
    assert await desk.talk("and this?", reply_to="calendar:this week") == "ok"
    assert "“It” is" not in desk.script.asked[-1][-1].text


async def test_nothing_to_answer_is_no_turn(opens: Opens) -> None:
    desk = await opens()
    assert await desk.conversations.turn(desk.place.conversation_id) is None
    assert desk.script.asked == []


async def test_a_card_that_cannot_be_drawn_any_more_is_left_out(opens: Opens) -> None:
    class Blind:
        base = staticmethod(str)

        async def draw(self, subject: str, actor: object) -> None:
            return None

    desk = await opens(ScriptedModel([draft(), "Here."]))
    desk.handlers["turn"] = conversations(desk, drawing=Blind()).turn
    await desk.talk("write")
    assert desk.chat.cards == []
    assert desk.chat.texts == ["Here."]


def conversations(desk: AgentDesk, **changes: object) -> Conversations:
    parts = {
        "transcript": desk.transcript,
        "people": desk.base.people,
        "desk": desk.services,
        "drawing": desk.drawing,
        "chats": desk.chats,
        "thinking": thinking(desk),
        "joining": Joining(Identities(desk.db, desk.clock), {}, desk.base.people.invite),
        "stops": desk.stops,
    }
    return Conversations(**{**parts, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("/calendar", "Calendar, this week"),
        ("/connect", "Accounts"),
        (" /Connect now", "Accounts"),
        ("/goals", "Goals"),
        ("/trends", "What is moving"),
    ],
)
async def test_a_command_is_answered_without_the_model(opens: Opens, words: str, title: str) -> None:
    desk = await opens()
    await desk.say(words)
    await desk.jobs.run_all()
    assert [card.title for card in desk.chat.cards] == [title]
    assert desk.script.asked == []
    assert await open_events(desk) == 0


@pytest.mark.parametrize("words", ["/help", "/dance"])
async def test_a_command_that_shows_nothing_says_what_can_be_done(opens: Opens, words: str) -> None:
    desk = await opens()
    said = await desk.talk(words)
    assert said.startswith("Ask in plain words")
    assert all(f"`/{name}`" in said for name in COMMANDS)


@pytest.mark.parametrize("words", ["/", "/1", "and/or", "/etc/hosts is full"])
async def test_a_slash_alone_is_no_command(opens: Opens, words: str) -> None:
    desk = await opens()
    assert await desk.talk(words) == "ok"


# what goes wrong


class Dying(Transcript):
    """The process dies when it wants to note that it answered."""

    async def handled(self, ids: Sequence[str], replies: Sequence[Line] = ()) -> list[str]:
        raise asyncio.CancelledError


async def test_the_answer_is_posted_once_although_the_job_runs_twice(opens: Opens) -> None:
    """Killed between the answer and the mark that it was given: the next worker finds the message unanswered."""
    desk = await opens(ScriptedModel(["Good morning."]))
    await desk.say("hello")
    with pytest.raises(asyncio.CancelledError):
        await conversations(desk, transcript=Dying(desk.db, desk.clock)).turn(desk.place.conversation_id)
    assert desk.chat.texts == ["Good morning."]
    assert await open_events(desk) == 1
    await desk.jobs.run_all()
    assert desk.chat.texts == ["Good morning."]
    assert len(desk.script.asked) == 1, "nor is it thought again"
    assert await open_events(desk) == 0


async def test_what_a_killed_turn_had_drafted_is_not_there_twice(opens: Opens) -> None:
    thinking_again, never = asyncio.Event(), asyncio.Event()

    async def hang_once() -> None:
        if len(model.asked) == 1 and not thinking_again.is_set():
            thinking_again.set()
            await never.wait()

    model = WaitingModel([draft(), draft(), "Here it is."], hang_once)
    desk = await opens(model)
    await desk.say("write about cats")
    turn = asyncio.create_task(desk.conversations.turn(desk.place.conversation_id))
    await thinking_again.wait()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    assert (await desk.card(1)).status == "Draft"
    await desk.jobs.run_all()
    assert desk.chat.texts == ["Here it is."]
    assert [post.number for post in await desk.services.posts.open_posts(desk.actor.workspace_id)] == [2]
    assert [(await desk.card(number)).status for number in (1, 2)] == ["Deleted", "Draft"]


async def test_a_bug_is_told_with_an_id_that_is_in_the_log_and_the_next_turn_works(
    opens: Opens, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(_: list[BaseMessage]) -> AIMessage:
        raise RuntimeError("the secret plan")

    desk = await opens(ScriptedModel([draft(), breaks, "Better."]))
    with caplog.at_level(logging.ERROR):
        said = await desk.talk("hello")
    assert "what is done stands" in said
    assert "secret plan" not in said
    [record] = [record for record in caplog.records if record.message == "turn.failed"]
    assert record.failure in said  # type: ignore[attr-defined]
    assert record.exc_info
    assert await desk.talk("again") == "Better."
    assert desk.chat.progresses[-1] is None


class Forgetful(Briefer):
    """It cannot read what is remembered."""

    async def brief(self, *_: Any, **__: Any) -> Briefing:
        raise Unavailable("The memory cannot be read. Try again.", platform="")


async def test_a_refusal_before_the_turn_begins_is_said(opens: Opens) -> None:
    desk = await opens()
    desk.handlers["turn"] = conversations(
        desk, thinking=replace(thinking(desk), briefer=Forgetful(desk.services, desk.recall, guided=False))
    ).turn
    assert await desk.talk("hello") == "The memory cannot be read. Try again."
    assert await open_events(desk) == 0


def thinking(desk: AgentDesk) -> Thinking:
    return Thinking(desk.turns, desk.briefer, desk.recall)


async def test_a_chat_that_is_down_loses_nothing(opens: Opens) -> None:
    desk = await opens()
    desk.chat.down = RuntimeError("no network")
    await desk.say("hello")
    await desk.jobs.run_all()
    assert await open_events(desk) == 1
    desk.chat.down = None
    desk.clock.move((await desk.jobs.next_at() or desk.clock.now()) - desk.clock.now())
    await desk.jobs.run_all()
    assert desk.chat.texts == ["ok"]


async def test_without_the_conversation_store_nothing_is_lost_but_the_small_talk(opens: Opens) -> None:
    """The checkpointer holds conversation only."""
    model = ScriptedModel(
        [
            draft(),
            calling("schedule_post", post=0, action="set", when="tomorrow 9"),
            calling("remember", text="The shop opens at 9", kind="fact"),
            calling("set_goal", kind="posts_per_week", target=3),
            "All done.",
            "What did you say?",
        ]
    )
    desk = await opens(model)
    await desk.talk("do all of it")
    post = await desk.services.posts.numbered(desk.actor.workspace_id, 1)
    await desk.services.approvals.approve(desk.actor, post.id, 1, button="press")
    await desk.saver.adelete_thread(desk.place.conversation_id)
    await desk.talk("hello again")
    asked = desk.script.asked[-1]
    assert len(asked) == 2, "only the prompt and the new words"
    notes = asked[-1].text
    assert "#1 (approved) Cats are back." in notes
    assert "0 of 3 posts this week" in notes
    kept = await desk.services.posts.view(desk.actor.workspace_id, post.id)
    assert kept.due_at is not None
    assert kept.deliveries[0].approved_by == "You"
    assert [one.text for one in await desk.recall.everything(desk.actor.workspace_id)] == ["The shop opens at 9"]
    page = await desk.transcript.page(desk.place.conversation_id)
    assert [one.text for one in page.messages if one.text] == [
        "do all of it",
        "All done.",
        "hello again",
        "What did you say?",
    ]


async def test_a_second_chat_answers_in_its_own_place(opens: Opens) -> None:
    desk = await opens()
    other = FakeChat(desk.transcript, "pigeon")
    desk.chats["pigeon"] = other
    await desk.say("hello", await desk.open("roof", "pigeon"))
    await desk.jobs.run_all()
    assert other.texts == ["ok"]
    assert desk.chat.texts == []


async def hanging(opens: Opens) -> tuple[AgentDesk, asyncio.Task[object]]:
    """A desk whose turn has begun and waits for its model."""
    thinking_now, never = asyncio.Event(), asyncio.Event()

    async def hang_once() -> None:
        if not thinking_now.is_set():
            thinking_now.set()
            await never.wait()

    desk = await opens(WaitingModel(["First.", "Second."], hang_once))
    await desk.say("think about it")
    turn: asyncio.Task[object] = asyncio.create_task(desk.jobs.run_all())
    await thinking_now.wait()
    return desk, turn


async def test_a_turn_that_runs_can_be_stopped(opens: Opens) -> None:
    desk, turn = await hanging(opens)
    assert desk.stops.stop(desk.place.conversation_id).text.startswith("Stopping")
    await turn
    assert desk.chat.texts == [STOPPED]
    assert desk.chat.log[-1] == "over"
    assert await open_events(desk) == 0
    assert await desk.talk("and now?") == "First."


async def test_what_is_said_while_a_turn_runs_is_answered_after_it(opens: Opens) -> None:
    desk, turn = await hanging(opens)
    await desk.say("one more thing")
    desk.stops.stop(desk.place.conversation_id)
    await turn
    await desk.jobs.run_all()
    assert desk.chat.texts == [STOPPED, "First."]


async def test_nothing_runs_so_there_is_nothing_to_stop(opens: Opens) -> None:
    desk = await opens(ScriptedModel(["Hello."]))
    assert desk.stops.stop(desk.place.conversation_id).text == "Nothing is running here just now."
    await desk.talk("hi")
    assert desk.stops.stop(desk.place.conversation_id).tone == "plain"


async def test_a_command_that_is_for_one_person_is_answered_to_them_alone(opens: Opens) -> None:
    desk = await opens(ScriptedModel([]))
    assert await desk.talk("/login") == IN_PRIVATE
    [(member_id, words)] = desk.chat.notes
    assert member_id == desk.actor.member_id
    assert words.startswith("This opens the desk's page as you")
    own = await desk.open(desk.actor.member_id)
    assert "No other chat is connected" in await desk.talk("/link", own)


async def test_a_refused_command_says_why(opens: Opens) -> None:
    desk = await opens(ScriptedModel([]))
    assert "Whom shall I invite" in await desk.talk("/invite somebody")
