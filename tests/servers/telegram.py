"""A small Telegram: the Bot API as far as the desk uses it, and people who write and press; kept in memory, strict.

Every request is held to Telegram's limits, and, where the machine-readable Bot API lies beside the project (`bot_api.py`), to that,
as is every answer and update. Faults are chosen by tests: refusals by method, and whatever `faults.py` can do.
"""

import asyncio
import json
import re
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.servers.bot_api import WHERE, BotApi
from tests.servers.faults import Faults, faulty

TOKEN = "1000001:AAbenchmarkbenchmarkbenchmark"
BOT_ID, USERNAME = 1000001, "copydesk_bot"
TYPED = frozenset(
    {
        "entities", "caption_entities", "reply_markup", "link_preview_options", "reply_parameters", "media", "commands",
        "scope", "allowed_updates",
    }
)  # fmt: skip
"""Parameters that come as JSON."""
NUMBERS = frozenset({"chat_id", "message_id", "message_thread_id", "offset", "timeout", "limit", "max_connections"})
FLAGS = frozenset({"show_alert", "drop_pending_updates", "disable_notification"})
CALLBACK_S = 15.0


class No(Exception):
    """What Telegram answers with ok false."""

    def __init__(self, code: int, words: str, **parameters: int) -> None:
        super().__init__(words)
        self.code = code
        self.words = words
        self.parameters = parameters


@dataclass
class Said:
    """A message as it looks now."""

    id: int
    chat: int
    sender: int
    text: str = ""
    entities: list[Any] = field(default_factory=list)
    keyboard: list[list[Any]] = field(default_factory=list)
    topic: int = 0
    photo: bytes = b""
    document: bool = False
    caption: str = ""
    album: str = ""
    force_reply: bool = False
    answers: int = 0
    """The message it answers."""
    edits: int = 0

    @property
    def ref(self) -> str:
        return f"{self.chat}:{self.id}"

    def buttons(self) -> dict[str, Any]:
        """Its buttons by label."""
        return {one["text"]: one for row in self.keyboard for one in row}


@dataclass
class Room:
    id: int
    kind: str
    title: str = ""
    moved_to: int = 0


class TelegramServer:
    """The server; `url` is its address, once it is served."""

    def __init__(self) -> None:
        self.url = ""
        self._numbers = count(1)
        self._updates = count(500)
        self.rooms: dict[int, Room] = {}
        self.messages: list[Said] = []
        self.toasts: list[tuple[str, str, bool]] = []
        """Query, words, whether it was an alert."""
        self.actions: list[int] = []
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.commands: dict[str, list[Any]] = {}
        self.files: dict[str, bytes] = {}
        self.refuse: defaultdict[str, deque[No]] = defaultdict(deque)
        """By method, refusals of the next calls."""
        self.faults = Faults()
        self.blocked: set[int] = set()
        """Chats that do not let the bot in."""
        self.webhook: dict[str, Any] = {"url": ""}
        self.waiting: list[dict[str, Any]] = []
        """Updates that nobody has fetched for good."""
        self.delivered: list[int] = []
        """Status of each delivery to the webhook."""
        self.twice = False
        """Whether every update is delivered twice to the webhook."""
        self.polls = 0
        self.strict_token = TOKEN
        self._queries: dict[str, float] = {}
        self._news = asyncio.Condition()
        self._api = BotApi() if WHERE.exists() else None
        self.app: ASGIApp = faulty(
            Starlette(
                routes=[
                    Route("/file/bot{token}/{path:path}", self._file),
                    Route("/bot{token}/{method}", self._call, methods=["GET", "POST"]),
                ]
            ),
            self.faults,
        )

    @property
    def held_to_the_published_api(self) -> bool:
        """Whether requests and answers are validated against the machine-readable Bot API."""
        return self._api is not None

    # the Bot API

    async def _call(self, request: Request) -> Response:
        method = request.path_params["method"]
        try:
            if request.path_params["token"] != self.strict_token:
                raise No(401, "Unauthorized")
            given = await _given(request)
            self.calls.append((method, given))
            self._validate(method, given)
            if self.refuse[method]:
                raise self.refuse[method].popleft()
            handler = getattr(self, f"_{method}", None)
            if handler is None:
                raise No(404, "Not Found")
            result = handler(given)
            if asyncio.iscoroutine(result):
                result = await result
            if self._api is not None:
                problems = self._api.answer_problems(method, result)
                assert not problems, problems
        except No as no:
            told = {"ok": False, "error_code": no.code, "description": no.words}
            return JSONResponse({**told, **({"parameters": no.parameters} if no.parameters else {})}, no.code)
        return JSONResponse({"ok": True, "result": result})

    def _validate(self, method: str, given: Mapping[str, Any]) -> None:
        if self._api is not None:
            attached = set(re.findall(r"attach://(\w+)", json.dumps(given.get("media", ""))))
            problems = self._api.request_problems(method, {name: given[name] for name in given.keys() - attached})
            if problems:
                raise No(400, f"Bad Request: {problems[0]}")

    def _getMe(self, _: Any) -> dict[str, Any]:  # noqa: N802 - the API's own names, here and below
        flags = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
        return {**_user(BOT_ID, "Copydesk", bot=True), "username": USERNAME, **flags}

    # updates

    async def _getUpdates(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:  # noqa: N802
        if self.webhook["url"]:
            raise No(409, "Conflict: can't use getUpdates method while webhook is active")
        if self.polls:
            raise No(409, "Conflict: terminated by other getUpdates request")
        self.polls += 1
        try:
            offset = given.get("offset", 0)
            self.waiting = [one for one in self.waiting if one["update_id"] >= offset]
            async with self._news:
                if not self.waiting:
                    try:
                        await asyncio.wait_for(self._news.wait(), min(given.get("timeout", 0), 2))
                    except TimeoutError:
                        return []
            return list(self.waiting)
        finally:
            self.polls -= 1

    def _setWebhook(self, given: Mapping[str, Any]) -> bool:  # noqa: N802
        if not given["url"].startswith(("https://", "http://127.0.0.1")):
            raise No(400, "Bad Request: bad webhook: an HTTPS URL must be provided for webhook")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", given.get("secret_token", "x")):
            raise No(400, "Bad Request: secret token contains unallowed characters")
        self.webhook = {"url": given["url"], "secret": given.get("secret_token", ""), "kinds": given["allowed_updates"]}
        return True

    def _deleteWebhook(self, given: Mapping[str, Any]) -> bool:  # noqa: N802
        self.webhook = {"url": ""}
        return True

    def _getWebhookInfo(self, _: Any) -> dict[str, Any]:  # noqa: N802
        info = {"url": self.webhook["url"], "has_custom_certificate": False, "pending_update_count": len(self.waiting)}
        if self.webhook.get("kinds"):
            info["allowed_updates"] = self.webhook["kinds"]
        if self.webhook.get("error"):
            info |= {"last_error_message": self.webhook["error"], "last_error_date": int(time.time())}  # noqa: TID251
        return info

    # messages

    def _sendMessage(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        self._check_text(given["text"], given.get("entities", ()), 4096)
        return self._told(self._add(given, text=given["text"], entities=list(given.get("entities", ()))))

    def _sendPhoto(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        if len(given["photo"]) > 10_000_000:
            raise No(400, "Bad Request: file must be smaller")
        return self._told(self._media(given, given["photo"], given.get("caption", "")))

    def _sendDocument(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        message = self._media(given, given["document"], given.get("caption", ""))
        message.document = True
        return self._told(message)

    def _sendMediaGroup(self, given: Mapping[str, Any]) -> list[dict[str, Any]]:  # noqa: N802
        if not 2 <= len(given["media"]) <= 10 or "reply_markup" in given:
            raise No(400, "Bad Request: wrong number of items in an album")
        album = str(next(self._numbers))
        added = []
        for one in given["media"]:
            message = self._media(given, given[one["media"].removeprefix("attach://")], one.get("caption", ""))
            message.album, message.document = album, one["type"] == "document"
            added.append(message)
        return [self._told(one) for one in added]

    def _media(self, given: Mapping[str, Any], data: bytes, caption: str) -> Said:
        self._check_text(caption, (), 1024)
        return self._add(given, photo=data, caption=caption)

    def _add(self, given: Mapping[str, Any], **shown: Any) -> Said:
        room = self._room(given["chat_id"])
        topic = given.get("message_thread_id", 0)
        if topic == 1:
            raise No(400, "Bad Request: message thread not found")
        markup = given.get("reply_markup") or {}
        self._check_keyboard(markup.get("inline_keyboard", []))
        message = Said(
            next(self._numbers),
            room.id,
            BOT_ID,
            topic=topic,
            keyboard=markup.get("inline_keyboard", []),
            force_reply=bool(markup.get("force_reply")),
            answers=(given.get("reply_parameters") or {}).get("message_id", 0),
            **shown,
        )
        self.messages.append(message)
        return message

    def _room(self, chat: int) -> Room:
        room = self.rooms.get(chat)
        if room is None:
            raise No(400, "Bad Request: chat not found")
        if chat in self.blocked:
            raise No(403, "Forbidden: bot was blocked by the user" if chat > 0 else "Forbidden: bot was kicked")
        if room.moved_to:
            words = "Bad Request: group chat was upgraded to a supergroup chat"
            raise No(400, words, migrate_to_chat_id=room.moved_to)
        return room

    def _check_text(self, text: str, entities: Any, most: int) -> None:
        units = len(text.encode("utf-16-le")) // 2
        if most == 4096 and not text.strip():
            raise No(400, "Bad Request: message text is empty")
        if units > most:
            raise No(400, "Bad Request: message is too long" if most == 4096 else "Bad Request: caption is too long")
        if len(entities) > 100:
            raise No(400, "Bad Request: too many entities")
        for one in entities:
            if one["length"] < 1 or one["offset"] < 0 or one["offset"] + one["length"] > units:
                raise No(400, "Bad Request: can't parse entities: entity is out of bounds")

    def _check_keyboard(self, keyboard: Any) -> None:
        every = [one for row in keyboard for one in row]
        if len(every) > 100 or any(not 1 <= len(row) <= 8 for row in keyboard):
            raise No(400, "Bad Request: reply markup is too long")
        if any(len(one.get("callback_data", "").encode()) > 64 for one in every):
            raise No(400, "Bad Request: BUTTON_DATA_INVALID")

    def _mine(self, given: Mapping[str, Any], words: str) -> Said:
        self._room(given["chat_id"])
        for one in self.messages:
            if (one.chat, one.id) == (given["chat_id"], given["message_id"]):
                return one
        raise No(400, f"Bad Request: {words}")

    def _editMessageText(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        self._check_text(given["text"], given.get("entities", ()), 4096)
        message = self._mine(given, "message to edit not found")
        if message.photo:
            raise No(400, "Bad Request: there is no text in the message to edit")
        keyboard = (given.get("reply_markup") or {}).get("inline_keyboard", [])
        self._check_keyboard(keyboard)
        new = given["text"], list(given.get("entities", ())), keyboard
        if (message.text, message.entities, message.keyboard) == new:
            raise No(400, "Bad Request: message is not modified: specified new message content is exactly the same")
        message.text, message.entities, message.keyboard = new
        message.edits += 1
        return self._told(message)

    def _editMessageMedia(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        message = self._mine(given, "message to edit not found")
        media = given["media"]
        message.photo, message.caption = given[media["media"].removeprefix("attach://")], media.get("caption", "")
        message.text, message.edits = "", message.edits + 1
        return self._told(message)

    def _deleteMessage(self, given: Mapping[str, Any]) -> bool:  # noqa: N802
        self.messages.remove(self._mine(given, "message to delete not found"))
        return True

    def _answerCallbackQuery(self, given: Mapping[str, Any]) -> bool:  # noqa: N802
        asked = self._queries.pop(given["callback_query_id"], None)
        if asked is None or time.monotonic() - asked > CALLBACK_S:
            raise No(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        text = given.get("text", "")
        if len(text.encode("utf-16-le")) // 2 > 200:
            raise No(400, "Bad Request: MESSAGE_TOO_LONG")
        self.toasts.append((given["callback_query_id"], text, bool(given.get("show_alert"))))
        return True

    def _sendChatAction(self, given: Mapping[str, Any]) -> bool:  # noqa: N802
        self.actions.append(self._room(given["chat_id"]).id)
        return True

    def _setMyCommands(self, given: Mapping[str, Any]) -> bool:  # noqa: N802
        for one in given["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", one["command"]) or not 1 <= len(one["description"]) <= 256:
                raise No(400, "Bad Request: BOT_COMMAND_INVALID")
        self.commands[given["scope"]["type"]] = given["commands"]
        return True

    def _setMyShortDescription(self, given: Mapping[str, Any]) -> bool:  # noqa: N802
        return len(given["short_description"]) <= 120

    def _getFile(self, given: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N802
        data = self.files.get(given["file_id"])
        if data is None:
            raise No(400, "Bad Request: invalid file_id")
        if len(data) > 20_000_000:
            raise No(400, "Bad Request: file is too big")
        name = given["file_id"]
        return {"file_id": name, "file_unique_id": name, "file_size": len(data), "file_path": f"photos/{name}.png"}

    async def _file(self, request: Request) -> Response:
        name = request.path_params["path"].removeprefix("photos/").removesuffix(".png")
        return Response(self.files[name], media_type="image/png")

    # how it looks to a client

    def _told(self, one: Said) -> dict[str, Any]:
        told: dict[str, Any] = {"message_id": one.id, "date": int(time.time()), "chat": self._chat(one.chat)}  # noqa: TID251
        told["from"] = _user(BOT_ID, "Copydesk", bot=True) if one.sender == BOT_ID else _user(one.sender)
        if one.photo and not one.document:
            told["photo"] = [{"file_id": "p", "file_unique_id": "p", "width": 1, "height": 1}]
        elif one.photo:
            told["document"] = {"file_id": "d", "file_unique_id": "d"}
        else:
            told["text"] = one.text
            told["entities"] = [{name: value for name, value in e.items() if name != "user"} for e in one.entities]
        if one.topic:
            told |= {"message_thread_id": one.topic, "is_topic_message": True}
        if one.keyboard:
            told["reply_markup"] = {"inline_keyboard": one.keyboard}
        return told

    def _chat(self, chat: int) -> dict[str, Any]:
        room = self.rooms.get(chat)
        if room is None or room.kind == "private":
            return {"id": chat, "type": "private", "first_name": f"Person {chat}"}
        return {"id": chat, "type": room.kind, "title": room.title}

    # people

    def open(self, person: int) -> int:
        """Somebody starts the bot; returns their private chat."""
        self.rooms[person] = Room(person, "private")
        return person

    def group(self, chat: int = -100, title: str = "Marketing") -> int:
        """A group the bot is in."""
        self.rooms[chat] = Room(chat, "supergroup", title)
        return chat

    async def say(
        self,
        person: int,
        text: str,
        chat: int = 0,
        *,
        topic: int = 0,
        answers: Said | None = None,
        photo: str = "",
        video: str = "",
        update_id: int = 0,
    ) -> Said:
        """Somebody writes, in private or in a group; an answer answers a message."""
        where = chat or self.open(person)
        message = Said(next(self._numbers), where, person, text, topic=topic)
        self.messages.append(message)
        told = self._told(message)
        told["entities"] = _entities(text)
        if photo:
            del told["text"], told["entities"]
            told["photo"] = [{"file_id": photo, "file_unique_id": photo, "width": 9, "height": 9}]
        if video:
            del told["text"], told["entities"]
            sizes = {"width": 64, "height": 48, "duration": 1}
            told["video"] = {"file_id": video, "file_unique_id": video, "file_name": f"{video}.mp4", **sizes}
        if (photo or video) and text:
            told |= {"caption": text, "caption_entities": _entities(text)}
        if answers:
            told["reply_to_message"] = self._told(answers)
        await self.update({"message": told}, update_id)
        return message

    async def press(self, person: int, message: Said, label: str, *, update_id: int = 0) -> str:
        """Somebody presses a button; returns the query's id."""
        return await self.press_key(person, message, message.buttons()[label]["callback_data"], update_id=update_id)

    async def press_key(self, person: int, message: Said, key: str, *, update_id: int = 0) -> str:
        """Somebody presses a button that carries this."""
        query = f"query{next(self._numbers)}"
        self._queries[query] = time.monotonic()
        told = {
            "id": query,
            "from": _user(person),
            "chat_instance": "1",
            "data": key,
            "message": self._told(message),
        }
        await self.update({"callback_query": told}, update_id)
        return query

    async def moved(self, person: int, chat: int, before: str, after: str) -> None:
        """Somebody lets the bot in or puts it out."""

        def member(status: str) -> dict[str, Any]:
            bot = _user(BOT_ID, "Copydesk", bot=True)
            return {"status": status, "user": bot, **({"until_date": 0} if status == "kicked" else {})}

        now = int(time.time())  # noqa: TID251
        change = {
            "chat": self._chat(chat),
            "from": _user(person),
            "date": now,
            "old_chat_member": member(before),
            "new_chat_member": member(after),
        }
        await self.update({"my_chat_member": change})

    async def update(self, what: Mapping[str, Any], update_id: int = 0) -> int:
        """Bring an update to the bot; the last status of the webhook, or 0 where it polls."""
        update = {"update_id": update_id or next(self._updates), **what}
        if self._api is not None:
            problems = self._api.update_problems(update)
            assert not problems, problems
        if not self.webhook["url"]:
            self.waiting.append(update)
            async with self._news:
                self._news.notify_all()
            return 0
        status = 0
        for _ in range(2 if self.twice else 1):
            status = await self.deliver(update)
        return status

    async def deliver(self, update: Mapping[str, Any], *, secret: str | None = None, tries: int = 4) -> int:
        """Post an update to the webhook, again until it is acknowledged."""
        shown = self.webhook["secret"] if secret is None else secret
        headers = {"x-telegram-bot-api-secret-token": shown}
        async with httpx.AsyncClient(timeout=30, verify=False) as client:  # noqa: S501 - loopback, and no time for certificates
            for _ in range(tries):
                answer = await client.post(self.webhook["url"], json=update, headers=headers)
                self.delivered.append(answer.status_code)
                if answer.status_code == 200:
                    break
                await asyncio.sleep(0.02)
        return self.delivered[-1]

    # what stands there

    def at(self, chat: int, topic: int = 0) -> list[Said]:
        """The bot's messages there, oldest first."""
        return [one for one in self.messages if (one.chat, one.topic, one.sender) == (chat, topic, BOT_ID)]

    def newest(self, chat: int, label: str) -> Said:
        """The bot's newest message there with this button."""
        return next(one for one in reversed(self.at(chat)) if label in one.buttons())


def _user(person: int, name: str = "", *, bot: bool = False) -> dict[str, Any]:
    return {"id": person, "is_bot": bot, "first_name": name or f"Person {person}"}


def _entities(text: str) -> list[dict[str, Any]]:
    found = []
    for match in re.finditer(r"(?<!\w)[/@]\w+(?:@\w+)?", text):
        offset = len(text[: match.start()].encode("utf-16-le")) // 2
        kind = "bot_command" if match[0].startswith("/") else "mention"
        found.append({"type": kind, "offset": offset, "length": len(match[0].encode("utf-16-le")) // 2})
    return found


async def _given(request: Request) -> dict[str, Any]:
    """The parameters as the API means them."""
    found: dict[str, Any] = dict(request.query_params)
    async with request.form() as form:
        for name, value in form.multi_items():
            found[name] = await value.read() if isinstance(value, UploadFile) else value
    return {name: _typed(name, value) for name, value in found.items()}


def _typed(name: str, value: Any) -> Any:
    if name in TYPED:
        return json.loads(value)
    if name in NUMBERS:
        return int(value)
    return value in ("true", "True", "1") if name in FLAGS else value
