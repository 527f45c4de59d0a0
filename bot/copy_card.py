"""The card of a desk that was restored from a copy: what it is, what came due since, and the button that lets it go."""

from datetime import datetime

from bot.chat import Button, Card, Group, Row
from content.copies import SUBJECT, CopyView
from content.models import DeliveryState
from content.people import Actor
from content.times import distance, said
from content.views import PostView

ONLY_ONE = (
    "Let it go only when the desk it was copied from does not run any more: two desks with the same posts and logins would "
    "publish them twice."
)
_WORDS = {
    DeliveryState.WAITING: "waits until it is let go",
    DeliveryState.ASKING: "waits for your word",
    DeliveryState.UNKNOWN: "may be out: I cannot tell",
}


def copied_words(copy: CopyView, zone_name: str, now: datetime) -> str:
    """What it is, in a sentence."""
    return f"This is a copy from {said(copy.made_at, zone_name, now)}."


def copy_card(copy: CopyView, viewer: Actor, now: datetime) -> Card:
    """What the desk is a copy of; with the release button for those who may press it, while everything is held."""
    listed = tuple(_row(post) for post in copy.due)
    if copy.more:
        listed = (*listed, Row(f"{copy.more} more", "see the calendar"))
    logins = tuple(Row(one, "its login was sealed with another key, or is lost", tone="bad") for one in copy.reconnect)
    groups = (Group("Came due since; nothing was sent from here", listed), Group("Connect these again", logins))
    release = Button("release_all", "Let posts go out again", "workspace", style="primary")
    status = "Everything is held until you let it go." if copy.held else "It was let go: what is late asks first."
    return Card(
        subject=SUBJECT,
        title="A copy of your desk",
        tone="asking" if copy.held else "plain",
        status=f"{copied_words(copy, viewer.zone, now)} {status}",
        notes=(f"It was restored {distance(copy.restored_at, now)}.", *((ONLY_ONE,) if copy.held else ())),
        groups=tuple(one for one in groups if one.rows),
        buttons=(release,) if copy.held and viewer.may("manage") else (),
    )


def _row(post: PostView) -> Row:
    states = [f"{one.rendering.label}: {_WORDS[one.state]}" for one in post.deliveries if one.state in _WORDS]
    return Row(f"#{post.number} {post.words}", ", ".join(states), at=post.due_at, tone="asking")
