"""Telegram as a chat that keeps messages of its own."""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from telegram import ForceReply, InlineKeyboardMarkup
from telegram.error import BadRequest, TelegramError

from bot.chat import Answer, Progress
from bot.native import Form, Happening, Outgoing, Piece, Pressed, Sender
from bot.pace import Priority
from bot.stopping import KEY as STOP_KEY
from bot.telegram import reading, render
from bot.telegram.client import LABEL, NAME, Client
from bot.telegram.doctor import Doctor
from bot.telegram.keyboard import opening, pressed
from bot.telegram.limiter import Manner
from bot.telegram.limits import PLACEHOLDER, TEXT, TOAST, clipped, size
from bot.telegram.reading import Me
from bot.telegram.sending import Read, Sending, where
from bot.telegram.sending import reply_to as answering
from bot.telegram.styled import quiet
from bot.telegram.trouble import TOO_OLD, says
from content.checkup import Finding
from content.errors import ContentError, NotFound, Rejected, Unavailable
from content.media import LARGEST_VIDEO

log = logging.getLogger(__name__)

_REMEMBERED = 5_000
_ASKED = Manner(Priority.ANSWER)
_SHOWN = Manner(Priority.PROGRESS, timedelta(milliseconds=300))
_WORKING = "Working on it…"
_ALONE = "I have something for you alone. Open a private chat with me, press Start, and ask again."


class TelegramChat:
    """Sends, edits, asks and answers."""

    def __init__(self, client: Client, read: Read, doctor: Doctor) -> None:
        self._client = client
        self._sending = Sending(client, read)
        self._doctor = doctor
        self._answered: OrderedDict[str, None] = OrderedDict()
        """Presses whose one toast is used."""
        self._typing: dict[str, asyncio.Task[None]] = {}

    @property
    def name(self) -> str:
        """The chat's slug."""
        return NAME

    @property
    def label(self) -> str:
        """What people call it."""
        return LABEL

    @property
    def breath(self) -> timedelta:
        """As often as Telegram takes edits in a private chat; groups are slower, which the limiter sees to."""
        return self._client.flood.private

    def render(self, message: Outgoing) -> Sequence[Piece]:
        """See `bot/telegram/render.py`."""
        return render.render(message)

    def plain(self, message: Outgoing) -> Sequence[Piece]:
        """See `bot/telegram/render.py`."""
        return render.plain(message)

    async def start(self) -> None:
        """Ask who we are; where Telegram cannot be reached now, it is asked later."""
        await self._client.start()

    async def close(self) -> None:
        """End what is being shown, and every connection."""
        for task in list(self._typing.values()):
            task.cancel()
        await asyncio.gather(*self._typing.values(), return_exceptions=True)
        await self._client.close()

    # messages

    async def send(self, address: str, piece: Piece, key: str) -> str:
        """Say something new there. Telegram cannot be asked whether it is there already."""
        return await self._sending.send(address, piece.body)

    async def edit(self, ref: str, piece: Piece) -> None:
        """Make a message show this."""
        await self._sending.edit(ref, piece)

    async def remove(self, ref: str) -> None:
        """Take a message of ours away."""
        await self._sending.remove(ref)

    async def note(self, address: str, remote_id: str, text: str) -> None:
        """Tell one person something: in their private chat; where that is closed, the group hears only that there is something."""
        try:
            await self._say(remote_id, text)
        except NotFound:
            if address == remote_id:
                raise
            await self._call_out(address, remote_id, _ALONE)

    async def _say(self, address: str, text: str, markup: Any = None, **more: Any) -> str:
        """Words of ours, in as many messages as they need; `markup` stands under the last. Returns its reference."""
        ref = ""
        bodies = [piece.body for piece in self.render(Outgoing("note", text))]
        for number, body in enumerate(bodies, 1):
            last = number == len(bodies)
            ref = await self._sending.send(
                address, body, manner=_ASKED, markup=markup if last else None, **(more if last else {})
            )
        return ref

    async def _call_out(self, address: str, remote_id: str, text: str) -> None:
        """A short message that calls somebody by name, who may have no @name."""
        name = "You"
        mention = {"type": "text_mention", "offset": 0, "length": size(name)}
        user = {"id": int(remote_id), "is_bot": False, "first_name": name}
        words = f"{name}: {text}"
        await self._sending.send(
            address, {"kind": "text", "text": words, "entities": [{**mention, "user": user}]}, manner=_ASKED
        )

    async def private(self, remote_id: str) -> str:
        """The address of the private conversation with this person."""
        return remote_id

    async def called(self, person: Sender) -> str:
        """Telegram tells names with every message."""
        return person.name

    def way_in(self, token: str) -> str:
        """How somebody brings a one-time word to the desk here."""
        if not self._client.username:
            return f"On Telegram, send the bot: /start {token}"
        return f"On Telegram, open https://t.me/{self._client.username}?start={token} and press Start."

    # progress

    async def progress(self, address: str, progress: Progress | None, ref: str) -> str:
        """Typing at first; with steps one message that is edited in place, and gone at the end."""
        try:
            if progress is None:
                self._stop_typing(address)
                if ref:
                    await self._sending.remove(ref)
                return ""
            self._start_typing(address)
            return await self._show(address, progress, ref) if progress.steps else ref
        except ContentError as trouble:
            log.info("progress.not_shown", extra={"address": address, "why": trouble.message})
            return ref

    async def _show(self, address: str, progress: Progress, ref: str) -> str:
        lines = [f"{'✓' if step.done else '⏳'} {step.words[:1].upper()}{step.words[1:]}" for step in progress.steps]
        body = {
            "kind": "text",
            "text": clipped(quiet("\n".join(lines)), TEXT),
            "entities": [],
            "keyboard": [[pressed("Stop", STOP_KEY)]],
        }
        if not ref:
            return await self._sending.send(address, body, manner=Manner(Priority.PROGRESS, timedelta(seconds=2)))
        try:
            await self._sending.edit_text(ref, body, _SHOWN)
        except NotFound:  # somebody deleted it
            return ""
        return ref

    def _start_typing(self, address: str) -> None:
        running = self._typing.get(address)
        if running is None or running.done():
            self._typing[address] = asyncio.create_task(self._type(address))

    def _stop_typing(self, address: str) -> None:
        task = self._typing.pop(address, None)
        if task is not None:
            task.cancel()

    async def _type(self, address: str) -> None:
        """Telegram shows it for five seconds."""
        with contextlib.suppress(ContentError, TelegramError):
            chat, topic = where(address)
            while True:
                await self._client.bot.send_chat_action(chat, "typing", message_thread_id=topic, rate_limit_args=_SHOWN)
                await asyncio.sleep(self._client.flood.typing.total_seconds())

    # what comes from there

    def meaning(self, payload: Mapping[str, Any]) -> Happening | None:
        """See `bot/telegram/reading.py`."""
        return reading.meaning(payload, Me(self._client.id, self._client.username))

    async def fetch(self, handle: str, to: Path) -> None:
        """See `Native.fetch`; Telegram gives bots files of up to 20 MB."""
        try:
            file = await self._client.bot.get_file(handle, rate_limit_args=_ASKED)
            if (file.file_size or 0) > LARGEST_VIDEO:
                raise Rejected("That file is too large for me. Send it smaller.", platform=NAME)
            await file.download_to_drive(to)
        except TelegramError as refused:
            if says(refused, "file is too big"):
                raise Rejected(
                    "Telegram gives bots no file of more than 20 MB. Send it smaller, or attach it on the desk's page.",
                    platform=NAME,
                ) from refused
            if isinstance(refused, BadRequest):
                raise NotFound("Telegram does not have that file any more. Send it again.") from refused
            raise Unavailable("I could not fetch your file from Telegram. I try again.", platform=NAME) from refused

    # presses

    async def working(self, press: Mapping[str, Any]) -> None:
        """It takes longer than a second: say so in the press's one toast; what it comes to is told as a message then."""
        if self._claim(press["query"]):
            with contextlib.suppress(TelegramError):
                await self._client.bot.answer_callback_query(press["query"], _WORKING, rate_limit_args=_ASKED)

    def _claim(self, query: str) -> bool:
        """Whether the press's one toast is still free; it is not from now on."""
        if query in self._answered:
            return False
        self._answered[query] = None
        while len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
        return True

    async def answered(self, press: Pressed, answer: Answer) -> None:
        """Tell the person who pressed, in a toast that only they see; what is long or leads elsewhere also as a message."""
        try:
            toasted = await self._toast(press, answer)
            if answer.go_to:
                await self._lead(press, answer)
            elif answer.text and not toasted:
                await self.note(press.address, press.sender.remote_id, answer.text)
        except ContentError as trouble:
            log.warning("press.not_answered", extra={"why": trouble.message})

    async def _toast(self, press: Pressed, answer: Answer) -> bool:
        """Whether the toast told everything."""
        query = str(press.handle.get("query", ""))
        if not query or not self._claim(query):
            return False
        alert = answer.tone == "bad" or size(answer.text) > TOAST // 2
        try:
            await self._client.bot.answer_callback_query(
                query, clipped(answer.text, TOAST), show_alert=alert and bool(answer.text), rate_limit_args=_ASKED
            )
        except TelegramError as refused:
            if not says(refused, *TOO_OLD):
                log.info("press.no_toast", extra={"why": refused.message})
            return False
        return size(answer.text) <= TOAST

    async def _lead(self, press: Pressed, answer: Answer) -> None:
        """Where the person must go on, for them alone."""
        keyboard = InlineKeyboardMarkup.de_json({"inline_keyboard": [[opening("Go on there", answer.go_to)]]}, None)
        try:
            await self._say(press.sender.remote_id, answer.text or "Go on here:", keyboard)
        except Rejected:  # Telegram takes no button to an address of a home network
            await self._say(press.sender.remote_id, f"{answer.text} {answer.go_to}".strip())
        except NotFound:
            await self._call_out(press.address, press.sender.remote_id, _ALONE)

    async def open_form(self, press: Pressed, form: Form) -> bool:
        """Telegram has none; questions are asked one by one."""
        return False

    async def ask(self, address: str, person: Sender, text: str, reply_to: str = "") -> str:
        """Ask one person for one answer, in the field where they write."""
        chat, _ = where(address)
        placeholder = clipped(text.split("\n", 1)[0], PLACEHOLDER)
        markup = ForceReply(selective=True, input_field_placeholder=placeholder or None)
        parameters = answering(reply_to, chat)
        words, entities = text, []
        if chat < 0:  # only who is called, or answered to, is asked
            words = f"{person.name}: {text}"
            user = {"id": int(person.remote_id), "is_bot": False, "first_name": person.name}
            entities = [{"type": "text_mention", "offset": 0, "length": size(person.name), "user": user}]
        body = {"kind": "text", "text": clipped(words, TEXT), "entities": entities}
        return await self._sending.send(address, body, manner=_ASKED, markup=markup, reply_parameters=parameters)

    async def examine(self) -> Sequence[Finding]:
        """See `bot/telegram/doctor.py`."""
        return await self._doctor.examine()
