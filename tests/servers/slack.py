"""A small Slack: the Web API the desk calls, and people who write, press and fill in forms; kept in memory, strict.

It follows docs.slack.dev and the method reference of 2026-05-26: tokens, scopes, threads, streams that die after five minutes, dialogs
whose trigger lives three seconds, files in three steps, OAuth v2, Socket Mode. Messages and views are held to
`tests/bot/slack/blockcheck.py`. What people do is delivered signed, or through the socket, and comes again as Slack's does.
"""

import asyncio
import hashlib
import hmac
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.slack.installing import SCOPES
from tests.bot.slack.blockcheck import Refused, check_message, check_view, said
from tests.servers.faults import Faults, faulty

TOKEN, APP_TOKEN, SIGNING_SECRET = "xoxb-desk", "xapp-desk", "sign-me"
CLIENT_ID, CLIENT_SECRET = "11.22", "shh"
TEAM, BOT = "T1", "UBOT"
TRIGGER_S, STREAM_S = 3.0, 300.0
COMMANDS = ("/copydesk",)
"""What the manifest registers."""
Body = Mapping[str, Any]


class NoCommand(Exception):
    """What Slack tells somebody who sends a message that begins with / and is no command it knows."""


class No(Exception):
    """What Slack answers with ok false."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Message:
    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: list[Any] = field(default_factory=list)
    thread: str = ""
    only_for: str = ""
    """Whom a note is for; empty: everybody."""
    metadata: Body = field(default_factory=dict)
    file: str = ""
    edits: int = 0
    streaming_since: float | None = None
    tasks: dict[str, Body] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What a person reads."""
        return " ".join(said(block) for block in self.blocks) or self.text

    def buttons(self) -> dict[str, Body]:
        """Its buttons by label."""
        found = [one for block in self.blocks if block["type"] == "actions" for one in block["elements"]]
        return {one["text"]["text"]: one for one in found}


@dataclass
class View:
    id: str
    external_id: str
    view: Body
    user: str


@dataclass
class Delivered:
    """What became of a delivery."""

    status: int
    body: Any
    seconds: float


class SlackServer:
    """The server. `events_url` is where deliveries go; None: through the socket."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:  # noqa: TID251 - triggers live by Slack's clock
        self._clock = clock
        self._numbers = count(1)
        self.url = ""
        self.events_url: str | None = None
        self.messages: list[Message] = []
        self.files: dict[str, dict[str, Any]] = {}
        self.views: dict[str, View] = {}
        self.homes: dict[str, Body] = {}
        self.statuses: dict[str, str] = {}
        self.sessions: dict[str, str] = {}
        self.prompts: dict[str, list[Body]] = {}
        self.calls: list[tuple[str, Body]] = []
        self.tokens = {TOKEN: TEAM}
        self.scopes = set(SCOPES)
        self.codes: set[str] = set()
        self.refuse: defaultdict[str, deque[str]] = defaultdict(deque)
        """By method, error codes of the next calls."""
        self.faults = Faults()
        self.messages_tab = True
        self.sockets: list[WebSocket] = []
        self._acks: dict[str, asyncio.Future[Any]] = {}
        self._triggers: dict[str, float] = {}
        routes = [
            Route("/api/apps.connections.open", self._open_socket, methods=["POST"]),
            Route("/api/oauth.v2.access", self._access, methods=["POST"]),
            Route("/api/{method}", self._call, methods=["GET", "POST"]),
            Route("/oauth/v2/authorize", self._authorize),
            Route("/upload/{file}", self._upload, methods=["POST"]),
            Route("/files/{file}", self._download),
            WebSocketRoute("/link", self._link),
        ]
        self.app: ASGIApp = faulty(Starlette(routes=routes), self.faults)

    # the Web API

    async def _call(self, request: Request) -> Response:
        method = request.path_params["method"]
        given = await _given(request)
        self.calls.append((method, given))
        try:
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            if token not in self.tokens:
                raise No("invalid_auth")
            if self.refuse[method]:
                raise No(self.refuse[method].popleft())
            handler = getattr(self, f"_{method.replace('.', '_')}", None)
            if handler is None:
                raise No("unknown_method")
            answer = handler(given) or {}
        except No as no:
            return JSONResponse({"ok": False, "error": no.code}, headers=self._headers())
        except Refused as refused:
            return JSONResponse({"ok": False, "error": refused.code, "why": refused.why}, headers=self._headers())
        return JSONResponse({"ok": True, **answer}, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        return {"x-oauth-scopes": ",".join(sorted(self.scopes))}

    def _auth_test(self, _: Body) -> Body:
        return {"team": "Acme", "team_id": TEAM, "user": "copydesk", "user_id": BOT}

    def _chat_postMessage(self, given: Body) -> Body:  # noqa: N802 - Slack's own name
        check_message(given)
        self._channel(given["channel"])
        return {"ts": self._add(given).ts, "channel": given["channel"]}

    def _chat_postEphemeral(self, given: Body) -> Body:  # noqa: N802
        check_message(given)
        self._channel(given["channel"])
        return {"message_ts": self._add(given, only_for=given["user"]).ts}

    def _add(self, given: Body, *, user: str = BOT, only_for: str = "") -> Message:
        message = Message(
            given["channel"],
            self._ts(),
            user,
            given.get("text", ""),
            list(given.get("blocks") or []),
            given.get("thread_ts", ""),
            only_for,
            given.get("metadata") or {},
        )
        self.messages.append(message)
        return message

    def _chat_update(self, given: Body) -> Body:
        check_message(given)
        message = self._mine(given)
        if message.streaming_since is not None:
            raise No("streaming_state_conflict")
        message.text, message.blocks = given.get("text", ""), list(given.get("blocks") or [])
        message.edits += 1
        return {"ts": message.ts}

    def _chat_delete(self, given: Body) -> Body:
        self.messages.remove(self._mine(given))
        return {}

    def _mine(self, given: Body) -> Message:
        found = [one for one in self.messages if (one.channel, one.ts) == (given["channel"], given["ts"])]
        if not found or found[0].only_for:
            raise No("message_not_found")
        if found[0].user != BOT:
            raise No("cant_update_message")
        return found[0]

    def _channel(self, channel: str) -> None:
        if channel[0] not in "CDG":
            raise No("channel_not_found")
        if channel.startswith("D") and not self.messages_tab:
            raise No("messages_tab_disabled")

    def _users_info(self, given: Body) -> Body:
        name = given["user"].removeprefix("U").capitalize()
        return {"user": {"id": given["user"], "profile": {"display_name": "", "real_name": name}}}

    def _conversations_open(self, given: Body) -> Body:
        if not self.messages_tab:
            raise No("messages_tab_disabled")
        return {"channel": {"id": direct(given["users"])}}

    def _conversations_replies(self, given: Body) -> Body:
        root = given["ts"]
        found = [one for one in self.messages if one.channel == given["channel"] and root in (one.ts, one.thread)]
        return self._page([one for one in found if not one.only_for], given)

    def _page(self, found: list[Message], given: Body) -> Body:
        start = int(given.get("cursor") or 0)
        end = start + min(int(given.get("limit") or 100), 15)  # as apps outside Slack's marketplace are given
        told = {"messages": [self._told(one) for one in found[start:end]]}
        return {**told, "response_metadata": {"next_cursor": str(end) if end < len(found) else ""}}

    def _conversations_history(self, given: Body) -> Body:
        found = [one for one in self.messages if one.channel == given["channel"] and not one.thread]
        return self._page([one for one in reversed(found) if not one.only_for], given)

    def _told(self, one: Message) -> Body:
        files = [{"id": one.file, "name": self.files[one.file].get("name", "")}] if one.file in self.files else []
        return {
            "type": "message",
            "user": one.user,
            "ts": one.ts,
            "text": one.text,
            "metadata": one.metadata,
            "files": files,
        }

    # progress

    def _assistant_threads_setStatus(self, given: Body) -> None:  # noqa: N802
        self.statuses[f"{given['channel_id']}/{given['thread_ts']}"] = given["status"]

    def _agents_sessions_setStatus(self, given: Body) -> None:  # noqa: N802
        if given["status"] not in ("active", "processing", "suspended", "closed"):
            raise No("invalid_arguments")
        self.sessions[f"{given['channel_id']}/{given['thread_ts']}"] = given["status"]

    def _assistant_threads_setSuggestedPrompts(self, given: Body) -> None:  # noqa: N802
        if not 1 <= len(given["prompts"]) <= 4:
            raise No("invalid_arguments")
        self.prompts[given["channel_id"]] = given["prompts"]

    def _chat_startStream(self, given: Body) -> Body:  # noqa: N802
        if not given.get("thread_ts"):
            raise No("missing_thread_ts")
        if not given["channel"].startswith("D") and not given.get("recipient_user_id"):
            raise No("missing_recipient_user_id")
        message = self._add({"channel": given["channel"], "thread_ts": given["thread_ts"]})
        message.streaming_since = self._clock()
        self._tasks(message, given)
        return {"ts": message.ts}

    def _chat_appendStream(self, given: Body) -> None:  # noqa: N802
        self._tasks(self._streaming(given), given)

    def _chat_stopStream(self, given: Body) -> None:  # noqa: N802
        message = self._streaming(given)
        message.streaming_since = None

    def _streaming(self, given: Body) -> Message:
        message = self._mine(given)
        if message.streaming_since is None or self._clock() - message.streaming_since > STREAM_S:
            message.streaming_since = None
            raise No("message_not_in_streaming_state")
        return message

    def _tasks(self, message: Message, given: Body) -> None:
        for chunk in given.get("chunks") or ():
            if chunk["type"] != "task_update" or chunk["status"] not in ("pending", "in_progress", "complete", "error"):
                raise No("invalid_chunks")
            message.tasks[chunk["id"]] = chunk

    # dialogs and pages

    def _views_open(self, given: Body) -> Body:
        opened = self._triggers.pop(given.get("trigger_id", ""), None)
        if opened is None:
            raise No("exchanged_trigger_id")
        if self._clock() - opened > TRIGGER_S:
            raise No("expired_trigger_id")
        check_view(given["view"])
        view = View(f"V{next(self._numbers)}", given["view"].get("external_id", ""), given["view"], "")
        self.views[view.id] = view
        return {"view": {"id": view.id}}

    def _views_update(self, given: Body) -> Body:
        check_view(given["view"])
        wanted = given.get("view_id"), given.get("external_id")
        found = [
            one for one in self.views.values() if one.id == wanted[0] or (wanted[1] and one.external_id == wanted[1])
        ]
        if not found:
            raise No("not_found")
        found[0].view = given["view"]
        return {"view": {"id": found[0].id}}

    def _views_publish(self, given: Body) -> None:
        check_view(given["view"])
        self.homes[given["user_id"]] = given["view"]

    # files

    def _files_getUploadURLExternal(self, given: Body) -> Body:  # noqa: N802
        name = f"F{next(self._numbers)}"
        self.files[name] = {
            "id": name,
            "name": given["filename"],
            "length": int(given["length"]),
            "alt": given.get("alt_txt", ""),
        }
        return {"upload_url": f"{self.url}/upload/{name}", "file_id": name}

    async def _upload(self, request: Request) -> Response:
        file = self.files[request.path_params["file"]]
        file["data"] = await request.body()
        return Response("OK", 200 if len(file["data"]) == file["length"] else 400)

    def _files_completeUploadExternal(self, given: Body) -> Body:  # noqa: N802
        told = []
        for one in given["files"]:
            if "data" not in self.files.get(one["id"], {}):
                raise No("file_not_found")
            message = self._add({"channel": given["channel_id"], "thread_ts": given.get("thread_ts", "")})
            message.file, message.text = one["id"], one.get("title", "")
            told.append({"id": one["id"], "shares": {"private": {given["channel_id"]: [{"ts": message.ts}]}}})
        return {"files": told}

    def _files_delete(self, given: Body) -> None:
        if self.files.pop(given["file"], None) is None:
            raise No("file_not_found")

    def _files_info(self, given: Body) -> Body:
        file = self.files.get(given["file"])
        if file is None:
            raise No("file_not_found")
        size = file.get("size", len(file.get("data", b"")))
        told = {"id": file["id"], "name": file.get("name", ""), "size": size}
        return {"file": told | {"url_private": file.get("url") or f"{self.url}/files/{file['id']}"}}

    async def _download(self, request: Request) -> Response:
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return Response("<html>Sign in</html>", media_type="text/html")
        file = self.files[request.path_params["file"]]
        return Response(file["data"], media_type=file.get("type", "image/png"))

    # OAuth

    async def _authorize(self, request: Request) -> Response:
        """The consent page of somebody who always agrees."""
        asked = request.query_params
        if asked["client_id"] != CLIENT_ID:
            return Response("bad client", 400)
        code = f"code{next(self._numbers)}"
        self.codes.add(code)
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 302)

    async def _access(self, request: Request) -> Response:
        given = await _given(request)
        auth = request.headers.get("authorization", "")
        wanted = httpx.BasicAuth(CLIENT_ID, CLIENT_SECRET)._auth_header
        if given.get("code") not in self.codes or (auth != wanted and given.get("client_secret") != CLIENT_SECRET):
            return JSONResponse({"ok": False, "error": "invalid_code"})
        self.codes.discard(given["code"])
        token, team = f"xoxb-installed-{next(self._numbers)}", {"id": "T2", "name": "Bakery"}
        self.tokens[token] = "T2"
        told = {
            "access_token": token,
            "token_type": "bot",
            "scope": ",".join(SCOPES),
            "bot_user_id": BOT,
            "app_id": "A1",
        }
        return JSONResponse({"ok": True, **told, "team": team, "authed_user": {"id": "U7"}})

    # people

    def _ts(self) -> str:
        return f"{int(self._clock())}.{next(self._numbers):06d}"

    async def say(
        self,
        user: str,
        channel: str,
        text: str,
        *,
        thread: str = "",
        files: list[Body] | None = None,
        event_id: str = "",
    ) -> Message:
        """Somebody writes; a mention of the desk is delivered as Slack does, as two events.

        What begins with / is never a message: Slack runs it as a command of its own, and apps' commands not in threads.

        Raises:
            NoCommand: no such command is registered, or it was typed in a thread.
        """
        if text.startswith("/"):
            return await self._run(user, channel, text, thread)
        message = Message(channel, self._ts(), user, text, thread=thread)
        self.messages.append(message)
        event = {
            "type": "message",
            "channel": channel,
            "channel_type": "im" if channel.startswith("D") else "channel",
            "user": user,
            "text": text,
            "ts": message.ts,
            **({"thread_ts": thread} if thread else {}),
            **({"files": files, "subtype": "file_share"} if files else {}),
        }
        await self.event(event, event_id)
        if f"<@{BOT}>" in text and not channel.startswith("D"):
            await self.event({**event, "type": "app_mention"})
        return message

    async def _run(self, user: str, channel: str, text: str, thread: str) -> Message:
        name, _, words = text.partition(" ")
        if name not in COMMANDS:
            raise NoCommand(f"{name} is not a valid command.")
        if thread:
            raise NoCommand(f"{name} is not supported in threads. Sorry!")
        await self.command(user, words, channel)
        return Message(channel, self._ts(), user, text)  # nobody sees it, and it is delivered to nobody

    async def event(self, event: Body, event_id: str = "") -> Delivered:
        """Deliver an event, three times if it is not acknowledged."""
        name = event_id or f"Ev{next(self._numbers)}"
        body = {
            "type": "event_callback",
            "event_id": name,
            "team_id": TEAM,
            "api_app_id": "A1",
            "event": {"event_ts": self._ts(), **event},
            "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
        }
        return await self._again(body, "events_api")

    async def _again(self, body: Body, kind: str) -> Delivered:
        for _ in range(4):
            done = await self.deliver(body, kind)
            if done.status == 200:
                break
            await asyncio.sleep(0.02)
        return done

    async def press(self, user: str, message: Message, label: str, *, trigger: str = "") -> Delivered:
        """Somebody presses a button of a message."""
        button = message.buttons()[label]
        container = {"type": "message", "message_ts": message.ts, "channel_id": message.channel}
        if message.thread:
            container["thread_ts"] = message.thread
        return await self.act(user, button, container, trigger)

    async def act(self, user: str, button: Body, container: Body, trigger: str = "") -> Delivered:
        """A button is pressed, wherever it stands."""
        body = {
            "type": "block_actions",
            "team": {"id": TEAM},
            "user": {"id": user, "username": user.lower(), "team_id": TEAM},
            "trigger_id": trigger or self._trigger(),
            "container": container,
            "actions": [{**button, "action_ts": self._ts()}],
        }
        if "channel_id" in container:
            body["channel"] = {"id": container["channel_id"]}
        return await self.deliver(body, "interactive")

    async def submit(self, user: str, view: View, **fields: str) -> Delivered:
        """Somebody fills in a dialog, by the names of its fields, and sends it off."""
        state: dict[str, Any] = {}
        for block in view.view["blocks"]:
            if block["type"] == "input":
                name, element = block["block_id"].split(":", 2)[2], block["element"]
                state[block["block_id"]] = {element["action_id"]: _filled(element, fields.get(name))}
        body = {
            "type": "view_submission",
            "team": {"id": TEAM},
            "user": {"id": user, "username": user.lower(), "team_id": TEAM},
            "trigger_id": self._trigger(),
            "view": {**view.view, "id": view.id, "hash": "1", "state": {"values": state}},
        }
        return await self.deliver(body, "interactive")

    async def command(self, user: str, text: str, channel: str = "C1") -> Delivered:
        """Somebody types /copydesk."""
        body = {
            "command": COMMANDS[0],
            "text": text,
            "team_id": TEAM,
            "user_id": user,
            "user_name": user.lower(),
            "channel_id": channel,
            "trigger_id": self._trigger(),
        }
        return await self.deliver(body, "slash_commands")

    async def shortcut(self, user: str, text: str = "") -> Delivered:
        """“Turn into a post” on a message with this text."""
        body = {
            "type": "message_action",
            "callback_id": "idea.from_message",
            "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM},
            "trigger_id": self._trigger(),
            "message": {"text": text},
        }
        return await self.deliver(body, "interactive")

    def _trigger(self) -> str:
        name = f"trigger.{next(self._numbers)}"
        self._triggers[name] = self._clock()
        return name

    # deliveries

    async def deliver(self, body: Body, kind: str, *, secret: str = SIGNING_SECRET) -> Delivered:
        """Once, by HTTP or through the newest socket."""
        before = time.perf_counter()
        if self.events_url is None:
            return await self._push(body, kind, before)
        headers, raw = signed(body, kind, secret)
        async with httpx.AsyncClient(timeout=30, verify=False) as client:  # noqa: S501 - loopback, and no time for certificates
            answer = await client.post(self.events_url, content=raw, headers=headers)
        told = answer.json() if answer.headers.get("content-type", "").startswith("application/json") else answer.text
        return Delivered(answer.status_code, told, time.perf_counter() - before)

    async def _push(self, body: Body, kind: str, before: float) -> Delivered:
        name = f"envelope{next(self._numbers)}"
        acked = self._acks[name] = asyncio.get_running_loop().create_future()
        envelope = {"envelope_id": name, "type": kind, "payload": body, "accepts_response_payload": True}
        await self.sockets[-1].send_json(envelope)
        try:
            payload = await asyncio.wait_for(acked, 3)
        except TimeoutError:
            return Delivered(504, None, time.perf_counter() - before)
        return Delivered(200, payload, time.perf_counter() - before)

    async def _open_socket(self, request: Request) -> Response:
        if request.headers.get("authorization", "") != f"Bearer {APP_TOKEN}":
            return JSONResponse({"ok": False, "error": "invalid_auth"})
        return JSONResponse({"ok": True, "url": f"{self.url.replace('http', 'ws', 1)}/link?ticket=1"})

    async def _link(self, socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}})
        self.sockets.append(socket)
        try:
            while True:
                told = json.loads(await socket.receive_text())
                acked = self._acks.pop(told.get("envelope_id", ""), None)
                if acked is not None and not acked.done():
                    acked.set_result(told.get("payload"))
        except WebSocketDisconnect:
            pass
        finally:
            self.sockets.remove(socket)

    async def drop_sockets(self) -> None:
        """As when Slack renews its connections."""
        for socket in list(self.sockets):
            await socket.send_json({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})

    # what stands there

    def in_thread(self, channel: str, thread: str) -> list[Message]:
        """The desk's messages in a thread that everybody sees."""
        return [
            one for one in self.messages
            if (one.channel, one.thread, one.user, one.only_for) == (channel, thread, BOT, "")
        ]  # fmt: skip

    def in_channel(self, channel: str) -> list[Message]:
        """The desk's messages in a channel, in threads or not."""
        return [one for one in self.messages if (one.channel, one.user, one.only_for) == (channel, BOT, "")]

    def notes(self, user: str) -> list[str]:
        """What only this person was told."""
        return [one.words for one in self.messages if one.only_for == user]


def direct(user: str) -> str:
    """The channel of the private conversation with somebody."""
    return f"D{user}"


def signed(body: Body, kind: str, secret: str = SIGNING_SECRET) -> tuple[dict[str, str], bytes]:
    """Headers and body of a delivery by HTTP."""
    if kind == "events_api":
        raw, content = json.dumps(body).encode(), "application/json"
    elif kind == "slash_commands":
        raw, content = urlencode(body).encode(), "application/x-www-form-urlencoded"
    else:
        raw, content = urlencode({"payload": json.dumps(body)}).encode(), "application/x-www-form-urlencoded"
    stamp = str(int(time.time()))  # noqa: TID251 - Slack's own clock
    signature = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + raw, hashlib.sha256).hexdigest()
    return {
        "content-type": content,
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": f"v0={signature}",
    }, raw


def _filled(element: Body, value: str | None) -> Body:
    kind = element["type"]
    if kind == "static_select":
        chosen = [one for one in element["options"] if one["value"] == value]
        return {"type": kind, "selected_option": chosen[0] if chosen else element.get("initial_option")}
    return {"type": kind, "value": element.get("initial_value") if value is None else value}


async def _given(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").startswith("application/json"):
        return dict(await request.json())
    return {**request.query_params, **(await request.form())}
