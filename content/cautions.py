"""What a post's card warns of before its time: what will be asked at the moment of firing, as far as it can be seen now."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from content import alike, blackouts
from content.database import moment
from content.errors import NeedsReconnect
from content.models import AHEAD, Account, Blackout, Confirmation, Delivery, Variant, Workspace

ASKS = "It will ask instead of going out."
LOGIN = "login"
"""The guard of what goes out only once its account is connected again."""


class Caution(NamedTuple):
    """A sentence, and the guard that will ask."""

    guard: str
    words: str


async def cautions(
    session: AsyncSession, deliveries: Sequence[tuple[Delivery, Account, Variant]]
) -> dict[str, tuple[Caution, ...]]:
    """By delivery id, of deliveries of one workspace with their current wording."""
    ahead = [one for one in deliveries if one[0].state in AHEAD]
    if not ahead:
        return {}
    workspace = await session.get_one(Workspace, ahead[0][0].workspace_id)
    now = await moment(session)
    dark = await blackouts.ahead(session, workspace.id, now)
    found = {one.id: _logged_out(one, account) + _dark(dark, one, account) for one, account, _ in ahead}
    for delivery_id, said in (await _alike(session, ahead, workspace, now)).items():
        found[delivery_id] += said
    return found


def _logged_out(delivery: Delivery, account: Account) -> tuple[Caution, ...]:
    """Unless the delivery says it itself."""
    if account.state == "connected" or delivery.error_code == NeedsReconnect.code:
        return ()
    return (Caution(LOGIN, f"{account.handle} must be connected again before it can go out."),)


def _dark(dark: Sequence[Blackout], delivery: Delivery, account: Account) -> tuple[Caution, ...]:
    at = delivery.due_at
    if at is None:
        return ()
    words = [f"{blackouts.objection(one, at)} {ASKS}" for one in dark if blackouts.covers(one, account.id, at)]
    return tuple(Caution(blackouts.GUARD, each) for each in words[:1])


async def _alike(
    session: AsyncSession, ahead: Sequence[tuple[Delivery, Account, Variant]], workspace: Workspace, now: datetime
) -> dict[str, tuple[Caution, ...]]:
    """The most like of what is planned or public, unless a person said that it is meant so."""
    likes = await alike.alike(session, [variant.id for *_, variant in ahead]) if workspace.likeness_days else {}
    if not likes:
        return {}
    meant = await _meant(session, [one.id for one, *_ in ahead])
    found = {}
    for delivery, _, variant in ahead:
        new = [
            one
            for one in likes.get(variant.id, ())
            if (one.is_planned or one.is_out(now, workspace.likeness_days))
            and (delivery.id, one.post_id, variant.digest) not in meant
        ]
        found[delivery.id] = tuple(Caution(alike.GUARD, _said(one, workspace, now)) for one in new[:1])
    return found


def _said(one: alike.Alike, workspace: Workspace, now: datetime) -> str:
    asks = ASKS if one.is_out(now, workspace.likeness_days) else "The later of the two will ask instead of going out."
    return f"{one.words(workspace.zone, now)} {asks}"


async def _meant(session: AsyncSession, deliveries: Sequence[str]) -> set[tuple[str, str, str]]:
    rows = await session.execute(
        select(Confirmation.delivery_id, Confirmation.about, Confirmation.digest).where(
            Confirmation.delivery_id.in_(deliveries), Confirmation.guard == alike.GUARD
        )
    )
    return {(delivery, about, digest) for delivery, about, digest in rows}
