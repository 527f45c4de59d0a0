"""Telling people what is too late to go out by itself: one message a conversation, however many posts there are."""

from datetime import datetime

from bot.chat import OutMessage
from bot.drawing import Drawing
from bot.telling import Telling
from content.desk import Desk
from content.late import CODES, LateView
from content.models import DeliveryState
from content.people import People
from content.sentences import listed


class LateNews:
    """The handlers of `late` and `late_dropped` jobs."""

    def __init__(
        self,
        desk: Desk,
        people: People,
        drawing: Drawing,
        telling: Telling,
    ) -> None:
        self._desk = desk
        self._people = people
        self._drawing = drawing
        self._telling = telling

    async def late(self, where: str) -> datetime | None:
        """Say what is late in a conversation, or of an author's posts that belong to none (`where` is the id of either)."""
        workspace_id = await self._desk.late.workspace_of(where)
        late = await self._desk.late.view(workspace_id, where)
        if late is None or not late.asking:
            return None  # somebody was faster: there is nothing to ask any more
        first = late.asking[0]
        place = await self._telling.where(first.conversation_id, first.author_id)
        message, key = await (self._one(late) if len(late.asking) == 1 else self._several(late))
        await self._telling.say(place, message, key=key)
        return None

    async def dropped(self, entry_id: str) -> datetime | None:
        """Say who dropped what was late, as every other end of a post is said; the list itself only changes."""
        dropped = await self._desk.late.dropped(entry_id)
        numbers = listed(
            [f"#{number} on {listed(labels)}" if labels else f"#{number}" for number, labels in dropped.posts]
        )
        what, they = ("the late post", "it") if len(dropped.posts) == 1 else ("what was late", "they")
        there = " there" if all(labels for _, labels in dropped.posts) else ""
        text = f"{dropped.by[:1].upper()}{dropped.by[1:]} dropped {what}, {numbers}: {they} will not go out{there}."
        place = await self._telling.where(dropped.conversation_id, dropped.author_id)
        await self._telling.say(place, OutMessage(text), key=f"dropped:{entry_id}")
        return None

    async def _one(self, late: LateView) -> tuple[OutMessage, str]:
        """With the post's own card."""
        [post] = late.asking
        author = await self._people.actor(post.author_id)
        asking = [one for one in post.deliveries if one.state is DeliveryState.ASKING and one.error_code in CODES]
        labels = listed(list(dict.fromkeys(one.rendering.label for one in asking)))
        card = await self._drawing.draw(f"post:{post.id}", author)
        words = f"#{post.number} on {labels} waits for your word. {asking[0].error}"
        return OutMessage(words, card), f"late:{post.id}:{late.newest}"

    async def _several(self, late: LateView) -> tuple[OutMessage, str]:
        """Those that are found late soon after are added to the same card, without another message."""
        author = await self._people.actor(late.asking[0].author_id)
        card = await self._drawing.draw(f"late:{late.where}", author)
        text = "Several posts could not go out at their times, and I sent none of them late. Say what becomes of each."
        return OutMessage(text, card), f"late:{late.where}:{late.since}"
