"""Jobs that tell people: cards redrawn wherever they are shown, and every end of a post said where the post belongs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.chat import OutMessage
from bot.drawing import Drawing
from bot.telling import Telling
from content.deliveries import Deliveries
from content.desk import Desk
from content.models import DeliveryState
from content.people import People
from content.sentences import listed
from content.times import said
from content.transcript import Transcript
from content.views import DeliveryView, PostView

PATIENCE = timedelta(minutes=1)
"""How long what went out waits to be told together with the post's other accounts."""
LOOK_AGAIN = timedelta(seconds=15)

_SPEAKS_OF = {
    "failed": (DeliveryState.FAILED, DeliveryState.CANCELLED),  # a thread that cannot be continued ends so
    "unknown": (DeliveryState.UNKNOWN,),
    "overdue": (DeliveryState.ASKING,),
    "reconnect": (DeliveryState.WAITING, DeliveryState.UNKNOWN),
    "rehearsed": (DeliveryState.HELD,),
    "broke_off": (DeliveryState.WAITING,),
}
"""The states that a piece of news is about; in any other, somebody was faster."""


@dataclass(frozen=True)
class _Told:
    """What is to be said, and the key under which it is said once."""

    message: OutMessage
    key: str


class Notify:
    """The handlers of `redraw` and `notify` jobs. `private` says where a member reads alone."""

    def __init__(
        self,
        desk: Desk,
        people: People,
        transcript: Transcript,
        deliveries: Deliveries,
        drawing: Drawing,
        telling: Telling,
    ) -> None:
        self._desk = desk
        self._people = people
        self._transcript = transcript
        self._deliveries = deliveries
        self._drawing = drawing
        self._telling = telling

    async def redraw(self, name: str) -> datetime | None:
        """Every copy of a card, in every chat, shows what is true now; a bare name is a post's id."""
        subject = name if ":" in name else f"post:{name}"
        await self._transcript.redraw(subject)
        kind, _, post_id = subject.partition(":")
        late = await self._desk.late.list_of(post_id) if kind == "post" else None
        if late is not None:
            await self._transcript.redraw(f"late:{late}")
        return None

    async def notify(self, subject: str) -> datetime | None:
        """Say where the post belongs what became of a delivery (`news:delivery id`) or a post (`sent:post id`, `removed:post id`).

        Returns when to look again, if later.
        """
        news, _, delivery_id = subject.partition(":")
        if news == "sent":
            return await self._sent(delivery_id)
        if news == "removed":
            await self._taken_down(delivery_id)
            return None
        post_id, workspace_id = await self._deliveries.post_of(delivery_id)
        post = await self._desk.posts.view(workspace_id, post_id)
        one = next(each for each in post.deliveries if each.id == delivery_id)
        told = await self._news(news, post, one)
        if told is not None:
            await self._say(post, told)
        return None

    async def _sent(self, post_id: str) -> datetime | None:
        post = await self._desk.posts.view(await self._deliveries.workspace_of(post_id), post_id)
        if self._others_follow(post):
            return self._desk.clock.now() + LOOK_AGAIN
        await self._say(post, _published(post))
        return None

    async def _taken_down(self, post_id: str) -> None:
        post = await self._desk.posts.view(await self._deliveries.workspace_of(post_id), post_id)
        down = [one for one in post.deliveries if one.removed_at]
        who = await self._deliveries.taken_down([one.id for one in down])
        if who is None:
            return
        labels = listed(list(dict.fromkeys(one.rendering.label for one in down)))
        broken = any(one.state is DeliveryState.CANCELLED for one in down)
        text = f"{who.name[:1].upper()}{who.name[1:]} took #{post.number} down on {labels}."
        rest = " What was not out yet will not go out." if broken else ""
        left = "".join(f" {one.error}" for one in down if one.error)
        await self._say(post, _Told(OutMessage(f"{text}{rest}{left}"), f"removed:{who.id}"))

    async def _say(self, post: PostView, told: _Told) -> None:
        place = await self._telling.where(post.conversation_id, post.author_id)
        await self._telling.say(place, told.message, key=told.key)

    def _others_follow(self, post: PostView) -> bool:
        """Whether another account will be done in a moment, so that one message can say both."""
        under_way = (DeliveryState.SENDING, DeliveryState.PROCESSING)
        last = max((one.sent_at for one in post.deliveries if one.sent_at is not None), default=None)
        patient = last is not None and self._desk.clock.now() - last < PATIENCE
        return patient and any(each.state in under_way for each in post.deliveries)

    async def _news(self, news: str, post: PostView, one: DeliveryView) -> _Told | None:
        if news == "cancelled":
            return await self._called_off(post, one)
        if not one.error or one.state not in _SPEAKS_OF[news]:
            return None  # somebody was faster: there is nothing to tell any more
        actor = await self._people.actor(post.author_id)
        card = await self._drawing.draw(f"post:{post.id}", actor)
        asks = " waits for your word." if one.state is DeliveryState.ASKING else ":"
        again = (
            f" It goes on {said(one.turn_at, actor.zone, self._desk.clock.now())}."
            if news == "broke_off" and one.turn_at
            else ""
        )
        text = f"#{post.number} on {one.rendering.label}{asks} {one.error}{again}{_public_parts(one)}"
        key = f"{news}:{one.id}:{one.due_at}:{one.tries}:{post.revision}:{one.error_code}"
        if news == "reconnect":  # of a login that was made anew, and lost again before anything could go out
            key += f":{(await self._desk.accounts.view(post.workspace_id, one.account_id)).login_id}"
        return _Told(OutMessage(text, card), key)

    async def _called_off(self, post: PostView, one: DeliveryView) -> _Told | None:
        who = await self._deliveries.called_off(post.id)
        if who is None or one.state is not DeliveryState.CANCELLED or one.removed_at:
            return None  # it was brought back meanwhile, or taken down, which is told as such
        what = f"deleted #{post.number}" if who.deleted else f"cancelled what was left of #{post.number}"
        off = [each for each in post.deliveries if each.state is DeliveryState.CANCELLED and not each.removed_at]
        labels, parts = (
            dict.fromkeys(each.rendering.label for each in off),
            "".join(_public_parts(each) for each in off),
        )
        text = f"{who.name[:1].upper()}{who.name[1:]} {what}: it will not go out on {', '.join(labels)}.{parts}"
        return _Told(OutMessage(text), f"cancelled:{who.id}")


def _published(post: PostView) -> _Told:
    """One message for all accounts that are done."""
    sent = [one for one in post.deliveries if one.state is DeliveryState.SENT]
    links = "\n".join(f"- {one.rendering.label}, {one.rendering.handle}: {one.url}".rstrip(": ") for one in sent)
    return _Told(OutMessage(f"Published #{post.number}:\n{links}"), f"sent:{post.id}:{len(sent)}")


def _public_parts(one: DeliveryView) -> str:
    """“2 of 5 parts are out: https://…”, of a thread that did not get to its end."""
    if not one.parts_out:
        return ""
    are = "is" if one.parts_out == 1 else "are"
    return f" {one.parts_out} of {len(one.rendering.parts)} parts {are} out: {one.url}".rstrip(": ")
