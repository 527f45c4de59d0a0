"""The card of somebody who is on the way through a platform's own login page: the way in, then what came of it."""

from datetime import datetime

from bot.chat import Button, Card, Tone
from bot.decisions import clock_words
from content.accounts import PlatformOffer
from content.consent_views import ConsentView
from content.models import ConnectStep
from content.people import Actor
from content.sentences import listed

PATH = "/connect/go/"
"""The page of ours that the way begins on."""


def way_in(consent: ConsentView) -> str:
    """The path of the page where the one who holds the ticket sets out."""
    return PATH + consent.ticket


def consent_card(consent: ConsentView, offer: PlatformOffer, base: str, viewer: Actor, now: datetime) -> Card:
    """What is true now. The way in stands on it only where nobody else reads."""
    tone, status = _standing(consent, viewer.zone, now)
    return Card(
        subject=f"connect:{consent.id}",
        title=f"Connect {consent.label}",
        tone=tone,
        status=status,
        notes=_notes(consent) if consent.open else (),
        buttons=_buttons(consent, offer, base, viewer),
    )


def _standing(consent: ConsentView, zone_name: str, now: datetime) -> tuple[Tone, str]:
    if consent.expired:
        return "plain", consent.words
    if consent.step is ConnectStep.CONNECTED:
        return "good", consent.words
    if consent.step in (ConnectStep.REFUSED, ConnectStep.CANCELLED):
        return ("bad" if consent.step is ConnectStep.REFUSED else "plain"), consent.words
    if consent.step is ConnectStep.CHOOSING:
        return "asking", f"{consent.label} let you in. Say on the page that is open which account it is"
    return "asking", f"Opens {consent.label}'s own page, until {clock_words(consent.expires_at, zone_name, now)}"


def _notes(consent: ConsentView) -> tuple[str, ...]:
    allowed = f"You allow the desk to {listed(consent.asks)}." if consent.asks else ""
    room = "" if consent.private else f"Only {consent.member} has the way in: I told it to nobody else."
    return tuple(note for note in (allowed, room) if note)


def _buttons(consent: ConsentView, offer: PlatformOffer, base: str, viewer: Actor) -> tuple[Button, ...]:
    if not viewer.may("connect") or consent.step is ConnectStep.CONNECTED:
        return ()
    leave = Button("leave_connect", "Leave it", consent.id)
    if consent.step in (ConnectStep.BACK, ConnectStep.CHOOSING) and not consent.expired:
        return (leave,)
    if consent.open:
        url = f"{base}{way_in(consent)}"
        way = [Button("go", f"Open {consent.label}", consent.id, style="primary", url=url)]
        return (*(way if consent.private and consent.ticket else ()), leave)
    return (Button("connect", "Try again", consent.platform, style="primary", form=offer.fields),)
