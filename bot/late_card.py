"""The card of what is late in one conversation: every post with its number, words and planned time, and the buttons that decide."""

from datetime import datetime

from bot.cards import queued_row
from bot.chat import Button, Card, Group, Row
from bot.decisions import clock_words
from content.connecting import Field
from content.late import CODES, LateView
from content.models import DeliveryState
from content.pace import TURN
from content.people import Actor
from content.times import said
from content.views import PostView

MOST_LISTED = 50
"""Posts on one card, each with a button; of more it says how many there are."""
MINUTES_APART = 30
"""Between two posts, where whoever gives new times says nothing else."""
_FIRST = Field("when", "When shall the first go out?", hint="such as: tomorrow 9:00, Friday noon, in 2 hours")
_APART = Field("apart", "How many minutes between two of them?", hint=str(MINUTES_APART), required=False)


def late_card(late: LateView, viewer: Actor, now: datetime) -> Card:
    """What waits for a word, then what was decided of the same list; with what this member may press."""
    listed, more = late.asking[:MOST_LISTED], len(late.asking) - MOST_LISTED
    rows = [_row(post, viewer, now) for post in listed]
    rows += [Row(f"{more} more", "see the calendar")] if more > 0 else []
    decided = [queued_row(post, viewer.zone, now) for post in late.decided[:MOST_LISTED]]
    groups = (Group("Planned, and not sent", tuple(rows)), Group("Decided", tuple(decided)))
    return Card(
        subject=f"late:{late.where}",
        title="Late posts",
        tone="asking" if listed else "plain",
        status=_status(len(late.asking)),
        groups=tuple(one for one in groups if one.rows),
        buttons=_buttons(late.where, listed, viewer, now),
    )


def _status(count: int) -> str:
    if count == 0:
        return "All of them are decided."
    what = "1 post is" if count == 1 else f"{count} posts are"
    return f"{what} too late to go out without a word from you."


def _row(post: PostView, viewer: Actor, now: datetime) -> Row:
    asking = [one for one in post.deliveries if one.state is DeliveryState.ASKING and one.error_code in CODES]
    labels = ", ".join(dict.fromkeys(one.rendering.label for one in asking))
    due = min(one.due_at for one in asking if one.due_at)
    return Row(f"#{post.number} {post.words}", f"{labels}: {said(due, viewer.zone, now)}", at=due, tone="asking")


def _going_out(post: PostView, viewer: Actor, now: datetime) -> Button:
    """What its account has no room for at once goes out as soon as it has: “Post now” would only ask again."""
    asking = [one for one in post.deliveries if one.state is DeliveryState.ASKING]
    turn = asking[0].turn_at if len(asking) == 1 and asking[0].error_code == TURN else None
    if turn and turn > now:
        return Button("take_turn", f"Send #{post.number} at {clock_words(turn, viewer.zone, now)}", asking[0].id)
    return Button("post_now", f"Post #{post.number} now", post.id, post.revision)


def _buttons(where: str, posts: tuple[PostView, ...], viewer: Actor, at: datetime) -> tuple[Button, ...]:
    """A press is verified as on the posts' own cards: the rows decide, and what has no yes yet gets one or needs one."""
    if not posts:
        return ()
    all_of_them = [
        Button("late_spread", "New times for all", where, style="primary", form=(_FIRST, _APART)),
        Button("late_drop", "Drop all", where, style="danger"),
    ]
    now = [_going_out(post, viewer, at) for post in posts]
    return (*(all_of_them if viewer.may("draft") else ()), *(now if viewer.may("approve") else ()))
