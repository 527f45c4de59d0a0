"""The guided model: to the graph a chat model like any other, so that cards, tools and rules are the same without a key."""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.messages.tool import tool_call
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from agent.briefing import briefing_of
from agent.guided.decision import decide
from agent.guided.moves import Call, Choice, Follow, Move
from agent.guided.replies import hinted
from agent.guided.router import Router
from tools.replies import for_a_person

_NUMBER = re.compile(r"\bPost #(\d+)", re.IGNORECASE)


class GuidedModel(BaseChatModel):
    """Answers with tool calls, or with a sentence and buttons (`additional_kwargs["choices"]`, each `label` and `say`).

    It reads the newest message of the person and the briefing that travels with it, nothing else, and is deterministic but
    for the ids of its calls. One turn is at most two rounds and four tools.
    """

    router: Router

    @property
    def _llm_type(self) -> str:
        return "guided"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Itself: it knows the desk's tools by name."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return asyncio.run(self._agenerate(messages, stop))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        newest = max(place for place, message in enumerate(messages) if isinstance(message, HumanMessage))
        briefing = briefing_of(messages)
        move = await decide(str(messages[newest].text), briefing, self.router)
        reply = _reply(move, messages[:newest], messages[newest + 1 :])
        return ChatResult(generations=[ChatGeneration(message=reply)])


def _reply(move: Move, before: Sequence[BaseMessage], since: Sequence[BaseMessage]) -> AIMessage:
    """The next message of a turn, from what was decided and what has happened since."""
    results = [message for message in since if isinstance(message, ToolMessage)]
    if not results:
        return _calling(move.calls) if move.calls else _saying(hinted(move.text, before), move.choices)
    rounds = sum(1 for message in since if isinstance(message, AIMessage) and message.tool_calls)
    follow = _following(move.follow, results) if rounds == 1 and move.follow else None
    if follow:
        return _calling([follow])
    return _saying(hinted(_told(results, move.closing), before), ())


def _following(follow: Follow, results: Sequence[ToolMessage]) -> Call | None:
    """The second step, on the post that the first one made; none where that failed."""
    found = _NUMBER.search(str(results[0].text))
    if results[0].status == "error" or not found:
        return None
    if follow.action == "request_approval":
        return Call("request_approval", {"post": int(found[1])})
    return Call("schedule_post", {"post": int(found[1]), "action": "set", "when": follow.when})


def _told(results: Sequence[ToolMessage], closing: str) -> str:
    """What the tools said, each once and in order; it adds nothing of its own but the closing."""
    said = [for_a_person(str(result.text)).strip() for result in results]
    failed = any(result.status == "error" for result in results)
    lines = dict.fromkeys([*filter(None, said), "" if failed else closing])
    return "\n\n".join(filter(None, lines)) or "Done."


def _calling(calls: Sequence[Call]) -> AIMessage:
    made = [tool_call(name=each.tool, args=dict(each.args), id=f"guided_{uuid4().hex}") for each in calls]
    return AIMessage(content="", tool_calls=made)


def _saying(text: str, choices: Sequence[Choice]) -> AIMessage:
    shown = [{"label": choice.label, "say": choice.say} for choice in choices]
    return AIMessage(content=text, additional_kwargs={"choices": shown} if shown else {})
