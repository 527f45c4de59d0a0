"""Calls of Slack's Web API: one HTTP session, every team's token, the pace Slack allows, and what became of each call."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.pace import Lane, Pace, Priority
from bot.slack.trouble import SlackSaid, as_content
from content.times import Clock

log = logging.getLogger(__name__)

TIMEOUT = timedelta(seconds=20)
SHORT_REST = timedelta(seconds=5)
"""The longest rest that Slack asks for and that is waited out on the spot."""
TRIES = 3
A_MINUTE: Mapping[str, int] = {
    "assistant.threads.setStatus": 100,
    "assistant.threads.setSuggestedPrompts": 100,
    "agents.sessions.setStatus": 50,
    "chat.appendStream": 100,
    "chat.delete": 50,
    "chat.postEphemeral": 100,
    "chat.postMessage": 100,
    "chat.startStream": 20,
    "chat.stopStream": 20,
    "chat.update": 50,
    "conversations.history": 50,
    "conversations.open": 50,
    "conversations.replies": 50,
    "files.completeUploadExternal": 100,
    "files.delete": 50,
    "files.getUploadURLExternal": 100,
    "files.info": 100,
    "users.info": 100,
    "views.open": 100,
    "views.publish": 100,
    "views.update": 100,
}
"""Calls a method, a team and a minute: the tiers of Slack's method reference of 2026-05-26 (T2 20, T3 50, T4 100)."""
_UNKNOWN_METHOD = 20
_IN_A_CHANNEL = timedelta(seconds=1)
"""About one new message a second and channel; short bursts are taken."""
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class Tokens(Protocol):
    """The desk's token in each team it was installed in."""

    async def token(self, team: str) -> str:
        """The token.

        Raises:
            NotFound: the desk is not in this team.
        """


@dataclass(frozen=True)
class Manner:
    """How a call waits for its turn, and whether doing it twice is the same as once."""

    priority: Priority = Priority.MESSAGE
    patience: timedelta = timedelta(seconds=20)
    repeatable: bool = True


SENDING = Manner(repeatable=False)
ANSWERING = Manner(Priority.ANSWER, timedelta(seconds=2))
REDRAWING = Manner(Priority.REDRAW)
SHOWING = Manner(Priority.PROGRESS, timedelta(milliseconds=500))


class Calls:
    """Slack's methods, by name."""

    def __init__(self, api_url: str, tokens: Tokens, pace: Pace, clock: Clock) -> None:
        self._api_url = api_url
        self._tokens = tokens
        self._pace = pace
        self.clock = clock
        self._session: aiohttp.ClientSession | None = None
        self.there: datetime | None = None
        """What Slack's clock said with its last answer."""

    @property
    def session(self) -> aiohttp.ClientSession:
        """The HTTP session; opened by the first who needs it, and once closed not again.

        Raises:
            SlackSaid: it was closed.
        """
        if self._session is not None and self._session.closed:
            raise SlackSaid("unreached")
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT.total_seconds(), connect=10)
            self._session = aiohttp.ClientSession(timeout=timeout)
        return self._session

    async def close(self) -> None:
        """End every connection."""
        if self._session is not None:
            await self._session.close()

    def client(self, token: str) -> AsyncWebClient:
        """The SDK's client with this token. It repeats nothing by itself: only the caller knows what may be repeated."""
        seconds = int(TIMEOUT.total_seconds())
        return AsyncWebClient(token, self._api_url, timeout=seconds, session=self.session, retry_handlers=[])

    async def call(
        self, team: str, method: str, what: str, manner: Manner = Manner(), *, form: bool = False, **given: Any
    ) -> Mapping[str, Any]:
        """Slack's answer. `what` names the thing in a sentence; `form`: the method takes no JSON.

        Raises:
            RateLimited, Unavailable, Rejected, NotFound, OutcomeUnknown: what became of it.
        """
        token = await self._tokens.token(team)
        try:
            return await self._paced(team, token, method, manner, form, given)
        except SlackSaid as said:
            raise as_content(said, what, self.clock.now(), repeatable=manner.repeatable) from said

    async def _paced(
        self, team: str, token: str, method: str, manner: Manner, form: bool, given: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        channel = str(given.get("channel", "")) if method == "chat.postMessage" else ""
        lanes = _lanes(team, method, channel)
        for tries_left in reversed(range(TRIES)):
            if not await self._pace.wait(lanes, manner.priority, manner.patience):
                raise SlackSaid("ratelimited", timedelta(seconds=1))
            try:
                return await self.ask(token, method, form=form, **given)
            except SlackSaid as said:
                rest = said.rest or timedelta(seconds=1)
                if said.flooded:
                    for lane in lanes:
                        self._pace.cool(lane.key, rest)
                if not (said.flooded and tries_left and rest <= min(SHORT_REST, manner.patience)):
                    raise
        raise AssertionError  # the last try returned or raised

    async def ask(self, token: str, method: str, *, form: bool = False, **given: Any) -> Mapping[str, Any]:
        """One request with a token, without waiting for anything.

        Raises:
            SlackSaid: Slack's no, or no answer.
        """
        try:
            client = self.client(token)
            answer = await (client.api_call(method, data=given) if form else client.api_call(method, json=given))
        except SlackApiError as refused:
            raise self._said(refused) from refused
        except _NOT_SENT as unreached:
            raise SlackSaid("unreached") from unreached
        except (aiohttp.ClientError, TimeoutError, SlackClientError) as lost:
            raise SlackSaid("no_answer") from lost
        self._look_at_the_clock(answer.headers)
        found: Mapping[str, Any] = answer.data if isinstance(answer.data, dict) else {}
        return {**found, "scopes": str(answer.headers.get("x-oauth-scopes", ""))}

    def _said(self, refused: SlackApiError) -> SlackSaid:
        response = refused.response
        status: int = getattr(response, "status_code", 0) or getattr(response, "status", 0)
        headers = getattr(response, "headers", {})
        self._look_at_the_clock(headers)
        data = getattr(response, "data", None)
        code = str(data.get("error", "")) if isinstance(data, dict) else ""
        if status == 429:
            return SlackSaid("ratelimited", _rest(headers.get("Retry-After", "")))
        if status >= 500 or not code:
            return SlackSaid("no_answer")
        return SlackSaid(code, _rest(headers.get("Retry-After", "")))

    def _look_at_the_clock(self, headers: Mapping[str, str]) -> None:
        try:
            self.there = parsedate_to_datetime(headers.get("Date", "")).astimezone(UTC)
        except (TypeError, ValueError):
            self.there = None


def _rest(told: str) -> timedelta:
    return timedelta(seconds=int(told)) if told.isascii() and told.isdigit() else timedelta(seconds=1)


def _lanes(team: str, method: str, channel: str) -> list[Lane]:
    every = timedelta(minutes=1) / A_MINUTE.get(method, _UNKNOWN_METHOD)
    burst = A_MINUTE.get(method, _UNKNOWN_METHOD) // 2
    lanes = [Lane(f"slack:{team}:{method}", every, burst)]
    if channel:
        lanes.append(Lane(f"slack:{team}:{channel}", _IN_A_CHANNEL, burst=3))
    return lanes
