"""Our own page as a chat: what it shows, what is followed live, what is said and pressed there."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.cards import calendar_card, week_of
from bot.chat import Action, Answer, Card, OutMessage, Place, Progress, line
from bot.commands import HOLD, command_of
from bot.stopping import STOPPING, Stops, is_stop
from bot.webchat.events import ServerEvent, heartbeat, message_event, progress_event
from bot.webchat.html import Day, Drawn, message_html, week_html
from content.errors import ContentError, Invalid
from content.people import Actor
from content.schedule import CalendarEntry
from content.times import Clock
from content.transcript import Line, MessageView, Said, Transcript

log = logging.getLogger(__name__)

NAME = "web"
HEARTBEAT = timedelta(seconds=15)
"""A quiet connection says at least this often that it lives."""
LOOK = timedelta(seconds=2)
"""How often it looks for what another process wrote."""
BREATH = timedelta(milliseconds=200)
"""Least time between two pictures of a turn's progress."""

Draw = Callable[[str, Actor], Awaitable[Card | None]]
"""The card of a subject as this member may see it now; None where it is gone."""
Press = Callable[[Action], Awaitable[Answer]]
Calendar = Callable[[str, datetime, datetime], Awaitable[list[CalendarEntry]]]


@dataclass(frozen=True)
class History:
    """A stretch of a conversation as HTML."""

    html: str
    changes: int
    """Follow it from here."""
    earlier: int | None
    """The position before which there is more, or None."""


@dataclass(frozen=True)
class Week:
    """One week of the calendar as HTML."""

    title: str
    html: str


@dataclass
class _Turn:
    """What a conversation's turn is doing, and how often that changed."""

    progress: Progress | None = None
    version: int = 0


@dataclass
class _Reader:
    """How far one open page is."""

    changes: int
    version: int = -1
    spoke_at: float = field(default_factory=lambda: asyncio.get_running_loop().time())
    drew_at: float = float("-inf")


class WebChat:
    """The desk's page. Its conversations are one a member; a place's address is the member's id."""

    def __init__(
        self, transcript: Transcript, clock: Clock, draw: Draw, press: Press, calendar: Calendar, stops: Stops
    ) -> None:
        self._transcript = transcript
        self._clock = clock
        self._draw = draw
        self._press = press
        self._calendar = calendar
        self._stops = stops
        self._turns: defaultdict[str, _Turn] = defaultdict(_Turn)
        self._readers: defaultdict[str, int] = defaultdict(int)
        self._closed = False
        self.tell: Callable[[str, Progress | None], None] = lambda _conversation_id, _progress: None
        """Tells the other processes, whose pages may be the ones that are open."""

    # the port

    @property
    def name(self) -> str:
        """The chat's slug."""
        return NAME

    async def post(self, place: Place, message: OutMessage, key: str = "") -> str:
        """Say something new, once for one `key`; returns the message's id."""
        return await self._transcript.add(place.conversation_id, replace(line(message), key=key))

    async def edit(self, place: Place, ref: str, message: OutMessage) -> None:
        """Replace what a message shows; open pages follow."""
        await self._transcript.change(ref, line(message))

    async def note(self, place: Place, member_id: str, text: str) -> None:
        """Tell one person something in a conversation that only they can see."""
        own = await self._transcript.open(place.workspace_id, NAME, member_id)
        await self._transcript.add(own, Line(text, extra={"note": True}))

    async def progress(self, place: Place, progress: Progress | None) -> None:
        """Show how far a turn is; None: it is over. Kept by nobody, shown at most five times a second."""
        self.hear(place.conversation_id, progress)
        self.tell(place.conversation_id, progress)

    def hear(self, conversation_id: str, progress: Progress | None) -> None:
        """How far a turn is, here or in another process."""
        turn = self._turns[conversation_id]
        turn.progress, turn.version = progress, turn.version + 1
        self._transcript.hear(conversation_id)
        self._tidy(conversation_id)

    def _tidy(self, conversation_id: str) -> None:
        """Forget a turn that is over and that nobody watches."""
        if not self._readers.get(conversation_id) and self._turns[conversation_id].progress is None:
            self._turns.pop(conversation_id)

    # what the page needs

    async def open(self, actor: Actor) -> Place:
        """The member's own conversation."""
        conversation_id = await self._transcript.open(actor.workspace_id, NAME, actor.member_id)
        return Place(conversation_id, actor.workspace_id, NAME, actor.member_id)

    async def history(self, actor: Actor, before: int | None = None) -> History:
        """The newest messages, or the newest before a position, with every card drawn from its row."""
        place = await self.open(actor)
        page = await self._transcript.page(place.conversation_id, before)
        subjects = dict.fromkeys(one.subject for one in page.messages if one.subject)
        cards = {subject: await self._card(subject, actor) for subject in subjects}  # each once, however often shown
        html = "".join(message_html(Drawn(one, cards.get(one.subject or ""))) for one in page.messages)
        return History(html, page.changes, page.messages[0].position if page.earlier else None)

    async def say(self, actor: Actor, text: str, images: Sequence[str], reply_to: str, event_id: str) -> bool:
        """Keep what the member typed and have it answered; False: it was heard before.

        Raises:
            Invalid, NotFound: nothing was kept, and why.
        """
        if not 0 < len(event_id) <= 80:
            raise Invalid("The page sent a message without its number. Load the page again; your text is kept.")
        place = await self.open(actor)
        if is_stop(text) and self._stops.stop(place.conversation_id) is STOPPING:
            return True  # that it stopped is the answer
        if command_of(text) == HOLD:
            self._stops.stop(place.conversation_id)  # it must not wait for a turn
        card = await self._card(reply_to, actor) if reply_to else None
        said = Said(
            f"{actor.member_id}:{event_id}",
            text,
            tuple(images),
            reply_to if card else "",
            card.title if card else "",
        )
        return await self._transcript.say(actor, place.conversation_id, said)

    async def press(self, actor: Actor, key: str, form: Mapping[str, str], callback_url: str = "") -> Answer:
        """A button was pressed; `key` is its `verb:id:revision`.

        Raises:
            Invalid: this is no button.
        """
        verb, _, rest = key.partition(":")
        thing, _, revision = rest.rpartition(":")
        if not (verb and thing and revision.isascii() and revision.isdigit() and len(revision) < 10):
            raise Invalid("This button is broken: nothing was done. Load the page again and press it there.")
        place = await self.open(actor)
        answer = await self._press(Action(place, actor, verb, thing, int(revision), dict(form), callback_url))
        card = await self._card(answer.subject, actor) if answer.subject and not answer.go_to else None
        if card is not None:
            await self.post(place, OutMessage(card=card))
        return answer

    async def week(self, actor: Actor, weeks_ahead: int) -> Week:
        """What goes or went out in one week; 0 is this one."""
        now = self._clock.now()
        start, end = week_of(now, actor.zone, weeks_ahead)
        entries = await self._calendar(actor.workspace_id, start, end)
        groups = {group.heading: group.rows for group in calendar_card(entries, "", actor.zone, now).groups}
        today = now.astimezone(start.tzinfo).date()
        days = [
            Day(f"{day:%A}", f"{day:%-d %B}", day.date() == today, groups.get(f"{day:%A %-d %B}", ()))
            for day in (start + timedelta(days=number) for number in range(7))
        ]
        last = start + timedelta(days=6)
        return Week(f"{start:%-d %B} – {last:%-d %B %Y}", week_html(days, actor.zone))

    async def follow(self, actor: Actor, after: int) -> AsyncIterator[ServerEvent]:
        """What is new or changed after that many changes, and on; ends when the desk stops."""
        conversation_id = (await self.open(actor)).conversation_id
        reader = _Reader(after)
        self._readers[conversation_id] += 1
        try:
            with self._transcript.watching(conversation_id) as bell:
                while not self._closed:
                    bell.clear()
                    async for event in self._news(conversation_id, actor, reader):
                        yield event
                    await self._rest(bell, conversation_id, reader)
        finally:
            self._readers[conversation_id] -= 1
            if not self._readers[conversation_id]:
                del self._readers[conversation_id]
                self._tidy(conversation_id)

    async def close(self) -> None:
        """End every `follow`, so that the server can stop; call it before the server waits for its connections."""
        self._closed = True
        for conversation_id in list(self._readers):
            self._transcript.ring(conversation_id)

    # following

    async def _news(self, conversation_id: str, actor: Actor, reader: _Reader) -> AsyncIterator[ServerEvent]:
        now = asyncio.get_running_loop().time()
        for message in await self._transcript.since(conversation_id, reader.changes):
            reader.changes, reader.spoke_at = message.changed, now
            yield message_event(await self._drawn(message, actor))
        version, progress = self._turns[conversation_id].version, self._turns[conversation_id].progress
        due = now - reader.drew_at >= BREATH.total_seconds()
        if version != reader.version and (due or progress is None):
            reader.version, reader.drew_at, reader.spoke_at = version, now, now
            yield progress_event(progress)
        if now - reader.spoke_at >= HEARTBEAT.total_seconds():
            reader.spoke_at = now
            yield heartbeat()

    async def _rest(self, bell: asyncio.Event, conversation_id: str, reader: _Reader) -> None:
        """Until something rings, or it is time to look by oneself."""
        pending = self._turns[conversation_id].version != reader.version
        if pending:  # progress that came too soon after the last; rings for more of it change nothing
            await asyncio.sleep(BREATH.total_seconds())
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(bell.wait(), LOOK.total_seconds())

    # drawing

    async def _drawn(self, message: MessageView, actor: Actor) -> Drawn:
        return Drawn(message, await self._card(message.subject, actor) if message.subject else None)

    async def _card(self, subject: str, actor: Actor) -> Card | None:
        try:
            return await self._draw(subject, actor)
        except ContentError as gone:
            log.info("card.not_drawn", extra={"subject": subject[:80], "code": gone.code})
            return None
