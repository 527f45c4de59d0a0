"""The Bolt app: its signature check, and before everything else of it, the inbox.

Whatever Slack delivers is committed here and only then acknowledged; no listener of Bolt's runs. Dialogs are the one thing done at
once, since Slack gives three seconds for opening them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import Answer
from bot.native import Arriving, Intake
from bot.slack import views
from bot.slack.calls import ANSWERING, Calls
from bot.slack.chat import NAME, SlackChat
from bot.slack.commanding import typed
from bot.slack.reading import SHORTCUTS, arriving, event_id_of, external_id_of, team_of, words_of
from content.errors import ContentError, Unavailable

log = logging.getLogger(__name__)

WAIT = timedelta(seconds=2.2)
"""How long a dialog that was sent off waits for what it came to; Slack waits three seconds."""
_WORKING = "Working on it. You see here what it comes to; you may also close this."
Body = Mapping[str, Any]


class _First(AsyncMiddleware):
    """Runs before Bolt looks for a token or a listener."""

    def __init__(self, take_in: Callable[[Body], Awaitable[BoltResponse | None]]) -> None:
        self._take_in = take_in

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002
    ) -> BoltResponse | None:
        """Answer it, or let Bolt."""
        answer = await self._take_in(req.body)
        return answer if answer is not None else await next()


class BoltApp:
    """Dispatches requests of HTTP and of Socket Mode alike."""

    def __init__(self, signing_secret: str, calls: Calls, chat: SlackChat, intake: Intake) -> None:
        self._calls = calls
        self._chat = chat
        self._intake = intake
        self._opening: set[asyncio.Task[None]] = set()
        self.bolt = AsyncApp(
            signing_secret=signing_secret or "none",
            authorize=_nobody,
            before_authorize=_First(self._take_in),
            logger=logging.getLogger("slack_bolt"),
        )

    async def dispatch(self, request: AsyncBoltRequest) -> BoltResponse:
        """What to answer Slack."""
        return await self.bolt.async_dispatch(request)

    def web_client(self, token: str) -> AsyncWebClient:
        """The SDK's client with this token."""
        return self._calls.client(token)

    async def close(self) -> None:
        """Let dialogs that are being opened be opened."""
        await asyncio.gather(*self._opening, return_exceptions=True)

    async def _take_in(self, body: Body) -> BoltResponse | None:
        """What to answer; None: it is Bolt's to answer."""
        if body.get("type") == "url_verification":
            return None
        if body.get("callback_id") in SHORTCUTS and body.get("type") in ("shortcut", "message_action"):
            self._open_soon(body, views.idea_view(words_of(str(body.get("message", {}).get("text", "")))))
            return BoltResponse(status=200)
        found = arriving(body)
        if found is None:
            return BoltResponse(status=200)
        if found.payload.get("form"):
            self._open_dialog(body)
        try:
            await self._intake.take(NAME, found)
        except Unavailable as broken:
            log.error("slack.not_kept", extra={"event": found.event_id, "why": broken.message})
            return BoltResponse(status=503)
        return await self._acknowledged(body, found)

    async def _acknowledged(self, body: Body, found: Arriving) -> BoltResponse:
        if found.payload["kind"] == "view":
            return await self._dialog_answered(body, found)
        if found.payload["kind"] == "command" and not str(body.get("channel_id", "")).startswith("D"):
            told = {"response_type": "ephemeral", "text": "I answer in Messages, where only we two read."}
            return BoltResponse(status=200, body=told)
        return BoltResponse(status=200)

    # dialogs

    def _open_dialog(self, body: Body) -> None:
        """At once, beside the commit: what stands in it comes when the press was read."""
        external_id = external_id_of(event_id_of(body))
        title = str(body["actions"][0].get("text", {}).get("text", "")) or "Copydesk"
        self._open_soon(body, views.loading(external_id, title))

    def _open_soon(self, body: Body, view: Mapping[str, Any]) -> None:
        """Without holding up the acknowledgement."""
        task = asyncio.create_task(self._open(body, view))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, body: Body, view: Mapping[str, Any]) -> None:
        given = {"trigger_id": body.get("trigger_id", ""), "view": view}
        try:
            await self._calls.call(team_of(body), "views.open", "a dialog", ANSWERING, **given)
        except ContentError as refused:
            log.warning("slack.dialog_not_opened", extra={"why": refused.message})

    async def _dialog_answered(self, body: Body, found: Arriving) -> BoltResponse:
        """What a dialog came to is shown in it, also what was wrong; one that takes longer is updated later."""
        if found.payload["callback_id"] == views.IDEA:
            return _response("clear")
        self._chat.answered_in_dialog.add(found.event_id)
        try:
            answer = await self._intake.answer(NAME, found.event_id, WAIT)
        finally:
            self._chat.answered_in_dialog.discard(found.event_id)
        if answer is None:
            return _response("update", view=views.result_view(_WORKING, "plain"))
        return _told(body, answer)


def _told(body: Body, answer: Answer) -> BoltResponse:
    inputs = [block["block_id"] for block in body["view"].get("blocks", ()) if block["type"] == "input"]
    if answer.tone == "bad" and inputs:
        return _response("errors", errors={inputs[0]: typed(answer.text)[:1_900]})
    if answer.tone == "bad" or answer.go_to:
        return _response("update", view=views.result_view(answer.text or "Go on there.", answer.tone, answer.go_to))
    return _response("clear")


def _response(action: str, **more: Any) -> BoltResponse:
    return BoltResponse(status=200, body={"response_action": action, **more})


async def _nobody(**_: object) -> AuthorizeResult:
    """Bolt asks whose token to use; nothing but a check of our address gets so far."""
    return AuthorizeResult(enterprise_id=None, team_id=None)
