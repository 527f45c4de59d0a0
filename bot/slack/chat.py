"""Slack as a chat that keeps messages of its own."""

import json
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.chat import Answer, Card, Choice, Progress
from bot.native import UNSURE, Form, Happening, Heard, Outgoing, Piece, Pressed, SendAnew, Sender
from bot.slack import reading, render, views
from bot.slack.blocks import escaped
from bot.slack.calls import ANSWERING, REDRAWING, SENDING, Calls, Manner
from bot.slack.commanding import typed
from bot.slack.doctor import Doctor
from bot.slack.files import Files, file_name
from bot.slack.installing import Installations
from bot.slack.limits import FALLBACK, clipped
from bot.slack.places import At, Ref, at, person, ref_of, user_of
from bot.slack.progress import Showing
from bot.slack.trouble import code_of
from content.checkup import Finding
from content.errors import ContentError, NotFound, Rejected

log = logging.getLogger(__name__)

NAME = "slack"
EVENT_TYPE = "copydesk_message"
"""The metadata that marks our messages with their key."""
_MESSAGE = "this message"
_REMEMBERED = 5_000
_PAGES = 10
"""How far back an uncertain message is looked for, a hundred at a time."""
_QUIET = {"unfurl_links": False, "unfurl_media": False}


class SlackChat:
    """Sends, edits, asks and answers; `files` brings pictures, `showing` a turn's progress."""

    def __init__(
        self, calls: Calls, files: Files, showing: Showing, installations: Installations, doctor: Doctor
    ) -> None:
        self._calls = calls
        self._files = files
        self._showing = showing
        self._installations = installations
        self._doctor = doctor
        self._direct: OrderedDict[str, str] = OrderedDict()
        """The channel of each private conversation, by person; the oldest are forgotten."""
        self._speakers: OrderedDict[str, str] = OrderedDict()
        """Who spoke last in each thread of a room, to whom Slack streams; the oldest are forgotten."""
        self.answered_in_dialog: set[str] = set()
        """Events whose answer their dialog gets from the receiver, which waits for it."""

    @property
    def name(self) -> str:
        """The chat's slug."""
        return NAME

    @property
    def label(self) -> str:
        """What people call it."""
        return "Slack"

    @property
    def breath(self) -> timedelta:
        """Slack takes a hundred updates a minute of a team; a picture a second is fluent enough."""
        return timedelta(seconds=1)

    def render(self, message: Outgoing) -> Sequence[Piece]:
        """See `bot/slack/render.py`."""
        return render.render(message)

    def plain(self, message: Outgoing) -> Sequence[Piece]:
        """See `bot/slack/render.py`."""
        return render.plain(message)

    # messages

    async def send(self, address: str, piece: Piece, key: str) -> str:
        """Say something new there; one that may be there already is looked for first."""
        place = await self._place(address)
        if key.startswith(UNSURE):
            key = key.removeprefix(UNSURE)
            if found := await self._find(place, piece.body, key):
                return found
        return await self._send(place, piece.body, key)

    async def _send(self, place: At, body: Mapping[str, Any], key: str) -> str:
        if body["kind"] == "file":
            return await self._files.send(place.team, place.channel, place.thread, body, key)
        try:
            return await self._post(place, body, key)
        except Rejected:
            if not body.get("instead"):
                raise
            refs = [await self._send(place, one, key) for one in body["instead"]]
            return refs[0]

    async def _post(self, place: At, body: Mapping[str, Any], key: str) -> str:
        given: dict[str, Any] = {"channel": place.channel, "text": body["text"], "blocks": body["blocks"], **_QUIET}
        if place.thread:
            given["thread_ts"] = place.thread
        given["metadata"] = {"event_type": EVENT_TYPE, "event_payload": {"key": key}}
        sent = await self._calls.call(place.team, "chat.postMessage", _MESSAGE, SENDING, **given)
        return str(Ref(place.team, place.channel, str(sent["ts"])))

    async def _find(self, place: At, body: Mapping[str, Any], key: str) -> str:
        """The message of ours with this key, if an earlier try arrived."""
        method = "conversations.replies" if place.thread else "conversations.history"
        given: dict[str, Any] = {"channel": place.channel, "include_all_metadata": True, "limit": 100}
        if place.thread:
            given["ts"] = place.thread
        for _ in range(_PAGES):
            told = await self._calls.call(place.team, method, _MESSAGE, form=True, **given)
            for message in told.get("messages", ()):
                if _is_ours(message, body, key):
                    return str(Ref(place.team, place.channel, str(message["ts"])))
            given["cursor"] = (told.get("response_metadata") or {}).get("next_cursor", "")
            if not given["cursor"]:
                break
        return ""

    async def edit(self, ref: str, piece: Piece) -> None:
        """Make a message show this.

        Raises:
            SendAnew: one of the two is a file, which Slack cannot change.
        """
        there, body = ref_of(ref), piece.body
        if there.file or body["kind"] == "file":
            raise SendAnew("Slack cannot change a picture where it stands.", platform=NAME)
        try:
            await self._update(there, body)
        except Rejected as refused:
            instead = [one for one in body.get("instead", ()) if one["kind"] == "message"]
            if not instead or code_of(refused) == "missing_scope":
                raise
            await self._update(there, instead[0])

    async def _update(self, there: Ref, body: Mapping[str, Any], manner: Manner = REDRAWING) -> None:
        given = {"channel": there.channel, "ts": there.ts, "text": body["text"], "blocks": body["blocks"]}
        await self._calls.call(there.team, "chat.update", _MESSAGE, manner, **given)

    async def remove(self, ref: str) -> None:
        """Take a message of ours away; that it is gone already is no error."""
        there = ref_of(ref)
        try:
            if there.file:
                await self._files.remove(there)
            else:
                await self._calls.call(
                    there.team, "chat.delete", _MESSAGE, REDRAWING, channel=there.channel, ts=there.ts
                )
        except NotFound:
            return

    async def note(self, address: str, remote_id: str, text: str) -> None:
        """Tell one person something, unseen by others: in private as a message, elsewhere as a note that only they see."""
        place = await self._place(address)
        _, user = user_of(remote_id)
        await self._tell(place, user, text)

    async def _tell(self, place: At, user: str, text: str) -> None:
        [first, *_] = self.render(Outgoing("note", text))
        given: dict[str, Any] = {"channel": place.channel, "text": first.body["text"], "blocks": first.body["blocks"]}
        if place.thread:
            given["thread_ts"] = place.thread
        if place.private:
            await self._calls.call(place.team, "chat.postMessage", _MESSAGE, ANSWERING, **given, **_QUIET)
        else:
            await self._calls.call(place.team, "chat.postEphemeral", _MESSAGE, ANSWERING, **given, user=user)

    async def _place(self, address: str) -> At:
        """An address whose channel can be called."""
        place = at(address)
        if not place.channel.startswith("@"):
            return place
        who = person(place.team, place.channel[1:])
        if who not in self._direct:
            opened = await self._calls.call(
                place.team, "conversations.open", "our private conversation", users=place.channel[1:]
            )
            _remember(self._direct, who, str(opened["channel"]["id"]))
        return At(place.team, self._direct[who], place.thread)

    async def private(self, remote_id: str) -> str:
        """The address of the private conversation with this person."""
        team, user = user_of(remote_id)
        return str(At(team, f"@{user}"))

    async def called(self, person: Sender) -> str:
        """Slack tells ids only, and names when it is asked."""
        team, user = user_of(person.remote_id)
        try:
            told = await self._calls.call(team, "users.info", "your name", ANSWERING, form=True, user=user)
        except ContentError:
            return person.name
        profile = told.get("user", {}).get("profile", {})
        return str(profile.get("display_name") or profile.get("real_name") or person.name)

    def way_in(self, token: str) -> str:
        """How somebody brings a one-time word to the desk here."""
        return f"In Slack, write to me in Messages: link {token}"

    async def progress(self, address: str, progress: Progress | None, ref: str) -> str:
        """See `bot/slack/progress.py`."""
        try:
            place = await self._place(address)
            return await self._showing.show(place, progress, ref, self._speakers.get(str(place), ""))
        except ContentError as trouble:
            log.info("progress.not_shown", extra={"address": address, "why": trouble.message})
            return ref

    # what comes from there

    def meaning(self, payload: Mapping[str, Any]) -> Happening | None:
        """See `bot/slack/reading.py`."""
        happening = reading.meaning(payload)
        if isinstance(happening, Heard) and not happening.private:
            _remember(self._speakers, happening.address, user_of(happening.sender.remote_id)[1])
        return happening

    async def fetch(self, handle: str, to: Path) -> None:
        """See `bot/slack/files.py`."""
        await self._files.fetch(handle, to)

    # presses and their dialogs

    async def answered(self, press: Pressed, answer: Answer) -> None:
        """Tell the person who pressed: in the dialog that is open, else as a note that only they see."""
        try:
            await self._answered(press, answer)
        except ContentError as trouble:
            log.warning("press.not_answered", extra={"why": trouble.message})

    async def _answered(self, press: Pressed, answer: Answer) -> None:
        team, user = user_of(press.sender.remote_id)
        if press.handle.get("event_id") in self.answered_in_dialog:
            return  # the receiver waits for it
        if not (answer.text or answer.go_to):
            return  # a form is open now
        dialog = {name: press.handle[name] for name in ("view_id", "external_id") if name in press.handle}
        if dialog and await self._show_in(team, dialog, answer):
            return
        words = f"{answer.text} {answer.go_to}".strip()
        channel = press.handle.get("channel", "")
        here = At(team, channel, press.handle.get("thread", "")) if channel else at(press.address)
        if here.channel.startswith("D"):  # it is theirs alone; a note there keeps the conversation short
            given: dict[str, Any] = {"thread_ts": here.thread} if here.thread else {}
            text = clipped(escaped(typed(words)), FALLBACK)
            await self._calls.call(
                team, "chat.postEphemeral", _MESSAGE, ANSWERING, channel=here.channel, user=user, text=text, **given
            )
            return
        await self._tell(await self._place(str(here)), user, words)

    async def _show_in(self, team: str, dialog: Mapping[str, Any], answer: Answer) -> bool:
        view = views.result_view(answer.text or "Go on there.", answer.tone, answer.go_to)
        try:
            await self._calls.call(team, "views.update", "this dialog", ANSWERING, **dialog, view=view)
        except (NotFound, Rejected):
            return False  # it was closed meanwhile
        return True

    async def open_form(self, press: Pressed, form: Form) -> bool:
        """Fill the dialog that the receiver opened when the button was pressed; where it is gone, say so."""
        external_id = press.handle.get("external_id", "")
        team, _ = user_of(press.sender.remote_id)
        known = {"key": form.key, "address": press.address, "private": press.private, "ref": press.ref}
        view = views.form_view(form, external_id=external_id, metadata=json.dumps(known))
        try:
            if not external_id:
                raise NotFound("No dialog was opened. Press the button again.")
            await self._calls.call(team, "views.update", "this dialog", ANSWERING, external_id=external_id, view=view)
        except (NotFound, Rejected) as gone:
            log.info("form.not_shown", extra={"why": gone.message})
            await self.note(press.address, press.sender.remote_id, "That dialog was closed. Press the button again.")
        return True

    async def ask(self, address: str, person: Sender, text: str, reply_to: str = "") -> str:
        """Ask one person for one answer in words; only where no dialog will do."""
        place = await self._place(address)
        [first, *_] = self.render(Outgoing("question", text))
        return await self._post(place, first.body, f"question:{reply_to}")

    # pages of our own

    async def show_home(self, remote_id: str, cards: Sequence[Card], zone: str) -> None:
        """Draw somebody's home page anew."""
        team, user = user_of(remote_id)
        await self._calls.call(
            team, "views.publish", "your home page", REDRAWING, user_id=user, view=views.home(cards, zone)
        )

    async def suggest(self, address: str, choices: Sequence[Choice]) -> None:
        """Offer first words in an empty conversation."""
        place = at(address)
        prompts = [{"title": choice.label, "message": choice.say} for choice in choices[:4]]
        if not prompts:
            return
        try:
            await self._calls.call(
                place.team,
                "assistant.threads.setSuggestedPrompts",
                "first words",
                channel_id=place.channel,
                prompts=prompts,
            )
        except ContentError as trouble:
            log.info("prompts.not_shown", extra={"why": trouble.message})

    async def left(self, home: str) -> None:
        """The desk was put out of this team: forget its token."""
        await self._installations.forget(home)

    async def examine(self) -> Sequence[Finding]:
        """See `bot/slack/doctor.py`."""
        return await self._doctor.examine()


def _is_ours(message: Mapping[str, Any], body: Mapping[str, Any], key: str) -> bool:
    if body["kind"] == "file":
        return any(one.get("name") == file_name(body, key) for one in message.get("files", ()))
    return bool((message.get("metadata") or {}).get("event_payload", {}).get("key") == key)


def _remember(kept: OrderedDict[str, str], name: str, value: str) -> None:
    kept[name] = value
    while len(kept) > _REMEMBERED:
        kept.popitem(last=False)
