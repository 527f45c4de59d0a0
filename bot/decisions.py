"""The part of a post's card that is about its yes: who is asked, who said what, and the buttons to ask and to answer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.chat import Button, Card
from content.connecting import Field
from content.deciding import ReviewView
from content.models import PostState, Role, Verdict
from content.people import Actor, Right
from content.sentences import listed
from content.times import zone
from content.views import PostView

EVERYBODY = "all"
"""Chosen instead of one person: everybody whose yes counts."""
_RIGHTS: dict[str, Right] = {
    "approve": "approve",
    "post_now": "approve",
    "changes": "approve",
    "delegate": "approve",
    "remove": "approve",
    "live": "approve",
    "resend": "approve",
    "overrule": "approve",
    "mean_it": "approve",
    "reconnect": "connect",
}
"""What a button needs; any other needs “draft”."""
_OF_GUESTS = ("approve", "changes")


def waiting_words(post: PostView, zone_name: str, now: datetime) -> str:
    """Who said yes and who is waited for: “1 of 2 said yes (Jo 14:02); waiting for Sam since 13:58, until Tue 14:00”."""
    yes, asked = post.deciding.said_yes, post.deciding.asked
    words = []
    if yes:
        words.append(f"{len(yes)} of {post.deciding.quorum} said yes ({_said(yes, zone_name, now)})")
    if asked:
        since = clock_words(min(one.asked_at for one in asked), zone_name, now)
        due = max((one.due_at for one in asked if one.due_at), default=None)
        until = f", until {clock_words(due, zone_name, now)}" if due else ""
        words.append(f"waiting for {listed([one.name for one in asked])} since {since}{until}")
    return _sentence("; ".join(words) or "waiting for approval")


def approved_words(post: PostView, zone_name: str, now: datetime) -> str:
    """“Approved by Jo 14:02”; where the author alone decides, that goes without saying."""
    yes = post.deciding.said_yes
    if all(one.member_id == post.author_id for one in yes):
        return "Approved"
    return f"Approved by {_said(yes, zone_name, now)}"


def decision_notes(post: PostView, zone_name: str, now: datetime) -> list[str]:
    """What the status does not say: what was asked for, who did not answer, who moved it after the yes."""
    if post.state is PostState.APPROVED:
        moved_by = post.deciding.moved_by
        return [_sentence(f"{moved_by} moved it after it was approved.")] if moved_by else []
    notes = [_sentence(f"{one.name} asks for changes: “{one.note}”") for one in _with(post, Verdict.CHANGES)]
    if post.state is PostState.DRAFT:
        silent = [one.name for one in _with(post, Verdict.EXPIRED)]
        notes += [_sentence(f"{listed(silent)} did not answer in time. Send it for approval again.")] if silent else []
        yes = post.deciding.said_yes
        notes += [f"Said yes already: {_said(yes, zone_name, now)}"] if yes else []
    return notes


def deciding_buttons(post: PostView) -> list[Button]:
    """To send it for approval, to ask for changes, to hand it on; none where the author alone decides."""
    on = (post.id, post.revision)
    who = [one for one in post.deciding.deciders if one.member_id != post.author_id]
    if post.state is PostState.DRAFT:
        form = _whom(post)
        return [Button("request", "Send for approval", *on, form=form)] if who or post.deciding.guests else []
    if post.state is not PostState.IN_REVIEW or not (who or post.deciding.reviews):
        return []
    buttons = [Button("changes", "Ask for changes", *on, form=(Field("note", "What should change?", "long"),))]
    busy = {one.member_id for one in (*post.deciding.asked, *post.deciding.said_yes)}
    free = tuple((one.member_id, one.name) for one in post.deciding.deciders if one.member_id not in busy)
    if free and post.deciding.asked:
        buttons.append(Button("delegate", "Ask somebody else", *on, form=(Field("who", "Who?", options=free),)))
    return buttons


def _whom(post: PostView) -> tuple[Field, ...]:
    """Whom to ask; where only one person can be asked, that need not be asked."""
    others = [(one.member_id, one.name) for one in post.deciding.deciders if one.member_id != post.author_id]
    guests = [(one.member_id, f"{one.name} (guest)") for one in post.deciding.guests]
    if len(others) == 1 and not guests:
        return ()
    everybody = [(EVERYBODY, "Everybody who may")] if others else []
    return (Field("who", "Who shall approve it?", options=(*everybody, *others, *guests)),)


def for_viewer(card: Card, post: PostView, viewer: Actor) -> Card:
    """The card with the buttons this member may use; a guest sees a post only while they are asked about it."""
    if viewer.role is Role.GUEST:
        return _for_guest(card, post, viewer)
    return replace(
        card,
        buttons=_usable(card.buttons, viewer),
        previews=tuple(replace(one, buttons=_usable(one.buttons, viewer)) for one in card.previews),
    )


def _usable(buttons: Sequence[Button], viewer: Actor) -> tuple[Button, ...]:
    return tuple(one for one in buttons if _may(one.verb, viewer))


def _may(verb: str, viewer: Actor) -> bool:
    if verb == "count":
        return viewer.may("draft") or viewer.may("approve")
    return viewer.may(_RIGHTS.get(verb, "draft"))


def _for_guest(card: Card, post: PostView, viewer: Actor) -> Card:
    own = next((one for one in post.deciding.reviews if one.member_id == viewer.member_id), None)
    if own is None:
        return Card(
            card.subject, card.title, status="It changed since you were asked, and nothing is left for you to do."
        )
    wanted = own.verdict is None and post.state is PostState.IN_REVIEW
    buttons = tuple(one for one in card.buttons if one.verb in _OF_GUESTS) if wanted else ()
    previews = tuple(replace(one, buttons=()) for one in card.previews)
    return replace(card, buttons=buttons, previews=previews)


def clock_words(at: datetime, zone_name: str, now: datetime) -> str:
    """A time near now, in few words: “14:02”, “Tue 14:00”, “3 Dec 14:00”."""
    where = zone(zone_name)
    local = at.astimezone(where)
    if local.date() == now.astimezone(where).date():
        return f"{local:%H:%M}"
    return f"{local:%a %H:%M}" if abs(at - now) < timedelta(days=6) else f"{local:%-d %b %H:%M}"


def _with(post: PostView, verdict: Verdict) -> list[ReviewView]:
    return [one for one in post.deciding.reviews if one.verdict is verdict]


def _said(reviews: Sequence[ReviewView], zone_name: str, now: datetime) -> str:
    words = [f"{one.name} {clock_words(one.decided_at, zone_name, now)}" for one in reviews if one.decided_at]
    return listed(words)


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
