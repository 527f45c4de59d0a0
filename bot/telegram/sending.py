"""Brings pieces to Telegram and keeps them true: sends, edits, removes.

An address is `CHAT` or `CHAT/TOPIC`; a reference is `CHAT:MESSAGE`, of an album `CHAT:MESSAGE,MESSAGE`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from telegram import (
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    LinkPreviewOptions,
    Message,
    MessageEntity,
    ReplyParameters,
)
from telegram.error import BadRequest, TelegramError

from bot.chat import chart_of
from bot.native import Piece, SendAnew
from bot.pace import Priority
from bot.pictures import chart_png
from bot.telegram.client import Client
from bot.telegram.limiter import Manner
from bot.telegram.limits import GENERAL_TOPIC, PHOTO_BYTES
from bot.telegram.trouble import NO_TOPIC, PLATFORM, SAME, as_content, gone, moved_to, raise_as_content, says
from content.errors import NotFound

log = logging.getLogger(__name__)

Read = Callable[[str], Awaitable[bytes]]
T = TypeVar("T")

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_MESSAGE = Manner(Priority.MESSAGE)
_REDRAW = Manner(Priority.REDRAW)
_THIS = "this message"


def where(address: str) -> tuple[int, int | None]:
    """An address as chat and topic; the topic “General” must not be named.

    Raises:
        NotFound: it is no address of Telegram's.
    """
    chat, _, topic = address.partition("/")
    try:
        return int(chat), int(topic) if topic and topic != GENERAL_TOPIC else None
    except ValueError as odd:
        raise NotFound(f"“{address[:40]}” is no place on Telegram. Start again from a chat with me.") from odd


def which(ref: str) -> tuple[int, list[int]]:
    """A reference as chat and messages.

    Raises:
        NotFound: it is no reference of Telegram's.
    """
    chat, _, messages = ref.partition(":")
    try:
        return int(chat), [int(one) for one in messages.split(",")]
    except ValueError as odd:
        raise NotFound(f"“{ref[:40]}” is no message on Telegram. Ask for the card again.") from odd


def entities_of(body: Mapping[str, Any]) -> list[MessageEntity]:
    """A body's entities as the client takes them."""
    return [MessageEntity.de_json(one, None) for one in body["entities"]]


def markup_of(body: Mapping[str, Any]) -> InlineKeyboardMarkup | None:
    """A body's buttons as the client takes them."""
    keyboard = body.get("keyboard")
    return InlineKeyboardMarkup.de_json({"inline_keyboard": keyboard}, None) if keyboard else None


class Sending:
    """`read` gives the bytes of a picture by its id."""

    def __init__(self, client: Client, read: Read) -> None:
        self._client = client
        self._bot = client.bot
        self._read = read

    # new messages

    async def send(
        self, address: str, body: Mapping[str, Any], *, manner: Manner = _MESSAGE, markup: Any = None, **more: Any
    ) -> str:
        """Send one piece's body; returns its reference. `markup` stands in place of its own buttons.

        Raises:
            RateLimited, Unavailable, Rejected, NotFound, OutcomeUnknown: it was not sent, or nobody knows.
        """
        files = await self._files(body)
        if not files and body["kind"] != "text":
            gone_words = {"kind": "text", "text": "This picture is not there any more.", "entities": []}
            return await self.send(address, gone_words, manner=manner)

        async def call(chat: int, topic: int | None) -> Sequence[Message]:
            about = {"chat_id": chat, "message_thread_id": topic, "rate_limit_args": manner, **more}
            if body["kind"] == "text":
                return [await self._text(body, markup, about)]
            return await self._media(files, about)

        sent = await self._there(address, call)
        return f"{sent[0].chat.id}:{','.join(str(one.message_id) for one in sent)}"

    async def _text(self, body: Mapping[str, Any], markup: Any, about: dict[str, Any]) -> Message:
        return await self._bot.send_message(
            text=body["text"],
            entities=entities_of(body),
            reply_markup=markup or markup_of(body),
            link_preview_options=NO_PREVIEW,
            **about,
        )

    async def _media(self, files: Sequence[Mapping[str, Any]], about: dict[str, Any]) -> Sequence[Message]:
        if any(len(one["data"]) > PHOTO_BYTES for one in files):
            return await self._documents(files, about)
        try:
            if len(files) == 1:
                [one] = files
                return [
                    await self._bot.send_photo(
                        photo=one["data"], filename=one["name"], caption=one["caption"] or None, **about
                    )
                ]
            return await self._bot.send_media_group(media=[_as_photo(one) for one in files], **about)
        except BadRequest as refused:
            if gone(refused) or says(refused, *NO_TOPIC):
                raise
            log.info("picture.as_document", extra={"why": refused.message})
            return await self._documents(files, about)

    async def _documents(self, files: Sequence[Mapping[str, Any]], about: dict[str, Any]) -> Sequence[Message]:
        """Pictures that Telegram does not take as such go as files."""
        if len(files) > 1:
            return await self._bot.send_media_group(media=[_as_document(one) for one in files], **about)
        [one] = files
        return [
            await self._bot.send_document(
                document=one["data"], filename=one["name"], caption=one["caption"] or None, **about
            )
        ]

    async def _there(self, address: str, call: Callable[[int, int | None], Awaitable[T]], what: str = _THIS) -> T:
        """Call, and once more where the group moved or the topic is gone."""
        chat, topic = where(address)
        for _ in range(2):
            try:
                return await call(chat, topic)
            except TelegramError as refused:
                if (moved := moved_to(refused)) is not None:
                    chat = moved
                elif topic is not None and says(refused, *NO_TOPIC):
                    topic = None
                else:
                    raise_as_content(refused, what, self._client.clock.now())
        try:
            return await call(chat, topic)
        except TelegramError as refused:
            raise_as_content(refused, what, self._client.clock.now())

    # pictures

    async def _files(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The pictures of a body with their bytes; those that are gone are left out, their descriptions stand in the text."""
        if body["kind"] == "text":
            return []
        if body["kind"] == "chart":
            data = await asyncio.to_thread(chart_png, chart_of(body["chart"]))
            return [{"data": data, "name": "chart.png", "caption": body["caption"]}]
        found = []
        for photo in body["photos"] if body["kind"] == "album" else [body]:
            try:
                data = await self._read(photo["media_id"])
            except NotFound:
                log.warning("picture.gone", extra={"media": photo["media_id"]})
                continue
            found.append({"data": data, "name": photo["name"] or "picture", "caption": photo["caption"]})
        return found

    # messages that are there

    async def edit(self, ref: str, piece: Piece) -> None:
        """Make a message show this piece; that it shows it already is no error.

        Raises:
            SendAnew: Telegram cannot turn what stands there into this.
            Rejected: it refuses it.
            RateLimited, Unavailable, NotFound, OutcomeUnknown: it was not edited, or nobody knows.
        """
        chat, ids = which(ref)
        if piece.body["kind"] == "text":
            if len(ids) > 1:
                raise _cannot_become()
            await self.edit_text(ref, piece.body)
            return
        files = await self._files(piece.body)
        if not 1 <= len(files) <= len(ids):
            raise _cannot_become()
        for number, one in enumerate(files):
            await self._edit_media(chat, ids[number], one, first=number == 0)
        if ids[len(files) :]:
            await self.remove(f"{chat}:{','.join(map(str, ids[len(files) :]))}")

    async def edit_text(self, ref: str, body: Mapping[str, Any], manner: Manner = _REDRAW) -> None:
        """Make a message show these words and buttons."""
        chat, [message, *_] = which(ref)
        try:
            await self._bot.edit_message_text(
                body["text"],
                chat_id=chat,
                message_id=message,
                entities=entities_of(body),
                reply_markup=markup_of(body),
                link_preview_options=NO_PREVIEW,
                rate_limit_args=manner,
            )
        except TelegramError as refused:
            if says(refused, "no text in the message"):
                raise _cannot_become() from refused
            self._unless_same(refused)

    async def _edit_media(self, chat: int, message: int, one: Mapping[str, Any], *, first: bool) -> None:
        about: dict[str, Any] = {"chat_id": chat, "message_id": message, "rate_limit_args": _REDRAW}
        large = len(one["data"]) > PHOTO_BYTES
        try:
            await self._bot.edit_message_media(_as_document(one) if large else _as_photo(one), **about)
        except TelegramError as refused:
            if gone(refused) and not first:  # a picture of an album that is gone cannot come back
                raise _cannot_become() from refused
            self._unless_same(refused)

    def _unless_same(self, refused: TelegramError) -> None:
        if moved_to(refused) is not None:
            raise NotFound("This group moved, and its older messages cannot be changed. Ask for the card again.")
        if not says(refused, SAME):
            raise_as_content(refused, _THIS, self._client.clock.now())

    async def remove(self, ref: str) -> None:
        """Take messages away; what Telegram keeps is emptied. That they are gone already is no error.

        Raises:
            RateLimited, Unavailable, Rejected, OutcomeUnknown: they still stand there, or nobody knows.
        """
        chat, ids = which(ref)
        for message in ids:
            try:
                await self._bot.delete_message(chat, message, rate_limit_args=_REDRAW)
            except TelegramError as refused:
                await self._not_removed(f"{chat}:{message}", refused)

    async def _not_removed(self, ref: str, refused: TelegramError) -> None:
        if isinstance(as_content(refused, _THIS, self._client.clock.now()), NotFound) or moved_to(refused) is not None:
            return
        if not isinstance(refused, BadRequest):
            raise_as_content(refused, _THIS, self._client.clock.now())
        with suppress(SendAnew):  # a picture, which stays as it is
            await self.edit_text(ref, {"text": "–", "entities": []})  # older than 48 hours: it stays, but says nothing


def _cannot_become() -> SendAnew:
    return SendAnew(
        "Telegram cannot turn words into this, or this into words, where it stands. It has to be said anew.",
        platform=PLATFORM,
    )


def _as_photo(one: Mapping[str, Any]) -> InputMediaPhoto:
    return InputMediaPhoto(one["data"], caption=one["caption"] or None, filename=one["name"])


def _as_document(one: Mapping[str, Any]) -> InputMediaDocument:
    return InputMediaDocument(one["data"], caption=one["caption"] or None, filename=one["name"])


def reply_to(ref: str, chat: int) -> ReplyParameters | None:
    """What makes a message an answer to another one in the same chat; None: it is elsewhere."""
    if not ref:
        return None
    there, [message, *_] = which(ref)
    return ReplyParameters(message, allow_sending_without_reply=True) if there == chat else None
