"""The card of a series: what repeats and when, whose yes it needs, and its buttons."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from bot.cards import post_card
from bot.chat import Button, Card, Tone
from content.people import Actor
from content.sentences import listed
from content.series import SeriesView


def series_card(series: SeriesView, zone_name: str, now: datetime, viewer: Actor) -> Card:
    """What goes out again and again, and when; with the buttons this member may use."""
    shown = post_card(series.post, zone_name, now).previews
    times = f"{series.count} times" if series.count > 1 else "once"
    tone, status = _standing(series)
    return Card(
        subject=f"series:{series.id}",
        title=f"Series of #{series.post.number}",
        tone=tone,
        status=status,
        notes=tuple(_notes(series)),
        previews=tuple(replace(one, tone="plain", status=times, at=None, url="", buttons=()) for one in shown),
        buttons=tuple(_buttons(series, viewer)),
    )


def _standing(series: SeriesView) -> tuple[Tone, str]:
    made = f"{series.made} of {series.count} made"
    if series.state == "ended":
        return "plain", f"Ended, {made}"
    if series.state == "paused":
        return "waiting", f"Paused, {made}"
    if not series.ahead_words:
        return "plain", "Its last time has passed"
    if series.state == "proposed":
        return "asking", f"{_waiting(series)}; it would begin {series.ahead_words}"
    return "waiting", f"Approved, next {series.ahead_words}; {made}"


def _waiting(series: SeriesView) -> str:
    if not series.said_yes:
        return "Waiting for approval"
    names = listed([one.name for one in series.said_yes])
    return f"Waiting for approval, {len(series.said_yes)} of {series.post.deciding.series_quorum} said yes: {names}"


def _notes(series: SeriesView) -> Iterator[str]:
    yield f"It posts {series.when}; the last is {series.last_words}."
    if series.state == "proposed":
        good_for = f"all {series.count} times" if series.count > 1 else "the one time"
        quorum = series.post.deciding.series_quorum
        yeses, it = ("One yes is", "it") if quorum == 1 else (f"{quorum} people must say yes, and that is", "them")
        yield f"{yeses} good for {good_for}, with these words on these accounts. An edit takes {it} back."


def _buttons(series: SeriesView, viewer: Actor) -> Iterator[Button]:
    if series.state == "ended":
        return
    if series.state == "proposed" and viewer.may("approve"):  # also who did: in a channel it is everybody's card
        yield Button("approve_series", "Approve the series", series.id, series.post.revision, style="primary")
    if viewer.may("draft"):
        if series.state == "running":
            yield Button("pause_series", "Pause", series.id)
        if series.state == "paused":
            yield Button("resume_series", "Resume", series.id, style="primary")
        yield Button("end_series", "End it", series.id, style="danger")
