"""The part of the card of settings that is about what can keep a post from going out."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.chat import Button, Group, Row
from bot.decisions import clock_words
from content.connecting import Field
from content.errors import Invalid
from content.guards import GuardsView
from content.pace import AccountPace, minutes_words

_OWN = "0"
"""Chosen for a bound that the platform alone sets."""
_GAPS = (5, 10, 15, 30, 60, 120, 240, 480, 720, 1440)
"""In minutes."""
_CAPS = (1, 2, 3, 5, 10, 15, 25, 50)


def guard_groups(guards: GuardsView, zone_name: str, now: datetime) -> tuple[Group, ...]:
    """How each account posts."""
    paces = tuple(_pace(one, zone_name, now) for one in guards.paces)
    return (Group("Pace of posts", paces),) if paces else ()


def _pace(one: AccountPace, zone_name: str, now: datetime) -> Row:
    full = f"; takes no more until {clock_words(one.quota_until, zone_name, now)}" if one.quota_until else ""
    return Row(f"{one.label} {one.handle}", f"{one.words}{full}", tone="waiting" if full else "plain")


def guard_buttons(guards: GuardsView) -> list[Button]:
    """To change them."""
    return [Button("set_pace", "Pace of posts", "accounts", form=_pace_form(guards.paces))] if guards.paces else []


def _pace_form(paces: tuple[AccountPace, ...]) -> tuple[Field, ...]:
    accounts = tuple((one.account_id, f"{one.label} {one.handle}") for one in paces)
    gaps = tuple((str(each), minutes_words(timedelta(minutes=each))) for each in _GAPS)
    caps = tuple((str(each), str(each)) for each in _CAPS)
    own = ((_OWN, "As the platform has it"),)
    return (
        Field("account", "Which account?", options=accounts),
        Field("gap", "Least time between two posts?", options=(*own, *gaps)),
        Field("cap", "Most posts in 24 hours?", options=(*own, *caps)),
    )


def read_pace(form: Mapping[str, str]) -> tuple[str, int | None, int | None]:
    """The account, the gap in minutes and the cap that the form names; None: as the platform has it.

    Raises:
        Invalid: no numbers.
    """
    gap, cap = form.get("gap", ""), form.get("cap", "")
    if not (gap.isdecimal() and cap.isdecimal()):
        raise Invalid("That is none of the answers there are, so nothing was changed. Choose one of the list.")
    return form.get("account", ""), int(gap) or None, int(cap) or None
