"""Slack's requests: by HTTP, verified by Bolt, or over a socket that is opened from here and opened again whenever it ends."""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from datetime import timedelta

import aiohttp
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.slack.app import BoltApp
from bot.slack.installing import Installing
from content.receiving import RawAnswer, RawRequest

log = logging.getLogger(__name__)

SHORTEST, LONGEST = timedelta(seconds=1), timedelta(minutes=1)
"""Waits between tries to open the socket."""


class SlackReceiver:
    """Reads what is posted to `/hooks/slack/…`."""

    def __init__(self, app: BoltApp, installing: Installing | None, *, by_http: bool) -> None:
        self._app = app
        self._installing = installing
        self._by_http = by_http

    async def receive(self, request: RawRequest) -> RawAnswer:
        """Slack's deliveries under `events`; a member on the way to install under `install` and `oauth_redirect`."""
        if request.method == "POST" and request.path == "events" and self._by_http:
            headers: dict[str, str | Sequence[str]] = {name: [value] for name, value in request.headers.items()}
            bolt = AsyncBoltRequest(body=request.body.decode("utf-8", "replace"), query=request.query, headers=headers)
            answer = await self._app.dispatch(bolt)
            told = {name: values[0] for name, values in answer.headers.items()}
            return RawAnswer(answer.status, (answer.body or "").encode(), told)
        if request.method == "GET" and request.path in ("install", "oauth_redirect") and self._installing is not None:
            return await self._installing.receive(request)
        return RawAnswer(404, b"Nothing here.")


class Socket:
    """Socket Mode: every envelope is answered only after its commit."""

    def __init__(self, app: BoltApp, app_token: str, shortest: timedelta = SHORTEST) -> None:
        self._app = app
        self._app_token = app_token
        self._shortest = shortest

    async def run(self) -> None:
        """Keep a socket open until cancelled; troubles are waited out."""
        failures = 0
        while True:
            client = SocketModeClient(
                self._app_token, web_client=self._app.web_client(self._app_token), auto_reconnect_enabled=True
            )
            client.socket_mode_request_listeners.append(self._hear)
            try:
                await client.connect()  # type: ignore[no-untyped-call]
                failures = 0
                log.info("slack.socket_open")
                await asyncio.Event().wait()
            except (SlackApiError, SlackClientError, aiohttp.ClientError, TimeoutError) as trouble:
                failures += 1
                log.warning("slack.socket_not_open", extra={"why": str(trouble)[:200]})
                await asyncio.sleep(min(self._shortest * (1 << min(failures, 8) - 1), LONGEST).total_seconds())
            finally:
                with contextlib.suppress(aiohttp.ClientError, SlackClientError):
                    await client.close()  # type: ignore[no-untyped-call]

    async def _hear(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        start = asyncio.get_running_loop().time()
        response = await run_async_bolt_app(self._app.bolt, request)
        if response.status == 200:  # what was not kept is not answered, and comes again
            await send_async_response(client, request, response, start)


class Idle:
    """Nothing to hold open: Slack calls us."""

    async def run(self) -> None:
        """Until cancelled."""
        await asyncio.Event().wait()
