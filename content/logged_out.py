"""Posts whose account must be connected again: each says so on its card, and people are asked once for all of a login."""

from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from content import notices
from content.errors import NeedsReconnect
from content.models import Account, Delivery, DeliveryState
from content.times import Clock

_COMES = (DeliveryState.WAITING, DeliveryState.SENDING, DeliveryState.PROCESSING)


async def wait_for_login(session: AsyncSession, clock: Clock, delivery: Delivery, account: Account) -> None:
    """The delivery waits until the account is connected again, which wakes it."""
    if delivery.error_code == NeedsReconnect.code:
        return
    afterwards = "it goes out at its time" if _is_ahead(delivery, clock.now()) else "then it goes out"
    delivery.error_code = NeedsReconnect.code
    delivery.error = f"{account.handle} must be connected again; {afterwards}."
    if not await _asked_already(session, delivery, account):
        await notices.tell(session, clock, "reconnect", delivery.id)
    await notices.redraw(session, clock, delivery.post_id)


async def ask_ahead(session: AsyncSession, clock: Clock, account: Account) -> None:
    """A login was lost just now: the post that needs it next asks for it while there is time.

    What is due or on its way asks by itself, as soon as it is looked at.
    """
    found = await session.scalar(
        select(Delivery)
        .where(Delivery.account_id == account.id, Delivery.state.in_(_COMES), Delivery.due_at.is_not(None))
        .order_by(Delivery.due_at, Delivery.id)
        .limit(1)
    )
    if found is not None and _is_ahead(found, clock.now()):
        await wait_for_login(session, clock, found, account)


def _is_ahead(delivery: Delivery, now: datetime) -> bool:
    return delivery.state is DeliveryState.WAITING and delivery.due_at is not None and delivery.due_at > now


async def _asked_already(session: AsyncSession, delivery: Delivery, account: Account) -> bool:
    """Whether another post waits for the same login, and people were told; this one's card says it too."""
    its = or_(Account.id == account.id, and_(Account.login_id == account.login_id, Account.login_id != ""))
    waiting = (
        select(Delivery.id)
        .join(Account, Account.id == Delivery.account_id)
        .where(
            its,
            Account.state != "connected",
            Delivery.id != delivery.id,
            Delivery.state.in_([DeliveryState.WAITING, DeliveryState.UNKNOWN]),
            Delivery.error_code == NeedsReconnect.code,
        )
    )
    return await session.scalar(waiting.limit(1)) is not None
