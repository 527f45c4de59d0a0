"""From rows to cards: what every chat shows of a post, a calendar, goals, headlines. Cards say what is meant, no markup."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from bot.chat import Button, Card, Group, Preview, Row, Tone
from bot.decisions import approved_words, clock_words, deciding_buttons, decision_notes, for_viewer, waiting_words
from bot.guard_card import OVERRULED, caution_notes
from content.accounts import AccountView, PlatformOffer
from content.cautions import LOGIN
from content.connecting import Field
from content.costs import dollars
from content.errors import NeedsReconnect
from content.models import DeliveryState, PostState
from content.pace import TURN
from content.people import Actor
from content.platform import Rendering
from content.posts import FROZEN
from content.rehearsing import REHEARSED
from content.schedule import CalendarEntry
from content.sentences import listed
from content.times import distance, said, zone
from content.views import DeliveryView, PostView

_STATE_WORDS: dict[DeliveryState, tuple[Tone, str]] = {
    DeliveryState.WAITING: ("plain", "not scheduled"),
    DeliveryState.SENDING: ("waiting", "going out now"),
    DeliveryState.PROCESSING: ("waiting", "the platform is still working on it"),
    DeliveryState.ASKING: ("asking", "waits for your word"),
    DeliveryState.HELD: ("waiting", "on hold"),
    DeliveryState.SENT: ("good", "published"),
    DeliveryState.FAILED: ("bad", "not published"),
    DeliveryState.UNKNOWN: ("asking", "may be out: I cannot tell"),
    DeliveryState.CANCELLED: ("plain", "cancelled"),
}
_NOT_LATE = {TURN, "budget", "blackout", "alike"}
"""The codes of questions that are not about a time that passed."""
_LIVE = (DeliveryState.WAITING, DeliveryState.HELD, DeliveryState.ASKING, DeliveryState.FAILED)
WHEN = Field(
    "when",
    "When?",
    hint="such as: tomorrow 9:00, Friday noon, in 2 hours, next free slot, every Friday 17:00 for 8 weeks",
)


def post_card(post: PostView, zone_name: str, now: datetime, viewer: Actor | None = None) -> Card:
    """A post with its previews, how it stands on each account, and what can be done with it, by `viewer` if one is named."""
    post = _of_a_series(post)
    tone, status = _standing(post, zone_name, now)
    card = Card(
        subject=f"post:{post.id}",
        title=f"#{post.number}",
        tone=tone,
        status=status,
        notes=tuple(_notes(post, zone_name, now)),
        previews=tuple(_preview(one, post.revision, zone_name, now) for one in post.deliveries),
        buttons=tuple(_buttons(post)),
    )
    return card if viewer is None else for_viewer(card, post, viewer)


def _of_a_series(post: PostView) -> PostView:
    """What repeats is like its own series on purpose, which is no warning; should somebody send it besides, it asks then."""
    if not post.repeats or post.due_at:
        return post
    kept = [tuple(each for each in one.cautions if each.guard != "alike") for one in post.deliveries]
    return replace(
        post, deliveries=tuple(replace(one, cautions=its) for one, its in zip(post.deliveries, kept, strict=True))
    )


def _standing(post: PostView, zone_name: str, now: datetime) -> tuple[Tone, str]:
    states = {one.state for one in post.deliveries}
    in_part = any(_parts_out(one) for one in post.deliveries)
    if post.state is PostState.DISCARDED:
        return "plain", "Deleted"
    for state, words in (
        (DeliveryState.UNKNOWN, "May be out: please look"),
        (DeliveryState.FAILED, "Published in part" if in_part else "Not published"),
        (DeliveryState.ASKING, _asking_words(post)),
        (DeliveryState.SENDING, "Going out now"),
        (DeliveryState.PROCESSING, "Going out now"),
        (DeliveryState.HELD, _held_words(post)),
    ):
        if state in states:
            return _STATE_WORDS[state][0], words
    if states <= {DeliveryState.SENT, DeliveryState.CANCELLED}:
        return _over(post, in_part)
    return _before_it_is_out(post, zone_name, now)


def _over(post: PostView, in_part: bool) -> tuple[Tone, str]:
    """Of what is sent, or cancelled, on every account."""
    if any(one.state is DeliveryState.SENT and not one.removed_at for one in post.deliveries):
        return "good", "Published"
    if in_part:
        return "plain", "Published in part"
    removed = [one for one in post.deliveries if one.removed_at]
    if any(one.error for one in removed):
        return "plain", "Taken down in part"
    return "plain", "Taken down" if removed else "Cancelled"


def _held_words(post: PostView) -> str:
    held = [one for one in post.deliveries if one.state is DeliveryState.HELD]
    return "Rehearsed, not published" if held and all(one.error_code == REHEARSED for one in held) else "On hold"


def _asking_words(post: PostView) -> str:
    codes = {one.error_code for one in post.deliveries if one.state is DeliveryState.ASKING}
    return "It waits for your word" if codes <= _NOT_LATE else "Its time passed: what now?"


def _before_it_is_out(post: PostView, zone_name: str, now: datetime) -> tuple[Tone, str]:
    when = said(post.due_at, zone_name, now) if post.due_at else ""
    if post.state is PostState.APPROVED:
        approved = approved_words(post, zone_name, now)
        if post.due_at and post.due_at <= now:
            return "waiting", f"{approved}, waits to go out"
        if not when:
            return "waiting", f"{approved}, repeats as a series" if post.repeats else f"{approved}, no time yet"
        asks = any(one.cautions for one in post.deliveries)
        return "waiting", f"{approved}, {'planned for' if asks else 'goes out'} {when}"
    tone: Tone = "plain"
    asked = "Draft"
    if post.state is PostState.IN_REVIEW:
        tone, asked = "asking", waiting_words(post, zone_name, now)
    return tone, f"{asked}, planned for {when}" if when else asked


def _notes(post: PostView, zone_name: str, now: datetime) -> list[str]:
    notes = []
    if post.brief.endswith("(template draft)"):
        notes.append("Template draft: connect a model for written drafts, or press Edit and make it yours.")
    if post.repeats:
        notes.append(f"It repeats {post.repeats}; /plans shows its series.")
    if post.change:
        notes.append(f"Version {post.revision}: {post.change}")
    notes += decision_notes(post, zone_name, now)
    notes += caution_notes(post)
    notes += _cost_notes(post)
    notes += [_several_parts(one.rendering) for one in post.deliveries if len(one.rendering.parts) > 1]
    return notes


def _several_parts(rendering: Rendering) -> str:
    """“Mastodon: a thread of 3”, “LinkedIn: a post with 2 comments”."""
    count = len(rendering.parts)
    if rendering.later_parts == "thread":
        return f"{rendering.label}: a thread of {count}"
    return f"{rendering.label}: a post with {'a comment' if count == 2 else f'{count - 1} comments'}"


def _cost_notes(post: PostView) -> list[str]:
    """What it costs, said before anybody approves it."""
    if post.spending is None:
        return []
    charged = [(one.rendering.label, dollars(one.cost_mills)) for one in post.deliveries if one.cost_mills]
    costs = listed([f"on {label} about {amount}" for label, amount in charged])
    over = " This would be more than the budget." if post.spending.exceeded_by(post.cost_mills) else ""
    return [f"Posting costs {costs}; {post.spending.words}.{over}"]


def _preview(one: DeliveryView, revision: int, zone_name: str, now: datetime) -> Preview:
    tone, words = _STATE_WORDS[one.state]
    at = one.sent_at or one.due_at
    return Preview(
        label=one.rendering.label,
        handle=one.rendering.handle,
        unit=one.rendering.limits.unit,
        limit=one.rendering.limits.text,
        parts=one.rendering.parts,
        tone=tone,
        status=_status(one, words, zone_name, now),
        at=at,
        url="" if one.removed_at else one.url,
        problems=one.problems,
        numbers=one.numbers,
        buttons=_delivery_buttons(one, revision, zone_name, now),
    )


def _status(one: DeliveryView, words: str, zone_name: str, now: datetime) -> str:
    out = _parts_out(one)
    words = out or words
    if one.removed_at:
        return f"removed {distance(one.removed_at, now)}. {one.error}".removesuffix(". ")
    if one.state is DeliveryState.SENT and one.sent_at:
        return f"{words} {distance(one.sent_at, now)}"
    if one.state is DeliveryState.WAITING and one.due_at:
        words = (
            f"{'planned for' if one.cautions else 'goes out'} {said(one.due_at, one.zone or zone_name, now)}"
            if one.due_at > now
            else _waits(one, zone_name, now)
        )
        words = f"{out}, {words}" if out else words
    return f"{words}. {one.error}" if one.error else words


def _parts_out(one: DeliveryView) -> str:
    """“1 of 3 parts is out”, of a thread that did not get to its end; empty: it is whole, or not begun."""
    if not one.parts_out or one.state not in (DeliveryState.FAILED, DeliveryState.CANCELLED, DeliveryState.WAITING):
        return ""
    return f"{one.parts_out} of {len(one.rendering.parts)} parts {'is' if one.parts_out == 1 else 'are'} out"


def _waits(one: DeliveryView, zone_name: str, now: datetime) -> str:
    if one.turn_at and one.turn_at > now:
        return f"waits until {clock_words(one.turn_at, zone_name, now)}"
    return "waits to go out"


def _delivery_buttons(one: DeliveryView, revision: int, zone_name: str, now: datetime) -> tuple[Button, ...]:
    if one.state is DeliveryState.UNKNOWN:
        look = (Button("profile", "Show me the profile", one.id, url=one.profile),) if one.profile else ()
        return (Button("live", "It is live", one.id), Button("resend", "It is not, send it", one.id), *look)
    if one.error_code == NeedsReconnect.code or any(each.guard == LOGIN for each in one.cautions):
        return (Button("reconnect", "Reconnect", one.account_id, style="primary"),)
    if one.state is DeliveryState.ASKING and one.error_code in OVERRULED:
        return (Button("overrule", "Post anyway", one.id, revision, style="primary"),)
    if any(each.guard == "alike" for each in one.cautions):
        return (Button("mean_it", "It is meant so", one.id, revision),)
    if one.state is DeliveryState.ASKING and one.turn_at:
        when = f"at {clock_words(one.turn_at, zone_name, now)}" if one.turn_at > now else "now"
        return (Button("take_turn", f"Send it {when}", one.id, style="primary"),)
    return ()


def _buttons(post: PostView) -> list[Button]:
    """What makes sense now; the label says what will happen."""
    on = (post.id, post.revision)
    buttons: list[Button] = []
    if post.state is not PostState.DISCARDED and any(one.state in _LIVE for one in post.deliveries):
        buttons += _going_out(post)
        buttons += deciding_buttons(post)
        buttons.append(Button("edit", "Edit", *on, form=tuple(edit_fields(post))))
    if post.undo:
        buttons.append(Button(post.undo.lower().replace(" ", "_"), post.undo, *on))
    buttons += _ending(post)
    return [*buttons, *_afterwards(post)]


def _afterwards(post: PostView) -> list[Button]:
    """What can be done with what is public."""
    on = (post.id, post.revision)
    public = [one for one in post.deliveries if one.state is DeliveryState.SENT and not one.removed_at]
    count = [Button("count", "Refresh numbers", *on)] if any(one.countable for one in public) else []
    remove = (
        [Button("remove", "Take it down", *on, style="danger")] if any(one.removable for one in post.deliveries) else []
    )
    return [*count, *remove]


def _ending(post: PostView) -> list[Button]:
    """Delete what is out nowhere; of the others, cancel what is left."""
    on = (post.id, post.revision)
    if any(one.parts_sent or one.state in FROZEN for one in post.deliveries):
        left = any(one.state in _LIVE for one in post.deliveries)
        return [Button("cancel", "Cancel the rest", *on, style="danger")] if left else []
    return [] if post.state is PostState.DISCARDED else [Button("delete", "Delete", *on, style="danger")]


def _would_ask_again(one: DeliveryView) -> bool:
    """What its own button answers, “Post now” does not."""
    if one.state is DeliveryState.WAITING:
        return one.error_code == NeedsReconnect.code
    return one.state is DeliveryState.ASKING and one.error_code in (*OVERRULED, TURN)


def _going_out(post: PostView) -> list[Button]:
    on = (post.id, post.revision)
    live = [one for one in post.deliveries if one.state in _LIVE]
    approved = post.state is PostState.APPROVED
    again = any(one.state is DeliveryState.FAILED for one in live)
    planned = bool(post.due_at) and not approved and not again
    buttons = []
    if not all(_would_ask_again(one) for one in live):
        words = "Try again now" if again else "Post now"
        buttons.append(Button("post_now", words, *on, style="plain" if planned else "primary"))
    if not approved:
        buttons.insert(0, Button("approve", "Approve", *on, style="primary" if post.due_at else "plain"))
    buttons.append(Button("schedule", "Move" if post.due_at else "Schedule", *on, form=(WHEN,)))
    if any(one.state is DeliveryState.HELD for one in live):
        buttons.append(Button("release", "Release", *on))
    elif post.due_at:
        buttons.append(Button("hold", "Hold", *on))
    return buttons


def edit_fields(post: PostView) -> list[Field]:
    """One text a part and account that may still be changed; named `account id/part`."""
    fields = []
    for one in post.deliveries:
        if one.state in _LIVE:
            for number, text in enumerate(one.texts):
                label = one.rendering.label + (f", part {number + 1}" if len(one.texts) > 1 else "")
                fields.append(Field(f"{one.account_id}/{number}", label, hint=text))
    return fields


def accounts_card(accounts: Sequence[AccountView], offers: Sequence[PlatformOffer]) -> Card:
    """What is connected, and a form for everything that can be."""
    rows = tuple(
        Row(one.words, _account_words(one), tone="good" if one.state == "connected" else "bad") for one in accounts
    )
    buttons = tuple(Button("connect", f"Connect {one.label}", one.name, form=one.fields) for one in offers)
    return Card(subject="accounts:all", title="Accounts", groups=(Group("", rows),), buttons=buttons)


def _account_words(one: AccountView) -> str:
    if one.state != "connected":
        return "connect it again"
    return f"connected, log in again before {one.ends_at:%-d %B %Y}" if one.ends_at else "connected"


def queue_card(posts: Sequence[PostView], zone_name: str, now: datetime) -> Card:
    """The posts that are not out everywhere, newest first, by how far each is on its way to a yes."""
    groups = []
    for heading, state in (
        ("Waiting for approval", PostState.IN_REVIEW),
        ("Approved", PostState.APPROVED),
        ("Drafts", PostState.DRAFT),
    ):
        rows = tuple(queued_row(post, zone_name, now) for post in posts if post.state is state)
        groups += [Group(heading, rows)] if rows else []
    empty = "" if groups else "Nothing is under way. Ask for a draft."
    return Card(subject="queue:open", title="Under way", status=empty, groups=tuple(groups))


def queued_row(post: PostView, zone_name: str, now: datetime) -> Row:
    """A post in a line: number, words, where, and how it stands."""
    tone, status = _standing(post, zone_name, now)
    labels = ", ".join(dict.fromkeys(one.rendering.label for one in post.deliveries))
    return Row(f"#{post.number} {post.words}", f"{labels}: {status}", at=post.due_at, tone=tone)


def calendar_card(
    entries: Sequence[CalendarEntry], title: str, zone_name: str, now: datetime, subject: str = "calendar:this week"
) -> Card:
    """What goes or went out, day by day."""
    where = zone(zone_name)

    def day(entry: CalendarEntry) -> str:
        return f"{entry.at.astimezone(where):%A %-d %B}"

    groups = [Group(heading, tuple(_row(one, zone_name) for one in rows)) for heading, rows in groupby(entries, day)]
    empty = "" if groups else "Nothing is planned here. Ask for a draft, or schedule one."
    return Card(subject=subject, title=title, status=empty, groups=tuple(groups))


def _row(entry: CalendarEntry, zone_name: str) -> Row:
    tone, words = _STATE_WORDS[entry.state]
    if entry.state is DeliveryState.WAITING:
        words = "approved" if entry.approved else "not approved yet"
        tone = "waiting" if entry.approved else "asking"
    local = entry.at.astimezone(zone(zone_name))
    return Row(
        title=f"{local:%H:%M} {entry.label}: {entry.words}",
        detail=f"#{entry.number}, {words}",
        url=entry.url,
        at=entry.at,
        tone=tone,
    )


def week_of(now: datetime, zone_name: str, weeks_ahead: int = 0) -> tuple[datetime, datetime]:
    """From Monday 00:00 to the next, in the zone; `weeks_ahead` 0 is this week."""
    local = now.astimezone(zone(zone_name))
    monday = (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    start = monday + timedelta(weeks=weeks_ahead)
    return start, start + timedelta(weeks=1)
