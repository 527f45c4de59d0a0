"""Keeping a conversation small and whole: what the model is reminded of, and what the checkpointer keeps.

One conversation of 50 turns took 15 MB with the library's defaults; trimmed, checkpointed on exit and with old
checkpoints deleted it stays below 64 KB for ever. Nothing the product needs is only here.
"""

import json
from collections.abc import Iterator, Sequence

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage, ToolMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

KEEP = 20
"""Messages kept of a conversation, about five turns; the newest turn is kept however long it is."""
LONGEST = 20_000
"""Characters kept of a conversation, with the same exception."""


def kept(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """The newest turns, from where a person speaks, so that no answer loses its question; without torn tool calls."""
    whole = list(mended(messages))
    begins = [index for index, message in enumerate(whole) if isinstance(message, HumanMessage)]
    return whole[next((index for index in begins if _fits(whole[index:])), begins[-1]) :]


def _fits(messages: Sequence[AnyMessage]) -> bool:
    return len(messages) <= KEEP and sum(map(_length, messages)) <= LONGEST


def _length(message: AnyMessage) -> int:
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    return len(message.text) + sum(len(json.dumps(call["args"])) for call in calls)


def dropped(messages: Sequence[AnyMessage], remaining: Sequence[AnyMessage]) -> list[RemoveMessage]:
    """What it takes to keep only `remaining` of these messages."""
    ids = {message.id for message in remaining}
    return [RemoveMessage(id=str(message.id)) for message in messages if message.id not in ids]


def mended(messages: Sequence[AnyMessage]) -> Iterator[AnyMessage]:
    """The conversation without tool calls that were not all answered: a turn that was cut short leaves some behind.

    An endpoint refuses such a conversation for ever. Calls and answers are matched where they stand, since servers may
    use the same id again and again.
    """
    index = 0
    while index < len(messages):
        message = messages[index]
        answers = list(_answers(messages[index + 1 :])) if isinstance(message, AIMessage) else []
        yield from _whole(message, answers)
        index += 1 + len(answers)


def _whole(message: AnyMessage, answers: Sequence[ToolMessage]) -> Iterator[AnyMessage]:
    """What may stay of a message and the answers right after it."""
    if isinstance(message, ToolMessage):
        return
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    answered = sorted(str(call["id"]) for call in calls) == sorted(one.tool_call_id for one in answers)
    if answered or not calls:
        yield message
    if answered:
        yield from answers


def _answers(messages: Sequence[AnyMessage]) -> Iterator[ToolMessage]:
    """The tools' answers that stand right at the beginning."""
    for message in messages:
        if not isinstance(message, ToolMessage):
            return
        yield message


async def forget_old(saver: BaseCheckpointSaver[str], thread_id: str) -> None:
    """Delete all checkpoints of a conversation but the newest."""
    if not isinstance(saver, AsyncSqliteSaver):
        await saver.aprune([thread_id], strategy="keep_latest")
        return
    async with saver.lock:
        newest = "(SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = ?)"
        for table in ("checkpoints", "writes"):
            await saver.conn.execute(
                f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id < {newest}",  # noqa: S608 - fixed names
                (thread_id, thread_id),
            )
        await saver.conn.commit()
