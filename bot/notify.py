"""Jobs that tell people: cards redrawn wherever they are shown, and news said where the post belongs."""

from collections.abc import Mapping
from datetime import datetime

from bot.chat import Chat, OutMessage, Place
from bot.drawing import Drawing
from content.deliveries import Deliveries
from content.desk import Desk
from content.models import DeliveryState
from content.people import People
from content.transcript import Transcript
from content.views import DeliveryView, PostView


class Notify:
    """The handlers of `redraw` and `notify` jobs."""

    def __init__(
        self,
        desk: Desk,
        people: People,
        transcript: Transcript,
        deliveries: Deliveries,
        drawing: Drawing,
        chats: Mapping[str, Chat],
    ) -> None:
        self._desk = desk
        self._people = people
        self._transcript = transcript
        self._deliveries = deliveries
        self._drawing = drawing
        self._chats = chats

    async def redraw(self, name: str) -> datetime | None:
        """Every copy of a card, in every chat, shows what is true now; a bare name is a post's id."""
        subject = name if ":" in name else f"post:{name}"
        await self._transcript.redraw(subject)
        return None

    async def notify(self, subject: str) -> datetime | None:
        """Say what became of a delivery (`news:delivery id`) in the conversation its post came from."""
        news, _, delivery_id = subject.partition(":")
        post_id, workspace_id = await self._deliveries.post_of(delivery_id)
        post = await self._desk.posts.view(workspace_id, post_id)
        one = next(each for each in post.deliveries if each.id == delivery_id)
        if post.conversation_id is None:
            return None
        message, key = await self._news(news, post, one)
        if message is not None:
            workspace, chat, address = await self._transcript.address(post.conversation_id)
            place = Place(post.conversation_id, workspace, chat, address)
            await self._chats[chat].post(place, message, key=key)
        return None

    async def _news(self, news: str, post: PostView, one: DeliveryView) -> tuple[OutMessage | None, str]:
        if news == "sent":
            return _published(post)
        if not one.error:
            return None, ""  # somebody was faster: there is nothing to tell any more
        actor = await self._people.actor(post.author_id)
        card = await self._drawing.draw(f"post:{post.id}", actor)
        text = f"#{post.number} on {one.rendering.label}: {one.error}"
        return OutMessage(text, card), f"{news}:{one.id}:{one.due_at}:{one.tries}:{post.revision}"


def _published(post: PostView) -> tuple[OutMessage | None, str]:
    """One message for all accounts, once nothing is on its way any more."""
    under_way = (DeliveryState.SENDING, DeliveryState.PROCESSING)
    if any(one.state in under_way for one in post.deliveries):
        return None, ""
    sent = [one for one in post.deliveries if one.state is DeliveryState.SENT]
    links = "\n".join(f"- {one.rendering.label}, {one.rendering.handle}: {one.url}".rstrip(": ") for one in sent)
    return OutMessage(f"Published #{post.number}:\n{links}"), f"sent:{post.id}:{len(sent)}"
