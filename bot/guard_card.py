"""The part of the card of settings that is about what can keep a post from going out."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.chat import Button, Group, Row
from bot.decisions import clock_words
from content.blackouts import BlackoutView
from content.connecting import Field
from content.errors import Invalid
from content.guards import GuardsView
from content.pace import AccountPace, minutes_words
from content.switch import Released, Standing
from content.views import PostView

_CHOICE = 70
"""Letters of a choice, so that a chat without lists has all blackouts in one message."""
_OWN = "0"
"""Chosen for a bound that the platform alone sets."""
_GAPS = (5, 10, 15, 30, 60, 120, 240, 480, 720, 1440)
"""In minutes."""
_CAPS = (1, 2, 3, 5, 10, 15, 25, 50)


OVERRULED = ("blackout", "alike")
"""The codes of questions that a button overrules."""
HELD = "Everything is on hold: nothing goes out until somebody says “release everything”."
DRY_RUN = "This is a dry run: everything happens, but nothing is uploaded or published."


def going_words(number: int, standing: Standing) -> str:
    """What “post it now” comes to."""
    if standing.held:
        return f"#{number} waits. {HELD}"
    if standing.rehearsing:
        return f"#{number} is rehearsed now. {DRY_RUN}"
    return f"#{number} is going out now."


_EVERY = "all"
"""Chosen instead of one account."""


def let_go_words(released: Released) -> str:
    """What letting posts go came to."""
    count = released.due + released.late
    if not count:
        return "Posts go out at their times again. None is due now."
    if count == 1 and released.late:
        return "Posts go out at their times again. 1 is late and asks first."
    late = f"; {released.late} of them {'is' if released.late == 1 else 'are'} late and {'asks' if released.late == 1 else 'ask'} first"
    return f"Posts go out at their times again. {count} {'is' if count == 1 else 'are'} due now{late if released.late else ''}."


def standing_words(standing: Standing, zone_name: str, now: datetime) -> str:
    """That everything is on hold, since when, and by whom; that this is a rehearsal; empty: neither."""
    words = [DRY_RUN] if standing.rehearsing else []
    if standing.held:
        since = f" since {clock_words(standing.held_at, zone_name, now)}" if standing.held_at else ""
        who = f" ({standing.held_by})" if standing.held_by else ""
        words.append(f"Everything is on hold{since}{who}: nothing goes out until somebody says “release everything”.")
    return " ".join(words)


def caution_notes(post: PostView) -> list[str]:
    """What it will ask about, and where, unless that is everywhere."""
    labels: dict[str, list[str]] = {}
    for one in post.deliveries:
        for each in one.cautions:
            labels.setdefault(each.words, []).append(one.rendering.label)
    everywhere = len(post.deliveries)
    return [words if len(on) == everywhere else f"{', '.join(on)}: {words}" for words, on in labels.items()]


def guard_groups(guards: GuardsView, zone_name: str, now: datetime) -> tuple[Group, ...]:
    """How each account posts."""
    paces = tuple(_pace(one, zone_name, now) for one in guards.paces)
    dark = tuple(Row(one.days, _dark(one), tone="waiting") for one in guards.blackouts)
    groups = (Group("Pace of posts", paces), Group("Blacked out days", dark))
    return tuple(one for one in groups if one.rows)


def _dark(one: BlackoutView) -> str:
    return "; ".join(each for each in (one.reason, f"{one.place} only" if one.place else "") if each)


def _pace(one: AccountPace, zone_name: str, now: datetime) -> Row:
    full = f"; takes no more until {clock_words(one.quota_until, zone_name, now)}" if one.quota_until else ""
    return Row(f"{one.label} {one.handle}", f"{one.words}{full}", tone="waiting" if full else "plain")


def guard_buttons(guards: GuardsView) -> list[Button]:
    """To change them."""
    accounts = tuple((one.account_id, f"{one.label} {one.handle}") for one in guards.paces)
    pace = [Button("set_pace", "Pace of posts", "accounts", form=_pace_form(accounts))] if accounts else []
    begin = Button("black_out", "Black out days", "workspace", form=_days_form(accounts))
    return [*pace, begin, *_end_button(guards.blackouts)]


def _end_button(there: Sequence[BlackoutView]) -> list[Button]:
    """One for all of them: there may be more than a card has room for."""
    choices = tuple((one.id, _choice(one)) for one in there)
    which = Field("blackout", "Which one?", hint="posts go out then again", options=choices)
    return [Button("end_blackout", "End a blackout", "workspace", form=(which,))] if choices else []


def _choice(one: BlackoutView) -> str:
    """What tells it from the others comes first, since the end may be cut."""
    place = f", {one.place}" if one.place else ""
    return f"{one.days}{place}{': ' if one.reason else ''}{one.reason}"[:_CHOICE]


def read_ended(blackout_id: str, form: Mapping[str, str]) -> str:
    """The blackout that was chosen; the buttons of older cards name theirs themselves."""
    return form.get("blackout", blackout_id)


def _days_form(accounts: Sequence[tuple[str, str]]) -> tuple[Field, ...]:
    everywhere = (_EVERY, "Every account")
    return (
        Field("days", "Which days?", hint="such as: 24 December to 26 December"),
        Field("reason", "Why?", hint="such as: Christmas", required=False),
        Field("account", "On which account?", options=(everywhere, *accounts)),
    )


def read_blackout(form: Mapping[str, str]) -> tuple[str, str, str | None]:
    """The days in words, the reason, and the account that the form names; None: every account."""
    account = form.get("account", _EVERY)
    return form.get("days", ""), form.get("reason", ""), None if account == _EVERY else account


def _pace_form(accounts: Sequence[tuple[str, str]]) -> tuple[Field, ...]:
    gaps = tuple((str(each), minutes_words(timedelta(minutes=each))) for each in _GAPS)
    caps = tuple((str(each), str(each)) for each in _CAPS)
    own = ((_OWN, "As the platform has it"),)
    return (
        Field("account", "Which account?", options=tuple(accounts)),
        Field("gap", "Least time between two posts?", options=(*own, *gaps)),
        Field("cap", "Most posts in 24 hours?", options=(*own, *caps)),
    )


def read_pace(form: Mapping[str, str]) -> tuple[str, int | None, int | None]:
    """The account, the gap in minutes and the cap that the form names; None: as the platform has it.

    Raises:
        Invalid: no numbers.
    """
    gap, cap = form.get("gap", ""), form.get("cap", "")
    if not (gap.isdecimal() and cap.isdecimal() and len(gap + cap) < 10):
        raise Invalid("That is none of the answers there are, so nothing was changed. Choose one of the list.")
    return form.get("account", ""), int(gap) or None, int(cap) or None
