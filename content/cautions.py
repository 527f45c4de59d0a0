"""What a post's card warns of before its time: what will be asked at the moment of firing, as far as it can be seen now."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from content import blackouts
from content.database import moment
from content.models import Account, Blackout, Delivery, DeliveryState, Workspace

_AHEAD = (DeliveryState.WAITING, DeliveryState.HELD)


async def cautions(session: AsyncSession, deliveries: Sequence[tuple[Delivery, Account]]) -> dict[str, tuple[str, ...]]:
    """By delivery id, of deliveries of one workspace."""
    ahead = [one for one in deliveries if one[0].state in _AHEAD and one[0].due_at is not None]
    if not ahead:
        return {}
    workspace = await session.get_one(Workspace, ahead[0][0].workspace_id)
    dark = await blackouts.ahead(session, workspace, await moment(session))
    return {one.id: _dark(dark, one, account, workspace.zone) for one, account in ahead}


def _dark(dark: Sequence[Blackout], delivery: Delivery, account: Account, zone_name: str) -> tuple[str, ...]:
    day = blackouts.local_day(delivery.due_at, zone_name) if delivery.due_at else None
    found = [one for one in dark if day is not None and blackouts.covers(one, account.id, day)]
    return (f"{blackouts.objection(day, found[0].reason)} It will ask instead of going out.",) if day and found else ()
