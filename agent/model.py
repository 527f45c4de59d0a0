"""The model behind the agent: from an operator's choice to a chat model and one sentence that says what it is."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, TypeVar
from urllib.parse import urlsplit

import openai
from pydantic import SecretStr

from agent.json_calls import JsonCalls
from agent.model_errors import explain_model_error
from agent.openai_chat import OpenAIChat
from agent.probe import probe
from content.errors import Invalid, Problem

__all__ = ["BuiltModel", "Kind", "Mode", "ModelChoice", "build_model", "explain_model_error"]

Kind = Literal["endpoint", "file", "guided"]
Mode = Literal["native", "json", "auto"]

M = TypeVar("M", bound=OpenAIChat)

OPENAI = "https://api.openai.com/v1"
NO_KEY = "none"
"""Sent to endpoints that want no key, since the client insists on one."""


@dataclass(frozen=True)
class ModelChoice:
    """Which model to think with, as the settings say it.

    Azure OpenAI comes in two shapes. Its current one is like OpenAI's own: `base_url` ends in `/openai/v1`, `name` is the deployment.
    Its older one wants `azure_api_version`: `base_url` ends in `/openai/deployments/<deployment>`, every request carries the version
    in its query, and the key goes into the header `api-key`.
    """

    kind: Kind
    base_url: str = OPENAI
    api_key: str = field(default="", repr=False)
    name: str = ""
    mode: Mode = "auto"
    timeout: timedelta = timedelta(seconds=60)
    """The longest silence of the endpoint before a call is given up."""
    max_tokens: int | None = None
    temperature: float | None = None
    azure_api_version: str = ""
    retries: int = 1
    """Further tries of a call that failed on its way or met a busy or broken server; harmless, since a model call changes nothing.

    The longest wait is (retries + 1) * timeout, and up to two minutes more if the server asks for that; the turn has its own limit.
    """

    @property
    def host(self) -> str:
        """The endpoint's host and port."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    @property
    def is_openai(self) -> bool:
        """Whether OpenAI itself answers there, on its own address or on Azure: native tool calls need no probe."""
        host = urlsplit(self.base_url).hostname or ""
        return host == "api.openai.com" or host.endswith(".openai.azure.com")


@dataclass(frozen=True)
class BuiltModel:
    """A chat model, and what to say about it."""

    model: OpenAIChat
    words: str
    """One sentence for the start-up log, `doctor` and the page: which model, how it is given its tools."""
    kind: Kind
    mode: Literal["native", "json"]
    sure: bool = True
    """False when the endpoint could not be asked for its mode: build again once it answers."""


async def build_model(choice: ModelChoice) -> BuiltModel:
    """The chat model of an endpoint, or of a local file that `agent.local_file` already serves.

    With mode `auto` an endpoint other than OpenAI's is asked how it takes tools (see `agent.probe`); one that cannot be reached
    is taken for native, and the sentence says why. The caller closes the model with its `aclose()`.

    Raises:
        Invalid: the choice names no model or no usable address, or is the guided model, which needs no building.
    """
    _check(choice)
    if choice.mode == "json" or (choice.kind == "file" and choice.mode == "auto"):
        return _built(choice, "json", "it is given its tools as JSON")
    if choice.mode == "native" or choice.is_openai:
        return _built(choice, "native", "it makes tool calls natively")
    return await _probed(choice)


async def _probed(choice: ModelChoice) -> BuiltModel:
    native, in_json = _model(OpenAIChat, choice), _model(JsonCalls, choice)
    try:
        found = await probe(native, in_json)
    finally:
        await native.aclose()
        await in_json.aclose()
    if found.found == "unreached":
        said = f"I could not find out how it takes tools, so I try native calls ({found.words})"
        return _built(choice, "native", said, sure=False)
    return _built(choice, "native" if found.found == "native" else "json", found.words)


def _built(choice: ModelChoice, mode: Literal["native", "json"], how: str, *, sure: bool = True) -> BuiltModel:
    where = "from a file on this machine" if choice.kind == "file" else f"at {choice.host}"
    words = f"I think with {choice.name} {where}: {how.rstrip('.')}."
    model = _model(OpenAIChat if mode == "native" else JsonCalls, choice)
    return BuiltModel(model, words, choice.kind, mode, sure)


def _model(way: type[M], choice: ModelChoice) -> M:
    seconds = choice.timeout.total_seconds()
    azure = choice.azure_api_version
    return way(
        model=choice.name,
        base_url=choice.base_url,
        api_key=SecretStr(choice.api_key or NO_KEY),
        timeout=seconds,
        max_retries=choice.retries,
        max_completion_tokens=choice.max_tokens,
        temperature=choice.temperature,
        default_query={"api-version": azure} if azure else None,
        use_responses_api=None if choice.is_openai and not azure else False,
        http_async_client=openai.DefaultAsyncHttpxClient(timeout=seconds),  # its own, so that it can be closed
        token_limit_field="max_completion_tokens" if choice.is_openai else "max_tokens",
        key_header="api-key" if azure else "Authorization",
    )


def _check(choice: ModelChoice) -> None:
    problems = list(_problems(choice))
    if problems:
        raise Invalid("I cannot use this model.", problems)


def _problems(choice: ModelChoice) -> Iterator[Problem]:
    if choice.kind == "guided":
        yield Problem("model", "guided mode needs no endpoint.", "Leave it to the desk, which has it built in.")
        return
    if not choice.name:
        yield Problem("model name", "it is empty.", "Set the name the endpoint knows the model by.")
    if urlsplit(choice.base_url).scheme not in {"http", "https"} or not choice.host:
        yield Problem("model address", "it is not a web address.", "Use one such as http://localhost:11434/v1.")
    if choice.is_openai and not choice.api_key:
        yield Problem("model key", "OpenAI and Azure want one.", "Set OPENAI_API_KEY.")
