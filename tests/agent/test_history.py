"""A conversation is kept small and whole."""

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from agent.history import KEEP, LONGEST, dropped, kept, mended
from tests.fakes.agent_desk import AgentDesk, Opens
from tests.fakes.model import ScriptedModel, calling

WORDS = "Here is about a kilobyte of what people say to each other in a turn. " * 7


def asks(*ids: str) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": "recall", "args": {"query": "x"}, "id": each} for each in ids])


def answers(call_id: str) -> ToolMessage:
    return ToolMessage("found", tool_call_id=call_id)


def turn(number: int, *, text: str = "hello") -> list[AnyMessage]:
    return [HumanMessage(f"{text} {number}"), asks("call_0"), answers("call_0"), AIMessage("done")]


def numbered(messages: list[AnyMessage]) -> list[AnyMessage]:
    return [message.model_copy(update={"id": str(index)}) for index, message in enumerate(messages)]


def is_whole(messages: list[AnyMessage]) -> bool:
    """Every call is answered right after it, and every answer has its call."""
    open_calls: list[str] = []
    for message in messages:
        if isinstance(message, ToolMessage):
            if message.tool_call_id not in open_calls:
                return False
            open_calls.remove(message.tool_call_id)
            continue
        if open_calls:
            return False
        open_calls = [str(call["id"]) for call in message.tool_calls] if isinstance(message, AIMessage) else []
    return not open_calls


def test_a_short_conversation_is_kept_as_it_is() -> None:
    messages = numbered(turn(1) + turn(2))
    assert kept(messages) == messages
    assert dropped(messages, messages) == []


def test_the_oldest_turns_go_whole() -> None:
    messages = numbered([message for number in range(9) for message in turn(number)])
    remaining = kept(messages)
    assert remaining[0].text == "hello 4"
    assert len(remaining) == KEEP
    assert [one.id for one in dropped(messages, remaining)] == [str(index) for index in range(16)]


def test_long_texts_go_sooner() -> None:
    messages = numbered([*turn(1, text="x" * (LONGEST // 2)), *turn(2, text="y" * (LONGEST // 2)), *turn(3)])
    assert kept(messages)[0] is messages[4]


def test_the_newest_turn_is_kept_however_long_it_is() -> None:
    endless: list[AnyMessage] = [HumanMessage("z" * LONGEST * 2), *[one for _ in range(20) for one in turn(0)[1:3]]]
    messages = numbered(turn(1) + endless)
    assert kept(messages) == messages[4:]


def test_a_call_that_was_never_answered_goes_with_its_half_answers() -> None:
    torn: list[AnyMessage] = [HumanMessage("two things"), asks("call_0", "call_1"), answers("call_0")]
    messages = numbered([*turn(1), *torn, *turn(2)])
    remaining = list(mended(messages))
    assert is_whole(remaining)
    assert [message.id for message in messages if message not in remaining] == ["5", "6"]
    assert [one.id for one in dropped(messages, kept(messages))] == ["5", "6"]


def test_a_call_is_not_taken_for_answered_because_an_older_one_had_its_id() -> None:
    messages = numbered([*turn(1), HumanMessage("again"), asks("call_0"), *turn(2)])
    assert messages[5] not in list(mended(messages))


def test_an_answer_without_a_call_goes() -> None:
    messages = numbered([HumanMessage("hello"), answers("call_9"), AIMessage("done"), answers("call_9")])
    assert list(mended(messages)) == [messages[0], messages[2]]


async def stored(desk: AgentDesk) -> tuple[int, int]:
    """Rows and bytes that the store keeps of the conversation."""
    counted = []
    for query in (
        "SELECT count(*), sum(length(checkpoint) + length(metadata)) FROM checkpoints WHERE thread_id = ?",
        "SELECT count(*), coalesce(sum(length(value)), 0) FROM writes WHERE thread_id = ?",
    ):
        async with desk.saver.conn.execute(query, (desk.place.conversation_id,)) as cursor:
            counted.append(await cursor.fetchone() or (0, 0))
    return counted[0][0] + counted[1][0], counted[0][1] + counted[1][1]


async def test_after_sixty_turns_the_store_is_as_small_as_after_ten(opens: Opens) -> None:
    script = [step for _ in range(60) for step in (calling("recall", query="cats"), WORDS)]
    desk = await opens(ScriptedModel(script))
    sizes = []
    for number in range(60):
        context = await desk.context()
        async for _ in desk.turns.run(desk.place.conversation_id, f"{number}: {WORDS}", context):
            pass
        sizes.append(await stored(desk))
        assert is_whole(desk.script.asked[-1])  # type: ignore[arg-type]
    assert sizes[-1][0] == sizes[9][0]
    assert max(size for _, size in sizes) <= 64_000
    assert abs(sizes[-1][1] - sizes[9][1]) < 2_000


async def test_a_conversation_of_failures_stays_small_too(opens: Opens) -> None:
    desk = await opens(ScriptedModel(always=calling("recall", query="cats")))
    sizes = []
    for _ in range(8):
        async for _ in desk.turns.run(desk.place.conversation_id, "hello", await desk.context()):
            pass
        sizes.append((await stored(desk))[1])
    assert max(sizes) <= 64_000
    assert sizes[-1] <= sizes[2] + 2_000
