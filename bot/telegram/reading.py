"""What Telegram delivers: what of it is kept, and what it means. Pure; who delivered it was checked before.

Offsets of entities count UTF-16 units.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.native import Arrived, Arriving, Gone, Happening, Heard, Picture, Pressed, Sender
from bot.telegram.limits import GENERAL_TOPIC

Update = Mapping[str, Any]

KINDS = ("message", "callback_query", "my_chat_member")
"""The updates we ask Telegram for."""
_UNREAD = frozenset({"voice", "audio", "video_note", "sticker", "document", "location", "contact", "poll"})
"""What people send that the desk cannot read; in private they are told so."""
_IN = ("member", "administrator", "creator", "restricted")
_ROOMS = ("group", "supergroup")
"""The kinds of chat in which several people talk."""
_OTHERS = ("message", "reply_to_message", "pinned_message")
"""Where an update tells of another message: what was pressed on, answered, pinned."""
_OF_OTHERS = frozenset({"message_id", "from", "chat", "message_thread_id", "is_topic_message"})
"""What is kept of those: who said it and where it stands. Its words and buttons may hold somebody's way in."""
_UNKEPT = frozenset({"reply_markup", "quote"})
"""What is kept of no message: its buttons, and the words that it repeats of another one."""


@dataclass(frozen=True)
class Me:
    """The bot itself."""

    id: int
    username: str
    """Without the @; empty until Telegram told it."""


def arriving(update: Update) -> Arriving | None:
    """What of an update goes into the inbox; None: nothing in it is for us."""
    kind = next((one for one in KINDS if one in update), None)
    if kind is None:
        return None
    told = update[kind]
    message = told.get("message") if kind == "callback_query" else told
    lane = _address(message) if message else str(told["from"]["id"])
    if kind == "callback_query":
        lane = f"{lane}/{told['from']['id']}"  # presses of one person in order, and beside what is said
    number = int(update["update_id"])
    return Arriving(str(number), f"telegram:{lane}", number, {**update, kind: _kept(told)})


def _kept(told: Mapping[str, Any]) -> dict[str, Any]:
    """What was told, without what other messages show."""
    kept = {name: value for name, value in told.items() if name not in _UNKEPT}
    others = {name: kept[name] for name in _OTHERS if kept.get(name)}
    return kept | {name: {each: one[each] for each in one.keys() & _OF_OTHERS} for name, one in others.items()}


def meaning(update: Update, me: Me) -> Happening | None:
    """What an update means; None: nothing to us."""
    if "callback_query" in update:
        return _pressed(update["callback_query"])
    if "my_chat_member" in update:
        return _moved(update["my_chat_member"])
    return _heard(update["message"], me)


def _address(message: Mapping[str, Any]) -> str:
    chat = str(message["chat"]["id"])
    topic = str(message.get("message_thread_id", ""))
    in_topic = message.get("is_topic_message") and topic != GENERAL_TOPIC
    return f"{chat}/{topic}" if in_topic else chat


def _sender(user: Mapping[str, Any]) -> Sender:
    name = f"{user.get('first_name', '')} {user.get('last_name', '')}".strip()
    return Sender(str(user["id"]), name or user.get("username", "") or str(user["id"]))


def _private(message: Mapping[str, Any]) -> bool:
    return bool(message["chat"].get("type") == "private")


# what was said


def _heard(message: Mapping[str, Any], me: Me) -> Heard | None:
    user = message.get("from")
    if not user or user.get("is_bot") or "sender_chat" in message:
        return None
    text = message.get("text") or message.get("caption") or ""
    pictures = _pictures(message)
    if not (text or pictures or (_private(message) and _UNREAD & message.keys())):
        return None  # somebody came in, a picture of the group changed
    entities = message.get("entities") or message.get("caption_entities") or ()
    command = _command(text, entities)
    if command is not None and command not in ("", me.username.casefold()):
        return None  # for another bot
    reply = _reply(message)
    private = _private(message)
    mentioned = _is_mentioned(text, entities, me)
    answered = bool(reply) and (reply or {}).get("from", {}).get("id") == me.id
    chat = message["chat"]["id"]
    return Heard(
        sender=_sender(user),
        address=_address(message),
        private=private,
        addressed=private or command is not None or mentioned or answered,
        text=_plain(text, me),
        pictures=pictures,
        reply_ref=f"{chat}:{reply['message_id']}" if reply else "",
        ref=f"{chat}:{message['message_id']}",
        mentions=tuple(_sender(one["user"]) for one in _named(entities) if one["user"]["id"] != me.id),
    )


def _reply(message: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What it answers; every message of a topic “answers” the one that opened it, which is no answer."""
    reply = message.get("reply_to_message")
    if not reply or reply.get("message_id") == message.get("message_thread_id"):
        return None
    return dict(reply)


def _command(text: str, entities: Any) -> str | None:
    """The bot whom a command names, empty for none; None: it is no command."""
    if not any(one["type"] == "bot_command" and one["offset"] == 0 for one in entities):
        return None
    return text.split(maxsplit=1)[0].partition("@")[2].casefold()


def _is_mentioned(text: str, entities: Any, me: Me) -> bool:
    if any(one["user"]["id"] == me.id for one in _named(entities)):
        return True
    mentions = (_cut(text, one) for one in entities if one["type"] == "mention")
    return bool(me.username) and any(one[1:].casefold() == me.username.casefold() for one in mentions)


def _named(entities: Any) -> list[Mapping[str, Any]]:
    return [one for one in entities if one["type"] == "text_mention"]


def _cut(text: str, entity: Mapping[str, Any]) -> str:
    units = text.encode("utf-16-le")
    start = entity["offset"] * 2
    return units[start : start + entity["length"] * 2].decode("utf-16-le", "ignore")


def _plain(text: str, me: Me) -> str:
    """Without the name of the bot: `/help@desk_bot`, `@desk_bot draft …`."""
    if not me.username:
        return text.strip()
    name = re.escape(me.username)
    text = re.sub(rf"^(/\w+)@{name}\b", r"\1", text, flags=re.IGNORECASE)
    return re.sub(rf"@{name}\b[ ,:]*", "", text, flags=re.IGNORECASE).strip()


def _pictures(message: Mapping[str, Any]) -> tuple[Picture, ...]:
    if message.get("photo"):
        largest = max(message["photo"], key=lambda one: one.get("width", 0) * one.get("height", 0))
        return (Picture("photo.jpg", str(largest["file_id"])),)
    if video := message.get("video"):
        return (Picture(str(video.get("file_name") or "video.mp4"), str(video["file_id"])),)
    document = {} if "animation" in message else message.get("document") or {}  # it is told as a file, too
    if str(document.get("mime_type", "")).startswith(("image/", "video/")):
        return (Picture(str(document.get("file_name") or "file"), str(document["file_id"])),)
    return ()


# what was pressed, and who came and went


def _pressed(query: Mapping[str, Any]) -> Pressed | None:
    if not query.get("data"):
        return None
    message = query.get("message")
    user = str(query["from"]["id"])
    return Pressed(
        sender=_sender(query["from"]),
        address=_address(message) if message else user,
        private=_private(message) if message else True,
        key=str(query["data"]),
        ref=f"{message['chat']['id']}:{message['message_id']}" if message else "",
        handle={"query": str(query["id"])},
    )


def _moved(change: Mapping[str, Any]) -> Happening | None:
    before, after = change["old_chat_member"]["status"], change["new_chat_member"]["status"]
    chat = change["chat"]
    if after in _IN and before not in _IN:
        if chat.get("type") not in _ROOMS:
            return None  # in a channel every word of ours would be public
        return Arrived(_sender(change["from"]), str(chat["id"]), str(chat.get("title", "")))
    return Gone(address=str(chat["id"])) if after not in _IN else None
